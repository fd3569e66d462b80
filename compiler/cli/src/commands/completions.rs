//! `aurc completions`

use clap::CommandFactory;
use clap_complete::Shell;

use crate::{Cli, Context, Outcome, Status};

/// Print a script that completes aurc's commands and flags in a shell
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aurc completions bash > ~/.local/share/bash-completion/completions/aurc\n  \
    aurc completions fish > ~/.config/fish/completions/aurc.fish"
)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "aurc", &mut script);
    context.terminal.print(script)?;
    Ok(Status::Fine)
}
