//! Values that fit where one is needed, names first.

use std::rc::Rc;

use aur_grammar::tree::{Expr, ExprKind, ItemKind, TextPart};
use rustc_hash::FxHashSet;

use super::shape::{Fit, Shape, fit, shape};
use super::snippet::{Snippet, required};
use super::{Completion, CompletionKind, Insertion, names};
use crate::ENTRY_MODULE;
use crate::doc::deprecated;
use crate::editor::frames::{FrameKind, ItemWord, Mode};
use crate::editor::view::{View, enum_member_doc, one_line, written};
use crate::eval::{FUNCTIONS, Function};
use crate::program::Def;
use crate::types::{StructDecl, Type};

/// Literals and constructors of the type come first, then names and functions that fit, those that may fit,
/// and all others.
const OF_TYPE: u32 = 0;
const FITS: u32 = 1_000_000;
const FUNCTION_FITS: u32 = 2_000_000;
const MAY_FIT: u32 = 3_000_000;
const FUNCTION: u32 = 4_000_000;
const OTHER: u32 = 5_000_000;
const GONE: u32 = 9_000_000;
/// What the standard library defines stands behind what the program does.
const OF_LIBRARY: u32 = 500_000;

const BYTES: [(&str, &str); 9] = [
    ("B", "bytes"),
    ("KB", "1024 bytes"),
    ("MB", "1024 KB"),
    ("GB", "1024 MB"),
    ("TB", "1024 GB"),
    ("KiB", "1024 bytes"),
    ("MiB", "1024 KiB"),
    ("GiB", "1024 MiB"),
    ("TiB", "1024 GiB"),
];

const TIMES: [(&str, &str); 5] = [
    ("ms", "milliseconds"),
    ("s", "seconds"),
    ("m", "minutes"),
    ("h", "hours"),
    ("d", "days"),
];

/// Offers what may stand where an operand is needed.
pub(super) fn offer(view: &mut View<'_>) -> Vec<Completion> {
    let (want, is_rule) = want_here(view);
    if is_rule {
        let snippet = "matches(r\"$1\")";
        let item =
            Completion::new("matches", CompletionKind::Function, 0).detail("a pattern for all of a text");
        return vec![item.snippet(snippet)];
    }
    let mut out = Vec::new();
    let is_process = names::is_process_place(view);
    // What an order names is there already.
    if !is_process {
        of_type(view, &want, &mut out);
    }
    if view.cursor.last_text() == "="
        && view.frame(view.depth()).map(|frame| frame.kind) == Some(FrameKind::Record)
    {
        out.push(Completion::new("unset", CompletionKind::Keyword, OTHER).detail("no value"));
    }
    if is_process {
        out.extend(names::quoted_processes(view));
    }
    local_names(view, &mut out);
    definitions(view, &want, &mut out);
    functions(view, &want, &mut out);
    if matches!(want.plain(), Type::Boolean) {
        out.push(keyword("not", "not ", "the opposite"));
    }
    // The same thing may be offered twice: as what fits best, and as a name.
    let mut seen = FxHashSet::default();
    out.sort_by_key(|item| item.rank);
    out.retain(|item| seen.insert((item.label.clone(), item.kind == CompletionKind::Snippet)));
    add_comma(view, &mut out);
    out
}

/// In a list, an element on a new line needs a comma behind the one before it.
fn add_comma(view: &View<'_>, items: &mut [Completion]) {
    let cursor = view.cursor;
    let is_list = cursor.frame().is_some_and(|frame| frame.kind == FrameKind::List);
    if let Some(last) = cursor.last().filter(|_| is_list && !cursor.is_hungry()) {
        for item in items {
            item.edits.push(Insertion {
                at: last.end,
                text: ",".to_string(),
            });
        }
    }
}

/// The type that is expected, and whether it is the rule of a refinement.
fn want_here<'p>(view: &mut View<'p>) -> (Type<'p>, bool) {
    let depth = view.depth();
    let mode = view.frame(depth).map(|frame| frame.mode);
    let want = match view.cursor.last_text() {
        "if" | "not" | "and" | "or" | "expect" | "check" => Type::Boolean,
        "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "*" | "/" | "//" | "%" => Type::Any,
        ".." => Type::Integer,
        "->" => view.compiler.prelude_type("Process").unwrap_or(Type::Any),
        _ => view.want_inside(depth),
    };
    (want, mode == Some(Mode::Rule))
}

/// Literals and constructors of a type.
fn of_type<'p>(view: &mut View<'p>, want: &Type<'p>, out: &mut Vec<Completion>) {
    let rank = OF_TYPE + out.len() as u32;
    match want {
        Type::Boolean => {
            for (rank, word) in (rank..).zip(["true", "false"]) {
                out.push(Completion::new(word, CompletionKind::Keyword, rank).detail("Boolean"));
            }
        }
        Type::Optional(inner) => {
            of_type(view, inner, out);
            out.push(Completion::new("unset", CompletionKind::Keyword, MAY_FIT).detail("no value"));
        }
        Type::Refined(inner, rule) => {
            allowed(rule.expr, out);
            of_type(view, inner, out);
        }
        Type::Union(types) => {
            for ty in types.iter() {
                of_type(view, ty, out);
            }
        }
        Type::Enum(decl) => {
            let name = view.visible_name(decl.def, &decl.name);
            for (rank, member) in (rank..).zip(&decl.members) {
                let label = match &name {
                    Some(name) => format!("{name}.{member}"),
                    None => format!("\"{member}\""),
                };
                let item = Completion::new(label, CompletionKind::EnumMember, rank);
                let doc = enum_member_doc(view.program, decl.def, member);
                out.push(item.detail(decl.name.as_str()).doc(doc));
            }
        }
        Type::Struct(def, name) => {
            let decl = view.compiler.struct_decl(*def);
            if let (Some(name), Some(decl)) = (view.visible_name(*def, name), decl) {
                out.push(constructor(view, &name, &decl, rank));
            }
        }
        Type::List(element) => {
            let item = Completion::new("[]", CompletionKind::Snippet, rank).detail(want.to_string());
            out.push(item.snippet("[$1]"));
            if let Type::Struct(_, name) = element.plain()
                && name == "Constraint"
            {
                out.extend(Function::find("order").map(|order| called(order, rank)));
            }
        }
        Type::Map(_) => {
            let item = Completion::new("{}", CompletionKind::Snippet, rank).detail(want.to_string());
            out.push(item.snippet("{$1\\}"));
        }
        Type::Any | Type::String | Type::Integer | Type::Float | Type::Bytes | Type::Duration => {}
    }
}

/// The values of a refinement that lists them.
fn allowed(rule: &Expr, out: &mut Vec<Completion>) {
    let ExprKind::List(values) = &rule.kind else {
        return;
    };
    for value in values {
        let ExprKind::Text(text) = &value.kind else {
            continue;
        };
        if let [TextPart::Literal { text, .. }] = text.parts.as_slice()
            && !text.contains(['"', '\\', '\n'])
        {
            let rank = OF_TYPE + out.len() as u32;
            out.push(Completion::new(format!("\"{text}\""), CompletionKind::Value, rank).detail("String"));
        }
    }
}

/// `Name { .. }` with the fields that must be given.
fn constructor<'p>(view: &mut View<'p>, name: &str, decl: &Rc<StructDecl<'p>>, rank: u32) -> Completion {
    let mut snippet = Snippet::new();
    snippet.record(view, name, decl);
    let needed = required(view, decl, None);
    let fields = needed.iter().filter_map(|at| decl.fields.get(*at));
    let fields: Vec<&str> = fields.map(|field| field.name.as_str()).collect();
    let item = definition_docs(
        view,
        decl.def,
        Completion::new(name, CompletionKind::Constructor, rank),
    );
    item.detail(match fields.as_slice() {
        [] => "struct".to_string(),
        fields => format!("struct {{ {} }}", fields.join(", ")),
    })
    .snippet(snippet.finish())
}

/// Adds what the definition of a name says of itself.
fn definition_docs(view: &View<'_>, def: Def, mut item: Completion) -> Completion {
    let Def::Item { module, item: at } = def else {
        return item;
    };
    if let Some((own, _)) = view.program.item(module, at) {
        item = item.doc(own.node.doc.as_deref());
        item.deprecated = deprecated(&own.node.annotations);
        if item.deprecated.is_some() {
            item.rank = GONE;
        }
    }
    item
}

/// The names of comprehensions, nearest first.
fn local_names(view: &View<'_>, out: &mut Vec<Completion>) {
    for (rank, name) in (FITS..).zip(view.local_names().into_iter().rev()) {
        out.push(Completion::new(name, CompletionKind::Value, rank).detail("in this expression"));
    }
}

/// Names of the file, its includes and the standard library.
fn definitions<'p>(view: &mut View<'p>, want: &Type<'p>, out: &mut Vec<Completion>) {
    let circular = names::circular(view);
    let program = view.program;
    for name in program.visible(ENTRY_MODULE) {
        if circular.contains(name) {
            continue;
        }
        if let Some(def) = program.lookup(ENTRY_MODULE, name) {
            out.extend(named_definition(view, name, def, want));
        }
    }
}

/// A name with what it stands for; nothing for what no expression can name.
pub(super) fn named_definition<'p>(
    view: &mut View<'p>,
    name: &str,
    def: Def,
    want: &Type<'p>,
) -> Option<Completion> {
    let library = if view.is_library(def) { OF_LIBRARY } else { 0 };
    let item = match shape(view, def) {
        Shape::Nothing => return None,
        Shape::Namespace(module) => {
            let owner = view.program.modules.get(module as usize)?;
            Completion::new(name, CompletionKind::Namespace, MAY_FIT).detail(owner.path.as_str())
        }
        Shape::Struct(decl) => {
            let own = Type::Struct(decl.def, decl.name.clone());
            let rank = ranked(fit(&own, want), want) + library;
            constructor(view, name, &decl, rank.max(MAY_FIT))
        }
        Shape::Enum(decl) => {
            let rank = ranked(fit(&Type::Enum(decl.clone()), want), want) + library;
            let item = Completion::new(name, CompletionKind::Type, rank.max(MAY_FIT));
            definition_docs(view, def, item).detail(format!("enum {{ {} }}", decl.members.join(", ")))
        }
        // The names of a map would be taken for fields.
        Shape::Value(ty) if matches!(ty.plain(), Type::Map(_)) && is_record(want) => return None,
        Shape::Value(ty) => {
            let rank = ranked(fit(&ty, want), want) + library;
            let item = Completion::new(name, CompletionKind::Value, rank);
            value_docs(view, def, &ty, definition_docs(view, def, item))
        }
    };
    Some(item)
}

/// Whether a map would be read as a struct.
fn is_record(want: &Type<'_>) -> bool {
    match want.plain() {
        Type::Struct(..) => true,
        Type::Union(types) => types.iter().any(is_record),
        _ => false,
    }
}

fn ranked(fit: Fit, want: &Type<'_>) -> u32 {
    match (fit, want) {
        (Fit::Yes, _) | (_, Type::Any) => FITS,
        (Fit::Maybe, _) => MAY_FIT,
        (Fit::No, _) => OTHER,
    }
}

/// Adds type and value of a name.
fn value_docs<'p>(view: &View<'p>, def: Def, ty: &Type<'p>, mut item: Completion) -> Completion {
    let Def::Item { module, item: at } = def else {
        return item;
    };
    let Some((own, base)) = view.program.item(module, at) else {
        return item;
    };
    match &own.node.kind {
        ItemKind::Input { default, .. } => {
            item.kind = CompletionKind::Input;
            item.default = default
                .as_ref()
                .map(|default| written(view.program, base, default.range));
        }
        ItemKind::Assign { value, .. } if !matches!(ty.plain(), Type::Struct(..)) => {
            item.default = Some(one_line(view.program.sources.text(base.span(value.range))));
        }
        _ => {}
    }
    match ty {
        Type::Any => item,
        ty => item.detail(ty.to_string()),
    }
}

fn functions<'p>(view: &mut View<'p>, want: &Type<'p>, out: &mut Vec<Completion>) {
    let frame = view.frame(0);
    let is_input = frame.is_some_and(|frame| frame.word == Some(ItemWord::Input)) && view.depth() == 0;
    for function in &FUNCTIONS {
        // It is the default of an input and nothing else.
        if function.name == "env" && !is_input {
            continue;
        }
        // An own definition of the name hides the function.
        if view.program.lookup(ENTRY_MODULE, function.name).is_some() {
            continue;
        }
        let gives = view.type_of_library(function.gives);
        let rank = match fit(&gives, want) {
            _ if function.name == "env" => OF_TYPE,
            Fit::Yes => FUNCTION_FITS,
            Fit::Maybe => FUNCTION,
            Fit::No => continue,
        };
        out.push(called(function, rank));
    }
}

fn called(function: &Function, rank: u32) -> Completion {
    let is_quoted = matches!(function.name, "file" | "file_hash" | "env");
    let snippet = match (is_quoted, function.parameters.len()) {
        (true, _) => format!("{}(\"$1\")", function.name),
        (false, _) if function.name == "join" => "join($1, \"$2\")".to_string(),
        (false, _) => format!("{}($1)", function.name),
    };
    Completion::new(function.name, CompletionKind::Function, rank)
        .detail(format!("{} -> {}", function.form(), function.gives))
        .doc(Some(function.doc))
        .snippet(snippet)
}

/// Offers what may stand behind an operand.
pub(super) fn operators(view: &mut View<'_>) -> Vec<Completion> {
    let cursor = view.cursor;
    let mut out = Vec::new();
    let kind = cursor.frame().map(|frame| frame.kind);
    if cursor.piece_has("if") && !cursor.piece_has("else") && !cursor.is_in_clause() {
        out.push(keyword(
            "else",
            "else ",
            "the value where the condition does not hold",
        ));
    } else {
        out.push(keyword("if", "if ", "only where a condition holds"));
    }
    if kind == Some(FrameKind::List) {
        out.push(keyword("for", "for ", "one element for each of a list"));
    }
    for word in ["and", "or", "in"] {
        let detail = match word {
            "and" => "both hold",
            "or" => "one of both holds",
            _ => "is among these",
        };
        out.push(keyword(word, &format!("{word} "), detail));
    }
    out
}

pub(super) fn keyword(word: &str, insert: &str, detail: &str) -> Completion {
    Completion::new(word, CompletionKind::Keyword, OTHER)
        .detail(detail)
        .insert(insert)
}

/// Offers the units that a number can have.
pub(super) fn units(view: &mut View<'_>) -> Vec<Completion> {
    let depth = view.depth();
    let want = view.want_inside(depth);
    let (bytes, times): (&[_], &[_]) = match want.plain() {
        Type::Bytes => (&BYTES, &[]),
        Type::Duration => (&[], &TIMES),
        Type::Any => (&BYTES, &TIMES),
        _ => (&[], &[]),
    };
    let units = bytes.iter().chain(times).enumerate();
    units
        .map(|(rank, (unit, detail))| {
            Completion::new(*unit, CompletionKind::Unit, rank as u32).detail(*detail)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_offered_in_order() {
        let offered: Vec<&str> = BYTES.iter().chain(&TIMES).map(|(unit, _)| *unit).collect();
        assert_eq!(offered, aur_grammar::words::units().collect::<Vec<_>>());
    }

    #[test]
    fn every_function_has_a_line() {
        let mut described: Vec<&str> = FUNCTIONS.iter().map(|function| function.name).collect();
        described.sort_unstable();
        assert_eq!(described, crate::words::FUNCTIONS);
    }
}
