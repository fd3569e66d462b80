//! Goes through the tree of an item, whatever stands in it.
//!
//! Keeps its own stack, so depth costs nothing; parents come before their children, children in the order
//! in which they are written.

use aur_grammar::tree::{
    Annotation, Arg, CheckRule, Clause, Expectation, ExpectationKind, Expr, ExprKind, Field, ItemKind,
    ItemNode, Key, Member, Mustache, Pair, Range, Step, Text, TextPart, TypeExpr, TypeKind,
};

/// A part of an item.
#[derive(Clone, Copy)]
pub(super) enum Node<'t> {
    Annotation(&'t Annotation),
    Member(&'t Member),
    Check(&'t CheckRule),
    Expectation(&'t Expectation),
    Type(&'t TypeExpr),
    Expr(&'t Expr),
    Field(&'t Field),
    Pair(&'t Pair),
    Arg(&'t Arg),
    Clause(&'t Clause),
    Text(&'t Text),
    Mustache(&'t Mustache),
}

/// Whether to look into a part.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Go {
    Inside,
    Past,
}

impl<'t> Node<'t> {
    /// Where the part is written, counted from the start of its item.
    pub(super) fn range(self) -> Range {
        match self {
            Node::Annotation(annotation) => annotation.range,
            Node::Member(member) => member.range,
            Node::Check(check) => check.range,
            Node::Expectation(expectation) => expectation.range,
            Node::Type(ty) => ty.range,
            Node::Expr(expr) => expr.range,
            Node::Field(field) => field.range,
            Node::Pair(pair) => pair.range,
            Node::Arg(arg) => arg.range,
            Node::Clause(clause) => {
                let end = clause.condition.as_ref().unwrap_or(&clause.list).range.end;
                Range::new(clause.name.range.start, end)
            }
            Node::Text(text) => text.range,
            Node::Mustache(mustache) => mustache.range,
        }
    }

    fn children(self, out: &mut Vec<Node<'t>>) {
        match self {
            Node::Annotation(annotation) => out.extend(annotation.args.iter().map(Node::Arg)),
            Node::Member(member) => {
                out.extend(member.annotations.iter().map(Node::Annotation));
                out.push(Node::Type(&member.ty));
                out.extend(member.default.iter().map(Node::Expr));
            }
            Node::Check(check) => {
                out.push(Node::Expr(&check.condition));
                out.extend(check.message.iter().map(Node::Text));
            }
            Node::Expectation(expectation) => match &expectation.kind {
                ExpectationKind::Holds(condition) => out.push(Node::Expr(condition)),
                ExpectationKind::Error { program, .. } => out.push(Node::Expr(program)),
                ExpectationKind::Plan { program, snapshot } => {
                    out.extend([Node::Expr(program), Node::Expr(snapshot)]);
                }
            },
            Node::Type(ty) => match &ty.kind {
                TypeKind::Name { args, .. } => out.extend(args.iter().map(Node::Type)),
                TypeKind::Optional(inner) => out.push(Node::Type(inner)),
                TypeKind::Union(types) => out.extend(types.iter().map(Node::Type)),
                TypeKind::Where { base, rule } => out.extend([Node::Type(base), Node::Expr(rule)]),
                TypeKind::Missing => {}
            },
            Node::Expr(expr) => expr_children(expr, out),
            Node::Field(field) => {
                out.extend(field.path.iter().filter_map(|step| match step {
                    Step::Key(text) => Some(Node::Text(text)),
                    Step::Name(_) => None,
                }));
                out.push(Node::Expr(&field.value));
            }
            Node::Pair(pair) => {
                if let Key::Text(text) = &pair.key {
                    out.push(Node::Text(text));
                }
                out.push(Node::Expr(&pair.value));
            }
            Node::Arg(arg) => out.push(Node::Expr(&arg.value)),
            Node::Clause(clause) => {
                out.push(Node::Expr(&clause.list));
                out.extend(clause.condition.iter().map(Node::Expr));
            }
            Node::Text(text) => out.extend(text.parts.iter().filter_map(|part| match part {
                TextPart::Mustache(mustache) => Some(Node::Mustache(mustache)),
                TextPart::Literal { .. } => None,
            })),
            Node::Mustache(_) => {}
        }
    }
}

fn expr_children<'t>(expr: &'t Expr, out: &mut Vec<Node<'t>>) {
    match &expr.kind {
        ExprKind::Text(text) => out.push(Node::Text(text)),
        ExprKind::List(elements) | ExprKind::Chain(elements) => out.extend(elements.iter().map(Node::Expr)),
        ExprKind::Comprehension { element, clauses } => {
            out.push(Node::Expr(element));
            out.extend(clauses.iter().map(Node::Clause));
        }
        ExprKind::Map(pairs) => out.extend(pairs.iter().map(Node::Pair)),
        ExprKind::Record { head, fields } => {
            out.push(Node::Expr(head));
            out.extend(fields.iter().map(Node::Field));
        }
        ExprKind::Call { callee, args } => {
            out.push(Node::Expr(callee));
            out.extend(args.iter().map(Node::Arg));
        }
        ExprKind::Field { base, .. } => out.push(Node::Expr(base)),
        ExprKind::Index { base, index } => out.extend([Node::Expr(base), Node::Expr(index)]),
        ExprKind::Unary { operand, .. } => out.push(Node::Expr(operand)),
        ExprKind::Binary { left, right, .. } => out.extend([Node::Expr(left), Node::Expr(right)]),
        ExprKind::If {
            value,
            condition,
            otherwise,
        } => out.extend([Node::Expr(value), Node::Expr(condition), Node::Expr(otherwise)]),
        ExprKind::Range { low, high } => {
            out.extend(low.iter().chain(high).map(|end| Node::Expr(end)));
        }
        ExprKind::Name(_)
        | ExprKind::Number { .. }
        | ExprKind::Bool(_)
        | ExprKind::Unset
        | ExprKind::Missing => {}
    }
}

/// Visits all parts of an item.
pub(super) fn walk<'t>(item: &'t ItemNode, visit: impl FnMut(Node<'t>) -> Go) {
    let mut roots: Vec<Node<'t>> = item.annotations.iter().map(Node::Annotation).collect();
    match &item.kind {
        ItemKind::Include { path, .. } => roots.push(Node::Text(path)),
        ItemKind::Struct(declared) => {
            roots.extend(declared.members.iter().map(Node::Member));
            roots.extend(declared.checks.iter().map(Node::Check));
        }
        ItemKind::Alias { ty, .. } => roots.push(Node::Type(ty)),
        ItemKind::Input { ty, default, .. } => {
            roots.push(Node::Type(ty));
            roots.extend(default.iter().map(Node::Expr));
        }
        ItemKind::Assign { ty, value, .. } => {
            roots.extend(ty.iter().map(Node::Type));
            roots.push(Node::Expr(value));
        }
        ItemKind::Check(check) => roots.push(Node::Check(check)),
        ItemKind::Test(test) => {
            roots.push(Node::Text(&test.name));
            roots.extend(test.expectations.iter().map(Node::Expectation));
        }
        ItemKind::Enum { .. } | ItemKind::Broken => {}
    }
    walk_from(roots, visit);
}

/// Visits some parts and all that stands in them.
pub(super) fn walk_from<'t>(roots: Vec<Node<'t>>, mut visit: impl FnMut(Node<'t>) -> Go) {
    let mut stack = roots;
    stack.reverse();
    let mut children = Vec::new();
    while let Some(node) = stack.pop() {
        if visit(node) == Go::Inside {
            node.children(&mut children);
            stack.extend(children.drain(..).rev());
        }
    }
}
