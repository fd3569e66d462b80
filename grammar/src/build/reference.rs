//! References: what stands between `{{` and `}}`.

use super::Builder;
use crate::pest::{Cursor, Node, Rule, read};
use crate::tree::{Access, Ident, MustacheKind, Path, PathPart, PathPiece};

impl Builder<'_> {
    /// Reads the reference from `from` to `to`.
    pub(super) fn reference(&mut self, from: u32, to: u32) -> Option<(MustacheKind, Path, Vec<Ident>)> {
        if let Some(path) = self.dotted(from, to) {
            return Some((MustacheKind::Value, path, Vec::new()));
        }
        let mut nodes = Vec::new();
        read(Rule::mustache, self.slice(from, to), &mut nodes).ok()?;
        let (_, mut cursor) = Cursor::new(&nodes).step()?;
        let kind = match cursor
            .take(Rule::sigil)
            .map(|(sigil, _)| self.byte(from + sigil.start))
        {
            None => MustacheKind::Value,
            Some(b'#') => MustacheKind::Section,
            Some(b'^') => MustacheKind::Inverted,
            Some(_) => MustacheKind::End,
        };
        let (node, children) = cursor.take(Rule::path)?;
        let path = self.path(from, node, children);
        let mut filters = Vec::new();
        while let Some((node, _)) = cursor.take(Rule::name) {
            filters.push(self.ident(Node {
                start: node.start + from,
                end: node.end + from,
                ..node
            }));
        }
        Some((kind, path, filters))
    }

    /// The commonest reference, names with dots, is read without the grammar; a test compares the two.
    fn dotted(&self, from: u32, to: u32) -> Option<Path> {
        let written = self.slice(from, to);
        let mut parts = Vec::new();
        let mut at = from;
        for name in written.split('.') {
            let starts = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
            if !starts
                || !name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            {
                return None;
            }
            let end = at + name.len() as u32;
            let access = if at == from { Access::Root } else { Access::Dot };
            let pieces = vec![PathPiece::Literal(name.into())];
            parts.push(PathPart {
                range: self.range(at, end),
                access,
                pieces,
            });
            at = end + 1;
        }
        Some(Path {
            range: self.range(from, to),
            parts,
        })
    }

    fn path(&mut self, base: u32, node: Node, mut cursor: Cursor<'_>) -> Path {
        let mut parts = Vec::new();
        while let Some((node, mut pieces)) = cursor.step() {
            let access = match node.rule {
                Rule::root => Access::Root,
                Rule::step => Access::Dot,
                Rule::element => Access::Index,
                // `{{.}}` has no parts.
                _ => continue,
            };
            let mut found = Vec::new();
            while let Some((piece, mut inside)) = pieces.step() {
                found.push(match inside.take(Rule::path) {
                    Some((path, children)) => PathPiece::Nested(self.path(base, path, children)),
                    None => PathPiece::Literal(self.slice(base + piece.start, base + piece.end).into()),
                });
            }
            let range = self.range(base + node.start, base + node.end);
            parts.push(PathPart {
                range,
                access,
                pieces: found,
            });
        }
        Path {
            range: self.range(base + node.start, base + node.end),
            parts,
        }
    }
}
