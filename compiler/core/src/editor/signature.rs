//! How the call or record around a place is written, and which part of it is being given.

use super::frames::{Cursor, Frame, FrameKind};
use super::view::{Parsed, View, member, written};
use crate::eval::{BIND, Compiler, Function, Repeats};
use crate::{ENTRY_MODULE, Given, Sources, program};

/// How something is called or built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The whole of it: `join(list, separator)`.
    pub label: String,
    /// What it is for: Markdown.
    pub doc: Option<String>,
    /// In order; each is a part of the label.
    pub parameters: Vec<Parameter>,
    /// The one that is being given.
    pub active: Option<u32>,
}

/// A parameter of a function, or a field of a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// First byte of it in the label.
    pub start: u32,
    /// First byte behind it in the label.
    pub end: u32,
    /// What it is: Markdown.
    pub doc: Option<String>,
}

/// Finds the innermost call or record around the byte `offset` of the file `entry`.
pub fn signature(host: &dyn Sources, entry: &str, given: &Given, offset: u32) -> Option<Signature> {
    let (program, _, _) = program::load(host, entry, &given.limits);
    let module = program.modules.get(ENTRY_MODULE as usize)?;
    let text = program.sources.get(module.file)?.text().clone();
    let cursor = Cursor::new(&text, &module.tree, offset);
    let parsed = Parsed::new(&cursor, &[]);
    let mut view = View::new(Compiler::new(&program, host, given, false), &cursor, &parsed);
    let depths = (0..cursor.frames.len()).rev();
    depths.into_iter().find_map(|depth| of_frame(&mut view, depth))
}

fn of_frame(view: &mut View<'_>, depth: usize) -> Option<Signature> {
    let frame = view.frame(depth)?;
    match frame.kind {
        FrameKind::Call => {
            let is_bind = frame.receiver.is_some()
                && frame
                    .callee
                    .is_some_and(|callee| callee.of(view.cursor.text) == BIND.name);
            let function = if is_bind {
                Some(&BIND)
            } else {
                view.function(frame)
            };
            function.map(|function| of_function(function, frame))
        }
        FrameKind::Record | FrameKind::Map => of_record(view, depth),
        _ => None,
    }
}

fn of_function(function: &Function, frame: &Frame) -> Signature {
    let mut label = Label::new(&format!("{}(", function.name));
    for parameter in function.parameters {
        label.parameter(&parameter.shown(), ", ", Some(parameter.doc));
    }
    label.text.push_str(&format!(") -> {}", function.gives));
    let is_named = frame.current.is_some();
    let fits = |repeats: Repeats, at: usize| match repeats {
        Repeats::Named => is_named,
        Repeats::Once => !is_named && at == frame.index,
        Repeats::Often => !is_named && at <= frame.index,
    };
    let found = function
        .parameters
        .iter()
        .enumerate()
        .position(|(at, parameter)| fits(parameter.repeats, at));
    let only = (function.parameters.len() == 1 && frame.index == 0).then_some(0);
    label.finish(Some(function.doc), found.or(only))
}

fn of_record(view: &mut View<'_>, depth: usize) -> Option<Signature> {
    let (decl, _) = view.record(depth)?;
    let frame = view.frame(depth)?;
    let current = frame.current.and_then(|at| frame.entries.get(at));
    let current = current.and_then(|entry| entry.path.first());
    let current = current.map(|name| name.of(view.cursor.text));
    let mut label = Label::new(&format!("{} {{ ", decl.name));
    for field in &decl.fields {
        let member = member(view.program, decl.def, &field.name);
        let ty = member.map(|member| written(view.program, decl.base, member.ty.range));
        let ty = ty.unwrap_or_else(|| field.ty.to_string());
        let doc = member.and_then(|member| member.doc.as_deref());
        label.parameter(&format!("{}: {ty}", field.name), ", ", doc);
    }
    label.text.push_str(" }");
    let active = current.and_then(|name| decl.field(name));
    let item = match decl.def {
        program::Def::Item { module, item } => view.program.item(module, item),
        program::Def::Module(_) => None,
    };
    Some(label.finish(item.and_then(|(item, _)| item.node.doc.as_deref()), active))
}

/// A label in the making.
struct Label {
    text: String,
    parameters: Vec<Parameter>,
}

impl Label {
    fn new(start: &str) -> Self {
        Self {
            text: start.to_string(),
            parameters: Vec::new(),
        }
    }

    fn parameter(&mut self, text: &str, between: &str, doc: Option<&str>) {
        if !self.parameters.is_empty() {
            self.text.push_str(between);
        }
        let start = self.text.len() as u32;
        self.text.push_str(text);
        self.parameters.push(Parameter {
            start,
            end: self.text.len() as u32,
            doc: doc.map(str::to_string),
        });
    }

    fn finish(self, doc: Option<&str>, active: Option<usize>) -> Signature {
        Signature {
            label: self.text,
            doc: doc.map(str::to_string),
            parameters: self.parameters,
            active: active.map(|at| at as u32),
        }
    }
}
