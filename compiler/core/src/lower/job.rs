//! Jobs, and the rules between them.

use std::collections::BTreeMap;

use aur_diagnostics::{Diagnostic, Span, codes};
use aur_ir as ir;

use super::place::Placed;
use super::{Jobs, Lowering, elements};
use crate::resolve::Judge;
use crate::value::{Kind, Value};

impl<'p> Lowering<'_, 'p> {
    pub(super) fn jobs(&mut self, list: &Value<'p>, needed: Jobs) -> Vec<ir::Job> {
        let root = self.compiler.root_env();
        let elements = elements(list, &root);
        if elements.is_empty() && needed == Jobs::Needed && matches!(list.kind, Kind::List(_)) {
            let error = Diagnostic::new(&codes::no_jobs, list.span, "the list of jobs is empty");
            self.error(error.help("put a job into it: `jobs = [hello]`"));
        }
        let mut jobs: Vec<ir::Job> = Vec::with_capacity(elements.len());
        let mut places: BTreeMap<String, Span> = BTreeMap::new();
        for (value, env) in elements {
            let Some(placed) = self.place(&value, &env) else {
                continue;
            };
            let span = placed.inner.span;
            self.judge = Judge::Job(span);
            let index = jobs.len();
            let Some(job) = self.below(&format!("jobs/{index}"), |this| this.job(&placed)) else {
                continue;
            };
            if let Some(first) = places.get(&job.key) {
                let error = Diagnostic::new(
                    &codes::duplicate_job,
                    span,
                    format!("two jobs have the key `{}`", job.key),
                )
                .label("this job")
                .also(*first, "the first job of this key")
                .help("jobs differ in cluster, role, environment or name");
                self.error(if *first == span {
                    error.note("both come from this one place")
                } else {
                    error
                });
            } else {
                places.insert(job.key.clone(), span);
            }
            jobs.push(job);
        }
        jobs
    }

    fn job(&mut self, placed: &Placed<'p>) -> Option<ir::Job> {
        self.trace(None, Some(placed.inner.span), None);
        self.require(placed);
        let cluster = self.job_word(placed, "cluster");
        let role = self.job_word(placed, "role");
        let environment = self.job_word(placed, "environment");
        let task = self
            .nested(placed, "task")
            .and_then(|task| self.below("task", |this| this.job_task(&task)));
        let name = self.job_word(placed, "name");
        let instances = self.integer(placed, "instances");
        let update_config = self
            .nested(placed, "update_config")
            .map(|config| self.below("update_config", |this| this.update_config(&config, instances)));
        let health = self
            .nested(placed, "health_check_config")
            .map(|config| self.below("health_check_config", |this| this.health(&config)));
        let constraints = self.constraints(placed);
        let contact = self.optional_text(placed, "contact", None);
        let max_task_failures = self.integer(placed, "max_task_failures");
        let (enable_hooks, production, service) = (
            self.flag(placed, "enable_hooks"),
            self.flag(placed, "production"),
            self.flag(placed, "service"),
        );
        let priority = self.integer(placed, "priority");
        let task = task?;
        Some(ir::Job {
            key: format!("{}/{}/{}/{}", cluster?, role?, environment?, name.as_deref()?),
            cluster: self.text(placed, "cluster", None),
            constraints,
            contact,
            enable_hooks,
            environment: self.text(placed, "environment", None),
            health_check_config: health?,
            instances: u32::try_from(instances).unwrap_or(0),
            max_task_failures,
            name: name?,
            ports: ports(&task),
            priority,
            production,
            role: self.text(placed, "role", None),
            service,
            task,
            update_config: update_config?,
        })
    }

    /// A part of the job key.
    fn job_word(&mut self, placed: &Placed<'p>, name: &str) -> Option<String> {
        let read = self.read(placed, name)?;
        let word = self.optional_text(placed, name, None)?;
        if !ir::is_job_word(&word) {
            if read.span.is_none() && self.compiler.sink.has_errors() {
                return None;
            }
            let span = read.span.unwrap_or(placed.inner.span);
            let message = format!("`{}` cannot be the {name} of a job", word.escape_debug());
            let error = Diagnostic::new(&codes::bad_job_word, span, message);
            self.error(error.help(
                "letters, digits, `_`, `-` and `.` make up a job key; it starts with a letter, digit or `_`",
            ));
            return None;
        }
        Some(word)
    }

    fn constraints(&mut self, placed: &Placed<'p>) -> BTreeMap<String, String> {
        let map = self.text_map(placed, "constraints");
        let mut out = BTreeMap::new();
        for (name, (rule, span)) in map {
            if rule
                .strip_prefix("limit:")
                .is_some_and(|limit| limit.parse::<u64>().is_err())
            {
                let message = format!("`{}` is not a limit", rule.escape_debug());
                self.error(
                    Diagnostic::new(&codes::out_of_range, span, message)
                        .help("write `limit:2`, or a list of values: `a,b` or `!a,b`"),
                );
            }
            out.insert(name, rule);
        }
        out
    }

    fn update_config(&mut self, placed: &Placed<'p>, instances: i64) -> ir::UpdateConfig {
        self.require(placed);
        let config = ir::UpdateConfig {
            batch_size: self.count(placed, "batch_size"),
            max_per_shard_failures: self.count(placed, "max_per_shard_failures"),
            max_total_failures: self.count(placed, "max_total_failures"),
            restart_threshold_ms: self.milliseconds(placed, "restart_threshold", "restart_threshold_ms"),
            watch_ms: self.milliseconds(placed, "watch_secs", "watch_ms"),
        };
        let bound = u64::try_from(instances).unwrap_or(0);
        let written = self.read(placed, "max_total_failures").and_then(|read| read.span);
        if config.max_total_failures >= bound.max(1)
            && let Some(span) = written
        {
            let message = format!(
                "the update tolerates {} failed instances, but the job has {instances}",
                config.max_total_failures
            );
            self.error(
                Diagnostic::new(&codes::out_of_range, span, message)
                    .help(format!("give at most {}", bound.saturating_sub(1))),
            );
        }
        config
    }

    fn health(&mut self, placed: &Placed<'p>) -> ir::HealthCheckConfig {
        self.require(placed);
        ir::HealthCheckConfig {
            initial_interval_ms: self.milliseconds(placed, "initial_interval_secs", "initial_interval_ms"),
            interval_ms: self.milliseconds(placed, "interval_secs", "interval_ms"),
            max_consecutive_failures: self.count(placed, "max_consecutive_failures"),
            timeout_ms: self.milliseconds(placed, "timeout_secs", "timeout_ms"),
        }
    }
}

/// Names of the ports that the texts of a task ask for, sorted.
fn ports(task: &ir::Task) -> Vec<String> {
    let names = task
        .processes
        .iter()
        .flat_map(|process| process.cmdline.late_names());
    let ports: std::collections::BTreeSet<String> = names
        .filter_map(|name| match name {
            ir::LateName::Port(port) => Some(port.clone()),
            ir::LateName::Hostname
            | ir::LateName::Instance
            | ir::LateName::Sandbox
            | ir::LateName::TaskId
            | ir::LateName::User => None,
        })
        .collect();
    ports.into_iter().collect()
}
