//! Splits bytes into words, numbers, texts, brackets and signs.
//!
//! Knows just enough to find where brackets, texts and comments begin and end; what may stand where is the
//! grammar's. Every byte is looked at once, every text gives tokens, and nothing fails.

use memchr::{memchr, memchr2, memchr3, memmem};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Letters, digits and underscores, a letter or underscore first.
    Word,
    /// Digits and what is written right behind them.
    Number,
    /// A closed text within a line.
    Text,
    /// A text that the end of its line cuts off.
    OpenText,
    /// A closed `"""` or `r#"` text.
    Block,
    /// One that the end of the file cuts off.
    OpenBlock,
    /// `# comment`
    Note,
    /// A comment that holds control characters.
    BadNote,
    /// `/// doc`, first on its line.
    Doc,
    /// `//`, first on its line.
    Slashes,
    /// `##`, first on its line.
    Hashes,
    /// `( [ {`
    Open,
    /// `) ] }`
    Close,
    /// An operator or another sign of the language.
    Sign,
    /// A character the language has no use for.
    Junk,
    /// A control character: invisible, or one that reorders what is shown.
    Control,
}

/// A piece of the text; blanks and line breaks stand between tokens.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// First byte.
    pub start: u32,
    /// First byte behind it.
    pub end: u32,
    /// First byte of its line.
    pub line: u32,
    /// Whether nothing but blanks stands before it on its line.
    pub first: bool,
}

impl Token {
    /// Bytes from the start of its line.
    pub(crate) fn column(&self) -> u32 {
        self.start - self.line
    }

    /// The token as written in its text.
    pub fn text<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.start as usize..self.end as usize).unwrap_or("")
    }

    /// Whether it is a comment that the grammar skips.
    pub fn is_note(&self) -> bool {
        matches!(
            self.kind,
            Kind::Note | Kind::BadNote | Kind::Slashes | Kind::Hashes
        )
    }
}

/// Gives the tokens of a text in order; linear in its length.
pub fn tokens(text: &str) -> impl Iterator<Item = Token> {
    Scanner::new(text, 0)
}

/// Gives the tokens of a text in order.
#[derive(Clone, Debug)]
pub(crate) struct Scanner<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    line: usize,
    first: bool,
    /// From here on no `"""` stands in the text.
    no_block_end: usize,
    /// From here on no text with that many hashes, less one, is closed. Both keep the time linear.
    no_raw_end: [usize; 8],
}

impl<'t> Scanner<'t> {
    /// Starts at the byte `at`, which must be the start of a line.
    pub(crate) fn new(text: &'t str, at: usize) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at,
            line: at,
            first: true,
            no_block_end: usize::MAX,
            no_raw_end: [usize::MAX; 8],
        }
    }

    /// Goes to the byte `at`, which must be the start of a line.
    pub(crate) fn move_to(&mut self, at: usize) {
        self.at = at;
        self.line = at;
        self.first = true;
    }

    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    fn rest(&self, at: usize) -> &'t [u8] {
        self.bytes.get(at..).unwrap_or(&[])
    }

    fn skip_blanks(&mut self) {
        let mut at = self.at;
        while let Some(byte) = self.bytes.get(at) {
            match byte {
                b' ' | b'\t' => at += 1,
                b'\n' => {
                    at += 1;
                    self.line = at;
                    self.first = true;
                }
                b'\r' if self.byte(at + 1) == b'\n' => at += 1,
                _ => break,
            }
        }
        self.at = at;
    }

    /// Returns kind and end of the token that starts at `start`.
    fn token(&mut self, start: usize) -> (Kind, usize) {
        let next = self.byte(start + 1);
        match self.byte(start) {
            b'r' if next == b'"' || next == b'#' => self.raw_text(start).unwrap_or_else(|| self.word(start)),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(start),
            b'0'..=b'9' => (Kind::Number, self.number_end(start)),
            b'"' if self.rest(start).starts_with(b"\"\"\"") => self.block_text(start),
            quote @ (b'"' | b'\'') => self.text(start, quote),
            b'(' | b'[' | b'{' => (Kind::Open, start + 1),
            b')' | b']' | b'}' => (Kind::Close, start + 1),
            b'#' if self.first && next == b'#' && self.byte(start + 2) != b'#' => {
                (Kind::Hashes, self.line_end(start))
            }
            b'#' => self.note(start),
            b'/' if self.first && self.rest(start).starts_with(b"///") => (Kind::Doc, self.line_end(start)),
            b'/' if self.first && next == b'/' => (Kind::Slashes, self.line_end(start)),
            b'/' if next == b'/' => (Kind::Sign, start + 2),
            b'=' | b'!' | b'<' | b'>' if next == b'=' => (Kind::Sign, start + 2),
            b'-' if next == b'>' => (Kind::Sign, start + 2),
            b'.' if next == b'.' => (Kind::Sign, start + 2),
            b'=' | b'<' | b'>' | b'-' | b'.' | b'+' | b'*' | b'/' | b'%' | b',' | b':' | b'?' | b'|'
            | b'@' => (Kind::Sign, start + 1),
            0..=0x1f | 0x7f => (Kind::Control, start + 1),
            0x80.. => self.wide(start),
            _ => (Kind::Junk, start + 1),
        }
    }

    fn word(&self, start: usize) -> (Kind, usize) {
        let mut end = start;
        loop {
            while self.bytes.get(end).is_some_and(|byte| is_word_byte(*byte)) {
                end += 1;
            }
            match self.wide_letter(end) {
                Some(length) => end += length,
                None => return (Kind::Word, end),
            }
        }
    }

    /// Returns the length of a letter or digit outside ASCII.
    fn wide_letter(&self, at: usize) -> Option<usize> {
        if self.byte(at) < 0x80 {
            return None;
        }
        let letter = self.text.get(at..)?.chars().next()?;
        letter.is_alphanumeric().then(|| letter.len_utf8())
    }

    fn wide(&self, start: usize) -> (Kind, usize) {
        if self.wide_letter(start).is_some() {
            return self.word(start);
        }
        let letter = self.text.get(start..).and_then(|tail| tail.chars().next());
        let kind = if letter.is_some_and(is_control) {
            Kind::Control
        } else {
            Kind::Junk
        };
        (kind, start + letter.map_or(1, char::len_utf8))
    }

    fn number_end(&self, start: usize) -> usize {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let mut end = start;
        while is_word(self.byte(end)) {
            let exponent = matches!(self.byte(end), b'e' | b'E');
            end += 1;
            let digit_next = self.byte(end + 1).is_ascii_digit();
            if exponent && matches!(self.byte(end), b'+' | b'-') && digit_next
                || self.byte(end) == b'.' && digit_next
            {
                end += 1;
            }
        }
        end
    }

    fn line_end(&self, start: usize) -> usize {
        let tail = self.rest(start);
        let length = memchr(b'\n', tail).unwrap_or(tail.len());
        let carriage = length > 0 && tail.get(length - 1) == Some(&b'\r');
        start + length - usize::from(carriage)
    }

    fn note(&self, start: usize) -> (Kind, usize) {
        let end = self.line_end(start);
        let bytes = self.bytes.get(start..end).unwrap_or(&[]);
        let plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t');
        if bytes.iter().all(plain) {
            return (Kind::Note, end);
        }
        let bad = self
            .text
            .get(start..end)
            .is_some_and(|note| note.chars().any(is_control));
        (if bad { Kind::BadNote } else { Kind::Note }, end)
    }

    fn text(&self, start: usize, quote: u8) -> (Kind, usize) {
        let mut at = start + 1;
        loop {
            let Some(found) = memchr3(quote, b'\\', b'\n', self.rest(at)) else {
                return (Kind::OpenText, self.bytes.len());
            };
            at += found;
            match self.byte(at) {
                b'\\' if self.rest(at).starts_with(b"\\\r\n") => at += 3,
                b'\\' => at += 2,
                b'\n' => return (Kind::OpenText, at - usize::from(self.byte(at - 1) == b'\r')),
                _ => return (Kind::Text, at + 1),
            }
        }
    }

    fn block_text(&mut self, start: usize) -> (Kind, usize) {
        let mut at = start + 3;
        while at < self.no_block_end {
            let Some(found) = memchr2(b'"', b'\\', self.rest(at)) else {
                self.no_block_end = start;
                break;
            };
            at += found;
            if self.byte(at) == b'\\' {
                at += 2;
            } else if self.rest(at).starts_with(b"\"\"\"") {
                return (Kind::Block, at + 3);
            } else {
                at += 1;
            }
        }
        (Kind::OpenBlock, self.bytes.len())
    }

    /// Reads `r"..."` or `r#"..."#`; `r#` may also be a word with a comment behind it.
    fn raw_text(&mut self, start: usize) -> Option<(Kind, usize)> {
        let hashes = self
            .rest(start + 1)
            .iter()
            .take_while(|byte| **byte == b'#')
            .count();
        let content = start + 2 + hashes;
        if self.byte(content - 1) != b'"' {
            return None;
        }
        let tail = self.rest(content);
        if hashes == 0 {
            let length = memchr2(b'"', b'\n', tail).unwrap_or(tail.len());
            let closed = tail.get(length) == Some(&b'"');
            return Some(match closed {
                true => (Kind::Text, content + length + 1),
                false => (Kind::OpenText, self.line_end(content)),
            });
        }
        if self.no_raw_end.iter().take(hashes).all(|end| content < *end) {
            let close: Vec<u8> = std::iter::once(b'"')
                .chain(std::iter::repeat_n(b'#', hashes))
                .collect();
            if let Some(length) = memmem::find(tail, &close) {
                return Some((Kind::Block, content + length + close.len()));
            }
            if let Some(end) = self.no_raw_end.get_mut(hashes - 1) {
                *end = content;
            }
        }
        Some((Kind::OpenBlock, self.bytes.len()))
    }
}

impl Iterator for Scanner<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.skip_blanks();
        if self.at >= self.bytes.len() {
            return None;
        }
        let start = self.at;
        let (line, first) = (self.line, self.first);
        let (kind, end) = self.token(start);
        // An escape may be the last byte of the text.
        let end = end.min(self.bytes.len());
        self.at = end;
        self.first = false;
        let may_span = matches!(kind, Kind::Text | Kind::Block | Kind::OpenBlock);
        if may_span && let Some(last) = memchr::memrchr(b'\n', self.bytes.get(start..end).unwrap_or(&[])) {
            self.line = start + last + 1;
        }
        let (start, end, line) = (start as u32, end as u32, line as u32);
        Some(Token {
            kind,
            start,
            end,
            line,
            first,
        })
    }
}

/// Whether a byte is an ASCII letter, a digit or `_`: one look into a table, as most bytes are asked.
fn is_word_byte(byte: u8) -> bool {
    const WORD: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0;
        while byte < 0x80 {
            table[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
            byte += 1;
        }
        table
    };
    WORD[usize::from(byte)]
}

/// Whether a character is invisible or changes the order in which others are shown.
pub(crate) fn is_control(letter: char) -> bool {
    let reorders = matches!(letter, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let hides = matches!(
        letter,
        '\u{200b}'..='\u{200d}' | '\u{2028}' | '\u{2029}' | '\u{feff}'
    );
    reorders || hides || letter.is_control() && !matches!(letter, '\t' | '\n')
}
