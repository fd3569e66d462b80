//! From text to tree.

use std::sync::Arc;

use aur_diagnostics::codes;

use crate::build::Builder;
use crate::patch::Patches;
use crate::pest::{Cursor, Node, Rule, read};
use crate::split::{is_sound, split};
use crate::tree::{Expr, ExprKind, Item, ItemKind, ItemNode, Range, SyntaxError, Tree};

/// Reads a file. Always returns a tree; what is wrong stands with the item it is wrong in.
pub fn parse(text: &str) -> Tree {
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

/// Reads one item: the text from its first byte to its last, doc comments and annotations included.
pub fn parse_item(text: &str) -> ItemNode {
    Reader::default().item(text, is_sound(text))
}

/// Reads one expression.
pub fn parse_expr(text: &str) -> (Expr, Vec<SyntaxError>) {
    Reader::default().expression(text)
}

/// Reads items with one set of buffers.
#[derive(Default)]
struct Reader {
    nodes: Vec<Node>,
}

impl Reader {
    fn item(&mut self, text: &str, sound: bool) -> ItemNode {
        let range = Range::new(0, text.len() as u32);
        if sound && read(Rule::one_item, text, &mut self.nodes).is_ok() {
            let patches = Patches::default();
            let mut builder = Builder::new(text, &patches);
            let mut item = builder.item(Cursor::new(&self.nodes), range);
            item.errors = builder.into_errors();
            return item;
        }
        let r = read(Rule::one_item, text, &mut self.nodes);
        let error = SyntaxError::new(&codes::syntax, range, format!("{r:?}"), "");
        ItemNode {
            range,
            doc: None,
            annotations: Vec::new(),
            kind: ItemKind::Broken,
            errors: vec![error],
        }
    }

    fn expression(&mut self, text: &str) -> (Expr, Vec<SyntaxError>) {
        if is_sound(text) && read(Rule::one_expr, text, &mut self.nodes).is_ok() {
            let patches = Patches::default();
            let mut builder = Builder::new(text, &patches);
            let expr = builder.lone_expression(Cursor::new(&self.nodes));
            return (expr, builder.into_errors());
        }
        (
            Expr {
                range: Range::new(0, text.len() as u32),
                kind: ExprKind::Missing,
            },
            Vec::new(),
        )
    }
}
