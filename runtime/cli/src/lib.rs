//! Shell. The `aur` command: runs tasks on this machine, shows them and ends them.
//!
//! Exit codes: 0 done (for `run`: SUCCESS), 1 the program or plan has errors, 2 usage or the system,
//! 3 the task FAILED, 4 it was KILLED or LOST, 5 refused, 6 nobody is there to answer, 101 a fault of
//! `aur` itself, 129, 130 and 143 ended by SIGHUP, SIGINT and SIGTERM.

mod attached;
mod commands;
mod console;
mod control;
pub mod documents;
mod duration;
mod errors;
mod explain;
mod live;
mod local;
mod logger;
mod ports;
mod programs;
mod readiness;
mod show;
mod signals;
mod sizing;
mod tasks;
mod usage;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use aur_terminal::{ColorWhen, Failure, Terminal};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

/// What a command gives back: an exit code, or why it could not do its work.
type Outcome = Result<u8, Failure>;

const LONG_VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\nplan format: 1");

/// Runs jobs on this machine, shows them and ends them.
#[derive(Debug, Parser)]
#[command(
    name = "aur",
    version,
    long_version = LONG_VERSION,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "Examples:\n  aur run hello.aur\n  aur run hello.aur --detach\n  aur ps\n  aur logs @last -f\n  aur kill @last"
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags that every command takes.
#[derive(Debug, clap::Args)]
struct Global {
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = ColorWhen::Auto, value_name = "WHEN")]
    color: ColorWhen,
    /// The folder that holds the state of tasks [default: $AUR_ROOT, else the user's state folder]
    #[arg(long, global = true, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Print JSON, for programs
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(Box<commands::run::Args>),
    Attach(commands::attach::Args),
    Up(Box<commands::up::Args>),
    Down(Box<commands::down::Args>),
    Resume(commands::resume::Args),
    Ps(commands::ps::Args),
    Status(commands::status::Args),
    Logs(commands::logs::Args),
    Kill(commands::kill::Args),
    Stop(commands::stop::Args),
    Start(commands::start::Args),
    Restart(commands::restart::Args),
    Signal(commands::signal::Args),
    Explain(commands::explain::Args),
    Top(commands::top::Args),
    Gc(commands::gc::Args),
    Completions(commands::completions::Args),
    Man(commands::man::Args),
    #[command(hide = true)]
    Runner(commands::runner::Args),
    #[command(hide = true)]
    Guard(commands::guard::Args),
    #[command(hide = true)]
    Copier(commands::copier::Args),
}

/// What commands share.
struct Context {
    terminal: Terminal,
    root: Option<PathBuf>,
    is_json: bool,
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    aur_terminal::install_panic_hook("aur");
    run(std::env::args_os().collect())
}

fn run(args: Vec<OsString>) -> ExitCode {
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
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let context = Context {
        terminal: Terminal::of_this_process(cli.global.color),
        root: cli.global.root,
        is_json: cli.global.json,
    };
    let outcome = match cli.command {
        Command::Run(args) => commands::run::run(&args, &context),
        Command::Attach(args) => commands::attach::run(&args, &context),
        Command::Up(args) => commands::up::run(&args, &context),
        Command::Down(args) => commands::down::run(&args, &context),
        Command::Resume(args) => commands::resume::run(&args, &context),
        Command::Ps(args) => commands::ps::run(&args, &context),
        Command::Status(args) => commands::status::run(&args, &context),
        Command::Logs(args) => commands::logs::run(&args, &context),
        Command::Kill(args) => commands::kill::run(&args, &context),
        Command::Stop(args) => commands::stop::run(&args, &context),
        Command::Start(args) => commands::start::run(&args, &context),
        Command::Restart(args) => commands::restart::run(&args, &context),
        Command::Signal(args) => commands::signal::run(&args, &context),
        Command::Explain(args) => commands::explain::run(&args, &context),
        Command::Top(args) => commands::top::run(&args, &context),
        Command::Gc(args) => commands::gc::run(&args, &context),
        Command::Completions(args) => commands::completions::run(&args, &context),
        Command::Man(args) => commands::man::run(&args, &context),
        Command::Runner(args) => return commands::runner::run(&args),
        Command::Guard(args) => return commands::guard::run(&args),
        Command::Copier(args) => return commands::copier::run(&args),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            context.terminal.complain(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
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
        for command in Cli::command()
            .get_subcommands()
            .filter(|command| !command.is_hide_set())
        {
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            let example = format!("  aur {}", command.get_name());
            assert!(
                help.starts_with("Examples:\n") && help.contains(&example),
                "{example}"
            );
        }
    }
}
