//! From one round to the next without reading the text again: tokens keep their order, only commas come and go.

use super::{File, Mark, Place};
use crate::split::split;

impl File<'_> {
    /// Takes what is known of this file over to the same file laid out otherwise, so that it need not be
    /// parsed. That is possible where items begin and end at the same tokens, and those with errors are as
    /// they were.
    pub(super) fn follow<'l>(&self, laid_out: &'l str) -> Option<File<'l>> {
        let mut next = File::new(laid_out);
        let places = self.same_tokens(&next)?;
        let place = |index: usize| places.get(index).copied().flatten();
        let chunks = split(laid_out, 0);
        if chunks.len() != self.items.len() || next.groups.len() != self.groups.len() {
            return None;
        }
        for (item, chunk) in self.items.iter().zip(&chunks) {
            let first = next.tokens.get(place(self.at(item.start))?)?;
            let is_same = if item.is_sound {
                let last = next.tokens.get(place(self.at(item.end).checked_sub(1)?)?)?;
                chunk.sound && last.end == chunk.end
            } else {
                let own = self.text.get(item.start as usize..item.end as usize)?;
                laid_out.get(chunk.start as usize..chunk.end as usize)? == own
            };
            if !is_same || first.start != chunk.start {
                return None;
            }
            next.items.push(Place {
                start: chunk.start,
                end: chunk.end,
                is_sound: item.is_sound,
            });
        }
        // Brackets close in the same order.
        for (known, group) in self.groups.iter().zip(&mut next.groups) {
            group.separator = known.separator;
            let starts = known.starts.iter().map(|start| place(*start));
            group.starts = starts.collect::<Option<Vec<usize>>>()?;
        }
        for (index, mark) in self.marks.iter().enumerate() {
            if *mark != Mark::None {
                next.mark(place(index)?, *mark);
            }
        }
        Some(next)
    }

    /// Where each token stands among those of another file; commas stand nowhere.
    fn same_tokens(&self, other: &File<'_>) -> Option<Vec<Option<usize>>> {
        let mut at = 0;
        let mut places = Vec::with_capacity(self.tokens.len());
        for index in 0..self.tokens.len() {
            let word = self.word(index);
            if word == "," {
                places.push(None);
                continue;
            }
            while other.word(at) == "," {
                at += 1;
            }
            if self.kind(index) != other.kind(at) || word.trim_end() != other.word(at).trim_end() {
                return None;
            }
            places.push(Some(at));
            at += 1;
        }
        Some(places)
    }
}
