//! Every answer on half-typed text: no panic, and places that are in the text, in order.

use std::path::Path;

use aur_compiler::editor::{
    Document, Symbol, folding, format_edits, format_on_newline, format_range, links, renamed_links,
    selection, semantic_tokens, symbols,
};

use crate::fixture::applied;

/// Texts longer than this are cut at some of their places only.
const ENOUGH: usize = 1_500;

pub(crate) fn texts() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut paths: Vec<_> = std::fs::read_dir(root.join("examples"))
        .expect("examples")
        .map(|entry| entry.expect("an example").path())
        .filter(|path| path.extension().is_some_and(|end| end == "aur"))
        .collect();
    paths.sort();
    assert!(paths.len() >= 7);
    let mut texts: Vec<String> = paths
        .iter()
        .map(|path| std::fs::read_to_string(path).expect("text"))
        .collect();
    let manual = std::fs::read_to_string(root.join("docs/language.md")).expect("the manual");
    let programs = manual.split("\n```aur").skip(1).filter_map(|block| {
        let (_, rest) = block.split_once('\n')?;
        Some(rest.split_once("\n```")?.0.to_string())
    });
    texts.extend(programs);
    texts.push(
        "\u{feff}# ä\r\n/// ü\r\nstruct Ä { ö: String = \"{{é.ü | sh}}\" }\r\ninclude \"ß.aur\"\r\nx = \"\"\"\r\n  {{#a}}日本{{/a}}\r\n  \"\"\"\r\n".into(),
    );
    texts
}

/// The number of the next choice, always the same ones.
pub(crate) struct Choices(pub(crate) u64);

impl Choices {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// Goes through the places of a text: all of a short one, some of a long one.
fn places(text: &str, choices: &mut Choices) -> Vec<usize> {
    let all = text.char_indices().map(|(at, _)| at);
    match text.len().div_ceil(ENOUGH) {
        0 | 1 => all.collect(),
        share => all.filter(|_| choices.below(share) == 0).collect(),
    }
}

#[test]
fn every_prefix_and_every_missing_character() {
    let mut choices = Choices(7);
    for text in texts() {
        let mut document = Document::new("lib/main.aur", text.as_str());
        for at in places(&text, &mut choices) {
            document = document.with_text(&text[..at]);
            judge(&document, at as u32, &mut choices);
            let behind = text[at..]
                .chars()
                .next()
                .map_or(at, |letter| at + letter.len_utf8());
            document = document.with_text(format!("{}{}", &text[..at], &text[behind..]));
            judge(&document, at as u32, &mut choices);
        }
    }
}

#[test]
fn brackets_and_quotes_without_end() {
    for piece in [
        "[", "{", "a = {", "(\"", "\"\"\"\n", "{{", "\"{{a", "r#\"", "- ", "a.", "// \n", "@a ", "]\n",
    ] {
        let text = piece.repeat(300);
        judge(&Document::new("main.aur", text.as_str()), 150, &mut Choices(1));
    }
}

fn judge(document: &Document, at: u32, choices: &mut Choices) {
    let text: &str = document.text();
    let there = |start: u32, end: u32| {
        assert!(
            start <= end && text.get(start as usize..end as usize).is_some(),
            "{start}..{end} is no range of {text:?}"
        );
    };
    symbols(document).iter().for_each(|symbol| nested(symbol, &there));

    let folds = folding(document);
    let mut open: Vec<u32> = Vec::new();
    for pair in folds.windows(2) {
        assert!(pair[0].start < pair[1].start, "{folds:?} in {text:?}");
    }
    for fold in &folds {
        there(fold.start, fold.end);
        while open.last().is_some_and(|end| *end <= fold.start) {
            open.pop();
        }
        assert!(
            open.last().is_none_or(|end| fold.end <= *end),
            "{folds:?} in {text:?}"
        );
        open.push(fold.end);
    }

    let tokens = semantic_tokens(document, None);
    let mut last = 0;
    for token in &tokens {
        there(token.start, token.end);
        assert!(
            last <= token.start && token.start < token.end,
            "{token:?} in {text:?}"
        );
        assert!(!text[token.start as usize..token.end as usize].contains('\n'));
        last = token.end;
    }
    let from = at.saturating_sub(40);
    let part = semantic_tokens(document, Some((from, at)));
    let expected: Vec<_> = tokens
        .into_iter()
        .filter(|token| token.start < at && from < token.end)
        .collect();
    assert_eq!(part, expected, "{text:?}");

    for link in links(document) {
        there(link.start, link.end);
    }
    applied(
        text,
        &renamed_links(document, &[("lib", "a/b"), ("c.aur", "d.aur")]),
    );

    let edits = format_edits(document);
    assert_eq!(applied(text, &edits), aur_grammar::format(text));
    let part = format_range(document, at, at + 9);
    assert!(
        part.iter().all(|edit| edits.contains(edit)),
        "{part:?} in {text:?}"
    );

    let mut place = choices.below(text.len() + 1);
    while !text.is_char_boundary(place) {
        place -= 1;
    }
    for at in [at, place as u32, text.len() as u32 + 3] {
        for edit in format_on_newline(document, at) {
            there(edit.start, edit.end);
            assert!(text[edit.start as usize..edit.end as usize].trim().is_empty());
            assert!(edit.text.bytes().all(|byte| byte == b' '));
        }
        let ranges = selection(document, at);
        assert_eq!(ranges.last(), Some(&(0, text.len() as u32)));
        for (start, end) in &ranges {
            there(*start, *end);
        }
        for pair in ranges.windows(2) {
            assert!(pair[1].0 <= pair[0].0 && pair[0].1 <= pair[1].1 && pair[0] != pair[1]);
        }
    }
}

fn nested(symbol: &Symbol, there: &impl Fn(u32, u32)) {
    there(symbol.range.0, symbol.range.1);
    there(symbol.name_range.0, symbol.name_range.1);
    assert!(symbol.range.0 <= symbol.name_range.0 && symbol.name_range.1 <= symbol.range.1);
    assert!(!symbol.name.is_empty());
    for child in &symbol.children {
        assert!(
            symbol.range.0 <= child.range.0 && child.range.1 <= symbol.range.1,
            "{symbol:?}"
        );
        nested(child, there);
    }
}
