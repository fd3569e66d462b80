//! What was probably meant inside of a test.

use aur_diagnostics::{Applicability, codes, nearest};

use super::super::outline::Outline;
use super::super::{Repair, words};
use crate::scan::Kind;
use crate::tree::SyntaxError;

impl Repair<'_> {
    pub(super) fn in_expectations(&mut self, outline: &Outline<'_>, stop: usize) -> bool {
        let lone = stop.wrapping_sub(1);
        if outline.word(lone) == "expect" && outline.is_first(lone) {
            self.value_missing(outline, lone);
            return true;
        }
        let (first, behind) = outline.element(stop);
        if outline.word(first) != "expect" {
            return self.no_expectation(outline, first, behind);
        }
        if outline.word(first + 1) == "error" && stop == first + 3 && outline.starts_operand(stop) {
            return self.without_in(outline, stop);
        }
        if stop > first + 1 && outline.ends_operand(stop - 1) && stop < behind {
            let found = words::found(outline.token(stop), &self.text);
            let range = self.token_range(outline, stop);
            let message = format!("expected `,` or a new line, found {found}");
            let label = "the expectation could end before this";
            self.report(SyntaxError::new(&codes::syntax, range, message, label));
            let (start, end) = outline.bytes(stop, behind);
            self.patch(start, end, "");
            return true;
        }
        false
    }

    /// `expect error CODE file(..)`
    fn without_in(&mut self, outline: &Outline<'_>, stop: usize) -> bool {
        let range = self.token_range(outline, stop);
        let found = words::found(outline.token(stop), &self.text);
        let message = format!("expected `in`, found {found}");
        let error = SyntaxError::new(&codes::syntax, range, message, "expected `in` before this");
        let (start, _) = outline.bytes(stop, stop + 1);
        let at = self.range(start, start);
        self.report(error.fixed("insert `in`", Applicability::Unsafe, at, "in "));
        self.patch(start, start, "in ");
        true
    }

    /// `test {`, `test name {` and `test name "text" {`
    pub(super) fn unnamed_test(&mut self, outline: &Outline<'_>, body: usize, stop: usize) -> bool {
        if outline.word(body) != "test" || stop != body + 1 {
            return false;
        }
        let (word, behind) = (outline.word(stop), outline.word(stop + 1));
        let (start, end) = outline.bytes(stop, stop + 1);
        let is_any_word = outline.kind(stop) == Some(Kind::Word);
        let is_word = is_any_word && behind == "{";
        let is_extra =
            is_any_word && outline.kind(stop + 1) == Some(Kind::Text) && outline.word(stop + 2) == "{";
        if word != "{" && !is_word && !is_extra {
            return false;
        }
        let (range, message) = (self.token_range(outline, stop), "a test is named by a text");
        let label = if is_extra {
            "not part of the name"
        } else {
            "expected a text"
        };
        let error = SyntaxError::new(&codes::syntax, range, message, label);
        if is_extra {
            self.report(error.fixed("remove it", Applicability::Unsafe, range, ""));
            self.patch(start, end, " ");
        } else if is_word {
            let quoted = format!("\"{word}\"");
            self.report(error.fixed("write quotes", Applicability::Safe, range, &quoted));
            self.patch(start, end, &quoted);
        } else {
            self.report(error.help("say what it shows: `test \"the defaults\" {`"));
            self.patch(start, start, "\"\" ");
        }
        true
    }

    /// An element that does not start with `expect`.
    fn no_expectation(&mut self, outline: &Outline<'_>, first: usize, behind: usize) -> bool {
        let range = self.token_range(outline, first);
        let found = words::found(outline.token(first), &self.text);
        let message = format!("expected `expect`, found {found}");
        let label = "what a test holds starts with `expect`";
        let error = SyntaxError::new(&codes::syntax, range, message, label);
        let (start, end) = outline.bytes(first, behind.max(first + 1));
        let is_misspelt = nearest(outline.word(first), ["expect"]).is_some()
            && outline.starts_operand(first + 1)
            && !outline.is_first(first + 1);
        if is_misspelt {
            self.report(error.fixed("write `expect`", Applicability::Unsafe, range, "expect"));
            let (start, end) = outline.bytes(first, first + 1);
            self.patch(start, end, "expect");
        } else if outline.starts_operand(first) && !outline.starts_field(first) {
            let at = self.range(start, start);
            self.report(error.fixed("insert `expect`", Applicability::Unsafe, at, "expect "));
            self.patch(start, start, "expect ");
        } else {
            self.report(error);
            self.patch(start, end, "");
        }
        true
    }
}
