//! How instances of a job are replaced, watched, placed and ended.

use aur_diagnostics::{Diagnostic, codes};
use aur_ir as ir;

use super::Lowering;
use super::place::Placed;

impl<'p> Lowering<'_, 'p> {
    pub(super) fn update_config(&mut self, job: &Placed<'p>, instances: i64) -> Option<ir::UpdateConfig> {
        if !self.is_given(job, "update_config")
            && let Some(known) = &self.usual.update_config
        {
            return Some(known.clone());
        }
        let config = self.within(job, "update_config", |this, config| {
            this.check_failures(config, instances);
            this.update(config)
        })?;
        if !self.is_given(job, "update_config") {
            self.usual.update_config = Some(config.clone());
        }
        Some(config)
    }

    fn update(&mut self, placed: &Placed<'p>) -> ir::UpdateConfig {
        ir::UpdateConfig {
            batch_size: self.count(placed, "batch_size"),
            max_per_shard_failures: self.count(placed, "max_per_shard_failures"),
            max_total_failures: self.count(placed, "max_total_failures"),
            pulse_interval_ms: self.optional_milliseconds(placed, "pulse_interval_secs", "pulse_interval_ms"),
            restart_threshold_ms: self.milliseconds(placed, "restart_threshold", "restart_threshold_ms"),
            rollback_on_failure: self.flag(placed, "rollback_on_failure"),
            sla_aware: self.flag(placed, "sla_aware"),
            update_strategy: self.within(placed, "update_strategy", Self::strategy),
            wait_for_batch_completion: self.flag(placed, "wait_for_batch_completion"),
            watch_ms: self.milliseconds(placed, "watch_secs", "watch_ms"),
        }
    }

    fn check_failures(&mut self, config: &Placed<'p>, instances: i64) {
        if !self.is_given(config, "max_total_failures") {
            return;
        }
        let failures = self.count(config, "max_total_failures");
        let bound = u64::try_from(instances).unwrap_or(0);
        if failures >= bound.max(1) {
            let span = self.place_of(config, "max_total_failures");
            let message =
                format!("the update tolerates {failures} failed instances, but the job has {instances}");
            self.error(
                Diagnostic::new(&codes::out_of_range, span, message)
                    .help(format!("give at most {}", bound.saturating_sub(1))),
            );
        }
    }

    fn strategy(&mut self, placed: &Placed<'p>) -> ir::UpdateStrategy {
        match placed.inner.decl.name.as_str() {
            "QueueUpdateStrategy" => self.below("queue", |this| ir::UpdateStrategy::Queue {
                batch_size: this.count(placed, "batch_size"),
            }),
            "BatchUpdateStrategy" => self.below("batch", |this| ir::UpdateStrategy::Batch {
                autopause_after_batch: this.flag(placed, "autopause_after_batch"),
                batch_size: this.count(placed, "batch_size"),
            }),
            _ => self.below("variable_batch", |this| this.variable_batch(placed)),
        }
    }

    fn variable_batch(&mut self, placed: &Placed<'p>) -> ir::UpdateStrategy {
        let batch_sizes = self.counts(placed, "batch_sizes");
        if batch_sizes.is_empty() && self.is_empty_list(placed, "batch_sizes") {
            let span = self.place_of(placed, "batch_sizes");
            let message = "this strategy names no group";
            self.error(
                Diagnostic::new(&codes::out_of_range, span, message)
                    .help("write the sizes of the groups: `batch_sizes = [1, 5, 10]`"),
            );
        }
        ir::UpdateStrategy::VariableBatch {
            autopause_after_batch: self.flag(placed, "autopause_after_batch"),
            batch_sizes,
        }
    }

    pub(super) fn health(&mut self, job: &Placed<'p>) -> Option<ir::HealthCheckConfig> {
        if !self.is_given(job, "health_check_config")
            && let Some(known) = &self.usual.health_check_config
        {
            return Some(known.clone());
        }
        let config = self.within(job, "health_check_config", |this, config| ir::HealthCheckConfig {
            health_checker: this
                .within(config, "health_checker", Self::checker)
                .flatten()
                .unwrap_or_default(),
            initial_interval_ms: this.milliseconds(config, "initial_interval_secs", "initial_interval_ms"),
            interval_ms: this.milliseconds(config, "interval_secs", "interval_ms"),
            max_consecutive_failures: this.count(config, "max_consecutive_failures"),
            min_consecutive_successes: this.count(config, "min_consecutive_successes"),
            timeout_ms: this.milliseconds(config, "timeout_secs", "timeout_ms"),
        })?;
        if !self.is_given(job, "health_check_config") {
            self.usual.health_check_config = Some(config.clone());
        }
        Some(config)
    }

    fn checker(&mut self, placed: &Placed<'p>) -> Option<ir::HealthChecker> {
        let http = self.within(placed, "http", |this, http| {
            Some(ir::HealthChecker::Http(ir::HttpHealthChecker {
                endpoint: this.late_text(http, "endpoint")?,
                expected_response: this.late_text(http, "expected_response")?,
                expected_response_code: this.count(http, "expected_response_code"),
            }))
        });
        let shell = self.within(placed, "shell", |this, shell| {
            let shell_command = this.late_text(shell, "shell_command")?;
            this.check_argument(shell, "shell_command", &shell_command);
            Some(ir::HealthChecker::Shell(ir::ShellHealthChecker { shell_command }))
        });
        if http.is_some() == shell.is_some() {
            let message = match http {
                Some(_) => "a health checker asks a page or runs a command, not both",
                None => "this health checker asks nothing",
            };
            let error = Diagnostic::new(&codes::bad_command, placed.inner.span, message);
            self.error(
                error.help(
                    "give one of `http = HttpHealthChecker {}` and `shell = ShellHealthChecker { .. }`",
                ),
            );
        }
        http.or(shell).flatten()
    }

    pub(super) fn lifecycle(&mut self, job: &Placed<'p>) -> ir::Lifecycle {
        if !self.is_given(job, "lifecycle") {
            return ir::Lifecycle::default();
        }
        let lifecycle = self.within(job, "lifecycle", |this, config| ir::Lifecycle {
            http: this.within(config, "http", |this, http| ir::HttpLifecycle {
                graceful_shutdown_endpoint: this.text(http, "graceful_shutdown_endpoint", None),
                graceful_shutdown_wait_ms: this.milliseconds(
                    http,
                    "graceful_shutdown_wait_secs",
                    "graceful_shutdown_wait_ms",
                ),
                port: this.text(http, "port", None),
                shutdown_endpoint: this.text(http, "shutdown_endpoint", None),
                shutdown_wait_ms: this.milliseconds(http, "shutdown_wait_secs", "shutdown_wait_ms"),
            }),
        });
        lifecycle.unwrap_or_default()
    }

    pub(super) fn partition_policy(&mut self, job: &Placed<'p>) -> Option<ir::PartitionPolicy> {
        self.within(job, "partition_policy", |this, policy| ir::PartitionPolicy {
            delay_ms: this.milliseconds(policy, "delay_secs", "delay_ms"),
            reschedule: this.flag(policy, "reschedule"),
        })
    }

    pub(super) fn sla_policy(&mut self, job: &Placed<'p>) -> Option<ir::SlaPolicy> {
        self.within(job, "sla_policy", |this, policy| {
            let (kind, lower): (_, fn(&mut Self, &Placed<'p>) -> ir::SlaPolicy) =
                match policy.inner.decl.name.as_str() {
                    "CoordinatorSlaPolicy" => ("coordinator", |this, policy| ir::SlaPolicy::Coordinator {
                        coordinator_url: this.text(policy, "coordinator_url", None),
                        status_key: this.text(policy, "status_key", None),
                    }),
                    "CountSlaPolicy" => ("count", |this, policy| ir::SlaPolicy::Count {
                        count: this.count(policy, "count"),
                        duration_ms: this.milliseconds(policy, "duration_secs", "duration_ms"),
                    }),
                    _ => ("percentage", |this, policy| ir::SlaPolicy::Percentage {
                        duration_ms: this.milliseconds(policy, "duration_secs", "duration_ms"),
                        percentage: this.float(policy, "percentage"),
                    }),
                };
            this.below(kind, |this| lower(this, policy))
        })
    }

    pub(super) fn cron_collision_policy(&mut self, job: &Placed<'p>) -> ir::CronCollisionPolicy {
        match self.member(job, "cron_collision_policy").as_deref() {
            Some("CANCEL_NEW") => ir::CronCollisionPolicy::CancelNew,
            Some("RUN_OVERLAP") => ir::CronCollisionPolicy::RunOverlap,
            _ => ir::CronCollisionPolicy::KillExisting,
        }
    }

    pub(super) fn tier(&mut self, job: &Placed<'p>) -> Option<ir::Tier> {
        Some(match self.member(job, "tier")?.as_str() {
            "revocable" => ir::Tier::Revocable,
            "preemptible" => ir::Tier::Preemptible,
            _ => ir::Tier::Preferred,
        })
    }
}
