//! Tests. What the tests of the whole repository share: sessions with the real programs, and its files.

mod documents;
mod session;
mod sources;

use std::path::Path;

pub use documents::{Block, blocks, limits_of, rewritten_when_asked};
pub use session::{Session, Told, redacted, within};
pub use sources::Memory;

/// The root of the repository.
pub fn repository() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests)
}
