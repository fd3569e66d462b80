//! What a fact makes of a process, and what the host has to do for it.

use super::{Act, Cause, Child, Demand, Fact, Misfit, Next, Phase, Process};
use crate::clock::Time;
use crate::words::Verdict;

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
