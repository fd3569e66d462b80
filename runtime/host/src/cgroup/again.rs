//! Using the group of a run once more, for a run that comes after it.
//!
//! Making a group and removing it costs more than starting a program. A group is used again if its run was
//! short, if nothing is alive in it, if it holds next to no memory, and if it is as it was made: no group
//! was made below it, nobody was killed by it, and, as the kernel's notices tell, nobody has written to it
//! but to enter it. Its counters go on, so that a run begins with what is in them, its [`Heritage`].

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use nix::sys::resource::{Resource, getrlimit};

use super::{Controller, Part, RunGroup, Version, files};
use crate::boot;

/// Groups that may be used again, those in use included. A task with more runs at one time makes the others
/// anew.
const MOST_KEPT: usize = 16;
/// One group is kept for so many files that may be open: each keeps about nine, and runs need some too.
const FILES_FOR_ONE: u64 = 64;
/// A run that lasts longer does not notice what a group costs.
const SHORT: Duration = Duration::from_secs(1);
/// Memory that earlier runs may leave in a group, bytes: pages of files that they read or wrote.
const MOST_LEFT_BYTES: u64 = 1 << 20;
/// Longer than any of the files that are read here.
const FILE_BYTES: usize = 2_048;
/// Files of a group that change although nobody meddles with it.
const HARMLESS: [&str; 7] = [
    "tasks",
    "cgroup.procs",
    "cgroup.events",
    "memory.events",
    "memory.events.local",
    PEAK_ONE,
    PEAK_TWO,
];
const PEAK_ONE: &str = "memory.max_usage_in_bytes";
const PEAK_TWO: &str = "memory.peak";

/// What a run finds in a group that runs before it had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heritage {
    /// The process that the group was made for, by its place in the plan.
    pub process: u32,
    /// The run that the group was made for; both name it.
    pub run: u32,
    /// Processor time that was used in it before, microseconds.
    pub cpu_us: u64,
    /// The most memory at one time before, bytes.
    pub peak_bytes: u64,
}

/// What a run used that is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Processor time, microseconds.
    pub cpu_us: Option<u64>,
    /// The most memory at one time, bytes.
    pub memory_peak_bytes: Option<u64>,
}

/// The groups that may be used again.
#[derive(Debug, Default)]
pub(super) struct Pool {
    notices: Option<Inotify>,
    idle: Vec<RunGroup>,
    /// Those in use included.
    kept: usize,
    /// How many there may be, once that was asked for.
    most: Option<usize>,
    /// Whom somebody meddled with.
    touched: BTreeSet<WatchDescriptor>,
    /// Whether notices were lost, so that nothing is known of any group.
    is_blind: bool,
}

/// The open files of a group that may be used again.
#[derive(Debug)]
pub(super) struct Handles {
    doors: Vec<Rc<File>>,
    folders: Vec<Rc<File>>,
    /// Whether a process can begin in the first of them.
    is_first_two: bool,
    watches: Vec<WatchDescriptor>,
    /// Tells whether anything is alive in it.
    alive: File,
    cpu: Option<(File, Version)>,
    memory: Option<Memory>,
    process: u32,
    run: u32,
    /// When the run that has it now began, as time since boot.
    began: Cell<Duration>,
    /// What was used before that: processor time and the most memory at one time; none in a new group.
    before: Cell<Option<(u64, u64)>>,
    /// Whether its processes were killed by it.
    is_spoilt: Cell<bool>,
}

#[derive(Debug)]
struct Memory {
    version: Version,
    now: File,
    peak: File,
    kills: File,
}

impl Pool {
    /// Takes a group for a run that is about to start.
    pub(super) fn take(&mut self) -> Option<RunGroup> {
        while let Some(group) = self.idle.pop() {
            match group.handles.as_deref().map(Handles::begin_again) {
                Some(Ok(())) => return Some(group),
                // A kernel whose counters cannot begin anew will not learn it.
                Some(Err(_)) | None => self.is_blind = true,
            }
            self.drop(&group);
        }
        None
    }

    /// Makes a new group one that may be used again, if there are not too many.
    pub(super) fn add(&mut self, group: &mut RunGroup, process: u32, run: u32) {
        if self.kept >= self.most() || self.is_blind {
            return;
        }
        // Where the system refuses something, the group is used once, as all others are.
        if let Ok(handles) = self.open(&group.parts, process, run) {
            group.handles = Some(Rc::new(handles));
            self.kept += 1;
        }
    }

    fn most(&mut self) -> usize {
        *self.most.get_or_insert_with(|| {
            let files = getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(soft, _)| soft);
            let groups = (files / FILES_FOR_ONE).saturating_sub(1);
            usize::try_from(groups).unwrap_or(MOST_KEPT).min(MOST_KEPT)
        })
    }

    /// Takes back the group of a run that is over, and removes one that is not to be used again.
    pub(super) fn take_back(&mut self, group: &RunGroup) {
        let Some(handles) = group.handles.as_deref() else {
            group.remove();
            return;
        };
        self.read_notices();
        let is_touched = handles.watches.iter().any(|watch| self.touched.contains(watch));
        let is_as_made = !self.is_blind && !is_touched && handles.is_as_made().unwrap_or(false);
        if is_as_made {
            self.idle.push(group.clone());
        } else {
            self.drop(group);
        }
    }

    /// Removes a group for good.
    pub(super) fn drop(&mut self, group: &RunGroup) {
        self.kept -= usize::from(group.handles.is_some());
        for watch in group.handles.iter().flat_map(|handles| &handles.watches) {
            self.touched.remove(watch);
            if let Some(notices) = &self.notices {
                // A folder that is removed takes its watch along.
                let _ = notices.rm_watch(*watch);
            }
        }
        group.remove();
    }

    fn read_notices(&mut self) {
        let Some(notices) = &self.notices else { return };
        while let Ok(events) = notices.read_events() {
            for event in events {
                self.is_blind |= event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW);
                let is_harmless = |name: &OsStr| HARMLESS.iter().any(|harmless| name == *harmless);
                let is_write = event.mask == AddWatchFlags::IN_MODIFY;
                if !is_write || !event.name.as_deref().is_some_and(is_harmless) {
                    self.touched.insert(event.wd);
                }
            }
        }
    }

    fn open(&mut self, parts: &[Part], process: u32, run: u32) -> io::Result<Handles> {
        let mut handles = Handles::open(parts, process, run)?;
        let notices = match self.notices.take() {
            Some(notices) => notices,
            None => Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?,
        };
        let notices = self.notices.insert(notices);
        let flags = AddWatchFlags::IN_MODIFY
            | AddWatchFlags::IN_ATTRIB
            | AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_DELETE;
        for part in parts {
            handles.watches.push(notices.add_watch(&part.folder, flags)?);
        }
        Ok(handles)
    }
}

impl Handles {
    fn open(parts: &[Part], process: u32, run: u32) -> io::Result<Self> {
        let first = parts.first().ok_or(io::ErrorKind::NotFound)?;
        let alive = match first.version {
            Version::Two => "cgroup.events",
            Version::One => "cgroup.procs",
        };
        let door = |part: &Part| part.open_door().map_err(|error| error.source);
        let cpu = cpu_file(parts).map(|(path, version)| Ok::<_, io::Error>((File::open(path)?, version)));
        let memory = parts.iter().find(|part| part.has_memory());
        Ok(Self {
            doors: parts.iter().map(door).collect::<io::Result<_>>()?,
            folders: parts
                .iter()
                .map(|part| File::open(&part.folder).map(Rc::new))
                .collect::<io::Result<_>>()?,
            is_first_two: first.version == Version::Two,
            watches: Vec::new(),
            alive: File::open(first.folder.join(alive))?,
            cpu: cpu.transpose()?,
            memory: memory.map(Memory::open).transpose()?,
            process,
            run,
            began: Cell::new(boot::since_boot()),
            before: Cell::new(None),
            is_spoilt: Cell::new(false),
        })
    }

    /// What a process writes to to enter the group.
    pub(super) fn doors(&self) -> impl Iterator<Item = Rc<File>> {
        self.doors.iter().map(Rc::clone)
    }

    /// The group behind the first door, if a process can begin in it.
    pub(super) fn folder(&self) -> Option<Rc<File>> {
        self.folders.first().filter(|_| self.is_first_two).cloned()
    }

    /// Notes that the group ended its processes.
    pub(super) fn spoil(&self) {
        self.is_spoilt.set(true);
    }

    /// What runs before have left in the counters; `None` in a group that is new.
    pub(super) fn heritage(&self) -> Option<Heritage> {
        let (cpu_us, peak_bytes) = self.before.get()?;
        Some(Heritage {
            process: self.process,
            run: self.run,
            cpu_us,
            peak_bytes,
        })
    }

    /// Whether nothing is alive in it, as the kernel has it.
    pub(super) fn is_deserted(&self) -> io::Result<bool> {
        let text = read(&self.alive)?;
        // Either the list of its own processes, or a line for each thing that there is to know.
        match text.is_empty() {
            true => Ok(!self.has_groups_below()?),
            false => Ok(files::value_of(&text, "populated") == Some(0)),
        }
    }

    /// What its run used so far.
    pub(super) fn spent(&self) -> Spent {
        let before = self.before.get().map_or(0, |(cpu_us, _)| cpu_us);
        let peak = self
            .memory
            .as_ref()
            .and_then(|memory| files::number(&read(&memory.peak).ok()?));
        Spent {
            cpu_us: self.cpu_us().map(|all| all.saturating_sub(before)),
            memory_peak_bytes: peak,
        }
    }

    fn cpu_us(&self) -> Option<u64> {
        let (file, version) = self.cpu.as_ref()?;
        cpu_of(&read(file).ok()?, *version)
    }

    fn is_as_made(&self) -> io::Result<bool> {
        let lasted = boot::since_boot().saturating_sub(self.began.get());
        if self.is_spoilt.get() || lasted >= SHORT || !self.is_deserted()? {
            return Ok(false);
        }
        let is_frozen = files::value_of(&read(&self.alive)?, "frozen") == Some(1);
        if is_frozen || self.has_groups_below()? {
            return Ok(false);
        }
        match &self.memory {
            Some(memory) => memory.is_as_made(),
            None => Ok(true),
        }
    }

    fn has_groups_below(&self) -> io::Result<bool> {
        for folder in &self.folders {
            // A folder without folders has two names: its own and the dot inside of it.
            if folder.metadata()?.nlink() > 2 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn begin_again(&self) -> io::Result<()> {
        let cpu_us = self.cpu_us().unwrap_or(0);
        let mut most = self.before.get().map_or(0, |(_, peak)| peak);
        if let Some(memory) = &self.memory {
            most = most.max(files::number(&read(&memory.peak)?).unwrap_or(0));
            // Any text begins anew: for everybody in version 1, for this file alone in version 2.
            memory.peak.write_all_at(b"0\n", 0)?;
            if memory.version == Version::One {
                most = 0;
            }
        }
        self.before.set(Some((cpu_us, most)));
        self.began.set(boot::since_boot());
        Ok(())
    }
}

impl Memory {
    fn open(part: &Part) -> io::Result<Self> {
        let (now, peak, kills) = match part.version {
            Version::One => ("memory.usage_in_bytes", PEAK_ONE, "memory.oom_control"),
            Version::Two => ("memory.current", PEAK_TWO, "memory.events"),
        };
        let peak = part.folder.join(peak);
        Ok(Self {
            version: part.version,
            now: File::open(part.folder.join(now))?,
            // Kernels that cannot begin anew do not let it be opened like this.
            peak: OpenOptions::new().read(true).write(true).open(peak)?,
            kills: File::open(part.folder.join(kills))?,
        })
    }

    fn is_as_made(&self) -> io::Result<bool> {
        let left = files::number(&read(&self.now)?);
        let kills = files::value_of(&read(&self.kills)?, "oom_kill");
        Ok(left.is_some_and(|left| left <= MOST_LEFT_BYTES) && kills == Some(0))
    }
}

/// Where the processor time of a group stands.
pub(super) fn cpu_file(parts: &[Part]) -> Option<(PathBuf, Version)> {
    parts.iter().find_map(|part| match part.version {
        Version::Two => Some((part.folder.join("cpu.stat"), Version::Two)),
        Version::One if part.controllers.contains(&Controller::Cpuacct) => {
            Some((part.folder.join("cpuacct.usage"), Version::One))
        }
        Version::One => None,
    })
}

/// The processor time in such a file, microseconds.
pub(super) fn cpu_of(text: &str, version: Version) -> Option<u64> {
    match version {
        Version::Two => files::value_of(text, "usage_usec"),
        Version::One => files::number(text).map(|nanoseconds| nanoseconds / 1_000),
    }
}

/// Where the most memory of a group at one time stands.
pub(super) fn peak_file(parts: &[Part]) -> Option<PathBuf> {
    let part = parts.iter().find(|part| part.has_memory())?;
    Some(part.folder.join(match part.version {
        Version::One => PEAK_ONE,
        Version::Two => PEAK_TWO,
    }))
}

/// Reads a file of the kernel from its beginning, in one call.
fn read(file: &File) -> io::Result<String> {
    let mut bytes = [0; FILE_BYTES];
    let count = file.read_at(&mut bytes, 0)?;
    let text = bytes.get(..count).unwrap_or_default();
    Ok(String::from_utf8_lossy(text).into_owned())
}
