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
    /// Adds a replacement of a range of the written text. Those it meets are swallowed: the range grows over
    /// them and only the new text stays. At one place, later insertions stand behind earlier ones.
    pub(crate) fn add(&mut self, range: Range, text: &str) {
        let mut range = range;
        let meets = |other: Range| range.start < other.end && other.start < range.end;
        let swallowed: Vec<Range> = self
            .edits
            .iter()
            .map(|edit| edit.0)
            .filter(|other| meets(*other))
            .collect();
        self.edits.retain(|edit| !swallowed.contains(&edit.0));
        for other in swallowed {
            range = Range::new(range.start.min(other.start), range.end.max(other.end));
        }
        let before =
            |other: Range| other.start < range.start || other.start == range.start && other.end <= range.end;
        let at = self.edits.partition_point(|edit| before(edit.0));
        self.edits.insert(at, (range, text.to_owned()));
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
        Range::new(first, self.place(end, start < end).max(first))
    }

    /// Returns the written place of a place of the patched text. Within new text that is the nearer end of
    /// what it replaces.
    fn place(&self, at: u32, is_end: bool) -> u32 {
        let at = i64::from(at);
        let mut shift = 0;
        for (range, new) in &self.edits {
            let start = i64::from(range.start) + shift;
            let end = start + new.len() as i64;
            if at < start || at == start && is_end {
                break;
            }
            if at < end || at == end && is_end {
                return if is_end { range.end } else { range.start };
            }
            shift += new.len() as i64 - i64::from(range.end - range.start);
        }
        u32::try_from(at - shift).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_lead_back() {
        let mut patches = Patches::default();
        patches.add(Range::new(4, 7), "x");
        patches.add(Range::new(1, 1), "++");
        let text = patches.apply("abcdefghi");
        assert_eq!(text, "a++bcdxhi");
        let written = |start, end| {
            let range = patches.written(start, end);
            (range.start, range.end)
        };
        assert_eq!(written(0, 1), (0, 1));
        assert_eq!(written(1, 3), (1, 1), "new text has no room of its own");
        assert_eq!(written(3, 6), (1, 4), "bcd");
        assert_eq!(written(6, 7), (4, 7), "what a replacement stands for");
        assert_eq!(written(7, 9), (7, 9), "hi");
        patches.add(Range::new(2, 5), "-");
        assert_eq!(
            patches.apply("abcdefghi"),
            "a++b-hi",
            "a wider one swallows what it meets"
        );
    }
}
