//! The project of one entry file.
//!
//! The root is the nearest folder above the entry that holds `aur.toml`, else `.git`, else the
//! entry's own folder. The entry is resolved first, so a symlink to a program means the program where
//! it really lies.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use aur_compiler::{Listed, ReadError, Sources};
use aur_diagnostics::{SourceFile, SourceMap};

use crate::confined::{self, Kind};
use crate::{ProjectError, SOURCE_LIMIT, passwd};

/// Name of a program that was read from standard input and has no other name.
const STDIN_NAME: &str = "<stdin>";

/// An entry file with its content, and the folder its program may read.
#[derive(Debug)]
pub struct Project {
    /// Resolved, absolute.
    root: PathBuf,
    /// The entry below the root, as the system spells it.
    entry_path: PathBuf,
    /// The same as text, parts separated by `/`; bytes that are not UTF-8 are replaced.
    entry: String,
    content: Vec<u8>,
    working_folder: Option<PathBuf>,
}

impl Project {
    /// Finds the project of the file `entry` and reads the file. `dir_override` names the root instead.
    ///
    /// # Errors
    /// Says why the entry or the folder cannot be used.
    pub fn find(entry: &Path, dir_override: Option<&Path>) -> Result<Self, ProjectError> {
        let named_root = dir_override.map(named_root).transpose()?;
        let (resolved, content) = read_entry(entry)?;
        Self::new(entry, resolved, content, named_root)
    }

    /// Makes the project of a program whose text is already there, such as from standard input. It counts
    /// as `filename`, else as a file without a name in the working folder; that file need not exist.
    ///
    /// # Errors
    /// Says why the folder of the file cannot be used.
    pub fn with_text(
        content: Vec<u8>,
        filename: Option<&Path>,
        dir_override: Option<&Path>,
    ) -> Result<Self, ProjectError> {
        let named_root = dir_override.map(named_root).transpose()?;
        let given = filename.unwrap_or(Path::new(STDIN_NAME));
        let folder = match given.parent() {
            Some(parent) if parent != Path::new("") => parent,
            Some(_) | None => Path::new("."),
        };
        let system = |source| ProjectError::System {
            path: folder.to_path_buf(),
            source,
        };
        let name = given.file_name().ok_or_else(|| ProjectError::IsFolder {
            path: given.to_path_buf(),
            nearest: None,
        })?;
        let resolved = fs::canonicalize(folder).map_err(system)?.join(name);
        Self::new(given, resolved, content, named_root)
    }

    /// Makes the project of a program that is read to its end, such as from standard input; otherwise as
    /// [`Self::with_text`].
    ///
    /// # Errors
    /// Says why the text or the folder of the file cannot be used.
    pub fn with_reader(
        reader: impl Read,
        filename: Option<&Path>,
        dir_override: Option<&Path>,
    ) -> Result<Self, ProjectError> {
        Self::with_text(read_to_limit(reader)?, filename, dir_override)
    }

    fn new(
        given: &Path,
        resolved: PathBuf,
        content: Vec<u8>,
        named_root: Option<PathBuf>,
    ) -> Result<Self, ProjectError> {
        let root = named_root.unwrap_or_else(|| find_root(&resolved));
        let Ok(entry_path) = resolved.strip_prefix(&root) else {
            return Err(ProjectError::Outside {
                path: given.to_path_buf(),
                root,
            });
        };
        Ok(Self {
            entry: as_text(entry_path),
            entry_path: entry_path.to_path_buf(),
            root,
            content,
            working_folder: std::env::current_dir()
                .ok()
                .and_then(|path| fs::canonicalize(path).ok()),
        })
    }

    /// The resolved root folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The entry file below the root, parts separated by `/`. Bytes of a name that are not UTF-8 are
    /// replaced for display; [`Sources::read`] still finds the file.
    pub fn entry(&self) -> &str {
        &self.entry
    }

    /// Whether `path` is one of the project's files `names`, however it is written.
    pub fn is_source<'a>(&self, path: &Path, names: impl IntoIterator<Item = &'a str>) -> bool {
        let Ok(found) = fs::metadata(path) else {
            return false;
        };
        names.into_iter().any(|name| {
            fs::metadata(self.root.join(self.spelled(name)))
                .is_ok_and(|source| (source.dev(), source.ino()) == (found.dev(), found.ino()))
        })
    }

    /// Returns the resolved place of a file of the project, which must exist; nothing for names that are no
    /// paths, such as that of the standard library, and for what lies outside of the root.
    pub fn resolve(&self, path: &str) -> Option<PathBuf> {
        let spelled = match path == self.entry {
            true => self.entry_path.clone(),
            false => self.spelled(path),
        };
        let resolved = fs::canonicalize(self.root.join(spelled)).ok()?;
        resolved.starts_with(&self.root).then_some(resolved)
    }

    /// Returns where a file of the project is looked for, whether it is there or not.
    pub fn place(&self, path: &str) -> PathBuf {
        self.root.join(self.spelled(path))
    }

    /// Returns a path below the root as it is seen from the working folder, for people to click on.
    /// Names in angle brackets are not paths and stay.
    pub fn seen_from_here(&self, path: &str) -> String {
        let name = path.rsplit('/').next().unwrap_or(path);
        if name.starts_with('<') {
            return name.to_string();
        }
        let absolute = self.root.join(path);
        match &self.working_folder {
            Some(here) => as_text(&relative_to(here, &absolute)),
            None => as_text(&absolute),
        }
    }

    /// Returns the same files under the names of [`Self::seen_from_here`].
    pub fn sources_seen_from_here(&self, sources: &SourceMap) -> SourceMap {
        let mut seen = SourceMap::default();
        for (_, file) in sources.files() {
            seen.add(SourceFile::new(
                self.seen_from_here(file.path()),
                file.text().clone(),
            ));
        }
        seen
    }

    /// Translates a path of the compiler, which is text, to the system's spelling: the folders of the
    /// entry may have names that are not UTF-8.
    fn spelled(&self, path: &str) -> PathBuf {
        let mut entry_parts = self.entry_path.components();
        let mut is_shared = true;
        Path::new(path)
            .components()
            .map(|part| {
                let twin = entry_parts.next().map(Component::as_os_str);
                is_shared = is_shared
                    && twin.is_some_and(|twin| twin.to_string_lossy() == part.as_os_str().to_string_lossy());
                match twin {
                    Some(twin) if is_shared => twin.to_os_string(),
                    Some(_) | None => part.as_os_str().to_os_string(),
                }
            })
            .collect()
    }
}

impl Sources for Project {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        if path == self.entry {
            return Ok(self.content.clone());
        }
        confined::read(&self.root, &self.spelled(path))
    }

    fn env(&self, name: &str) -> Option<String> {
        match std::env::var_os(name) {
            Some(value) => value.into_string().ok(),
            None if name == "USER" => passwd::user_name(),
            None => None,
        }
    }

    fn list(&self, folder: &str) -> Vec<Listed> {
        confined::list(&self.root, &self.spelled(folder))
    }
}

fn named_root(path: &Path) -> Result<PathBuf, ProjectError> {
    fs::canonicalize(path)
        .ok()
        .filter(|root| root.is_dir())
        .ok_or_else(|| ProjectError::BadRoot {
            path: path.to_path_buf(),
        })
}

/// Reads to the end of a stream that the command line calls `-`.
///
/// # Errors
/// The system refused, or there are more than [`SOURCE_LIMIT`] bytes.
pub fn read_to_limit(reader: impl Read) -> Result<Vec<u8>, ProjectError> {
    let path = PathBuf::from("-");
    match confined::read_limited(reader) {
        Ok(Some(content)) => Ok(content),
        Ok(None) => Err(ProjectError::TooLarge {
            path,
            limit: SOURCE_LIMIT,
        }),
        Err(source) => Err(ProjectError::System { path, source }),
    }
}

/// Reads a file that the command line names; it may lie anywhere.
///
/// # Errors
/// Says why the file cannot be read.
pub fn read_file(path: &Path) -> Result<Vec<u8>, ProjectError> {
    read_entry(path).map(|(_, content)| content)
}

/// Resolves and reads the file that the command line names.
fn read_entry(path: &Path) -> Result<(PathBuf, Vec<u8>), ProjectError> {
    let given = || path.to_path_buf();
    let system = |source: io::Error| ProjectError::System {
        path: given(),
        source,
    };
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(error) if confined::is_absence(&error) => {
            return Err(ProjectError::NotFound {
                path: given(),
                nearest: nearest_beside(path),
            });
        }
        Err(error) => return Err(system(error)),
    };
    if found.is_dir() {
        return Err(ProjectError::IsFolder {
            path: given(),
            nearest: Some(path.join("main.aur")).filter(|main| main.is_file()),
        });
    }
    if !found.is_file() {
        return Err(ProjectError::NotAFile { path: given() });
    }
    let resolved = fs::canonicalize(path).map_err(system)?;
    let file: File = confined::open_without_waiting(&resolved).map_err(system)?;
    match confined::read_limited(file).map_err(system)? {
        Some(content) => Ok((resolved, content)),
        None => Err(ProjectError::TooLarge {
            path: given(),
            limit: SOURCE_LIMIT,
        }),
    }
}

fn nearest_beside(path: &Path) -> Option<PathBuf> {
    let folder = match path.parent()? {
        parent if parent == Path::new("") => Path::new("."),
        parent => parent,
    };
    let name: &OsStr = path.file_name()?;
    let near: OsString = confined::existing_name(folder, name, Kind::File)?;
    Some(path.with_file_name(near))
}

fn find_root(resolved_entry: &Path) -> PathBuf {
    let folder = resolved_entry.parent().unwrap_or(resolved_entry);
    let holder_of = |name: &str| folder.ancestors().find(|above| above.join(name).exists());
    holder_of("aur.toml")
        .or_else(|| holder_of(".git"))
        .unwrap_or(folder)
        .to_path_buf()
}

/// Returns `path` as seen from `here`; both are absolute and resolved. Paths that share nothing but the
/// file system's root stay absolute.
fn relative_to(here: &Path, path: &Path) -> PathBuf {
    let shared = here
        .components()
        .zip(path.components())
        .take_while(|(a, b)| a == b)
        .count();
    if shared < 2 {
        return path.to_path_buf();
    }
    let up = here.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(path.components().skip(shared)).collect()
}

fn as_text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
