//! `bare_number`: a number without a unit that was probably meant in another one.

use aur_diagnostics::{Applicability, Diagnostic, codes};
use aur_grammar::tree::{Expr, ExprKind, Number};

use crate::eval::{Compiler, Context};
use crate::value::{Kind, Value};

/// Below this, a size in bytes is hardly meant.
const SMALL: i64 = 1 << 20;
/// Seconds of a day.
const DAY: i64 = 86_400;

impl<'p> Compiler<'p> {
    pub(super) fn lint_bare_number(&mut self, context: &Context<'p>, expr: &'p Expr, value: &Value<'p>) {
        let ExprKind::Number {
            value: Number::Integer(number),
            unit: None,
        } = expr.kind
        else {
            return;
        };
        let span = context.base.span(expr.range);
        let (means, unit, instead) = match value.kind {
            Kind::Bytes(_) if (1..SMALL).contains(&number) => (
                format!("{number} bytes"),
                "MB",
                format!("`{number}B` if bytes are meant"),
            ),
            // Whole days are written in seconds; other large round numbers come from milliseconds.
            Kind::Duration(_) if number >= DAY && number % 1000 == 0 && number % DAY != 0 => (
                format!("{number} seconds, more than {}", days(number / DAY)),
                "ms",
                format!("`{number}s` if seconds are meant"),
            ),
            _ => return,
        };
        let warning = Diagnostic::new(&codes::bare_number, span, format!("`{number}` means {means}"))
            .label("a number without a unit")
            .help(format!("write the unit: `{number}{unit}`, or {instead}"))
            .fix(
                format!("write `{number}{unit}`"),
                Applicability::Unsafe,
                span,
                format!("{number}{unit}"),
            );
        self.sink.push(warning);
    }
}

fn days(count: i64) -> String {
    match count {
        1 => "a day".to_string(),
        count => format!("{count} days"),
    }
}
