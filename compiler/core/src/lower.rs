//! From values to the plan.
//!
//! Jobs are lowered in the chain of frames they stand in; what is missing, open or against a job rule
//! is reported here, once for each place, with the job it was reached from. Tasks that no job reaches
//! are looked at too, but what is still open in them is no fault.

mod announce;
mod container;
mod job;
mod order;
mod part;
mod place;
mod policy;
mod process;
mod task;

use std::collections::BTreeMap;
use std::rc::Rc;

use aur_diagnostics::{Diagnostic, Span, codes};
use aur_grammar::tree::{Item, ItemKind};
use aur_ir as ir;
use rustc_hash::{FxHashMap, FxHashSet};

pub(crate) use part::{JobsWritten, Part};

use crate::eval::{Compiler, Context};
use crate::program::{Def, PRELUDE_MODULE};
use crate::resolve::{Env, Judge, enter, struct_env};
use crate::spans::Leaf;
use crate::value::{Kind, Slot, StructValue, Value};

/// Whether a program without `jobs` is at fault.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Jobs {
    Needed,
    Optional,
}

/// Whether anyone asks for the places of leaves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spans {
    Wanted,
    Unwanted,
}

/// Lowers one program.
pub(crate) struct Lowering<'c, 'p> {
    pub(crate) compiler: &'c mut Compiler<'p>,
    /// Where the plan is being written: a JSON pointer.
    pointer: String,
    pub(crate) leaves: Vec<Leaf>,
    wanted: Spans,
    /// Whether spans are collected right now.
    is_traced: bool,
    judge: Judge,
    /// Structs that a job reaches.
    reached: FxHashSet<usize>,
    usual: Usual,
    /// What is known of the fields of structs: by address of the declaration and of the name.
    fields: FxHashMap<(usize, usize, usize), Option<place::Field<'p>>>,
    /// What stands in place of open values, by pointer, where those are kept.
    pub(crate) open: BTreeMap<String, String>,
    /// What stands in place of jobs of which nothing can be known, where those are kept.
    pub(crate) hidden: Vec<String>,
}

/// What most jobs share because they leave it to the standard library: lowered once.
#[derive(Default)]
struct Usual {
    update_config: Option<ir::UpdateConfig>,
    health_check_config: Option<ir::HealthCheckConfig>,
}

/// What looking at a list that no job reaches costs beside looking at its elements.
const STEPS_OF_A_LIST: usize = 2;

impl<'c, 'p> Lowering<'c, 'p> {
    pub(crate) fn new(compiler: &'c mut Compiler<'p>, spans: Spans) -> Self {
        Self {
            compiler,
            pointer: String::new(),
            leaves: Vec::new(),
            wanted: spans,
            is_traced: false,
            judge: Judge::Later,
            reached: FxHashSet::default(),
            usual: Usual::default(),
            fields: FxHashMap::default(),
            open: BTreeMap::new(),
            hidden: Vec::new(),
        }
    }

    /// Judges the whole program and returns its jobs and hooks.
    pub(crate) fn program(&mut self, entry: u32, jobs: Jobs) -> (Vec<ir::Job>, Vec<ir::Hook>) {
        self.compiler.check_all_annotations();
        self.evaluate_all();
        self.is_traced = self.wanted == Spans::Wanted;
        let lowered = match self.entry_list(entry, "jobs") {
            Some(list) => self.jobs(&list, jobs),
            None => {
                if jobs == Jobs::Needed {
                    self.report_no_jobs(entry);
                }
                Vec::new()
            }
        };
        let hooks = self
            .entry_list(entry, "hooks")
            .map(|list| self.hooks(&list))
            .unwrap_or_default();
        self.is_traced = false;
        self.judge = Judge::Later;
        self.compiler.sink.is_second_look = true;
        let roots: Vec<Value<'p>> = ["jobs", "hooks"]
            .into_iter()
            .filter_map(|name| self.entry_list(entry, name))
            .collect();
        self.compiler.lint_unused_bindings(&roots);
        self.sweep();
        self.compiler.lint_commands();
        (lowered, hooks)
    }

    /// Evaluates every definition, used or not.
    fn evaluate_all(&mut self) {
        let program = self.compiler.program;
        for (module, owner) in (0u32..).zip(&program.modules) {
            for (index, item) in (0u32..).zip(&owner.tree.items) {
                if self.compiler.is_cancelled() {
                    return;
                }
                self.evaluate_item(module, index, item);
            }
        }
    }

    /// Evaluates one definition, used or not.
    pub(crate) fn evaluate_item(&mut self, module: u32, index: u32, item: &'p Item) {
        let def = Def::Item { module, item: index };
        match &item.node.kind {
            ItemKind::Struct(_) => self.evaluate_struct(def),
            ItemKind::Enum { .. } | ItemKind::Alias { .. } => {
                self.compiler.named_type(def);
            }
            ItemKind::Assign { .. } => {
                self.compiler.assigned(def);
            }
            ItemKind::Check(rule) => {
                let Some((_, base)) = self.compiler.program.item(module, index) else {
                    return;
                };
                self.compiler.check_rule(&Context::new(module, base), rule, None);
            }
            ItemKind::Test(test) => self.compiler.look_at_test(module, item, test),
            ItemKind::Include { .. } | ItemKind::Input { .. } | ItemKind::Broken => {}
        }
    }

    fn evaluate_struct(&mut self, def: Def) {
        if let Some(decl) = self.compiler.struct_decl(def) {
            for index in 0..decl.fields.len() {
                self.compiler.default_of(&decl, index);
            }
        }
    }

    /// `jobs` or `hooks` as the entry file sees it.
    fn entry_list(&mut self, entry: u32, name: &str) -> Option<Value<'p>> {
        let def = self
            .compiler
            .program
            .modules
            .get(entry as usize)?
            .names
            .get(name)
            .copied()?;
        Some(self.compiler.assigned(def))
    }

    fn report_no_jobs(&mut self, entry: u32) {
        let Some(module) = self.compiler.program.modules.get(entry as usize) else {
            return;
        };
        if module
            .tree
            .items
            .iter()
            .any(|item| matches!(item.node.kind, ItemKind::Broken))
        {
            return;
        }
        let span = Span::new(module.file, 0, 0);
        self.compiler.sink.push(
            Diagnostic::new(&codes::no_jobs, span, "this file defines no `jobs`")
                .help("end the file with the list of its jobs: `jobs = [hello]`"),
        );
    }

    /// Looks at everything that no job reaches: cycles, texts that cannot be read, and the rules of tasks.
    fn sweep(&mut self) {
        let program = self.compiler.program;
        for (module, owner) in (0u32..).zip(&program.modules) {
            if module == PRELUDE_MODULE {
                continue;
            }
            for (index, item) in (0u32..).zip(&owner.tree.items) {
                if self.compiler.is_cancelled() {
                    return;
                }
                if matches!(item.node.kind, ItemKind::Assign { .. }) {
                    let value = self.compiler.assigned(Def::Item { module, item: index });
                    let root = self.compiler.root_env();
                    self.touch(&value, &root);
                }
            }
        }
    }

    fn touch(&mut self, value: &Value<'p>, env: &Env<'p>) {
        match &value.kind {
            Kind::Text(_) => {
                self.compiler.settle(value, env, Judge::Later);
            }
            // Lists that hold each other twice over are many more than were written.
            Kind::List(_) | Kind::Map(_) if !self.compiler.may_step(STEPS_OF_A_LIST, value.span) => {}
            Kind::List(items) => {
                let inner = enter(env, &value.scopes);
                for item in items.iter() {
                    self.touch(item, &inner);
                }
            }
            Kind::Map(pairs) => {
                let inner = enter(env, &value.scopes);
                for (_, item) in pairs.iter() {
                    self.touch(item, &inner);
                }
            }
            Kind::Struct(inner) if self.reached.insert(Rc::as_ptr(inner).addr()) => {
                self.touch_struct(value, inner, env)
            }
            _ => {}
        }
    }

    fn touch_struct(&mut self, value: &Value<'p>, inner: &Rc<StructValue<'p>>, env: &Env<'p>) {
        let has_processes = inner.decl.name == "Task"
            && inner
                .decl
                .field("processes")
                .is_some_and(|index| inner.written(index).is_some());
        if has_processes && let Some(placed) = self.place(value, env) {
            self.task(&placed);
        }
        let frame = struct_env(env, inner, &value.scopes);
        for (index, field) in inner.decl.fields.iter().enumerate() {
            let is_written = matches!(inner.slot(index), Slot::Set(_));
            let Some(value) = self.compiler.attribute(inner, index) else {
                continue;
            };
            if value.is_template() {
                let settled = self
                    .compiler
                    .settle_typed(&value, &field.ty, &frame, Judge::Later);
                if field.is_shell {
                    self.compiler.lint_resolved(&value, &settled.value, &frame);
                }
            } else if is_written {
                self.touch(&value, &frame);
            }
        }
    }
}

/// The elements of a list, each with the chain it stands in.
pub(crate) fn elements<'p>(list: &Value<'p>, env: &Env<'p>) -> Vec<(Value<'p>, Env<'p>)> {
    match &list.kind {
        Kind::List(items) => {
            let inner = enter(env, &list.scopes);
            items.iter().map(|item| (item.clone(), inner.clone())).collect()
        }
        _ => Vec::new(),
    }
}
