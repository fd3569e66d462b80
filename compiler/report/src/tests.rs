//! How tests went.

use aur_compiler::{Sides, TestResult, Unmet};
use aur_diagnostics::Diagnostic;
use aur_render::{Batch, Color, Document, Look, clean};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use similar::TextDiff;

use crate::place::{Names, Place};

/// Lines of a difference that are shown to people.
const MOST_LINES: usize = 40;

/// One test file and how its tests went.
#[derive(Clone, Copy)]
pub struct TestedFile<'a> {
    /// The files it was read from.
    pub names: Names<'a>,
    /// The same files under the names that are told.
    pub sources: &'a aur_diagnostics::SourceMap,
    /// What was said about them.
    pub diagnostics: &'a [Diagnostic],
    /// The tests, in order.
    pub results: &'a [TestResult],
    /// Files with plans that were written anew, as they are told.
    pub updated: &'a [String],
}

/// Everything that a run of tests found out. The shape only grows.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "Tests")]
pub struct TestsDocument {
    /// Version of this format.
    version: u32,
    /// In order of file and place.
    tests: Vec<Entry>,
    /// What is wrong with the files themselves.
    findings: Document,
    /// Files with plans that were written anew.
    updated: Vec<String>,
    /// How much there is.
    summary: Summary,
}

/// One test.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "Test")]
struct Entry {
    /// What it is called.
    name: String,
    #[serde(flatten)]
    place: Option<Place>,
    /// Whether everything holds that it expects.
    passed: bool,
    /// What does not hold, or cannot be judged.
    unmet: Vec<UnmetEntry>,
}

/// An expectation that does not hold.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "Unmet")]
struct UnmetEntry {
    /// The fact.
    message: String,
    #[serde(flatten)]
    place: Option<Place>,
    /// Further facts.
    notes: Vec<String>,
    /// The left side of a comparison, or the plan that was compiled.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<Value>,
    /// The right side of a comparison, or the plan that was expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    right: Option<Value>,
    /// The file that holds the plan that was expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<String>,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[schemars(title = "TestsSummary")]
struct Summary {
    tests: usize,
    passed: usize,
    failed: usize,
    files: usize,
}

/// Makes the document of a run.
pub fn tests_document(files: &[TestedFile<'_>]) -> TestsDocument {
    let batches: Vec<Batch<'_>> = files.iter().map(batch).collect();
    let tests: Vec<Entry> = files
        .iter()
        .flat_map(|file| file.results.iter().map(|result| entry(&file.names, result)))
        .collect();
    let passed = tests.iter().filter(|test| test.passed).count();
    let summary = Summary {
        tests: tests.len(),
        passed,
        failed: tests.len() - passed,
        files: files.len(),
    };
    TestsDocument {
        version: 1,
        tests,
        findings: aur_render::document(&batches),
        updated: files
            .iter()
            .flat_map(|file| file.updated.iter().cloned())
            .collect(),
        summary,
    }
}

fn batch<'a>(file: &TestedFile<'a>) -> Batch<'a> {
    Batch {
        sources: file.sources,
        diagnostics: file.diagnostics,
    }
}

fn entry(names: &Names<'_>, result: &TestResult) -> Entry {
    let unmet = result.unmet.iter().map(|one| UnmetEntry {
        message: one.message.clone(),
        place: names.place(one.span),
        notes: one.notes.clone(),
        left: one.sides.as_ref().map(|sides| sides.left.clone()),
        right: one.sides.as_ref().map(|sides| sides.right.clone()),
        snapshot: one.snapshot.as_ref().map(|snapshot| (names.seen)(&snapshot.path)),
    });
    Entry {
        name: result.name.clone(),
        place: names.place(result.span),
        passed: result.unmet.is_empty(),
        unmet: unmet.collect(),
    }
}

/// One line for each test, and below it what does not hold.
pub fn tests_text(files: &[TestedFile<'_>], look: Look) -> String {
    let page = Page { look };
    let mut out = String::new();
    for file in files {
        for result in file.results {
            out.push_str(&page.test(&file.names, result));
        }
        for path in file.updated {
            out.push_str(&format!("updated {}\n", clean(path)));
        }
    }
    out
}

/// `3 tests in 1 file: 2 passed, 1 failed`
pub fn tests_count(files: &[TestedFile<'_>]) -> String {
    let tests = || files.iter().flat_map(|file| file.results);
    let passed = tests().filter(|test| test.unmet.is_empty()).count();
    let failed = tests().count() - passed;
    let count = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    format!(
        "{} in {}: {passed} passed, {failed} failed\n",
        count(passed + failed, "test"),
        count(files.len(), "file")
    )
}

struct Page {
    look: Look,
}

impl Page {
    fn paint(&self, style: &str, text: &str) -> String {
        match self.look.color {
            Color::Ansi => format!("\x1b[{style}m{text}\x1b[0m"),
            Color::Plain => text.to_string(),
        }
    }

    fn test(&self, names: &Names<'_>, result: &TestResult) -> String {
        let word = match result.unmet.is_empty() {
            true => self.paint("32", "ok    "),
            false => self.paint("1;31", "failed"),
        };
        let mut out = format!("{word}  {}  {}\n", names.shown(result.span), clean(&result.name));
        for one in &result.unmet {
            out.push_str(&self.unmet(names, one));
        }
        out
    }

    fn unmet(&self, names: &Names<'_>, one: &Unmet) -> String {
        let mut out = format!("    {}: {}\n", names.shown(one.span), clean(&one.message));
        let written = names.sources.text(one.span);
        if !written.contains('\n') && !written.is_empty() {
            out.push_str(&format!("      {}\n", clean(written)));
        }
        for note in &one.notes {
            out.push_str(&format!("      {}\n", clean(note)));
        }
        if let Some(sides) = &one.sides {
            out.push_str(&self.sides(sides, one.snapshot.is_some()));
        }
        if one.snapshot.is_some() {
            out.push_str("      `aurc test --update` writes the plan that the program has now\n");
        }
        out
    }

    fn sides(&self, sides: &Sides, is_plan: bool) -> String {
        if sides.left == sides.right {
            return format!("      both   {}\n", clean(&sides.left.to_string()));
        }
        let is_large = |side: &Value| matches!(side, Value::Array(_) | Value::Object(_));
        if !is_large(&sides.left) && !is_large(&sides.right) {
            let (left, right) = (sides.left.to_string(), sides.right.to_string());
            return format!("      left   {}\n      right  {}\n", clean(&left), clean(&right));
        }
        let words = if is_plan {
            ("expected", "compiled")
        } else {
            ("right", "left")
        };
        self.difference(sides, words)
    }

    /// What stands on one side only, with two lines around it.
    fn difference(&self, sides: &Sides, (right, left): (&str, &str)) -> String {
        // Values are JSON, so writing them cannot fail.
        let text = |side: &Value| serde_json::to_string_pretty(side).unwrap_or_default() + "\n";
        let (old, new) = (text(&sides.right), text(&sides.left));
        let diff = TextDiff::from_lines(&old, &new);
        let unified = diff.unified_diff().context_radius(2).to_string();
        let mut out = format!("      - {right}\n      + {left}\n");
        let lines = || unified.lines();
        for line in lines().take(MOST_LINES) {
            let line = clean(line);
            let line = match line.chars().next() {
                Some('-') => self.paint("31", &line),
                Some('+') => self.paint("32", &line),
                _ => line.into_owned(),
            };
            out.push_str(format!("      {line}").trim_end());
            out.push('\n');
        }
        let left_out = lines().count().saturating_sub(MOST_LINES);
        if left_out > 0 {
            out.push_str(&format!("      ... and {left_out} more lines\n"));
        }
        out
    }
}
