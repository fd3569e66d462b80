//! Files that are not open, each read and parsed once until it changes.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use aur_compiler::Sources;
use aur_compiler::editor::Document;
use aur_disk::Project;

/// Tells one content of a file from another: device, inode, size, and time of the last change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp(u64, u64, u64, i64, i64);

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let found = fs::metadata(path).ok()?;
        let (seconds, nanoseconds) = (found.mtime(), found.mtime_nsec());
        found
            .is_file()
            .then(|| Self(found.dev(), found.ino(), found.size(), seconds, nanoseconds))
    }
}

/// What was read from the disk.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    files: Mutex<HashMap<PathBuf, (Stamp, Document)>>,
}

impl Disk {
    /// Returns a file of a project; nothing where there is none, or it is not UTF-8 text.
    pub(crate) fn document(&self, project: &Project, name: &str) -> Option<Document> {
        let place = project.place(name);
        let stamp = Stamp::of(&place)?;
        if let Some((known, document)) = self.files().get(&place)
            && *known == stamp
            && **document.path() == *name
        {
            return Some(document.clone());
        }
        let text = String::from_utf8(project.read(name).ok()?).ok()?;
        let document = Document::new(name, Arc::<str>::from(text));
        self.files().insert(place, (stamp, document.clone()));
        Some(document)
    }

    /// A fault of another thread leaves the table whole: each entry is written at once.
    fn files(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, (Stamp, Document)>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
