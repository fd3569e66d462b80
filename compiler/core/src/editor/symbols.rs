//! The outline of a file: what is declared, and the jobs, tasks and processes written within values.

use std::collections::HashMap;

use aur_grammar::tree::{
    Annotation, Expr, ExprKind, Ident, Item, ItemKind, Member, Range, Text, TextPart, TypeExpr,
};

use super::Document;
use super::walk::{Go, Node, walk_from};

/// Something that has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// The name; never empty.
    pub name: String,
    /// A type, or what a job, task or process calls itself.
    pub detail: Option<String>,
    /// What it is.
    pub kind: SymbolKind,
    /// Whether its author asks not to use it any more.
    pub is_deprecated: bool,
    /// First byte of the whole, doc comment included, and first byte behind it.
    pub range: (u32, u32),
    /// Where the name is written; within `range`.
    pub name_range: (u32, u32),
    /// What stands within it, in order.
    pub children: Vec<Symbol>,
}

/// The kinds of things that have names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolKind {
    /// `struct`
    Struct,
    /// A member of a struct.
    Field,
    /// `enum`
    Enum,
    /// A member of an enum.
    EnumMember,
    /// `type`
    Alias,
    /// `input`
    Input,
    /// A value that is none of the following.
    Value,
    /// A job.
    Job,
    /// A task.
    Task,
    /// A process.
    Process,
    /// The name behind `as` of an include.
    Namespace,
    /// `test`
    Test,
}

/// How many copies of copies are followed to learn what a value is.
const STEPS: usize = 16;

/// Lists what a file declares, in order.
pub fn symbols(document: &Document) -> Vec<Symbol> {
    let items = &document.tree().items;
    let assigned = items.iter().filter_map(|item| match &item.node.kind {
        ItemKind::Assign { name, value, .. } => Some((name.name.as_str(), value)),
        _ => None,
    });
    let file = File {
        text: document.text(),
        values: assigned.collect(),
    };
    items.iter().filter_map(|item| file.item(item)).collect()
}

struct File<'t> {
    text: &'t str,
    values: HashMap<&'t str, &'t Expr>,
}

impl<'t> File<'t> {
    fn item(&self, item: &'t Item) -> Option<Symbol> {
        let base = item.offset;
        let mut children = Vec::new();
        let mut detail = None;
        let (name, kind) = match &item.node.kind {
            ItemKind::Struct(declared) => {
                let members = declared.members.iter();
                children.extend(members.filter_map(|member| self.member(member, base)));
                (&declared.name, SymbolKind::Struct)
            }
            ItemKind::Enum { name, members, .. } => {
                let symbol = |member: &Ident| named(member, None, SymbolKind::EnumMember, member.range, base);
                children.extend(members.iter().filter_map(symbol));
                (name, SymbolKind::Enum)
            }
            ItemKind::Alias { name, ty } => {
                detail = self.type_text(ty, base);
                (name, SymbolKind::Alias)
            }
            ItemKind::Input { name, ty, .. } => {
                detail = self.type_text(ty, base);
                (name, SymbolKind::Input)
            }
            ItemKind::Assign { name, value, ty } => {
                let role = self.role(value, STEPS);
                detail = match role {
                    Some(_) => own_name(value).map(|text| self.content(text, base)),
                    None => ty.as_ref().and_then(|ty| self.type_text(ty, base)),
                };
                children = self.within(value, base, role.is_some());
                (name, role.unwrap_or(SymbolKind::Value))
            }
            ItemKind::Include {
                path,
                alias: Some(alias),
            } => {
                detail = Some(self.content(path, base));
                (alias, SymbolKind::Namespace)
            }
            ItemKind::Test(test) => return self.test(item, &test.name),
            ItemKind::Include { alias: None, .. } | ItemKind::Check(_) | ItemKind::Broken => return None,
        };
        let mut symbol = named(name, detail, kind, item.node.range, base)?;
        symbol.is_deprecated = is_deprecated(&item.node.annotations);
        symbol.children = children;
        Some(symbol)
    }

    fn member(&self, member: &Member, base: u32) -> Option<Symbol> {
        let detail = self.type_text(&member.ty, base);
        let mut symbol = named(&member.name, detail, SymbolKind::Field, member.range, base)?;
        symbol.is_deprecated = is_deprecated(&member.annotations);
        Some(symbol)
    }

    fn test(&self, item: &Item, name: &Text) -> Option<Symbol> {
        let shown = self.content(name, item.offset);
        (!shown.is_empty()).then(|| Symbol {
            name: shown,
            detail: None,
            kind: SymbolKind::Test,
            is_deprecated: false,
            range: place(item.node.range, item.offset),
            name_range: within(name.range, item.node.range, item.offset),
            children: Vec::new(),
        })
    }

    /// What a value is, as far as its own file says.
    fn role(&self, value: &Expr, steps: usize) -> Option<SymbolKind> {
        let mut value = value;
        for _ in 0..steps {
            value = match &value.kind {
                ExprKind::Record { head, .. } => match &head.kind {
                    ExprKind::Name(name) => match builtin_role(name) {
                        Some(role) => return Some(role),
                        None => self.values.get(name.as_str())?,
                    },
                    _ => head,
                },
                ExprKind::Call { .. } => bound(value)?,
                ExprKind::Name(name) => self.values.get(name.as_str())?,
                _ => return None,
            };
        }
        None
    }

    /// The jobs, tasks and processes written within a value; the value itself is left out if it is one.
    fn within(&self, value: &'t Expr, base: u32, skips_own: bool) -> Vec<Symbol> {
        let mut found = Vec::new();
        let own = if skips_own { record_of(value) } else { None };
        walk_from(vec![Node::Expr(value)], |node| {
            let Node::Expr(expr) = node else {
                return Go::Inside;
            };
            let ExprKind::Record { head, .. } = &expr.kind else {
                return Go::Inside;
            };
            if own.is_some_and(|own| std::ptr::eq(own, expr)) {
                return Go::Inside;
            }
            let Some(kind) = self.role(expr, STEPS) else {
                return Go::Inside;
            };
            let name = own_name(expr);
            let shown = name.map(|name| self.content(name, base)).unwrap_or_default();
            let (shown, at) = match name {
                Some(name) if !shown.is_empty() => (shown, name.range),
                _ => (self.slice(head.range, base).to_string(), head.range),
            };
            if shown.is_empty() {
                return Go::Inside;
            }
            found.push(Symbol {
                name: shown,
                detail: None,
                kind,
                is_deprecated: false,
                range: place(expr.range, base),
                name_range: within(at, expr.range, base),
                children: self.within(expr, base, true),
            });
            Go::Past
        });
        found
    }

    fn slice(&self, range: Range, base: u32) -> &'t str {
        let (start, end) = place(range, base);
        self.text.get(start as usize..end as usize).unwrap_or("")
    }

    fn type_text(&self, ty: &TypeExpr, base: u32) -> Option<String> {
        let shown = one_line(self.slice(ty.range, base));
        (!shown.is_empty()).then_some(shown)
    }

    /// The first line of a text, mustaches as they are written.
    fn content(&self, text: &Text, base: u32) -> String {
        let parts = text.parts.iter().map(|part| match part {
            TextPart::Literal { text, .. } => text,
            TextPart::Mustache(mustache) => self.slice(mustache.range, base),
        });
        one_line(&parts.collect::<String>())
    }
}

fn one_line(text: &str) -> String {
    text.trim().lines().next().unwrap_or("").trim_end().to_string()
}

fn builtin_role(name: &str) -> Option<SymbolKind> {
    match name {
        "Job" | "Service" => Some(SymbolKind::Job),
        "Task" | "SequentialTask" | "SimpleTask" => Some(SymbolKind::Task),
        "Process" => Some(SymbolKind::Process),
        _ => None,
    }
}

/// The value that `value.bind(..)` binds.
fn bound(value: &Expr) -> Option<&Expr> {
    let ExprKind::Call { callee, .. } = &value.kind else {
        return None;
    };
    match &callee.kind {
        ExprKind::Field { base, name } if name.name == "bind" => Some(base),
        _ => None,
    }
}

/// The record that a value is, bound or not.
fn record_of(value: &Expr) -> Option<&Expr> {
    let mut value = value;
    while let Some(inner) = bound(value) {
        value = inner;
    }
    matches!(value.kind, ExprKind::Record { .. }).then_some(value)
}

/// The text of the field `name` of a record.
fn own_name(value: &Expr) -> Option<&Text> {
    let ExprKind::Record { fields, .. } = &record_of(value)?.kind else {
        return None;
    };
    fields
        .iter()
        .filter(|field| field.path.is_empty() && field.name.name == "name")
        .find_map(|field| match &field.value.kind {
            ExprKind::Text(text) => Some(text),
            _ => None,
        })
}

fn is_deprecated(annotations: &[Annotation]) -> bool {
    annotations
        .iter()
        .any(|annotation| annotation.name.name == "deprecated")
}

fn named(name: &Ident, detail: Option<String>, kind: SymbolKind, whole: Range, base: u32) -> Option<Symbol> {
    (!name.name.is_empty()).then(|| Symbol {
        name: name.name.to_string(),
        detail,
        kind,
        is_deprecated: false,
        range: place(whole, base),
        name_range: within(name.range, whole, base),
        children: Vec::new(),
    })
}

fn place(range: Range, base: u32) -> (u32, u32) {
    (base + range.start, base + range.end)
}

/// The part of a range that lies within another; repairs may put a name outside of what it names.
fn within(inner: Range, outer: Range, base: u32) -> (u32, u32) {
    let start = inner.start.clamp(outer.start, outer.end);
    let end = inner.end.clamp(start, outer.end);
    (base + start, base + end)
}
