//! The canonical layout as edits: of a file, of a part of it, and of a line that was just begun.

use aur_grammar::{Token, TokenKind, format_tree, tokens};

use super::folding::opener;
use super::{Document, TextEdit};

/// Columns that a bracket indents by.
const INDENT: usize = 2;

/// Makes the edits that lay out a file, in order.
///
/// Only blanks, line breaks and commas between tokens change, so a cursor keeps its place.
pub fn format_edits(document: &Document) -> Vec<TextEdit> {
    let text: &str = document.text();
    let laid_out = format_tree(text, document.tree());
    let before = Gaps::new(text);
    let behind = Gaps::new(&laid_out);
    let mut edits = Vec::new();
    for (old, new) in before.zip(behind) {
        let (Some(was), Some(is)) = (text.get(old.0..old.1), laid_out.get(new.0..new.1)) else {
            continue;
        };
        if was != is {
            edits.push(trimmed(old.0, was, is));
        }
    }
    edits
}

/// Makes the edits that lay out the items that a range of bytes touches, in order.
pub fn format_range(document: &Document, start: u32, end: u32) -> Vec<TextEdit> {
    let touched = document.tree().items.iter().filter_map(|item| {
        let (first, last) = (item.offset, item.offset + item.node.range.end);
        (first <= end && start <= last).then_some((first, last))
    });
    let Some((first, last)) = touched.reduce(|a, b| (a.0, b.1)) else {
        return Vec::new();
    };
    let line = document.text().get(..first as usize).unwrap_or("");
    let first = line.rfind('\n').map_or(0, |at| at + 1) as u32;
    let mut edits = format_edits(document);
    edits.retain(|edit| first <= edit.start && edit.end <= last);
    edits
}

/// Makes the edit that indents the line at `offset`, which a line break has just begun.
///
/// Nothing changes what a text says: within one, a line that already holds something stays as it is.
pub fn format_on_newline(document: &Document, offset: u32) -> Vec<TextEdit> {
    let text: &str = document.text();
    let Some(before) = text.get(..offset as usize) else {
        return Vec::new();
    };
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let rest = text.get(line..).unwrap_or("");
    let rest = rest.lines().next().unwrap_or("");
    let content = rest.trim_start_matches([' ', '\t']);
    let written = rest.len() - content.len();
    if line == 0 || line + written < offset as usize {
        return Vec::new();
    }
    let Some(indent) = Above::new(document, line).indent(content) else {
        return Vec::new();
    };
    let wanted = " ".repeat(indent);
    if rest.get(..written) == Some(wanted.as_str()) {
        return Vec::new();
    }
    vec![TextEdit {
        start: line as u32,
        end: (line + written) as u32,
        text: wanted,
    }]
}

/// What stands between the tokens of a text that are no commas: byte ranges, in order.
struct Gaps<'t, T> {
    text: &'t str,
    tokens: Option<T>,
    at: usize,
}

impl<'t> Gaps<'t, ()> {
    fn new(text: &'t str) -> Gaps<'t, impl Iterator<Item = Token>> {
        let at = text.len() - text.trim_start_matches('\u{feff}').len();
        let shift = at as u32;
        let scanned = tokens(text.get(at..).unwrap_or("")).map(move |token| Token {
            start: token.start + shift,
            end: token.end + shift,
            ..token
        });
        Gaps {
            text,
            tokens: Some(scanned),
            at: 0,
        }
    }
}

impl<T: Iterator<Item = Token>> Iterator for Gaps<'_, T> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        let start = self.at;
        for token in self.tokens.as_mut()? {
            let written = token.text(self.text);
            if written != "," {
                self.at = token.start as usize + written.trim_end().len();
                return Some((start, token.start as usize));
            }
        }
        self.tokens = None;
        Some((start, self.text.len()))
    }
}

/// The edit from one gap to another without what they share at their ends.
fn trimmed(start: usize, was: &str, is: &str) -> TextEdit {
    let head = shared(was.chars().zip(is.chars()));
    let (was, is) = (was.get(head..).unwrap_or(""), is.get(head..).unwrap_or(""));
    let tail = shared(was.chars().rev().zip(is.chars().rev()));
    TextEdit {
        start: (start + head) as u32,
        end: (start + head + was.len() - tail) as u32,
        text: is.get(..is.len() - tail).unwrap_or("").to_string(),
    }
}

/// Bytes of the letters that two texts share from one end on.
fn shared(letters: impl Iterator<Item = (char, char)>) -> usize {
    let same = letters.take_while(|(a, b)| a == b);
    same.map(|(letter, _)| letter.len_utf8()).sum()
}

/// What stands above a line.
struct Above<'t> {
    text: &'t str,
    line: usize,
    /// Tokens from the start of the item on.
    tokens: Vec<Token>,
}

impl<'t> Above<'t> {
    fn new(document: &'t Document, line: usize) -> Self {
        let text: &str = document.text();
        let items = &document.tree().items;
        let next = items.partition_point(|item| (item.offset as usize) < line);
        let item = next.checked_sub(1).and_then(|index| items.get(index));
        let start = item.map_or(0, |item| item.offset as usize);
        let start = text.get(..start).unwrap_or("").rfind('\n').map_or(0, |at| at + 1);
        let rest = text.get(start..).unwrap_or("");
        let scanned = tokens(rest).map(|token| Token {
            start: token.start + start as u32,
            end: token.end + start as u32,
            line: token.line + start as u32,
            ..token
        });
        Self {
            text,
            line,
            tokens: scanned
                .take_while(|token| (token.start as usize) < line)
                .collect(),
        }
    }

    /// The columns that the line begins with; none where it is to stay as it is.
    fn indent(&self, content: &str) -> Option<usize> {
        let last = self.tokens.iter().rfind(|token| !token.is_note());
        if let Some(last) = self.tokens.last()
            && (last.end as usize > self.line || last.kind == TokenKind::OpenBlock)
        {
            return self.block_indent(last, content);
        }
        let Some(last) = last else { return Some(0) };
        // A line break within a text on one line broke it in two.
        if last.kind == TokenKind::OpenText && !content.is_empty() {
            return None;
        }
        let mut open: Vec<&Token> = Vec::new();
        for token in &self.tokens {
            match token.kind {
                TokenKind::Open => open.push(token),
                TokenKind::Close => {
                    let pair = opener(token.text(self.text));
                    if let Some(at) = open.iter().rposition(|open| open.text(self.text) == pair) {
                        open.truncate(at);
                    }
                }
                _ => {}
            }
        }
        let goes_on = self.goes_on(last, content);
        let Some(bracket) = open.last() else {
            return Some(if goes_on { INDENT } else { 0 });
        };
        let outer = self.indent_of(bracket.line as usize);
        if content.starts_with([')', ']', '}']) {
            return Some(outer);
        }
        Some(outer + if goes_on { 2 * INDENT } else { INDENT })
    }

    /// A line within a block is indented like the one above; where the block begins, as the layout has it.
    fn block_indent(&self, block: &Token, content: &str) -> Option<usize> {
        let quotes = matches!(block.kind, TokenKind::Block) && content.starts_with(['"', '\'']);
        if !content.is_empty() && !quotes {
            return None;
        }
        let inside = self.text.get(block.start as usize..self.line).unwrap_or("");
        let written = inside.lines().skip(1).filter(|line| !line.trim().is_empty());
        match written.last() {
            Some(line) => Some(line.len() - line.trim_start_matches([' ', '\t']).len()),
            None => Some(self.indent_of(block.line as usize) + INDENT),
        }
    }

    /// Whether what stands above needs something behind it, or the line begins with what needs something before.
    fn goes_on(&self, last: &Token, content: &str) -> bool {
        let needs_more = match last.text(self.text) {
            "=" | "+" | "-" | "*" | "/" | "//" | "%" | "->" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "|" => {
                last.kind == TokenKind::Sign
            }
            "and" | "or" | "not" | "in" | "if" | "else" | "where" => last.kind == TokenKind::Word,
            _ => false,
        };
        needs_more || content.starts_with(['.', '+', '*', '|'])
    }

    fn indent_of(&self, line: usize) -> usize {
        let line = self.text.get(line..).unwrap_or("");
        line.len() - line.trim_start_matches([' ', '\t']).len()
    }
}
