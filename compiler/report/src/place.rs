//! Places as people and programs name them.

use aur_diagnostics::{SourceMap, Span};
use schemars::JsonSchema;
use serde::Serialize;

/// The files of an answer, and how their paths are told.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// The files, under their paths below the project root.
    pub sources: &'a SourceMap,
    /// Makes of such a path the one that is told.
    pub seen: &'a dyn Fn(&str) -> String,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Place {
    /// Path as seen from the working folder; `<prelude>` is the standard library, `<expression>` the
    /// expression of the command line.
    pub(crate) file: String,
    /// From 1.
    #[schemars(range(min = 1))]
    pub(crate) line: u32,
    /// In Unicode scalar values, from 1.
    #[schemars(range(min = 1))]
    pub(crate) column: u32,
}

impl Names<'_> {
    /// Where a span starts.
    pub(crate) fn place(&self, span: Span) -> Option<Place> {
        let (path, start, _) = self.sources.locate(span)?;
        Some(Place {
            file: (self.seen)(path),
            line: start.line,
            column: start.column,
        })
    }

    /// `file:line:column`, safe for a terminal; empty for a span that belongs to no file.
    pub(crate) fn shown(&self, span: Span) -> String {
        let place = self.place(span);
        place.map_or(String::new(), |place| {
            format!(
                "{}:{}:{}",
                aur_render::clean(&place.file),
                place.line,
                place.column
            )
        })
    }
}
