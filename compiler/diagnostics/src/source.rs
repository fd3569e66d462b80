//! Files as they were read, and places in them.

use std::sync::{Arc, OnceLock};

/// A file of a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A range of bytes in one file; `end` is the first byte behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// First byte behind the range.
    pub end: u32,
}

impl Span {
    /// Makes a span of `file`.
    pub fn new(file: FileId, start: u32, end: u32) -> Self {
        Self { file, start, end }
    }

    /// Returns the empty span at the start of this one.
    pub fn at_start(self) -> Self {
        Self {
            end: self.start,
            ..self
        }
    }

    /// Returns the empty span at the end of this one.
    pub fn at_end(self) -> Self {
        Self {
            start: self.end,
            ..self
        }
    }

    /// Returns the smallest span that covers both; both must be of one file, else `self` is returned.
    pub fn to(self, other: Self) -> Self {
        if self.file != other.file {
            return self;
        }
        Self {
            file: self.file,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// A place as people and editors count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in Unicode scalar values, from 1.
    pub column: u32,
    /// Offset in bytes, from 0.
    pub offset: u32,
}

/// How many lines are looked at one by one before the search goes by halves.
const SOON: usize = 8;

/// One file: its path as shown to people, and its text.
#[derive(Clone, Debug)]
pub struct SourceFile {
    path: Arc<str>,
    text: Arc<str>,
    /// Offsets of line starts, made at the first question.
    lines: OnceLock<Vec<u32>>,
}

impl SourceFile {
    /// Makes a file from its path below the project root and its text.
    pub fn new(path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
            lines: OnceLock::new(),
        }
    }

    /// Path below the project root, parts separated by `/`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The text.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    fn line_starts(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let breaks = memchr::memchr_iter(b'\n', self.text.as_bytes());
            std::iter::once(0).chain(breaks.map(|at| at as u32 + 1)).collect()
        })
    }

    /// Returns the position of a byte offset; an offset inside a character or behind the end moves back.
    pub fn position(&self, offset: u32) -> Position {
        self.position_near(offset, 1)
    }

    /// Like [`SourceFile::position`], and quick where the answer is on the line `near` or soon behind it.
    pub fn position_near(&self, offset: u32, near: u32) -> Position {
        let mut at = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let starts = self.line_starts();
        let is_before = |start: &u32| *start as usize <= at;
        let line = match starts.get(near.saturating_sub(1) as usize..) {
            Some(rest @ [first, ..]) if is_before(first) => {
                let soon = rest.get(..SOON).unwrap_or(rest);
                let passed = soon.iter().take_while(|start| is_before(start)).count();
                let passed = match passed == soon.len() {
                    true => rest.partition_point(is_before),
                    false => passed,
                };
                near.max(1) as usize - 1 + passed
            }
            _ => starts.partition_point(is_before).max(1),
        };
        let start = starts.get(line - 1).map_or(0, |start| *start as usize);
        let column = self
            .text
            .get(start..at)
            .map_or(0, |before| before.chars().count());
        Position {
            line: line as u32,
            column: column as u32 + 1,
            offset: at as u32,
        }
    }

    /// Returns the text of one line, from 1, without its line break.
    pub fn line(&self, line: u32) -> Option<&str> {
        let starts = self.line_starts();
        let index = (line as usize).checked_sub(1)?;
        let start = *starts.get(index)? as usize;
        let end = starts
            .get(index + 1)
            .map_or(self.text.len(), |next| *next as usize);
        Some(self.text.get(start..end)?.trim_end_matches(['\n', '\r']))
    }
}

/// All files of one run, by [`FileId`] in the order they were added.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Adds a file.
    pub fn add(&mut self, file: SourceFile) -> FileId {
        self.files.push(file);
        FileId(self.files.len() as u32 - 1)
    }

    /// Returns a file; an id of another map may give nothing.
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// Returns all files in order.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files
            .iter()
            .enumerate()
            .map(|(i, file)| (FileId(i as u32), file))
    }

    /// Returns the text a span covers, empty for a span of another map.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.file)
            .and_then(|file| file.text.get(span.start as usize..span.end as usize))
            .unwrap_or("")
    }

    /// Returns the path of a span's file and the positions of its two ends.
    pub fn locate(&self, span: Span) -> Option<(&str, Position, Position)> {
        let file = self.get(span.file)?;
        Some((file.path(), file.position(span.start), file.position(span.end)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_scalar_values() {
        let file = SourceFile::new("a.aur", "ab\näx\r\n");
        let at = |offset| {
            let p = file.position(offset);
            (p.line, p.column, p.offset)
        };
        assert_eq!(at(0), (1, 1, 0));
        assert_eq!(at(2), (1, 3, 2));
        assert_eq!(at(3), (2, 1, 3));
        assert_eq!(at(4), (2, 1, 3), "inside a character");
        assert_eq!(at(5), (2, 2, 5));
        assert_eq!(at(99), (3, 1, 8));
        for near in 0..6 {
            for offset in 0..12 {
                assert_eq!(
                    file.position_near(offset, near),
                    file.position(offset),
                    "{offset} near {near}"
                );
            }
        }
        let long = SourceFile::new("b.aur", "x\n".repeat(40));
        for near in [1, 2, 9, 30, 41, 42] {
            for offset in 0..81 {
                assert_eq!(long.position_near(offset, near).line, offset / 2 + 1);
            }
        }
        assert_eq!(file.line(2), Some("äx"));
        assert_eq!(file.line(3), Some(""));
        assert_eq!(file.line(4), None);
    }
}
