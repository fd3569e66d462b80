//! Jobs: what is run how often, where, and how it is replaced and watched.
//!
//! What came after the first plans is left out where it holds its default, so that old plans keep their bytes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::task::{Port, Task, is_default};
use crate::text::Text;

/// A group of equal instances of one task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Job {
    /// Where other programs find the instances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announce: Option<Announcer>,
    /// Cluster to run in.
    pub cluster: String,
    /// Scheduling constraints by attribute name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub constraints: BTreeMap<String, String>,
    /// Address of the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// What the task runs in, where that is not the machine itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<Container>,
    /// What happens where the last cron run has not ended.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cron_collision_policy: CronCollisionPolicy,
    /// When the job runs: five cron fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron_schedule: Option<String>,
    /// Whether client hooks run for this job.
    pub enable_hooks: bool,
    /// Environment, such as `devel` or `prod`.
    pub environment: String,
    /// Data for an executor other than ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executor_config: Option<ExecutorConfig>,
    /// How the health of an instance is judged.
    pub health_check_config: HealthCheckConfig,
    /// How many instances run.
    pub instances: u32,
    /// `cluster/role/environment/name`.
    pub key: String,
    /// What is asked of an instance before it is ended.
    #[serde(default, skip_serializing_if = "Lifecycle::is_usual")]
    pub lifecycle: Lifecycle,
    /// Failed attempts after which the job has failed; -1 is no limit.
    pub max_task_failures: i64,
    /// Notes for other programs, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metadata: Vec<Metadata>,
    /// Name of the job.
    pub name: String,
    /// What happens to an instance whose agent is out of reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_policy: Option<PartitionPolicy>,
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
    /// How many instances must be up while a machine is maintained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sla_policy: Option<SlaPolicy>,
    /// What one instance runs.
    pub task: Task,
    /// Pages that belong to the task: title to address.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub task_links: BTreeMap<String, Text>,
    /// What the job gives way to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Tier>,
    /// How instances are replaced.
    pub update_config: UpdateConfig,
}

/// Where other programs find the instances of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Announcer {
    /// Names of ports, each with the number or the allocated port that it stands for in the end.
    pub portmap: BTreeMap<String, Port>,
    /// Name of the port that is meant where none is named.
    pub primary_port: String,
    /// Path in the registry instead of the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zk_path: Option<String>,
}

/// What happens where the last cron run has not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CronCollisionPolicy {
    /// The old run is killed.
    #[default]
    KillExisting,
    /// The new run is left out.
    CancelNew,
    /// Both run.
    RunOverlap,
}

/// What a job gives way to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Runs on what others leave unused.
    Revocable,
    /// Gives way to preferred jobs.
    Preemptible,
    /// Gives way to nobody.
    Preferred,
}

/// Data for an executor other than ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExecutorConfig {
    /// Opaque to us.
    pub data: String,
    /// Name of the executor.
    pub name: String,
}

/// A note for other programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Metadata {
    /// Name of the note.
    pub key: String,
    /// The note.
    pub value: String,
}

/// What happens to an instance whose agent is out of reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartitionPolicy {
    /// How long the agent is waited for, milliseconds.
    pub delay_ms: u64,
    /// Whether another instance is started instead.
    pub reschedule: bool,
}

/// How many instances must be up while a machine is maintained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SlaPolicy {
    /// Another program decides.
    Coordinator {
        /// Address of the program.
        coordinator_url: String,
        /// Member of its answer that says yes or no.
        status_key: String,
    },
    /// A number of instances.
    Count {
        /// How many.
        count: u64,
        /// For how long they must have been up, milliseconds.
        duration_ms: u64,
    },
    /// A share of the instances.
    Percentage {
        /// For how long they must have been up, milliseconds.
        duration_ms: u64,
        /// 0 to 100.
        percentage: f64,
    },
}

/// What a task runs in, where that is not the machine itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Container {
    /// A Docker image with parameters for its engine.
    Docker {
        /// Name of the image.
        image: String,
        /// Passed on to the engine, in order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parameters: Vec<DockerParameter>,
    },
    /// An image unpacked by the agent, with volumes.
    Mesos {
        /// The image; without one the machine's own files are seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        image: Option<MesosImage>,
        /// What is mounted into it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        volumes: Vec<Volume>,
    },
}

/// A parameter for the Docker engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DockerParameter {
    /// Name of the parameter.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// An image that the agent unpacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MesosImage {
    /// An image of the App Container form.
    Appc {
        /// Digest of the image.
        image_id: String,
        /// Name of the image.
        name: String,
    },
    /// An image of the Docker form.
    Docker {
        /// Name of the image.
        name: String,
        /// Tag of the image.
        tag: String,
    },
}

/// A folder of the machine that is seen inside of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Volume {
    /// Path inside.
    pub container_path: String,
    /// Path on the machine.
    pub host_path: String,
    /// Whether it may be written to.
    pub mode: VolumeMode,
}

/// Whether a volume may be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum VolumeMode {
    /// Read only.
    Ro,
    /// Read and write.
    Rw,
}

/// What is asked of an instance before it is ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lifecycle {
    /// Requests over HTTP; none where nothing is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpLifecycle>,
}

impl Lifecycle {
    /// Whether it is the default; asked for every job that is written, so it makes no text to compare with.
    fn is_usual(&self) -> bool {
        self.http.as_ref().is_some_and(|http| {
            http.graceful_shutdown_endpoint == GRACEFUL_SHUTDOWN
                && http.graceful_shutdown_wait_ms == SHUTDOWN_WAIT_MS
                && http.port == HEALTH_PORT
                && http.shutdown_endpoint == SHUTDOWN
                && http.shutdown_wait_ms == SHUTDOWN_WAIT_MS
        })
    }
}

const GRACEFUL_SHUTDOWN: &str = "/quitquitquit";
const SHUTDOWN: &str = "/abortabortabort";
const SHUTDOWN_WAIT_MS: u64 = 5_000;
const HEALTH_PORT: &str = "health";
const HEALTH_PAGE: &str = "/health";
const HEALTHY: &str = "ok";

impl Default for Lifecycle {
    fn default() -> Self {
        Self {
            http: Some(HttpLifecycle::default()),
        }
    }
}

/// Requests to an instance that is to end. Nothing is asked where the task has no such port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HttpLifecycle {
    /// Path of the first request.
    pub graceful_shutdown_endpoint: String,
    /// Wait behind the first request, milliseconds.
    pub graceful_shutdown_wait_ms: u64,
    /// Name of the port.
    pub port: String,
    /// Path of the second request.
    pub shutdown_endpoint: String,
    /// Wait behind the second request, milliseconds.
    pub shutdown_wait_ms: u64,
}

impl Default for HttpLifecycle {
    fn default() -> Self {
        Self {
            graceful_shutdown_endpoint: GRACEFUL_SHUTDOWN.into(),
            graceful_shutdown_wait_ms: SHUTDOWN_WAIT_MS,
            port: HEALTH_PORT.into(),
            shutdown_endpoint: SHUTDOWN.into(),
            shutdown_wait_ms: SHUTDOWN_WAIT_MS,
        }
    }
}

/// How the health of an instance is judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HealthCheckConfig {
    /// What is asked.
    #[serde(default, skip_serializing_if = "HealthChecker::is_usual")]
    pub health_checker: HealthChecker,
    /// Wait before the first check, milliseconds.
    pub initial_interval_ms: u64,
    /// Time between checks, milliseconds.
    pub interval_ms: u64,
    /// Failures in a row that are still tolerated.
    pub max_consecutive_failures: u64,
    /// Successes in a row that make an instance healthy.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub min_consecutive_successes: u64,
    /// Longest wait for one answer, milliseconds.
    pub timeout_ms: u64,
}

impl Default for HealthCheckConfig {
    fn default() -> Self {
        Self {
            health_checker: HealthChecker::default(),
            initial_interval_ms: 60_000,
            interval_ms: 30_000,
            max_consecutive_failures: 0,
            min_consecutive_successes: 1,
            timeout_ms: 1_000,
        }
    }
}

fn one() -> u64 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
fn is_one(value: &u64) -> bool {
    *value == 1
}

/// What is asked to learn about the health of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HealthChecker {
    /// A page of the port `health`.
    Http(HttpHealthChecker),
    /// A command.
    Shell(ShellHealthChecker),
}

impl HealthChecker {
    /// Whether it is the default; asked for every job that is written, so it makes no text to compare with.
    fn is_usual(&self) -> bool {
        let is = |text: &Text, usual: &str| matches!(text, Text::Plain(text) if text == usual);
        match self {
            Self::Http(http) => {
                http.expected_response_code == 0
                    && is(&http.endpoint, HEALTH_PAGE)
                    && is(&http.expected_response, HEALTHY)
            }
            Self::Shell(_) => false,
        }
    }
}

impl Default for HealthChecker {
    fn default() -> Self {
        Self::Http(HttpHealthChecker::default())
    }
}

/// A page that says whether an instance is healthy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HttpHealthChecker {
    /// Path of the page.
    pub endpoint: Text,
    /// What the answer must be; empty is anything.
    pub expected_response: Text,
    /// The status the answer must have; 0 is any.
    pub expected_response_code: u64,
}

impl Default for HttpHealthChecker {
    fn default() -> Self {
        Self {
            endpoint: Text::Plain(HEALTH_PAGE.into()),
            expected_response: Text::Plain(HEALTHY.into()),
            expected_response_code: 0,
        }
    }
}

/// A command that says whether an instance is healthy: exit code 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShellHealthChecker {
    /// Given to `bash -c`.
    pub shell_command: Text,
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
    /// The update waits for a sign of life at least this often, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pulse_interval_ms: Option<u64>,
    /// Longest way of an instance to running, milliseconds.
    pub restart_threshold_ms: u64,
    /// Whether a failed update goes back to the old configuration.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub rollback_on_failure: bool,
    /// Whether the update heeds `sla_policy`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub sla_aware: bool,
    /// In which groups instances are replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_strategy: Option<UpdateStrategy>,
    /// Whether a group is complete before the next one begins.
    #[serde(default, skip_serializing_if = "is_default")]
    pub wait_for_batch_completion: bool,
    /// How long an instance must stay running to count, milliseconds.
    pub watch_ms: u64,
}

impl Default for UpdateConfig {
    fn default() -> Self {
        Self {
            batch_size: 1,
            max_per_shard_failures: 0,
            max_total_failures: 0,
            pulse_interval_ms: None,
            restart_threshold_ms: 60_000,
            rollback_on_failure: true,
            sla_aware: false,
            update_strategy: None,
            wait_for_batch_completion: false,
            watch_ms: 30_000,
        }
    }
}

fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
fn is_yes(value: &bool) -> bool {
    *value
}

/// In which groups instances are replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpdateStrategy {
    /// Group by group.
    Batch {
        /// Whether the update stops behind each group until it is told to go on.
        autopause_after_batch: bool,
        /// Instances of a group.
        batch_size: u64,
    },
    /// The next instance as soon as one is done.
    Queue {
        /// Instances replaced at a time.
        batch_size: u64,
    },
    /// Group by group, of different sizes.
    VariableBatch {
        /// Whether the update stops behind each group until it is told to go on.
        autopause_after_batch: bool,
        /// Instances of each group; the last size counts for all further ones.
        batch_sizes: Vec<u64>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_left_out() {
        assert!(Lifecycle::default().is_usual() && HealthChecker::default().is_usual());
        let json = serde_json::to_value(HealthCheckConfig::default()).unwrap();
        assert_eq!(json.get("health_checker"), None);
        let read: HealthCheckConfig = serde_json::from_value(json).unwrap();
        assert_eq!(read, HealthCheckConfig::default());
        assert!(!Lifecycle { http: None }.is_usual());
    }
}
