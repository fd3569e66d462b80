//! What has happened, into the journal; and a journal that has become long, made shorter.

use aur_host::journal::Safety;
use aur_host::{PathError, boot, fault};
use aur_machine as machine;
use aur_machine::process::Fact as ProcessFact;
use aur_machine::{Change, Fact};

use super::Life;
use crate::RunnerError;
use crate::request;
use crate::serve::length::remove_run_files;
use crate::serve::log;

/// What the journal still owes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unrecorded {
    /// Nothing.
    Nothing,
    /// Only what a restart finds out by itself.
    Tidings,
    /// Something that others rely on.
    Facts,
}

impl Life<'_> {
    /// Adds changes to what the next record brings into the journal.
    pub(super) fn append(&mut self, changes: &[Change]) -> Result<(), RunnerError> {
        for change in changes {
            if matches!(change.fact, Fact::Finished { .. }) {
                // Whoever sees the end sees what was used as well.
                self.limits.measure_last();
            }
            self.journal.append(&machine::encode(change))?;
            self.undurable = self.undurable.max(weight(change));
        }
        Ok(())
    }

    /// Puts what the task came to in the place of a journal that has become long.
    pub(super) fn shorten_journal(&mut self) {
        if self.undurable != Unrecorded::Nothing || !self.length.is_long(self.journal.bytes()) {
            return;
        }
        if let Err(error) = self.try_shorten_journal() {
            log(&format!("the journal stays long: {error}"));
        }
        self.length.note(self.journal.bytes());
    }

    fn try_shorten_journal(&mut self) -> Result<(), RunnerError> {
        let left = request::names_left(&self.files.folder)?;
        self.task.forget_requests(|request| left.contains(request));
        if let Some(summary) = self.task.summary(boot::wall_ms()) {
            self.journal.shorten(&machine::encode(&summary))?;
            fault::point("journal-shortened");
            remove_run_files(&self.folder, &self.task);
        }
        Ok(())
    }

    /// Brings the journal up to date. What a restart finds out by itself waits for the next sync.
    pub(super) fn record(&mut self) -> Result<(), PathError> {
        let safety = match self.undurable {
            Unrecorded::Nothing | Unrecorded::Tidings => Safety::Written,
            Unrecorded::Facts => Safety::Durable,
        };
        self.journal.commit(safety)?;
        self.undurable = Unrecorded::Nothing;
        Ok(())
    }
}

/// Whether a change can wait for the next sync: a restart finds these out by itself.
fn weight(change: &Change) -> Unrecorded {
    match &change.fact {
        Fact::Process { fact, .. } => match fact {
            ProcessFact::Running { .. } | ProcessFact::Stopping { .. } | ProcessFact::Killing { .. } => {
                Unrecorded::Tidings
            }
            ProcessFact::Intent
            | ProcessFact::Ready
            | ProcessFact::Held
            | ProcessFact::Freed { .. }
            | ProcessFact::Ended { .. } => Unrecorded::Facts,
        },
        Fact::Created(_)
        | Fact::Summary(_)
        | Fact::Runner(_)
        | Fact::Cleaning { .. }
        | Fact::Farewell
        | Fact::Health { .. }
        | Fact::Control { .. }
        | Fact::Hurried { .. }
        | Fact::Finalizing
        | Fact::Finished { .. } => Unrecorded::Facts,
    }
}
