//! Texts with a mark where the cursor is.

use aur_compiler::editor::{Document, TextEdit};

/// Where the cursor is.
pub(crate) const CURSOR: &str = "<|>";

/// Reads a file of which the path does not matter.
pub(crate) fn document(text: &str) -> Document {
    Document::new("main.aur", text)
}

/// Reads a file with one mark; the mark is no part of it.
pub(crate) fn with_cursor(text: &str) -> (Document, u32) {
    let (before, behind) = text.split_once(CURSOR).expect("a cursor mark");
    let at = before.len() as u32;
    (document(&format!("{before}{behind}")), at)
}

/// The text of a range.
pub(crate) fn slice(document: &Document, start: u32, end: u32) -> &str {
    let text: &str = document.text();
    &text[start as usize..end as usize]
}

/// A place as line and column, both from 1; columns count characters.
pub(crate) fn line_column(text: &str, at: u32) -> String {
    let before = &text[..at as usize];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    format!("{line}:{column}")
}

/// The text after some edits, which are in order and apart from each other.
pub(crate) fn applied(text: &str, edits: &[TextEdit]) -> String {
    let mut out = String::new();
    let mut at = 0;
    for edit in edits {
        assert!(at <= edit.start && edit.start <= edit.end, "{edits:?}");
        out.push_str(&text[at as usize..edit.start as usize]);
        out.push_str(&edit.text);
        at = edit.end;
    }
    out.push_str(&text[at as usize..]);
    out
}
