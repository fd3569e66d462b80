//! Safe fixes: each takes its diagnostic away and brings nothing new.
//!
//! The programs are those of the pages, and every text in the tests of the grammar and of the compiler:
//! whoever adds a fix and a test of it has it held to its promise here.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use aur_compiler::{Answer, Given, ReadError, Sources};
use aur_diagnostics::{Applicability, Boldness, Diagnostic, Edit, Fix, Span, apply_fixes, codes};

/// A program of one file.
struct Program<'a>(&'a str);

impl Sources for Program<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        match path {
            path if path == self.name() => Ok(self.0.as_bytes().to_vec()),
            _ => Err(ReadError::NotFound { nearest: None }),
        }
    }

    fn env(&self, _name: &str) -> Option<String> {
        None
    }
}

impl Program<'_> {
    /// Tests may only stand in files with a name of their kind.
    fn name(&self) -> &'static str {
        match self.0.lines().any(|line| line.starts_with("test")) {
            true => "main_test.aur",
            false => "main.aur",
        }
    }
}

fn check(program: &str) -> Answer<()> {
    let program = Program(program);
    aur_compiler::check(&program, program.name(), &Given::default())
}

/// Makes the safe fix of each of these diagnostics, and returns the program if it changes.
fn mended(answer: &Answer<()>, diagnostics: &[Diagnostic]) -> Option<String> {
    let entry = answer.sources.files().next()?.0;
    let mut mended = apply_fixes(&answer.sources, diagnostics, Boldness::Safe, |file| file == entry);
    Some(mended.remove(&entry)?.text)
}

fn is_safe(diagnostic: &Diagnostic) -> bool {
    diagnostic
        .fixes
        .iter()
        .any(|fix| fix.applicability == Applicability::Safe)
}

/// The edits of a fix in order: first byte, bytes that go, bytes that come.
struct Moved(Vec<(i64, i64, i64)>);

impl Moved {
    fn by(fix: &Fix) -> Self {
        let length = |length: usize| i64::try_from(length).unwrap();
        let edit = |edit: &Edit| {
            let (start, end) = (i64::from(edit.span.start), i64::from(edit.span.end));
            (start, end - start, length(edit.text.len()))
        };
        let mut edits: Vec<_> = fix.edits.iter().map(edit).collect();
        edits.sort_unstable();
        Self(edits)
    }

    /// Where a place of the old text is in the new one.
    fn place(&self, at: u32) -> i64 {
        let at = i64::from(at);
        let before = self.0.iter().filter(|(start, gone, _)| start + gone <= at);
        at + before.map(|(_, gone, come)| come - gone).sum::<i64>()
    }

    /// Whether a range of the new text meets what came, or the place of what went.
    fn meets(&self, span: Span) -> bool {
        let mut shift = 0;
        self.0.iter().any(|(start, gone, come)| {
            let (first, behind) = (start + shift, start + shift + come);
            shift += come - gone;
            i64::from(span.start) <= behind && first <= i64::from(span.end)
        })
    }
}

/// Returns what is wrong with the safe fixes of a program, each made alone.
fn broken_promises(program: &str) -> Vec<String> {
    let answer = check(program);
    let mut broken = Vec::new();
    for (i, one) in answer.diagnostics.iter().enumerate() {
        let Some(fix) = one
            .fixes
            .iter()
            .find(|fix| fix.applicability == Applicability::Safe)
        else {
            continue;
        };
        let Some(fixed) = mended(&answer, std::slice::from_ref(one)) else {
            broken.push(format!(
                "{}: `{}` cannot be fixed\n{program}",
                one.code.id, one.message
            ));
            continue;
        };
        let moved = Moved::by(fix);
        let key = |one: &Diagnostic, place: i64| (one.code.id, one.message.clone(), place);
        let others = answer
            .diagnostics
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != i);
        let known: BTreeSet<_> = others
            .map(|(_, other)| key(other, moved.place(other.span().unwrap().start)))
            .collect();
        let is_new = |other: &&Diagnostic| {
            let span = other.span().unwrap();
            // What could not be read hid what is wrong with its meaning, and of several faults in a line
            // one is told at a time.
            let was_hidden =
                one.code.id.starts_with("E01") && (!other.code.id.starts_with("E01") || !moved.meets(span));
            !known.contains(&key(other, i64::from(span.start))) && !was_hidden
        };
        let after = check(&fixed).diagnostics;
        let new: Vec<&Diagnostic> = after.iter().filter(is_new).collect();
        if !new.is_empty() {
            let what = format!("{} `{}`", one.code.id, one.message);
            broken.push(format!(
                "{what}\n--- before\n{program}\n--- after\n{fixed}\n{new:#?}"
            ));
        }
    }
    broken
}

/// Makes all safe fixes until none is left.
fn all_mended(program: &str) -> String {
    let mut text = program.to_string();
    for _ in 0..50 {
        let answer = check(&text);
        match mended(&answer, &answer.diagnostics) {
            Some(next) => text = next,
            None => return text,
        }
    }
    panic!("fixes without end:\n{program}\n---\n{text}");
}

/// Returns the texts of the string literals of a Rust file.
fn literals(source: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find(['"', '\'', '/']) {
        let (before, here) = rest.split_at(at);
        let hashes = before.len() - before.trim_end_matches('#').len();
        let is_raw = before.trim_end_matches('#').ends_with('r');
        rest = if here.starts_with("//") {
            here.split_once('\n').map_or("", |(_, rest)| rest)
        } else if !here.starts_with('"') {
            // A character, a lifetime or a division; `'"'` is the one that would lead astray.
            here.strip_prefix("'\"'").unwrap_or(&here[1..])
        } else if is_raw {
            let end = format!("\"{}", "#".repeat(hashes));
            let (text, rest) = here[1..].split_once(end.as_str()).unwrap_or((&here[1..], ""));
            texts.push(text.to_string());
            rest
        } else {
            let (text, rest) = plain(&here[1..]);
            texts.push(text);
            rest
        };
    }
    texts
}

/// Reads a literal with escapes up to its closing quote.
fn plain(source: &str) -> (String, &str) {
    let mut text = String::new();
    let mut letters = source.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (text, &source[at + 1..]),
            '\\' => match letters.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, 't')) => text.push('\t'),
                Some((_, 'r')) => text.push('\r'),
                Some((_, '0')) => text.push('\0'),
                Some((at, '\n')) => {
                    let blanks = source[at + 1..].len() - source[at + 1..].trim_start().len();
                    letters = source[at + 1 + blanks..].char_indices();
                    let (more, rest) = plain(letters.as_str());
                    return (text + &more, rest);
                }
                Some((at, 'u')) => {
                    let code = source[at + 2..].split('}').next().unwrap_or("");
                    text.extend(u32::from_str_radix(code, 16).ok().and_then(char::from_u32));
                    let (more, rest) = plain(&source[at + 3 + code.len()..]);
                    return (text + &more, rest);
                }
                Some((_, other)) => text.push(other),
                None => break,
            },
            letter => text.push(letter),
        }
    }
    (text, "")
}

/// Every text in the tests of the grammar and of the compiler.
fn corpus() -> Vec<String> {
    let compiler = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folders = [
        compiler.parent().unwrap().join("grammar/src/tests"),
        compiler.join("core/tests"),
    ];
    let mut texts = Vec::new();
    for folder in folders {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "rs") {
                texts.extend(literals(&fs::read_to_string(path).unwrap()));
            }
        }
    }
    texts.sort();
    texts.dedup();
    texts
}

#[test]
fn the_pages() {
    let mut fixed = 0;
    for code in codes::ALL {
        for program in code.page.split("```aur fails\n").skip(1) {
            let program = program.split("```").next().unwrap();
            assert_eq!(broken_promises(program), Vec::<String>::new());
            let answer = check(program);
            if answer.diagnostics.iter().any(is_safe) {
                fixed += 1;
                let left = check(&all_mended(program)).diagnostics;
                let safe: Vec<_> = answer.diagnostics.iter().filter(|one| is_safe(one)).collect();
                assert!(
                    left.len() <= answer.diagnostics.len() - safe.len(),
                    "{program}\n{left:#?}"
                );
            }
        }
    }
    assert!(fixed >= 2, "{fixed} pages have safe fixes");
}

#[test]
fn the_tests_of_grammar_and_compiler() {
    let mut broken = Vec::new();
    let mut fixes = 0;
    for program in corpus() {
        fixes += check(&program)
            .diagnostics
            .iter()
            .filter(|one| is_safe(one))
            .count();
        broken.extend(broken_promises(&program));
        let done = all_mended(&program);
        assert!(!check(&done).diagnostics.iter().any(is_safe), "{done}");
    }
    assert!(fixes > 50, "{fixes}");
    assert!(
        broken.is_empty(),
        "{} of {fixes} fixes\n{}",
        broken.len(),
        broken.join("\n=====\n")
    );
}

#[test]
fn literals_are_read() {
    let source = "f(\"a\\n\\\"b\\u{e9}\"); // \"no\"\nlet c = '\"'; g(r#\"raw \"x\" \\n\"#, \"one \\\n   line\", r\"\\d\")";
    assert_eq!(
        literals(source),
        ["a\n\"b\u{e9}", "raw \"x\" \\n", "one line", "\\d"]
    );
}
