//! From text to tree.

use std::sync::Arc;

use aur_diagnostics::codes;

use crate::build::Builder;
use crate::patch::Patches;
use crate::pest::{Cursor, Node, Rule, read};
use crate::repair;
use crate::split::{is_sound, split};
use crate::tree::{Expr, Item, ItemKind, ItemNode, Range, SyntaxError, Tree};

/// Reads a file. Always returns a tree; what is wrong stands with the item it is wrong in.
pub fn parse(text: &str) -> Tree {
    if let Some(item) = not_text(text) {
        return Tree { items: vec![item] };
    }
    // A mark of byte order at the start is no part of the text.
    let from = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut reader = Reader::default();
    let items = split(text, from).into_iter().map(|chunk| {
        let item = text.get(chunk.start as usize..chunk.end as usize).unwrap_or("");
        Item {
            offset: chunk.start,
            node: Arc::new(reader.item(item, chunk.sound)),
        }
    });
    Tree {
        items: items.collect(),
    }
}

/// Returns one broken item for a file that holds something other than text.
pub(crate) fn not_text(text: &str) -> Option<Item> {
    let head = text.as_bytes().get(..4096).unwrap_or(text.as_bytes());
    let is_binary = |byte: &&u8| matches!(byte, 0..=8 | 14..=31);
    if head.iter().filter(is_binary).count() < 8 {
        return None;
    }
    let range = Range::new(0, text.len() as u32);
    let at = head.iter().position(|byte| is_binary(&byte)).unwrap_or(0) as u32;
    let message = "the file is not text";
    let error = SyntaxError::new(
        &codes::not_text,
        Range::new(at, at + 1),
        message,
        "a control character",
    );
    let (kind, errors) = (ItemKind::Broken, vec![error]);
    let node = ItemNode {
        range,
        doc: None,
        annotations: Vec::new(),
        kind,
        errors,
    };
    Some(Item {
        offset: 0,
        node: Arc::new(node),
    })
}

/// Reads one item: the text from its first byte to its last, doc comments and annotations included.
pub fn parse_item(text: &str) -> ItemNode {
    Reader::default().item(text, is_sound(text))
}

/// Reads one expression.
pub fn parse_expr(text: &str) -> (Expr, Vec<SyntaxError>) {
    Reader::default().expression(text)
}

/// Where the characters of a literal part of a text are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The byte each run starts at, in the part and in the written text; in the order of both.
    runs: Vec<(u32, u32)>,
}

impl Places {
    /// Returns where the byte `offset` of the part is written: bytes from the first quote of the text.
    pub fn written(&self, offset: u32) -> u32 {
        let next = self.runs.partition_point(|(start, _)| *start <= offset);
        match next.checked_sub(1).and_then(|index| self.runs.get(index)) {
            Some((start, written)) => written + (offset - start),
            None => 0,
        }
    }
}

/// Finds out where the characters of a text are written, behind escapes, joined literals and removed indent.
///
/// `written` is the source of the whole text, from its first quote to its last. There is one answer for each
/// `Literal` part, in order; none at all if `written` is no text.
pub fn places(written: &str) -> Vec<Places> {
    let mut nodes = Vec::new();
    if read(Rule::one_expr, written, &mut nodes).is_err() {
        return Vec::new();
    }
    let patches = Patches::default();
    let mut builder = Builder::new(written, &patches);
    builder.keep_places();
    builder.lone_expression(Cursor::new(&nodes));
    let places = builder.into_places().into_iter();
    places.map(|runs| Places { runs }).collect()
}

/// Reads items with one set of buffers.
#[derive(Default)]
pub(crate) struct Reader {
    nodes: Vec<Node>,
}

impl Reader {
    pub(crate) fn item(&mut self, text: &str, sound: bool) -> ItemNode {
        if !sound || read(Rule::one_item, text, &mut self.nodes).is_err() {
            return repair::item(text, &mut self.nodes);
        }
        let patches = Patches::default();
        let mut builder = Builder::new(text, &patches);
        let mut item = builder.item(Cursor::new(&self.nodes), Range::new(0, text.len() as u32));
        item.errors = builder.into_errors();
        item
    }

    fn expression(&mut self, text: &str) -> (Expr, Vec<SyntaxError>) {
        if !is_sound(text) || read(Rule::one_expr, text, &mut self.nodes).is_err() {
            return repair::expression(text, &mut self.nodes);
        }
        let patches = Patches::default();
        let mut builder = Builder::new(text, &patches);
        let expr = builder.lone_expression(Cursor::new(&self.nodes));
        (expr, builder.into_errors())
    }
}
