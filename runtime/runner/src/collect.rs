//! Removing tasks that are over.
//!
//! A task is removed under the lock that its runner would take, after another look at its state, so
//! nobody who goes on with a task loses it. What is not over, or cannot be read, stays.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use aur_host::boot::BootId;
use aur_host::folder::TaskFolder;
use aur_host::lock::{LockError, RunnerLock};
use aur_host::{PathError, trash};
use aur_machine::{TaskState, TaskView};

use crate::files::Progress;
use crate::{RunnerError, State, list};

/// Which tasks that are over stay. A task stays that all of these keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Those that ended less than this ago.
    pub younger_than: Option<Duration>,
    /// So many, the last that ended.
    pub newest: Option<usize>,
    /// The last that ended, as long as together they take no more bytes.
    pub bytes: Option<u64>,
}

/// A task that is over, and is to be removed.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its folder.
    pub folder: TaskFolder,
    /// Its id.
    pub task_id: String,
    /// How it ended.
    pub state: TaskState,
    /// When it ended.
    pub ended: SystemTime,
    /// What it takes on the disk.
    pub bytes: u64,
}

/// What is to be removed.
#[derive(Clone, Debug, Default)]
pub struct Collection {
    /// Tasks, the oldest first.
    pub tasks: Vec<Candidate>,
    /// How many tasks that are over stay.
    pub kept: usize,
    /// What crashed creations and removals left.
    pub leftovers: Vec<PathBuf>,
}

/// Finds the tasks of a root that are over and that nothing keeps. Changes nothing.
///
/// # Errors
/// The tasks cannot be listed.
pub fn collectable(root: &Path, keep: &Keep, now: SystemTime) -> Result<Collection, PathError> {
    let mut over: Vec<Candidate> = list(root)?.into_iter().filter_map(candidate).collect();
    over.sort_by_key(|candidate| std::cmp::Reverse(candidate.ended));
    let mut kept_bytes = 0_u64;
    let mut collection = Collection {
        leftovers: trash::leftovers(root)?,
        ..Collection::default()
    };
    let mut is_full = false;
    for mut candidate in over {
        let age = now.duration_since(candidate.ended).unwrap_or_default();
        let is_old = keep.younger_than.is_some_and(|most| age >= most);
        let is_surplus = keep.newest.is_some_and(|most| collection.kept >= most);
        candidate.bytes = trash::size_of(candidate.folder.path());
        is_full |= keep
            .bytes
            .is_some_and(|most| kept_bytes.saturating_add(candidate.bytes) > most);
        if is_old || is_surplus || is_full {
            collection.tasks.push(candidate);
        } else {
            kept_bytes = kept_bytes.saturating_add(candidate.bytes);
            collection.kept += 1;
        }
    }
    collection.tasks.reverse();
    Ok(collection)
}

fn candidate(folder: TaskFolder) -> Option<Candidate> {
    let state = State::read(&folder).ok()?;
    if state.progress != Progress::Over || state.runner_pid.is_some() {
        return None;
    }
    let TaskView { task_id, state, .. } = state.view()?;
    let journal = folder.life(folder.last_attempt().ok()?).journal();
    let ended = journal.metadata().and_then(|found| found.modified()).ok()?;
    Some(Candidate {
        folder,
        task_id,
        state,
        ended,
        bytes: 0,
    })
}

/// Removes a task that is over; `false` if somebody has it in hand, or it is not over after all.
///
/// # Errors
/// It cannot be locked, read or removed.
pub fn remove_task(folder: &TaskFolder) -> Result<bool, RunnerError> {
    let _lock = match RunnerLock::take(&folder.lock(), BootId::current()?) {
        Ok(lock) => lock,
        Err(LockError::Held { .. }) => return Ok(false),
        // Someone else removed it.
        Err(LockError::Path(error)) if error.is_missing() => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    // Someone else may have removed it since it was listed.
    if !folder.exists()? || State::read(folder)?.progress != Progress::Over {
        return Ok(false);
    }
    trash::remove(folder.path())?;
    Ok(true)
}

/// Removes what a crashed creation or removal left.
///
/// # Errors
/// Something of it cannot be removed.
pub fn remove_leftover(path: &Path) -> Result<(), PathError> {
    trash::remove_tree(path)
}
