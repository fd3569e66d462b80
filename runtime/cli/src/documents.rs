//! What commands print with `--json` besides the task object and its events. Fields are only ever added.

use aur_machine::process::Verb;
use aur_machine::{Source, State, TaskState};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

/// What a command did about one task: an element of what `aur up`, `down`, `resume` and `kill` print.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TaskDone {
    /// The id of the task; null where none was made.
    pub task_id: Option<String>,
    /// `cluster/role/environment/name`.
    pub job_key: String,
    /// Instance of the job.
    pub instance: u32,
    /// What was done.
    pub did: Did,
    /// How the task stands then; null where there is none.
    pub state: Option<TaskState>,
    /// Why, where there is something to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What was done about a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Did {
    /// It was made and runs.
    Started,
    /// It had no runner and goes on.
    Resumed,
    /// It runs already.
    Running,
    /// It was ended.
    Ended,
    /// It was over already.
    Over,
    /// Nothing could be done.
    Refused,
}

/// What `aur signal` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SignalSent {
    /// The id of the task.
    pub task_id: String,
    /// The process.
    pub process: String,
    /// The number of the signal.
    pub signal: i32,
    /// Who got it.
    pub pids: Vec<u32>,
}

/// What `aur stop`, `aur start` and `aur restart` print.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ProcessAsked {
    /// The id of the task.
    pub task_id: String,
    /// The process.
    pub process: String,
    /// What it is to do.
    pub verb: Verb,
    /// Whether that changes anything: a stopped process cannot be stopped.
    pub changes: bool,
}

/// What `aur gc` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GcReport {
    /// Whether nothing was removed, only looked for.
    pub dry_run: bool,
    /// The tasks that were removed, or would be; the oldest first.
    pub removed: Vec<GcTask>,
    /// What they took on the disk.
    pub bytes: u64,
    /// How many tasks that are over stay.
    pub kept: u64,
    /// How many folders crashed commands had left.
    pub leftovers: u64,
}

/// A task that was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GcTask {
    /// Its id.
    pub task_id: String,
    /// How it had ended.
    pub state: TaskState,
    /// What it took on the disk.
    pub bytes: u64,
}

/// What `aur explain` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Explanation {
    /// The id of the task.
    pub task_id: String,
    /// How it stands.
    pub state: TaskState,
    /// Why.
    pub because: Vec<Cause>,
    /// Its processes, or the one that was asked for.
    pub processes: Vec<ProcessExplanation>,
}

/// Why a process is as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ProcessExplanation {
    /// Its name.
    pub name: String,
    /// How it stands.
    pub state: State,
    /// Why, the nearest cause first.
    pub because: Vec<Cause>,
    /// Where it is written; null in a plan without places.
    pub source: Option<Source>,
}

/// A cause, and what decided it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Cause {
    /// A sentence.
    pub text: String,
    /// What in the program decided it; null where nothing is written.
    pub source: Option<Source>,
}

/// What `aur top` prints.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TopRow {
    /// The id of the task.
    pub task_id: String,
    /// The process.
    pub process: String,
    /// Its run.
    pub run: u32,
    /// Where it stands.
    pub state: State,
    /// Whether it said that it is ready.
    pub ready: bool,
    /// Whether it was asked to end.
    pub stopping: bool,
    /// How many processes of the system it has.
    pub pids: u64,
    /// Cores it keeps busy: 1.0 is one core; null where only one look was taken.
    pub cpu: Option<f64>,
    /// Processor time of what is alive of it, seconds.
    pub cpu_seconds: f64,
    /// Memory that is in use by it, bytes.
    pub ram_bytes: u64,
    /// How long it runs, milliseconds.
    pub running_ms: u64,
    /// The last line of its output; null where none is kept.
    pub last_line: Option<String>,
}

/// Returns the JSON Schema of a document.
pub fn schema_of<T: JsonSchema>() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<T>().to_value()
}
