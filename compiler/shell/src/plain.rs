//! The short way: commands of words and simple quotes need no parser.

use crate::{Piece, Quoting};

/// Says how each hole stands, where the text is nothing but simple commands in a row.
///
/// Knows words, quotes with nothing special in them, `$name`, and `&&`, `||`, `|` and `;`. None for all else,
/// which may still be right.
pub(crate) fn plain_commands(pieces: &[Piece<'_>]) -> Option<Vec<Quoting>> {
    let mut walk = Walk::default();
    for (number, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Text(text) => walk.text(text.as_bytes())?,
            Piece::Hole(_) => walk.hole(pieces.get(number + 1)),
            Piece::Open(_) | Piece::Close => return None,
        }
    }
    let is_done = walk.quote == Quote::None && !walk.needs_command;
    is_done.then_some(walk.holes)
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Quote {
    #[default]
    None,
    Single,
    Double,
}

#[derive(Default)]
struct Walk {
    quote: Quote,
    /// Whether the byte before belongs to a word.
    in_word: bool,
    /// Whether the command has a word by now.
    has_word: bool,
    /// Whether a command must follow.
    needs_command: bool,
    holes: Vec<Quoting>,
}

impl Walk {
    fn text(&mut self, text: &[u8]) -> Option<()> {
        let mut at = 0;
        while let Some(byte) = text.get(at) {
            let next = text.get(at + 1);
            match (self.quote, byte) {
                (Quote::Single, b'\'') | (Quote::Double, b'"') => self.quote = Quote::None,
                (Quote::Single, _) => {}
                (Quote::Double | Quote::None, b'$')
                    if next.is_some_and(|next| next.is_ascii_alphabetic() || *next == b'_') =>
                {
                    self.word();
                }
                (_, b'\\' | b'`' | b'$') => return None,
                (Quote::Double, _) => {}
                (Quote::None, b' ' | b'\t') => self.in_word = false,
                (Quote::None, b'\'') => {
                    self.quote = Quote::Single;
                    self.word();
                }
                (Quote::None, b'"') => {
                    self.quote = Quote::Double;
                    self.word();
                }
                (Quote::None, b'&' | b'|') if next == Some(byte) => {
                    self.operator(true)?;
                    at += 1;
                }
                (Quote::None, b'|') if next != Some(&b'&') => self.operator(true)?,
                (Quote::None, b';') if !matches!(next, Some(b';' | b'&')) => self.operator(false)?,
                (Quote::None, byte) if is_plain(*byte) => {
                    if !self.has_word && starts_with_keyword(text.get(at..).unwrap_or(&[])) {
                        return None;
                    }
                    self.word();
                    // The rest of the word says nothing new.
                    while text.get(at + 1).is_some_and(|next| is_plain(*next)) {
                        at += 1;
                    }
                }
                _ => return None,
            }
            at += 1;
        }
        Some(())
    }

    fn word(&mut self) {
        self.in_word = true;
        self.has_word = true;
        self.needs_command = false;
    }

    fn operator(&mut self, needs_command: bool) -> Option<()> {
        if !self.has_word {
            return None;
        }
        self.in_word = false;
        self.has_word = false;
        self.needs_command = needs_command;
        Some(())
    }

    fn hole(&mut self, next: Option<&Piece<'_>>) {
        let is_last = match next {
            None => true,
            Some(Piece::Text(text)) => text.starts_with([' ', '\t', ';', '&', '|']) || text.is_empty(),
            Some(_) => false,
        };
        self.holes.push(match self.quote {
            Quote::Single => Quoting::Single,
            Quote::Double => Quoting::Double,
            Quote::None if is_last && !self.in_word => Quoting::Word,
            Quote::None => Quoting::Part,
        });
        self.word();
    }
}

/// Bytes that mean nothing to the grammar of bash wherever they stand in a word.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'_' | b'.' | b'/' | b':' | b',' | b'=' | b'@' | b'%' | b'+' | b'^' | b'*' | b'?' | b'~'
        )
}

fn starts_with_keyword(text: &[u8]) -> bool {
    let length = text.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
    length <= 8 && crate::scan::is_keyword(text.get(..length).unwrap_or(text))
}
