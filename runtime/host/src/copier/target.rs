//! Files that are turned over at a size, between lines.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{BUFFER_BYTES, Destination, Dropped};
use crate::folder::{make_folder, private};

/// One stream of a run and where it goes.
#[derive(Debug)]
pub(super) struct Stream {
    targets: Vec<Target>,
    /// The beginning of a line that waits for its end, as a file may be too full for it.
    held: Vec<u8>,
}

impl Stream {
    pub(super) fn new(destinations: &[Destination]) -> Self {
        let mut targets: Vec<Target> = destinations.iter().map(Target::new).collect();
        for target in &mut targets {
            // The file is there from the beginning, also when nothing is ever written. A refusal comes
            // again with the first bytes.
            let _ = target.open();
        }
        Self {
            targets,
            held: Vec::new(),
        }
    }

    /// Writes bytes, up to the beginning of a line that may not fit.
    ///
    /// # Errors
    /// A file refuses; what it did not take waits for [`Stream::retry`].
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.held.is_empty() {
            let end = self.end_of_ready(bytes);
            let (ready, rest) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
            let result = self.put(ready);
            self.held.extend_from_slice(rest);
            return result;
        }
        self.held.extend_from_slice(bytes);
        let held = std::mem::take(&mut self.held);
        let end = self.end_of_ready(&held);
        let (ready, rest) = held.split_at_checked(end).unwrap_or((&held, &[]));
        let result = self.put(ready);
        self.held = rest.to_vec();
        result
    }

    /// Where the bytes end that can be written now.
    fn end_of_ready(&self, bytes: &[u8]) -> usize {
        let has_room = self
            .targets
            .iter()
            .all(|target| target.has_room_behind(bytes.len()));
        match memchr::memrchr(b'\n', bytes) {
            _ if has_room => bytes.len(),
            Some(end) if bytes.len() - end - 1 < BUFFER_BYTES => end + 1,
            None if bytes.len() < BUFFER_BYTES => 0,
            Some(_) | None => bytes.len(),
        }
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut result = Ok(());
        for target in &mut self.targets {
            if let Err(error) = target.write(bytes) {
                result = Err(error);
            }
        }
        result
    }

    /// Tries what was refused once more.
    pub(super) fn retry(&mut self) -> io::Result<()> {
        self.targets.iter_mut().try_for_each(|target| target.write(&[]))
    }

    /// Writes what was held back.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        self.put(&held)
    }

    /// Leaves out what was refused.
    pub(super) fn give_up(&mut self, dropped: &mut Dropped) {
        for target in &mut self.targets {
            dropped.add(&target.refused);
            target.refused.clear();
        }
    }
}

/// A file and its older ones.
#[derive(Debug)]
struct Target {
    path: PathBuf,
    limit: u64,
    backups: u64,
    file: Option<File>,
    size: u64,
    /// Whether the last byte ended a line.
    is_between_lines: bool,
    /// What the disk did not take so far.
    refused: Vec<u8>,
}

impl Target {
    fn new(destination: &Destination) -> Self {
        Self {
            path: destination.path.clone(),
            limit: match destination.limit_bytes {
                0 => u64::MAX,
                limit => limit,
            },
            backups: destination.backups,
            file: None,
            size: 0,
            is_between_lines: true,
            refused: Vec::new(),
        }
    }

    /// Whether a line that begins in the last of `count` bytes would still fit, however long we let it be.
    fn has_room_behind(&self, count: usize) -> bool {
        let longest = self.size.saturating_add((count + BUFFER_BYTES) as u64);
        longest <= self.limit
    }

    fn open(&mut self) -> io::Result<&mut File> {
        match self.file {
            Some(ref mut file) => Ok(file),
            None => {
                if let Some(folder) = self.path.parent() {
                    make_folder(folder).map_err(|error| error.source)?;
                }
                let mut options = private();
                let mut file = options.read(true).append(true).create(true).open(&self.path)?;
                self.size = file.metadata()?.len();
                self.is_between_lines = match self.size {
                    0 => true,
                    size => {
                        let mut last = [0];
                        file.seek(SeekFrom::Start(size - 1))?;
                        file.read_exact(&mut last)?;
                        last == *b"\n"
                    }
                };
                Ok(self.file.insert(file))
            }
        }
    }

    /// Writes what was refused before, then `bytes`. Keeps what the disk does not take.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.refused.is_empty() {
            self.refused.extend_from_slice(bytes);
            let waiting = std::mem::take(&mut self.refused);
            return self.write_or_keep(&waiting);
        }
        self.write_or_keep(bytes)
    }

    fn write_or_keep(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.write_some(rest) {
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.refused = rest.to_vec();
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Writes what fits into the current file, or turns it over; returns how much was written.
    fn write_some(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.open()?;
        let room = usize::try_from(self.limit.saturating_sub(self.size)).unwrap_or(usize::MAX);
        let count = match bytes.get(..room).filter(|_| bytes.len() > room) {
            None => bytes.len(),
            Some(fitting) => match memchr::memrchr(b'\n', fitting) {
                Some(end) => end + 1,
                // A line that is longer than a file, or begun in this one, cannot stay whole.
                None if self.size == 0 || !self.is_between_lines => room,
                None => 0,
            },
        };
        if count == 0 {
            self.turn_over()?;
            return Ok(0);
        }
        let fitting = bytes.get(..count).unwrap_or_default();
        let written = self.open()?.write(fitting)?;
        self.size += written as u64;
        self.is_between_lines = fitting.get(..written).is_some_and(|part| part.ends_with(b"\n"));
        Ok(written)
    }

    /// Gives each older file the next number and begins a new one.
    fn turn_over(&mut self) -> io::Result<()> {
        if self.backups == 0 {
            std::fs::remove_file(&self.path)?;
        }
        for number in (0..self.backups).rev() {
            let from = numbered(&self.path, number);
            match std::fs::rename(&from, numbered(&self.path, number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        self.file = None;
        self.open().map(|_| ())
    }
}

/// The path of an older file; 0 is the current one.
pub(crate) fn numbered(path: &Path, number: u64) -> PathBuf {
    match number {
        0 => path.to_path_buf(),
        number => {
            let mut name = path.as_os_str().to_os_string();
            name.push(format!(".{number}"));
            name.into()
        }
    }
}
