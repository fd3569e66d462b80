//! One task, from its creation to its result.
//!
//! ```text
//! New ──Created──▶ Active ──complete, failures, stuck, Stop──▶ Cleaning ──nothing runs──▶ Finalizing
//!                                                                 │                           │
//!                              no budget left, nothing runs ──────┴──────▶ Finished ◀─────────┘
//! ```
//!
//! The result is settled when the task leaves `Active`; what happens later never changes it.
//!
//! Invariants
//! - A change is decided from the state alone, so a journal that ends in the middle of a turn goes on
//!   with the rest of that turn.
//! - Runs start only in `Active` (ordinary) and `Finalizing` (final).
//! - `Finished` is silent and final.

mod decide;
pub(crate) mod limits;
pub(crate) mod summary;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::{Now, Time, clock_zero};
use crate::health::Health;
use crate::plan::{Entry, Member, Plan, Role};
use crate::process::{self, Act, Misfit, Phase, Process, Report, Verb, Why};
use crate::record::{Change, Fact, Header, Runner};
use crate::spec::{Class, ProcessSpec, Spec};
use crate::words::{Exit, Reason, State, TaskReason, TaskState, Verdict};
use limits::Breach;

/// How many runs of one process are remembered; the journal has them all. Without a limit a daemon
/// would fill the memory of its runner.
pub const KEPT_RUNS: usize = 100;

/// A task and everything known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    spec: Arc<Spec>,
    stage: Stage,
    header: Option<Header>,
    runner: Option<Runner>,
    /// How many boots the task has seen.
    boots: u32,
    last: Time,
    slots: Vec<Slot>,
    ordinary: Plan,
    finals: Plan,
    health: Option<Health>,
    health_message: Option<String>,
    /// The requests that were heeded.
    requests: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Slot {
    process: Process,
    /// How many processes it still waits for.
    unmet: usize,
    /// Whether those that wait for its end know that it is done: they are told once.
    is_end_told: bool,
    /// Whether those that wait for it to be ready know: they are told once, whatever happens to it later.
    is_ready_told: bool,
    /// The boot in which the current run was recorded.
    boot: u32,
    /// The earliest next start on the wall clock.
    not_before_ms: Option<u64>,
    runs: VecDeque<Run>,
}

/// One run of a process, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its number, from 0.
    pub run: u32,
    /// Where it stands.
    pub state: State,
    /// Its child, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Wall clock of the start, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_ms: Option<u64>,
    /// Wall clock of the end, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_ms: Option<u64>,
    /// The status of its child, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<Exit>,
    /// Why it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What stood in the way of its start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nothing is recorded.
    New,
    /// Ordinary processes run.
    Active,
    /// What still runs is asked to end.
    Cleaning(Ending),
    /// Final processes run.
    Finalizing(Ending),
    /// Nothing follows.
    Finished {
        /// The result.
        verdict: Verdict,
        /// Why.
        reason: TaskReason,
    },
}

/// How a task that has left ACTIVE comes to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ending {
    /// The result.
    pub verdict: Verdict,
    /// Why.
    pub reason: TaskReason,
    /// When ordinary processes are killed.
    pub clean_by: Time,
    /// When everything is killed.
    pub budget_end: Time,
    /// Until when SIGTERM waits for what the task is asked over HTTP; `None` once it need not.
    pub farewell_end: Option<Time>,
}

/// What happens to a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It begins. Once, before anything else.
    Create {
        /// Its facts.
        header: Box<Header>,
        /// The runner that has it.
        runner: Runner,
    },
    /// A runner has rebuilt it from its journal.
    Restored {
        /// The runner that has it now.
        runner: Runner,
    },
    /// Time has passed.
    Tick,
    /// Someone wants it to end.
    Stop(Stop),
    /// Someone wants something of one process. Heeded for ordinary processes while the task is ACTIVE,
    /// for final ones while it is FINALIZING; recorded in any case, and never heeded twice.
    Control {
        /// The process, by its place in the plan.
        process: usize,
        /// What is wanted.
        verb: Verb,
        /// The name of the request, unique in the life of the task.
        request: String,
    },
    /// The health of the task was judged anew.
    Health {
        /// What it is now.
        health: Health,
        /// What was wrong with it.
        message: Option<String>,
    },
    /// The task was asked over HTTP to end, or cannot be.
    Farewell,
    /// It uses more disk than it may.
    DiskFilled,
    /// A run has ended because of a limit.
    Breached(Breach),
    /// The host reports about a run.
    Report {
        /// The process, by its place in the plan.
        process: usize,
        /// The run.
        run: u32,
        /// What the host knows.
        report: Report,
    },
}

/// How a task is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// SIGTERM, SIGKILL for the rest, final processes.
    Graceful {
        /// The budget from now on, milliseconds; `None` for the one of the task. A task that is ending
        /// already takes it only if it is shorter than what is left.
        grace_ms: Option<u64>,
    },
    /// SIGKILL, no final processes.
    Now,
}

/// One thing the host has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The process, by its place in the plan.
    pub process: usize,
    /// The run.
    pub run: u32,
    /// What.
    pub work: Work,
}

/// What the host has to do about a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Start its child and report `Spawned` or `SpawnFailed`; never if this run was started before.
    Spawn,
    /// SIGTERM to everything of it.
    Terminate,
    /// SIGKILL to everything of it.
    Kill,
    /// Find out what became of it and report `NeverStarted`, `Adopted`, `Exited` or `Lost`.
    Look(Boot),
}

/// Whether a run was recorded in the boot we live in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boot {
    /// It was.
    Same,
    /// It was not: nothing of it is alive, and that it never started cannot be known.
    Other,
}

/// The answer of the machine to one event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// What is to be made durable, in this order.
    pub changes: Vec<Change>,
    /// What is to be done after that, in this order.
    pub effects: Vec<Effect>,
    /// Why the event itself changed nothing, if so.
    pub unchanged: Option<Why>,
}

impl Effect {
    /// Whether it must wait until its change is durable. Ending what runs need not: on a full disk a
    /// task can still be stopped.
    pub fn needs_record(&self) -> bool {
        match self.work {
            Work::Spawn => true,
            Work::Terminate | Work::Kill | Work::Look(_) => false,
        }
    }
}

/// A journal that does not tell the life of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayError {
    /// The first record that does not fit what comes before it, from 0.
    pub record: usize,
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "record {} does not follow from the records before it",
            self.record
        )
    }
}

impl std::error::Error for ReplayError {}

/// Rebuilds a task from its journal; nothing is decided and nothing is done.
///
/// # Errors
/// A change does not fit the task at that point.
pub fn replay<'a>(
    spec: Arc<Spec>,
    changes: impl IntoIterator<Item = &'a Change>,
) -> Result<Task, ReplayError> {
    let mut task = Task::new(spec);
    for (record, change) in changes.into_iter().enumerate() {
        task.apply(change).map_err(|Misfit| ReplayError { record })?;
    }
    Ok(task)
}

impl Task {
    /// A task of which nothing is recorded.
    pub fn new(spec: Arc<Spec>) -> Self {
        let slots = spec.processes.iter().map(Slot::new).collect();
        let mut task = Self {
            spec: Arc::clone(&spec),
            stage: Stage::New,
            header: None,
            runner: None,
            boots: 0,
            last: Time::ZERO,
            slots,
            ordinary: Plan::default(),
            finals: Plan::default(),
            health: None,
            health_message: None,
            requests: BTreeSet::new(),
        };
        for (index, process) in spec.processes.iter().enumerate() {
            task.plan_mut(process.class).enrol(process.ephemeral);
            task.index(Entry::Add, index);
        }
        task
    }

    /// Takes one event: decides, applies, and goes on until nothing more follows from it.
    ///
    /// The caller makes the changes durable before it performs an effect that
    /// [needs its record](Effect::needs_record), then performs the effects in order.
    pub fn turn(&mut self, now: Now, event: Event) -> Turn {
        let mut turn = Turn::default();
        let mut decided = self.decide(now, event);
        turn.unchanged = decided.as_ref().err().copied();
        loop {
            if let Ok(changes) = decided
                && self.take(changes, &mut turn).is_err()
            {
                debug_assert!(false, "decided but not applicable: {turn:?}");
                return turn;
            }
            decided = self.decide(now, Event::Tick);
            if decided.is_err() {
                return turn;
            }
        }
    }

    fn take(&mut self, changes: Vec<Change>, turn: &mut Turn) -> Result<(), Misfit> {
        for change in changes {
            let effects = self.effects(&change);
            self.apply(&change)?;
            turn.effects.extend(effects);
            turn.changes.push(change);
        }
        Ok(())
    }

    /// Returns what the host has to do once `change` is durable; asked before it is applied.
    pub fn effects(&self, change: &Change) -> Vec<Effect> {
        match &change.fact {
            Fact::Runner(runner) => self.looks(runner),
            Fact::Process { process, run, fact }
            | Fact::Control {
                process,
                run,
                fact: Some(fact),
                ..
            } => {
                let act = self
                    .slots
                    .get(*process)
                    .and_then(|slot| process::act(&slot.process, fact));
                let work = act.map(|act| match act {
                    Act::Spawn => Work::Spawn,
                    Act::Terminate => Work::Terminate,
                    Act::Kill => Work::Kill,
                });
                work.map(|work| Effect {
                    process: *process,
                    run: *run,
                    work,
                })
                .into_iter()
                .collect()
            }
            Fact::Created(_)
            | Fact::Summary(_)
            | Fact::Cleaning { .. }
            | Fact::Farewell
            | Fact::Health { .. }
            | Fact::Control { fact: None, .. }
            | Fact::Hurried { .. }
            | Fact::Finalizing
            | Fact::Finished { .. } => Vec::new(),
        }
    }

    /// A new runner has to find out about every run that was on its way.
    fn looks(&self, runner: &Runner) -> Vec<Effect> {
        let is_this_boot = self
            .runner
            .as_ref()
            .is_some_and(|before| before.boot_id == runner.boot_id);
        self.alive()
            .map(|(process, run)| Effect {
                process,
                run,
                work: Work::Look(if is_this_boot && self.is_recorded_in_last_boot(process) {
                    Boot::Same
                } else {
                    Boot::Other
                }),
            })
            .collect()
    }

    fn is_recorded_in_last_boot(&self, process: usize) -> bool {
        self.slots
            .get(process)
            .is_some_and(|slot| slot.boot == self.boots)
    }

    /// Puts a recorded change into effect.
    ///
    /// # Errors
    /// The change does not fit; the task stays as it was.
    pub fn apply(&mut self, change: &Change) -> Result<(), Misfit> {
        match (&change.fact, self.stage) {
            (Fact::Created(header), Stage::New) => {
                self.header = Some(header.clone());
                self.stage = Stage::Active;
            }
            (Fact::Summary(summary), Stage::New) => self.restore(summary)?,
            (Fact::Runner(runner), Stage::Active | Stage::Cleaning(_) | Stage::Finalizing(_)) => {
                if self
                    .runner
                    .as_ref()
                    .is_none_or(|before| before.boot_id != runner.boot_id)
                {
                    self.boots = self.boots.saturating_add(1);
                }
                self.runner = Some(runner.clone());
            }
            (
                Fact::Process { process, run, fact },
                Stage::Active | Stage::Cleaning(_) | Stage::Finalizing(_),
            ) => self.apply_to_process(change, *process, *run, fact)?,
            (
                Fact::Cleaning {
                    verdict,
                    reason,
                    clean_by,
                    budget_end,
                    farewell_end,
                },
                Stage::Active,
            ) => {
                self.stage = Stage::Cleaning(Ending {
                    verdict: *verdict,
                    reason: *reason,
                    clean_by: *clean_by,
                    budget_end: *budget_end,
                    farewell_end: *farewell_end,
                });
            }
            (Fact::Farewell, Stage::Cleaning(ending)) => {
                self.stage = Stage::Cleaning(Ending {
                    farewell_end: None,
                    ..ending
                });
            }
            (Fact::Health { health, message }, Stage::Active) => {
                self.health = Some(*health);
                self.health_message.clone_from(message);
            }
            (
                Fact::Control {
                    process,
                    run,
                    request,
                    fact,
                    ..
                },
                Stage::Active | Stage::Cleaning(_) | Stage::Finalizing(_),
            ) => {
                if let Some(fact) = fact {
                    self.apply_to_process(change, *process, *run, fact)?;
                }
                self.requests.insert(request.clone());
            }
            (Fact::Hurried { clean_by, budget_end }, Stage::Cleaning(ending)) => {
                self.stage = Stage::Cleaning(ending.hurried(*clean_by, *budget_end));
            }
            (Fact::Hurried { clean_by, budget_end }, Stage::Finalizing(ending)) => {
                self.stage = Stage::Finalizing(ending.hurried(*clean_by, *budget_end));
            }
            (Fact::Finalizing, Stage::Cleaning(ending)) => self.stage = Stage::Finalizing(ending),
            (Fact::Finished { verdict, reason }, Stage::Cleaning(_) | Stage::Finalizing(_)) => {
                self.stage = Stage::Finished {
                    verdict: *verdict,
                    reason: *reason,
                };
            }
            (
                Fact::Created(_) | Fact::Summary(_),
                Stage::Active | Stage::Cleaning(_) | Stage::Finalizing(_) | Stage::Finished { .. },
            )
            | (
                Fact::Runner(_) | Fact::Process { .. } | Fact::Control { .. },
                Stage::New | Stage::Finished { .. },
            )
            | (Fact::Farewell, Stage::New | Stage::Active | Stage::Finalizing(_) | Stage::Finished { .. })
            | (
                Fact::Cleaning { .. } | Fact::Health { .. },
                Stage::New | Stage::Cleaning(_) | Stage::Finalizing(_) | Stage::Finished { .. },
            )
            | (
                Fact::Hurried { .. } | Fact::Finished { .. },
                Stage::New | Stage::Active | Stage::Finished { .. },
            )
            | (
                Fact::Finalizing,
                Stage::New | Stage::Active | Stage::Finalizing(_) | Stage::Finished { .. },
            ) => return Err(Misfit),
        }
        self.last = self.last.max(change.at);
        Ok(())
    }

    fn apply_to_process(
        &mut self,
        change: &Change,
        index: usize,
        run: u32,
        fact: &process::Fact,
    ) -> Result<(), Misfit> {
        let boots = self.boots;
        let slot = self.slots.get(index).ok_or(Misfit)?;
        let mut process = slot.process;
        process::apply(&mut process, change.at, run, fact)?;
        let spec = Arc::clone(&self.spec);
        let spec = spec.processes.get(index).ok_or(Misfit)?;
        self.index(Entry::Remove, index);
        let mut told: Vec<&[usize]> = Vec::new();
        if let Some(slot) = self.slots.get_mut(index) {
            slot.process = process;
            slot.note(change, run, fact, boots);
            if process.is_ready && !std::mem::replace(&mut slot.is_ready_told, true) {
                told.push(&spec.ready_successors);
            }
            if slot.is_done(spec) && !std::mem::replace(&mut slot.is_end_told, true) {
                told.push(&spec.successors);
            }
        }
        self.index(Entry::Add, index);
        if *fact == process::Fact::Intent {
            self.plan_mut(spec.class).is_launched = true;
        }
        told.into_iter().for_each(|successors| self.release(successors));
        Ok(())
    }

    /// Tells processes that one thing they wait for has come.
    fn release(&mut self, successors: &[usize]) {
        for &after in successors {
            self.index(Entry::Remove, after);
            if let Some(slot) = self.slots.get_mut(after) {
                slot.unmet = slot.unmet.saturating_sub(1);
            }
            self.index(Entry::Add, after);
        }
    }

    fn index(&mut self, entry: Entry, index: usize) {
        if let (Some(spec), Some(slot)) = (self.spec.processes.get(index), self.slots.get(index)) {
            let process = slot.process;
            let member = Member {
                role: slot.role(spec),
                unmet: slot.unmet,
                limit: process.limit(&spec.policy).map(|(at, _)| at),
            };
            self.plan_mut(spec.class).index(entry, index, &process, member);
        }
    }

    fn plan(&self, class: Class) -> &Plan {
        match class {
            Class::Ordinary => &self.ordinary,
            Class::Final => &self.finals,
        }
    }

    fn plan_mut(&mut self, class: Class) -> &mut Plan {
        match class {
            Class::Ordinary => &mut self.ordinary,
            Class::Final => &mut self.finals,
        }
    }

    /// Returns the next moment after `now` at which a [`Event::Tick`] is due; `None` if nothing waits
    /// for time. Asked after a turn at `now`.
    pub fn next_wake(&self, now: Time) -> Option<Time> {
        let limit = self.spec.max_concurrency;
        let (start, end) = match self.stage {
            Stage::New | Stage::Finished { .. } => return None,
            Stage::Active => (self.ordinary.next_start(now, limit), None),
            Stage::Cleaning(ending) => (None, ending.farewell_end),
            Stage::Finalizing(ending) => (self.finals.next_start(now, limit), Some(ending.budget_end)),
        };
        [
            start,
            end.filter(|at| *at > now),
            self.ordinary.next_deadline(now),
            self.finals.next_deadline(now),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Chooses the zero of the task's clock for a runner that takes it now, in boot `boot_id`,
    /// `since_boot_ms` after that boot; [`Time::at`] then reads the clock.
    pub fn clock_zero(&self, boot_id: u64, since_boot_ms: u64) -> i64 {
        let recorded = self
            .runner
            .as_ref()
            .map(|before| (before.zero_ms, before.boot_id, self.last));
        clock_zero(recorded, boot_id, since_boot_ms)
    }

    /// What the task consists of.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Where the task stands.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Where the task stands, as other programs see it; ACTIVE from before the first record.
    pub fn state(&self) -> TaskState {
        match self.stage {
            Stage::New | Stage::Active => TaskState::Active,
            Stage::Cleaning(_) => TaskState::Cleaning,
            Stage::Finalizing(_) => TaskState::Finalizing,
            Stage::Finished { verdict, .. } => verdict.into(),
        }
    }

    /// How healthy it is, once it was asked.
    pub fn health(&self) -> Option<Health> {
        self.health
    }

    /// What was wrong when its health was judged last.
    pub fn health_message(&self) -> Option<&str> {
        self.health_message.as_deref()
    }

    /// Whether the request of that name was heeded and recorded.
    pub fn has_heeded(&self, request: &str) -> bool {
        self.requests.contains(request)
    }

    /// The first record.
    pub fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// The runner that took the task last.
    pub fn runner(&self) -> Option<&Runner> {
        self.runner.as_ref()
    }

    /// The last recorded moment.
    pub fn last_time(&self) -> Time {
        self.last
    }

    /// Where a process stands, by its place in the plan.
    pub fn process(&self, index: usize) -> Option<&Process> {
        self.slots.get(index).map(|slot| &slot.process)
    }

    /// The last [`KEPT_RUNS`] runs of a process, oldest first.
    pub fn runs(&self, index: usize) -> impl DoubleEndedIterator<Item = &Run> {
        self.slots.get(index).into_iter().flat_map(|slot| &slot.runs)
    }

    /// The runs on their way, as process and run number.
    pub fn alive(&self) -> impl Iterator<Item = (usize, u32)> {
        let alive = self.ordinary.alive.iter().chain(&self.finals.alive);
        alive.filter_map(|index| Some((*index, self.slots.get(*index)?.process.last_run()?)))
    }

    /// The earliest next start of a process on the wall clock, if it waits to run again.
    pub fn not_before_ms(&self, index: usize) -> Option<u64> {
        let slot = self.slots.get(index)?;
        match slot.process.phase {
            Phase::Waiting { .. } if self.may_start(index) => slot.not_before_ms,
            Phase::Waiting { .. }
            | Phase::Starting
            | Phase::Running
            | Phase::Stopping { .. }
            | Phase::Held
            | Phase::Done(_) => None,
        }
    }

    /// Whether the stage allows a start of the process, now or later.
    pub(crate) fn may_start(&self, index: usize) -> bool {
        let class = self.spec.processes.get(index).map(|process| process.class);
        match (self.stage, class) {
            (Stage::New | Stage::Active, Some(_)) => true,
            (Stage::Cleaning(_) | Stage::Finalizing(_), Some(Class::Final)) => true,
            (Stage::Cleaning(_) | Stage::Finalizing(_), Some(Class::Ordinary))
            | (Stage::Finished { .. }, Some(_))
            | (_, None) => false,
        }
    }
}

impl Ending {
    /// There is no time any more to ask nicely.
    fn hurried(self, clean_by: Time, budget_end: Time) -> Self {
        Self {
            clean_by,
            budget_end,
            farewell_end: None,
            ..self
        }
    }
}

impl Slot {
    fn new(spec: &ProcessSpec) -> Self {
        Self {
            process: Process::new(),
            unmet: spec.waits_for,
            is_end_told: false,
            is_ready_told: false,
            boot: 0,
            not_before_ms: None,
            runs: VecDeque::new(),
        }
    }

    /// Whether those that wait for its end may start.
    fn is_done(&self, spec: &ProcessSpec) -> bool {
        match self.process.phase {
            Phase::Done(verdict) => verdict == Verdict::Success || spec.ephemeral,
            Phase::Waiting { .. }
            | Phase::Starting
            | Phase::Running
            | Phase::Stopping { .. }
            | Phase::Held => false,
        }
    }

    /// What the progress of its plan has to do with it.
    fn role(&self, spec: &ProcessSpec) -> Role {
        let may_tell = (!self.is_ready_told && !spec.ready_successors.is_empty())
            || (!self.is_end_told && !spec.successors.is_empty());
        match (spec.ephemeral, spec.is_support && may_tell) {
            (false, _) => Role::Counts,
            (true, true) => Role::Support,
            (true, false) => Role::Aside,
        }
    }

    /// Writes down what people want to know about a run.
    fn note(&mut self, change: &Change, run: u32, fact: &process::Fact, boots: u32) {
        if *fact == process::Fact::Intent {
            self.boot = boots;
            if self.runs.back().is_none_or(|last| last.run != run) {
                self.runs.push_back(Run::forked(run));
            }
            if self.runs.len() > KEPT_RUNS {
                self.runs.pop_front();
            }
        }
        if let process::Fact::Freed { not_before } = fact {
            self.not_before_ms = Some(change.not_before_ms(*not_before));
        }
        let Some(last) = self.runs.back_mut() else {
            return;
        };
        match fact {
            process::Fact::Intent
            | process::Fact::Ready
            | process::Fact::Held
            | process::Fact::Freed { .. } => {}
            process::Fact::Running { pid, started_ms, .. } => {
                last.state = State::Running;
                last.pid = Some(*pid);
                last.started_ms = Some(*started_ms);
            }
            process::Fact::Stopping { .. } | process::Fact::Killing { .. } => last.state = State::Running,
            process::Fact::Ended {
                verdict,
                reason,
                exit,
                finished_ms,
                message,
                next,
                ..
            } => {
                last.state = (*verdict).into();
                last.reason = Some(*reason);
                last.exit = *exit;
                last.finished_ms = *finished_ms;
                last.message.clone_from(message);
                self.not_before_ms = match next {
                    process::Next::Again { not_before } => Some(change.not_before_ms(*not_before)),
                    process::Next::Held | process::Next::Done | process::Next::GivenUp => None,
                };
            }
        }
    }
}

impl Run {
    fn forked(run: u32) -> Self {
        Self {
            run,
            state: State::Forked,
            pid: None,
            started_ms: None,
            finished_ms: None,
            exit: None,
            reason: None,
            message: None,
        }
    }
}
