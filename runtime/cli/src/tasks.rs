//! Tasks as commands meet them: the state folder, and the task that an argument means.

use std::path::PathBuf;

use aur_runner::{State, TaskFolder};
use aur_terminal::Failure;

use crate::Context;
use crate::errors::{name_failure, root_failure, runner_failure};

impl Context {
    /// The folder that holds the state of tasks.
    pub(crate) fn state_root(&self) -> Result<PathBuf, Failure> {
        let uid = aur_runner::effective_uid();
        aur_runner::resolve_root(self.root.as_deref(), |name| std::env::var_os(name), uid)
            .map_err(|error| root_failure(&error))
    }

    /// The task that a text means, and how it stands.
    pub(crate) fn task(&self, text: &str) -> Result<(TaskFolder, State), Failure> {
        let root = self.state_root()?;
        let folder = aur_runner::resolve(&root, text).map_err(|error| name_failure(&error))?;
        let state = State::read(&folder).map_err(|error| {
            runner_failure(&format!("cannot read the task {}", shown_id(&folder)), &error)
        })?;
        Ok((folder, state))
    }
}

/// The id of a task, for people.
pub(crate) fn shown_id(folder: &TaskFolder) -> String {
    aur_render::clean(&folder.id().to_string_lossy()).into_owned()
}
