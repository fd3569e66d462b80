use crate::session::{HELLO, session};

const OLD: &str = r#"hello = Process { name = "hello", cmdline = "echo hello" }
bye = Process { name = "bye", cmdline = "echo {{aur.ports[http]}}" }
task = Task {
  processes = [hello, bye]
  constraints = order(hello, bye)
  files = {"x.py": "a\nb\nc\nd\n"}
  resources = Resources { cpu = 0.5, ram = 64MB, disk = 64MB }
}
base = Job { cluster = "local", role = "me", environment = "devel", task = task }
jobs = [base { name = "hello" }, base { name = "gone" }]
"#;

const NEW: &str = r#"input count: Integer = 3
hello = Process { name = "hello", cmdline = "echo hello there", max_failures = 2 }
more = Process { name = "more", cmdline = "true" }
task = Task {
  processes = [hello, more]
  files = {"x.py": "a\nb\nC\nd\n", "y.py": "y"}
  resources = Resources { cpu = 0.5, ram = 128MB, disk = 64MB }
}
base = Job { cluster = "local", role = "me", environment = "devel", task = task }
jobs = [base { name = "hello", instances = count }, base { name = "new", contact = "me" }]
"#;

#[test]
fn programs_that_differ() {
    let files = [("old/main.aur", OLD), ("new/main.aur", NEW)];
    insta::assert_snapshot!(session(&files, &[
        "aurc diff old/main.aur new/main.aur",
        "aurc diff new/main.aur new/main.aur -E count=4",
        "aurc diff old/main.aur new/main.aur -E count=1 -q | grep instances",
        "aurc compile new/main.aur -o one.json; aurc diff one.json new/main.aur -E count=4",
        "aurc diff old/main.aur new/main.aur --color always | head -4",
    ]), @r#"
    $ aurc diff old/main.aur new/main.aur
    + input count = 3
    ~ job local/me/devel/hello
        ~ instances: 1 -> 3  (old/main.aur:10:9 -> new/main.aur:10:44)
        - ports: "http"  (old/main.aur:10:9)
        ~ task.files["x.py"]:  (old/main.aur:6:11 -> new/main.aur:6:11)
              b
            - c
            + C
              d
        + task.files["y.py"]: "y"  (new/main.aur:6:11)
        - task.order: hello -> bye  (old/main.aur:5:17)
        ~ task.resources.ram_bytes: 67108864 -> 134217728  (old/main.aur:7:44 -> new/main.aur:7:44)
        ~ process hello
            ~ cmdline: "echo hello" -> "echo hello there"  (old/main.aur:1:45 -> new/main.aur:2:45)
            ~ max_failures: 1 -> 2  (old/main.aur:1:9 -> new/main.aur:2:80)
        - process bye  (old/main.aur:2:7)
        + process more  (new/main.aur:3:8)
    - job local/me/devel/gone  (old/main.aur:10:34)
    + job local/me/devel/new  (new/main.aur:10:53)
    ! 13 differences
    = 1
    $ aurc diff new/main.aur new/main.aur -E count=4
    ! no differences
    = 0
    $ aurc diff old/main.aur new/main.aur -E count=1 -q | grep instances
    = 1
    $ aurc compile new/main.aur -o one.json; aurc diff one.json new/main.aur -E count=4
    ~ input count
        ~ source: "default" -> "flag"
        ~ value: 3 -> 4
    ~ job local/me/devel/hello
        ~ instances: 3 -> 4  (main.aur:10:44 -> new/main.aur:10:44)
    ! 3 differences
    = 1
    $ aurc diff old/main.aur new/main.aur --color always | head -4
    ^[32m+ input count = 3^[0m
    ^[33m~ job local/me/devel/hello^[0m
        ^[33m~ instances: 1 -> 3^[0m^[2m  (old/main.aur:10:9 -> new/main.aur:10:44)^[0m
        ^[31m- ports: "http"^[0m^[2m  (old/main.aur:10:9)^[0m
    ! 13 differences
    = 0
    "#);
}

#[test]
fn plans_that_differ() {
    let files = [("old.aur", OLD), ("new.aur", NEW)];
    insta::assert_snapshot!(session(&files, &[
        "aurc compile old.aur -o old.json; aurc compile new.aur -o new.json --no-spans",
        "aurc diff old.json new.json | head -4",
        "aurc diff - new.json < old.json -q | head -2",
        "aurc diff old.aur - < old.aur",
        "aurc diff old.json old.aur --json",
        "sed 's/there/here/' new.aur > newer.aur; aurc diff new.aur newer.aur --json",
    ]), @r#"
    $ aurc compile old.aur -o old.json; aurc compile new.aur -o new.json --no-spans
    = 0
    $ aurc diff old.json new.json | head -4
    + input count = 3
    ~ job local/me/devel/hello
        ~ instances: 1 -> 3  (old.aur:10:9)
        - ports: "http"  (old.aur:10:9)
    ! 13 differences
    = 0
    $ aurc diff - new.json < old.json -q | head -2
    + input count = 3
    ~ job local/me/devel/hello
    = 0
    $ aurc diff old.aur - < old.aur
    ! no differences
    = 0
    $ aurc diff old.json old.aur --json
    {"changes":[],"version":1}
    = 0
    $ sed 's/there/here/' new.aur > newer.aur; aurc diff new.aur newer.aur --json
    {"changes":[{"after":{"place":{"column":45,"file":"newer.aur","line":2},"value":"echo hello here"},"before":{"place":{"column":45,"file":"new.aur","line":2},"value":"echo hello there"},"kind":"changed","path":["cmdline"],"subject":{"job":"local/me/devel/hello","process":"hello"}},{"after":{"place":{"column":45,"file":"newer.aur","line":2},"value":"echo hello here"},"before":{"place":{"column":45,"file":"new.aur","line":2},"value":"echo hello there"},"kind":"changed","path":["cmdline"],"subject":{"job":"local/me/devel/new","process":"hello"}}],"version":1}
    = 1
    "#);
}

#[test]
fn what_cannot_be_compared() {
    let files = [
        ("good.aur", HELLO),
        ("bad.aur", "jobs = x\n"),
        ("other.json", "{}"),
    ];
    insta::assert_snapshot!(session(&files, &[
        "aurc diff good.aur bad.aur",
        "aurc diff good.aur none.aur",
        "aurc diff good.aur other.json",
        "aurc diff - -",
        "aurc diff good.aur good.aur -E x=1",
        "aurc compile good.aur -o good.json; aurc diff good.json good.json -E x=1",
        "sed 's/echo hello/echo bye/' good.json > changed.json; aurc diff good.json changed.json",
    ]), @"
    $ aurc diff good.aur bad.aur
    ! error[E0201]: `x` is not defined
    !    ╭─[ bad.aur:1:8 ]
    !    │
    !  1 │ jobs = x
    !    │        ┬
    !    │        ╰── not found in this file, its includes or the standard library
    ! ───╯
    ! 
    ! 1 file checked: 1 error
    ! `aurc explain E0201` tells more.
    !   × `bad.aur` has errors
    !   help: both must compile to be compared
    = 2
    $ aurc diff good.aur none.aur
    !   × there is no file `none.aur`
    = 2
    $ aurc diff good.aur other.json
    !   × cannot compare `other.json`
    !   ╰─▶ this is JSON, but not a compiled plan: it has no `aur_ir`
    !   help: compile it again: `aurc compile FILE -o plan.json`
    = 2
    $ aurc diff - -
    !   × the standard input can be read only once
    !   help: give `-` once
    = 2
    $ aurc diff good.aur good.aur -E x=1
    !   × -E: the program has no input `x`
    !   help: the program declares no inputs; declare one: `input name: String`
    = 2
    $ aurc compile good.aur -o good.json; aurc diff good.json good.json -E x=1
    !   × plans take no values of inputs: they have them
    !   help: compare programs, or leave `-E` and `--inputs` out
    = 2
    $ sed 's/echo hello/echo bye/' good.json > changed.json; aurc diff good.json changed.json
    !   × cannot compare `changed.json`
    !   ╰─▶ the plan was changed after it was compiled: it says sha256:3c0f0c627870b60f0ba62891823f6902bfd0bfa65029b79dbc1839b6e29589e4, its content is sha256:89ec7a4238846015b398f077bfd6d09c6fce666e89db46d48368c050f7d71eca
    !   help: compile it again: `aurc compile FILE -o plan.json`
    = 2
    ");
}
