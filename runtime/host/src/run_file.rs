//! What is known of one run, in a file that outlives every process of ours.
//!
//! ```text
//! record (64 bytes, little-endian)
//!   "aurr"  kind: u8  version: u8  0 0  run: u32  0 0 0 0
//!   value: u64 x 3    nanoseconds since boot: u64    0 x 12    crc-32 of the 60 bytes before
//! kinds
//!   1 open    boot                    by the runner, before the guard
//!   2 exec    pid, start ticks, boot  by the child, its last act before it becomes its program
//!   3 exit    kind of end, number     by the guard, or the runner that inherited its child, before it reaps
//!   4 empty                           by either, once nothing of the run is left
//!   5 failed  error number            by child or runner: the child never became its program
//!   6 guard   pid, start ticks, boot  by the guard, before it forks
//!   7 group   process and run, processor time, memory
//!                                     by the runner, before the guard: the control group was made for that
//!                                     other run, and this is what was used in it before
//! ```
//!
//! Version 1 had no guards; its records are read like those of version 2.
//!
//! The file is locked before the guard is started, guard and child inherit the lock, and becoming the
//! program frees the child's hold. So at any instant a reader can tell: no `exec` record and no lock means
//! that the run never started and never will; no `exec` record under a lock means that somebody is still
//! on the way.
//!
//! Records are plain writes: the page cache survives the death of any process. The file's blocks are
//! reserved when it is opened, so that an exit can be recorded on a full disk.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::{FallocateFlags, fallocate};

use crate::PathError;
use crate::boot::{self, BootId};
use crate::cgroup::Heritage;
use crate::error::AtPath;
use crate::fault;
use crate::folder::private;
use crate::guard::protocol::{
    END_CODE, END_SIGNAL, KIND_EMPTY, KIND_EXEC, KIND_EXIT, KIND_FAILED, KIND_GROUP, KIND_GUARD, KIND_OPEN,
    MAGIC, RECORD_BYTES, VERSION, record,
};
use crate::process::{self, Exit, Identity};

/// The first version that is still read.
const FIRST_VERSION: u8 = 1;
/// Records that a file can hold by protocol, with some room for guards that died before they forked.
const MOST_RECORDS: usize = 16;

const END_UNKNOWN: u64 = 2;

/// How a run ended, as far as anyone can know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The status was seen.
    Seen(Exit),
    /// It ended while nobody who could learn the status was alive.
    Unknown,
}

/// What a run file says together with the process table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunFacts {
    /// How far the run came.
    pub stage: Stage,
    /// The process that became the program, where one did.
    pub leader: Option<Identity>,
    /// Its guard, if it is alive.
    pub guard: Option<Identity>,
    /// When it became bash, as time since boot, where the record has it.
    pub started: Option<Duration>,
    /// When its end was recorded, as time since boot.
    pub ended: Option<Duration>,
    /// Whether it is recorded that no process of the run is left.
    pub is_empty: bool,
    /// Whose control group it has, if not one of its own.
    pub heritage: Option<Heritage>,
}

/// How far a run came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// No child became bash, and none will: the same run number may start.
    NeverStarted,
    /// A child holds the lock and is about to record itself: look again in a moment.
    BeforeExec,
    /// The leader is alive, or its guard is and will say how it ended.
    Alive,
    /// The end is recorded.
    Ended(End),
    /// The system refused the start with this error number.
    StartFailed(i32),
    /// The leader ran and is gone, and its end is not recorded.
    Gone,
}

/// A run file that we may write to.
#[derive(Debug)]
pub struct RunFile {
    file: File,
    path: PathBuf,
    run: u32,
    /// Whether an earlier try recorded a control group.
    has_group: bool,
}

/// Why a run may not be started.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// The disk refused.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The run was started before, or is being started by someone else.
    #[error("run {run} was started before ({})", path.display())]
    Taken {
        /// The run file.
        path: PathBuf,
        /// The run.
        run: u32,
    },
}

impl RunFile {
    /// Claims a run for one start: creates and locks its file.
    ///
    /// A claim whose child never became bash can be claimed again.
    ///
    /// # Errors
    /// The disk refuses, or the run was started before.
    pub fn claim(path: &Path, run: u32, boot: BootId) -> Result<Self, ClaimError> {
        let mut file = private()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .at("open", path)?;
        let taken = || ClaimError::Taken {
            path: path.to_path_buf(),
            run,
        };
        match file.try_lock() {
            Ok(()) if fault::is_lock_off() => file.unlock().at("unlock", path)?,
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(taken()),
            Err(TryLockError::Error(error)) => {
                return Err(PathError::new("lock", path, error).into());
            }
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).at("read", path)?;
        let found = Records::read(&bytes, run);
        if found.exec.is_some() || found.end.is_some() || found.failed.is_some() || found.is_unclear {
            return Err(taken());
        }
        reserve(&file).at("reserve space for", path)?;
        let claimed = Self {
            file,
            path: path.to_path_buf(),
            run,
            has_group: found.heritage.is_some(),
        };
        if bytes.is_empty() {
            claimed.write(KIND_OPEN, [boot.0, 0, 0])?;
        }
        Ok(claimed)
    }

    /// Opens the file of a run that was started earlier, to record how it went on.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn reopen(path: &Path, run: u32) -> Result<Self, PathError> {
        let file = private().read(true).append(true).open(path).at("open", path)?;
        Ok(Self {
            file,
            path: path.to_path_buf(),
            run,
            has_group: false,
        })
    }

    /// Records whose control group the run has, if not one of its own; before its guard is started. The
    /// process is named by its place in the plan.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn record_group(&self, process: u32, heritage: Option<Heritage>) -> Result<(), PathError> {
        let own = Heritage {
            process,
            run: self.run,
            cpu_us: 0,
            peak_bytes: 0,
        };
        // The last such record counts, so that an earlier try is overruled.
        let Some(found) = heritage.or(self.has_group.then_some(own)) else {
            return Ok(());
        };
        let name = u64::from(found.process) << 32 | u64::from(found.run);
        self.write(KIND_GROUP, [name, found.cpu_us, found.peak_bytes])
    }

    /// Records the end of the leader.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn record_end(&self, end: End) -> Result<(), PathError> {
        let (kind, number) = match end {
            End::Seen(Exit::Code(code)) => (END_CODE, code),
            End::Seen(Exit::Signal(signal)) => (END_SIGNAL, signal),
            End::Unknown => (END_UNKNOWN, 0),
        };
        self.write(KIND_EXIT, [kind, u64::from(number.unsigned_abs()), 0])
    }

    /// Records that no process of the run is left.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn record_empty(&self) -> Result<(), PathError> {
        self.write(KIND_EMPTY, [0; 3])
    }

    /// Records that the system refused the start.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn record_failed_start(&self, error_number: i32) -> Result<(), PathError> {
        self.write(KIND_FAILED, [u64::from(error_number.unsigned_abs()), 0, 0])
    }

    /// The descriptor that the child inherits.
    pub(crate) fn raw(&self) -> RawFd {
        self.file.as_fd().as_raw_fd()
    }

    /// The number of the run.
    pub fn run(&self) -> u32 {
        self.run
    }

    /// Reads what is recorded by now.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn recorded(&self) -> Result<Recorded, PathError> {
        // Guard and child share the position of this descriptor, and each record they write moves it.
        let mut bytes = Vec::new();
        let mut part = [0; RECORD_BYTES * MOST_RECORDS];
        loop {
            match self.file.read_at(&mut part, bytes.len() as u64) {
                Ok(count) => {
                    bytes.extend(part.iter().take(count));
                    if count < part.len() {
                        return Ok(Records::read(&bytes, self.run).into());
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(PathError::new("read", &self.path, error)),
            }
        }
    }

    fn write(&self, kind: u8, values: [u64; 3]) -> Result<(), PathError> {
        let nanoseconds = u64::try_from(boot::since_boot().as_nanos()).unwrap_or(u64::MAX);
        let record = record(kind, self.run, values, nanoseconds);
        (&self.file).write_all(&record).at("write", &self.path)
    }
}

/// Reserves blocks without changing the length; a file system that cannot do so still works.
fn reserve(file: &File) -> nix::Result<()> {
    let bytes = (RECORD_BYTES * MOST_RECORDS) as libc::off_t;
    match fallocate(file, FallocateFlags::FALLOC_FL_KEEP_SIZE, 0, bytes) {
        Err(nix::errno::Errno::EOPNOTSUPP | nix::errno::Errno::ENOSYS) => Ok(()),
        other => other,
    }
}

/// What a run file says, without a look at the process table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The process that became the program.
    pub leader: Option<Identity>,
    /// The last guard that was born.
    pub guard: Option<Identity>,
    /// How the leader ended, and when, as time since boot.
    pub end: Option<(End, Duration)>,
    /// Whether nothing of the run is left.
    pub is_empty: bool,
}

impl From<Records> for Recorded {
    fn from(records: Records) -> Self {
        Self {
            leader: records.exec.map(|(leader, _)| leader),
            guard: records.guard,
            end: records.end,
            is_empty: records.is_empty,
        }
    }
}

/// Returns the guard of a run, if it is alive. Takes no lock, so it disturbs nobody.
pub fn living_guard(path: &Path, run: u32, boot: BootId) -> Option<Identity> {
    recorded(path, run)?.living_guard(boot)
}

/// Whose control group a run has, if not one of its own. Takes no lock, so it disturbs nobody.
pub fn heritage(path: &Path, run: u32) -> Option<Heritage> {
    recorded(path, run)?.heritage
}

fn recorded(path: &Path, run: u32) -> Option<Records> {
    let mut bytes = Vec::new();
    let mut file = private().read(true).open(path).ok()?;
    file.read_to_end(&mut bytes).ok()?;
    Some(Records::read(&bytes, run))
}

/// What the records of a file say, without a look at the process table.
#[derive(Default)]
struct Records {
    guard: Option<Identity>,
    exec: Option<(Identity, Duration)>,
    end: Option<(End, Duration)>,
    failed: Option<i32>,
    heritage: Option<Heritage>,
    is_empty: bool,
    /// Whether something stands in the file that cannot be read.
    is_unclear: bool,
}

impl Records {
    fn read(bytes: &[u8], run: u32) -> Self {
        let mut found = Self::default();
        for chunk in bytes.chunks(RECORD_BYTES) {
            if found.add(chunk, run).is_none() {
                found.is_unclear = true;
            }
        }
        found
    }

    fn add(&mut self, chunk: &[u8], run: u32) -> Option<()> {
        let chunk: &[u8; RECORD_BYTES] = chunk.try_into().ok()?;
        let crc = u32::from_le_bytes(*chunk.last_chunk()?);
        let is_known = (FIRST_VERSION..=VERSION).contains(&chunk[5]);
        let is_ours = chunk.starts_with(&MAGIC) && is_known && crc32fast::hash(&chunk[..60]) == crc;
        if !is_ours || u32::from_le_bytes(*chunk[8..].first_chunk()?) != run {
            return None;
        }
        let [first, second, third, nanoseconds] = [16, 24, 32, 40].map(|start| {
            let field = chunk.get(start..).and_then(|rest| rest.first_chunk());
            field.map_or(0, |field| u64::from_le_bytes(*field))
        });
        let identity = || {
            Some(Identity {
                pid: u32::try_from(first).ok()?,
                start_ticks: second,
                boot: BootId(third),
            })
        };
        match chunk[4] {
            KIND_OPEN => {}
            KIND_GROUP => {
                self.heritage = Some(Heritage {
                    process: u32::try_from(first >> 32).ok()?,
                    run: u32::try_from(first & u64::from(u32::MAX)).ok()?,
                    cpu_us: second,
                    peak_bytes: third,
                });
            }
            KIND_EXEC => self.exec = Some((identity()?, Duration::from_nanos(nanoseconds))),
            KIND_GUARD => self.guard = Some(identity()?),
            KIND_EXIT => {
                let number = i32::try_from(second).ok()?;
                // The first end counts: a later one could only be a guess.
                let end = match first {
                    END_CODE => End::Seen(Exit::Code(number)),
                    END_SIGNAL => End::Seen(Exit::Signal(number)),
                    END_UNKNOWN => End::Unknown,
                    _ => return None,
                };
                self.end.get_or_insert((end, Duration::from_nanos(nanoseconds)));
            }
            KIND_EMPTY => self.is_empty = true,
            KIND_FAILED => self.failed = Some(i32::try_from(first).ok()?),
            _ => return None,
        }
        Some(())
    }

    fn living_guard(&self, boot: BootId) -> Option<Identity> {
        self.guard.filter(|guard| is_alive(guard, boot))
    }
}

/// Says what became of a run that was about to start.
///
/// `intent_boot` is the boot in which the start was decided. Of another boot nothing is alive, and since
/// records are not synced, a file without an `exec` record proves nothing then.
///
/// # Errors
/// The file exists and cannot be read.
pub fn look(path: &Path, run: u32, intent_boot: BootId, boot: BootId) -> Result<RunFacts, PathError> {
    let mut bytes = Vec::new();
    let mut file = match private().read(true).open(path).at("open", path) {
        Ok(file) => Some(file),
        Err(error) if error.is_missing() => None,
        Err(error) => return Err(error),
    };
    // The lock is looked at first: who lets go of it has recorded what there was to record.
    let is_locked = file.as_ref().is_some_and(is_locked);
    let mut found = Records::default();
    let mut guard = None;
    let mut is_leader_alive = false;
    // The second reading is for an end that was recorded just before its guard was seen to be gone.
    for _ in 0..2 {
        if let Some(file) = &mut file {
            bytes.clear();
            file.seek(SeekFrom::Start(0)).at("read", path)?;
            file.read_to_end(&mut bytes).at("read", path)?;
        }
        found = Records::read(&bytes, run);
        guard = found.living_guard(boot);
        is_leader_alive = found.exec.is_some_and(|(leader, _)| is_alive(&leader, boot));
        if guard.is_some() || is_leader_alive {
            break;
        }
    }
    let stage = match (found.end, found.failed, found.exec) {
        (Some((end, _)), _, _) => Stage::Ended(end),
        (None, Some(error), _) => Stage::StartFailed(error),
        (None, None, Some(_)) if is_leader_alive || guard.is_some() => Stage::Alive,
        (None, None, Some(_)) => Stage::Gone,
        (None, None, None) if intent_boot != boot => Stage::Gone,
        (None, None, None) if is_locked => Stage::BeforeExec,
        (None, None, None) if found.is_unclear => Stage::Gone,
        (None, None, None) => Stage::NeverStarted,
    };
    Ok(RunFacts {
        stage,
        leader: found.exec.map(|(leader, _)| leader),
        guard,
        started: found.exec.map(|(_, at)| at),
        ended: found.end.map(|(_, at)| at),
        is_empty: found.is_empty,
        heritage: found.heritage,
    })
}

fn is_alive(identity: &Identity, boot: BootId) -> bool {
    identity.boot == boot && process::is_alive(identity)
}

fn is_locked(file: &File) -> bool {
    let is_locked = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    if !is_locked {
        // Nobody else may meet our own probing lock. Closing the file frees it in any case.
        let _ = file.unlock();
    }
    is_locked
}

#[cfg(test)]
mod tests;
