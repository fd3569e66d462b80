//! What a definition probably is, seen from how it is written; nothing is evaluated.

use std::rc::Rc;

use aur_grammar::tree::Number;
use aur_grammar::tree::{BinaryOp, Expr, ExprKind, ItemKind, UnaryOp, Unit};

use crate::editor::view::View;
use crate::eval::Function;
use crate::program::Def;
use crate::types::{EnumDecl, StructDecl, Type};
use crate::value::Base;

/// Names lead to names at most so often.
const DEPTH: usize = 12;

/// What a definition stands for.
pub(super) enum Shape<'p> {
    /// A value; `Any` where only evaluation could tell.
    Value(Type<'p>),
    Struct(Rc<StructDecl<'p>>),
    Enum(Rc<EnumDecl>),
    Namespace(u32),
    /// Nothing that an expression can name.
    Nothing,
}

/// Whether a value fits where a type is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    Yes,
    Maybe,
    No,
}

pub(super) fn shape<'p>(view: &mut View<'p>, def: Def) -> Shape<'p> {
    shape_within(view, def, DEPTH)
}

fn shape_within<'p>(view: &mut View<'p>, def: Def, depth: usize) -> Shape<'p> {
    let (module, item) = match def {
        Def::Module(module) => return Shape::Namespace(module),
        Def::Item { module, item } => (module, item),
    };
    let Some(depth) = depth.checked_sub(1) else {
        return Shape::Value(Type::Any);
    };
    let program = view.program;
    let Some((item, base)) = program.item(module, item) else {
        return Shape::Nothing;
    };
    match &item.node.kind {
        ItemKind::Struct(_) => view
            .compiler
            .struct_decl(def)
            .map_or(Shape::Nothing, Shape::Struct),
        ItemKind::Enum { .. } => view.compiler.enum_decl(def).map_or(Shape::Nothing, Shape::Enum),
        ItemKind::Alias { .. } => match view.compiler.named_type(def).plain() {
            Type::Struct(target, _) => shape_within(view, *target, depth),
            Type::Enum(decl) => Shape::Enum(decl.clone()),
            _ => Shape::Nothing,
        },
        ItemKind::Input { ty, .. } => Shape::Value(view.compiler.resolve_type(module, base, ty)),
        ItemKind::Assign { name, ty, value } => Shape::Value(match ty {
            Some(ty) => view.compiler.resolve_type(module, base, ty),
            None => match view.compiler.expected_of(&name.name) {
                Type::Any => type_of(view, module, base, value, depth),
                known => known,
            },
        }),
        ItemKind::Include { .. } | ItemKind::Check(_) | ItemKind::Test(_) | ItemKind::Broken => {
            Shape::Nothing
        }
    }
}

fn type_of<'p>(view: &mut View<'p>, module: u32, base: Base, expr: &'p Expr, depth: usize) -> Type<'p> {
    let Some(below) = depth.checked_sub(1) else {
        return Type::Any;
    };
    let mut of = |expr: &'p Expr| type_of(view, module, base, expr, below);
    match &expr.kind {
        ExprKind::Text(_) => Type::String,
        ExprKind::Bool(_) => Type::Boolean,
        ExprKind::Number { unit, value } => match (unit, value) {
            (Some(Unit::Bytes(_)), _) => Type::Bytes,
            (Some(Unit::Milliseconds(_)), _) => Type::Duration,
            (None, Number::Integer(_)) => Type::Integer,
            (None, Number::Float(_)) => Type::Float,
        },
        ExprKind::List(items) => Type::List(Rc::new(items.first().map_or(Type::Any, of))),
        ExprKind::Comprehension { element, .. } => Type::List(Rc::new(of(element))),
        ExprKind::Map(_) => Type::Map(Rc::new((Type::Any, Type::Any))),
        ExprKind::Range { .. } => Type::List(Rc::new(Type::Integer)),
        ExprKind::Chain(_) => view.compiler.prelude_type("Constraint").unwrap_or(Type::Any),
        ExprKind::If { value, .. } => of(value),
        ExprKind::Unary { op: UnaryOp::Not, .. } => Type::Boolean,
        ExprKind::Unary {
            op: UnaryOp::Negate,
            operand,
        } => of(operand),
        ExprKind::Binary { op, left, right, .. } => match op {
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Remainder | BinaryOp::FloorDivide => of(left),
            BinaryOp::Multiply => match of(left) {
                Type::Integer => of(right),
                known => known,
            },
            BinaryOp::Divide => Type::Any,
            _ => Type::Boolean,
        },
        ExprKind::Name(name) => match view.program.lookup(module, name) {
            Some(def) => match shape_within(view, def, below) {
                Shape::Value(ty) => ty,
                _ => Type::Any,
            },
            None => Type::Any,
        },
        ExprKind::Record { head, .. } => built(view, module, base, head, below),
        ExprKind::Call { callee, .. } => match &callee.kind {
            ExprKind::Field { base: value, name } if name.name == "bind" => of(value),
            ExprKind::Name(name) if view.program.lookup(module, name).is_none() => {
                match Function::find(name) {
                    Some(function) => view.type_of_library(function.gives),
                    None => Type::Any,
                }
            }
            _ => Type::Any,
        },
        ExprKind::Field { base: value, name } => field(view, module, base, value, &name.name, below),
        ExprKind::Index { base: value, .. } => match of(value).plain() {
            Type::List(element) => (**element).clone(),
            Type::Map(pair) => pair.1.clone(),
            _ => Type::Any,
        },
        ExprKind::Unset | ExprKind::Missing => Type::Any,
    }
}

/// What `head { .. }` gives.
fn built<'p>(view: &mut View<'p>, module: u32, base: Base, head: &'p Expr, depth: usize) -> Type<'p> {
    let of_def = |view: &mut View<'p>, def: Def| match shape_within(view, def, depth) {
        Shape::Struct(decl) => Type::Struct(decl.def, decl.name.clone()),
        Shape::Value(ty) => ty,
        _ => Type::Any,
    };
    match &head.kind {
        ExprKind::Name(name) => match view.program.lookup(module, name) {
            Some(def) => of_def(view, def),
            None => Type::Any,
        },
        ExprKind::Field { base: space, name } => match (&space.kind, name) {
            (ExprKind::Name(space), name) => match view.program.lookup(module, space) {
                Some(Def::Module(owner)) => {
                    let owner = view.program.modules.get(owner as usize);
                    match owner.and_then(|owner| owner.names.get(&name.name).copied()) {
                        Some(def) => of_def(view, def),
                        None => Type::Any,
                    }
                }
                _ => type_of(view, module, base, head, depth),
            },
            _ => type_of(view, module, base, head, depth),
        },
        _ => type_of(view, module, base, head, depth),
    }
}

/// What `value.name` gives.
fn field<'p>(
    view: &mut View<'p>,
    module: u32,
    base: Base,
    value: &'p Expr,
    name: &str,
    depth: usize,
) -> Type<'p> {
    if let ExprKind::Name(owner) = &value.kind {
        match view
            .program
            .lookup(module, owner)
            .map(|def| shape_within(view, def, depth))
        {
            Some(Shape::Enum(decl)) => return Type::Enum(decl),
            Some(Shape::Namespace(owner)) => {
                let owner = view.program.modules.get(owner as usize);
                return match owner.and_then(|owner| owner.names.get(name).copied()) {
                    Some(def) => match shape_within(view, def, depth) {
                        Shape::Value(ty) => ty,
                        _ => Type::Any,
                    },
                    None => Type::Any,
                };
            }
            _ => {}
        }
    }
    let ty = type_of(view, module, base, value, depth);
    match view.decl_of(&ty) {
        Some(decl) => {
            let found = decl.field(name).and_then(|at| decl.fields.get(at));
            found.map_or(Type::Any, |found| found.ty.clone())
        }
        None => Type::Any,
    }
}

/// Whether a value of one type fits where another is expected.
pub(super) fn fit<'p>(have: &Type<'p>, want: &Type<'p>) -> Fit {
    match (have, want) {
        (Type::Optional(have) | Type::Refined(have, _), want) => fit(have, want),
        (have, Type::Optional(want) | Type::Refined(want, _)) => fit(have, want),
        (_, Type::Any) | (Type::Any, _) => Fit::Maybe,
        (have, Type::Union(types)) => best(types.iter().map(|want| fit(have, want))),
        (Type::Union(types), want) => best(types.iter().map(|have| fit(have, want))).max(Fit::Maybe),
        (Type::Struct(have, _), Type::Struct(want, _)) => yes(have == want),
        (Type::Enum(have), Type::Enum(want)) => yes(have.def == want.def),
        (Type::List(have), Type::List(want)) => fit(have, want),
        // One order is as good as a list of one.
        (Type::Struct(_, name), Type::List(_)) if name == "Constraint" => Fit::Yes,
        (Type::Map(_), Type::Map(_)) => Fit::Yes,
        (Type::Map(_), Type::Struct(..)) => Fit::Maybe,
        (Type::String, Type::String)
        | (Type::Integer, Type::Integer | Type::Float | Type::Bytes | Type::Duration)
        | (Type::Float, Type::Float)
        | (Type::Boolean, Type::Boolean)
        | (Type::Bytes, Type::Bytes)
        | (Type::Duration, Type::Duration) => Fit::Yes,
        // A text is read as what is needed, and what is simple can be written into a text.
        (Type::String, want) if want.is_simple() => Fit::Maybe,
        (have, Type::String) if have.is_simple() => Fit::Maybe,
        _ => Fit::No,
    }
}

fn best(fits: impl Iterator<Item = Fit>) -> Fit {
    fits.min().unwrap_or(Fit::No)
}

fn yes(fits: bool) -> Fit {
    if fits { Fit::Yes } else { Fit::No }
}
