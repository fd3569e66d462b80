//! What confines a task and what it used, as other programs see it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What confines a task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Isolation {
    /// `v2`, `v1`, `hybrid` or `none`.
    pub cgroup: String,
    /// The limits that are enforced: `cpu`, `memory`, `pids`, `disk`.
    #[serde(default)]
    pub limits: Vec<String>,
    /// What is not enforced and why, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What a task used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// Seconds on a processor.
    pub cpu_seconds: f64,
    /// The most memory at one time, bytes.
    pub ram_peak_bytes: u64,
    /// Sandbox and logs, bytes.
    pub disk_bytes: u64,
    /// Memory now, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ram_bytes: Option<u64>,
    /// Processes and threads now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pids: Option<u64>,
    /// How often it was held back by its limit of processor time, and for how many seconds over all
    /// processors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttled: Option<Throttled>,
    /// How much of the last ten seconds some of it waited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pressure: Option<Pressure>,
    /// How many seconds apart the disk is measured, where that is longer than usual as there is so much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_every_seconds: Option<u64>,
}

/// How a limit of processor time held a task back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Throttled {
    /// Periods of a tenth of a second.
    pub periods: u64,
    /// Seconds over all processors.
    pub seconds: f64,
}

/// How much of the last ten seconds some of a task waited, in percent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pressure {
    /// For a processor.
    pub cpu: f64,
    /// For memory.
    pub memory: f64,
    /// For a disk.
    pub io: f64,
}

/// What the runs of one process used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessUsage {
    /// Seconds on a processor, over all runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<f64>,
    /// Memory now, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ram_bytes: Option<u64>,
    /// The most memory of one run at one time, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ram_peak_bytes: Option<u64>,
    /// Processes and threads now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pids: Option<u64>,
}
