//! Python, recognised, and rewritten where that can be done.

use aur_diagnostics::{Boldness, SourceFile, SourceMap, apply_fixes};
use insta::assert_snapshot;

use super::dump::show;

/// Makes the safe fixes of a text until nothing is left to do, and shows what remains.
fn fixed(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..10 {
        let mut sources = SourceMap::default();
        let file = sources.add(SourceFile::new("a.aur", text.as_str()));
        let diagnostics = crate::parse(&text).diagnostics(file);
        let mut mended = apply_fixes(&sources, &diagnostics, Boldness::Safe, |_| true);
        match mended.remove(&file) {
            Some(mended) => text = mended.text,
            None => break,
        }
    }
    let tree = crate::parse(&text);
    format!("{text}{}", super::dump::errors(&text, &tree))
}

#[test]
fn constructors_are_records() {
    let text = "a = Process(name = \"x\", env = {}, daemon = True)\nb = ns.Task (processes = [\n  a,\n])\nc = Profile()\nd = order(a, b)\ne = Process(\"x\")\n";
    assert_snapshot!(show(text), @r#"
    (a = (Process{(name = "x") (env = {}) (daemon = true)}))
    (b = (ns.Task{(processes = [a])}))
    (c = (Profile{}))
    (d = (call order a b))
    (e = (call Process "x"))
    1:12-13 E0103 `Process` is built with braces, not called | expected `{` | write `Process { field = value }`
      Safe fix, write braces: 1:12-13 " {", 1:48-49 "}"
    1:44-48 E0103 `True` is written `true` | another language's word
      Safe fix, write `true`: 1:44-48 "true"
    2:13-14 E0103 `Task` is built with braces, not called | expected `{` | write `Task { field = value }`
      Safe fix, write braces: 2:13-14 "{", 4:2-3 "}"
    5:12-13 E0103 `Profile` is built with braces, not called | expected `{` | write `Profile { field = value }`
      Safe fix, write braces: 5:12-13 " {", 5:13-14 "}"
    "#);
    assert_snapshot!(fixed(text), @r#"
    a = Process {name = "x", env = {}, daemon = true}
    b = ns.Task {processes = [
      a,
    ]}
    c = Profile {}
    d = order(a, b)
    e = Process("x")
    "#);
}

#[test]
fn classes_are_structs() {
    let text = "class Profile(Struct):\n  \"\"\"What it takes.\"\"\"\n  version = Default(String, 'live')\n  ports = Required(List(Integer))\n  extra = Map(String, String)\n\na = 1\n";
    assert_snapshot!(show(text), @r#"
    (struct Profile (version: String = "live") (ports: List[Integer]) (extra: Map[String String]?))
    (a = 1)
    1:1-6 E0103 a type is declared with `struct` | Python's way
      Safe fix, write a struct: 1:1-6 "struct", 1:14-23 " {", 2:3-23 "", 3:10-12 ":", 3:13-21 "", 3:27-28 " =", 3:35-36 "", 4:8-10 ":", 4:11-20 "", 4:33-34 "", 5:8-10 ":", 5:30-30 "?\n}"
    4:24-25 E0103 types take their arguments in brackets | expected `[`
      Safe fix, write brackets: 4:24-25 "[", 4:32-33 "]"
    5:14-15 E0103 types take their arguments in brackets | expected `[`
      Safe fix, write brackets: 5:14-15 "[", 5:29-30 "]"
    "#);
    assert_snapshot!(fixed(text), @"
    struct Profile {
      
      version: String = 'live'
      ports: List[Integer]
      extra: Map[String, String]?
    }

    a = 1
    ");
    assert_snapshot!(fixed("class A(Struct):\n  '''One line.'''\n  x = Required(List(String)) # note\n"), @"
    struct A {
      
      x: List[String]
    } # note
    ");
    assert_snapshot!(show("class A(Base):\n  x = 1\nclass B(Struct):\n  def f(self):\n    pass\nb = 2\n"), @"
    (broken)
    (broken)
    (b = 2)
    1:1-6 E0103 a type is declared with `struct` | Python's way | write `struct Name { field: Type = default }`
    3:1-6 E0103 a type is declared with `struct` | Python's way | write `struct Name { field: Type = default }`
    ");
}

#[test]
fn words_and_calls() {
    let text = "a = None\ninclude(\"x.aur\")\nb = os.getenv('USER')\nc = getpass.getuser()\nd = p.bind({'a.b': 1, c: x})\ne = (1, 2)\n";
    assert_snapshot!(show(text), @r#"
    (a = unset)
    (include "x.aur")
    (b = ?)
    (c = ?)
    (d = (call p.bind (a.b = 1) (c = x)))
    (e = [1 2])
    1:5-9 E0103 `None` is written `unset` | another language's word
      Safe fix, write `unset`: 1:5-9 "unset"
    2:8-9 E0103 `include` takes its path without parentheses | not a call
      Safe fix, remove the parentheses: 2:8-9 " ", 2:16-17 ""
    3:5-22 E0103 the environment is read by an input | Python's way to the environment | declare `input user: String = env("USER")` and write `user`
      Safe fix, declare an input: 3:5-22 "user"
    4:5-22 E0103 the environment is read by an input | Python's way to the environment | declare `input user: String = env("USER")` and write `user`
      Safe fix, declare an input: 4:5-22 "user"
    5:12-28 E0103 names are bound by name, not as a map | expected `name = value`
      Safe fix, bind by name: 5:12-13 "", 5:18-20 " = ", 5:24-26 " = ", 5:27-28 ""
    6:5-6 E0103 a list stands in brackets | expected `[`
      Safe fix, write brackets: 6:5-6 "[", 6:10-11 "]"
    "#);
    assert_snapshot!(fixed(text), @r#"
    a = unset
    include "x.aur"
    input b: String = env("USER")
    input c: String = env("USER")
    d = p.bind('a.b' = 1, c = x)
    e = [1, 2]
    "#);
}

#[test]
fn statements() {
    assert_snapshot!(show("import os\nfrom x import y\ndef f(a):\n  return a\nfor x in y:\n  jobs.append(x)\nif a:\n  b = 1\njobs += [x]\njobs.extend(y)\nprint(x)\nlet z = 1\n"), @r#"
    (broken)
    (broken)
    (broken)
    (broken)
    (broken)
    (broken)
    (broken)
    (z = 1)
    1:1-7 E0103 nothing is imported | Python's way | `include "path.aur"` brings in another file; everything else is built in
      Safe fix, remove it: 1:1-10 ""
    2:1-5 E0103 nothing is imported | Python's way | `include "path.aur"` brings in another file; everything else is built in
    3:1-4 E0103 there are no functions | Python's way | write a value and copy it with changes: `base { name = "x" }`, or bind names in its texts
    5:1-4 E0103 there are no loops | Python's way | write a list: `[Job { name = n } for n in ["a", "b"]]`
    9:1-5 E0103 a name is given a value once | Python's way | join lists with `+` where the name is given its value: `jobs = prod + staging`
    10:1-5 E0103 there are no statements, only names and values | Python's way | join lists with `+` where the name is given its value: `jobs = prod + staging`
    11:1-6 E0103 there are no statements, only names and values | Python's way | write `name = value`, or choose with `a if condition else b`
    12:1-5 E0103 a name is given a value without `let` | nothing is needed here
      Safe fix, remove it: 12:1-5 ""
    "#);
}

#[test]
fn formatting() {
    assert_snapshot!(show("a = \"%s\" % x\nb = \"{}\".format(x)\nc = f\"{x}\"\nd = `live`\n"), @r#"
    (a = ?)
    (b = ?)
    (c = ?)
    (d = "live")
    1:5-13 E0103 texts are not formatted with `%` | Python's formatting | write the names into the text: "{{name}}"; `{{i | pad3}}` pads with zeros
    2:5-19 E0103 texts are not formatted by a call | Python's formatting | write the names into the text: "{{name}}"
    3:5-6 E0103 a text has no prefix `f` | Python's prefix | a name in a text is written "{{name}}"; only `r` exists, for texts taken as they are
      Unsafe fix, remove the prefix: 3:5-6 ""
    4:5-11 E0103 a text stands between `"` or `'` | other quotes
      Safe fix, write plain quotes: 4:5-11 "\"live\""
    "#);
}

#[test]
fn an_input_is_declared_once() {
    assert_snapshot!(fixed("import os\n# mine\na = [os.getenv('USER'), os.getenv('USER')]\nb = [getpass.getuser(), os.getenv('HOME')]\n"), @r#"
    input home: String = env("HOME")
    input user: String = env("USER")

    # mine
    a = [user, user]
    b = [user, home]
    "#);
    assert_snapshot!(fixed("b = [os.getenv('USER')]\ninput user: String = env('USER')\n"), @r"
    b = [user]
    input user: String = env('USER')
    ");
}

#[test]
fn a_name_that_is_given_to_the_environment_is_the_input() {
    assert_snapshot!(fixed("role = os.getenv('USER') # who\nuser: String = getpass.getuser()\n"), @r#"
    input role: String = env("USER") # who
    input user: String = env("USER")
    "#);
}

#[test]
fn names_that_are_taken_or_reserved_are_left_alone() {
    assert_snapshot!(fixed("user = 1\nuser_env = 2\na = [os.getenv('USER'), os.getenv('FILE'), os.getenv('2X-y')]\n"), @r#"
    input env_2x_y: String = env("2X-y")
    input env_file: String = env("FILE")
    input user_env_env: String = env("USER")
    user = 1
    user_env = 2
    a = [user_env_env, env_file, env_2x_y]
    "#);
}

#[test]
fn imports_of_the_environment_go() {
    assert_snapshot!(fixed("import os, getpass\nimport os, sys\n"), @r#"

    import os, sys
    2:1-7 E0103 nothing is imported | Python's way | `include "path.aur"` brings in another file; everything else is built in
    "#);
}

#[test]
fn a_default_has_no_form() {
    assert_snapshot!(fixed("a = [os.getenv('USER', 'nobody')]\n"), @r#"
    a = [os.getenv('USER', 'nobody')]
    1:6-33 E0103 the environment is read by an input | Python's way to the environment | declare `input user: String = env("USER")` and write `user`
    "#);
}
