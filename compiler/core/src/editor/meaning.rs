//! What stands at a place: asked of the evaluation of a program, never guessed from its text.

use std::sync::Arc;

use aur_diagnostics::{FileId, Span};
use aur_grammar::TokenKind;
use aur_grammar::tree::Item;

use super::needs::{are_asked_for, dependents_at};
use super::{Place, Point, entry_item, names_any};
use crate::eval::Compiler;
use crate::facts::{Facts, Target, Wanted};
use crate::lower::{Jobs, Lowering, Spans};
use crate::program::{self, Def, Program};
use crate::{ENTRY_MODULE, Given, Sources};

/// Where an item is part of more jobs, all of the program is evaluated.
const FEW_JOBS: usize = 16;

/// Which part of a program is asked about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Area<'a> {
    Everywhere,
    /// Bytes of a file, by its path below the project root.
    Within(&'a str, u32, u32),
}

/// The file that is asked about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Here {
    pub(crate) module: u32,
    pub(crate) file: FileId,
}

/// How much of a program is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// The item at the place, and what it needs.
    Item,
    /// The item at the place in each job that it is part of.
    Text,
    /// Everything, each text in each job.
    Program,
}

/// Evaluates the program at `entry` and reads from what was noted; nothing where the file cannot be read.
pub(super) fn gather<T>(
    host: &dyn Sources,
    entry: &str,
    given: &Given,
    area: Area<'_>,
    with: With,
    read: impl for<'p> FnOnce(&mut Compiler<'p>, &Facts, Here) -> T,
) -> Option<T> {
    let (program, _, found) = program::load(host, entry, &given.limits);
    found.ok()?;
    let (here, wanted) = match area {
        Area::Everywhere => (here(&program, entry)?, Wanted::Everywhere),
        Area::Within(path, start, end) => {
            let here = here(&program, path)?;
            (here, Wanted::Within(here.file, start, end))
        }
    };
    let mut facts = Facts::new(wanted);
    facts.declare(&program);
    let mut compiler = Compiler::new(&program, host, given, false);
    compiler.facts = Some(Box::new(facts));
    compiler.gather_inputs();
    let mut lowering = Lowering::new(&mut compiler, Spans::Unwanted);
    match (with.depth, wanted) {
        (Depth::Item, Wanted::Within(_, start, _)) => {
            if let Some((index, item)) = item_at(&program, here, start) {
                lowering.evaluate_item(here.module, index, item);
            }
        }
        (Depth::Text, Wanted::Within(_, start, _)) if is_of_few_jobs(&lowering, here, start) => {
            lowering.jobs_around(here, start, FEW_JOBS, &dependents_at(&program, here, start));
        }
        _ => {
            lowering.program(ENTRY_MODULE, Jobs::Optional);
        }
    }
    let facts = compiler.facts.take()?;
    Some(read(&mut compiler, &facts, here))
}

/// Whether it is known which jobs need the item at a byte, and they are few: then others need no look.
fn is_of_few_jobs(lowering: &Lowering<'_, '_>, here: Here, offset: u32) -> bool {
    let program = lowering.compiler.program;
    let Some(written) = lowering.jobs_written().filter(|_| here.module == ENTRY_MODULE) else {
        return false;
    };
    let is_list = entry_item(program, offset).is_none_or(|(index, _)| index == written.item);
    let users = dependents_at(program, here, offset);
    match written.elements() {
        Some(elements) if !is_list && !are_asked_for(program, &users) => {
            elements.iter().filter(|expr| names_any(expr, &users)).count() <= FEW_JOBS
        }
        _ => false,
    }
}

/// Finds a file of the program.
pub(super) fn here(program: &Program, path: &str) -> Option<Here> {
    // The prelude has no path.
    let found = program
        .modules
        .iter()
        .skip(ENTRY_MODULE as usize)
        .position(|module| module.path == path)?;
    let module = found as u32 + ENTRY_MODULE;
    let file = program.modules.get(module as usize)?.file;
    Some(Here { module, file })
}

/// How deep to look.
#[derive(Clone, Copy, Debug)]
pub(super) struct With {
    pub(super) depth: Depth,
}

impl With {
    pub(super) fn depth(depth: Depth) -> Self {
        Self { depth }
    }

    /// As deep as the place at `offset` needs: a text means something in each job, everything else by itself.
    pub(super) fn for_place(host: &dyn Sources, point: Point<'_>) -> Self {
        let offset = point.offset;
        let is_text = match host.kept(point.path) {
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
        Self::depth(if is_text { Depth::Text } else { Depth::Item })
    }
}

/// The item that a byte of a file belongs to.
pub(crate) fn item_at(program: &Program, here: Here, offset: u32) -> Option<(u32, &Item)> {
    let module = program.modules.get(here.module as usize)?;
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
