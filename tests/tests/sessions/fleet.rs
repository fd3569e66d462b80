//! Several tasks at once: watching one again, starting and ending all of a file, going on after a crash.

use std::fs;

use aur::documents::{TaskDone, schema_of};
use aur_tests::{Session, within};
use insta::assert_snapshot;
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::control::{let_go, reached, runner, send, waiting};
use crate::programs::{command, fits, task_of, with};

const WAITS: &str = "echo working; touch started; until [ -e go ]; do sleep 0.05; done";

fn one() -> Session {
    task_of(
        &[
            command("work", WAITS),
            "Process { name = \"clean\", cmdline = \"echo cleaned\", final = true }".to_string(),
        ],
        "",
    )
}

/// Two jobs, the first with two instances.
fn fleet(version: u32) -> String {
    let job = |name: &str, instances: u32| {
        format!(
            "Job {{\n    cluster = \"c\", role = \"r\", environment = \"devel\", name = \"{name}\", instances = {instances}\n    \
             task = Task {{\n      resources = Resources {{ cpu = 1, ram = 64MB, disk = 64MB }}\n      \
             processes = [Process {{ name = \"work\", cmdline = \"echo {version}; {WAITS}\" }}]\n    }}\n  }}"
        )
    };
    format!("jobs = [\n  {},\n  {},\n]\n", job("web", 2), job("db", 1))
}

/// State of each task, by `JOB/INSTANCE`.
fn states(session: &Session) -> Vec<String> {
    let all = session.aur(&["ps", "-a", "--json"]).ended(0).json();
    let mut states: Vec<String> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|task| {
            let key = task["job_key"].as_str().unwrap().rsplit('/').next().unwrap();
            format!("{key}/{} {}", task["instance"], task["state"].as_str().unwrap())
        })
        .collect();
    states.sort();
    states
}

fn did(list: &Value) -> Vec<&str> {
    fits(&schema_of::<Vec<TaskDone>>(), list);
    let list = list.as_array().unwrap();
    list.iter().map(|one| one["did"].as_str().unwrap()).collect()
}

#[test]
fn a_detached_task_is_watched_again() {
    let session = one();
    session.aur(&["run", "main.aur", "-d", "--task-id", "t"]).ended(0);
    reached(&session, "t", "started");
    let child = session.start_aur(&["attach", "t", "--json"]);
    let_go(&session, "t");
    let events = session.end_of(child, "aur attach").ended(0).json_lines();
    assert_eq!(events[0]["event"], "task_created", "from the beginning");
    assert_eq!(events.last().unwrap()["event"], "task_finished");
    assert_eq!(events.last().unwrap()["task"]["state"], "SUCCESS");
    // RT-063: once it is over, its result is told again.
    let told = session.aur(&["attach", "t"]).ended(0);
    assert!(
        told.err().contains("task t is over already; nothing runs again"),
        "{told}"
    );
}

#[test]
fn ctrl_c_while_watching_ends_the_task_unless_it_is_to_be_left() {
    let session = one();
    session.aur(&["run", "main.aur", "-d", "--task-id", "t"]).ended(0);
    reached(&session, "t", "started");
    let attached = |flags: &[&str]| {
        let child = session.start_aur(&[&["attach", "t"], flags].concat());
        within("it blocks the signal", || {
            let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
            let blocked = status
                .lines()
                .find_map(|line| line.strip_prefix("SigBlk:\t"))
                .unwrap();
            (u64::from_str_radix(blocked, 16).unwrap() & 2 != 0).then_some(())
        });
        child
    };
    let child = attached(&["--leave"]);
    send(child.id(), Signal::SIGINT);
    let told = session.end_of(child, "aur attach").ended(130);
    assert!(told.err().ends_with("the task t runs on\n"), "{told}");
    assert_eq!(session.status("t")["state"], "ACTIVE");
    let child = attached(&[]);
    send(child.id(), Signal::SIGINT);
    session.end_of(child, "aur attach").ended(130);
    assert_eq!(session.status("t")["state"], "KILLED");
    assert_eq!(session.aur(&["logs", "t", "clean"]).out(), "cleaned\n");
}

#[test]
fn a_task_without_a_runner_is_resumed() {
    let session = one();
    let child = waiting(&session, "t");
    session
        .aur(&["run", "main.aur", "-d", "--task-id", "other"])
        .ended(0);
    send(runner(&session, "t"), Signal::SIGKILL);
    session.end_of(child, "aur run");
    assert_snapshot!(session.aur(&["attach", "t"]).ended(6), @"
    $ aur attach t
    [stderr]
      × no runner has the task t
      help: `aur resume t` goes on with it
    [exit 6]
    ");
    let pid = session.status("t")["processes"][0]["runs"][0]["pid"].clone();
    let list = session.aur(&["resume", "--all", "--json"]).ended(0).json();
    assert_eq!(
        (did(&list), &list[0]["task_id"]),
        (vec!["resumed"], &"t".into()),
        "{list}"
    );
    let status = session.status("t");
    assert!(status["runner_pid"].is_u64(), "{status}");
    assert_eq!(
        status["processes"][0]["runs"][0]["pid"], pid,
        "it was taken over: {status}"
    );
    assert_snapshot!(session.aur(&["resume", "--all"]).ended(0), @"
    $ aur resume --all
    [stderr]
    every task is over or has a runner
    [exit 0]
    ");
    assert_snapshot!(session.aur(&["resume", "t"]).ended(0), @"
    $ aur resume t
    task t runs already
    [exit 0]
    ");
    for task in ["t", "other"] {
        reached(&session, task, "started");
        let_go(&session, task);
        within("it ends", || {
            (session.status(task)["state"] == "SUCCESS").then_some(())
        });
    }
    assert_snapshot!(session.aur(&["resume", "t"]).ended(0), @"
    $ aur resume t
    task t is over already: SUCCESS
    [exit 0]
    ");
}

#[test]
fn all_of_a_file_is_started_and_ended() {
    let session = with(fleet(1));
    let list = session.aur(&["up", "main.aur", "--json"]).ended(0).json();
    assert_eq!(did(&list), ["started", "started", "started"]);
    assert_eq!(states(&session), ["db/0 ACTIVE", "web/0 ACTIVE", "web/1 ACTIVE"]);
    // Once more changes nothing, except for what has no runner.
    let orphan = list[1]["task_id"].as_str().unwrap();
    reached(&session, orphan, "started");
    send(runner(&session, orphan), Signal::SIGKILL);
    within("the runner is gone", || {
        session.status(orphan)["runner_pid"].is_null().then_some(())
    });
    let again = session.aur(&["up", "main.aur", "--json"]).ended(0).json();
    assert_eq!(did(&again), ["running", "resumed", "running"]);
    assert_eq!(session.tasks().len(), 3);
    // Another version is no small matter.
    session.write("main.aur", fleet(2));
    let told = session.aur(&["up", "main.aur", "web"]).ended(5);
    assert_eq!(told.out().lines().count(), 2, "{told}");
    assert!(
        told.out()
            .contains("it runs from another version of the program; end it first: `aur down`"),
        "{told}"
    );
    // Ended by job, and then all.
    let list = session.aur(&["down", "main.aur", "db", "--json"]).ended(0).json();
    assert_eq!(did(&list), ["ended"]);
    assert_eq!(states(&session), ["db/0 KILLED", "web/0 ACTIVE", "web/1 ACTIVE"]);
    session.aur(&["down", "main.aur", "--now"]).ended(0);
    assert_eq!(states(&session), ["db/0 KILLED", "web/0 KILLED", "web/1 KILLED"]);
    let told = session.aur(&["down", "main.aur"]).ended(0);
    assert_eq!(
        (told.out(), told.err()),
        (String::new(), "nothing of it runs\n".to_string())
    );
    session.is_quiet();
}

#[test]
fn several_tasks_are_killed_side_by_side() {
    let session = one();
    for task in ["a", "b"] {
        session
            .aur(&["run", "main.aur", "-d", "--task-id", task])
            .ended(0);
        reached(&session, task, "started");
    }
    session.aur(&["kill", "a"]).ended(0);
    assert_snapshot!(session.aur(&["kill", "a", "b"]).ended(0), @"
    $ aur kill a b
    task a is over already: KILLED
    task b has ended: KILLED
    [exit 0]
    ");
    session.is_quiet();
}

/// RT-062
#[test]
fn a_task_is_taken_over_by_force_and_keeps_its_processes() {
    let session = one();
    let child = waiting(&session, "t");
    let before = session.status("t");
    session.aur(&["run", "main.aur", "--task-id", "t"]).ended(5);
    session
        .aur(&["run", "main.aur", "--task-id", "t", "--force", "-d"])
        .ended(0);
    let after = session.status("t");
    assert_ne!(before["runner_pid"], after["runner_pid"]);
    assert_eq!(
        before["processes"][0]["runs"][0]["pid"],
        after["processes"][0]["runs"][0]["pid"]
    );
    let_go(&session, "t");
    // Who watched goes on watching, or says that its runner died.
    let told = session.end_of(child, "aur run");
    assert!([Some(0), Some(6)].contains(&told.code()), "{told}");
    within("it ends", || {
        (session.status("t")["state"] == "SUCCESS").then_some(())
    });
}
