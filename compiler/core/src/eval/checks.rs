//! What is judged once a value is in use: required fields and `check` rules of the structs that a job
//! reaches, and the `check` rules of files.

use std::rc::Rc;

use aur_diagnostics::{Diagnostic, Span, codes};
use aur_grammar::tree::CheckRule;

use super::coerce::finished_text;
use super::{Compiler, Context};
use crate::program::PRELUDE_MODULE;
use crate::resolve::{Env, Judge};
use crate::types::Type;
use crate::value::{Kind, Slot, StructValue, TextRef, Value};

impl<'p> Compiler<'p> {
    /// Reports the required fields that are not given, all in one, and judges the struct's own rules.
    pub(crate) fn require(&mut self, inner: &Rc<StructValue<'p>>, env: &Env<'p>, job: Span) {
        let decl = inner.decl.clone();
        let mut missing: Vec<&str> = Vec::new();
        // Both are in the order of the declaration.
        let mut slots = inner.slots.iter().peekable();
        for (index, field) in decl.fields.iter().enumerate() {
            let is_given = match slots.next_if(|(own, _)| *own as usize == index) {
                Some((_, Slot::Set(_))) => true,
                Some((_, Slot::Default)) | None => field.is_optional || field.default.is_some(),
                Some((_, Slot::Cleared)) => field.is_optional,
            };
            if !is_given {
                missing.push(&field.name);
            }
        }
        if self.is_prelude(decl.span) && decl.name == "Process" && lacks_command(inner) {
            missing.insert(0, "cmdline");
        }
        if !missing.is_empty() && !inner.has_stray_field && !self.is_in_broken_item(inner.span) {
            self.report_missing(inner, &missing, job);
        }
        for rule in decl.checks {
            let context = Context::new(decl.module, decl.base);
            self.check_rule(&context, rule, Some((inner, env)));
        }
    }

    pub(crate) fn report_missing(&mut self, inner: &StructValue<'p>, missing: &[&str], job: Span) {
        let names = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
        let list = match names.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
            None => return,
        };
        let lines = missing
            .iter()
            .map(|name| format!("{name} = .."))
            .collect::<Vec<_>>()
            .join(", ");
        let message = format!("this {} has no {list}", inner.decl.name);
        let mut error = Diagnostic::new(&codes::missing_field, inner.span, message)
            .label(format!("needs {list}"))
            .help(format!("add {lines}"));
        for name in missing {
            if let Some(field) = inner
                .decl
                .field(name)
                .and_then(|index| inner.decl.fields.get(index))
                && !self.is_prelude(field.span)
            {
                error = error.also(field.span, "required here");
            }
        }
        if job != inner.span {
            error = error.also(job, "needed by this job");
        }
        self.sink.push(error);
    }

    pub(crate) fn is_prelude(&self, span: Span) -> bool {
        self.program
            .modules
            .get(PRELUDE_MODULE as usize)
            .is_some_and(|module| module.file == span.file)
    }

    /// Whether the item around a span could not be read in full, so that what is missing may be just that.
    pub(crate) fn is_in_broken_item(&self, span: Span) -> bool {
        let Some(module) = self
            .program
            .modules
            .iter()
            .find(|module| module.file == span.file)
        else {
            return false;
        };
        let after = module
            .tree
            .items
            .partition_point(|item| item.offset <= span.start);
        let item = after
            .checked_sub(1)
            .and_then(|index| module.tree.items.get(index));
        item.is_some_and(|item| !item.node.errors.is_empty())
    }

    /// Judges a rule; that of a struct sees the fields of `subject` by name.
    pub(crate) fn check_rule(
        &mut self,
        context: &Context<'p>,
        rule: &'p CheckRule,
        subject: Option<(&Rc<StructValue<'p>>, &Env<'p>)>,
    ) {
        let mut inner = context.clone();
        if let Some((value, env)) = subject {
            for (index, field) in value.decl.fields.iter().enumerate() {
                let found = match self.attribute(value, index) {
                    Some(found) => self.settle_typed(&found, &field.ty, env, Judge::Later).value,
                    None => Value::new(Kind::Unset, value.span),
                };
                inner = inner.with_local(field.name.clone(), found, field.span);
            }
        }
        let holds = self.typed(&inner, &rule.condition, &Type::Boolean);
        if !matches!(holds.kind, Kind::Bool(false)) {
            return;
        }
        let place = context.base.span(rule.condition.range);
        let message = rule.message.as_ref().map(|text| {
            let text = Value::new(
                Kind::Text(TextRef {
                    text,
                    base: context.base,
                }),
                place,
            );
            let env = subject.map_or_else(|| self.root_env(), |(_, env)| env.clone());
            let settled = self.settle(&text, &env, Judge::Later);
            finished_text(&settled.kind).map(|text| text.into_owned())
        });
        let message = message
            .flatten()
            .unwrap_or_else(|| "a check does not hold".to_string());
        let diagnostic = match subject {
            Some((value, _)) => {
                Diagnostic::new(&codes::check_failed, value.span, message).also(place, "the rule")
            }
            None => Diagnostic::new(&codes::check_failed, place, message).label("this does not hold"),
        };
        self.sink.push(diagnostic);
    }
}

/// A process runs `cmdline` or `argv`; the type alone can only say that each may be left out.
fn lacks_command(process: &StructValue<'_>) -> bool {
    ["cmdline", "argv"].iter().all(|name| {
        process
            .decl
            .field(name)
            .is_some_and(|index| process.written(index).is_none())
    })
}
