//! A task and a second shell: looking at it, ending it, going on with it.

use std::fs;
use std::process::Child;

use aur_tests::{Session, within};
use insta::assert_snapshot;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::programs::{command, process, task_of};
use crate::surroundings::{in_namespace, mounts};

/// Starts a task that waits for a file `go` in its sandbox, and returns once it waits.
pub(crate) fn waiting(session: &Session, task: &str) -> Child {
    let child = session.start_aur(&["run", "main.aur", "--task-id", task]);
    reached(session, task, "started");
    child
}

/// Waits for a file of the sandbox.
pub(crate) fn reached(session: &Session, task: &str, file: &str) {
    let file = session.task_folder(task).join("sandbox").join(file);
    within("the process writes its mark", || file.exists().then_some(()));
}

pub(crate) fn let_go(session: &Session, task: &str) {
    fs::write(session.task_folder(task).join("sandbox/go"), "").unwrap();
}

pub(crate) fn send(pid: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(pid).unwrap()), signal).unwrap();
}

pub(crate) fn runner(session: &Session, task: &str) -> u32 {
    let status = session.status(task);
    u32::try_from(
        status["runner_pid"]
            .as_u64()
            .unwrap_or_else(|| panic!("a live task has a runner: {status}")),
    )
    .unwrap()
}

const WAITS: &str = "echo working; touch started; until [ -e go ]; do sleep 0.05; done; echo done";

fn one_that_waits() -> Session {
    task_of(
        &[command("work", WAITS), command("after", "echo after")],
        "constraints = order(\"work\", \"after\")",
    )
}

#[test]
fn a_second_shell_sees_a_task_that_runs() {
    let session = one_that_waits();
    let child = waiting(&session, "t");
    assert_snapshot!(session.aur(&["ps"]).ended(0), @"
    $ aur ps
    TASK  STATE       PROCESSES  JOB
    t     ACTIVE      0/2        c/r/devel/j
    [exit 0]
    ");
    assert_snapshot!(session.aur(&["status", "t"]).ended(0), @"
    $ aur status t
    task t  ACTIVE  (runner [PID])
      work   RUNNING   1 run             working
      after  WAITING   -
    [exit 0]
    ");
    assert_snapshot!(session.aur(&["logs", "t", "work"]).ended(0), @"
    $ aur logs t work
    working
    [exit 0]
    ");
    let status = session.status("t");
    assert_eq!(status["state"], "ACTIVE");
    assert_eq!(status["processes"][0]["state"], "RUNNING");
    assert_eq!(status["processes"][1]["state"], "WAITING");
    let_go(&session, "t");
    session.end_of(child, "aur run").ended(0);
    assert_snapshot!(session.aur(&["status", "t"]).ended(0), @"
    $ aur status t
    task t  SUCCESS
      work   SUCCESS   1 run [TIME]  done
      after  SUCCESS   1 run [TIME]  after
    [exit 0]
    ");
    assert_snapshot!(session.aur(&["logs", "t"]).ended(0), @"
    $ aur logs t
    work  | working
    work  | done
    after | after
    [exit 0]
    ");
}

#[test]
fn logs_are_followed_to_the_end() {
    let session = one_that_waits();
    let child = waiting(&session, "t");
    let logs = session.start_aur(&["logs", "t", "work", "-f"]);
    let_go(&session, "t");
    let told = session.end_of(logs, "aur logs -f").ended(0);
    assert_eq!(told.out(), "working\ndone\n");
    session.end_of(child, "aur run").ended(0);
}

#[test]
fn a_second_shell_kills_a_task() {
    let session = task_of(
        &[
            command(
                "work",
                "trap 'echo told; exit 0' TERM; touch started; while true; do sleep 0.05; done",
            ),
            "Process { name = \"clean\", cmdline = \"echo cleaned\", final = true }".to_string(),
        ],
        "",
    );
    let child = waiting(&session, "t");
    assert_snapshot!(session.aur(&["kill", "t"]), @"
    $ aur kill t
    task t has ended: KILLED
    [exit 0]
    ");
    let told = session.end_of(child, "aur run");
    assert_eq!(told.code(), Some(4), "{told}");
    assert_eq!(session.aur(&["logs", "t", "work"]).out(), "told\n");
    assert_eq!(session.aur(&["logs", "t", "clean"]).out(), "cleaned\n");
    let status = session.status("t");
    assert_eq!(
        (&status["state"], &status["reason"]),
        (&"KILLED".into(), &"stopped".into())
    );
    assert_eq!(status["processes"][0]["state"], "KILLED");
    // A finished task is not killed again.
    session.aur(&["kill", "t"]).ended(0);
}

#[test]
fn kill_now_waits_for_nobody() {
    let session = task_of(
        &[
            command(
                "work",
                "trap '' TERM; touch started; while true; do sleep 0.05; done",
            ),
            "Process { name = \"clean\", cmdline = \"echo cleaned\", final = true }".to_string(),
        ],
        "finalization_wait = 1h",
    );
    let child = waiting(&session, "t");
    session.aur(&["kill", "t", "--now"]).ended(0);
    session.end_of(child, "aur run").ended(4);
    let status = session.status("t");
    assert_eq!(status["processes"][0]["runs"][0]["exit"]["signal"], 9);
    assert_eq!(
        status["processes"][1]["runs"].as_array().unwrap().len(),
        0,
        "no finalizer: {status}"
    );
}

#[test]
fn all_of_a_process_is_ended() {
    let escapes =
        "setsid sleep 1000 & (setsid bash -c 'trap \\\"\\\" TERM; sleep 1000' &) ; touch started; sleep 1000";
    let session = task_of(&[command("work", escapes)], "finalization_wait = 2s");
    let child = waiting(&session, "t");
    assert!(session.live_processes().len() >= 4, "the escapees live");
    session.aur(&["kill", "t"]).ended(0);
    session.end_of(child, "aur run").ended(4);
    session.is_quiet();
}

#[test]
fn background_children_end_with_their_process() {
    let session = task_of(
        &[command("work", "sleep 1000 & setsid sleep 1000 & echo hi")],
        "finalization_wait = 2s",
    );
    session.aur(&["run", "main.aur"]).ended(0);
    session.is_quiet();
}

#[test]
fn signals_to_the_attached_command_stop_the_task() {
    for (signal, code) in [
        (Signal::SIGINT, 130),
        (Signal::SIGTERM, 143),
        (Signal::SIGHUP, 129),
    ] {
        let session = task_of(
            &[
                command("work", "touch started; sleep 1000"),
                "Process { name = \"clean\", cmdline = \"echo cleaned\", final = true }".to_string(),
            ],
            "",
        );
        let child = waiting(&session, "t");
        send(child.id(), signal);
        session.end_of(child, "aur run").ended(code);
        assert_eq!(session.status("t")["state"], "KILLED");
        assert_eq!(
            session.aur(&["logs", "t", "clean"]).out(),
            "cleaned\n",
            "the finalizer ran"
        );
        session.is_quiet();
    }
}

#[test]
fn a_second_ctrl_c_is_now() {
    let session = task_of(
        &[command(
            "work",
            "trap 'touch told' TERM; touch started; while true; do sleep 0.05; done",
        )],
        "finalization_wait = 1h",
    );
    let child = waiting(&session, "t");
    send(child.id(), Signal::SIGINT);
    reached(&session, "t", "told");
    send(child.id(), Signal::SIGINT);
    session.end_of(child, "aur run").ended(130);
    assert_eq!(session.status("t")["state"], "KILLED");
}

#[test]
fn a_task_outlives_the_command_that_watches_it() {
    let session = one_that_waits();
    let child = waiting(&session, "t");
    send(child.id(), Signal::SIGKILL);
    session.end_of(child, "aur run");
    assert_eq!(session.status("t")["state"], "ACTIVE");
    let_go(&session, "t");
    within("the task succeeds", || {
        (session.status("t")["state"] == "SUCCESS").then_some(())
    });
    assert_eq!(session.aur(&["logs", "t", "after"]).out(), "after\n");
}

#[test]
fn a_detached_task_runs_by_itself() {
    let session = one_that_waits();
    let told = session
        .aur(&["run", "main.aur", "--task-id", "t", "--detach"])
        .ended(0);
    assert_snapshot!(told, @"
    $ aur run main.aur --task-id t --detach
    t
    [exit 0]
    ");
    reached(&session, "t", "started");
    let_go(&session, "t");
    within("the task succeeds", || {
        (session.status("t")["state"] == "SUCCESS").then_some(())
    });
}

#[test]
fn two_runs_of_one_file_do_not_meet() {
    let session = one_that_waits();
    let one = session.start_aur(&["run", "main.aur"]);
    let two = session.start_aur(&["run", "main.aur"]);
    within("both run", || (session.tasks().len() == 2).then_some(()));
    for task in session.tasks() {
        reached(&session, &task, "started");
        let_go(&session, &task);
    }
    session.end_of(one, "aur run").ended(0);
    session.end_of(two, "aur run").ended(0);
    for task in session.tasks() {
        assert_eq!(session.aur(&["logs", &task, "work"]).out(), "working\ndone\n");
    }
}

#[test]
fn a_task_has_one_runner() {
    let session = one_that_waits();
    let child = waiting(&session, "t");
    assert_snapshot!(session.aur(&["run", "main.aur", "--task-id", "t"]).ended(5), @"
    $ aur run main.aur --task-id t
    [stderr]
      × cannot run the task
      ╰─▶ a runner has this task: process [PID]
      help: watch it with `aur status` or `aur logs -f`, or take it over with --force
    [exit 5]
    ");
    let_go(&session, "t");
    session.end_of(child, "aur run").ended(0);
}

#[test]
fn a_killed_runner_is_replaced_and_nothing_runs_twice() {
    let session = task_of(
        &[
            command("first", "echo first >> ran"),
            command(
                "work",
                "echo work >> ran; touch started; until [ -e go ]; do sleep 0.05; done",
            ),
            command("after", "echo after >> ran"),
        ],
        "sequential = true",
    );
    let child = waiting(&session, "t");
    send(runner(&session, "t"), Signal::SIGKILL);
    let told = session.end_of(child, "aur run");
    assert_ne!(told.code(), Some(0), "the end is not known yet\n{told}");
    let status = session.status("t");
    assert_eq!(
        status["runner_pid"],
        serde_json::Value::Null,
        "nobody has the task: {status}"
    );

    let child = session.start_aur(&["run", "main.aur", "--task-id", "t"]);
    within("there is a runner again", || {
        session.status("t")["runner_pid"].as_u64()
    });
    let_go(&session, "t");
    session.end_of(child, "aur run").ended(0);
    let ran = fs::read_to_string(session.task_folder("t").join("sandbox/ran")).unwrap();
    assert_eq!(ran, "first\nwork\nafter\n");
    session.is_quiet();
}

#[test]
fn an_exit_while_the_runner_is_dead_is_known() {
    let session = task_of(
        &[command(
            "work",
            "touch started; until [ -e go ]; do sleep 0.05; done; touch gone; exit 9",
        )],
        "",
    );
    let child = waiting(&session, "t");
    let guard = session.status("t")["processes"][0]["runs"][0]["guard_pid"].clone();
    send(runner(&session, "t"), Signal::SIGKILL);
    session.end_of(child, "aur run");
    let_go(&session, "t");
    let guard = Pid::from_raw(i32::try_from(guard.as_u64().unwrap()).unwrap());
    within("the guard ends", || {
        let stat = fs::read_to_string(format!("/proc/{guard}/stat")).unwrap_or_default();
        (stat.is_empty() || stat.contains(" Z ")).then_some(())
    });
    session.aur(&["run", "--task-id", "t"]).ended(3);
    let runs = session.status("t")["processes"][0]["runs"].clone();
    assert_eq!(runs.as_array().map(Vec::len), Some(1), "{runs}");
    assert_eq!(runs[0]["exit"]["code"], 9, "{runs}");
    assert_eq!(runs[0]["guard_pid"], serde_json::Value::Null, "{runs}");
    session.is_quiet();
}

#[test]
fn an_exit_that_nobody_saw_is_lost() {
    let session = task_of(
        &[command(
            "work",
            "touch started; until [ -e go ]; do sleep 0.05; done",
        )],
        "",
    );
    // In a namespace whose first process reaps at once. Where nobody reaps, the status can still be seen.
    let script = "task=$AUR_ROOT/tasks/t; \
                  aur run main.aur --task-id t & \
                  until [ -e $task/sandbox/started ]; do sleep 0.05; done; \
                  runner=$(aur status t --json | sed 's/.*\"runner_pid\":\\([0-9]*\\).*/\\1/'); \
                  guard=$(aur status t --json | sed 's/.*\"guard_pid\":\\([0-9]*\\).*/\\1/'); \
                  kill -9 $guard $runner; wait $!; echo \"attached $?\"; \
                  touch $task/sandbox/go; sleep 1; \
                  aur run main.aur --task-id t; echo \"again $?\"";
    let mut flags = mounts().to_vec();
    flags.extend(["-p", "-f", "--mount-proc"]);
    let Some(told) = in_namespace(&session, &flags, script) else {
        return;
    };
    let said = told.out() + &told.err();
    assert!(said.contains("the runner died"), "{told}");
    assert!(said.contains("LOST"), "it is said loudly\n{told}");
    assert!(
        said.contains("again 0\n"),
        "it was tried again, with success\n{told}"
    );
    let runs = session.status("t")["processes"][0]["runs"].clone();
    assert_eq!(
        (&runs[0]["state"], &runs[0]["reason"], &runs[0]["exit"]),
        (&"LOST".into(), &"lost".into(), &serde_json::Value::Null),
        "{runs}"
    );
    assert_eq!(runs[1]["state"], "SUCCESS", "{runs}");
}

#[test]
fn a_killed_runner_at_any_moment_starts_nothing_twice() {
    // Each process leaves one line; the runner is killed over and over while they come and go.
    let processes: Vec<String> = (0..12)
        .map(|i| {
            command(
                &format!("p{i:02}"),
                &format!("echo p{i:02}-$AUR_RUN >> ran; sleep 0.02"),
            )
        })
        .collect();
    let session = task_of(&processes, "sequential = true");
    let mut rounds = 0;
    loop {
        let child = session.start_aur(&["run", "main.aur", "--task-id", "t"]);
        let pid = (0..200).find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(2));
            let told = session.aur(&["status", "t", "--json"]);
            let status: serde_json::Value = serde_json::from_slice(&told.stdout).ok()?;
            status["runner_pid"].as_u64()
        });
        std::thread::sleep(std::time::Duration::from_millis(7 * (rounds % 9)));
        if let Some(pid) = pid {
            // It may be gone already.
            let _ = kill(Pid::from_raw(i32::try_from(pid).unwrap()), Signal::SIGKILL);
        }
        let told = session.end_of(child, "aur run");
        rounds += 1;
        if session.status("t")["runner_pid"].is_null()
            && ["SUCCESS", "FAILED", "LOST"]
                .iter()
                .any(|state| session.status("t")["state"] == *state)
        {
            break;
        }
        assert!(rounds < 60, "the task does not come to an end\n{told}");
    }
    let ran = fs::read_to_string(session.task_folder("t").join("sandbox/ran")).unwrap();
    let mut lines: Vec<&str> = ran.lines().collect();
    let all = lines.len();
    lines.dedup();
    assert_eq!(lines.len(), all, "no run number was started twice: {ran}");
    let mut sorted = lines.clone();
    sorted.sort_by_key(|line| line[..3].to_string());
    assert_eq!(lines, sorted, "the order is kept: {ran}");
}

#[test]
fn the_summary_of_a_finished_task_is_told_again() {
    let session = task_of(&[command("a", "echo hi; exit 5")], "");
    session.aur(&["run", "main.aur", "--task-id", "t"]).ended(3);
    assert_snapshot!(session.aur(&["run", "main.aur", "--task-id", "t"]).ended(3), @"
    $ aur run main.aur --task-id t
    a FAILED: exit code 5 in run 0
      defined at main.aur:6:20
      log [DIR]/state/tasks/t/logs/a/0/stdout
      | hi

    task t  FAILED: too many processes failed
      a     FAILED    1 run [TIME]  hi
    [stderr]
    task t is over already; nothing runs again
    [exit 3]
    ");
    assert_eq!(
        session.status("t")["processes"][0]["runs"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    // A unique beginning is enough, and `@last` is the newest.
    session.aur(&["run", "main.aur", "--task-id", "unique"]).ended(3);
    session.aur(&["status", "uniq"]).ended(0);
    assert!(
        session
            .aur(&["status", "@last"])
            .ended(0)
            .out()
            .contains("unique")
    );
}

#[test]
fn a_dry_run_starts_nothing() {
    let session = task_of(
        &[
            process("b"),
            command("a", "echo {{aur.instance}} {{aur.task_id}}"),
        ],
        "constraints = order(\"a\", \"b\")",
    );
    assert_snapshot!(session.aur(&["run", "main.aur", "--dry-run"]).ended(0), @"
    $ aur run main.aur --dry-run
    job c/r/devel/j
      a
        echo 0 {{aur.task_id}}
      b  (after a)
        true
    [exit 0]
    ");
    assert!(session.tasks().is_empty());
}

#[test]
fn failures_are_counted_and_tried_again() {
    let again = "echo x >> tries; [ $(wc -l < tries) -ge 3 ]";
    let session = task_of(
        &[format!(
            "Process {{ name = \"a\", cmdline = \"{again}\", max_failures = 5, min_duration = 0s }}"
        )],
        "",
    );
    session.aur(&["run", "main.aur", "--task-id", "t"]).ended(0);
    let runs = session.status("t")["processes"][0]["runs"].clone();
    let states: Vec<&str> = runs
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["FAILED", "FAILED", "SUCCESS"]);
}

#[test]
fn the_environment_is_clean_unless_asked() {
    let mut session = task_of(&[command("a", "env | sort | sed 's/=.*//'")], "");
    session.set("SECRET", "x");
    session.aur(&["run", "main.aur", "--task-id", "one"]).ended(0);
    assert_snapshot!(session.aur(&["logs", "one", "a"]).out(), @"
    AUR_INSTANCE
    AUR_PROCESS
    AUR_RUN
    AUR_RUN_ID
    AUR_SANDBOX
    AUR_TASK_ID
    HOME
    LOGNAME
    PATH
    PWD
    SHELL
    SHLVL
    USER
    _
    ");
    session
        .aur(&["run", "main.aur", "--task-id", "two", "--inherit-env"])
        .ended(0);
    assert!(session.aur(&["logs", "two", "a"]).out().contains("SECRET\n"));
}

#[test]
fn a_service_is_started_again_until_it_is_stopped() {
    let session = task_of(&[command("a", "echo life; touch started")], "");
    session.write(
        "main.aur",
        session
            .read("main.aur")
            .replace("name = \"j\"", "name = \"j\", service = true"),
    );
    let child = session.start_aur(&["run", "main.aur", "--task-id", "t"]);
    within("a second attempt", || {
        let told = session.aur(&["status", "t", "--json"]);
        let status: serde_json::Value = serde_json::from_slice(&told.stdout).ok()?;
        (status["attempt"].as_u64()? >= 1).then_some(())
    });
    session.aur(&["kill", "t"]).ended(0);
    session.end_of(child, "aur run").ended(4);
}

#[test]
fn json_is_one_event_a_line() {
    let session = task_of(&[command("a", "exit 3")], "");
    let told = session
        .aur(&["run", "main.aur", "--task-id", "t", "--json"])
        .ended(3);
    let events = told.json_lines();
    let names: Vec<&str> = events
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert_snapshot!(names.join(" "), @"task_created runner_started process_forked process_running process_finished task_cleaning task_finalizing task_finished");
    let last = events.last().unwrap();
    assert_eq!(last["event"], "task_finished");
    assert_eq!(
        last["task"],
        session.status("t"),
        "the last line holds the task object"
    );
    let schema = jsonschema::validator_for(&aur_machine::event_schema()).unwrap();
    for event in &events {
        assert!(schema.is_valid(event), "{event}");
    }
    let schema = jsonschema::validator_for(&aur_machine::task_schema()).unwrap();
    assert!(schema.is_valid(&last["task"]), "{last}");
}

/// Runs `aur run main.aur --task-id t` on a terminal of its own; `act` is Python that acts on `master`
/// once the process has left its mark. The code of `aur` is printed last.
fn on_a_terminal(session: &Session, act: &str) -> aur_tests::Told {
    let script = format!(
        "import os, pty, sys, time\n\
         child, master = pty.fork()\n\
         if child == 0:\n    os.execvp('aur', ['aur', 'run', 'main.aur', '--task-id', 't'])\n\
         while not os.path.exists(os.environ['AUR_ROOT'] + '/tasks/t/sandbox/started'):\n    time.sleep(0.01)\n\
         {act}\n\
         while True:\n    \
             try:\n        data = os.read(master, 65536)\n    \
             except OSError:\n        break\n    \
             if not data:\n        break\n    \
             sys.stdout.write(data.decode())\n\
         print('code', os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    );
    session.write("terminal.py", script);
    session.shell("python3 terminal.py")
}

#[test]
fn ctrl_c_on_a_terminal_is_a_graceful_stop() {
    let session = task_of(
        &[
            command(
                "work",
                "trap 'echo int >> heard' INT; trap 'echo term >> heard; exit 0' TERM; touch started; \
                 while true; do sleep 0.05; done",
            ),
            "Process { name = \"clean\", cmdline = \"echo cleaned\", final = true }".to_string(),
        ],
        "",
    );
    let told = on_a_terminal(&session, "os.write(master, b'\\x03')").ended(0);
    assert!(told.out().ends_with("code 130\n"), "{told}");
    let heard = fs::read_to_string(session.task_folder("t").join("sandbox/heard")).unwrap();
    assert_eq!(
        heard, "term\n",
        "the terminal's own signal does not reach the process"
    );
    assert_eq!(session.aur(&["logs", "t", "clean"]).out(), "cleaned\n");
    session.is_quiet();
}

#[test]
fn a_closed_terminal_is_a_graceful_stop() {
    let session = task_of(
        &[
            command("work", "touch started; sleep 1000"),
            "Process { name = \"clean\", cmdline = \"echo cleaned\", final = true }".to_string(),
        ],
        "",
    );
    let act =
        "os.close(master); print('code', os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])); sys.exit(0)";
    let told = on_a_terminal(&session, act).ended(0);
    assert!(told.out().ends_with("code 129\n"), "{told}");
    within("the task ends", || {
        (session.status("t")["state"] == "KILLED").then_some(())
    });
    assert_eq!(session.aur(&["logs", "t", "clean"]).out(), "cleaned\n");
    session.is_quiet();
}

#[test]
fn of_many_that_want_one_id_one_gets_it() {
    let session = one_that_waits();
    let children: Vec<Child> = (0..8)
        .map(|_| session.start_aur(&["run", "main.aur", "--task-id", "t"]))
        .collect();
    reached(&session, "t", "started");
    // All but one are refused at once; the one that is left waits for the task.
    std::thread::sleep(std::time::Duration::from_millis(300));
    let_go(&session, "t");
    let mut codes: Vec<Option<i32>> = children
        .into_iter()
        .map(|child| session.end_of(child, "aur run").code())
        .collect();
    codes.sort();
    // Who comes late finds it finished and tells its result.
    assert!(
        codes.iter().all(|code| [Some(0), Some(5)].contains(code)),
        "{codes:?}"
    );
    assert!(codes.contains(&Some(0)), "{codes:?}");
    assert_eq!(session.aur(&["logs", "t", "work"]).out(), "working\ndone\n");
    assert_eq!(
        session.status("t")["processes"][0]["runs"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}
