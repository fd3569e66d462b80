//! What a task does next.

use crate::clock::{Now, Time};
use crate::health::Health;
use crate::plan::Plan;
use crate::process::{self, Outcome, Report, Verb, Why};
use crate::record::{Change, Fact, Runner};
use crate::spec::Class;
use crate::words::{TaskReason, Verdict};

use super::{Ending, Event, Stage, Stop, Task};

/// Least time between SIGTERM and SIGKILL when the budget allows it, milliseconds.
const LEAST_CLEANING_MS: u64 = 1_000;

/// The most time between SIGTERM and SIGKILL for a run that broke a limit, milliseconds.
const LIMIT_GRACE_MS: u64 = 5_000;

/// Returns the part of a budget that cleaning may use, so that final processes keep a share.
fn cleaning_share(budget_ms: u64) -> u64 {
    (budget_ms / 2).max(LEAST_CLEANING_MS).min(budget_ms)
}

impl Task {
    /// Decides what one event does to the task. What follows from these changes is decided by ticks,
    /// once they are applied; [`Task::turn`] does all of it.
    ///
    /// # Errors
    /// Says why nothing changes.
    pub fn decide(&self, now: Now, event: Event) -> Result<Vec<Change>, Why> {
        let facts = match event {
            Event::Create { header, runner } => match self.stage {
                Stage::New => Ok(vec![Fact::Created(*header), Fact::Runner(runner)]),
                Stage::Active | Stage::Cleaning(_) | Stage::Finalizing(_) | Stage::Finished { .. } => {
                    Err(Why::Late)
                }
            },
            Event::Restored { runner } => self.restored(runner),
            Event::Tick => self.follow(now),
            Event::Stop(stop) => self.stop(now, stop),
            Event::Control {
                process,
                verb,
                request,
            } => self.control(now, process, verb, request),
            Event::Health { health, message } => self.judge(health, message),
            Event::Farewell => match self.stage {
                Stage::Cleaning(Ending {
                    farewell_end: Some(_),
                    ..
                }) => Ok(vec![Fact::Farewell]),
                Stage::New | Stage::Active => Err(Why::Impossible),
                Stage::Cleaning(_) | Stage::Finalizing(_) | Stage::Finished { .. } => Err(Why::Late),
            },
            Event::DiskFilled => self.fill_disk(now),
            Event::Breached(breach) => self.broke_limit(now, breach),
            Event::Report { process, run, report } => self.hear(now, process, run, report),
        }?;
        let change = |fact| Change {
            at: now.time,
            wall_ms: now.wall_ms,
            fact,
        };
        Ok(facts.into_iter().map(change).collect())
    }

    fn restored(&self, runner: Runner) -> Result<Vec<Fact>, Why> {
        match self.stage {
            Stage::New => Err(Why::Impossible),
            Stage::Active | Stage::Cleaning(_) | Stage::Finalizing(_) => Ok(vec![Fact::Runner(runner)]),
            Stage::Finished { .. } => Err(Why::Late),
        }
    }

    fn stop(&self, now: Now, stop: Stop) -> Result<Vec<Fact>, Why> {
        match self.stage {
            Stage::New => Err(Why::Impossible),
            Stage::Active => {
                let budget_ms = match stop {
                    Stop::Graceful { grace_ms } => grace_ms.unwrap_or(self.grace_ms()),
                    Stop::Now => 0,
                };
                Ok(self.leave(now, budget_ms, Verdict::Killed, TaskReason::Stopped))
            }
            Stage::Cleaning(ending) | Stage::Finalizing(ending) => hurry(now, ending, stop),
            Stage::Finished { .. } => Err(Why::Late),
        }
    }

    fn control(&self, now: Now, index: usize, verb: Verb, request: String) -> Result<Vec<Fact>, Why> {
        let (Some(spec), Some(slot)) = (self.spec.processes.get(index), self.slots.get(index)) else {
            return Err(Why::Impossible);
        };
        if self.requests.contains(&request) {
            return Err(Why::Late);
        }
        let outcome = match (self.stage, spec.class) {
            (Stage::New, _) => return Err(Why::Impossible),
            (Stage::Finished { .. }, _) => return Err(Why::Late),
            (Stage::Active, Class::Ordinary) | (Stage::Finalizing(_), Class::Final) => {
                let kill_at = now.time.plus(cleaning_share(self.grace_ms()));
                let event = process::Event::Control { verb, kill_at };
                process::decide(&spec.policy, &slot.process, now, event)
            }
            (Stage::Active | Stage::Cleaning(_), Class::Final) => Outcome::Unchanged(Why::NotDue),
            (Stage::Cleaning(_) | Stage::Finalizing(_), Class::Ordinary) => Outcome::Unchanged(Why::Late),
        };
        let (fact, unchanged) = match outcome {
            Outcome::Moved(_, fact) => (Some(fact), None),
            Outcome::Unchanged(why) => (None, Some(why)),
        };
        Ok(vec![Fact::Control {
            process: index,
            run: slot.process.last_run().unwrap_or(0),
            verb,
            request,
            fact,
            unchanged,
        }])
    }

    fn judge(&self, health: Health, message: Option<String>) -> Result<Vec<Fact>, Why> {
        match self.stage {
            Stage::New => Err(Why::Impossible),
            Stage::Active if self.health == Some(health) => Err(Why::Late),
            Stage::Active => Ok(vec![Fact::Health { health, message }]),
            Stage::Cleaning(_) | Stage::Finalizing(_) | Stage::Finished { .. } => Err(Why::Late),
        }
    }

    pub(super) fn hear(&self, now: Now, index: usize, run: u32, report: Report) -> Result<Vec<Fact>, Why> {
        // After a reboot an intent without a trace may have run, and its traces died with the machine.
        let is_forgotten = report == Report::NeverStarted && !self.is_recorded_in_last_boot(index);
        let report = if is_forgotten { Report::Lost } else { report };
        let fact = self.ask(now, index, process::Event::Report { run, report })?;
        Ok(vec![fact])
    }

    /// Puts an event to one process.
    fn ask(&self, now: Now, index: usize, event: process::Event) -> Result<Fact, Why> {
        let (Some(spec), Some(slot)) = (self.spec.processes.get(index), self.slots.get(index)) else {
            return Err(Why::Impossible);
        };
        match process::decide(&spec.policy, &slot.process, now, event) {
            Outcome::Moved(run, fact) => Ok(Fact::Process {
                process: index,
                run,
                fact,
            }),
            Outcome::Unchanged(why) => Err(why),
        }
    }

    fn ask_all(&self, now: Now, indices: Vec<usize>, event: &process::Event) -> Vec<Fact> {
        let ask = |index| self.ask(now, index, event.clone()).ok();
        indices.into_iter().filter_map(ask).collect()
    }

    /// Decides the next step that follows from the state and the time.
    fn follow(&self, now: Now) -> Result<Vec<Fact>, Why> {
        let class = match self.stage {
            Stage::New => return Err(Why::Impossible),
            Stage::Active | Stage::Cleaning(_) => Class::Ordinary,
            Stage::Finalizing(_) => Class::Final,
            Stage::Finished { .. } => return Err(Why::Late),
        };
        let plan = self.plan(class);
        let grace_ms = LIMIT_GRACE_MS.min(self.grace_ms() / 2);
        let tick = process::Event::Tick {
            kill_at: now.time.plus(grace_ms),
        };
        let mut facts = self.ask_all(now, plan.overdue(now.time), &tick);
        if facts.is_empty() {
            facts = match self.stage {
                Stage::Active => self.active(now, plan),
                Stage::Cleaning(ending) => self.cleaning(now, plan, ending),
                Stage::Finalizing(ending) => self.finalizing(now, plan, ending),
                Stage::New | Stage::Finished { .. } => Vec::new(),
            };
        }
        if facts.is_empty() {
            Err(Why::NotDue)
        } else {
            Ok(facts)
        }
    }

    fn active(&self, now: Now, plan: &Plan) -> Vec<Fact> {
        let leave = |verdict, reason| self.leave(now, self.grace_ms(), verdict, reason);
        if self.health == Some(Health::Unhealthy) {
            return leave(Verdict::Failed, TaskReason::Unhealthy);
        }
        let limit = self.spec.max_failures;
        if limit != 0 && u64::try_from(plan.failed()).is_ok_and(|failed| failed >= limit) {
            return leave(Verdict::Failed, TaskReason::Failures);
        }
        if plan.is_complete() {
            return leave(Verdict::Success, TaskReason::Complete);
        }
        // Processes that do not count may go on for ever, but nothing that counts waits for them.
        if plan.is_stuck() {
            return leave(Verdict::Failed, TaskReason::Stuck);
        }
        self.starts(now, plan)
    }

    fn cleaning(&self, now: Now, plan: &Plan, ending: Ending) -> Vec<Fact> {
        let is_over = now.time >= ending.budget_end;
        if !plan.alive.is_empty() && ending.farewell_end.is_some_and(|end| now.time < end) {
            Vec::new()
        } else if !plan.alive.is_empty() {
            self.stops(now, plan, ending.clean_by)
        } else if is_over {
            finish(ending)
        } else {
            vec![Fact::Finalizing]
        }
    }

    fn finalizing(&self, now: Now, plan: &Plan, ending: Ending) -> Vec<Fact> {
        let left_ms = ending.budget_end.since(now.time);
        let is_ended = left_ms == 0 || plan.is_complete() || plan.is_stuck();
        if !is_ended {
            self.starts(now, plan)
        } else if plan.alive.is_empty() {
            finish(ending)
        } else {
            self.stops_once(
                now,
                plan,
                now.time.plus(cleaning_share(left_ms)),
                ending.budget_end,
            )
        }
    }

    fn starts(&self, now: Now, plan: &Plan) -> Vec<Fact> {
        let startable = plan.startable(now.time, self.spec.max_concurrency);
        self.ask_all(now, startable, &process::Event::Start)
    }

    /// Has everything that runs killed no later than `kill_at`.
    fn stops(&self, now: Now, plan: &Plan, kill_at: Time) -> Vec<Fact> {
        self.ask_all(now, plan.beyond(kill_at), &process::Event::Stop { kill_at })
    }

    /// Has what was not asked yet killed at `kill_at`, and everything no later than `limit`.
    fn stops_once(&self, now: Now, plan: &Plan, kill_at: Time, limit: Time) -> Vec<Fact> {
        let unasked = plan.unasked.iter().copied().collect();
        let facts = self.ask_all(now, unasked, &process::Event::Stop { kill_at });
        if facts.is_empty() {
            self.stops(now, plan, limit)
        } else {
            facts
        }
    }

    pub(super) fn leave(&self, now: Now, budget_ms: u64, verdict: Verdict, reason: TaskReason) -> Vec<Fact> {
        let share = cleaning_share(budget_ms);
        let is_asked = match reason {
            TaskReason::Stopped | TaskReason::Unhealthy => true,
            TaskReason::Complete | TaskReason::Failures | TaskReason::Stuck | TaskReason::Disk => false,
        };
        // SIGTERM keeps a half of the time until SIGKILL.
        let farewell_ms = self.spec.farewell_ms.filter(|_| is_asked);
        let farewell_ms = farewell_ms.map(|ms| ms.min(share / 2)).filter(|ms| *ms > 0);
        vec![Fact::Cleaning {
            verdict,
            reason,
            clean_by: now.time.plus(share),
            budget_end: now.time.plus(budget_ms),
            farewell_end: farewell_ms.map(|ms| now.time.plus(ms)),
        }]
    }

    pub(super) fn grace_ms(&self) -> u64 {
        self.header
            .as_ref()
            .map_or(self.spec.finalization_wait_ms, |header| header.grace_ms)
    }
}

/// Only a harsher stop means anything to a task that is ending.
fn hurry(now: Now, ending: Ending, stop: Stop) -> Result<Vec<Fact>, Why> {
    let budget_ms = match stop {
        Stop::Graceful { grace_ms: None } => return Err(Why::Late),
        Stop::Graceful { grace_ms: Some(ms) } => ms,
        Stop::Now => 0,
    };
    let budget_end = now.time.plus(budget_ms);
    if budget_end >= ending.budget_end {
        return Err(Why::Late);
    }
    let clean_by = now.time.plus(cleaning_share(budget_ms)).min(ending.clean_by);
    Ok(vec![Fact::Hurried { clean_by, budget_end }])
}

fn finish(ending: Ending) -> Vec<Fact> {
    vec![Fact::Finished {
        verdict: ending.verdict,
        reason: ending.reason,
    }]
}
