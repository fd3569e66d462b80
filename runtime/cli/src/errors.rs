//! Errors of the runner as failures of a command.

use aur_runner::{NameError, RootError, RunnerError};
use aur_terminal::Failure;

/// What was attempted, why it failed and what to try; the exit code follows from the kind.
pub(crate) fn runner_failure(attempt: &str, error: &RunnerError) -> Failure {
    let failure = Failure::new(attempt)
        .because(error)
        .exit_with(error.kind().exit_code());
    failure.help_if(error.help())
}

pub(crate) fn name_failure(error: &NameError) -> Failure {
    Failure::new(error.to_string()).help("`aur ps -a` lists the tasks; `@last` is the newest")
}

pub(crate) fn root_failure(error: &RootError) -> Failure {
    Failure::new(error.to_string()).help("say where to keep the state of tasks: `--root DIR` or AUR_ROOT")
}
