//! Bytes and the positions of the protocol: lines, and columns in the unit that was agreed on.

use std::sync::Arc;

use gen_lsp_types::{Position, PositionEncodingKind, Range};

/// What columns count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    #[default]
    Utf16,
    Utf32,
}

impl Encoding {
    /// The first of those the client offers that we know; UTF-16 is what everyone knows.
    pub(crate) fn agree(offered: Option<&[PositionEncodingKind]>) -> Self {
        let known = offered.unwrap_or(&[]).iter().find_map(|kind| match kind {
            PositionEncodingKind::UTF8 => Some(Self::Utf8),
            PositionEncodingKind::UTF16 => Some(Self::Utf16),
            PositionEncodingKind::UTF32 => Some(Self::Utf32),
            PositionEncodingKind::Custom(_) => None,
        });
        known.unwrap_or_default()
    }

    pub(crate) fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
            Self::Utf32 => PositionEncodingKind::UTF32,
        }
    }

    fn length(self, text: &str) -> u32 {
        let length = match self {
            Self::Utf8 => text.len(),
            Self::Utf16 => text.encode_utf16().count(),
            Self::Utf32 => text.chars().count(),
        };
        length as u32
    }

    /// Bytes of the first `units` of a line; what lies behind its end is its end.
    fn bytes(self, line: &str, units: u32) -> usize {
        let mut left = units;
        for (at, character) in line.char_indices() {
            let width = match self {
                Self::Utf8 => character.len_utf8(),
                Self::Utf16 => character.len_utf16(),
                Self::Utf32 => 1,
            } as u32;
            // A position within a character is the character's.
            if left < width {
                return at;
            }
            left -= width;
        }
        line.len()
    }
}

/// The lines of a text.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    text: Arc<str>,
    starts: Vec<u32>,
    encoding: Encoding,
}

impl Lines {
    pub(crate) fn new(text: Arc<str>, encoding: Encoding) -> Self {
        let breaks = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at as u32 + 1);
        let starts = std::iter::once(0).chain(breaks).collect();
        Self {
            text,
            starts,
            encoding,
        }
    }

    /// First byte of a line, from 0, and the line without its break.
    fn line(&self, line: usize) -> Option<(usize, &str)> {
        let start = *self.starts.get(line)? as usize;
        let end = self
            .starts
            .get(line + 1)
            .map_or(self.text.len(), |next| *next as usize);
        let text = self.text.get(start..end)?;
        Some((start, text.trim_end_matches(['\n', '\r'])))
    }

    /// Returns the position of a byte; inside of a character, that of the character.
    pub(crate) fn position(&self, offset: u32) -> Position {
        let mut at = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let line = self.starts.partition_point(|start| *start as usize <= at).max(1) - 1;
        let start = self.starts.get(line).map_or(0, |start| *start as usize);
        let before = self.text.get(start..at).unwrap_or("");
        Position {
            line: line as u32,
            character: self.encoding.length(before),
        }
    }

    pub(crate) fn range(&self, start: u32, end: u32) -> Range {
        Range {
            start: self.position(start),
            end: self.position(end),
        }
    }

    /// Returns the byte of a position; what lies behind the end of a line, or of the text, is that end.
    pub(crate) fn offset(&self, position: Position) -> u32 {
        let offset = match self.line(position.line as usize) {
            Some((start, line)) => start + self.encoding.bytes(line, position.character),
            None => self.text.len(),
        };
        offset as u32
    }

    /// Returns first byte and end of a range; never the end before the start.
    pub(crate) fn bytes(&self, range: Range) -> (u32, u32) {
        let start = self.offset(range.start);
        (start, self.offset(range.end).max(start))
    }

    pub(crate) fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// How long a piece of the text is in the unit of columns.
    pub(crate) fn length(&self, start: u32, end: u32) -> u32 {
        self.encoding
            .length(self.text.get(start as usize..end as usize).unwrap_or(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "ab\r\n\u{1f600}x\u{e4}\n";

    fn at(encoding: Encoding, offset: u32) -> (u32, u32) {
        let position = Lines::new(TEXT.into(), encoding).position(offset);
        (position.line, position.character)
    }

    #[test]
    fn columns_count_in_the_unit_of_the_client() {
        // Behind the emoji, behind `x`, behind the umlaut.
        for (encoding, columns) in [
            (Encoding::Utf8, [4, 5, 7]),
            (Encoding::Utf16, [2, 3, 4]),
            (Encoding::Utf32, [1, 2, 3]),
        ] {
            let found = [8, 9, 11].map(|offset| at(encoding, offset).1);
            assert_eq!(found, columns, "{encoding:?}");
        }
    }

    #[test]
    fn every_boundary_comes_back() {
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
            let lines = Lines::new(TEXT.into(), encoding);
            for (offset, character) in TEXT.char_indices() {
                // Between the two bytes of a line break stands nobody.
                if character != '\n' || !TEXT.get(..offset).is_some_and(|text| text.ends_with('\r')) {
                    assert_eq!(lines.offset(lines.position(offset as u32)), offset as u32);
                }
            }
        }
    }

    #[test]
    fn what_lies_outside_is_the_nearest_end() {
        let lines = Lines::new(TEXT.into(), Encoding::Utf16);
        let offset = |line, character| lines.offset(Position { line, character });
        assert_eq!([offset(0, 99), offset(1, 1), offset(9, 0)], [2, 4, 12]);
        let upside_down = Range {
            start: Position {
                line: 1,
                character: 0,
            },
            end: Position {
                line: 0,
                character: 0,
            },
        };
        assert_eq!(lines.bytes(upside_down), (4, 4));
    }
}
