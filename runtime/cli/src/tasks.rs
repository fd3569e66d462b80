//! Tasks as commands meet them: the state folder, and the task that an argument means.

use std::path::PathBuf;

use aur_render::clean;
use aur_runner::{State, TaskFolder};
use aur_terminal::Failure;

use crate::documents::{Did, TaskDone};
use crate::errors::{name_failure, root_failure, runner_failure};
use crate::{Context, show};

impl Context {
    /// The folder that holds the state of tasks.
    pub(crate) fn state_root(&self) -> Result<PathBuf, Failure> {
        let uid = aur_runner::effective_uid();
        aur_runner::resolve_root(self.root.as_deref(), |name| std::env::var_os(name), uid)
            .map_err(|error| root_failure(&error))
    }

    /// The task that a text means.
    pub(crate) fn task_folder(&self, text: &str) -> Result<TaskFolder, Failure> {
        let root = self.state_root()?;
        aur_runner::resolve(&root, text).map_err(|error| name_failure(&error))
    }

    /// The task that a text means, and how it stands.
    pub(crate) fn task(&self, text: &str) -> Result<(TaskFolder, State), Failure> {
        let folder = self.task_folder(text)?;
        let state = State::read(&folder).map_err(|error| {
            runner_failure(&format!("cannot read the task {}", shown_id(&folder)), &error)
        })?;
        Ok((folder, state))
    }
}

/// A process of a task, as an argument names it.
pub(crate) struct ProcessArg {
    pub(crate) folder: TaskFolder,
    pub(crate) state: State,
    pub(crate) process: String,
}

impl Context {
    /// The process that a text `TASK/PROCESS` means, and how its task stands.
    pub(crate) fn process(&self, text: &str) -> Result<ProcessArg, Failure> {
        let Some((task, process)) = text.split_once('/') else {
            return Err(Failure::new(format!("`{}` names no process", clean(text)))
                .help("name the task and the process: `@last/server`"));
        };
        let (folder, state) = self.task(task)?;
        check_process(&state, process)?;
        Ok(ProcessArg {
            folder,
            state,
            process: process.to_string(),
        })
    }
}

/// Says at once that a task has no such process.
pub(crate) fn check_process(state: &State, name: &str) -> Result<(), Failure> {
    let processes = state
        .plan
        .jobs
        .get(state.job)
        .map(|job| job.task.processes.as_slice());
    let names: Vec<&str> = processes
        .unwrap_or_default()
        .iter()
        .map(|process| process.name.as_str())
        .collect();
    if names.contains(&name) {
        return Ok(());
    }
    let shown: Vec<&str> = names.into_iter().take(20).collect();
    Err(Failure::new(format!("the task has no process `{}`", clean(name)))
        .help(format!("its processes are {}", clean(&shown.join(", ")))))
}

/// The id of a task, for people.
pub(crate) fn shown_id(folder: &TaskFolder) -> String {
    clean(&folder.id().to_string_lossy()).into_owned()
}

/// Prints what was done about tasks: a line for each, or one list of objects.
pub(crate) fn tell_done(context: &Context, done: &[TaskDone]) -> Result<(), Failure> {
    if context.is_json {
        let text = serde_json::to_string(done).unwrap_or_default();
        return context.terminal.print(format!("{text}\n"));
    }
    let mut text = String::new();
    for one in done {
        let what = match one.did {
            Did::Started => "was started".to_string(),
            Did::Resumed => "goes on".to_string(),
            Did::Running => "runs already".to_string(),
            Did::Ended => format!("has ended: {}", one.state.map(show::word).unwrap_or_default()),
            Did::Over => format!(
                "is over already: {}",
                one.state.map(show::word).unwrap_or_default()
            ),
            Did::Refused => format!(
                "was refused: {}",
                one.message.as_deref().unwrap_or("no reason known")
            ),
        };
        let id = one.task_id.as_deref().unwrap_or("-");
        text.push_str(&format!("task {} {}\n", clean(id), clean(&what)));
    }
    context.terminal.print(text)
}
