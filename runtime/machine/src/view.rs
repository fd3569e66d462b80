//! The task object: what `aur status --json` shows.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};

use crate::health::Health;
use crate::isolation::{Isolation, ProcessUsage, Usage};
use crate::process::Phase;
use crate::spec::Source;
use crate::task::{Run, Stage, Task};
use crate::words::{Exit, Reason, State, TaskReason, TaskState};

/// A task as other programs see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskView {
    /// The id of the task.
    pub task_id: String,
    /// `cluster/role/environment/name`.
    pub job_key: String,
    /// Instance of the job.
    pub instance: u32,
    /// Which life of the instance this is, from 0.
    pub attempt: u32,
    /// The runner that has the task; null when nobody has.
    pub runner_pid: Option<u32>,
    /// Where it stands.
    pub state: TaskState,
    /// Why it left ACTIVE; null while it has not.
    pub reason: Option<TaskReason>,
    /// The numbers of its ports, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ports: BTreeMap<String, u16>,
    /// How healthy it is; left out where nobody asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
    /// What was wrong with its health.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_message: Option<String>,
    /// Its processes, in the order of the plan.
    pub processes: Vec<ProcessView>,
    /// What it used; null where that is not measured.
    pub usage: Option<Usage>,
    /// What it is confined by; null where nothing confines it.
    pub isolation: Option<Isolation>,
}

/// A process as other programs see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessView {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub state: State,
    /// Whether it runs and said that it is ready.
    pub ready: bool,
    /// Whether its run was asked to end.
    #[serde(default, skip_serializing_if = "is_false")]
    pub stopping: bool,
    /// Whether somebody stopped it; it runs again when it is started.
    #[serde(default, skip_serializing_if = "is_false")]
    pub held: bool,
    /// The earliest next start, milliseconds since 1970, while it waits to run again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before_ms: Option<u64>,
    /// Its last runs, oldest first.
    pub runs: Vec<RunView>,
    /// What it used; left out where that is not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<ProcessUsage>,
    /// Where it stands in the sources; null in a plan without places.
    pub source: Option<Source>,
}

/// A run as other programs see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunView {
    /// Its number, from 0.
    pub run: u32,
    /// Where it stands.
    pub state: State,
    /// Its child; null while that is not known.
    pub pid: Option<u32>,
    /// The guard of its child; null without one.
    pub guard_pid: Option<u32>,
    /// Milliseconds since 1970; null while it is not known.
    pub started_ms: Option<u64>,
    /// Milliseconds since 1970; null while it is not known.
    pub finished_ms: Option<u64>,
    /// The status of its child; null while or where there is none.
    pub exit: Option<Exit>,
    /// Why it ended; null while it has not.
    pub reason: Option<Reason>,
    /// What stood in the way of its start, or which limit ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// Returns the JSON Schema of the task object.
pub fn task_schema() -> serde_json::Value {
    schema_of::<TaskView>()
}

/// Describes what is written, so that a field that is always there is required, null or not.
pub(crate) fn schema_of<T: JsonSchema>() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

impl TaskView {
    /// Describes a task; `None` before its first record.
    ///
    /// `runner_pid` is the runner of the last record. Whoever knows that it is dead clears it.
    pub fn of(task: &Task) -> Option<Self> {
        let header = task.header()?;
        let (reason, is_over) = match task.stage() {
            Stage::New | Stage::Active => (None, false),
            Stage::Cleaning(ending) | Stage::Finalizing(ending) => (Some(ending.reason), false),
            Stage::Finished { reason, .. } => (Some(reason), true),
        };
        let runner = task.runner().filter(|_| !is_over);
        Some(Self {
            task_id: header.task_id.clone(),
            job_key: header.job_key.clone(),
            instance: header.instance,
            attempt: header.attempt,
            runner_pid: runner.map(|runner| runner.pid),
            state: task.state(),
            reason,
            ports: header.ports.clone(),
            health: task.health(),
            health_message: task.health_message().map(str::to_string),
            processes: (0..task.spec().processes.len())
                .filter_map(|index| ProcessView::of(task, index))
                .collect(),
            usage: None,
            isolation: task.runner().and_then(|runner| runner.isolation.clone()),
        })
    }
}

impl ProcessView {
    /// Describes one process, by its place in the plan.
    pub fn of(task: &Task, index: usize) -> Option<Self> {
        let spec = task.spec().processes.get(index)?;
        let process = task.process(index)?;
        let phase = process.phase;
        Some(Self {
            name: spec.name.clone(),
            state: state_of(task, index, phase),
            ready: process.is_alive() && process.is_ready,
            stopping: matches!(phase, Phase::Stopping { .. }),
            held: phase == Phase::Held,
            not_before_ms: task.not_before_ms(index),
            runs: task.runs(index).map(RunView::of).collect(),
            usage: None,
            source: spec.source.clone(),
        })
    }
}

/// A process that will not start any more shows what its last run came to.
fn state_of(task: &Task, index: usize, phase: Phase) -> State {
    match phase {
        Phase::Waiting { .. } if task.may_start(index) => State::Waiting,
        Phase::Waiting { .. } => task
            .runs(index)
            .next_back()
            .map_or(State::Waiting, |run| run.state),
        Phase::Starting => State::Forked,
        Phase::Running | Phase::Stopping { .. } => State::Running,
        Phase::Held => State::Killed,
        Phase::Done(verdict) => verdict.into(),
    }
}

impl RunView {
    fn of(run: &Run) -> Self {
        Self {
            run: run.run,
            state: run.state,
            pid: run.pid,
            guard_pid: None,
            started_ms: run.started_ms,
            finished_ms: run.finished_ms,
            exit: run.exit,
            reason: run.reason,
            message: run.message.clone(),
        }
    }
}
