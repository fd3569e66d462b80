//! `aurc compile`

use std::path::{Path, PathBuf};

use aur_disk::Project;
use aur_ir::Plan;
use aur_terminal::{Failure, InputArgs};

use crate::{Context, Outcome, Status, reading};

/// Compile a program to a plan that runs anywhere
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aurc compile main.aur\n  aurc compile main.aur -o plan.json\n  \
    aurc compile main.aur -E version=1.2 --inputs prod.json -o plan.json"
)]
pub(crate) struct Args {
    /// The program; `-` is the standard input
    file: PathBuf,
    /// Where the plan is written; nothing is written if there is an error
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    #[command(flatten)]
    inputs: InputArgs,
    /// Leave out the places in the sources; the digest stays the same
    #[arg(long)]
    no_spans: bool,
    /// The file that the standard input counts as
    #[arg(long, value_name = "FILE")]
    stdin_filename: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let given = args.inputs.given()?;
    let project = aur_terminal::open(
        &args.file,
        args.stdin_filename.as_deref(),
        context.project.as_deref(),
    )?;
    let answer = aur_compiler::compile_unsealed(&project, project.entry(), &given);
    let Some(mut plan) =
        aur_terminal::value_or_errors(&project, answer, &context.terminal, context.is_quiet)?
    else {
        return Ok(Status::Faulty);
    };
    if args.no_spans {
        plan.spans.clear();
    }
    match args.output.as_deref() {
        Some(path) if path != Path::new("-") => write(&mut plan, path, &project)?,
        Some(_) | None => print(&mut plan, context)?,
    }
    // The process ends, and its memory goes as a whole.
    std::mem::forget(plan);
    Ok(Status::Fine)
}

fn write(plan: &mut Plan, path: &Path, project: &Project) -> Result<(), Failure> {
    let name = format!("`{}`", path.display());
    if project.is_source(path, plan.files.iter().map(|file| file.path.as_str())) {
        return Err(Failure::new(format!("{name} is part of the program"))
            .help("write the plan to another file, such as `plan.json`"));
    }
    aur_disk::replace_file_by(path, |out| plan.seal_to(out))
        .map_err(|error| Failure::unwritable(name, &error))
}

/// The bytes are the canonical ones, unless a person reads them.
fn print(plan: &mut Plan, context: &Context) -> Result<(), Failure> {
    if !context.terminal.is_out_terminal {
        return context.terminal.print_by(|out| plan.seal_to(out));
    }
    let mut bytes = Vec::new();
    // A vector takes all.
    let _ = plan.seal_to(&mut bytes);
    match serde_json::from_slice(&bytes) {
        Ok(value) => context.terminal.print(reading::json_for_reading(&value)),
        Err(_) => context.terminal.print(bytes),
    }
}
