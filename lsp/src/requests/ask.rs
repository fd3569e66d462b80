//! Which program a question about a place is asked of.

use crate::snapshot::{File, Snapshot};

/// What an answer is worth.
pub(super) enum Worth {
    /// No other program could say more.
    Whole,
    /// It says nothing of jobs; a program that includes the file may.
    NoJobs,
}

/// Asks the program of the file itself, and where that has no job for a text, those that include it.
pub(super) fn ask<T>(
    snapshot: &Snapshot,
    file: File<'_>,
    question: impl Fn(&File<'_>) -> T,
    worth: impl Fn(&T) -> Worth,
) -> T {
    let own = question(&file);
    if matches!(worth(&own), Worth::Whole) {
        return own;
    }
    let programs = snapshot.programs_of(file);
    let others = programs.iter().skip(1).map(question);
    let mut whole = others
        .into_iter()
        .filter(|other| matches!(worth(other), Worth::Whole));
    whole.next().unwrap_or(own)
}
