//! What can keep a task from being run, read or stopped.

use std::path::PathBuf;

use aur_host::journal::JournalError;
use aur_host::lock::LockError;
use aur_host::{PathError, detach};
use aur_ir as ir;
use aur_machine as machine;

use crate::role::RoleProblem;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    /// The disk refused.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A record of the journal cannot be understood.
    #[error("record {record} of {}: {source}", path.display())]
    Record {
        /// The journal.
        path: PathBuf,
        /// The record, from 0.
        record: usize,
        /// What is wrong with it.
        source: machine::DecodeError,
    },
    /// The records do not tell the life of a task.
    #[error("the journal {}: {source}", path.display())]
    Replay {
        /// The journal.
        path: PathBuf,
        /// Where it stops making sense.
        source: machine::ReplayError,
    },
    /// The stored plan cannot be read.
    #[error("the plan {}: {source}", path.display())]
    Plan {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ir::DecodeError,
    },
    /// A file of ours does not hold what it should.
    #[error("{} is damaged: {message}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The task of the plan cannot be run.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A text of the plan needs a runtime name that has no value.
    #[error("{place} needs `{name}`, which has no value here{}", hint(name))]
    NoValue {
        /// The process whose text it is.
        place: String,
        /// The runtime name.
        name: ir::LateName,
    },
    /// A readiness probe looks for a pattern that cannot be read.
    #[error("the pattern that process `{process}` is ready by cannot be read: {message}")]
    Pattern {
        /// The process.
        process: String,
        /// What is wrong with it.
        message: String,
    },
    /// The job has fewer instances.
    #[error("there is no instance {instance}: instances are counted from 0, and the job has {instances}")]
    NoInstance {
        /// What was asked for.
        instance: u32,
        /// What there is.
        instances: u32,
    },
    /// A port was asked for that the job does not have.
    #[error("the job has no port `{}`{}", name.escape_debug(), ports_text(ports))]
    NoPort {
        /// What was asked for.
        name: String,
        /// The ports of the job.
        ports: Vec<String>,
    },
    /// A port was asked for with a number that it cannot have.
    #[error("port `{}` cannot be {number}: it is {other}", name.escape_debug())]
    PortIsOther {
        /// The port.
        name: String,
        /// What was asked for.
        number: u16,
        /// What it is.
        other: u16,
    },
    /// A number that was asked for is in use.
    #[error("port `{}` cannot be {number}: {}", name.escape_debug(), taken_text(task.as_deref()))]
    PortTaken {
        /// The port.
        name: String,
        /// What was asked for.
        number: u16,
        /// The task that has it; `None` for another program.
        task: Option<String>,
    },
    /// The text cannot be a task id.
    #[error("`{}` cannot be a task id: a file name without leading dot is needed", id.escape_debug())]
    TaskId {
        /// The text.
        id: String,
    },
    /// The id belongs to another plan, job or instance.
    #[error("task {id} exists already and is something else: {difference}")]
    Different {
        /// The id.
        id: String,
        /// What differs.
        difference: Difference,
    },
    /// A runner has the task.
    #[error("{}", held_text(*.pid))]
    Held {
        /// The runner, where it is known.
        pid: Option<u32>,
    },
    /// The role of the job cannot be taken.
    #[error("cannot run the task as `{}`: {problem}", role.escape_debug())]
    Role {
        /// The role.
        role: String,
        /// Why.
        problem: RoleProblem,
    },
    /// There is no bash on this machine.
    #[error("bash is missing: looked for {}", looked_for.join(", "))]
    NoBash {
        /// The places.
        looked_for: Vec<String>,
    },
    /// The runner could not be started.
    #[error(transparent)]
    Detach(#[from] detach::DetachError),
    /// The runner died before it said anything.
    #[error("the runner ended before it was ready; what it said is in {}", log.display())]
    Silent {
        /// Its log.
        log: PathBuf,
    },
    /// The runner could not begin and said why.
    #[error("{message}")]
    Told {
        /// What kind of error it was.
        kind: Kind,
        /// Its text.
        message: String,
        /// What to try.
        help: Option<String>,
    },
    /// The kernel refused something that has no path.
    #[error("cannot {action}: {source}")]
    System {
        /// What was tried.
        action: &'static str,
        /// What the kernel said.
        source: std::io::Error,
    },
}

/// A task that cannot be run, as an error value.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SpecError(pub machine::SpecError);

/// In what a task differs from the one that has its id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Difference {
    /// Another plan.
    #[error("its plan is {found}, the new one is {wanted}")]
    Plan {
        /// The digest of the stored plan.
        found: String,
        /// The digest of the new one.
        wanted: String,
    },
    /// Another job of the plan.
    #[error("it runs the job {found}, not {wanted}")]
    Job {
        /// The key of the stored job.
        found: String,
        /// The key of the new one.
        wanted: String,
    },
    /// Another port.
    #[error("its port `{name}` is {found}, not {wanted}")]
    Port {
        /// The name of the port.
        name: String,
        /// The stored number.
        found: u16,
        /// The new one.
        wanted: u16,
    },
    /// Another instance.
    #[error("it is instance {found}, not {wanted}")]
    Instance {
        /// The stored instance.
        found: u32,
        /// The new one.
        wanted: u32,
    },
}

/// What an error means to a caller; the exit code of a command follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Nothing could be started or read: exit code 2.
    Unusable,
    /// A plan or journal is damaged or newer than this program: exit code 1.
    Damaged,
    /// The request goes against what is: exit code 5.
    Refused,
}

impl Kind {
    /// The exit code of a command that failed so.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Damaged => 1,
            Self::Unusable => 2,
            Self::Refused => 5,
        }
    }
}

impl RunnerError {
    /// What the error means to a caller.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Journal(JournalError::Path(_))
            | Self::Path(_)
            | Self::NoInstance { .. }
            | Self::TaskId { .. }
            | Self::NoBash { .. }
            | Self::Role { .. }
            | Self::Detach(_)
            | Self::Silent { .. }
            | Self::System { .. } => Kind::Unusable,
            Self::Journal(
                JournalError::NotAJournal { .. }
                | JournalError::Newer { .. }
                | JournalError::Damaged { .. }
                | JournalError::TooLong { .. },
            )
            | Self::Record { .. }
            | Self::Replay { .. }
            | Self::Plan { .. }
            | Self::Damaged { .. }
            | Self::Pattern { .. }
            | Self::Spec(_) => Kind::Damaged,
            Self::NoValue { .. }
            | Self::NoPort { .. }
            | Self::PortIsOther { .. }
            | Self::PortTaken { .. }
            | Self::Different { .. }
            | Self::Held { .. } => Kind::Refused,
            Self::Told { kind, .. } => *kind,
        }
    }

    /// What to try, as a sentence for people; `None` where the message says all there is.
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Journal(JournalError::Damaged { .. }) | Self::Record { .. } | Self::Replay { .. } => Some(
                "the disk or another program changed the file; restore it from a copy, or start the work anew under another task id",
            ),
            Self::Journal(JournalError::Newer { .. }) => Some("use the newer aur that wrote it"),
            Self::Path(error) | Self::Journal(JournalError::Path(error)) if error.is_disk_full() => {
                Some("make room on the disk, or choose another state folder with --root")
            }
            Self::Different { .. } => Some("choose another --task-id, or leave it out for a fresh one"),
            Self::Held { .. } => {
                Some("watch it with `aur status` or `aur logs -f`, or take it over with --force")
            }
            Self::NoBash { .. } => Some("install bash"),
            Self::PortTaken { .. } => Some("choose another number, or leave out -P to get a free port"),
            Self::Role { problem, .. } => Some(problem.help()),
            Self::NoInstance { .. }
            | Self::NoPort { .. }
            | Self::PortIsOther { .. }
            | Self::TaskId { .. }
            | Self::Journal(
                JournalError::Path(_) | JournalError::NotAJournal { .. } | JournalError::TooLong { .. },
            )
            | Self::Path(_)
            | Self::Plan { .. }
            | Self::Damaged { .. }
            | Self::Spec(_)
            | Self::Pattern { .. }
            | Self::NoValue { .. }
            | Self::Detach(_)
            | Self::Silent { .. }
            | Self::System { .. } => None,
            Self::Told { help, .. } => help.as_deref(),
        }
    }
}

impl From<LockError> for RunnerError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Path(error) => Self::Path(error),
            LockError::Held { pid } => Self::Held { pid },
        }
    }
}

fn held_text(pid: Option<u32>) -> String {
    match pid {
        Some(pid) => format!("a runner has this task: process {pid}"),
        None => "a runner has this task".to_string(),
    }
}

fn ports_text(ports: &[String]) -> String {
    match ports {
        [] => ": it uses none".to_string(),
        ports => format!("; it has {}", ports.join(", ")),
    }
}

fn taken_text(task: Option<&str>) -> String {
    match task {
        Some(task) => format!("the task {task} has it"),
        None => "another program listens on it".to_string(),
    }
}

fn hint(name: &ir::LateName) -> &'static str {
    match name {
        ir::LateName::Port(_) => ": the job does not list it among its ports",
        ir::LateName::Sandbox => {
            ": the path of the sandbox is not valid UTF-8; use \"$AUR_SANDBOX\" in the command instead"
        }
        ir::LateName::Hostname | ir::LateName::Instance | ir::LateName::TaskId | ir::LateName::User => "",
    }
}
