//! Operators: eager, checked, and defined only for values that are known.

use std::cmp::Ordering;
use std::rc::Rc;

use aur_diagnostics::{Diagnostic, Span, codes};
use aur_grammar::tree::{BinaryOp, Expr, ExprKind, UnaryOp};

use super::finished_text;
use super::{Compiler, Context};
use crate::resolve::Judge;
use crate::types::Type;
use crate::value::{Kind, Slot, Value, describe};

/// Elements that `in` looks at for one step.
const COMPARED_IN_A_STEP: usize = 32;

impl<'p> Compiler<'p> {
    pub(super) fn unary(
        &mut self,
        context: &Context<'p>,
        op: UnaryOp,
        operand: &'p Expr,
        span: Span,
    ) -> Value<'p> {
        if op == UnaryOp::Not {
            let value = self.typed(context, operand, &Type::Boolean);
            let kind = match value.kind {
                Kind::Bool(value) => Kind::Bool(!value),
                Kind::Poison => Kind::Poison,
                _ => Kind::opaque(Type::Boolean),
            };
            return Value::new(kind, span);
        }
        let value = self.known(context, operand);
        let kind = match &value.kind {
            Kind::Int(number) => number.checked_neg().map(Kind::Int),
            Kind::Float(number) => Some(Kind::Float(-number)),
            Kind::Duration(number) => number.checked_neg().map(Kind::Duration),
            Kind::Bytes(number) => number.checked_neg().map(Kind::Bytes),
            Kind::Opaque(ty) => Some(Kind::Opaque(ty.clone())),
            Kind::Poison => Some(Kind::Poison),
            other => {
                let message = format!("`-` takes a number, this is {}", describe(other));
                self.sink.push(Diagnostic::new(
                    &codes::type_mismatch,
                    context.base.span(operand.range),
                    message,
                ));
                Some(Kind::Poison)
            }
        };
        self.or_overflow(kind, span)
    }

    pub(super) fn binary(
        &mut self,
        context: &Context<'p>,
        op: BinaryOp,
        op_span: Span,
        left: &'p Expr,
        right: &'p Expr,
        span: Span,
    ) -> Value<'p> {
        if matches!(op, BinaryOp::And | BinaryOp::Or) {
            return self.logic(context, op, left, right, span);
        }
        let left = self.known(context, left);
        if let (BinaryOp::In, ExprKind::Range { low, high }) = (op, &right.kind)
            && let (Some(low), Some(high)) = (low, high)
            && matches!(left.kind, Kind::Int(_) | Kind::Opaque(_))
        {
            return self.between(context, &left, low, high, span);
        }
        let right = self.known(context, right);
        if left.is_poison() || right.is_poison() {
            return Value::poison(span);
        }
        match op {
            BinaryOp::Equal | BinaryOp::NotEqual => {
                let kind = match self.same(&left, &right) {
                    Some(same) => Kind::Bool(same == (op == BinaryOp::Equal)),
                    None => Kind::opaque(Type::Boolean),
                };
                Value::new(kind, span)
            }
            BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Greater | BinaryOp::GreaterEqual => {
                self.compare(op, op_span, &left, &right, span)
            }
            BinaryOp::In => self.contains(op_span, &left, &right, span),
            _ => self.arithmetic(op, op_span, &left, &right, span),
        }
    }

    fn logic(
        &mut self,
        context: &Context<'p>,
        op: BinaryOp,
        left: &'p Expr,
        right: &'p Expr,
        span: Span,
    ) -> Value<'p> {
        let left = self.typed(context, left, &Type::Boolean);
        let decides = matches!(
            (op, &left.kind),
            (BinaryOp::And, Kind::Bool(false)) | (BinaryOp::Or, Kind::Bool(true))
        );
        self.sink.hypothetical += u32::from(decides);
        let right = self.typed(context, right, &Type::Boolean);
        self.sink.hypothetical -= u32::from(decides);
        let kind = match (&left.kind, &right.kind) {
            (Kind::Poison, _) | (_, Kind::Poison) => Kind::Poison,
            (Kind::Bool(left), _) if decides => Kind::Bool(*left),
            (Kind::Bool(_), Kind::Bool(right)) => Kind::Bool(*right),
            _ => Kind::opaque(Type::Boolean),
        };
        Value::new(kind, span)
    }

    fn arithmetic(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        left: &Value<'p>,
        right: &Value<'p>,
        span: Span,
    ) -> Value<'p> {
        use BinaryOp::{Add, Divide, FloorDivide, Multiply, Remainder, Subtract};
        use Kind::{Bytes, Duration, Float, Int, List, Opaque, Raw};
        let is_division = matches!(op, Divide | FloorDivide | Remainder);
        if is_division && measures_zero(&right.kind) {
            self.sink
                .push(Diagnostic::new(&codes::bad_operation, span, "division by zero"));
            return Value::poison(span);
        }
        let kind = match (op, &left.kind, &right.kind) {
            (Add, Raw(a), Raw(b)) if !self.may_grow(a.len() + b.len(), a.len() + b.len(), span) => {
                return Value::poison(span);
            }
            (Add, Raw(a), Raw(b)) => Some(Raw(format!("{a}{b}").into())),
            (Add, List(a), List(b)) if !self.may_hold(a.len() + b.len(), span) => {
                return Value::poison(span);
            }
            (Add, List(a), List(b)) => {
                let mut all = Vec::with_capacity(a.len() + b.len());
                all.extend(a.iter().map(|item| item.clone().behind(&left.scopes)));
                all.extend(b.iter().map(|item| item.clone().behind(&right.scopes)));
                Some(List(Rc::new(all)))
            }
            (Divide, Int(a), Int(b)) => Some(Float(*a as f64 / *b as f64)),
            (_, Int(a), Int(b)) => whole_numbers(op, *a, *b).map(Int),
            (_, Float(a), Float(b)) => fractions(op, *a, *b),
            (_, Int(a), Float(b)) => fractions(op, *a as f64, *b),
            (_, Float(a), Int(b)) => fractions(op, *a, *b as f64),
            (Divide, Bytes(a), Bytes(b)) | (Divide, Duration(a), Duration(b)) => {
                Some(Float(*a as f64 / *b as f64))
            }
            (FloorDivide, Bytes(a), Bytes(b)) | (FloorDivide, Duration(a), Duration(b)) => {
                floor_divide(*a, *b).map(Int)
            }
            (Add | Subtract | Remainder, Bytes(a), Bytes(b)) => whole_numbers(op, *a, *b).map(Bytes),
            (Add | Subtract | Remainder, Duration(a), Duration(b)) => whole_numbers(op, *a, *b).map(Duration),
            (Multiply, Bytes(a), Int(b)) | (Multiply, Int(a), Bytes(b)) => a.checked_mul(*b).map(Bytes),
            (Multiply, Duration(a), Int(b)) | (Multiply, Int(a), Duration(b)) => {
                a.checked_mul(*b).map(Duration)
            }
            (Multiply, Bytes(a), Float(b)) | (Multiply, Float(b), Bytes(a)) => {
                super::whole((*a as f64 * b).round()).map(Bytes)
            }
            (Multiply, Duration(a), Float(b)) | (Multiply, Float(b), Duration(a)) => {
                super::whole((*a as f64 * b).round()).map(Duration)
            }
            (Divide | FloorDivide, Bytes(a), Int(b)) => floor_divide(*a, *b).map(Bytes),
            (Divide | FloorDivide, Duration(a), Int(b)) => floor_divide(*a, *b).map(Duration),
            (Divide, Bytes(a), Float(b)) => super::whole((*a as f64 / b).round()).map(Bytes),
            (Divide, Duration(a), Float(b)) => super::whole((*a as f64 / b).round()).map(Duration),
            (_, Opaque(ty), _) | (_, _, Opaque(ty)) => Some(match op {
                Add => Opaque(ty.clone()),
                _ => Kind::opaque(Type::Any),
            }),
            (_, a, b) => {
                self.report_operands(op, op_span, a, b, left.span, right.span);
                return Value::poison(span);
            }
        };
        if let Some(made @ Raw(_)) = &kind {
            for part in [left, right] {
                self.taint_carry(&part.kind, made);
            }
        }
        self.or_overflow(kind, span)
    }

    fn report_operands(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        a: &Kind<'p>,
        b: &Kind<'p>,
        left: Span,
        right: Span,
    ) {
        let message = format!(
            "`{}` is not defined for {} and {}",
            symbol(op),
            describe(a),
            describe(b)
        );
        let help = match (op, a, b) {
            (BinaryOp::Add, Kind::Raw(_), Kind::Int(_) | Kind::Float(_))
            | (BinaryOp::Add, Kind::Int(_), Kind::Raw(_)) => {
                Some("write the number into the text: `\"..{{n}}\".bind(n = n)`".to_string())
            }
            (_, Kind::Struct(value), _) | (_, _, Kind::Struct(value)) if value.decl.name == "Constraint" => {
                Some("put each order into the list: `[a -> b, c -> d]`".to_string())
            }
            (
                BinaryOp::Add | BinaryOp::Subtract,
                Kind::Bytes(_) | Kind::Duration(_),
                Kind::Int(_) | Kind::Float(_),
            ) => Some("give the number a unit, such as `MB` or `s`".to_string()),
            _ => None,
        };
        self.sink.push(
            Diagnostic::new(&codes::type_mismatch, op_span, message)
                .also(left, describe(a))
                .also(right, describe(b))
                .help_if(help),
        );
    }

    fn or_overflow(&mut self, kind: Option<Kind<'p>>, span: Span) -> Value<'p> {
        match kind {
            Some(kind) => Value::new(kind, span),
            None => {
                let message = "the result does not fit into 64 bits";
                self.sink
                    .push(Diagnostic::new(&codes::bad_operation, span, message));
                Value::poison(span)
            }
        }
    }

    fn compare(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        left: &Value<'p>,
        right: &Value<'p>,
        span: Span,
    ) -> Value<'p> {
        use Kind::{Bytes, Duration, Float, Int, Opaque, Raw};
        let order = match (&left.kind, &right.kind) {
            (Int(a), Int(b)) | (Bytes(a), Bytes(b)) | (Duration(a), Duration(b)) => Some(a.cmp(b)),
            (Raw(a), Raw(b)) => Some(a.cmp(b)),
            (Float(a), Float(b)) => a.partial_cmp(b),
            (Int(a), Float(b)) => (*a as f64).partial_cmp(b),
            (Float(a), Int(b)) => a.partial_cmp(&(*b as f64)),
            (Opaque(_), _) | (_, Opaque(_)) => return Value::new(Kind::opaque(Type::Boolean), span),
            (a, b) => {
                self.report_operands(op, op_span, a, b, left.span, right.span);
                return Value::poison(span);
            }
        };
        let holds = match op {
            BinaryOp::Less => order == Some(Ordering::Less),
            BinaryOp::LessEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            BinaryOp::Greater => order == Some(Ordering::Greater),
            _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        };
        Value::new(Kind::Bool(holds), span)
    }

    /// Whether a number is in a range, of which no list is made.
    fn between(
        &mut self,
        context: &Context<'p>,
        number: &Value<'p>,
        low: &'p Expr,
        high: &'p Expr,
        span: Span,
    ) -> Value<'p> {
        let low = self.typed(context, low, &Type::Integer);
        let high = self.typed(context, high, &Type::Integer);
        let kind = match (&number.kind, &low.kind, &high.kind) {
            (_, Kind::Poison, _) | (_, _, Kind::Poison) => Kind::Poison,
            (Kind::Int(number), Kind::Int(low), Kind::Int(high)) => {
                Kind::Bool((low..=high).contains(&number))
            }
            _ => Kind::opaque(Type::Boolean),
        };
        Value::new(kind, span)
    }

    fn contains(&mut self, op_span: Span, left: &Value<'p>, right: &Value<'p>, span: Span) -> Value<'p> {
        let found = match (&left.kind, &right.kind) {
            (_, Kind::List(items)) => {
                if !self.may_step(items.len() / COMPARED_IN_A_STEP, span) {
                    return Value::poison(span);
                }
                let answers: Vec<Option<bool>> = items.iter().map(|item| self.same(left, item)).collect();
                if answers.contains(&Some(true)) {
                    Some(true)
                } else if answers.contains(&None) {
                    None
                } else {
                    Some(false)
                }
            }
            (Kind::Raw(key), Kind::Map(_) | Kind::Namespace(_)) => {
                Some(self.entry(&right.kind, key).is_some())
            }
            (Kind::Raw(part), Kind::Raw(text)) => Some(text.contains(part.as_ref())),
            (Kind::Opaque(_), _) | (_, Kind::Opaque(_)) => None,
            (a, b) => {
                self.report_operands(BinaryOp::In, op_span, a, b, left.span, right.span);
                return Value::poison(span);
            }
        };
        Value::new(found.map_or(Kind::opaque(Type::Boolean), Kind::Bool), span)
    }

    /// Whether two values are equal once their texts are resolved; `None` where that is not known yet.
    pub(crate) fn same(&mut self, left: &Value<'p>, right: &Value<'p>) -> Option<bool> {
        self.same_under(left, right, Judge::Known)
    }

    /// Like [`Compiler::same`]; with `Judge::Later` open names are no fault, and equal where they are written alike.
    pub(crate) fn same_under(&mut self, left: &Value<'p>, right: &Value<'p>, judge: Judge) -> Option<bool> {
        let same = self.same_values(left, right, judge);
        // What is compared lives until here, and so do its addresses mean it.
        self.equal.clear();
        same
    }

    fn same_values(&mut self, left: &Value<'p>, right: &Value<'p>, judge: Judge) -> Option<bool> {
        let met = match (address(left), address(right)) {
            (Some(left), Some(right)) => Some((left, right)),
            _ => None,
        };
        if met.is_some_and(|met| self.equal.contains(&met)) {
            return Some(true);
        }
        let (left, right) = (self.compared(left, judge), self.compared(right, judge));
        let same = self.same_kinds(&left, &right, judge);
        // Values that hold each other twice over are compared once.
        if let (Some(met), Some(true)) = (met, same) {
            self.equal.insert(met);
        }
        same
    }

    fn same_kinds(&mut self, left: &Value<'p>, right: &Value<'p>, judge: Judge) -> Option<bool> {
        use Kind::{
            Bool, Bytes, Duration, Enum, Float, Int, List, Map, Namespace, Opaque, Pieces, Poison, Raw,
            Struct, Unset,
        };
        match (&left.kind, &right.kind) {
            (Opaque(_) | Poison, _) | (_, Opaque(_) | Poison) => None,
            (Unset, Unset) => Some(true),
            (Pieces(a), Pieces(b)) if a == b => Some(true),
            (Pieces(_), _) | (_, Pieces(_)) => None,
            (Bool(a), Bool(b)) => Some(a == b),
            (Int(a), Int(b)) | (Bytes(a), Bytes(b)) | (Duration(a), Duration(b)) => Some(a == b),
            (Float(a), Float(b)) => Some(a == b),
            (Raw(a), Raw(b)) => Some(a == b),
            (Enum(a, i), Enum(b, j)) => Some(a.def == b.def && i == j),
            (Enum(a, i), Raw(b)) | (Raw(b), Enum(a, i)) => {
                Some(a.members.get(*i as usize).is_some_and(|a| a == b.as_ref()))
            }
            (List(a), List(b)) => {
                if a.len() != b.len() {
                    return Some(false);
                }
                let pairs: Vec<_> = a.iter().cloned().zip(b.iter().cloned()).collect();
                self.all_same(
                    judge,
                    pairs
                        .into_iter()
                        .map(|(a, b)| (a.behind(&left.scopes), b.behind(&right.scopes))),
                )
            }
            (Map(a), Map(b)) => {
                if a.len() != b.len() {
                    return Some(false);
                }
                let mut pairs = Vec::new();
                for (key, item) in a.iter() {
                    let key = finished_text(&key.kind)?.to_string();
                    match self.entry(&right.kind, &key) {
                        Some(other) => pairs.push((item.clone(), other)),
                        None => return Some(false),
                    }
                }
                self.all_same(judge, pairs.into_iter())
            }
            (Namespace(a), Namespace(b)) => {
                if a.len() != b.len() {
                    return Some(false);
                }
                let mut pairs = Vec::new();
                for (key, item) in a.iter() {
                    match self.entry(&right.kind, key) {
                        Some(other) => pairs.push((item.clone(), other)),
                        None => return Some(false),
                    }
                }
                self.all_same(judge, pairs.into_iter())
            }
            (Struct(a), Struct(b)) => {
                if a.decl.def != b.decl.def {
                    return Some(false);
                }
                let mut pairs = Vec::new();
                for (index, field) in a.decl.fields.iter().enumerate() {
                    match (self.slot(left, index), self.slot(right, index)) {
                        (Some(a), Some(b)) => {
                            let mut typed = |value| self.as_typed(value, &field.ty, judge);
                            pairs.push((typed(a), typed(b)));
                        }
                        (None, None) => {}
                        _ => return Some(false),
                    }
                }
                self.all_same(judge, pairs.into_iter())
            }
            _ => Some(false),
        }
    }

    fn all_same(
        &mut self,
        judge: Judge,
        pairs: impl Iterator<Item = (Value<'p>, Value<'p>)>,
    ) -> Option<bool> {
        let mut known = true;
        for (a, b) in pairs {
            if !self.may_step(1, a.span) {
                return None;
            }
            match self.same_values(&a, &b, judge) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => known = false,
            }
        }
        known.then_some(true)
    }

    fn compared(&mut self, value: &Value<'p>, judge: Judge) -> Value<'p> {
        match (&value.kind, judge) {
            (Kind::Text(_), Judge::Later) => {
                let root = self.root_env();
                let settled = self.settle(value, &root, judge);
                match finished_text(&settled.kind) {
                    Some(text) => Value::new(Kind::Raw(text.as_ref().into()), settled.span),
                    None => settled,
                }
            }
            (Kind::Text(_), Judge::Known | Judge::Job(_)) => self.known_text(value),
            _ => value.clone(),
        }
    }

    /// A text with mustaches stands for what its field makes of it.
    fn as_typed(&mut self, value: Value<'p>, ty: &Type<'p>, judge: Judge) -> Value<'p> {
        if !value.is_template() {
            return value;
        }
        let settled = self.compared(&value, judge);
        match settled.kind {
            Kind::Raw(_) => self.coerce_result(settled, ty, value.span),
            _ => value,
        }
    }

    /// What a field of a struct value holds, default included.
    fn slot(&mut self, value: &Value<'p>, index: usize) -> Option<Value<'p>> {
        let Kind::Struct(inner) = &value.kind else {
            return None;
        };
        let found = match inner.slot(index) {
            Slot::Set(found) => Some(found.clone()),
            Slot::Default => self.default_of(&inner.decl.clone(), index),
            Slot::Cleared => None,
        };
        found.map(|found| found.with_attributes_of(value))
    }
}

/// Where a value with parts is; none where its texts depend on more than itself.
fn address(value: &Value<'_>) -> Option<usize> {
    match &value.kind {
        _ if value.scopes.is_some() => None,
        Kind::List(items) => Some(Rc::as_ptr(items).addr()),
        Kind::Map(pairs) => Some(Rc::as_ptr(pairs).addr()),
        Kind::Struct(inner) => Some(Rc::as_ptr(inner).addr()),
        _ => None,
    }
}

fn measures_zero(kind: &Kind<'_>) -> bool {
    match kind {
        Kind::Int(number) | Kind::Bytes(number) | Kind::Duration(number) => *number == 0,
        Kind::Float(number) => *number == 0.0,
        _ => false,
    }
}

fn whole_numbers(op: BinaryOp, a: i64, b: i64) -> Option<i64> {
    match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Subtract => a.checked_sub(b),
        BinaryOp::Multiply => a.checked_mul(b),
        BinaryOp::FloorDivide => floor_divide(a, b),
        BinaryOp::Remainder => a.checked_sub(b.checked_mul(floor_divide(a, b)?)?),
        _ => None,
    }
}

/// Rounds down, so that `a == b * (a // b) + a % b` and the remainder has the sign of `b`.
fn floor_divide(a: i64, b: i64) -> Option<i64> {
    let quotient = a.checked_div(b)?;
    let is_rounded_up = a.checked_rem(b)? != 0 && (a < 0) != (b < 0);
    quotient.checked_sub(i64::from(is_rounded_up))
}

fn fractions<'p>(op: BinaryOp, a: f64, b: f64) -> Option<Kind<'p>> {
    let result = match op {
        BinaryOp::Add => a + b,
        BinaryOp::Subtract => a - b,
        BinaryOp::Multiply => a * b,
        BinaryOp::Divide => a / b,
        BinaryOp::FloorDivide => (a / b).floor(),
        BinaryOp::Remainder => a - b * (a / b).floor(),
        _ => return None,
    };
    result.is_finite().then_some(Kind::Float(result))
}

fn symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::FloorDivide => "//",
        BinaryOp::Remainder => "%",
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEqual => ">=",
        BinaryOp::And => "and",
        BinaryOp::Or => "or",
        BinaryOp::In => "in",
    }
}
