//! How long a journal may become before it is made shorter.

use aur_host::fault;

/// A journal up to this length is never worth the work, bytes.
const SHORT_BYTES: u64 = 256 << 10;
/// What one process adds to that: a task that runs each of its processes a few times is left alone.
const PROCESS_BYTES: u64 = 2 << 10;
/// How many times its length after it was made shorter a journal may have. With this much between two
/// times, all of them together write less than half as much as the records themselves.
const GROWTH: u64 = 4;

/// The length at which a journal is to be made shorter.
pub(super) struct JournalLength {
    least: u64,
    limit: u64,
}

impl JournalLength {
    pub(super) fn new(processes: usize) -> Self {
        let processes = u64::try_from(processes).unwrap_or(u64::MAX);
        let usual = SHORT_BYTES.saturating_add(processes.saturating_mul(PROCESS_BYTES));
        let least = fault::most_journal_bytes().unwrap_or(usual);
        Self { least, limit: least }
    }

    pub(super) fn is_long(&self, bytes: u64) -> bool {
        bytes >= self.limit
    }

    /// Takes in the length after a try, whether or not the journal became shorter.
    pub(super) fn note(&mut self, bytes: u64) {
        self.limit = self.least.max(bytes.saturating_mul(GROWTH));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_follows_what_is_left() {
        let mut length = JournalLength::new(2);
        assert!(!length.is_long((260 << 10) - 1));
        assert!(length.is_long(260 << 10));
        length.note(1_000);
        assert!(length.is_long(260 << 10), "never below the least");
        length.note(100 << 10);
        assert!(!length.is_long(399 << 10));
        assert!(length.is_long(400 << 10));
    }
}
