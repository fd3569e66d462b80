//! Waiting until one of some files changes.
//!
//! What is watched are the folders of the files: editors put a new file in the place of the old one, and a
//! file that is not there yet has only its folder. A folder that is not there is waited for in the nearest
//! one that is.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// Changes that come within this time of each other are one.
const QUIET: Duration = Duration::from_millis(100);
/// However busy the files are, a change is told after so many times of [`QUIET`].
const MOST_DELAYS: u32 = 20;

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// A file may have changed.
    Changed,
    /// The process was asked to end by this signal.
    Signal(i32),
    /// Nobody reads the output any more.
    Unread,
}

/// Waits for changes of files. While it lives, SIGINT, SIGTERM and SIGHUP of this thread end a wait instead
/// of the process.
#[derive(Debug)]
pub struct Watcher {
    inotify: Inotify,
    signals: SignalFd,
    /// Names that matter, by the folder they are in.
    folders: BTreeMap<WatchDescriptor, BTreeSet<OsString>>,
    /// What the files looked like before they were read.
    stamps: BTreeMap<PathBuf, Option<Stamp>>,
}

/// What changes when a file does: device, inode, size, and times in nanoseconds.
type Stamp = (u64, u64, u64, i128, i128);

impl Watcher {
    /// Starts to hold back signals; watches nothing yet.
    ///
    /// # Errors
    /// The system refuses, such as where too many files are watched already.
    pub fn new() -> io::Result<Self> {
        let mut set = SigSet::empty();
        for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
            set.add(signal);
        }
        set.thread_block()?;
        Ok(Self {
            inotify: Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?,
            signals: SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?,
            folders: BTreeMap::new(),
            stamps: BTreeMap::new(),
        })
    }

    /// Notes what a file looks like; to be called before it is read, so that no change is missed between
    /// reading and waiting. It is watched from the next wait on.
    pub fn note(&mut self, file: &Path) {
        self.stamps
            .entry(file.to_path_buf())
            .or_insert_with(|| stamp(file));
    }

    /// Waits until one of the files that were noted changes, and forgets them. Changes in quick succession
    /// are one.
    ///
    /// # Errors
    /// The system refuses to watch.
    pub fn wait(&mut self, output: BorrowedFd<'_>) -> io::Result<Woken> {
        self.watch_folders()?;
        let stamps = std::mem::take(&mut self.stamps);
        if stamps.iter().all(|(path, old)| stamp(path) == *old) {
            loop {
                if let Some(woken) = self.poll(output, PollTimeout::NONE)? {
                    return Ok(woken);
                }
                if self.read_events()? {
                    break;
                }
            }
        }
        let quiet = PollTimeout::try_from(QUIET).unwrap_or(PollTimeout::ZERO);
        for _ in 0..MOST_DELAYS {
            if let Some(woken) = self.poll(output, quiet)? {
                return Ok(woken);
            }
            if !self.read_events()? {
                break;
            }
        }
        Ok(Woken::Changed)
    }

    /// Replaces what was watched by the folders of the files that were noted.
    fn watch_folders(&mut self) -> io::Result<()> {
        let mut folders: BTreeMap<WatchDescriptor, BTreeSet<OsString>> = BTreeMap::new();
        for file in self.stamps.keys() {
            // Behind a symlink it is the file that changes.
            let resolved = fs::canonicalize(file).ok().filter(|resolved| resolved != file);
            for path in std::iter::once(file.clone()).chain(resolved) {
                let (folder, name) = nearest_folder(&path);
                match self.inotify.add_watch(&folder, flags()) {
                    Ok(watch) => folders.entry(watch).or_default().insert(name),
                    // It went away just now; the stamp tells.
                    Err(Errno::ENOENT) => false,
                    Err(error) => return Err(error.into()),
                };
            }
        }
        for old in self.folders.keys().filter(|old| !folders.contains_key(old)) {
            // The system has forgotten a folder that is gone.
            let _ = self.inotify.rm_watch(*old);
        }
        self.folders = folders;
        Ok(())
    }

    fn poll(&self, output: BorrowedFd<'_>, timeout: PollTimeout) -> io::Result<Option<Woken>> {
        let mut fds = [
            PollFd::new(self.inotify.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
            PollFd::new(output, PollFlags::empty()),
        ];
        match poll(&mut fds, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let is_unread = fds[2]
            .revents()
            .is_some_and(|events| events.intersects(PollFlags::POLLERR | PollFlags::POLLHUP));
        if let Some(signal) = self.signals.read_signal()? {
            return Ok(i32::try_from(signal.ssi_signo).ok().map(Woken::Signal));
        }
        Ok(is_unread.then_some(Woken::Unread))
    }

    /// Reads what has happened and says whether it matters.
    fn read_events(&self) -> io::Result<bool> {
        let mut matters = false;
        loop {
            match self.inotify.read_events() {
                Ok(events) if events.is_empty() => return Ok(matters),
                Ok(events) => matters |= events.iter().any(|event| self.concerns(event)),
                Err(Errno::EAGAIN) => return Ok(matters),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn concerns(&self, event: &InotifyEvent) -> bool {
        let lost = AddWatchFlags::IN_Q_OVERFLOW | AddWatchFlags::IN_UNMOUNT;
        if event.mask.intersects(lost) {
            return true;
        }
        let Some(names) = self.folders.get(&event.wd) else {
            return false;
        };
        match &event.name {
            Some(name) => names.contains(name),
            // The folder itself went away.
            None => true,
        }
    }
}

fn flags() -> AddWatchFlags {
    AddWatchFlags::IN_CLOSE_WRITE
        | AddWatchFlags::IN_MOVE
        | AddWatchFlags::IN_CREATE
        | AddWatchFlags::IN_DELETE
        | AddWatchFlags::IN_ATTRIB
        | AddWatchFlags::IN_DELETE_SELF
        | AddWatchFlags::IN_MOVE_SELF
}

/// Returns the folder of a path and the name in it that leads to the path; where the folder is not there,
/// the nearest one above that is.
fn nearest_folder(path: &Path) -> (PathBuf, OsString) {
    let mut at = path;
    while let Some(folder) = at.parent() {
        let folder = match folder == Path::new("") {
            true => Path::new("."),
            false => folder,
        };
        if folder.is_dir() {
            let name = at.file_name().map(OsStr::to_os_string);
            return (folder.to_path_buf(), name.unwrap_or_default());
        }
        at = folder;
    }
    (PathBuf::from("/"), OsString::new())
}

fn stamp(path: &Path) -> Option<Stamp> {
    let nanoseconds = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
    let found = fs::metadata(path).ok()?;
    Some((
        found.dev(),
        found.ino(),
        found.len(),
        nanoseconds(found.mtime(), found.mtime_nsec()),
        nanoseconds(found.ctime(), found.ctime_nsec()),
    ))
}
