//! `aur man`

use std::path::PathBuf;

use clap::CommandFactory;

use crate::{Cli, Context, Outcome};

/// Print a manual page, or write all of them into a folder
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  aur man run | man -l -\n  aur man ~/.local/share/man/man1")]
pub(crate) struct Args {
    /// A command, whose page is printed, or a folder for all pages [default: the page of aur]
    #[arg(value_name = "COMMAND|DIR")]
    wanted: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    aur_terminal::man(Cli::command(), args.wanted.as_deref(), &context.terminal, false)?;
    Ok(0)
}
