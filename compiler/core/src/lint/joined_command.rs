//! `shell_syntax` and `raw_splice` for commands that are put together with `+`.

use std::rc::Rc;

use aur_diagnostics::{Diagnostic, Span, codes};
use aur_grammar::tree::{BinaryOp, Expr, ExprKind, TextPart};
use aur_shell::{Piece, Reader};

use super::raw_splice::{advice, place};
use crate::eval::{Compiler, Context};
use crate::types::StructDecl;
use crate::value::{Kind, Value};

/// A part of the command.
struct Part<'p> {
    /// What it is called, if it is a name.
    name: Option<&'p str>,
    value: Value<'p>,
    span: Span,
    origin: Option<super::Origin>,
}

impl<'p> Compiler<'p> {
    /// Reads a command of several texts as bash; what comes from outside or is not known is a hole in it.
    pub(super) fn lint_joined_command(
        &mut self,
        context: &Context<'p>,
        decl: &Rc<StructDecl<'p>>,
        index: usize,
        written: &'p Expr,
    ) {
        let is_shell = decl.fields.get(index).is_some_and(|field| field.is_shell);
        if !is_shell || !is_sum(written) {
            return;
        }
        let mut leaves = Vec::new();
        collect(written, &mut leaves);
        // A text with mustaches is judged by what it holds; that is not known here.
        if leaves.iter().any(|leaf| is_template(leaf)) {
            return;
        }
        let mut parts: Vec<Part<'p>> = Vec::with_capacity(leaves.len());
        for leaf in leaves {
            let value = self.known(context, leaf);
            let origin = self.lints.taint.origin(&value.kind);
            let span = context.base.span(leaf.range);
            let name = match &leaf.kind {
                ExprKind::Name(name) => Some(name.as_str()),
                _ => None,
            };
            parts.push(Part {
                name,
                value,
                span,
                origin,
            });
        }
        let pieces: Vec<Piece<'_>> = (0u32..)
            .zip(&parts)
            .map(|(number, part)| match &part.value.kind {
                Kind::Raw(text) if part.origin.is_none() => Piece::Text(text),
                _ => Piece::Hole(number),
            })
            .collect();
        let is_text = |kind: &Kind<'_>| matches!(kind, Kind::Raw(_) | Kind::Opaque(_));
        if !parts.iter().all(|part| is_text(&part.value.kind)) {
            return;
        }
        let reading = Reader::default().read(&pieces);
        if let Some(fault) = reading.fault {
            let of = |piece: usize| parts.get(piece).map(|part| part.span);
            let from = of(fault.mark.start.piece).unwrap_or(context.base.span(written.range));
            let message = format!("bash cannot read this command: {}", fault.message);
            let mut warning = Diagnostic::new(&codes::shell_syntax, from, message).label(fault.label.clone());
            if let Some((opener, text)) = &fault.opener
                && let Some(at) = of(opener.start.piece).filter(|at| *at != from)
            {
                warning = warning.also(at, text.clone());
            }
            self.sink.push(warning.help_if(fault.help));
        }
        let holes = parts
            .iter()
            .zip(&pieces)
            .filter(|(_, piece)| matches!(piece, Piece::Hole(_)));
        for ((part, _), quoting) in holes.zip(reading.holes) {
            let Some(origin) = part.origin else { continue };
            let Some(advice) = advice(quoting, false, part.name.unwrap_or("value")) else {
                continue;
            };
            let what = part
                .name
                .map_or("this text".to_string(), |name| format!("`{name}`"));
            let message = format!("{what} comes from outside, and bash reads it as part of the command");
            let mut warning =
                Diagnostic::new(&codes::raw_splice, part.span, message).label(place(quoting, false));
            if let Some(input) = origin.input {
                warning = warning.also(input, "the input");
            }
            let help = format!("write one text and bind the name; {advice}");
            self.sink.push(warning.help(help));
        }
    }
}

fn is_sum(expr: &Expr) -> bool {
    matches!(
        expr.kind,
        ExprKind::Binary {
            op: BinaryOp::Add,
            ..
        }
    )
}

/// The summands, from left to right.
fn collect<'p>(expr: &'p Expr, out: &mut Vec<&'p Expr>) {
    match &expr.kind {
        ExprKind::Binary {
            op: BinaryOp::Add,
            left,
            right,
            ..
        } => {
            collect(left, out);
            collect(right, out);
        }
        _ => out.push(expr),
    }
}

fn is_template(expr: &Expr) -> bool {
    let ExprKind::Text(text) = &expr.kind else {
        return false;
    };
    text.parts
        .iter()
        .any(|part| matches!(part, TextPart::Mustache(_)))
}
