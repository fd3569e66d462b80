//! `aur copier ..`: the process that puts the output of a run into its files. The runner starts it.

use std::ffi::OsString;
use std::process::ExitCode;

/// Copy the output of a run
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to copy where
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    ExitCode::from(aur_runner::be_copier(&args.words))
}
