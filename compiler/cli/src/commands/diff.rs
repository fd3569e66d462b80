//! `aurc diff`

mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aur_compiler::{Given, UsageError};
use aur_disk::Project;
use aur_ir::{Difference, Place, Plan};
use aur_terminal::{Failure, InputArgs, plural, usage_failure};

use crate::{Context, Outcome, Status, reading};

/// Tell what differs between two programs or plans, job by job
///
/// Ends with 1 where something differs, with 2 where one of them cannot be compiled or read.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aurc diff old.aur new.aur\n  aurc diff plan.json main.aur -E version=1.3\n  \
    git show HEAD:main.aur | aurc diff - main.aur --json"
)]
pub(crate) struct Args {
    /// A program or a compiled plan; `-` is the standard input
    #[arg(value_name = "A")]
    before: PathBuf,
    /// What it is compared with
    #[arg(value_name = "B")]
    after: PathBuf,
    #[command(flatten)]
    inputs: InputArgs,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
    /// The file that the standard input counts as
    #[arg(long, value_name = "FILE")]
    stdin_filename: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    if args.before == Path::new("-") && args.after == Path::new("-") {
        return Err(Failure::new("the standard input can be read only once").help("give `-` once"));
    }
    let given = args.inputs.given()?;
    let sides = [
        open(&args.before, args, context)?,
        open(&args.after, args, context)?,
    ];
    let inputs = inputs_of_sides(&sides, &given)?;
    let mut plans = Vec::new();
    for ((side, given), file) in sides.iter().zip(&inputs).zip([&args.before, &args.after]) {
        plans.push(plan(side, given, file, context)?);
    }
    let [before, after] = plans.as_slice() else {
        return Err(Failure::new("two plans are needed"));
    };
    let mut difference = aur_ir::diff(before, after);
    seen_from_here(&mut difference, &sides);
    print(&difference, args, context)?;
    Ok(match difference.changes.is_empty() {
        true => Status::Fine,
        false => Status::Faulty,
    })
}

/// One of the two things that are compared.
enum Side {
    Program(Box<Project>),
    Plan(Box<Plan>),
}

fn open(file: &Path, args: &Args, context: &Context) -> Result<Side, Failure> {
    let is_stdin = file == Path::new("-");
    let content = match is_stdin {
        true => aur_disk::read_to_limit(std::io::stdin().lock())?,
        false => aur_disk::read_file(file)?,
    };
    // No program begins with a brace.
    if content.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
        let plan = Plan::from_json(&content).map_err(|error| {
            Failure::new(format!("cannot compare {}", shown(file)))
                .because(error)
                .help("compile it again: `aurc compile FILE -o plan.json`")
        })?;
        return Ok(Side::Plan(Box::new(plan)));
    }
    let root = context.project.as_deref();
    let project = match is_stdin {
        true => Project::with_text(content, args.stdin_filename.as_deref(), root)?,
        false => Project::find(file, root)?,
    };
    Ok(Side::Program(Box::new(project)))
}

fn shown(file: &Path) -> String {
    match file == Path::new("-") {
        true => "the standard input".to_string(),
        false => format!("`{}`", file.display()),
    }
}

/// Divides the values of inputs among the programs: each gets those it knows.
///
/// # Errors
/// A value that none of them knows.
fn inputs_of_sides(sides: &[Side; 2], given: &Given) -> Result<Vec<Given>, Failure> {
    let unknown: Vec<Option<BTreeMap<String, UsageError>>> = sides
        .iter()
        .map(|side| match side {
            Side::Program(project) => Some(unknown_inputs(project, given)),
            Side::Plan(_) => None,
        })
        .collect();
    let programs: Vec<&BTreeMap<String, UsageError>> = unknown.iter().flatten().collect();
    let names = given
        .flags
        .iter()
        .map(|(name, _)| name)
        .chain(given.file.iter().map(|(name, _)| name));
    for name in names {
        let Some(first) = programs.first() else {
            return Err(Failure::new("plans take no values of inputs: they have them")
                .help("compare programs, or leave `-E` and `--inputs` out"));
        };
        if let Some(usage) = first.get(name)
            && programs.iter().all(|unknown| unknown.contains_key(name))
        {
            return Err(usage_failure(usage.clone()));
        }
    }
    let known = |unknown: &Option<BTreeMap<String, UsageError>>| {
        let is_known = |name: &String| {
            unknown
                .as_ref()
                .is_some_and(|unknown| !unknown.contains_key(name))
        };
        let mut given = given.clone();
        given.flags.retain(|(name, _)| is_known(name));
        given.file.retain(|(name, _)| is_known(name));
        given
    };
    Ok(unknown.iter().map(known).collect())
}

/// Finds the values that a program has no input for, with what is to be said of each.
fn unknown_inputs(project: &Project, given: &Given) -> BTreeMap<String, UsageError> {
    let usage = |given: &Given| aur_compiler::check(project, project.entry(), given).usage;
    let is_empty = given.flags.is_empty() && given.file.is_empty();
    if is_empty || usage(given).is_none() {
        return BTreeMap::new();
    }
    let flags = given.flags.iter().map(|flag| {
        let flags = vec![flag.clone()];
        let alone = Given {
            flags,
            file: Vec::new(),
            ..given.clone()
        };
        (&flag.0, alone)
    });
    let members = given.file.iter().map(|member| {
        let file = vec![member.clone()];
        let alone = Given {
            flags: Vec::new(),
            file,
            ..given.clone()
        };
        (&member.0, alone)
    });
    let alone = flags.chain(members);
    alone
        .filter_map(|(name, given)| Some((name.clone(), usage(&given)?)))
        .collect()
}

fn plan(side: &Side, given: &Given, file: &Path, context: &Context) -> Result<Plan, Failure> {
    let project = match side {
        Side::Plan(plan) => return Ok((**plan).clone()),
        Side::Program(project) => project,
    };
    let answer = aur_compiler::compile(&**project, project.entry(), given);
    let plan = aur_terminal::value_or_errors(project, answer, &context.terminal, context.is_quiet)?;
    plan.ok_or_else(|| {
        Failure::new(format!("{} has errors", shown(file))).help("both must compile to be compared")
    })
}

/// Gives the places paths that can be opened from the working folder.
fn seen_from_here(difference: &mut Difference, sides: &[Side; 2]) {
    let [before, after] = sides;
    let adapt = |place: &mut Option<Place>, side: &Side| {
        if let (Some(place), Side::Program(project)) = (place, side) {
            place.file = project.seen_from_here(&place.file);
        }
    };
    for change in &mut difference.changes {
        if let Some(side) = &mut change.before {
            adapt(&mut side.place, before);
        }
        if let Some(side) = &mut change.after {
            adapt(&mut side.place, after);
        }
    }
}

fn print(difference: &Difference, args: &Args, context: &Context) -> Result<(), Failure> {
    if args.json {
        // Its keys are texts, so nothing can fail.
        let value = serde_json::to_value(difference).unwrap_or_default();
        return context.terminal.print(match context.terminal.is_out_terminal {
            true => reading::json_for_reading(&value),
            false => aur_render::clean_json(format!("{value}\n")),
        });
    }
    context
        .terminal
        .print(text::text(difference, context.terminal.out))?;
    if !context.is_quiet {
        context.terminal.tell(&match difference.changes.len() {
            0 => "no differences\n".to_string(),
            count => format!("{}\n", plural(count as u64, "difference")),
        });
    }
    Ok(())
}
