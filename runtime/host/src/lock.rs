//! The lock that makes one runner the only one of its task.
//!
//! The kernel frees it when the runner dies, however it dies. Children inherit it until they become
//! bash, so just after a runner's death it can stay held for a moment.
//!
//! The file says who holds it and how the holder fares: `PID START_TICKS BOOT fine` or `.. full`. The
//! line keeps its length, so that it can be rewritten in place on a full disk, where the journal cannot
//! grow to say so.

use std::fs::{File, TryLockError};
use std::io::Read;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::PathError;
use crate::boot::BootId;
use crate::error::AtPath;
use crate::folder::private;
use crate::process::{self, Identity};

/// How long a lock may stay held although its holder is gone or has not yet signed it.
const SETTLE: Duration = Duration::from_secs(2);

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The disk refused.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A runner lives.
    #[error("a runner of this task is alive{}", pid_note(*.pid))]
    Held {
        /// The runner's process, where it is known.
        pid: Option<u32>,
    },
}

fn pid_note(pid: Option<u32>) -> String {
    pid.map_or_else(String::new, |pid| format!(" (process {pid})"))
}

/// The runner's lock; freed when dropped.
#[derive(Debug)]
pub struct RunnerLock {
    file: File,
    path: PathBuf,
    own: Identity,
}

/// How a runner fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It can record.
    Fine,
    /// The disk is full: it starts nothing and waits for space.
    DiskFull,
}

/// The runner that signed a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its process.
    pub identity: Identity,
    /// How it fares.
    pub condition: Condition,
}

impl RunnerLock {
    /// Takes the lock and signs it with our identity.
    ///
    /// # Errors
    /// Someone else holds it, or the file cannot be opened or written.
    pub fn take(path: &Path, boot: BootId) -> Result<Self, LockError> {
        let open = || {
            let mut options = private();
            options.read(true).write(true).create(true).truncate(false);
            options.open(path).at("open", path)
        };
        let mut file = open()?;
        let deadline = Instant::now() + SETTLE;
        loop {
            match file.try_lock() {
                Ok(()) if is_at(&file, path) => break,
                // The task was removed since, and may have been made anew.
                Ok(()) => {
                    file = open()?;
                    continue;
                }
                Err(TryLockError::Error(error)) => {
                    return Err(PathError::new("lock", path, error).into());
                }
                Err(TryLockError::WouldBlock) => {}
            }
            if let Some(holder) = holder(path, boot)? {
                return Err(LockError::Held {
                    pid: Some(holder.identity.pid),
                });
            }
            if Instant::now() > deadline {
                return Err(LockError::Held { pid: None });
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let lock = Self {
            file,
            path: path.to_path_buf(),
            own: process::own_identity(boot)?,
        };
        lock.note(Condition::Fine)?;
        Ok(lock)
    }

    /// Says how we fare.
    ///
    /// # Errors
    /// The line cannot be rewritten.
    pub fn note(&self, condition: Condition) -> Result<(), PathError> {
        let word = match condition {
            Condition::Fine => "fine",
            Condition::DiskFull => "full",
        };
        let Identity {
            pid,
            start_ticks,
            boot,
        } = self.own;
        let text = format!("{pid:010} {start_ticks:020} {:016x} {word}\n", boot.0);
        self.file.write_all_at(text.as_bytes(), 0).at("write", &self.path)
    }
}

/// Whether a file still has its path.
fn is_at(file: &File, path: &Path) -> bool {
    let (own, found) = (file.metadata(), std::fs::symlink_metadata(path));
    matches!((own, found), (Ok(own), Ok(found)) if own.ino() == found.ino() && own.dev() == found.dev())
}

/// Returns the runner that signed the lock, if it is alive. Takes no lock, so it disturbs nobody.
///
/// # Errors
/// The file cannot be read; a missing one has no holder.
pub fn holder(path: &Path, boot: BootId) -> Result<Option<Holder>, PathError> {
    let mut text = String::new();
    let file: PathBuf = path.to_path_buf();
    match private().read(true).open(&file).at("open", &file) {
        Ok(mut open) => open.read_to_string(&mut text).at("read", &file)?,
        Err(error) if error.is_missing() => return Ok(None),
        Err(error) => return Err(error),
    };
    let is_alive = |holder: &Holder| holder.identity.boot == boot && process::is_alive(&holder.identity);
    Ok(parse(&text).filter(is_alive))
}

fn parse(text: &str) -> Option<Holder> {
    let mut words = text.lines().next()?.split(' ');
    Some(Holder {
        identity: Identity {
            pid: words.next()?.parse().ok()?,
            start_ticks: words.next()?.parse().ok()?,
            boot: BootId(u64::from_str_radix(words.next()?, 16).ok()?),
        },
        condition: match words.next()? {
            "fine" => Condition::Fine,
            "full" => Condition::DiskFull,
            _ => return None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_one_is_told_who_was_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let boot = BootId::current().unwrap();
        assert_eq!(holder(&path, boot).unwrap(), None);
        let lock = RunnerLock::take(&path, boot).unwrap();
        let found = holder(&path, boot).unwrap().unwrap();
        assert_eq!(found.identity.pid, std::process::id());
        assert_eq!(found.condition, Condition::Fine);
        lock.note(Condition::DiskFull).unwrap();
        let found = holder(&path, boot).unwrap().unwrap();
        assert_eq!(found.condition, Condition::DiskFull);
        let refused = RunnerLock::take(&path, boot).unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!("a runner of this task is alive (process {})", std::process::id())
        );
        drop(lock);
        RunnerLock::take(&path, boot).unwrap();
    }

    #[test]
    fn the_lock_of_a_task_that_was_removed_locks_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let boot = BootId::current().unwrap();
        let first = RunnerLock::take(&path, boot).unwrap();
        assert!(is_at(&first.file, &path));
        let waiting = std::thread::spawn({
            let path = path.clone();
            move || RunnerLock::take(&path, boot)
        });
        // Another signature, so that the second one waits instead of being refused.
        std::fs::write(&path, "nobody\n").unwrap();
        std::thread::sleep(Duration::from_millis(20));
        std::fs::rename(&path, folder.path().join("gone")).unwrap();
        std::fs::write(&path, "").unwrap();
        drop(first);
        // It has the lock that is there now, or was refused before the signature changed.
        if let Ok(lock) = waiting.join().unwrap() {
            assert!(is_at(&lock.file, &path));
        }
    }

    #[test]
    fn a_signature_of_another_boot_or_life_is_void() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let boot = BootId::current().unwrap();
        for text in [
            format!("{} 1 {:016x} fine\n", std::process::id(), boot.0),
            "1 1 00".to_string(),
            "\u{0}".to_string(),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(holder(&path, boot).unwrap(), None);
        }
    }
}
