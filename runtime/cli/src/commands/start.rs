//! `aur start`

use aur_machine::process::Verb;

use crate::control::{self, Target};
use crate::{Context, Outcome};

/// Let a process of a task run again that was stopped or has ended
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aur start @last/nginx\n  aur start hello-0-2026/worker --json\n\n\
    The process starts as soon as what it waits for is there. Its failures so far are forgotten."
)]
pub(crate) struct Args {
    #[command(flatten)]
    target: Target,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    control::ask(&args.target, Verb::Start, context)
}
