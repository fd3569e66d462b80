//! Stopping, starting and restarting one process of a task.

use std::fs;

use aur::documents::{ProcessAsked, schema_of};
use aur_tests::{Session, within};
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::control::{runner, send};
use crate::programs::{command, fits, task_of};

/// Says that it runs, and goes on until it is ended.
const GOES_ON: &str = "echo up >> runs; exec sleep 1000";

fn state_of(session: &Session) -> (String, usize) {
    let status = session.status("t");
    let process = &status["processes"][0];
    let runs = process["runs"].as_array().map_or(0, Vec::len);
    (process["state"].as_str().unwrap_or_default().to_string(), runs)
}

fn stands(session: &Session, state: &str, runs: usize) {
    within("the process gets there", || {
        (state_of(session) == (state.to_string(), runs)).then_some(())
    });
}

fn started() -> Session {
    let session = task_of(&[command("work", GOES_ON)], "");
    session
        .aur(&["run", "main.aur", "--task-id", "t", "--detach"])
        .ended(0);
    stands(&session, "RUNNING", 1);
    session
}

fn ended(session: &Session) {
    session.aur(&["kill", "t", "--now"]).ended(0);
}

#[test]
fn a_process_is_stopped_started_and_restarted() {
    let session = started();
    let told = session.aur(&["stop", "t/work"]).ended(0);
    assert_eq!(told.out(), "t/work stops\n");
    within("it has ended", || {
        (state_of(&session).0 != "RUNNING").then_some(())
    });
    let status = session.status("t");
    assert_eq!(status["state"], "ACTIVE");
    assert_eq!(status["processes"][0]["runs"][0]["state"], "KILLED");
    // Nothing is left to stop.
    let told = session.aur(&["stop", "t/work"]).ended(0);
    assert_eq!(
        told.out(),
        "t/work is as it should be: there is nothing to stop\n"
    );
    assert_eq!(
        session.aur(&["start", "t/work"]).ended(0).out(),
        "t/work starts\n"
    );
    stands(&session, "RUNNING", 2);
    let told = session.aur(&["restart", "@last/work", "--json"]).ended(0).json();
    fits(&schema_of::<ProcessAsked>(), &told);
    assert_eq!(
        (&told["verb"], &told["changes"]),
        (&"restart".into(), &Value::Bool(true))
    );
    stands(&session, "RUNNING", 3);
    ended(&session);
    let runs = fs::read_to_string(session.task_folder("t").join("sandbox/runs")).unwrap();
    assert_eq!(runs, "up\nup\nup\n");
    let told = session.aur(&["restart", "t/work"]).ended(5);
    assert_eq!(
        told.err(),
        "  × t/work cannot be asked to restart: the task is over or ends\n"
    );
    assert_eq!(
        fs::read_dir(session.task_folder("t").join("requests"))
            .unwrap()
            .count(),
        0
    );
}

#[test]
fn a_request_is_kept_for_a_dead_runner_and_heeded_once() {
    let session = started();
    send(runner(&session, "t"), Signal::SIGKILL);
    assert_eq!(
        session.aur(&["restart", "t/work"]).ended(0).out(),
        "t/work restarts\n"
    );
    stands(&session, "RUNNING", 2);
    // The same request once more, as after a crash between the record and the answer.
    let events = session.task_folder("t").join("journal");
    let journal = fs::read(&events).unwrap();
    let text = String::from_utf8_lossy(&journal);
    let at = text.find("\"request\":\"").expect("the record of the request") + "\"request\":\"".len();
    let name = text[at..].split('"').next().unwrap().to_string();
    let request = session
        .task_folder("t")
        .join("requests")
        .join(format!("{name}.json"));
    let draft = request.with_file_name(".draft");
    let again = r#"{"version":2,"request":"control","process":"work","verb":"restart"}"#;
    fs::write(&draft, again).unwrap();
    fs::rename(&draft, &request).unwrap();
    within("the request is taken away", || (!request.exists()).then_some(()));
    assert_eq!(state_of(&session), ("RUNNING".to_string(), 2));
    ended(&session);
}
