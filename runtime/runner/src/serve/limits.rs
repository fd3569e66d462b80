//! What a task may use: its control groups, how much disk it takes, and what it used.
//!
//! The kernel keeps to the limits of processor, memory and processes. The disk is measured, after
//! something was written, at most every five seconds and with at most a hundredth of a processor.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Error;
use std::path::PathBuf;
use std::time::Duration;

use aur_host::boot;
use aur_host::cgroup::{self, Confinement, Controller, Doors, Heritage, Mode, RunGroup, TaskGroup};
use aur_host::disk::{Measured, Scan, Watch};
use aur_host::folder::LifeFolder;
use aur_host::process;
use aur_host::run_file::End;
use aur_host::wake::Waiter;
use aur_host::{PathError, fault, process::Exit};
use aur_ir as ir;
use aur_machine::{Breach, Event, Isolation, Reason, Spec, Stage, Task};

use super::life::{Refusal, exit_of};
use super::log;
use super::runs::{Key, Runs};
use crate::RunnerError;
use crate::files::TaskFiles;
use crate::usage::{self, Recorded, shown};

/// Processes and threads of a task at one time: more than any honest one needs, fewer than a machine has.
const MOST_PIDS: u64 = 4_096;
/// The period over which the kernel deals out processor time, microseconds.
const PERIOD_US: f64 = 100_000.0;
/// From the beginning of one measurement to that of the next at least this long.
const SCAN_EVERY: Duration = Duration::from_secs(5);
/// The first measurement; a task that ends before is measured at its end.
const FIRST_SCAN: Duration = Duration::from_secs(2);
/// A measurement may cost this part of the time until the next.
const SCAN_SHARE: u32 = 100;
/// How often the disk is measured although nobody told of a write: memory that is a file says nothing.
const SCAN_ANYWAY: Duration = Duration::from_secs(300);
/// Entries that are looked at in one go; then whatever else has happened has its turn.
const SCAN_STEP: usize = 1_000;
/// Entries that are looked at when a task has ended.
const LAST_SCAN: usize = 100_000;

/// The limits of one attempt, and what it used.
#[derive(Debug)]
pub(crate) struct Limits {
    group: Option<TaskGroup>,
    isolation: Isolation,
    memory_bytes: u64,
    disk: Disk,
    /// The groups of the runs that are not over.
    runs: BTreeMap<Key, RunGroup>,
    /// Runs that are ended because of a limit, and what is said of them.
    breached: BTreeMap<Key, String>,
    /// What runs used that are over.
    recorded: Recorded,
    /// Processes of which nothing is to be added to the record any more.
    ended: BTreeSet<Key>,
    record: PathBuf,
}

/// How the disk is watched.
#[derive(Debug)]
struct Disk {
    limit: u64,
    sandbox: PathBuf,
    logs: PathBuf,
    watch: Option<Watch>,
    scan: Option<Scan>,
    /// When the last measurement began, since boot, and what it cost so far.
    began: Duration,
    cost: Duration,
    /// When the next one is due, since boot.
    due: Option<Duration>,
}

impl Limits {
    /// Makes the groups of an attempt and finds out what can be enforced.
    pub(crate) fn open(
        files: &TaskFiles,
        folder: &LifeFolder,
        task: &Task,
        attempt: u32,
    ) -> Result<Self, RunnerError> {
        let resources = &files.job()?.task.resources;
        let wanted = wanted(resources);
        let is_over = matches!(task.stage(), Stage::Finished { .. });
        let (group, confinement) = if is_over {
            let known = task.runner().and_then(|runner| runner.isolation.clone());
            return Ok(Self::with(None, known.unwrap_or_default(), resources, folder));
        } else {
            let name = group_name(&files.folder.id().to_string_lossy(), &files.order.nonce, attempt);
            TaskGroup::open(&name, &wanted, &folder.groups())?
        };
        if let Some(group) = &group {
            group.sweep();
        }
        let isolation = described(&confinement, resources.disk_bytes > 0);
        Ok(Self::with(group, isolation, resources, folder))
    }

    fn with(
        group: Option<TaskGroup>,
        isolation: Isolation,
        resources: &ir::Resources,
        folder: &LifeFolder,
    ) -> Self {
        let now = boot::since_boot();
        Self {
            group,
            isolation,
            memory_bytes: resources.ram_bytes,
            disk: Disk {
                limit: resources.disk_bytes,
                sandbox: folder.sandbox(),
                logs: folder.all_logs(),
                watch: None,
                scan: None,
                began: now,
                cost: Duration::ZERO,
                due: (resources.disk_bytes > 0).then_some(now + FIRST_SCAN),
            },
            runs: BTreeMap::new(),
            breached: BTreeMap::new(),
            recorded: usage::read(&folder.usage()).unwrap_or_default(),
            ended: BTreeSet::new(),
            record: folder.usage(),
        }
    }

    /// What confines the task.
    pub(crate) fn isolation(&self) -> &Isolation {
        &self.isolation
    }

    /// Gives a run its group, and what its process enters it by.
    pub(crate) fn begin(&mut self, key: Key) -> Result<(Option<RunGroup>, Doors), PathError> {
        let Some(group) = &mut self.group else {
            return Ok((None, Doors::default()));
        };
        let (run, doors) = group.begin(place(key), key.run)?;
        self.runs.insert(key, run.clone());
        Ok((Some(run), doors))
    }

    /// The group of a run that an earlier runner started.
    pub(crate) fn find(&mut self, key: Key, heritage: Option<Heritage>) -> Option<RunGroup> {
        let run = self.group.as_ref()?.of_run(place(key), key.run, heritage);
        let run = run.exists().then_some(run)?;
        self.runs.insert(key, run.clone());
        Some(run)
    }

    /// Takes in that a run was not started after all.
    pub(crate) fn release(&mut self, key: Key) {
        if let (Some(run), Some(group)) = (self.runs.remove(&key), &mut self.group) {
            group.release(&run);
        }
    }

    /// Takes in that a run is over: keeps what it used, takes its group back, and tells if a limit ended it.
    pub(crate) fn end(&mut self, key: Key, spec: &Spec, end: End, finished_ms: u64) -> Option<Event> {
        let run = self.runs.remove(&key);
        let (mut peak, mut oom_kills) = (0, 0);
        if let (Some(run), Some(group)) = (run, &mut self.group) {
            let spent = run.spent();
            peak = spent.memory_peak_bytes.unwrap_or(0);
            if !matches!(end, End::Unknown | End::Seen(Exit::Code(0))) {
                oom_kills = run.oom_kills();
            }
            if self.ended.insert(key)
                && let Some(process) = spec.processes.get(key.process)
            {
                self.recorded.add(&process.name, &spent);
            }
            group.end(&run);
            fault::point("group-removed");
        }
        let message = self.breached.remove(&key);
        let (reason, message) = match (message, end) {
            (_, End::Unknown | End::Seen(Exit::Code(0))) => return None,
            (Some(message), End::Seen(_)) => (Reason::Disk, message),
            (None, End::Seen(_)) if oom_kills > 0 => (Reason::Oom, self.out_of_memory(peak)),
            (None, End::Seen(_)) => return None,
        };
        let End::Seen(exit) = end else { return None };
        Some(Event::Breached(Breach {
            process: key.process,
            run: key.run,
            reason,
            message,
            exit: exit_of(exit),
            finished_ms,
        }))
    }

    fn out_of_memory(&self, peak: u64) -> String {
        let of_task = self
            .group
            .as_ref()
            .and_then(|group| group.usage().memory_peak_bytes);
        format!(
            "out of memory: the task may use {}; it used {}, this run {}",
            shown(self.memory_bytes),
            shown(of_task.unwrap_or(peak)),
            shown(peak)
        )
    }

    /// Takes in that something was written into sandbox or logs.
    pub(crate) fn note_written(&mut self) {
        self.disk.wants_scan();
    }

    /// When to call [`Limits::turn`] even if nothing happens.
    pub(crate) fn next_turn(&self) -> Option<Duration> {
        match self.disk.scan {
            Some(_) => Some(Duration::ZERO),
            None => self.disk.due.map(|due| due.saturating_sub(boot::since_boot())),
        }
    }

    /// Measures on, if it is time; tells if the task uses more than it may.
    pub(crate) fn turn(&mut self, runs: &Runs, waiter: &Waiter) -> Option<Event> {
        let found = self.disk.turn(waiter)?;
        self.recorded.task.disk_bytes = found.bytes;
        let every = self.disk.every();
        self.recorded.task.disk_every_seconds = (every > SCAN_EVERY).then_some(every.as_secs());
        self.write();
        if found.bytes <= self.disk.limit {
            return None;
        }
        let message = format!(
            "over its disk limit: sandbox and logs of the task may use {}; they use {}",
            shown(self.disk.limit),
            shown(found.bytes)
        );
        self.breached
            .extend(runs.keys().map(|key| (key, message.clone())));
        Some(Event::DiskFilled)
    }

    /// Keeps what was used in all: nothing of the attempt is alive, and its end is about to be recorded.
    pub(crate) fn measure_last(&mut self) {
        if let Some(group) = &self.group {
            self.recorded.add_task(&group.usage());
        }
        let mut scan = self.disk.new_scan();
        if let Some(found) = scan.step(LAST_SCAN, &mut None) {
            self.recorded.task.disk_bytes = found.bytes;
        }
        self.write();
    }

    /// Removes the groups, once the end of the attempt is recorded.
    pub(crate) fn close(&mut self) {
        if let Some(group) = self.group.take() {
            group.remove();
        }
    }

    /// A record that cannot be written costs nothing but the figures.
    fn write(&self) {
        if let Err(error) = usage::write(&self.record, &self.recorded) {
            log(&error.to_string());
        }
    }
}

impl Disk {
    fn new_scan(&self) -> Scan {
        Scan::of(&[&self.sandbox, &self.logs])
    }

    /// From the beginning of one measurement to that of the next.
    fn every(&self) -> Duration {
        SCAN_EVERY.max(self.cost.saturating_mul(SCAN_SHARE))
    }

    fn wants_scan(&mut self) {
        if self.limit > 0 {
            let next = self.began + self.every();
            self.due = Some(self.due.map_or(next, |due| due.min(next)));
        }
    }

    fn turn(&mut self, waiter: &Waiter) -> Option<Measured> {
        let now = boot::since_boot();
        if self.scan.is_none() {
            self.due.filter(|due| *due <= now)?;
            self.begin(now, waiter);
        }
        let before = process::thread_time();
        let found = self.scan.as_mut()?.step(SCAN_STEP, &mut self.watch);
        self.cost += process::thread_time().saturating_sub(before);
        let found = found?;
        self.scan = None;
        let is_watched = self.watch.as_ref().is_some_and(Watch::is_complete);
        let wait = if is_watched { SCAN_ANYWAY } else { self.every() };
        let next = self.began + wait.max(self.every());
        // A write that was told meanwhile has an earlier one due.
        self.due = Some(self.due.map_or(next, |due| due.min(next)));
        Some(found)
    }

    fn begin(&mut self, now: Duration, waiter: &Waiter) {
        if self.watch.is_none() {
            self.watch = Watch::new();
        }
        if let Some(watch) = &mut self.watch {
            watch.begin();
            if waiter.watch_writes(watch).is_err() {
                self.watch = None;
            }
        }
        self.scan = Some(self.new_scan());
        (self.began, self.cost, self.due) = (now, Duration::ZERO, None);
    }
}

/// A group that cannot be made is no full disk, whatever number the kernel gives.
pub(super) fn refusal(error: PathError) -> Refusal {
    Refusal::Failed(error.to_string())
}

fn wanted(resources: &ir::Resources) -> cgroup::Limits {
    let cpu_us = (resources.cpu * PERIOD_US).round();
    cgroup::Limits {
        // A float that is too large becomes the largest number there is.
        cpu_us: (cpu_us > 0.0).then_some(cpu_us as u64),
        memory_bytes: (resources.ram_bytes > 0).then_some(resources.ram_bytes),
        pids: Some(fault::most_pids().unwrap_or(MOST_PIDS)),
    }
}

/// The name of the group of an attempt: readable, unique by the nonce, and no longer than a file name.
fn group_name(task_id: &str, nonce: &str, attempt: u32) -> String {
    let mut cut = task_id.len().min(180);
    while !task_id.is_char_boundary(cut) {
        cut -= 1;
    }
    let id = task_id.get(..cut).unwrap_or_default();
    format!("{id}.{nonce}.{attempt}")
}

/// The place of a process in the plan, by which its groups are named.
pub(super) fn place(key: Key) -> u32 {
    u32::try_from(key.process).unwrap_or(u32::MAX)
}

/// Says what is enforced, and in one sentence what is not.
fn described(confinement: &Confinement, has_disk: bool) -> Isolation {
    let mut limits: Vec<String> = confinement
        .limits
        .iter()
        .map(|one| one.word().to_string())
        .collect();
    if has_disk {
        limits.push("disk".to_string());
    }
    let missing: Vec<&str> = [
        (Controller::Cpu, "processor time"),
        (Controller::Memory, "memory"),
        (Controller::Pids, "the number of processes"),
    ]
    .into_iter()
    .filter(|(controller, _)| !confinement.limits.contains(controller))
    .map(|(_, name)| name)
    .collect();
    let why = match confinement.obstacle {
        Some(number) => format!(
            "control groups cannot be used: {}",
            Error::from_raw_os_error(number)
        ),
        None if confinement.mode == Mode::None => "this system has no control groups".to_string(),
        None => "the control groups here do not offer it".to_string(),
    };
    let note = (!missing.is_empty()).then(|| format!("{} not limited: {why}", with_verb(&missing)));
    Isolation {
        cgroup: confinement.mode.word().to_string(),
        limits,
        note,
    }
}

/// `a is`, `a and b are`, `a, b and c are`.
fn with_verb(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("{one} is"),
        [rest @ .., last] => format!("{} and {last} are", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests;
