//! The journal of a task: an append-only file of checked records.
//!
//! ```text
//! file    "aurjrnl\n"  version: u32  crc: u32 (of the 12 bytes before)
//! record  length: u32  version: u32  sequence: u64  crc: u32  payload
//! ```
//!
//! Numbers are little-endian. The checksum of a record is CRC-32 (IEEE, crate crc32fast) over length,
//! version, sequence and payload. Sequences count from 0 without gaps.
//!
//! A crash can leave a torn record at the end: reading stops there, and opening for writing cuts it off.
//! A bad record with a good one behind it is not a torn tail but damage, and is refused with its place.
//!
//! Invariants
//! - What a [`Journal::commit`] to the disk has confirmed is there for good, whole and in order.
//! - A failed commit leaves the file ending at the last durable record and keeps the rest for the next try.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::PathError;
use crate::error::AtPath;
use crate::folder::private;

const MAGIC: &[u8; 8] = b"aurjrnl\n";
const VERSION: u32 = 1;
const FILE_HEADER_BYTES: usize = 16;
const RECORD_HEADER_BYTES: usize = 20;
const LONGEST_PAYLOAD_BYTES: usize = 64 * 1024 * 1024;

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk refused.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The file does not begin as a journal does.
    #[error("{} is not a journal of aur", path.display())]
    NotAJournal {
        /// The file.
        path: PathBuf,
    },
    /// A newer program wrote it.
    #[error("{} has journal format {found}, this program knows formats up to {VERSION}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u32,
    },
    /// Good records follow a bad one.
    #[error("the journal {} is damaged at byte {offset}: the record there does not match its checksum, but later ones do", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the bad record starts.
        offset: u64,
    },
    /// One record is longer than the format allows.
    #[error("a record of {bytes} bytes is longer than a journal holds")]
    TooLong {
        /// Length of the record.
        bytes: usize,
    },
}

impl JournalError {
    /// Whether the disk is full.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Path(error) if error.is_disk_full())
    }
}

/// A journal open for writing. The caller holds the task's lock.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    durable_bytes: u64,
    next_sequence: u64,
    /// The records that are not known to be durable.
    pending: Vec<u8>,
    /// How much of `pending` is in the file.
    written_bytes: usize,
    /// Whether the file may hold more than that, left by a failed commit.
    has_litter: bool,
}

/// How safe records are to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safety {
    /// In the file, for readers to see; they survive the end of this program.
    Written,
    /// On the disk; they survive the end of the machine.
    Durable,
}

impl Journal {
    /// Creates a journal; it is durable after the first commit, once its folder is too.
    ///
    /// # Errors
    /// The file exists or cannot be written.
    pub fn create(path: &Path) -> Result<Self, PathError> {
        let mut file = private()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)
            .at("create", path)?;
        file.write_all(&file_header()).at("write", path)?;
        Ok(Self {
            file,
            path: path.to_path_buf(),
            durable_bytes: FILE_HEADER_BYTES as u64,
            next_sequence: 0,
            pending: Vec::new(),
            written_bytes: 0,
            has_litter: false,
        })
    }

    /// Opens a journal, cuts off a torn tail, and returns the payloads in order.
    ///
    /// # Errors
    /// The file cannot be read or cut, or is damaged before its tail.
    pub fn open(path: &Path) -> Result<(Self, Vec<Vec<u8>>), JournalError> {
        let mut file = private().read(true).write(true).open(path).at("open", path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).at("read", path)?;
        let scan = scan(&bytes, path)?;
        let durable_bytes = scan.good_bytes as u64;
        if scan.good_bytes < bytes.len() {
            file.set_len(durable_bytes).at("cut", path)?;
        }
        // The runner before may have died between its last write and its sync.
        file.sync_data().at("make durable", path)?;
        let journal = Self {
            file,
            path: path.to_path_buf(),
            durable_bytes,
            next_sequence: scan.payloads.len() as u64,
            pending: Vec::new(),
            written_bytes: 0,
            has_litter: false,
        };
        Ok((journal, scan.payloads))
    }

    /// Adds a record to what the next commit writes.
    ///
    /// # Errors
    /// The record is longer than 64 MiB.
    pub fn append(&mut self, payload: &[u8]) -> Result<(), JournalError> {
        let length = u32::try_from(payload.len())
            .ok()
            .filter(|_| payload.len() <= LONGEST_PAYLOAD_BYTES)
            .ok_or(JournalError::TooLong { bytes: payload.len() })?;
        let head = record_head(length, self.next_sequence);
        self.pending.extend_from_slice(&head);
        self.pending
            .extend_from_slice(&record_crc(&head, payload).to_le_bytes());
        self.pending.extend_from_slice(payload);
        self.next_sequence += 1;
        Ok(())
    }

    /// Writes all added records, and for [`Safety::Durable`] waits until all of them are on the disk.
    ///
    /// # Errors
    /// The disk refuses. The records are kept, and the next commit tries them again.
    pub fn commit(&mut self, safety: Safety) -> Result<(), PathError> {
        let result = self.write_pending(safety);
        if result.is_err() {
            self.has_litter = true;
            self.written_bytes = 0;
            // The next commit cuts again if this fails.
            let _ = self.cut_litter();
        }
        result
    }

    fn write_pending(&mut self, safety: Safety) -> Result<(), PathError> {
        self.cut_litter()?;
        let unwritten = self.pending.get(self.written_bytes..).unwrap_or_default();
        if !unwritten.is_empty() {
            let end = self.durable_bytes + self.written_bytes as u64;
            self.file.seek(SeekFrom::Start(end)).at("write", &self.path)?;
            self.file.write_all(unwritten).at("write", &self.path)?;
            self.written_bytes = self.pending.len();
        }
        if safety == Safety::Durable && !self.pending.is_empty() {
            self.file.sync_data().at("make durable", &self.path)?;
            self.durable_bytes += self.pending.len() as u64;
            self.pending.clear();
            self.written_bytes = 0;
        }
        Ok(())
    }

    fn cut_litter(&mut self) -> Result<(), PathError> {
        if self.has_litter {
            self.file.set_len(self.durable_bytes).at("cut", &self.path)?;
            self.has_litter = false;
        }
        Ok(())
    }
}

/// Reads the first record of a journal; `None` if it has none yet.
///
/// # Errors
/// The file cannot be read or is no journal.
pub fn read_first(path: &Path) -> Result<Option<Vec<u8>>, JournalError> {
    let mut file = private().read(true).open(path).at("open", path)?;
    let mut bytes = vec![0; FILE_HEADER_BYTES + RECORD_HEADER_BYTES];
    file.read_exact(&mut bytes).at("read", path)?;
    let start = check_file_header(&bytes, path)?;
    let length = u32_at(&bytes, start).map_or(0, u64::from);
    (&file).take(length).read_to_end(&mut bytes).at("read", path)?;
    Ok(record_at(bytes.get(start..).unwrap_or_default()).map(|record| record.payload.to_vec()))
}

/// Reads all whole records without changing the file; a torn tail is passed over.
///
/// # Errors
/// The file cannot be read, or is damaged before its tail.
pub fn read(path: &Path) -> Result<Vec<Vec<u8>>, JournalError> {
    let mut follower = Follower::open(path)?;
    follower.read_new()
}

/// Reads a journal while a runner appends to it.
#[derive(Debug)]
pub struct Follower {
    file: File,
    path: PathBuf,
    read_bytes: u64,
    next_sequence: u64,
}

impl Follower {
    /// Opens a journal at its beginning.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        Ok(Self {
            file: private().read(true).open(path).at("open", path)?,
            path: path.to_path_buf(),
            read_bytes: 0,
            next_sequence: 0,
        })
    }

    /// Returns the payloads that were added since the last call, in order.
    ///
    /// A record that is not yet whole is left for a later call.
    ///
    /// # Errors
    /// The file cannot be read or is damaged.
    pub fn read_new(&mut self) -> Result<Vec<Vec<u8>>, JournalError> {
        self.file
            .seek(SeekFrom::Start(self.read_bytes))
            .at("read", &self.path)?;
        let mut bytes = Vec::new();
        self.file.read_to_end(&mut bytes).at("read", &self.path)?;
        let start = match self.read_bytes {
            0 => check_file_header(&bytes, &self.path)?,
            _ => 0,
        };
        let place = Place {
            path: &self.path,
            offset: self.read_bytes,
        };
        let scan = scan_records(&bytes, start, self.next_sequence, place)?;
        self.read_bytes += scan.good_bytes as u64;
        self.next_sequence += scan.payloads.len() as u64;
        Ok(scan.payloads)
    }
}

struct Scan {
    payloads: Vec<Vec<u8>>,
    /// Bytes of the input up to the end of the last good record.
    good_bytes: usize,
}

/// Where the scanned bytes come from.
#[derive(Clone, Copy)]
struct Place<'a> {
    path: &'a Path,
    offset: u64,
}

fn scan(bytes: &[u8], path: &Path) -> Result<Scan, JournalError> {
    let start = check_file_header(bytes, path)?;
    scan_records(bytes, start, 0, Place { path, offset: 0 })
}

fn scan_records(
    bytes: &[u8],
    start: usize,
    first_sequence: u64,
    place: Place<'_>,
) -> Result<Scan, JournalError> {
    let mut scan = Scan {
        payloads: Vec::new(),
        good_bytes: start,
    };
    loop {
        let rest = bytes.get(scan.good_bytes..).unwrap_or_default();
        let sequence = first_sequence + scan.payloads.len() as u64;
        match record_at(rest) {
            Some(record) if record.sequence == sequence => {
                scan.payloads.push(record.payload.to_vec());
                scan.good_bytes += RECORD_HEADER_BYTES + record.payload.len();
            }
            Some(_) => return Err(damaged(&scan, place)),
            None if has_later_record(rest, sequence) => return Err(damaged(&scan, place)),
            None => return Ok(scan),
        }
    }
}

fn damaged(scan: &Scan, place: Place<'_>) -> JournalError {
    JournalError::Damaged {
        path: place.path.to_path_buf(),
        offset: place.offset + scan.good_bytes as u64,
    }
}

struct Record<'a> {
    sequence: u64,
    payload: &'a [u8],
}

/// Reads one record from the start of `bytes`, if it is whole, of our version, and matches its checksum.
fn record_at(bytes: &[u8]) -> Option<Record<'_>> {
    let (head, rest) = bytes.split_first_chunk::<16>()?;
    let length = usize::try_from(u32_at(head, 0)?).ok()?;
    let (crc, rest) = rest.split_first_chunk::<4>()?;
    let payload = rest.get(..length)?;
    let is_good = u32_at(head, 4)? == VERSION && record_crc(head, payload) == u32::from_le_bytes(*crc);
    is_good.then_some(Record {
        sequence: u64::from_le_bytes(*head.last_chunk::<8>()?),
        payload,
    })
}

/// Whether a good record that belongs behind `sequence` stands anywhere in `bytes`.
fn has_later_record(bytes: &[u8], sequence: u64) -> bool {
    let most = (bytes.len() / RECORD_HEADER_BYTES) as u64;
    (1..bytes.len()).any(|start| {
        let rest = bytes.get(start..).unwrap_or_default();
        // The version is compared first: it spares nearly every place the checksum.
        u32_at(rest, 4) == Some(VERSION)
            && record_at(rest)
                .is_some_and(|record| record.sequence > sequence && record.sequence - sequence <= most)
    })
}

fn u32_at(bytes: &[u8], start: usize) -> Option<u32> {
    let field = bytes.get(start..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*field))
}

fn record_head(length: u32, sequence: u64) -> [u8; 16] {
    let mut head = [0; 16];
    head[..4].copy_from_slice(&length.to_le_bytes());
    head[4..8].copy_from_slice(&VERSION.to_le_bytes());
    head[8..].copy_from_slice(&sequence.to_le_bytes());
    head
}

fn record_crc(head: &[u8; 16], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(head);
    hasher.update(payload);
    hasher.finalize()
}

fn file_header() -> [u8; FILE_HEADER_BYTES] {
    let mut header = [0; FILE_HEADER_BYTES];
    header[..8].copy_from_slice(MAGIC);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    let crc = crc32fast::hash(&header[..12]);
    header[12..].copy_from_slice(&crc.to_le_bytes());
    header
}

/// Returns the length of the file header.
fn check_file_header(bytes: &[u8], path: &Path) -> Result<usize, JournalError> {
    let header = bytes.first_chunk::<FILE_HEADER_BYTES>();
    let is_whole = header.is_some_and(|header| {
        header.starts_with(MAGIC) && u32_at(header, 12) == Some(crc32fast::hash(&header[..12]))
    });
    if !is_whole {
        return Err(JournalError::NotAJournal {
            path: path.to_path_buf(),
        });
    }
    match u32_at(bytes, 8) {
        Some(VERSION) => Ok(FILE_HEADER_BYTES),
        found => Err(JournalError::Newer {
            path: path.to_path_buf(),
            found: found.unwrap_or(0),
        }),
    }
}

#[cfg(test)]
mod tests;
