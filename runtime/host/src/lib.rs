//! Shell. The only code that touches the kernel: processes, signals, files of a task, journal, locks.
//!
//! Everything here is mechanism. What to start, when to stop and what a result means is decided in
//! `aur-machine`; `aur-runner` joins the two. No type of nix or libc appears in a public signature.
//!
//! Invariants
//! - A run is started at most once: its run file is locked before its guard is started, the lock is
//!   inherited by guard and child, and the child records itself as its last act before it becomes its
//!   program.
//! - The end of a run is on record before the process is reaped, by the guard or whoever inherits it.
//! - A signal goes only to a process whose identity (pid, start ticks, boot) was checked after a
//!   pidfd pinned it. On doubt nothing is sent.
//! - Files and folders of a task are private to its owner and are never opened through a symbolic link.

pub mod account;
pub mod boot;
pub mod call;
pub mod cgroup;
pub mod copier;
pub mod detach;
pub mod disk;
pub mod error;
pub mod fault;
pub mod folder;
pub mod guard;
pub mod helper;
pub mod journal;
pub mod load;
pub mod lock;
pub mod ports;
pub mod process;
pub mod reap;
pub mod root;
pub mod run_file;
pub mod sandbox;
pub mod spawn;
mod start;
pub mod tail;
pub mod trash;
pub mod tree;
pub mod wake;
pub mod window;

pub use error::PathError;
