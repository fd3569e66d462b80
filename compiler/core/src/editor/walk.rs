//! Goes through the expressions of an item.

use aur_grammar::tree::{ExpectationKind, Expr, ExprKind, ItemKind, TypeExpr, TypeKind};

/// Calls `visit` for every expression of an item, the outer before the inner, in order of place.
pub(super) fn expressions<'t>(kind: &'t ItemKind, visit: &mut dyn FnMut(&'t Expr)) {
    match kind {
        ItemKind::Struct(item) => {
            for member in &item.members {
                of_type(&member.ty, visit);
                member.default.iter().for_each(|default| inside(default, visit));
            }
            item.checks
                .iter()
                .for_each(|check| inside(&check.condition, visit));
        }
        ItemKind::Alias { ty, .. } => of_type(ty, visit),
        ItemKind::Input { ty, default, .. } => {
            of_type(ty, visit);
            default.iter().for_each(|default| inside(default, visit));
        }
        ItemKind::Assign { ty, value, .. } => {
            ty.iter().for_each(|ty| of_type(ty, visit));
            inside(value, visit);
        }
        ItemKind::Check(check) => inside(&check.condition, visit),
        ItemKind::Test(test) => {
            for expectation in &test.expectations {
                match &expectation.kind {
                    ExpectationKind::Holds(expr) | ExpectationKind::Error { program: expr, .. } => {
                        inside(expr, visit);
                    }
                    ExpectationKind::Plan { program, snapshot } => {
                        inside(program, visit);
                        inside(snapshot, visit);
                    }
                }
            }
        }
        ItemKind::Include { .. } | ItemKind::Enum { .. } | ItemKind::Broken => {}
    }
}

fn of_type<'t>(ty: &'t TypeExpr, visit: &mut dyn FnMut(&'t Expr)) {
    match &ty.kind {
        TypeKind::Name { args: types, .. } | TypeKind::Union(types) => {
            types.iter().for_each(|ty| of_type(ty, visit));
        }
        TypeKind::Optional(inner) => of_type(inner, visit),
        TypeKind::Where { base, rule } => {
            of_type(base, visit);
            inside(rule, visit);
        }
        TypeKind::Missing => {}
    }
}

/// The parser bounds how deep expressions go, but a chain of operators is a tree as deep as it is long.
fn inside<'t>(expr: &'t Expr, visit: &mut dyn FnMut(&'t Expr)) {
    stacker::maybe_grow(64 << 10, 1 << 20, || {
        visit(expr);
        children(expr, &mut |child| inside(child, visit));
    });
}

fn children<'t>(expr: &'t Expr, each: &mut dyn FnMut(&'t Expr)) {
    match &expr.kind {
        ExprKind::Name(_)
        | ExprKind::Text(_)
        | ExprKind::Number { .. }
        | ExprKind::Bool(_)
        | ExprKind::Unset
        | ExprKind::Missing => {}
        ExprKind::List(items) | ExprKind::Chain(items) => items.iter().for_each(each),
        ExprKind::Comprehension { element, clauses } => {
            each(element);
            for clause in clauses {
                each(&clause.list);
                clause.condition.iter().for_each(&mut *each);
            }
        }
        ExprKind::Map(pairs) => pairs.iter().for_each(|pair| each(&pair.value)),
        ExprKind::Record { head, fields } => {
            each(head);
            fields.iter().for_each(|field| each(&field.value));
        }
        ExprKind::Call { callee, args } => {
            each(callee);
            args.iter().for_each(|arg| each(&arg.value));
        }
        ExprKind::Field { base, .. } => each(base),
        ExprKind::Index { base, index } => {
            each(base);
            each(index);
        }
        ExprKind::Unary { operand, .. } => each(operand),
        ExprKind::Binary { left, right, .. } => {
            each(left);
            each(right);
        }
        ExprKind::If {
            value,
            condition,
            otherwise,
        } => {
            each(value);
            each(condition);
            each(otherwise);
        }
        ExprKind::Range { low, high } => {
            low.iter().for_each(|low| each(low));
            high.iter().for_each(|high| each(high));
        }
    }
}
