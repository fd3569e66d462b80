//! `aurc check`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use aur_compiler::{Given, UsageError};
use aur_render::Batch;
use aur_terminal::{Failure, Findings, InputArgs, summary, unpack, usage_failure};

use crate::{Context, Outcome, Status};

/// Find all errors of programs without running them
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aurc check main.aur\n  aurc check jobs/*.aur --format short\n  \
    aurc check main.aur -E count=3 --format json\n  generate | aurc check - --stdin-filename jobs/new.aur"
)]
pub(crate) struct Args {
    /// Programs to check; `-` is the standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    inputs: InputArgs,
    /// How diagnostics are printed
    #[arg(long, value_enum, default_value_t = Format::Full, value_name = "FORMAT")]
    format: Format,
    /// The file that the standard input counts as
    #[arg(long, value_name = "FILE")]
    stdin_filename: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// With the lines of the program
    Full,
    /// One line each
    Short,
    /// One JSON document
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// Annotations for GitHub Actions
    Github,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let given = args.inputs.given()?;
    if args.files.iter().filter(|file| is_stdin(file)).count() > 1 {
        return Err(Failure::new("the standard input can be read only once").help("give `-` once"));
    }
    let mut failures = Vec::new();
    let mut checked = Vec::new();
    for file in &args.files {
        match check(file, args, &given, context) {
            Ok(one) => checked.push(one),
            Err(failure) => failures.push(failure),
        }
    }
    failures.extend(usage_of_all(&mut checked));
    let mut findings: Vec<Findings> = checked.into_iter().map(|(findings, _)| findings).collect();
    drop_repeats(&mut findings);

    let batches: Vec<Batch<'_>> = findings.iter().map(Findings::batch).collect();
    if !batches.is_empty() {
        let with_summary = failures.is_empty() && !context.is_quiet;
        context
            .terminal
            .print(render(&batches, args.format, with_summary, context))?;
    }
    let Some(last) = failures.pop() else {
        return Ok(match aur_render::counts(&batches).errors {
            0 => Status::Fine,
            _ => Status::Faulty,
        });
    };
    // The others could be checked; the last failure ends the command.
    for failure in &failures {
        context.terminal.complain(failure);
    }
    Err(last)
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

fn check(
    file: &Path,
    args: &Args,
    given: &Given,
    context: &Context,
) -> Result<(Findings, Option<UsageError>), Failure> {
    let project = aur_terminal::open(file, args.stdin_filename.as_deref(), context.project.as_deref())?;
    let answer = aur_compiler::check(&project, project.entry(), given);
    let (_, findings, usage) = unpack(&project, answer);
    Ok((findings, usage))
}

/// An input need not exist in every program that is checked, only in one of them.
fn usage_of_all(checked: &mut [(Findings, Option<UsageError>)]) -> Option<Failure> {
    if checked.iter().any(|(_, usage)| usage.is_none()) {
        return None;
    }
    let usage = checked.first_mut()?.1.take()?;
    Some(usage_failure(usage))
}

/// A fault in a file that several programs include is told once.
fn drop_repeats(findings: &mut [Findings]) {
    let mut told = BTreeSet::new();
    for Findings { sources, diagnostics } in findings {
        diagnostics.retain(|one| {
            let place = one.span().and_then(|span| sources.locate(span));
            let place = place.map(|(path, start, end)| (path.to_string(), start, end));
            told.insert((place, one.code.id, one.message.clone()))
        });
    }
}

fn render(batches: &[Batch<'_>], format: Format, with_summary: bool, context: &Context) -> String {
    match format {
        Format::Full => {
            let mut text = aur_render::full(batches, context.terminal.out);
            if with_summary {
                text.push_str(&summary(batches));
            }
            text
        }
        Format::Short => aur_render::short(batches),
        Format::Json => aur_render::json(batches),
        Format::Sarif => aur_render::sarif(batches, env!("CARGO_PKG_VERSION")),
        Format::Github => aur_render::github(batches),
    }
}
