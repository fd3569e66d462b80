//! Why something waits, runs, failed or was killed, and what uses the machine.

use aur::documents::{Explanation, TopRow, schema_of};
use aur_tests::{Session, within};
use insta::assert_snapshot;
use nix::sys::signal::Signal;

use crate::control::{let_go, reached, runner, send, waiting};
use crate::programs::{command, fits, process, task_of};

const WAITS: &str = "touch started; until [ -e go ]; do sleep 0.05; done";

#[test]
fn what_waits_is_explained() {
    let session = task_of(
        &[
            command("work", WAITS),
            "Process { name = \"flaky\", cmdline = \"touch failed; exit 3\", max_failures = 9, min_duration = 50s }"
                .to_string(),
            process("after"),
            process("full"),
            "Process { name = \"clean\", cmdline = \"true\", final = true }".to_string(),
        ],
        "constraints = order(\"work\", \"after\") + order(\"flaky\", \"full\")\n      max_failures = 7",
    );
    let child = waiting(&session, "t");
    reached(&session, "t", "failed");
    within("it waits to run again", || {
        session.status("t")["processes"][1]["not_before_ms"]
            .is_u64()
            .then_some(())
    });
    assert_snapshot!(session.aur(&["explain", "t"]).ended(0), @"
    $ aur explain t
    task t  ACTIVE
      1 of its processes run, 4 wait
    work  RUNNING
      run 0 has run for [TIME], process [PID]
    flaky  WAITING
      run 0 ended with exit code 3
      it runs again in [TIME]  (main.aur:6:205)
    after  WAITING
      it waits for the success of `work`, which is RUNNING  (main.aur:7:21)
    full  WAITING
      it waits for the success of `flaky`, which is WAITING  (main.aur:7:21)
    clean  WAITING
      it is a final process: it runs when the others have ended  (main.aur:6:355)
    [exit 0]
    ");
    assert_snapshot!(session.aur(&["explain", "t/after"]).ended(0), @"
    $ aur explain t/after
    after  WAITING
      it waits for the success of `work`, which is RUNNING  (main.aur:7:21)
      defined at main.aur:6:212
    [exit 0]
    ");
    let told = session.aur(&["explain", "t/flaky", "--json"]).ended(0).json();
    fits(&schema_of::<Explanation>(), &told);
    let because = &told["processes"][0]["because"];
    assert_eq!(because[0]["text"], "run 0 ended with exit code 3", "{told}");
    assert_eq!(
        (&because[1]["source"]["file"], &because[1]["source"]["line"]),
        (&"main.aur".into(), &6.into()),
        "{told}"
    );
    session.aur(&["explain", "t/nobody"]).ended(2);
    send(runner(&session, "t"), Signal::SIGKILL);
    session.end_of(child, "aur run");
    let told = session.aur(&["explain", "t"]).ended(0).out();
    assert!(
        told.contains("  no runner has it: `aur resume t` goes on with it\n"),
        "{told}"
    );
    session.aur(&["kill", "t"]).ended(0);
    let told = session.aur(&["explain", "t"]).ended(0).out();
    assert!(
        told.contains("task t  KILLED\n  somebody asked for its end\n"),
        "{told}"
    );
    assert!(
        told.contains("  the task left ACTIVE: somebody asked for its end\n"),
        "{told}"
    );
}

#[test]
fn what_failed_is_explained_with_its_place() {
    let session = task_of(
        &[
            "Process { name = \"flaky\", cmdline = \"exit 127\", max_failures = 2, min_duration = 0s }"
                .to_string(),
            command("killed", "kill -SEGV $$"),
            process("never"),
        ],
        "constraints = order(\"flaky\", \"never\")\n      max_failures = 3",
    );
    session.aur(&["run", "main.aur", "--task-id", "t"]).ended(3);
    assert_snapshot!(session.aur(&["explain"]).ended(0), @"
    $ aur explain
    task t  FAILED
      what is left waits for a process that failed  (main.aur:7:21)
    flaky  FAILED
      run 1 ended with exit code 127 (bash: command not found)  (main.aur:6:56)
      it has failed for good: `max_failures` is 2, and 2 of its last runs failed  (main.aur:6:83)
    killed  FAILED
      run 0 was ended by signal 11, SIGSEGV, which was not ours  (main.aur:6:144)
      it has failed for good: `max_failures` is 1  (main.aur:6:107)
    never  WAITING
      it never starts: it waits for `flaky`, which is FAILED  (main.aur:7:21)
    [exit 0]
    ");
}

#[test]
fn a_limit_on_what_runs_at_a_time_is_named() {
    let session = task_of(
        &[command("one", WAITS), command("two", "true")],
        "max_concurrency = 1",
    );
    let child = waiting(&session, "t");
    let told = session.aur(&["explain", "t/two"]).ended(0).out();
    assert!(
        told.contains("  1 processes run, and `max_concurrency` is 1  (main.aur:7:25)\n"),
        "{told}"
    );
    let_go(&session, "t");
    session.end_of(child, "aur run").ended(0);
}

/// Rows of `aur top --json`.
fn top(session: &Session, args: &[&str]) -> Vec<serde_json::Value> {
    let rows = session.aur(&[&["top", "--json"], args].concat()).ended(0).json();
    fits(&schema_of::<Vec<TopRow>>(), &rows);
    rows.as_array().unwrap().clone()
}

#[test]
fn top_shows_what_uses_most() {
    let session = task_of(
        &[
            command("idle", "echo first; echo resting; sleep 1000 & sleep 1000"),
            command("busy", "touch started; while [ ! -e go ]; do :; done"),
        ],
        "",
    );
    let child = waiting(&session, "t");
    assert_eq!(
        session.aur(&["top", "@last", "--json"]).ended(0).json()[0]["task_id"],
        "t"
    );
    let rows = within("all of it runs", || {
        let rows = top(&session, &[]);
        (rows.len() == 2
            && rows
                .iter()
                .any(|row| row["process"] == "idle" && row["pids"] == 3))
        .then_some(rows)
    });
    assert_eq!(rows[0]["process"], "busy", "{rows:?}");
    assert!(rows[0]["cpu"].as_f64() > rows[1]["cpu"].as_f64(), "{rows:?}");
    assert!(rows[1]["ram_bytes"].as_u64().unwrap() > 1 << 20, "{rows:?}");
    assert_eq!(rows[1]["last_line"], "resting");
    assert_eq!(rows[0]["last_line"], serde_json::Value::Null);
    assert_eq!(
        (&rows[0]["state"], &rows[0]["ready"]),
        (&"RUNNING".into(), &false.into())
    );
    let told = session.aur(&["top"]).ended(0).out();
    let idle = told.lines().find(|line| line.contains("  idle  ")).unwrap();
    assert!(idle.contains("RUNNING") && idle.ends_with("  resting"), "{told}");
    let heads: Vec<&str> = told
        .lines()
        .next()
        .unwrap()
        .split("  ")
        .filter(|word| !word.is_empty())
        .map(str::trim)
        .collect();
    assert_eq!(
        heads,
        [
            "TASK",
            "PROCESS",
            "RUN",
            "STATE",
            "PIDS",
            "CPU",
            "CPU TIME",
            "RAM",
            "RUNS FOR",
            "LAST LINE"
        ]
    );
    assert_eq!(told.lines().count(), 3, "{told}");
    session.aur(&["kill", "t", "--now"]).ended(0);
    session.end_of(child, "aur run");
    assert_eq!(top(&session, &[]), Vec::<serde_json::Value>::new());
    session.aur(&["top", "no-such-task"]).ended(2);
}
