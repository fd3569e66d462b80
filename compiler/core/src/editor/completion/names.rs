//! Names: of processes in an order, and those that cannot be used because they need what is being defined.

use std::rc::Rc;

use rustc_hash::FxHashSet;
use smol_str::SmolStr;

use super::shape::{Shape, shape};
use super::{Completion, CompletionKind};
use crate::ENTRY_MODULE;
use crate::editor::frames::{FrameKind, ItemWord};
use crate::editor::needs::dependents;
use crate::editor::view::{View, one_line};
use crate::eval::finished_text;
use crate::resolve::{Judge, enter, struct_env};
use crate::types::Type;
use crate::value::{Kind, StructValue, Value};

/// So many processes are looked at for their names.
const MOST_PROCESSES: usize = 500;

/// Whether the place is one for a process or its name.
pub(super) fn is_process_place(view: &mut View<'_>) -> bool {
    let depth = view.depth();
    let Some(frame) = view.frame(depth) else {
        return false;
    };
    match frame.kind {
        FrameKind::Call => {
            let function = view.function(frame);
            function.is_some_and(|function| matches!(function.name, "order" | "ready"))
        }
        FrameKind::List => match view.want_inside(depth).plain() {
            Type::Struct(_, name) => name == "Constraint",
            Type::Union(types) => types
                .iter()
                .any(|ty| matches!(ty.plain(), Type::Struct(_, name) if name == "Ready")),
            _ => view.cursor.last_text() == "->",
        },
        _ => view.cursor.last_text() == "->",
    }
}

/// The names of the processes of the task around the place, else of all processes of the file.
pub(super) fn processes(view: &mut View<'_>) -> Vec<Completion> {
    let mut found = of_task(view);
    if found.is_empty() {
        found = of_file(view);
    }
    let mut seen = FxHashSet::default();
    let mut out = Vec::new();
    for value in found.into_iter().take(MOST_PROCESSES) {
        let Some((name, command)) = told(view, &value) else {
            continue;
        };
        if seen.insert(name.clone()) {
            let rank = out.len() as u32;
            let item = Completion::new(name.as_str(), CompletionKind::Process, rank);
            out.push(item.detail(command));
        }
    }
    out
}

/// The same as texts.
pub(super) fn quoted_processes(view: &mut View<'_>) -> Vec<Completion> {
    let names = processes(view)
        .into_iter()
        .filter(|item| !item.label.contains(['"', '\\']));
    let quoted = names.map(|item| {
        let label = format!("\"{}\"", item.label);
        Completion {
            insert: label.clone(),
            label,
            rank: item.rank + 1_500_000,
            ..item
        }
    });
    quoted.collect()
}

/// The processes of the nearest task around the place.
fn of_task<'p>(view: &mut View<'p>) -> Vec<Value<'p>> {
    for depth in (0..=view.depth()).rev() {
        let Some((decl, copied)) = view.record(depth) else {
            continue;
        };
        let Some(place) = decl.field("processes").filter(|_| decl.name == "Task") else {
            continue;
        };
        let entries = view
            .frame(depth)
            .map(|frame| frame.entries.as_slice())
            .unwrap_or_default();
        let text = view.cursor.text;
        let given = entries
            .iter()
            .find(|entry| matches!(entry.path.as_slice(), [name] if name.of(text) == "processes"));
        let list = match given {
            Some(entry) => Some(view.eval(depth, entry.value)),
            None => copied.and_then(|copied| copied.written(place).cloned()),
        };
        return match list.map(|list| (list.kind, list.scopes)) {
            Some((Kind::List(items), scopes)) => {
                items.iter().map(|item| item.clone().behind(&scopes)).collect()
            }
            _ => Vec::new(),
        };
    }
    Vec::new()
}

/// All values of the file that are processes.
fn of_file<'p>(view: &mut View<'p>) -> Vec<Value<'p>> {
    let program = view.program;
    let circular = circular(view);
    let mut out = Vec::new();
    for name in program.visible(ENTRY_MODULE) {
        let Some(def) = program.lookup(ENTRY_MODULE, name) else {
            continue;
        };
        if circular.contains(name) || view.is_library(def) || out.len() == MOST_PROCESSES {
            continue;
        }
        match shape(view, def) {
            Shape::Value(Type::Struct(_, name)) if name == "Process" => {
                out.push(view.compiler.assigned(def));
            }
            _ => {}
        }
    }
    out
}

/// The name of a process, resolved as far as it can be, and its command.
fn told<'p>(view: &mut View<'p>, value: &Value<'p>) -> Option<(String, String)> {
    let Kind::Struct(inner) = &value.kind else {
        return None;
    };
    let command = inner.decl.field("cmdline").and_then(|at| inner.written(at));
    let command = command.map(|command| one_line(view.program.sources.text(command.span)));
    let name = name_of(view, inner, value)?;
    Some((name, command.unwrap_or_default()))
}

fn name_of<'p>(view: &mut View<'p>, inner: &Rc<StructValue<'p>>, value: &Value<'p>) -> Option<String> {
    let name = inner.written(inner.decl.field("name")?)?.clone();
    let root = view.compiler.root_env();
    let env = enter(&struct_env(&root, inner, &value.scopes), &name.scopes);
    let settled = view.compiler.settle(&name, &env, Judge::Later);
    finished_text(&settled.kind).map(std::borrow::Cow::into_owned)
}

/// Names of the file that need what is being defined: to use them in it would be a circle.
pub(super) fn circular(view: &View<'_>) -> FxHashSet<SmolStr> {
    let frame = view.frame(0);
    let frame = frame.filter(|frame| matches!(frame.word, Some(ItemWord::Name | ItemWord::Input)));
    match frame.and_then(|frame| frame.name) {
        Some(name) => dependents(view.program, name.of(view.cursor.text)),
        None => FxHashSet::default(),
    }
}
