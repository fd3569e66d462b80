//! The event stream: what `aur run --json` prints, one object for each change.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::health::Health;
use crate::isolation::Isolation;
use crate::process::{self, Verb, Why};
use crate::record::{Change, Fact};
use crate::task::Task;
use crate::view::{TaskView, schema_of};
use crate::words::{Exit, Reason, TaskReason, TaskState, Verdict};

/// One line of the event stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskEvent {
    /// What happened.
    #[serde(flatten)]
    pub kind: TaskEventKind,
    /// The id of the task.
    pub task_id: String,
    /// When, milliseconds since 1970.
    pub time_ms: u64,
}

/// What happened, by the `event` field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum TaskEventKind {
    /// The task exists and is active.
    TaskCreated {
        /// `cluster/role/environment/name`.
        job_key: String,
        /// Instance of the job.
        instance: u32,
        /// Which life of the instance this is, from 0.
        attempt: u32,
    },
    /// A runner took it into its hands.
    RunnerStarted {
        /// The runner.
        runner_pid: u32,
        /// What confines the task.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        isolation: Option<Isolation>,
    },
    /// The start of a process was decided.
    ProcessForked {
        /// Its name.
        process: String,
        /// The run.
        run: u32,
    },
    /// A process runs.
    ProcessRunning {
        /// Its name.
        process: String,
        /// The run.
        run: u32,
        /// Its child.
        pid: u32,
        /// Milliseconds since 1970.
        started_ms: u64,
    },
    /// A run of a process said that it is ready.
    ProcessReady {
        /// Its name.
        process: String,
        /// The run.
        run: u32,
    },
    /// Somebody wanted something of a process.
    ProcessControlled {
        /// Its name.
        process: String,
        /// What was wanted.
        verb: Verb,
        /// The name of the request.
        request: String,
        /// Why nothing became of it, if so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unchanged: Option<Why>,
    },
    /// A process was asked to end; once more if the time until SIGKILL was cut.
    ProcessStopping {
        /// Its name.
        process: String,
        /// The run.
        run: u32,
    },
    /// A process gets SIGKILL.
    ProcessKilling {
        /// Its name.
        process: String,
        /// The run.
        run: u32,
    },
    /// A run of a process is over.
    ProcessFinished {
        /// Its name.
        process: String,
        /// The run.
        run: u32,
        /// How it ended.
        state: Verdict,
        /// Why it ended.
        reason: Reason,
        /// The status of its child, where there is one.
        exit: Option<Exit>,
        /// Milliseconds since 1970, where that is known.
        finished_ms: Option<u64>,
        /// What stood in the way of a start, or which limit ended the run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// The earliest next start, milliseconds since 1970, if it runs again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        not_before_ms: Option<u64>,
    },
    /// The health of the task was judged anew.
    TaskHealth {
        /// What it is now.
        health: Health,
        /// What was wrong with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// ACTIVE is over.
    TaskCleaning {
        /// The result the task will have.
        result: TaskState,
        /// Why.
        reason: TaskReason,
    },
    /// A harsher stop brought the deadlines forward.
    TaskHurried {},
    /// The final processes may run.
    TaskFinalizing {},
    /// Nothing follows. The last line.
    TaskFinished {
        /// The task.
        task: Box<TaskView>,
    },
}

/// Returns the JSON Schema of one line.
pub fn event_schema() -> serde_json::Value {
    schema_of::<TaskEvent>()
}

impl TaskEvent {
    /// Describes a change as [`TaskEvent::of`] does. What the records before came to is told as if it had
    /// happened now, as far as it still goes on: the task, its runner, and the runs that are alive.
    pub fn all_of(task: &Task, change: &Change) -> Vec<Self> {
        let first = Self::of(task, change);
        let rest = match &change.fact {
            Fact::Summary(_) => of_what_goes_on(task),
            _ => Vec::new(),
        };
        let task_id = first
            .as_ref()
            .map(|event| event.task_id.clone())
            .unwrap_or_default();
        let event = |kind| Self {
            kind,
            task_id: task_id.clone(),
            time_ms: change.wall_ms,
        };
        first.into_iter().chain(rest.into_iter().map(event)).collect()
    }

    /// Describes a change; `task` is the task it was applied to. `None` only for a change of another
    /// task: one whose process this task does not have.
    pub fn of(task: &Task, change: &Change) -> Option<Self> {
        let kind = match &change.fact {
            Fact::Created(header) => TaskEventKind::TaskCreated {
                job_key: header.job_key.clone(),
                instance: header.instance,
                attempt: header.attempt,
            },
            Fact::Summary(summary) => TaskEventKind::TaskCreated {
                job_key: summary.header.job_key.clone(),
                instance: summary.header.instance,
                attempt: summary.header.attempt,
            },
            Fact::Runner(runner) => TaskEventKind::RunnerStarted {
                runner_pid: runner.pid,
                isolation: runner.isolation.clone(),
            },
            Fact::Process { process, run, fact } => {
                let name = task.spec().processes.get(*process)?.name.clone();
                of_process(change, name, *run, fact)?
            }
            Fact::Cleaning { verdict, reason, .. } => TaskEventKind::TaskCleaning {
                result: (*verdict).into(),
                reason: *reason,
            },
            // What follows from it is told for each process.
            Fact::Farewell => return None,
            Fact::Health { health, message } => TaskEventKind::TaskHealth {
                health: *health,
                message: message.clone(),
            },
            Fact::Control {
                process,
                verb,
                request,
                unchanged,
                ..
            } => TaskEventKind::ProcessControlled {
                process: task.spec().processes.get(*process)?.name.clone(),
                verb: *verb,
                request: request.clone(),
                unchanged: *unchanged,
            },
            Fact::Hurried { .. } => TaskEventKind::TaskHurried {},
            Fact::Finalizing => TaskEventKind::TaskFinalizing {},
            Fact::Finished { .. } => TaskEventKind::TaskFinished {
                task: Box::new(TaskView::of(task)?),
            },
        };
        Some(Self {
            kind,
            task_id: task.header()?.task_id.clone(),
            time_ms: change.wall_ms,
        })
    }
}

fn of_what_goes_on(task: &Task) -> Vec<TaskEventKind> {
    let runner = task.runner().map(|runner| TaskEventKind::RunnerStarted {
        runner_pid: runner.pid,
        isolation: runner.isolation.clone(),
    });
    let mut kinds: Vec<TaskEventKind> = runner.into_iter().collect();
    for (index, number) in task.alive() {
        let (Some(spec), Some(run)) = (task.spec().processes.get(index), task.runs(index).next_back()) else {
            continue;
        };
        let process = &spec.name;
        kinds.push(TaskEventKind::ProcessForked {
            process: process.clone(),
            run: number,
        });
        if let (Some(pid), Some(started_ms)) = (run.pid, run.started_ms) {
            kinds.push(TaskEventKind::ProcessRunning {
                process: process.clone(),
                run: number,
                pid,
                started_ms,
            });
        }
        if task.process(index).is_some_and(|process| process.is_ready) {
            kinds.push(TaskEventKind::ProcessReady {
                process: process.clone(),
                run: number,
            });
        }
    }
    kinds.extend(task.health().map(|health| TaskEventKind::TaskHealth {
        health,
        message: task.health_message().map(str::to_string),
    }));
    kinds
}

/// Describes a fact of its own; `None` for what only ever stands within a request.
fn of_process(change: &Change, process: String, run: u32, fact: &process::Fact) -> Option<TaskEventKind> {
    let kind = match fact {
        process::Fact::Held | process::Fact::Freed { .. } => return None,
        process::Fact::Intent => TaskEventKind::ProcessForked { process, run },
        process::Fact::Running { pid, started_ms, .. } => TaskEventKind::ProcessRunning {
            process,
            run,
            pid: *pid,
            started_ms: *started_ms,
        },
        process::Fact::Ready => TaskEventKind::ProcessReady { process, run },
        process::Fact::Stopping { .. } => TaskEventKind::ProcessStopping { process, run },
        process::Fact::Killing { .. } => TaskEventKind::ProcessKilling { process, run },
        process::Fact::Ended {
            verdict,
            reason,
            exit,
            finished_ms,
            message,
            next,
            ..
        } => TaskEventKind::ProcessFinished {
            process,
            run,
            state: *verdict,
            reason: *reason,
            exit: *exit,
            finished_ms: *finished_ms,
            message: message.clone(),
            not_before_ms: match next {
                process::Next::Again { not_before } => Some(change.not_before_ms(*not_before)),
                process::Next::Held | process::Next::Done | process::Next::GivenUp => None,
            },
        },
    };
    Some(kind)
}
