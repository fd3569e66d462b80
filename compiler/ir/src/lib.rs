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
mod diff;
mod job;
mod rules;
mod select;
mod task;
mod text;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use codec::{DecodeError, json_schema};
pub use diff::{Change, ChangeKind, Difference, Place, Side, Subject, diff, difference_schema};
pub use job::{
    Announcer, Container, CronCollisionPolicy, DockerParameter, ExecutorConfig, HealthCheckConfig,
    HealthChecker, HttpHealthChecker, HttpLifecycle, Job, Lifecycle, MesosImage, Metadata, PartitionPolicy,
    ShellHealthChecker, SlaPolicy, Tier, UpdateConfig, UpdateStrategy, Volume, VolumeMode,
};
pub use rules::{RuleError, is_job_word, is_port_name, is_process_name, is_sandbox_path, is_variable_name};
pub use select::SelectError;
pub use task::{
    Backoff, Edge, EdgeKind, Logger, LoggerDestination, LoggerMode, OnLost, Port, Probe, ProbeCheck, Process,
    Resources, RotatePolicy, Task,
};
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
    /// Where each written leaf stands in the sources, by JSON pointer into this plan. A written value that
    /// the plan leaves out because it is the default keeps its place too.
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
