//! What `aur run` shows on a terminal.

use aur_tests::Session;

use crate::programs::{command, task_of};

/// Runs a command with a terminal of 60 columns and 12 rows; returns what came to it.
fn on_a_terminal(session: &Session, args: &str) -> String {
    let script = format!(
        "python3 -c 'import fcntl, os, pty, struct, sys, termios\n\
         pid, fd = pty.fork()\n\
         if pid == 0:\n\
         \x20   fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack(\"HHHH\", 12, 60, 0, 0))\n\
         \x20   os.execvp(\"aur\", sys.argv[1:])\n\
         while True:\n\
         \x20   try: data = os.read(fd, 4096)\n\
         \x20   except OSError: break\n\
         \x20   if not data: break\n\
         \x20   os.write(1, data)\n\
         sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))' {args}"
    );
    session.shell(&script).ended(0).out().replace("\r\n", "\n")
}

#[test]
fn a_terminal_shows_what_runs_and_a_table_in_the_end() {
    let mut session = task_of(
        &[
            command("work", "echo first line; sleep 1.5; echo last line"),
            command("wide", "head -c 500 /dev/zero | tr '\\\\0' x; echo; sleep 1.5"),
            command("after", "printf '\\\\033[2Jforged'"),
        ],
        "constraints = order(\"work\", \"after\")",
    );
    session.set("TERM", "xterm");
    let shown = on_a_terminal(&session, "aur run main.aur --task-id t --color never");
    assert!(shown.contains("\n  work  RUNNING   run 0 "), "{shown}");
    assert!(
        shown.contains("  first line\n") && shown.contains("  1 waiting\n"),
        "{shown}"
    );
    let erased = shown.matches("\x1b[3A\x1b[J").count();
    assert!(erased >= 2, "three lines are drawn again and again: {shown:?}");
    let table = shown.rsplit("\x1b[J").next().unwrap();
    assert!(
        table.contains("task t  SUCCESS\n") && table.contains("last line\n"),
        "{table}"
    );
    assert!(table.contains("\\u{1b}[2Jforged"), "{table}");
    let too_long = shown
        .lines()
        .find(|line| line.replace("\x1b[3A\x1b[J", "").chars().count() > 60);
    assert_eq!(too_long, None, "{shown}");
    // A terminal that cannot do this gets plain lines, and so does a file.
    session.set("TERM", "dumb");
    let plain = on_a_terminal(&session, "aur run main.aur");
    assert!(
        !plain.contains('\x1b') && plain.contains("started (pid"),
        "{plain}"
    );
}
