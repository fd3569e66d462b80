//! What stands at a place: asked of the evaluation of a program, never guessed from its text.

use std::sync::Arc;

use aur_diagnostics::{FileId, Span};
use aur_grammar::TokenKind;
use aur_grammar::tree::Item;

use super::Place;
use crate::eval::Compiler;
use crate::facts::{Facts, Target, Wanted};
use crate::lower::{Jobs, Lowering, Spans};
use crate::program::{self, Def, Program};
use crate::{ENTRY_MODULE, Given, Sources};

/// The entry file is the first of a program.
pub(super) const ENTRY_FILE: FileId = FileId(0);

/// How much of a program is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// The item at the place, and what it needs.
    Item,
    /// Everything, each text in each job.
    Program,
}

/// Evaluates the program at `entry` and reads from what was noted; nothing where the file cannot be read.
pub(super) fn gather<T>(
    host: &dyn Sources,
    entry: &str,
    given: &Given,
    wanted: Wanted,
    with: With,
    read: impl for<'p> FnOnce(&mut Compiler<'p>, &Facts) -> T,
) -> Option<T> {
    let (program, _, found) = program::load(host, entry, &given.limits);
    found.ok()?;
    let mut facts = Facts::new(wanted);
    facts.wants_visible = with.visible;
    facts.declare(&program);
    let mut compiler = Compiler::new(&program, host, given, false);
    compiler.facts = Some(Box::new(facts));
    compiler.gather_inputs();
    let mut lowering = Lowering::new(&mut compiler, Spans::Unwanted);
    match (with.depth, wanted) {
        (Depth::Item, Wanted::Within(_, start, _)) => {
            if let Some((index, item)) = item_at(&program, start) {
                lowering.evaluate_item(ENTRY_MODULE, index, item);
            }
        }
        _ => {
            lowering.program(ENTRY_MODULE, Jobs::Optional);
        }
    }
    let facts = compiler.facts.take()?;
    Some(read(&mut compiler, &facts))
}

/// What is to be found out, and how deep to look.
#[derive(Clone, Copy, Debug)]
pub(super) struct With {
    pub(super) depth: Depth,
    /// Whether the names that a mustache could ask for are wanted.
    pub(super) visible: bool,
}

impl With {
    pub(super) fn depth(depth: Depth) -> Self {
        Self {
            depth,
            visible: false,
        }
    }

    /// As deep as the place at `offset` needs: a text means something in each job, everything else by itself.
    pub(super) fn for_place(host: &dyn Sources, entry: &str, offset: u32) -> Self {
        let is_text = match host.kept(entry) {
            Some(kept) => {
                let item = kept.tree.items.iter().rev().find(|item| item.offset <= offset);
                let start = item.map_or(0, |item| item.offset as usize);
                let rest = kept.text.get(start..).unwrap_or("");
                let at = offset - start as u32;
                let mut tokens = aur_grammar::tokens(rest).take_while(|token| token.start < at);
                tokens.any(|token| {
                    matches!(
                        token.kind,
                        TokenKind::Text | TokenKind::OpenText | TokenKind::Block | TokenKind::OpenBlock
                    ) && at < token.end
                })
            }
            None => true,
        };
        Self::depth(if is_text { Depth::Program } else { Depth::Item })
    }
}

/// The item of the entry file that a byte belongs to.
pub(super) fn item_at(program: &Program, offset: u32) -> Option<(u32, &Item)> {
    let module = program.modules.get(ENTRY_MODULE as usize)?;
    let after = module.tree.items.partition_point(|item| item.offset <= offset);
    let index = after.checked_sub(1)?;
    Some((index as u32, module.tree.items.get(index)?))
}

/// Where a span is, for whoever knows files by their paths.
pub(super) fn place(program: &Program, span: Span) -> Option<Place> {
    let file = program.sources.get(span.file)?;
    Some(Place {
        path: Arc::from(file.path()),
        start: span.start,
        end: span.end,
    })
}

/// Where what a name stands for is named; an included file begins at its first byte.
pub(super) fn name_span(program: &Program, target: Target) -> Option<Span> {
    match target {
        Target::Def(def @ (Def::Item { .. } | Def::Module(_))) => program.name_span(def),
        Target::Named(span) => Some(span),
    }
}
