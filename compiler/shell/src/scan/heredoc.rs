//! Here-documents.

use super::{Opener, Scan};
use crate::Quoting;

/// A here-document whose body has not come yet.
pub(super) struct Heredoc {
    /// Where its `<<` stands.
    at: usize,
    /// Bytes of the `<<` and the word behind it.
    length: usize,
    /// The line that ends it.
    tag: Vec<u8>,
    /// Whether bash takes the body as it is.
    is_raw: bool,
    /// Whether tabs before its lines do not count.
    strips_tabs: bool,
}

impl Heredoc {
    pub(super) fn start(&self) -> usize {
        self.at
    }

    pub(super) fn length(&self) -> usize {
        self.length
    }
}

impl Scan<'_> {
    /// Takes `<<` or `<<-` and its word.
    pub(super) fn heredoc(&mut self) -> Option<Heredoc> {
        let start = self.at;
        let strips_tabs = self.byte(start + 2) == b'-';
        self.keep(1);
        self.take(if strips_tabs { 2 } else { 1 }, b' ');
        while matches!(self.here(), b' ' | b'\t') {
            self.keep(1);
        }
        let word = self.at;
        let (mut tag, mut is_raw) = (Vec::new(), false);
        while !self.is_end()
            && !matches!(
                self.here(),
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>'
            )
        {
            let from = self.at;
            match self.here() {
                b'\'' => self.single(),
                b'"' => self.double(),
                b'\\' => self.take(2, b'w'),
                _ => {
                    tag.push(self.here());
                    self.take(1, b'w');
                    continue;
                }
            }
            is_raw = true;
            let quoted = self.text.get(from + 1..self.at).unwrap_or(&[]);
            let quoted = match self.text.get(from) {
                Some(b'\\') => quoted,
                _ => quoted.split_last().map_or(quoted, |(_, inside)| inside),
            };
            tag.extend_from_slice(quoted);
        }
        (self.at > word).then_some(Heredoc {
            at: start,
            length: self.at - start,
            tag,
            is_raw,
            strips_tabs,
        })
    }

    /// Takes the body that starts here, and the line that ends it.
    pub(super) fn heredoc_body(&mut self, heredoc: &Heredoc) {
        let start = self.at;
        let mut line = start;
        let end = loop {
            if line >= self.limit {
                self.unclosed(Opener::Heredoc, heredoc.at, heredoc.length);
                break None;
            }
            let rest = self.text.get(line..self.limit).unwrap_or(&[]);
            let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            let written = rest.get(..length).unwrap_or(rest);
            let shown = if heredoc.strips_tabs {
                let tabs = written.iter().take_while(|byte| **byte == b'\t').count();
                written.get(tabs..).unwrap_or(&[])
            } else {
                written
            };
            if shown == heredoc.tag {
                break Some((line, line + length));
            }
            line += length + 1;
        };
        let (body_end, behind) = end.unwrap_or((self.limit, self.limit));
        let outside_limit = std::mem::replace(&mut self.limit, body_end);
        let context = if heredoc.is_raw {
            Quoting::RawHeredoc
        } else {
            Quoting::Heredoc
        };
        self.within(context, |scan| {
            if heredoc.is_raw {
                scan.take(body_end.saturating_sub(start), b' ');
            } else {
                scan.expanding(None);
            }
        });
        self.limit = outside_limit;
        if self.out.gave_up {
            self.at = self.limit;
            return;
        }
        self.take(behind.saturating_sub(self.at), b' ');
        self.hide(start, b' ');
    }
}
