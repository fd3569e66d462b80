//! Warnings about what is allowed and probably not meant.
//!
//! Each lint has a file. What it needs to know is noted while the program is evaluated and resolved, in
//! [`Lints`]; most is judged at the end, once for each written place. In doubt a lint says nothing.

mod bare_number;
mod deprecated;
mod joined_command;
mod pattern;
mod raw_splice;
mod replaced_struct;
mod resolved_command;
mod shell_syntax;
mod taint;
mod unused_binding;

use std::rc::Rc;

use aur_grammar::tree::{Expr, Field};
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use crate::eval::{Compiler, Context};
use crate::program::{PRELUDE_MODULE, Program};
use crate::types::StructDecl;
use crate::value::{Kind, StructValue, TextRef, Value};

pub(crate) use taint::Origin;

/// What is noted on the way.
pub(crate) struct Lints<'p> {
    /// Texts that bash will read, by address, each once however often it is used.
    commands: IndexMap<usize, TextRef<'p>, FxBuildHasher>,
    taint: taint::Taint<'p>,
    bound: unused_binding::Bound<'p>,
    deprecated: deprecated::Deprecated<'p>,
    resolved: resolved_command::Resolved,
}

impl<'p> Lints<'p> {
    pub(crate) fn new(program: &'p Program) -> Self {
        Self {
            commands: IndexMap::default(),
            taint: taint::Taint::default(),
            bound: unused_binding::Bound::default(),
            deprecated: deprecated::Deprecated::new(program),
            resolved: resolved_command::Resolved::default(),
        }
    }
}

/// Fields of the standard library that bash reads; `command` is one of `Task`.
pub(crate) const SHELL_FIELDS: [&str; 3] = ["cmdline", "command", "shell_command"];

/// Whether a field of the standard library is read by bash.
pub(crate) fn is_shell_field(module: u32, owner: &str, field: &str) -> bool {
    module == PRELUDE_MODULE && SHELL_FIELDS.contains(&field) && (field != "command" || owner == "Task")
}

impl<'p> Compiler<'p> {
    /// Looks at a field that a record gives, before it takes the place of what `inner` holds.
    pub(crate) fn lint_field(
        &mut self,
        context: &Context<'p>,
        inner: &StructValue<'p>,
        index: usize,
        field: &'p Field,
        value: &Value<'p>,
    ) {
        self.note_command(&inner.decl, index, value);
        self.lint_joined_command(context, &inner.decl, index, &field.value);
        self.lint_replaced_struct(context, inner, index, field, value);
    }

    /// Looks at a written value in its place.
    pub(crate) fn lint_value(&mut self, context: &Context<'p>, expr: &'p Expr, value: &Value<'p>) {
        self.lint_bare_number(context, expr, value);
    }

    fn note_command(&mut self, decl: &Rc<StructDecl<'p>>, index: usize, value: &Value<'p>) {
        let is_shell = decl.fields.get(index).is_some_and(|field| field.is_shell);
        if let Kind::Text(text) = &value.kind
            && is_shell
            && !self.is_prelude(value.span)
        {
            let address = std::ptr::from_ref(text.text).addr();
            self.lints.commands.entry(address).or_insert(*text);
        }
    }

    /// Reads every command that was noted, each once.
    pub(crate) fn lint_commands(&mut self) {
        let mut reader = aur_shell::Reader::default();
        for text in std::mem::take(&mut self.lints.commands).into_values() {
            let reading = shell_syntax::read(&mut reader, self.program, text);
            if let Some(fault) = reading.fault {
                self.report_shell_syntax(text, &fault);
            }
            self.lint_raw_splices(text, &reading.holes);
        }
    }
}
