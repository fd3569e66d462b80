//! What the files of a task say, read back into values.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use aur_host::folder::{LifeFolder, TaskFolder};
use aur_host::journal;
use aur_host::{PathError, folder};
use aur_ir as ir;
use aur_machine as machine;
use aur_machine::{AttemptPolicy, Attempts, Change, NextAttempt, Spec, Stage, Task};
use serde::{Deserialize, Serialize};

use crate::RunnerError;
use crate::error::SpecError;
use crate::role::RoleOrder;

/// Whether the processes get the environment of whoever started the runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inheritance {
    /// They get a clean one.
    Clean,
    /// They get it.
    Inherit,
}

/// What was asked for besides the plan: the content of `options.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) version: u32,
    /// Which job of the plan, from 0.
    pub(crate) job: usize,
    pub(crate) environment: Inheritance,
    /// Where output goes, for processes that do not say so themselves.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) logger: ir::Logger,
    /// Whether output that comes faster than it can be kept is left out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) drops_output: bool,
    /// Random; makes the marker of this task differ from that of every other.
    pub(crate) nonce: String,
    /// Whom processes run as, if not as us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<RoleOrder>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

pub(crate) const ORDER_VERSION: u32 = 1;

/// How far a task has come, over all its attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The current attempt has not ended.
    Running,
    /// The current attempt has ended, and another is to follow.
    Between {
        /// The wait from the end of the one to the start of the other, milliseconds.
        wait_ms: u64,
        /// What the attempts amount to then.
        attempts: Attempts,
    },
    /// Nothing follows.
    Over,
}

/// The files that stay the same for the whole life of a task.
#[derive(Debug)]
pub(crate) struct TaskFiles {
    pub(crate) folder: TaskFolder,
    pub(crate) plan: Arc<ir::Plan>,
    pub(crate) order: Order,
    pub(crate) spec: Arc<Spec>,
}

impl TaskFiles {
    pub(crate) fn read(folder: &TaskFolder) -> Result<Self, RunnerError> {
        let path = folder.plan();
        let plan = ir::Plan::from_json(&read(&path)?).map_err(|source| RunnerError::Plan { path, source })?;
        let order: Order = read_json(&folder.options())?;
        if order.version > ORDER_VERSION {
            return Err(RunnerError::Damaged {
                path: folder.options(),
                message: format!("it has version {}, newer than this program", order.version),
            });
        }
        let spec = Spec::from_plan(&plan, order.job).map_err(SpecError)?;
        Ok(Self {
            folder: folder.clone(),
            plan: Arc::new(plan),
            order,
            spec: Arc::new(spec),
        })
    }

    /// The job that runs.
    pub(crate) fn job(&self) -> Result<&ir::Job, RunnerError> {
        let job = self.order.job;
        let found = self.plan.jobs.get(job);
        found.ok_or_else(|| SpecError(machine::SpecError::NoJob { job }).into())
    }

    /// Where the output of a process goes: as it says itself, else as was asked for.
    pub(crate) fn logger(&self, process: usize) -> &ir::Logger {
        let own = self
            .plan
            .jobs
            .get(self.order.job)
            .and_then(|job| job.task.processes.get(process))
            .map_or(&self.order.logger, |process| &process.logger);
        let place = format!("/jobs/{}/task/processes/{process}/logger", self.order.job);
        // What is written as it would be anyway is left out of the plan, but keeps its place.
        let is_written = self
            .plan
            .spans
            .range(place.clone()..)
            .next()
            .is_some_and(|(found, _)| *found == place || found.starts_with(&format!("{place}/")));
        if is_written || *own != ir::Logger::default() {
            own
        } else {
            &self.order.logger
        }
    }

    /// Processes whose output goes to the console, and whether it goes to files too.
    pub(crate) fn consoles(&self) -> BTreeMap<String, bool> {
        let processes = self.spec.processes.iter().enumerate();
        let kept = processes.filter_map(|(index, process)| {
            let is_file_too = match self.logger(index).destination {
                ir::LoggerDestination::Console => false,
                ir::LoggerDestination::Both => true,
                ir::LoggerDestination::File | ir::LoggerDestination::None => return None,
            };
            Some((process.name.clone(), is_file_too))
        });
        kept.collect()
    }

    /// What the attempts amounted to when `attempt` began.
    pub(crate) fn attempts(&self, attempt: u32) -> Result<Attempts, RunnerError> {
        match attempt {
            0 => Ok(Attempts::default()),
            n => read_json(&self.folder.life(n).attempt()),
        }
    }

    /// How far the task has come, seen from its current attempt.
    pub(crate) fn progress(&self, task: &Task, attempts: Attempts) -> Result<Progress, RunnerError> {
        let Stage::Finished { verdict, .. } = task.stage() else {
            return Ok(Progress::Running);
        };
        let policy = AttemptPolicy::of(self.job()?);
        Ok(match attempts.next(&policy, verdict, task.last_time().0) {
            NextAttempt::Nothing => Progress::Over,
            NextAttempt::After { wait_ms, attempts } => Progress::Between { wait_ms, attempts },
        })
    }
}

/// Decodes the records of a journal, the first of which has number `first`.
pub(crate) fn decode_all(
    path: &Path,
    first: usize,
    payloads: &[Vec<u8>],
) -> Result<Vec<Change>, RunnerError> {
    let decode = |(index, payload): (usize, &Vec<u8>)| {
        machine::decode(payload).map_err(|source| RunnerError::Record {
            path: path.to_path_buf(),
            record: first + index,
            source,
        })
    };
    payloads.iter().enumerate().map(decode).collect()
}

/// Rebuilds the task of one attempt.
pub(crate) fn replay(files: &TaskFiles, path: &Path, payloads: &[Vec<u8>]) -> Result<Task, RunnerError> {
    let changes = decode_all(path, 0, payloads)?;
    machine::replay(Arc::clone(&files.spec), &changes).map_err(|source| RunnerError::Replay {
        path: path.to_path_buf(),
        source,
    })
}

/// Reads an attempt without touching it.
pub(crate) fn read_life(files: &TaskFiles, life: &LifeFolder) -> Result<Task, RunnerError> {
    let path = life.journal();
    replay(files, &path, &journal::read(&path)?)
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, PathError> {
    std::fs::read(path).map_err(|source| PathError {
        action: "read",
        path: path.to_path_buf(),
        source,
    })
}

pub(crate) fn read_json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T, RunnerError> {
    serde_json::from_slice(&read(path)?).map_err(|error| RunnerError::Damaged {
        path: path.to_path_buf(),
        message: error.to_string(),
    })
}

pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), PathError> {
    // Types with string keys and integers only always have a JSON form.
    let mut bytes = serde_json::to_vec(value).unwrap_or_default();
    bytes.push(b'\n');
    folder::write_new(path, &bytes)
}
