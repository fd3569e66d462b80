//! How much disk folders take, found out in small steps, and a word when something in them was written.
//!
//! What is in the folders may be hostile: trees deeper than any path, links to anywhere, folders that move
//! while they are read. So a few folders are open at a time, everything is opened from there and never
//! through a link, and a way up into a folder that is not open any more is checked to be the one that was
//! come down. What moved away may not be counted this time.
//!
//! Counted is what the file system gave: blocks, not lengths. A file with several names counts once.
//! What is mounted inside of the folders belongs to somebody else.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::dir::{self, Dir};
use nix::fcntl::{AtFlags, OFlag, open, openat};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat};

/// Bytes in a block, whatever the file system calls one.
const BLOCK: u64 = 512;
/// Folders of one folder that are remembered while it is read; more of them are not looked into.
const MOST_PENDING: usize = 100_000;
/// Files with several names that are remembered; beyond that each name counts.
const MOST_LINKED: usize = 100_000;
/// Folders on the way down that stay open.
const MOST_OPEN: usize = 16;
/// Folders that are watched for writes.
const MOST_WATCHES: usize = 1_024;

/// What was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Bytes on the disk.
    pub bytes: u64,
    /// Files and folders.
    pub entries: u64,
}

/// A measurement on its way.
#[derive(Debug)]
pub struct Scan {
    found: Measured,
    roots: Vec<PathBuf>,
    /// The folder that is being read.
    current: Option<Folder>,
    /// The folders above it, outermost first; the first few are open.
    above: Vec<(Level, Option<OwnedFd>)>,
    /// Files with several names that were counted.
    linked: BTreeSet<(u64, u64)>,
    device: u64,
}

#[derive(Debug)]
struct Folder {
    handle: OwnedFd,
    entries: dir::OwningIter,
    level: Level,
}

/// What is known about an open folder: who it is, and what is still to be read in it.
#[derive(Debug, Default)]
struct Level {
    id: (u64, u64),
    pending: Vec<OsString>,
}

const FOLDER: OFlag = OFlag::O_DIRECTORY
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC)
    .union(OFlag::O_RDONLY);

impl Scan {
    /// Begins to measure folders; those that are missing take nothing.
    pub fn of(roots: &[&Path]) -> Self {
        Self {
            found: Measured::default(),
            roots: roots.iter().rev().map(|root| root.to_path_buf()).collect(),
            current: None,
            above: Vec::new(),
            linked: BTreeSet::new(),
            device: 0,
        }
    }

    /// Reads on, for at most so many entries; returns the result at the end. Each folder that is entered
    /// is shown to `watch`.
    pub fn step(&mut self, most: usize, watch: &mut Option<Watch>) -> Option<Measured> {
        for _ in 0..most {
            let Some(folder) = &mut self.current else {
                let root = match self.roots.pop() {
                    Some(root) => root,
                    None => return Some(self.found),
                };
                let handle = open(&root, FOLDER, Mode::empty()).ok();
                self.current = handle.and_then(|handle| Folder::of(handle, watch).ok());
                if let Some(folder) = &self.current {
                    self.device = folder.level.id.0;
                    self.found.entries += 1;
                }
                continue;
            };
            match folder.entries.next() {
                Some(Ok(entry)) if matches!(entry.file_name().to_bytes(), b"." | b"..") => {}
                Some(Ok(entry)) => {
                    let name = entry.file_name();
                    if let Ok(found) = fstatat(&folder.handle, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
                        self.count(OsStr::from_bytes(name.to_bytes()), &found);
                    }
                }
                // What cannot be read is passed over, at the latest with the folder.
                Some(Err(_)) | None => self.leave(watch),
            }
        }
        None
    }

    fn count(&mut self, name: &OsStr, found: &FileStat) {
        if found.st_dev != self.device {
            return;
        }
        self.found.entries += 1;
        let is_folder = SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT == SFlag::S_IFDIR;
        let is_shared = found.st_nlink > 1 && !is_folder;
        let id = id_of(found);
        if is_shared && self.linked.contains(&id) {
            return;
        }
        if is_shared && self.linked.len() < MOST_LINKED {
            self.linked.insert(id);
        }
        let blocks = u64::try_from(found.st_blocks).unwrap_or(0);
        self.found.bytes = self.found.bytes.saturating_add(blocks.saturating_mul(BLOCK));
        if is_folder
            && let Some(folder) = &mut self.current
            && folder.level.pending.len() < MOST_PENDING
        {
            folder.level.pending.push(name.to_os_string());
        }
    }

    /// Goes on from a folder that was read: down into one of its folders, or up and down into the next.
    fn leave(&mut self, watch: &mut Option<Watch>) {
        let Some(Folder {
            mut handle,
            mut level,
            ..
        }) = self.current.take()
        else {
            return;
        };
        loop {
            while let Some(name) = level.pending.pop() {
                let below = openat(&handle, name.as_os_str(), FOLDER, Mode::empty());
                let below = below
                    .map_err(io::Error::from)
                    .and_then(|below| Folder::of(below, watch));
                if let Some(folder) = below.ok().filter(|folder| folder.level.id.0 == self.device) {
                    let stays_open = self.above.len() < MOST_OPEN;
                    self.above.push((level, stays_open.then_some(handle)));
                    self.current = Some(folder);
                    return;
                }
            }
            let Some((above, open)) = self.above.pop() else {
                return;
            };
            match open.or_else(|| way_up(&handle, above.id)) {
                Some(up) => (handle, level) = (up, above),
                // It was moved: from here no way leads back.
                None => return self.above.clear(),
            }
        }
    }
}

/// Opens the folder above an open one, if it is the one that is expected there.
fn way_up(below: &OwnedFd, expected: (u64, u64)) -> Option<OwnedFd> {
    let up = openat(below, "..", FOLDER, Mode::empty()).ok()?;
    let found = fstat(&up).ok()?;
    (id_of(&found) == expected).then_some(up)
}

/// Device and inode.
fn id_of(found: &FileStat) -> (u64, u64) {
    (found.st_dev, found.st_ino)
}

impl Folder {
    fn of(handle: OwnedFd, watch: &mut Option<Watch>) -> io::Result<Self> {
        let id = id_of(&fstat(&handle)?);
        if let Some(watch) = watch {
            watch.add(&path_of(handle.as_fd()));
        }
        let entries = Dir::from_fd(handle.try_clone()?)?.into_iter();
        Ok(Self {
            handle,
            entries,
            level: Level {
                id,
                pending: Vec::new(),
            },
        })
    }
}

/// A name by which the open folder itself is reached, wherever it is by now.
fn path_of(handle: BorrowedFd<'_>) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", handle.as_raw_fd()))
}

/// Tells that something was written into folders.
#[derive(Debug)]
pub struct Watch {
    inotify: Inotify,
    count: usize,
    is_complete: bool,
}

impl Watch {
    /// Watches nothing yet; `None` where the kernel grants no watch.
    pub fn new() -> Option<Self> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).ok()?;
        Some(Self {
            inotify,
            count: 0,
            is_complete: true,
        })
    }

    fn add(&mut self, folder: &Path) {
        let flags = AddWatchFlags::IN_MODIFY
            | AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_ONLYDIR;
        if self.count >= MOST_WATCHES || self.inotify.add_watch(folder, flags).is_err() {
            self.is_complete = false;
        }
        self.count += 1;
    }

    /// Whether every folder of the last scan is watched.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Forgets what was written so far, and begins to count the folders anew.
    pub fn begin(&mut self) {
        while self.inotify.read_events().is_ok_and(|events| !events.is_empty()) {}
        (self.count, self.is_complete) = (0, true);
    }

    /// Readable as soon as something was written.
    pub(crate) fn handle(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

#[cfg(test)]
mod tests;
