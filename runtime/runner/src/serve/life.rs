//! One attempt at a task: machine, journal and runs, joined.

use std::collections::{BTreeSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use aur_host::account::Role;
use aur_host::boot;
use aur_host::cgroup::RunGroup;
use aur_host::fault;
use aur_host::folder::{LifeFolder, make_folder};
use aur_host::journal::{Journal, Safety};
use aur_host::lock::Condition;
use aur_host::process::{self, Exit, Identity};
use aur_host::run_file::{self, ClaimError, End, RunFacts, RunFile};
use aur_host::spawn::{Launch, Running, spawn};
use aur_host::tree::Origin;
use aur_host::wake::Wake;
use aur_host::{PathError, boot::BootId};
use aur_ir as ir;
use aur_machine as machine;
use aur_machine::process::{Fact as ProcessFact, Report, Why};
use aur_machine::{Boot, Change, Effect, Event, Fact, Now, Runner, Stage, Stop, Task, Time, Turn, Work};

use super::farewell::Farewell;
use super::health::HealthWatch;
use super::length::{JournalLength, remove_run_files};
use super::limits::{self, Limits, place};
use super::outputs::{Ends, Outputs};
use super::probes::Probes;
use super::questions::{self, Questions};
use super::runs::{Demand, Key, Over, Runs, Table};
use super::{DISK_RETRY, Host, log};
use crate::RunnerError;
use crate::environment::Facts;
use crate::files::{self, TaskFiles};
use crate::request::{self, Answer, ControlRequest, Request, SignalRequest};
use crate::role::{self, RoleOrder};

/// How soon a run is looked at again whose child is just about to record itself. Each further look waits
/// twice as long, as a child that was stopped there may stay so.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
/// The longest wait for another look.
const LOOK_AT_LAST: Duration = Duration::from_secs(1);

/// A runner to which nothing happens for so long is at rest.
const REST: Duration = Duration::from_secs(2);

/// One attempt.
pub(crate) struct Life<'a> {
    pub(crate) task: Task,
    files: &'a TaskFiles,
    folder: LifeFolder,
    journal: Journal,
    length: JournalLength,
    zero_ms: i64,
    facts: Facts,
    environment: Vec<(OsString, OsString)>,
    runs: Runs,
    outputs: Outputs,
    questions: Questions,
    probes: Probes,
    health: Option<HealthWatch>,
    farewell: Option<Farewell>,
    limits: Limits,
    /// What the machine has not been told yet.
    events: VecDeque<Event>,
    /// What follows from taking the attempt over, until it is recorded.
    begun: Vec<Effect>,
    /// What waits for the disk.
    held: Vec<Effect>,
    /// Runs to be looked at again.
    unclear: Vec<Effect>,
    /// How often in a row some of them stayed so.
    looks: u32,
    /// Changes that are appended and not yet known to be durable.
    undurable: Unrecorded,
    /// Requests that were taken. They stay until the task is over: read again after a crash they change
    /// nothing, and one that came too late for this attempt counts against the next.
    answered: BTreeSet<PathBuf>,
    /// Answers that are given once what they rest on is durable.
    answers: Vec<(PathBuf, Answer)>,
    /// Whether a signal asked for the end.
    is_asked: bool,
    /// Whether nothing happened lately but that a time came.
    is_resting: bool,
}

/// What whoever asks a run something has to know of the attempt.
pub(super) struct Surroundings<'a> {
    pub(super) files: &'a TaskFiles,
    pub(super) task: &'a ir::Task,
    pub(super) facts: &'a Facts,
    pub(super) folder: &'a LifeFolder,
    /// What all programs of the attempt find in their environment.
    pub(super) environment: &'a [(OsString, OsString)],
    /// Whom they run as, if not as us.
    pub(super) role: Option<&'a Role>,
}

/// What the journal still owes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Unrecorded {
    /// Nothing.
    Nothing,
    /// Only what a restart finds out by itself.
    Tidings,
    /// Something that others rely on.
    Facts,
}

impl<'a> Life<'a> {
    /// Opens an attempt and takes it over.
    pub(crate) fn open(files: &'a TaskFiles, attempt: u32, host: &Host) -> Result<Self, RunnerError> {
        let folder = files.folder.life(attempt);
        let path = folder.journal();
        let (journal, payloads) = Journal::open(&path)?;
        let task = files::replay(files, &path, &payloads)?;
        let Some(header) = task.header() else {
            return Err(RunnerError::Damaged {
                path,
                message: "it has no first record".to_string(),
            });
        };
        let mut facts = Facts::new(
            header.task_id.clone(),
            header.instance,
            attempt,
            folder.sandbox(),
            files.order.nonce.clone(),
            header.ports.clone(),
        )?;
        facts.run_as(files.order.role.as_ref());
        let environment = facts.shared(files.order.environment, &host.bash);
        let since_boot = boot::since_boot();
        let zero_ms = task.clock_zero(host.boot.0, milliseconds(since_boot));
        let job = files.job()?;
        let probes = Probes::new(&job.task);
        let health = HealthWatch::new(job, &facts, &task)?;
        let farewell = Farewell::new(job, &facts)?;
        if task.runner().is_some() && (probes.have_programs(&job.task) || health.is_some()) {
            questions::end_orphans(&facts, host.boot)?;
        }
        let leftover = Duration::from_millis(files.spec.finalization_wait_ms / 2);
        let limits = Limits::open(files, &folder, &task, attempt)?;
        let isolation = Some(limits.isolation().clone());
        let mut life = Self {
            task,
            files,
            folder,
            journal,
            length: JournalLength::new(files.spec.processes.len()),
            zero_ms,
            facts,
            environment,
            runs: Runs::new(host.boot, leftover),
            outputs: Outputs::default(),
            questions: Questions::default(),
            probes,
            health,
            farewell,
            limits,
            events: VecDeque::new(),
            begun: Vec::new(),
            held: Vec::new(),
            unclear: Vec::new(),
            looks: 0,
            undurable: Unrecorded::Nothing,
            answered: BTreeSet::new(),
            answers: Vec::new(),
            is_asked: false,
            is_resting: false,
        };
        life.expect(Some(Event::Restored {
            runner: Runner {
                pid: std::process::id(),
                boot_id: host.boot.0,
                zero_ms,
                isolation,
            },
        }));
        Ok(life)
    }

    /// Looks at what an earlier runner had on its way, before anything else: every moment before this
    /// look is one in which an end goes unseen. What else follows waits for [`Life::run`].
    pub(crate) fn look_at_once(&mut self, host: &mut Host) -> Result<(), RunnerError> {
        if let Some(event) = self.events.pop_front() {
            let turn = self.task.turn(self.now(), event);
            self.append(&turn.changes)?;
            let mut effects = turn.effects;
            self.perform_urgent(&mut effects, host)?;
            self.begun = effects;
        }
        Ok(())
    }

    /// Puts an event in line.
    pub(crate) fn expect(&mut self, event: Option<Event>) {
        self.events.extend(event);
    }

    /// Runs the attempt until nothing follows and everything is on the disk.
    pub(crate) fn run(&mut self, host: &mut Host) -> Result<(), RunnerError> {
        self.take_requests()?;
        loop {
            self.settle(host)?;
            let is_finished = matches!(self.task.stage(), Stage::Finished { .. });
            if is_finished && self.undurable == Unrecorded::Nothing {
                self.limits.close();
                fault::point("attempt-over");
                return Ok(());
            }
            self.shorten_journal();
            if self.attend(host)? {
                continue;
            }
            let mut timeout = self.timeout();
            if !self.is_resting {
                timeout = Some(timeout.map_or(REST, |timeout| timeout.min(REST)));
            }
            let wakes = host.wait(timeout)?;
            if wakes.is_empty() && !self.is_resting {
                // It was quiet until a time came; a runner with nothing to do holds what it needs for that.
                process::forget_code();
            }
            self.is_resting = wakes.is_empty();
            for wake in wakes {
                self.take(wake, host)?;
            }
            self.runs.check(&mut host.waiter)?;
            self.collect();
            let event = self.limits.turn(&self.runs, &host.waiter);
            self.expect(event);
        }
    }

    /// Asks what is to be asked, and takes the answers in; returns whether the machine has to hear of it.
    fn attend(&mut self, host: &mut Host) -> Result<bool, RunnerError> {
        for (pid, exit) in self.runs.take_ended_helpers() {
            self.questions.helper_ended(pid, exit);
        }
        self.questions.give_up_late(host.boot);
        let role = self.files.order.role.as_ref().map(RoleOrder::role);
        let around = Surroundings {
            files: self.files,
            task: &self.files.job()?.task,
            facts: &self.facts,
            folder: &self.folder,
            environment: &self.environment,
            role: role.as_ref(),
        };
        let (task, questions, runs) = (&self.task, &mut self.questions, &mut self.runs);
        let ready = self.probes.attend(task, &around, questions, runs, host)?;
        let health = self.health.as_mut();
        let health = health.and_then(|health| health.attend(task, &around, questions, runs, host));
        let farewell = self.farewell.as_mut();
        let farewell =
            farewell.and_then(|farewell| farewell.attend(task, questions, &mut host.waiter, host.boot));
        self.expect(health);
        self.expect(farewell);
        for key in ready {
            self.report(key, Report::Ready);
        }
        Ok(!self.events.is_empty())
    }

    /// When something is to be asked, or counts as unanswered.
    fn next_question(&self) -> Option<Duration> {
        let next = [
            self.questions.next_at(),
            self.probes.next_at(),
            self.health.as_ref().and_then(HealthWatch::next_at),
            self.farewell.as_ref().and_then(Farewell::next_at),
        ];
        let next = next.into_iter().flatten().min()?;
        Some(next.saturating_sub(boot::since_boot()))
    }

    fn now(&self) -> Now {
        Now {
            time: Time::at(milliseconds(boot::since_boot()), self.zero_ms),
            wall_ms: boot::wall_ms(),
        }
    }

    /// How long nothing is to be done if nothing happens.
    fn timeout(&self) -> Option<Duration> {
        let now = self.now().time;
        let wake = self.task.next_wake(now);
        let wake = wake.map(|at| Duration::from_millis(at.since(now)));
        let is_waiting = !self.held.is_empty() || self.undurable != Unrecorded::Nothing;
        let retry = is_waiting.then_some(DISK_RETRY);
        let look = (!self.unclear.is_empty()).then(|| wait_to_look(self.looks));
        let questions = self.next_question();
        let limits = self.limits.next_turn();
        [wake, retry, look, self.runs.next_check(), questions, limits]
            .into_iter()
            .flatten()
            .min()
    }

    fn take(&mut self, wake: Wake, host: &mut Host) -> Result<(), RunnerError> {
        match wake {
            Wake::Child => {
                self.runs.reap();
                self.replace_copiers();
            }
            Wake::Told => self.runs.told(),
            Wake::Ended(pid) => self.runs.stranger_ended(pid, &mut host.waiter),
            Wake::Socket(number) => self.questions.go_on(number),
            Wake::Changed => self.take_requests()?,
            Wake::Written => self.limits.note_written(),
            Wake::Asked(_) => {
                self.is_asked = true;
                self.expect(Some(Event::Stop(Stop::Graceful { grace_ms: None })));
            }
        }
        Ok(())
    }

    fn replace_copiers(&mut self) {
        for (pid, exit) in self.runs.take_ended_aides() {
            if let Some(successor) = self.outputs.ended(pid, exit) {
                self.runs.add_aide(successor);
            }
        }
    }

    /// Whether a signal asked for the end of the task.
    pub(crate) fn is_asked_to_stop(&self) -> bool {
        self.is_asked
    }

    /// Removes the requests that were answered; for a task that is over.
    pub(crate) fn remove_answered(&self) {
        for path in &self.answered {
            // One that stays finds a finished task, which it cannot change.
            let _ = std::fs::remove_file(path);
        }
        request::remove_answers(&self.files.folder);
        fault::point("requests-removed");
    }

    fn take_requests(&mut self) -> Result<(), RunnerError> {
        for request in request::read_all(&self.files.folder)? {
            if self.answered.contains(&request.path) {
                continue;
            }
            if let Ok(Request::Signal(wanted)) = &request.request {
                self.send(&request.path, wanted)?;
                continue;
            }
            let path = request.path;
            self.answered.insert(path.clone());
            match request.request {
                Ok(Request::Stop(stop)) => self.expect(Some(Event::Stop(stop))),
                Ok(Request::Control(wanted)) => self.control(&path, &wanted),
                Ok(Request::Signal(_)) => {}
                Err(error) => log(&format!("a request was passed over: {error}")),
            }
        }
        Ok(())
    }

    /// Sends a signal that somebody asked for, at most once.
    fn send(&mut self, path: &Path, wanted: &SignalRequest) -> Result<(), RunnerError> {
        request::take(path)?;
        let names = self.files.spec.processes.iter();
        let process = names
            .map(|spec| &spec.name)
            .position(|name| *name == wanted.process);
        let sent = match process {
            Some(process) => self.runs.signal(process, wanted.number, wanted.reach)?,
            None => Vec::new(),
        };
        let answer = match sent.is_empty() {
            true => Answer::NotRunning,
            false => Answer::Sent(sent),
        };
        if let Err(error) = request::answer(path, &answer) {
            // The signal was sent; who waits for the answer gives up.
            log(&error.to_string());
        }
        Ok(())
    }

    /// Tells the machine what is wanted of a process; it heeds a request of one name once.
    fn control(&mut self, path: &Path, wanted: &ControlRequest) {
        let names = self.files.spec.processes.iter();
        let process = names
            .map(|spec| &spec.name)
            .position(|name| *name == wanted.process);
        let name = path.file_stem().and_then(OsStr::to_str);
        match (process, name) {
            (Some(process), Some(name)) => self.expect(Some(Event::Control {
                process,
                verb: wanted.verb,
                request: name.to_string(),
            })),
            _ => self
                .answers
                .push((path.to_path_buf(), Answer::Unchanged(Why::Impossible))),
        }
    }

    /// Notes the answer to a request about a process.
    fn note_answer(&mut self, request: &str, turn: &Turn) {
        let told = turn.changes.iter().find_map(|change| match &change.fact {
            // While the task goes on, what was overtaken is as it should be.
            Fact::Control {
                unchanged: Some(Why::Late),
                ..
            } if self.task.stage() == Stage::Active => Some(Answer::Unchanged(Why::NotDue)),
            Fact::Control { unchanged, .. } => Some(unchanged.map_or(Answer::Accepted, Answer::Unchanged)),
            _ => None,
        });
        let path = self.files.folder.requests().join(format!("{request}.json"));
        let answer = told.unwrap_or(match self.task.stage() {
            Stage::Finished { .. } => Answer::Unchanged(Why::Late),
            // It was heeded before, and only the answer was lost.
            Stage::New | Stage::Active | Stage::Cleaning(_) | Stage::Finalizing(_) => Answer::Accepted,
        });
        self.answers.push((path, answer));
    }

    /// Gives the answers whose records are durable, and takes their requests away.
    fn give_answers(&mut self) {
        for (path, answer) in std::mem::take(&mut self.answers) {
            let answered = request::answer(&path, &answer);
            fault::point("request-answered");
            match answered.and_then(|()| request::take(&path)) {
                Ok(()) => {
                    self.answered.remove(&path);
                }
                // Who waits for the answer gives up; what was asked for is on its way.
                Err(error) => log(&error.to_string()),
            }
        }
    }

    /// Tells the machine which runs are over.
    fn collect(&mut self) {
        for Over {
            key,
            end,
            finished_ms,
        } in self.runs.take_over()
        {
            fault::point("run-over");
            self.outputs.settle(key);
            if let Some(event) = self.limits.end(key, self.task.spec(), end, finished_ms) {
                self.expect(Some(event));
                continue;
            }
            let report = match end {
                End::Seen(exit) => Report::Exited {
                    exit: exit_of(exit),
                    finished_ms,
                },
                End::Unknown => Report::Lost,
            };
            self.report(key, report);
        }
    }

    fn report(&mut self, key: Key, report: Report) {
        self.expect(Some(Event::Report {
            process: key.process,
            run: key.run,
            report,
        }));
    }

    /// Decides, records and performs until nothing follows at once.
    fn settle(&mut self, host: &mut Host) -> Result<(), RunnerError> {
        let unclear = std::mem::take(&mut self.unclear);
        for effect in unclear {
            self.look(effect, host)?;
        }
        self.looks = match self.unclear.is_empty() {
            true => 0,
            false => self.looks.saturating_add(1),
        };
        self.expect(Some(Event::Tick));
        while !self.events.is_empty() {
            let mut effects = std::mem::take(&mut self.begun);
            while let Some(event) = self.events.pop_front() {
                let now = self.now();
                let request = match &event {
                    Event::Control { request, .. } => Some(request.clone()),
                    _ => None,
                };
                let turn = self.task.turn(now, event);
                if let Some(request) = request {
                    self.note_answer(&request, &turn);
                }
                fault::point("runner-decided");
                self.append(&turn.changes)?;
                effects.extend(turn.effects);
            }
            self.perform_urgent(&mut effects, host)?;
            match self.record() {
                Ok(()) => {
                    fault::point("runner-recorded");
                    self.give_answers();
                    let held = std::mem::take(&mut self.held);
                    self.perform(held.into_iter().chain(effects), host)?;
                }
                Err(error) if error.is_disk_full() => {
                    host.note(Condition::DiskFull);
                    let (held, free): (Vec<Effect>, Vec<Effect>) =
                        effects.into_iter().partition(Effect::needs_record);
                    self.held.extend(held);
                    self.perform(free, host)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn append(&mut self, changes: &[Change]) -> Result<(), RunnerError> {
        for change in changes {
            if matches!(change.fact, Fact::Finished { .. }) {
                // Whoever sees the end sees what was used as well.
                self.limits.measure_last();
            }
            self.journal.append(&machine::encode(change))?;
            self.undurable = self.undurable.max(weight(change));
        }
        Ok(())
    }

    /// Puts what the task came to in the place of a journal that has become long.
    fn shorten_journal(&mut self) {
        if self.undurable != Unrecorded::Nothing || !self.length.is_long(self.journal.bytes()) {
            return;
        }
        if let Err(error) = self.try_shorten_journal() {
            log(&format!("the journal stays long: {error}"));
        }
        self.length.note(self.journal.bytes());
    }

    fn try_shorten_journal(&mut self) -> Result<(), RunnerError> {
        let left = request::names_left(&self.files.folder)?;
        self.task.forget_requests(|request| left.contains(request));
        if let Some(summary) = self.task.summary(boot::wall_ms()) {
            self.journal.shorten(&machine::encode(&summary))?;
            fault::point("journal-shortened");
            remove_run_files(&self.folder, &self.task);
        }
        Ok(())
    }

    /// Brings the journal up to date. What a restart finds out by itself waits for the next sync.
    fn record(&mut self) -> Result<(), PathError> {
        let safety = match self.undurable {
            Unrecorded::Nothing | Unrecorded::Tidings => Safety::Written,
            Unrecorded::Facts => Safety::Durable,
        };
        self.journal.commit(safety)?;
        self.undurable = Unrecorded::Nothing;
        Ok(())
    }

    /// After a restart every moment before the first look is a moment in which an end goes unseen.
    fn perform_urgent(&mut self, effects: &mut Vec<Effect>, host: &mut Host) -> Result<(), RunnerError> {
        let is_look = |effect: &Effect| matches!(effect.work, Work::Look(_));
        let (looks, others): (Vec<Effect>, Vec<Effect>) = effects.drain(..).partition(is_look);
        *effects = others;
        for effect in looks {
            self.look(effect, host)?;
        }
        Ok(())
    }

    fn perform(
        &mut self,
        effects: impl IntoIterator<Item = Effect>,
        host: &mut Host,
    ) -> Result<(), RunnerError> {
        let mut is_disk_full = self.undurable != Unrecorded::Nothing;
        let mut table = Table::new(host.boot);
        for effect in effects {
            let key = Key {
                process: effect.process,
                run: effect.run,
            };
            match effect.work {
                Work::Look(_) => self.look(effect, host)?,
                Work::Terminate | Work::Kill if self.drop_held(key) => self.report(key, Report::NeverStarted),
                Work::Terminate => {
                    self.runs.demand(key, Demand::Terminate, &mut table)?;
                    fault::point("sigterm-sent");
                }
                Work::Kill => {
                    self.runs.demand(key, Demand::Kill, &mut table)?;
                    fault::point("sigkill-sent");
                }
                Work::Spawn if is_disk_full => self.held.push(effect),
                Work::Spawn => match self.spawn(key, host)? {
                    Spawned::Settled => table.forget(),
                    Spawned::DiskFull => {
                        is_disk_full = true;
                        self.held.push(effect);
                    }
                },
            }
        }
        if self.undurable == Unrecorded::Nothing {
            let is_held = !self.held.is_empty();
            host.note(if is_held {
                Condition::DiskFull
            } else {
                Condition::Fine
            });
        }
        Ok(())
    }

    /// Forgets a start that waits for the disk; returns whether there was one.
    fn drop_held(&mut self, key: Key) -> bool {
        let count = self.held.len();
        self.held
            .retain(|held| (held.process, held.run) != (key.process, key.run));
        self.held.len() < count
    }

    /// Finds out what became of a run that an earlier runner had on its way.
    fn look(&mut self, effect: Effect, host: &mut Host) -> Result<(), RunnerError> {
        let key = Key {
            process: effect.process,
            run: effect.run,
        };
        let Some(name) = self.name(key) else {
            return Ok(());
        };
        let intent_boot = match effect.work {
            Work::Look(Boot::Same) => host.boot,
            Work::Look(Boot::Other) | Work::Spawn | Work::Terminate | Work::Kill => BootId(0),
        };
        let path = self.folder.run_file(&name, key.run);
        let facts = run_file::look(&path, key.run, intent_boot, host.boot)?;
        match facts.stage {
            run_file::Stage::NeverStarted => self.report(key, Report::NeverStarted),
            run_file::Stage::BeforeExec => self.unclear.push(effect),
            run_file::Stage::StartFailed(number) => {
                let message = std::io::Error::from_raw_os_error(number).to_string();
                self.report(key, Report::SpawnFailed { message });
            }
            run_file::Stage::Alive => self.adopt(key, &name, &facts, None, host)?,
            run_file::Stage::Ended(end) => self.adopt(key, &name, &facts, Some(end), host)?,
            run_file::Stage::Gone => {
                // An init that does not reap keeps the status of the dead.
                let leader = facts.leader.filter(|leader| leader.boot == host.boot);
                let exit = leader.and_then(|leader| process::unreaped_exit(&leader));
                let end = exit.map_or(End::Unknown, End::Seen);
                self.adopt(key, &name, &facts, Some(end), host)?;
            }
        }
        Ok(())
    }

    /// Takes over a run whose leader or guard is alive, or that may have left something behind.
    fn adopt(
        &mut self,
        key: Key,
        name: &str,
        facts: &RunFacts,
        end: Option<End>,
        host: &mut Host,
    ) -> Result<(), RunnerError> {
        let leader = facts.leader.filter(|leader| leader.boot == host.boot);
        let finished_ms = facts.ended.map_or_else(boot::wall_ms, wall_of);
        // The group says why a run ended, and what it used, even if nothing of it is left.
        let group = self.limits.find(key, facts.heritage);
        let (Some(leader), false) = (leader, facts.is_empty) else {
            let over = Over {
                key,
                end: end.unwrap_or(End::Unknown),
                finished_ms,
            };
            self.runs.add_over(over);
            self.collect();
            return Ok(());
        };
        let file = RunFile::reopen(&self.folder.run_file(name, key.run), key.run)?;
        let marker = self.facts.marker(name, key.run);
        let guard = facts.guard;
        self.runs.add(
            key,
            Running { leader, guard },
            Origin::TakenOver,
            &marker,
            file,
            group,
        );
        // A guard that lives ends what its process left behind, and then itself.
        match end.filter(|_| guard.is_none()) {
            None => {
                host.waiter.watch_process(leader);
                if let Some(guard) = guard {
                    host.waiter.watch_process(guard);
                }
                let started_ms = facts.started.map_or_else(boot::wall_ms, wall_of);
                let age = facts.started.map(|at| boot::since_boot().saturating_sub(at));
                let adopted = Report::Adopted {
                    pid: leader.pid,
                    started_ms,
                    age_ms: age.map_or(0, milliseconds),
                };
                self.report(key, adopted);
            }
            Some(end) => {
                self.runs.leader_ended(key, end, finished_ms);
                self.runs.check(&mut host.waiter)?;
                self.collect();
            }
        }
        Ok(())
    }

    fn name(&self, key: Key) -> Option<String> {
        let process = self.files.spec.processes.get(key.process)?;
        Some(process.name.clone())
    }

    /// Starts a run and reports what came of it.
    fn spawn(&mut self, key: Key, host: &mut Host) -> Result<Spawned, RunnerError> {
        let tried = self.try_spawn(key, host);
        if tried.is_err() {
            self.limits.release(key);
        }
        let report = match tried {
            Ok(leader) => Report::Spawned {
                pid: leader.pid,
                started_ms: boot::wall_ms(),
            },
            Err(Refusal::DiskFull) => return Ok(Spawned::DiskFull),
            Err(Refusal::Failed(message)) => Report::SpawnFailed { message },
            Err(Refusal::StartedBefore) => {
                // The machine never asks twice, so only a damaged journal or folder leads here.
                let work = Work::Look(Boot::Same);
                let Key { process, run } = key;
                self.look(Effect { process, run, work }, host)?;
                return Ok(Spawned::Settled);
            }
        };
        self.report(key, report);
        Ok(Spawned::Settled)
    }

    fn try_spawn(&mut self, key: Key, host: &Host) -> Result<Identity, Refusal> {
        let job = self.files.job()?;
        let missing = || Refusal::Failed("the plan has no such process".to_string());
        let process = job.task.processes.get(key.process).ok_or_else(missing)?;
        let command = self.facts.command(process, &host.bash)?;
        let arguments: Vec<&OsStr> = command.arguments.iter().map(OsString::as_os_str).collect();
        let mut environment = self.environment.clone();
        environment.extend(self.facts.wanted(process)?);
        environment.extend(self.facts.own(&process.name, key.run));
        environment.extend(self.facts.profile());

        let path = self.folder.run_file(&process.name, key.run);
        if let Some(folder) = path.parent() {
            make_folder(folder)?;
        }
        let logger = self.files.logger(key.process);
        let Ends {
            stdout,
            stderr,
            copier,
        } = self
            .outputs
            .open(key, logger, &self.files.order, &self.folder, &process.name)?;
        fault::point("outputs-open");
        // In a folder where the role is at work a copier of ours could be led astray.
        let role = self.files.order.role.as_ref();
        let given = role.filter(|_| copier.is_none());
        let logs = self.folder.logs(&process.name, key.run);
        role::give_outputs(given, &self.folder, &logs)?;
        let role = role.map(RoleOrder::role);
        copier.into_iter().for_each(|pid| self.runs.add_aide(pid));
        let (group, doors) = self.limits.begin(key).map_err(limits::refusal)?;
        fault::point("group-made");
        let run_file = RunFile::claim(&path, key.run, host.boot)?;
        fault::point("runner-claimed");
        let heritage = group.as_ref().and_then(RunGroup::heritage);
        run_file.record_group(place(key), heritage)?;
        let sandbox = self.folder.sandbox();
        let launch = Launch {
            program: &command.program,
            arguments: &arguments,
            environment: &environment,
            directory: &sandbox,
            stdout,
            stderr,
            descriptor_limit: host.descriptor_limit,
            boot: host.boot,
            leftover_wait: self.runs.leftover_wait(),
            doors: &doors,
            role: role.as_ref(),
        };
        let running = match spawn(&launch, &run_file, host.guard()) {
            Ok(running) => running,
            // The child could not record itself: the run may be tried again.
            Err(error) if error.is_disk_full() => return Err(Refusal::DiskFull),
            Err(error) => {
                run_file.record_failed_start(error.error_number())?;
                return Err(Refusal::Failed(error.to_string()));
            }
        };
        fault::point("runner-started");
        if let Err(error) = role::give_output_folder(given, &logs) {
            log(&error.to_string());
        }
        let marker = self.facts.marker(&process.name, key.run);
        self.runs
            .add(key, running, Origin::Started, &marker, run_file, group);
        fault::point("runner-kept");
        Ok(running.leader)
    }
}

enum Spawned {
    /// Started or refused; reported either way.
    Settled,
    /// To be tried again.
    DiskFull,
}

/// Why a run was not started.
pub(super) enum Refusal {
    DiskFull,
    StartedBefore,
    Failed(String),
}

impl From<PathError> for Refusal {
    fn from(error: PathError) -> Self {
        if error.is_disk_full() {
            Self::DiskFull
        } else {
            Self::Failed(error.to_string())
        }
    }
}

impl From<ClaimError> for Refusal {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Path(error) => error.into(),
            ClaimError::Taken { .. } => Self::StartedBefore,
        }
    }
}

impl From<RunnerError> for Refusal {
    fn from(error: RunnerError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Whether a change can wait for the next sync: a restart finds these out by itself.
fn weight(change: &Change) -> Unrecorded {
    match &change.fact {
        Fact::Process { fact, .. } => match fact {
            ProcessFact::Running { .. } | ProcessFact::Stopping { .. } | ProcessFact::Killing { .. } => {
                Unrecorded::Tidings
            }
            ProcessFact::Intent
            | ProcessFact::Ready
            | ProcessFact::Held
            | ProcessFact::Freed { .. }
            | ProcessFact::Ended { .. } => Unrecorded::Facts,
        },
        Fact::Created(_)
        | Fact::Summary(_)
        | Fact::Runner(_)
        | Fact::Cleaning { .. }
        | Fact::Farewell
        | Fact::Health { .. }
        | Fact::Control { .. }
        | Fact::Hurried { .. }
        | Fact::Finalizing
        | Fact::Finished { .. } => Unrecorded::Facts,
    }
}

/// How long to wait for another look at runs that stayed unclear so often in a row.
fn wait_to_look(looks: u32) -> Duration {
    let wait = LOOK_AGAIN.saturating_mul(1_u32.checked_shl(looks.saturating_sub(1)).unwrap_or(u32::MAX));
    wait.min(LOOK_AT_LAST)
}

pub(super) fn exit_of(exit: Exit) -> machine::Exit {
    match exit {
        Exit::Code(code) => machine::Exit::Code(code),
        Exit::Signal(signal) => machine::Exit::Signal(signal),
    }
}

pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The wall clock at a moment of this boot.
pub(super) fn wall_of(since_boot: Duration) -> u64 {
    let ago = boot::since_boot().saturating_sub(since_boot);
    boot::wall_ms().saturating_sub(milliseconds(ago))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_stays_unclear_is_looked_at_ever_more_rarely() {
        let waits = [1, 2, 5, 9, 10, 11, 33, u32::MAX].map(wait_to_look);
        let wanted = [2, 4, 32, 512, 1_000, 1_000, 1_000, 1_000].map(Duration::from_millis);
        assert_eq!(waits, wanted);
    }
}
