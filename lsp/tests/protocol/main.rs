//! The server, spoken to as a client does, in one process.

mod client;
mod diagnostics;
mod life;
