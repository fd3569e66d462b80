//! `aur kill`

use aur_machine::TaskView;
use aur_runner::{Followed, Follower, Progress, Signals, State, StopRequest, TaskFolder};
use aur_terminal::Failure;

use crate::documents::{Did, TaskDone};
use crate::errors::runner_failure;
use crate::tasks::{shown_id, tell_done};
use crate::{Context, Outcome, duration, show};

/// End tasks: SIGTERM, then SIGKILL for what is left, then their final processes
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aur kill hello_world-0-2026\n  aur kill @last --grace 5s\n  aur kill @last --now\n  \
    aur kill web-0-2026 web-1-2026"
)]
pub(crate) struct Args {
    /// The tasks: ids, the beginnings of ids, or `@last` for the newest
    #[arg(required = true)]
    tasks: Vec<String>,
    /// SIGKILL at once, and no final processes
    #[arg(long, conflicts_with = "grace")]
    now: bool,
    /// The time for ending and for the final processes, instead of the task's `finalization_wait`
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    grace: Option<u64>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let tasks: Vec<(TaskFolder, State)> = args
        .tasks
        .iter()
        .map(|task| context.task(task))
        .collect::<Result<_, _>>()?;
    let stop = match args.now {
        true => StopRequest::Now,
        false => StopRequest::Graceful { grace_ms: args.grace },
    };
    if let [(folder, state)] = tasks.as_slice() {
        return end_one(context, folder, state, stop);
    }
    end_all(context, tasks, stop)
}

fn end_one(context: &Context, folder: &TaskFolder, state: &State, stop: StopRequest) -> Outcome {
    if state.progress == Progress::Over {
        return tell(context, folder, "is over already");
    }
    ask(folder, state, stop)?;
    wait(folder)?;
    tell(context, folder, "has ended")
}

/// Ends tasks side by side and tells how each ended.
pub(super) fn end_all(context: &Context, tasks: Vec<(TaskFolder, State)>, stop: StopRequest) -> Outcome {
    let is_over = |state: &State| state.progress == Progress::Over;
    for (folder, state) in tasks.iter().filter(|(_, state)| !is_over(state)) {
        ask(folder, state, stop)?;
    }
    let mut done = Vec::new();
    for (folder, state) in &tasks {
        if !is_over(state) {
            wait(folder)?;
        }
        let after = super::resume::read(folder)?;
        let Some(view) = after.view() else { continue };
        let did = match (is_over(state), is_over(&after)) {
            (true, _) => Did::Over,
            (false, true) => Did::Ended,
            (false, false) => Did::Refused,
        };
        let message =
            (did == Did::Refused).then(|| "its runner died before it ended; try once more".to_string());
        done.push(TaskDone {
            task_id: Some(view.task_id),
            job_key: view.job_key,
            instance: view.instance,
            did,
            state: Some(view.state),
            message,
        });
    }
    tell_done(context, &done)?;
    let is_refused = done.iter().any(|one| one.did == Did::Refused);
    Ok(if is_refused { 6 } else { 0 })
}

/// Asks for the end of a task. Where nobody has it, a runner carries the request out.
fn ask(folder: &TaskFolder, state: &State, stop: StopRequest) -> Result<(), Failure> {
    aur_runner::request_stop(folder, stop).map_err(|error| runner_failure("cannot end the task", &error))?;
    super::run::ensure_runner(folder, state)
}

fn wait(folder: &TaskFolder) -> Result<(), Failure> {
    let fail = |error| runner_failure("cannot end the task", &error);
    let mut follower = Follower::open(folder, Signals::None).map_err(fail)?;
    loop {
        match follower.next(None).map_err(fail)? {
            Followed::Over | Followed::RunnerGone => return Ok(()),
            Followed::Event(_)
            | Followed::DiskFull
            | Followed::Asked(_)
            | Followed::LogChanged
            | Followed::TimedOut => {}
        }
    }
}

fn tell(context: &Context, folder: &TaskFolder, what: &str) -> Outcome {
    let state = super::resume::read(folder)?;
    let Some(view) = state.view() else { return Ok(0) };
    print(context, folder, &view, what)?;
    let is_over = aur_machine::exit_code(view.state).is_some();
    if !is_over {
        return Err(Failure::new(format!(
            "the runner of {} died before the task ended",
            shown_id(folder)
        ))
        .help("run `aur kill` once more")
        .exit_with(6));
    }
    Ok(0)
}

fn print(context: &Context, folder: &TaskFolder, view: &TaskView, what: &str) -> Result<(), Failure> {
    let text = if context.is_json {
        serde_json::to_string(view).unwrap_or_default()
    } else {
        format!("task {} {what}: {}", shown_id(folder), show::word(view.state))
    };
    context.terminal.print(format!("{text}\n"))
}
