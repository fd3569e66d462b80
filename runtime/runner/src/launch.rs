//! Starting the detached runner, and the one message it sends back.

use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, Instant};

use aur_host::detach::{self, Launcher};
use aur_host::folder::{TaskFolder, append_to};
use aur_host::process::{self, Signal};
use aur_host::{boot, lock};
use serde::{Deserialize, Serialize};

use crate::{Kind, RunnerError};

/// A runner that came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Started {
    /// Its process.
    pub pid: u32,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Message {
    /// The lock is taken and the journal is open.
    Ready { pid: u32 },
    /// It could not begin.
    Failed {
        kind: Kind,
        message: String,
        help: Option<String>,
    },
}

/// Starts the runner of a task as a process of its own, and waits until it holds the task.
///
/// `program` with `arguments` must come to [`serve`](crate::serve) on this folder. The runner has its own
/// session and init for a parent, so it outlives us and our terminal. What it has to say besides the
/// journal goes to `runner.log`.
///
/// # Errors
/// It cannot be started, or could not begin; then nothing of the task was started.
pub fn start(folder: &TaskFolder, program: &Path, arguments: &[&OsStr]) -> Result<Started, RunnerError> {
    // A log that cannot be opened must not keep a task from running.
    let log = append_to(&folder.runner_log()).ok();
    let heard = detach::start(program, arguments, &[], log.as_ref())?;
    match serde_json::from_slice(&heard) {
        Ok(Message::Ready { pid }) => Ok(Started { pid }),
        Ok(Message::Failed { kind, message, help }) => Err(RunnerError::Told { kind, message, help }),
        Err(_) => Err(RunnerError::Silent {
            log: folder.runner_log(),
        }),
    }
}

pub(crate) fn tell_ready(launcher: &mut Launcher) {
    let pid = std::process::id();
    tell(launcher, &Message::Ready { pid });
}

pub(crate) fn tell_failed(launcher: &mut Launcher, error: &RunnerError) {
    let message = Message::Failed {
        kind: error.kind(),
        message: error.to_string(),
        help: error.help().map(str::to_string),
    };
    tell(launcher, &message);
}

fn tell(launcher: &mut Launcher, message: &Message) {
    launcher.tell(&serde_json::to_vec(message).unwrap_or_default());
}

/// Kills the runner of a task, if one lives, so that another can have the task. Its processes run on.
///
/// # Errors
/// It outlives SIGKILL.
pub fn take_over(folder: &TaskFolder) -> Result<(), RunnerError> {
    let boot = boot::BootId::current()?;
    let deadline = Instant::now() + Duration::from_secs(5);
    while let Some(holder) = lock::holder(&folder.lock(), boot)? {
        if Instant::now() > deadline {
            return Err(RunnerError::Held {
                pid: Some(holder.identity.pid),
            });
        }
        process::signal(&holder.identity, Signal::Kill);
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}
