//! How long a journal may become before it is made shorter, and what goes with what it no longer tells.

use aur_host::fault;
use aur_host::folder::LifeFolder;
use aur_machine::Task;

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

/// Removes the files of runs that the journal no longer tells of: they are over, and their numbers are never
/// given out again. What they wrote stays.
pub(super) fn remove_run_files(folder: &LifeFolder, task: &Task) {
    for (index, process) in task.spec().processes.iter().enumerate() {
        let Some(first) = task.runs(index).next() else {
            continue;
        };
        let entries = std::fs::read_dir(folder.run_files(&process.name));
        for entry in entries.into_iter().flatten().flatten() {
            let run = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse::<u32>().ok());
            if run.is_some_and(|run| run < first.run) {
                // One that stays is a small file that nobody looks at.
                let _ = std::fs::remove_file(entry.path());
            }
        }
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
