//! Where the output of processes goes: files, files that are turned over, the console, nowhere.

use std::fs;

use aur_tests::{Session, within};
use nix::sys::signal::Signal;

use crate::control::{let_go, reached, runner, send, waiting};
use crate::programs::{command, task_of};

/// A process with a logger.
fn logged(name: &str, cmdline: &str, logger: &str) -> String {
    format!("Process {{ name = \"{name}\", cmdline = \"{cmdline}\", logger = Logger {{ {logger} }} }}")
}

fn rotating(size: &str, backups: u32) -> String {
    format!("mode = \"rotate\", rotate = RotatePolicy {{ log_size = {size}, backups = {backups} }}")
}

/// The files of the logs of run 0 of a process, with their content.
fn files(session: &Session, process: &str) -> Vec<(String, String)> {
    let folder = session.task_folder("t").join("logs").join(process).join("0");
    let Ok(entries) = fs::read_dir(&folder) else {
        return Vec::new();
    };
    let mut files: Vec<(String, String)> = entries
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read_to_string(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

fn names(files: &[(String, String)]) -> Vec<&str> {
    files.iter().map(|(name, _)| name.as_str()).collect()
}

fn run(session: &Session) -> aur_tests::Told {
    session.aur(&["run", "main.aur", "--task-id", "t"]).ended(0)
}

/// RT-070
#[test]
fn both_files_are_complete_without_a_copier() {
    let lines = "for i in $(seq 31); do echo out $i; echo err $i >&2; done";
    let session = task_of(&[command("work", lines)], "");
    run(&session);
    let files = files(&session, "work");
    assert_eq!(names(&files), ["stderr", "stdout"]);
    for ((_, content), word) in files.iter().zip(["err", "out"]) {
        let expected: String = (1..=31).map(|i| format!("{word} {i}\n")).collect();
        assert_eq!(*content, expected);
    }
}

/// RT-072, with smaller files.
#[test]
fn files_are_turned_over_and_the_oldest_go() {
    let session = task_of(
        &[
            logged(
                "few",
                "seq -f 'a line of the log, number %.0f' 3000",
                &rotating("16KB", 5),
            ),
            logged(
                "all",
                "seq -f 'a line of the log, number %.0f' 3000; echo end >&2",
                &rotating("64KB", 5),
            ),
        ],
        "",
    );
    run(&session);
    let few = files(&session, "few");
    assert_eq!(
        names(&few),
        [
            "stderr", "stdout", "stdout.1", "stdout.2", "stdout.3", "stdout.4", "stdout.5"
        ]
    );
    for (name, content) in &few {
        assert!(content.len() <= 16 << 10, "{name} has {} bytes", content.len());
        assert!(
            content.is_empty() || content.ends_with('\n'),
            "{name}: lines are whole"
        );
        assert!(
            content
                .lines()
                .all(|line| line.starts_with("a line of the log, number ")),
            "{name}"
        );
    }
    // What is kept is the end, without a gap; and where all is kept, all of it.
    let kept = session.aur(&["logs", "t", "few"]).out();
    let all = session.aur(&["logs", "t", "all"]).out();
    let expected: String = (1..=3000)
        .map(|i| format!("a line of the log, number {i}\n"))
        .collect();
    assert_eq!(all, expected);
    assert!(
        expected.ends_with(&kept) && kept.len() > 5 * (15 << 10),
        "{} bytes",
        kept.len()
    );
    assert_eq!(session.aur(&["logs", "t", "all", "--stderr"]).out(), "end\n");
}

/// RT-073
#[test]
fn output_goes_to_files_the_console_both_or_nowhere() {
    let says = |word: &str| format!("echo {word} out; echo {word} err >&2");
    let session = task_of(
        &[
            logged("nowhere", &says("nowhere"), "destination = \"none\""),
            logged("console", &says("console"), "destination = \"console\""),
            logged("both", &says("both"), "destination = \"both\""),
        ],
        "",
    );
    let told = run(&session);
    let lines = |text: String| -> Vec<String> {
        let mut lines: Vec<String> = text
            .lines()
            .filter(|line| line.contains(" | "))
            .map(str::to_string)
            .collect();
        lines.sort();
        lines
    };
    assert_eq!(lines(told.out()), ["both    | both out", "console | console out"]);
    assert_eq!(lines(told.err()), ["both    | both err", "console | console err"]);
    assert_eq!(files(&session, "nowhere"), []);
    assert_eq!(files(&session, "console"), []);
    let named = |name: &str, content: &str| (name.to_string(), content.to_string());
    assert_eq!(
        files(&session, "both"),
        [named("stderr", "both err\n"), named("stdout", "both out\n")]
    );
    // What the console had can be seen later too.
    assert_eq!(session.aur(&["logs", "t", "console"]).out(), "console out\n");
}

/// RT-074
#[test]
fn a_background_child_with_the_pipe_does_not_keep_a_run_from_its_end() {
    let session = task_of(
        &[
            logged("work", "setsid sleep 1000 & echo hi", &rotating("4KB", 1)),
            command("after", "echo after"),
        ],
        "constraints = order(\"work\", \"after\")\n      finalization_wait = 2s",
    );
    run(&session);
    assert_eq!(session.aur(&["logs", "t", "work"]).out(), "hi\n");
    session.is_quiet();
}

/// RT-075
#[test]
fn what_a_process_says_about_its_logs_comes_before_flags() {
    let session = task_of(
        &[
            command("silent", "seq 2000"),
            logged("own", "seq 2000", &rotating("1KB", 2)),
            logged("plain", "seq 2000", "mode = \"standard\""),
        ],
        "",
    );
    let flags = [
        "run",
        "main.aur",
        "--task-id",
        "t",
        "--log-size",
        "4KB",
        "--log-backups",
        "1",
    ];
    session.aur(&flags).ended(0);
    assert_eq!(
        names(&files(&session, "silent")),
        ["stderr", "stdout", "stdout.1"]
    );
    assert_eq!(
        names(&files(&session, "own")),
        ["stderr", "stdout", "stdout.1", "stdout.2"]
    );
    assert_eq!(
        names(&files(&session, "plain")),
        ["stderr", "stdout"],
        "written, though it is the default"
    );
}

#[test]
fn no_line_is_lost_with_the_runner() {
    let session = task_of(
        &[logged(
            "work",
            "touch started; i=0; until [ -e go ]; do i=$((i+1)); echo line $i; sleep 0.01; done; echo last $i; touch written",
            &rotating("1MB", 2),
        )],
        "",
    );
    let child = waiting(&session, "t");
    send(runner(&session, "t"), Signal::SIGKILL);
    session.end_of(child, "aur run");
    let before = session.aur(&["logs", "t", "work"]).out().lines().count();
    within("it goes on without a runner", || {
        (session.aur(&["logs", "t", "work"]).out().lines().count() > before + 20).then_some(())
    });
    let child = session.start_aur(&["run", "--task-id", "t"]);
    within("there is a runner again", || {
        session.status("t")["runner_pid"].as_u64()
    });
    let_go(&session, "t");
    session.end_of(child, "aur run").ended(0);
    let text = within("the copier is done", || {
        let text = session.aur(&["logs", "t", "work"]).out();
        text.lines().last()?.starts_with("last").then_some(text)
    });
    let count = text.lines().count() - 1;
    let expected: String = (1..=count).map(|i| format!("line {i}\n")).collect();
    assert_eq!(text, format!("{expected}last {count}\n"));
    session.is_quiet();
}

#[test]
fn a_copier_that_is_killed_is_replaced() {
    let session = task_of(
        &[logged(
            "work",
            "touch started; until [ -e go ]; do sleep 0.01; done; echo after",
            &rotating("1MB", 2),
        )],
        "",
    );
    let child = waiting(&session, "t");
    let copier = || {
        session.live_processes().into_iter().find(|pid| {
            fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "aur-copier\n")
        })
    };
    let first = within("there is a copier", copier);
    send(u32::try_from(first).unwrap(), Signal::SIGKILL);
    let second = within("there is another one", || copier().filter(|pid| *pid != first));
    send(u32::try_from(second).unwrap(), Signal::SIGTERM);
    within("and another one", || {
        copier().filter(|pid| ![first, second].contains(pid))
    });
    let_go(&session, "t");
    session.end_of(child, "aur run").ended(0);
    assert_eq!(session.aur(&["logs", "t", "work"]).out(), "after\n");
    session.is_quiet();
}

/// A run may be over before its copier knows its orders.
#[test]
fn the_shortest_runs_lose_nothing() {
    let processes: Vec<String> = (0..40)
        .map(|i| logged(&format!("p{i}"), &format!("echo {i}"), &rotating("1MB", 2)))
        .collect();
    let session = task_of(&processes, "");
    run(&session);
    let mut lines: Vec<String> = session
        .aur(&["logs", "t"])
        .out()
        .lines()
        .map(str::to_string)
        .collect();
    lines.sort();
    let mut expected: Vec<String> = (0..40).map(|i| format!("{:<4} | {i}", format!("p{i}"))).collect();
    expected.sort();
    assert_eq!(lines, expected);
}

#[test]
fn a_copier_stays_while_its_run_is_ended() {
    let session = task_of(
        &[logged(
            "work",
            "trap 'sleep 0.3; echo told; exit' TERM; touch started; while :; do sleep 0.02; done",
            &rotating("1MB", 2),
        )],
        "",
    );
    let child = waiting(&session, "t");
    // Without its guard all children of the runner may be what the run left behind, but not the copier.
    let guard = session.status("t")["processes"][0]["runs"][0]["guard_pid"].as_u64();
    send(u32::try_from(guard.unwrap()).unwrap(), Signal::SIGKILL);
    within("the guard is gone", || {
        session.status("t")["processes"][0]["runs"][0]["guard_pid"]
            .is_null()
            .then_some(())
    });
    session.aur(&["kill", "t"]).ended(0);
    session.end_of(child, "aur run").ended(4);
    assert_eq!(session.aur(&["logs", "t", "work"]).out(), "told\n");
    let said = fs::read_to_string(session.task_folder("t").join("runner.log")).unwrap();
    assert!(!said.contains("copier"), "{said}");
    session.is_quiet();
}

#[test]
fn logs_are_followed_over_turns_and_runs() {
    let session = task_of(
        &[format!(
            "Process {{ name = \"work\", max_failures = 2, min_duration = 0s, logger = Logger {{ {} }}, cmdline = \"{}\" }}",
            rotating("4KB", 100),
            "touch started; until [ -e go ]; do sleep 0.01; done; \
             for i in $(seq 1500); do echo run $AUR_RUN line $i; done; [ $AUR_RUN = 1 ]"
        )],
        "",
    );
    let child = waiting(&session, "t");
    let logs = session.start_aur(&["logs", "t", "work", "-f"]);
    let_go(&session, "t");
    let told = session.end_of(logs, "aur logs -f").ended(0);
    session.end_of(child, "aur run").ended(0);
    let expected: String = (0..2)
        .flat_map(|run| (1..=1500).map(move |i| format!("run {run} line {i}\n")))
        .collect();
    assert_eq!(told.out(), expected);
}

#[test]
fn what_is_left_out_is_counted() {
    // The disk does not keep up at all: the log cannot be opened, as a folder stands in its place.
    let session = task_of(
        &[
            command("first", "mkdir -p ../logs/talk/0/stdout"),
            command(
                "talk",
                "for i in $(seq 200); do head -c 9999 /dev/zero | tr '\\\\0' x; echo; done; touch done",
            ),
        ],
        "constraints = order(\"first\", \"talk\")",
    );
    let flags = [
        "run",
        "main.aur",
        "--task-id",
        "t",
        "--log-size",
        "4KB",
        "--log-full",
        "drop",
    ];
    let told = session.aur(&flags).ended(0);
    reached(&session, "t", "done");
    let out = told.out();
    let note = out
        .lines()
        .find(|line| line.contains("were left out: the disk did not keep up"));
    let note = note.unwrap_or_else(|| panic!("{told}"));
    let numbers: Vec<u64> = note.split(' ').filter_map(|word| word.parse().ok()).collect();
    // A line of which only the beginning was kept for a while counts once more.
    let [lines, bytes] = numbers[..] else {
        panic!("{note}")
    };
    assert!(
        (200..220).contains(&lines) && (2_000_000..2_001_000).contains(&bytes),
        "{note}"
    );
    session.is_quiet();
}

#[test]
fn programs_cannot_write_what_looks_like_ours() {
    let evil = "printf '\\\\033[2J\\\\033]0;title\\\\007task t  SUCCESS\\\\r\\\\n'; false";
    let session = task_of(&[logged("work", evil, "destination = \"both\"")], "");
    for args in [
        &["run", "main.aur", "--task-id", "t"][..],
        &["status", "t"],
        &["run", "--task-id", "t"],
    ] {
        let told = session.aur(args);
        let text = told.out() + &told.err();
        assert!(text.contains("\\u{1b}[2J"), "shown as text: {told}");
        assert!(
            !text.contains('\u{1b}') && !text.contains('\u{7}') && !text.contains('\r'),
            "{told}"
        );
        assert!(
            !text.lines().any(|line| line.starts_with("task t  SUCCESS")),
            "{told}"
        );
    }
}
