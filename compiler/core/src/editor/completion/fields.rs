//! The fields of the struct that is being built or copied.

use std::rc::Rc;

use super::snippet::{Snippet, required};
use super::{Completion, CompletionKind};
use crate::doc::deprecated;
use crate::editor::frames::Bytes;
use crate::editor::view::{View, member, one_line, written};
use crate::types::StructDecl;
use crate::value::{Kind, StructValue};

/// Required fields come first, deprecated ones last.
const REQUIRED: u32 = 0;
const ALL_REQUIRED: u32 = 100;
const OTHER: u32 = 200;
const DEPRECATED: u32 = 900;

/// How a field and its value are written.
#[derive(Clone, Copy)]
enum Form {
    /// `name = value`
    Field,
    /// `name: value`
    Key,
}

/// Offers the fields behind the steps of a dotted path.
pub(super) fn offer(view: &mut View<'_>, steps: &[Bytes]) -> Vec<Completion> {
    let depth = view.depth();
    let Some((mut decl, mut copied)) = view.record(depth) else {
        return Vec::new();
    };
    for step in steps {
        let name = step.of(view.cursor.text);
        let Some(at) = decl.field(name) else {
            return Vec::new();
        };
        let below = copied.and_then(|copied| match &copied.written(at)?.kind {
            Kind::Struct(inner) => Some(inner.clone()),
            _ => None,
        });
        let ty = decl.fields.get(at).map(|field| field.ty.clone());
        let Some(next) = ty.and_then(|ty| view.decl_of(&ty)) else {
            return Vec::new();
        };
        (decl, copied) = (next, below);
    }
    fields(view, &decl, copied, steps, Form::Field)
}

/// Offers the keys of a map that stands for a struct.
pub(super) fn keys(view: &mut View<'_>) -> Vec<Completion> {
    let depth = view.depth();
    match view.record(depth) {
        Some((decl, _)) => fields(view, &decl, None, &[], Form::Key),
        None => Vec::new(),
    }
}

fn fields<'p>(
    view: &mut View<'p>,
    decl: &Rc<StructDecl<'p>>,
    copied: Option<Rc<StructValue<'p>>>,
    steps: &[Bytes],
    form: Form,
) -> Vec<Completion> {
    let given = given(view, steps);
    let is_given = |at: usize| {
        let field = decl.fields.get(at);
        field.is_some_and(|field| given.contains(&field.name.as_str()))
    };
    let needed: Vec<usize> = match steps {
        [] => required(view, decl, copied.as_deref()),
        _ => Vec::new(),
    };
    let needed: Vec<usize> = needed.into_iter().filter(|at| !is_given(*at)).collect();
    let mut out = Vec::new();
    for at in (0..decl.fields.len()).filter(|at| !is_given(*at)) {
        out.extend(field(
            view,
            decl,
            copied.as_deref(),
            at,
            needed.contains(&at),
            form,
        ));
    }
    if needed.len() > 1 && matches!(form, Form::Field) {
        out.push(all_required(view, decl, &needed));
    }
    out
}

/// The names that the frame gives behind the steps, but for the one that is being written.
fn given<'p>(view: &View<'p>, steps: &[Bytes]) -> Vec<&'p str> {
    let (cursor, depth) = (view.cursor, steps.len());
    let Some(frame) = cursor.frame() else {
        return Vec::new();
    };
    let same = |(one, other): (&Bytes, &Bytes)| one.of(cursor.text) == other.of(cursor.text);
    let entries = frame.entries.iter().filter(|entry| {
        let is_whole = entry.path.len() == depth + 1;
        let is_here = entry
            .path
            .get(depth)
            .is_some_and(|own| own.start == cursor.word.start);
        is_whole && !is_here && entry.path.iter().zip(steps).all(same)
    });
    entries
        .filter_map(|entry| entry.path.get(depth))
        .map(|own| own.of(cursor.text))
        .collect()
}

fn field<'p>(
    view: &mut View<'p>,
    decl: &Rc<StructDecl<'p>>,
    copied: Option<&StructValue<'p>>,
    at: usize,
    is_required: bool,
    form: Form,
) -> Option<Completion> {
    let field = decl.fields.get(at)?;
    let member = member(view.program, decl.def, &field.name);
    let shown = |range| written(view.program, decl.base, range);
    let default = member.and_then(|member| member.default.as_ref());
    let default = default.map(|default| shown(default.range));
    let current = copied.and_then(|copied| copied.written(at));
    let current = current.map(|value| one_line(view.program.sources.text(value.span)));
    let gone = member.and_then(|member| deprecated(&member.annotations));
    let rank = match (is_required, &gone) {
        (_, Some(_)) => DEPRECATED,
        (true, None) => REQUIRED,
        (false, None) => OTHER,
    };
    let ty = match member {
        Some(member) => shown(member.ty.range),
        None => field.ty.to_string(),
    };
    let mut item = Completion::new(field.name.as_str(), CompletionKind::Field, rank + at as u32)
        .detail(ty)
        .doc(member.and_then(|member| member.doc.as_deref()));
    let sign = match form {
        Form::Field => " = ",
        Form::Key => ": ",
    };
    // Where the sign is there already, only the name is missing.
    if !matches!(view.cursor.next_text(), "=" | ":" | ".") {
        let mut snippet = Snippet::new();
        snippet.plain(&format!("{}{sign}", field.name));
        snippet.value(view, &field.ty, current.as_deref().or(default.as_deref()));
        item = item
            .insert(format!("{}{sign}", field.name))
            .snippet(snippet.finish());
    }
    item.default = current.or(default);
    item.is_required = is_required;
    item.deprecated = gone;
    Some(item)
}

fn all_required<'p>(view: &mut View<'p>, decl: &Rc<StructDecl<'p>>, needed: &[usize]) -> Completion {
    let names = needed.iter().filter_map(|at| decl.fields.get(*at));
    let names: Vec<&str> = names.map(|field| field.name.as_str()).collect();
    let between = match view.cursor.is_below_bracket() {
        true => "\n",
        false => ", ",
    };
    let mut snippet = Snippet::new();
    snippet.fields(view, decl, needed, between);
    let plain: Vec<String> = names.iter().map(|name| format!("{name} = ")).collect();
    Completion::new("all required fields", CompletionKind::Snippet, ALL_REQUIRED)
        .detail(names.join(", "))
        .insert(plain.join(between))
        .snippet(snippet.finish())
}
