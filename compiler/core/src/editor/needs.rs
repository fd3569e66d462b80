//! Which names of the entry file need another, or something of another file.

use aur_diagnostics::FileId;
use aur_grammar::tree::{Expr, ExprKind, Item, ItemKind};
use rustc_hash::FxHashSet;
use smol_str::SmolStr;

use super::meaning::{Here, item_at};
use super::walk::{Go, Node, walk_from};
use crate::ENTRY_MODULE;
use crate::program::{Def, Program, item_name};
use crate::value::Base;

/// The entry file is the first of a program.
pub(crate) const ENTRY_FILE: FileId = FileId(0);

/// The item of the entry file that a byte belongs to.
pub(crate) fn entry_item(program: &Program, offset: u32) -> Option<(u32, &Item)> {
    let here = Here {
        module: ENTRY_MODULE,
        file: ENTRY_FILE,
    };
    item_at(program, here, offset)
}

/// `name`, and every name whose value needs it, by way of others too.
pub(super) fn dependents(program: &Program, name: &str) -> FxHashSet<SmolStr> {
    let mut found: FxHashSet<SmolStr> = [SmolStr::from(name)].into_iter().collect();
    let Some(owner) = program.modules.get(ENTRY_MODULE as usize) else {
        return found;
    };
    let mut open: Vec<SmolStr> = vec![name.into()];
    while let Some(name) = open.pop() {
        let one: FxHashSet<SmolStr> = [name.clone()].into_iter().collect();
        for (own, def) in &owner.names {
            let Def::Item { module, item } = def else { continue };
            if *module != ENTRY_MODULE || found.contains(own) {
                continue;
            }
            let Some((item, base)) = program.item(*module, *item) else {
                continue;
            };
            // Most items do not hold the letters at all.
            let text = program.sources.text(base.span(item.node.range));
            if text.contains(name.as_str()) && item_names_any(&item.node.kind, &one) {
                found.insert(own.clone());
                open.push(own.clone());
            }
        }
    }
    found
}

/// The names of the entry file that need the item at a byte of a file; nothing where the item has no name.
pub(super) fn dependents_at(program: &Program, here: Here, offset: u32) -> FxHashSet<SmolStr> {
    let item = item_at(program, here, offset);
    match item.and_then(|(_, item)| item_name(&item.node.kind)) {
        Some(name) if here.module == ENTRY_MODULE => dependents(program, &name.name),
        Some(name) => dependents_by_letters(program, &name.name),
        None => FxHashSet::default(),
    }
}

/// Whether a mustache of the entry file may ask for one of some names. It may be said too often, never too
/// seldom.
pub(super) fn are_asked_for(program: &Program, names: &FxHashSet<SmolStr>) -> bool {
    let Some(file) = program.sources.get(ENTRY_FILE) else {
        return false;
    };
    let mut mustaches = file.text().split("{{").skip(1);
    mustaches.any(|rest| {
        let word = rest.trim_start_matches(|c: char| c.is_whitespace() || "#^/&{".contains(c));
        let end = word
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(word.len());
        names.contains(word.get(..end).unwrap_or(""))
    })
}

/// The same over all files, names told apart by their letters alone: what is found may be too much.
fn dependents_by_letters(program: &Program, name: &str) -> FxHashSet<SmolStr> {
    let own_modules = program.modules.iter().skip(ENTRY_MODULE as usize);
    let mut found: FxHashSet<SmolStr> = [SmolStr::from(name)].into_iter().collect();
    let mut open: Vec<SmolStr> = vec![name.into()];
    while let Some(name) = open.pop() {
        let one: FxHashSet<SmolStr> = [name.clone()].into_iter().collect();
        let holds = |def: &Def| {
            let Def::Module(module) = def else { return false };
            let owner = program.modules.get(*module as usize);
            owner.is_some_and(|owner| owner.names.contains_key(&name))
        };
        for owner in own_modules.clone() {
            // What is read as `space.name` needs the name of the space.
            let spaces = owner.names.iter().filter(|(_, def)| holds(def));
            let spaces = spaces.map(|(space, _)| space.clone());
            let items = owner.tree.items.iter().filter_map(|item| {
                let own = item_name(&item.node.kind)?;
                let base = Base {
                    file: owner.file,
                    offset: item.offset,
                };
                let text = program.sources.text(base.span(item.node.range));
                let needs = text.contains(name.as_str()) && item_names_any(&item.node.kind, &one);
                needs.then(|| own.name.clone())
            });
            for own in spaces.chain(items) {
                if found.insert(own.clone()) {
                    open.push(own);
                }
            }
        }
    }
    found
}

fn item_names_any(kind: &ItemKind, names: &FxHashSet<SmolStr>) -> bool {
    match kind {
        ItemKind::Assign { value, .. } => names_any(value, names),
        ItemKind::Input { default, .. } => default.as_ref().is_some_and(|own| names_any(own, names)),
        ItemKind::Struct(item) => item
            .members
            .iter()
            .filter_map(|member| member.default.as_ref())
            .any(|own| names_any(own, names)),
        _ => false,
    }
}

/// Whether an expression uses one of some names.
pub(crate) fn names_any(expr: &Expr, names: &FxHashSet<SmolStr>) -> bool {
    let mut is_found = false;
    walk_from(vec![Node::Expr(expr)], |node| {
        if let Node::Expr(Expr {
            kind: ExprKind::Name(name),
            ..
        }) = node
        {
            is_found |= names.contains(name);
        }
        match (is_found, node) {
            (true, _) | (_, Node::Text(_)) => Go::Past,
            _ => Go::Inside,
        }
    });
    is_found
}
