//! Quotes, and what starts with `$` or a backquote.

use super::{Closer, Opener, Scan};
use crate::Quoting;

/// Where a `$` stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    /// In a word without quotes.
    Word,
    /// In double quotes or a here-document: quotes behind the `$` are characters.
    Quotes,
}

impl Scan<'_> {
    /// Takes `'..'`.
    pub(super) fn single(&mut self) {
        let start = self.at;
        self.take(1, b'w');
        self.within(Quoting::Single, |scan| {
            while !scan.is_end() && scan.here() != b'\'' {
                scan.take(1, b'w');
            }
        });
        self.close(start, 1, Opener::Single);
    }

    /// Takes `$'..'`.
    fn ansi_c(&mut self) {
        let start = self.at;
        self.take(2, b'w');
        self.within(Quoting::AnsiC, |scan| {
            while !scan.is_end() && scan.here() != b'\'' {
                let count = if scan.here() == b'\\' { 2 } else { 1 };
                scan.take(count, b'w');
            }
        });
        self.close(start, 2, Opener::AnsiC);
    }

    /// Takes the last byte of what was opened at `start`, or notes that it is not there.
    fn close(&mut self, start: usize, length: usize, opener: Opener) {
        if self.out.gave_up {
            return;
        }
        if self.is_end() {
            self.unclosed(opener, start, length);
        } else {
            self.take(1, b'w');
        }
    }

    /// Takes `".."`.
    pub(super) fn double(&mut self) {
        let start = self.at;
        self.take(1, b'w');
        self.within(Quoting::Double, |scan| scan.expanding(Some(b'"')));
        self.close(start, 1, Opener::Double);
    }

    /// Takes text in which only `\`, `$` and backquotes mean something, up to `stop` or the limit.
    pub(super) fn expanding(&mut self, stop: Option<u8>) {
        while !self.is_end() && Some(self.here()) != stop {
            match self.here() {
                b'\\' => self.take(2, b'w'),
                b'$' => self.dollar(Within::Quotes),
                b'`' => self.backquotes(),
                _ => self.take(1, b'w'),
            }
        }
    }

    /// Takes what starts with `$`.
    pub(super) fn dollar(&mut self, within: Within) {
        let start = self.at;
        match (self.byte(start + 1), self.byte(start + 2)) {
            (b'(', b'(') => match self.arithmetic_end(start + 3) {
                Some(end) => self.arithmetic(3, end, 2),
                None => self.substitution(2),
            },
            (b'(', _) => self.substitution(2),
            (b'{', _) => self.parameter(within),
            (b'[', _) => match self.matching(start + 2, b'[', b']') {
                Some(end) => self.arithmetic(2, end, 1),
                None => {
                    self.unclosed(Opener::Legacy, start, 2);
                    self.take(2, b'w');
                }
            },
            (b'\'', _) if within == Within::Word => self.ansi_c(),
            (b'"', _) if within == Within::Word => {
                self.take(1, b'w');
                self.double();
            }
            (b'#' | b'?' | b'$' | b'!' | b'@' | b'*' | b'-', _) => self.take(2, b'w'),
            _ => self.take(1, b'w'),
        }
    }

    /// Takes `$(..)`, `<(..)` or `>(..)`; its inside is a program of its own.
    pub(super) fn substitution(&mut self, opening: usize) {
        let start = self.at;
        self.take(opening, b'w');
        let is_closed = self.program(Closer::Paren, self.limit);
        if is_closed {
            self.take(1, b'w');
        } else {
            self.unclosed(Opener::Substitution, start, opening);
        }
        self.hide(start, b'w');
    }

    /// Walks through a program inside of the command; says whether it was closed.
    fn program(&mut self, closer: Closer, limit: usize) -> bool {
        let outside_limit = std::mem::replace(&mut self.limit, limit);
        let start = self.at;
        let mut is_closed = false;
        // A hole in a substitution stands as in any command, however the substitution itself is quoted.
        self.within(Quoting::Part, |scan| is_closed = scan.list(closer, start));
        self.limit = outside_limit;
        if self.out.gave_up {
            self.at = self.limit;
        }
        is_closed || self.out.gave_up
    }

    /// Takes a command in backquotes.
    pub(super) fn backquotes(&mut self) {
        let start = self.at;
        let mut end = start + 1;
        let mut has_backslash = false;
        while end < self.limit && self.byte(end) != b'`' {
            if self.byte(end) == b'\\' {
                has_backslash = true;
                end += 1;
            }
            end += 1;
        }
        self.take(1, b'w');
        if end >= self.limit {
            self.at = self.limit;
            self.unclosed(Opener::Backquote, start, 1);
        } else if has_backslash {
            // One level of backslashes goes before the command is read: its places would be wrong.
            let count = end - self.at;
            self.within(Quoting::Unknown, |scan| scan.take(count, b'w'));
        } else {
            self.program(Closer::End, end);
            self.at = self.at.max(end);
        }
        if !self.out.gave_up && !self.is_end() {
            self.take(1, b'w');
        }
        self.hide(start, b'w');
    }

    /// Takes `${..}`.
    fn parameter(&mut self, within: Within) {
        let start = self.at;
        self.take(2, b'w');
        self.within(Quoting::Parameter, |scan| scan.parameter_inside(within));
        self.close(start, 2, Opener::Parameter);
    }

    fn parameter_inside(&mut self, within: Within) {
        // The name, and with it the operator: in double quotes, `'` is a quote only behind one of a pattern.
        let name = self.at;
        while !self.is_end()
            && (self.here().is_ascii_alphanumeric() || matches!(self.here(), b'_' | b'!' | b'@' | b'*'))
        {
            self.take(1, b'w');
        }
        if self.at == name && matches!(self.here(), b'#' | b'?' | b'$' | b'-') {
            self.take(1, b'w');
        }
        let is_pattern = matches!(self.here(), b'#' | b'%' | b'/' | b'^' | b',');
        let has_quotes = within == Within::Word || is_pattern;
        while !self.is_end() && self.here() != b'}' {
            match self.here() {
                b'\\' => self.take(2, b'w'),
                b'\'' if has_quotes => self.single(),
                b'"' => self.double(),
                b'$' => self.dollar(within),
                b'`' => self.backquotes(),
                _ => self.take(1, b'w'),
            }
        }
    }

    /// Takes arithmetic: `opening` bytes, what stands before `end`, and `closing` bytes.
    pub(super) fn arithmetic(&mut self, opening: usize, end: usize, closing: usize) {
        let start = self.at;
        self.take(opening, b'w');
        let outside_limit = std::mem::replace(&mut self.limit, end);
        self.within(Quoting::Arithmetic, |scan| {
            while !scan.is_end() {
                match scan.here() {
                    b'\\' => scan.take(2, b'w'),
                    b'$' => scan.dollar(Within::Quotes),
                    b'`' => scan.backquotes(),
                    _ => scan.take(1, b'w'),
                }
            }
        });
        self.limit = outside_limit;
        if self.out.gave_up {
            self.at = self.limit;
            return;
        }
        self.take(closing, b'w');
        self.hide(start, b'w');
    }

    /// Finds the `))` of arithmetic whose inside starts at `from`; there is none if these are two groups.
    pub(super) fn arithmetic_end(&self, from: usize) -> Option<usize> {
        let end = self.matching(from, b'(', b')')?;
        (self.byte(end + 1) == b')').then_some(end)
    }

    /// Finds the byte that closes what was opened before `from`.
    fn matching(&self, from: usize, open: u8, close: u8) -> Option<usize> {
        let mut depth = 0usize;
        let mut at = from;
        while at < self.limit {
            let byte = self.byte(at);
            if byte == close && depth == 0 {
                return Some(at);
            } else if byte == close {
                depth -= 1;
            } else if byte == open {
                depth += 1;
            } else if matches!(byte, b'"' | b'\'' | b'`') {
                at = self.quote_end(at)?;
            } else if byte == b'\\' {
                at += 1;
            }
            at += 1;
        }
        None
    }

    /// Finds the quote that ends the one at `at`.
    fn quote_end(&self, at: usize) -> Option<usize> {
        let quote = self.byte(at);
        let mut end = at + 1;
        while end < self.limit {
            match self.byte(end) {
                byte if byte == quote => return Some(end),
                b'\\' if quote != b'\'' => end += 2,
                _ => end += 1,
            }
        }
        None
    }
}
