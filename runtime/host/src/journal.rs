//! The journal of a task: an append-only file of checked records.
//!
//! ```text
//! file    "aurjrnl\n"  version: u32  crc: u32 (of the 12 bytes before)
//! record  length: u32  version: u32  sequence: u64  crc: u32  payload
//! ```
//!
//! A journal that was made shorter has version 2 and goes on counting:
//!
//! ```text
//! file    "aurjrnl\n"  version: u32  first: u64  crc: u32 (of the 20 bytes before)
//! ```
//!
//! Its first record has the sequence `first` and stands for all records before it. It takes the place of the
//! longer one by a rename, so there is always one of the two, whole.
//!
//! Numbers are little-endian. The checksum of a record is CRC-32 (IEEE, crate crc32fast) over length,
//! version, sequence and payload. Sequences count from 0, or
//! from `first`, without gaps.
//!
//! A crash can leave a torn record at the end: reading stops there, and opening for writing cuts it off.
//! A bad record with a good one behind it is not a torn tail but damage, and is refused with its place.
//!
//! Invariants
//! - What a [`Journal::commit`] to the disk has confirmed is there for good, whole and in order.
//! - What somebody may have read is not taken back: records of a failed commit stay where they are, and the
//!   next try writes the same bytes again in the same place.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::PathError;
use crate::error::AtPath;
use crate::fault;
use crate::folder::{private, sync_folder};

const MAGIC: &[u8; 8] = b"aurjrnl\n";
/// The version of records, and of files that were never made shorter.
const VERSION: u32 = 1;
/// The version of files that were, and the newest that is known.
const SHORTENED_VERSION: u32 = 2;
/// A version up to this is believed without its checksum, which may stand elsewhere by then.
const LAST_CREDIBLE_VERSION: u32 = 255;
const FILE_HEADER_BYTES: usize = 16;
const SHORTENED_HEADER_BYTES: usize = 24;
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
    #[error("{} has journal format {found}, this program knows formats up to {SHORTENED_VERSION}", path.display())]
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
    /// How much of `pending` is in the file for certain.
    written_bytes: usize,
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
            next_sequence: scan.first + scan.payloads.len() as u64,
            pending: Vec::new(),
            written_bytes: 0,
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
            // After a failed sync the kernel takes the pages for clean: they are written once more.
            self.written_bytes = 0;
        }
        result
    }

    /// The length of the file, bytes.
    pub fn bytes(&self) -> u64 {
        self.durable_bytes + self.written_bytes as u64
    }

    /// Puts one record in the place of all so far, durably. Whoever reads or opens the journal at any
    /// moment finds the old file or the new one, each whole. All added records must have been committed.
    ///
    /// # Errors
    /// The record is too long, or the disk refuses: the journal goes on as it was, or, where only the last
    /// sync failed, as the new file.
    pub fn shorten(&mut self, payload: &[u8]) -> Result<(), JournalError> {
        let mut shorter = Self {
            file: self.file.try_clone().at("open", &self.path)?,
            path: self.path.clone(),
            durable_bytes: 0,
            next_sequence: self.next_sequence,
            pending: shortened_header(self.next_sequence).to_vec(),
            written_bytes: 0,
        };
        shorter.append(payload)?;
        let draft = self.path.with_extension("new");
        let open = private()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&draft);
        shorter.file = open.at("create", &draft)?;
        fault::point("journal-drafted");
        let named = shorter.write_pending(Safety::Durable).and_then(|()| {
            fault::point("journal-synced");
            std::fs::rename(&draft, &self.path).at("replace", &self.path)
        });
        if let Err(error) = named {
            // What stays of it is written over the next time.
            let _ = std::fs::remove_file(&draft);
            return Err(error.into());
        }
        fault::point("journal-renamed");
        let folder = self.path.parent().map(Path::to_path_buf);
        *self = shorter;
        folder.map_or(Ok(()), |folder| sync_folder(&folder))?;
        Ok(())
    }

    fn write_pending(&mut self, safety: Safety) -> Result<(), PathError> {
        let unwritten = self.pending.get(self.written_bytes..).unwrap_or_default();
        if !unwritten.is_empty() {
            let end = self.durable_bytes + self.written_bytes as u64;
            self.file.seek(SeekFrom::Start(end)).at("write", &self.path)?;
            self.file.write_all(unwritten).at("write", &self.path)?;
            self.written_bytes = self.pending.len();
            fault::point("journal-written");
        }
        if safety == Safety::Durable && !self.pending.is_empty() {
            self.file.sync_data().at("make durable", &self.path)?;
            fault::point("journal-durable");
            self.durable_bytes += self.pending.len() as u64;
            self.pending.clear();
            self.written_bytes = 0;
        }
        Ok(())
    }
}

/// Reads the first record of a journal; `None` if it has none yet.
///
/// # Errors
/// The file cannot be read or is no journal.
pub fn read_first(path: &Path) -> Result<Option<Vec<u8>>, JournalError> {
    let file = private().read(true).open(path).at("open", path)?;
    let mut bytes = Vec::new();
    let heads = SHORTENED_HEADER_BYTES + RECORD_HEADER_BYTES;
    (&file)
        .take(heads as u64)
        .read_to_end(&mut bytes)
        .at("read", path)?;
    let FileHeader { length: start, .. } = check_file_header(&bytes, path)?;
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
    Ok(follower.read_new()?.payloads)
}

/// Reads a journal while a runner appends to it.
#[derive(Debug)]
pub struct Follower {
    file: File,
    path: PathBuf,
    read_bytes: u64,
    next_sequence: u64,
}

/// What a follower finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Whether the first payload stands for everything before it, so that what was read so far is to be
    /// forgotten. True also for the first record of a journal that was made shorter.
    pub is_anew: bool,
    /// Whether the journal is another file since the last call: there may be more to read in it than whoever
    /// waits for changes of the file before was told.
    pub is_replaced: bool,
    /// The payloads, in order.
    pub payloads: Vec<Vec<u8>>,
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

    /// Returns the payloads that were added since the last call, in order, across a replacement by a
    /// shorter journal.
    ///
    /// A record that is not yet whole is left for a later call.
    ///
    /// # Errors
    /// The file cannot be read or is damaged.
    pub fn read_new(&mut self) -> Result<News, JournalError> {
        let is_replaced = self.is_replaced()?;
        // In this order: nothing is added to a file that was replaced.
        let mut news = self.read_file()?;
        if !is_replaced {
            return Ok(news);
        }
        let known = self.next_sequence;
        let mut successor = Self::open(&self.path)?;
        let later = successor.read_file()?;
        let first = successor.next_sequence - later.payloads.len() as u64;
        *self = successor;
        if first == known {
            // Its first record says what is known already.
            news.payloads.extend(later.payloads.into_iter().skip(1));
            news.is_replaced = true;
            Ok(news)
        } else {
            // It was replaced more than once.
            Ok(News {
                is_replaced: true,
                ..later
            })
        }
    }

    /// Whether another file has the name by now.
    fn is_replaced(&self) -> Result<bool, JournalError> {
        let found = match std::fs::symlink_metadata(&self.path).at("look at", &self.path) {
            Ok(found) => found,
            // The task was removed; what was opened can still be read.
            Err(error) if error.is_missing() => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let own = self.file.metadata().at("look at", &self.path)?;
        Ok((found.dev(), found.ino()) != (own.dev(), own.ino()))
    }

    fn read_file(&mut self) -> Result<News, JournalError> {
        self.file
            .seek(SeekFrom::Start(self.read_bytes))
            .at("read", &self.path)?;
        let mut bytes = Vec::new();
        self.file.read_to_end(&mut bytes).at("read", &self.path)?;
        let mut start = 0;
        let mut is_anew = false;
        if self.read_bytes == 0 {
            let header = check_file_header(&bytes, &self.path)?;
            (start, self.next_sequence) = (header.length, header.first);
            is_anew = header.is_shortened;
        }
        let place = Place {
            path: &self.path,
            offset: self.read_bytes,
        };
        let scan = scan_records(&bytes, start, self.next_sequence, place)?;
        self.read_bytes += scan.good_bytes as u64;
        self.next_sequence += scan.payloads.len() as u64;
        Ok(News {
            is_anew,
            is_replaced: false,
            payloads: scan.payloads,
        })
    }
}

struct Scan {
    /// The sequence of the first record.
    first: u64,
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
    let header = check_file_header(bytes, path)?;
    scan_records(bytes, header.length, header.first, Place { path, offset: 0 })
}

fn scan_records(
    bytes: &[u8],
    start: usize,
    first_sequence: u64,
    place: Place<'_>,
) -> Result<Scan, JournalError> {
    let mut scan = Scan {
        first: first_sequence,
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

fn u64_at(bytes: &[u8], start: usize) -> Option<u64> {
    let field = bytes.get(start..)?.first_chunk::<8>()?;
    Some(u64::from_le_bytes(*field))
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

fn shortened_header(first: u64) -> [u8; SHORTENED_HEADER_BYTES] {
    let mut header = [0; SHORTENED_HEADER_BYTES];
    header[..8].copy_from_slice(MAGIC);
    header[8..12].copy_from_slice(&SHORTENED_VERSION.to_le_bytes());
    header[12..20].copy_from_slice(&first.to_le_bytes());
    let crc = crc32fast::hash(&header[..20]);
    header[20..].copy_from_slice(&crc.to_le_bytes());
    header
}

/// What the head of a file says.
struct FileHeader {
    /// Its length, bytes.
    length: usize,
    /// The sequence of the first record.
    first: u64,
    is_shortened: bool,
}

fn check_file_header(bytes: &[u8], path: &Path) -> Result<FileHeader, JournalError> {
    let not_a_journal = || JournalError::NotAJournal {
        path: path.to_path_buf(),
    };
    if !bytes.starts_with(MAGIC) {
        return Err(not_a_journal());
    }
    let found = u32_at(bytes, 8).ok_or_else(not_a_journal)?;
    let length = match found {
        SHORTENED_VERSION => SHORTENED_HEADER_BYTES,
        _ => FILE_HEADER_BYTES,
    };
    let checked = bytes.get(..length - 4).ok_or_else(not_a_journal)?;
    let is_whole = u32_at(bytes, length - 4) == Some(crc32fast::hash(checked));
    match found {
        VERSION if is_whole => Ok(FileHeader {
            length,
            first: 0,
            is_shortened: false,
        }),
        SHORTENED_VERSION if is_whole => Ok(FileHeader {
            length,
            first: u64_at(bytes, 12).ok_or_else(not_a_journal)?,
            is_shortened: true,
        }),
        found if found > SHORTENED_VERSION && found <= LAST_CREDIBLE_VERSION => Err(JournalError::Newer {
            path: path.to_path_buf(),
            found,
        }),
        _ => Err(not_a_journal()),
    }
}

#[cfg(test)]
mod tests;
