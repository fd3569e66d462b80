//! One file as the editor has it.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use aur_grammar::tree::Tree;

use crate::Kept;

/// A file: its path below the project root, its text, and its tree. Clones share everything.
#[derive(Clone, Debug)]
pub struct Document {
    path: Arc<str>,
    text: Arc<str>,
    read: Arc<Read>,
}

/// The tree, read when somebody asks: of a burst of keys only the last text needs one.
#[derive(Debug, Default)]
struct Read {
    kept: OnceLock<Kept>,
    /// The nearest earlier text that has a tree.
    earlier: Mutex<Option<Kept>>,
}

/// A range of bytes in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Path below the project root; `<prelude>` is the standard library.
    pub path: Arc<str>,
    /// First byte.
    pub start: u32,
    /// First byte behind it.
    pub end: u32,
}

/// A byte of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point<'a> {
    /// Path below the project root.
    pub path: &'a str,
    /// The byte, counted from the start of the file; it may be the end.
    pub offset: u32,
}

impl Document {
    /// A file with a text.
    pub fn new(path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
            read: Arc::default(),
        }
    }

    /// The same file with another text; only items that changed are read.
    #[must_use]
    pub fn with_text(&self, text: impl Into<Arc<str>>) -> Self {
        // Asked for first: it goes when there is a tree.
        let earlier = self.read.earlier().clone();
        let earlier = self.read.kept.get().cloned().or(earlier);
        let read = Read {
            kept: OnceLock::new(),
            earlier: Mutex::new(earlier),
        };
        Self {
            path: self.path.clone(),
            text: text.into(),
            read: Arc::new(read),
        }
    }

    /// Path below the project root, parts separated by `/`.
    pub fn path(&self) -> &Arc<str> {
        &self.path
    }

    /// The text.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The tree.
    pub fn tree(&self) -> &Tree {
        &self.kept().tree
    }

    /// What a program needs of the file.
    pub fn kept(&self) -> &Kept {
        let mut is_read_now = false;
        let kept = self.read.kept.get_or_init(|| {
            is_read_now = true;
            let earlier = self.read.earlier().clone();
            let tree = match earlier {
                Some(earlier) => aur_grammar::reparse(&earlier.text, &earlier.tree, &self.text),
                None => aur_grammar::parse(&self.text),
            };
            let text = self.text.clone();
            Kept { text, tree }
        });
        if is_read_now {
            *self.read.earlier() = None;
        }
        kept
    }

    /// Makes a place in this file.
    pub fn place(&self, start: u32, end: u32) -> Place {
        Place {
            path: self.path.clone(),
            start,
            end,
        }
    }
}

impl Read {
    fn earlier(&self) -> MutexGuard<'_, Option<Kept>> {
        // It is one value, whole whatever happened to who held it.
        self.earlier.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
