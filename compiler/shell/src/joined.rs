//! Pieces as one text, and the way back from its bytes to the pieces.

use crate::{Mark, Piece, Place, When};

/// Which sections are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    All,
    Nothing,
    Only(When),
}

/// What stands for a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fill {
    Word,
    /// A command that is finished already.
    Command,
    /// The same for the hole that is this piece, words for the others.
    CommandAt(usize),
}

/// A command as bash would see it.
pub(crate) struct Joined {
    pub(crate) text: String,
    /// First byte and number of each piece that is there, in order.
    starts: Vec<(usize, usize)>,
    /// First byte and first byte behind each hole that is there, in order.
    pub(crate) holes: Vec<(usize, usize)>,
}

impl Joined {
    pub(crate) fn new(pieces: &[Piece<'_>], kept: Kept, fill: Fill) -> Self {
        let mut joined = Self {
            text: String::new(),
            starts: Vec::with_capacity(pieces.len()),
            holes: Vec::new(),
        };
        let mut open: Vec<bool> = Vec::new();
        for (number, piece) in pieces.iter().enumerate() {
            let is_there = open.iter().all(|kept| *kept);
            match piece {
                Piece::Text(text) if is_there => {
                    joined.starts.push((joined.text.len(), number));
                    joined.text.push_str(text);
                }
                Piece::Hole(hole) if is_there => joined.hole(*hole, number, fill),
                Piece::Text(_) | Piece::Hole(_) => {}
                Piece::Open(when) => open.push(match kept {
                    Kept::All => true,
                    Kept::Nothing => false,
                    Kept::Only(wanted) => *when == wanted,
                }),
                Piece::Close => {
                    open.pop();
                }
            }
        }
        joined
    }

    fn hole(&mut self, hole: u32, number: usize, fill: Fill) {
        let start = self.text.len();
        self.starts.push((start, number));
        if fill == Fill::Command || fill == Fill::CommandAt(number) {
            self.text.push_str(": ; ");
        } else {
            self.text.push_str(&format!("H{hole}H"));
        }
        self.holes.push((start, self.text.len()));
    }

    /// The piece that a byte belongs to; behind the end, the place behind the last piece's text.
    fn place(&self, byte: usize) -> Place {
        let next = self.starts.partition_point(|(start, _)| *start <= byte);
        let Some((start, piece)) = next.checked_sub(1).and_then(|index| self.starts.get(index)) else {
            return Place { piece: 0, offset: 0 };
        };
        let is_hole = self.holes.iter().any(|(hole, _)| hole == start);
        Place {
            piece: *piece,
            offset: if is_hole { 0 } else { byte - start },
        }
    }

    /// The mark of the bytes from `start` up to `end`; at least one byte, which exists if there are any.
    pub(crate) fn mark(&self, start: usize, end: usize) -> Mark {
        let last = self.text.len().saturating_sub(1);
        let start = start.min(last);
        Mark {
            start: self.place(start),
            last: self.place(end.saturating_sub(1).clamp(start, last.max(start))),
        }
    }
}
