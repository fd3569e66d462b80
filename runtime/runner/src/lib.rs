//! Shell. Runs one task: feeds the machine, records what it decides, performs it on the host.
//!
//! The way of a task, for the command that wants it run:
//!
//! 1. [`prepare`] makes the task's folder, or finds the one that exists.
//! 2. [`start`] starts the detached runner on it; the runner itself is [`serve`]. Who wants to watch
//!    opens a [`Follower`] before that, so that no signal falls between the two.
//! 3. [`Follower`] tells what happens, [`request_stop`] asks for an end, [`State::read`] shows how it
//!    stands. All three work from any process, and also when the runner is dead.
//!
//! The runner takes one event, lets the machine decide, appends the changes and makes them durable, and
//! performs the effects; completions come back as events. It waits in one place and polls nothing.
//!
//! Signals to the runner: SIGTERM, SIGINT and SIGHUP are a graceful stop of the task, as by
//! [`request_stop`]. SIGKILL, or a crash, leaves the processes running; starting the runner again on the
//! same folder goes on with them.

mod collect;
mod environment;
mod error;
mod files;
mod follow;
mod launch;
mod names;
mod ports;
mod prepare;
mod request;
mod role;
mod serve;
mod state;
mod usage;

pub use collect::{Candidate, Collection, Keep, collectable, remove_leftover, remove_task};
pub use error::{Kind, RunnerError};
pub use files::{Inheritance, Progress};
pub use follow::{Followed, Follower};
pub use launch::{Started, start, take_over};
pub use names::{NameError, list, new_task_id, resolve};
pub use ports::Ports;
pub use prepare::{Prepared, Wanted, prepare};
pub use request::{
    Answer, Reach, RequestName, StopRequest, request_control, request_signal, request_stop, wait_for_answer,
};
pub use role::{RoleProblem, RunAs};
pub use serve::serve;
pub use state::State;

pub use aur_host::account::effective_uid;
pub use aur_host::copier::{COPIER_WORD, Dropped, Overflow, be_copier, dropped};
pub use aur_host::folder::{LogFiles, TaskFolder, is_task_id};
pub use aur_host::guard::{GUARD_WORD, be_guard};
pub use aur_host::load::{Load, LoadTable, Own};
pub use aur_host::root::{RootError, resolve as resolve_root};
pub use aur_host::tail::{LogReader, last_lines};
pub use aur_host::wake::{Asked, Signals};
pub use aur_host::window::{Window, size as window_size};
