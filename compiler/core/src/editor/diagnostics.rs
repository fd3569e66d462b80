//! What is wrong with a program, and which files it was read from.

use std::sync::Arc;

use aur_diagnostics::{Diagnostic, SourceFile, SourceMap};

use super::Document;
use crate::{Answer, Given, Sources};

/// The diagnostics of a program.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// The files they stand in.
    pub sources: SourceMap,
    /// In order of place.
    pub diagnostics: Vec<Diagnostic>,
    /// Every program file that was read, below the project root; the entry file first.
    pub read: Vec<Arc<str>>,
}

/// Checks the program at `entry` as [`crate::check`] does.
pub fn diagnostics(host: &dyn Sources, entry: &str, given: &Given) -> Checked {
    let Answer {
        sources, diagnostics, ..
    } = crate::check(host, entry, given);
    let names = sources.files().map(|(_, file)| file.path());
    let read = names.filter(|name| !name.starts_with('<')).map(Arc::from);
    Checked {
        read: read.collect(),
        sources,
        diagnostics,
    }
}

/// Finds what is wrong with the text of one file, whatever it means.
pub fn syntax(document: &Document) -> Checked {
    let mut sources = SourceMap::default();
    let file = sources.add(SourceFile::new(document.path().clone(), document.text().clone()));
    Checked {
        diagnostics: document.tree().diagnostics(file),
        read: vec![document.path().clone()],
        sources,
    }
}
