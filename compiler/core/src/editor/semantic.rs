//! What each word of a file is, for colours.
//!
//! The tree says what names are; the scanner adds comments and keywords. Plain texts and operators are left
//! to the editor's own grammar, which also knows what language a text holds.

mod names;
mod template;
mod words;

use std::collections::HashSet;

use aur_grammar::tree::{
    Annotation, Expr, ExprKind, Ident, ItemKind, ItemNode, Key, Number, Range, Step, TypeExpr, TypeKind, Unit,
};
use aur_grammar::{Token, TokenKind};

use self::names::{Names, Role};
use super::Document;
use super::pieces::pieces;
use super::walk::{Go, Node, walk};

/// A word and what it is; never over several lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SemanticToken {
    /// First byte.
    pub start: u32,
    /// First byte behind it.
    pub end: u32,
    /// What it is.
    pub kind: SemanticKind,
    /// What else is known.
    pub modifiers: Modifiers,
}

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SemanticKind {
    /// The name of an include.
    Namespace,
    /// A type that is neither a struct nor an enum.
    Type,
    /// A struct.
    Struct,
    /// An enum.
    Enum,
    /// A member of an enum.
    EnumMember,
    /// A field of a struct or the key of a map.
    Property,
    /// A value, an input, or the name of a comprehension.
    Variable,
    /// The name of an argument.
    Parameter,
    /// A builtin function.
    Function,
    /// What is called on a value: `bind`.
    Method,
    /// An annotation with its `@`.
    Decorator,
    /// A keyword.
    Keyword,
    /// A comment, a doc comment too.
    Comment,
    /// A number.
    Number,
    /// The unit behind a number.
    Unit,
    /// `{{` or `}}`
    TemplateBrace,
    /// `#`, `^` or `/` behind `{{`
    TemplateSigil,
    /// The first name of a path in a text.
    TemplateName,
    /// A further part of a path in a text.
    TemplatePart,
    /// A filter behind `|`.
    TemplateFilter,
    /// A path that is known when running, such as `aur.task_id`: each of its parts.
    TemplateRuntime,
}

/// A set of what is known of a word beside its kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modifiers(u8);

impl Modifiers {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// The name is declared here.
    pub const DECLARATION: Self = Self(1);
    /// It cannot be assigned again.
    pub const READONLY: Self = Self(1 << 1);
    /// It belongs to the standard library.
    pub const DEFAULT_LIBRARY: Self = Self(1 << 2);
    /// Its author asks not to use it any more.
    pub const DEPRECATED: Self = Self(1 << 3);
    /// It documents what follows.
    pub const DOCUMENTATION: Self = Self(1 << 4);

    /// Whether all of `other` is in the set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The set with all of `other` added.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn with_if(self, other: Self, is_so: bool) -> Self {
        if is_so { self.with(other) } else { self }
    }
}

/// Lists the words of a file, or those of the items that touch a range of it: in order, apart from each
/// other, each on one line.
pub fn semantic_tokens(document: &Document, range: Option<(u32, u32)>) -> Vec<SemanticToken> {
    let text: &str = document.text();
    let (from, to) = range.unwrap_or((0, text.len() as u32));
    let items = &document.tree().items;
    let prelude = crate::program::prelude_tree();
    let names = Names::new(items, &prelude.items);
    let mut out = Vec::new();
    let mut marks = Marks {
        text,
        base: 0,
        names: &names,
        comprehensions: Vec::new(),
        members: HashSet::new(),
        found: Vec::new(),
    };
    for piece in pieces(document, from, to) {
        let item = piece.item.and_then(|index| items.get(index));
        if let Some(item) = item {
            marks.base = item.offset;
            marks.item(&item.node);
            marks.found.sort_by_key(|token| (token.start, token.end));
        }
        merge(&marks, item.map(|item| &*item.node), &piece.tokens, &mut out);
        marks.found.clear();
    }
    if range.is_some() {
        out.retain(|token| token.start < to && from < token.end);
    }
    out
}

/// Puts what the tree knows and what the scanner knows in one order.
fn merge(marks: &Marks<'_>, item: Option<&ItemNode>, tokens: &[Token], out: &mut Vec<SemanticToken>) {
    let text = marks.text;
    let mut found = marks.found.iter().peekable();
    for (index, token) in tokens.iter().enumerate() {
        while let Some(own) = found.next_if(|own| own.start < token.start) {
            push(text, *own, out);
        }
        let is_known = found.peek().is_some_and(|own| own.start < token.end);
        let other = match token.kind {
            _ if token.is_note() => Some((SemanticKind::Comment, Modifiers::NONE)),
            TokenKind::Doc => Some((SemanticKind::Comment, Modifiers::DOCUMENTATION)),
            TokenKind::Word if !is_known => words::word(marks, item, tokens, index),
            _ => None,
        };
        if let Some((kind, modifiers)) = other {
            let (start, end) = (token.start, token.end);
            let own = SemanticToken {
                start,
                end,
                kind,
                modifiers,
            };
            push(text, own, out);
        }
    }
    for own in found {
        push(text, *own, out);
    }
}

/// Adds a word if it lies behind the last one; one over several lines becomes several.
fn push(text: &str, token: SemanticToken, out: &mut Vec<SemanticToken>) {
    let behind = out.last().map_or(0, |last| last.end);
    let Some(written) = text.get(token.start as usize..token.end as usize) else {
        return;
    };
    if token.start < behind {
        return;
    }
    let mut at = token.start;
    for line in written.split_inclusive('\n') {
        let end = at + line.trim_end_matches(['\r', '\n']).len() as u32;
        if at < end {
            out.push(SemanticToken {
                start: at,
                end,
                ..token
            });
        }
        at += line.len() as u32;
    }
}

/// Words of one item.
struct Marks<'t> {
    text: &'t str,
    /// First byte of the item.
    base: u32,
    names: &'t Names<'t>,
    /// End and clauses of the comprehensions that are open.
    comprehensions: Vec<(u32, Vec<&'t str>)>,
    /// What the checks of the struct see.
    members: HashSet<&'t str>,
    found: Vec<SemanticToken>,
}

impl<'t> Marks<'t> {
    fn mark(&mut self, range: Range, kind: SemanticKind, modifiers: Modifiers) {
        if range.start < range.end {
            self.found.push(SemanticToken {
                start: self.base + range.start,
                end: self.base + range.end,
                kind,
                modifiers,
            });
        }
    }

    fn slice(&self, range: Range) -> &'t str {
        let range = (self.base + range.start) as usize..(self.base + range.end) as usize;
        self.text.get(range).unwrap_or("")
    }

    fn item(&mut self, item: &'t ItemNode) {
        let declared = Modifiers::DECLARATION;
        self.comprehensions.clear();
        self.members.clear();
        let is_old = names::is_deprecated(&item.annotations);
        let own = declared.with_if(Modifiers::DEPRECATED, is_old);
        match &item.kind {
            ItemKind::Include { alias, .. } => {
                if let Some(alias) = alias {
                    self.mark(alias.range, SemanticKind::Namespace, declared);
                }
            }
            ItemKind::Struct(item) => {
                self.mark(item.name.range, SemanticKind::Struct, own);
                let members = item.members.iter().filter(|_| !item.checks.is_empty());
                self.members = members.map(|member| member.name.name.as_str()).collect();
            }
            ItemKind::Enum { name, members, .. } => {
                self.mark(name.range, SemanticKind::Enum, own);
                for member in members {
                    let modifiers = declared.with(Modifiers::READONLY);
                    self.mark(member.range, SemanticKind::EnumMember, modifiers);
                }
            }
            ItemKind::Alias { name, .. } => self.mark(name.range, SemanticKind::Type, own),
            ItemKind::Input { name, .. } | ItemKind::Assign { name, .. } => {
                self.mark(name.range, SemanticKind::Variable, own.with(Modifiers::READONLY));
            }
            ItemKind::Check(_) | ItemKind::Test(_) | ItemKind::Broken => {}
        }
        walk(item, |node| {
            self.node(node);
            Go::Inside
        });
    }

    fn node(&mut self, node: Node<'t>) {
        match node {
            Node::Annotation(annotation) => self.annotation(annotation),
            Node::Member(member) => {
                let is_old = names::is_deprecated(&member.annotations);
                let modifiers = Modifiers::DECLARATION.with_if(Modifiers::DEPRECATED, is_old);
                self.mark(member.name.range, SemanticKind::Property, modifiers);
            }
            Node::Type(ty) => self.ty(ty),
            Node::Expr(expr) => self.expr(expr),
            // The head of a record says which struct the field is of.
            Node::Field(_) => {}
            Node::Pair(pair) => {
                if let Key::Word(word) = &pair.key {
                    self.mark(word.range, SemanticKind::Property, Modifiers::NONE);
                }
            }
            Node::Arg(arg) => {
                if let Some(name) = &arg.name {
                    self.mark(name.range, SemanticKind::Parameter, Modifiers::NONE);
                }
            }
            Node::Clause(clause) => {
                let modifiers = Modifiers::DECLARATION.with(Modifiers::READONLY);
                self.mark(clause.name.range, SemanticKind::Variable, modifiers);
            }
            Node::Mustache(mustache) => self.mustache(mustache),
            Node::Check(_) | Node::Expectation(_) | Node::Text(_) => {}
        }
    }

    fn annotation(&mut self, annotation: &Annotation) {
        let range = Range::new(annotation.range.start, annotation.name.range.end);
        self.mark(range, SemanticKind::Decorator, Modifiers::NONE);
    }

    fn ty(&mut self, ty: &TypeExpr) {
        let TypeKind::Name { namespace, name, .. } = &ty.kind else {
            return;
        };
        if let Some(namespace) = namespace {
            self.mark(namespace.range, SemanticKind::Namespace, Modifiers::NONE);
        }
        let (kind, modifiers) = match (namespace, self.names.get(&name.name)) {
            (None, Some(known)) if known.role.is_type() => (known.role.kind(), known.modifiers()),
            (None, None) if names::is_simple_type(&name.name) => {
                (SemanticKind::Type, Modifiers::DEFAULT_LIBRARY)
            }
            _ => (SemanticKind::Type, Modifiers::NONE),
        };
        self.mark(name.range, kind, modifiers);
    }

    fn expr(&mut self, expr: &'t Expr) {
        match &expr.kind {
            ExprKind::Name(name) => self.name(name, expr.range),
            ExprKind::Number { value, unit } => self.number(expr.range, *value, unit.as_ref()),
            ExprKind::Comprehension { clauses, .. } => {
                let names = clauses.iter().map(|clause| clause.name.name.as_str());
                self.comprehensions.push((expr.range.end, names.collect()));
            }
            ExprKind::Record { head, fields } => {
                let owner = match &head.kind {
                    ExprKind::Name(name) => name.as_str(),
                    _ => "",
                };
                for field in fields {
                    let is_old = self.names.is_deprecated_field(owner, &field.name.name);
                    let modifiers = Modifiers::NONE.with_if(Modifiers::DEPRECATED, is_old);
                    self.mark(field.name.range, SemanticKind::Property, modifiers);
                    for step in &field.path {
                        if let Step::Name(name) = step {
                            self.mark(name.range, SemanticKind::Property, Modifiers::NONE);
                        }
                    }
                }
            }
            ExprKind::Field { base, name } => self.field(base, name),
            // The parts of the others come by themselves.
            _ => {}
        }
    }

    fn name(&mut self, name: &str, range: Range) {
        self.comprehensions.retain(|(end, _)| range.start < *end);
        let is_local = self.comprehensions.iter().any(|(_, names)| names.contains(&name));
        let (kind, modifiers) = match () {
            () if is_local => (SemanticKind::Variable, Modifiers::READONLY),
            () if self.members.contains(name) => (SemanticKind::Property, Modifiers::READONLY),
            () => self.names.kind(name),
        };
        // A word that was put in by a repair is not there to be coloured.
        if self.slice(range) == name {
            self.mark(range, kind, modifiers);
        }
    }

    fn field(&mut self, base: &Expr, name: &Ident) {
        let (owner, is_type) = match &base.kind {
            ExprKind::Name(name) => (
                self.names.get(name).map(|known| known.role),
                names::looks_like_type(name),
            ),
            _ => (None, false),
        };
        let kind = match owner {
            Some(Role::Enum) => SemanticKind::EnumMember,
            Some(Role::Namespace) => SemanticKind::Variable,
            None if is_type => SemanticKind::EnumMember,
            _ if name.name == "bind" => SemanticKind::Method,
            _ => SemanticKind::Property,
        };
        let modifiers = match kind {
            SemanticKind::Method => Modifiers::DEFAULT_LIBRARY,
            SemanticKind::Property => Modifiers::NONE,
            _ => Modifiers::READONLY,
        };
        self.mark(name.range, kind, modifiers);
    }

    fn number(&mut self, range: Range, value: Number, unit: Option<&Unit>) {
        let written = self.slice(range);
        let exponent = matches!(value, Number::Float(_));
        let is_digit = |letter: char| {
            letter.is_ascii_digit()
                || matches!(letter, '_' | '.')
                || exponent && matches!(letter, 'e' | 'E' | '+' | '-')
        };
        let digits = match unit {
            Some(_) => written.find(|letter| !is_digit(letter)).unwrap_or(written.len()),
            None => written.len(),
        };
        let middle = range.start + digits as u32;
        let number = Range::new(range.start, middle);
        self.mark(number, SemanticKind::Number, Modifiers::NONE);
        self.mark(Range::new(middle, range.end), SemanticKind::Unit, Modifiers::NONE);
    }
}
