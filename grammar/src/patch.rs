//! A text with small changes, and the way back to what is written.
//!
//! The tolerant path mends a broken item until the grammar takes it. Every place in the tree is still a place
//! of the text as written.

use crate::tree::Range;

/// Replacements of a text, in order, none within another.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Patches {
    edits: Vec<(Range, String)>,
}

impl Patches {
    /// Adds a replacement of a range of the written text. Where it meets an earlier one, the wider of the two
    /// stays; says whether anything changed.
    pub(crate) fn add(&mut self, range: Range, text: &str) -> bool {
        let meets = |(other, _): &(Range, String)| range.start < other.end && other.start < range.end;
        if self.edits.iter().any(|edit| edit.0 == range && edit.1 == text) {
            return false;
        }
        let (mut range, mut text) = (range, text.to_owned());
        for (other, inner) in self.edits.extract_if(.., |edit| meets(edit)).collect::<Vec<_>>() {
            if other.start < range.start || other.end > range.end {
                range = Range::new(range.start.min(other.start), range.end.max(other.end));
            }
            if text.is_empty() {
                text = inner;
            }
        }
        let at = self
            .edits
            .partition_point(|(other, _)| (other.start, other.end) <= (range.start, range.end));
        self.edits.insert(at, (range, text));
        true
    }

    /// Returns `text` with all replacements made.
    pub(crate) fn apply(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 16);
        let mut at = 0;
        for (range, new) in &self.edits {
            out.push_str(text.get(at..range.start as usize).unwrap_or(""));
            out.push_str(new);
            at = range.end as usize;
        }
        out.push_str(text.get(at..).unwrap_or(""));
        out
    }

    /// Returns the written range of a range of the patched text.
    pub(crate) fn written(&self, start: u32, end: u32) -> Range {
        if self.edits.is_empty() {
            return Range { start, end };
        }
        let first = self.place(start, false);
        Range::new(first, self.place(end, true).max(first))
    }

    /// Returns the written place of a place of the patched text; one within new text is the nearer end of
    /// what it replaces.
    fn place(&self, at: u32, is_end: bool) -> u32 {
        let at = i64::from(at);
        let mut shift = 0i64;
        for (range, new) in &self.edits {
            let start = i64::from(range.start) + shift;
            let end = start + new.len() as i64;
            if at < start || at == start && !is_end && !new.is_empty() {
                break;
            }
            if at < end || at == end && is_end && !new.is_empty() {
                return if is_end { range.end } else { range.start };
            }
            shift += new.len() as i64 - i64::from(range.end - range.start);
        }
        u32::try_from(at - shift).unwrap_or(0)
    }
}
