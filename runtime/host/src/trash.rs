//! Removing the folders of tasks, and measuring them.

use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::error::AtPath;
use crate::folder::{sync_folder, tasks};
use crate::{PathError, boot};

/// How the name of a folder begins that is being removed.
const GONE: &str = ".gone-";
/// How the name of a folder begins that is being created.
const NEW: &str = ".new-";
/// A creation that takes longer than this has crashed.
const LONGEST_CREATION: Duration = Duration::from_secs(3600);

/// The bytes that a folder takes on the disk. What vanishes or cannot be read meanwhile counts nothing, and
/// no symbolic link is followed.
pub fn size_of(path: &Path) -> u64 {
    let mut bytes = 0;
    let mut open = vec![path.to_path_buf()];
    while let Some(path) = open.pop() {
        let Ok(found) = std::fs::symlink_metadata(&path) else {
            continue;
        };
        bytes += found.blocks() * 512;
        if found.is_dir() {
            let entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
            open.extend(entries.map(|entry| entry.path()));
        }
    }
    bytes
}

/// Removes a folder of a task: first its name, so that nobody meets half of it, then its content.
///
/// # Errors
/// It cannot be renamed, or something in it cannot be removed; [`leftovers`] finds it then.
pub fn remove(path: &Path) -> Result<(), PathError> {
    let parent = path.parent().unwrap_or(Path::new("/"));
    let gone = parent.join(format!("{GONE}{:016x}", boot::random()?));
    std::fs::rename(path, &gone).at("remove", path)?;
    sync_folder(parent)?;
    remove_tree(&gone)
}

/// Lists what crashed creations and removals left among the tasks of a root.
///
/// # Errors
/// The folder cannot be read.
pub fn leftovers(root: &Path) -> Result<Vec<PathBuf>, PathError> {
    let folder = tasks(root);
    let entries = match std::fs::read_dir(&folder).at("list", &folder) {
        Ok(entries) => entries,
        Err(error) if error.is_missing() => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.at("list", &folder)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_old = || {
            let changed = entry.metadata().and_then(|found| found.modified()).ok();
            let age = changed.and_then(|at| SystemTime::now().duration_since(at).ok());
            age.is_some_and(|age| age > LONGEST_CREATION)
        };
        if name.starts_with(GONE) || (name.starts_with(NEW) && is_old()) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// Removes a folder and all in it. A program may have left folders that even their owner cannot write to.
///
/// # Errors
/// Something cannot be removed.
pub fn remove_tree(path: &Path) -> Result<(), PathError> {
    let result = match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_up(path);
            std::fs::remove_dir_all(path)
        }
        result => result,
    };
    match result {
        // Someone else was quicker.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result.at("remove", path),
    }
}

/// Lets the owner into all folders.
fn open_up(path: &Path) {
    let mut open = vec![path.to_path_buf()];
    while let Some(path) = open.pop() {
        if std::fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir()) {
            // A refusal comes again when it is removed.
            let _ = std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700));
            let entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
            open.extend(entries.map(|entry| entry.path()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_all_in_it_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let task = root.path().join("tasks/t");
        let closed = task.join("sandbox/closed");
        std::fs::create_dir_all(&closed).unwrap();
        std::fs::write(closed.join("file"), vec![1; 10_000]).unwrap();
        let outside = root.path().join("outside");
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join("file"), "").unwrap();
        std::os::unix::fs::symlink(&outside, task.join("link")).unwrap();
        std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o500)).unwrap();
        assert!(size_of(&task) >= 10_000);
        remove(&task).unwrap();
        assert!(outside.join("file").exists());
        assert_eq!(std::fs::read_dir(root.path().join("tasks")).unwrap().count(), 0);
        assert_eq!(size_of(&task), 0);
    }

    #[test]
    fn leftovers_are_what_crashed() {
        let root = tempfile::tempdir().unwrap();
        let tasks = root.path().join("tasks");
        assert_eq!(leftovers(root.path()).unwrap(), Vec::<PathBuf>::new());
        for name in ["t", ".new-young", ".new-old", ".gone-1", ".other"] {
            std::fs::create_dir_all(tasks.join(name)).unwrap();
        }
        let long_ago = SystemTime::now() - 2 * LONGEST_CREATION;
        let old = std::fs::File::open(tasks.join(".new-old")).unwrap();
        old.set_modified(long_ago).unwrap();
        let mut found = leftovers(root.path()).unwrap();
        found.sort();
        assert_eq!(found, [tasks.join(".gone-1"), tasks.join(".new-old")]);
    }
}
