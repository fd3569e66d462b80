//! Reads commands, each shape once.

use std::collections::HashMap;

use crate::grammar::{Brush, Grammar, Stop};
use crate::joined::{Fill, Joined, Kept};
use crate::plain::plain_commands;
use crate::scan::{Scanned, Segment, scan};
use crate::{Fault, Piece, Quoting, Reading, When, message};

/// Bytes of a command that is judged.
const MAX_COMMAND: usize = 64 << 10;
/// Shapes that are remembered.
const MAX_SHAPES: usize = 4096;
/// Faults that are looked for: each takes a dozen readings.
const MAX_FAULTS: usize = 500;

/// Holes that are tried as finished commands one by one.
const MAX_TRIES: usize = 8;

/// Reads commands and remembers the shapes that the grammar has judged.
#[derive(Default)]
pub struct Reader {
    grammar: Brush,
    shapes: HashMap<Vec<u8>, bool>,
    /// Commands that hold a fault.
    faults: HashMap<String, Option<Fault>>,
}

impl Reader {
    /// Reads one command.
    pub fn read(&mut self, pieces: &[Piece<'_>]) -> Reading {
        if let Some(holes) = plain_commands(pieces) {
            return Reading { fault: None, holes };
        }
        let joined = Joined::new(pieces, Kept::All, Fill::Word);
        if joined.text.len() > MAX_COMMAND {
            let holes = vec![Quoting::Unknown; joined.holes.len()];
            return Reading { fault: None, holes };
        }
        let scanned = scan(&joined.text, &joined.holes);
        if self.is_sound(&scanned) {
            return Reading {
                fault: None,
                holes: scanned.holes,
            };
        }
        let key = key(pieces, &joined);
        let fault = match self.faults.get(&key) {
            Some(fault) => fault.clone(),
            None if self.faults.len() >= MAX_FAULTS => None,
            None => {
                let fault = self.fault(pieces, &joined, &scanned);
                self.faults.insert(key, fault.clone());
                fault
            }
        };
        Reading {
            fault,
            holes: scanned.holes,
        }
    }

    /// Whether nothing is left open and the grammar knows every shape.
    fn is_sound(&mut self, scanned: &Scanned) -> bool {
        scanned.gave_up
            || scanned.unclosed.is_none() && scanned.segments.iter().all(|segment| self.knows(segment))
    }

    fn knows(&mut self, segment: &Segment) -> bool {
        let shape = shape(&segment.masked);
        if shape.iter().all(|byte| matches!(byte, b' ' | b'\n')) {
            return true;
        }
        if let Some(known) = self.shapes.get(&shape) {
            return *known;
        }
        let is_known = self.judge(&shape).is_ok();
        if self.shapes.len() < MAX_SHAPES {
            self.shapes.insert(shape, is_known);
        }
        is_known
    }

    fn judge(&self, program: &[u8]) -> Result<(), Stop> {
        // Everything else was masked, so the program is ASCII.
        match std::str::from_utf8(program) {
            Ok(program) => self.grammar.judge(program),
            Err(_) => Ok(()),
        }
    }

    /// Whether the command can be read with finished commands in its holes, or without some sections.
    fn is_sound_otherwise(&mut self, pieces: &[Piece<'_>]) -> bool {
        let has_sections = pieces.iter().any(|piece| matches!(piece, Piece::Open(_)));
        let kept: &[Kept] = if has_sections {
            &[
                Kept::All,
                Kept::Nothing,
                Kept::Only(When::Holds),
                Kept::Only(When::Fails),
            ]
        } else {
            &[Kept::All]
        };
        let holes = pieces
            .iter()
            .enumerate()
            .filter(|(_, piece)| matches!(piece, Piece::Hole(_)));
        let single = holes.take(MAX_TRIES).map(|(number, _)| Fill::CommandAt(number));
        let mut fills = vec![Fill::Word, Fill::Command];
        fills.extend(single);
        kept.iter().any(|kept| {
            fills.iter().any(|fill| {
                let joined = Joined::new(pieces, *kept, *fill);
                self.is_sound(&scan(&joined.text, &joined.holes))
            })
        })
    }

    /// The fault of a command that cannot be read with plain words in its holes, if nothing else helps.
    fn fault(&mut self, pieces: &[Piece<'_>], joined: &Joined, scanned: &Scanned) -> Option<Fault> {
        if self.is_sound_otherwise(pieces) {
            return None;
        }
        if let Some(open) = scanned.unclosed {
            return Some(message::unclosed(joined, open));
        }
        let faults = scanned.segments.iter().filter_map(|segment| {
            if self.knows(segment) {
                return None;
            }
            let stop = self.judge(&segment.masked).err()?;
            Some(message::stopped(joined, segment, stop))
        });
        faults.min_by_key(|fault| fault.mark.start)
    }
}

/// What tells commands with a fault apart: their text, and where pieces start.
fn key(pieces: &[Piece<'_>], joined: &Joined) -> String {
    use std::fmt::Write;
    let mut key = joined.text.clone();
    for piece in pieces {
        let _ = match piece {
            Piece::Text(text) => write!(key, "\0{}", text.len()),
            Piece::Hole(_) => write!(key, "\0h"),
            Piece::Open(when) => write!(key, "\0{when:?}"),
            Piece::Close => write!(key, "\0c"),
        };
    }
    key
}

/// The masked text without the lengths of words and blanks.
fn shape(masked: &[u8]) -> Vec<u8> {
    let mut shape: Vec<u8> = Vec::with_capacity(masked.len());
    for byte in masked {
        let byte = if *byte == b'\t' { b' ' } else { *byte };
        match (shape.last(), byte) {
            (Some(b'w'), b'w') | (Some(b' '), b' ') => {}
            (Some(b'\n'), b' ' | b'\n') => {}
            (Some(b' '), b'\n') => {
                shape.pop();
                if shape.last() != Some(&b'\n') {
                    shape.push(b'\n');
                }
            }
            _ => shape.push(byte),
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The short way and the long way say the same.
    #[test]
    fn ways() {
        let texts = [
            "a b",
            "a && b",
            "a &&",
            "&& a",
            "a; b;",
            "a ;; b",
            "a | b || c",
            "a 'b; c' \"d $e\"",
            "a 'b",
            "a \"b",
            "if a",
            "a if",
            "a && fi",
            "a;if",
            "iffy",
            "a=b c",
            "$x y",
            "a $",
            "a|&b",
            "time a",
            "a & b",
            "",
            " ",
            ";",
            "a\"b\"'c'd",
            "a && {{x}}",
            "{{x}} fi",
        ];
        for text in texts {
            let pieces: Vec<Piece<'_>> = match text.split_once("{{x}}") {
                Some((before, after)) => vec![Piece::Text(before), Piece::Hole(1), Piece::Text(after)],
                None => vec![Piece::Text(text)],
            };
            let joined = Joined::new(&pieces, Kept::All, Fill::Word);
            let scanned = scan(&joined.text, &joined.holes);
            let is_sound = Reader::default().is_sound(&scanned);
            if let Some(holes) = plain_commands(&pieces) {
                assert!(is_sound, "{text}");
                assert_eq!(holes, scanned.holes, "{text}");
            } else if is_sound {
                let allowed = ["time a", "a $", "a & b", "a|&b", "a if", "", " "];
                assert!(allowed.contains(&text), "`{text}` goes the long way for nothing");
            }
        }
    }
}
