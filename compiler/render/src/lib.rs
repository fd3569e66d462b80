//! Shell. Diagnostics as text for terminals, as JSON, as SARIF and as annotations of a code host.
//!
//! Everything here turns values into text; the caller decides about colour and frames and does the
//! writing. Source lines and messages are not trusted: nothing that steers a terminal or turns the
//! reading direction passes through ([`clean`]).

mod clean;
mod document;
mod full;
mod github;
mod sarif;
mod short;
mod view;

use aur_diagnostics::{Diagnostic, Severity, SourceMap};

pub use clean::{clean, clean_json};
pub use document::{Document, document, document_schema, json};
pub use full::{full, full_up_to};
pub use github::github;
pub use sarif::sarif;
pub use short::{short, short_up_to};

/// What is to be said about one program.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The files that the diagnostics point into.
    pub sources: &'a SourceMap,
    /// In the order they are shown.
    pub diagnostics: &'a [Diagnostic],
}

/// How text for people looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether there is colour.
    pub color: Color,
    /// What frames are drawn with.
    pub frames: Frames,
}

/// Whether text has colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// No escape sequences at all.
    Plain,
    /// ANSI escape sequences.
    Ansi,
}

/// What frames and arrows are drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frames {
    /// Box drawing characters.
    Unicode,
    /// ASCII characters only.
    Ascii,
}

/// How many diagnostics there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
}

/// Counts the diagnostics of all batches; one that was met many times counts once.
pub fn counts(batches: &[Batch<'_>]) -> Counts {
    let mut counts = Counts::default();
    for diagnostic in each(batches).map(|(_, diagnostic)| diagnostic) {
        match diagnostic.severity() {
            Severity::Error => counts.errors += 1,
            Severity::Warning => counts.warnings += 1,
        }
    }
    counts
}

/// How many diagnostics are shown to people at once; the rest is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Most {
    /// All of them.
    All,
    /// The first ones.
    First(usize),
}

impl Most {
    /// As many as a person may want to read.
    pub const USUAL: Self = Self::First(50);
}

/// Renders the first diagnostics and says how many are left.
fn capped(batches: &[Batch<'_>], most: Most, one: impl Fn(&SourceMap, &Diagnostic) -> String) -> String {
    let count = each(batches).count();
    let shown = match most {
        Most::All => count,
        Most::First(most) => most.min(count),
    };
    let mut out: String = each(batches)
        .take(shown)
        .map(|(sources, diagnostic)| one(sources, diagnostic))
        .collect();
    if count > shown {
        out.push_str(&format!("... and {} more, not shown\n", count - shown));
    }
    out
}

fn each<'a>(batches: &'a [Batch<'a>]) -> impl Iterator<Item = (&'a SourceMap, &'a Diagnostic)> {
    batches
        .iter()
        .flat_map(|batch| batch.diagnostics.iter().map(|one| (batch.sources, one)))
}

/// The message on one line, with the number of times the fault was met.
fn headline(diagnostic: &Diagnostic) -> String {
    let message = clean(&diagnostic.message);
    match diagnostic.count {
        0 | 1 => message.into_owned(),
        count => format!("{message} ({count} times)"),
    }
}

fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

#[cfg(test)]
mod tests;
