//! Words: where they end, and what the grammar sees of them.

use super::expansion::Within;
use super::list::{Command, Stage};
use super::{Opener, Scan};

/// A word that was taken.
pub(super) struct Word {
    pub(super) start: usize,
    pub(super) kind: WordKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WordKind {
    /// Written without quotes, and one of the words that mean something in some place.
    Keyword(&'static str),
    /// `name=..`
    Assignment,
    /// Digits right before `<` or `>`, or `{name}` there.
    Descriptor,
    Other,
}

/// Words that bash knows where a command starts, and some that it knows elsewhere.
const KEYWORDS: [&str; 24] = [
    "if", "then", "elif", "else", "fi", "for", "while", "until", "do", "done", "case", "esac", "in",
    "select", "time", "coproc", "function", "{", "}", "!", "[[", "]]", "-p", "--",
];

/// Whether a word written without quotes may mean something to bash at the start of a command.
pub(crate) fn is_keyword(word: &[u8]) -> bool {
    keyword(word).is_some()
}

fn keyword(word: &[u8]) -> Option<&'static str> {
    KEYWORDS.into_iter().find(|keyword| keyword.as_bytes() == word)
}

/// Whether a byte ends a word that has no quotes around it.
pub(super) fn ends_word(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>'
    )
}

fn is_name(text: &[u8]) -> bool {
    text.first()
        .is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_')
        && text
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// The bytes of `name=`, `name+=` or `name[..]=` at the start of a word, without the `=`.
fn assigned_name(word: &[u8]) -> Option<usize> {
    let equals = word.iter().position(|byte| *byte == b'=')?;
    let target = word.get(..equals)?;
    let target = target.strip_suffix(b"+").unwrap_or(target);
    let name = match target.iter().position(|byte| *byte == b'[') {
        Some(bracket) if target.ends_with(b"]") => target.get(..bracket)?,
        Some(_) => return None,
        None => target,
    };
    is_name(name).then_some(equals)
}

/// Programs of the shell itself that take assignments as arguments.
fn declares(word: &[u8]) -> bool {
    [
        &b"declare"[..],
        b"typeset",
        b"local",
        b"export",
        b"readonly",
        b"eval",
    ]
    .contains(&word)
}

impl Scan<'_> {
    /// Takes a word; at least one byte.
    pub(super) fn word(&mut self, command: &Command) -> Word {
        let start = self.at;
        let mut is_plain = true;
        let mut array = None;
        while !self.is_end() {
            let byte = self.here();
            match byte {
                b'(' if self.is_array(start, command) => {
                    array = Some(self.at);
                    self.array();
                    is_plain = false;
                }
                b'(' if self.is_extglob(start, command) => {
                    self.group();
                    is_plain = false;
                }
                _ if ends_word(byte) => break,
                b'\\' if self.byte(self.at + 1) == b'\n' => {
                    let is_last = ends_word(self.byte(self.at + 2)) || self.at + 2 >= self.limit;
                    self.take(2, if is_last { b' ' } else { b'w' });
                    if is_last {
                        break;
                    }
                    is_plain = false;
                }
                b'\\' => {
                    self.take(2, b'w');
                    is_plain = false;
                }
                b'\'' => {
                    self.single();
                    is_plain = false;
                }
                b'"' => {
                    self.double();
                    is_plain = false;
                }
                b'$' => {
                    self.dollar(Within::Word);
                    is_plain = false;
                }
                b'`' => {
                    self.backquotes();
                    is_plain = false;
                }
                _ => self.keep(1),
            }
        }
        let kind = self.classify(start, is_plain, array, command);
        Word { start, kind }
    }

    /// Finds out what a word is, and masks it.
    fn classify(
        &mut self,
        start: usize,
        is_plain: bool,
        array: Option<usize>,
        command: &Command,
    ) -> WordKind {
        let text = self.text;
        let end = self.at;
        let word = text.get(start..end).unwrap_or(&[]);
        let is_hole = |(hole, behind): &(usize, usize)| *hole < end && *behind > start;
        let is_plain = is_plain && !self.holes.iter().any(is_hole);
        let before_redirect = matches!(self.here(), b'<' | b'>');
        if is_plain
            && before_redirect
            && (word.iter().all(u8::is_ascii_digit)
                || word
                    .strip_prefix(b"{")
                    .and_then(|word| word.strip_suffix(b"}"))
                    .is_some_and(is_name))
        {
            if word.starts_with(b"{") {
                // The grammar knows numbers only.
                self.hide(start, b'9');
            }
            return WordKind::Descriptor;
        }
        if let Some(keyword) = keyword(word).filter(|_| is_plain) {
            return WordKind::Keyword(keyword);
        }
        let is_operator =
            matches!(word, b"=" | b"==" | b"!=" | b"=~") || (word.len() <= 3 && word.starts_with(b"-"));
        if is_plain && is_operator {
            return WordKind::Other;
        }
        let equals = assigned_name(word).filter(|equals| array.is_none_or(|array| array > start + equals));
        match equals.filter(|_| self.may_assign(command)) {
            Some(equals) => {
                self.hide(start, b'w');
                if let Some(masked) = self.masked.get_mut(start + equals) {
                    *masked = b'=';
                }
                WordKind::Assignment
            }
            None => {
                self.hide(start, b'w');
                WordKind::Other
            }
        }
    }

    fn may_assign(&self, command: &Command) -> bool {
        matches!(command.stage, Stage::Command | Stage::Assigned)
            || self
                .text
                .get(command.name.0..command.name.1)
                .is_some_and(declares)
    }

    /// Whether the `(` here starts the elements of an array.
    fn is_array(&self, start: usize, command: &Command) -> bool {
        let written = self.text.get(start..self.at).unwrap_or(&[]);
        self.may_assign(command)
            && written.ends_with(b"=")
            && assigned_name(written) == Some(written.len() - 1)
    }

    /// Takes the elements of an array.
    fn array(&mut self) {
        let start = self.at;
        self.take(1, b'w');
        let is_deeper = self.deepen();
        let inside = Command::default();
        while is_deeper && !self.is_end() && self.here() != b')' {
            match self.here() {
                b'#' => self.comment(),
                b'<' | b'>' if self.byte(self.at + 1) == b'(' => self.substitution(2),
                byte if ends_word(byte) => self.take(1, b'w'),
                _ => {
                    self.word(&inside);
                }
            }
        }
        if is_deeper {
            self.depth -= 1;
        }
        if self.out.gave_up {
            return;
        }
        if self.is_end() {
            self.unclosed(Opener::Array, start, 1);
        } else {
            self.take(1, b'w');
        }
        self.hide(start, b'w');
    }

    /// Whether the `(` here belongs to a pattern such as `@(a|b)`.
    fn is_extglob(&self, start: usize, command: &Command) -> bool {
        (self.has_extglob || command.stage == Stage::Test)
            && self.at > start
            && self
                .text
                .get(self.at - 1)
                .is_some_and(|before| matches!(before, b'?' | b'*' | b'+' | b'@' | b'!'))
    }

    /// Takes a group in parentheses within a word, with everything in it.
    pub(super) fn group(&mut self) {
        let start = self.at;
        self.take(1, b'w');
        let mut open = 1usize;
        while !self.is_end() && open > 0 {
            match self.here() {
                b'\\' => self.take(2, b'w'),
                b'\'' => self.single(),
                b'"' => self.double(),
                b'$' => self.dollar(Within::Word),
                b'`' => self.backquotes(),
                byte => {
                    open = match byte {
                        b'(' => open + 1,
                        b')' => open - 1,
                        _ => open,
                    };
                    self.take(1, b'w');
                }
            }
        }
        if open > 0 && !self.out.gave_up {
            self.unclosed(Opener::Group, start, 1);
        }
    }

    /// Takes a comment up to the end of its line.
    pub(super) fn comment(&mut self) {
        self.within(crate::Quoting::Comment, |scan| {
            while !scan.is_end() && scan.here() != b'\n' {
                scan.take(1, b' ');
            }
        });
    }
}
