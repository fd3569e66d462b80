//! What an editor may show between the words: types that are not written, texts with everything filled in,
//! and sizes in larger units.

use std::collections::BTreeMap;

use aur_grammar::tree::{Expr, ExprKind, ItemKind};

use super::hover::{quantity, type_told};
use super::meaning::{Area, Depth, Here, With, gather};
use super::walk::{Go, Node, walk};
use crate::eval::Compiler;
use crate::facts::Facts;
use crate::program::Def;
use crate::value::{Base, Kind};
use crate::{Given, Sources};

/// A text to show behind a byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Behind this byte of the entry file.
    pub at: u32,
    /// What to show.
    pub text: String,
    /// What it says.
    pub kind: HintKind,
}

/// What a hint says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HintKind {
    /// The type of a name.
    Type,
    /// What a text becomes.
    Resolved,
    /// A quantity in another unit.
    Quantity,
}

/// A longer text is cut: a hint is a glance.
const SHOWN: usize = 60;

/// Finds the hints between two bytes of the entry file, in order of place.
pub fn hints(host: &dyn Sources, entry: &str, given: &Given, start: u32, end: u32) -> Vec<Hint> {
    let area = Area::Within(entry, start, end);
    let with = With::depth(Depth::Program);
    let found = gather(host, entry, given, area, with, |compiler, facts, here| {
        let mut out = written(compiler, here, start, end);
        out.extend(resolved(facts));
        out.retain(|hint| (start..=end).contains(&hint.at));
        out.sort_by_key(|hint| hint.at);
        out
    });
    found.unwrap_or_default()
}

/// Types and quantities.
fn written(compiler: &mut Compiler<'_>, here: Here, start: u32, end: u32) -> Vec<Hint> {
    let mut out = Vec::new();
    let Some(module) = compiler.program.modules.get(here.module as usize) else {
        return out;
    };
    for (index, item) in (0u32..).zip(&module.tree.items) {
        let base = Base {
            file: here.file,
            offset: item.offset,
        };
        if item.offset > end || item.offset + item.node.range.end < start {
            continue;
        }
        if let ItemKind::Assign {
            name,
            ty: None,
            value,
        } = &item.node.kind
            && !is_plain(value)
            && !matches!(name.name.as_str(), "jobs" | "hooks")
        {
            let def = Def::Item {
                module: here.module,
                item: index,
            };
            let found = compiler.assigned(def).kind;
            if !matches!(found, Kind::Poison) {
                out.push(Hint {
                    at: base.span(name.range).end,
                    text: format!(": {}", type_told(&found)),
                    kind: HintKind::Type,
                });
            }
        }
        walk(&item.node, |node| {
            if let Node::Expr(expr) = node
                && let ExprKind::Number { value, unit } = &expr.kind
                && let Some(text) = quantity(*value, *unit)
                && let Some((_, larger)) = text.split_once(" = ")
                && !is_as_written(compiler.program.sources.text(base.span(expr.range)), larger)
            {
                out.push(Hint {
                    at: base.span(expr.range).end,
                    text: format!("= {larger}"),
                    kind: HintKind::Quantity,
                });
            }
            Go::Inside
        });
    }
    out
}

/// Whether a value says its type itself.
fn is_plain(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Text(_)
        | ExprKind::Number { .. }
        | ExprKind::Bool(_)
        | ExprKind::Unset
        | ExprKind::Map(_)
        | ExprKind::Missing => true,
        ExprKind::Record { head, .. } => {
            matches!(&head.kind, ExprKind::Name(name) if name.starts_with(|first: char| first.is_ascii_uppercase()))
        }
        ExprKind::List(items) => items.iter().all(is_plain),
        _ => false,
    }
}

/// Whether the number in front is the same: `2GB` needs nobody to say that it is 2 GiB.
fn is_as_written(written: &str, larger: &str) -> bool {
    let number = |text: &str| {
        let end = text.find(|character: char| !character.is_ascii_digit() && character != '.');
        text.get(..end.unwrap_or(text.len())).unwrap_or("").to_string()
    };
    number(written) == number(larger)
}

/// Texts that are the same wherever they are used.
fn resolved(facts: &Facts) -> Vec<Hint> {
    // What a text becomes, or nothing where jobs differ.
    let mut same: BTreeMap<u32, Option<&str>> = BTreeMap::new();
    for own in facts.texts.iter().filter(|own| own.job.is_some()) {
        let known = same.entry(own.at.end).or_insert(Some(&own.text));
        *known = known.filter(|text| *text == own.text);
    }
    let hint = |(at, text): (u32, Option<&str>)| {
        Some(Hint {
            at,
            text: format!("= {}", glance(text?)),
            kind: HintKind::Resolved,
        })
    };
    same.into_iter().filter_map(hint).collect()
}

fn glance(text: &str) -> String {
    let line = text.trim().split('\n').next().unwrap_or("");
    let cut: String = line.chars().take(SHOWN).collect();
    let is_whole = cut.len() == text.trim().len();
    format!("\"{cut}\"{}", if is_whole { "" } else { ".." })
}
