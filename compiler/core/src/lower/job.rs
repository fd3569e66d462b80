//! Jobs, and the rules between them.

use std::collections::BTreeMap;

use aur_diagnostics::{Diagnostic, Span, codes};
use aur_ir as ir;

use super::place::Placed;
use super::{Jobs, Lowering, elements};
use crate::limits::Limit;
use crate::resolve::Judge;
use crate::value::{Kind, Value};

impl<'p> Lowering<'_, 'p> {
    pub(super) fn jobs(&mut self, list: &Value<'p>, needed: Jobs) -> Vec<ir::Job> {
        let root = self.compiler.root_env();
        let count = match &list.kind {
            Kind::List(items) => items.len(),
            _ => 0,
        };
        if count == 0 && needed == Jobs::Needed && matches!(list.kind, Kind::List(_)) {
            let error = Diagnostic::new(&codes::no_jobs, list.span, "the list of jobs is empty");
            self.error(error.help("put a job into it: `jobs = [hello]`"));
        }
        let most = self.compiler.given.limits.of(Limit::Jobs);
        if count > most {
            let message = format!("a program has at most {most} jobs, this one has {count}");
            let reached = self
                .compiler
                .given
                .limits
                .reached(Limit::Jobs, list.span, message);
            self.error(reached.help("a job has any number of equal `instances`"));
            return Vec::new();
        }
        self.hidden.extend(self.compiler.open_text(list));
        let elements = elements(list, &root);
        let mut jobs: Vec<ir::Job> = Vec::with_capacity(elements.len());
        let mut places: BTreeMap<String, Span> = BTreeMap::new();
        for (value, env) in elements {
            if self.compiler.is_cancelled() {
                break;
            }
            let Some(placed) = self.place(&value, &env) else {
                self.hidden.extend(self.compiler.open_text(&value));
                continue;
            };
            let span = placed.inner.span;
            self.judge = Judge::Job(span);
            self.compiler.note_reached(&value.scopes, self.judge);
            let index = jobs.len();
            self.compiler.note_job_begins();
            let job = self.below(&format!("jobs/{index}"), |this| this.job(&placed));
            self.compiler
                .note_job_ends(job.as_ref().map(|job| job.key.as_str()), span);
            let Some(job) = job else { continue };
            if let Some(first) = places.get(&job.key).filter(|_| !self.compiler.is_open(&job.key)) {
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
        if let Some(task) = self.read(placed, "task") {
            self.hidden.extend(self.compiler.open_text(&task.value));
        }
        let task = self
            .nested(placed, "task")
            .and_then(|task| self.below("task", |this| this.job_task(&task)));
        let name = self.job_word(placed, "name");
        let instances = self.integer(placed, "instances");
        let update_config = self.update_config(placed, instances);
        let health_check_config = self.health(placed);
        let announce = self.announce(placed);
        let (announce, port_places) = announce.unzip();
        let task_links = self.late_text_map(placed, "task_links");
        let job = ir::Job {
            announce,
            cluster: cluster.unwrap_or_default(),
            constraints: self.constraints(placed),
            contact: self.optional_text(placed, "contact", None),
            container: self.container(placed),
            cron_collision_policy: self.cron_collision_policy(placed),
            cron_schedule: self.optional_text(placed, "cron_schedule", None),
            enable_hooks: self.flag(placed, "enable_hooks"),
            environment: environment.unwrap_or_default(),
            executor_config: self.executor_config(placed),
            health_check_config: health_check_config?,
            instances: u32::try_from(instances).unwrap_or(0),
            key: String::new(),
            lifecycle: self.lifecycle(placed),
            max_task_failures: self.integer(placed, "max_task_failures"),
            metadata: self.metadata(placed),
            name: name.unwrap_or_default(),
            partition_policy: self.partition_policy(placed),
            ports: Vec::new(),
            priority: self.integer(placed, "priority"),
            production: self.flag(placed, "production"),
            role: role.unwrap_or_default(),
            service: self.flag(placed, "service"),
            sla_policy: self.sla_policy(placed),
            task: task?,
            task_links: task_links
                .into_iter()
                .map(|(title, (text, _))| (title, text))
                .collect(),
            tier: self.tier(placed),
            update_config: update_config?,
        };
        self.finish_job(placed, job, &port_places.unwrap_or_default())
    }

    /// Adds what follows from the rest: the key and the ports; none where a part of the key is missing.
    fn finish_job(
        &mut self,
        placed: &Placed<'p>,
        mut job: ir::Job,
        port_places: &BTreeMap<String, Span>,
    ) -> Option<ir::Job> {
        let words = [&job.cluster, &job.role, &job.environment, &job.name];
        if words.iter().any(|word| word.is_empty()) {
            return None;
        }
        job.key = words.map(String::as_str).join("/");
        self.check_dedicated(placed, &job);
        let span = self.place_of(placed, "announce");
        job.ports = self.settle_ports(&mut job, port_places, span);
        Some(job)
    }

    /// A large job on machines of its own loses some of them in every update.
    fn check_dedicated(&mut self, placed: &Placed<'p>, job: &ir::Job) {
        let least = u64::from(job.instances) / 50;
        let given = job.update_config.max_total_failures;
        if job.constraints.contains_key("dedicated") && given < least {
            let span = self.place_of(placed, "update_config");
            let message = format!(
                "{} instances on dedicated machines need an update that tolerates {least} failures, not {given}",
                job.instances
            );
            self.error(Diagnostic::new(&codes::out_of_range, span, message).help(format!(
                "write `update_config.max_total_failures = {least}`, 2 % of the instances"
            )));
        }
    }

    /// A part of the job key.
    fn job_word(&mut self, placed: &Placed<'p>, name: &'static str) -> Option<String> {
        let (word, span) = self.placed_text(placed, name)?;
        let longest = self.compiler.given.limits.of(Limit::NameBytes);
        if (!ir::is_job_word(&word) || word.len() > longest) && !self.compiler.is_open(&word) {
            if span.is_none() && self.compiler.sink.has_errors() {
                return None;
            }
            let span = span.unwrap_or(placed.inner.span);
            if self.is_too_long(&word, span) {
                return None;
            }
            let message = format!("`{}` cannot be the {name} of a job", word.escape_debug());
            let error = Diagnostic::new(&codes::bad_job_word, span, message);
            self.error(error.help(
                "letters, digits, `_`, `-` and `.` make up a job key; it starts with a letter, digit or `_`",
            ));
            return None;
        }
        Some(word)
    }

    /// Says that a name is too long, where it is.
    pub(super) fn is_too_long(&mut self, name: &str, span: Span) -> bool {
        let limits = &self.compiler.given.limits;
        let longest = limits.of(Limit::NameBytes);
        if name.len() <= longest {
            return false;
        }
        let message = format!("a name has at most {longest} bytes, this one has {}", name.len());
        let reached = limits.reached(Limit::NameBytes, span, message);
        self.error(reached.help("names of jobs and processes are names of folders"));
        true
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
}
