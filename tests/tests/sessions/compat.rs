//! Tasks that were begun by earlier versions, and tasks of versions to come.

use std::fs;
use std::path::Path;

use aur_tests::{Session, repository, within};

/// A session with the tasks of `tests/compat`.
fn upgraded() -> Session {
    let session = Session::new();
    let compat = repository().join("tests/compat");
    for task in ["1/finished", "1/failed", "1/unfinished", "2/shortened"] {
        let name = task.split('/').next_back().unwrap();
        copy(&compat.join(task), &session.task_folder(name));
        // Folders that are empty are in no repository.
        for folder in ["sandbox", "requests"] {
            fs::create_dir_all(session.task_folder(name).join(folder)).unwrap();
        }
    }
    session
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

fn runs(session: &Session, task: &str, process: usize) -> Vec<String> {
    let status = session.status(task);
    let runs = status["processes"][process]["runs"].as_array().unwrap().clone();
    runs.iter()
        .map(|run| run["state"].as_str().unwrap().to_string())
        .collect()
}

#[test]
fn tasks_of_earlier_formats_are_read() {
    let session = upgraded();
    let states =
        ["finished", "failed", "unfinished", "shortened"].map(|task| session.status(task)["state"].clone());
    assert_eq!(states, ["SUCCESS", "FAILED", "ACTIVE", "ACTIVE"]);
    assert_eq!(runs(&session, "finished", 0), ["FAILED", "SUCCESS"]);
    assert_eq!(runs(&session, "shortened", 0).len(), 14);
    let told = session.aur(&["ps", "--all"]);
    assert!(
        ["finished", "failed", "unfinished", "shortened"]
            .iter()
            .all(|task| told.out().contains(task)),
        "{told}"
    );
    let told = session
        .aur(&["logs", "finished", "retried", "--run", "1"])
        .ended(0);
    assert_eq!(told.out(), "run 1\n");
    let told = session.aur(&["logs", "failed", "--stderr"]).ended(0);
    assert!(told.out().contains("it breaks"), "{told}");
    let told = session.aur(&["explain", "failed"]).ended(0);
    assert!(told.out().contains("exit code 3"), "{told}");
    let told = session.aur(&["explain", "unfinished/after"]).ended(0);
    assert!(told.out().contains("long"), "{told}");
}

#[test]
fn tasks_of_earlier_formats_go_on() {
    let session = upgraded();
    session.aur(&["resume", "--all"]).ended(0);
    // Another boot, so nobody knows what became of the run that was on its way.
    let is_over = || (session.status("unfinished")["state"] == "SUCCESS").then_some(());
    within("the end of the task", is_over);
    assert_eq!(runs(&session, "unfinished", 1), ["LOST", "SUCCESS"]);
    assert_eq!(runs(&session, "unfinished", 2), ["SUCCESS"]);
    // The request was heeded, and the number of no run was used again.
    let is_held = || (session.status("shortened")["processes"][0]["held"] == true).then_some(());
    within("the stop of the daemon", is_held);
    session.aur(&["start", "shortened/often"]).ended(0);
    within("the next run", || {
        (runs(&session, "shortened", 0).last()? == "RUNNING").then_some(())
    });
    let status = session.status("shortened");
    let last = status["processes"][0]["runs"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert!(last["run"].as_u64().unwrap() >= 14, "{last}");
    session.aur(&["kill", "shortened"]).ended(0);
    assert_eq!(session.status("shortened")["state"], "KILLED");
    session.aur(&["gc", "--keep", "0"]);
    session.is_quiet();
}

/// Changes a file of the finished task and returns what `aur status` says about it.
fn refusal(file: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
    let session = upgraded();
    let path = session.task_folder("finished").join(file);
    let bytes = change(fs::read(&path).unwrap());
    fs::write(&path, bytes).unwrap();
    let told = session.aur(&["status", "finished"]);
    assert_ne!(told.code(), Some(0), "{told}");
    told.err().replace(&session.state().display().to_string(), "ROOT")
}

fn replaced(from: &'static str, to: &'static str) -> impl FnOnce(Vec<u8>) -> Vec<u8> {
    move |bytes| {
        String::from_utf8(bytes)
            .unwrap()
            .replacen(from, to, 1)
            .into_bytes()
    }
}

#[test]
fn what_is_newer_is_refused_and_says_so() {
    insta::assert_snapshot!(refusal("journal", |mut bytes| {
        bytes[8] = 3;
        bytes
    }), @"
    × cannot read the task finished
    ╰─▶ ROOT/tasks/finished/journal has journal format 3, this program knows formats up to 2
    help: use the newer aur that wrote it
    ");
    insta::assert_snapshot!(refusal("plan.json", replaced("\"aur_ir\":1", "\"aur_ir\":2")), @"
    × cannot read the task finished
    ╰─▶ the plan ROOT/tasks/finished/plan.json: the plan has version 2, this program knows versions up to 1
    ");
    insta::assert_snapshot!(refusal("options.json", replaced("\"version\":1", "\"version\":9")), @"
    × cannot read the task finished
    ╰─▶ ROOT/tasks/finished/options.json is damaged: it has version 9, newer than this program
    ");
}
