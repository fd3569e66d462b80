//! The words of the language, for programs that list them: editors, and the tests that keep editors in step.

use crate::build::UNITS;

/// Words that the grammar itself reads, sorted. Each of them may still be the name of a field.
pub const KEYWORDS: [&str; 19] = [
    "and", "as", "check", "else", "enum", "error", "expect", "for", "if", "in", "include", "input", "not",
    "or", "plan", "struct", "test", "type", "where",
];

/// Words that are values.
pub const CONSTANTS: [&str; 3] = ["false", "true", "unset"];

/// What may stand right behind a number, sizes first, each kind from small to large.
pub fn units() -> impl Iterator<Item = &'static str> {
    UNITS.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Words that stand between double quotes in the grammar.
    fn words_of_grammar() -> BTreeSet<&'static str> {
        let grammar = include_str!("aur.pest");
        let rules = grammar
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let quoted = rules.flat_map(|line| line.split('"').skip(1).step_by(2));
        quoted
            .filter(|text| text.len() > 1 && text.chars().all(|letter| letter.is_ascii_lowercase()))
            .collect()
    }

    #[test]
    fn every_word_of_the_grammar_is_listed() {
        // The grammar spells these two letter by letter, which pest compares faster.
        let mut words = words_of_grammar();
        words.extend(["for", "if"]);
        assert_eq!(words, BTreeSet::from(KEYWORDS));
    }

    #[test]
    fn constants_are_values() {
        for word in CONSTANTS {
            let (expr, errors) = crate::parse_expr(word);
            assert!(errors.is_empty(), "{word}");
            assert!(!matches!(expr.kind, crate::tree::ExprKind::Name(_)), "{word}");
        }
    }

    #[test]
    fn units_are_read() {
        for unit in units() {
            let (_, errors) = crate::parse_expr(&format!("1{unit}"));
            assert!(errors.is_empty(), "{unit}");
        }
    }
}
