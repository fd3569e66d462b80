//! `aurc lsp`

use aur_lsp::Ended;
use aur_terminal::Failure;

use crate::{Outcome, Status};

/// Serve an editor over its standard input and output, with the Language Server Protocol
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aurc lsp\n\nAn editor starts it and ends it; docs/editors.md says how to set one up."
)]
pub(crate) struct Args {
    /// Says that the standard streams are used, as some editors do; there is no other way
    #[arg(long)]
    stdio: bool,
}

pub(crate) fn run(_args: &Args) -> Outcome {
    match aur_lsp::serve_stdio() {
        Ok(Ended::Asked) => Ok(Status::Fine),
        // The protocol asks for 1 where a client leaves without a word.
        Ok(Ended::Left) => Ok(Status::Ended(1)),
        Err(message) => Err(Failure::new(message).help("is it a client of the Language Server Protocol?")),
    }
}
