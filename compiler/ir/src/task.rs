//! Tasks and their processes.
//!
//! What came after the first plans is left out where it holds its default, so that old plans keep their bytes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::{Text, TextFilter};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EdgeKind {
    /// A run that ended with success.
    Success,
    /// A run that said it is ready.
    Ready,
}

/// One program: a command line run through bash, or a list of arguments run without a shell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Process {
    /// Program and arguments, where it is run without a shell; then there is no `cmdline`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub argv: Vec<Text>,
    /// How the wait between failed runs grows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Backoff>,
    /// Given to `bash -c`; there is one unless `argv` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cmdline: Option<Text>,
    /// Whether a success starts it again.
    pub daemon: bool,
    /// Environment variables of its own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, Text>,
    /// Whether its end is not waited for.
    pub ephemeral: bool,
    /// Whether it runs while the task finalizes.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// Where its output goes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub logger: Logger,
    /// Failures after which it has failed for good; 0 is no limit.
    pub max_failures: u64,
    /// Least time from the end of a run to the start of the next, milliseconds.
    pub min_duration_ms: u64,
    /// Name, unique within the task.
    pub name: String,
    /// What follows on a run whose end nobody saw.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_lost: OnLost,
    /// Variables taken from the environment of the runner, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pass_env: Vec<String>,
    /// How it says that it is ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<Probe>,
    /// Longest life of one run, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

impl Process {
    /// Returns what is run as a person reads it: the command line, or the arguments as shell words.
    pub fn command(&self) -> String {
        match &self.cmdline {
            Some(cmdline) => cmdline.to_string(),
            None => {
                let words = self.argv.iter().map(|word| match word {
                    Text::Plain(word) => TextFilter::Sh.apply(word),
                    Text::Late { .. } => word.to_string(),
                });
                words.collect::<Vec<_>>().join(" ")
            }
        }
    }

    /// Returns every text that is needed to start it: command, arguments and variables.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        self.cmdline.iter().chain(&self.argv).chain(self.env.values())
    }
}

/// How the wait between failed runs grows: from `min_ms` by `factor` up to `max_ms`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Backoff {
    /// At least 1.
    pub factor: f64,
    /// The longest wait, milliseconds.
    pub max_ms: u64,
    /// The first wait, milliseconds.
    pub min_ms: u64,
    /// A run of this length starts the count anew, milliseconds.
    pub reset_after_ms: u64,
}

/// Where the output of a process goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Logger {
    /// Files, the console, both or neither.
    pub destination: LoggerDestination,
    /// Whether files are turned over.
    pub mode: LoggerMode,
    /// When files are turned over; there is one where `mode` is `rotate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotate: Option<RotatePolicy>,
}

/// What output is written to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LoggerDestination {
    /// The run's log files.
    #[default]
    File,
    /// The output of the runner.
    Console,
    /// Both.
    Both,
    /// Nothing is kept.
    None,
}

/// Whether log files are turned over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LoggerMode {
    /// They grow.
    #[default]
    Standard,
    /// They are turned over at a size.
    Rotate,
}

/// When log files are turned over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RotatePolicy {
    /// Old files kept.
    pub backups: u64,
    /// Size of one file, bytes.
    pub log_size_bytes: u64,
}

impl Default for RotatePolicy {
    fn default() -> Self {
        Self {
            backups: 5,
            log_size_bytes: 100 << 20,
        }
    }
}

/// What follows on a run whose end nobody saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnLost {
    /// It is run again.
    #[default]
    Retry,
    /// It has failed.
    Fail,
}

/// How a process says that it is ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Probe {
    /// What is asked.
    pub check: ProbeCheck,
    /// Time between questions, milliseconds.
    pub every_ms: u64,
    /// Longest wait for one answer, milliseconds.
    pub timeout_ms: u64,
    /// A run that is not ready in this time has failed, milliseconds.
    pub within_ms: u64,
}

/// What a readiness probe asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProbeCheck {
    /// A command that exits with 0.
    Exec {
        /// Given to `bash -c`.
        cmdline: Text,
    },
    /// A file that exists.
    File {
        /// Path in the sandbox.
        path: Text,
    },
    /// A page that answers with a status from 200 to 399.
    Http {
        /// Path of the page.
        path: Text,
        /// Port on this machine.
        port: Port,
    },
    /// A line of output.
    Log {
        /// What a line must match.
        regex: String,
    },
    /// A port that takes connections.
    Tcp {
        /// Port on this machine.
        port: Port,
    },
}

/// A port by number or by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Port {
    /// 1 to 65535.
    Number(u16),
    /// Allocated when the task runs.
    Name(String),
}

/// What one instance may use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Resources {
    /// Cores.
    pub cpu: f64,
    /// Bytes of sandbox and logs.
    pub disk_bytes: u64,
    /// Graphics processors.
    #[serde(default, skip_serializing_if = "is_default")]
    pub gpu: u64,
    /// Bytes of memory.
    pub ram_bytes: u64,
}

/// Whether a value is the default of its type, and so left out.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
