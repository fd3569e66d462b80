//! What an event does to a process: the fact that is to be recorded, or why there is none.

use super::{
    Cause, Child, Demand, Event, Fact, GIVE_UP_MS, Next, OnLost, Outcome, Phase, Policy, Process, Report,
    Verb, Why,
};
use crate::clock::{Now, Time};
use crate::words::{Exit, Reason, Verdict};

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
