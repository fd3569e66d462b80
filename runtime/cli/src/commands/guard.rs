//! `aur guard ..`: the guard of a run, where the small program for it cannot be used. The runner starts it.

use std::ffi::OsString;
use std::process::ExitCode;

/// Guard a run
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The words of the protocol
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    ExitCode::from(aur_runner::be_guard(&args.words))
}
