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

    /// The commonest references, such as `task.name` and `thermos.ports[http]`, are read without the grammar,
    /// whose every entry has a price; a test compares the two.
    fn dotted(&self, from: u32, to: u32) -> Option<Path> {
        let written = self.slice(from, to).as_bytes();
        let byte = |at: usize| written.get(at).copied().unwrap_or(0);
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let is_sign = |byte: u8| is_letter(byte) || matches!(byte, b'-' | b'.' | b'/');
        let steps = written.iter().filter(|byte| matches!(byte, b'.' | b'['));
        let mut parts = Vec::with_capacity(steps.count() + 1);
        let mut at = 0;
        loop {
            let (access, start) = match (at, byte(at)) {
                (0, _) => (Access::Root, 0),
                (_, b'.') => (Access::Dot, at + 1),
                (_, b'[') => (Access::Index, at + 1),
                _ => return None,
            };
            let index = access == Access::Index;
            let rest = written.get(start..).unwrap_or(&[]);
            let fits = |byte: &&u8| if index { is_sign(**byte) } else { is_letter(**byte) };
            let end = start + rest.iter().take_while(fits).count();
            let is_name = index && byte(end) == b']' || !index && !byte(start).is_ascii_digit();
            if end == start || !is_name {
                return None;
            }
            let (start, stop) = (from + start as u32, from + end as u32);
            let pieces = vec![PathPiece::Literal(self.slice(start, stop).into())];
            parts.push(PathPart {
                range: self.range(start, stop),
                access,
                pieces,
            });
            at = end + usize::from(index);
            if at == written.len() {
                return Some(Path {
                    range: self.range(from, to),
                    parts,
                });
            }
        }
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
