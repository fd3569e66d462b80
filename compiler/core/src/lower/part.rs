//! A part of a program: what stands at a place, or what a change may have touched.

use std::rc::Rc;

use aur_diagnostics::Span;
use aur_grammar::tree::{Expr, ExprKind, ItemKind};
use rustc_hash::FxHashSet;
use smol_str::SmolStr;

use super::{Jobs, Lowering};
use crate::ENTRY_MODULE;
use crate::editor::{ENTRY_FILE, Here, item_at, names_any};
use crate::eval::{Context, element_type};
use crate::program::Def;
use crate::resolve::Judge;
use crate::value::{Kind, Value};

/// Of jobs that are not written one by one, so many are lowered to find those that a place is part of.
const JOBS_LOOKED_AT: usize = 20;

/// Items of the entry file that a change may have touched, and jobs.
pub(crate) struct Part<'p> {
    /// Items to evaluate and to look at.
    pub(crate) items: Vec<u32>,
    /// Elements of the list of jobs that may have changed with them.
    pub(crate) jobs: Vec<&'p Expr>,
}

/// The list of jobs of the entry file as it is written.
pub(crate) struct JobsWritten<'p> {
    pub(crate) item: u32,
    /// What stands behind the `=`.
    pub(crate) value: &'p Expr,
}

impl<'p> JobsWritten<'p> {
    /// The elements, where they are written one by one.
    pub(crate) fn elements(&self) -> Option<&'p [Expr]> {
        match &self.value.kind {
            ExprKind::List(elements) => Some(elements),
            _ => None,
        }
    }
}

impl<'p> Lowering<'_, 'p> {
    /// Finds the list of jobs, if the entry file writes it itself.
    pub(crate) fn jobs_written(&self) -> Option<JobsWritten<'p>> {
        let module = self.compiler.program.modules.get(ENTRY_MODULE as usize)?;
        let Def::Item { module: owner, item } = module.names.get("jobs").copied()? else {
            return None;
        };
        match &module.tree.items.get(item as usize)?.node.kind {
            ItemKind::Assign { value, .. } if owner == ENTRY_MODULE => Some(JobsWritten { item, value }),
            _ => None,
        }
    }

    /// Lowers the first jobs that the item at a byte of a file is part of, and looks at the item by itself.
    /// `users` are the names of the entry file that need it.
    pub(crate) fn jobs_around(&mut self, here: Here, offset: u32, most: usize, users: &FxHashSet<SmolStr>) {
        let Some((index, item)) = item_at(self.compiler.program, here, offset) else {
            return;
        };
        if let Some(written) = self.jobs_written()
            && let Some((_, base)) = self.compiler.program.item(ENTRY_MODULE, written.item)
        {
            let is_here = |expr: &Expr| {
                let span = base.span(expr.range);
                span.file == here.file && span.start <= offset && offset < span.end
            };
            match written.elements() {
                // Others need not be evaluated.
                Some(elements) => {
                    let users = elements
                        .iter()
                        .filter(|expr| is_here(expr) || names_any(expr, users));
                    self.some_jobs(&written, users.take(most));
                }
                None => {
                    let def = Def::Item {
                        module: ENTRY_MODULE,
                        item: written.item,
                    };
                    let list = first_of(self.compiler.assigned(def), JOBS_LOOKED_AT);
                    self.jobs(&list, Jobs::Optional);
                }
            }
        }
        self.judge = Judge::Later;
        if let ItemKind::Assign { .. } = &item.node.kind {
            self.look_at(here.module, index);
        }
    }

    /// Judges what a change may have touched, as [`Lowering::program`] judges all.
    pub(crate) fn part(&mut self, part: &Part<'p>) {
        let program = self.compiler.program;
        let Some(owner) = program.modules.get(ENTRY_MODULE as usize) else {
            return;
        };
        self.compiler.check_annotations(ENTRY_MODULE, &part.items);
        for index in &part.items {
            if let Some(item) = owner.tree.items.get(*index as usize) {
                self.evaluate_item(ENTRY_MODULE, *index, item);
            }
        }
        let jobs = self.jobs_written();
        let list = jobs.map(|written| self.some_jobs(&written, part.jobs.iter().copied()));
        self.judge = Judge::Later;
        self.compiler.sink.is_second_look = true;
        self.compiler.lint_unused_bindings(list.as_slice());
        for index in &part.items {
            let item = owner.tree.items.get(*index as usize);
            if item.is_some_and(|item| matches!(item.node.kind, ItemKind::Assign { .. })) {
                self.look_at(ENTRY_MODULE, *index);
            }
        }
        self.compiler.lint_commands();
    }

    /// Lowers some elements of the list of jobs, and returns the list of them.
    fn some_jobs(&mut self, written: &JobsWritten<'p>, some: impl Iterator<Item = &'p Expr>) -> Value<'p> {
        let Some((_, base)) = self.compiler.program.item(ENTRY_MODULE, written.item) else {
            return Value::poison(Span::new(ENTRY_FILE, 0, 0));
        };
        let context = Context::new(ENTRY_MODULE, base);
        let element = element_type(&self.compiler.expected_of("jobs"));
        let values = some
            .map(|expr| self.compiler.typed(&context, expr, &element))
            .collect();
        let list = Value::new(Kind::List(Rc::new(values)), base.span(written.value.range));
        self.jobs(&list, Jobs::Optional);
        list
    }

    /// Looks at the value of an item, which no job need reach.
    fn look_at(&mut self, module: u32, item: u32) {
        let value = self.compiler.assigned(Def::Item { module, item });
        let root = self.compiler.root_env();
        self.touch(&value, &root);
    }
}

/// The first elements of a list.
fn first_of<'p>(list: Value<'p>, most: usize) -> Value<'p> {
    match &list.kind {
        Kind::List(items) => {
            let kind = Kind::List(Rc::new(items.iter().take(most).cloned().collect()));
            Value { kind, ..list }
        }
        _ => list,
    }
}
