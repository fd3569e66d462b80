//! Lists as they are written.

use std::rc::Rc;

use aur_diagnostics::{Applicability, Diagnostic, Span, codes};
use aur_grammar::tree::Expr;

use crate::eval::{Compiler, Context, element_type};
use crate::types::Type;
use crate::value::{Kind, Value};

impl<'p> Compiler<'p> {
    /// `[a, b]`
    pub(super) fn list(
        &mut self,
        context: &Context<'p>,
        items: &'p [Expr],
        want: &Type<'p>,
        span: Span,
    ) -> Value<'p> {
        let element = element_type(want);
        let evaluated: Vec<(Value<'p>, Span)> = items
            .iter()
            .map(|item| (self.eval(context, item, &element), context.base.span(item.range)))
            .collect();
        if self.is_list_of_lists(&evaluated, &element, want) {
            self.report_list_of_lists(&evaluated, &element, span);
            return Value::poison(span);
        }
        let elements = evaluated
            .into_iter()
            .map(|(value, place)| self.coerce(value, &element, place));
        let elements = elements.collect();
        Value::new(Kind::List(Rc::new(elements)), span)
    }

    /// Whether lists stand where their elements should, and nothing is wrong beside: `[order(a, b)]`.
    fn is_list_of_lists(&mut self, items: &[(Value<'p>, Span)], element: &Type<'p>, want: &Type<'p>) -> bool {
        matches!(element, Type::Struct(..))
            && items.iter().any(|(item, _)| is_list(item))
            && items.iter().all(|(item, place)| {
                let ty = if is_list(item) { want } else { element };
                self.would_fit(item, ty, *place)
            })
    }

    fn report_list_of_lists(&mut self, items: &[(Value<'p>, Span)], element: &Type<'p>, span: Span) {
        let first = items.iter().find(|(item, _)| is_list(item));
        let place = first.map_or(span, |(_, place)| *place);
        let parts = items.iter().map(|(item, place)| {
            let text = self.program.sources.text(*place);
            match is_list(item) {
                true => text.to_string(),
                false => format!("[{text}]"),
            }
        });
        let joined = parts.collect::<Vec<_>>().join(" + ");
        let help = match items.len() {
            1 => "drop the brackets",
            _ => "put the lists together with `+`",
        };
        let message = format!("this is a list, but a {element} is needed");
        self.sink.push(
            Diagnostic::new(&codes::type_mismatch, place, message)
                .label("a list already, without the brackets around it")
                .help(help)
                .fix(help, Applicability::Safe, span, joined),
        );
    }
}

fn is_list(value: &Value<'_>) -> bool {
    matches!(value.kind, Kind::List(_))
}
