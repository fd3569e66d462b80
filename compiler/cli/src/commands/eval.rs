//! `aurc eval`

use std::path::PathBuf;

use aur_compiler::Given;
use aur_disk::Project;
use aur_report::Names;
use aur_terminal::InputArgs;

use crate::{Context, Outcome, Status, reading};

/// Print the value of an expression as JSON
///
/// Names that are not known yet stay in texts as `{{name}}`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  aurc eval main.aur 'jobs[0].task.processes'\n  \
    aurc eval main.aur '2 * GB'\n  aurc eval main.aur 'hello.cmdline' -E name=world\n  \
    aurc eval main.aur hello --origin")]
pub(crate) struct Args {
    /// The program whose names can be used; `-` is the standard input
    file: PathBuf,
    /// The expression
    #[arg(value_name = "EXPR", allow_hyphen_values = true)]
    expression: String,
    #[command(flatten)]
    inputs: InputArgs,
    /// Tell where each leaf of the value came from
    #[arg(long)]
    origin: bool,
    /// With `--origin`, print one JSON document
    #[arg(long, requires = "origin")]
    json: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let given = args.inputs.given()?;
    let project = aur_terminal::open(&args.file, None, context.project.as_deref())?;
    if args.origin {
        return origins(args, &given, &project, context);
    }
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

fn origins(args: &Args, given: &Given, project: &Project, context: &Context) -> Outcome {
    let answer = aur_compiler::eval_with_origins(project, project.entry(), given, &args.expression);
    let sources = answer.sources.clone();
    let Some(traced) = aur_terminal::value_or_errors(project, answer, &context.terminal, context.is_quiet)?
    else {
        return Ok(Status::Faulty);
    };
    let seen = |path: &str| project.seen_from_here(path);
    let names = Names {
        sources: &sources,
        seen: &seen,
    };
    let text = if args.json {
        // The document is data, so writing it as JSON cannot fail.
        let document =
            serde_json::to_value(aur_report::origins_document(&traced, &names)).unwrap_or_default();
        reading::json_for_reading(&document)
    } else {
        aur_report::origins_text(&traced, &names, context.terminal.out)
    };
    context.terminal.print(text)?;
    Ok(Status::Fine)
}
