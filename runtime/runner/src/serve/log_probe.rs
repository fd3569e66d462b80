//! Looking for a line in the growing output of a run.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use regex::bytes::Regex;

/// The most that is read of one file at a time, bytes: the runner has other things to do.
const MOST_AT_ONCE: u64 = 1 << 20;
/// A longer line is judged in pieces of this length, bytes.
const MOST_LINE: usize = 1 << 16;

/// What came of one look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// A line matches.
    Found,
    /// None of those that there are.
    Absent,
    /// None so far, and there is more to read already.
    More,
}

/// The two outputs of a run, and how far they were read.
#[derive(Debug)]
pub(super) struct LogProbe {
    regex: Regex,
    files: Vec<Output>,
}

#[derive(Debug)]
struct Output {
    path: PathBuf,
    /// Which file it was: another one has its place once it is turned over.
    inode: Option<u64>,
    offset: u64,
    /// The beginning of a line whose end has not come yet.
    line: Vec<u8>,
}

impl LogProbe {
    pub(super) fn new(regex: Regex, paths: [PathBuf; 2]) -> Self {
        let output = |path| Output {
            path,
            inode: None,
            offset: 0,
            line: Vec::new(),
        };
        Self {
            regex,
            files: paths.map(output).into(),
        }
    }

    /// Reads on. A file that cannot be read, or is not there yet, has no lines.
    pub(super) fn look(&mut self) -> Look {
        let mut found = Look::Absent;
        for output in &mut self.files {
            match output.look(&self.regex).unwrap_or(Look::Absent) {
                Look::Found => return Look::Found,
                Look::More => found = Look::More,
                Look::Absent => {}
            }
        }
        found
    }
}

impl Output {
    fn look(&mut self, regex: &Regex) -> std::io::Result<Look> {
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Look::Absent),
            file => file?,
        };
        let metadata = file.metadata()?;
        let (length, inode) = (metadata.len(), Some(metadata.ino()));
        if length < self.offset || self.inode != inode {
            self.inode = inode;
            self.offset = 0;
            self.line.clear();
        }
        file.seek(SeekFrom::Start(self.offset))?;
        let mut new = Vec::new();
        let count = file.take(MOST_AT_ONCE).read_to_end(&mut new)?;
        self.offset = self.offset.saturating_add(u64::try_from(count).unwrap_or(0));
        for piece in new.split_inclusive(|byte| *byte == b'\n') {
            for part in piece.chunks(MOST_LINE) {
                if self.line.len().saturating_add(part.len()) > MOST_LINE {
                    self.line.clear();
                }
                self.line.extend_from_slice(part);
                let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
                // What has no end yet counts: a prompt never gets one.
                if regex.is_match(line.strip_suffix(b"\r").unwrap_or(line)) {
                    return Ok(Look::Found);
                }
                if self.line.ends_with(b"\n") {
                    self.line.clear();
                }
            }
        }
        Ok(if self.offset < length {
            Look::More
        } else {
            Look::Absent
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn probe(regex: &str, folder: &std::path::Path) -> LogProbe {
        LogProbe::new(
            Regex::new(regex).unwrap(),
            [folder.join("stdout"), folder.join("stderr")],
        )
    }

    #[test]
    fn lines_are_found_as_they_come() {
        let folder = tempfile::tempdir().unwrap();
        let mut probe = probe("^listening on [0-9]+$", folder.path());
        assert_eq!(probe.look(), Look::Absent);
        let mut file = File::create(folder.path().join("stderr")).unwrap();
        file.write_all(b"not listening on 1\nlisten").unwrap();
        assert_eq!(probe.look(), Look::Absent);
        file.write_all(b"ing on \xff").unwrap();
        assert_eq!(probe.look(), Look::Absent);
        file.write_all(b"\nlistening on 80\r\nmore").unwrap();
        assert_eq!(probe.look(), Look::Found);
    }

    #[test]
    fn a_line_without_end_counts() {
        let folder = tempfile::tempdir().unwrap();
        let mut probe = probe("ready", folder.path());
        std::fs::write(folder.path().join("stdout"), "ready> ").unwrap();
        assert_eq!(probe.look(), Look::Found);
    }

    #[test]
    fn much_output_is_read_in_turns_and_little_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut probe = probe("needle", folder.path());
        let mut output = vec![b'x'; 3 << 20];
        output.extend_from_slice(b"\nneedle\n");
        std::fs::write(folder.path().join("stdout"), output).unwrap();
        let looks: Vec<Look> = (0..4).map(|_| probe.look()).collect();
        assert_eq!(looks, [Look::More, Look::More, Look::More, Look::Found]);
        assert!(probe.files[0].line.len() <= MOST_LINE);
    }

    #[test]
    fn a_file_that_was_turned_over_is_read_from_its_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let mut probe = probe("needle", folder.path());
        let path = folder.path().join("stdout");
        std::fs::write(&path, "a long line of hay\n").unwrap();
        assert_eq!(probe.look(), Look::Absent);
        std::fs::rename(&path, folder.path().join("stdout.1")).unwrap();
        std::fs::write(&path, "needle, and more than there was before\n").unwrap();
        assert_eq!(probe.look(), Look::Found);
    }
}
