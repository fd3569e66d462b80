//! The JSON document, which scripts and editors rely on. Its shape only grows.

use aur_diagnostics::{Applicability, Diagnostic, Fix, Position, Severity, SourceMap, Span};
use schemars::JsonSchema;
use serde::Serialize;

use crate::clean::clean_json;
use crate::{Batch, counts, each};

/// Everything that was found in one run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "Diagnostics")]
pub struct Document {
    /// Version of this format.
    version: u32,
    /// In order of program, file and place.
    diagnostics: Vec<Entry>,
    /// How much there is.
    summary: Summary,
}

/// One diagnostic.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "Diagnostic")]
struct Entry {
    /// Such as `E0203`; `aurc explain` has a page on each.
    code: &'static str,
    severity: Level,
    /// The fact, on one line.
    message: String,
    /// Places; exactly one is the primary one where there is any.
    spans: Vec<Place>,
    /// Explanations.
    notes: Vec<String>,
    /// What to do next.
    help: Vec<String>,
    /// Edits that remove the fault; each is enough.
    fixes: Vec<Change>,
    /// How many times the same fault was met, where it was more than once.
    #[serde(skip_serializing_if = "is_once")]
    #[schemars(default = "once")]
    count: u32,
}

/// How serious a diagnostic is.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Level {
    /// The program cannot be used.
    Error,
    /// The program can be used; something looks wrong.
    Warning,
    /// Good to know.
    #[expect(dead_code, reason = "readers are told of it before the first code has it")]
    Info,
}

/// A range of a file.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Place {
    /// Path as seen from the working folder.
    file: String,
    start: Point,
    /// First point behind the range.
    end: Point,
    /// Whether this is the place of the fault; the others say why.
    primary: bool,
    /// What is said there, may be empty.
    label: String,
}

/// A point of a file.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
struct Point {
    /// From 1.
    #[schemars(range(min = 1))]
    line: u32,
    /// In Unicode scalar values, from 1.
    #[schemars(range(min = 1))]
    column: u32,
    /// In bytes, from 0.
    offset: u32,
}

/// Edits that remove the fault.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Change {
    /// What it does.
    title: String,
    applicability: Trust,
    /// They do not overlap.
    edits: Vec<Replacement>,
}

/// Who may apply a change.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Trust {
    /// Keeps the meaning that was surely intended.
    Safe,
    /// A guess; a person should look.
    Unsafe,
    /// To be shown only.
    Display,
}

/// A text that takes the place of a range.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Replacement {
    /// Path as seen from the working folder.
    file: String,
    start: Point,
    /// First point behind the range.
    end: Point,
    /// The new text.
    text: String,
}

/// How much was found.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
struct Summary {
    /// Diagnostics that are errors.
    errors: usize,
    /// Diagnostics that are warnings.
    warnings: usize,
    /// Programs that were checked.
    files: usize,
}

fn once() -> u32 {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes fields by reference"
)]
fn is_once(count: &u32) -> bool {
    *count <= 1
}

/// Makes the document of a run.
pub fn document(batches: &[Batch<'_>]) -> Document {
    let counts = counts(batches);
    Document {
        version: 1,
        diagnostics: each(batches).map(|(sources, one)| entry(sources, one)).collect(),
        summary: Summary {
            errors: counts.errors,
            warnings: counts.warnings,
            files: batches.len(),
        },
    }
}

/// Renders all diagnostics as one JSON document on one line.
pub fn json(batches: &[Batch<'_>]) -> String {
    // Writing these types cannot fail: keys are strings, and there are no maps or floats.
    let mut text = serde_json::to_string(&document(batches)).unwrap_or_default();
    text.push('\n');
    clean_json(text)
}

/// Returns the JSON Schema of the document.
pub fn document_schema() -> serde_json::Value {
    schemars::schema_for!(Document).to_value()
}

fn entry(sources: &SourceMap, diagnostic: &Diagnostic) -> Entry {
    let place = |(i, label): (usize, &aur_diagnostics::Label)| {
        let (file, start, end) = located(sources, label.span)?;
        Some(Place {
            file,
            start,
            end,
            primary: i == 0,
            label: label.text.clone(),
        })
    };
    Entry {
        code: diagnostic.code.id,
        severity: match diagnostic.severity() {
            Severity::Error => Level::Error,
            Severity::Warning => Level::Warning,
        },
        message: diagnostic.message.clone(),
        spans: diagnostic.labels.iter().enumerate().filter_map(place).collect(),
        notes: diagnostic.notes.clone(),
        help: diagnostic.help.clone(),
        fixes: diagnostic.fixes.iter().map(|fix| change(sources, fix)).collect(),
        count: diagnostic.count,
    }
}

fn change(sources: &SourceMap, fix: &Fix) -> Change {
    let edits = fix.edits.iter().filter_map(|edit| {
        let (file, start, end) = located(sources, edit.span)?;
        Some(Replacement {
            file,
            start,
            end,
            text: edit.text.clone(),
        })
    });
    Change {
        title: fix.title.clone(),
        applicability: match fix.applicability {
            Applicability::Safe => Trust::Safe,
            Applicability::Unsafe => Trust::Unsafe,
            Applicability::Display => Trust::Display,
        },
        edits: edits.collect(),
    }
}

fn located(sources: &SourceMap, span: Span) -> Option<(String, Point, Point)> {
    let point = |at: Position| Point {
        line: at.line,
        column: at.column,
        offset: at.offset,
    };
    let (path, start, end) = sources.locate(span)?;
    Some((path.to_string(), point(start), point(end)))
}
