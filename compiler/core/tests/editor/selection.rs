use aur_compiler::editor::selection;

use crate::fixture::{slice, with_cursor};

fn growing(text: &str) -> String {
    let (document, at) = with_cursor(text);
    let ranges = selection(&document, at).into_iter();
    let lines = ranges.map(|(start, end)| format!("{:?}", slice(&document, start, end)));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn from_a_word_in_a_mustache_to_the_file() {
    insta::assert_snapshot!(growing("p = Process {\n  name = \"a\"\n  cmdline = \"run {{ profile.fol<|>der | sh }} now\"\n}\nb = 2\n"), @r#"
    "folder"
    "profile.folder"
    "profile.folder | sh"
    " profile.folder | sh "
    "{{ profile.folder | sh }}"
    "run {{ profile.folder | sh }} now"
    "\"run {{ profile.folder | sh }} now\""
    "cmdline = \"run {{ profile.folder | sh }} now\""
    "name = \"a\"\n  cmdline = \"run {{ profile.folder | sh }} now\""
    "\n  name = \"a\"\n  cmdline = \"run {{ profile.folder | sh }} now\"\n"
    "{\n  name = \"a\"\n  cmdline = \"run {{ profile.folder | sh }} now\"\n}"
    "Process {\n  name = \"a\"\n  cmdline = \"run {{ profile.folder | sh }} now\"\n}"
    "p = Process {\n  name = \"a\"\n  cmdline = \"run {{ profile.folder | sh }} now\"\n}"
    "p = Process {\n  name = \"a\"\n  cmdline = \"run {{ profile.folder | sh }} now\"\n}\nb = 2\n"
    "#);
}

#[test]
fn from_a_word_in_a_text() {
    insta::assert_snapshot!(growing("a = [1, f(x = \"one t<|>wo\" + y)]\n"), @r#"
    "two"
    "one two"
    "\"one two\""
    "\"one two\" + y"
    "x = \"one two\" + y"
    "(x = \"one two\" + y)"
    "f(x = \"one two\" + y)"
    "1, f(x = \"one two\" + y)"
    "[1, f(x = \"one two\" + y)]"
    "a = [1, f(x = \"one two\" + y)]"
    "a = [1, f(x = \"one two\" + y)]\n"
    "#);
}

#[test]
fn from_a_type_and_a_comment() {
    insta::assert_snapshot!(growing("struct A { b: List[Str<|>ing] = [] }\n"), @r#"
    "String"
    "[String]"
    "List[String]"
    "b: List[String] = []"
    " b: List[String] = [] "
    "{ b: List[String] = [] }"
    "struct A { b: List[String] = [] }"
    "struct A { b: List[String] = [] }\n"
    "#);
    insta::assert_snapshot!(growing("# two wo<|>rds\na = 1\n"), @r##"
    "words"
    "# two words"
    "# two words\na = 1\n"
    "##);
}

#[test]
fn where_nothing_is() {
    insta::assert_snapshot!(growing("a = [\n  <|>\n]\n"), @r#"
    "\n  \n"
    "[\n  \n]"
    "a = [\n  \n]"
    "a = [\n  \n]\n"
    "#);
    insta::assert_snapshot!(growing("<|>"), @r#""""#);
    insta::assert_snapshot!(growing("a = f(ä, <|>"), @r#""a = f(ä, ""#);
}
