//! The tokens of a file, read item by item.
//!
//! Where brackets and quotes are out of order only the tree knows where an item ends, so the scanner starts
//! anew at each.

use aur_grammar::{Token, tokens};

use super::Document;

/// The tokens of one item, or of the comments before an item.
pub(super) struct Piece {
    /// Number of the item; none where comments stand between items.
    pub(super) item: Option<usize>,
    /// Tokens in order; places count from the start of the file.
    pub(super) tokens: Vec<Token>,
}

/// Reads what touches a range of bytes, in order.
pub(super) fn pieces(document: &Document, from: u32, to: u32) -> impl Iterator<Item = Piece> {
    let text: &str = document.text();
    let items = &document.tree().items;
    let first = items.partition_point(|item| item.offset + item.node.range.end < from);
    // A mark of byte order is no part of the text.
    let head = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let behind = move |index: usize| {
        let item = index.checked_sub(1).and_then(|index| items.get(index));
        item.map_or(head, |item| item.offset + item.node.range.end)
    };
    (first..=items.len())
        .take_while(move |index| behind(*index) <= to)
        .flat_map(move |index| {
            let item = items.get(index);
            let start = item.map_or(text.len() as u32, |item| item.offset);
            let gap = Piece {
                item: None,
                tokens: read(text, behind(index), start),
            };
            let own = item.filter(|_| start <= to).map(|item| Piece {
                item: Some(index),
                tokens: read(text, start, start + item.node.range.end),
            });
            [Some(gap), own].into_iter().flatten()
        })
}

fn read(text: &str, start: u32, end: u32) -> Vec<Token> {
    let Some(slice) = text.get(start as usize..end as usize) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for mut token in tokens(slice) {
        if token.line == 0 {
            let before = text.get(..(start + token.start) as usize).unwrap_or("");
            let line = before.rfind('\n').map_or(0, |at| at + 1);
            let head = before.get(line..).unwrap_or("");
            token.first &= head.bytes().all(|byte| matches!(byte, b' ' | b'\t')) || head == "\u{feff}";
            token.line = line as u32;
        } else {
            token.line += start;
        }
        token.start += start;
        token.end += start;
        found.push(token);
    }
    found
}
