//! Broken text: what is said, and what is left.

use insta::assert_snapshot;

use super::dump::show;

#[test]
fn five_errors_of_one_file() {
    assert_snapshot!(show(r#"a = Process {
  name =
  cmdline = "x"
}
b = [1, 2
c = "never closed
d = Task { name "x" }
e = Job { instances = }
f = 3
"#), @r#"
    (a = (Process{(name = ?) (cmdline = "x")}))
    (b = [1 2])
    (c = "never closed")
    (d = (Task{(name = "x")}))
    (e = (Job{(instances = ?)}))
    (f = 3)
    2:8-9 E0101 expected a value after `=` | nothing follows
    5:5-6 E0102 `[` is never closed | opened here
      5:10-10 expected `]` by here
      Unsafe fix, insert `]`: 5:10-10 "]"
    6:5-6 E0102 a text is never closed | opened here | a text ends on its line; one over several lines stands between """ and """
      Unsafe fix, insert `"`: 6:18-18 "\""
    7:17-20 E0101 expected `=`, found a text | expected `=` before this
      Unsafe fix, insert `=`: 7:17-17 "= "
    8:21-22 E0101 expected a value after `=` | nothing follows
    "#);
}

#[test]
fn tests_that_are_broken() {
    assert_snapshot!(show(r#"test "a" {
  a == 1
  expcet b == 2
  expect c == 3 4
  expect
  expect plan file("x") != file("y")
  expect d == 5
}
test {
  expect 1 == 1
}
tset "b" { expect true }
test "c" {
  expect a ==
x = 1
test
test "d"
y = 2
test "e" { x = 1 }
test f { expect true }
test "g" { expect error E0101 file("x") }
test h "i" { expect true }
"#), @r#"
    (test "a" (expect (== a 1)) (expect (== b 2)) (expect (== c 3)) (expect ?) (expect-plan (!= (call file "x") (call file "y")) ?) (expect (== d 5)))
    (test "" (expect (== 1 1)))
    (test "b" (expect true))
    (broken)
    (x = 1)
    (test = ?)
    (broken)
    (y = 2)
    (test "e")
    (test "f" (expect true))
    (test "g" (expect-error E0101 (call file "x")))
    (test "i" (expect true))
    2:3-4 E0101 expected `expect`, found `a` | what a test holds starts with `expect`
      Unsafe fix, insert `expect`: 2:3-3 "expect "
    3:3-9 E0101 expected `expect`, found `expcet` | what a test holds starts with `expect`
      Unsafe fix, write `expect`: 3:3-9 "expect"
    4:17-18 E0101 expected `,` or a new line, found `4` | the expectation could end before this
    5:3-9 E0101 expected a value after `expect` | nothing follows
    6:15-37 E0101 a plan is compared with the file that holds it | expected `==` and a file | write `expect plan file("main.aur") == file("main.plan.json")`
    9:6-7 E0101 a test is named by a text | expected a text | say what it shows: `test "the defaults" {`
    12:1-5 E0101 `tset` starts no item | did you mean `test`?
      Unsafe fix, write `test`: 12:1-5 "test"
    13:10-11 E0102 `{` is never closed | opened here
      14:14-14 expected `}` by here
      Unsafe fix, insert `}`: 14:14-14 "}"
    14:12-14 E0101 expected a value after `==` | nothing follows
    16:1-5 E0101 expected `=` and a value | this is a name only
    17:9-9 E0101 expected `{`, found the end | not expected here
    19:12-13 E0101 expected `expect`, found `x` | what a test holds starts with `expect`
    20:6-7 E0101 a test is named by a text | expected a text
      Safe fix, write quotes: 20:6-7 "\"f\""
    21:31-35 E0101 expected `in`, found `file` | expected `in` before this
      Unsafe fix, insert `in`: 21:31-31 "in "
    22:6-7 E0101 a test is named by a text | not part of the name
      Unsafe fix, remove it: 22:6-7 ""
    "#);
}

#[test]
fn five_errors_of_one_item() {
    assert_snapshot!(show(r#"job = Job {
  name =
  role "www-data"
  cluster = "west
  instances = 5 6
  task = Task { processes = [a b] }
  service = true
}
"#), @r#"
    (job = (Job{(name = ?) (cluster = "west") (instances = 5) (task = (Task{(processes = [a b])})) (service = true)}))
    2:8-9 E0101 expected a value after `=` | nothing follows
    4:13-14 E0102 a text is never closed | opened here | a text ends on its line; one over several lines stands between """ and """
      Unsafe fix, insert `"`: 4:18-18 "\""
    5:17-18 E0101 expected `,` or a new line, found `6` | the field could end before this
    6:32-33 E0101 expected `,` or `]`, found `b` | expected `,` before this
      Unsafe fix, insert a comma: 6:31-31 ","
    "#);
}

#[test]
fn values_that_are_missing() {
    assert_snapshot!(show("a =\nb = 1 +\nc = f(x, k =)\nd = [1, , 2]\ne = {a: }\nf = ()\ng = a[]\nh = x if y else\ni = not\n"), @r#"
    (a = ?)
    (b = (+ 1 ?))
    (c = (call f x (k = ?)))
    (d = [1 2])
    (e = {a: ?})
    (f = ?)
    (g = a[?])
    (h = (if y x ?))
    (i = (not ?))
    1:3-4 E0101 expected a value after `=` | nothing follows
    2:7-8 E0101 expected a value after `+` | nothing follows
    3:12-13 E0101 expected a value after `=` | nothing follows
    4:9-10 E0101 nothing stands before this comma | expected a value
      Safe fix, remove the comma: 4:9-10 ""
    5:7-8 E0101 expected a value after `:` | nothing follows
    6:5-6 E0101 expected a value after `(` | nothing follows
    7:6-7 E0101 expected a value after `[` | nothing follows
    8:12-16 E0101 expected a value after `else` | nothing follows
    9:5-8 E0101 expected a value after `not` | nothing follows
    "#);
}

#[test]
fn separators() {
    assert_snapshot!(show("a = p { b = 1 c = 2,, d = 3 }\nb = [a b\n  P { x = 1 }\n  P { y = 2 }]\nc = f(a b, c: 1)\nd = {a: 1 \"b\": 2\n  c: 3}\ne = [\"x\" \"y\"]\n"), @r#"
    (a = (p{(b = 1) (c = 2) (d = 3)}))
    (b = [a b (P{(x = 1)}) (P{(y = 2)})])
    (c = (call f a b (c = 1)))
    (d = {a: 1, "b": 2, c: 3})
    (e = ["x" "y"])
    1:15-16 E0101 fields are separated by a new line or a comma | expected `,` before this
      Safe fix, insert a comma: 1:14-14 ","
    1:21-22 E0101 one comma is enough | nothing stands before it
      Safe fix, remove the comma: 1:21-22 ""
    2:8-9 E0101 expected `,` or `]`, found `b` | expected `,` before this
      Unsafe fix, insert a comma: 2:7-7 ","
    3:3-4 E0101 expected `,` or `]`, found `P` | expected `,` before this
      Safe fix, insert a comma: 2:9-9 ","
    4:3-4 E0101 expected `,` or `]`, found `P` | expected `,` before this
      Safe fix, insert a comma: 3:14-14 ","
    5:9-10 E0101 expected `,` or `)`, found `b` | expected `,` before this
      Unsafe fix, insert a comma: 5:8-8 ","
    6:11-14 E0101 expected `,` or `}`, found a text | expected `,` before this
      Safe fix, insert a comma: 6:10-10 ","
    7:3-4 E0101 expected `,` or `}`, found `c` | expected `,` before this
      Safe fix, insert a comma: 6:17-17 ","
    8:10-13 E0108 two texts of a list stand side by side | expected `,` before this text | in a list they are not joined; use `+` if one text was meant
      8:6-9 behind this one
      Safe fix, insert a comma: 8:9-9 ","
    "#);
}

#[test]
fn brackets() {
    assert_snapshot!(show(r#"a = Task {
  processes = [
    Process { name = "x",
    Process { name = "y" },
  ]
  resources = Resources { cpu = 1
}
b = f(1, 2
c = [1, 2}
d = 3 }
e = Task {
  name = "x"
f = 4
"#), @r#"
    (a = (Task{(processes = [(Process{(name = "x")}) (Process{(name = "y")})]) (resources = (Resources{(cpu = 1)}))}))
    (d = 3)
    (e = (Task{(name = "x")}))
    (f = 4)
    3:13-14 E0102 `{` is never closed | opened here
      3:26-26 expected `}` by here
      Unsafe fix, insert `}`: 3:26-26 "}"
    6:25-26 E0102 `{` is never closed | opened here
      6:34-34 expected `}` by here
      Unsafe fix, insert `}`: 6:34-34 "}"
    8:6-7 E0102 `(` is never closed | opened here
      8:11-11 expected `)` by here
      Unsafe fix, insert `)`: 8:11-11 ")"
    9:10-11 E0102 `[` is closed by `}` | expected `]`
      9:5-6 opened here
      Unsafe fix, write `]`: 9:10-11 "]"
    10:7-8 E0101 `}` closes nothing | no bracket is open here
      Unsafe fix, remove it: 10:7-8 ""
    11:10-11 E0102 `{` is never closed | opened here
      12:13-13 expected `}` by here
      Unsafe fix, insert `}`: 12:13-13 "}"
    "#);
}

#[test]
fn texts_that_are_never_closed() {
    assert_snapshot!(show("a = \"x\nb = p { c = 'x, }\nd = [\"a, \"b\"]\ne = \"ends in \\\nf = r\"x\n"), @r#"
    (a = "x")
    (b = (p{(c = "x, ")}))
    (d = ["a, " b])
    (e = "ends in f = r")
    1:5-6 E0102 a text is never closed | opened here | a text ends on its line; one over several lines stands between """ and """
      Unsafe fix, insert `"`: 1:7-7 "\""
    2:13-14 E0102 a text is never closed | opened here | a text ends on its line; one over several lines stands between """ and """
      Unsafe fix, insert `'`: 2:17-17 "'"
    3:12-13 E0102 a text is never closed | opened here | one of the texts on this line lacks a quote
    5:7-8 E0101 expected a new line, found `x` | the item could end before this
    "#);
    assert_snapshot!(show("a = p {\n  s = \"\"\"\n    echo\n}\nb = 2\nc = \"\"\"\n  x = 1\n  \"\"\"\nd = 4\n"), @r#"
    (a = (p{(s = "    echo\n")}))
    (b = 2)
    (c = "x = 1\n")
    (d = 4)
    2:7-10 E0102 a text is never closed | opened here | the closing quotes are missing
      Unsafe fix, insert `"""`: 4:1-1 "\"\"\""
    "#);
}

#[test]
fn braces_on_the_next_line() {
    assert_snapshot!(show("a = Job\n{\n  task = Task\n  {\n    name = \"x\"\n  }\n}\n"), @r#"
    (a = (Job{(task = (Task{(name = "x")}))}))
    2:1-2 E0101 `{` stands on the line of its head | expected one line further up
      1:5-8 behind this
      Safe fix, join the lines: 1:8-2:1 " "
    4:3-4 E0101 `{` stands on the line of its head | expected one line further up
      3:10-14 behind this
      Safe fix, join the lines: 3:14-4:3 " "
    "#);
}

#[test]
fn words_of_items() {
    assert_snapshot!(show("inlcude \"x.aur\"\nstuct S {\n  a: String\n}\ninpt x: String\nenun E { a }\nname\nmain Process { name = \"x\" }\nProcess { name = \"x\" }\n"), @r#"
    (include "x.aur")
    (struct S (a: String))
    (input x String)
    (enum E a)
    (name = ?)
    (main = (Process{(name = "x")}))
    (broken)
    1:1-8 E0101 `inlcude` starts no item | did you mean `include`?
      Unsafe fix, write `include`: 1:1-8 "include"
    2:1-6 E0101 `stuct` starts no item | did you mean `struct`?
      Unsafe fix, write `struct`: 2:1-6 "struct"
    5:1-5 E0101 `inpt` starts no item | did you mean `input`?
      Unsafe fix, write `input`: 5:1-5 "input"
    6:1-5 E0101 `enun` starts no item | did you mean `enum`?
      Unsafe fix, write `enum`: 6:1-5 "enum"
    7:1-5 E0101 expected `=` and a value | this is a name only
    8:6-13 E0101 expected `=`, found `Process` | expected `=` before this
      Unsafe fix, insert `=`: 8:6-6 "= "
    9:1-8 E0101 a value stands here without a name | expected `name =` before this
    "#);
}

#[test]
fn blocks_of_other_languages() {
    assert_snapshot!(show("process \"hello\" {\n  cmdline = \"true\"\n}\nvariable \"name\" { type = string }\nresource \"a-b\" { a = 1 }\ntset \"x\" { expect true }\n"), @r#"
    (hello = ?)
    (name = ?)
    (name = ?)
    (test "x" (expect true))
    1:1-8 E0101 `process` starts no item | a block of another language | write `hello = Process { .. }`
    4:1-9 E0101 `variable` starts no item | a block of another language | write `input name: String`
    5:1-9 E0101 `resource` starts no item | a block of another language | write `name = Type { .. }`
    6:1-5 E0101 `tset` starts no item | did you mean `test`?
      Unsafe fix, write `test`: 6:1-5 "test"
    "#);
}

#[test]
fn declarations() {
    assert_snapshot!(show("struct S {\n  a = \"x\"\n  b String\n  c:\n  d: Integer =\n  e\n  f: List(String)\n  \"g\": String\n  h: String i: String\n}\nenum E { \"a\", b = 2, c }\ntype T Integer\ninput u = 3\n"), @r#"
    (struct S (a: ? = "x") (b: String) (c: ?) (d: Integer = e) (f: List[String]) (g: String) (h: String) (i: String))
    (enum E a b c)
    (type T Integer)
    (input u ? = 3)
    2:3-4 E0101 a member is declared with its type | expected `: Type` behind this | write `name: Type = default`
    3:5-11 E0101 expected `:`, found `String` | expected `:` before this
      Unsafe fix, insert `:`: 3:5-5 ": "
    4:4-5 E0101 expected a type after `:` | nothing follows
    7:10-11 E0103 types take their arguments in brackets | expected `[`
      Safe fix, write brackets: 7:10-11 "[", 7:17-18 "]"
    8:3-6 E0101 a member is named without quotes | expected a name
      Safe fix, write a name: 8:3-6 "g"
    9:13-14 E0101 members are separated by a new line or a comma | expected `,` before this
      Safe fix, insert a comma: 9:12-12 ","
    11:10-13 E0101 the names of an enum stand without quotes | expected a name
      Safe fix, remove the quotes: 11:10-13 "a"
    12:8-15 E0101 expected `=`, found `Integer` | expected `=` before this
      Unsafe fix, insert `=`: 12:8-8 "= "
    13:7-8 E0101 an input is declared with its type | expected `: Type` behind this | write `name: Type = default`
    "#);
}

#[test]
fn records_in_other_spellings() {
    assert_snapshot!(show("a = P {\n  name: \"x\"\n  \"cmd\": \"y\"\n  max = 3\n}\nb = {a = 1, b = 2}\nc = P { , x = 1; y = 2 }\nd += 3\ne = P { x += 1 }\n"), @r#"
    (a = (P{(name = "x") (cmd = "y") (max = 3)}))
    (b = {a: 1, b: 2})
    (c = (P{(x = 1) (y = 2)}))
    (broken)
    (e = (P{(x = 1)}))
    2:7-8 E0101 expected `=`, found `:` | expected `=`
      Unsafe fix, write `=`: 2:7-8 " =", 3:8-9 " ="
    3:3-8 E0101 a field is named without quotes | expected a name
      Safe fix, write a name: 3:3-8 "cmd"
    6:8-9 E0101 expected `:`, found `=` | expected `:`
      Safe fix, write `:`: 6:8-9 ":", 6:15-16 ":"
    7:9-10 E0101 nothing stands before this comma | expected a field
      Safe fix, remove the comma: 7:9-10 ""
    8:1-2 E0103 a name is given a value once | Python's way | join lists with `+` where the name is given its value: `jobs = prod + staging`
    9:11-12 E0101 a name is given a value once, with `=` | expected `=`
    "#);
}

#[test]
fn characters() {
    assert_snapshot!(show("a = 1; \nb = x && y || !z\nc = \u{201c}text\u{201d}\nd = 1\u{a0}+ 2\ne = a \\\n  + b\nf = $x\ng = größe\n// note\n## note\n#### ruler ####\nh = 10 // 3\n"), @r##"
    (a = 1)
    (b = (or (and x y) (not z)))
    (c = "text")
    (d = (+ 1 2))
    (e = (+ a b))
    (f = ?)
    (g = größe)
    (broken)
    (broken)
    (h = (// 10 3))
    1:6-7 E0101 `;` ends nothing here | a new line is enough
      Safe fix, remove it: 1:6-7 ""
    2:7-9 E0101 `&&` is written `and` | another language's operator
      Safe fix, write `and`: 2:7-9 "and"
    3:5-11 E0101 a text stands between `"` or `'` | other quotes
      Safe fix, write plain quotes: 3:5-11 "\"text\""
    4:6-7 E0101 a blank that is none | not an ordinary space
      Safe fix, write a space: 4:6-7 " "
    5:7-8 E0101 lines are joined without a backslash | nothing is needed here
      Safe fix, remove it: 5:7-8 ""
    7:5-6 E0101 expected a value, found `$` | not expected here
    8:5-10 E0101 `größe` is no name: names are written with the letters a to z, digits and `_` | a letter outside ASCII
    9:1-3 E0101 a comment starts with `#` | not `//`
      Safe fix, write `#`: 9:1-3 "#"
    10:1-3 E0101 a comment starts with one `#`, a doc comment with `///` | not `##`
      Safe fix, write `#`: 10:1-3 "#"
    "##);
    assert_snapshot!(show("a = 1 \u{202e}\n# hidden \u{2066}\nb = \u{1}2\u{1}\rc = 3\nd = \"\u{202e} is text\"\n"), @r#"
    (a = 1)
    (broken)
    (b = 2)
    (d = "\u{202e} is text")
    1:7-8 E0101 an invisible character stands here | U+202E
      Safe fix, remove it: 1:7-8 ""
    2:1-11 E0101 a comment holds characters that hide or reorder text | invisible characters in here | remove them: what is shown must be what is read
    3:5-6 E0101 an invisible character stands here | U+0001
      Safe fix, remove it: 3:5-6 ""
    "#);
}

#[test]
fn expressions() {
    assert_snapshot!(show("a = 1 < 2 < 3\nb = (1 < 2) == true\nc = a if b\nd = f(1 = 2)\ne = for\nf = x \"y\"\ng = [x for y]\nh = a ? b : c\ni = f(a.b = 1)\n"), @"
    (a = (< (< 1 2) 3))
    (b = (== (< 1 2) true))
    (c = (if b a ?))
    (d = (call f ( = 2)))
    (e = ?)
    (f = x)
    (g = [?])
    (h = a)
    (i = (call f ( = 1)))
    1:11-12 E0101 comparisons are not chained | a second comparison | join two comparisons with `and`, or ask `x in low..high`
    3:11-11 E0101 expected `else` | expected `else` and a value | both are needed: `value if condition else other`
      3:7-9 of this `if`
    4:7-8 E0101 expected a name before `=` | this is no name | compare with `==`
    5:5-8 E0101 expected a value, found `for` | expected a value before this word
    6:7-10 E0101 a text cannot stand behind this value | expected an operator, or `,` before it
    7:13-14 E0101 expected `in`, found `]` | not expected here
    8:7-8 E0101 a value is chosen with `if` and `else` | another language's operator | write `value if condition else other`
    9:7-10 E0101 expected a name before `=` | this is no name | compare with `==`
    ");
}

#[test]
fn doc_comments_before_nothing() {
    assert_snapshot!(show("a = [\n  /// one\n  1,\n  /// two\n  2,\n]\n/// last\n"), @r##"
    (a = [1 2])
    (broken)
    2:3-10 E0101 a doc comment stands before an item or a member | an ordinary comment starts with `#`
      Safe fix, write `#`: 2:3-6 "#", 4:3-6 "#"
    7:1-9 E0101 a doc comment or annotation stands before nothing | expected an item below
    "##);
}

#[test]
fn odd_files() {
    assert_snapshot!(show(""), @"");
    assert_snapshot!(show("\u{feff}a = 1\n"), @"(a = 1)");
    assert_snapshot!(show("# only a note"), @"");
    assert_snapshot!(show("a = 1\r\nb = p {\r\n  c = 2\r\n}\r\n"), @"
    (a = 1)
    (b = (p{(c = 2)}))
    ");
    assert_snapshot!(show("\u{7f}ELF\u{1}\u{1}\0\0\0\0\0\0\0\0\u{3}\0>\0"), @"
    (broken)
    1:5-6 E0106 the file is not text | a control character
    ");
    assert_snapshot!(show("}}}]]]"), @r#"
    (broken)
    1:1-2 E0101 `}` closes nothing | no bracket is open here
      Unsafe fix, remove it: 1:1-2 ""
    "#);
}

#[test]
fn a_range_has_no_fields() {
    assert_snapshot!(show("a = b..{\n  name = 1\n}\nc = b.. { name = 1 }\nd = b..(x)\ne = 0..[1]\n"), @r#"
    (a = (b..{name: 1}))
    (c = (b..{name: 1}))
    (d = (b..x))
    (e = (0..[1]))
    2:8-9 E0101 expected `:`, found `=` | expected `:`
      Safe fix, write `:`: 2:8-9 ":"
    4:16-17 E0101 expected `:`, found `=` | expected `:`
      Safe fix, write `:`: 4:16-17 ":"
    "#);
}
