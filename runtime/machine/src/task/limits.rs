//! Limits that the host watches over: it tells which run broke one, and when the task as a whole did.

use crate::clock::Now;
use crate::process::{self, Report};
use crate::record::Fact;
use crate::words::{Exit, Reason, TaskReason, Verdict};

use super::{Stage, Task};

/// A run that ended because of a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The process, by its place in the plan.
    pub process: usize,
    /// The run.
    pub run: u32,
    /// Which limit.
    pub reason: Reason,
    /// The limit and what was used, for people.
    pub message: String,
    /// The status of its child.
    pub exit: Exit,
    /// Wall clock of the end.
    pub finished_ms: u64,
}

impl Task {
    /// Judges the end of a run that broke a limit: it failed, whoever ended it then.
    ///
    /// Want of memory is left out of account in a run that was being stopped for another reason.
    pub(super) fn broke_limit(&self, now: Now, breach: Breach) -> Result<Vec<Fact>, process::Why> {
        let report = Report::Exited {
            exit: breach.exit,
            finished_ms: breach.finished_ms,
        };
        let mut facts = self.hear(now, breach.process, breach.run, report)?;
        for fact in &mut facts {
            let Fact::Process {
                fact:
                    process::Fact::Ended {
                        verdict,
                        reason,
                        message,
                        ..
                    },
                ..
            } = fact
            else {
                continue;
            };
            if *verdict == Verdict::Failed || (*verdict == Verdict::Killed && breach.reason == Reason::Disk) {
                (*verdict, *reason) = (Verdict::Failed, breach.reason);
                *message = Some(breach.message.clone());
            }
        }
        Ok(facts)
    }

    /// Ends a task that uses more disk than it may: what runs is killed at once, as it would only write
    /// more; the final processes have the whole budget.
    pub(super) fn fill_disk(&self, now: Now) -> Result<Vec<Fact>, process::Why> {
        match self.stage {
            Stage::New => Err(process::Why::Impossible),
            Stage::Active => {
                let mut facts = self.leave(now, self.grace_ms(), Verdict::Failed, TaskReason::Disk);
                for fact in &mut facts {
                    if let Fact::Cleaning { clean_by, .. } = fact {
                        *clean_by = now.time;
                    }
                }
                Ok(facts)
            }
            Stage::Cleaning(_) | Stage::Finalizing(_) | Stage::Finished { .. } => Err(process::Why::Late),
        }
    }
}
