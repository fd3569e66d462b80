//! Texts with places to fill in.

use std::rc::Rc;

use crate::editor::view::View;
use crate::types::{StructDecl, Type};
use crate::value::{Slot, StructValue};

/// Structs within structs are filled in this deep.
const DEPTH: usize = 2;

/// A snippet in the making.
pub(super) struct Snippet {
    text: String,
    places: u32,
}

impl Snippet {
    pub(super) fn new() -> Self {
        Self {
            text: String::new(),
            places: 0,
        }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// Adds text as it is.
    pub(super) fn plain(&mut self, text: &str) {
        for character in text.chars() {
            if matches!(character, '$' | '}' | '\\') {
                self.text.push('\\');
            }
            self.text.push(character);
        }
    }

    /// Adds a place to fill in.
    pub(super) fn place(&mut self) {
        self.places += 1;
        self.text.push_str(&format!("${}", self.places));
    }

    /// Adds a place where one of some words is chosen; the first is there at once.
    fn choice<'a>(&mut self, words: impl IntoIterator<Item = &'a str>) {
        self.places += 1;
        let words: Vec<&str> = words.into_iter().collect();
        self.text
            .push_str(&format!("${{{}|{}|}}", self.places, words.join(",")));
    }

    /// Adds what a value of a type looks like.
    pub(super) fn value<'p>(&mut self, view: &mut View<'p>, ty: &Type<'p>, default: Option<&str>) {
        self.value_within(view, ty, default, DEPTH);
    }

    fn value_within<'p>(&mut self, view: &mut View<'p>, ty: &Type<'p>, default: Option<&str>, depth: usize) {
        match ty.plain() {
            Type::String => self.around("\"", "\""),
            Type::List(_) => self.around("[", "]"),
            Type::Map(_) => self.around("{", "}"),
            Type::Boolean if default == Some("true") => self.choice(["false", "true"]),
            Type::Boolean => self.choice(["true", "false"]),
            Type::Enum(decl) => match view.visible_name(decl.def, &decl.name) {
                Some(name) => {
                    let members = decl.members.iter().map(|member| format!("{name}.{member}"));
                    let members: Vec<String> = members.collect();
                    self.choice(members.iter().map(String::as_str));
                }
                None => self.place(),
            },
            Type::Struct(def, name) => match (view.visible_name(*def, name), view.compiler.struct_decl(*def))
            {
                (Some(name), Some(decl)) => self.record_within(view, &name, &decl, depth),
                _ => self.place(),
            },
            _ => self.place(),
        }
    }

    /// Adds `Name { .. }` with the fields that must be given.
    pub(super) fn record<'p>(&mut self, view: &mut View<'p>, name: &str, decl: &Rc<StructDecl<'p>>) {
        self.record_within(view, name, decl, DEPTH);
    }

    fn record_within<'p>(
        &mut self,
        view: &mut View<'p>,
        name: &str,
        decl: &Rc<StructDecl<'p>>,
        depth: usize,
    ) {
        self.plain(&format!("{name} {{ "));
        let needed = required(view, decl, None);
        match depth.checked_sub(1) {
            Some(depth) if !needed.is_empty() => self.fields_within(view, decl, &needed, ", ", depth),
            _ => self.place(),
        }
        self.plain(" }");
    }

    /// Adds `name = value` for some fields.
    pub(super) fn fields<'p>(
        &mut self,
        view: &mut View<'p>,
        decl: &Rc<StructDecl<'p>>,
        fields: &[usize],
        between: &str,
    ) {
        self.fields_within(view, decl, fields, between, DEPTH);
    }

    fn fields_within<'p>(
        &mut self,
        view: &mut View<'p>,
        decl: &Rc<StructDecl<'p>>,
        fields: &[usize],
        between: &str,
        depth: usize,
    ) {
        for (index, field) in fields.iter().filter_map(|at| decl.fields.get(*at)).enumerate() {
            if index > 0 {
                self.plain(between);
            }
            self.plain(&format!("{} = ", field.name));
            self.value_within(view, &field.ty, None, depth);
        }
    }

    fn around(&mut self, open: &str, close: &str) {
        self.plain(open);
        self.place();
        self.plain(close);
    }
}

/// The fields of a struct that must be given and are not set in the value that is copied.
pub(super) fn required<'p>(
    view: &View<'p>,
    decl: &StructDecl<'p>,
    copied: Option<&StructValue<'p>>,
) -> Vec<usize> {
    let is_set = |at: usize| copied.is_some_and(|copied| matches!(copied.slot(at), Slot::Set(_)));
    let is_command = |name: &str| {
        // The type alone cannot say that a process has one of `cmdline` and `argv`.
        view.is_library(decl.def) && decl.name == "Process" && name == "cmdline"
    };
    let is_needed = |at: &usize| {
        let field = decl.fields.get(*at);
        field.is_some_and(|field| decl.requires(&field.name) || is_command(&field.name)) && !is_set(*at)
    };
    let has_argv = decl.field("argv").is_some_and(is_set);
    let fields = (0..decl.fields.len()).filter(is_needed);
    fields
        .filter(|at| !(has_argv && decl.fields.get(*at).is_some_and(|field| is_command(&field.name))))
        .collect()
}
