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

mod apply;
mod decide;
#[cfg(test)]
mod tests;

pub use apply::{act, apply};
pub use decide::decide;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Time;
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
