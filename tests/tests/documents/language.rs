//! The examples of the language reference do what it says.
//!
//! An `aur` block is a program; a line that ends in `# error: E0203` or `# warning: W0301` has exactly
//! that at it, and nothing else is reported. `aur file=lib.aur` is a file that later programs under the
//! same heading may include. Behind a program, `json eval="EXPR"` and `text eval="EXPR"` show a value in
//! its scope, `json plan="/jobs/0/.."` a part of its plan; `given="a=1 b=2"` on the program gives inputs.

use std::collections::BTreeSet;

use aur_compiler::Given;
use aur_diagnostics::{Diagnostic, SourceMap};
use aur_tests::{Block, Memory, blocks, repository};

/// Where the example under test is written.
struct Example<'a> {
    document: &'a str,
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
    fn at(&self, block: &Block) -> String {
        format!("{}:{}", self.document, block.line)
    }

    fn checks(&self) {
        let answer = aur_compiler::check(&self.sources, "main.aur", &self.given);
        let wanted = marks(&self.program.text);
        let found = reported(&answer.sources, &answer.diagnostics);
        let said = messages(&answer.diagnostics);
        assert_eq!(
            found,
            wanted,
            "{}: (line in the block, code)\n{said}",
            self.at(self.program)
        );
        assert_eq!(answer.usage, None, "{}", self.at(self.program));
    }

    fn shows(&self, block: &Block) {
        let shown: serde_json::Value = if let Some(expression) = block.get("eval") {
            let answer = aur_compiler::eval(&self.sources, "main.aur", &self.given, expression);
            let said = messages(&answer.diagnostics);
            answer
                .value
                .unwrap_or_else(|| panic!("{}: no value\n{said}", self.at(block)))
        } else {
            let answer = aur_compiler::compile(&self.sources, "main.aur", &self.given);
            let said = messages(&answer.diagnostics);
            let plan = answer
                .value
                .unwrap_or_else(|| panic!("{}: no plan\n{said}", self.at(block)));
            let plan = serde_json::to_value(&plan).expect("a plan is JSON");
            let pointer = block
                .get("plan")
                .unwrap_or_else(|| panic!("{}: eval or plan?", self.at(block)));
            let part = plan.pointer(pointer);
            part.unwrap_or_else(|| panic!("{}: the plan has no {pointer}\n{plan:#}", self.at(block)))
                .clone()
        };
        match block.language.as_str() {
            "text" => {
                let text = shown
                    .as_str()
                    .unwrap_or_else(|| panic!("{}: not a text: {shown}", self.at(block)));
                assert_eq!(
                    text.trim_end_matches('\n'),
                    block.text.trim_end_matches('\n'),
                    "{}",
                    self.at(block)
                );
            }
            _ => {
                let wanted: serde_json::Value = serde_json::from_str(&block.text)
                    .unwrap_or_else(|error| panic!("{}: {error}", self.at(block)));
                assert_eq!(shown, wanted, "{}\nshown:\n{shown:#}", self.at(block));
            }
        }
    }
}

fn run_examples(document: &str) -> usize {
    let text = std::fs::read_to_string(repository().join(document)).expect("the document");
    let found = blocks(&text);
    let mut sources = Memory::default();
    sources.variables.insert("USER".to_string(), "ann".to_string());
    let mut heading = String::new();
    let mut example: Option<Example<'_>> = None;
    let mut count = 0;
    for block in &found {
        if block.heading != heading {
            heading.clone_from(&block.heading);
            sources.files.clear();
            example = None;
        }
        match (block.language.as_str(), block.get("file")) {
            (_, Some(path)) => {
                sources.files.insert(path.to_string(), block.text.clone());
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
                    document,
                    sources: sources.clone(),
                    given,
                    program: block,
                };
                new.checks();
                count += 1;
                example = Some(new);
            }
            ("json" | "text", None) if block.get("eval").or(block.get("plan")).is_some() => {
                let example = example.as_ref();
                example
                    .unwrap_or_else(|| panic!("{document}:{}: of which program?", block.line))
                    .shows(block);
                count += 1;
            }
            _ => {}
        }
    }
    count
}

#[test]
fn the_language_reference() {
    assert!(run_examples("docs/language.md") > 40, "the examples were found");
}

#[test]
fn the_other_documents() {
    assert!(run_examples("README.md") > 0, "the example was found");
    run_examples("docs/cli.md");
    run_examples("docs/runtime.md");
}
