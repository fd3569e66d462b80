//! Text that would cost too much.

use insta::assert_snapshot;

use super::dump::show;

/// Shows the errors only.
fn errors(text: &str) -> String {
    super::dump::errors(text, &crate::parse(text))
}

#[test]
fn brackets_may_be_nested_only_so_deep() {
    let nested = |depth: usize| format!("a = {}1{}\nb = 2\n", "[".repeat(depth), "]".repeat(depth));
    assert_snapshot!(errors(&nested(128)), @"");
    assert_snapshot!(errors(&nested(129)), @"1:133-134 E0105 brackets are nested more than 128 deep | one too many | give parts of it names of their own");
    assert_snapshot!(errors(&nested(100_000)), @"1:133-134 E0105 brackets are nested more than 128 deep | one too many | give parts of it names of their own");
    assert_snapshot!(errors(&format!("a = {}\n\nb = 2\n", "[".repeat(100_000))), @"1:133-134 E0105 brackets are nested more than 128 deep | one too many | give parts of it names of their own");
    assert_eq!(
        crate::parse(&nested(100_000)).items.len(),
        2,
        "the item below is read"
    );
}

#[test]
fn operators_may_be_nested_only_so_deep() {
    assert_snapshot!(errors(&format!("a = 1{}\n", " + 1".repeat(500))), @"");
    for text in [
        " + 1",
        " if b else c",
        ".f",
        " -> x or y",
        "(x)",
        "[0]",
        " { x = 1 }",
    ] {
        let long = format!("a = b{}\nb = 2\n", text.repeat(5_000));
        assert!(errors(&long).contains("E0105"), "{text}");
    }
    for text in ["-", "not ", "..", "- not "] {
        let long = format!("a = {}b\nb = 2\n", text.repeat(5_000));
        assert!(errors(&long).contains("E0105"), "{text}");
    }
    assert!(errors(&format!("a = \"{}\"", "{{a".repeat(1_000) + &"}}".repeat(1_000))).contains("E0402"));
}

#[test]
fn a_long_list_is_no_deep_one() {
    let text = format!("a = [{}]\n", "p { x = 1 }, ".repeat(20_000));
    assert_eq!(errors(&text), "");
}

#[test]
fn many_broken_items_are_read_in_linear_time() {
    // Each leaves a bracket or a text open; the rest of the file is not searched for each anew.
    for item in [
        "a = [\n",
        "a = \"\"\"\n",
        "a = r#\"\n",
        "a = \"\n",
        "a = }\n",
        "a = (]\n",
    ] {
        let text = item.repeat(20_000);
        assert!(crate::parse(&text).items.len() >= 2, "{item}");
    }
    assert_snapshot!(show("a = [\nb = [\nc = 3\n"), @r#"
    (a = [])
    (b = [])
    (c = 3)
    1:5-6 E0102 `[` is never closed | opened here
      1:6-6 expected `]` by here
      Unsafe fix, insert `]`: 1:6-6 "]"
    2:5-6 E0102 `[` is never closed | opened here
      2:6-6 expected `]` by here
      Unsafe fix, insert `]`: 2:6-6 "]"
    "#);
}

#[test]
fn one_long_broken_item_is_mended_a_few_times_only() {
    let text = format!("a = [\n{}]\n", "  p { x = }\n".repeat(20_000));
    let tree = crate::parse(&text);
    assert_eq!(tree.items.len(), 1);
    assert!(tree.items[0].node.errors.len() >= 4);
}
