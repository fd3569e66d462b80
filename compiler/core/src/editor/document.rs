//! One file as the editor has it.

use std::sync::Arc;

use aur_grammar::tree::Tree;

use crate::Kept;

/// A file: its path below the project root, its text, and its tree. Clones share everything.
#[derive(Clone, Debug)]
pub struct Document {
    path: Arc<str>,
    kept: Kept,
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
    /// Reads a file.
    pub fn new(path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let tree = aur_grammar::parse(&text);
        Self {
            path: path.into(),
            kept: Kept { text, tree },
        }
    }

    /// The same file with another text; only items that changed are read.
    #[must_use]
    pub fn with_text(&self, text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let tree = aur_grammar::reparse(&self.kept.text, &self.kept.tree, &text);
        Self {
            path: self.path.clone(),
            kept: Kept { text, tree },
        }
    }

    /// Path below the project root, parts separated by `/`.
    pub fn path(&self) -> &Arc<str> {
        &self.path
    }

    /// The text.
    pub fn text(&self) -> &Arc<str> {
        &self.kept.text
    }

    /// The tree.
    pub fn tree(&self) -> &Tree {
        &self.kept.tree
    }

    /// What a program needs of the file.
    pub fn kept(&self) -> &Kept {
        &self.kept
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
