//! Bad input: what is said, and the exit code.

use std::os::unix::fs::symlink;

use aur_tests::Session;
use insta::assert_snapshot;

use crate::programs::{command, job, process, with};

/// What `aurc check` says; `aur run` must refuse the same program with 1 and start nothing.
#[track_caller]
fn refused(session: &Session) -> String {
    let told = session.aurc(&["check", "main.aur"]).ended(1);
    let run = session.aur(&["run", "main.aur"]).ended(1);
    assert!(session.tasks().is_empty(), "nothing is started\n{run}");
    assert_eq!(run.out(), "", "errors go to the error output\n{run}");
    told.to_string()
}

#[test]
fn five_syntax_errors_are_said_at_once() {
    let session = with(
        "a = \n\
         b = [1, 2\n\
         c = Process { name \"x\" }\n\
         fine = 1\n\
         d = \"open\n\
         also_fine = 2\n\
         struct { x: String }\n",
    );
    let told = session.aurc(&["check", "main.aur", "--format", "short"]).ended(1);
    assert_snapshot!(told, @"
    $ aurc check main.aur --format short
    main.aur:1:3: error[E0101]: expected a value after `=`
    main.aur:2:5: error[E0102]: `[` is never closed
    main.aur:3:20: error[E0101]: expected `=`, found a text
    main.aur:5:5: error[E0102]: a text is never closed
    main.aur:7:1: error[E0101]: a value stands here without a name
    [exit 1]
    ");
    let found = session
        .aurc(&["check", "main.aur", "--format", "json"])
        .ended(1)
        .json();
    let mut lines: Vec<u64> = found["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|diagnostic| diagnostic["spans"][0]["start"]["line"].as_u64().unwrap())
        .collect();
    lines.dedup();
    assert_eq!(lines.len(), 5, "one place each: {lines:?}");
    refused(&session);
}

#[test]
fn an_unknown_field() {
    let session = with(job("processes = [Process { name = \"a\", cmdlin = \"true\" }]"));
    assert_snapshot!(refused(&session), @r#"
    $ aurc check main.aur
    error[E0203]: `Process` has no field `cmdlin`
       ╭─[ main.aur:6:42 ]
       │
     6 │       processes = [Process { name = "a", cmdlin = "true" }]
       │                                          ───┬──
       │                                             ╰──── no such field
       │
       │ Help: did you mean `cmdline`?
       │           processes = [Process { name = "a", cmdline = "true" }]
    ───╯

    1 file checked: 1 error
    `aurc explain E0203` tells more.
    [exit 1]
    "#);
}

#[test]
fn a_wrong_type() {
    let session = with(job(&format!(
        "processes = [{}], max_failures = \"often\"",
        process("a")
    )));
    assert_snapshot!(refused(&session), @r#"
    $ aurc check main.aur
    error[E0302]: the text "often" is not a value of type Integer
       ╭─[ main.aur:6:78 ]
       │
     6 │       processes = [Process { name = "a", cmdline = "true" }], max_failures = "often"
       │                                                                              ───┬───
       │                                                                                 ╰───── Integer is needed here
       │
       │ Help: write digits, such as `42`
    ───╯

    1 file checked: 1 error
    `aurc explain E0302` tells more.
    [exit 1]
    "#);
}

#[test]
fn an_unbound_name() {
    let session = with(
        job("processes = [Process { name = \"a\", cmdline = \"echo {{greting}}\" }]\n")
            .replace("jobs =", "greeting = \"hi\"\njobs ="),
    );
    assert_snapshot!(refused(&session), @r#"
    $ aurc check main.aur
    error[E0401]: `greting` is not bound
        ╭─[ main.aur:7:60 ]
      3 │ ╭─▶   Job {
        ┆ ┆
      7 │ │         processes = [Process { name = "a", cmdline = "echo {{greting}}" }]
        │ │                                                              ───┬───
        │ │                                                                 ╰───── nothing in scope has this name
        ┆ ┆
     10 │ ├─▶   },
        │ │
        │ ╰─────────── needed by this job
        │     Help: did you mean `greeting`? texts see bindings and fields, not names of the file: add `.bind(greeting = greeting)`
    ────╯

    1 file checked: 1 error
    `aurc explain E0401` tells more.
    [exit 1]
    "#);
}

#[test]
fn a_reference_cycle() {
    assert_snapshot!(refused(&with("a = b + 1\nb = c * 2\nc = a\n")), @"
    $ aurc check main.aur
    error[E0208]: `a` is defined by itself: `a` -> `b` -> `c` -> `a`
       ╭─[ main.aur:1:1 ]
     1 │ a = b + 1
       │ ┬
       │ ╰── this value needs itself
     2 │ b = c * 2
       │ ┬
       │ ╰── by way of this value
     3 │ c = a
       │ ┬
       │ ╰── by way of this value
       │ Help: a value is built before it is used; take one of the names out of the circle
    ───╯

    1 file checked: 1 error
    `aurc explain E0208` tells more.
    [exit 1]
    ");
    let texts = job("processes = [Process { name = \"{{cmdline}}\", cmdline = \"{{name}}\" }]");
    assert_snapshot!(refused(&with(texts)), @r#"
    $ aurc check main.aur
    error[E0403]: texts refer to each other: {{cmdline}} -> {{name}} -> {{cmdline}}
       ╭─[ main.aur:6:38 ]
       │
     6 │       processes = [Process { name = "{{cmdline}}", cmdline = "{{name}}" }]
       │                                      ─────┬─────              ────┬───
       │                                           ╰───────────────────────────── this needs itself
       │                                                                   │
       │                                                                   ╰───── by way of this name
       │
       │ Help: write one of these texts without the others
    ───╯

    1 file checked: 1 error
    `aurc explain E0403` tells more.
    [exit 1]
    "#);
}

#[test]
fn includes_that_cannot_be() {
    let session = with("include \"commn.aur\"\n");
    session.write("common.aur", "x = 1\n");
    assert_snapshot!(refused(&session), @r#"
    $ aurc check main.aur
    error[E0501]: there is no file `commn.aur`
       ╭─[ main.aur:1:9 ]
       │
     1 │ include "commn.aur"
       │         ─────┬─────
       │              ╰─────── not found
       │
       │ Help: did you mean `common.aur`?
       │
       │ Note: paths count from the folder of the file they stand in
    ───╯

    1 file checked: 1 error
    `aurc explain E0501` tells more.
    [exit 1]
    "#);

    let session = with("include \"a.aur\"\n");
    session.write("a.aur", "include \"b.aur\"\n");
    session.write("b.aur", "include \"a.aur\"\n");
    assert_snapshot!(refused(&session), @r#"
    $ aurc check main.aur
    error[E0502]: files include each other: a.aur:1 -> b.aur:1 -> a.aur
       ╭─[ b.aur:1:9 ]
       │
     1 │ include "a.aur"
       │         ───┬───
       │            ╰───── this include closes the circle
       │
       │ Help: move what both need into a third file
    ───╯

    1 file checked: 1 error
    `aurc explain E0502` tells more.
    [exit 1]
    "#);
}

#[test]
fn includes_stay_in_the_project() {
    let session = with("include \"../outside.aur\"\n");
    std::fs::write(session.beside("outside.aur"), "x = 1\n").unwrap();
    assert_snapshot!(refused(&session), @r#"
    $ aurc check main.aur
    error[E0503]: `../outside.aur` leaves the project
       ╭─[ main.aur:1:9 ]
       │
     1 │ include "../outside.aur"
       │         ────────┬───────
       │                 ╰───────── outside of the project root
       │
       │ Help: move the file into the project, or put an `aur.toml` into the folder that both share
       │
       │ Note: a program reads only files of its own project, so that it means the same on every machine
    ───╯

    1 file checked: 1 error
    `aurc explain E0503` tells more.
    [exit 1]
    "#);

    let session = with("include \"inside.aur\"\n");
    std::fs::write(session.beside("outside.aur"), "x = 1\n").unwrap();
    symlink(session.beside("outside.aur"), session.work().join("inside.aur")).unwrap();
    assert_snapshot!(refused(&session), @r#"
    $ aurc check main.aur
    error[E0503]: `inside.aur` leaves the project
       ╭─[ main.aur:1:9 ]
       │
     1 │ include "inside.aur"
       │         ──────┬─────
       │               ╰─────── outside of the project root
       │
       │ Help: move the file into the project, or put an `aur.toml` into the folder that both share
       │
       │ Note: a program reads only files of its own project, so that it means the same on every machine
    ───╯

    1 file checked: 1 error
    `aurc explain E0503` tells more.
    [exit 1]
    "#);

    let session = with("secret = file(\"/etc/hostname\")\n");
    assert_snapshot!(refused(&session), @r#"
    $ aurc check main.aur
    error[E0503]: `/etc/hostname` leaves the project
       ╭─[ main.aur:1:15 ]
       │
     1 │ secret = file("/etc/hostname")
       │               ───────┬───────
       │                      ╰───────── outside of the project root
       │
       │ Help: move the file into the project, or put an `aur.toml` into the folder that both share
       │
       │ Note: a program reads only files of its own project, so that it means the same on every machine
    ───╯

    1 file checked: 1 error
    `aurc explain E0503` tells more.
    [exit 1]
    "#);
}

#[test]
fn no_jobs() {
    let session = with("x = 1\n");
    session.aurc(&["check", "main.aur"]).ended(0);
    let told = session.aur(&["run", "main.aur"]).ended(1);
    assert_snapshot!(told, @"
    $ aur run main.aur
    [stderr]
    error[E0317]: this file defines no `jobs`
       ╭─[ main.aur:1:1 ]
       │
     1 │ x = 1
       │ ┬
       │
       │ Help: end the file with the list of its jobs: `jobs = [hello]`
    ───╯

    1 file checked: 1 error
    `aurc explain E0317` tells more.
    [exit 1]
    ");
    session.aurc(&["compile", "main.aur"]).ended(1);

    let session = with("jobs = []\n");
    assert_snapshot!(session.aur(&["run", "main.aur"]).ended(1), @"
    $ aur run main.aur
    [stderr]
    error[E0317]: the list of jobs is empty
       ╭─[ main.aur:1:8 ]
       │
     1 │ jobs = []
       │        ─┬
       │
       │ Help: put a job into it: `jobs = [hello]`
    ───╯

    1 file checked: 1 error
    `aurc explain E0317` tells more.
    [exit 1]
    ");
}

#[test]
fn an_empty_file() {
    let session = with("");
    session.aurc(&["check", "main.aur"]).ended(0);
    assert_snapshot!(session.aur(&["run", "main.aur"]).ended(1), @"
    $ aur run main.aur
    [stderr]
    error[E0317]: this file defines no `jobs`
       ╭─[ main.aur:1:1 ]
       │
     1 │
       │ ┬
       │
       │ Help: end the file with the list of its jobs: `jobs = [hello]`
    ───╯

    1 file checked: 1 error
    `aurc explain E0317` tells more.
    [exit 1]
    ");
}

#[test]
fn a_job_that_is_not_clear() {
    let one = job(&format!("processes = [{}]", process("a")));
    let two = one.replace("jobs =", "b =").replace("\"devel\"", "\"prod\"");
    let session = with(format!("{two}a = 1\n{}", one.replace("jobs =", "c =")) + "jobs = b + c\n");
    assert_snapshot!(session.aur(&["run", "main.aur"]).ended(2), @"
    $ aur run main.aur
    [stderr]
      × the program has 2 jobs; name one of them
      help: choose one of:
              c/r/prod/j
              c/r/devel/j
    [exit 2]
    ");
    assert_snapshot!(session.aur(&["run", "main.aur", "j"]).ended(2), @"
    $ aur run main.aur j
    [stderr]
      × 2 jobs are called `j`
      help: choose one of:
              c/r/prod/j
              c/r/devel/j
    [exit 2]
    ");
    assert_snapshot!(session.aur(&["run", "main.aur", "staging/j"]).ended(2), @"
    $ aur run main.aur staging/j
    [stderr]
      × the program has no job `staging/j`
      help: choose one of:
              c/r/prod/j
              c/r/devel/j
    [exit 2]
    ");
    // Only whole parts count.
    session.aur(&["run", "main.aur", "vel/j"]).ended(2);
    session.aur(&["run", "main.aur", "devel/j"]).ended(0);
}

#[test]
fn processes_of_one_name() {
    let session = with(job(&format!("processes = [{}, {}]", process("a"), process("a"))));
    assert_snapshot!(refused(&session), @r#"
    $ aurc check main.aur
    error[E0306]: two processes of this task are called `a`
       ╭─[ main.aur:6:62 ]
       │
     6 │       processes = [Process { name = "a", cmdline = "true" }, Process { name = "a", cmdline = "true" }]
       │                    ────────────────────┬───────────────────  ────────────────────┬───────────────────
       │                                        ╰─────────────────────────────────────────────────────────────── the first process of this name
       │                                                                                  │
       │                                                                                  ╰───────────────────── this process
       │
       │ Help: rename one of them
    ───╯

    1 file checked: 1 error
    `aurc explain E0306` tells more.
    [exit 1]
    "#);
}

#[test]
fn processes_that_wait_for_each_other() {
    let session = with(job(&format!(
        "processes = [{}, {}, {}]\n      constraints = order(\"a\", \"b\", \"c\") + order(\"c\", \"a\")",
        process("a"),
        process("b"),
        process("c")
    )));
    assert_snapshot!(refused(&session), @r#"
    $ aurc check main.aur
    error[E0305]: processes wait for each other: b -> c -> a -> b
       ╭─[ main.aur:7:32 ]
     7 │       constraints = order("a", "b", "c") + order("c", "a")
       │                                ─┬─  ─┬─               ─┬─
       │                                 ╰────────────────────────── this closes the circle
       │                                      │                 │
       │                                      ╰───────────────────── `c` waits for `b`
       │                                                        │
       │                                                        ╰─── `a` waits for `c`
       │
       │ Help: take one of the edges out
    ───╯

    1 file checked: 1 error
    `aurc explain E0305` tells more.
    [exit 1]
    "#);
}

#[test]
fn missing_inputs_are_listed_together() {
    let session = with(
        "input release: String\ninput count: Integer\ninput size: Bytes = 64MB\n".to_string()
            + &job("processes = [Process { name = \"a\", cmdline = \"echo {{release | sh}} {{count}}\" }]"),
    );
    session.aurc(&["check", "main.aur"]).ended(0);
    assert_snapshot!(session.aur(&["run", "main.aur"]).ended(1), @"
    $ aur run main.aur
    [stderr]
    error[E0505]: the input `release` has no value
       ╭─[ main.aur:1:7 ]
       │
     1 │ input release: String
       │       ───┬───
       │          ╰───── String, without a default
       │
       │ Help: give it: `-E release=..`, or in a file: `--inputs FILE.json`
    ───╯

    error[E0505]: the input `count` has no value
       ╭─[ main.aur:2:7 ]
       │
     2 │ input count: Integer
       │       ──┬──
       │         ╰──── Integer, without a default
       │
       │ Help: give it: `-E count=..`, or in a file: `--inputs FILE.json`
    ───╯

    1 file checked: 2 errors
    `aurc explain E0505` tells more.
    [exit 1]
    ");
    assert_snapshot!(session.aur(&["run", "main.aur", "-E", "relase=1"]).ended(2), @"
    $ aur run main.aur -E relase=1
    [stderr]
      × -E: the program has no input `relase`
      help: did you mean `release`?
    [exit 2]
    ");
    assert_snapshot!(session.aur(&["run", "main.aur", "-E", "release=1", "-E", "count=many"]).ended(1), @r#"
    $ aur run main.aur -E release=1 -E count=many
    [stderr]
    error[E0506]: the text "many" is not a value of type Integer
       ╭─[ main.aur:2:7 ]
       │
     2 │ input count: Integer
       │       ──┬──
       │         ╰──── Integer is needed here
       │
       │ Help: write digits, such as `42`
       │
       │ Note: the value comes from `-E count=..`
    ───╯

    1 file checked: 1 error
    `aurc explain E0506` tells more.
    [exit 1]
    "#);
    session
        .aur(&["run", "main.aur", "-E", "release=1", "-E", "count=2"])
        .ended(0);
}

#[test]
fn a_file_that_is_not_there() {
    let session = with("x = 1\n");
    assert_snapshot!(session.aur(&["run", "mian.aur"]).ended(2), @"
    $ aur run mian.aur
    [stderr]
      × there is no file `mian.aur`
      help: did you mean `main.aur`?
    [exit 2]
    ");
    assert_snapshot!(session.aurc(&["check", "mian.aur"]).ended(2), @"
    $ aurc check mian.aur
    [stderr]
      × there is no file `mian.aur`
      help: did you mean `main.aur`?
    [exit 2]
    ");
    assert_snapshot!(session.aur(&["run", "."]).ended(2), @"
    $ aur run .
    [stderr]
      × `.` is a folder
      help: name a file, such as `./main.aur`
    [exit 2]
    ");
}

#[test]
fn a_plan_that_is_damaged() {
    let session = with(job(&format!("processes = [{}]", process("a"))));
    session.aurc(&["compile", "main.aur", "-o", "plan.json"]).ended(0);
    let plan = session.read("plan.json");

    session.write("plan.json", &plan[..plan.len() / 2]);
    assert_snapshot!(session.aur(&["run", "plan.json"]).ended(1), @"
    $ aur run plan.json
    [stderr]
      × cannot run plan.json
      ╰─▶ the plan is damaged at line 1, column 944: EOF while parsing an object
      help: compile it again: `aurc compile FILE -o plan.json`
    [exit 1]
    ");

    session.write(
        "plan.json",
        plan.replace("\"cmdline\":\"true\"", "\"cmdline\":\"false\""),
    );
    assert_snapshot!(session.aur(&["run", "plan.json"]).ended(1), @"
    $ aur run plan.json
    [stderr]
      × cannot run plan.json
      ╰─▶ the plan was changed after it was compiled: it says sha256:[DIGEST], its content is sha256:[DIGEST]
      help: compile it again: `aurc compile FILE -o plan.json`
    [exit 1]
    ");

    session.write("plan.json", plan.replace("\"aur_ir\":1", "\"aur_ir\":99"));
    assert_snapshot!(session.aur(&["run", "plan.json"]).ended(1), @"
    $ aur run plan.json
    [stderr]
      × cannot run plan.json
      ╰─▶ the plan has version 99, this program knows versions up to 1
      help: compile it again: `aurc compile FILE -o plan.json`
    [exit 1]
    ");

    session.write("plan.json", "{}");
    assert_snapshot!(session.aur(&["run", "plan.json"]).ended(1), @"
    $ aur run plan.json
    [stderr]
      × cannot run plan.json
      ╰─▶ this is JSON, but not a compiled plan: it has no `aur_ir`
      help: compile it again: `aurc compile FILE -o plan.json`
    [exit 1]
    ");
    assert!(session.tasks().is_empty());
}

#[test]
fn a_hundred_thousand_brackets() {
    for (open, close) in [("[", "]"), ("(", ")"), ("{", "}")] {
        let session = with(format!(
            "x = {}1{}\n",
            open.repeat(100_000),
            close.repeat(100_000)
        ));
        let told = session.aurc(&["check", "main.aur", "--format", "short"]).ended(1);
        assert!(told.out().contains("E0105"), "{told}");
        session.aur(&["run", "main.aur"]).ended(1);
        // What cannot be read stays as it is.
        session.aurc(&["fmt", "--check", "main.aur"]).ended(0);
    }
    let session = with(format!("x = {}\n", "[".repeat(100_000)));
    session.aurc(&["check", "main.aur"]).ended(1);
}

#[test]
fn a_binary_file() {
    let bytes: Vec<u8> = (0..=255u8).cycle().take(4096).collect();
    let session = with(bytes);
    let told = session.aurc(&["check", "main.aur"]).ended(1);
    assert!(
        told.out().contains("error[E0106]: `main.aur` is not UTF-8 text"),
        "{told}"
    );
    assert!(
        !told.out().contains(['\u{1b}', '\u{7}', '\0']),
        "nothing that a terminal obeys is printed"
    );
    session.aur(&["run", "main.aur"]).ended(1);
    let session = with(std::fs::read(Session::program("aur")).unwrap());
    session.aurc(&["check", "main.aur"]).ended(1);
    session.aur(&["run", "main.aur"]).ended(1);
}

#[test]
fn a_same_id_with_another_plan() {
    let session = with(job(&format!("processes = [{}]", process("a"))));
    session.aur(&["run", "main.aur", "--task-id", "t"]).ended(0);
    // Finished: nothing runs, the result is told again.
    session.aur(&["run", "main.aur", "--task-id", "t"]).ended(0);
    session.write(
        "main.aur",
        job("processes = [Process { name = \"a\", cmdline = \"false\" }]"),
    );
    assert_snapshot!(session.aur(&["run", "main.aur", "--task-id", "t"]).ended(5), @"
    $ aur run main.aur --task-id t
    [stderr]
      × cannot run the task
      ╰─▶ task t exists already and is something else: its plan is sha256:[DIGEST], the new one is sha256:[DIGEST]
      help: choose another --task-id, or leave it out for a fresh one
    [exit 5]
    ");
}

#[test]
fn usage() {
    let session = with(job(&format!("processes = [{}]", process("a"))));
    session.aur(&[]).ended(2);
    session.aur(&["run"]).ended(2);
    session.aur(&["rnu", "main.aur"]).ended(2);
    session.aur(&["run", "main.aur", "--no-such-flag"]).ended(2);
    session.aur(&["--version"]).ended(0);
    session.aur(&["run", "--help"]).ended(0);
    assert_snapshot!(session.aur(&["run", "main.aur", "--instance", "7"]).ended(2), @"
    $ aur run main.aur --instance 7
    [stderr]
      × cannot run the task
      ╰─▶ there is no instance 7: instances are counted from 0, and the job has 1
    [exit 2]
    ");
    session
        .aur(&["run", "main.aur", "--task-id", "../escape"])
        .ended(2);
    session.aur(&["status", "no-such-task"]).ended(2);
    session.aur(&["logs", "no-such-task"]).ended(2);
    session.aur(&["kill", "no-such-task"]).ended(2);
}

#[test]
fn programs_that_want_too_much() {
    // Forty doublings of one letter.
    let doublings: Vec<String> = (0..40)
        .map(|i| format!("v{i} = \"{{{{v{}}}}}{{{{v{}}}}}\"", i + 1, i + 1))
        .collect();
    let bomb = format!(
        "processes = [Process {{ name = \"a\", cmdline = \"{{{{v0}}}}\" }}.bind({}, v40 = \"x\")]",
        doublings.join(", ")
    );
    let long = format!("processes = [{}]", command("a", &"x".repeat(140_000)));
    let cases = [
        (job(&bomb), "E0605"),
        (job(&long), "E0316"),
        (format!("x = {}\n", "1 + ".repeat(100_000) + "1"), "E0105"),
        (format!("x = {}true\n", "not ".repeat(50_000)), "E0105"),
        (format!("x = {}1\n", "-".repeat(50_000)), "E0105"),
        (
            format!("x = {}\"b\"\n", "\"a\" if true else ".repeat(20_000)),
            "E0105",
        ),
        ("x = 9223372036854775807 + 1\n".to_string(), "E0304"),
        ("x = 1 // 0\n".to_string(), "E0304"),
        ("x = [i for i in 1..2000000]\n".to_string(), "E0601"),
        (
            "x = [0 for a in 1..100000 for b in 1..100000 if a < 0]\n".to_string(),
            "E0608",
        ),
        ("x = [len(1..100000) for a in 1..100000]\n".to_string(), "E0601"),
        (doubling("\"xx\"", "{} + {}"), "E0605"),
        (doubling("\"xx\"", "join([{}, {}], \"-\")"), "E0605"),
        (doubling("[1]", "{} + {}"), "E0601"),
        (doubling("1", "[{}, {}]"), "E0608"),
        (
            doubling("Integer", "{} | {}")
                .replace("\nx", "\ntype x")
                .replacen("x0", "type x0", 1)
                + "struct S { s: x40 }\n",
            "E0601",
        ),
        (
            ["p", "q"]
                .map(|name| {
                    let process =
                        format!("Process {{ name = \"{name}{{{{i}}}}\", cmdline = \"x\" }}.bind(i = i)");
                    format!("{name} = Task {{ processes = [{process} for i in 1..2000] }}\n")
                })
                .concat()
                + "joined = concat(p, q)\n",
            "E0601",
        ),
    ];
    for (text, code) in cases {
        let session = with(&text);
        let told = session.aurc(&["check", "main.aur", "--format", "short"]).ended(1);
        assert!(told.out().contains(code), "{code} is missing in {told}");
        assert!(
            told.out().len() < 2_000,
            "a long program has no long message: {told}"
        );
    }
    // A long chain is no fault.
    let chain: String = (0..5_000).map(|i| format!("v{i} = v{} + 1\n", i + 1)).collect();
    let session = with(chain + "v5000 = 0\n");
    assert_eq!(
        session.aurc(&["eval", "main.aur", "v0"]).ended(0).out().trim(),
        "5000"
    );
}

/// Forty definitions, each with the one before it twice.
fn doubling(first: &str, twice: &str) -> String {
    let step = |i: usize| format!("x{} = {}\n", i + 1, twice.replace("{}", &format!("x{i}")));
    format!("x0 = {first}\n{}", (0..40).map(step).collect::<String>())
}

#[test]
fn includes_that_want_too_much() {
    let session = with("include \"a0.aur\"\n");
    for index in 0..40 {
        session.write(
            &format!("a{index}.aur"),
            format!("include \"a{}.aur\"\n", index + 1),
        );
    }
    session.write("a40.aur", "x = 1\n");
    let told = session.aurc(&["check", "main.aur"]).ended(1);
    assert!(
        told.out()
            .contains("error[E0602]: includes are nested more than 32 deep"),
        "{told}"
    );
    assert_eq!(told.out().matches("error[").count(), 1, "{told}");
    session
        .aurc(&["check", "main.aur", "--limit", "include-depth=41"])
        .ended(0);
    // Five levels of thirty files, each of which includes the whole next level.
    let level = |level: usize| -> String {
        (0..30)
            .map(|index| format!("include \"b{level}_{index}.aur\"\n"))
            .collect()
    };
    session.write("main.aur", level(0));
    for own in 0..5 {
        for index in 0..30 {
            let text = if own < 4 {
                level(own + 1)
            } else {
                format!("x{index} = 1\n")
            };
            session.write(&format!("b{own}_{index}.aur"), text);
        }
    }
    session.aurc(&["check", "main.aur"]).ended(0);
    let told = session
        .aurc(&["check", "main.aur", "--limit", "files=100"])
        .ended(1);
    assert!(
        told.out()
            .contains("error[E0603]: a program has at most 100 files"),
        "{told}"
    );
    assert_eq!(told.out().matches("error[").count(), 1, "{told}");
}

#[test]
fn limits_are_changed_by_name() {
    let session = with("x = [i for i in 1..20]\n");
    session.aurc(&["check", "main.aur"]).ended(0);
    for command in ["check", "compile", "inspect"] {
        let told = session
            .aurc(&[command, "main.aur", "--limit", "elements=10"])
            .ended(1);
        assert!((told.out() + &told.err()).contains("E0601"), "{told}");
    }
    session
        .aurc(&["eval", "main.aur", "x", "--limit", "elements=10"])
        .ended(1);
    let told = session
        .aur(&["run", "main.aur", "--limit", "elements=10"])
        .ended(1);
    assert!(told.err().contains("E0601"), "{told}");
    let told = session
        .aurc(&["check", "main.aur", "--limit", "element=10"])
        .ended(2);
    assert!(
        told.err()
            .contains("there is no limit `element`; did you mean `elements`?"),
        "{told}"
    );
    let told = session
        .aurc(&["check", "main.aur", "--limit", "elements=many"])
        .ended(2);
    assert!(told.err().contains("`many` is not a number"), "{told}");
}

#[test]
fn long_chains_and_long_circles() {
    let bindings = |end: &str| -> String {
        (0..9_900)
            .map(|i| format!("v{i} = \"{{{{v{}}}}}\", ", i + 1))
            .collect::<String>()
            + end
    };
    let text = format!("text = \"{{{{v0}}}}\".bind({})\n", bindings("v9900 = \"end\""));
    let session = with(text);
    assert_eq!(
        session.aurc(&["eval", "main.aur", "text"]).ended(0).out().trim(),
        "\"end\""
    );
    // Each hop of a circle is named, and its place shown.
    let session = with("text = \"{{a}}\".bind(\n  a = \"{{b}}\",\n  b = \"{{c}}\",\n  c = \"{{a}}\",\n)\n");
    let told = session.aurc(&["check", "main.aur"]).ended(1);
    assert!(told.out().contains("{{b}} -> {{c}} -> {{a}} -> {{b}}"), "{told}");
    for line in ["2 │", "3 │", "4 │"] {
        assert!(told.out().contains(line), "{line} is missing in {told}");
    }
}

#[test]
fn files_stay_in_the_sandbox() {
    for path in ["../x", "/x", "a/../../x", ""] {
        let session = with(job(&format!(
            "processes = [{}], files = {{ \"{path}\": \"text\" }}",
            process("a")
        )));
        refused(&session);
    }
}

#[test]
fn a_line_that_is_kept_nowhere_makes_nothing_ready() {
    let waits = |logger: &str| {
        job(&format!(
            "processes = [Process {{ name = \"p\", cmdline = \"echo up\", ready = LogProbe {{ regex = \"up\" }}{logger} }}]"
        ))
    };
    assert_snapshot!(refused(&with(waits(", logger = Logger { destination = \"none\" }"))), @r#"
    $ aurc check main.aur
    error[E0324]: this process can never be ready: its probe waits for a line of output that is not kept
       ╭─[ main.aur:6:71 ]
       │
     6 │       processes = [Process { name = "p", cmdline = "echo up", ready = LogProbe { regex = "up" }, logger = Logger { destination = "none" } }]
       │                                                                       ────────────┬────────────           ───────────────┬───────────────
       │                                                                                   ╰──────────────────────────────────────────────────────── waits for a line
       │                                                                                                                          │
       │                                                                                                                          ╰───────────────── keeps none
       │
       │ Help: keep the output in a file, `destination = "file"`, or use another probe
    ───╯

    1 file checked: 1 error
    `aurc explain E0324` tells more.
    [exit 1]
    "#);
    let session = with(waits(""));
    let told = session.aur(&["run", "main.aur", "--log", "none"]).ended(2);
    assert!(session.tasks().is_empty(), "nothing is started\n{told}");
    assert_snapshot!(told, @r#"
    $ aur run main.aur --log none
    [stderr]
      × `p` can never be ready: its probe waits for a line of output, and --log none keeps none
      help: leave --log none out, or write `logger = Logger { destination = "file" }` into the process
    [exit 2]
    "#);
    let told = session.aur(&["up", "main.aur", "--log", "none"]).ended(2);
    assert!(session.tasks().is_empty(), "nothing is started\n{told}");
    // What the process says itself comes first.
    let session = with(waits(", logger = Logger { destination = \"file\" }"));
    session.aur(&["run", "main.aur", "--log", "none"]).ended(0);
}

#[test]
fn a_role_that_cannot_be_taken_starts_nothing() {
    let session = with(
        job("processes = [Process { name = \"p\", cmdline = \"true\" }]")
            .replace("\"r\"", "\"no-such-role\""),
    );
    for command in ["run", "up"] {
        let told = session.aur(&[command, "main.aur", "--as-role"]);
        let said = told.to_string();
        assert_ne!(told.code(), Some(0), "{said}");
        assert!(
            said.contains("leave --as-role out to run it as yourself"),
            "{said}"
        );
        assert!(session.tasks().is_empty(), "nothing is started\n{said}");
    }
}
