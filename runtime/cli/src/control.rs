//! What `aur stop`, `aur start` and `aur restart` have in common.

use aur_machine::process::{Verb, Why};
use aur_render::clean;
use aur_runner::{Answer, Progress};
use aur_terminal::Failure;

use crate::documents::ProcessAsked;
use crate::errors::runner_failure;
use crate::tasks::{ProcessArg, shown_id};
use crate::{Context, Outcome, commands};

/// The process that a command is about.
#[derive(Debug, clap::Args)]
pub(crate) struct Target {
    /// The process: TASK/PROCESS, where TASK is an id, the beginning of one, or `@last`
    target: String,
}

/// Asks the runner of a task for something that one process is to do.
pub(crate) fn ask(Target { target }: &Target, verb: Verb, context: &Context) -> Outcome {
    let ProcessArg {
        folder,
        state,
        process,
    } = context.process(target)?;
    let place = format!("{}/{}", shown_id(&folder), clean(&process));
    let too_late = || {
        Failure::new(format!(
            "{place} cannot be asked to {}: the task is over or ends",
            word(verb)
        ))
        .exit_with(5)
    };
    if state.progress == Progress::Over {
        return Err(too_late());
    }
    let fail = |error| runner_failure("cannot ask the runner", &error);
    let name = aur_runner::request_control(&folder, &process, verb).map_err(fail)?;
    let answer = commands::run::answer_to(&folder, &state, &name)?;
    let changes = match answer {
        Some(Answer::Accepted | Answer::Sent(_)) => true,
        Some(Answer::Unchanged(Why::NotDue)) => false,
        Some(Answer::Unchanged(Why::Late | Why::Impossible) | Answer::NotRunning) => return Err(too_late()),
        None => {
            return Err(
                Failure::new(format!("the runner of {} does not answer", shown_id(&folder)))
                    .help("the request is kept for it; see runner.log in the folder of the task")
                    .exit_with(6),
            );
        }
    };
    let text = if context.is_json {
        let asked = ProcessAsked {
            task_id: folder.id().to_string_lossy().into_owned(),
            process,
            verb,
            changes,
        };
        serde_json::to_string(&asked).unwrap_or_default()
    } else if changes {
        format!("{place} {}", outcome(verb))
    } else {
        format!("{place} is as it should be: there is nothing to {}", word(verb))
    };
    context.terminal.print(format!("{text}\n"))?;
    Ok(0)
}

fn word(verb: Verb) -> &'static str {
    match verb {
        Verb::Stop => "stop",
        Verb::Start => "start",
        Verb::Restart => "restart",
    }
}

fn outcome(verb: Verb) -> &'static str {
    match verb {
        Verb::Stop => "stops",
        Verb::Start => "starts",
        Verb::Restart => "restarts",
    }
}
