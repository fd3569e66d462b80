//! Removing tasks that are over, and only those.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use aur::documents::{GcReport, schema_of};
use aur_tests::Session;
use insta::assert_snapshot;
use nix::sys::signal::Signal;

use crate::control::{let_go, runner, send, waiting};
use crate::programs::{command, fits, task_of};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn set_age(path: &Path, age: Duration) {
    let file = fs::File::open(path).unwrap();
    file.set_modified(SystemTime::now() - age).unwrap();
}

/// A session with finished tasks `d9`, `d5`, `d1`, named after how many days ago they ended.
fn with_finished(cmdline: &str) -> Session {
    let mut session = task_of(&[command("work", cmdline)], "");
    session.set("AUR_GC", "off");
    for days in [9, 5, 1] {
        let task = format!("d{days}");
        session.aur(&["run", "main.aur", "--task-id", &task]).ended(0);
        set_age(&session.task_folder(&task).join("journal"), days * DAY);
    }
    // A runner ends a moment after its task; until then it has the task in hand.
    session.is_quiet();
    session
}

/// RT-099
#[test]
fn a_task_that_is_over_stays_until_it_is_collected() {
    let session = with_finished("echo result > out; mkdir closed; touch closed/x; chmod 500 closed");
    assert!(
        session.task_folder("d9").join("sandbox/out").exists(),
        "readable until then"
    );
    let dry = session.aur(&["gc", "--dry-run"]).ended(0);
    assert!(
        dry.out()
            .starts_with("task d9 would be removed: SUCCESS, ended 216h00m ago, "),
        "{dry}"
    );
    assert_eq!(session.tasks(), ["d1", "d5", "d9"]);
    let told = session.aur(&["gc", "--json"]).ended(0).json();
    fits(&schema_of::<GcReport>(), &told);
    assert_eq!(
        (&told["removed"][0]["task_id"], &told["kept"]),
        (&"d9".into(), &2.into()),
        "{told}"
    );
    assert_eq!(session.tasks(), ["d1", "d5"]);
    session.aur(&["gc", "--older-than", "2d"]).ended(0);
    assert_eq!(session.tasks(), ["d1"]);
    session.aur(&["gc", "--keep", "0"]).ended(0);
    assert_eq!(session.tasks(), Vec::<String>::new());
    let left: Vec<_> = fs::read_dir(session.state().join("tasks")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    assert_snapshot!(session.aur(&["gc", "--keep", "0"]).ended(0), @"
    $ aur gc --keep 0
    0 tasks removed, 0 B; 0 finished tasks kept
    [exit 0]
    ");
}

#[test]
fn the_newest_stay_by_count_and_by_size() {
    let session = with_finished("head -c 300000 /dev/zero > big");
    session.aur(&["gc", "--max-bytes", "10MB"]).ended(0);
    assert_eq!(session.tasks(), ["d1", "d5", "d9"]);
    session.aur(&["gc", "--max-bytes", "900KB"]).ended(0);
    assert_eq!(session.tasks(), ["d1", "d5"]);
    session.aur(&["gc", "--keep", "1"]).ended(0);
    assert_eq!(session.tasks(), ["d1"]);
}

/// RT-099
#[test]
fn a_task_that_is_not_over_is_never_removed() {
    let session = task_of(
        &[command(
            "work",
            "touch started; until [ -e go ]; do sleep 0.05; done",
        )],
        "",
    );
    let runs = waiting(&session, "runs");
    let orphan = waiting(&session, "orphan");
    send(runner(&session, "orphan"), Signal::SIGKILL);
    session.end_of(orphan, "aur run");
    for task in ["runs", "orphan"] {
        set_age(&session.task_folder(task).join("journal"), 100 * DAY);
    }
    session
        .aur(&["gc", "--keep", "0", "--older-than", "0s", "--max-bytes", "1B"])
        .ended(0);
    assert_eq!(session.tasks(), ["orphan", "runs"]);
    let_go(&session, "runs");
    session.end_of(runs, "aur run").ended(0);
    session.aur(&["resume", "orphan"]).ended(0);
    session.aur(&["kill", "orphan"]).ended(0);
    session.is_quiet();
    session.aur(&["gc", "--keep", "0"]).ended(0);
    assert_eq!(session.tasks(), Vec::<String>::new());
}

#[test]
fn what_crashed_commands_left_is_removed() {
    let session = with_finished("true");
    let tasks = session.state().join("tasks");
    for name in [".new-young", ".new-old", ".gone-x"] {
        fs::create_dir_all(tasks.join(name).join("sandbox")).unwrap();
    }
    set_age(&tasks.join(".new-old"), DAY);
    let told = session.aur(&["gc"]).ended(0);
    assert!(
        told.out().contains("\n2 folders of crashed commands removed\n"),
        "{told}"
    );
    assert!(
        tasks.join(".new-young").exists()
            && !tasks.join(".new-old").exists()
            && !tasks.join(".gone-x").exists()
    );
}

#[test]
fn old_tasks_go_by_themselves_once_a_day() {
    let mut session = with_finished("true");
    set_age(&session.task_folder("d9").join("journal"), 31 * DAY);
    session.unset("AUR_GC");
    session.aur(&["run", "main.aur", "--task-id", "first"]).ended(0);
    assert_eq!(
        session.tasks(),
        ["d1", "d5", "d9", "first"],
        "not before a day has passed"
    );
    set_age(&session.state().join("gc.stamp"), 2 * DAY);
    session.set("AUR_GC", "off");
    session.aur(&["run", "main.aur", "--task-id", "second"]).ended(0);
    assert_eq!(session.tasks().len(), 5, "not where it is forbidden");
    session.unset("AUR_GC");
    session.aur(&["run", "main.aur", "--task-id", "third"]).ended(0);
    assert_eq!(session.tasks(), ["d1", "d5", "first", "second", "third"]);
}

/// Many at once start, finish, go on and remove the same ids; nobody gets half of a task.
#[test]
fn removing_does_not_meet_running() {
    let session = task_of(&[command("work", "echo work")], "");
    let script = "for i in 1 2 3 4 5 6 7 8 9 10; do \
                    for t in a b; do aur run main.aur --task-id $t > /dev/null 2> err.$t.$1 || echo run $?; done; \
                    aur gc --keep 0 > /dev/null 2> err.gc.$1 || echo gc $?; done";
    fs::write(session.work().join("hammer"), script).unwrap();
    let told = session.shell("bash hammer 1 & bash hammer 2 & bash hammer 3 & wait");
    // Two at once may refuse each other, and a task may go while its result is read; nothing else.
    let odd: Vec<String> = told
        .out()
        .lines()
        .filter(|line| !["run 5", "run 2", "run 6"].contains(line))
        .map(str::to_string)
        .collect();
    assert_eq!(odd, Vec::<String>::new(), "{told}");
    session.is_quiet();
    session.aur(&["gc", "--keep", "0"]).ended(0);
    assert_eq!(session.tasks(), Vec::<String>::new());
}
