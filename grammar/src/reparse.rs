//! From a changed text to its tree, without reading again what is still there.
//!
//! An item whose text stands in the file as before keeps its tree, wherever it moved to.
//!
//! Invariant: the tree is the one that [`parse`] gives for the new text.

use std::collections::HashMap;
use std::sync::Arc;

use crate::parse::{Reader, not_text, parse};
use crate::split::{Chunk, split};
use crate::tree::{Item, ItemNode, Tree};

/// Reads a file of which the tree of an earlier text is known.
pub fn reparse(before: &str, earlier: &Tree, text: &str) -> Tree {
    if not_text(before).is_some() || not_text(text).is_some() {
        return parse(text);
    }
    let from = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let chunks = split(text, from);
    let kept = Kept::new(before, &earlier.items, text, &chunks);
    let mut reader = Reader::default();
    let items = chunks.iter().enumerate().map(|(index, chunk)| {
        let written = slice(text, chunk);
        let node = match kept.node(index, written) {
            Some(node) => node.clone(),
            None => Arc::new(reader.item(written, chunk.sound)),
        };
        Item {
            offset: chunk.start,
            node,
        }
    });
    Tree {
        items: items.collect(),
    }
}

fn slice<'t>(text: &'t str, chunk: &Chunk) -> &'t str {
    text.get(chunk.start as usize..chunk.end as usize).unwrap_or("")
}

fn text_of<'t>(text: &'t str, item: &Item) -> &'t str {
    let start = item.offset as usize;
    let end = start + item.node.range.end as usize;
    text.get(start..end).unwrap_or("")
}

/// Finds the items that are still there.
struct Kept<'t> {
    items: &'t [Item],
    /// So many items at the front are as before.
    front: usize,
    /// From this chunk on all are as before; with the item that the first of them is.
    back: (usize, usize),
    /// What stood between, by text.
    moved: HashMap<&'t str, &'t Arc<ItemNode>>,
}

impl<'t> Kept<'t> {
    fn new(before: &'t str, items: &'t [Item], text: &'t str, chunks: &[Chunk]) -> Self {
        let is_kept = |(item, chunk): &(&'t Item, &Chunk)| text_of(before, item) == slice(text, chunk);
        let front = items.iter().zip(chunks).take_while(is_kept).count();
        let rest = items.len().min(chunks.len()) - front;
        let ends = items.iter().rev().zip(chunks.iter().rev()).take(rest);
        let back = ends.take_while(is_kept).count();
        let middle = items.get(front..items.len() - back).unwrap_or(&[]);
        Self {
            items,
            front,
            back: (chunks.len() - back, items.len() - back),
            moved: middle
                .iter()
                .map(|item| (text_of(before, item), &item.node))
                .collect(),
        }
    }

    fn node(&self, chunk: usize, written: &str) -> Option<&'t Arc<ItemNode>> {
        let (first_chunk, first_item) = self.back;
        let at = match chunk {
            chunk if chunk < self.front => chunk,
            chunk if chunk >= first_chunk => chunk - first_chunk + first_item,
            _ => return self.moved.get(written).copied(),
        };
        self.items.get(at).map(|item| &item.node)
    }
}
