//! Makes the tree of an item from its pairs.
//!
//! Says what the grammar leaves to it: precedence, texts, numbers, separators, and the habits of Python that
//! the grammar lets pass so that the tree behind them is whole.

mod expression;
mod habit;
mod item;
mod number;
mod reference;
mod text;

use aur_diagnostics::{Applicability, Code, codes};

pub(crate) use number::UNITS;

use crate::patch::Patches;
use crate::pest::{Node, Rule};
use crate::tree::{Ident, Range, SyntaxError, SyntaxFix};

/// Expressions may be nested this deep, operators in a row included: what walks a tree recurses.
const DEEPEST: u32 = 512;

/// Makes tree nodes from pairs of one text.
pub(crate) struct Builder<'t> {
    /// The text that pest has read, in which the positions of the pairs count.
    text: &'t str,
    /// Where the text differs from what is written.
    patches: &'t Patches,
    level: u32,
    errors: Vec<SyntaxError>,
    /// For each literal part of a text, where its characters are written, if somebody asks.
    places: Option<Vec<Vec<(u32, u32)>>>,
}

impl<'t> Builder<'t> {
    /// Starts with the text that was read and what was patched in it.
    pub(crate) fn new(text: &'t str, patches: &'t Patches) -> Self {
        Self {
            text,
            patches,
            level: 0,
            errors: Vec::new(),
            places: None,
        }
    }

    /// Notes from now on where the characters of texts are written.
    pub(crate) fn keep_places(&mut self) {
        self.places = Some(Vec::new());
    }

    /// Returns what was noted.
    pub(crate) fn into_places(self) -> Vec<Vec<(u32, u32)>> {
        self.places.unwrap_or_default()
    }

    /// Returns what was found wrong, in the order of the text.
    pub(crate) fn into_errors(mut self) -> Vec<SyntaxError> {
        self.errors.sort_by_key(|error| error.range);
        self.errors
    }

    /// Returns the written range of a range of the text that was read.
    fn range(&self, start: u32, end: u32) -> Range {
        self.patches.written(start, end)
    }

    fn slice(&self, start: u32, end: u32) -> &'t str {
        self.text.get(start as usize..end as usize).unwrap_or("")
    }

    fn node_text(&self, node: Node) -> &'t str {
        self.slice(node.start, node.end)
    }

    fn node_range(&self, node: Node) -> Range {
        self.range(node.start, node.end)
    }

    fn byte(&self, at: u32) -> u8 {
        self.text.as_bytes().get(at as usize).copied().unwrap_or(0)
    }

    fn error(&mut self, error: SyntaxError) {
        self.errors.push(error);
    }

    /// Makes the name of a word, which must be written in ASCII.
    fn ident(&mut self, node: Node) -> Ident {
        let (name, range) = (self.node_text(node), self.node_range(node));
        self.check_ascii(name, range);
        Ident {
            name: name.into(),
            range,
        }
    }

    fn check_ascii(&mut self, name: &str, range: Range) {
        if name.is_ascii() {
            return;
        }
        let message =
            format!("`{name}` is no name: names are written with the letters a to z, digits and `_`");
        self.error(SyntaxError::new(
            &codes::syntax,
            range,
            message,
            "a letter outside ASCII",
        ));
    }

    fn missing_name(at: Range) -> Ident {
        Ident {
            name: "".into(),
            range: at,
        }
    }

    /// Reports a field, member or name that stands on one line with the one before it, with no comma between.
    fn check_separated(&mut self, node: Node, what: &str) {
        let before = self.slice(0, node.start);
        let mut bytes = before.bytes().rev();
        let last = bytes.find(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
        if matches!(last, Some(b',' | b'\n' | b'{')) {
            return;
        }
        let before = before.trim_end_matches([' ', '\t', '\r']);
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let behind = self.node_text(node).trim_start_matches(is_word).len() as u32;
        let range = self.range(node.start, node.end - behind);
        let at = self.range(before.len() as u32, before.len() as u32);
        let message = format!("{what} are separated by a new line or a comma");
        let error = SyntaxError::new(&codes::syntax, range, message, "expected `,` before this");
        self.error(error.fixed("insert a comma", Applicability::Safe, at, ","));
    }

    /// Reports a doc comment that does not have a line of its own.
    fn check_doc(&mut self, node: Node) {
        let before = self.slice(0, node.start).trim_end_matches([' ', '\t']);
        if !before.is_empty() && !before.ends_with('\n') {
            let range = self.range(node.start, node.start + 3);
            let message = "a doc comment has a line of its own";
            let error = SyntaxError::new(
                &codes::syntax,
                range,
                message,
                "a comment behind something starts with `#`",
            );
            self.error(error.fixed("write `#`", Applicability::Safe, range, "#"));
        }
    }

    /// Reports commas behind a comma between `from` and `to`.
    fn check_commas(&mut self, from: u32, to: u32) {
        // Most have one or none, and are done with one look.
        if memchr::memchr_iter(b',', self.slice(from, to).as_bytes()).count() < 2 {
            return;
        }
        let mut is_note = false;
        let mut commas = Vec::new();
        for (at, byte) in (from..to).zip(self.slice(from, to).bytes()) {
            match byte {
                b'\n' => is_note = false,
                b'#' => is_note = true,
                b',' if !is_note => commas.push(self.range(at, at + 1)),
                _ => {}
            }
        }
        let more: Vec<_> = commas
            .into_iter()
            .skip(1)
            .map(|comma| (comma, String::new()))
            .collect();
        if let Some((first, _)) = more.first() {
            let error = SyntaxError::new(
                &codes::syntax,
                *first,
                "one comma is enough",
                "nothing stands before it",
            );
            self.error(error.fixed_by("remove the comma", Applicability::Safe, more));
        }
    }
}

impl SyntaxError {
    /// Makes an error with its message and what is said at the place.
    pub(crate) fn new(
        code: &'static Code,
        range: Range,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        let (message, label) = (message.into(), label.into());
        Self {
            code,
            range,
            message,
            label,
            also: Vec::new(),
            help: None,
            fix: None,
        }
    }

    /// Says what to do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a fix of one edit.
    pub(crate) fn fixed(self, title: &str, applicability: Applicability, range: Range, text: &str) -> Self {
        self.fixed_by(title, applicability, vec![(range, text.to_owned())])
    }

    /// Adds a fix.
    pub(crate) fn fixed_by(
        mut self,
        title: &str,
        applicability: Applicability,
        edits: Vec<(Range, String)>,
    ) -> Self {
        self.fix = Some(SyntaxFix {
            title: title.to_owned(),
            applicability,
            edits,
            variable: None,
        });
        self
    }

    /// Says that the fix needs an input for an environment variable.
    pub(crate) fn reads_environment(mut self, variable: &str) -> Self {
        if let Some(fix) = &mut self.fix {
            fix.variable = Some(variable.into());
        }
        self
    }
}

/// Whether a pair is a literal text.
fn is_literal(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::double | Rule::plain_text | Rule::single | Rule::raw | Rule::raw_hashes
    )
}
