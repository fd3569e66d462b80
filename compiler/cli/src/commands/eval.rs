//! `aurc eval`

use std::path::PathBuf;

use aur_terminal::InputArgs;

use crate::{Context, Outcome, Status, reading};

/// Print the value of an expression as JSON
///
/// Names that are not known yet stay in texts as `{{name}}`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  aurc eval main.aur 'jobs[0].task.processes'\n  \
    aurc eval main.aur '2 * GB'\n  aurc eval main.aur 'hello.cmdline' -E name=world")]
pub(crate) struct Args {
    /// The program whose names can be used; `-` is the standard input
    file: PathBuf,
    /// The expression
    #[arg(value_name = "EXPR", allow_hyphen_values = true)]
    expression: String,
    #[command(flatten)]
    inputs: InputArgs,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let given = args.inputs.given()?;
    let project = aur_terminal::open(&args.file, None, context.project.as_deref())?;
    let answer = aur_compiler::eval(&project, project.entry(), &given, &args.expression);
    let Some(value) = aur_terminal::value_or_errors(&project, answer, &context.terminal, context.is_quiet)?
    else {
        return Ok(Status::Faulty);
    };
    let text = if context.terminal.is_out_terminal {
        reading::json_for_reading(&value)
    } else {
        format!("{value}\n")
    };
    context.terminal.print(text)?;
    Ok(Status::Fine)
}
