//! What is offered is what the compiler knows, and all of it.

use std::collections::BTreeSet;

use aur_ir::LateName;

use super::*;
use crate::words;

#[test]
fn runtime_names_are_those_that_are_known_when_running() {
    let offered: BTreeSet<&str> = RUNTIME.iter().map(|(name, _)| *name).collect();
    let known = words::RUNTIME_NAMES.iter().map(|name| match *name {
        "ports" => "aur.ports[name]".to_string(),
        name => format!("aur.{name}"),
    });
    assert_eq!(
        offered,
        known.collect::<Vec<_>>().iter().map(String::as_str).collect()
    );
    for (name, _) in RUNTIME {
        let read = LateName::parse(name).map(|read| read.to_string());
        assert_eq!(read.as_deref(), Some(name));
    }
}

#[test]
fn old_runtime_names_are_all_that_are_accepted() {
    let spaces = ["mesos", "thermos"];
    let names = RUNTIME
        .iter()
        .filter_map(|(name, doc)| Some((name.strip_prefix("aur.")?, *doc)));
    let old = names.flat_map(|(name, doc)| spaces.map(|space| (format!("{space}.{name}"), doc)));
    let accepted: BTreeSet<(String, &str)> =
        old.filter(|(name, _)| LateName::parse(name).is_some()).collect();
    let offered = OLD_RUNTIME.iter().map(|(name, doc)| (name.to_string(), *doc));
    assert_eq!(offered.collect::<BTreeSet<_>>(), accepted);
}

#[test]
fn filters_are_those_that_texts_can_have() {
    let offered: BTreeSet<String> = filters().into_iter().map(|item| item.label).collect();
    assert_eq!(offered, words::filters().collect());
}
