//! Signals to one process of a task.

use std::fs;

use aur::documents::{SignalSent, schema_of};
use aur_tests::{Session, within};
use insta::assert_snapshot;
use nix::sys::signal::Signal;

use crate::control::{let_go, runner, send, waiting};
use crate::programs::{command, fits, task_of};

/// A leader and a child that write down the signals they get, until they may go.
const LISTENS: &str = "trap 'echo leader >> got' USR1; \
    (trap 'echo child >> got' USR1; touch ready; until [ -e go ]; do sleep 0.02; done) & \
    until [ -e ready ]; do sleep 0.02; done; touch started; until [ -e go ]; do sleep 0.02; done; wait";

fn got(session: &Session) -> String {
    let text = fs::read_to_string(session.task_folder("t").join("sandbox/got")).unwrap_or_default();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.join(" ")
}

fn has_got(session: &Session, expected: &str) {
    within("the signal arrives", || (got(session) == expected).then_some(()));
}

#[test]
fn a_signal_goes_to_the_leader_or_to_the_whole_tree() {
    let session = task_of(&[command("work", LISTENS)], "");
    let child = waiting(&session, "t");
    let told = session.aur(&["signal", "t/work", "USR1"]).ended(0);
    let pid = session.status("t")["processes"][0]["runs"][0]["pid"].clone();
    assert_eq!(
        told.out(),
        format!("sent SIGUSR1 to 1 process of t/work: {pid}\n")
    );
    has_got(&session, "leader");
    let told = session
        .aur(&["signal", "@last/work", "sigusr1", "--tree", "--json"])
        .ended(0)
        .json();
    fits(&schema_of::<SignalSent>(), &told);
    assert_eq!((&told["process"], &told["signal"]), (&"work".into(), &10.into()));
    assert!(told["pids"].as_array().unwrap().contains(&pid), "{told}");
    has_got(&session, "child leader leader");
    let_go(&session, "t");
    session.end_of(child, "aur run");
    let requests = session.task_folder("t").join("requests");
    within("nothing is left of the requests", || {
        (fs::read_dir(&requests).unwrap().count() == 0).then_some(())
    });
}

#[test]
fn a_signal_reaches_a_process_whose_runner_is_dead() {
    let session = task_of(&[command("work", LISTENS)], "");
    let child = waiting(&session, "t");
    send(runner(&session, "t"), Signal::SIGKILL);
    session.end_of(child, "aur run");
    session.aur(&["signal", "t/work", "10"]).ended(0);
    has_got(&session, "leader");
    assert!(
        session.status("t")["runner_pid"].is_u64(),
        "a runner was started for it"
    );
    let_go(&session, "t");
    within("the task ends", || {
        (session.status("t")["state"] == "SUCCESS").then_some(())
    });
    assert_eq!(got(&session), "leader", "once");
    session.is_quiet();
}

/// RT-044
#[test]
fn a_process_that_a_signal_ends_has_failed_by_it() {
    let session = task_of(&[command("work", "touch started; sleep 1000")], "");
    let child = waiting(&session, "t");
    session.aur(&["signal", "t/work", "KILL"]).ended(0);
    session.end_of(child, "aur run").ended(3);
    let run = session.status("t")["processes"][0]["runs"][0].clone();
    assert_eq!(
        (&run["state"], &run["exit"]["signal"]),
        (&"FAILED".into(), &9.into()),
        "{run}"
    );
}

#[test]
fn what_cannot_get_a_signal_is_refused() {
    let session = task_of(
        &[
            command("work", "touch started; until [ -e go ]; do sleep 0.05; done"),
            command("after", "true"),
        ],
        "constraints = order(\"work\", \"after\")",
    );
    let child = waiting(&session, "t");
    assert_snapshot!(session.aur(&["signal", "t/after", "HUP"]).ended(5), @"
    $ aur signal t/after HUP
    [stderr]
      × process `after` of the task t does not run
    [exit 5]
    ");
    assert_snapshot!(session.aur(&["signal", "t/aftr", "HUP"]).ended(2), @"
    $ aur signal t/aftr HUP
    [stderr]
      × the task has no process `aftr`
      help: its processes are work, after
    [exit 2]
    ");
    assert_snapshot!(session.aur(&["signal", "t", "HUP"]).ended(2), @"
    $ aur signal t HUP
    [stderr]
      × `t` names no process
      help: name the task and the process: `@last/server`
    [exit 2]
    ");
    session.aur(&["signal", "t/work", "HOP"]).ended(2);
    let_go(&session, "t");
    session.end_of(child, "aur run").ended(0);
    session.aur(&["signal", "t/work", "HUP"]).ended(5);
}
