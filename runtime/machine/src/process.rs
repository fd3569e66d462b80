//! One process, from waiting to a verdict.
//!
//! ```text
//! Waiting ──Start──▶ Starting ──Spawned, Adopted──▶ Running
//!    ▲               │  ▲   └───────────┬──────────────┘ │
//!    │               └──┘               │ Exited,        │ Stop
//!    │           NeverStarted           │ SpawnFailed,   ▼
//!    └───────── again ───── settle ◀────┤ Lost       Stopping ──Tick──▶ Stopping
//!                             │         │            Terminate           Kill
//!                             └▶ Done ◀─┴─────────────────┴── any end ────┘
//! ```
//!
//! A stop leaves `Waiting` alone: nothing is alive that could be stopped, and whoever stops a task no
//! longer sends `Start`.
//!
//! Invariants
//! - At most one child is alive: a new run number leaves only from `Waiting`.
//! - A run number is spawned again only after the host swore that it never ran.
//! - `Done` is silent and final.
//! - After `Stop` any report of an end, or else time alone, leads to `Done`.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::clock::{Now, Time};
use crate::words::{Exit, Reason, Verdict};

/// How long a killed run may stay silent before it is given up, milliseconds. A process that the
/// kernel cannot end must not hold the task for ever.
pub const GIVE_UP_MS: u64 = 10_000;

/// What a process is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Failures after which it has failed for good; 0 is no limit.
    pub max_failures: u64,
    /// Least time from the end of a run to the next start, milliseconds.
    pub min_duration_ms: u64,
    /// Whether a success starts it again.
    pub daemon: bool,
}

/// Where a process stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    /// What is going on.
    pub phase: Phase,
    /// How many run numbers were given out; the current or last run is one less.
    pub runs: u32,
    /// Runs that ended as failed.
    pub failures: u64,
}

/// What is going on with a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    },
    /// Nothing follows.
    Done(Verdict),
}

/// What is known about the child of a run that is being stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Child {
    /// Its start was not reported yet.
    Expected,
    /// Its start was reported.
    Reported,
}

/// How a run is being ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    Tick,
    /// It has to end.
    Stop {
        /// When SIGKILL takes the place of SIGTERM; a time that has come means at once.
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
    },
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
    },
    /// It was asked to end.
    Stopping {
        /// When SIGKILL follows.
        kill_at: Time,
    },
    /// It is being killed.
    Killing {
        /// When it is given up as lost.
        give_up_at: Time,
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
        /// What comes after.
        next: Next,
    },
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
    /// Nothing.
    Done,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        }
    }

    /// Whether a run is on its way: started, or recorded to be started, and not ended.
    pub fn is_alive(&self) -> bool {
        match self.phase {
            Phase::Starting | Phase::Running | Phase::Stopping { .. } => true,
            Phase::Waiting { .. } | Phase::Done(_) => false,
        }
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
        Event::Tick => tick(process, now),
        Event::Stop { kill_at } => stop(process, now, kill_at),
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
    use Phase::{Done, Running, Starting, Stopping, Waiting};
    match process.phase {
        Waiting { not_before } if now.time < not_before => Outcome::Unchanged(Why::NotDue),
        Waiting { .. } => Outcome::Moved(process.runs, Fact::Intent),
        Starting | Running | Stopping { .. } | Done(_) => Outcome::Unchanged(Why::Late),
    }
}

fn tick(process: &Process, now: Now) -> Outcome {
    use Phase::{Done, Running, Starting, Stopping, Waiting};
    let moved = |fact| Outcome::Moved(process.runs.saturating_sub(1), fact);
    match process.phase {
        Waiting { .. } | Starting | Running => Outcome::Unchanged(Why::NotDue),
        Stopping { demand, .. } => match demand {
            Demand::Terminate { kill_at } if now.time < kill_at => Outcome::Unchanged(Why::NotDue),
            Demand::Terminate { .. } => moved(killing(now)),
            Demand::Kill { give_up_at } if now.time < give_up_at => Outcome::Unchanged(Why::NotDue),
            Demand::Kill { .. } => moved(over(Verdict::Lost, Reason::Lost)),
        },
        Done(_) => Outcome::Unchanged(Why::Late),
    }
}

fn stop(process: &Process, now: Now, kill_at: Time) -> Outcome {
    use Phase::{Done, Running, Starting, Stopping, Waiting};
    let demand = || {
        let fact = if kill_at <= now.time {
            killing(now)
        } else {
            Fact::Stopping { kill_at }
        };
        Outcome::Moved(process.runs.saturating_sub(1), fact)
    };
    match process.phase {
        Waiting { .. } => Outcome::Unchanged(Why::NotDue),
        Starting | Running => demand(),
        Stopping { demand: before, .. } => match before {
            // Only a harsher stop means anything to a run that is being stopped.
            Demand::Terminate { kill_at: due } if kill_at < due => demand(),
            Demand::Terminate { .. } | Demand::Kill { .. } => Outcome::Unchanged(Why::Late),
        },
        Done(_) => Outcome::Unchanged(Why::Late),
    }
}

/// Judges a report about the last run.
fn hear(policy: &Policy, process: &Process, now: Now, report: Report) -> Result<Fact, Why> {
    use Phase::{Done, Running, Starting, Stopping, Waiting};
    use Report::{Adopted, Exited, Lost, NeverStarted, SpawnFailed, Spawned};
    match (process.phase, report) {
        (
            Waiting { .. } | Done(_),
            Spawned { .. } | SpawnFailed { .. } | Exited { .. } | NeverStarted | Adopted { .. } | Lost,
        ) => Err(Why::Late),

        (Starting, Spawned { pid, started_ms } | Adopted { pid, started_ms }) => {
            Ok(Fact::Running { pid, started_ms })
        }
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
        // A short child can be reaped before its start is reported.
        (Starting | Running, Exited { exit, finished_ms }) => {
            Ok(settle(policy, process, now, End::of(exit, finished_ms)))
        }
        (Starting | Running, Lost) => Ok(settle(policy, process, now, End::lost())),

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
        )
        | (Stopping { .. }, Adopted { pid, started_ms }) => Ok(Fact::Running { pid, started_ms }),
        (
            Stopping {
                child: Child::Reported,
                ..
            },
            Spawned { .. } | SpawnFailed { .. },
        ) => Err(Why::Impossible),
        (Stopping { .. }, Exited { exit, finished_ms }) => Ok(Fact::Ended {
            verdict: Verdict::Killed,
            reason: Reason::Killed,
            exit: Some(exit),
            finished_ms: Some(finished_ms),
            message: None,
            next: Next::Done,
        }),
        (
            Stopping {
                child: Child::Expected,
                ..
            },
            SpawnFailed { .. } | NeverStarted,
        ) => Ok(over(Verdict::Killed, Reason::Killed)),
        (
            Stopping {
                child: Child::Reported,
                ..
            },
            NeverStarted,
        )
        | (Stopping { .. }, Lost) => Ok(over(Verdict::Lost, Reason::Lost)),
    }
}

fn killing(now: Now) -> Fact {
    Fact::Killing {
        give_up_at: now.time.plus(GIVE_UP_MS),
    }
}

/// The end of a process whose last run left no status.
fn over(verdict: Verdict, reason: Reason) -> Fact {
    Fact::Ended {
        verdict,
        reason,
        exit: None,
        finished_ms: None,
        message: None,
        next: Next::Done,
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
    fn of(exit: Exit, finished_ms: u64) -> Self {
        let (verdict, reason) = match exit {
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

/// Decides what comes after a run that ended by itself.
fn settle(policy: &Policy, process: &Process, now: Now, end: End) -> Fact {
    let is_spent = policy.max_failures != 0 && process.failures.saturating_add(1) >= policy.max_failures;
    let goes_on = match end.verdict {
        Verdict::Success => policy.daemon,
        Verdict::Failed => !is_spent,
        Verdict::Lost => true,
        Verdict::Killed => false,
    };
    let next = if goes_on {
        Next::Again {
            not_before: now.time.plus(policy.min_duration_ms),
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
        next,
    }
}

/// Returns what the host has to do once `fact` is recorded about `process`, seen before it is applied.
pub fn act(process: &Process, fact: &Fact) -> Option<Act> {
    use Phase::{Done, Running, Starting, Stopping, Waiting};
    match fact {
        Fact::Intent => Some(Act::Spawn),
        Fact::Killing { .. } => Some(Act::Kill),
        Fact::Ended { .. } => None,
        // SIGTERM waits for the child, so that it gets exactly one while no runner dies.
        Fact::Stopping { .. } => match process.phase {
            Running => Some(Act::Terminate),
            Waiting { .. } | Starting | Stopping { .. } | Done(_) => None,
        },
        Fact::Running { .. } => match process.phase {
            Stopping { demand, .. } => Some(match demand {
                Demand::Terminate { .. } => Act::Terminate,
                Demand::Kill { .. } => Act::Kill,
            }),
            Waiting { .. } | Starting | Running | Done(_) => None,
        },
    }
}

/// Puts a recorded fact about `run` into effect.
///
/// # Errors
/// The fact does not fit; the process stays as it was.
pub fn apply(process: &mut Process, run: u32, fact: &Fact) -> Result<(), Misfit> {
    if let (Phase::Waiting { .. }, Fact::Intent) = (process.phase, fact)
        && run == process.runs
    {
        process.runs = process.runs.checked_add(1).ok_or(Misfit)?;
        process.phase = Phase::Starting;
        return Ok(());
    }
    if process.last_run() != Some(run) {
        return Err(Misfit);
    }
    let (child, demand) = match process.phase {
        Phase::Waiting { .. } | Phase::Done(_) => return Err(Misfit),
        Phase::Starting => (Child::Expected, None),
        Phase::Running => (Child::Reported, None),
        Phase::Stopping { child, demand } => (child, Some(demand)),
    };
    process.phase = match fact {
        Fact::Intent if process.phase == Phase::Starting => Phase::Starting,
        Fact::Intent => return Err(Misfit),
        Fact::Running { .. } => match demand {
            None => Phase::Running,
            Some(demand) => Phase::Stopping {
                child: Child::Reported,
                demand,
            },
        },
        Fact::Stopping { kill_at } => Phase::Stopping {
            child,
            demand: Demand::Terminate { kill_at: *kill_at },
        },
        Fact::Killing { give_up_at } => Phase::Stopping {
            child,
            demand: Demand::Kill {
                give_up_at: *give_up_at,
            },
        },
        Fact::Ended { verdict, next, .. } => {
            if *verdict == Verdict::Failed {
                process.failures = process.failures.saturating_add(1);
            }
            match next {
                Next::Again { not_before } => Phase::Waiting {
                    not_before: *not_before,
                },
                Next::Done => Phase::Done(*verdict),
            }
        }
    };
    Ok(())
}
