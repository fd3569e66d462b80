//! `aur status`

use crate::{Context, Outcome, show, usage};

/// Show how a task stands: its state, its processes, and what failed
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  aur status\n  aur status hello_world-0-2026\n  aur status @last --json")]
pub(crate) struct Args {
    /// The task: its id, the beginning of one, or `@last` for the newest
    #[arg(default_value = "@last")]
    task: String,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let (_, state) = context.task(&args.task)?;
    let Some(view) = state.view() else { return Ok(0) };
    if context.is_json {
        let text = serde_json::to_string(&view).unwrap_or_default();
        context.terminal.print(format!("{text}\n"))?;
    } else {
        let paint = show::Paint::new(context.terminal.out);
        let lines = usage::status_lines(&view);
        context
            .terminal
            .print(show::summary(&state, &view, paint) + &lines)?;
    }
    Ok(0)
}
