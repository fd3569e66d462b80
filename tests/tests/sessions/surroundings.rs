//! Odd places to be run in.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use aur_tests::{Session, Told};
use insta::assert_snapshot;

use crate::programs::{command, job, process, task_of, with};

/// Runs a script of `sh` in a mount namespace of its own, where it may mount what it likes.
/// `None` where the system does not allow that; the test says so and proves nothing there.
pub(crate) fn in_namespace(session: &Session, flags: &[&str], script: &str) -> Option<Told> {
    let mut probe = Command::new("unshare");
    probe.args(flags).args(["mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
    let probed = probe.stdin(Stdio::null()).output().expect("unshare is installed");
    if !probed.status.success() {
        let why = String::from_utf8_lossy(&probed.stderr).into_owned();
        skipped(&format!("a mount namespace is not allowed here: {why}"));
        return None;
    }
    let mut command = session.command("unshare");
    let folder = Session::program("aur")
        .parent()
        .expect("a folder")
        .display()
        .to_string();
    command.env("PATH", format!("{folder}:/usr/local/bin:/usr/bin:/bin"));
    command.args(flags).args(["/bin/sh", "-c", script]);
    Some(session.finish(command, script))
}

#[allow(clippy::print_stderr, reason = "a test that proves nothing says so")]
pub(super) fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

/// Flags of unshare for a mount namespace: as root as we are, else as root of a user namespace.
pub(crate) fn mounts() -> &'static [&'static str] {
    if nix::unistd::geteuid().is_root() {
        &["-m"]
    } else {
        &["-U", "-r", "-m"]
    }
}

#[test]
fn bash_is_missing() {
    let session = task_of(&[process("a")], "");
    session.write("not-a-program", "");
    let script = "for place in /usr/bin/bash /bin/bash; do mount --bind not-a-program $place; done; \
                  exec aur run main.aur";
    let Some(told) = in_namespace(&session, mounts(), script) else {
        return;
    };
    assert_snapshot!(told.clone().ended(2), @"
    $ for place in /usr/bin/bash /bin/bash; do mount --bind not-a-program $place; done; exec aur run main.aur
    [stderr]
      × cannot run the task
      ╰─▶ bash is missing: looked for /bin/bash, /usr/bin/bash, PATH ([PROGRAMS]:/usr/local/bin:/usr/bin:/bin)
      help: install bash
    [exit 2]
    ");
    assert!(session.tasks().is_empty(), "{told}");
}

#[test]
fn the_state_directory_is_a_file() {
    let session = task_of(&[process("a")], "");
    fs::write(session.state(), "").unwrap();
    assert_snapshot!(session.aur(&["run", "main.aur"]).ended(2), @"
    $ aur run main.aur
    [stderr]
      × cannot run the task
      ╰─▶ cannot look at [DIR]/state/tasks/j-0-[ID]: Not a directory (os error 20)
    [exit 2]
    ");
    session.aur(&["ps"]).ended(2);
}

#[test]
fn the_state_directory_is_read_only() {
    let session = task_of(&[process("a")], "");
    fs::create_dir(session.state()).unwrap();
    let script =
        "mount --bind $AUR_ROOT $AUR_ROOT && mount -o remount,bind,ro $AUR_ROOT && exec aur run main.aur";
    let Some(told) = in_namespace(&session, mounts(), script) else {
        return;
    };
    assert_snapshot!(told.ended(2), @"
    $ mount --bind $AUR_ROOT $AUR_ROOT && mount -o remount,bind,ro $AUR_ROOT && exec aur run main.aur
    [stderr]
      × cannot run the task
      ╰─▶ cannot create folder [DIR]/state/tasks: Read-only file system (os error 30)
    [exit 2]
    ");
}

#[test]
fn names_with_blanks_and_quotes() {
    let mut session = Session::new();
    let folder = session.work().join("my 'own' \"folder\" $HOME");
    fs::create_dir(&folder).unwrap();
    session.go_to(folder);
    session.write(
        "my program.aur",
        job(&format!(
            "processes = [{}]",
            command("my process", "pwd; echo hi")
        )),
    );
    session.set("AUR_ROOT", session.work().join("my state"));
    session.aurc(&["check", "my program.aur"]).ended(0);
    session.aur(&["run", "my program.aur", "--task-id", "t"]).ended(0);
    let told = session.aur(&["logs", "t", "my process"]).ended(0);
    assert!(told.out().ends_with("hi\n"), "{told}");
    session.aur(&["ps"]).ended(0);
}

#[test]
fn names_that_are_not_text() {
    let mut session = Session::new();
    let folder = session.work().join(OsStr::from_bytes(b"caf\xe9"));
    fs::create_dir(&folder).unwrap();
    session.go_to(folder.clone());
    let name = OsStr::from_bytes(b"pr\xffogram.aur");
    fs::write(
        folder.join(name),
        job(&format!("processes = [{}]", command("a", "echo hi"))),
    )
    .unwrap();
    for words in [&["aurc", "check"][..], &["aurc", "compile"], &["aur", "run"]] {
        let mut command = session.command(Session::program(words[0]));
        command.args(&words[1..]).arg(name);
        session.finish(command, &words.join(" ")).ended(0);
    }
    // And as the state directory.
    let mut command = session.command(Session::program("aur"));
    command
        .args(["run", "--root"])
        .arg(folder.join(OsStr::from_bytes(b"st\xfate")))
        .arg(name);
    session.finish(command, "aur run --root").ended(0);
}

#[test]
fn home_and_xdg_are_not_set() {
    let mut session = task_of(&[command("a", "echo $HOME")], "");
    for name in ["HOME", "LANG", "AUR_ROOT", "XDG_STATE_HOME", "PATH"] {
        session.unset(name);
    }
    session.aurc(&["check", "main.aur"]).ended(0);
    // Where the state goes is not ours to use in a test, so it is named.
    let state = session.state().display().to_string();
    session.aur(&["run", "main.aur", "--root", &state]).ended(0);
    assert_eq!(session.tasks().len(), 1);
}

#[test]
fn state_is_kept_where_the_desktop_says() {
    let mut session = task_of(&[process("a")], "");
    session.unset("AUR_ROOT");
    session.set("XDG_STATE_HOME", session.beside("xdg"));
    session.aur(&["run", "main.aur"]).ended(0);
    assert!(session.beside("xdg/aur/tasks").exists());
}

#[test]
fn there_is_no_terminal_and_no_output() {
    let session = task_of(&[command("a", "echo hi")], "");
    session
        .shell("setsid aur run main.aur --task-id one < /dev/null")
        .ended(0);
    session
        .shell("aur run main.aur --task-id two <&- >&- 2>&-")
        .ended(0);
    session
        .shell("aur run main.aur --task-id three >/dev/full 2>&1; true")
        .ended(0);
    // A reader that goes away ends neither the task nor the program with a panic.
    let told = session.shell("set -o pipefail; aur run main.aur --task-id four --json | head -n 1");
    assert!(!told.err().contains("panicked"), "{told}");
    for task in ["one", "two", "four"] {
        aur_tests::within("the task succeeds", || {
            (session.status(task)["state"] == "SUCCESS").then_some(())
        });
    }
}

#[test]
fn aur_is_pid_1_of_a_namespace() {
    let session = task_of(&[command("a", "echo hi; (sleep 0.1 &) ")], "");
    let mut flags = mounts().to_vec();
    flags.extend(["-p", "-f", "--mount-proc"]);
    let script = "exec aur run main.aur --task-id one";
    let Some(told) = in_namespace(&session, &flags, script) else {
        return;
    };
    told.ended(0);
    assert_eq!(session.status("one")["state"], "SUCCESS");
    let failing = task_of(&[command("a", "exit 7")], "");
    let Some(told) = in_namespace(&failing, &flags, script) else {
        return;
    };
    told.ended(3);
}

#[test]
fn little_room_for_open_files() {
    let processes: Vec<String> = (0..20).map(|i| command(&format!("p{i}"), "echo hi")).collect();
    let session = task_of(&processes, "");
    session
        .shell("ulimit -n 64; aur run main.aur --task-id one")
        .ended(0);
}

#[test]
fn a_program_from_standard_input() {
    let session = Session::new();
    session.write("text", job(&format!("processes = [{}]", command("a", "echo hi"))));
    session.shell("aurc check - < text").ended(0);
    session.shell("aur run - --task-id one < text").ended(0);
    session
        .shell("aurc compile - < text | aur run - --task-id two")
        .ended(0);
    assert_eq!(session.tasks(), ["one", "two"]);
}

#[test]
fn signals_that_were_ignored_by_the_parent_are_usual_again() {
    let session = task_of(&[command("a", "trap")], "");
    let mut command = session.command(Session::program("aur"));
    command.args(["run", "main.aur", "--task-id", "one"]);
    // As under nohup, or in a shell's background job.
    let ignore = || {
        use nix::sys::signal::{SigHandler, Signal, signal};
        for which in [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGPIPE, Signal::SIGCHLD] {
            // SAFETY: ignoring a signal installs no code of ours.
            unsafe { signal(which, SigHandler::SigIgn) }.map_err(std::io::Error::from)?;
        }
        Ok(())
    };
    // SAFETY: between fork and exec only sigaction is called.
    unsafe { command.pre_exec(ignore) };
    session.finish(command, "aur run main.aur").ended(0);
    let told = session.aur(&["logs", "one", "a"]).ended(0);
    assert_eq!(told.out(), "", "bash found no ignored signal to list\n{told}");
}

#[test]
fn nothing_is_read_outside_of_the_project_and_nothing_is_executed() {
    let session = with("input user: String = env(\"USER\")\nx = \"{{user}}\"\n");
    let mut command = session.command("strace");
    command.args([
        "-f",
        "-o",
        "trace",
        "-e",
        "trace=openat,open,socket,execve,connect",
    ]);
    command
        .arg(Session::program("aurc"))
        .args(["eval", "main.aur", "x"]);
    let told = session.finish(command, "strace aurc eval");
    if told.err().contains("ptrace") {
        skipped("strace is not allowed here");
        return;
    }
    let told = told.ended(0);
    let trace = session.read("trace");
    assert!(trace.contains("main.aur"), "{told}");
    assert!(!trace.contains("socket("), "{trace}");
    assert_eq!(trace.matches("execve(").count(), 1, "only strace's own\n{trace}");
    let folder = session.work().display().to_string();
    let foreign: Vec<&str> = trace
        .lines()
        .filter(|line| line.contains("open") && !line.contains("ENOENT"))
        .filter(|line| {
            let libraries = [
                "/lib/",
                "/usr/lib/",
                "/etc/ld.so",
                "/proc/self",
                "/proc/sys/vm/overcommit_memory",
                "/sys/fs/cgroup",
                "/sys/devices",
            ];
            let is_own = line.contains(&folder) || !line.contains("\"/") || line.contains("/etc/passwd");
            !is_own && !libraries.iter().any(|place| line.contains(place))
        })
        .collect();
    assert_eq!(foreign, [""; 0]);
}
