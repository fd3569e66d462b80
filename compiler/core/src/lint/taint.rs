//! Which texts come from outside, and the mustaches that they are put in.
//!
//! Texts are known by their address; what was made from such a text is noted again where it is made.

use std::rc::Rc;

use aur_diagnostics::Span;
use aur_grammar::tree::{Expr, Mustache, TextPart};
use rustc_hash::FxHashMap;

use super::pattern::is_harmless;
use crate::eval::{Compiler, rule_pattern};
use crate::types::Type;
use crate::value::{Kind, Piece, TextRef, Value};

/// Something from outside that stands in a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    /// The name of the input, where it is known.
    pub(crate) input: Option<Span>,
    /// Whether it came as part of a text of several words, and the mustache in there.
    pub(crate) inside: Option<Span>,
}

#[derive(Default)]
pub(crate) struct Taint<'p> {
    marked: FxHashMap<usize, Origin>,
    /// Keeps the addresses alive.
    held: Vec<Kind<'p>>,
    /// By the address of the mustache.
    splices: FxHashMap<usize, Origin>,
}

impl<'p> Taint<'p> {
    fn address(kind: &Kind<'p>) -> Option<usize> {
        match kind {
            Kind::Raw(text) => Some(Rc::as_ptr(text).cast::<u8>().addr()),
            Kind::Pieces(pieces) => Some(Rc::<Vec<Piece>>::as_ptr(pieces).addr()),
            Kind::Text(text) => Some(std::ptr::from_ref(text.text).addr()),
            _ => None,
        }
    }

    /// Where a value comes from, if it is text from outside.
    pub(super) fn origin(&self, kind: &Kind<'p>) -> Option<Origin> {
        match kind {
            Kind::Opaque(ty) => is_free_text(ty).then_some(Origin {
                input: None,
                inside: None,
            }),
            _ if self.marked.is_empty() => None,
            kind => self.marked.get(&Self::address(kind)?).copied(),
        }
    }

    fn mark(&mut self, kind: &Kind<'p>, origin: Origin) {
        if let Some(address) = Self::address(kind)
            && self.marked.insert(address, origin).is_none()
        {
            self.held.push(kind.clone());
        }
    }

    /// Marks an input and everything in it.
    fn mark_all(&mut self, value: &Value<'p>, origin: Origin) {
        match &value.kind {
            Kind::List(items) => items.iter().for_each(|item| self.mark_all(item, origin)),
            Kind::Map(pairs) => pairs.iter().for_each(|(_, item)| self.mark_all(item, origin)),
            Kind::Struct(inner) => (0..inner.decl.fields.len())
                .filter_map(|index| inner.written(index))
                .for_each(|item| self.mark_all(item, origin)),
            kind => self.mark(kind, origin),
        }
    }
}

/// Whether a type holds any text at all; numbers and texts of a harmless form do no harm.
fn is_free_text(ty: &Type<'_>) -> bool {
    match ty {
        Type::String => true,
        Type::Refined(base, rule) => is_free_text(base) && !is_harmless_rule(rule.expr),
        Type::Optional(inner) => is_free_text(inner),
        Type::Union(types) => types.iter().any(is_free_text),
        _ => false,
    }
}

/// Whether a rule leaves only texts that bash takes as they are. A list of texts was written by the author.
fn is_harmless_rule(rule: &Expr) -> bool {
    rule_pattern(rule).is_none_or(is_harmless)
}

/// Whether a text is one word: put into a command it stands for a value, not for a part of the command.
fn is_one_word(text: &TextRef<'_>) -> bool {
    text.text.parts.iter().all(|part| match part {
        TextPart::Literal { text, .. } => !text.contains(char::is_whitespace),
        TextPart::Mustache(_) => true,
    })
}

impl<'p> Compiler<'p> {
    /// Notes the value of an input.
    pub(crate) fn taint_input(&mut self, value: &Value<'p>, ty: &Type<'p>, name: Span) {
        let checked = match ty {
            Type::Optional(inner) => inner,
            other => other,
        };
        if !matches!(checked, Type::Refined(_, rule) if is_harmless_rule(rule.expr)) {
            let origin = Origin {
                input: Some(name),
                inside: None,
            };
            self.lints.taint.mark_all(value, origin);
        }
    }

    /// What was made from a text comes from where the text comes from.
    pub(crate) fn taint_carry(&mut self, from: &Kind<'p>, made: &Kind<'p>) {
        if let Some(origin) = self.lints.taint.origin(from) {
            self.lints.taint.mark(made, origin);
        }
    }

    /// Notes what a mustache stands for; says where its text comes from, unless a filter makes it one word.
    pub(crate) fn taint_splice(
        &mut self,
        mustache: &'p Mustache,
        found: &Value<'p>,
        settled: &Value<'p>,
    ) -> Option<Origin> {
        let mut origin = self.lints.taint.origin(&settled.kind)?;
        if origin.input.is_none() {
            origin.input = self.input_named(mustache);
        }
        if let Kind::Text(text) = &found.kind
            && origin.inside.is_none()
            && !is_one_word(text)
        {
            let inner = text.text.parts.iter().find_map(|part| match part {
                TextPart::Mustache(inner) if self.lints.taint.splices.contains_key(&address_of(inner)) => {
                    Some(inner)
                }
                _ => None,
            });
            origin.inside = inner.map(|inner| text.base.span(inner.range));
        }
        self.lints.taint.splices.insert(address_of(mustache), origin);
        let is_word = mustache.filters.last().is_some_and(|filter| filter.name == "sh");
        (!is_word).then_some(origin)
    }

    /// Notes where a resolved text comes from.
    pub(crate) fn taint_text(&mut self, text: &Value<'p>, origin: Origin) {
        self.lints.taint.mark(&text.kind, origin);
    }

    /// Where the text of a mustache comes from, if any of its values came from outside.
    pub(super) fn splice(&self, mustache: &Mustache) -> Option<Origin> {
        self.lints.taint.splices.get(&address_of(mustache)).copied()
    }

    /// The input of the name that a mustache starts with: most are bound under their own name.
    fn input_named(&self, mustache: &Mustache) -> Option<Span> {
        let [part] = mustache.path.parts.as_slice() else {
            return None;
        };
        let [aur_grammar::tree::PathPiece::Literal(name)] = part.pieces.as_slice() else {
            return None;
        };
        self.input_place(name)
    }
}

fn address_of(mustache: &Mustache) -> usize {
    std::ptr::from_ref(mustache).addr()
}
