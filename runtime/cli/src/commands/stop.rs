//! `aur stop`

use aur_machine::process::Verb;

use crate::control::{self, Target};
use crate::{Context, Outcome};

/// End a process of a task, and keep it from running until it is started again
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aur stop @last/nginx\n  aur stop hello-0-2026/worker --json\n\n\
    SIGTERM goes to all that is alive of its run, and SIGKILL after half of the task's \
    `finalization_wait`. It counts neither as a failure nor as a success: what waits for the process \
    goes on waiting."
)]
pub(crate) struct Args {
    #[command(flatten)]
    target: Target,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    control::ask(&args.target, Verb::Stop, context)
}
