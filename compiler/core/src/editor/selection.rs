//! Growing selections around a place.

use aur_grammar::TokenKind;
use aur_grammar::tree::{ItemNode, Range, TextPart};

use super::Document;
use super::folding::opener;
use super::pieces::pieces;
use super::walk::{Go, Node, walk};

/// Lists the ranges around a place, each within the next; the last is the whole file.
///
/// Word, path and mustache, text, expressions, fields, what stands between brackets, item, file.
pub fn selection(document: &Document, offset: u32) -> Vec<(u32, u32)> {
    let text: &str = document.text();
    let mut chain = Chain {
        text,
        offset,
        found: vec![(0, text.len() as u32)],
    };
    chain.words(document);
    let items = &document.tree().items;
    let first = items.partition_point(|item| item.offset + item.node.range.end < offset);
    for item in items.iter().skip(first).take_while(|item| item.offset <= offset) {
        chain.add(item.offset, item.offset + item.node.range.end);
        chain.item(&item.node, item.offset);
    }
    chain.nested()
}

struct Chain<'t> {
    text: &'t str,
    offset: u32,
    found: Vec<(u32, u32)>,
}

impl Chain<'_> {
    fn add(&mut self, start: u32, end: u32) {
        let is_there = self.text.get(start as usize..end as usize).is_some();
        if start < end && start <= self.offset && self.offset <= end && is_there {
            self.found.push((start, end));
        }
    }

    /// Ranges without their outer blanks, too.
    fn add_content(&mut self, start: u32, end: u32) {
        let content = self.text.get(start as usize..end as usize).unwrap_or("");
        let head = (content.len() - content.trim_start().len()) as u32;
        self.add(start + head, start + content.trim_end().len() as u32);
        self.add(start, end);
    }

    fn item(&mut self, item: &ItemNode, base: u32) {
        let offset = self.offset;
        walk(item, |node| {
            let Range { start, end } = node.range();
            let (start, end) = (base + start, base + end);
            if offset < start || end < offset {
                return Go::Past;
            }
            // A clause has no word of its own in the tree; its brackets do.
            if !matches!(node, Node::Clause(_)) {
                self.add(start, end);
            }
            match node {
                Node::Mustache(mustache) => {
                    self.add_content(start + 2, end.saturating_sub(2));
                    let path = mustache.path.range;
                    self.add(base + path.start, base + path.end);
                    for part in &mustache.path.parts {
                        self.add(base + part.range.start, base + part.range.end);
                    }
                }
                Node::Text(text) => {
                    let ends = text.parts.first().zip(text.parts.last());
                    if let Some((first, last)) = ends {
                        self.add(
                            base + part_range(first).start.max(text.range.start),
                            base + part_range(last).end.min(text.range.end),
                        );
                    }
                }
                _ => {}
            }
            Go::Inside
        });
    }

    /// The word or comment at the place, and the brackets around it.
    fn words(&mut self, document: &Document) {
        for piece in pieces(document, self.offset, self.offset) {
            let mut open = Vec::new();
            for token in &piece.tokens {
                match token.kind {
                    TokenKind::Open => open.push(*token),
                    TokenKind::Close => {
                        let pair = opener(token.text(self.text));
                        let at = open.iter().rposition(|open| open.text(self.text) == pair);
                        if let Some(start) = at.and_then(|at| open.drain(at..).next()) {
                            self.add_content(start.end, token.start);
                            self.add(start.start, token.end);
                        }
                    }
                    TokenKind::Text | TokenKind::Block | TokenKind::OpenText | TokenKind::OpenBlock => {
                        self.word_in(token.start, token.end);
                        self.add(token.start, token.end);
                    }
                    TokenKind::Note | TokenKind::Doc | TokenKind::Slashes | TokenKind::Hashes => {
                        self.word_in(token.start, token.end);
                        self.add(token.start, token.end);
                    }
                    TokenKind::Word | TokenKind::Number => self.add(token.start, token.end),
                    TokenKind::BadNote | TokenKind::Sign | TokenKind::Junk | TokenKind::Control => {}
                }
            }
        }
    }

    /// The word at the place, in a text or comment.
    fn word_in(&mut self, start: u32, end: u32) {
        if self.offset < start || end < self.offset {
            return;
        }
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let before = self.text.get(start as usize..self.offset as usize).unwrap_or("");
        let behind = self.text.get(self.offset as usize..end as usize).unwrap_or("");
        let from = before.trim_end_matches(is_word).len() as u32;
        let length = (behind.len() - behind.trim_start_matches(is_word).len()) as u32;
        self.add(start + from, self.offset + length);
    }

    /// Keeps what grows, the smallest first.
    fn nested(mut self) -> Vec<(u32, u32)> {
        self.found
            .sort_by_key(|(start, end)| (end - start, std::cmp::Reverse(*start)));
        let mut kept: Vec<(u32, u32)> = Vec::new();
        for range in self.found {
            let fits = kept
                .last()
                .is_none_or(|last| *last != range && range.0 <= last.0 && last.1 <= range.1);
            if fits {
                kept.push(range);
            }
        }
        kept
    }
}

fn part_range(part: &TextPart) -> Range {
    match part {
        TextPart::Literal { range, .. } => *range,
        TextPart::Mustache(mustache) => mustache.range,
    }
}
