//! What can be folded away: brackets and blocks over several lines, comments, includes.

use aur_grammar::tree::ItemKind;
use aur_grammar::{Token, TokenKind};

use super::Document;
use super::pieces::{Piece, pieces};

/// Lines that can be folded away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    /// End of what stays to be seen on the first line.
    pub start: u32,
    /// End of the last line that goes; a bracket or quote that closes on a line of its own stays.
    pub end: u32,
    /// What it is.
    pub kind: FoldKind,
}

/// The kinds of what can be folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoldKind {
    /// Brackets or a block of text.
    Region,
    /// Comments on neighbouring lines.
    Comment,
    /// Includes that follow each other.
    Imports,
}

/// Lists what can be folded, in order; any two are apart or one is within the other, and no two start on
/// one line.
pub fn folding(document: &Document) -> Vec<Fold> {
    let text: &str = document.text();
    let mut folder = Folder {
        text,
        found: Vec::new(),
    };
    folder.includes(document);
    for piece in pieces(document, 0, text.len() as u32) {
        folder.regions(&piece);
        folder.comments(&piece.tokens);
    }
    let mut found = folder.found;
    found.sort_by_key(|fold| (fold.start, std::cmp::Reverse(fold.end)));
    one_per_line(text, found)
}

struct Folder<'t> {
    text: &'t str,
    found: Vec<Fold>,
}

impl Folder<'_> {
    fn add(&mut self, start: u32, end: u32, kind: FoldKind) {
        let covered = self.text.get(start as usize..end as usize).unwrap_or("");
        if covered.contains('\n') {
            self.found.push(Fold { start, end, kind });
        }
    }

    fn includes(&mut self, document: &Document) {
        let items = &document.tree().items;
        let is_include = |kind: &ItemKind| matches!(kind, ItemKind::Include { .. });
        for run in items.chunk_by(|a, b| is_include(&a.node.kind) && is_include(&b.node.kind)) {
            if let [first, .., last] = run {
                let end = |item: &aur_grammar::tree::Item| item.offset + item.node.range.end;
                self.add(end(first), end(last), FoldKind::Imports);
            }
        }
    }

    fn regions(&mut self, piece: &Piece) {
        let mut open: Vec<Token> = Vec::new();
        for token in piece.tokens.iter().filter(|_| piece.item.is_some()) {
            match token.kind {
                TokenKind::Open => open.push(*token),
                TokenKind::Close => {
                    let pair = opener(token.text(self.text));
                    let Some(at) = open.iter().rposition(|open| open.text(self.text) == pair) else {
                        continue;
                    };
                    if let Some(start) = open.drain(at..).next()
                        && start.line < token.line
                    {
                        let end = if token.first {
                            self.line_before(token.line)
                        } else {
                            token.start
                        };
                        self.add(start.end, end, FoldKind::Region);
                    }
                }
                TokenKind::Block => self.block(token),
                _ => {}
            }
        }
    }

    /// A text over several lines; the line of its closing quotes stays if nothing else stands before them.
    fn block(&mut self, token: &Token) {
        let Some((head, tail)) = token.text(self.text).split_once('\n') else {
            return;
        };
        let last = tail.rsplit('\n').next().unwrap_or("");
        let is_alone = last.trim_start().trim_matches(['"', '#']).is_empty();
        let end = if is_alone {
            self.line_before(token.end - last.len() as u32)
        } else {
            token.end
        };
        let start = token.start + head.trim_end().len() as u32;
        self.add(start, end, FoldKind::Region);
    }

    fn comments(&mut self, tokens: &[Token]) {
        let is_comment = |token: &Token| token.first && (token.is_note() || token.kind == TokenKind::Doc);
        let follows = |a: &Token, b: &Token| {
            let gap = self.text.get(a.end as usize..b.start as usize).unwrap_or("");
            let one_line = gap.bytes().filter(|byte| *byte == b'\n').count() == 1;
            is_comment(a)
                && is_comment(b)
                && one_line
                && (a.kind == TokenKind::Doc) == (b.kind == TokenKind::Doc)
        };
        let runs: Vec<(u32, u32)> = tokens
            .chunk_by(follows)
            .filter_map(|run| match run {
                [first, .., last] => Some((first.end, last.end)),
                _ => None,
            })
            .collect();
        for (start, end) in runs {
            self.add(start, end, FoldKind::Comment);
        }
    }

    /// The end of the line above the one that starts at a byte.
    fn line_before(&self, line: u32) -> u32 {
        let above = self.text.get(..line as usize).unwrap_or("");
        let above = above.strip_suffix('\n').unwrap_or(above);
        above.strip_suffix('\r').unwrap_or(above).len() as u32
    }
}

pub(super) fn opener(close: &str) -> &'static str {
    match close {
        ")" => "(",
        "]" => "[",
        _ => "{",
    }
}

/// Keeps the widest of those that start on one line: an editor can show only one.
fn one_per_line(text: &str, found: Vec<Fold>) -> Vec<Fold> {
    let mut kept: Vec<Fold> = Vec::with_capacity(found.len());
    for fold in found {
        let is_new = kept.last().is_none_or(|last| {
            let between = text.get(last.start as usize..fold.start as usize).unwrap_or("");
            between.contains('\n')
        });
        if is_new {
            kept.push(fold);
        }
    }
    kept
}
