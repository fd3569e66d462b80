//! The reference of a program, from its doc comments.
//!
//! A heading has the same anchor whatever else there is in the program: the path of the file and the name.

mod html;
mod markdown;

use std::collections::BTreeMap;

use aur_compiler::{FileDoc, ItemDoc, ItemDocKind};

pub use html::html;
pub use markdown::markdown;

/// Where each type is described, by name. A name of several files leads to the first.
struct Anchors<'a>(BTreeMap<&'a str, String>);

impl<'a> Anchors<'a> {
    fn new(files: &'a [FileDoc]) -> Self {
        let mut found = BTreeMap::new();
        for file in files {
            for item in file.items.iter().filter(|item| is_type(&item.kind)) {
                found
                    .entry(item.name.as_str())
                    .or_insert_with(|| anchor(&file.path, &item.name));
            }
        }
        Self(found)
    }

    /// A type as written, in pieces; those that name a described type come with its anchor.
    fn pieces<'t>(&self, type_text: &'t str) -> Vec<(&'t str, Option<&str>)> {
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let mut pieces = Vec::new();
        let mut rest = type_text;
        while let Some(first) = rest.chars().next() {
            if matches!(first, '"' | '\'') {
                // What a refinement quotes names no type.
                let end = rest.get(1..).and_then(|inner| inner.find(first));
                let (text, behind) = rest.split_at(end.map_or(rest.len(), |end| end + 2));
                pieces.push((text, None));
                rest = behind;
                continue;
            }
            let is_own = is_word(first);
            let end = rest.find(|letter| is_word(letter) != is_own || matches!(letter, '"' | '\''));
            let (text, behind) = rest.split_at(end.unwrap_or(rest.len()));
            pieces.push((text, self.0.get(text).map(String::as_str)));
            rest = behind;
        }
        pieces
    }
}

fn is_type(kind: &ItemDocKind) -> bool {
    match kind {
        ItemDocKind::Struct { .. } | ItemDocKind::Enum(_) | ItemDocKind::Alias(_) => true,
        ItemDocKind::Input { .. } | ItemDocKind::Value { .. } => false,
    }
}

/// `lib/base.aur` and `Size` give `lib-base-Size`.
fn anchor(path: &str, name: &str) -> String {
    let stem = path.strip_suffix(".aur").unwrap_or(path);
    let slug: String = stem
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '-'
            }
        })
        .collect();
    let slug = slug.trim_matches('-');
    if name.is_empty() {
        slug.to_string()
    } else {
        format!("{slug}-{name}")
    }
}

/// What a file is called.
fn title(path: &str) -> &str {
    match path {
        "<prelude>" => "The standard library",
        path => path,
    }
}

/// The parts of a file, each with its items.
fn sections(file: &FileDoc) -> Vec<(&'static str, Vec<&ItemDoc>)> {
    let of = |is_such: &dyn Fn(&ItemDocKind) -> bool| -> Vec<&ItemDoc> {
        file.items.iter().filter(|item| is_such(&item.kind)).collect()
    };
    let sections = [
        ("Inputs", of(&|kind| matches!(kind, ItemDocKind::Input { .. }))),
        ("Types", of(&is_type)),
        ("Values", of(&|kind| matches!(kind, ItemDocKind::Value { .. }))),
    ];
    sections
        .into_iter()
        .filter(|(_, items)| !items.is_empty())
        .collect()
}

/// `deprecated`, with what there is to say about it.
fn deprecation(text: &str) -> String {
    if text.is_empty() {
        "Deprecated.".to_string()
    } else {
        format!("Deprecated: {text}")
    }
}

/// Whether a link leads to a page, a mail or an anchor.
fn is_safe(target: &str) -> bool {
    let target = target.trim().to_ascii_lowercase();
    ["https://", "http://", "mailto:", "#"]
        .iter()
        .any(|start| target.starts_with(start))
}
