//! From texts with mustaches to text.
//!
//! A value lands somewhere; what its text sees is a chain of frames, nearest first: what is bound on
//! the value itself, the attributes of the struct that holds it, what is bound on that struct, and so
//! on outward to the inputs. Each text is resolved once in each chain; a text that needs itself is a
//! cycle and is reported with every hop.

mod filter;
mod find;
mod frames;
mod report;
mod section;
mod visible;

use std::ops::Range;
use std::rc::Rc;

use aur_diagnostics::{Diagnostic, Span, codes};
use aur_grammar::tree::{Mustache, MustacheKind, TextPart};
use aur_ir::{LateName, TextFilter};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::eval::Compiler;
use crate::limits::Limit;
use crate::types::Type;
use crate::value::{Kind, Piece, StructValue, TextRef, Value};
use filter::Filter;
use find::{Asked, written};
use frames::{Frames, address_of};
use section::{section_end, without_tag_lines};

pub(crate) use filter::{FILTERS, PAD_WIDTHS};
pub(crate) use frames::{Env, enter, struct_env};
pub(crate) use visible::{Inside, Reached, Visible};

/// How often one text may be open in different chains before it is taken for a cycle.
const MAX_REENTRY: u32 = 64;

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
    frames: Frames<'p>,
    open: FxHashSet<(Key, usize)>,
    reentry: FxHashMap<usize, u32>,
    /// The mustaches that led here, outermost first, with what was asked.
    trail: Vec<(Span, (Key, usize))>,
    /// Bytes of all texts built so far.
    total: usize,
    /// Bound structs that a job uses and that were judged.
    judged: FxHashMap<usize, Rc<StructValue<'p>>>,
}

/// What a mustache brought to a text.
#[derive(Clone, Debug)]
pub(crate) struct Brought {
    /// The mustache.
    pub(crate) at: Span,
    /// Where what it brought is written.
    pub(crate) from: Option<Span>,
    /// Bytes of the text, what is known only later left out.
    pub(crate) bytes: Range<usize>,
}

/// Text under construction.
#[derive(Default)]
struct Builder {
    pieces: Vec<Piece>,
    current: String,
    length: usize,
    from: Vec<Span>,
    is_poisoned: bool,
    /// Where some of it comes from, if that is outside of the program.
    origin: Option<crate::lint::Origin>,
    /// What each mustache brought, where somebody asks.
    brought: Option<Vec<Brought>>,
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

impl<'p> Compiler<'p> {
    /// The chain that sees the inputs alone.
    pub(crate) fn root_env(&self) -> Env<'p> {
        self.resolver.frames.root()
    }

    /// Resolves a value that landed in `env`: texts become finished text or pieces, others stay.
    pub(crate) fn settle(&mut self, value: &Value<'p>, env: &Env<'p>, judge: Judge) -> Value<'p> {
        self.settle_from(value, env, judge).value
    }

    /// Resolves a value and makes the outcome fit its type, also inside of lists and maps of simple types.
    pub(crate) fn settle_typed(
        &mut self,
        value: &Value<'p>,
        ty: &Type<'p>,
        env: &Env<'p>,
        judge: Judge,
    ) -> Settled<'p> {
        let kind = match (&value.kind, ty.plain()) {
            (Kind::Text(text), _) if text.literal().is_none() => {
                let Settled { value: settled, from } = self.settle_from(value, env, judge);
                return Settled {
                    value: self.coerce_result(settled, ty, value.span),
                    from,
                };
            }
            (Kind::List(items), Type::List(element)) if items.iter().any(Value::is_template) => {
                let inner = enter(env, &value.scopes);
                let settle = |item| self.settle_typed(item, element, &inner, judge).value;
                Kind::List(Rc::new(items.iter().map(settle).collect()))
            }
            (Kind::Map(pairs), Type::Map(types))
                if pairs
                    .iter()
                    .any(|(key, item)| key.is_template() || item.is_template()) =>
            {
                let inner = enter(env, &value.scopes);
                let mut settle = |item, ty| self.settle_typed(item, ty, &inner, judge).value;
                let pairs = pairs
                    .iter()
                    .map(|(key, item)| (settle(key, &types.0), settle(item, &types.1)));
                Kind::Map(Rc::new(pairs.collect()))
            }
            _ => return self.settle_from(value, env, judge),
        };
        Settled {
            value: Value {
                kind,
                ..value.clone()
            },
            from: None,
        }
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
        if let Some(settled) = env.settled.borrow().get(key) {
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
        let longest = self.given.limits.of(Limit::Chain);
        if self.resolver.trail.len() > longest {
            let message = format!("more than {longest} texts lead to each other");
            let reached = self.given.limits.reached(Limit::Chain, value.span, message);
            self.sink.push(reached);
            return Settled {
                value: Value::poison(value.span),
                from: None,
            };
        }
        self.resolver.open.insert(id);
        *self.resolver.reentry.entry(key.0).or_default() += 1;
        let inner = enter(env, &value.scopes);
        self.note_reached(&value.scopes, judge);
        let mut builder = Builder::default();
        stacker::maybe_grow(128 << 10, 2 << 20, || {
            self.render(*text, 0..text.text.parts.len(), &inner, judge, id, &mut builder);
        });
        self.resolver.open.remove(&id);
        if let Some(count) = self.resolver.reentry.get_mut(&key.0) {
            *count -= 1;
        }
        let origin = builder.origin;
        let settled = builder.finish(value.span);
        self.note_text(value.span, &settled.value);
        if let Some(origin) = origin {
            self.taint_text(&settled.value, origin);
        }
        env.settled
            .borrow_mut()
            .insert(key, value.clone(), settled.clone());
        settled
    }

    /// Resolves a text that was resolved before once more, to tell what each of its mustaches brings.
    pub(crate) fn brought(&mut self, value: &Value<'p>, env: &Env<'p>) -> Vec<Brought> {
        let Kind::Text(text) = &value.kind else {
            return Vec::new();
        };
        let key: Key = (std::ptr::from_ref(text.text).addr(), address_of(&value.scopes));
        let inner = enter(env, &value.scopes);
        let mut builder = Builder {
            brought: Some(Vec::new()),
            ..Builder::default()
        };
        let id = (key, Rc::as_ptr(env).addr());
        let parts = 0..text.text.parts.len();
        self.render(*text, parts, &inner, Judge::Later, id, &mut builder);
        builder.brought.unwrap_or_default()
    }

    /// Renders the parts `range` of a text.
    fn render(
        &mut self,
        text: TextRef<'p>,
        range: Range<usize>,
        env: &Env<'p>,
        judge: Judge,
        id: (Key, usize),
        out: &mut Builder,
    ) {
        let parts = &text.text.parts;
        let mut at = range.start;
        while let Some(part) = parts.get(at).filter(|_| at < range.end) {
            at += 1;
            match part {
                TextPart::Literal { text: literal, .. } => {
                    let literal = without_tag_lines(literal, parts, at - 1);
                    if self.has_room(literal.len(), text, out) {
                        out.text(literal);
                    }
                }
                TextPart::Mustache(mustache) => match mustache.kind {
                    MustacheKind::Value => {
                        let (start, sources) = (out.length, out.from.len());
                        self.insert(mustache, text, env, judge, id, out);
                        if let Some(brought) = &mut out.brought {
                            brought.push(Brought {
                                at: text.base.span(mustache.range),
                                from: out.from.get(sources).copied(),
                                bytes: start..out.length,
                            });
                        }
                    }
                    MustacheKind::Section | MustacheKind::Inverted => {
                        let end = section_end(parts, at).min(range.end);
                        self.section(mustache, at..end, text, env, judge, id, out);
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
        let has_room = self.may_grow(out.length, more, text.base.span(text.text.range));
        out.is_poisoned |= !has_room;
        has_room
    }

    /// Counts `more` bytes of a text that is `length` long with them; says whether it may be built.
    pub(crate) fn may_grow(&mut self, length: usize, more: usize, span: Span) -> bool {
        let limits = &self.given.limits;
        self.resolver.total += more;
        let (longest, most) = (limits.of(Limit::TextBytes), limits.of(Limit::TextsBytes));
        let reached = if length > longest {
            let message = format!("a text has at most {longest} bytes");
            limits.reached(Limit::TextBytes, span, message)
        } else if self.resolver.total > most {
            let message = format!("the texts of a program have at most {most} bytes together");
            limits.reached(Limit::TextsBytes, span, message)
        } else {
            return true;
        };
        self.sink
            .push(reached.help("does it hold another text twice, and that one a third twice, and so on?"));
        false
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
                self.note_splice(span, &value, &settled);
                if let Some(origin) = self.taint_splice(mustache, &value, &settled) {
                    out.origin.get_or_insert(origin);
                }
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
            [] | [Piece::Literal(_)] => {
                let whole = match pieces.first() {
                    Some(Piece::Literal(whole)) => whole,
                    _ => "",
                };
                match self.apply(filters, whole, span) {
                    Some(filtered) if self.has_room(filtered.len(), text, out) => out.text(&filtered),
                    Some(_) => {}
                    None => out.is_poisoned = true,
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
}
