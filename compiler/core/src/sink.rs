//! Collects diagnostics: one for each fault, however often it is met.

use std::collections::HashMap;

use aur_diagnostics::{Code, Diagnostic, Severity, Span, codes};

#[derive(Default)]
pub(crate) struct Sink {
    diagnostics: Vec<Diagnostic>,
    seen: HashMap<(&'static str, Span), usize>,
    /// Above 0 while a branch is evaluated that will not be taken: faults of values are no faults then.
    pub(crate) hypothetical: u32,
    /// Whether what was met before is looked at once more: the same fault is then no further case of it.
    pub(crate) is_second_look: bool,
}

impl Sink {
    /// Adds a diagnostic; the same code at the same place is counted.
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if self.hypothetical > 0 && depends_on_values(diagnostic.code) {
            return;
        }
        let Some(span) = diagnostic.span() else { return };
        match self.seen.get(&(diagnostic.code.id, span)) {
            Some(index) => {
                if let Some(earlier) = self.diagnostics.get_mut(*index).filter(|_| !self.is_second_look) {
                    earlier.count += 1;
                }
            }
            None => {
                self.seen
                    .insert((diagnostic.code.id, span), self.diagnostics.len());
                self.diagnostics.push(diagnostic);
            }
        }
    }

    /// Adds a warning that one of the same place and of this code speaks for, where there is one.
    pub(crate) fn push_behind(&mut self, code: &'static Code, diagnostic: Diagnostic) {
        let found = diagnostic.span().and_then(|span| self.seen.get(&(code.id, span)));
        match found.and_then(|index| self.diagnostics.get_mut(*index)) {
            Some(stronger) => stronger.speak_for(diagnostic),
            None => self.push(diagnostic),
        }
    }

    /// A point in time, for [`Sink::rename_since`].
    pub(crate) fn mark(&self) -> usize {
        self.diagnostics.len()
    }

    /// Says more about everything reported since `mark` with a code.
    pub(crate) fn note_since(&mut self, mark: usize, code: &'static Code, note: &str) {
        for diagnostic in self.diagnostics.iter_mut().skip(mark) {
            if diagnostic.code.id == code.id {
                diagnostic.notes.push(note.to_string());
            }
        }
    }

    /// Gives everything reported since `mark` another code: the same fault at another moment.
    pub(crate) fn rename_since(&mut self, mark: usize, code: &'static Code) {
        for diagnostic in self.diagnostics.iter_mut().skip(mark) {
            diagnostic.code = code;
        }
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.diagnostics
            .iter()
            .any(|diagnostic| diagnostic.severity() == Severity::Error)
    }

    /// Returns all diagnostics in order of place.
    pub(crate) fn finish(self) -> Vec<Diagnostic> {
        let mut diagnostics = self.diagnostics;
        diagnostics.sort_by_key(|diagnostic| diagnostic.span().map(|span| (span.file, span.start, span.end)));
        diagnostics
    }
}

/// Whether the fault is one of values rather than of types and names.
fn depends_on_values(code: &Code) -> bool {
    [
        &codes::bad_operation,
        &codes::out_of_range,
        &codes::bad_coercion,
        &codes::refinement,
        &codes::check_failed,
    ]
    .iter()
    .any(|other| other.id == code.id)
}
