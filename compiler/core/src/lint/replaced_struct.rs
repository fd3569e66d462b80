//! `replaced_struct`: a copy gives a struct anew where a part of it was to be changed, and the rest is lost.

use std::rc::Rc;

use aur_diagnostics::{Applicability, Diagnostic, codes};
use aur_grammar::tree::{Expr, ExprKind, Field, Key};

use crate::eval::{Compiler, Context};
use crate::value::{Kind, Slot, StructValue, Value};

impl<'p> Compiler<'p> {
    pub(super) fn lint_replaced_struct(
        &mut self,
        context: &Context<'p>,
        inner: &StructValue<'p>,
        index: usize,
        field: &'p Field,
        value: &Value<'p>,
    ) {
        let (Some(old), Kind::Struct(new)) = (inner.written(index), &value.kind) else {
            return;
        };
        let (Kind::Struct(old_inner), Some(given)) = (&old.kind, self.given_fields(context, &field.value))
        else {
            return;
        };
        let lost = lost_fields(old_inner, new);
        if lost.is_empty() || given.is_empty() {
            return;
        }
        let name = &field.name.name;
        let listed = lost.join("`, `");
        let span = context.base.span(field.range);
        let amended: Vec<String> = given
            .iter()
            .map(|(step, value)| format!("{name}.{step} = {value}"))
            .collect();
        let amended = amended.join(", ");
        let mut warning = Diagnostic::new(
            &codes::replaced_struct,
            context.base.span(field.name.range),
            format!("this replaces the whole `{name}` and loses its `{listed}`"),
        )
        .label("given anew")
        .help(format!("to change a part of it, write `{amended}`"))
        .fix("change only what is given", Applicability::Unsafe, span, amended);
        if !self.is_prelude(old_inner.span) {
            warning = warning.also(old_inner.span, "set here");
        }
        self.sink.push(warning);
    }

    /// The fields that a value gives where it is a record of a type, as they are written.
    fn given_fields(&self, context: &Context<'p>, value: &'p Expr) -> Option<Vec<(String, &'p str)>> {
        let program = self.program;
        let written = |expr: &Expr| program.sources.text(context.base.span(expr.range));
        match &value.kind {
            ExprKind::Record { head, fields } => {
                let ExprKind::Name(head) = &head.kind else {
                    return None;
                };
                let is_type = program.is_struct(context.module, head);
                let plain = fields.iter().all(|field| field.path.is_empty());
                let given = fields
                    .iter()
                    .map(|field| (field.name.name.to_string(), written(&field.value)));
                (is_type && plain).then(|| given.collect())
            }
            ExprKind::Map(pairs) => pairs
                .iter()
                .map(|pair| match &pair.key {
                    Key::Word(word) => Some((word.name.to_string(), written(&pair.value))),
                    Key::Text(_) => None,
                })
                .collect(),
            _ => None,
        }
    }
}

/// Fields that were set and are not given any more.
fn lost_fields(old: &Rc<StructValue<'_>>, new: &Rc<StructValue<'_>>) -> Vec<String> {
    if old.decl.def != new.decl.def {
        return Vec::new();
    }
    let fields = old.decl.fields.iter().enumerate();
    fields
        .filter(|(index, _)| old.written(*index).is_some())
        .filter(|(index, _)| matches!(new.slot(*index), Slot::Default))
        .map(|(_, field)| field.name.to_string())
        .collect()
}
