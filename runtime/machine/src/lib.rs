//! Pure. Everything one node decides for one task: processes, order, limits, journal records and replay.
//!
//! The shell feeds [`Task::turn`] one [`Event`] at a time and gets back a [`Turn`]: the changes, to be
//! made durable in order, and the effects, to be performed after that. Completions come back as events.
//! After a restart [`replay`] rebuilds the task from the journal, and [`Event::Restored`] makes the
//! machine ask what became of the runs that were in flight.
//!
//! Invariants
//! - `decide` may change between versions; `apply` never changes the meaning of a change that exists.
//! - Every prefix of a journal is a state from which the task goes on.
//! - The cost of an event is proportional to what it moves, never to the size of the task.
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]

mod attempt;
mod clock;
mod event;
mod health;
mod isolation;
mod plan;
pub mod process;
mod record;
mod spec;
mod task;
mod view;
mod words;

pub use attempt::{AttemptPolicy, Attempts, BackOff, NextAttempt};
pub use clock::{Now, Time};
pub use event::{TaskEvent, TaskEventKind, event_schema};
pub use health::{Answer, Checks, Health, HealthPolicy};
pub use isolation::{Isolation, Pressure, ProcessUsage, Throttled, Usage};
pub use record::{Change, DecodeError, Fact, Header, Runner, VERSION, decode, encode};
pub use spec::{Class, ProcessSpec, Source, Spec, SpecError};
pub use task::limits::Breach;
pub use task::summary::Summary;
pub use task::{
    Boot, Effect, Ending, Event, KEPT_RUNS, ReplayError, Run, Stage, Stop, Task, Turn, Work, replay,
};
pub use view::{ProcessView, RunView, TaskView, task_schema};
pub use words::{Exit, Reason, State, TaskReason, TaskState, Verdict, exit_code};
