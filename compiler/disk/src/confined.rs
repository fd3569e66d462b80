//! Reading below a folder without leaving it.
//!
//! Every question goes through the resolved path, compared part by part with the resolved root: a
//! symlink may point to another place in the project, never out of it. A pipe or a device is
//! recognised before it is opened, and opening never blocks.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use aur_compiler::{Listed, ReadError};
use aur_diagnostics::nearest;
use nix::fcntl::OFlag;

use crate::SOURCE_LIMIT;

/// Names of one folder that are looked at.
const NAMES_LOOKED_AT: usize = 10_000;

/// Reads the regular file at `relative` below `root`, which is a resolved path.
pub(crate) fn read(root: &Path, relative: &Path) -> Result<Vec<u8>, ReadError> {
    if !is_plain(relative) {
        return Err(ReadError::OutsideRoot);
    }
    let path = match fs::canonicalize(root.join(relative)) {
        Ok(path) => path,
        Err(error) if is_absence(&error) => return Err(absent(root, relative)),
        Err(error) => return Err(ReadError::System(error.to_string())),
    };
    if !path.starts_with(root) {
        return Err(ReadError::OutsideRoot);
    }
    read_regular(&path)
}

/// Lists the folder at `relative` below `root`; nothing where it cannot be read or leads out of the root.
/// What is neither a folder nor a regular file, and what leads out of the root, is left out.
pub(crate) fn list(root: &Path, relative: &Path) -> Vec<Listed> {
    if relative != Path::new("") && !is_plain(relative) {
        return Vec::new();
    }
    let Ok(folder) = fs::canonicalize(root.join(relative)) else {
        return Vec::new();
    };
    let Some(entries) = folder
        .starts_with(root)
        .then(|| fs::read_dir(&folder).ok())
        .flatten()
    else {
        return Vec::new();
    };
    let listed = entries.take(NAMES_LOOKED_AT).filter_map(|entry| {
        let entry = entry.ok()?;
        let place = fs::canonicalize(entry.path()).ok()?;
        let found = fs::metadata(&place).ok()?;
        let is_usable = place.starts_with(root) && (found.is_dir() || found.is_file());
        let name = entry.file_name().into_string().ok()?;
        is_usable.then(|| Listed {
            name,
            is_folder: found.is_dir(),
        })
    });
    listed.collect()
}

/// Reads a file whose path holds no symlink, at most [`SOURCE_LIMIT`] bytes.
pub(crate) fn read_regular(path: &Path) -> Result<Vec<u8>, ReadError> {
    let system = |error: io::Error| ReadError::System(error.to_string());
    let before = fs::symlink_metadata(path).map_err(system)?;
    if !before.is_file() {
        return Err(ReadError::NotAFile);
    }
    let file = OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW).bits())
        .open(path)
        .map_err(system)?;
    let opened = file.metadata().map_err(system)?;
    // The name may have been given to something else between the look and the opening.
    if !opened.is_file() || (opened.dev(), opened.ino()) != (before.dev(), before.ino()) {
        return Err(ReadError::NotAFile);
    }
    read_limited(file)
        .map_err(system)?
        .ok_or(ReadError::TooLarge { limit: SOURCE_LIMIT })
}

/// Reads to the end; nothing where there are more than [`SOURCE_LIMIT`] bytes.
pub(crate) fn read_limited(reader: impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    reader.take(SOURCE_LIMIT + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= SOURCE_LIMIT).then_some(bytes))
}

/// Whether every part of the path is a name: no `..`, no `.`, not absolute.
fn is_plain(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_))) && path.components().next().is_some()
}

/// Whether the error says that there is nothing of this name. A file in the place of a folder and a
/// name that is too long count too: no file can be there.
pub(crate) fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename
    )
}

/// Says why there is no file. Below a symlink that leads out of the root nothing is told about what exists.
fn absent(root: &Path, relative: &Path) -> ReadError {
    let inner = deepest_existing(root, relative);
    if !inner.starts_with(root) {
        return ReadError::OutsideRoot;
    }
    let near = nearest_path(root, relative);
    ReadError::NotFound {
        nearest: near.and_then(|path| path.to_str().map(str::to_string)),
    }
}

/// Resolves as many leading parts as exist.
fn deepest_existing(root: &Path, relative: &Path) -> PathBuf {
    let mut found = root.to_path_buf();
    for part in relative.components() {
        match fs::canonicalize(found.join(part)) {
            Ok(next) => found = next,
            Err(_) => break,
        }
        if !found.starts_with(root) {
            break;
        }
    }
    found
}

/// Walks down from `root`, taking the nearest existing name where a part does not exist, and returns
/// the path, relative to `root`, of a regular file that was probably meant.
fn nearest_path(root: &Path, relative: &Path) -> Option<PathBuf> {
    let mut here = root.to_path_buf();
    let mut found = PathBuf::new();
    let mut parts = relative.components().peekable();
    while let Some(part) = parts.next() {
        let kind = if parts.peek().is_some() {
            Kind::Folder
        } else {
            Kind::File
        };
        let name = existing_name(&here, part.as_os_str(), kind)?;
        here = fs::canonicalize(here.join(&name)).ok()?;
        if !here.starts_with(root) {
            return None;
        }
        found.push(name);
    }
    Some(found)
}

#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Folder,
    File,
}

/// Returns `name` if the folder holds it as that kind, else the nearest name of that kind.
pub(crate) fn existing_name(folder: &Path, name: &OsStr, kind: Kind) -> Option<OsString> {
    let is_of_kind = |path: &Path| match kind {
        Kind::Folder => path.is_dir(),
        Kind::File => path.is_file(),
    };
    if is_of_kind(&folder.join(name)) {
        return Some(name.to_os_string());
    }
    let wanted = name.to_str()?;
    let mut names: Vec<String> = fs::read_dir(folder)
        .ok()?
        .take(NAMES_LOOKED_AT)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    let near = names
        .iter()
        .filter_map(|name| nearest(wanted, [name.as_str()]))
        .filter(|name| is_of_kind(&folder.join(name)));
    nearest(wanted, near).map(OsString::from)
}

/// Opens for reading without waiting for a writer, following symlinks.
pub(crate) fn open_without_waiting(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(OFlag::O_NONBLOCK.bits())
        .open(path)
}
