//! Ranges, and lists made by `for`.
//!
//! A range that a loop goes through is never made as a list, and where the number of rounds is plain from the
//! ranges, it is held against the limit before the first round.

use std::rc::Rc;

use aur_diagnostics::{Diagnostic, Span, codes};
use aur_grammar::tree::{self, Clause, Expr, ExprKind};

use crate::eval::{Compiler, Context, element_type};
use crate::facts::Target;
use crate::limits::Limit;
use crate::types::Type;
use crate::value::{Kind, Value};

/// What a comprehension goes through, and what came of it.
struct Rounds<'p> {
    element: &'p Expr,
    want: Type<'p>,
    clauses: &'p [Clause],
    out: Vec<Value<'p>>,
    made: usize,
    is_opaque: bool,
    /// How many elements the clauses will surely make, where that is plain from the ranges.
    planned: Option<usize>,
    /// Whether it would make more jobs than a program may have; that was said.
    is_refused: bool,
}

/// What one `for` goes through.
enum Elements<'p> {
    List(Rc<Vec<Value<'p>>>),
    Range(i64, i64, Span),
}

impl<'p> Elements<'p> {
    /// A range that cannot be known has no elements here.
    const NONE: Self = Self::Range(0, -1, super::NOWHERE);

    fn count(&self) -> usize {
        match self {
            Self::List(elements) => elements.len(),
            Self::Range(low, high, _) => length(*low, *high),
        }
    }

    /// Takes an element out by its number.
    fn get(&self, number: usize) -> Option<Value<'p>> {
        match self {
            Self::List(elements) => elements.get(number).cloned(),
            Self::Range(low, _, span) => {
                let value = low.checked_add_unsigned(number as u64)?;
                Some(Value::new(Kind::Int(value), *span))
            }
        }
    }
}

/// The number of elements of a range.
fn length(low: i64, high: i64) -> usize {
    let count = i128::from(high) - i128::from(low) + 1;
    usize::try_from(count.max(0)).unwrap_or(usize::MAX)
}

impl<'p> Compiler<'p> {
    pub(super) fn comprehension(
        &mut self,
        context: &Context<'p>,
        element: &'p Expr,
        clauses: &'p [Clause],
        want: &Type<'p>,
        span: Span,
    ) -> Value<'p> {
        let mut rounds = Rounds {
            element,
            want: element_type(want),
            clauses,
            out: Vec::new(),
            made: 0,
            is_opaque: false,
            planned: None,
            is_refused: false,
        };
        self.clauses(context, clauses, &mut rounds);
        if rounds.is_refused {
            return Value::poison(span);
        }
        if rounds.made == 0 {
            // Nothing was evaluated: look at the body once with elements of any kind.
            self.sink.hypothetical += 1;
            let mut inner = context.clone();
            for clause in clauses {
                let place = context.base.span(clause.name.range);
                let unknown = Value::new(Kind::opaque(Type::Any), place);
                inner = inner.with_local(clause.name.name.clone(), unknown, place);
            }
            self.typed(&inner, element, &rounds.want);
            self.sink.hypothetical -= 1;
        }
        if rounds.is_opaque {
            return Value::new(Kind::opaque(Type::List(Rc::new(rounds.want))), span);
        }
        Value::new(Kind::List(Rc::new(rounds.out)), span)
    }

    fn clauses(&mut self, context: &Context<'p>, clauses: &'p [Clause], rounds: &mut Rounds<'p>) {
        let Some((clause, rest)) = clauses.split_first() else {
            rounds.made += 1;
            if self.may_hold(1, context.base.span(rounds.element.range)) {
                let made = self.typed(context, rounds.element, &rounds.want);
                rounds.out.push(made);
                self.hold_jobs(context, rounds);
            }
            return;
        };
        let (elements, scopes) = self.elements_of(context, clause, rounds);
        let count = elements.count();
        let name_place = context.base.span(clause.name.range);
        self.note_use(name_place, Target::Named(name_place));
        if !self.plan_rounds(context, clauses, count, rounds) {
            return;
        }
        for number in 0..count {
            let Some(value) = elements.get(number) else { return };
            if rounds.is_refused || !self.may_step(1, name_place) || self.is_spent() {
                return;
            }
            let inner = context.with_local(clause.name.name.clone(), value.behind(&scopes), name_place);
            let is_taken = match &clause.condition {
                None => true,
                Some(condition) => {
                    let holds = self.typed(&inner, condition, &Type::Boolean);
                    match holds.kind {
                        Kind::Bool(holds) => holds,
                        _ => {
                            rounds.is_opaque = true;
                            true
                        }
                    }
                }
            };
            if is_taken {
                self.clauses(&inner, rest, rounds);
            }
        }
    }

    /// What a `for` goes through, with the scopes it carries.
    fn elements_of(
        &mut self,
        context: &Context<'p>,
        clause: &'p Clause,
        rounds: &mut Rounds<'p>,
    ) -> (Elements<'p>, crate::value::Scopes<'p>) {
        let place = context.base.span(clause.list.range);
        let list = match &clause.list.kind {
            ExprKind::Range {
                low: Some(low),
                high: Some(high),
            } => match self.ends(context, low, high, place) {
                Ok((low, high)) => return (Elements::Range(low, high, place), None),
                Err(other) => other,
            },
            _ => self.eval(context, &clause.list, &Type::Any),
        };
        let elements = match &list.kind {
            Kind::List(elements) => Elements::List(elements.clone()),
            Kind::Opaque(ty) => {
                rounds.is_opaque = true;
                let element = match ty.plain() {
                    Type::List(element) => (**element).clone(),
                    _ => Type::Any,
                };
                Elements::List(Rc::new(vec![Value::new(Kind::opaque(element), place)]))
            }
            Kind::Poison => {
                rounds.is_opaque = true;
                Elements::NONE
            }
            other => {
                let message = format!(
                    "`for` goes through a list, this is {}",
                    crate::value::describe(other)
                );
                self.sink.push(
                    Diagnostic::new(&codes::type_mismatch, place, message)
                        .label("a list is needed here")
                        .help("write a list, a range such as `0..9`, or `keys(map)`"),
                );
                rounds.is_opaque = true;
                Elements::NONE
            }
        };
        (elements, list.scopes)
    }

    /// Holds the elements that the clauses will surely make against the limit, and makes room for them;
    /// says whether they may be made.
    fn plan_rounds(
        &mut self,
        context: &Context<'p>,
        clauses: &'p [Clause],
        count: usize,
        rounds: &mut Rounds<'p>,
    ) -> bool {
        if count == 0 || clauses.iter().any(|clause| clause.condition.is_some()) {
            return true;
        }
        let mut planned = count;
        for clause in clauses.iter().skip(1) {
            // A list that has a name was made already.
            if let ExprKind::Name(name) = &clause.list.kind
                && is_fixed(&clause.list, rounds.clauses)
                && self.program.lookup(context.module, name).is_some()
                && let Kind::List(items) = &self.eval(context, &clause.list, &Type::Any).kind
            {
                planned = planned.saturating_mul(items.len());
                continue;
            }
            let ExprKind::Range {
                low: Some(low),
                high: Some(high),
            } = &clause.list.kind
            else {
                return true;
            };
            if ![low, high].iter().all(|end| is_fixed(end, rounds.clauses)) {
                return true;
            }
            match self.ends(context, low, high, context.base.span(clause.list.range)) {
                Ok((low, high)) => planned = planned.saturating_mul(length(low, high)),
                Err(_) => return true,
            }
        }
        if clauses.len() == rounds.clauses.len() {
            rounds.planned = Some(planned);
        }
        if !self.has_room_for(planned, context.base.span(rounds.element.range)) {
            // The body is looked at once all the same, but nothing is made of it.
            return false;
        }
        if rounds.made > 0 {
            rounds.out.reserve(planned);
        }
        true
    }

    /// Holds a list of jobs against the limit while it is made: each takes much more room than other elements.
    fn hold_jobs(&mut self, context: &Context<'p>, rounds: &mut Rounds<'p>) {
        let most = self.given.limits.of(Limit::Jobs);
        let count = match (rounds.out.as_slice(), rounds.planned) {
            ([_], Some(planned)) => planned,
            (made, _) => made.len(),
        };
        let is_job = |value: &Value<'p>| match &value.kind {
            Kind::Struct(inner) => inner.decl.name == "Job" && self.is_prelude(inner.decl.span),
            _ => false,
        };
        if count <= most || !rounds.out.last().is_some_and(is_job) {
            // Room is made once it is plain what for.
            if let ([_], Some(planned)) = (rounds.out.as_slice(), rounds.planned) {
                rounds.out.reserve_exact(planned);
            }
            return;
        }
        let message = match rounds.planned {
            Some(planned) => format!("a program has at most {most} jobs, this loop makes {planned}"),
            None => format!("a program has at most {most} jobs, and this loop goes on"),
        };
        let place = context.base.span(rounds.element.range);
        let reached = self.given.limits.reached(Limit::Jobs, place, message);
        self.sink
            .push(reached.help("a job has any number of equal `instances`"));
        rounds.is_refused = true;
        rounds.out = Vec::new();
    }

    pub(super) fn range(
        &mut self,
        context: &Context<'p>,
        low: Option<&'p Expr>,
        high: Option<&'p Expr>,
        span: Span,
    ) -> Value<'p> {
        let (Some(low), Some(high)) = (low, high) else {
            self.sink.push(
                Diagnostic::new(&codes::bad_operation, span, "a range of values has two ends")
                    .help("open ends stand only behind `where`, as in `Integer where 1..`"),
            );
            return Value::poison(span);
        };
        match self.ends(context, low, high, span) {
            Ok((low, high)) => {
                let count = length(low, high);
                if !self.may_step(count, span) || !self.may_hold(count, span) {
                    return Value::poison(span);
                }
                let elements = (low..=high).map(|value| Value::new(Kind::Int(value), span));
                Value::new(Kind::List(Rc::new(elements.collect())), span)
            }
            Err(other) => other,
        }
    }

    /// The two ends of a range that is not too long, or what the range is instead.
    fn ends(
        &mut self,
        context: &Context<'p>,
        low: &'p Expr,
        high: &'p Expr,
        span: Span,
    ) -> Result<(i64, i64), Value<'p>> {
        let low = self.typed(context, low, &Type::Integer);
        let high = self.typed(context, high, &Type::Integer);
        let (low, high) = match (&low.kind, &high.kind) {
            (Kind::Int(low), Kind::Int(high)) => (*low, *high),
            (Kind::Poison, _) | (_, Kind::Poison) => return Err(Value::poison(span)),
            _ => return Err(Value::new(Kind::opaque(Type::List(Rc::new(Type::Integer))), span)),
        };
        let (count, most) = (length(low, high), self.given.limits.of(Limit::Elements));
        if count > most {
            let message = format!("a range has at most {most} elements, this one has {count}");
            let reached = self.given.limits.reached(Limit::Elements, span, message);
            self.sink.push(reached);
            return Err(Value::poison(span));
        }
        Ok((low, high))
    }
}

/// Whether an end of a range is the same in each round: a number, or a name that no `for` gives.
fn is_fixed(end: &Expr, clauses: &[Clause]) -> bool {
    match &end.kind {
        ExprKind::Number { .. } => true,
        ExprKind::Name(name) => clauses.iter().all(|clause| clause.name.name != *name),
        ExprKind::Unary { operand, .. } => is_fixed(operand, clauses),
        ExprKind::Binary {
            op: tree::BinaryOp::Add | tree::BinaryOp::Subtract | tree::BinaryOp::Multiply,
            left,
            right,
            ..
        } => is_fixed(left, clauses) && is_fixed(right, clauses),
        _ => false,
    }
}
