//! What holds for every text.

use aur_diagnostics::Applicability;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::pest::{Node, Rule, read};
use crate::scan::Kind;
use crate::split::split;
use crate::tree::{Item, Tree};

/// Items of every kind, as people write them.
const ITEMS: [&str; 17] = [
    "include \"lib/base.aur\"",
    "include \"lib/base.aur\" as base",
    "/// What it takes.\n@deprecated(\"use other\")\ninput release: String = \"2024.11\"",
    "struct Profile {\n  /// Where it comes from.\n  version: String = \"live\"\n  ports: List[Integer where 1..65535] = []\n  extra: Map[String, String]?\n  check version != \"\", \"a version is needed\"\n}",
    "enum Size { small, medium, large }",
    "type Port = Integer where 1..65535",
    "check count > 0 and count < 100, \"between 1 and 99\"",
    "install = Process {\n  name = \"install\"\n  cmdline = \"tar xzf {{profile.version}}.tar.gz \"\n            \"&& ./install --to '{{dir | sh}}'\"\n  max_failures = 3, daemon = false\n}",
    "task = SequentialTask {\n  processes = [\n    install,\n    Process { name = \"run\", cmdline = \"./run\" }, # the last\n  ]\n  resources = Resources { cpu = 1.5, ram = 2 * 512MB, disk = 1GB }\n}",
    "mappers = [p { name = \"map{{i}}\" }.bind(i = i) for i in 0..179 if i % 2 == 0]",
    "both = a if size == Size.small else b if not c in [1, 2] else -d",
    "plan = order(a, b) + [m -> reducer for m in mappers]",
    "script = Process {\n  name = \"script\"\n  cmdline = \"\"\"\n    set -e\n    for x in {{list}}; do echo \"$x\"; done\n    \"\"\"\n  env = { PATH: \"/bin\", \"A-B\": r\"\\d+\" }\n}",
    "prod = base {\n  resources.cpu = 4.0\n  env[\"k\"] = unset\n  if = 3\n}.bind(profile = Profile {}, \"a.b\" = 1)",
    "test \"both\" {\n  expect a.b == [1, 2] and c != {d: 1}\n  expect error E0203 in file(\"bad.aur\"), expect x\n  expect plan file(\"m.aur\") == file(\"m.json\")\n}",
    "wait = 30s + 5m * 2 - 500ms // 2",
    "jobs = [\n  Job { name = \"a\", task = task },\n  prod { name = \"b\" },\n]",
];

/// Pieces of source, sound and not.
const PIECES: [&str; 54] = [
    "{", "}", "[", "]", "(", ")", ",", "=", ":", ".", "..", "->", "+", "-", "*", "/", "//", "%", "==", "<",
    "?", "|", "@", "\"", "'", "\"\"\"", "r\"", "r#\"", "\\", "{{", "}}", "{{x}}", "#", "///", "\n", " ",
    "\n  ", "name", "Process", "if", "else", "for", "in", "not", "and", "struct", "include", "check", "1",
    "2.5MB", "\u{e9}", "\u{202e}", "\0", "\r",
];

fn file(items: &[&str]) -> String {
    items.join("\n\n") + "\n"
}

fn errors(items: &[Item]) -> usize {
    items.iter().map(|item| item.node.errors.len()).sum()
}

/// Checks what every tree promises.
fn check_tree(text: &str, tree: &Tree) {
    let mut end = 0;
    for item in &tree.items {
        assert!(item.offset >= end, "items are in order");
        end = item.offset + item.node.range.end;
        assert!(text.is_char_boundary(item.offset as usize) && end as usize <= text.len());
        for error in &item.node.errors {
            let edits = error
                .fix
                .iter()
                .flat_map(|fix| fix.edits.iter().map(|edit| edit.0));
            for range in edits
                .chain([error.range])
                .chain(error.also.iter().map(|also| also.0))
            {
                assert!(
                    range.start <= range.end && range.end <= item.node.range.end,
                    "{text:?} {range:?} {}",
                    error.message
                );
                assert!(
                    text.is_char_boundary((item.offset + range.start) as usize),
                    "{text:?} {}",
                    error.message
                );
                assert!(
                    text.is_char_boundary((item.offset + range.end) as usize),
                    "{text:?} {}",
                    error.message
                );
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Change {
    Delete,
    Insert(&'static str),
    Replace(&'static str),
    Double,
}

fn change() -> impl Strategy<Value = Change> {
    let piece = || proptest::sample::select(PIECES.to_vec());
    prop_oneof![
        3 => Just(Change::Delete),
        2 => piece().prop_map(Change::Insert),
        2 => piece().prop_map(Change::Replace),
        1 => Just(Change::Double),
    ]
}

/// Changes the token at a place of a text.
fn changed(text: &str, place: usize, change: &Change) -> String {
    let tokens: Vec<_> = crate::scan::Scanner::new(text, 0).collect();
    let token = tokens[place % tokens.len()];
    let (before, after) = (&text[..token.start as usize], &text[token.end as usize..]);
    let middle = token.text(text);
    match change {
        Change::Delete => format!("{before}{after}"),
        Change::Insert(piece) => format!("{before}{piece}{middle}{after}"),
        Change::Replace(piece) => format!("{before}{piece}{after}"),
        Change::Double => format!("{before}{middle}{middle}{after}"),
    }
}

/// Deletes one character of a text.
fn without(text: &str, place: usize) -> String {
    let at = text
        .char_indices()
        .map(|(at, _)| at)
        .nth(place % text.chars().count())
        .unwrap();
    let length = text[at..].chars().next().unwrap().len_utf8();
    format!("{}{}", &text[..at], &text[at + length..])
}

/// A broken item stays alone: its neighbours keep their trees, and it is reported once to four times.
fn check_contained(broken: &str, at: usize) -> Result<(), TestCaseError> {
    let mut items = ITEMS.to_vec();
    items[at] = broken;
    let text = file(&items);
    let (sound, tree) = (crate::parse(&file(&ITEMS)), crate::parse(&text));
    check_tree(&text, &tree);
    let count = errors(&tree.items);
    if count == 0 {
        return Ok(());
    }
    let behind = ITEMS.len() - at - 1;
    prop_assert!(tree.items.len() >= at + behind, "{}", super::dump::show(&text));
    // A text, an operator or a word such as `if` at the start carries on the item above, as in sound files.
    let starts_anew =
        crate::scan::Scanner::new(broken, 0)
            .next()
            .is_some_and(|first| match first.text(broken) {
                "if" | "else" | "and" | "or" | "in" | "where" | "as" => false,
                word => {
                    matches!(first.kind, Kind::Word | Kind::Doc | Kind::Slashes | Kind::Note) || word == "@"
                }
            });
    prop_assert!(
        !starts_anew || count <= 4,
        "{count} errors in\n{broken}\n{}",
        super::dump::errors(&text, &tree)
    );
    let before = if starts_anew { at } else { at.saturating_sub(1) };
    for index in 0..before {
        let same = sound.items[index].node == tree.items[index].node;
        prop_assert!(
            same,
            "item {index} before\n{broken}\n{}",
            super::dump::errors(&text, &tree)
        );
    }
    // A doc comment at the end belongs to the item below.
    let last = broken.lines().last().unwrap_or("").trim_start();
    let behind = if last.starts_with("///") {
        behind.saturating_sub(1)
    } else {
        behind
    };
    for index in 1..=behind {
        let (kept, found) = (
            &sound.items[ITEMS.len() - index],
            &tree.items[tree.items.len() - index],
        );
        let same = kept.node == found.node;
        prop_assert!(
            same,
            "item -{index} behind\n{broken}\n{}",
            super::dump::errors(&text, &tree)
        );
    }
    Ok(())
}

/// Text that is an expression, in many spellings.
pub(crate) fn expression() -> impl Strategy<Value = String> {
    let leaf = proptest::sample::select(vec![
        "a",
        "b.c",
        "Size.small",
        "1",
        "2.5",
        "30s",
        "512MB",
        "true",
        "unset",
        "\"x\"",
        "'y {{a.b}}'",
        "r\"\\d\"",
        "[]",
        "{}",
        "\"\"\"\n    one\n      two\n    \"\"\"",
        "-1",
        "(\"a\"\n \"b\")",
        "1..5",
        "{ a: 1, \"b\": 2 }",
        "a -> b -> c",
    ]);
    let leaf = leaf.prop_map(str::to_owned);
    leaf.prop_recursive(4, 24, 3, |inner| {
        let two = (inner.clone(), inner.clone());
        let operator = proptest::sample::select(vec!["+", "-", "*", "/", "//", "and", "or"]);
        let gap = || proptest::sample::select(vec!["", "\n", " # note\n"]);
        prop_oneof![
            (two.clone(), operator, gap()).prop_map(|((a, b), op, gap)| format!("({a}) {op}{gap} ({b})")),
            two.clone().prop_map(|(a, b)| format!("({a} == {b})")),
            two.clone().prop_map(|(a, b)| format!("[{a}, {b}]")),
            (two.clone(), gap()).prop_map(|((a, b), gap)| format!("[{gap}{a},{gap}{b},{gap}]")),
            two.clone()
                .prop_map(|(a, b)| format!("Process {{ name = {a}, b.c = {b} }}")),
            (two.clone(), gap()).prop_map(|((a, b), gap)| format!(
                "p {{{gap}  x = {a}\n  # note\n\n\n  y[\"z\"] = {b}{gap}}}"
            )),
            two.clone().prop_map(|(a, b)| format!("f({a}, k = {b})")),
            two.clone()
                .prop_map(|(a, b)| format!("(({a}) if not {b} else {a})")),
            two.clone()
                .prop_map(|(a, b)| format!("[{a} for x in ({b}) if x > 1]")),
            two.prop_map(|(a, b)| format!("{{k: {a}, \"q r\": {b}}}")),
            inner.clone().prop_map(|a| format!("({a})[0].name")),
            inner.prop_map(|a| format!("({a}).bind(a = 1)\n  .bind(b = 2)")),
        ]
    })
}

/// A pair with its place in its item.
type Placed = (Rule, u32, u32);

/// Nodes of the items of a whole file, each relative to its item.
fn whole(text: &str) -> Vec<(u32, Vec<Placed>)> {
    let mut nodes = Vec::new();
    read(Rule::file, text, &mut nodes).unwrap();
    let items: Vec<Node> = nodes
        .iter()
        .copied()
        .filter(|node| node.rule == Rule::item)
        .collect();
    let within = |item: &Node| {
        let shift =
            |node: &&Node| node.start >= item.start && node.end <= item.end && node.rule != Rule::file;
        nodes
            .iter()
            .filter(shift)
            .map(|node| (node.rule, node.start - item.start, node.end - item.start))
            .collect()
    };
    items.iter().map(|item| (item.start, within(item))).collect()
}

/// Checks what the layout promises: the same tree, and nothing to do the second time.
fn check_layout(text: &str) -> Result<(), TestCaseError> {
    let once = crate::format(text);
    let twice = crate::format(&once);
    prop_assert!(
        once == twice,
        "laid out once\n{once}\ntwice\n{twice}\nfrom\n{text}"
    );
    let trees = |text: &str| -> Vec<String> {
        crate::parse(text)
            .items
            .iter()
            .map(|item| super::dump::item_text(&item.node))
            .collect()
    };
    let (before, after) = (trees(text), trees(&once));
    for (before, after) in before.iter().zip(&after) {
        prop_assert!(before == after, "{before}\n{after}\nfrom\n{text}\nto\n{once}");
    }
    prop_assert_eq!(before.len(), after.len());
    let notes = |text: &str| -> Vec<String> {
        let tokens = crate::scan::Scanner::new(text, 0).filter(|token| token.is_note());
        tokens
            .map(|token| token.text(text).trim_end().to_owned())
            .collect()
    };
    prop_assert_eq!(notes(text), notes(&once), "no comment is lost");
    Ok(())
}

proptest! {
    // Always the same texts; `PROPTEST_CASES` gives more of them.
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(2014),
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_text_has_a_tree(text in "\\PC{0,80}") {
        check_tree(&text, &crate::parse(&text));
    }

    #[test]
    fn any_bytes_have_a_tree(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        let text = String::from_utf8_lossy(&bytes);
        check_tree(&text, &crate::parse(&text));
    }

    #[test]
    fn any_pieces_have_a_tree(pieces in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..60)) {
        let text = pieces.concat();
        check_tree(&text, &crate::parse(&text));
        crate::parse_expr(&text);
        crate::parse_item(&text);
    }

    #[test]
    fn a_changed_token_stays_in_its_item(at in 0..ITEMS.len(), place in 0usize..200, change in change()) {
        check_contained(&changed(ITEMS[at], place, &change), at)?;
    }

    #[test]
    fn a_missing_character_stays_in_its_item(at in 0..ITEMS.len(), place in 0usize..400) {
        check_contained(&without(ITEMS[at], place), at)?;
    }

    #[test]
    fn items_are_the_same_alone_and_together(
        picked in proptest::collection::vec((0..ITEMS.len(), 0..3usize, expression()), 1..6)
    ) {
        let gaps = ["\n", "\n\n# a note\n\n", " # behind it\n"];
        let text: String = picked.iter().map(|(item, gap, expr)| {
            format!("{}{}x = {expr}{}", ITEMS[*item], gaps[*gap], gaps[2 - gap])
        }).collect();
        let together = whole(&text);
        let chunks = split(&text, 0);
        prop_assert_eq!(together.len(), chunks.len(), "{}", text);
        for (chunk, (start, nodes)) in chunks.iter().zip(together) {
            prop_assert!(chunk.sound);
            prop_assert_eq!(chunk.start, start);
            let mut alone = Vec::new();
            let item = &text[chunk.start as usize..chunk.end as usize];
            prop_assert!(read(Rule::one_item, item, &mut alone).is_ok(), "{item}");
            let alone: Vec<_> = alone.iter().skip(1).map(|node| (node.rule, node.start, node.end)).collect();
            // Only a list of operands takes the blanks behind it, and those stand outside a lone item.
            let trimmed = |nodes: Vec<Placed>| -> Vec<_> {
                let end = item.len() as u32;
                nodes.into_iter().map(|(rule, from, to)| (rule, from, to.min(end))).collect()
            };
            prop_assert_eq!(trimmed(alone), trimmed(nodes));
        }
    }

    #[test]
    fn sound_expressions_have_no_errors(text in expression()) {
        let (_, errors) = crate::parse_expr(&text);
        let allowed = ["E0101"];
        let other: Vec<_> = errors.iter().filter(|error| !allowed.contains(&error.code.id) || !error.message.contains("chained")).collect();
        prop_assert!(other.is_empty(), "{text}\n{other:?}");
    }

    #[test]
    fn layout_keeps_the_tree(
        picked in proptest::collection::vec((0..ITEMS.len(), 0..4usize, expression()), 1..4)
    ) {
        let gaps = ["\n", "\n\n\n# a note\n\n", " # behind it\n", "\n  "];
        let text: String = picked.iter().map(|(item, gap, expr)| {
            format!("{}{}x = {expr}{}", ITEMS[*item], gaps[*gap], gaps[3 - gap])
        }).collect();
        check_layout(&text)?;
    }

    #[test]
    fn layout_keeps_what_is_broken(at in 0..ITEMS.len(), place in 0usize..200, change in change()) {
        let broken = changed(ITEMS[at], place, &change);
        let mut items = ITEMS.to_vec();
        items[at] = &broken;
        check_layout(&file(&items))?;
    }

    #[test]
    fn any_pieces_have_a_layout(pieces in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..40)) {
        let text = pieces.concat();
        let once = crate::format(&text);
        prop_assert_eq!(crate::format(&once), once, "from {}", text);
    }

    #[test]
    fn a_safe_fix_mends(at in 0..ITEMS.len(), place in 0usize..200, change in change()) {
        let text = changed(ITEMS[at], place, &change) + "\n";
        let tree = crate::parse(&text);
        for item in &tree.items {
            for error in &item.node.errors {
                let Some(fix) = error.fix.as_ref().filter(|fix| fix.applicability == Applicability::Safe) else {
                    continue;
                };
                let mut edits = fix.edits.clone();
                edits.sort_by_key(|edit| std::cmp::Reverse(edit.0));
                let mut fixed = text.clone();
                for (range, new) in edits {
                    let range = (item.offset + range.start) as usize..(item.offset + range.end) as usize;
                    fixed.replace_range(range, &new);
                }
                let left = crate::parse(&fixed);
                // Of several faults on a line one is shown at a time, so another may come to light behind it.
                let lone = errors(&tree.items) == 1 && !text.contains(['\u{202e}', '\r', '\0']);
                let gone = left.items.iter().all(|item| {
                    item.node.errors.iter().all(|other| other.message != error.message)
                });
                let fewer = !lone || gone && errors(&left.items) <= 1;
                let shown = (super::dump::errors(&text, &tree), super::dump::errors(&fixed, &left));
                prop_assert!(fewer, "{text}\n{}{fixed}\n{}", shown.0, shown.1);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(5), ..ProptestConfig::default() })]

    #[test]
    fn reading_a_changed_text_gives_the_tree_of_the_whole(
        items in prop::collection::vec(prop::sample::select(ITEMS.as_slice()), 0..8),
        edits in prop::collection::vec((0usize..2_000, 0usize..60, prop::collection::vec(prop::sample::select(PIECES.as_slice()), 0..4)), 1..6),
    ) {
        let mut text = file(&items);
        let mut tree = crate::parse(&text);
        for (at, length, pieces) in edits {
            let start = text.floor_char_boundary(at % (text.len() + 1));
            let end = text.floor_char_boundary((start + length).min(text.len()));
            let mut changed = text.clone();
            changed.replace_range(start..end, &pieces.concat());
            tree = crate::reparse(&text, &tree, &changed);
            let whole = crate::parse(&changed);
            let items = |tree: &Tree| -> Vec<_> {
                tree.items.iter().map(|item| (item.offset, item.node.clone())).collect()
            };
            prop_assert_eq!(items(&tree), items(&whole));
            text = changed;
        }
    }
}
