//! The examples of the language reference do what it says.
//!
//! An `aur` block is a program; a line that ends in `# error: E0203` or `# warning: W0301` has exactly
//! that at it, and nothing else is reported. `aur file=lib.aur` is a file that later programs under the
//! same heading may include, `shared=yes` those of the whole page; it may have marks of its own. The tests
//! of `aur file=x_test.aur` hold. `given="a=1 b=2"` on a program gives inputs, `limit="files=1"` changes a
//! limit, `compile="E0317"` says what compiling it reports. Behind a program, `json eval="EXPR"` and
//! `text eval="EXPR"` show a value in its scope, `json plan="/jobs/0/.."` a part of its plan,
//! `text select="NAME"` the key of the job that is meant, or why none is.

use std::collections::BTreeSet;

use aur_compiler::Given;
use aur_diagnostics::{Diagnostic, SourceMap};
use aur_tests::{Block, Memory, blocks, limits_of, repository};

/// A program with what it reads and is given.
struct Example<'a> {
    sources: Memory,
    given: Given,
    program: &'a Block,
}

/// File, line and code of a diagnostic, or of a mark.
type Mark = (String, usize, String);

fn marks(path: &str, text: &str) -> BTreeSet<Mark> {
    let mut found = BTreeSet::new();
    for (index, line) in text.lines().enumerate() {
        for word in ["# error: ", "# warning: "] {
            if let Some((_, codes)) = line.split_once(word) {
                found.extend(
                    codes
                        .split([' ', ','])
                        .filter(|code| !code.is_empty())
                        .map(|code| (path.to_string(), index + 1, code.to_string())),
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
            let place = diagnostic.span().and_then(|span| sources.locate(span));
            let (path, line) = place.map_or(("", 0), |(path, start, _)| (path, start.line));
            (path.to_string(), line as usize, diagnostic.code.id.to_string())
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
        let read: Vec<&str> = answer.sources.files().map(|(_, file)| file.path()).collect();
        let files = self.sources.files.iter();
        let wanted: BTreeSet<Mark> = files
            .filter(|(path, _)| read.contains(&path.as_str()))
            .flat_map(|(path, text)| marks(path, text))
            .collect();
        let found = reported(&answer.sources, &answer.diagnostics);
        if found == wanted && answer.usage.is_none() {
            return self.compiles_as_said();
        }
        let said = messages(&answer.diagnostics);
        let usage = answer.usage;
        Err(format!("found {found:?}, wanted {wanted:?} {usage:?}\n{said}"))
    }

    /// Compiling reports the codes of `compile=".."`, where the program says so.
    fn compiles_as_said(&self) -> Result<(), String> {
        let Some(codes) = self.program.get("compile") else {
            return Ok(());
        };
        let answer = aur_compiler::compile(&self.sources, "main.aur", &self.given);
        let found: Vec<&str> = answer
            .diagnostics
            .iter()
            .map(|diagnostic| diagnostic.code.id)
            .collect();
        let wanted: Vec<&str> = codes.split_whitespace().collect();
        if found == wanted {
            Ok(())
        } else {
            Err(format!("compiling gives {}", messages(&answer.diagnostics)))
        }
    }

    /// The key of the job that a name means, or why there is none with the keys to choose from.
    fn selects(&self, name: &str) -> Result<String, String> {
        let answer = aur_compiler::compile(&self.sources, "main.aur", &self.given);
        let plan = answer.value.ok_or_else(|| messages(&answer.diagnostics))?;
        Ok(match plan.select((!name.is_empty()).then_some(name)) {
            Ok(index) => plan.jobs[index].key.clone(),
            Err(error) => format!("{error}\n{}", error.keys().join("\n")),
        })
    }

    /// The value or part of the plan is what the block says.
    fn shows(&self, block: &Block) -> Result<(), String> {
        let shown = match (block.get("eval"), block.get("plan")) {
            (None, None) => self.selects(block.get("select").unwrap_or_default())?.into(),
            (Some(expression), _) => {
                let answer = aur_compiler::eval(&self.sources, "main.aur", &self.given, expression);
                answer.value.ok_or_else(|| messages(&answer.diagnostics))?
            }
            (None, pointer) => {
                let answer = aur_compiler::compile(&self.sources, "main.aur", &self.given);
                let plan = answer.value.ok_or_else(|| messages(&answer.diagnostics))?;
                let plan = serde_json::to_value(&plan).map_err(|error| error.to_string())?;
                let part = plan.pointer(pointer.unwrap_or_default());
                part.ok_or_else(|| format!("there is no such part in\n{:#}", plan["jobs"]))?
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
pub(super) fn run_examples(document: &str) -> (usize, String) {
    let text = std::fs::read_to_string(repository().join(document)).expect("the document");
    let found = blocks(&text);
    let mut sources = Memory::default();
    sources.variables.insert("USER".to_string(), "ann".to_string());
    let mut shared = sources.files.clone();
    let mut heading = String::new();
    let mut example: Option<Example<'_>> = None;
    let mut count = 0;
    let mut faults = String::new();
    for block in &found {
        if block.heading != heading {
            heading.clone_from(&block.heading);
            sources.files.clone_from(&shared);
            example = None;
        }
        let outcome = match (block.language.as_str(), block.get("file")) {
            (_, Some(path)) => {
                sources.files.insert(path.to_string(), block.text.clone());
                if block.get("shared").is_some() {
                    shared.insert(path.to_string(), block.text.clone());
                }
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
                    limits: limits_of(block.get("limit").unwrap_or_default()),
                    ..Given::default()
                };
                let new = Example {
                    sources: sources.clone(),
                    given,
                    program: block,
                };
                example.insert(new).checks()
            }
            ("json" | "text", None)
                if ["eval", "plan", "select"]
                    .iter()
                    .any(|form| block.get(form).is_some()) =>
            {
                match &example {
                    Some(example) => example.shows(block),
                    None => Err("no program stands above it".to_string()),
                }
            }
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
