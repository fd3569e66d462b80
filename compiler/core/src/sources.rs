//! What the compiler asks of the outside world.

use std::fmt;
use std::sync::Arc;

use aur_grammar::tree::Tree;

/// Gives the compiler the files of a project and the environment variables that inputs declare.
///
/// Paths are relative to the project root with `/` between parts, without `.` and `..`.
pub trait Sources {
    /// Reads a regular file inside the project root; symlinks must not lead out of it.
    ///
    /// # Errors
    /// Says why there is no content.
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError>;

    /// Returns an environment variable that an input declared with `env("NAME")`.
    fn env(&self, name: &str) -> Option<String>;

    /// Returns a program file that is at hand with its tree, as in an editor; any other is read and parsed.
    fn kept(&self, path: &str) -> Option<Kept> {
        let _ = path;
        None
    }

    /// Lists a folder inside the project root, which is `""` itself, in any order; nothing where it cannot
    /// be read. Only an editor asks, to offer what could be included.
    fn list(&self, folder: &str) -> Vec<Listed> {
        let _ = folder;
        Vec::new()
    }
}

/// What a folder holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The last part of its path.
    pub name: String,
    /// Whether it is a folder; else it is a regular file.
    pub is_folder: bool,
}

/// A program file that need not be read again.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The text.
    pub text: Arc<str>,
    /// Its tree.
    pub tree: Tree,
}

/// Why a file has no content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// There is no such file; the nearest existing name of the same folder, if any.
    NotFound {
        /// Path below the project root.
        nearest: Option<String>,
    },
    /// The path leads out of the project root, by `..` or by a symlink.
    OutsideRoot,
    /// A folder, device or pipe.
    NotAFile,
    /// More bytes than the limit of a source file.
    TooLarge {
        /// The limit, bytes.
        limit: u64,
    },
    /// The system refused.
    System(String),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { .. } => f.write_str("there is no such file"),
            Self::OutsideRoot => f.write_str("the path leads out of the project"),
            Self::NotAFile => f.write_str("this is not a regular file"),
            Self::TooLarge { limit } => write!(f, "the file has more than {limit} bytes"),
            Self::System(message) => f.write_str(message),
        }
    }
}
