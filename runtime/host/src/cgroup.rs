//! Control groups: limits for a task, and one group for each run, by which all of it is found and ended.
//!
//! ```text
//! version 2                     version 1, a tree for each controller
//!   BASE/aur-tasks/TASK           BASE/aur-tasks/TASK        limits
//!   BASE/aur-tasks/TASK/RUN       memory, and the tree by which runs are ended:
//!                                 BASE/aur-tasks/TASK/RUN    one run
//! ```
//!
//! On a *hybrid* system the controllers are trees of version 1, and a tree of version 2 without them stands
//! beside; there limits are set in the former, and runs are followed and ended in the latter.
//!
//! BASE is the topmost group in which we may make others. The groups of a task are found again after a
//! crash because their paths are kept in a file. Only groups below a folder with our name are ever
//! touched. A runner holds a lock on the group of its task; a group that nobody holds, in which nothing
//! lives, and which is not new, belongs to a task that died, and whoever finds it removes it.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use crate::PathError;
use crate::error::AtPath;

mod again;
pub mod files;
pub mod layout;
mod parts;
mod run;
mod usage;

pub use again::{Heritage, Spent};
pub use run::RunGroup;
pub use usage::GroupUsage;

use again::Pool;
use layout::{Layout, Version};
use parts::{Part, Parts, make_parts};
use run::{run_group, run_name};

/// The folder that holds the groups of all tasks; nothing outside of it is touched.
const TOP: &str = "aur-tasks";
/// How long a group without a task is left alone: its task may be about to be taken up again.
const KEEP: Duration = Duration::from_secs(3_600);
/// How often a group is tried to be made that another runner removes at the same moment.
const MOST_TRIES: usize = 20;
/// How often a group is tried to be removed whose last process is on its way out.
const REMOVE_TRIES: usize = 5;
const REMOVE_AGAIN: Duration = Duration::from_millis(1);
/// Groups of a run that are looked at: a program may make groups inside of its own.
const MOST_GROUPS: usize = 4_096;

/// How groups are arranged on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One tree with all controllers.
    V2,
    /// A tree for each controller.
    V1,
    /// Trees of version 1 for the controllers, and one of version 2 without.
    Hybrid,
    /// None that we may use.
    None,
}

impl Mode {
    /// The word that users see.
    pub fn word(self) -> &'static str {
        match self {
            Self::V2 => "v2",
            Self::V1 => "v1",
            Self::Hybrid => "hybrid",
            Self::None => "none",
        }
    }
}

/// What limits or counts something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Controller {
    /// Limits processor time.
    Cpu,
    /// Counts processor time, in version 1.
    Cpuacct,
    /// Limits and counts memory.
    Memory,
    /// Limits and counts processes.
    Pids,
    /// Stops all processes of a group, in version 1.
    Freezer,
}

impl Controller {
    const ALL: [Self; 5] = [Self::Cpu, Self::Cpuacct, Self::Memory, Self::Pids, Self::Freezer];

    /// The kernel's name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cpuacct => "cpuacct",
            Self::Memory => "memory",
            Self::Pids => "pids",
            Self::Freezer => "freezer",
        }
    }

    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|controller| controller.word() == word)
    }

    fn is_limit(self) -> bool {
        match self {
            Self::Cpu | Self::Memory | Self::Pids => true,
            Self::Cpuacct | Self::Freezer => false,
        }
    }
}

/// What a task may use; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Processor time in each tenth of a second, microseconds.
    pub cpu_us: Option<u64>,
    /// Memory, bytes.
    pub memory_bytes: Option<u64>,
    /// Processes and threads at one time.
    pub pids: Option<u64>,
}

/// How a task came to be confined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confinement {
    /// The arrangement in use; [`Mode::None`] where no group could be made.
    pub mode: Mode,
    /// The limits that hold, of those that are wanted.
    pub limits: Vec<Controller>,
    /// Why something is missing: the kernel's error number; none where the system has no groups at all.
    pub obstacle: Option<i32>,
}

/// The groups of one task. Whoever holds this holds the lock on them.
#[derive(Debug)]
pub struct TaskGroup {
    parts: Vec<Part>,
    /// The doors of the trees in which runs have no groups of their own, opened once.
    doors: Vec<Rc<File>>,
    pool: Pool,
    _lock: File,
}

/// Open files by which a process enters groups: it writes `0` to each.
#[derive(Debug, Default)]
pub struct Doors {
    files: Vec<Rc<File>>,
    /// The group behind the first of them, where a process can begin in it.
    folder: Option<Rc<File>>,
}

impl Doors {
    /// The descriptors, which a child inherits.
    pub(crate) fn raw(&self) -> Vec<RawFd> {
        self.files.iter().map(|door| door.as_raw_fd()).collect()
    }

    /// The folder behind the first of them, which a child inherits as well.
    pub(crate) fn folder(&self) -> Option<RawFd> {
        self.folder.as_ref().map(|folder| folder.as_raw_fd())
    }
}

/// Finds out what is mounted here.
fn detect() -> Layout {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let offered =
        |mount: &Path| std::fs::read_to_string(mount.join("cgroup.controllers")).unwrap_or_default();
    Layout::parse(&read("/proc/self/mountinfo"), &read("/proc/self/cgroup"), offered)
}

impl TaskGroup {
    /// Makes the groups of a task, or finds them, and sets the limits. `name` is one part of a path.
    ///
    /// `record` keeps their paths, so that they are found from wherever the next runner comes. What
    /// cannot be had is told and is no error: the task runs without.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn open(
        name: &str,
        limits: &Limits,
        record: &Path,
    ) -> Result<(Option<Self>, Confinement), PathError> {
        let known = Parts::read(record);
        let layout = detect();
        let (parts, obstacle) = match known {
            Some(known) => (known, None),
            None => make_parts(&layout, name),
        };
        let mut parts = parts;
        let Some(lock) = parts.lock() else {
            let confinement = Confinement {
                mode: Mode::None,
                limits: Vec::new(),
                obstacle,
            };
            return Ok((None, confinement));
        };
        parts.follow_runs();
        let (held, refused) = parts.limit(limits);
        let confinement = Confinement {
            mode: parts.mode(&layout),
            limits: held,
            obstacle: obstacle.or(refused),
        };
        parts.write(record)?;
        let group = Self {
            parts: parts.0,
            doors: Vec::new(),
            pool: Pool::default(),
            _lock: lock,
        };
        Ok((Some(group), confinement))
    }

    /// Gives a run a group: one that was used before, or a new one under the name of the run. The process is
    /// named by its place in the plan.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn begin(&mut self, process: u32, run: u32) -> Result<(RunGroup, Doors), PathError> {
        let group = match self.pool.take() {
            Some(group) => group,
            None => {
                let mut group = self.make(&run_name(process, run))?;
                self.pool.add(&mut group, process, run);
                group
            }
        };
        let doors = self.doors(&group)?;
        Ok((group, doors))
    }

    /// Takes in that a run is over and its usage was read: its group is kept for another, or removed.
    pub fn end(&mut self, group: &RunGroup) {
        self.pool.take_back(group);
    }

    /// Takes in that a run was not started after all. Its group goes: the run may come again, and find a group
    /// under its name that another has by then.
    pub fn release(&mut self, group: &RunGroup) {
        self.pool.drop(group);
    }

    /// Makes the group of a run; one that exists is used.
    fn make(&self, name: &str) -> Result<RunGroup, PathError> {
        let group = self.find(name);
        for part in &group.parts {
            make(&part.folder).at("create group", &part.folder)?;
        }
        Ok(group)
    }

    /// Names the group of a run that another runner began, which may not exist.
    pub fn of_run(&self, process: u32, run: u32, heritage: Option<Heritage>) -> RunGroup {
        let named = heritage.map_or((process, run), |known| (known.process, known.run));
        RunGroup {
            heritage,
            ..self.find(&run_name(named.0, named.1))
        }
    }

    fn find(&self, name: &str) -> RunGroup {
        run_group(&self.parts, name)
    }

    /// Opens what a process has to enter to be in a run.
    fn doors(&mut self, run: &RunGroup) -> Result<Doors, PathError> {
        if self.doors.is_empty() {
            let task = self.parts.iter().filter(|part| !part.has_runs);
            self.doors = task.map(Part::open_door).collect::<Result<_, _>>()?;
        }
        let (own, folder): (Vec<Rc<File>>, _) = match &run.handles {
            Some(handles) => (handles.doors().collect(), handles.folder()),
            None => {
                let own = run.parts.iter().map(Part::open_door);
                let first = run.parts.first().filter(|part| part.version == Version::Two);
                let folder = first.and_then(|part| File::open(&part.folder).ok());
                (own.collect::<Result<_, _>>()?, folder.map(Rc::new))
            }
        };
        Ok(Doors {
            files: own.into_iter().chain(self.doors.iter().cloned()).collect(),
            folder,
        })
    }

    /// What the task used so far.
    pub fn usage(&self) -> GroupUsage {
        usage::of(&self.parts)
    }

    /// Removes the groups, and what dead tasks left beside them. What is in use stays.
    pub fn remove(self) {
        for part in self.parts.iter().rev() {
            remove(&part.folder);
            if let Some(top) = part.folder.parent() {
                // Only an empty one goes, and only one of ours; a runner that needs it makes it again.
                let _ = std::fs::remove_dir(top);
            }
        }
    }

    /// Removes groups of tasks that died: nobody holds them, nothing lives in them, they are not new.
    pub fn sweep(&self) {
        if let Some(first) = self.parts.first() {
            self.sweep_names(&dead_names(first, KEEP));
        }
    }

    fn sweep_names(&self, names: &[OsString]) {
        for name in names {
            let parts = self.parts.iter();
            let folders: Vec<PathBuf> = parts
                .filter_map(|part| Some(part.folder.parent()?.join(name)))
                .collect();
            let lock = folders.first().and_then(|first| File::open(first).ok());
            let is_ours = lock.as_ref().is_some_and(|lock| lock.try_lock().is_ok());
            if is_ours && folders.iter().all(|folder| is_deserted(folder)) {
                // The locked one goes last, so that nobody takes up what is half gone.
                folders.iter().rev().for_each(|folder| remove(folder));
            }
        }
    }
}

/// Looks up what a task used, for whoever does not run it; `None` if its groups are gone.
pub fn usage_of_task(record: &Path) -> Option<GroupUsage> {
    let parts = Parts::read(record)?;
    Some(usage::of(&parts.0))
}

/// Looks up what a run uses, for whoever does not run it; `None` if its group is gone. The process is named
/// by its place in the plan.
pub fn usage_of_run(record: &Path, process: u32, run: u32, heritage: Option<Heritage>) -> Option<GroupUsage> {
    let named = heritage.map_or((process, run), |known| (known.process, known.run));
    let group = run_group(&Parts::read(record)?.0, &run_name(named.0, named.1));
    let mut usage = group.exists().then(|| group.usage())?;
    if let Some(known) = heritage {
        usage.cpu_us = usage.cpu_us.map(|all| all.saturating_sub(known.cpu_us));
        // Below the peak of earlier runs the kernel cannot tell ours; what it holds now is part of it.
        let peak = usage.memory_peak_bytes.filter(|peak| *peak > known.peak_bytes);
        usage.memory_peak_bytes = peak.or(usage.memory_bytes);
    }
    Some(usage)
}

/// Names of task groups beside a part that have not changed for some time.
fn dead_names(part: &Part, age: Duration) -> Vec<OsString> {
    let Some(entries) = part.folder.parent().and_then(|top| std::fs::read_dir(top).ok()) else {
        return Vec::new();
    };
    let is_old = |entry: &std::fs::DirEntry| {
        let changed = entry.metadata().and_then(|data| data.modified()).ok();
        let passed = changed.and_then(|at| SystemTime::now().duration_since(at).ok());
        passed.is_some_and(|passed| passed >= age)
    };
    let own = part.folder.file_name();
    entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()) && is_old(entry))
        .map(|entry| entry.file_name())
        .filter(|name| Some(name.as_os_str()) != own)
        .collect()
}

fn is_deserted(group: &Path) -> bool {
    below(group)
        .iter()
        .all(|folder| files::pids(&read(folder, "cgroup.procs")).is_empty())
}

/// A group and the groups below it, outer ones first.
fn below(group: &Path) -> Vec<PathBuf> {
    let mut found = vec![group.to_path_buf()];
    let mut next = 0;
    while let Some(folder) = found.get(next).cloned() {
        next += 1;
        let entries = std::fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .filter_map(Result::ok);
        let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        found.extend(folders.map(|entry| entry.path()));
        if found.len() > MOST_GROUPS {
            break;
        }
    }
    found
}

/// Removes a group and the empty ones below it.
fn remove(group: &Path) {
    for folder in below(group).iter().rev() {
        for _ in 0..REMOVE_TRIES {
            match std::fs::remove_dir(folder) {
                Err(error) if error.raw_os_error() == Some(libc::EBUSY) => std::thread::sleep(REMOVE_AGAIN),
                Ok(()) | Err(_) => break,
            }
        }
    }
}

fn make(group: &Path) -> io::Result<()> {
    match std::fs::create_dir(group) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn read(group: &Path, file: &str) -> String {
    std::fs::read_to_string(group.join(file)).unwrap_or_default()
}

/// Writes in one call, as the kernel takes it. No file is made where the kernel has none.
fn write(group: &Path, file: &str, content: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(group.join(file))?;
    file.write_all(content.as_bytes())
}

#[cfg(test)]
mod tests;
