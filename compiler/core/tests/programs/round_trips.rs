//! What a value prints as is read back as the same value.

use std::fmt::Write;

use proptest::prelude::*;

use super::values;

const TYPES: &str = "enum Size { small, large }\n\
    struct S { i: Integer, d: Duration, b: Bytes, f: Float, t: Boolean, e: Size, s: String }\n";
const FIELDS: [&str; 7] = ["i", "d", "b", "f", "t", "e", "s"];

/// A text as a literal in which nothing has a meaning of its own.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            out.push(character);
        } else {
            write!(out, "\\u{{{:x}}}", u32::from(character)).unwrap();
        }
    }
    out + "\""
}

/// A program with one value of each type, and the same with each field printed into a text.
fn program((i, d, b, f, t, e, s): (i64, u32, u32, f64, bool, bool, String)) -> String {
    let member = if e { "small" } else { "large" };
    let mut text = format!(
        "{TYPES}value = S {{ i = {i}, d = {d}ms, b = {b}, f = {f:?}, t = {t}, e = Size.{member}, s = {} }}\n",
        quoted(&s)
    );
    text.push_str("printed = S {\n");
    for field in FIELDS {
        writeln!(text, "  {field} = \"{{{{v}}}}\".bind(v = value.{field})").unwrap();
    }
    text.push_str("}\nsame = value == printed\n");
    text
}

proptest! {
    #[test]
    fn a_printed_value_is_read_as_itself(
        i in any::<i64>().prop_filter("its digits alone are no number", |i| *i != i64::MIN),
        d in any::<u32>(),
        b in any::<u32>(),
        f in -1e15..1e15_f64,
        t in any::<bool>(),
        e in any::<bool>(),
        s in any::<String>().prop_filter("refused in a text", |s| !s.contains('\0')),
    ) {
        let text = program((i, d, b, f, t, e, s));
        prop_assert_eq!(values(&text, &["same"]), "same = true\n", "{}", text);
    }
}
