//! What a person sees of limits and use.

use crate::programs::{command, task_of};

#[test]
fn want_of_memory_is_told_with_both_numbers() {
    let hog = "head -c 300000000 /dev/zero | tail -c 300000000 | wc -c; exit ${PIPESTATUS[1]}";
    let session = task_of(&[command("a", hog)], "");
    let told = session.aur(&["run", "main.aur", "--task-id", "t"]);
    let status = session.status("t");
    let limits = status["isolation"]["limits"].as_array().unwrap();
    if !limits.iter().any(|limit| limit == "memory") {
        let note = status["isolation"]["note"].as_str().unwrap();
        assert!(note.contains(" not limited: "), "{note}");
        assert!(told.out().contains(&format!("  note: {note}\n")), "{told}");
        return;
    }
    let told = told.ended(3);
    let words = "FAILED out of memory: the task may use 64 MiB; it used ";
    assert!(told.out().contains(words), "{told}");
    assert_eq!(status["processes"][0]["runs"][0]["reason"], "oom");
    let peak = status["usage"]["ram_peak_bytes"].as_u64().unwrap();
    assert!((32 << 20..=64 << 20).contains(&peak), "{peak}");
    let of_process = &status["processes"][0]["usage"];
    assert!(
        of_process["ram_peak_bytes"].as_u64().unwrap() <= peak,
        "{of_process}"
    );
}

#[test]
fn status_tells_what_was_used() {
    let session = task_of(&[command("a", "head -c 100000 /dev/zero > file")], "");
    session.aur(&["run", "main.aur", "--task-id", "t"]).ended(0);
    let told = session.aur(&["status", "t"]).ended(0);
    let text = told.out();
    let line = text.lines().find(|line| line.starts_with("  used: "));
    let line = line.unwrap_or_else(|| panic!("no such line: {told}"));
    assert!(
        line.contains(" s of processor, ") && line.contains(" KiB of disk"),
        "{line}"
    );
    let used = session.status("t")["usage"]["disk_bytes"].as_u64().unwrap();
    assert!((100_000..500_000).contains(&used), "{used}");
}
