//! One line per diagnostic.

use aur_diagnostics::{Diagnostic, SourceMap};

use crate::clean::clean;
use crate::{Batch, Most, capped, headline, severity_name};

/// Renders diagnostics as `file:line:column: error[E0203]: message`, at most 50.
pub fn short(batches: &[Batch<'_>]) -> String {
    short_up_to(batches, Most::USUAL)
}

/// Renders diagnostics as [`short`] does, but not more than `most`.
pub fn short_up_to(batches: &[Batch<'_>], most: Most) -> String {
    capped(batches, most, one)
}

fn one(sources: &SourceMap, diagnostic: &Diagnostic) -> String {
    let place = match diagnostic.span().and_then(|span| sources.locate(span)) {
        Some((path, start, _)) => format!("{}:{}:{}: ", clean(path), start.line, start.column),
        None => String::new(),
    };
    let severity = severity_name(diagnostic.severity());
    format!(
        "{place}{severity}[{}]: {}\n",
        diagnostic.code.id,
        headline(diagnostic)
    )
}
