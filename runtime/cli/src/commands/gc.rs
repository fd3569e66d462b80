//! `aur gc`, and what `aur run` and `aur up` do of it by themselves.

use std::path::Path;
use std::time::{Duration, SystemTime};

use aur_render::clean;
use aur_runner::{Candidate, Collection, Keep};
use aur_terminal::{Failure, plural};

use crate::documents::{GcReport, GcTask};
use crate::errors::runner_failure;
use crate::{Context, Outcome, duration, logger, show};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// What is kept where nothing is said.
const USUAL: Keep = Keep {
    younger_than: Some(DAY.saturating_mul(7)),
    newest: None,
    bytes: None,
};
/// What is kept by itself.
const AUTOMATIC: Keep = Keep {
    younger_than: Some(DAY.saturating_mul(30)),
    newest: Some(1000),
    bytes: None,
};
/// How often tasks are removed by themselves.
const AUTOMATIC_INTERVAL: Duration = DAY;
/// Says when that was; a file in the state folder.
const STAMP: &str = "gc.stamp";

/// Remove tasks that are over, with their sandboxes and logs
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aur gc\n  aur gc --older-than 1d --dry-run\n  aur gc --keep 20 --max-bytes 10GB\n  aur gc --keep 0\n\n\
    Without a flag tasks go that ended a week ago or earlier. A task that is not over is never removed.\n\
    Once a day `aur run` and `aur up` remove what ended 30 days ago, or before the last 1000; AUR_GC=off\n\
    in the environment forbids that."
)]
pub(crate) struct Args {
    /// Remove those that ended this long ago or earlier
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    older_than: Option<u64>,
    /// Remove all but so many that ended last
    #[arg(long, value_name = "N")]
    keep: Option<usize>,
    /// Remove those that ended first until the rest takes no more bytes
    #[arg(long, value_name = "SIZE", value_parser = logger::size)]
    max_bytes: Option<u64>,
    /// Only say what would be removed
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let root = context.state_root()?;
    let keep = match (args.older_than, args.keep, args.max_bytes) {
        (None, None, None) => USUAL,
        (older_than, newest, bytes) => Keep {
            younger_than: older_than.map(Duration::from_millis),
            newest,
            bytes,
        },
    };
    let found = collectable(&root, &keep)?;
    let (removed, failures) = match args.dry_run {
        true => (found.tasks.clone(), Vec::new()),
        false => remove(&found),
    };
    tell(args, context, &found, &removed)?;
    for failure in &failures {
        context.terminal.complain(failure);
    }
    Ok(if failures.is_empty() { 0 } else { 2 })
}

fn collectable(root: &Path, keep: &Keep) -> Result<Collection, Failure> {
    aur_runner::collectable(root, keep, SystemTime::now()).map_err(|error| {
        Failure::new("cannot list the tasks")
            .because(error)
            .help("is this the state folder? see `--root`")
    })
}

/// Removes what was found, as far as it can be; returns what is gone, and what stood in the way.
fn remove(found: &Collection) -> (Vec<Candidate>, Vec<Failure>) {
    let (mut removed, mut failures) = (Vec::new(), Vec::new());
    for task in &found.tasks {
        match aur_runner::remove_task(&task.folder) {
            Ok(true) => removed.push(task.clone()),
            // Someone goes on with it, or removed it.
            Ok(false) => {}
            Err(error) => {
                let attempt = format!("cannot remove the task {}", clean(&task.task_id));
                failures.push(runner_failure(&attempt, &error));
            }
        }
    }
    for leftover in &found.leftovers {
        if let Err(error) = aur_runner::remove_leftover(leftover) {
            failures.push(Failure::new("cannot remove what is left of a task").because(error));
        }
    }
    (removed, failures)
}

fn tell(args: &Args, context: &Context, found: &Collection, removed: &[Candidate]) -> Result<(), Failure> {
    let bytes: u64 = removed.iter().map(|task| task.bytes).sum();
    if context.is_json {
        let report = GcReport {
            dry_run: args.dry_run,
            removed: removed
                .iter()
                .map(|task| GcTask {
                    task_id: task.task_id.clone(),
                    state: task.state,
                    bytes: task.bytes,
                })
                .collect(),
            bytes,
            kept: found.kept as u64,
            leftovers: found.leftovers.len() as u64,
        };
        let text = serde_json::to_string(&report).unwrap_or_default();
        return context.terminal.print(format!("{text}\n"));
    }
    let mut text = String::new();
    let verb = match args.dry_run {
        true => "would be removed",
        false => "removed",
    };
    for task in removed {
        let age = SystemTime::now().duration_since(task.ended).unwrap_or_default();
        let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        text.push_str(&format!(
            "task {} {verb}: {}, ended {} ago, {}\n",
            clean(&task.task_id),
            show::word(task.state),
            duration::show(age),
            show::bytes(task.bytes)
        ));
    }
    if !found.leftovers.is_empty() {
        let leftovers = plural(found.leftovers.len() as u64, "folder");
        text.push_str(&format!("{leftovers} of crashed commands {verb}\n"));
    }
    text.push_str(&format!(
        "{} {verb}, {}; {} kept\n",
        plural(removed.len() as u64, "task"),
        show::bytes(bytes),
        plural(found.kept as u64, "finished task")
    ));
    context.terminal.print(text)
}

/// Removes old tasks once a day. Says nothing, and no fault of it is one of the command.
pub(crate) fn run_by_itself(context: &Context) {
    let is_off = std::env::var_os("AUR_GC").is_some_and(|value| value == "off");
    let Ok(root) = context.state_root() else { return };
    if is_off || !is_due(&root.join(STAMP)) {
        return;
    }
    if let Ok(found) = collectable(&root, &AUTOMATIC) {
        let _ = remove(&found);
    }
}

/// Whether a day has passed since this was asked with the answer yes; the first time none has.
fn is_due(stamp: &Path) -> bool {
    let changed = stamp.metadata().and_then(|found| found.modified());
    let age = changed
        .as_ref()
        .ok()
        .map(|at| SystemTime::now().duration_since(*at).unwrap_or_default());
    if age.is_some_and(|age| age < AUTOMATIC_INTERVAL) {
        return false;
    }
    // Without a stamp nothing is ever removed by itself.
    std::fs::write(stamp, "").is_ok() && age.is_some()
}
