//! Which diagnostics the client shows, and which entry file each came from.
//!
//! A fault of an included file may be found from several programs; it is shown once.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use gen_lsp_types::{Diagnostic, Uri};

/// Diagnostics by the file they stand in; files are ordered by their URI.
pub(crate) type ByFile = BTreeMap<String, Vec<Diagnostic>>;

#[derive(Default)]
pub(crate) struct Published {
    by_entry: BTreeMap<PathBuf, ByFile>,
    shown: HashMap<String, Vec<Diagnostic>>,
}

impl Published {
    /// Takes what was found from an entry file, which replaces what was found from it before, and returns
    /// what the client does not show yet, and in any case what stands in `own`: the client may wait for the
    /// diagnostics of its newest version.
    ///
    /// A file in which a program of `pending` had found something waits for that program: its findings are
    /// those of an older text.
    pub(crate) fn update(
        &mut self,
        entry: PathBuf,
        own: Option<&Uri>,
        pending: impl Fn(&Path) -> bool,
        found: ByFile,
    ) -> Vec<(Uri, Vec<Diagnostic>)> {
        let now: Vec<String> = found.keys().cloned().collect();
        let before = self.by_entry.insert(entry, found).unwrap_or_default();
        let mut files: Vec<String> = before.into_keys().chain(now).collect();
        files.sort();
        files.dedup();
        let waits = |uri: &String| {
            let found_some = |found: &ByFile| found.get(uri).is_some_and(|found| !found.is_empty());
            self.by_entry
                .iter()
                .any(|(other, found)| pending(other) && found_some(found))
        };
        let (waiting, files): (Vec<String>, Vec<String>) = files.into_iter().partition(waits);
        for uri in waiting {
            self.shown.remove(&uri);
        }
        let changed = files.into_iter().filter_map(|uri| {
            let diagnostics = self.of_file(&uri);
            let is_shown = self.shown.get(&uri).is_some_and(|shown| *shown == diagnostics);
            let is_own = own.is_some_and(|own| own.as_ref() == uri);
            (is_own || !is_shown).then_some((uri, diagnostics))
        });
        let changed: Vec<_> = changed.collect();
        for (uri, diagnostics) in &changed {
            self.shown.insert(uri.clone(), diagnostics.clone());
        }
        let with_uri = |(uri, diagnostics)| (Uri::from(uri), diagnostics);
        changed.into_iter().map(with_uri).collect()
    }

    fn of_file(&self, uri: &str) -> Vec<Diagnostic> {
        let mut out: Vec<Diagnostic> = Vec::new();
        for diagnostic in self
            .by_entry
            .values()
            .filter_map(|found| found.get(uri))
            .flatten()
        {
            let is_known = |own: &Diagnostic| own.code == diagnostic.code && own.range == diagnostic.range;
            if !out.iter().any(is_known) {
                out.push(diagnostic.clone());
            }
        }
        out
    }
}
