//! The examples of the language reference do what it says.
//!
//! An `aur` block is a program; a line that ends in `# error: E0203` or `# warning: W0301` has exactly
//! that at it, and nothing else is reported. `aur file=lib.aur` is a file that later programs under the
//! same heading may include; the tests of `aur file=x_test.aur` hold. Behind a program, `json eval="EXPR"` and `text eval="EXPR"` show a value in
//! its scope, `json plan="/jobs/0/.."` a part of its plan; `given="a=1 b=2"` on the program gives inputs.

use std::collections::BTreeSet;

use aur_compiler::Given;
use aur_diagnostics::{Diagnostic, SourceMap};
use aur_tests::{Block, Memory, blocks, repository};

/// A program with what it reads and is given.
struct Example<'a> {
    sources: Memory,
    given: Given,
    program: &'a Block,
}

/// Code and line of a diagnostic, or of a mark.
type Mark = (usize, String);

fn marks(text: &str) -> BTreeSet<Mark> {
    let mut found = BTreeSet::new();
    for (index, line) in text.lines().enumerate() {
        for word in ["# error: ", "# warning: "] {
            if let Some((_, codes)) = line.split_once(word) {
                found.extend(
                    codes
                        .split([' ', ','])
                        .filter(|code| !code.is_empty())
                        .map(|code| (index + 1, code.to_string())),
                );
            }
        }
    }
    found
}

fn reported(sources: &SourceMap, diagnostics: &[Diagnostic]) -> BTreeSet<Mark> {
    diagnostics
        .iter()
        .map(|diagnostic| {
            let line = diagnostic.span().map_or(0, |span| {
                sources.locate(span).map_or(0, |(_, start, _)| start.line)
            });
            (line as usize, diagnostic.code.id.to_string())
        })
        .collect()
}

fn messages(diagnostics: &[Diagnostic]) -> String {
    diagnostics
        .iter()
        .map(|diagnostic| format!("{}: {}\n", diagnostic.code.id, diagnostic.message))
        .collect()
}

impl Example<'_> {
    /// The program gives the diagnostics that are marked in it, and no other.
    fn checks(&self) -> Result<(), String> {
        let answer = aur_compiler::check(&self.sources, "main.aur", &self.given);
        let wanted = marks(&self.program.text);
        let found = reported(&answer.sources, &answer.diagnostics);
        if found == wanted && answer.usage.is_none() {
            return Ok(());
        }
        let said = messages(&answer.diagnostics);
        let usage = answer.usage;
        Err(format!("found {found:?}, wanted {wanted:?} {usage:?}\n{said}"))
    }

    /// The value or part of the plan is what the block says.
    fn shows(&self, block: &Block) -> Result<(), String> {
        let shown = match (block.get("eval"), block.get("plan")) {
            (Some(expression), _) => {
                let answer = aur_compiler::eval(&self.sources, "main.aur", &self.given, expression);
                answer.value.ok_or_else(|| messages(&answer.diagnostics))?
            }
            (None, pointer) => {
                let answer = aur_compiler::compile(&self.sources, "main.aur", &self.given);
                let plan = answer.value.ok_or_else(|| messages(&answer.diagnostics))?;
                let plan = serde_json::to_value(&plan).map_err(|error| error.to_string())?;
                let part = plan.pointer(pointer.unwrap_or_default());
                part.ok_or_else(|| format!("there is no such part in\n{plan:#}"))?
                    .clone()
            }
        };
        let is_same = if block.language == "text" {
            shown
                .as_str()
                .is_some_and(|text| text.trim_end_matches('\n') == block.text.trim_end_matches('\n'))
        } else {
            let wanted: serde_json::Value =
                serde_json::from_str(&block.text).map_err(|error| error.to_string())?;
            shown == wanted
        };
        if is_same {
            Ok(())
        } else {
            Err(format!("shown:\n{shown:#}"))
        }
    }
}

/// All tests of a file hold.
fn passes(sources: &Memory, path: &str) -> Result<(), String> {
    let answer = aur_compiler::test(sources, path, &Given::default());
    let results = answer.value.unwrap_or_default();
    let is_sound = answer.diagnostics.is_empty() && results.iter().all(|test| test.unmet.is_empty());
    if is_sound && !results.is_empty() {
        Ok(())
    } else {
        Err(format!("{}{results:#?}", messages(&answer.diagnostics)))
    }
}

/// Runs the examples of a document; gives their number and what is wrong.
fn run_examples(document: &str) -> (usize, String) {
    let text = std::fs::read_to_string(repository().join(document)).expect("the document");
    let found = blocks(&text);
    let mut sources = Memory::default();
    sources.variables.insert("USER".to_string(), "ann".to_string());
    let mut heading = String::new();
    let mut example: Option<Example<'_>> = None;
    let mut count = 0;
    let mut faults = String::new();
    for block in &found {
        if block.heading != heading {
            heading.clone_from(&block.heading);
            sources.files.clear();
            example = None;
        }
        let outcome = match (block.language.as_str(), block.get("file")) {
            (_, Some(path)) => {
                sources.files.insert(path.to_string(), block.text.clone());
                if !aur_compiler::is_test_file(path) {
                    continue;
                }
                passes(&sources, path)
            }
            ("aur", None) => {
                sources.files.insert("main.aur".to_string(), block.text.clone());
                let flags = block.get("given").unwrap_or_default().split_whitespace();
                let flags = flags.filter_map(|flag| flag.split_once('='));
                let given = Given {
                    flags: flags
                        .map(|(name, value)| (name.to_string(), value.to_string()))
                        .collect(),
                    file: Vec::new(),
                };
                let new = Example {
                    sources: sources.clone(),
                    given,
                    program: block,
                };
                example.insert(new).checks()
            }
            ("json" | "text", None) if block.get("eval").or(block.get("plan")).is_some() => match &example {
                Some(example) => example.shows(block),
                None => Err("no program stands above it".to_string()),
            },
            _ => continue,
        };
        count += 1;
        if let Err(fault) = outcome {
            faults.push_str(&format!("{document}:{}: {fault}\n", block.line));
        }
    }
    (count, faults)
}

#[test]
fn the_language_reference() {
    let (count, faults) = run_examples("docs/language.md");
    assert!(faults.is_empty(), "{faults}");
    assert!(count >= 59, "the examples were found: {count}");
}

#[test]
fn the_other_documents() {
    for document in ["README.md", "docs/cli.md", "docs/runtime.md"] {
        let (_, faults) = run_examples(document);
        assert!(faults.is_empty(), "{faults}");
    }
}
