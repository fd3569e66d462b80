//! The short way: a command of plain words needs no parser.

use crate::{Piece, Quoting};

/// Says how each hole stands, where the command is nothing but words on one line.
pub(crate) fn plain_words(pieces: &[Piece<'_>]) -> Option<Vec<Quoting>> {
    let mut holes = Vec::new();
    for (number, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Text(text) if text.bytes().all(is_plain) => {}
            Piece::Hole(_) => {
                let before = number.checked_sub(1).and_then(|before| pieces.get(before));
                holes.push(if ends_blank(before) && starts_blank(pieces.get(number + 1)) {
                    Quoting::Word
                } else {
                    Quoting::Part
                });
            }
            Piece::Text(_) | Piece::Open(_) | Piece::Close => return None,
        }
    }
    let starts_with_keyword = match pieces.first() {
        Some(Piece::Text(text)) => text
            .split([' ', '\t'])
            .find(|word| !word.is_empty())
            .is_some_and(|word| crate::scan::is_keyword(word.as_bytes())),
        _ => false,
    };
    (!starts_with_keyword).then_some(holes)
}

/// Bytes that mean nothing to bash wherever they stand.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b' ' | b'\t' | b'-' | b'_' | b'.' | b'/' | b':' | b',' | b'=' | b'@' | b'%' | b'+' | b'^'
        )
}

fn ends_blank(piece: Option<&Piece<'_>>) -> bool {
    match piece {
        None => true,
        Some(Piece::Text(text)) => text.is_empty() || text.ends_with([' ', '\t']),
        Some(_) => false,
    }
}

fn starts_blank(piece: Option<&Piece<'_>>) -> bool {
    match piece {
        None => true,
        Some(Piece::Text(text)) => text.is_empty() || text.starts_with([' ', '\t']),
        Some(_) => false,
    }
}
