//! `aur resume`

use aur_machine::TaskView;
use aur_runner::{Progress, State, TaskFolder};
use aur_terminal::Failure;

use crate::documents::{Did, TaskDone};
use crate::errors::runner_failure;
use crate::tasks::{shown_id, tell_done};
use crate::{Context, Outcome};

/// Go on with tasks that have no runner: after a reboot, or a crash
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aur resume --all\n  aur resume hello-0-2026 web-0-2026\n\n\
    What still runs is taken over, nothing runs twice. The tasks run on detached; `aur attach` watches one."
)]
pub(crate) struct Args {
    /// The tasks: ids, the beginnings of ids, or `@last` for the newest
    #[arg(required_unless_present = "all")]
    tasks: Vec<String>,
    /// All tasks that are not over and have no runner
    #[arg(long, conflicts_with = "tasks")]
    all: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let mut done = Vec::new();
    for folder in wanted(args, context)? {
        match State::read(&folder) {
            Ok(state) => {
                let Some(view) = state.outline() else { continue };
                let one = resume(&folder, &state, &view);
                // Of all tasks only those are told of about which something was to be done.
                if !args.all || matches!(one.did, Did::Resumed | Did::Refused) {
                    done.push(one);
                }
            }
            Err(error) => done.push(TaskDone {
                task_id: Some(shown_id(&folder)),
                job_key: String::new(),
                instance: 0,
                did: Did::Refused,
                state: None,
                message: Some(error.to_string()),
            }),
        }
    }
    tell_done(context, &done)?;
    if done.is_empty() && !context.is_json {
        context.terminal.tell("every task is over or has a runner\n");
    }
    let is_refused = done.iter().any(|one| one.did == Did::Refused);
    Ok(if is_refused { 2 } else { 0 })
}

fn wanted(args: &Args, context: &Context) -> Result<Vec<TaskFolder>, Failure> {
    if !args.all {
        let tasks = args.tasks.iter().map(|task| context.task_folder(task));
        return tasks.collect();
    }
    let root = context.state_root()?;
    let mut folders =
        aur_runner::list(&root).map_err(|error| Failure::new("cannot list the tasks").because(error))?;
    // The oldest first, as they were started.
    folders.reverse();
    Ok(folders)
}

/// Starts a runner where there is none and something is to be done.
pub(super) fn resume(folder: &TaskFolder, state: &State, view: &TaskView) -> TaskDone {
    let (did, message) = match (state.progress, state.runner_pid) {
        (Progress::Over, _) => (Did::Over, None),
        (_, Some(_)) => (Did::Running, None),
        (_, None) => match super::run::start_runner(folder) {
            Ok(()) => (Did::Resumed, None),
            Err(failure) => (Did::Refused, Some(failure.to_string())),
        },
    };
    TaskDone {
        task_id: Some(view.task_id.clone()),
        job_key: view.job_key.clone(),
        instance: view.instance,
        did,
        state: Some(view.state),
        message,
    }
}

/// Reads a task that was just listed.
pub(super) fn read(folder: &TaskFolder) -> Result<State, Failure> {
    State::read(folder)
        .map_err(|error| runner_failure(&format!("cannot read the task {}", shown_id(folder)), &error))
}
