use crate::session::{HELLO, Session, session};

const TESTS: &str = r#"include "main.aur"
input extra: String
test "a sound value" { expect hello_task.resources.cpu == 0.5, expect "{{extra}}" == "x" }
test "values that differ" {
  expect hello.cmdline == "echo hi"
  expect len(hello_task.processes) > 1
  expect [hello.name, "b", "c"] == ["hello", "c"]
  expect hello.max_failures != 1
}
test "errors" {
  expect error E0203 in file("bad.aur")
  expect error unknown_name in file("bad.aur")
}
test "plans" { expect plan file("main.aur") == file("main.plan.json") }
"#;
const BAD: &str = "p = Process { nmae = \"x\" }\n";

#[test]
fn tests_are_run_and_told() {
    insta::assert_snapshot!(session(&[("main.aur", HELLO), ("bad.aur", BAD), ("main_test.aur", TESTS)], &[
        "aurc test -E extra=x",
        "aurc test main_test.aur -E extra=x --filter sound",
        "aurc test . --filter 'a sound' --color always -E extra=x",
        "aurc test --filter sound",
        "echo 'test \"nothing\" { }' > empty_test.aur; aurc test empty_test.aur -q; rm empty_test.aur",
        "aurc test --filter nothing -E extra=x",
        "aurc test -E extr=x",
        "aurc check main_test.aur",
    ]), @r#"
    $ aurc test -E extra=x
    ok      main_test.aur:3:6  a sound value
    failed  main_test.aur:4:6  values that differ
        main_test.aur:5:3: this does not hold
          expect hello.cmdline == "echo hi"
          left   "echo hello"
          right  "echo hi"
        main_test.aur:6:3: this does not hold
          expect len(hello_task.processes) > 1
        main_test.aur:7:3: this does not hold
          expect [hello.name, "b", "c"] == ["hello", "c"]
          - right
          + left
          @@ -1,4 +1,5 @@
           [
             "hello",
          +  "b",
             "c"
           ]
        main_test.aur:8:3: this does not hold
          expect hello.max_failures != 1
          both   1
    failed  main_test.aur:10:6  errors
        main_test.aur:12:3: `bad.aur` does not give E0201 (a name is not defined)
          expect error unknown_name in file("bad.aur")
          bad.aur:1:15: E0203 `Process` has no field `nmae`
    failed  main_test.aur:14:6  plans
        main_test.aur:14:16: there is no file `main.plan.json` yet
          expect plan file("main.aur") == file("main.plan.json")
          `aurc test --update` writes the plan that the program has now
    4 tests in 1 file: 1 passed, 3 failed
    = 1
    $ aurc test main_test.aur -E extra=x --filter sound
    ok      main_test.aur:3:6  a sound value
    1 test in 1 file: 1 passed, 0 failed
    = 0
    $ aurc test . --filter 'a sound' --color always -E extra=x
    ^[32mok    ^[0m  main_test.aur:3:6  a sound value
    1 test in 1 file: 1 passed, 0 failed
    = 0
    $ aurc test --filter sound
    failed  main_test.aur:3:6  a sound value
        main_test.aur:3:64: this depends on inputs that have no value: extra
          expect "{{extra}}" == "x"
    1 test in 1 file: 0 passed, 1 failed
    = 1
    $ echo 'test "nothing" { }' > empty_test.aur; aurc test empty_test.aur -q; rm empty_test.aur
    failed  empty_test.aur:1:6  nothing
        empty_test.aur:1:6: this test expects nothing
          "nothing"
    = 0
    $ aurc test --filter nothing -E extra=x
    !   × no test in `.` has `nothing` in its name
    !   help: leave `--filter` out to run all
    = 2
    $ aurc test -E extr=x
    !   × -E: the program has no input `extr`
    !   help: did you mean `extra`?
    = 2
    $ aurc check main_test.aur
    1 file checked: no errors
    = 0
    "#);
}

#[test]
fn plans_are_written_anew() {
    insta::assert_snapshot!(session(&[("main.aur", HELLO), ("bad.aur", BAD), ("main_test.aur", TESTS)], &[
        "aurc test --filter plans -E extra=x --update",
        "head -4 main.plan.json; grep -c spans main.plan.json",
        "(echo '# a comment'; cat main.aur) > new; mv new main.aur",
        "aurc test --filter plans -E extra=x",
        "sed -i 's/echo hello/echo goodbye/' main.aur",
        "aurc test --filter plans -E extra=x",
        "aurc test --filter plans -E extra=x --update && aurc test --filter plans -E extra=x",
        "echo 'test \"x\" { expect plan file(\"main.aur\") == file(\"main.aur\") }' > over_test.aur",
        "aurc test over_test.aur --update; head -1 main.aur",
        "mkdir ../outside; ln -s ../outside out",
        "echo 'test \"x\" { expect plan file(\"main.aur\") == file(\"out/new.json\") }' > over_test.aur",
        "aurc test over_test.aur --update; ls ../outside",
        "echo 'test \"x\" { expect plan file(\"main.aur\") == file(\"../outside/new.json\") }' > over_test.aur",
        "aurc test over_test.aur --update 2>&1 | head -1; ls ../outside",
    ]), @r#"
    $ aurc test --filter plans -E extra=x --update
    ok      main_test.aur:14:6  plans
    updated main.plan.json
    1 test in 1 file: 1 passed, 0 failed
    = 0
    $ head -4 main.plan.json; grep -c spans main.plan.json
    {
      "aur_ir": 1,
      "digest": "sha256:fb6c49b3f3b75fc2351c19675a6b253441e6e01851246017603086f0af96d156",
      "files": [
    0
    = 1
    $ (echo '# a comment'; cat main.aur) > new; mv new main.aur
    = 0
    $ aurc test --filter plans -E extra=x
    ok      main_test.aur:14:6  plans
    1 test in 1 file: 1 passed, 0 failed
    = 0
    $ sed -i 's/echo hello/echo goodbye/' main.aur
    = 0
    $ aurc test --filter plans -E extra=x
    failed  main_test.aur:14:6  plans
        main_test.aur:14:16: the plan of `main.aur` is not that of `main.plan.json`
          expect plan file("main.aur") == file("main.plan.json")
          - expected
          + compiled
          @@ -29,5 +29,5 @@
                   "processes": [
                     {
          -            "cmdline": "echo hello",
          +            "cmdline": "echo goodbye",
                       "daemon": false,
                       "ephemeral": false,
          `aurc test --update` writes the plan that the program has now
    1 test in 1 file: 0 passed, 1 failed
    = 1
    $ aurc test --filter plans -E extra=x --update && aurc test --filter plans -E extra=x
    ok      main_test.aur:14:6  plans
    updated main.plan.json
    1 test in 1 file: 1 passed, 0 failed
    ok      main_test.aur:14:6  plans
    1 test in 1 file: 1 passed, 0 failed
    = 0
    $ echo 'test "x" { expect plan file("main.aur") == file("main.aur") }' > over_test.aur
    = 0
    $ aurc test over_test.aur --update; head -1 main.aur
    # a comment
    !   × `main.aur` is not written anew
    !   help: give the file that holds a plan a name that ends in `.json`
    = 0
    $ mkdir ../outside; ln -s ../outside out
    = 0
    $ echo 'test "x" { expect plan file("main.aur") == file("out/new.json") }' > over_test.aur
    = 0
    $ aurc test over_test.aur --update; ls ../outside
    failed  over_test.aur:1:6  x
        over_test.aur:1:12: this expectation has an error
          expect plan file("main.aur") == file("out/new.json")
    1 test in 1 file: 0 passed, 1 failed
    ! error[E0503]: `out/new.json` leaves the project
    !    ╭─[ over_test.aur:1:49 ]
    !    │
    !  1 │ test "x" { expect plan file("main.aur") == file("out/new.json") }
    !    │                                                 ───────┬──────
    !    │                                                        ╰──────── outside of the project root
    !    │
    !    │ Help: move the file into the project, or put an `aur.toml` into the folder that both share
    !    │
    !    │ Note: a program reads only files of its own project, so that it means the same on every machine
    ! ───╯
    ! 
    = 0
    $ echo 'test "x" { expect plan file("main.aur") == file("../outside/new.json") }' > over_test.aur
    = 0
    $ aurc test over_test.aur --update 2>&1 | head -1; ls ../outside
    error[E0503]: `../outside/new.json` leaves the project
    = 0
    "#);
}

#[test]
fn tests_are_found() {
    let one = "test \"one\" { expect true }\n";
    let session = Session::new(&[
        ("a/b/one_test.aur", one),
        ("a/target/two_test.aur", one),
        ("a/.git/three_test.aur", one),
        ("a/test.aur", "test = 1\n"),
        ("none/test.aur", "test = 1\n"),
        (
            "broken/broken_test.aur",
            "x = [1\n\ntest \"one\" { expect }\ntest \"two\" { expect true }\n",
        ),
        ("misplaced.aur", one),
    ]);
    insta::assert_snapshot!(session
        .run("aurc test a")
        .run("aurc test a/b none")
        .run("aurc test none")
        .run("aurc test nowhere")
        .run("aurc test broken")
        .run("aurc check misplaced.aur --format short")
        .run("aurc test a --json")
        .text(), @r#"
    $ aurc test a
    ok      a/b/one_test.aur:1:6  one
    1 test in 1 file: 1 passed, 0 failed
    = 0
    $ aurc test a/b none
    ok      a/b/one_test.aur:1:6  one
    1 test in 1 file: 1 passed, 0 failed
    = 0
    $ aurc test none
    !   × there are no tests in `none`
    !   help: write one to a file whose name ends in `_test.aur`: `test "name" { expect 1 + 1 == 2 }`
    = 2
    $ aurc test nowhere
    !   × there is no file `nowhere`
    = 2
    $ aurc test broken
    failed  broken/broken_test.aur:3:6  one
        broken/broken_test.aur:3:6: the test cannot be read as it is written
          "one"
    ok      broken/broken_test.aur:4:6  two
    2 tests in 1 file: 1 passed, 1 failed
    ! error[E0102]: `[` is never closed
    !    ╭─[ broken/broken_test.aur:1:5 ]
    !    │
    !  1 │ x = [1
    !    │     ┬ ┬
    !    │     ╰──── opened here
    !    │       │
    !    │       ╰── expected `]` by here
    !    │
    !    │ Help: insert `]`
    !    │           x = [1]
    ! ───╯
    ! 
    ! error[E0101]: expected a value, found `}`
    !    ╭─[ broken/broken_test.aur:3:21 ]
    !    │
    !  3 │ test "one" { expect }
    !    │                     ┬
    !    │                     ╰── not expected here
    ! ───╯
    ! 
    = 1
    $ aurc check misplaced.aur --format short
    misplaced.aur:1:6: error[E0109]: tests stand in files whose names end in `_test.aur`
    = 1
    $ aurc test a --json
    {
      "findings": {
        "diagnostics": [],
        "summary": {
          "errors": 0,
          "files": 1,
          "warnings": 0
        },
        "version": 1
      },
      "summary": {
        "failed": 0,
        "files": 1,
        "passed": 1,
        "tests": 1
      },
      "tests": [
        {
          "column": 6,
          "file": "a/b/one_test.aur",
          "line": 1,
          "name": "one",
          "passed": true,
          "unmet": []
        }
      ],
      "updated": [],
      "version": 1
    }
    = 0
    "#);
}
