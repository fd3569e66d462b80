//! The health of a task, as its checks find it.
//!
//! ```text
//! Starting ──enough successes in a row──▶ Healthy ──too many failures in a row──▶ Unhealthy
//!     └──────────── too few attempts left for them ────────────────────────────▶─────┘
//! ```
//!
//! While it starts, a number of attempts may fail: those of the grace period, then as many as are
//! tolerated later. Once the attempts that are left cannot bring the successes any more, it is unhealthy
//! at once.

use aur_ir as ir;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How healthy a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It was not healthy so far.
    Starting,
    /// It is healthy.
    Healthy,
    /// It is not, and the task fails.
    Unhealthy,
}

/// What one check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// All is well.
    Good,
    /// It is not.
    Bad,
}

/// How the health of a task is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthPolicy {
    /// Attempts that may fail while it starts.
    pub grace_attempts: u64,
    /// Failures in a row that are tolerated.
    pub max_failures: u64,
    /// Successes in a row that make it healthy.
    pub min_successes: u64,
}

impl HealthPolicy {
    /// Takes the policy of a plan. The first check comes one interval after the start.
    pub fn of(config: &ir::HealthCheckConfig) -> Self {
        Self {
            grace_attempts: config.initial_interval_ms.div_ceil(config.interval_ms.max(1)),
            max_failures: config.max_consecutive_failures,
            min_successes: config.min_consecutive_successes.max(1),
        }
    }
}

/// What the checks amount to so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Checks {
    health: Health,
    /// Answers while it started.
    attempts: u64,
    /// Good answers in a row.
    successes: u64,
    /// Bad answers in a row.
    failures: u64,
}

impl Checks {
    /// Begins with what is known of the health; for a runner that takes a task over, too.
    pub fn new(health: Health) -> Self {
        Self {
            health,
            attempts: 0,
            successes: 0,
            failures: 0,
        }
    }

    /// Takes an answer in and returns the health if it has changed.
    pub fn take(&mut self, policy: &HealthPolicy, answer: Answer) -> Option<Health> {
        match answer {
            Answer::Good => {
                self.successes = self.successes.saturating_add(1);
                self.failures = 0;
            }
            Answer::Bad => {
                self.successes = 0;
                self.failures = self.failures.saturating_add(1);
            }
        }
        let health = match self.health {
            Health::Starting => self.started(policy),
            Health::Healthy if self.failures > policy.max_failures => Health::Unhealthy,
            Health::Healthy => Health::Healthy,
            Health::Unhealthy => Health::Unhealthy,
        };
        let is_new = health != self.health;
        self.health = health;
        is_new.then_some(health)
    }

    fn started(&mut self, policy: &HealthPolicy) -> Health {
        self.attempts = self.attempts.saturating_add(1);
        if self.successes >= policy.min_successes {
            return Health::Healthy;
        }
        let all = policy
            .grace_attempts
            .saturating_add(policy.max_failures)
            .saturating_add(policy.min_successes);
        let left = all.saturating_sub(self.attempts);
        if left < policy.min_successes.saturating_sub(self.successes) {
            Health::Unhealthy
        } else {
            Health::Starting
        }
    }
}

#[cfg(test)]
mod tests;
