use aur_compiler::editor::{Document, TextEdit, format_edits, format_on_newline, format_range};

use crate::fixture::{applied, document, with_cursor};

const UNTIDY: &str =
    "a   =  1\nb = [1,2 ,\n   3]\n  c=Process{name=\"x\",cmdline=\"\"\"\n  k\n\"\"\"}  # note\n\n\n\nd = 4\n";

fn shown(document: &Document, edits: &[TextEdit]) -> String {
    let text: &str = document.text();
    let lines = edits.iter().map(|edit| {
        let old = &text[edit.start as usize..edit.end as usize];
        format!("{} {old:?} -> {:?}", edit.start, edit.text)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The text after a line break at the mark; the cursor stands at its end as the editor left it.
fn entered(text: &str) -> String {
    let (document, at) = with_cursor(text);
    let edits = format_on_newline(&document, at);
    applied(document.text(), &edits).replace(' ', "·")
}

#[test]
fn only_what_changes_is_edited() {
    let document = document(UNTIDY);
    let edits = format_edits(&document);
    insta::assert_snapshot!(shown(&document, &edits), @r#"
    2 "  " -> ""
    6 " " -> ""
    14 "" -> "\n  "
    16 "" -> "\n  "
    17 " ,\n " -> ",\n"
    24 "" -> ",\n"
    26 "  " -> ""
    29 "" -> " "
    30 "" -> " "
    37 "" -> " "
    38 "" -> "\n  "
    42 "" -> " "
    43 "" -> " "
    46 "," -> "\n  "
    54 "" -> " "
    55 "" -> " "
    66 "" -> "\n"
    77 "\n\n" -> ""
    "#);
    assert_eq!(applied(UNTIDY, &edits), aur_grammar::format(UNTIDY));
}

#[test]
fn tidy_and_broken_files_need_no_edits() {
    for text in ["", "a = 1\n", "a = [1,,\n   2\n"] {
        assert_eq!(format_edits(&document(text)), [], "{text}");
    }
}

#[test]
fn windows_line_ends_and_a_mark_of_byte_order_go() {
    let text = "\u{feff}a = 1 # ä \u{3000}\r\n\r\n\r\nb = 2";
    let edits = format_edits(&document(text));
    assert_eq!(applied(text, &edits), "a = 1  # ä\n\nb = 2\n");
}

#[test]
fn a_range_lays_out_its_items_only() {
    let document = document(UNTIDY);
    let at = UNTIDY.find("c=Process").unwrap() as u32;
    let edits = format_range(&document, at + 3, at + 4);
    insta::assert_snapshot!(applied(UNTIDY, &edits), @r#"
    a   =  1
    b = [1,2 ,
       3]
    c = Process {
      name = "x"
      cmdline = """
      k
    """
    }  # note



    d = 4
    "#);
    assert_eq!(
        format_range(&document, 0, UNTIDY.len() as u32),
        format_edits(&document)
    );
    assert_eq!(format_range(&document, 0, 0), format_edits(&document)[..2]);
}

#[test]
fn a_new_line_in_brackets() {
    insta::assert_snapshot!(entered("jobs = [Job {\n<|>\n"), @"
    jobs·=·[Job·{
    ··
    ");
    insta::assert_snapshot!(entered("jobs = [\n  Job {\n    task = f(\n<|>"), @"
    jobs·=·[
    ··Job·{
    ····task·=·f(
    ······
    ");
    insta::assert_snapshot!(entered("a = [\n        <|>]\n"), @"
    a·=·[
    ]
    ");
    insta::assert_snapshot!(entered("a = [\n  b { c = 1 },\n<|>\nd = 2\n"), @"
    a·=·[
    ··b·{·c·=·1·},
    ··
    d·=·2
    ");
}

#[test]
fn a_new_line_outside_of_them() {
    insta::assert_snapshot!(entered("a = [1, 2]\n    <|>\n"), @"a·=·[1,·2]");
    insta::assert_snapshot!(entered("a =\n<|>"), @"
    a·=
    ··
    ");
    insta::assert_snapshot!(entered("# [ {\n  <|>"), @"#·[·{");
    insta::assert_snapshot!(entered("a = [\n  1,\nb = 2\n  <|>"), @"
    a·=·[
    ··1,
    b·=·2
    ");
}

#[test]
fn a_new_line_in_a_block() {
    insta::assert_snapshot!(entered("p = P {\n  c = \"\"\"\n<|>\n  \"\"\"\n}\n"), @r#"
    p·=·P·{
    ··c·=·"""
    ····
    ··"""
    }
    "#);
    insta::assert_snapshot!(entered("c = \"\"\"\n  if x; then\n      echo [ {\n<|>"), @r#"
    c·=·"""
    ··if·x;·then
    ······echo·[·{
    ······
    "#);
    insta::assert_snapshot!(entered("c = \"\"\"\n  echo\n<|>\"\"\"\n"), @r#"
    c·=·"""
    ··echo
    ··"""
    "#);
    let split = "c = \"\"\"\n  echo\n<|>moved\n  \"\"\"\n";
    assert_eq!(
        entered(split),
        split.replace("<|>", "").replace(' ', "·"),
        "what it says stays"
    );
}

#[test]
fn a_text_that_was_broken_in_two_stays() {
    assert_eq!(entered("a = [\"b\n<|>c\"]\n"), "a·=·[\"b\nc\"]\n");
}
