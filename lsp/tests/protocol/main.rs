//! The server, spoken to as a client does, in one process.

mod client;
mod completion;
mod diagnostics;
mod files;
mod life;
mod names;
mod robust;
mod stale;
