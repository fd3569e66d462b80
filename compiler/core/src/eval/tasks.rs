//! `concat(..)` and `combine(..)`: one task made of several.
//!
//! Both keep the processes, orders and files of all tasks; what else a task has comes from the first.
//! `concat` lets each task wait for the one before it, so the tasks need not have room side by side.
//! Equal processes are merged. A process keeps seeing what it saw in its own task.

use std::rc::Rc;

use aur_diagnostics::{Diagnostic, Span, codes};
use aur_grammar::tree::Arg;

use super::{Compiler, Context};
use crate::resolve::{Judge, struct_env};
use crate::types::{StructDecl, Type};
use crate::value::{Kind, StructValue, Value, describe};

/// How tasks are joined.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Joining {
    /// One behind the other.
    Concat,
    /// Side by side.
    Combine,
}

impl Joining {
    fn name(self) -> &'static str {
        match self {
            Self::Concat => "concat",
            Self::Combine => "combine",
        }
    }
}

/// A process of one of the tasks.
struct Part<'p> {
    process: Value<'p>,
    name: Value<'p>,
    is_final: bool,
}

/// What an order between two processes costs beside an element of a list.
const ELEMENTS_OF_AN_ORDER: usize = 4;

impl<'p> Compiler<'p> {
    pub(super) fn join_tasks(
        &mut self,
        context: &Context<'p>,
        joining: Joining,
        args: &'p [Arg],
        span: Span,
    ) -> Value<'p> {
        let Some(decl) = self.prelude_struct("Task") else {
            return Value::poison(span);
        };
        let mut tasks: Vec<Value<'p>> = Vec::new();
        let mut is_sound = true;
        for arg in args.iter().filter(|arg| arg.name.is_none()) {
            let value = self.eval(context, &arg.value, &Type::Any);
            match &value.kind {
                Kind::Struct(inner) if inner.decl.def == decl.def => tasks.push(value),
                Kind::Poison | Kind::Opaque(_) => is_sound = false,
                other => {
                    is_sound = false;
                    let place = context.base.span(arg.value.range);
                    let message = format!("`{}` joins tasks, this is {}", joining.name(), describe(other));
                    self.sink.push(
                        Diagnostic::new(&codes::type_mismatch, place, message).label("a task is needed here"),
                    );
                }
            }
        }
        let mut joined = match (tasks.first().map(|task| &task.kind), is_sound) {
            (Some(Kind::Struct(first)), true) => first.copy(span),
            _ => StructValue::new(decl.clone(), span),
        };
        if is_sound && !tasks.is_empty() {
            self.join(&mut joined, &tasks, joining, span);
        }
        self.override_fields(context, &mut joined, args);
        // A part of the orders would only be judged at length.
        if !is_sound || self.is_spent() {
            return Value::poison(span);
        }
        Value {
            kind: Kind::Struct(Rc::new(joined)),
            scopes: tasks.first().and_then(|task| task.scopes.clone()),
            span,
        }
    }

    fn join(&mut self, joined: &mut StructValue<'p>, tasks: &[Value<'p>], joining: Joining, span: Span) {
        let parts: Vec<Vec<Part<'p>>> = tasks.iter().map(|task| self.parts(task)).collect();
        let mut orders: Vec<Value<'p>> = Vec::new();
        for (task, own) in tasks.iter().zip(&parts) {
            orders.extend(self.orders(task, own, span));
        }
        if joining == Joining::Concat {
            for (earlier, later) in parts.iter().zip(parts.iter().skip(1)) {
                orders.extend(self.orders_between(earlier, later, span));
            }
        }
        if self.is_spent() {
            return;
        }
        let mut processes: Vec<Value<'p>> = Vec::new();
        for part in parts.iter().flatten() {
            if !self.may_step(processes.len(), span) {
                break;
            }
            if !processes.iter().any(|own| self.is_same_part(own, &part.process)) {
                processes.push(part.process.clone());
            }
        }
        let list = |items| Value::new(Kind::List(Rc::new(items)), span);
        let mut set = |name: &str, value: Value<'p>| {
            if let Some(index) = joined.decl.field(name) {
                joined.set(index, value);
            }
        };
        set("processes", list(processes));
        set("constraints", list(orders));
        set("sequential", Value::new(Kind::Bool(false), span));
        if let Some(files) = self.joined_files(tasks, span) {
            set("files", files);
        }
        if let Some(resources) = self.joined_resources(tasks, joining, span) {
            set("resources", resources);
        }
        if let Some(wait) = self.joined_wait(tasks, joining, span) {
            set("finalization_wait", wait);
        }
    }

    /// The processes of a task, each with what it sees in that task.
    fn parts(&mut self, task: &Value<'p>) -> Vec<Part<'p>> {
        let Some(list) = self.field_of(task, "processes") else {
            return Vec::new();
        };
        let Kind::List(items) = &list.kind else {
            return Vec::new();
        };
        let processes = items.iter().map(|item| item.clone().behind(&list.scopes));
        let processes: Vec<Value<'p>> = processes.collect();
        processes
            .into_iter()
            .map(|process| Part {
                name: self
                    .field_of(&process, "name")
                    .unwrap_or_else(|| Value::poison(process.span)),
                is_final: matches!(
                    self.field_of(&process, "final").map(|value| value.kind),
                    Some(Kind::Bool(true))
                ),
                process,
            })
            .collect()
    }

    /// The orders inside of one task; that of a sequential one is written out.
    fn orders(&mut self, task: &Value<'p>, parts: &[Part<'p>], span: Span) -> Vec<Value<'p>> {
        let mut orders = match self.field_of(task, "constraints") {
            Some(Value {
                kind: Kind::List(items),
                scopes,
                ..
            }) => items.iter().map(|item| item.clone().behind(&scopes)).collect(),
            _ => Vec::new(),
        };
        let is_sequential = self.field_of(task, "sequential");
        if matches!(is_sequential.map(|value| value.kind), Some(Kind::Bool(true))) {
            for is_final in [false, true] {
                let names: Vec<Value<'p>> = parts
                    .iter()
                    .filter(|part| part.is_final == is_final)
                    .map(|part| part.name.clone())
                    .collect();
                if names.len() > 1 {
                    orders.extend(self.order_of(names, span));
                }
            }
        }
        orders
    }

    /// Each process of a task waits for each of the task before it; final ones among themselves.
    fn orders_between(&mut self, earlier: &[Part<'p>], later: &[Part<'p>], span: Span) -> Vec<Value<'p>> {
        let mut orders = Vec::new();
        // Counted before any is made.
        let finals = |parts: &[Part<'p>]| parts.iter().filter(|part| part.is_final).count();
        let (first_finals, second_finals) = (finals(earlier), finals(later));
        let count =
            first_finals * second_finals + (earlier.len() - first_finals) * (later.len() - second_finals);
        if !self.may_hold(ELEMENTS_OF_AN_ORDER * count, span)
            || !self.may_step(earlier.len() * later.len(), span)
        {
            return orders;
        }
        for first in earlier {
            for second in later {
                if first.is_final == second.is_final && !self.is_same_part(&first.process, &second.process) {
                    orders.extend(self.order_of(vec![first.name.clone(), second.name.clone()], span));
                }
            }
        }
        orders
    }

    fn order_of(&mut self, names: Vec<Value<'p>>, span: Span) -> Option<Value<'p>> {
        let decl = self.prelude_struct("Constraint")?;
        let mut inner = StructValue::new(decl.clone(), span);
        inner.set(decl.field("order")?, Value::new(Kind::List(Rc::new(names)), span));
        Some(Value::new(Kind::Struct(Rc::new(inner)), span))
    }

    /// Whether two processes come out the same, as far as their texts are known by now.
    fn is_same_part(&mut self, left: &Value<'p>, right: &Value<'p>) -> bool {
        self.same_under(left, right, Judge::Later) == Some(true)
    }

    /// What a field of a struct holds, default included, with what it sees there.
    fn field_of(&mut self, value: &Value<'p>, name: &str) -> Option<Value<'p>> {
        let Kind::Struct(inner) = &value.kind else {
            return None;
        };
        let found = self.attribute(inner, inner.decl.field(name)?)?;
        Some(found.with_attributes_of(value))
    }

    fn joined_files(&mut self, tasks: &[Value<'p>], span: Span) -> Option<Value<'p>> {
        let mut pairs: Vec<(Value<'p>, Value<'p>)> = Vec::new();
        for task in tasks {
            let files = self.field_of(task, "files")?;
            let Kind::Map(own) = &files.kind else { return None };
            for (path, content) in own.iter() {
                let pair = (
                    path.clone().behind(&files.scopes),
                    content.clone().behind(&files.scopes),
                );
                let mut is_known = false;
                for (path, content) in &pairs {
                    is_known |= self.is_same_part(path, &pair.0) && self.is_same_part(content, &pair.1);
                }
                if !is_known {
                    pairs.push(pair);
                }
            }
        }
        Some(Value::new(Kind::Map(Rc::new(pairs)), span))
    }

    /// The largest of each kind where tasks run behind each other, the sum where they run side by side.
    fn joined_resources(&mut self, tasks: &[Value<'p>], joining: Joining, span: Span) -> Option<Value<'p>> {
        let mut joined: Option<StructValue<'p>> = None;
        for task in tasks {
            let Some(resources) = self.field_of(task, "resources") else {
                continue;
            };
            let Kind::Struct(inner) = &resources.kind else {
                return Some(resources);
            };
            let decl = inner.decl.clone();
            let total = joined.get_or_insert_with(|| StructValue::new(decl.clone(), span));
            for (index, field) in decl.fields.iter().enumerate() {
                let Some(own) = self.number_of(&resources, &decl, index) else {
                    continue;
                };
                let sum = match total.written(index) {
                    None => own,
                    Some(earlier) => self.joined_number(earlier, &own, joining, span),
                };
                let sum = self.coerce(sum, &field.ty, span);
                total.set(index, sum);
            }
        }
        joined.map(|joined| Value::new(Kind::Struct(Rc::new(joined)), span))
    }

    fn joined_wait(&mut self, tasks: &[Value<'p>], joining: Joining, span: Span) -> Option<Value<'p>> {
        let joining = match joining {
            Joining::Concat => Joining::Combine,
            Joining::Combine => Joining::Concat,
        };
        let mut total: Option<Value<'p>> = None;
        for task in tasks {
            let Kind::Struct(inner) = &task.kind else { continue };
            let decl = inner.decl.clone();
            let own = self.number_of(task, &decl, decl.field("finalization_wait")?)?;
            total = Some(match total {
                None => own,
                Some(earlier) => self.joined_number(&earlier, &own, joining, span),
            });
        }
        total
    }

    /// A number in a field, which must be known now.
    fn number_of(&mut self, value: &Value<'p>, decl: &Rc<StructDecl<'p>>, index: usize) -> Option<Value<'p>> {
        let Kind::Struct(inner) = &value.kind else {
            return None;
        };
        let found = self.attribute(inner, index)?;
        if !found.is_template() {
            return Some(found);
        }
        let root = self.root_env();
        let frame = struct_env(&root, inner, &value.scopes);
        let settled = self.settle(&found, &frame, Judge::Known);
        let ty = decl.fields.get(index).map(|field| field.ty.clone())?;
        Some(self.coerce(settled, &ty, found.span))
    }

    /// The larger number for `Concat`, the sum for `Combine`.
    fn joined_number(
        &mut self,
        left: &Value<'p>,
        right: &Value<'p>,
        joining: Joining,
        span: Span,
    ) -> Value<'p> {
        use Kind::{Bytes, Duration, Float, Int};
        let is_sum = joining == Joining::Combine;
        let whole = |a: i64, b: i64| if is_sum { a.checked_add(b) } else { Some(a.max(b)) };
        let kind = match (&left.kind, &right.kind) {
            (Int(a), Int(b)) => whole(*a, *b).map(Int),
            (Bytes(a), Bytes(b)) => whole(*a, *b).map(Bytes),
            (Duration(a), Duration(b)) => whole(*a, *b).map(Duration),
            (Float(a), Float(b)) => Some(Float(if is_sum { a + b } else { a.max(*b) })),
            (Kind::Opaque(_) | Kind::Poison, _) => return left.clone(),
            _ => return right.clone(),
        };
        match kind {
            Some(kind) => Value::new(kind, span),
            None => {
                let message = "the sum of these tasks does not fit into 64 bits";
                self.sink
                    .push(Diagnostic::new(&codes::bad_operation, span, message));
                Value::poison(span)
            }
        }
    }

    /// Named arguments set fields of the joined task.
    fn override_fields(&mut self, context: &Context<'p>, joined: &mut StructValue<'p>, args: &'p [Arg]) {
        for arg in args {
            let Some(name) = &arg.name else { continue };
            let decl = joined.decl.clone();
            let Some(index) = self.field_index(&decl, name, context.base) else {
                joined.has_stray_field = true;
                self.eval(context, &arg.value, &Type::Any);
                continue;
            };
            if let Some(field) = decl.fields.get(index) {
                let value = self.eval(context, &arg.value, &field.ty);
                let value = match value.kind {
                    Kind::Unset => value,
                    _ => self.coerce(value, &field.ty, context.base.span(arg.value.range)),
                };
                joined.set(index, value);
            }
        }
    }
}
