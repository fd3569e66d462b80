//! Shell. What the commands `aurc` and `aur` share: the look of their streams, how they fail, the values of
//! inputs, and telling what the compiler found.

mod failure;
mod inputs;
mod man;
mod programs;
mod report;
mod terminal;

pub use failure::Failure;
pub use inputs::InputArgs;
pub use man::{man, man_pages};
pub use programs::{Findings, open, plural, select_job, summary, unpack, usage_failure, value_or_errors};
pub use report::install_panic_hook;
pub use terminal::{ColorWhen, Terminal};
