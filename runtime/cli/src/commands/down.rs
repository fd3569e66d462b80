//! `aur down`

use std::path::PathBuf;

use aur_runner::StopRequest;
use aur_terminal::InputArgs;

use super::kill;
use super::up::live_tasks;
use crate::{Context, Outcome, duration, programs};

/// End all tasks of the jobs of a program, and wait for it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aur down fleet.aur\n  aur down fleet.aur prod/web --grace 5s\n  aur down fleet.aur --now"
)]
pub(crate) struct Args {
    /// The program or compiled plan; `-` is the standard input
    file: PathBuf,
    /// Only this job: its key or the last components of it
    job: Option<String>,
    #[command(flatten)]
    inputs: InputArgs,
    /// SIGKILL at once, and no final processes
    #[arg(long, conflicts_with = "grace")]
    now: bool,
    /// The time for ending and for the final processes, instead of each task's `finalization_wait`
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    grace: Option<u64>,
    /// The folder of the program's project, instead of the nearest one with `aur.toml` or `.git`
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let Some(plan) = programs::load(
        &args.file,
        args.project.as_deref(),
        &args.inputs,
        &context.terminal,
    )?
    else {
        return Ok(1);
    };
    let jobs = programs::select(&plan, args.job.as_deref())?;
    let keys: Vec<&str> = jobs
        .iter()
        .filter_map(|job| Some(plan.jobs.get(*job)?.key.as_str()))
        .collect();
    let mut tasks = live_tasks(context)?;
    tasks.retain(|task| keys.contains(&task.view.job_key.as_str()));
    let stop = match args.now {
        true => StopRequest::Now,
        false => StopRequest::Graceful { grace_ms: args.grace },
    };
    if tasks.is_empty() && !context.is_json {
        context.terminal.tell("nothing of it runs\n");
    }
    kill::end_all(
        context,
        tasks.into_iter().map(|task| (task.folder, task.state)).collect(),
        stop,
    )
}
