//! From texts with mustaches to text.
//!
//! A value lands somewhere; what its text sees is a chain of frames, nearest first: what is bound on
//! the value itself, the attributes of the struct that holds it, what is bound on that struct, and so
//! on outward to the inputs. Each text is resolved once in each chain; a text that needs itself is a
//! cycle and is reported with every hop.
//!
//! A name is looked up by its whole address, frame by frame. A struct found by a binding is read in
//! its own scopes first, then in those of the place that asked.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use aur_diagnostics::{Applicability, Diagnostic, Span, codes, nearest};
use aur_grammar::tree::{self, Access, Mustache, MustacheKind, PathPiece, TextPart};
use aur_ir::{LateName, TextFilter};
use smol_str::SmolStr;

use crate::eval::Compiler;
use crate::types::StructDecl;
use crate::value::{Base, Kind, Piece, Scope, Scopes, Slot, StructValue, TextRef, Value, describe};

/// Bytes of one text, and of all texts of a program.
const MAX_TEXT: usize = 16 << 20;
const MAX_ALL_TEXTS: usize = 256 << 20;
/// Texts that lead to each other.
const MAX_CHAIN: usize = 10_000;
/// Rounds through section bodies.
const MAX_ROUNDS: usize = 1_000_000;
/// How often one text may be open in different chains before it is taken for a cycle.
const MAX_REENTRY: u32 = 64;

/// A chain of frames, nearest first.
pub(crate) type Env<'p> = Rc<Node<'p>>;

pub(crate) struct Node<'p> {
    frame: Frame<'p>,
    next: Option<Env<'p>>,
    settled: RefCell<HashMap<Key, (Value<'p>, Settled<'p>)>>,
    /// Frames of structs that were read from here, so that they are resolved once too.
    structs: RefCell<Vec<(Rc<StructValue<'p>>, Scopes<'p>, Env<'p>)>>,
}

enum Frame<'p> {
    /// The outermost frame.
    Inputs,
    Bindings(Rc<Vec<(SmolStr, Value<'p>)>>),
    Attributes(Rc<StructValue<'p>>),
    /// The element of a section over a list.
    Element(Value<'p>),
}

/// A text and the scopes it carries, by address; the values kept beside it hold the addresses alive.
type Key = (usize, usize);

/// A resolved value and the places that were put into it.
#[derive(Clone)]
pub(crate) struct Settled<'p> {
    pub(crate) value: Value<'p>,
    pub(crate) from: Option<Rc<Vec<Span>>>,
}

/// What is to be said about a name that is not bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judge {
    /// Nothing: it may be bound later.
    Later,
    /// The text is an operand and must be known now.
    Known,
    /// The text is part of the job at this place.
    Job(Span),
}

/// What is being resolved.
#[derive(Default)]
pub(crate) struct State<'p> {
    open: HashSet<(Key, usize)>,
    reentry: HashMap<usize, u32>,
    /// The mustaches that led here, outermost first, with what was asked.
    trail: Vec<(Span, (Key, usize))>,
    total: usize,
    rounds: usize,
    /// Bound structs that a job uses and that were judged.
    judged: HashMap<usize, Rc<StructValue<'p>>>,
}

/// One step of an address, its mustaches resolved.
struct Part {
    access: Access,
    text: SmolStr,
}

/// A name that was found so far, but not to its end.
enum Partial<'p> {
    NoField(Rc<StructDecl<'p>>, SmolStr),
    Unset(Rc<StructDecl<'p>>, SmolStr),
    Other(String),
}

/// Text under construction.
#[derive(Default)]
struct Builder {
    pieces: Vec<Piece>,
    current: String,
    length: usize,
    from: Vec<Span>,
    is_poisoned: bool,
}

impl Builder {
    fn text(&mut self, text: &str) {
        self.current.push_str(text);
    }

    fn piece(&mut self, piece: Piece) {
        match piece {
            Piece::Literal(text) => self.text(&text),
            Piece::Late(..) | Piece::Open(_) => {
                if !self.current.is_empty() {
                    self.pieces
                        .push(Piece::Literal(std::mem::take(&mut self.current).into()));
                }
                self.pieces.push(piece);
            }
        }
    }

    fn finish<'p>(mut self, span: Span) -> Settled<'p> {
        let kind = if self.is_poisoned {
            Kind::Poison
        } else if self.pieces.is_empty() {
            Kind::Raw(self.current.into())
        } else {
            if !self.current.is_empty() {
                self.pieces.push(Piece::Literal(self.current.into()));
            }
            Kind::Pieces(Rc::new(self.pieces))
        };
        Settled {
            value: Value::new(kind, span),
            from: (!self.from.is_empty()).then(|| Rc::new(self.from)),
        }
    }
}

fn node<'p>(frame: Frame<'p>, next: Option<Env<'p>>) -> Env<'p> {
    Rc::new(Node {
        frame,
        next,
        settled: RefCell::default(),
        structs: RefCell::default(),
    })
}

fn address_of<T>(shared: &Option<Rc<T>>) -> usize {
    shared.as_ref().map_or(0, |shared| Rc::as_ptr(shared).addr())
}

/// Puts the scopes a value carries before the chain of the place where it landed.
pub(crate) fn enter<'p>(env: &Env<'p>, scopes: &Scopes<'p>) -> Env<'p> {
    match scopes {
        None => env.clone(),
        Some(scope) => {
            let next = enter(env, &scope.next);
            let frame = match &scope.scope {
                Scope::Bindings(bindings) => Frame::Bindings(bindings.clone()),
                Scope::Attributes(value) => Frame::Attributes(value.clone()),
            };
            node(frame, Some(next))
        }
    }
}

/// The chain that the attributes of a struct are read in.
pub(crate) fn struct_env<'p>(env: &Env<'p>, inner: &Rc<StructValue<'p>>, scopes: &Scopes<'p>) -> Env<'p> {
    let known = env.structs.borrow().iter().find_map(|(own, own_scopes, frame)| {
        (Rc::ptr_eq(own, inner) && address_of(own_scopes) == address_of(scopes)).then(|| frame.clone())
    });
    known.unwrap_or_else(|| {
        let frame = node(Frame::Attributes(inner.clone()), Some(enter(env, scopes)));
        env.structs
            .borrow_mut()
            .push((inner.clone(), scopes.clone(), frame.clone()));
        frame
    })
}

impl<'p> Compiler<'p> {
    /// The chain that sees the inputs alone.
    pub(crate) fn root_env(&self) -> Env<'p> {
        node(Frame::Inputs, None)
    }

    /// Resolves a value that landed in `env`: texts become finished text or pieces, others stay.
    pub(crate) fn settle(&mut self, value: &Value<'p>, env: &Env<'p>, judge: Judge) -> Value<'p> {
        self.settle_from(value, env, judge).value
    }

    /// Like [`Compiler::settle`], with the places that were put into the text.
    pub(crate) fn settle_from(&mut self, value: &Value<'p>, env: &Env<'p>, judge: Judge) -> Settled<'p> {
        let Kind::Text(text) = &value.kind else {
            return Settled {
                value: value.clone(),
                from: None,
            };
        };
        if text.literal().is_some() {
            return Settled {
                value: value.clone(),
                from: None,
            };
        }
        let key: Key = (std::ptr::from_ref(text.text).addr(), address_of(&value.scopes));
        if let Some((_, settled)) = env.settled.borrow().get(&key) {
            return settled.clone();
        }
        let id = (key, Rc::as_ptr(env).addr());
        let reentry = self.resolver.reentry.get(&key.0).copied().unwrap_or(0);
        if self.resolver.open.contains(&id) || reentry >= MAX_REENTRY {
            self.report_cycle(id, value.span);
            return Settled {
                value: Value::poison(value.span),
                from: None,
            };
        }
        if self.resolver.trail.len() > MAX_CHAIN {
            let message = format!("more than {MAX_CHAIN} texts lead to each other");
            self.sink
                .push(Diagnostic::new(&codes::limit, value.span, message));
            return Settled {
                value: Value::poison(value.span),
                from: None,
            };
        }
        self.resolver.open.insert(id);
        *self.resolver.reentry.entry(key.0).or_default() += 1;
        let inner = enter(env, &value.scopes);
        let mut builder = Builder::default();
        stacker::maybe_grow(128 << 10, 2 << 20, || {
            self.render(&text.text.parts, *text, &inner, judge, id, &mut builder);
        });
        self.resolver.open.remove(&id);
        if let Some(count) = self.resolver.reentry.get_mut(&key.0) {
            *count -= 1;
        }
        let settled = builder.finish(value.span);
        env.settled
            .borrow_mut()
            .insert(key, (value.clone(), settled.clone()));
        settled
    }

    fn render(
        &mut self,
        parts: &'p [TextPart],
        text: TextRef<'p>,
        env: &Env<'p>,
        judge: Judge,
        id: (Key, usize),
        out: &mut Builder,
    ) {
        let mut at = 0;
        while let Some(part) = parts.get(at) {
            at += 1;
            match part {
                TextPart::Literal { text: literal, .. } => {
                    if self.has_room(literal.len(), text, out) {
                        out.text(literal);
                    }
                }
                TextPart::Mustache(mustache) => match mustache.kind {
                    MustacheKind::Value => self.insert(mustache, text, env, judge, id, out),
                    MustacheKind::Section | MustacheKind::Inverted => {
                        let end = section_end(parts, at);
                        let body = parts.get(at..end).unwrap_or(&[]);
                        self.section(mustache, body, text, env, judge, id, out);
                        at = end + 1;
                    }
                    // An end without a start was reported when the text was read.
                    MustacheKind::End => {}
                },
            }
        }
    }

    /// Sums lengths before bytes are built.
    fn has_room(&mut self, more: usize, text: TextRef<'p>, out: &mut Builder) -> bool {
        if out.is_poisoned {
            return false;
        }
        out.length += more;
        self.resolver.total += more;
        let limit = if out.length > MAX_TEXT {
            Some(format!("a text has at most {MAX_TEXT} bytes"))
        } else if self.resolver.total > MAX_ALL_TEXTS {
            Some(format!(
                "the texts of a program have at most {MAX_ALL_TEXTS} bytes together"
            ))
        } else {
            None
        };
        match limit {
            None => true,
            Some(message) => {
                let span = text.base.span(text.text.range);
                self.sink.push(
                    Diagnostic::new(&codes::limit, span, message)
                        .label("this text grows too long")
                        .help("does a text refer to itself twice over, again and again?"),
                );
                out.is_poisoned = true;
                false
            }
        }
    }

    fn insert(
        &mut self,
        mustache: &'p Mustache,
        text: TextRef<'p>,
        env: &Env<'p>,
        judge: Judge,
        id: (Key, usize),
        out: &mut Builder,
    ) {
        let span = text.base.span(mustache.range);
        let filters = self.filters(mustache, text.base);
        let found = match self.find(mustache, text.base, env, judge, id) {
            Asked::Found(value, env) => {
                if value.span != crate::eval::NOWHERE {
                    out.from.push(value.span);
                }
                self.resolver.trail.push((span, id));
                let settled = self.settle(&value, &env, judge);
                self.resolver.trail.pop();
                settled
            }
            Asked::Late(name) => {
                self.insert_late(name, &filters, span, out);
                return;
            }
            Asked::Open(written) => {
                out.piece(Piece::Open(written));
                return;
            }
            Asked::Broken => {
                out.is_poisoned = true;
                return;
            }
        };
        let pieces = match &found.kind {
            Kind::Pieces(pieces) => pieces.to_vec(),
            Kind::Raw(raw) => vec![Piece::Literal(raw.clone())],
            Kind::Text(inner) => vec![Piece::Literal(inner.literal().unwrap_or("").into())],
            Kind::Opaque(_) => vec![Piece::Open(written(mustache, self.program.sources.text(span)))],
            Kind::Poison => {
                out.is_poisoned = true;
                return;
            }
            other => match crate::eval::simple_text(other) {
                Some(simple) => vec![Piece::Literal(simple.into())],
                None => {
                    self.report_not_a_text(other, &found, span);
                    out.is_poisoned = true;
                    return;
                }
            },
        };
        self.append(pieces, &filters, text, span, out);
    }

    fn append(
        &mut self,
        pieces: Vec<Piece>,
        filters: &[Filter],
        text: TextRef<'p>,
        span: Span,
        out: &mut Builder,
    ) {
        if filters.is_empty() {
            for piece in pieces {
                let length = if let Piece::Literal(text) = &piece {
                    text.len()
                } else {
                    0
                };
                if !self.has_room(length, text, out) {
                    return;
                }
                out.piece(piece);
            }
            return;
        }
        match pieces.as_slice() {
            [] => out.text(&apply(filters, "")),
            [Piece::Literal(whole)] => {
                let filtered = apply(filters, whole);
                if self.has_room(filtered.len(), text, out) {
                    out.text(&filtered);
                }
            }
            [Piece::Late(name, None)] => self.insert_late(name.clone(), filters, span, out),
            pieces if pieces.iter().any(|piece| matches!(piece, Piece::Open(_))) => {
                out.piece(Piece::Open(
                    self.program
                        .sources
                        .text(span)
                        .trim_matches(['{', '}', ' '])
                        .into(),
                ));
            }
            _ => {
                let message =
                    "a filter needs the whole text, and part of this one is known only when the task runs";
                self.sink.push(
                    Diagnostic::new(&codes::late_name, span, message)
                        .help("put the filter on the runtime name itself"),
                );
                out.is_poisoned = true;
            }
        }
    }

    fn insert_late(&mut self, name: LateName, filters: &[Filter], span: Span, out: &mut Builder) {
        let filter = match filters {
            [] => None,
            [Filter::Sh] => Some(TextFilter::Sh),
            [Filter::Json] => Some(TextFilter::Json),
            _ => {
                let message =
                    format!("`{name}` is known only when the task runs: it takes one filter, `sh` or `json`");
                self.sink.push(Diagnostic::new(&codes::late_name, span, message));
                out.is_poisoned = true;
                return;
            }
        };
        out.piece(Piece::Late(name, filter));
    }

    fn report_not_a_text(&mut self, kind: &Kind<'p>, value: &Value<'p>, span: Span) {
        let help = match kind {
            Kind::List(_) => "name an element: `{{list[0]}}`, or go through all: `{{#list}}{{.}} {{/list}}`",
            _ => "name a field of it: `{{name.field}}`",
        };
        let mut error = Diagnostic::new(
            &codes::not_a_text,
            span,
            format!("{} cannot stand in a text", describe(kind)),
        )
        .help(help);
        if value.span != span && value.span != crate::eval::NOWHERE {
            error = error.also(value.span, "the value comes from here");
        }
        self.sink.push(error);
    }

    /// `{{#x}}body{{/x}}`
    #[allow(
        clippy::too_many_arguments,
        reason = "one step of `render`, split off for its length"
    )]
    fn section(
        &mut self,
        mustache: &'p Mustache,
        body: &'p [TextPart],
        text: TextRef<'p>,
        env: &Env<'p>,
        judge: Judge,
        id: (Key, usize),
        out: &mut Builder,
    ) {
        let span = text.base.span(mustache.range);
        let (value, value_env) = match self.find_optional(mustache, text.base, env, judge, id) {
            Asked::Found(value, value_env) => (self.settle(&value, &value_env, judge), value_env),
            Asked::Late(name) => {
                let message = format!("`{name}` is known only when the task runs and cannot drive a section");
                self.sink.push(Diagnostic::new(&codes::late_name, span, message));
                out.is_poisoned = true;
                return;
            }
            Asked::Open(written) => {
                out.piece(Piece::Open(written));
                return;
            }
            Asked::Broken => {
                out.is_poisoned = true;
                return;
            }
        };
        let inner = enter(&value_env, &value.scopes);
        let rounds: Vec<Env<'p>> = match &value.kind {
            Kind::Bool(false) | Kind::Unset => Vec::new(),
            Kind::Bool(true) => vec![env.clone()],
            Kind::Raw(raw) if raw.is_empty() => Vec::new(),
            Kind::Text(inner) if inner.literal() == Some("") => Vec::new(),
            Kind::Raw(_) | Kind::Text(_) => vec![env.clone()],
            Kind::List(items) => items
                .iter()
                .map(|item| self.element_env(item, &inner, env))
                .collect(),
            Kind::Struct(_) | Kind::Namespace(_) => vec![self.element_env(&value, &value_env, env)],
            Kind::Map(pairs) if pairs.is_empty() => Vec::new(),
            Kind::Map(_) => vec![env.clone()],
            Kind::Poison => {
                out.is_poisoned = true;
                return;
            }
            Kind::Opaque(_) | Kind::Pieces(_) => {
                out.piece(Piece::Open(written(mustache, self.program.sources.text(span))));
                return;
            }
            other => {
                let message = format!(
                    "a section is driven by a Boolean, a text, a list or a struct, this is {}",
                    describe(other)
                );
                self.sink.push(
                    Diagnostic::new(&codes::bad_section, span, message)
                        .help("compare it first: `flag = count > 0`"),
                );
                out.is_poisoned = true;
                return;
            }
        };
        let rounds = match (mustache.kind, rounds.is_empty()) {
            (MustacheKind::Inverted, true) => vec![env.clone()],
            (MustacheKind::Inverted, false) => Vec::new(),
            _ => rounds,
        };
        for round in rounds {
            self.resolver.rounds += 1;
            if self.resolver.rounds > MAX_ROUNDS {
                let message = format!("the sections of a program go through at most {MAX_ROUNDS} rounds");
                self.sink.push(Diagnostic::new(&codes::limit, span, message));
                out.is_poisoned = true;
                return;
            }
            self.render(body, text, &round, judge, id, out);
        }
    }

    /// The chain inside a section for one element: its names first, then those around the section.
    fn element_env(&mut self, item: &Value<'p>, list_env: &Env<'p>, around: &Env<'p>) -> Env<'p> {
        match &item.kind {
            Kind::Struct(inner) => {
                let scopes = enter(around, &item.scopes);
                node(Frame::Attributes(inner.clone()), Some(scopes))
            }
            Kind::Namespace(entries) => node(
                Frame::Bindings(entries.clone()),
                Some(enter(around, &item.scopes)),
            ),
            _ => {
                let settled = self.settle(item, list_env, Judge::Later);
                node(Frame::Element(settled), Some(around.clone()))
            }
        }
    }

    fn find(
        &mut self,
        mustache: &'p Mustache,
        base: Base,
        env: &Env<'p>,
        judge: Judge,
        id: (Key, usize),
    ) -> Asked<'p> {
        let span = base.span(mustache.range);
        if mustache.path.parts.is_empty() {
            return self.find_element(mustache, env, span);
        }
        let Some(address) = self.address(&mustache.path, base, env, judge, id) else {
            return Asked::Broken;
        };
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
    fn find_optional(
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
            Frame::Inputs | Frame::Bindings(_) | Frame::Attributes(_) => None,
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
            parts.push(Part {
                access: part.access,
                text: text.into(),
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
    fn ask(
        &mut self,
        address: &[Part],
        env: &Env<'p>,
        judge: Judge,
    ) -> Result<Asked<'p>, Option<Partial<'p>>> {
        let Some(root) = address.first() else {
            return Err(None);
        };
        if matches!(root.text.as_str(), "aur" | "thermos" | "mesos")
            && let Some(name) = LateName::parse(&canonical(address))
        {
            return Ok(Asked::Late(name));
        }
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
                Frame::Inputs => {
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
                        Some(value) => self.descend(
                            value,
                            node.clone(),
                            address.get(1..).unwrap_or(&[]),
                            judge,
                            &mut partial,
                        ),
                        None => None,
                    }
                }
            };
            if let Some((value, env)) = found {
                return Ok(Asked::Found(value, env));
            }
            at = node.next.clone();
        }
        Err(partial)
    }

    /// `self.x` and `super.x`
    fn ask_struct(
        &mut self,
        address: &[Part],
        env: &Env<'p>,
        judge: Judge,
    ) -> Result<Asked<'p>, Option<Partial<'p>>> {
        let skip = usize::from(address.first().is_some_and(|root| root.text == "super"));
        let frames = std::iter::successors(Some(env.clone()), |node| node.next.clone());
        let target = frames
            .filter(|node| matches!(node.frame, Frame::Attributes(_)))
            .nth(skip);
        let mut partial = None;
        if let Some(node) = target
            && let Frame::Attributes(inner) = &node.frame
            && let Some((value, env)) =
                self.in_struct(inner, address.get(1..).unwrap_or(&[]), &node, judge, &mut partial)
        {
            return Ok(Asked::Found(value, env));
        }
        Err(partial)
    }

    /// Bindings are found by the longest part of the address that they name.
    fn in_bindings(
        &mut self,
        bindings: &Rc<Vec<(SmolStr, Value<'p>)>>,
        address: &[Part],
        env: &Env<'p>,
        judge: Judge,
        partial: &mut Option<Partial<'p>>,
    ) -> Option<(Value<'p>, Env<'p>)> {
        let root = address.first()?;
        if !bindings
            .iter()
            .any(|(name, _)| name.starts_with(root.text.as_str()))
        {
            return None;
        }
        for length in (1..=address.len()).rev() {
            let (head, rest) = address.split_at(length);
            let name = canonical(head);
            if let Some((_, value)) = bindings.iter().find(|(own, _)| *own == name) {
                let found = self.descend(value.clone(), env.clone(), rest, judge, partial);
                if found.is_some() {
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
        match self.attribute(inner, index) {
            Some(value) => self.descend(value, env.clone(), rest, judge, partial),
            None => {
                partial.get_or_insert(Partial::Unset(inner.decl.clone(), root.text.clone()));
                None
            }
        }
    }

    /// What a field holds: what was written, or its default.
    pub(crate) fn attribute(&mut self, inner: &StructValue<'p>, index: usize) -> Option<Value<'p>> {
        match inner.slots.get(index)? {
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
                for (key, found) in pairs.iter() {
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

    fn report_open(
        &mut self,
        address: &[Part],
        partial: Option<Partial<'p>>,
        env: &Env<'p>,
        judge: Judge,
        span: Span,
        name: &str,
    ) {
        let Some(root) = address.first() else { return };
        // What a default of the standard library lacks was mostly reported where it was left out.
        if self.is_prelude(span) && self.sink.has_errors() {
            return;
        }
        let message = match judge {
            Judge::Known => format!("`{name}` is not known here: the text is used as an operand"),
            Judge::Later | Judge::Job(_) => format!("`{name}` is not bound"),
        };
        let mut error = Diagnostic::new(&codes::open_name, span, message);
        let visible = self.names_in(env);
        let (label, help) = match partial {
            Some(Partial::NoField(decl, field)) => {
                let near = nearest(&field, decl.fields.iter().map(|field| field.name.as_str())).map(|near| format!("did you mean `{near}`?"));
                error = error.also(decl.span, format!("`{}` is declared here", decl.name));
                (format!("`{}` has no field `{field}`", decl.name), near)
            }
            Some(Partial::Unset(decl, field)) => (
                format!("`{field}` of this {} is not set", decl.name),
                Some(format!("set it, or say what to do without it: `{{{{#{name}}}}}..{{{{/{name}}}}}`")),
            ),
            Some(Partial::Other(text)) => (text, None),
            None if matches!(root.text.as_str(), "aur" | "thermos" | "mesos") => (
                "not a runtime name".to_string(),
                Some("the runtime names are aur.hostname, aur.instance, aur.ports[name], aur.sandbox, aur.task_id, aur.user".to_string()),
            ),
            None => ("nothing in scope has this name".to_string(), self.open_help(&root.text, &visible, span)),
        };
        error = error.label(label);
        if let Judge::Job(job) = judge {
            error = error.also(job, "needed by this job");
        }
        self.sink
            .push(match nearest(&root.text, visible.iter().map(SmolStr::as_str)) {
                Some(near)
                    if address.len() == 1
                        && help
                            .as_deref()
                            .is_some_and(|help| help.starts_with("did you mean")) =>
                {
                    error.help(format!("did you mean `{near}`?")).fix(
                        format!("write `{near}`"),
                        Applicability::Unsafe,
                        span,
                        near,
                    )
                }
                _ => error.help_if(help),
            });
    }

    fn open_help(&self, root: &SmolStr, visible: &[SmolStr], span: Span) -> Option<String> {
        let module = self
            .program
            .modules
            .iter()
            .position(|module| module.file == span.file)
            .unwrap_or(0);
        if self.program.lookup(module as u32, root).is_some() || root.len() <= 2 {
            return Some(format!(
                "texts see bindings and fields, not names of the file: add `.bind({root} = {root})`"
            ));
        }
        if let Some(near) = nearest(root, visible.iter().map(SmolStr::as_str)) {
            return Some(format!("did you mean `{near}`?"));
        }
        let own = self
            .program
            .modules
            .get(module)?
            .names
            .keys()
            .map(SmolStr::as_str);
        let near = nearest(root, own)?;
        Some(format!(
            "did you mean `{near}`? texts see bindings and fields, not names of the file: add `.bind({near} = {near})`"
        ))
    }

    fn names_in(&self, env: &Env<'p>) -> Vec<SmolStr> {
        let mut names = Vec::new();
        for node in std::iter::successors(Some(env), |node| node.next.as_ref()) {
            match &node.frame {
                Frame::Bindings(bindings) => names.extend(bindings.iter().map(|(name, _)| name.clone())),
                Frame::Attributes(inner) => {
                    names.extend(inner.decl.fields.iter().map(|field| field.name.clone()))
                }
                Frame::Element(_) => {}
                Frame::Inputs => names.extend(self.inputs.keys().cloned()),
            }
        }
        names
    }

    fn report_cycle(&mut self, id: (Key, usize), span: Span) {
        let start = self
            .resolver
            .trail
            .iter()
            .position(|(_, own)| own.0.0 == id.0.0)
            .unwrap_or(0);
        let mut hops: Vec<Span> = Vec::new();
        for (place, _) in self.resolver.trail.iter().skip(start) {
            if !hops.contains(place) {
                hops.push(*place);
            }
        }
        let Some(first) = hops.first().copied() else {
            self.sink.push(Diagnostic::new(
                &codes::template_cycle,
                span,
                "this text refers to itself",
            ));
            return;
        };
        // One circle is met from each of its members; it is told from the place that stands first.
        let turn = hops
            .iter()
            .enumerate()
            .min_by_key(|(_, hop)| (hop.file, hop.start))
            .map_or(0, |(turn, _)| turn);
        hops.rotate_left(turn);
        let names: Vec<String> = hops
            .iter()
            .map(|hop| self.program.sources.text(*hop).to_string())
            .collect();
        let path = names
            .iter()
            .chain(names.first())
            .cloned()
            .collect::<Vec<_>>()
            .join(" -> ");
        let place = hops.first().copied().unwrap_or(first);
        let mut error = Diagnostic::new(
            &codes::template_cycle,
            place,
            format!("texts refer to each other: {path}"),
        )
        .label("this needs itself")
        .help(match hops.len() {
            1 => "a field is nearer than a binding of the same name; rename one of them",
            _ => "write one of these texts without the others",
        });
        for hop in hops.iter().skip(1) {
            error = error.also(*hop, "by way of this name");
        }
        self.sink.push(error);
    }

    fn filters(&mut self, mustache: &Mustache, base: Base) -> Vec<Filter> {
        let mut filters = Vec::with_capacity(mustache.filters.len());
        for name in &mustache.filters {
            match Filter::parse(&name.name) {
                Some(filter) => filters.push(filter),
                None => {
                    let help = nearest(&name.name, FILTERS).map(|near| format!("did you mean `{near}`?"));
                    let message = format!("there is no filter `{}`", name.name);
                    self.sink.push(
                        Diagnostic::new(&codes::unknown_filter, base.span(name.range), message).help(
                            help.unwrap_or_else(|| {
                                format!("the filters are {} and pad2 to pad9", FILTERS.join(", "))
                            }),
                        ),
                    );
                }
            }
        }
        filters
    }

    /// Checks once for each written text that sections open and close in order.
    pub(crate) fn check_sections(&mut self, text: &'p tree::Text, base: Base) {
        let mut open: Vec<&Mustache> = Vec::new();
        for part in &text.parts {
            let TextPart::Mustache(mustache) = part else {
                continue;
            };
            let span = base.span(mustache.range);
            match mustache.kind {
                MustacheKind::Value => {
                    self.filters(mustache, base);
                }
                MustacheKind::Section | MustacheKind::Inverted => open.push(mustache),
                MustacheKind::End => match open.pop() {
                    Some(start) if same_path(&start.path, &mustache.path) => {}
                    Some(start) => self.sink.push(
                        Diagnostic::new(
                            &codes::bad_section,
                            span,
                            "this ends another section than the one that is open",
                        )
                        .also(base.span(start.range), "this section is open"),
                    ),
                    None => self.sink.push(
                        Diagnostic::new(&codes::bad_section, span, "no section of this name is open")
                            .help("remove it, or open the section: `{{#name}}`"),
                    ),
                },
            }
        }
        for start in open {
            let name = path_text(&start.path);
            self.sink.push(
                Diagnostic::new(
                    &codes::bad_section,
                    base.span(start.range),
                    format!("the section `{name}` is never ended"),
                )
                .help(format!("write `{{{{/{name}}}}}` where it ends")),
            );
        }
    }
}

/// What a mustache asked for.
enum Asked<'p> {
    Found(Value<'p>, Env<'p>),
    Late(LateName),
    /// Not bound; the text between the braces.
    Open(SmolStr),
    /// Reported.
    Broken,
}

const FILTERS: [&str; 5] = ["basename", "json", "lower", "sh", "upper"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filter {
    Sh,
    Json,
    Lower,
    Upper,
    Basename,
    Pad(usize),
}

impl Filter {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "sh" => Some(Self::Sh),
            "json" => Some(Self::Json),
            "lower" => Some(Self::Lower),
            "upper" => Some(Self::Upper),
            "basename" => Some(Self::Basename),
            _ => {
                let width: usize = name.strip_prefix("pad")?.parse().ok()?;
                (2..=9).contains(&width).then_some(Self::Pad(width))
            }
        }
    }
}

fn apply(filters: &[Filter], text: &str) -> String {
    filters
        .iter()
        .fold(text.to_string(), |text, filter| match filter {
            Filter::Sh => TextFilter::Sh.apply(&text),
            Filter::Json => TextFilter::Json.apply(&text),
            Filter::Lower => text.to_lowercase(),
            Filter::Upper => text.to_uppercase(),
            Filter::Basename => text
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or("")
                .to_string(),
            Filter::Pad(width) => format!("{text:0>width$}"),
        })
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
fn written(mustache: &Mustache, text: &str) -> SmolStr {
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

fn section_end(parts: &[TextPart], start: usize) -> usize {
    let mut depth = 0usize;
    for (at, part) in parts.iter().enumerate().skip(start) {
        let TextPart::Mustache(mustache) = part else {
            continue;
        };
        match mustache.kind {
            MustacheKind::Section | MustacheKind::Inverted => depth += 1,
            MustacheKind::End if depth == 0 => return at,
            MustacheKind::End => depth -= 1,
            MustacheKind::Value => {}
        }
    }
    parts.len()
}

fn same_path(a: &tree::Path, b: &tree::Path) -> bool {
    path_text(a) == path_text(b)
}

fn path_text(path: &tree::Path) -> String {
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
