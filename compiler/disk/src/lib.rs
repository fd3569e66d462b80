//! Shell. Sources on disk: finds the project of a file and reads what its programs may read.
//!
//! On behalf of a program nothing outside the project root is read, nothing is started and no socket
//! is opened. The entry file is what the command line names, so it is read once, when the project is
//! found, and served from memory from then on.

mod confined;
mod error;
mod passwd;
mod project;
mod replace;
mod watch;

pub use error::ProjectError;
pub use project::{Project, read_file, read_to_limit};
pub use replace::{replace_file, replace_file_by};
pub use watch::{Watcher, Woken};

/// The most bytes of one source file: 64 MiB.
pub const SOURCE_LIMIT: u64 = 64 * 1024 * 1024;
