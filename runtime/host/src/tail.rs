//! Reading logs: the last lines, and what is added while one looks.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::PathError;
use crate::copier::numbered;
use crate::error::AtPath;
use crate::folder::private;

/// Bytes read at a time, from the end backwards.
const STEP_BYTES: u64 = 8 * 1024;
/// How often the file that follows is looked for while names are on the move.
const LOOKS: u32 = 4;
const BETWEEN_LOOKS: Duration = Duration::from_millis(1);

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

/// Reads a log that grows and is turned over, from its oldest file on. No file may exist yet.
#[derive(Debug)]
pub struct LogReader {
    path: PathBuf,
    current: Option<Current>,
}

/// The file that is being read; it stays the same when it gets another name, or none.
#[derive(Debug)]
struct Current {
    file: File,
    inode: u64,
    offset: u64,
}

/// What follows on a file.
enum Next {
    /// A newer one.
    File(Current),
    /// None so far: it is the newest.
    Nothing,
}

impl LogReader {
    /// Reads from the beginning.
    pub fn new(path: PathBuf) -> Self {
        Self { path, current: None }
    }

    /// The newest file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns what follows, at most `most_bytes`; nothing at the end or while the log is missing.
    ///
    /// A file that was cut is read from its beginning again.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn read(&mut self, most_bytes: u64) -> Result<Vec<u8>, PathError> {
        loop {
            let Some(current) = &mut self.current else {
                self.current = oldest(&self.path)?;
                if self.current.is_none() {
                    return Ok(Vec::new());
                }
                continue;
            };
            let bytes = current.read(most_bytes).at("read", &self.path)?;
            if !bytes.is_empty() {
                return Ok(bytes);
            }
            let Next::File(next) = next_of(&self.path, current.inode)? else {
                return Ok(Vec::new());
            };
            // Nothing was added after it got its new name, but something may have been before that.
            let bytes = current.read(most_bytes).at("read", &self.path)?;
            if !bytes.is_empty() {
                return Ok(bytes);
            }
            self.current = Some(next);
        }
    }
}

impl Current {
    fn open(path: &Path) -> Result<Option<Self>, PathError> {
        let file = match private().read(true).open(path).at("open", path) {
            Ok(file) => file,
            Err(error) if error.is_missing() => return Ok(None),
            Err(error) => return Err(error),
        };
        let inode = file.metadata().at("look at", path)?.ino();
        Ok(Some(Self {
            file,
            inode,
            offset: 0,
        }))
    }

    fn read(&mut self, most_bytes: u64) -> io::Result<Vec<u8>> {
        let length = self.file.metadata()?.len();
        if length < self.offset {
            self.offset = 0;
        }
        self.file.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = Vec::new();
        (&self.file).take(most_bytes).read_to_end(&mut bytes)?;
        self.offset += bytes.len() as u64;
        Ok(bytes)
    }
}

/// The numbers of the files of a log that exist, the oldest file first.
fn numbers(path: &Path) -> Result<Vec<u64>, PathError> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let entries = match std::fs::read_dir(folder).at("list", folder) {
        Ok(entries) => entries,
        Err(error) if error.is_missing() => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut numbers = Vec::new();
    for entry in entries {
        let found = entry.at("list", folder)?.file_name();
        let number = found
            .to_str()
            .and_then(|found| match found.strip_prefix(&*name)? {
                "" => Some(0),
                rest => rest.strip_prefix('.')?.parse().ok(),
            });
        numbers.extend(number);
    }
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    Ok(numbers)
}

fn oldest(path: &Path) -> Result<Option<Current>, PathError> {
    for number in numbers(path)? {
        // One that is missing just got another number.
        if let Some(current) = Current::open(&numbered(path, number))? {
            return Ok(Some(current));
        }
    }
    Ok(None)
}

/// Finds the file that follows on the one with this inode.
fn next_of(path: &Path, inode: u64) -> Result<Next, PathError> {
    let inode_of = |number| {
        let found = std::fs::symlink_metadata(numbered(path, number));
        found.ok().map(|found| found.ino())
    };
    for look in 0..LOOKS {
        if look > 0 {
            std::thread::sleep(BETWEEN_LOOKS);
        }
        if inode_of(0) == Some(inode) {
            return Ok(Next::Nothing);
        }
        let found = numbers(path)?;
        if found.is_empty() {
            return Ok(Next::Nothing);
        }
        let own = found
            .iter()
            .copied()
            .find(|number| inode_of(*number) == Some(inode));
        let Some(newer) = own.and_then(|own| own.checked_sub(1)) else {
            // In the middle of a turn, or it was removed.
            continue;
        };
        let next = Current::open(&numbered(path, newer))?;
        // Names move on; they did not while its own stayed.
        if let (Some(next), true) = (next, own.and_then(inode_of) == Some(inode)) {
            return Ok(Next::File(next));
        }
    }
    Ok(match oldest(path)? {
        Some(oldest) if oldest.inode != inode => Next::File(oldest),
        Some(_) | None => Next::Nothing,
    })
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

    /// Writes a log in turns, reading now and then, and returns what was read.
    fn read_over_turns(turns: u32, reads_every: u32, kept: u64) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stdout");
        let mut reader = LogReader::new(path.clone());
        let mut text = Vec::new();
        let mut read_all = |reader: &mut LogReader| {
            while let Ok(bytes) = reader.read(3)
                && !bytes.is_empty()
            {
                text.extend(bytes);
            }
        };
        for turn in 0..turns {
            std::fs::write(&path, format!("{turn}a ")).unwrap();
            if turn % reads_every == 0 {
                read_all(&mut reader);
            }
            let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
            io::Write::write_all(&mut file, format!("{turn}b ").as_bytes()).unwrap();
            for number in (0..kept).rev() {
                let _ = std::fs::rename(numbered(&path, number), numbered(&path, number + 1));
            }
        }
        std::fs::write(&path, "end").unwrap();
        read_all(&mut reader);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_log_is_read_on_over_its_turns() {
        let all = "0a 0b 1a 1b 2a 2b 3a 3b 4a 4b end";
        assert_eq!(read_over_turns(5, 1, 9), all);
        assert_eq!(read_over_turns(5, 4, 9), all);
        // From the beginning, oldest file first.
        assert_eq!(read_over_turns(5, 7, 9), all);
        // What was removed is missing, and the rest follows.
        assert_eq!(read_over_turns(5, 7, 2), "0a 0b 3a 3b 4a 4b end");
        assert_eq!(read_over_turns(5, 1, 1), all);
    }

    #[test]
    fn lines_longer_than_a_step_are_put_together() {
        let long = "x".repeat(20_000);
        let content = format!("first\n{long}\nlast\n");
        assert_eq!(last(content.as_bytes(), 2, 1 << 20), format!("{long}\nlast\n"));
        assert_eq!(last(content.as_bytes(), 3, 1 << 20), content);
    }
}
