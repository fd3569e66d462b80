//! Texts: joining, escapes, blocks, references.

use insta::assert_snapshot;

use super::dump::show;

#[test]
fn literals() {
    assert_snapshot!(show(r###"a = "a" 'b'
  "c{{x}}d" r"\d{{x}}" r#"a"b"# r##"a"#b"##
b = ""
c = "\n\t\r\0\\\"\'\u{e9}\
  next"
d = '"' "'" "é"
"###), @r##"
    (a = "abc"~<x>~"d\\d{{x}}a\"ba\"#b")
    (b = "")
    (c = "\n\t\r\0\\\"'é  next")
    (d = "\"'é")
    "##);
}

#[test]
fn blocks() {
    assert_snapshot!(show("a = \"\"\"\n    one\n\n      two\n    three\n    \"\"\"\nb = \"\"\"one\n  two\"\"\"\n"), @r#"
    (a = "one\n\n  two\nthree\n")
    (b = "one\ntwo")
    "#);
    assert_snapshot!(show("a = \"\"\"\n  one {{x}}\n    \\\n  two \\\"\\\"\\\"\n\"\"\"\n"), @r#"(a = "  one "~<x>~"\n      two \"\"\"\n")"#);
    assert_snapshot!(show("a = \"\"\"\r\n  one\r\n  two\r\n  \"\"\"\r\nb = \"\"\"\"\"\""), @r#"
    (a = "one\ntwo\n")
    (b = "")
    "#);
}

#[test]
fn references() {
    assert_snapshot!(show("a = \"{{a}} {{ a.b }} {{a[0].b[k-1/x.y]}} {{a{{b}}c.d{{e}}}} {{q[{{i}}].v}}\""), @r#"(a = <a>~" "~<a.b>~" "~<a[0].b[k-1/x.y]>~" "~<a<b>c.d<e>>~" "~<q[<i>].v>)"#);
    assert_snapshot!(show("a = \"{{#x}}{{.}}{{/x}}{{^ x.y }}none{{/x.y}}{{a | sh | json}}\""), @r#"(a = <#x>~<.>~</x>~<^x.y>~"none"~</x.y>~<a|sh|json>)"#);
    assert_snapshot!(show("a = \"{{{a}}} {{{{a}}}} {{}} {} { { {{&x}} {{&&x}} {{&a{{b}}}} ${x} $(y) 100%\""), @r#"(a = "{"~<a>~"} {{"~<a>~"}} {{}} {} { { {{x}} {{&x}} {{a"~<b>~"}} ${x} $(y) 100%")"#);
}

#[test]
fn what_is_no_reference() {
    assert_snapshot!(show("a = \"{{a-b}} {{.State.Running}} {{print $1}} {{4}} {{a.1}} {{ }}\""), @r#"
    (a = "{{a-b}} {{.State.Running}} {{print $1}} {{4}} {{a.1}} {{ }}")
    1:6-13 E0402 `{{a-b}}` is no reference | expected a name, such as {{task.name}} | write {{&a-b}} to keep the braces, or use a raw text r".."
      Unsafe fix, keep the braces: 1:8-8 "&"
    1:14-32 E0402 `{{.State.Running}}` is no reference | expected a name, such as {{task.name}} | write {{&.State.Running}} to keep the braces, or use a raw text r".."
      Unsafe fix, keep the braces: 1:16-16 "&"
    1:33-45 E0402 `{{print $1}}` is no reference | expected a name, such as {{task.name}} | write {{&print $1}} to keep the braces, or use a raw text r".."
      Unsafe fix, keep the braces: 1:35-35 "&"
    1:46-51 E0402 `{{4}}` is no reference | expected a name, such as {{task.name}} | write {{&4}} to keep the braces, or use a raw text r".."
      Unsafe fix, keep the braces: 1:48-48 "&"
    1:52-59 E0402 `{{a.1}}` is no reference | expected a name, such as {{task.name}} | write {{&a.1}} to keep the braces, or use a raw text r".."
      Unsafe fix, keep the braces: 1:54-54 "&"
    1:60-65 E0402 `{{ }}` is no reference | expected a name, such as {{task.name}} | write {{& }} to keep the braces, or use a raw text r".."
      Unsafe fix, keep the braces: 1:62-62 "&"
    "#);
    assert_snapshot!(show("a = \"{{a\" + \"b}} {{c\n\"\n"), @r#"
    (a = (+ "{{a" "b}} {{c"))
    (broken)
    1:6-8 E0402 `{{` is never closed | opened here | close it with `}}` on the same line; a raw text r".." keeps braces as they are
    1:13-14 E0102 a text is never closed | opened here | a text ends on its line; one over several lines stands between """ and """
      Unsafe fix, insert `"`: 1:21-21 "\""
    1:18-20 E0402 `{{` is never closed | opened here | close it with `}}` on the same line; a raw text r".." keeps braces as they are
    2:1-2 E0102 a text is never closed | opened here | one of the texts on this line lacks a quote
    "#);
}

#[test]
fn sections_balance_within_a_text() {
    assert_snapshot!(show("a = \"{{#x}}\"\nb = \"{{/x}}\"\nc = \"{{#x}}{{#y}}{{/x}}{{/y}}\"\nd = \"{{#x}}\" \"{{/x}}\""), @"
    (a = <#x>)
    (b = </x>)
    (c = <#x>~<#y>~</x>~</y>)
    (d = <#x>~</x>)
    1:6-12 E0405 a section is never closed | opened here | close it in the same text, with `/` and the same name
    2:6-12 E0405 this closes a section that is not open | no `{{#..}}` before it
    3:18-24 E0405 this does not close the section that is open | another name
      3:12-18 opened here
    3:24-30 E0405 this does not close the section that is open | another name
      3:6-12 opened here
    ");
}

#[test]
fn escapes_that_do_not_exist() {
    assert_snapshot!(show(r#"a = "\d \u{110000} \u12 \x41""#), @r#"
    (a = "\\d  \\u12 \\x41")
    1:6-8 E0104 `\d` is no escape | unknown escape | escapes are \n \t \r \0 \\ \" \' \u{..}; a raw text r".." has none
      Unsafe fix, write `\\` for a backslash: 1:6-6 "\\"
    1:9-19 E0104 `\u{110000}` is no character | not a Unicode scalar value | write one to six hexadecimal digits: \u{e9}
    1:20-22 E0104 `\u` is no escape | unknown escape | escapes are \n \t \r \0 \\ \" \' \u{..}; a raw text r".." has none
      Unsafe fix, write `\\` for a backslash: 1:20-20 "\\"
    1:25-27 E0104 `\x` is no escape | unknown escape | escapes are \n \t \r \0 \\ \" \' \u{..}; a raw text r".." has none
      Unsafe fix, write `\\` for a backslash: 1:25-25 "\\"
    "#);
}

#[test]
fn the_short_way_to_read_a_reference_agrees_with_the_grammar() {
    let pieces = [
        "a",
        "b1",
        "_",
        "1",
        ".",
        "..",
        "[",
        "]",
        "[0]",
        "[a-b/c.d]",
        "-",
        " ",
        "é",
    ];
    let mut nodes = Vec::new();
    let mut check = |text: &str| {
        let accepted = crate::pest::read(crate::pest::Rule::mustache, text, &mut nodes).is_ok();
        // A filter keeps from the short way, and changes nothing else.
        let item = |text: &str| crate::parse_item(&format!("x = \"{{{{{text}}}}}\""));
        let (short, long) = (item(text), item(&format!("{text}|sh")));
        assert_eq!(accepted, short.errors.is_empty(), "{text}");
        let shown = super::dump::item_text;
        assert!(
            !accepted || shown(&short).replace('>', "|sh>") == shown(&long),
            "{text}"
        );
    };
    for first in pieces {
        for second in pieces {
            for third in pieces {
                check(&format!("{first}{second}{third}"));
            }
        }
    }
}

/// Each character of a text and what is written at its place.
fn placed(written: &str) -> String {
    let item = crate::parse_item(&format!("a = {written}"));
    let crate::tree::ItemKind::Assign { value, .. } = item.kind else {
        panic!("an assignment");
    };
    let crate::tree::ExprKind::Text(text) = value.kind else {
        panic!("a text");
    };
    let literals = text.parts.iter().filter_map(|part| match part {
        crate::tree::TextPart::Literal { text, .. } => Some(text),
        crate::tree::TextPart::Mustache(_) => None,
    });
    let mut out = String::new();
    for (literal, places) in literals.zip(crate::places(written)) {
        for (at, letter) in literal.char_indices() {
            let place = places.written(at as u32) as usize;
            let there = written[place..].chars().next().expect("a character");
            if there == letter {
                out.push(letter);
            } else {
                out += &format!("<{}={}>", letter.escape_debug(), there.escape_debug());
            }
        }
        out.push('|');
    }
    out.escape_debug().to_string().replace("\\\\", "\\")
}

#[test]
fn places_of_characters() {
    let table = [
        "\"plain é text\"",
        "\"a\\n\\\"b\\u{e9}c{{x}}d{{&y}}e\" # note\n  'f' r\"g\\h\"",
        "\"\"\"\n    one\n\n      two {{x}} \\\n  three\r\n    four\n    \"\"\"",
        "r#\"a\r\nb\"c\"#",
    ];
    let all: Vec<String> = table.iter().map(|written| placed(written)).collect();
    assert_snapshot!(all.join("\n"), @r#"
    plain é text|
    a<\n=\\><\\"=\\>b<é=\\>c|d{{y}}efg\h|
      one\n\n    two | three\n  four\n|
    a<\n=\r>b\"c|
    "#);
    assert!(crate::places("not a text").is_empty());
}
