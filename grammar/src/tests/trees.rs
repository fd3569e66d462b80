//! Sound text and its tree.

use insta::assert_snapshot;

use super::dump::{expr, show};

fn value(text: &str) -> String {
    let (tree, errors) = crate::parse_expr(text);
    let errors: String = errors
        .iter()
        .map(|error| super::dump::error_text(text, 0, error))
        .collect();
    format!("{}\n{errors}", expr(&tree)).trim_end().to_owned()
}

#[test]
fn items() {
    assert_snapshot!(show(r#"include "a.aur"
include 'b.aur' as ns

/// A thing.
///  With two lines.
@deprecated("no", since = 3) @internal
struct S {
  /// Its name.
  a: String
  b: Integer where 1..65535 = 80
  c: ns.T?, d: List[Map[String, Integer]] = []
  @old e: A | B[C]? = unset
  f: String where matches(r"^a\d$")
  g: Integer where 0.. = 1
  h: String where ["a", "b"] = "a"
  check: String = "x"
  check a == b and c, "must " "hold"
}
enum E { a, b
  /// Explained.
  c }
type P = Integer where 1..65535
input user: String = env("USER")
input count: Integer where 1..
check x > 1
"#), @r#"
    (include "a.aur")
    (include "b.aur" as ns)
    (doc "A thing.\n With two lines.") (@deprecated "no" (since = 3)) (@internal) (struct S ((doc "Its name.") a: String) (b: (where Integer (1..65535)) = 80) (c: ns.T?) (d: List[Map[String Integer]] = []) ((@old) e: A|B[C]? = unset) (f: (where String (call matches "^a\\d$"))) (g: (where Integer (0..)) = 1) (h: (where String ["a" "b"]) = "a") (check: String = "x") (check (and (== a b) c) "must hold"))
    (enum E a b "Explained." c)
    (type P (where Integer (1..65535)))
    (input user String = (call env "USER"))
    (input count (where Integer (1..)))
    (check (> x 1))
    "#);
}

#[test]
fn tests_and_their_words() {
    assert_snapshot!(show(r#"/// Why.
test "values" {
  expect a == 2 and
    b != [1]
  expect error E0203 in file("bad.aur"), expect error unknown_field in dir.path
  expect plan file("main.aur") == file("main.plan.json")
  # The words are names elsewhere.
  expect error == 1
  expect error in [1]
  expect plan and plan.x
  expect -expect == 3
  expect [1] == x
  expect (1) == x
}
test 'empty' {}
test "one" { expect true }
test = 3
expect = test
error: Integer = test + plan
p = P { test = 1, expect = 2 }
"#), @r#"
    (doc "Why.") (test "values" (expect (and (== a 2) (!= b [1]))) (expect-error E0203 (call file "bad.aur")) (expect-error unknown_field dir.path) (expect-plan (call file "main.aur") (call file "main.plan.json")) (expect (== error 1)) (expect (in error [1])) (expect (and plan plan.x)) (expect (== (- expect) 3)) (expect (== [1] x)) (expect (== 1 x)))
    (test "empty")
    (test "one" (expect true))
    (test = 3)
    (expect = test)
    (error: Integer = (+ test plan))
    (p = (P{(test = 1) (expect = 2)}))
    "#);
}

#[test]
fn precedence_from_loosest_to_tightest() {
    assert_snapshot!(value("a if b else c if d else e"), @"(if b a (if d c e))");
    assert_snapshot!(value("a or b and not c == d"), @"(or a (and b (not (== c d))))");
    assert_snapshot!(value("not a in b"), @"(not (in a b))");
    assert_snapshot!(value("x in 0..n - 1"), @"(in x (0..(- n 1)))");
    assert_snapshot!(value("a -> b.c -> d(e) == f"), @"(== (-> a b.c (call d e)) f)");
    assert_snapshot!(value("1 + 2 * -3 - 4 // 5 % 6"), @"(- (+ 1 (* 2 (- 3))) (% (// 4 5) 6))");
    assert_snapshot!(value("-a.b[0](c) { d = 1 }.e"), @"(- ((call a.b[0] c){(d = 1)}).e)");
    assert_snapshot!(value("(a -> b) -> c"), @"(-> (-> a b) c)");
    assert_snapshot!(value("(1 + 2) * 3"), @"(* (+ 1 2) 3)");
    assert_snapshot!(value("..5"), @"(..5)");
    assert_snapshot!(value("-1.."), @"((- 1)..)");
}

#[test]
fn records_and_calls() {
    assert_snapshot!(show(r#"z = p { a.b.c = 1, env["k"] = v
  if = 3
  in.x = 4
  not = not d
  /// ignored
  order = order(a, b, name = "x", "a.b" = [1]) }
"#), @r#"(z = (p{(a.b.c = 1) (env["k"] = v) (if = 3) (in.x = 4) (not = (not d)) (order = (call order a b (name = "x") (a.b = [1])))}))"#);
}

#[test]
fn a_head_keeps_its_brace_on_its_line() {
    // What stands on the next line is another field, another element, or another item.
    assert_snapshot!(show("a = f\nb = [\n  f,\n  (x),\n  [y],\n]\nc = p { g = f\n  h = 0..\n  i = 1 }"), @"
    (a = f)
    (b = [f x [y]])
    (c = (p{(g = f) (h = (0..)) (i = 1)}))
    ");
}

#[test]
fn lists_and_maps() {
    assert_snapshot!(value("[]"), @"[]");
    assert_snapshot!(value("[a, [b], ]"), @"[a [b]]");
    assert_snapshot!(value("[m -> n for m in 0..9 if m > 2 for n in p]"), @"[(-> m n) (for m in (0..9) if (> m 2)) (for n in p)]");
    assert_snapshot!(value("{}"), @"{}");
    assert_snapshot!(value("{a: 1, \"b c\": {d: e},\n}"), @r#"{a: 1, "b c": {d: e}}"#);
}

#[test]
fn numbers() {
    assert_snapshot!(value("[1_000, 1.5, 1e3, 2.5e-3, 0..9]"), @"[1000 1.5 1000.0 0.0025 (0..9)]");
    assert_snapshot!(value("[1B, 2KB, 3MB, 4GB, 5TB, 1KiB, 1MiB, 1GiB, 1TiB, 1.5GB]"), @"[1*1B 2*1024B 3*1048576B 4*1073741824B 5*1099511627776B 1*1024B 1*1048576B 1*1073741824B 1*1099511627776B 1.5*1073741824B]");
    assert_snapshot!(value("[500ms, 30s, 5m, 1h, 1d]"), @"[500*1ms 30*1000ms 5*60000ms 1*3600000ms 1*86400000ms]");
    assert_snapshot!(value("-9223372036854775808"), @"-9223372036854775808");
    assert_snapshot!(value("[9223372036854775808, 1e999, 5xb, 3sec]"), @r#"
    [? ? ? ?]
    1:2-21 E0107 `9223372036854775808` is too large | does not fit into 64 bits | integers go from -9223372036854775808 to 9223372036854775807
    1:23-28 E0107 `1e999` is too large | does not fit into 64 bits | integers go from -9223372036854775808 to 9223372036854775807
    1:31-33 E0107 `xb` is not a unit | unknown unit | units are B KB MB GB TB, KiB MiB GiB TiB, and ms s m h d
    1:36-39 E0107 `sec` is not a unit | unknown unit | units are B KB MB GB TB, KiB MiB GiB TiB, and ms s m h d
      Unsafe fix, write `s`: 1:36-39 "s"
    "#);
}

#[test]
fn items_need_no_layout() {
    assert_snapshot!(show("  a = Process {\nname = 'x'\n}\n b = a +\n  c\nd =\n  e\nf = g\n  .h\n  if i\n  else j\n"), @r#"
    (a = (Process{(name = "x")}))
    (b = (+ a c))
    (d = e)
    (f = (if i g.h j))
    "#);
}

#[test]
fn an_item_moves_without_a_change() {
    let (near, far) = (
        crate::parse("a = [b, 'c']"),
        crate::parse("\n\n# note\n\n  a = [b, 'c'] # note\n"),
    );
    assert_eq!(near.items[0].node, far.items[0].node);
    assert_eq!(far.items[0].offset, 12);
    assert_eq!(*near.items[0].node, crate::parse_item("a = [b, 'c']"));
}

#[test]
fn ranges_cover_what_they_say() {
    let text = "x = p { a.b = [1, 'y'] }";
    let node = crate::parse_item(text);
    let crate::tree::ItemKind::Assign { value, .. } = &node.kind else {
        panic!("{node:?}")
    };
    let crate::tree::ExprKind::Record { head, fields } = &value.kind else {
        panic!("{node:?}")
    };
    let slice = |range: crate::tree::Range| &text[range.start as usize..range.end as usize];
    assert_eq!(slice(value.range), "p { a.b = [1, 'y'] }");
    assert_eq!(slice(head.range), "p");
    assert_eq!(slice(fields[0].range), "a.b = [1, 'y']");
    assert_eq!(slice(fields[0].value.range), "[1, 'y']");
}

#[test]
fn the_prelude_is_sound() {
    let tree = crate::parse(crate::PRELUDE);
    assert_eq!(super::dump::errors(crate::PRELUDE, &tree), "");
    assert!(tree.items.len() > 10);
}
