//! `aur restart`

use aur_machine::process::Verb;

use crate::control::{self, Target};
use crate::{Context, Outcome};

/// End the run of a process of a task, if there is one, and start another
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aur restart @last/nginx\n  aur restart hello-0-2026/worker --json\n\n\
    The end counts neither as a failure nor as a success. What waits for the process goes on waiting."
)]
pub(crate) struct Args {
    #[command(flatten)]
    target: Target,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    control::ask(&args.target, Verb::Restart, context)
}
