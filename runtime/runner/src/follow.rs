//! Following a task from outside: every change as it is recorded, and the end of the runner.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aur_host::boot::BootId;
use aur_host::folder::{LogFiles, TaskFolder};
use aur_host::journal;
use aur_host::lock::{self, Condition, Holder};
use aur_host::wake::{Asked, Signals, Waiter, Wake};
use aur_machine::{Change, Task, TaskEvent, TaskEventKind, TaskView};

use crate::files::{self, Progress, TaskFiles};
use crate::{RunnerError, State, usage};

/// What a follower has to tell.
#[derive(Clone, Debug, PartialEq)]
pub enum Followed {
    /// Something was recorded.
    Event(Box<TaskEvent>),
    /// The task is over, all attempts included. Told again on every further call.
    Over,
    /// No runner has the task, and it is not over. Told again on every further call until one has.
    RunnerGone,
    /// The runner waits for space on the disk; nothing new starts. Told once each time.
    DiskFull,
    /// Someone sent us a signal.
    Asked(Asked),
    /// A log that [`Follower::watch_log`] was given may have grown.
    LogChanged,
    /// The time is up.
    TimedOut,
}

/// Follows one task through its attempts, from its first record on.
#[derive(Debug)]
pub struct Follower {
    files: TaskFiles,
    boot: BootId,
    waiter: Waiter,
    attempt: u32,
    journal: journal::Follower,
    records: usize,
    task: Task,
    ready: VecDeque<Followed>,
    runner: Option<Holder>,
    is_disk_full: bool,
    watches_logs: bool,
    consoles: BTreeMap<String, bool>,
    pace: Pace,
}

/// Keeps whoever follows a task that starts hundreds of processes a second from costing as much as it.
#[derive(Debug, Default)]
struct Pace {
    /// When the last look at the task ended.
    looked: Option<Instant>,
    /// Changes in a row that came soon after a look.
    soon: u32,
}

/// A change that comes so long after the last look is not one of many.
const SOON: Duration = Duration::from_millis(10);
/// So many changes in a row are told as soon as they come.
const MOST_AT_ONCE: u32 = 16;
/// Further ones are gathered for so long: nobody who reads along notices.
const GATHER: Duration = Duration::from_millis(20);

impl Pace {
    /// Takes in that the task was looked at.
    fn note_look(&mut self) {
        self.looked = Some(Instant::now());
    }

    /// Takes in that something changed; returns how long to wait for more.
    fn note_change(&mut self) -> Duration {
        let is_soon = self.looked.is_some_and(|looked| looked.elapsed() < SOON);
        self.soon = if is_soon { self.soon.saturating_add(1) } else { 0 };
        if self.soon > MOST_AT_ONCE {
            GATHER
        } else {
            Duration::ZERO
        }
    }
}

impl Follower {
    /// Begins to follow; good before the runner is started, so that no signal is missed.
    ///
    /// The signals are blocked for the calling thread, and for threads it makes later, and told by
    /// [`Follower::next`].
    ///
    /// # Errors
    /// The task cannot be read.
    pub fn open(folder: &TaskFolder, signals: Signals) -> Result<Self, RunnerError> {
        let files = TaskFiles::read(folder)?;
        let system = |source| RunnerError::System {
            action: "wait for changes",
            source,
        };
        let mut waiter = Waiter::new(signals).map_err(system)?;
        let path = folder.life(0).journal();
        waiter.watch_file(&path);
        waiter.watch_file(folder.path());
        // The lock file tells how the runner fares; it does not exist before the first runner.
        if folder.lock().exists() {
            waiter.watch_file(&folder.lock());
        }
        if folder.attempts().exists() {
            waiter.watch_file(&folder.attempts());
        }
        let mut follower = Self {
            journal: journal::Follower::open(&path)?,
            task: Task::new(Arc::clone(&files.spec)),
            boot: BootId::current()?,
            consoles: files.consoles(),
            files,
            waiter,
            attempt: 0,
            records: 0,
            ready: VecDeque::new(),
            runner: None,
            is_disk_full: false,
            watches_logs: false,
            pace: Pace::default(),
        };
        follower.look_for_runner()?;
        Ok(follower)
    }

    /// Returns the next thing to tell, waiting for it no longer than `timeout`; `None` is for ever.
    ///
    /// # Errors
    /// The files of the task cannot be read or understood.
    pub fn next(&mut self, timeout: Option<Duration>) -> Result<Followed, RunnerError> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            if let Some(followed) = self.ready.pop_front() {
                return Ok(followed);
            }
            // The order matters: a runner that is seen to be gone has recorded everything by then.
            let had_runner = self.runner.is_some();
            self.look_for_runner()?;
            self.read()?;
            if !self.ready.is_empty() {
                continue;
            }
            let attempts = self.files.attempts(self.attempt)?;
            match self.files.progress(&self.task, attempts)? {
                Progress::Over => return Ok(Followed::Over),
                Progress::Between { .. } if self.enter_next_attempt()? => continue,
                Progress::Between { .. } | Progress::Running => {}
            }
            if self.runner.is_none() {
                if had_runner {
                    // Look once more, as a successor may have come already.
                    continue;
                }
                return Ok(Followed::RunnerGone);
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Ok(Followed::TimedOut);
            }
            self.wait(left)?;
        }
    }

    /// Has [`Followed::LogChanged`] told when the log grows or is turned over; its folder must exist. False
    /// alarms are possible.
    pub fn watch_log(&mut self, path: &Path) {
        self.watches_logs = true;
        // The folder stays when the file gets another name.
        self.waiter.watch_file(path.parent().unwrap_or(path));
    }

    fn wait(&mut self, timeout: Option<Duration>) -> Result<(), RunnerError> {
        self.pace.note_look();
        let wakes = self.waiter.wait(timeout).map_err(|source| RunnerError::System {
            action: "wait for changes",
            source,
        })?;
        if wakes == [Wake::Changed] {
            std::thread::sleep(self.pace.note_change());
        }
        for wake in wakes {
            match wake {
                Wake::Asked(asked) => self.ready.push_back(Followed::Asked(asked)),
                Wake::Ended(pid) => self.waiter.unwatch_process(pid),
                Wake::Changed if self.watches_logs => self.ready.push_back(Followed::LogChanged),
                Wake::Child | Wake::Told | Wake::Changed | Wake::Socket(_) | Wake::Written => {}
            }
        }
        Ok(())
    }

    fn look_for_runner(&mut self) -> Result<(), RunnerError> {
        let path = self.files.folder.lock();
        let holder = lock::holder(&path, self.boot)?;
        let identity = holder.map(|holder| holder.identity);
        if let Some(identity) = identity.filter(|_| identity != self.runner.map(|known| known.identity)) {
            self.waiter.watch_file(&path);
            self.waiter.watch_process(identity);
        }
        self.runner = holder;
        let is_disk_full = holder.is_some_and(|holder| holder.condition == Condition::DiskFull);
        if is_disk_full && !self.is_disk_full {
            self.ready.push_back(Followed::DiskFull);
        }
        self.is_disk_full = is_disk_full;
        Ok(())
    }

    /// Takes in what was recorded since the last time.
    fn read(&mut self) -> Result<(), RunnerError> {
        let path = self.files.folder.life(self.attempt).journal();
        loop {
            let news = self.journal.read_new()?;
            if news.is_anew {
                self.task = Task::new(Arc::clone(&self.files.spec));
                self.records = 0;
            }
            let changes = files::decode_all(&path, self.records, &news.payloads)?;
            for change in changes {
                self.apply(&change, &path)?;
            }
            if !news.is_replaced {
                return Ok(());
            }
            // What is added to the new file before this is read in the next round.
            self.waiter.watch_file(&path);
        }
    }

    fn apply(&mut self, change: &Change, path: &Path) -> Result<(), RunnerError> {
        let record = self.records;
        self.task.apply(change).map_err(|_| RunnerError::Replay {
            path: path.to_path_buf(),
            source: aur_machine::ReplayError { record },
        })?;
        self.records += 1;
        for mut event in TaskEvent::all_of(&self.task, change) {
            if let TaskEventKind::TaskFinished { task } = &mut event.kind {
                usage::fill(task, &self.files.folder.life(self.attempt));
            }
            self.ready.push_back(Followed::Event(Box::new(event)));
        }
        Ok(())
    }

    /// Goes on with the next attempt if it has begun.
    fn enter_next_attempt(&mut self) -> Result<bool, RunnerError> {
        let attempt = self.attempt + 1;
        let folder = &self.files.folder;
        if folder.last_attempt()? < attempt {
            if folder.attempts().exists() {
                self.waiter.watch_file(&folder.attempts());
            }
            // It may have come between the two looks.
            if folder.last_attempt()? < attempt {
                return Ok(false);
            }
        }
        let path = folder.life(attempt).journal();
        self.waiter.watch_file(&path);
        // The folder tells when the journal is replaced.
        self.waiter.watch_file(folder.life(attempt).path());
        self.journal = journal::Follower::open(&path)?;
        self.task = Task::new(Arc::clone(&self.files.spec));
        self.records = 0;
        self.attempt = attempt;
        Ok(true)
    }

    /// The task as far as it was told.
    pub fn task(&self) -> &Task {
        &self.task
    }

    /// The task object as far as it was told; `None` before the first record.
    pub fn view(&self) -> Option<TaskView> {
        let mut view = TaskView::of(&self.task)?;
        view.runner_pid = self.runner.map(|holder| holder.identity.pid);
        Some(view)
    }

    /// What a run wrote, in the attempt that was told of last; as [`State::logs`].
    pub fn logs(&self, process: &str, run: u32) -> LogFiles {
        let life = self.files.folder.life(self.attempt);
        match self.consoles.get(process) {
            Some(false) => life.console(process, run),
            Some(true) | None => life.logs(process, run),
        }
    }

    /// What the console keeps of a run, in the attempt that was told of last; `None` where the output of
    /// the process does not go there.
    pub fn console(&self, process: &str, run: u32) -> Option<LogFiles> {
        self.consoles.get(process)?;
        Some(self.files.folder.life(self.attempt).console(process, run))
    }

    /// How the task stands as far as it was told.
    ///
    /// # Errors
    /// A file cannot be read or understood.
    pub fn state(&self) -> Result<State, RunnerError> {
        let attempts = self.files.attempts(self.attempt)?;
        Ok(State {
            plan: Arc::clone(&self.files.plan),
            job: self.files.order.job,
            progress: self.files.progress(&self.task, attempts)?,
            task: self.task.clone(),
            runner_pid: self.runner.map(|holder| holder.identity.pid),
            is_disk_full: self.is_disk_full,
            consoles: self.consoles.clone(),
            life: self.files.folder.life(self.attempt),
        })
    }

    /// The names of all processes, in the order of the plan.
    pub fn processes(&self) -> impl Iterator<Item = &str> {
        self.files
            .spec
            .processes
            .iter()
            .map(|process| process.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_many_changes_in_a_row_are_gathered() {
        let mut pace = Pace::default();
        assert_eq!(pace.note_change(), Duration::ZERO);
        for _ in 0..MOST_AT_ONCE {
            pace.looked = Some(Instant::now() + Duration::from_secs(60));
            assert_eq!(pace.note_change(), Duration::ZERO);
        }
        pace.looked = Some(Instant::now() + Duration::from_secs(60));
        assert_eq!(pace.note_change(), GATHER);
        pace.looked = None;
        assert_eq!(pace.note_change(), Duration::ZERO, "it was quiet");
    }
}
