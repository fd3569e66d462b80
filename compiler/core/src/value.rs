//! Values: what an expression gives, with the scopes its texts are read in and the place it was written.
//!
//! A text keeps its mustaches until it is needed somewhere; what it sees is decided by the scopes the
//! value carries and by the place it lands in. See `resolve`.

use std::rc::Rc;

use aur_diagnostics::{FileId, Span};
use aur_grammar::tree;
use aur_ir::{LateName, TextFilter};
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use smol_str::SmolStr;

use crate::types::{EnumDecl, StructDecl, Type};

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Value<'p> {
    pub(crate) kind: Kind<'p>,
    /// What the value's texts see first, nearest first.
    pub(crate) scopes: Scopes<'p>,
    pub(crate) span: Span,
}

/// Large programs hold millions of values; what is rare and large stands behind a pointer.
const _: () = assert!(size_of::<Value<'static>>() <= 48);

#[derive(Clone, Debug)]
pub(crate) enum Kind<'p> {
    /// A fault was reported; fits everywhere and says nothing more.
    Poison,
    /// Known only with inputs that were not given.
    Opaque(Rc<Type<'p>>),
    Unset,
    Bool(bool),
    Int(i64),
    Float(f64),
    Bytes(i64),
    /// Milliseconds.
    Duration(i64),
    /// Text as written, mustaches open.
    Text(TextRef<'p>),
    /// Finished text: literal, from an input, the environment or a file.
    Raw(Rc<str>),
    /// Resolved text in which some names remain.
    Pieces(Rc<Vec<Piece>>),
    List(Rc<Vec<Value<'p>>>),
    /// Keys may be templates; order of writing.
    Map(Rc<Vec<(Value<'p>, Value<'p>)>>),
    Struct(Rc<StructValue<'p>>),
    Enum(Rc<EnumDecl>, u32),
    /// `{k: v}` without an expected type.
    Namespace(Rc<Vec<(SmolStr, Value<'p>)>>),
    /// The name of a struct, as the head of a record.
    StructType(Rc<StructDecl<'p>>),
    EnumType(Rc<EnumDecl>),
    /// `include .. as name`
    Module(u32),
    /// The name of a built-in function.
    Builtin(SmolStr),
}

impl<'p> Kind<'p> {
    /// A value of which only the type is known.
    pub(crate) fn opaque(ty: Type<'p>) -> Self {
        Self::Opaque(Rc::new(ty))
    }
}

/// A written text and the start of its item, which its ranges count from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextRef<'p> {
    pub(crate) text: &'p tree::Text,
    pub(crate) base: Base,
}

/// Where an item starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Base {
    pub(crate) file: FileId,
    pub(crate) offset: u32,
}

impl Base {
    pub(crate) fn span(self, range: tree::Range) -> Span {
        range.in_file(self.file, self.offset)
    }
}

/// A piece of resolved text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    Literal(Rc<str>),
    /// Known only when running.
    Late(LateName, Option<TextFilter>),
    /// Not bound, or known only with inputs that were not given: the text between the braces.
    Open(SmolStr),
}

#[derive(Debug)]
pub(crate) struct StructValue<'p> {
    pub(crate) decl: Rc<StructDecl<'p>>,
    /// What was written, by field, in order of the declaration. Most fields of most structs are not.
    pub(crate) slots: Vec<(u32, Slot<'p>)>,
    /// The record that built it, or the last copy.
    pub(crate) span: Span,
    /// Whether a field was written that does not exist: it may be one that is missing.
    pub(crate) has_stray_field: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Slot<'p> {
    /// Not written: the default counts, if there is one.
    Default,
    /// `unset` was written; clears a default too.
    Cleared,
    Set(Value<'p>),
}

/// A list of scopes, nearest first; shared tails.
pub(crate) type Scopes<'p> = Option<Rc<ScopeNode<'p>>>;

#[derive(Debug)]
pub(crate) struct ScopeNode<'p> {
    pub(crate) scope: Scope<'p>,
    pub(crate) next: Scopes<'p>,
}

/// What one `bind(..)` gives, by address, in order of writing.
pub(crate) type Bindings<'p> = IndexMap<SmolStr, Value<'p>, FxBuildHasher>;

#[derive(Clone, Debug)]
pub(crate) enum Scope<'p> {
    /// `bind(..)`
    Bindings(Rc<Bindings<'p>>),
    /// The attributes of a struct that the value was read from.
    Attributes(Rc<StructValue<'p>>),
}

impl<'p> Value<'p> {
    pub(crate) fn new(kind: Kind<'p>, span: Span) -> Self {
        Self {
            kind,
            scopes: None,
            span,
        }
    }

    pub(crate) fn poison(span: Span) -> Self {
        Self::new(Kind::Poison, span)
    }

    pub(crate) fn is_poison(&self) -> bool {
        matches!(self.kind, Kind::Poison)
    }

    /// Puts a scope in front: what is bound later is nearer.
    pub(crate) fn with_scope(mut self, scope: Scope<'p>) -> Self {
        self.scopes = Some(Rc::new(ScopeNode {
            scope,
            next: self.scopes,
        }));
        self
    }

    /// Puts the scopes of `parent` behind the value's own.
    pub(crate) fn behind(mut self, parent: &Scopes<'p>) -> Self {
        self.scopes = append(&self.scopes, parent);
        self
    }

    /// Whether a text still holds mustaches.
    pub(crate) fn is_template(&self) -> bool {
        match &self.kind {
            Kind::Text(text) => text.literal().is_none(),
            Kind::Pieces(_) => true,
            _ => false,
        }
    }
}

/// Returns `front` followed by `back`.
pub(crate) fn append<'p>(front: &Scopes<'p>, back: &Scopes<'p>) -> Scopes<'p> {
    match front {
        None => back.clone(),
        Some(node) if back.is_none() => Some(node.clone()),
        Some(node) => Some(Rc::new(ScopeNode {
            scope: node.scope.clone(),
            next: append(&node.next, back),
        })),
    }
}

impl<'p> TextRef<'p> {
    /// The text, where it holds no mustache.
    pub(crate) fn literal(&self) -> Option<&'p str> {
        match self.text.parts.as_slice() {
            [] => Some(""),
            [tree::TextPart::Literal { text, .. }] => Some(text),
            _ => None,
        }
    }
}

impl<'p> StructValue<'p> {
    pub(crate) fn new(decl: Rc<StructDecl<'p>>, span: Span) -> Self {
        Self {
            decl,
            slots: Vec::new(),
            span,
            has_stray_field: false,
        }
    }

    /// A copy to be changed.
    pub(crate) fn copy(&self, span: Span) -> Self {
        Self {
            decl: self.decl.clone(),
            slots: self.slots.clone(),
            span,
            has_stray_field: self.has_stray_field,
        }
    }

    /// What a field holds by itself.
    pub(crate) fn slot(&self, index: usize) -> &Slot<'p> {
        let found = self.slots.binary_search_by_key(&index, |(own, _)| *own as usize);
        found
            .ok()
            .and_then(|at| self.slots.get(at))
            .map_or(&Slot::Default, |(_, slot)| slot)
    }

    pub(crate) fn set(&mut self, index: usize, value: Value<'p>) {
        let slot = match value.kind {
            Kind::Unset => Slot::Cleared,
            _ => Slot::Set(value),
        };
        match self.slots.binary_search_by_key(&index, |(own, _)| *own as usize) {
            Ok(at) => {
                if let Some((_, own)) = self.slots.get_mut(at) {
                    *own = slot;
                }
            }
            Err(at) => self.slots.insert(at, (index as u32, slot)),
        }
    }

    /// Returns what was written for a field.
    pub(crate) fn written(&self, index: usize) -> Option<&Value<'p>> {
        match self.slot(index) {
            Slot::Set(value) => Some(value),
            Slot::Default | Slot::Cleared => None,
        }
    }
}

/// What a value is called in messages.
pub(crate) fn describe(kind: &Kind<'_>) -> String {
    match kind {
        Kind::Poison => "a broken value".into(),
        Kind::Opaque(ty) => format!("a value of type {ty}"),
        Kind::Unset => "`unset`".into(),
        Kind::Bool(value) => format!("the Boolean `{value}`"),
        Kind::Int(value) => format!("the Integer `{value}`"),
        Kind::Float(value) => format!("the Float `{}`", crate::print::float(*value)),
        Kind::Bytes(value) => format!("the Bytes `{}`", crate::print::bytes(*value)),
        Kind::Duration(value) => format!("the Duration `{}s`", crate::print::seconds(*value)),
        Kind::Raw(text) => format!("the text \"{}\"", shorten(text)),
        Kind::Text(text) => match text.literal() {
            Some(text) => format!("the text \"{}\"", shorten(text)),
            None => "a text".into(),
        },
        Kind::Pieces(_) => "a text".into(),
        Kind::List(_) => "a list".into(),
        Kind::Map(_) => "a map".into(),
        Kind::Namespace(_) => "a map of names".into(),
        Kind::Struct(value) => format!("a {}", value.decl.name),
        Kind::Enum(decl, _) => format!("a member of {}", decl.name),
        Kind::StructType(decl) => format!("the type `{}` itself", decl.name),
        Kind::EnumType(decl) => format!("the type `{}` itself", decl.name),
        Kind::Module(_) => "an included file".into(),
        Kind::Builtin(name) => format!("the function `{name}`"),
    }
}

/// The beginning of a text, for messages.
pub(crate) fn shorten(text: &str) -> String {
    let line: String = text.chars().take(40).collect();
    let is_cut = line.len() < text.len();
    format!("{}{}", line.escape_debug(), if is_cut { ".." } else { "" })
}
