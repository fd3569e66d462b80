//! `aur kill`

use aur_machine::TaskView;
use aur_runner::{Followed, Follower, Progress, Signals, State, StopRequest, TaskFolder};
use aur_terminal::Failure;

use crate::errors::runner_failure;
use crate::tasks::shown_id;
use crate::{Context, Outcome, duration, show};

/// End a task: SIGTERM, then SIGKILL for what is left, then its final processes
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aur kill hello_world-0-2026\n  aur kill @last --grace 5s\n  aur kill @last --now"
)]
pub(crate) struct Args {
    /// The task: its id, the beginning of one, or `@last` for the newest
    task: String,
    /// SIGKILL at once, and no final processes
    #[arg(long, conflicts_with = "grace")]
    now: bool,
    /// The time for ending and for the final processes, instead of the task's `finalization_wait`
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    grace: Option<u64>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let (folder, state) = context.task(&args.task)?;
    if state.progress == Progress::Over {
        return tell(context, &folder, "is over already");
    }
    let stop = if args.now {
        StopRequest::Now
    } else {
        StopRequest::Graceful { grace_ms: args.grace }
    };
    let fail = |error| runner_failure("cannot end the task", &error);
    aur_runner::request_stop(&folder, stop).map_err(fail)?;
    super::run::ensure_runner(&folder, &state)?;
    wait(&folder).map_err(fail)?;
    tell(context, &folder, "has ended")
}

fn wait(folder: &TaskFolder) -> Result<(), aur_runner::RunnerError> {
    let mut follower = Follower::open(folder, Signals::None)?;
    loop {
        match follower.next(None)? {
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
    let state = State::read(folder).map_err(|error| runner_failure("cannot read the task", &error))?;
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
