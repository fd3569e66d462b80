//! Sessions that take much of the machine; they run alone (`.config/nextest.toml`).

use std::fs;

use aur_tests::Session;

use crate::programs::{command, task_of};
use crate::surroundings::{in_namespace, mounts};

#[test]
fn a_gigabyte_of_output() {
    let session = task_of(&[command("a", "head -c 1G /dev/zero; echo end >&2")], "");
    session.aur(&["run", "main.aur", "--task-id", "t"]).ended(0);
    let log = session.task_folder("t").join("logs/a/0/stdout");
    assert_eq!(fs::metadata(&log).unwrap().len(), 1 << 30);
    // Reading it does not need as much memory: 300 MB of address space are enough.
    let told = session.shell("ulimit -v 300000; aur logs t a | wc -c").ended(0);
    assert_eq!(told.out().trim(), (1u32 << 30).to_string(), "{told}");
    // A failure shows the last lines, also of one endless line.
    let session = task_of(
        &[command("a", "head -c 1G /dev/zero | tr '\\\\0' x >&2; exit 1")],
        "",
    );
    let told = session.aur(&["run", "main.aur", "--task-id", "t"]).ended(3);
    assert!(
        told.stdout.len() + told.stderr.len() < 100_000,
        "only the end is shown"
    );
}

#[test]
fn the_disk_is_full_before_anything() {
    let session = task_of(&[command("a", "echo hi")], "files = {\"big\": file(\"big\")}");
    session.write("big", "x".repeat(300_000));
    let script = "mkdir $AUR_ROOT && mount -t tmpfs -o size=128k tmpfs $AUR_ROOT && aur run main.aur";
    let Some(told) = in_namespace(&session, mounts(), script) else {
        return;
    };
    let told = told.ended(2);
    assert!(told.err().to_lowercase().contains("no space"), "{told}");
}

#[test]
fn the_disk_becomes_full() {
    let session = task_of(
        &[
            command("fill", "head -c 10M /dev/zero > big; touch filled; sleep 1"),
            command("after", "echo after"),
        ],
        "constraints = order(\"fill\", \"after\")",
    );
    // The attached command says what happened; nothing new starts until there is space again.
    let script = "mkdir $AUR_ROOT && mount -t tmpfs -o size=2m tmpfs $AUR_ROOT; \
                  aur run main.aur --task-id t; echo \"code $?\"; \
                  ls $AUR_ROOT/tasks/t/logs; rm -f $AUR_ROOT/tasks/t/sandbox/big; \
                  for i in $(seq 300); do \
                    aur status t --json > status; grep -q '\"state\": *\"SUCCESS\"' status && \
                    ! grep -q '\"state\": *\"\\(RUNNING\\|WAITING\\|FORKED\\)\"' status && break; sleep 0.1; \
                  done; aur status t --json";
    let Some(told) = in_namespace(&session, mounts(), script) else {
        return;
    };
    assert!(told.out().contains("code 2\n"), "{told}");
    assert!(
        told.err()
            .contains("the disk that holds the state of tasks is full"),
        "{told}"
    );
    let json = told.out();
    let start = json.find('{').expect("a task object");
    let status: serde_json::Value = serde_json::from_str(&json[start..]).unwrap();
    assert_eq!(status["state"], "SUCCESS", "{told}");
    assert_eq!(
        status["processes"][0]["runs"].as_array().unwrap().len(),
        1,
        "nothing ran twice\n{told}"
    );
}

#[test]
fn a_thousand_processes() {
    let session = Session::new();
    session.write(
        "main.aur",
        crate::programs::job(
            "processes = [Process { name = \"p{{i}}\", cmdline = \"echo {{i}}\" }.bind(i = i) for i in 1..1000]\n      \
             max_concurrency = 16",
        ),
    );
    let told = session.aur(&["run", "main.aur", "--task-id", "t"]).ended(0);
    let status = session.status("t");
    let processes = status["processes"].as_array().unwrap();
    assert_eq!(processes.len(), 1000, "{told}");
    assert!(processes.iter().all(|process| process["state"] == "SUCCESS"));
}
