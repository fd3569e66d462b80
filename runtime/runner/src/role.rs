//! Tasks that run as the role of their job instead of as whoever starts them.
//!
//! Only root can do that. Sandbox and logs belong to the role; everything else of the task stays root's,
//! and the folders on the way can be passed through but not read.

use std::path::Path;

use aur_host::account::{self, Role};
use aur_host::folder::{self, LifeFolder, LogFiles};
use aur_host::{PathError, sandbox};
use serde::{Deserialize, Serialize};

use crate::RunnerError;

/// Whom the processes of a task run as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunAs {
    /// Whoever starts the task.
    Caller,
    /// The role of the job.
    Role,
}

/// The role of a task, looked up once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RoleOrder {
    pub(crate) name: String,
    uid: u32,
    gid: u32,
    groups: Vec<u32>,
}

/// Why a role cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoleProblem {
    /// We are not root.
    #[error("only root can do that")]
    NotRoot,
    /// There is no such account.
    #[error("there is no such account on this machine")]
    NoAccount,
    /// It cannot come to its sandbox.
    #[error("it may not enter {}", folder.display())]
    NoWay {
        /// The folder that is closed to it.
        folder: std::path::PathBuf,
    },
}

impl RoleProblem {
    /// What to try.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::NotRoot => "run it as root, or leave --as-role out to run it as yourself",
            Self::NoAccount => "create the account, or leave --as-role out to run it as yourself",
            Self::NoWay { .. } => "choose a state folder with --root that everybody may pass through",
        }
    }
}

impl RoleOrder {
    pub(crate) fn role(&self) -> Role {
        Role {
            uid: self.uid,
            gid: self.gid,
            groups: self.groups.clone(),
        }
    }
}

/// Finds the role that a task is to run as, and sees that it can come to the state folder `root`.
pub(crate) fn take(run_as: RunAs, name: &str, root: &Path) -> Result<Option<RoleOrder>, RunnerError> {
    if run_as == RunAs::Caller {
        return Ok(None);
    }
    let refused = |problem| RunnerError::Role {
        role: name.to_string(),
        problem,
    };
    if account::effective_uid() != 0 {
        return Err(refused(RoleProblem::NotRoot));
    }
    let role = Role::of(name)?.ok_or_else(|| refused(RoleProblem::NoAccount))?;
    if let Some(folder) = closed_to(&role, root) {
        return Err(refused(RoleProblem::NoWay { folder }));
    }
    Ok(Some(RoleOrder {
        name: name.to_string(),
        uid: role.uid,
        gid: role.gid,
        groups: role.groups,
    }))
}

/// The first folder above the state folder that a role may not enter. What does not exist yet will be
/// made so that it can.
fn closed_to(role: &Role, root: &Path) -> Option<std::path::PathBuf> {
    let above: Vec<&Path> = root.ancestors().skip(1).collect();
    let closed = above.into_iter().rev().find(|folder| {
        let metadata = std::fs::metadata(folder);
        metadata.is_ok_and(|metadata| !role.may_enter(&metadata))
    });
    closed.map(Path::to_path_buf)
}

/// Lets a role come to the tasks of a state folder.
pub(crate) fn open_way(root: &Path) -> Result<(), PathError> {
    folder::let_pass(root)?;
    folder::let_pass(&folder::tasks(root))
}

/// Gives an attempt that was just made to its role.
pub(crate) fn give_life(role: Option<&RoleOrder>, life: &LifeFolder) -> Result<(), PathError> {
    let Some(role) = role else { return Ok(()) };
    sandbox::give(&life.sandbox(), &role.role())?;
    folder::let_pass(life.path())
}

/// Gives the files of a run's output to the role. The folder stays ours until the process runs, so that
/// nobody can put something else in their place.
pub(crate) fn give_outputs(
    role: Option<&RoleOrder>,
    life: &LifeFolder,
    logs: &LogFiles,
) -> Result<(), PathError> {
    let Some(role) = role else { return Ok(()) };
    let of_run = logs.stdout.parent();
    let of_process = of_run.and_then(Path::parent);
    for folder in [Some(life.all_logs().as_path()), of_process]
        .into_iter()
        .flatten()
    {
        if folder.exists() {
            folder::let_pass(folder)?;
        }
    }
    for file in [&logs.stdout, &logs.stderr] {
        if file.exists() {
            sandbox::give_one(file, &role.role())?;
        }
    }
    Ok(())
}

/// Gives the folder of a run's output to the role.
pub(crate) fn give_output_folder(role: Option<&RoleOrder>, logs: &LogFiles) -> Result<(), PathError> {
    match (role, logs.stdout.parent()) {
        (Some(role), Some(folder)) if folder.exists() => sandbox::give_one(folder, &role.role()),
        _ => Ok(()),
    }
}
