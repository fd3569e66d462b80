//! `aur attach`

use aur_runner::Progress;
use aur_terminal::Failure;

use crate::attached::{OnSignal, attach, report_again};
use crate::tasks::shown_id;
use crate::{Context, Outcome, duration};

/// Watch a task that runs, as `aur run` does
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aur attach @last\n  aur attach hello-0-2026 --leave\n\n\
    Ctrl-C ends the task, as with `aur run`, and once more kills it; so do SIGTERM and a closed terminal.\n\
    With --leave they only end the watching. The exit code is that of `aur run`."
)]
pub(crate) struct Args {
    /// The task: its id, the beginning of one, or `@last` for the newest
    #[arg(default_value = "@last")]
    task: String,
    /// Leave the task running on ctrl-C, SIGTERM and a closed terminal
    #[arg(long)]
    leave: bool,
    /// The time for ending the task on ctrl-C, instead of its `finalization_wait`
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, conflicts_with = "leave")]
    grace: Option<u64>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let (folder, state) = context.task(&args.task)?;
    if state.progress == Progress::Over {
        return report_again(context, &folder);
    }
    if state.runner_pid.is_none() {
        let id = shown_id(&folder);
        return Err(Failure::new(format!("no runner has the task {id}"))
            .help(format!("`aur resume {id}` goes on with it"))
            .exit_with(6));
    }
    let on_signal = match args.leave {
        true => OnSignal::Leave,
        false => OnSignal::Stop { grace_ms: args.grace },
    };
    attach(context, &folder, on_signal, || Ok(()))
}
