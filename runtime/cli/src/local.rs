//! What a job means on one machine: what would run, and which attributes say nothing here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use aur_ir::{EdgeKind, HealthCheckConfig, Job, LateName, Plan, Process, Segment, Task, UpdateConfig};
use aur_render::clean;
use aur_runner::Ports;

/// Shows order and commands of a job as they would run.
pub(crate) fn dry_run(plan: &Plan, job: usize, instance: u32, ports: &Ports, is_json: bool) -> String {
    let Some(job) = plan.jobs.get(job) else {
        return String::new();
    };
    if is_json {
        return format!("{}\n", serde_json::to_string(job).unwrap_or_default());
    }
    let mut out = format!("job {}\n", clean(&job.key));
    for (path, content) in &job.task.files {
        let _ = writeln!(out, "  file {} ({} bytes)", clean(path), content.len());
    }
    for process in in_order(&job.task) {
        let waits: Vec<String> = job
            .task
            .order
            .iter()
            .filter(|edge| edge.after == process.name)
            .map(|edge| match edge.on {
                EdgeKind::Success => clean(&edge.before).into_owned(),
                EdgeKind::Ready => format!("ready({})", clean(&edge.before)),
            })
            .collect();
        let mut facts = Vec::new();
        if process.is_final {
            facts.push("final".to_string());
        }
        if process.daemon {
            facts.push("daemon".to_string());
        }
        if process.ephemeral {
            facts.push("ephemeral".to_string());
        }
        if !waits.is_empty() {
            facts.push(format!("after {}", waits.join(", ")));
        }
        let facts = if facts.is_empty() {
            String::new()
        } else {
            format!("  ({})", facts.join("; "))
        };
        let _ = writeln!(out, "  {}{facts}", clean(&process.name));
        for line in with_known(process, instance, ports).command().lines() {
            let _ = writeln!(out, "    {}", clean(line));
        }
    }
    out
}

/// The processes so that each stands behind those it waits for; otherwise as written, final ones last.
fn in_order(task: &Task) -> Vec<&Process> {
    let mut left: Vec<&Process> = task.processes.iter().collect();
    left.sort_by_key(|process| process.is_final);
    let mut open: BTreeMap<&str, usize> = BTreeMap::new();
    let mut followers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for edge in &task.order {
        *open.entry(&edge.after).or_default() += 1;
        followers.entry(&edge.before).or_default().push(&edge.after);
    }
    let place: BTreeMap<&str, usize> = left
        .iter()
        .enumerate()
        .map(|(place, process)| (process.name.as_str(), place))
        .collect();
    let mut free: BTreeSet<usize> = place
        .iter()
        .filter(|(name, _)| !open.contains_key(*name))
        .map(|(_, place)| *place)
        .collect();
    let mut ordered = Vec::with_capacity(left.len());
    while let Some(process) = free.pop_first().and_then(|place| left.get(place)) {
        ordered.push(*process);
        for follower in followers.get(process.name.as_str()).into_iter().flatten() {
            let waits = open.entry(follower).or_insert(1);
            *waits -= 1;
            if *waits == 0 {
                free.extend(place.get(follower));
            }
        }
    }
    ordered
}

/// The process with the runtime names filled in that are known before a run.
fn with_known(process: &Process, instance: u32, ports: &Ports) -> Process {
    let mut process = process.clone();
    for text in process.cmdline.iter_mut().chain(&mut process.argv) {
        text.rewrite(|name| match name {
            LateName::Instance => Some(Segment::Literal(instance.to_string())),
            LateName::Port(name) => ports.get(name).map(|number| Segment::Literal(number.to_string())),
            LateName::Hostname | LateName::Sandbox | LateName::TaskId | LateName::User => None,
        });
    }
    process
}

/// Names the attributes of a job that a local run does not look at, in one line.
pub(crate) fn without_meaning(plan: &Plan, job: usize) -> Option<String> {
    let job = plan.jobs.get(job)?;
    let names = unused(job);
    (!names.is_empty()).then(|| format!("{} say nothing to a run on this machine", names.join(", ")))
}

fn unused(job: &Job) -> Vec<&'static str> {
    let rows = [
        (!job.constraints.is_empty(), "constraints"),
        (job.priority != 0, "priority"),
        (job.production, "production"),
        (job.enable_hooks, "enable_hooks"),
        (job.update_config != UpdateConfig::default(), "update_config"),
        (
            job.health_check_config != HealthCheckConfig::default(),
            "health_check_config",
        ),
        (job.task.user.is_some(), "user"),
        (job.announce.is_some(), "announce"),
        (job.cron_schedule.is_some(), "cron_schedule"),
        (job.tier.is_some(), "tier"),
        (job.partition_policy.is_some(), "partition_policy"),
        (job.sla_policy.is_some(), "sla_policy"),
        (job.executor_config.is_some(), "executor_config"),
        (job.task.resources.gpu > 0, "gpu"),
    ];
    rows.into_iter()
        .filter(|(is_given, _)| *is_given)
        .map(|(_, name)| name)
        .collect()
}
