//! Shell. How tests went, what a program depends on, where values came from, and the reference of a
//! program, as text for people, as JSON, as Markdown and as HTML.
//!
//! Everything here turns values into text; the caller does the writing. Texts of programs are not
//! trusted: nothing in them steers a terminal or becomes markup.

mod dependencies;
mod origins;
mod place;
mod reference;
mod tests;

pub use dependencies::{DependenciesDocument, dependencies_document, dependencies_dot, dependencies_text};
pub use origins::{OriginsDocument, origins_document, origins_text};
pub use place::Names;
pub use reference::{html, markdown};
pub use tests::{TestedFile, TestsDocument, tests_count, tests_document, tests_text};

use schemars::JsonSchema;
use serde_json::Value;

/// The JSON Schema of a document of this crate.
pub fn schema_of<T: JsonSchema>() -> Value {
    schemars::schema_for!(T).to_value()
}
