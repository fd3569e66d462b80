//! Files below folders.

use std::fs;
use std::path::{Path, PathBuf};

use aur_terminal::Failure;

/// Folders that hold what programs made, and what others wrote.
const NOT_SEARCHED: [&str; 2] = ["target", "node_modules"];

/// Lists the files that are named, and those below the named folders whose names end in `ending`, in order
/// of their names. Hidden folders, `target`, `node_modules` and what is reached by a symlink only are not
/// searched.
///
/// # Errors
/// A folder cannot be read, or what is named is not there.
pub(crate) fn files(paths: &[PathBuf], ending: &str) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            search(path, ending, &mut found)?;
        } else {
            found.push(path.clone());
        }
    }
    Ok(found)
}

fn search(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |error| Failure::new(format!("cannot read `{}`", folder.display())).because(error);
    let mut entries: Vec<fs::DirEntry> = fs::read_dir(folder)
        .map_err(unreadable)?
        .filter_map(Result::ok)
        .collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let is_left_out = name.as_encoded_bytes().starts_with(b".")
            || NOT_SEARCHED.iter().any(|other| name.as_os_str() == *other);
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        let path = match folder == Path::new(".") {
            true => PathBuf::from(&name),
            false => entry.path(),
        };
        if kind.is_dir() && !is_left_out {
            search(&path, ending, found)?;
        } else if kind.is_file() && name.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    Ok(())
}
