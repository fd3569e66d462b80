//! What is to be said about a place: what stands there, its type, its documentation, and what it becomes.

use aur_grammar::tree::{ExprKind, Item, ItemKind, Number, Unit};

use super::meaning::{Area, Here, With, gather, item_at, place};
use super::names::{guess, item_around, member_at, uses_at};
use super::view::enum_member_doc;
use super::walk::{Go, Node, walk};
use super::{Place, Point};
use crate::eval::Compiler;
use crate::facts::{Became, Facts, Target, shown};
use crate::program::Def;
use crate::resolve::Judge;
use crate::types::Type;
use crate::value::{Base, Kind, Value, describe};
use crate::{Given, Sources};

/// What is said about a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// What it is said about.
    pub at: Place,
    /// A declaration, as the language writes it; empty where there is none.
    pub declaration: String,
    /// Documentation: Markdown.
    pub doc: Option<String>,
    /// What it becomes: job by job for texts, one for values. The job is empty outside of jobs.
    pub becomes: Vec<(String, String)>,
    /// How many more jobs there are.
    pub more: usize,
}

/// So many jobs are told.
const MOST_JOBS: usize = 5;

/// Finds what is to be said about a place, in the program at `entry`.
pub fn hover(host: &dyn Sources, entry: &str, given: &Given, point: Point<'_>) -> Option<Hover> {
    let area = Area::Within(point.path, point.offset, point.offset);
    let with = With::for_place(host, point);
    let offset = point.offset;
    gather(host, entry, given, area, with, |compiler, facts, here| {
        let guessed = || Some(vec![guess(compiler.program, here, offset)?]);
        let uses = uses_at(facts, offset).or_else(guessed);
        if let Some(first) = uses.as_ref().and_then(|uses| uses.first()) {
            let (declaration, doc, value) = told(compiler, first.of)?;
            let (mut becomes, more) = by_job(facts, facts.splices.iter());
            becomes.extend(
                value
                    .map(|value| (String::new(), value))
                    .filter(|_| facts.splices.is_empty()),
            );
            return Some(Hover {
                at: place(compiler.program, first.at)?,
                declaration,
                doc,
                becomes,
                more,
            });
        }
        becoming(compiler, facts, facts.splices.iter())
            .or_else(|| becoming(compiler, facts, facts.texts.iter()))
            .or_else(|| number(compiler, here, offset))
    })?
}

/// A mustache that no name explains, such as one of the runtime, or a text that holds mustaches: what it becomes.
fn becoming<'f>(
    compiler: &Compiler<'_>,
    facts: &'f Facts,
    mut became: impl Iterator<Item = &'f Became> + Clone,
) -> Option<Hover> {
    let all = became.clone();
    let first = became.next()?;
    let (becomes, more) = by_job(facts, all.filter(|own| own.at == first.at));
    Some(Hover {
        at: place(compiler.program, first.at)?,
        declaration: String::new(),
        doc: None,
        becomes,
        more,
    })
}

/// A number with a unit: what it is in others.
fn number(compiler: &Compiler<'_>, here: Here, offset: u32) -> Option<Hover> {
    let (_, item) = item_at(compiler.program, here, offset)?;
    let at = offset - item.offset;
    let mut found = None;
    walk(&item.node, |node| {
        if let Node::Expr(expr) = node
            && let ExprKind::Number { value, unit } = &expr.kind
            && (expr.range.start..=expr.range.end).contains(&at)
        {
            found = quantity(*value, *unit).map(|text| (expr.range, text));
        }
        Go::Inside
    });
    let (range, text) = found?;
    let base = Base {
        file: here.file,
        offset: item.offset,
    };
    Some(Hover {
        at: place(compiler.program, base.span(range))?,
        declaration: String::new(),
        doc: None,
        becomes: vec![(String::new(), text)],
        more: 0,
    })
}

/// A quantity in the units that people think in.
pub(super) fn quantity(value: Number, unit: Option<Unit>) -> Option<String> {
    let number = match value {
        Number::Integer(value) => value as f64,
        Number::Float(value) => value,
    };
    match unit? {
        Unit::Bytes(scale) => Some(bytes(number * scale as f64)),
        Unit::Milliseconds(scale) => {
            let seconds = number * scale as f64 / 1_000.0;
            Some(match seconds {
                seconds if seconds >= 86_400.0 => format!("{seconds} s = {} days", seconds / 86_400.0),
                seconds if seconds >= 3_600.0 => format!("{seconds} s = {} h", seconds / 3_600.0),
                seconds if seconds >= 60.0 => format!("{seconds} s = {} min", seconds / 60.0),
                seconds => format!("{seconds} s"),
            })
        }
    }
}

/// Bytes in the largest unit that there is at least one of.
fn bytes(value: f64) -> String {
    let units = [
        ("TiB", 1u64 << 40),
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1 << 10),
    ];
    let unit = units.into_iter().find(|(_, size)| value >= *size as f64);
    match unit {
        Some((name, size)) => {
            let shown = format!("{:.2}", value / size as f64);
            let shown = shown.trim_end_matches('0').trim_end_matches('.');
            format!("{value} B = {shown} {name}")
        }
        None => format!("{value} B"),
    }
}

/// What became of something in each job, or outside of all; with the number of jobs not told.
fn by_job<'f>(facts: &Facts, became: impl Iterator<Item = &'f Became>) -> (Vec<(String, String)>, usize) {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut outside: Vec<(String, String)> = Vec::new();
    for own in became {
        let job = own.job.and_then(|job| facts.jobs.get(job));
        let list = if own.job.is_some() { &mut all } else { &mut outside };
        let key = job.map(|(key, _)| key.clone());
        let entry = (key.unwrap_or_default(), own.text.clone());
        if !list.contains(&entry) {
            list.push(entry);
        }
    }
    // What a text is in jobs says more than what it is by itself.
    if all.is_empty() {
        all = outside;
    }
    let more = all.len().saturating_sub(MOST_JOBS);
    all.truncate(MOST_JOBS);
    (all, more)
}

/// Declaration, documentation and value of what a name stands for.
fn told(compiler: &mut Compiler<'_>, target: Target) -> Option<(String, Option<String>, Option<String>)> {
    let program = compiler.program;
    match target {
        Target::Def(Def::Module(module)) => {
            let module = program.modules.get(module as usize)?;
            Some((format!("include \"{}\"", module.path), None, None))
        }
        Target::Def(def @ Def::Item { module, item }) => {
            let (found, base) = program.item(module, item)?;
            let (declaration, value) = item_told(compiler, def, found, base);
            Some((declaration, found.node.doc.as_deref().map(str::to_string), value))
        }
        Target::Named(span) => {
            if let Some((def, index)) = member_at(compiler, span) {
                return field_told(compiler, def, index);
            }
            let name = program.sources.text(span).to_string();
            match item_around(program, span) {
                Some((def, item)) if matches!(item.node.kind, ItemKind::Enum { .. }) => {
                    let owner = crate::program::item_name(&item.node.kind)?;
                    let doc = enum_member_doc(program, def, &name).map(str::to_string);
                    Some((format!("{}.{name}", owner.name), doc, None))
                }
                _ => Some((name, None, None)),
            }
        }
    }
}

fn item_told(compiler: &mut Compiler<'_>, def: Def, item: &Item, base: Base) -> (String, Option<String>) {
    let sources = &compiler.program.sources;
    let written = |range| sources.text(base.span(range)).to_string();
    match &item.node.kind {
        ItemKind::Struct(item) => (format!("struct {}", item.name.name), None),
        ItemKind::Enum { name, members, .. } => {
            let members: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
            (format!("enum {} {{ {} }}", name.name, members.join(", ")), None)
        }
        ItemKind::Alias { name, ty } => (format!("type {} = {}", name.name, written(ty.range)), None),
        ItemKind::Input { name, ty, default } => {
            let mut text = format!("input {}: {}", name.name, written(ty.range));
            if let Some(default) = default {
                text.push_str(&format!(" = {}", written(default.range)));
            }
            let value = compiler.inputs.get(&name.name).map(|input| input.value.clone());
            let value = value.and_then(|value| value_told(compiler, &value));
            (text, value)
        }
        ItemKind::Assign { name, .. } => {
            let value = compiler.assigned(def);
            let text = format!("{}: {}", name.name, type_told(&value.kind));
            (text, value_told(compiler, &value))
        }
        ItemKind::Include { .. } | ItemKind::Check(_) | ItemKind::Test(_) | ItemKind::Broken => {
            (String::new(), None)
        }
    }
}

fn field_told(
    compiler: &mut Compiler<'_>,
    def: Def,
    index: usize,
) -> Option<(String, Option<String>, Option<String>)> {
    let decl = compiler.struct_decl(def)?;
    let field = decl.fields.get(index)?;
    let Def::Item { module, item } = def else {
        return None;
    };
    let (item, base) = compiler.program.item(module, item)?;
    let ItemKind::Struct(declared) = &item.node.kind else {
        return None;
    };
    let member = declared
        .members
        .iter()
        .find(|member| base.span(member.name.range) == field.span)?;
    let sources = &compiler.program.sources;
    let mut text = format!(
        "{}.{}: {}",
        decl.name,
        field.name,
        sources.text(base.span(member.ty.range))
    );
    if let Some(default) = &member.default {
        text.push_str(&format!(" = {}", sources.text(base.span(default.range))));
    }
    Some((text, member.doc.as_deref().map(str::to_string), None))
}

/// The type of a value as the language writes it.
pub(crate) fn type_told(kind: &Kind<'_>) -> String {
    match kind {
        Kind::Opaque(ty) => match &**ty {
            Type::Any => "unknown until its inputs are given".to_string(),
            ty => ty.to_string(),
        },
        Kind::Bool(_) => "Boolean".to_string(),
        Kind::Int(_) => "Integer".to_string(),
        Kind::Float(_) => "Float".to_string(),
        Kind::Bytes(_) => "Bytes".to_string(),
        Kind::Duration(_) => "Duration".to_string(),
        Kind::Text(_) | Kind::Raw(_) | Kind::Pieces(_) => "String".to_string(),
        Kind::List(items) => {
            let mut types: Vec<String> = items.iter().map(|item| type_told(&item.kind)).collect();
            types.sort();
            types.dedup();
            match types.as_slice() {
                [] => "List".to_string(),
                types => format!("List[{}]", types.join(" | ")),
            }
        }
        Kind::Map(_) => "Map".to_string(),
        Kind::Struct(value) => value.decl.name.to_string(),
        Kind::Enum(decl, _) => decl.name.to_string(),
        other => describe(other),
    }
}

/// A simple value as text; what is large is better read where it is written.
fn value_told<'p>(compiler: &mut Compiler<'p>, value: &Value<'p>) -> Option<String> {
    let root = compiler.root_env();
    match &value.kind {
        Kind::Poison | Kind::Opaque(_) | Kind::Struct(_) | Kind::Namespace(_) | Kind::Map(_) => None,
        Kind::List(_) => None,
        Kind::Text(_) => Some(shown(&compiler.settle(value, &root, Judge::Later))),
        _ => Some(shown(value)),
    }
}
