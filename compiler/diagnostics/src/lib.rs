//! Pure. Says where and what: spans, the source map, diagnostics as values, and the one table of codes.
//!
//! Nothing here draws; [`Diagnostic`] is the data model that terminals, JSON, SARIF and editors share.
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]

pub mod codes;
mod diagnostic;
mod fixes;
mod source;
mod suggest;

pub use codes::{Code, Severity};
pub use diagnostic::{Applicability, Diagnostic, Edit, Fix, Label};
pub use fixes::{Boldness, Mended, apply_fixes};
pub use source::{FileId, Position, SourceFile, SourceMap, Span};
pub use suggest::nearest;
