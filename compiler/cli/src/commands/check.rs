//! `aurc check`

mod fix;
mod pass;
mod rules;
mod settings;
mod watch;

use std::path::{Path, PathBuf};

use aur_compiler::Given;
use aur_diagnostics::Boldness;
use aur_render::Most;
use aur_terminal::{Failure, InputArgs};

use fix::Edited;
use pass::{Pass, check_all, open_all};
use rules::RuleArgs;

use crate::{Context, Outcome, Status};

/// Find all errors of programs without running them
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aurc check main.aur\n  aurc check jobs/*.aur --format short\n  \
    aurc check main.aur -E count=3 --format json\n  aurc check main.aur --fix\n  \
    aurc check main.aur --deny warnings --ignore W0301\n  aurc check main.aur --watch\n  \
    generate | aurc check - --stdin-filename jobs/new.aur"
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
    /// Make the fixes that surely keep the meaning, and print what remains
    #[arg(long, group = "fixing")]
    fix: bool,
    /// Change nothing; print what `--fix` would change
    #[arg(long, group = "fixing")]
    diff: bool,
    /// With `--fix` or `--diff`: make fixes too that are guesses
    #[arg(long, requires = "fixing")]
    unsafe_fixes: bool,
    #[command(flatten)]
    rules: RuleArgs,
    /// Print no more than N diagnostics, with `full` and `short`; 0 prints all [default: 50]
    #[arg(long, value_name = "N")]
    max_errors: Option<usize>,
    /// Check again whenever a file changes, until ctrl-C
    #[arg(long, conflicts_with = "fixing")]
    watch: bool,
    /// The file that the standard input counts as
    #[arg(long, value_name = "FILE")]
    stdin_filename: Option<PathBuf>,
}

impl Args {
    /// Whether only ctrl-C ends the command.
    pub(crate) fn is_endless(&self) -> bool {
        self.watch
    }
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
    args.rules.check()?;
    let stdins = args.files.iter().filter(|file| is_stdin(file)).count();
    if stdins > 1 {
        return Err(Failure::new("the standard input can be read only once").help("give `-` once"));
    }
    if args.watch {
        return match (stdins, args.format) {
            (0, Format::Full | Format::Short) => watch::run(args, context),
            (0, _) => {
                Err(Failure::new("`--watch` is for people").help("leave `--format` out, or take `short`"))
            }
            (_, _) => Err(Failure::new("the standard input cannot be watched").help("name a file")),
        };
    }
    if args.fix && stdins > 0 {
        return Err(Failure::new("the standard input cannot be fixed")
            .help("name a file, or print what would change with `--diff`"));
    }
    once(args, &given, context)
}

fn once(args: &Args, given: &Given, context: &Context) -> Outcome {
    let (programs, mut failures) = open_all(args, context, &|_, _| {});
    let mut edited = Edited::default();
    let is_fixing = args.fix || args.diff;
    let given = &Given {
        is_last: programs.len() == 1 && !is_fixing,
        ..given.clone()
    };
    if is_fixing {
        let boldness = match args.unsafe_fixes {
            true => Boldness::Unsafe,
            false => Boldness::Safe,
        };
        for program in &programs {
            edited.mend(program, given, boldness);
        }
    }
    let mut pass = check_all(&programs, given, &edited, &|_, _| {});
    // Under a wrong command line nothing is changed.
    let may_write = args.fix && pass.failures.is_empty();
    failures.append(&mut pass.failures);
    let is_complete = failures.is_empty();
    let mut status = pass.status();
    if args.diff {
        if edited.print_differences(&pass, context)? {
            status = Status::Faulty;
        }
    } else {
        if may_write {
            failures.extend(edited.write(context));
        }
        if !pass.findings.is_empty() {
            let with_summary = is_complete && !context.is_quiet;
            context
                .terminal
                .print(render(&pass, args, with_summary, context))?;
        }
    }
    let Some(last) = failures.pop() else {
        return Ok(status);
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

/// Draws what a pass has found.
fn render(pass: &Pass, args: &Args, with_summary: bool, context: &Context) -> String {
    let batches = pass.batches();
    let most = match args.max_errors.or(pass.max_errors) {
        None => Most::USUAL,
        Some(0) => Most::All,
        Some(most) => Most::First(most),
    };
    match args.format {
        Format::Full => {
            let mut text = aur_render::full_up_to(&batches, context.terminal.out, most);
            text.push_str(&pass.not_selected());
            if with_summary {
                text.push_str(&aur_terminal::summary(&batches));
                text.push_str(&pass.denied_line());
            }
            text
        }
        Format::Short => aur_render::short_up_to(&batches, most) + &pass.not_selected(),
        Format::Json => aur_render::json(&batches),
        Format::Sarif => aur_render::sarif(&batches, env!("CARGO_PKG_VERSION")),
        Format::Github => aur_render::github(&batches),
    }
}
