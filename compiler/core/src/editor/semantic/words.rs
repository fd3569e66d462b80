//! Words that the tree does not name: keywords, and what stands in a part that could not be read.

use aur_grammar::Token;
use aur_grammar::tree::{ItemKind, ItemNode};

use super::{Marks, Modifiers, SemanticKind};

/// What a word is that the tree does not name.
pub(super) fn word(
    marks: &Marks<'_>,
    item: Option<&ItemNode>,
    tokens: &[Token],
    index: usize,
) -> Option<(SemanticKind, Modifiers)> {
    let item = item?;
    let word = |index: usize| tokens.get(index).map_or("", |token| token.text(marks.text));
    let (name, before, next) = (
        word(index),
        index.checked_sub(1).map_or("", word),
        word(index + 1),
    );
    let is_first = tokens.get(index).is_some_and(|token| token.first);
    if !matches!(before, "." | "@") && is_keyword(name, item, is_first) {
        return Some((SemanticKind::Keyword, Modifiers::NONE));
    }
    // While somebody types, words keep their colours.
    match (before, next) {
        _ if item.errors.is_empty() => None,
        ("@", _) => Some((SemanticKind::Decorator, Modifiers::NONE)),
        (".", _) | (_, "=" | ":") => Some((SemanticKind::Property, Modifiers::NONE)),
        _ => Some(marks.names.kind(name)),
    }
}

/// Whether a word that names nothing is a keyword.
fn is_keyword(word: &str, item: &ItemNode, is_first: bool) -> bool {
    match word {
        "true" | "false" | "unset" | "and" | "or" | "not" | "in" | "if" | "else" | "for" | "where" => true,
        "as" => matches!(item.kind, ItemKind::Include { .. }),
        // Where the tree names nothing, any word may stand anywhere.
        "include" | "struct" | "enum" | "type" | "input" | "test" | "check" => {
            is_first || !matches!(item.kind, ItemKind::Broken)
        }
        "expect" | "error" | "plan" => matches!(item.kind, ItemKind::Test(_)),
        _ => false,
    }
}
