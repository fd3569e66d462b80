//! The documents the client has open.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aur_compiler::editor::Document;
use gen_lsp_types::{TextDocumentContentChangeEvent, Uri};

use crate::position::{Encoding, Lines};

/// A document as the client sees it. Clones share everything.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    pub(crate) uri: Uri,
    /// Where it lies, resolved.
    pub(crate) path: Arc<Path>,
    pub(crate) version: i32,
    pub(crate) document: Document,
    pub(crate) lines: Arc<Lines>,
    /// The folder its programs may read.
    pub(crate) root: Arc<Path>,
}

impl Open {
    /// `name` is the path below the root.
    pub(crate) fn new(
        uri: Uri,
        path: PathBuf,
        root: PathBuf,
        name: &str,
        version: i32,
        text: String,
        encoding: Encoding,
    ) -> Self {
        let document = Document::new(name, text);
        Self {
            uri,
            path: path.into(),
            version,
            lines: Arc::new(Lines::new(document.text().clone(), encoding)),
            document,
            root: root.into(),
        }
    }

    /// Whether its program may depend on other files: it includes some, or speaks of `file(..)`. A glance that
    /// may see too much, never too little.
    pub(crate) fn reads_others(&self) -> bool {
        let text = self.document.text().as_bytes();
        ["include", "file"]
            .iter()
            .any(|word| memchr::memmem::find(text, word.as_bytes()).is_some())
    }

    /// The document after changes, made one after the other; each counts from what the one before left.
    #[must_use]
    pub(crate) fn changed(
        &self,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
        encoding: Encoding,
    ) -> Self {
        let mut lines = self.lines.clone();
        for change in changes {
            let text = match change {
                TextDocumentContentChangeEvent::TextDocumentContentChangePartial(part) => {
                    let (start, end) = lines.bytes(part.range);
                    let mut text = lines.text().to_string();
                    text.replace_range(start as usize..end as usize, &part.text);
                    text
                }
                TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => whole.text,
            };
            lines = Arc::new(Lines::new(text.into(), encoding));
        }
        Self {
            version,
            document: self.document.with_text(lines.text().clone()),
            lines,
            ..self.clone()
        }
    }
}
