//! `unused_binding`: a name is bound, and no text that could see it asks for it.
//!
//! Judged by the texts of jobs alone: what no job reaches may still be bound for somebody. A name that was
//! bound again further in counts as asked for: it is a default.

use std::collections::BTreeMap;
use std::rc::Rc;

use aur_diagnostics::{Diagnostic, Span, codes};
use aur_grammar::tree::Arg;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use crate::eval::{Compiler, Context};
use crate::facts::Target;
use crate::resolve::{Env, Judge, enter, struct_env};
use crate::types::StructDecl;
use crate::value::{Base, Bindings, Kind, Scope, ScopeNode, Scopes, Value};

/// Every `bind` that was evaluated, by the address of its bindings.
#[derive(Default)]
pub(crate) struct Bound<'p> {
    calls: FxHashMap<usize, Call<'p>>,
}

struct Call<'p> {
    bindings: Rc<Bindings<'p>>,
    args: &'p [Arg],
    base: Base,
    /// The struct that it was bound to.
    decl: Option<Rc<StructDecl<'p>>>,
    /// A bit for each of the first 64 names; more are taken as asked for.
    asked: u64,
    /// Whether a job came by.
    is_reached: bool,
}

/// A written name that nobody asked for.
struct Unused<'p> {
    span: Span,
    name: SmolStr,
    decl: Option<Rc<StructDecl<'p>>>,
}

fn bit(index: usize) -> u64 {
    1u64.checked_shl(index as u32).unwrap_or(0)
}

fn nodes<'a, 'p>(scopes: &'a Scopes<'p>) -> impl Iterator<Item = &'a ScopeNode<'p>> {
    std::iter::successors(scopes.as_deref(), |node| node.next.as_deref())
}

impl<'p> Bound<'p> {
    fn call(&mut self, bindings: &Rc<Bindings<'p>>) -> Option<&mut Call<'p>> {
        self.calls.get_mut(&Rc::as_ptr(bindings).addr())
    }
}

impl<'p> Compiler<'p> {
    /// Notes what is bound to `value` by a call.
    pub(crate) fn note_bind(
        &mut self,
        context: &Context<'p>,
        args: &'p [Arg],
        bindings: &Rc<Bindings<'p>>,
        value: &Value<'p>,
    ) {
        for node in nodes(&value.scopes) {
            if let Scope::Bindings(earlier) = &node.scope
                && let Some(call) = self.lints.bound.call(earlier)
            {
                let is_again = |name: &SmolStr| bindings.contains_key(name);
                let again = earlier.keys().enumerate().filter(|(_, name)| is_again(name));
                again.for_each(|(index, _)| call.asked |= bit(index));
            }
        }
        let decl = match &value.kind {
            Kind::Struct(inner) => Some(inner.decl.clone()),
            _ => None,
        };
        let call = Call {
            bindings: bindings.clone(),
            args,
            base: context.base,
            decl,
            asked: 0,
            is_reached: false,
        };
        self.lints.bound.calls.insert(Rc::as_ptr(bindings).addr(), call);
        for name in args.iter().filter_map(|arg| arg.name.as_ref()) {
            let at = context.base.span(name.range);
            self.note_use(at, Target::Named(at));
        }
    }

    /// Where a bound name is written; nothing where it came with a map of names.
    pub(crate) fn bound_name(&mut self, bindings: &Rc<Bindings<'p>>, index: usize) -> Option<Span> {
        let (name, _) = bindings.get_index(index)?;
        let call = self.lints.bound.call(bindings)?;
        let named = call.args.iter().rev().filter_map(|arg| arg.name.as_ref());
        let own = named.into_iter().find(|own| own.name == *name)?;
        Some(call.base.span(own.range))
    }

    /// Notes that a text asked for a bound name.
    pub(crate) fn note_asked(&mut self, bindings: &Rc<Bindings<'p>>, index: usize) {
        if let Some(call) = self.lints.bound.call(bindings) {
            call.asked |= bit(index);
        }
    }

    /// Notes that a value with these scopes is part of a job.
    pub(crate) fn note_reached(&mut self, scopes: &Scopes<'p>, judge: Judge) {
        if scopes.is_none() || !matches!(judge, Judge::Job(_)) {
            return;
        }
        for node in nodes(scopes) {
            if let Scope::Bindings(bindings) = &node.scope
                && let Some(call) = self.lints.bound.call(bindings)
            {
                call.is_reached = true;
            }
        }
    }

    /// Reports names that nobody asked for; `roots` are the lists of jobs and hooks.
    pub(crate) fn lint_unused_bindings(&mut self, roots: &[Value<'p>]) {
        if self.sink.has_errors() || self.unused().is_empty() {
            return;
        }
        // Some fields are read by nobody yet: their texts count as well.
        let root = self.root_env();
        for value in roots {
            self.ask_all(value, &root);
        }
        for Unused { span, name, decl } in self.unused() {
            let message = format!("no text asks for `{name}`, which is bound here");
            let mut warning = Diagnostic::new(&codes::unused_binding, span, message)
                .label("not used by any text that sees it");
            warning = match decl.filter(|decl| decl.field(&name).is_some()) {
                Some(decl) => warning
                    .note(format!("`{{{{{name}}}}}` is the field `{name}` of this {}: a field is nearer than what is bound to its struct", decl.name))
                    .help(format!("`bind` sets no field; copy the value with another one: `{{ {name} = .. }}`")),
                None => warning.help(format!("remove it, or use it in a text: `{{{{{name}}}}}`")),
            };
            self.sink.push(warning);
        }
    }

    /// The written names that nobody asked for, by place.
    fn unused(&self) -> Vec<Unused<'p>> {
        let mut places: BTreeMap<Span, (bool, Unused<'p>)> = BTreeMap::new();
        #[allow(clippy::iter_over_hash_type, reason = "sorted by place")]
        for call in self.lints.bound.calls.values().filter(|call| call.is_reached) {
            for arg in call.args {
                let Some(ident) = &arg.name else { continue };
                let Some(index) = call.bindings.get_index_of(&ident.name) else {
                    continue;
                };
                let is_asked = index >= 64 || call.asked & bit(index) != 0;
                let span = call.base.span(ident.range);
                let place = places.entry(span).or_insert_with(|| {
                    let (name, decl) = (ident.name.clone(), call.decl.clone());
                    (false, Unused { span, name, decl })
                });
                place.0 |= is_asked;
            }
        }
        let places = places.into_values();
        places
            .filter(|(is_asked, _)| !is_asked)
            .map(|(_, unused)| unused)
            .collect()
    }

    /// Resolves every text below a value, whoever reads it.
    fn ask_all(&mut self, value: &Value<'p>, env: &Env<'p>) {
        match &value.kind {
            Kind::Text(_) => {
                self.settle(value, env, Judge::Later);
            }
            Kind::List(items) => {
                let inner = enter(env, &value.scopes);
                items.iter().for_each(|item| self.ask_all(item, &inner));
            }
            Kind::Map(pairs) => {
                let inner = enter(env, &value.scopes);
                for (key, item) in pairs.iter() {
                    self.ask_all(key, &inner);
                    self.ask_all(item, &inner);
                }
            }
            Kind::Struct(inner) => {
                let frame = struct_env(env, inner, &value.scopes);
                for index in 0..inner.decl.fields.len() {
                    if let Some(item) = self.attribute(inner, index) {
                        self.ask_all(&item, &frame);
                    }
                }
            }
            _ => {}
        }
    }
}
