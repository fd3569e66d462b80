//! Names: where each is defined, and where it is used, also inside of texts.

use aur_diagnostics::Span;
use aur_grammar::TokenKind;
use aur_grammar::tree::{ExprKind, Item, ItemKind};

use super::meaning::{Area, Depth, Here, With, gather, item_at, name_span, place};
use super::{Place, Point};
use crate::eval::Compiler;
use crate::facts::{Facts, Target, Use};
use crate::program::{Def, PRELUDE_MODULE, Program};
use crate::types::Type;
use crate::value::Kind;
use crate::{Given, Sources};

/// A name somewhere, and where what it stands for is named. A definition stands for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub at: Place,
    /// Where it is defined; the start of a file for an included one.
    pub of: Place,
    /// What it stands for.
    pub kind: NameKind,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    /// An item of a program: a type, an input, a value.
    Item,
    /// A field of a struct, a member of an enum, a name of a loop, a bound name.
    Part,
    /// An included file.
    File,
    /// Something of the standard library.
    Library,
}

/// Where what stands at a place is defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The name at the place.
    pub at: Place,
    /// Where it is defined; more than one where a text means something else in each job.
    pub names: Vec<Place>,
    /// Where the values are written that a text is given there, in order.
    pub values: Vec<Place>,
}

/// What a word of an item stands for that cannot be evaluated: the definition of that name.
pub(super) fn guess(program: &Program, here: Here, offset: u32) -> Option<Use> {
    let (_, item) = item_at(program, here, offset).filter(|(_, item)| !item.node.errors.is_empty())?;
    let text = program
        .sources
        .get(here.file)?
        .text()
        .get(item.offset as usize..)?;
    let at = offset - item.offset;
    let mut tokens = aur_grammar::tokens(text).skip_while(|token| token.end < at);
    let word = tokens
        .next()
        .filter(|token| token.kind == TokenKind::Word && token.start <= at)?;
    let def = program.lookup(here.module, word.text(text))?;
    let at = Span::new(here.file, item.offset + word.start, item.offset + word.end);
    Some(Use {
        at,
        of: Target::Def(def),
    })
}

/// Finds what stands at a place, in the program at `entry`.
pub fn definition(host: &dyn Sources, entry: &str, given: &Given, point: Point<'_>) -> Option<Definition> {
    let area = Area::Within(point.path, point.offset, point.offset);
    let with = With::for_place(host, point);
    let offset = point.offset;
    gather(host, entry, given, area, with, |compiler, facts, here| {
        let program = compiler.program;
        let guessed = || Some(vec![guess(program, here, offset)?]);
        let uses = uses_at(facts, offset).or_else(guessed)?;
        let at = place(program, uses.first()?.at)?;
        let spans = uses.iter().filter_map(|own| name_span(program, own.of));
        let names = places(program, spans);
        let written = facts.splices.iter().filter_map(|own| own.from);
        let values = places(program, written.filter(|_| !facts.splices.is_empty()));
        Some(Definition { at, names, values })
    })?
}

/// Finds where the type of what stands at a place is declared, in the program at `entry`.
pub fn type_definition(host: &dyn Sources, entry: &str, given: &Given, point: Point<'_>) -> Vec<Place> {
    let area = Area::Within(point.path, point.offset, point.offset);
    let with = With::for_place(host, point);
    let offset = point.offset;
    let found = gather(host, entry, given, area, with, |compiler, facts, _| {
        let uses = uses_at(facts, offset).unwrap_or_default();
        let program = compiler.program;
        let types = uses.iter().filter_map(|own| type_of(compiler, own.of));
        let types: Vec<Span> = types.filter_map(|def| program.name_span(def)).collect();
        places(program, types.into_iter())
    });
    found.unwrap_or_default()
}

/// Lists all names of the program, definitions included, in order of evaluation, each meaning once.
pub fn names(host: &dyn Sources, entry: &str, given: &Given) -> Vec<Name> {
    let with = With::depth(Depth::Program);
    let found = gather(
        host,
        entry,
        given,
        Area::Everywhere,
        with,
        |compiler, facts, _| {
            let program = compiler.program;
            let names = facts.uses.iter().filter_map(|own| {
                let of = name_span(program, own.of)?;
                Some(Name {
                    at: place(program, own.at)?,
                    of: place(program, of)?,
                    kind: kind(program, own.of, of),
                })
            });
            names.collect()
        },
    );
    found.unwrap_or_default()
}

/// Whether a text can be a name: what the grammar takes for one, and no keyword.
pub fn is_name(text: &str) -> bool {
    let item = aur_grammar::parse_item(&format!("{text} = 1"));
    let is_whole = matches!(&item.kind, ItemKind::Assign { name, ty: None, .. } if name.name == text);
    let (expr, errors) = aur_grammar::parse_expr(text);
    let is_used = matches!(&expr.kind, ExprKind::Name(name) if name == text);
    is_whole && is_used && item.errors.is_empty() && errors.is_empty()
}

/// The uses at a byte that cover the fewest bytes: the name itself, not what it is part of.
pub(super) fn uses_at(facts: &Facts, offset: u32) -> Option<Vec<Use>> {
    let is_there = |own: &&Use| own.at.start <= offset && offset <= own.at.end;
    let length = |own: &Use| own.at.end - own.at.start;
    // Between two names the one to the right is meant.
    let shortest = facts
        .uses
        .iter()
        .filter(is_there)
        .min_by_key(|own| (own.at.end == offset, length(own)))?;
    let same = facts.uses.iter().filter(|own| own.at == shortest.at);
    Some(same.copied().collect())
}

fn places(program: &Program, spans: impl Iterator<Item = Span>) -> Vec<Place> {
    let mut out: Vec<Place> = Vec::new();
    for found in spans.filter_map(|span| place(program, span)) {
        if !out.contains(&found) {
            out.push(found);
        }
    }
    out
}

fn kind(program: &Program, target: Target, of: Span) -> NameKind {
    let library = program
        .modules
        .get(PRELUDE_MODULE as usize)
        .map(|module| module.file);
    match target {
        _ if library == Some(of.file) => NameKind::Library,
        Target::Def(Def::Module(_)) => NameKind::File,
        Target::Def(Def::Item { .. }) => NameKind::Item,
        Target::Named(_) => NameKind::Part,
    }
}

/// The declaration of the type of what a name stands for.
fn type_of<'p>(compiler: &mut Compiler<'p>, target: Target) -> Option<Def> {
    match target {
        Target::Def(def @ Def::Item { module, item }) => {
            let program = compiler.program;
            let (found, base) = program.item(module, item)?;
            match &found.node.kind {
                ItemKind::Struct(_) | ItemKind::Enum { .. } => Some(def),
                ItemKind::Alias { .. } => declared(&compiler.named_type(def)),
                ItemKind::Input { ty, .. } => declared(&compiler.resolve_type(module, base, ty)),
                ItemKind::Assign { .. } => match compiler.assigned(def).kind {
                    Kind::Struct(value) => Some(value.decl.def),
                    Kind::Enum(decl, _) => Some(decl.def),
                    Kind::Opaque(ty) => declared(&ty),
                    Kind::List(items) => match &items.first()?.kind {
                        Kind::Struct(value) => Some(value.decl.def),
                        _ => None,
                    },
                    _ => None,
                },
                ItemKind::Include { .. } | ItemKind::Check(_) | ItemKind::Test(_) | ItemKind::Broken => None,
            }
        }
        Target::Def(Def::Module(_)) => None,
        Target::Named(span) => {
            let (decl, index) = member_at(compiler, span)?;
            let ty = compiler.struct_decl(decl)?.fields.get(index)?.ty.clone();
            declared(&ty)
        }
    }
}

/// The struct or enum that a type holds at its core.
fn declared(ty: &Type<'_>) -> Option<Def> {
    match ty.plain() {
        Type::Struct(def, _) => Some(*def),
        Type::Enum(decl) => Some(decl.def),
        Type::List(element) => declared(element),
        Type::Map(pair) => declared(&pair.1),
        Type::Union(types) => types.iter().find_map(declared),
        _ => None,
    }
}

/// The struct whose member is named at a place, and which of its fields that is.
pub(super) fn member_at(compiler: &mut Compiler<'_>, span: Span) -> Option<(Def, usize)> {
    let (def, item) = item_around(compiler.program, span)?;
    if !matches!(item.node.kind, ItemKind::Struct(_)) {
        return None;
    }
    let decl = compiler.struct_decl(def)?;
    let index = decl.fields.iter().position(|field| field.span == span)?;
    Some((def, index))
}

/// The item that a place belongs to.
pub(super) fn item_around(program: &Program, span: Span) -> Option<(Def, &Item)> {
    let module = program
        .modules
        .iter()
        .position(|module| module.file == span.file)?;
    let items = &program.modules.get(module)?.tree.items;
    let index = items
        .partition_point(|item| item.offset <= span.start)
        .checked_sub(1)?;
    let def = Def::Item {
        module: module as u32,
        item: index as u32,
    };
    Some((def, items.get(index)?))
}
