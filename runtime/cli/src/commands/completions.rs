//! `aur completions`

use clap::CommandFactory;
use clap_complete::Shell;

use crate::{Cli, Context, Outcome};

/// Print a script that completes aur's commands and flags in a shell
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aur completions bash > ~/.local/share/bash-completion/completions/aur\n  \
    aur completions fish > ~/.config/fish/completions/aur.fish"
)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "aur", &mut script);
    context.terminal.print(script)?;
    Ok(0)
}
