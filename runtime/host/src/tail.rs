//! Reading logs: the last lines, and what is added while one looks.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::PathError;
use crate::error::AtPath;
use crate::folder::private;

/// Bytes read at a time, from the end backwards.
const STEP_BYTES: u64 = 8 * 1024;

/// Returns the last `lines` lines of a file, at most `most_bytes` of them; a missing file has none.
///
/// A line that does not end yet counts. When the bound cuts a line, its end is returned.
///
/// # Errors
/// The file cannot be read.
pub fn last_lines(path: &Path, lines: usize, most_bytes: u64) -> Result<Vec<u8>, PathError> {
    let mut file = match private().read(true).open(path).at("open", path) {
        Ok(file) => file,
        Err(error) if error.is_missing() => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let length = file.seek(SeekFrom::End(0)).at("read", path)?;
    let mut start = length;
    let mut bytes = Vec::new();
    loop {
        if let Some(cut) = start_of_last(&bytes, lines) {
            return Ok(bytes.split_off(cut));
        }
        let left = start
            .min(STEP_BYTES)
            .min(most_bytes.saturating_sub(length - start));
        if left == 0 {
            return Ok(bytes);
        }
        start -= left;
        let mut step = Vec::new();
        file.seek(SeekFrom::Start(start)).at("read", path)?;
        (&file).take(left).read_to_end(&mut step).at("read", path)?;
        step.append(&mut bytes);
        bytes = step;
    }
}

/// Reads a log that grows. The file may not exist yet.
#[derive(Clone, Debug)]
pub struct LogReader {
    path: PathBuf,
    offset: u64,
}

impl LogReader {
    /// Reads from the beginning.
    pub fn new(path: PathBuf) -> Self {
        Self { path, offset: 0 }
    }

    /// Reads from `offset`, bytes from the beginning.
    pub fn at(path: PathBuf, offset: u64) -> Self {
        Self { path, offset }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns what follows, at most `most_bytes`; nothing at the end or while the file is missing.
    ///
    /// A file that was cut is read from its beginning again.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(&mut self, most_bytes: u64) -> Result<Vec<u8>, PathError> {
        let path = &self.path;
        let mut file = match private().read(true).open(path).at("open", path) {
            Ok(file) => file,
            Err(error) if error.is_missing() => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let length = file.seek(SeekFrom::End(0)).at("read", path)?;
        if length < self.offset {
            self.offset = 0;
        }
        file.seek(SeekFrom::Start(self.offset)).at("read", path)?;
        let mut bytes = Vec::new();
        file.take(most_bytes).read_to_end(&mut bytes).at("read", path)?;
        self.offset += bytes.len() as u64;
        Ok(bytes)
    }
}

/// Where the last `lines` lines start, if that many, and the end of the one before, are in `bytes`.
fn start_of_last(bytes: &[u8], lines: usize) -> Option<usize> {
    if lines == 0 {
        return Some(bytes.len());
    }
    let is_open = bytes.last().is_some_and(|byte| *byte != b'\n');
    let ends = bytes.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
    let skipped = if is_open { lines - 1 } else { lines };
    ends.map(|(place, _)| place + 1).nth(skipped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(content: &[u8], lines: usize, most_bytes: u64) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stderr");
        std::fs::write(&path, content).unwrap();
        String::from_utf8(last_lines(&path, lines, most_bytes).unwrap()).unwrap()
    }

    #[test]
    fn the_last_lines_are_returned() {
        assert_eq!(last(b"a\nb\nc\n", 2, 1000), "b\nc\n");
        assert_eq!(last(b"a\nb\nc", 2, 1000), "b\nc");
        assert_eq!(last(b"a\nb\n", 9, 1000), "a\nb\n");
        assert_eq!(last(b"a\nb\n", 0, 1000), "");
        assert_eq!(last(b"", 3, 1000), "");
        assert_eq!(last(b"one long line\n", 1, 5), "line\n");
        assert!(last_lines(Path::new("/nowhere/log"), 3, 10).unwrap().is_empty());
    }

    #[test]
    fn a_growing_log_is_read_piece_by_piece() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stdout");
        let mut reader = LogReader::new(path.clone());
        assert_eq!(reader.read(100).unwrap(), b"");
        std::fs::write(&path, "abcdef").unwrap();
        assert_eq!(reader.read(4).unwrap(), b"abcd");
        assert_eq!(reader.read(4).unwrap(), b"ef");
        assert_eq!(reader.read(4).unwrap(), b"");
        std::fs::write(&path, "new").unwrap();
        assert_eq!(reader.read(4).unwrap(), b"new");
    }

    #[test]
    fn lines_longer_than_a_step_are_put_together() {
        let long = "x".repeat(20_000);
        let content = format!("first\n{long}\nlast\n");
        assert_eq!(last(content.as_bytes(), 2, 1 << 20), format!("{long}\nlast\n"));
        assert_eq!(last(content.as_bytes(), 3, 1 << 20), content);
    }
}
