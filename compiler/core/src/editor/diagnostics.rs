//! What is wrong with a program, and which files it was read from.

use std::sync::Arc;

use aur_diagnostics::{Diagnostic, SourceFile, SourceMap};
use aur_grammar::tree::Tree;

use super::Document;
use crate::lower::Jobs;
use crate::program::{Program, load};
use crate::{ENTRY_MODULE, Given, Sources, in_order, judge};

/// The diagnostics of a program.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// The files they stand in.
    pub sources: SourceMap,
    /// In order of place.
    pub diagnostics: Vec<Diagnostic>,
    /// Every program file that was read, below the project root; the entry file first.
    pub read: Vec<Arc<str>>,
    /// Those of them that are not of the text of a file alone.
    pub(super) judged: Vec<Diagnostic>,
    /// The tree of the entry file.
    pub(super) tree: Tree,
}

/// Checks the program at `entry` as [`crate::check`] does.
pub fn diagnostics(host: &dyn Sources, entry: &str, given: &Given) -> Checked {
    let (program, faults, found) = load(host, entry, &given.limits);
    let judged = match found {
        Ok(()) => judge(&program, host, given, |lowering| {
            lowering.program(ENTRY_MODULE, Jobs::Optional);
        }),
        Err(_) => Default::default(),
    };
    let Program { sources, modules, .. } = &program;
    Checked {
        diagnostics: in_order(faults, judged.0.clone()),
        judged: judged.0,
        tree: modules
            .get(ENTRY_MODULE as usize)
            .map(|module| module.tree.clone())
            .unwrap_or_default(),
        read: files_of(sources),
        sources: sources.clone(),
    }
}

/// The program files among some files.
pub(super) fn files_of(sources: &SourceMap) -> Vec<Arc<str>> {
    let names = sources.files().map(|(_, file)| file.path());
    names
        .filter(|name| !name.starts_with('<'))
        .map(Arc::from)
        .collect()
}

/// Finds what is wrong with the text of one file, whatever it means.
pub fn syntax(document: &Document) -> Checked {
    let mut sources = SourceMap::default();
    let file = sources.add(SourceFile::new(document.path().clone(), document.text().clone()));
    Checked {
        diagnostics: document.tree().diagnostics(file),
        read: vec![document.path().clone()],
        sources,
        ..Checked::default()
    }
}
