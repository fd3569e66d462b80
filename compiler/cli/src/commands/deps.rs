//! `aurc deps`

use std::path::PathBuf;

use aur_report::Names;
use aur_terminal::{InputArgs, unpack, usage_failure};

use crate::{Context, Outcome, Status, reading};

/// Show what a program depends on: files, inputs and environment variables
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aurc deps main.aur\n  aurc deps main.aur --json\n  \
    aurc deps main.aur --dot | dot -Tsvg > deps.svg"
)]
pub(crate) struct Args {
    /// The program; `-` is the standard input
    file: PathBuf,
    /// Print one JSON document
    #[arg(long, conflicts_with = "dot")]
    json: bool,
    /// Print a graph for Graphviz
    #[arg(long)]
    dot: bool,
    #[command(flatten)]
    inputs: InputArgs,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let given = args.inputs.given()?;
    let project = aur_terminal::open(&args.file, None, context.project.as_deref())?;
    let answer = aur_compiler::deps(&project, project.entry(), &given);
    let sources = answer.sources.clone();
    let (found, findings, usage) = unpack(&project, answer);
    if let Some(usage) = usage {
        return Err(usage_failure(usage));
    }
    let batches = [findings.batch()];
    context
        .terminal
        .tell(&aur_render::full(&batches, context.terminal.err));
    let seen = |path: &str| project.seen_from_here(path);
    let names = Names {
        sources: &sources,
        seen: &seen,
    };
    // What a program with errors depends on can be told all the same.
    if let Some(found) = found {
        let entry = project.entry();
        let text = if args.json {
            let document = aur_report::dependencies_document(entry, &found, &names);
            // The document is data, so writing it as JSON cannot fail.
            reading::json_for_reading(&serde_json::to_value(document).unwrap_or_default())
        } else if args.dot {
            aur_report::dependencies_dot(entry, &found, &names)
        } else {
            aur_report::dependencies_text(entry, &found, &names, context.terminal.out)
        };
        context.terminal.print(text)?;
    }
    Ok(match aur_render::counts(&batches).errors {
        0 => Status::Fine,
        _ => Status::Faulty,
    })
}
