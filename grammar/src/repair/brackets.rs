//! Brackets that are never closed, or close nothing.
//!
//! Where the brackets do not match, the layout says what was meant: a closing bracket that is first on its
//! line belongs to the opening one whose line is indented as far.

use aur_diagnostics::{Applicability, codes};

use super::Repair;
use crate::scan::{Kind, Scanner, Token};
use crate::split::opener_of;
use crate::tree::{Range, SyntaxError};

/// A bracket that waits for its partner.
struct Open {
    token: Token,
    byte: u8,
    /// Blanks before the first token of its line.
    indent: u32,
}

/// A change that sets brackets right, in the mended text.
struct Change {
    start: u32,
    end: u32,
    new: String,
}

fn closer_of(open: u8) -> &'static str {
    match open {
        b'(' => ")",
        b'[' => "]",
        _ => "}",
    }
}

impl Repair<'_> {
    /// Closes what is open and takes out what closes nothing.
    pub(super) fn mend_brackets(&mut self) {
        let tokens: Vec<Token> = Scanner::new(&self.text, 0)
            .filter(|token| !token.is_note())
            .collect();
        if is_balanced(&self.text, &tokens) {
            return;
        }
        self.unsound = true;
        // A text that swallowed the rest of the item swallowed its closing brackets too.
        let swallowed = self
            .errors
            .iter()
            .any(|error| error.code.id == codes::unclosed.id)
            && tokens.last().is_some_and(|token| token.kind == Kind::Block);
        let mut changes = Vec::new();
        let mut open: Vec<Open> = Vec::new();
        let mut indent = 0;
        for (index, token) in tokens.iter().enumerate() {
            if token.first {
                indent = token.column();
            }
            let byte = self
                .text
                .as_bytes()
                .get(token.start as usize)
                .copied()
                .unwrap_or(0);
            match token.kind {
                Kind::Open => open.push(Open {
                    token: *token,
                    byte,
                    indent,
                }),
                Kind::Close => self.close(&mut open, &tokens, index, byte, &mut changes),
                _ => {}
            }
        }
        let end = self.text.trim_end().len() as u32;
        while let Some(left) = open.pop() {
            self.unclosed(&left, &tokens, end, swallowed, &mut changes);
        }
        changes.sort_by_key(|change| (change.start, change.end));
        let ranges: Vec<(Range, String)> = changes
            .into_iter()
            .map(|change| (self.range(change.start, change.end), change.new))
            .collect();
        for (range, new) in ranges {
            self.patches.add(range, &new);
        }
        self.text = self.patches.apply(self.written);
    }

    fn close(
        &mut self,
        open: &mut Vec<Open>,
        tokens: &[Token],
        index: usize,
        byte: u8,
        changes: &mut Vec<Change>,
    ) {
        let Some(token) = tokens.get(index) else { return };
        let wanted = opener_of(byte);
        let by_layout = |other: &Open| token.first && other.byte == wanted && other.indent == token.column();
        let partner = open
            .iter()
            .rposition(by_layout)
            .or_else(|| open.iter().rposition(|other| other.byte == wanted));
        match partner {
            Some(partner) => {
                while open.len() > partner + 1 {
                    if let Some(left) = open.pop() {
                        self.unclosed(&left, tokens, token.start, false, changes);
                    }
                }
                open.pop();
            }
            None => match open.pop() {
                Some(left) => self.wrong_closer(&left, token, changes),
                None => self.stray(token, changes),
            },
        }
    }

    /// A bracket that is open where `limit` is reached. It ends before the first line that is not indented
    /// further than its own, else right there.
    fn unclosed(
        &mut self,
        left: &Open,
        tokens: &[Token],
        limit: u32,
        silent: bool,
        changes: &mut Vec<Change>,
    ) {
        let within = |token: &&Token| token.start > left.token.start && token.start < limit;
        let inside = || tokens.iter().filter(within);
        let below = inside().find(|token| token.first && token.column() <= left.indent);
        let limit = below.map_or(limit, |token| token.start);
        let place = inside()
            .rfind(|token| token.start < limit)
            .map_or(left.token.end, |token| token.end);
        let close = closer_of(left.byte);
        changes.push(Change {
            start: place,
            end: place,
            new: close.to_owned(),
        });
        if silent {
            return;
        }
        let range = self.range(left.token.start, left.token.end);
        let at = self.range(place, place);
        let message = format!("`{}` is never closed", char::from(left.byte));
        let mut error = SyntaxError::new(&codes::unclosed, range, message, "opened here");
        error.also.push((at, format!("expected `{close}` by here")));
        self.report(error.fixed(&format!("insert `{close}`"), Applicability::Unsafe, at, close));
    }

    fn wrong_closer(&mut self, left: &Open, token: &Token, changes: &mut Vec<Change>) {
        let (open, close) = (char::from(left.byte), closer_of(left.byte));
        let range = self.range(token.start, token.end);
        let written = token.text(&self.text);
        let message = format!("`{open}` is closed by `{written}`");
        let mut error = SyntaxError::new(&codes::unclosed, range, message, format!("expected `{close}`"));
        error.also.push((
            self.range(left.token.start, left.token.end),
            "opened here".to_owned(),
        ));
        self.report(error.fixed(&format!("write `{close}`"), Applicability::Unsafe, range, close));
        changes.push(Change {
            start: token.start,
            end: token.end,
            new: close.to_owned(),
        });
    }

    fn stray(&mut self, token: &Token, changes: &mut Vec<Change>) {
        let range = self.range(token.start, token.end);
        let message = format!("`{}` closes nothing", token.text(&self.text));
        let error = SyntaxError::new(&codes::syntax, range, message, "no bracket is open here");
        self.report(error.fixed("remove it", Applicability::Unsafe, range, ""));
        changes.push(Change {
            start: token.start,
            end: token.end,
            new: String::new(),
        });
    }
}

fn is_balanced(text: &str, tokens: &[Token]) -> bool {
    let mut open = Vec::new();
    for token in tokens {
        let byte = text.as_bytes().get(token.start as usize).copied().unwrap_or(0);
        match token.kind {
            Kind::Open => open.push(byte),
            Kind::Close if open.pop() != Some(opener_of(byte)) => return false,
            _ => {}
        }
    }
    open.is_empty()
}
