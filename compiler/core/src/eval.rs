//! From expressions to values.
//!
//! There are no functions and no loops without an end, so evaluating everything is checking
//! everything: both branches of a condition are evaluated, and the body of a comprehension at least
//! once. An input that was not given is an opaque value of its type. A fault is reported once and
//! leaves a poisoned value that fits everywhere.

mod builtins;
mod checks;
mod coerce;
mod comprehension;
mod copy_form;
mod declare;
mod functions;
mod inputs;
mod list;
mod map_index;
mod names;
mod operators;
mod options;
mod record;
mod tasks;

use std::rc::Rc;

use aur_diagnostics::{Diagnostic, Span, codes};
use aur_grammar::tree::{self, Expr, ExprKind, Number, Unit};
use indexmap::IndexMap;
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use crate::facts::{Facts, Target};
use crate::limits::Limit;
use crate::program::{Def, Program};
use crate::sink::Sink;
use crate::types::{StructDecl, Type};
use crate::value::{Base, Kind, Scope, TextRef, Value};
use crate::{Given, Sources};
use names::Sought;

pub(crate) use builtins::{BUILTINS, sha256_hex};
pub(crate) use coerce::{finished_text, rule_pattern, simple_text, whole_match};
pub(crate) use declare::BASIC;
pub(crate) use functions::{BIND, FUNCTIONS, Function, Repeats};
pub(crate) use inputs::{InputValue, env_name};
pub(crate) use map_index::Lookup;
pub(crate) use record::is_key;

/// Everything that is known while a program is evaluated.
pub(crate) struct Compiler<'p> {
    pub(crate) program: &'p Program,
    pub(crate) host: &'p dyn Sources,
    pub(crate) given: &'p Given,
    /// Whether an input without a value is an error.
    pub(crate) needs_inputs: bool,
    pub(crate) sink: Sink,
    pub(crate) structs: FxHashMap<Def, Option<Rc<StructDecl<'p>>>>,
    values: FxHashMap<Def, Value<'p>>,
    defaults: FxHashMap<(Def, usize), Option<Value<'p>>>,
    /// Definitions being evaluated, outermost first.
    open: Vec<Def>,
    /// What aliases stand for.
    alias_types: FxHashMap<Def, Type<'p>>,
    /// Aliases being expanded, for cycles.
    aliases: Vec<Def>,
    pub(crate) inputs: IndexMap<SmolStr, InputValue<'p>>,
    /// Files that were asked for, by path; none where one could not be read.
    pub(crate) files: IndexMap<String, Option<ReadFile>>,
    /// The files among them whose content stands in the program.
    contents: FxHashSet<String>,
    /// What `file(..)` and `file_hash(..)` read, by place and path.
    pub(crate) reads: IndexMap<(Span, String), crate::EdgeKind>,
    /// Whether names that are not bound where a job needs them stay open without a word.
    pub(crate) keeps_open: bool,
    pub(crate) resolver: crate::resolve::State<'p>,
    /// What stands where, if anybody asks.
    pub(crate) facts: Option<Box<Facts>>,
    /// Elements made so far by comprehensions and ranges.
    elements: usize,
    pub(crate) lints: crate::lint::Lints<'p>,
    /// Steps taken so far.
    steps: usize,
    /// Pairs of values, by address, that were found equal in the comparison that is going on.
    equal: FxHashSet<(usize, usize)>,
    map_indices: map_index::MapIndices<'p>,
}

/// A file that was read: its content where it is text, and its hash.
pub(crate) type ReadFile = (Option<Rc<str>>, String);

/// Where an expression stands and what it sees beside the names of its file.
#[derive(Clone)]
pub(crate) struct Context<'p> {
    pub(crate) module: u32,
    pub(crate) base: Base,
    pub(crate) locals: Option<Rc<Local<'p>>>,
}

pub(crate) struct Local<'p> {
    name: SmolStr,
    value: Value<'p>,
    /// Where the name is given.
    place: Span,
    next: Option<Rc<Local<'p>>>,
}

impl<'p> Context<'p> {
    pub(crate) fn new(module: u32, base: Base) -> Self {
        Self {
            module,
            base,
            locals: None,
        }
    }

    pub(crate) fn with_local(&self, name: SmolStr, value: Value<'p>, place: Span) -> Self {
        let local = Local {
            name,
            value,
            place,
            next: self.locals.clone(),
        };
        Self {
            locals: Some(Rc::new(local)),
            ..self.clone()
        }
    }

    fn local(&self, name: &str) -> Option<&Local<'p>> {
        self.local_list().find(|local| local.name == name)
    }

    fn local_list(&self) -> impl Iterator<Item = &Local<'p>> {
        std::iter::successors(self.locals.as_deref(), |local| local.next.as_deref())
    }
}

impl<'p> Compiler<'p> {
    pub(crate) fn new(
        program: &'p Program,
        host: &'p dyn Sources,
        given: &'p Given,
        needs_inputs: bool,
    ) -> Self {
        Self {
            program,
            host,
            given,
            needs_inputs,
            sink: Sink::default(),
            structs: FxHashMap::default(),
            values: FxHashMap::default(),
            defaults: FxHashMap::default(),
            open: Vec::new(),
            alias_types: FxHashMap::default(),
            aliases: Vec::new(),
            inputs: IndexMap::new(),
            files: IndexMap::new(),
            reads: IndexMap::new(),
            keeps_open: false,
            resolver: crate::resolve::State::default(),
            facts: None,
            elements: 0,
            lints: crate::lint::Lints::new(program),
            steps: 0,
            equal: FxHashSet::default(),
            contents: FxHashSet::default(),
            map_indices: map_index::MapIndices::default(),
        }
    }

    /// Evaluates an expression where a type is expected, and makes the value fit or reports it.
    pub(crate) fn typed(&mut self, context: &Context<'p>, expr: &'p Expr, want: &Type<'p>) -> Value<'p> {
        let value = self.eval(context, expr, want);
        self.coerce(value, want, context.base.span(expr.range))
    }

    /// Evaluates an expression; `want` only guides literals.
    pub(crate) fn eval(&mut self, context: &Context<'p>, expr: &'p Expr, want: &Type<'p>) -> Value<'p> {
        stacker::maybe_grow(128 << 10, 2 << 20, || self.eval_kind(context, expr, want))
    }

    fn eval_kind(&mut self, context: &Context<'p>, expr: &'p Expr, want: &Type<'p>) -> Value<'p> {
        let span = context.base.span(expr.range);
        let kind = match &expr.kind {
            ExprKind::Name(name) => return self.name(context, name, Sought::Value(want), span),
            ExprKind::Text(text) => {
                self.check_sections(text, context.base);
                Kind::Text(TextRef {
                    text,
                    base: context.base,
                })
            }
            ExprKind::Number { value, unit } => self.number(*value, *unit, span),
            ExprKind::Bool(value) => Kind::Bool(*value),
            ExprKind::Unset => Kind::Unset,
            ExprKind::List(items) => return self.list(context, items, want, span),
            ExprKind::Comprehension { element, clauses } => {
                return self.comprehension(context, element, clauses, want, span);
            }
            ExprKind::Map(pairs) => return self.map_literal(context, pairs, want, span),
            ExprKind::Record { head, fields } => return self.record(context, head, fields, span),
            ExprKind::Call { callee, args } => return self.call(context, callee, args, span),
            ExprKind::Field { base, name } => {
                let value = self.eval(context, base, &Type::Any);
                return self.read_field(&value, name, context.base).at(span);
            }
            ExprKind::Index { base, index } => {
                let value = self.eval(context, base, &Type::Any);
                return self.read_index(context, &value, index, span).at(span);
            }
            ExprKind::Unary { op, operand } => return self.unary(context, *op, operand, span),
            ExprKind::Binary {
                op,
                op_range,
                left,
                right,
            } => {
                return self.binary(context, *op, context.base.span(*op_range), left, right, span);
            }
            ExprKind::If {
                value,
                condition,
                otherwise,
            } => {
                return self
                    .conditional(context, value, condition, otherwise, want)
                    .at(span);
            }
            ExprKind::Range { low, high } => {
                return self.range(context, low.as_deref(), high.as_deref(), span);
            }
            ExprKind::Chain(parts) => return self.chain(context, parts, span),
            ExprKind::Missing => Kind::Poison,
        };
        Value::new(kind, span)
    }

    fn number(&mut self, value: Number, unit: Option<Unit>, span: Span) -> Kind<'p> {
        let (scale, make): (i64, fn(i64) -> Kind<'p>) = match (value, unit) {
            (Number::Integer(value), None) => return Kind::Int(value),
            (Number::Float(value), None) => return Kind::Float(value),
            (_, Some(Unit::Bytes(scale))) => (scale, Kind::Bytes),
            (_, Some(Unit::Milliseconds(scale))) => (scale, Kind::Duration),
        };
        let scaled = match value {
            Number::Integer(value) => value.checked_mul(scale),
            Number::Float(value) => coerce::parse_decimal(&value.to_string(), scale),
        };
        match scaled {
            Some(value) => make(value),
            None => {
                self.sink.push(
                    Diagnostic::new(
                        &codes::bad_number,
                        span,
                        "this quantity has no whole value of 64 bits",
                    )
                    .help("durations are whole milliseconds, sizes are whole bytes"),
                );
                Kind::Poison
            }
        }
    }

    /// The value a definition stands for, seen at `span`.
    fn definition(&mut self, def: Def, span: Span) -> Value<'p> {
        self.lint_use(def, span);
        self.note_use(span, Target::Def(def));
        let (module, item) = match def {
            Def::Module(module) => return Value::new(Kind::Module(module), span),
            Def::Item { module, item } => (module, item),
        };
        let Some((item, _)) = self.program.item(module, item) else {
            return Value::poison(span);
        };
        match &item.node.kind {
            tree::ItemKind::Struct(_) => match self.struct_decl(def) {
                Some(decl) => Value::new(Kind::StructType(decl), span),
                None => Value::poison(span),
            },
            tree::ItemKind::Enum { .. } => match self.enum_decl(def) {
                Some(decl) => Value::new(Kind::EnumType(decl), span),
                None => Value::poison(span),
            },
            tree::ItemKind::Alias { name, .. } => match self.named_type(def).plain() {
                Type::Struct(target, _) => self.definition(*target, span),
                Type::Enum(decl) => Value::new(Kind::EnumType(decl.clone()), span),
                _ => {
                    let message = format!("`{}` is a type; a value is needed here", name.name);
                    self.sink
                        .push(Diagnostic::new(&codes::type_mismatch, span, message).label("this is a type"));
                    Value::poison(span)
                }
            },
            tree::ItemKind::Input { name, .. } => self.input(&name.name).at(span),
            tree::ItemKind::Assign { .. } => self.assigned(def),
            tree::ItemKind::Include { .. }
            | tree::ItemKind::Check(_)
            | tree::ItemKind::Test(_)
            | tree::ItemKind::Broken => Value::poison(span),
        }
    }

    /// The value of an assignment, evaluated once.
    pub(crate) fn assigned(&mut self, def: Def) -> Value<'p> {
        if let Some(value) = self.values.get(&def) {
            return value.clone();
        }
        let Def::Item { module, item } = def else {
            return Value::poison(NOWHERE);
        };
        let program = self.program;
        let Some((item, base)) = program.item(module, item) else {
            return Value::poison(NOWHERE);
        };
        let tree::ItemKind::Assign { name, ty, value } = &item.node.kind else {
            return Value::poison(NOWHERE);
        };
        if self.open.contains(&def) {
            self.report_value_cycle(def);
            return Value::poison(base.span(name.range));
        }
        self.open.push(def);
        let context = Context::new(module, base);
        let want = match ty {
            Some(ty) => self.resolve_type(module, base, ty),
            None => self.expected_of(&name.name),
        };
        let result = self.typed(&context, value, &want);
        self.open.pop();
        // A cycle through this name has poisoned it in between; that verdict stays.
        self.values.entry(def).or_insert(result).clone()
    }

    /// `jobs` and `hooks` have a type of their own.
    pub(crate) fn expected_of(&mut self, name: &str) -> Type<'p> {
        let element = match name {
            "jobs" => "Job",
            "hooks" => "Hook",
            _ => return Type::Any,
        };
        match self.prelude_type(element) {
            Some(ty) => Type::List(Rc::new(ty)),
            None => Type::Any,
        }
    }

    fn report_value_cycle(&mut self, def: Def) {
        let start = self.open.iter().position(|open| *open == def).unwrap_or(0);
        let hops: Vec<Def> = self.open.get(start..).unwrap_or(&[]).to_vec();
        let places: Vec<Span> = hops
            .iter()
            .filter_map(|hop| self.program.name_span(*hop))
            .collect();
        let names: Vec<&str> = places
            .iter()
            .map(|place| self.program.sources.text(*place))
            .collect();
        let (Some(first), Some(first_name)) = (places.first(), names.first()) else {
            return;
        };
        let path = names.join("` -> `");
        let mut error = Diagnostic::new(
            &codes::value_cycle,
            *first,
            format!("`{first_name}` is defined by itself: `{path}` -> `{first_name}`"),
        )
        .label("this value needs itself")
        .help("a value is built before it is used; take one of the names out of the circle");
        for place in places.iter().skip(1) {
            error = error.also(*place, "by way of this value");
        }
        self.sink.push(error);
        for hop in hops {
            self.values.insert(hop, Value::poison(*first));
        }
    }

    /// Counts elements of a list against the limit; says whether they may be made.
    pub(crate) fn may_hold(&mut self, more: usize, span: Span) -> bool {
        let limits = &self.given.limits;
        let most = limits.of(Limit::Elements);
        if self.elements <= most && self.elements.saturating_add(more) > most {
            let message = format!("the lists of a program have at most {most} elements");
            self.sink.push(limits.reached(Limit::Elements, span, message));
        }
        self.elements = self.elements.saturating_add(more);
        self.elements <= most
    }

    /// Whether so many elements are within the limit; if not, none is made from now on.
    fn has_room_for(&mut self, planned: usize, span: Span) -> bool {
        let most = self.given.limits.of(Limit::Elements);
        let has_room = self.elements.saturating_add(planned) <= most;
        has_room || self.may_hold(planned, span)
    }

    /// Whether the limit of elements or of steps was reached; that was said.
    pub(crate) fn is_spent(&self) -> bool {
        let limits = &self.given.limits;
        self.elements > limits.of(Limit::Elements) || self.steps > limits.of(Limit::Steps)
    }

    /// Counts steps against the limit; says whether they may be taken.
    pub(crate) fn may_step(&mut self, more: usize, span: Span) -> bool {
        let limits = &self.given.limits;
        let most = limits.of(Limit::Steps);
        if self.steps <= most && self.steps.saturating_add(more) > most {
            let message = format!("a program takes at most {most} steps");
            let help = "loops within loops, or values that hold each other twice over, take this many";
            self.sink
                .push(limits.reached(Limit::Steps, span, message).help(help));
        }
        self.steps = self.steps.saturating_add(more);
        self.steps <= most && !self.is_cancelled()
    }

    /// Whether nobody needs the answer any more.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.given.cancel.is_cancelled()
    }

    fn conditional(
        &mut self,
        context: &Context<'p>,
        value: &'p Expr,
        condition: &'p Expr,
        otherwise: &'p Expr,
        want: &Type<'p>,
    ) -> Value<'p> {
        let holds = self.typed(context, condition, &Type::Boolean);
        let (taken, other) = match holds.kind {
            Kind::Bool(false) => (otherwise, value),
            _ => (value, otherwise),
        };
        let result = self.eval(context, taken, want);
        self.sink.hypothetical += 1;
        self.eval(context, other, want);
        self.sink.hypothetical -= 1;
        match holds.kind {
            Kind::Bool(_) | Kind::Poison => result,
            _ => Value::new(Kind::opaque(want.clone()), result.span),
        }
    }
}

/// A place for values that have none; it belongs to no file.
pub(crate) const NOWHERE: Span = Span {
    file: aur_diagnostics::FileId(u32::MAX),
    start: 0,
    end: 0,
};

pub(crate) fn element_type<'p>(want: &Type<'p>) -> Type<'p> {
    match want.plain() {
        Type::List(element) => (**element).clone(),
        _ => Type::Any,
    }
}

/// The integer a float stands for exactly.
pub(crate) fn whole(value: f64) -> Option<i64> {
    // Every float below 2^63 in size converts without loss of its whole part.
    (value.fract() == 0.0 && value.abs() < 9.2e18).then_some(value as i64)
}

impl<'p> Value<'p> {
    /// The same value, written at another place; texts keep theirs.
    pub(crate) fn at(mut self, span: Span) -> Self {
        if !matches!(self.kind, Kind::Text(_) | Kind::Struct(_)) {
            self.span = span;
        }
        self
    }

    pub(crate) fn with_attributes_of(self, parent: &Value<'p>) -> Self {
        match &parent.kind {
            Kind::Struct(inner) => {
                let scopes = crate::value::ScopeNode {
                    scope: Scope::Attributes(inner.clone()),
                    next: parent.scopes.clone(),
                };
                self.behind(&Some(Rc::new(scopes)))
            }
            _ => self.behind(&parent.scopes),
        }
    }
}
