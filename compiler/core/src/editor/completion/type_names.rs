//! Types that can be named.

use super::{Completion, CompletionKind};
use crate::ENTRY_MODULE;
use crate::doc::deprecated;
use crate::editor::frames::Bytes;
use crate::editor::view::{View, one_line, written};
use crate::program::Def;
use aur_grammar::tree::ItemKind;

const BASIC: [(&str, &str, &str); 8] = [
    ("String", "text", "String"),
    ("Integer", "a number without a fraction", "Integer"),
    ("Float", "a number", "Float"),
    ("Boolean", "`true` or `false`", "Boolean"),
    ("Bytes", "a size, such as `64MB`", "Bytes"),
    ("Duration", "a time, such as `30s`", "Duration"),
    ("List", "values of one type", "List[${1:String}]"),
    ("Map", "values by key", "Map[${1:String}, ${2:String}]"),
];

/// Offers every type that is visible: the basic ones, those of the program, those of the library.
pub(super) fn offer(view: &View<'_>) -> Vec<Completion> {
    let mut out = Vec::new();
    for (rank, (name, doc, snippet)) in BASIC.into_iter().enumerate() {
        let item = Completion::new(name, CompletionKind::Type, 100 + rank as u32).doc(Some(doc));
        let plain = snippet.replace("${1:", "").replace("${2:", "").replace('}', "");
        out.push(item.insert(plain).snippet(snippet));
    }
    for name in view.program.visible(ENTRY_MODULE) {
        let Some(def) = view.program.lookup(ENTRY_MODULE, name) else {
            continue;
        };
        match def {
            Def::Module(module) => out.extend(of_namespace(view, &format!("{name}."), module)),
            Def::Item { .. } => {
                let rank = if view.is_library(def) { 200 } else { 0 };
                out.extend(named(view, name, def, rank));
            }
        }
    }
    out
}

/// Offers the types of an included file.
pub(super) fn members(view: &View<'_>, space: Bytes) -> Vec<Completion> {
    match view.program.lookup(ENTRY_MODULE, space.of(view.cursor.text)) {
        Some(Def::Module(module)) => of_namespace(view, "", module),
        _ => Vec::new(),
    }
}

fn of_namespace(view: &View<'_>, before: &str, module: u32) -> Vec<Completion> {
    let names = view
        .program
        .modules
        .get(module as usize)
        .map(|module| &module.names);
    let names = names.into_iter().flatten();
    names
        .filter_map(|(name, def)| named(view, &format!("{before}{name}"), *def, 50))
        .collect()
}

fn named(view: &View<'_>, name: &str, def: Def, rank: u32) -> Option<Completion> {
    let Def::Item { module, item } = def else {
        return None;
    };
    let (item, base) = view.program.item(module, item)?;
    let detail = match &item.node.kind {
        ItemKind::Struct(_) => "struct".to_string(),
        ItemKind::Enum { members, .. } => {
            let members: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
            format!("enum {{ {} }}", members.join(", "))
        }
        ItemKind::Alias { ty, .. } => written(view.program, base, ty.range),
        _ => return None,
    };
    // A type that is being declared may hold itself, an alias may not.
    let own = view.frame(0).and_then(|frame| frame.name);
    let is_own = own.is_some_and(|own| own.of(view.cursor.text) == name);
    if is_own && matches!(item.node.kind, ItemKind::Alias { .. }) {
        return None;
    }
    let gone = deprecated(&item.node.annotations);
    let rank = if gone.is_some() { 900 } else { rank };
    let mut out = Completion::new(name, CompletionKind::Type, rank)
        .detail(one_line(&detail))
        .doc(item.node.doc.as_deref());
    out.deprecated = gone;
    Some(out)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_type_without_a_declaration_is_offered() {
        let offered: BTreeSet<&str> = BASIC.iter().map(|(name, ..)| *name).collect();
        assert_eq!(offered, crate::words::TYPES.iter().copied().collect());
    }

    #[test]
    fn what_is_filled_in_is_a_type() {
        for (name, _, snippet) in BASIC {
            let plain = snippet.replace("${1:", "").replace("${2:", "").replace('}', "");
            assert!(plain.starts_with(name), "{plain}");
            let item = aur_grammar::parse_item(&format!("type T = {plain}"));
            assert!(item.errors.is_empty(), "{plain}: {:?}", item.errors);
        }
    }
}
