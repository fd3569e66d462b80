//! Characters that cannot stand where they stand, comments of other languages, and texts that are never closed.

use aur_diagnostics::{Applicability, codes};

use super::{Repair, TRIES};
use crate::scan::{Kind, Scanner, Token, is_control};
use crate::tree::{Range, SyntaxError};

impl Repair<'_> {
    /// Takes out control characters, and makes comments of what other languages call one.
    pub(super) fn mend_characters(&mut self) {
        let tokens: Vec<Token> = Scanner::new(self.written, 0).collect();
        for token in tokens {
            // Nothing is mended yet where this token is written.
            let range = Range::new(token.start, token.end);
            match token.kind {
                Kind::Control => self.control(&token),
                Kind::BadNote => {
                    let message = "a comment holds characters that hide or reorder text";
                    let error =
                        SyntaxError::new(&codes::syntax, range, message, "invisible characters in here");
                    self.report(error.help("remove them: what is shown must be what is read"));
                }
                Kind::Slashes => {
                    let slashes = Range::new(token.start, token.start + 2);
                    self.patches.add(slashes, "#");
                    let error =
                        SyntaxError::new(&codes::syntax, slashes, "a comment starts with `#`", "not `//`");
                    self.report(error.fixed("write `#`", Applicability::Safe, slashes, "#"));
                }
                Kind::Hashes => {
                    let hashes = Range::new(token.start, token.start + 2);
                    let message = "a comment starts with one `#`, a doc comment with `///`";
                    let error = SyntaxError::new(&codes::syntax, hashes, message, "not `##`");
                    self.report(error.fixed("write `#`", Applicability::Safe, hashes, "#"));
                }
                Kind::Word
                | Kind::Number
                | Kind::Text
                | Kind::OpenText
                | Kind::Block
                | Kind::OpenBlock
                | Kind::Note => {}
                Kind::Doc | Kind::Open | Kind::Close | Kind::Sign | Kind::Junk => {}
            }
        }
        self.text = self.patches.apply(self.written);
    }

    fn control(&mut self, token: &Token) {
        let range = Range::new(token.start, token.end);
        let letter = token.text(self.written).chars().next().unwrap_or('\0');
        let (message, label, new) = match letter {
            '\r' => (
                "a carriage return without a line feed",
                "lines end with a line feed".to_owned(),
                "\n",
            ),
            _ if is_control(letter) => (
                "an invisible character stands here",
                format!("U+{:04X}", letter as u32),
                " ",
            ),
            _ => (
                "a character that cannot stand here",
                format!("U+{:04X}", letter as u32),
                " ",
            ),
        };
        self.patches.add(range, new);
        let error = SyntaxError::new(&codes::syntax, range, message, label);
        let new = new.trim_matches(' ');
        self.report(error.fixed("remove it", Applicability::Safe, range, new));
    }

    /// Closes texts at the end of their line, or of the item.
    pub(super) fn mend_texts(&mut self) {
        let mut searched = 0;
        for _ in 0..TRIES {
            let Some(token) = open_text(&self.text, searched) else {
                return;
            };
            self.unsound = true;
            searched = token.start + 1;
            self.close_text(&token);
        }
    }

    fn close_text(&mut self, token: &Token) {
        let written = token.text(&self.text).to_owned();
        let quote = written
            .trim_start_matches('r')
            .trim_start_matches('#')
            .get(..1)
            .unwrap_or("\"")
            .to_owned();
        let hashes = written
            .trim_start_matches('r')
            .bytes()
            .take_while(|byte| *byte == b'#')
            .count();
        let block = token.kind == Kind::OpenBlock && hashes == 0;
        let close = if block {
            "\"\"\"".to_owned()
        } else {
            quote.clone() + &"#".repeat(hashes)
        };
        let opening = token.start + (written.find(&quote).unwrap_or(0) + if block { 3 } else { 1 }) as u32;
        let range = self.range(token.start, opening);
        let error = SyntaxError::new(&codes::unclosed, range, "a text is never closed", "opened here");
        let content = written.get((opening - token.start) as usize..).unwrap_or("");
        let only_closers = content
            .chars()
            .all(|letter| matches!(letter, ')' | ']' | '}' | ',' | ' '));
        if token.kind == Kind::OpenText && only_closers {
            // Nothing but what stands behind a text: this quote closes one whose opening is missing.
            self.report(error.help("one of the texts on this line lacks a quote"));
            self.patch(token.start, opening, " ");
            return;
        }
        let end = token.start + closing_place(&written) as u32;
        let place = self.range(end, end);
        let error = error.help(match token.kind {
            Kind::OpenText => {
                "a text ends on its line; one over several lines stands between \"\"\" and \"\"\""
            }
            _ => "the closing quotes are missing",
        });
        self.report(error.fixed(&format!("insert `{close}`"), Applicability::Unsafe, place, &close));
        self.patch(end, end, &close);
    }
}

/// Returns where the missing quote most likely belongs: before the comma or brackets that end the line, as
/// long as each of these brackets was not opened within the text.
fn closing_place(written: &str) -> usize {
    let mut end = written.trim_end().len();
    // A backslash would take the quote for its own.
    let slashes = written
        .get(..end)
        .unwrap_or("")
        .bytes()
        .rev()
        .take_while(|byte| *byte == b'\\')
        .count();
    if slashes % 2 == 1 && !written.starts_with('r') {
        return end - 1;
    }
    loop {
        let rest = written.get(..end).unwrap_or("");
        let Some(last) = rest
            .chars()
            .next_back()
            .filter(|last| matches!(last, ',' | ')' | ']' | '}'))
        else {
            return end;
        };
        let opened = match last {
            ')' => rest.contains('('),
            ']' => rest.contains('['),
            '}' => rest.contains('{'),
            _ => false,
        };
        if opened {
            return end;
        }
        end = rest.len() - 1;
    }
}

fn open_text(text: &str, from: u32) -> Option<Token> {
    Scanner::new(text, 0)
        .find(|token| token.start >= from && matches!(token.kind, Kind::OpenText | Kind::OpenBlock))
}
