//! What a change left of the entry file.

use std::sync::Arc;

use aur_diagnostics::Span;
use aur_grammar::tree::{Item, ItemKind, Tree};

use super::ENTRY_FILE;

/// Which items of the entry file a change left alone: some at the front, some at the back.
pub(super) struct Change {
    front: usize,
    /// The first item behind the change, in the earlier tree and in the new one.
    back: (usize, usize),
    /// The items that were left, in order.
    left: Vec<Left>,
}

/// An item that was left, if maybe at another place; bytes.
struct Left {
    was: u32,
    is: u32,
    length: u32,
}

impl Change {
    pub(super) fn between(earlier: &Tree, now: &Tree) -> Self {
        let is_left = |(old, new): &(&Item, &Item)| Arc::ptr_eq(&old.node, &new.node);
        let (old, new) = (&earlier.items, &now.items);
        let front = old.iter().zip(new).take_while(is_left).count();
        let rest = old.len().min(new.len()) - front;
        let ends = old.iter().rev().zip(new.iter().rev()).take(rest);
        let behind = ends.take_while(is_left).count();
        let back = (old.len() - behind, new.len() - behind);
        let fronts = old.iter().zip(new).take(front);
        let backs = old.iter().skip(back.0).zip(new.iter().skip(back.1));
        let left = fronts.chain(backs).map(|(old, new)| Left {
            was: old.offset,
            is: new.offset,
            length: new.node.range.end,
        });
        Self {
            front,
            back,
            left: left.collect(),
        }
    }

    /// Items of the earlier tree that are no more.
    pub(super) fn gone<'t>(&self, earlier: &'t Tree) -> &'t [Item] {
        earlier.items.get(self.front..self.back.0).unwrap_or(&[])
    }

    /// Items of the new tree that were not there.
    pub(super) fn come<'t>(&self, now: &'t Tree) -> &'t [Item] {
        now.items.get(self.front..self.back.1).unwrap_or(&[])
    }

    /// Whether nothing but assignments came and went, and no more bytes than these.
    pub(super) fn is_of_values(&self, earlier: &Tree, now: &Tree, most_bytes: u64) -> bool {
        let items = || self.gone(earlier).iter().chain(self.come(now));
        let is_value = |item: &Item| matches!(item.node.kind, ItemKind::Assign { .. } | ItemKind::Broken);
        let bytes = |item: &Item| u64::from(item.node.range.end);
        items().all(is_value) && items().map(bytes).sum::<u64>() <= most_bytes
    }

    /// Where a place of the earlier text is now, if its item was left.
    pub(super) fn place(&self, span: Span) -> Option<Span> {
        if span.file != ENTRY_FILE {
            return Some(span);
        }
        let last = self
            .left
            .partition_point(|item| item.was <= span.start)
            .checked_sub(1)?;
        let item = self.left.get(last)?;
        let start = span.start - item.was;
        let end = span.end.checked_sub(item.was).filter(|end| *end <= item.length)?;
        Some(Span::new(span.file, item.is + start, item.is + end))
    }

    /// Whether a place of the new text was not there.
    pub(super) fn is_new_place(&self, span: Span) -> bool {
        let last = self
            .left
            .partition_point(|item| item.is <= span.start)
            .checked_sub(1);
        let item = last.and_then(|last| self.left.get(last));
        span.file == ENTRY_FILE && item.is_none_or(|item| span.end > item.is + item.length)
    }

    /// Whether an item of the new tree was not there.
    pub(super) fn is_new(&self, item: u32) -> bool {
        (self.front..self.back.1).contains(&(item as usize))
    }
}
