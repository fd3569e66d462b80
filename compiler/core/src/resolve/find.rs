//! Looking up what a mustache names.
//!
//! A name is looked up by its whole address, frame by frame. A struct found by a binding is read in
//! its own scopes first, then in those of the place that asked.

use std::rc::Rc;

use aur_diagnostics::{Diagnostic, Span, codes};
use aur_grammar::tree::{self, Access, Mustache, PathPiece};
use aur_ir::LateName;
use smol_str::SmolStr;

use super::frames::{Env, Frame, enter, struct_env};
use super::{Judge, Key};
use crate::eval::{Compiler, Lookup};
use crate::facts::Target;
use crate::limits::Limit;
use crate::types::StructDecl;
use crate::value::{Base, Bindings, Kind, Slot, StructValue, Value, describe};

/// Looking at so many keys of a map is one step.
const KEYS_A_STEP: usize = 16;

/// So many bound names are looked through one by one.
const FEW_BINDINGS: usize = 8;

/// One step of an address, its mustaches resolved.
pub(super) struct Part {
    pub(super) access: Access,
    pub(super) text: SmolStr,
    /// Where it is written.
    pub(super) span: Span,
}

/// A name that was found so far, but not to its end.
pub(super) enum Partial<'p> {
    NoField(Rc<StructDecl<'p>>, SmolStr),
    Unset(Rc<StructDecl<'p>>, SmolStr),
    Other(String),
}

/// What a mustache asked for.
pub(super) enum Asked<'p> {
    Found(Value<'p>, Env<'p>),
    Late(LateName),
    /// Not bound; the text between the braces.
    Open(SmolStr),
    /// Reported.
    Broken,
}

impl<'p> Compiler<'p> {
    pub(super) fn find(
        &mut self,
        mustache: &'p Mustache,
        base: Base,
        env: &Env<'p>,
        judge: Judge,
        id: (Key, usize),
    ) -> Asked<'p> {
        let span = base.span(mustache.range);
        self.note_visible(span, env);
        if mustache.path.parts.is_empty() {
            return self.find_element(mustache, env, span);
        }
        let Some(address) = self.address(&mustache.path, base, env, judge, id) else {
            return Asked::Broken;
        };
        if self.note_inside(span, &address, env) {
            // It is half written: what it names so far need be no text.
            return Asked::Late(LateName::User);
        }
        self.lint_asking(base.span(mustache.path.range));
        let partial = match self.ask(&address, env, judge) {
            Ok(asked) => return asked,
            Err(partial) => partial,
        };
        let name = written(mustache, self.program.sources.text(span));
        match judge {
            Judge::Later => Asked::Open(name),
            Judge::Known | Judge::Job(_) => {
                self.report_open(
                    &address,
                    partial,
                    env,
                    judge,
                    base.span(mustache.path.range),
                    &name,
                );
                if judge == Judge::Known {
                    Asked::Broken
                } else {
                    Asked::Open(name)
                }
            }
        }
    }

    /// A section may ask for a name that is known but not set.
    pub(super) fn find_optional(
        &mut self,
        mustache: &'p Mustache,
        base: Base,
        env: &Env<'p>,
        judge: Judge,
        id: (Key, usize),
    ) -> Asked<'p> {
        if mustache.path.parts.is_empty() {
            return self.find_element(mustache, env, base.span(mustache.range));
        }
        let Some(address) = self.address(&mustache.path, base, env, judge, id) else {
            return Asked::Broken;
        };
        self.lint_asking(base.span(mustache.path.range));
        match self.ask(&address, env, judge) {
            Ok(asked) => asked,
            Err(Some(Partial::Unset(..))) => {
                let unset = Value::new(Kind::Unset, base.span(mustache.range));
                Asked::Found(unset, env.clone())
            }
            Err(_) => self.find(mustache, base, env, judge, id),
        }
    }

    fn find_element(&mut self, mustache: &'p Mustache, env: &Env<'p>, span: Span) -> Asked<'p> {
        let frames = std::iter::successors(Some(env), |node| node.next.as_ref());
        let mut elements = frames.filter_map(|node| match &node.frame {
            Frame::Element(value) => Some((value.clone(), node.clone())),
            Frame::Inputs(_) | Frame::Bindings(_) | Frame::Attributes(_) => None,
        });
        match elements.next() {
            Some((value, env)) => Asked::Found(value, env),
            None => {
                let name = written(mustache, self.program.sources.text(span));
                let message = format!(
                    "`{{{{{name}}}}}` stands for the element of a section over a list, and there is none here"
                );
                self.sink.push(
                    Diagnostic::new(&codes::bad_section, span, message)
                        .help("write `{{#list}}{{.}}{{/list}}`"),
                );
                Asked::Broken
            }
        }
    }

    /// Resolves the mustaches inside of a path.
    fn address(
        &mut self,
        path: &'p tree::Path,
        base: Base,
        env: &Env<'p>,
        judge: Judge,
        id: (Key, usize),
    ) -> Option<Vec<Part>> {
        let mut parts = Vec::with_capacity(path.parts.len());
        for part in &path.parts {
            let mut text = String::new();
            for piece in &part.pieces {
                match piece {
                    PathPiece::Literal(literal) => text.push_str(literal),
                    PathPiece::Nested(inner) => text.push_str(&self.nested(inner, base, env, judge, id)?),
                }
            }
            let longest = self.given.limits.of(Limit::NameBytes);
            if text.len() > longest {
                let message = format!("a name between braces has at most {longest} bytes a part");
                let place = base.span(path.range);
                let reached = self.given.limits.reached(Limit::NameBytes, place, message);
                self.sink.push(reached);
                return None;
            }
            parts.push(Part {
                access: part.access,
                text: text.into(),
                span: base.span(part.range),
            });
        }
        Some(parts)
    }

    fn nested(
        &mut self,
        path: &'p tree::Path,
        base: Base,
        env: &Env<'p>,
        judge: Judge,
        id: (Key, usize),
    ) -> Option<String> {
        let span = base.span(path.range);
        let address = self.address(path, base, env, judge, id)?;
        self.lint_asking(span);
        let found = match self.ask(&address, env, judge) {
            Ok(Asked::Found(value, value_env)) => {
                self.resolver.trail.push((span, id));
                let settled = self.settle(&value, &value_env, judge);
                self.resolver.trail.pop();
                settled
            }
            Ok(Asked::Late(name)) => {
                let message =
                    format!("`{name}` is known only when the task runs and cannot be part of a name");
                self.sink.push(Diagnostic::new(&codes::late_name, span, message));
                return None;
            }
            Ok(Asked::Open(_) | Asked::Broken) => return None,
            Err(partial) => {
                if judge != Judge::Later {
                    let name = SmolStr::from(self.program.sources.text(span));
                    self.report_open(&address, partial, env, judge, span, &name);
                }
                return None;
            }
        };
        match &found.kind {
            Kind::Raw(text) => Some(text.to_string()),
            Kind::Text(text) => text.literal().map(ToString::to_string),
            other => crate::eval::simple_text(other),
        }
    }

    /// Walks the chain for an address. `Err` holds how far it got.
    pub(super) fn ask(
        &mut self,
        address: &[Part],
        env: &Env<'p>,
        judge: Judge,
    ) -> Result<Asked<'p>, Option<Partial<'p>>> {
        let Some(root) = address.first() else {
            return Err(None);
        };
        if matches!(root.text.as_str(), "self" | "super") && address.len() > 1 {
            return self.ask_struct(address, env, judge);
        }
        let mut partial = None;
        let mut at = Some(env.clone());
        while let Some(node) = at {
            let found = match &node.frame {
                Frame::Bindings(bindings) => self.in_bindings(bindings, address, env, judge, &mut partial),
                Frame::Attributes(inner) => self.in_struct(inner, address, &node, judge, &mut partial),
                Frame::Element(_) => None,
                Frame::Inputs(_) => {
                    let input = self.inputs.get(&root.text).map(|input| input.value.clone());
                    match input {
                        Some(Value {
                            kind: Kind::Unset, ..
                        }) => {
                            partial.get_or_insert(Partial::Other(format!(
                                "the input `{}` has no value",
                                root.text
                            )));
                            None
                        }
                        Some(value) => {
                            self.lint_input_asked(&root.text);
                            if self.is_wanted(root.span)
                                && let Some(def) = self.input_def(&root.text)
                            {
                                self.note_use(root.span, Target::Def(def));
                            }
                            let rest = address.get(1..).unwrap_or(&[]);
                            self.descend(value, node.clone(), rest, judge, &mut partial)
                        }
                        None => None,
                    }
                }
            };
            if let Some((value, env)) = found {
                return Ok(Asked::Found(value, env));
            }
            at = node.next.clone();
        }
        self.ask_runtime(address, env, judge, partial)
    }

    /// What is bound by nobody here: the runtime binds it, or the job under its older name.
    fn ask_runtime(
        &mut self,
        address: &[Part],
        env: &Env<'p>,
        judge: Judge,
        partial: Option<Partial<'p>>,
    ) -> Result<Asked<'p>, Option<Partial<'p>>> {
        let Some((root, rest)) = address.split_first() else {
            return Err(partial);
        };
        if matches!(root.text.as_str(), "aur" | "thermos" | "mesos")
            && let Some(name) = LateName::parse(&canonical(address))
        {
            return Ok(Asked::Late(name));
        }
        match rest {
            [attribute] if root.text == "mesos" && matches!(attribute.text.as_str(), "role" | "cluster") => {
                let own = Part {
                    access: Access::Root,
                    text: attribute.text.clone(),
                    span: attribute.span,
                };
                self.ask(&[own], env, judge)
            }
            _ => Err(partial),
        }
    }

    /// `self.x` and `super.x`
    fn ask_struct(
        &mut self,
        address: &[Part],
        env: &Env<'p>,
        judge: Judge,
    ) -> Result<Asked<'p>, Option<Partial<'p>>> {
        let target = address.first().and_then(|root| struct_around(&root.text, env));
        let mut partial = None;
        if let Some((inner, node)) = target
            && let Some((value, env)) = self.in_struct(
                &inner,
                address.get(1..).unwrap_or(&[]),
                &node,
                judge,
                &mut partial,
            )
        {
            return Ok(Asked::Found(value, env));
        }
        Err(partial)
    }

    /// Bindings are found by the longest part of the address that they name.
    fn in_bindings(
        &mut self,
        bindings: &Rc<Bindings<'p>>,
        address: &[Part],
        env: &Env<'p>,
        judge: Judge,
        partial: &mut Option<Partial<'p>>,
    ) -> Option<(Value<'p>, Env<'p>)> {
        let root = address.first()?;
        // Most texts ask for what is not bound here; a look at a few names is cheaper than to write one.
        let is_near = |name: &SmolStr| name.starts_with(root.text.as_str());
        if bindings.len() <= FEW_BINDINGS && !bindings.keys().any(is_near) {
            return None;
        }
        for length in (1..=address.len()).rev() {
            let (head, rest) = address.split_at(length);
            let name = canonical(head);
            if let Some((index, _, value)) = bindings.get_full(name.as_str()) {
                self.note_asked(bindings, index);
                let found = self.descend(value.clone(), env.clone(), rest, judge, partial);
                if found.is_some() {
                    let last = head.last().map_or(root.span, |part| part.span);
                    self.note_bound(root.span.to(last), bindings, index);
                    return found;
                }
            }
        }
        None
    }

    fn in_struct(
        &mut self,
        inner: &Rc<StructValue<'p>>,
        address: &[Part],
        env: &Env<'p>,
        judge: Judge,
        partial: &mut Option<Partial<'p>>,
    ) -> Option<(Value<'p>, Env<'p>)> {
        let (root, rest) = address.split_first()?;
        let index = inner.decl.field(&root.text)?;
        self.lint_member_asked(&inner.decl, index);
        self.note_field(root.span, &inner.decl, index);
        match self.attribute(inner, index) {
            Some(value) => self.descend(value, env.clone(), rest, judge, partial),
            None => {
                partial.get_or_insert(Partial::Unset(inner.decl.clone(), root.text.clone()));
                None
            }
        }
    }

    fn note_field(&mut self, at: Span, decl: &StructDecl<'p>, index: usize) {
        if let Some(field) = decl.fields.get(index) {
            self.note_use(at, Target::Named(field.span));
        }
    }

    /// What a field holds: what was written, or its default.
    pub(crate) fn attribute(&mut self, inner: &StructValue<'p>, index: usize) -> Option<Value<'p>> {
        match inner.slot(index) {
            Slot::Set(value) => Some(value.clone()),
            Slot::Default => self.default_of(&inner.decl, index),
            Slot::Cleared => None,
        }
    }

    /// Judges a struct the first time a job's text reads from it.
    fn judge_bound(&mut self, inner: &Rc<StructValue<'p>>, frame: &Env<'p>, judge: Judge) {
        // Jobs, tasks and processes are judged where they are lowered.
        if let Judge::Job(job) = judge
            && !self.is_prelude(inner.decl.span)
            && !self.resolver.judged.contains_key(&Rc::as_ptr(inner).addr())
        {
            self.resolver
                .judged
                .insert(Rc::as_ptr(inner).addr(), inner.clone());
            self.require(inner, frame, job);
        }
    }

    /// Follows the rest of an address into a value that landed in `env`.
    fn descend(
        &mut self,
        value: Value<'p>,
        env: Env<'p>,
        rest: &[Part],
        judge: Judge,
        partial: &mut Option<Partial<'p>>,
    ) -> Option<(Value<'p>, Env<'p>)> {
        let Some((part, rest)) = rest.split_first() else {
            return Some((value, env));
        };
        match (&value.kind, part.access) {
            (Kind::Poison | Kind::Opaque(_), _) => Some((value, env)),
            (Kind::Struct(inner), Access::Dot) => {
                let Some(index) = inner.decl.field(&part.text) else {
                    partial.get_or_insert(Partial::NoField(inner.decl.clone(), part.text.clone()));
                    return None;
                };
                self.lint_member_asked(&inner.decl, index);
                self.note_field(part.span, &inner.decl, index);
                let frame = struct_env(&env, inner, &value.scopes);
                self.judge_bound(inner, &frame, judge);
                match self.attribute(inner, index) {
                    Some(found) => self.descend(found, frame, rest, judge, partial),
                    None => {
                        partial.get_or_insert(Partial::Unset(inner.decl.clone(), part.text.clone()));
                        None
                    }
                }
            }
            (Kind::Namespace(entries), _) => match entries.iter().find(|(name, _)| *name == part.text) {
                Some((_, found)) => {
                    self.note_use(part.span, Target::Named(found.span));
                    self.descend(found.clone(), enter(&env, &value.scopes), rest, judge, partial)
                }
                None => {
                    partial.get_or_insert(Partial::Other(format!("the bound map has no `{}`", part.text)));
                    None
                }
            },
            (Kind::List(items), Access::Index) => {
                let index: Option<usize> = part.text.parse().ok();
                match index.and_then(|index| items.get(index)) {
                    Some(found) => {
                        self.descend(found.clone(), enter(&env, &value.scopes), rest, judge, partial)
                    }
                    None => {
                        partial.get_or_insert(Partial::Other(format!(
                            "the list has {} elements, there is no number {}",
                            items.len(),
                            part.text
                        )));
                        None
                    }
                }
            }
            (Kind::Map(pairs), Access::Index) => {
                let inner = enter(&env, &value.scopes);
                let searched = match self.look_up(&value.kind, &part.text) {
                    Lookup::At(at) => {
                        let (_, found) = pairs.get(at)?;
                        return self.descend(found.clone(), inner, rest, judge, partial);
                    }
                    Lookup::Search if !self.may_step(pairs.len() / KEYS_A_STEP, value.span) => return None,
                    Lookup::Search => pairs.as_slice(),
                    Lookup::Missing => &[],
                };
                for (key, found) in searched {
                    let key = self.settle(key, &inner, judge);
                    if crate::eval::is_key(&key.kind, &part.text) {
                        return self.descend(found.clone(), inner, rest, judge, partial);
                    }
                }
                partial.get_or_insert(Partial::Other(format!("the map has no key `{}`", part.text)));
                None
            }
            (Kind::Map(_) | Kind::List(_), _) => {
                partial.get_or_insert(Partial::Other(format!(
                    "{} is read with brackets: `[{}]`",
                    describe(&value.kind),
                    part.text
                )));
                None
            }
            (Kind::Struct(_), _) => {
                partial.get_or_insert(Partial::Other(format!(
                    "{} is read with a dot: `.{}`",
                    describe(&value.kind),
                    part.text
                )));
                None
            }
            (other, _) => {
                partial.get_or_insert(Partial::Other(format!("{} has nothing inside", describe(other))));
                None
            }
        }
    }
}

/// The struct that `self` or `super` stands for, and the frame it is read in.
pub(super) fn struct_around<'p>(word: &str, env: &Env<'p>) -> Option<(Rc<StructValue<'p>>, Env<'p>)> {
    let frames = std::iter::successors(Some(env.clone()), |node| node.next.clone());
    let mut structs = frames.filter_map(|node| match &node.frame {
        Frame::Attributes(inner) => Some((inner.clone(), node.clone())),
        Frame::Inputs(_) | Frame::Bindings(_) | Frame::Element(_) => None,
    });
    structs.nth(usize::from(word == "super"))
}

fn canonical(address: &[Part]) -> String {
    address.iter().fold(String::new(), |mut out, part| {
        match part.access {
            Access::Root => out.push_str(&part.text),
            Access::Dot => {
                out.push('.');
                out.push_str(&part.text);
            }
            Access::Index => {
                out.push('[');
                out.push_str(&part.text);
                out.push(']');
            }
        }
        out
    })
}

/// The text between the braces, as written.
pub(super) fn written(mustache: &Mustache, text: &str) -> SmolStr {
    let inner = text
        .strip_prefix("{{")
        .and_then(|text| text.strip_suffix("}}"))
        .unwrap_or(text)
        .trim();
    if inner.is_empty() {
        path_text(&mustache.path).into()
    } else {
        inner.into()
    }
}

pub(super) fn path_text(path: &tree::Path) -> String {
    path.parts.iter().fold(String::new(), |mut out, part| {
        let name: String = part
            .pieces
            .iter()
            .map(|piece| match piece {
                PathPiece::Literal(literal) => literal.to_string(),
                PathPiece::Nested(inner) => format!("{{{{{}}}}}", path_text(inner)),
            })
            .collect();
        match part.access {
            Access::Root => out.push_str(&name),
            Access::Dot => out.push_str(&format!(".{name}")),
            Access::Index => out.push_str(&format!("[{name}]")),
        }
        out
    })
}
