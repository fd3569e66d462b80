//! One file for each command.

pub(crate) mod attach;
pub(crate) mod completions;
pub(crate) mod copier;
pub(crate) mod down;
pub(crate) mod explain;
pub(crate) mod gc;
pub(crate) mod guard;
pub(crate) mod kill;
pub(crate) mod logs;
pub(crate) mod man;
pub(crate) mod ps;
pub(crate) mod restart;
pub(crate) mod resume;
pub(crate) mod run;
pub(crate) mod runner;
pub(crate) mod signal;
pub(crate) mod start;
pub(crate) mod status;
pub(crate) mod stop;
pub(crate) mod top;
pub(crate) mod up;
