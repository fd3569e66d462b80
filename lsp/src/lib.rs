//! Shell. Speaks the Language Server Protocol over what aur-compiler answers.
//!
//! One thread owns the state and handles messages in the order they come; workers answer questions about
//! immutable snapshots of it. An answer that belongs to an older text is never sent. No network, and nothing
//! is started.

mod client;
mod disk;
mod documents;
mod pool;
mod position;
mod prelude;
mod published;
mod requests;
mod server;
mod snapshot;
mod uri;

use lsp_server::Connection;

pub use server::{Ended, serve};

/// Serves the client at the standard input and output until it leaves.
///
/// # Errors
/// The client broke the protocol, or its connection.
pub fn serve_stdio() -> Result<Ended, String> {
    let (connection, threads) = Connection::stdio();
    let ended = serve(&connection)?;
    drop(connection);
    threads.join().map_err(|error| error.to_string())?;
    Ok(ended)
}
