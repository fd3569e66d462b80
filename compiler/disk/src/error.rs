//! Why a project or its entry file cannot be used.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why there is no project to work on. These are faults of the command line, not of a program.
#[derive(Debug)]
pub enum ProjectError {
    /// The entry file does not exist.
    NotFound {
        /// The path as given.
        path: PathBuf,
        /// An existing path that was probably meant.
        nearest: Option<PathBuf>,
    },
    /// The entry is a folder.
    IsFolder {
        /// The path as given.
        path: PathBuf,
        /// A `.aur` file in that folder that was probably meant.
        nearest: Option<PathBuf>,
    },
    /// The entry is a pipe, a socket or a device.
    NotAFile {
        /// The path as given.
        path: PathBuf,
    },
    /// The entry has more bytes than a source file may have.
    TooLarge {
        /// The path as given.
        path: PathBuf,
        /// The limit, bytes.
        limit: u64,
    },
    /// The entry does not lie in the project folder that was named.
    Outside {
        /// The path as given.
        path: PathBuf,
        /// The project folder.
        root: PathBuf,
    },
    /// The project folder that was named is not a folder.
    BadRoot {
        /// The path as given.
        path: PathBuf,
    },
    /// The system refused.
    System {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ProjectError {
    /// Returns what the user can do, where something is known.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NotFound { nearest, .. } => nearest
                .as_ref()
                .map(|near| format!("did you mean `{}`?", near.display())),
            Self::IsFolder { nearest, .. } => Some(match nearest {
                Some(near) => format!("name a file, such as `{}`", near.display()),
                None => "name a `.aur` file".to_string(),
            }),
            Self::NotAFile { .. } => Some("give `-` as the file to read a program from a pipe".to_string()),
            Self::TooLarge { .. } => Some("divide the program with `include`".to_string()),
            Self::Outside { .. } => {
                Some("name a folder that holds the file, or leave `--project` out".to_string())
            }
            Self::BadRoot { .. } => Some("`--project` takes an existing folder".to_string()),
            Self::System { source, .. } => (source.kind() == io::ErrorKind::PermissionDenied)
                .then(|| "check the permissions of the file and of the folders above it".to_string()),
        }
    }
}

impl fmt::Display for ProjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { path, .. } => write!(f, "there is no file `{}`", path.display()),
            Self::IsFolder { path, .. } => write!(f, "`{}` is a folder", path.display()),
            Self::NotAFile { path } => write!(f, "`{}` is not a regular file", path.display()),
            Self::TooLarge { path, limit } => {
                write!(f, "`{}` has more than {limit} bytes", path.display())
            }
            Self::Outside { path, root } => {
                write!(
                    f,
                    "`{}` is not in the project `{}`",
                    path.display(),
                    root.display()
                )
            }
            Self::BadRoot { path } => write!(f, "`{}` is not a folder", path.display()),
            Self::System { path, .. } => write!(f, "cannot read `{}`", path.display()),
        }
    }
}

impl std::error::Error for ProjectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::System { source, .. } => Some(source),
            Self::NotFound { .. }
            | Self::IsFolder { .. }
            | Self::NotAFile { .. }
            | Self::TooLarge { .. }
            | Self::Outside { .. }
            | Self::BadRoot { .. } => None,
        }
    }
}
