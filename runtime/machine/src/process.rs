//! One process, from waiting to a verdict.
//!
//! ```text
//! Waiting ──Start──▶ Starting ──Spawned, Adopted──▶ Running ──Ready──▶ Running
//!    ▲               │  ▲   └───────────┬──────────────┘ │
//!    │               └──┘               │ Exited,        │ Stop, Control,
//!    │           NeverStarted           │ SpawnFailed,   ▼ or Tick at a limit
//!    ├───────── again ───── settle ◀────┤ Lost       Stopping ──Tick──▶ Stopping
//!    │                        │         │            Terminate           Kill
//!    │                        └▶ Done ◀─┴─────────────────┴── any end ────┤
//!    │                             │                                      │
//!    └──── Control: start ─────────┴───── Held ◀── Control: stop ─────────┘
//! ```
//!
//! Why a run is being stopped decides what follows on its end, see [`Cause`].
//!
//! A stop of the task leaves `Waiting` alone: nothing is alive that could be stopped, and whoever stops a
//! task no longer sends `Start`.
//!
//! Invariants
//! - At most one child is alive: a new run number leaves only from `Waiting`.
//! - A run number is spawned again only after the host swore that it never ran.
//! - `Done` and `Held` are silent, and only a person's start leads out of them.
//! - After `Stop` any report of an end, or else time alone, ends the run.
//! - A run that outlives SIGKILL is never followed by another, whoever asks.

#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::{Now, Time};
use crate::words::{Exit, Reason, Verdict};

/// How long a killed run may stay silent before it is given up, milliseconds. A process that the
/// kernel cannot end must not hold the task for ever.
pub const GIVE_UP_MS: u64 = 10_000;

/// What a process is allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Failures after which it has failed for good; 0 is no limit.
    pub max_failures: u64,
    /// Least time from the end of a run to the next start, milliseconds.
    pub min_duration_ms: u64,
    /// Whether a success starts it again.
    pub daemon: bool,
    /// Longest life of one run, milliseconds.
    pub timeout_ms: Option<u64>,
    /// What follows on a run whose end nobody saw.
    pub on_lost: OnLost,
    /// How the wait between failed runs grows, beside `min_duration_ms`.
    pub backoff: Option<Backoff>,
    /// A run has failed that does not say that it is ready in this time, milliseconds; `None` where
    /// nobody asks.
    pub ready_within_ms: Option<u64>,
    /// Whether something waits until it is ready: then a run that ends before has failed.
    pub is_awaited: bool,
}

/// What follows on a run whose end nobody saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnLost {
    /// Another run.
    #[default]
    Retry,
    /// Nothing: it has failed.
    Fail,
}

/// How the wait between failed runs grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first wait, milliseconds.
    pub min_ms: u64,
    /// How much longer each wait is than the last, in thousandths.
    pub factor_thousandths: u64,
    /// The longest wait, milliseconds.
    pub max_ms: u64,
    /// A run of this length starts the count anew, milliseconds.
    pub reset_after_ms: u64,
}

impl Backoff {
    /// Returns the wait behind so many failed runs in a row, milliseconds; 0 behind none.
    pub fn wait_ms(&self, streak: u32) -> u64 {
        let Some(growths) = streak.checked_sub(1) else {
            return 0;
        };
        let factor = self.factor_thousandths as f64 / 1_000.0;
        let growths = i32::try_from(growths).unwrap_or(i32::MAX);
        let wait = self.min_ms as f64 * factor.powi(growths);
        // A float beyond the range of the integer becomes its end.
        (wait.round() as u64).min(self.max_ms)
    }
}

/// Where a process stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Process {
    /// What is going on.
    pub phase: Phase,
    /// How many run numbers were given out; the current or last run is one less.
    pub runs: u32,
    /// Runs that ended as failed, since it was last started by a person.
    pub failures: u64,
    /// Failed runs in a row, as its back-off counts them.
    pub streak: u32,
    /// When the current or last run came to live.
    pub since: Time,
    /// Whether the current or last run said that it is ready.
    pub is_ready: bool,
    /// Whether the last run outlived SIGKILL: something of it may live on, so nobody can start another.
    pub is_given_up: bool,
}

/// What is going on with a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nothing is alive.
    Waiting {
        /// The earliest start.
        not_before: Time,
    },
    /// A start is recorded; whether a child exists is not known yet.
    Starting,
    /// A child is alive.
    Running,
    /// A child was asked to end, or will be as soon as there is one.
    Stopping {
        /// Whether there was a child to ask.
        child: Child,
        /// How far the asking has come.
        demand: Demand,
        /// Why.
        cause: Cause,
    },
    /// Nothing is alive, and nothing follows until somebody starts it.
    Held,
    /// Nothing follows.
    Done(Verdict),
}

/// Why a run is being stopped, and with it what follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The task is over: KILLED, and nothing follows.
    #[default]
    Task,
    /// Somebody stopped the process: KILLED, and nothing follows until somebody starts it.
    Hold,
    /// Somebody restarts the process: KILLED, and another run follows at once.
    Restart,
    /// The run broke a limit: FAILED for this reason, which counts, and what follows is as on any failure.
    Limit(Reason),
}

/// What somebody wants of one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// That it ends and stays so until it is started.
    Stop,
    /// That it runs again, after it ended or was stopped. Its failures so far are forgotten.
    Start,
    /// That it ends, if it runs, and runs again.
    Restart,
}

/// What is known about the child of a run that is being stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Child {
    /// Its start was not reported yet.
    Expected,
    /// Its start was reported.
    Reported,
}

/// How a run is being ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Demand {
    /// By SIGTERM.
    Terminate {
        /// When SIGKILL follows.
        kill_at: Time,
    },
    /// By SIGKILL.
    Kill {
        /// When it is given up as lost.
        give_up_at: Time,
    },
}

/// What happens to a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The order and the limits of its plan allow a start.
    Start,
    /// Time has passed.
    Tick {
        /// When SIGKILL follows, if this moment brings SIGTERM.
        kill_at: Time,
    },
    /// It has to end.
    Stop {
        /// When SIGKILL takes the place of SIGTERM; a time that has come means at once.
        kill_at: Time,
    },
    /// Somebody wants something of it.
    Control {
        /// What.
        verb: Verb,
        /// When SIGKILL follows, if this brings SIGTERM.
        kill_at: Time,
    },
    /// The host reports about a run.
    Report {
        /// The run in question.
        run: u32,
        /// What the host knows.
        report: Report,
    },
}

/// What the host says about a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// Its child was started.
    Spawned {
        /// The child.
        pid: u32,
        /// Wall clock of the start.
        started_ms: u64,
    },
    /// Its child could not be started, and will not be.
    SpawnFailed {
        /// What stood in the way, for people.
        message: String,
    },
    /// Everything of it has ended.
    Exited {
        /// The status of its child.
        exit: Exit,
        /// Wall clock of the end.
        finished_ms: u64,
    },
    /// After a restart: its start was recorded and never happened, nor can it happen any more.
    NeverStarted,
    /// After a restart: its child is alive.
    Adopted {
        /// The child.
        pid: u32,
        /// Wall clock of the start.
        started_ms: u64,
        /// How long it has lived, milliseconds on a clock that nobody sets.
        age_ms: u64,
    },
    /// It says that it is ready.
    Ready,
    /// It is over and nobody saw how, or nothing can end it.
    Lost,
}

/// What becomes of a process, as recorded in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A start was decided; again for the same run if the first one never happened.
    Intent,
    /// A child is known to live.
    Running {
        /// The child.
        pid: u32,
        /// Wall clock of the start.
        started_ms: u64,
        /// When it came to live, where that is not the moment of the record.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Time>,
    },
    /// It said that it is ready.
    Ready,
    /// It was asked to end.
    Stopping {
        /// When SIGKILL follows.
        kill_at: Time,
        /// Why.
        #[serde(default, skip_serializing_if = "is_default")]
        cause: Cause,
    },
    /// It is being killed.
    Killing {
        /// When it is given up as lost.
        give_up_at: Time,
        /// Why.
        #[serde(default, skip_serializing_if = "is_default")]
        cause: Cause,
    },
    /// Somebody stopped the process while nothing of it was alive.
    Held,
    /// Somebody started the process while nothing of it was alive.
    Freed {
        /// The earliest start.
        not_before: Time,
    },
    /// The run is over.
    Ended {
        /// How.
        verdict: Verdict,
        /// Why.
        reason: Reason,
        /// The status, where there is one.
        exit: Option<Exit>,
        /// Wall clock of the end, where it is known.
        finished_ms: Option<u64>,
        /// What stood in the way of a start.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// Failed runs in a row, for the back-off.
        #[serde(default, skip_serializing_if = "is_default")]
        streak: u32,
        /// What comes after.
        next: Next,
    },
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What comes after a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// Another run.
    Again {
        /// The earliest start.
        not_before: Time,
    },
    /// Nothing until somebody starts it.
    Held,
    /// Nothing.
    Done,
    /// Nothing ever, as something of the run may live on.
    GivenUp,
}

/// What the host has to do about a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Start its child, unless this run was started before.
    Spawn,
    /// SIGTERM to everything of it.
    Terminate,
    /// SIGKILL to everything of it.
    Kill,
}

/// The answer of the machine to one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This is to be recorded about the given run.
    Moved(u32, Fact),
    /// Nothing changes.
    Unchanged(Why),
}

/// Why an event changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Its time has not come, or there is nothing to do.
    NotDue,
    /// It was overtaken: what it says or asks for is already settled.
    Late,
    /// It contradicts what is known.
    Impossible,
}

/// A recorded fact that does not fit the state it is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misfit;

impl Process {
    /// A process that has not run yet.
    pub fn new() -> Self {
        Self {
            phase: Phase::Waiting {
                not_before: Time::ZERO,
            },
            runs: 0,
            failures: 0,
            streak: 0,
            since: Time::ZERO,
            is_ready: false,
            is_given_up: false,
        }
    }

    /// Whether a run is on its way: started, or recorded to be started, and not ended.
    pub fn is_alive(&self) -> bool {
        match self.phase {
            Phase::Starting | Phase::Running | Phase::Stopping { .. } => true,
            Phase::Waiting { .. } | Phase::Held | Phase::Done(_) => false,
        }
    }

    /// When its run breaks a limit, and which; `None` where none is in force.
    pub fn limit(&self, policy: &Policy) -> Option<(Time, Reason)> {
        match self.phase {
            Phase::Running => {}
            Phase::Waiting { .. }
            | Phase::Starting
            | Phase::Stopping { .. }
            | Phase::Held
            | Phase::Done(_) => return None,
        }
        let limit = |ms: Option<u64>, reason| ms.map(|ms| (self.since.plus(ms), reason));
        let ready = policy.ready_within_ms.filter(|_| !self.is_ready);
        let limits = [
            limit(policy.timeout_ms, Reason::Timeout),
            limit(ready, Reason::NotReady),
        ];
        limits.into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// The number of the current or last run.
    pub fn last_run(&self) -> Option<u32> {
        self.runs.checked_sub(1)
    }
}

impl Default for Process {
    fn default() -> Self {
        Self::new()
    }
}

/// Decides what one event does to a process.
pub fn decide(policy: &Policy, process: &Process, now: Now, event: Event) -> Outcome {
    match event {
        Event::Start => start(process, now),
        Event::Tick { kill_at } => tick(policy, process, now, kill_at),
        Event::Stop { kill_at } => stop(process, now, kill_at),
        Event::Control { verb, kill_at } => control(process, now, verb, kill_at),
        Event::Report { run, report } => match process.last_run() {
            None => Outcome::Unchanged(Why::Impossible),
            Some(last) if run > last => Outcome::Unchanged(Why::Impossible),
            Some(last) if run < last => Outcome::Unchanged(Why::Late),
            Some(last) => hear(policy, process, now, report)
                .map_or_else(Outcome::Unchanged, |fact| Outcome::Moved(last, fact)),
        },
    }
}

fn start(process: &Process, now: Now) -> Outcome {
    use Phase::{Done, Held, Running, Starting, Stopping, Waiting};
    match process.phase {
        Waiting { not_before } if now.time < not_before => Outcome::Unchanged(Why::NotDue),
        Waiting { .. } => Outcome::Moved(process.runs, Fact::Intent),
        Starting | Running | Stopping { .. } | Held | Done(_) => Outcome::Unchanged(Why::Late),
    }
}

fn tick(policy: &Policy, process: &Process, now: Now, kill_at: Time) -> Outcome {
    use Phase::{Done, Held, Running, Starting, Stopping, Waiting};
    let moved = |fact| Outcome::Moved(process.runs.saturating_sub(1), fact);
    match process.phase {
        Waiting { .. } | Starting => Outcome::Unchanged(Why::NotDue),
        Running => match process.limit(policy) {
            Some((at, reason)) if at <= now.time => moved(ending(now, kill_at, Cause::Limit(reason))),
            Some(_) | None => Outcome::Unchanged(Why::NotDue),
        },
        Stopping { demand, cause, .. } => match demand {
            Demand::Terminate { kill_at } if now.time < kill_at => Outcome::Unchanged(Why::NotDue),
            Demand::Terminate { .. } => moved(killing(now, cause)),
            Demand::Kill { give_up_at } if now.time < give_up_at => Outcome::Unchanged(Why::NotDue),
            Demand::Kill { .. } => moved(given_up(process.streak)),
        },
        Held | Done(_) => Outcome::Unchanged(Why::Late),
    }
}

fn stop(process: &Process, now: Now, kill_at: Time) -> Outcome {
    use Phase::{Done, Held, Running, Starting, Stopping, Waiting};
    let moved = |fact| Outcome::Moved(process.runs.saturating_sub(1), fact);
    match process.phase {
        Waiting { .. } => Outcome::Unchanged(Why::NotDue),
        Starting | Running => moved(ending(now, kill_at, Cause::Task)),
        Stopping {
            demand: before,
            cause,
            ..
        } => match before {
            // Only a harsher stop means anything to a run that is being stopped.
            Demand::Terminate { kill_at: due } if kill_at < due => moved(ending(now, kill_at, cause)),
            Demand::Terminate { .. } | Demand::Kill { .. } => Outcome::Unchanged(Why::Late),
        },
        Held | Done(_) => Outcome::Unchanged(Why::Late),
    }
}

fn control(process: &Process, now: Now, verb: Verb, kill_at: Time) -> Outcome {
    use Phase::{Done, Held, Running, Starting, Stopping, Waiting};
    let run = process.runs.saturating_sub(1);
    let freed = Fact::Freed { not_before: now.time };
    match (process.phase, verb) {
        (Waiting { .. }, Verb::Stop) => Outcome::Moved(run, Fact::Held),
        (Waiting { not_before }, Verb::Start | Verb::Restart) if now.time < not_before => {
            Outcome::Moved(run, freed)
        }
        // It starts as soon as the order allows.
        (Waiting { .. }, Verb::Start | Verb::Restart) => Outcome::Unchanged(Why::NotDue),
        (Starting | Running, Verb::Stop) => Outcome::Moved(run, ending(now, kill_at, Cause::Hold)),
        (Starting | Running, Verb::Restart) => Outcome::Moved(run, ending(now, kill_at, Cause::Restart)),
        (Starting | Running, Verb::Start) => Outcome::Unchanged(Why::Late),
        (Stopping { demand, cause, .. }, verb) => match (cause, verb) {
            (Cause::Restart | Cause::Limit(_), Verb::Stop) => {
                Outcome::Moved(run, asked_again(demand, Cause::Hold))
            }
            (Cause::Hold, Verb::Start | Verb::Restart) | (Cause::Limit(_), Verb::Restart) => {
                Outcome::Moved(run, asked_again(demand, Cause::Restart))
            }
            (Cause::Task, Verb::Stop | Verb::Start | Verb::Restart)
            | (Cause::Hold, Verb::Stop)
            | (Cause::Restart, Verb::Start | Verb::Restart)
            | (Cause::Limit(_), Verb::Start) => Outcome::Unchanged(Why::Late),
        },
        (Held | Done(_), Verb::Start | Verb::Restart) if process.is_given_up => {
            Outcome::Unchanged(Why::Impossible)
        }
        (Held | Done(_), Verb::Stop) => Outcome::Unchanged(Why::Late),
        (Held | Done(_), Verb::Start | Verb::Restart) => Outcome::Moved(run, freed),
    }
}

/// Judges a report about the last run.
fn hear(policy: &Policy, process: &Process, now: Now, report: Report) -> Result<Fact, Why> {
    use Phase::{Done, Held, Running, Starting, Stopping, Waiting};
    use Report::{Adopted, Exited, Lost, NeverStarted, Ready, SpawnFailed, Spawned};
    match (process.phase, report) {
        (
            Waiting { .. } | Held | Done(_),
            Spawned { .. }
            | SpawnFailed { .. }
            | Exited { .. }
            | NeverStarted
            | Adopted { .. }
            | Lost
            | Ready,
        ) => Err(Why::Late),

        (Starting, Spawned { pid, started_ms }) => Ok(Fact::Running {
            pid,
            started_ms,
            since: None,
        }),
        (
            Starting | Stopping { .. },
            Adopted {
                pid,
                started_ms,
                age_ms,
            },
        ) => Ok(Fact::Running {
            pid,
            started_ms,
            since: Some(now.time.minus(age_ms)).filter(|since| *since != now.time),
        }),
        (Starting, NeverStarted) => Ok(Fact::Intent),
        (Starting, SpawnFailed { message }) => Ok(settle(
            policy,
            process,
            now,
            End {
                verdict: Verdict::Failed,
                reason: Reason::StartError,
                exit: None,
                finished_ms: Some(now.wall_ms),
                message: Some(message),
            },
        )),
        (Starting, Ready) => Err(Why::Impossible),
        // A short child can be reaped before its start is reported.
        (Starting | Running, Exited { exit, finished_ms }) => Ok(settle(
            policy,
            process,
            now,
            End::of(policy, process, exit, finished_ms),
        )),
        (Starting | Running, Lost) => Ok(settle(policy, process, now, End::lost())),

        (Running, Ready) if policy.ready_within_ms.is_none() => Err(Why::Impossible),
        (Running, Ready) if process.is_ready => Err(Why::Late),
        (Running, Ready) => Ok(Fact::Ready),
        (Running, Spawned { .. } | SpawnFailed { .. }) => Err(Why::Impossible),
        (Running, Adopted { .. }) => Err(Why::Late),
        // It did start, so whatever says that it did not has lost its traces.
        (Running, NeverStarted) => Ok(settle(policy, process, now, End::lost())),

        // A demand that came before the child found nobody; `act` repeats it now that there is one.
        (
            Stopping {
                child: Child::Expected,
                ..
            },
            Spawned { pid, started_ms },
        ) => Ok(Fact::Running {
            pid,
            started_ms,
            since: None,
        }),
        (
            Stopping {
                child: Child::Reported,
                ..
            },
            Spawned { .. } | SpawnFailed { .. },
        ) => Err(Why::Impossible),
        (Stopping { .. }, Ready) => Err(Why::Late),
        (Stopping { cause, .. }, Exited { exit, finished_ms }) => {
            Ok(stopped(policy, process, now, cause, Some((exit, finished_ms))))
        }
        (
            Stopping {
                child: Child::Expected,
                cause,
                ..
            },
            SpawnFailed { .. } | NeverStarted,
        ) => Ok(stopped(policy, process, now, cause, None)),
        (
            Stopping {
                child: Child::Reported,
                cause,
                ..
            },
            NeverStarted,
        )
        | (Stopping { cause, .. }, Lost) => Ok(match cause {
            Cause::Limit(_) => settle(policy, process, now, End::lost()),
            Cause::Task | Cause::Hold | Cause::Restart => over(
                Verdict::Lost,
                Reason::Lost,
                process.streak,
                asked_next(cause, now),
            ),
        }),
    }
}

/// SIGTERM, or SIGKILL if its time has come.
fn ending(now: Now, kill_at: Time, cause: Cause) -> Fact {
    if kill_at <= now.time {
        killing(now, cause)
    } else {
        Fact::Stopping { kill_at, cause }
    }
}

fn killing(now: Now, cause: Cause) -> Fact {
    Fact::Killing {
        give_up_at: now.time.plus(GIVE_UP_MS),
        cause,
    }
}

/// The same demand for another reason.
fn asked_again(demand: Demand, cause: Cause) -> Fact {
    match demand {
        Demand::Terminate { kill_at } => Fact::Stopping { kill_at, cause },
        Demand::Kill { give_up_at } => Fact::Killing { give_up_at, cause },
    }
}

/// The end of a run that was being stopped; with its status and the wall clock of its end if it ran.
fn stopped(policy: &Policy, process: &Process, now: Now, cause: Cause, exit: Option<(Exit, u64)>) -> Fact {
    let (exit, finished_ms) = (exit.map(|(exit, _)| exit), exit.map(|(_, at)| at));
    match cause {
        Cause::Limit(reason) => {
            let end = End {
                verdict: Verdict::Failed,
                reason,
                exit,
                finished_ms,
                message: None,
            };
            settle(policy, process, now, end)
        }
        Cause::Task | Cause::Hold | Cause::Restart => Fact::Ended {
            verdict: Verdict::Killed,
            reason: Reason::Killed,
            exit,
            finished_ms,
            message: None,
            streak: process.streak,
            next: asked_next(cause, now),
        },
    }
}

/// What follows on a run that somebody asked to end.
fn asked_next(cause: Cause, now: Now) -> Next {
    match cause {
        Cause::Hold => Next::Held,
        Cause::Restart => Next::Again { not_before: now.time },
        Cause::Task | Cause::Limit(_) => Next::Done,
    }
}

/// The end of a process whose last run left no status.
fn over(verdict: Verdict, reason: Reason, streak: u32, next: Next) -> Fact {
    Fact::Ended {
        verdict,
        reason,
        exit: None,
        finished_ms: None,
        message: None,
        streak,
        next,
    }
}

/// The end of a run that outlives SIGKILL, as far as we wait for it.
fn given_up(streak: u32) -> Fact {
    let message = format!(
        "SIGKILL had no effect for {} s: something of it may live on",
        GIVE_UP_MS / 1_000
    );
    Fact::Ended {
        verdict: Verdict::Lost,
        reason: Reason::Lost,
        exit: None,
        finished_ms: None,
        message: Some(message),
        streak,
        next: Next::GivenUp,
    }
}

/// The end of a run that nobody asked for.
struct End {
    verdict: Verdict,
    reason: Reason,
    exit: Option<Exit>,
    finished_ms: Option<u64>,
    message: Option<String>,
}

impl End {
    fn of(policy: &Policy, process: &Process, exit: Exit, finished_ms: u64) -> Self {
        let (verdict, reason) = match exit {
            // What waits for it to be ready would wait for ever.
            Exit::Code(0) if policy.is_awaited && !process.is_ready => (Verdict::Failed, Reason::NotReady),
            Exit::Code(0) => (Verdict::Success, Reason::Exit),
            Exit::Code(_) => (Verdict::Failed, Reason::Exit),
            Exit::Signal(_) => (Verdict::Failed, Reason::Signal),
        };
        Self {
            verdict,
            reason,
            exit: Some(exit),
            finished_ms: Some(finished_ms),
            message: None,
        }
    }

    fn lost() -> Self {
        Self {
            verdict: Verdict::Lost,
            reason: Reason::Lost,
            exit: None,
            finished_ms: None,
            message: None,
        }
    }
}

/// Decides what comes after a run that nobody asked to end.
fn settle(policy: &Policy, process: &Process, now: Now, end: End) -> Fact {
    let is_spent = policy.max_failures != 0 && process.failures.saturating_add(1) >= policy.max_failures;
    let goes_on = match end.verdict {
        Verdict::Success => policy.daemon,
        Verdict::Failed => !is_spent,
        Verdict::Lost => policy.on_lost == OnLost::Retry,
        Verdict::Killed => false,
    };
    let streak = streak(policy, process, now, end.verdict);
    let wait_ms = match (end.verdict, policy.backoff) {
        (Verdict::Failed, Some(backoff)) => backoff.wait_ms(streak).max(policy.min_duration_ms),
        (Verdict::Failed | Verdict::Success | Verdict::Lost | Verdict::Killed, _) => policy.min_duration_ms,
    };
    let next = if goes_on {
        Next::Again {
            not_before: now.time.plus(wait_ms),
        }
    } else {
        Next::Done
    };
    Fact::Ended {
        verdict: end.verdict,
        reason: end.reason,
        exit: end.exit,
        finished_ms: end.finished_ms,
        message: end.message,
        streak,
        next,
    }
}

/// Counts the failed runs in a row. A success ends the row, and so does a run that lived long enough.
fn streak(policy: &Policy, process: &Process, now: Now, verdict: Verdict) -> u32 {
    let Some(backoff) = policy.backoff else {
        return 0;
    };
    // A run that never lived has no length.
    let has_lived = !matches!(process.phase, Phase::Starting);
    let is_long = has_lived && now.time.since(process.since) >= backoff.reset_after_ms;
    let before = if is_long { 0 } else { process.streak };
    match verdict {
        Verdict::Failed => before.saturating_add(1),
        Verdict::Success => 0,
        Verdict::Lost | Verdict::Killed => before,
    }
}

/// Returns what the host has to do once `fact` is recorded about `process`, seen before it is applied.
pub fn act(process: &Process, fact: &Fact) -> Option<Act> {
    use Phase::{Done, Held, Running, Starting, Stopping, Waiting};
    match fact {
        Fact::Intent => Some(Act::Spawn),
        Fact::Killing { .. } => Some(Act::Kill),
        Fact::Ended { .. } | Fact::Ready | Fact::Held | Fact::Freed { .. } => None,
        // SIGTERM waits for the child, so that it gets exactly one while no runner dies.
        Fact::Stopping { .. } => match process.phase {
            Running => Some(Act::Terminate),
            Waiting { .. } | Starting | Stopping { .. } | Held | Done(_) => None,
        },
        Fact::Running { .. } => match process.phase {
            Stopping { demand, .. } => Some(match demand {
                Demand::Terminate { .. } => Act::Terminate,
                Demand::Kill { .. } => Act::Kill,
            }),
            Waiting { .. } | Starting | Running | Held | Done(_) => None,
        },
    }
}

/// Puts a fact about `run`, recorded `at` this time, into effect.
///
/// # Errors
/// The fact does not fit; the process stays as it was.
pub fn apply(process: &mut Process, at: Time, run: u32, fact: &Fact) -> Result<(), Misfit> {
    match process.phase {
        Phase::Waiting { .. } | Phase::Held | Phase::Done(_) => apply_at_rest(process, run, fact),
        Phase::Starting => apply_alive(process, at, run, fact, Child::Expected, None),
        Phase::Running => apply_alive(process, at, run, fact, Child::Reported, None),
        Phase::Stopping { child, demand, cause } => {
            apply_alive(process, at, run, fact, child, Some((demand, cause)))
        }
    }
}

fn apply_at_rest(process: &mut Process, run: u32, fact: &Fact) -> Result<(), Misfit> {
    let is_waiting = matches!(process.phase, Phase::Waiting { .. });
    let is_last = run == process.runs.saturating_sub(1);
    match fact {
        Fact::Intent if is_waiting && run == process.runs => {
            process.runs = process.runs.checked_add(1).ok_or(Misfit)?;
            process.phase = Phase::Starting;
            process.is_ready = false;
        }
        Fact::Held if is_waiting && is_last => process.phase = Phase::Held,
        Fact::Freed { not_before } if is_last => {
            process.phase = Phase::Waiting {
                not_before: *not_before,
            };
            process.failures = 0;
            process.streak = 0;
        }
        Fact::Intent
        | Fact::Running { .. }
        | Fact::Ready
        | Fact::Stopping { .. }
        | Fact::Killing { .. }
        | Fact::Held
        | Fact::Freed { .. }
        | Fact::Ended { .. } => return Err(Misfit),
    }
    Ok(())
}

fn apply_alive(
    process: &mut Process,
    at: Time,
    run: u32,
    fact: &Fact,
    child: Child,
    asked: Option<(Demand, Cause)>,
) -> Result<(), Misfit> {
    if process.last_run() != Some(run) {
        return Err(Misfit);
    }
    process.phase = match fact {
        Fact::Intent if process.phase == Phase::Starting => Phase::Starting,
        Fact::Ready if process.phase == Phase::Running => {
            process.is_ready = true;
            Phase::Running
        }
        Fact::Intent | Fact::Ready | Fact::Held | Fact::Freed { .. } => return Err(Misfit),
        Fact::Running { since, .. } => {
            // One that was taken over before has told already how long it lives.
            if child == Child::Expected {
                process.since = since.unwrap_or(at);
            }
            match asked {
                None => Phase::Running,
                Some((demand, cause)) => Phase::Stopping {
                    child: Child::Reported,
                    demand,
                    cause,
                },
            }
        }
        Fact::Stopping { kill_at, cause } => Phase::Stopping {
            child,
            demand: Demand::Terminate { kill_at: *kill_at },
            cause: *cause,
        },
        Fact::Killing { give_up_at, cause } => Phase::Stopping {
            child,
            demand: Demand::Kill {
                give_up_at: *give_up_at,
            },
            cause: *cause,
        },
        Fact::Ended {
            verdict,
            streak,
            next,
            ..
        } => {
            if *verdict == Verdict::Failed {
                process.failures = process.failures.saturating_add(1);
            }
            process.streak = *streak;
            match next {
                Next::Again { not_before } => Phase::Waiting {
                    not_before: *not_before,
                },
                Next::Held => Phase::Held,
                Next::Done => Phase::Done(*verdict),
                Next::GivenUp => {
                    process.is_given_up = true;
                    Phase::Done(*verdict)
                }
            }
        }
    };
    Ok(())
}
