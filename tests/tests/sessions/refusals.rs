//! Bad input: what is said, and the exit code.

use std::os::unix::fs::symlink;

use aur_tests::Session;
use insta::assert_snapshot;

use crate::programs::{job, process, with};

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
    assert_snapshot!(told, @"");
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
    assert_snapshot!(refused(&session), @"");
}

#[test]
fn a_wrong_type() {
    let session = with(job(&format!(
        "processes = [{}], max_failures = \"often\"",
        process("a")
    )));
    assert_snapshot!(refused(&session), @"");
}

#[test]
fn an_unbound_name() {
    let session = with(
        job("processes = [Process { name = \"a\", cmdline = \"echo {{greting}}\" }]\n")
            .replace("jobs =", "greeting = \"hi\"\njobs ="),
    );
    assert_snapshot!(refused(&session), @"");
}

#[test]
fn a_reference_cycle() {
    assert_snapshot!(refused(&with("a = b + 1\nb = c * 2\nc = a\n")), @"");
    let texts = job("processes = [Process { name = \"{{cmdline}}\", cmdline = \"{{name}}\" }]");
    assert_snapshot!(refused(&with(texts)), @"");
}

#[test]
fn includes_that_cannot_be() {
    let session = with("include \"commn.aur\"\n");
    session.write("common.aur", "x = 1\n");
    assert_snapshot!(refused(&session), @"");

    let session = with("include \"a.aur\"\n");
    session.write("a.aur", "include \"b.aur\"\n");
    session.write("b.aur", "include \"a.aur\"\n");
    assert_snapshot!(refused(&session), @"");
}

#[test]
fn includes_stay_in_the_project() {
    let session = with("include \"../outside.aur\"\n");
    std::fs::write(session.beside("outside.aur"), "x = 1\n").unwrap();
    assert_snapshot!(refused(&session), @"");

    let session = with("include \"inside.aur\"\n");
    std::fs::write(session.beside("outside.aur"), "x = 1\n").unwrap();
    symlink(session.beside("outside.aur"), session.work().join("inside.aur")).unwrap();
    assert_snapshot!(refused(&session), @"");

    let session = with("secret = file(\"/etc/hostname\")\n");
    assert_snapshot!(refused(&session), @"");
}

#[test]
fn no_jobs() {
    let session = with("x = 1\n");
    session.aurc(&["check", "main.aur"]).ended(0);
    let told = session.aur(&["run", "main.aur"]).ended(1);
    assert_snapshot!(told, @"");
    session.aurc(&["compile", "main.aur"]).ended(1);

    let session = with("jobs = []\n");
    assert_snapshot!(session.aur(&["run", "main.aur"]).ended(1), @"");
}

#[test]
fn an_empty_file() {
    let session = with("");
    session.aurc(&["check", "main.aur"]).ended(0);
    assert_snapshot!(session.aur(&["run", "main.aur"]).ended(1), @"");
}

#[test]
fn a_job_that_is_not_clear() {
    let one = job(&format!("processes = [{}]", process("a")));
    let two = one.replace("jobs =", "b =").replace("\"devel\"", "\"prod\"");
    let session = with(format!("{two}a = 1\n{}", one.replace("jobs =", "c =")) + "jobs = b + c\n");
    assert_snapshot!(session.aur(&["run", "main.aur"]).ended(2), @"");
    assert_snapshot!(session.aur(&["run", "main.aur", "j"]).ended(2), @"");
    assert_snapshot!(session.aur(&["run", "main.aur", "staging/j"]).ended(2), @"");
    // Only whole parts count.
    session.aur(&["run", "main.aur", "vel/j"]).ended(2);
    session.aur(&["run", "main.aur", "devel/j"]).ended(0);
}

#[test]
fn processes_of_one_name() {
    let session = with(job(&format!("processes = [{}, {}]", process("a"), process("a"))));
    assert_snapshot!(refused(&session), @"");
}

#[test]
fn processes_that_wait_for_each_other() {
    let session = with(job(&format!(
        "processes = [{}, {}, {}]\n      constraints = order(\"a\", \"b\", \"c\") + order(\"c\", \"a\")",
        process("a"),
        process("b"),
        process("c")
    )));
    assert_snapshot!(refused(&session), @"");
}

#[test]
fn missing_inputs_are_listed_together() {
    let session = with(
        "input release: String\ninput count: Integer\ninput size: Bytes = 64MB\n".to_string()
            + &job("processes = [Process { name = \"a\", cmdline = \"echo {{release}} {{count}}\" }]"),
    );
    session.aurc(&["check", "main.aur"]).ended(0);
    assert_snapshot!(session.aur(&["run", "main.aur"]).ended(1), @"");
    assert_snapshot!(session.aur(&["run", "main.aur", "-E", "relase=1"]).ended(2), @"");
    assert_snapshot!(session.aur(&["run", "main.aur", "-E", "release=1", "-E", "count=many"]).ended(1), @"");
    session
        .aur(&["run", "main.aur", "-E", "release=1", "-E", "count=2"])
        .ended(0);
}

#[test]
fn a_file_that_is_not_there() {
    let session = with("x = 1\n");
    assert_snapshot!(session.aur(&["run", "mian.aur"]).ended(2), @"");
    assert_snapshot!(session.aurc(&["check", "mian.aur"]).ended(2), @"");
    assert_snapshot!(session.aur(&["run", "."]).ended(2), @"");
}

#[test]
fn a_plan_that_is_damaged() {
    let session = with(job(&format!("processes = [{}]", process("a"))));
    session.aurc(&["compile", "main.aur", "-o", "plan.json"]).ended(0);
    let plan = session.read("plan.json");

    session.write("plan.json", &plan[..plan.len() / 2]);
    assert_snapshot!(session.aur(&["run", "plan.json"]).ended(1), @"");

    session.write(
        "plan.json",
        plan.replace("\"cmdline\":\"true\"", "\"cmdline\":\"false\""),
    );
    assert_snapshot!(session.aur(&["run", "plan.json"]).ended(1), @"");

    session.write("plan.json", plan.replace("\"aur_ir\":1", "\"aur_ir\":99"));
    assert_snapshot!(session.aur(&["run", "plan.json"]).ended(1), @"");

    session.write("plan.json", "{}");
    assert_snapshot!(session.aur(&["run", "plan.json"]).ended(1), @"");
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
        session.aurc(&["fmt", "--check", "main.aur"]).ended(1);
    }
    let session = with(format!("x = {}\n", "[".repeat(100_000)));
    session.aurc(&["check", "main.aur"]).ended(1);
}

#[test]
fn a_binary_file() {
    let bytes: Vec<u8> = (0..=255u8).cycle().take(4096).collect();
    let session = with(bytes);
    assert_snapshot!(session.aurc(&["check", "main.aur"]).ended(1), @"");
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
    assert_snapshot!(session.aur(&["run", "main.aur", "--task-id", "t"]).ended(5), @"");
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
    assert_snapshot!(session.aur(&["run", "main.aur", "--instance", "7"]).ended(2), @"");
    session
        .aur(&["run", "main.aur", "--task-id", "../escape"])
        .ended(2);
    session.aur(&["status", "no-such-task"]).ended(2);
    session.aur(&["logs", "no-such-task"]).ended(2);
    session.aur(&["kill", "no-such-task"]).ended(2);
}
