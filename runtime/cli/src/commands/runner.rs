//! `aur runner FOLDER`: the detached process that runs one task. `aur run` starts it.

use std::path::PathBuf;
use std::process::ExitCode;

/// Run the task of a folder
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The task's folder
    folder: PathBuf,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    aur_runner::serve(&args.folder)
}
