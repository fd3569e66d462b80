//! What a job means on one machine: what would run, and which attributes say nothing here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use aur_ir::{EdgeKind, HealthCheckConfig, Job, LateName, Plan, Process, Segment, Task, Text, UpdateConfig};
use aur_render::clean;

/// Shows order and commands of a job as they would run.
pub(crate) fn dry_run(plan: &Plan, job: usize, instance: u32, is_json: bool) -> String {
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
        for line in with_instance(&process.cmdline, instance).to_string().lines() {
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

/// The text with the one runtime name filled in that is known before a run.
fn with_instance(text: &Text, instance: u32) -> Text {
    let Text::Late { segments } = text else {
        return text.clone();
    };
    let segments = segments.iter().map(|segment| match segment {
        Segment::Name {
            filter,
            late: LateName::Instance,
        } => {
            let value = instance.to_string();
            Segment::Literal(filter.map_or(value.clone(), |filter| filter.apply(&value)))
        }
        other => other.clone(),
    });
    Text::Late {
        segments: segments.collect(),
    }
}

/// Names the attributes of a job that a local run does not look at, in one line.
pub(crate) fn without_meaning(plan: &Plan, job: usize) -> Option<String> {
    let job = plan.jobs.get(job)?;
    let names = unused(job);
    (!names.is_empty()).then(|| format!("{} say nothing to a run on this machine", names.join(", ")))
}

fn unused(job: &Job) -> Vec<&'static str> {
    let update = UpdateConfig {
        batch_size: 1,
        max_per_shard_failures: 0,
        max_total_failures: 0,
        restart_threshold_ms: 60_000,
        watch_ms: 30_000,
    };
    let health = HealthCheckConfig {
        initial_interval_ms: 60_000,
        interval_ms: 30_000,
        max_consecutive_failures: 0,
        timeout_ms: 1000,
    };
    let rows = [
        (!job.constraints.is_empty(), "constraints"),
        (job.priority != 0, "priority"),
        (job.production, "production"),
        (job.enable_hooks, "enable_hooks"),
        (job.update_config != update, "update_config"),
        (job.health_check_config != health, "health_check_config"),
        (job.task.user.is_some(), "user"),
    ];
    rows.into_iter()
        .filter(|(is_given, _)| *is_given)
        .map(|(_, name)| name)
        .collect()
}
