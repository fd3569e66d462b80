//! What a task has come to, as one record: the first one of a journal that was made shorter.
//!
//! It holds what no rule brings back: phases, counters, the runs that people may ask for. What follows from
//! these, such as which process may start, is found again when it is read.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::{Run, Stage, Task};
use crate::health::Health;
use crate::plan::Entry;
use crate::process::{Misfit, Process};
use crate::record::{Change, Fact, Header, Runner};

/// What the records before came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The facts of the first record.
    pub header: Header,
    stage: Stage,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    runner: Option<Runner>,
    boots: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    health: Option<Health>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    health_message: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    requests: BTreeSet<String>,
    /// In the order of the plan.
    processes: Vec<Kept>,
}

/// What one process came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    process: Process,
    is_end_told: bool,
    is_ready_told: bool,
    boot: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_before_ms: Option<u64>,
    runs: VecDeque<Run>,
}

impl Task {
    /// Sums the task up as one change, which rebuilds it when it is applied to a new task; `None` before
    /// its first record and after its last.
    pub fn summary(&self, wall_ms: u64) -> Option<Change> {
        match self.stage {
            Stage::New | Stage::Finished { .. } => return None,
            Stage::Active | Stage::Cleaning(_) | Stage::Finalizing(_) => {}
        }
        let kept = self.slots.iter().map(|slot| Kept {
            process: slot.process,
            is_end_told: slot.is_end_told,
            is_ready_told: slot.is_ready_told,
            boot: slot.boot,
            not_before_ms: slot.not_before_ms,
            runs: slot.runs.clone(),
        });
        let summary = Summary {
            header: self.header.clone()?,
            stage: self.stage,
            runner: self.runner.clone(),
            boots: self.boots,
            health: self.health,
            health_message: self.health_message.clone(),
            requests: self.requests.clone(),
            processes: kept.collect(),
        };
        Some(Change {
            at: self.last,
            wall_ms,
            fact: Fact::Summary(Box::new(summary)),
        })
    }

    /// Forgets the requests that were heeded and cannot come again; `may_come` says which still can.
    pub fn forget_requests(&mut self, may_come: impl Fn(&str) -> bool) {
        self.requests.retain(|request| may_come(request));
    }

    /// Takes the place of a new task.
    pub(super) fn restore(&mut self, summary: &Summary) -> Result<(), Misfit> {
        let spec = std::sync::Arc::clone(&self.spec);
        let is_of_this_task = summary.processes.len() == self.slots.len();
        if !is_of_this_task || matches!(summary.stage, Stage::New) {
            return Err(Misfit);
        }
        for (index, kept) in summary.processes.iter().enumerate() {
            self.index(Entry::Remove, index);
            if let Some(slot) = self.slots.get_mut(index) {
                slot.process = kept.process;
                slot.is_end_told = kept.is_end_told;
                slot.is_ready_told = kept.is_ready_told;
                slot.boot = kept.boot;
                slot.not_before_ms = kept.not_before_ms;
                slot.runs.clone_from(&kept.runs);
            }
            self.index(Entry::Add, index);
        }
        for (process, kept) in spec.processes.iter().zip(&summary.processes) {
            if kept.process.runs > 0 {
                self.plan_mut(process.class).is_launched = true;
            }
            if kept.is_ready_told {
                self.release(&process.ready_successors);
            }
            if kept.is_end_told {
                self.release(&process.successors);
            }
        }
        self.stage = summary.stage;
        self.header = Some(summary.header.clone());
        self.runner.clone_from(&summary.runner);
        self.boots = summary.boots;
        self.health = summary.health;
        self.health_message.clone_from(&summary.health_message);
        self.requests.clone_from(&summary.requests);
        Ok(())
    }
}
