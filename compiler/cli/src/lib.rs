//! Shell. The `aurc` command: checks, compiles, shows and lays out programs.
//!
//! Exit codes: 0 done, 1 the input has errors (or `fmt --check` found a difference), 2 usage or the
//! system, 101 a fault of `aurc` itself. `check` prints its diagnostics, which are its product; commands
//! with another product print theirs and send diagnostics to the error output.

mod commands;
mod reading;
mod search;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use aur_terminal::{ColorWhen, Failure, Terminal};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

/// How a command ended that could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// There is nothing wrong.
    Fine,
    /// The input has errors, or is not laid out as it should be.
    Faulty,
    /// A signal ended the command, as it was meant to; with this exit code.
    Ended(u8),
}

/// What a command gives back.
type Outcome = Result<Status, Failure>;

const LONG_VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\nplan format: 1");

/// Checks, compiles, shows and lays out `.aur` programs.
#[derive(Debug, Parser)]
#[command(
    name = "aurc",
    version,
    long_version = LONG_VERSION,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "Examples:\n  aurc init hello\n  aurc check hello/main.aur\n  aurc compile hello/main.aur -o plan.json"
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags that every command takes.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
struct Global {
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = ColorWhen::Auto, value_name = "WHEN")]
    color: ColorWhen,
    /// Print no summaries
    #[arg(short, long, global = true)]
    quiet: bool,
    /// The project's folder, instead of the nearest one above the file with `aur.toml` or `.git`
    #[arg(long, global = true, value_name = "DIR")]
    project: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(commands::check::Args),
    Compile(commands::compile::Args),
    Diff(commands::diff::Args),
    Inspect(commands::inspect::Args),
    Eval(commands::eval::Args),
    Fmt(commands::fmt::Args),
    Explain(commands::explain::Args),
    Init(commands::init::Args),
    Completions(commands::completions::Args),
    Man(commands::man::Args),
    Schema(commands::schema::Args),
    Test(commands::test::Args),
    Deps(commands::deps::Args),
    Doc(commands::doc::Args),
    Lsp(commands::lsp::Args),
}

impl Command {
    /// Whether the command ends by itself.
    fn is_short(&self) -> bool {
        match self {
            Self::Check(args) => !args.is_endless(),
            command => !matches!(command, Self::Lsp(_)),
        }
    }
}

/// What commands share.
struct Context {
    terminal: Terminal,
    is_quiet: bool,
    project: Option<PathBuf>,
}

/// Runs the command that the process was started with; `keep_memory` is called if it ends by itself soon, so
/// that memory need not go back to the system before the process does.
pub fn main(keep_memory: fn()) -> ExitCode {
    aur_terminal::install_panic_hook("aurc");
    run(std::env::args_os().collect(), keep_memory)
}

fn run(args: Vec<OsString>, keep_memory: fn()) -> ExitCode {
    let wanted = ColorWhen::wanted_by(&args);
    let parsed = Cli::command()
        .color(wanted.for_clap())
        .try_get_matches_from(args)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            // A closed pipe is no reason to complain.
            let _ = error.print();
            return code(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    if cli.command.is_short() {
        keep_memory();
    }
    let context = Context {
        terminal: Terminal::of_this_process(cli.global.color),
        is_quiet: cli.global.quiet,
        project: cli.global.project,
    };
    let outcome = match cli.command {
        Command::Check(args) => commands::check::run(&args, &context),
        Command::Compile(args) => commands::compile::run(&args, &context),
        Command::Diff(args) => commands::diff::run(&args, &context),
        Command::Inspect(args) => commands::inspect::run(&args, &context),
        Command::Eval(args) => commands::eval::run(&args, &context),
        Command::Fmt(args) => commands::fmt::run(&args, &context),
        Command::Explain(args) => commands::explain::run(&args, &context),
        Command::Init(args) => commands::init::run(&args, &context),
        Command::Completions(args) => commands::completions::run(&args, &context),
        Command::Man(args) => commands::man::run(&args, &context),
        Command::Schema(args) => commands::schema::run(&args, &context),
        Command::Test(args) => commands::test::run(&args, &context),
        Command::Deps(args) => commands::deps::run(&args, &context),
        Command::Doc(args) => commands::doc::run(&args, &context),
        Command::Lsp(args) => commands::lsp::run(&args),
    };
    match outcome {
        Ok(Status::Fine) => code(0),
        Ok(Status::Faulty) => code(1),
        Ok(Status::Ended(number)) => code(number),
        Err(failure) => {
            context.terminal.complain(&failure);
            code(failure.exit_code())
        }
    }
}

fn code(number: u8) -> ExitCode {
    ExitCode::from(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_version_names_the_plan_format() {
        assert!(LONG_VERSION.ends_with(&format!(": {}", aur_ir::VERSION)));
    }

    #[test]
    fn every_command_has_examples() {
        for command in Cli::command().get_subcommands() {
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            let example = format!("  aurc {}", command.get_name());
            assert!(
                help.starts_with("Examples:\n") && help.contains(&example),
                "{example}"
            );
        }
    }
}
