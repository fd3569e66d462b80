//! One attempt at a task: machine, journal and runs, joined.

use std::collections::{BTreeSet, VecDeque};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use aur_host::account::Role;
use aur_host::boot;
use aur_host::fault;
use aur_host::folder::LifeFolder;
use aur_host::journal::Journal;
use aur_host::lock::Condition;
use aur_host::process::{self, Exit};
use aur_host::run_file::End;
use aur_host::wake::Wake;
use aur_ir as ir;
use aur_machine as machine;
use aur_machine::process::Report;
use aur_machine::{Effect, Event, Now, Runner, Stage, Stop, Task, Time, Work};

use super::farewell::Farewell;
use super::health::HealthWatch;
use super::length::JournalLength;
use super::limits::Limits;
use super::outputs::Outputs;
use super::probes::Probes;
use super::questions::{self, Questions};
use super::runs::{Demand, Key, Over, Runs, Table};
use super::{DISK_RETRY, Host};
use crate::RunnerError;
use crate::environment::Facts;
use crate::files::{self, TaskFiles};
use crate::request::Answer;
use crate::role::RoleOrder;

mod look;
mod record;
mod requests;
mod start;

pub(super) use start::Refusal;

use look::wait_to_look;
use record::Unrecorded;
use start::Spawned;

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

    fn name(&self, key: Key) -> Option<String> {
        let process = self.files.spec.processes.get(key.process)?;
        Some(process.name.clone())
    }
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
