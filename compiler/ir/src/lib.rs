//! Pure. The treaty between compiler and runtime: the compiled plan, its bytes and its digest.
//!
//! A plan is plain data. Equal sources and inputs give equal bytes: keys are sorted, there are no
//! timestamps and no absolute paths. Text that holds names known only when running is a list of
//! segments, so the runtime substitutes and never parses braces.
//!
//! Invariants
//! - Struct fields stand in alphabetical order, so that plain serialisation has sorted keys.
//! - Within one [`VERSION`] the shape only grows.
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]

mod codec;
mod rules;
mod select;
mod text;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use codec::{DecodeError, json_schema};
pub use rules::{RuleError, is_job_word, is_process_name, is_sandbox_path};
pub use select::SelectError;
pub use text::{LateName, Segment, Text, TextFilter};

/// The version of the plan format this crate writes, and the newest it reads.
pub const VERSION: u32 = 1;

/// A compiled program: every job with its task, ready to run anywhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// Version of this format.
    pub aur_ir: u32,
    /// `sha256:` and the hex SHA-256 of the canonical plan without `digest` and `spans`.
    pub digest: String,
    /// Every file that was read to make the plan, in the order of first reading.
    pub files: Vec<SourceFile>,
    /// Client hooks, in order.
    pub hooks: Vec<Hook>,
    /// External parameters and where each value came from, by name.
    pub inputs: Vec<Input>,
    /// Jobs in the order of the `jobs` list.
    pub jobs: Vec<Job>,
    /// Where each written leaf stands in the sources, by JSON pointer into this plan.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub spans: BTreeMap<String, PlanSpan>,
}

/// A source file that the plan was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceFile {
    /// Path below the project root, parts separated by `/`.
    pub path: String,
    /// Hex SHA-256 of the file's bytes.
    pub sha256: String,
}

/// A program that the client runs around its own actions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hook {
    /// Name of the hook.
    pub name: String,
    /// The moments it runs at, such as `pre_create_job`.
    pub on: Vec<String>,
    /// Program and arguments.
    pub run: Vec<String>,
}

/// The value one external parameter had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Input {
    /// Name of the input.
    pub name: String,
    /// Who gave the value.
    pub source: InputSource,
    /// The value as JSON; durations in milliseconds, sizes in bytes.
    pub value: serde_json::Value,
}

/// Who gave the value of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum InputSource {
    /// `-E name=value`
    Flag,
    /// `--inputs FILE`
    File,
    /// `env("NAME")`
    Env,
    /// The default written in the program.
    Default,
}

/// A group of equal instances of one task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Job {
    /// Cluster to run in.
    pub cluster: String,
    /// Scheduling constraints by attribute name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub constraints: BTreeMap<String, String>,
    /// Address of the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// Whether client hooks run for this job.
    pub enable_hooks: bool,
    /// Environment, such as `devel` or `prod`.
    pub environment: String,
    /// How the health of an instance is judged.
    pub health_check_config: HealthCheckConfig,
    /// How many instances run.
    pub instances: u32,
    /// `cluster/role/environment/name`.
    pub key: String,
    /// Failed attempts after which the job has failed; -1 is no limit.
    pub max_task_failures: i64,
    /// Name of the job.
    pub name: String,
    /// Named ports the task uses, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<String>,
    /// Preemption priority; higher goes first.
    pub priority: i64,
    /// Whether the job is backed by quota.
    pub production: bool,
    /// Account the job belongs to.
    pub role: String,
    /// Whether a finished task is started again.
    pub service: bool,
    /// What one instance runs.
    pub task: Task,
    /// How instances are replaced.
    pub update_config: UpdateConfig,
}

/// How the health of an instance is judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HealthCheckConfig {
    /// Wait before the first check, milliseconds.
    pub initial_interval_ms: u64,
    /// Time between checks, milliseconds.
    pub interval_ms: u64,
    /// Failures in a row that are still tolerated.
    pub max_consecutive_failures: u64,
    /// Longest wait for one answer, milliseconds.
    pub timeout_ms: u64,
}

/// How instances are replaced by newer ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UpdateConfig {
    /// Instances replaced at a time.
    pub batch_size: u64,
    /// Restarts of one instance that are tolerated.
    pub max_per_shard_failures: u64,
    /// Failed instances that are tolerated; less than the number of instances.
    pub max_total_failures: u64,
    /// Longest way of an instance to running, milliseconds.
    pub restart_threshold_ms: u64,
    /// How long an instance must stay running to count, milliseconds.
    pub watch_ms: u64,
}

/// A collection of processes that share a sandbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Task {
    /// Files written into the sandbox before the first process, path to content.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// Budget from the end of ACTIVE to the end of FINALIZING, milliseconds.
    pub finalization_wait_ms: u64,
    /// Processes alive at one time; 0 is no limit.
    pub max_concurrency: u64,
    /// Failed processes that fail the task; 0 is no limit.
    pub max_failures: u64,
    /// Name of the task.
    pub name: String,
    /// What waits for what: a reduced set of edges, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<Edge>,
    /// Processes in source order.
    pub processes: Vec<Process>,
    /// What one instance may use.
    pub resources: Resources,
    /// Account to run as, where it is not the role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// One process waits for another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Edge {
    /// The process that waits.
    pub after: String,
    /// The process it waits for.
    pub before: String,
    /// What it waits for.
    pub on: EdgeKind,
}

/// What an order edge waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EdgeKind {
    /// A run that ended with success.
    Success,
    /// A run that said it is ready.
    Ready,
}

/// One command, run through bash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Process {
    /// Given to `bash -c`.
    pub cmdline: Text,
    /// Whether a success starts it again.
    pub daemon: bool,
    /// Whether its end is not waited for.
    pub ephemeral: bool,
    /// Whether it runs while the task finalizes.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// Failures after which it has failed for good; 0 is no limit.
    pub max_failures: u64,
    /// Least time from the end of a run to the start of the next, milliseconds.
    pub min_duration_ms: u64,
    /// Name, unique within the task.
    pub name: String,
}

/// What one instance may use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Resources {
    /// Cores.
    pub cpu: f64,
    /// Bytes of sandbox and logs.
    pub disk_bytes: u64,
    /// Bytes of memory.
    pub ram_bytes: u64,
}

/// A place in a source file. Lines and columns start at 1, columns count Unicode scalar values,
/// offsets are bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanSpan {
    /// Column of the start.
    pub column: u32,
    /// First byte behind the place.
    pub end: u32,
    /// Index into `files` of the plan.
    pub file: u32,
    /// The places of the values that were put into the text, in order of use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<PlanSpan>,
    /// Line of the start.
    pub line: u32,
    /// First byte.
    pub start: u32,
}
