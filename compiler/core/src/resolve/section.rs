//! Sections of a text: `{{#x}}..{{/x}}` and `{{^x}}..{{/x}}`.

use std::ops::Range;
use std::rc::Rc;

use aur_diagnostics::{Diagnostic, codes};
use aur_grammar::tree::{self, Mustache, MustacheKind, TextPart};

use super::find::{Asked, path_text, written};
use super::frames::{Env, Frame, enter, node};
use super::{Builder, Judge, Key};
use crate::eval::Compiler;
use crate::value::{Base, Kind, Piece, TextRef, Value, describe};

/// What a round of a section costs beside one of a comprehension.
const STEPS_OF_A_ROUND: usize = 4;

impl<'p> Compiler<'p> {
    /// `{{#x}}body{{/x}}`
    #[allow(
        clippy::too_many_arguments,
        reason = "one step of `render`, split off for its length"
    )]
    pub(super) fn section(
        &mut self,
        mustache: &'p Mustache,
        body: Range<usize>,
        text: TextRef<'p>,
        env: &Env<'p>,
        judge: Judge,
        id: (Key, usize),
        out: &mut Builder,
    ) {
        let span = text.base.span(mustache.range);
        let (value, value_env) = match self.find_optional(mustache, text.base, env, judge, id) {
            Asked::Found(value, value_env) => (self.settle(&value, &value_env, judge), value_env),
            Asked::Late(name) => {
                let message = format!("`{name}` is known only when the task runs and cannot drive a section");
                self.sink.push(Diagnostic::new(&codes::late_name, span, message));
                out.is_poisoned = true;
                return;
            }
            Asked::Open(written) => {
                out.piece(Piece::Open(written));
                return;
            }
            Asked::Broken => {
                out.is_poisoned = true;
                return;
            }
        };
        let inner = enter(&value_env, &value.scopes);
        let rounds: Vec<Env<'p>> = match &value.kind {
            Kind::Bool(false) | Kind::Unset => Vec::new(),
            Kind::Bool(true) => vec![env.clone()],
            Kind::Raw(raw) if raw.is_empty() => Vec::new(),
            Kind::Text(inner) if inner.literal() == Some("") => Vec::new(),
            Kind::Raw(_) | Kind::Text(_) => vec![env.clone()],
            Kind::List(items) => items
                .iter()
                .map(|item| self.element_env(item, &inner, env))
                .collect(),
            Kind::Struct(_) | Kind::Namespace(_) => vec![self.element_env(&value, &value_env, env)],
            Kind::Map(pairs) if pairs.is_empty() => Vec::new(),
            Kind::Map(_) => vec![env.clone()],
            Kind::Poison => {
                out.is_poisoned = true;
                return;
            }
            Kind::Opaque(_) | Kind::Pieces(_) => {
                out.piece(Piece::Open(written(mustache, self.program.sources.text(span))));
                return;
            }
            other => {
                let message = format!(
                    "a section is driven by a Boolean, a text, a list or a struct, this is {}",
                    describe(other)
                );
                self.sink.push(
                    Diagnostic::new(&codes::bad_section, span, message)
                        .help("compare it first: `flag = count > 0`"),
                );
                out.is_poisoned = true;
                return;
            }
        };
        let rounds = match (mustache.kind, rounds.is_empty()) {
            (MustacheKind::Inverted, true) => vec![env.clone()],
            (MustacheKind::Inverted, false) => Vec::new(),
            _ => rounds,
        };
        for round in rounds {
            if !self.may_step(STEPS_OF_A_ROUND, span) {
                out.is_poisoned = true;
                return;
            }
            self.render(text, body.clone(), &round, judge, id, out);
        }
    }

    /// The chain inside a section for one element: its names first, then those around the section.
    fn element_env(&mut self, item: &Value<'p>, list_env: &Env<'p>, around: &Env<'p>) -> Env<'p> {
        match &item.kind {
            Kind::Struct(inner) => {
                let scopes = enter(around, &item.scopes);
                node(Frame::Attributes(inner.clone()), Some(scopes))
            }
            Kind::Namespace(entries) => node(
                Frame::Bindings(Rc::new(entries.iter().cloned().collect())),
                Some(enter(around, &item.scopes)),
            ),
            _ => {
                let settled = self.settle(item, list_env, Judge::Later);
                node(Frame::Element(settled), Some(around.clone()))
            }
        }
    }

    /// Checks once for each written text that sections open and close in order.
    pub(crate) fn check_sections(&mut self, text: &'p tree::Text, base: Base) {
        // The parser has said so already, and the item is broken.
        if self.is_in_broken_item(base.span(text.range)) {
            return;
        }
        let mut open: Vec<&Mustache> = Vec::new();
        for part in &text.parts {
            let TextPart::Mustache(mustache) = part else {
                continue;
            };
            let span = base.span(mustache.range);
            match mustache.kind {
                MustacheKind::Value => {
                    self.filters(mustache, base);
                }
                MustacheKind::Section | MustacheKind::Inverted => open.push(mustache),
                MustacheKind::End => match open.pop() {
                    Some(start) if same_path(&start.path, &mustache.path) => {}
                    Some(start) => self.sink.push(
                        Diagnostic::new(
                            &codes::bad_section,
                            span,
                            "this ends another section than the one that is open",
                        )
                        .also(base.span(start.range), "this section is open"),
                    ),
                    None => self.sink.push(
                        Diagnostic::new(&codes::bad_section, span, "no section of this name is open")
                            .help("remove it, or open the section: `{{#name}}`"),
                    ),
                },
            }
        }
        for start in open {
            let name = path_text(&start.path);
            self.sink.push(
                Diagnostic::new(
                    &codes::bad_section,
                    base.span(start.range),
                    format!("the section `{name}` is never ended"),
                )
                .help(format!("write `{{{{/{name}}}}}` where it ends")),
            );
        }
    }
}

/// A literal without what belongs to lines that hold nothing but a tag of a section.
pub(super) fn without_tag_lines<'t>(literal: &'t str, parts: &[TextPart], at: usize) -> &'t str {
    let mut literal = literal;
    if at > 0 && is_alone(parts, at - 1) {
        literal = literal.split_once('\n').map_or("", |(_, rest)| rest);
    }
    if is_alone(parts, at + 1) {
        literal = literal.rsplit_once('\n').map_or("", |(_, last)| {
            literal.get(..literal.len() - last.len()).unwrap_or(literal)
        });
    }
    literal
}

/// Whether the part is a tag of a section with nothing but blanks beside it on its line.
fn is_alone(parts: &[TextPart], at: usize) -> bool {
    let is_tag = match parts.get(at) {
        Some(TextPart::Mustache(mustache)) => mustache.kind != MustacheKind::Value,
        Some(TextPart::Literal { .. }) | None => false,
    };
    if !is_tag {
        return false;
    }
    let is_blank = |text: &str| text.bytes().all(|byte| matches!(byte, b' ' | b'\t'));
    let starts_line = match at.checked_sub(1).map(|before| parts.get(before)) {
        None => true,
        Some(Some(TextPart::Literal { text, .. })) => match text.rsplit_once('\n') {
            Some((_, last)) => is_blank(last),
            None => at == 1 && is_blank(text),
        },
        Some(_) => false,
    };
    let ends_line = match parts.get(at + 1) {
        None => true,
        Some(TextPart::Literal { text, .. }) => match text.split_once('\n') {
            Some((first, _)) => is_blank(first),
            None => at + 2 == parts.len() && is_blank(text),
        },
        Some(TextPart::Mustache(_)) => false,
    };
    // A text of one line keeps its blanks: there is no line to take away.
    let is_of_lines =
        |part: Option<&TextPart>| matches!(part, Some(TextPart::Literal { text, .. }) if text.contains('\n'));
    let has_line = is_of_lines(parts.get(at + 1)) || at > 0 && is_of_lines(parts.get(at - 1));
    starts_line && ends_line && has_line
}

pub(super) fn section_end(parts: &[TextPart], start: usize) -> usize {
    let mut depth = 0usize;
    for (at, part) in parts.iter().enumerate().skip(start) {
        let TextPart::Mustache(mustache) = part else {
            continue;
        };
        match mustache.kind {
            MustacheKind::Section | MustacheKind::Inverted => depth += 1,
            MustacheKind::End if depth == 0 => return at,
            MustacheKind::End => depth -= 1,
            MustacheKind::Value => {}
        }
    }
    parts.len()
}

fn same_path(a: &tree::Path, b: &tree::Path) -> bool {
    path_text(a) == path_text(b)
}
