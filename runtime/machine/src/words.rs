//! The words that other programs see: states, reasons, exits and exit codes.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The state of a process or of one of its runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// Nothing of it runs: it waits for others, for its time, or for ever.
    Waiting,
    /// A start is recorded and not yet reported.
    Forked,
    /// A child is alive.
    Running,
    /// Ended with exit code 0.
    Success,
    /// Ended in any other way by itself, or could not be started.
    Failed,
    /// Ended because it was asked to.
    Killed,
    /// How it ended cannot be known.
    Lost,
}

/// The state of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum TaskState {
    /// Ordinary processes run.
    Active,
    /// What still runs is asked to end.
    Cleaning,
    /// Final processes run.
    Finalizing,
    /// The ordinary processes did their work.
    Success,
    /// Too many processes failed, or the rest cannot run.
    Failed,
    /// Stopped on request.
    Killed,
    /// What became of it cannot be known.
    Lost,
}

/// How a run, a process or a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// It did its work.
    Success,
    /// It did not.
    Failed,
    /// It was stopped on request.
    Killed,
    /// Nobody saw its end.
    Lost,
}

impl From<Verdict> for State {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Success => Self::Success,
            Verdict::Failed => Self::Failed,
            Verdict::Killed => Self::Killed,
            Verdict::Lost => Self::Lost,
        }
    }
}

impl From<Verdict> for TaskState {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Success => Self::Success,
            Verdict::Failed => Self::Failed,
            Verdict::Killed => Self::Killed,
            Verdict::Lost => Self::Lost,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Success => "SUCCESS",
            Self::Failed => "FAILED",
            Self::Killed => "KILLED",
            Self::Lost => "LOST",
        })
    }
}

impl TaskState {
    /// Whether nothing follows.
    pub fn is_terminal(self) -> bool {
        exit_code(self).is_some()
    }
}

/// Returns the exit code of a command that waited for a task; `None` while it is not at its end.
pub fn exit_code(state: TaskState) -> Option<u8> {
    match state {
        TaskState::Active | TaskState::Cleaning | TaskState::Finalizing => None,
        TaskState::Success => Some(0),
        TaskState::Failed => Some(3),
        TaskState::Killed | TaskState::Lost => Some(4),
    }
}

/// What the kernel said about the end of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// It returned this code.
    Code(i32),
    /// It died of this signal.
    Signal(i32),
}

/// Why a run ended. The list is the contract; later versions use more of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It returned by itself.
    Exit,
    /// A signal that was not ours.
    Signal,
    /// It used more memory than it may.
    Oom,
    /// The task used more disk than it may.
    Disk,
    /// It ran longer than it may.
    Timeout,
    /// Nobody saw its end.
    Lost,
    /// It could not be started.
    StartError,
    /// It did not become ready in time.
    NotReady,
    /// The task was judged unhealthy.
    Unhealthy,
    /// It was stopped on request.
    Killed,
}

/// Why a task left ACTIVE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskReason {
    /// Every process that counts has come to its end, few enough of them failed.
    Complete,
    /// As many processes failed as fail the task.
    Failures,
    /// What is left waits for a process that failed.
    Stuck,
    /// Someone asked for it.
    Stopped,
    /// It was judged unhealthy.
    Unhealthy,
    /// It used more disk than it may.
    Disk,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_exit_codes() {
        let json = |value: serde_json::Value| value.to_string();
        assert_eq!(json(serde_json::to_value(State::Forked).unwrap()), r#""FORKED""#);
        assert_eq!(
            json(serde_json::to_value(Reason::StartError).unwrap()),
            r#""start_error""#
        );
        assert_eq!(
            json(serde_json::to_value(Exit::Signal(9)).unwrap()),
            r#"{"signal":9}"#
        );
        assert_eq!(
            json(serde_json::to_value(Exit::Code(0)).unwrap()),
            r#"{"code":0}"#
        );
        let codes = [
            TaskState::Active,
            TaskState::Success,
            TaskState::Failed,
            TaskState::Killed,
            TaskState::Lost,
        ]
        .map(exit_code);
        assert_eq!(codes, [None, Some(0), Some(3), Some(4), Some(4)]);
    }
}
