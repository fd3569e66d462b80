//! `job(instances = 3)`: what Python calls a copy with changes is written with braces.

use aur_diagnostics::{Applicability, Edit, Fix, Span};
use aur_grammar::tree::{Arg, Expr};

use super::{Compiler, Context};

impl Compiler<'_> {
    /// Returns the fix that writes braces around the arguments of a call. There is none where an argument
    /// has no name, as no field is known for it then.
    pub(super) fn braces(
        &self,
        context: &Context<'_>,
        callee: &Expr,
        args: &[Arg],
        call: Span,
    ) -> Option<Fix> {
        let text = |span: Span| self.program.sources.text(span);
        let are_fields = args.iter().all(|arg| {
            let name = arg.name.as_ref();
            name.is_some_and(|name| text(context.base.span(name.range)) == name.name)
        });
        let behind = context.base.span(callee.range).end;
        let first = args
            .first()
            .map_or(call.end.checked_sub(1)?, |arg| context.base.span(arg.range).start);
        let between = text(Span::new(call.file, behind, first));
        let close = Span::new(call.file, call.end.checked_sub(1)?, call.end);
        if !are_fields || between.trim() != "(" || text(close) != ")" {
            return None;
        }
        let blanks = between.find('(')? as u32;
        let edit = |span: Span, text: &str| Edit {
            span,
            text: text.to_string(),
        };
        let open = Span::new(call.file, behind + blanks, behind + blanks + 1);
        let brace = if blanks == 0 { " {" } else { "{" };
        Some(Fix {
            title: "write braces".to_string(),
            applicability: Applicability::Safe,
            edits: vec![edit(open, brace), edit(close, "}")],
        })
    }
}
