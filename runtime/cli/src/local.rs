//! What a job means on one machine: what would run, and which attributes say nothing here.

use std::fmt::Write;

use aur_ir::{EdgeKind, HealthCheckConfig, Job, Plan, UpdateConfig};
use aur_render::clean;

/// Shows order and commands of a job as they would run.
pub(crate) fn dry_run(plan: &Plan, job: usize, is_json: bool) -> String {
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
    for process in &job.task.processes {
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
        for line in process.cmdline.to_string().lines() {
            let _ = writeln!(out, "    {}", clean(line));
        }
    }
    out
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
