//! One file for each command.

pub(crate) mod completions;
pub(crate) mod copier;
pub(crate) mod guard;
pub(crate) mod kill;
pub(crate) mod logs;
pub(crate) mod man;
pub(crate) mod ps;
pub(crate) mod run;
pub(crate) mod runner;
pub(crate) mod signal;
pub(crate) mod status;
