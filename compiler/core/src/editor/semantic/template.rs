//! The words between `{{` and `}}`.

use aur_grammar::tree::{Access, Mustache, MustacheKind, Path, PathPart, PathPiece, Range};

use super::{Marks, Modifiers, SemanticKind};

impl<'t> Marks<'t> {
    pub(super) fn mustache(&mut self, mustache: &'t Mustache) {
        let Range { start, end } = mustache.range;
        if end < start + 4 {
            return;
        }
        self.mark(
            Range::new(start, start + 2),
            SemanticKind::TemplateBrace,
            Modifiers::NONE,
        );
        let is_section = mustache.kind != MustacheKind::Value;
        if is_section {
            let sigil = Range::new(start + 2, start + 3);
            self.mark(sigil, SemanticKind::TemplateSigil, Modifiers::NONE);
        }
        if mustache.path.parts.is_empty() {
            let path = mustache.path.range;
            self.mark(path, SemanticKind::TemplateName, Modifiers::NONE);
        }
        self.path(&mustache.path);
        for filter in &mustache.filters {
            self.mark(
                filter.range,
                SemanticKind::TemplateFilter,
                Modifiers::DEFAULT_LIBRARY,
            );
        }
        self.mark(
            Range::new(end - 2, end),
            SemanticKind::TemplateBrace,
            Modifiers::NONE,
        );
    }

    fn path(&mut self, path: &'t Path) {
        let is_runtime = path.parts.first().is_some_and(is_runtime_root);
        for part in &path.parts {
            let (kind, modifiers) = match part.access {
                _ if is_runtime => (SemanticKind::TemplateRuntime, Modifiers::DEFAULT_LIBRARY),
                Access::Root => (SemanticKind::TemplateName, Modifiers::READONLY),
                Access::Dot | Access::Index => (SemanticKind::TemplatePart, Modifiers::NONE),
            };
            self.part(part, kind, modifiers);
        }
    }

    /// A name in pieces: between those that are built from other names stand plain letters.
    fn part(&mut self, part: &'t PathPart, kind: SemanticKind, modifiers: Modifiers) {
        let mut at = part.range.start;
        for piece in &part.pieces {
            match piece {
                PathPiece::Literal(letters) => {
                    let end = at + letters.len() as u32;
                    self.mark(Range::new(at, end), kind, modifiers);
                    at = end;
                }
                PathPiece::Nested(path) => {
                    let brace = SemanticKind::TemplateBrace;
                    self.mark(Range::new(at, at + 2), brace, Modifiers::NONE);
                    self.path(path);
                    let rest = self.slice(Range::new(path.range.end, part.range.end));
                    let blanks = (rest.len() - rest.trim_start().len()) as u32;
                    let close = path.range.end + blanks;
                    self.mark(Range::new(close, close + 2), brace, Modifiers::NONE);
                    at = close + 2;
                }
            }
        }
    }
}

/// Whether a path begins like the names that are known when running.
fn is_runtime_root(part: &PathPart) -> bool {
    match part.pieces.as_slice() {
        [PathPiece::Literal(name)] => matches!(name.as_str(), "aur" | "thermos" | "mesos"),
        _ => false,
    }
}
