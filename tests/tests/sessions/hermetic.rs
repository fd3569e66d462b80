//! Programs from elsewhere: whatever they say, nothing is executed, no socket is opened, and nothing
//! outside of the project is read on their behalf.

use aur_tests::Session;

use super::surroundings::skipped;

/// A program that is compiled to its end, and whose commands must not run meanwhile.
const SOUND: &str = r#"
input user: String = env("USER")
input path: String = env("PATH")

inside = file("inside.txt")

run = Process {
  name = "run"
  cmdline = "curl http://127.0.0.1:9/ $(touch executed) `touch executed` {{user}}; touch executed"
  ready = HttpProbe { port = 80 }
}
jobs = [
  Job {
    cluster = "local", role = user, environment = "devel", name = "run"
    task = Task { processes = [run], resources = Resources { cpu = 1, ram = 64MB, disk = 64MB } }
  },
]
hooks = [Hook { name = "h", on = ["pre_create_job"], run = ["touch", "executed"] }]
"#;

/// A project in `project/`, and beside it what must stay unread.
fn hostile() -> Session {
    let session = Session::new();
    session.write("secret.txt", "SECRET\n");
    session.write("secret.aur", "secret = \"SECRET\"\n");
    session.write("outside/deep/secret.aur", "deep = \"SECRET\"\n");
    session.write("project/aur.toml", "");
    session.write("project/inside.txt", "inside\n");
    let folder = session.work().join("project");
    let link = |to: &str, name: &str| {
        std::os::unix::fs::symlink(to, folder.join(name)).expect("a link");
    };
    link("../secret.aur", "link.aur");
    link("../secret.txt", "link.txt");
    link("../outside", "linked");
    link("/etc/hostname", "hostname.txt");
    link("one.aur", "two.aur");
    link("two.aur", "one.aur");
    link("/proc/self/environ", "environ");
    let outside = session.work().join("secret.aur").display().to_string();
    let refused = format!(
        r#"
include "../secret.aur"
include "{outside}"
include "link.aur"
include "linked/deep/secret.aur"
include "sub/../../secret.aur"
include "one.aur"
include "/dev/stdin"
include "/proc/self/environ" as environ

texts = [
  file("../secret.txt"), file("link.txt"), file("hostname.txt"), file("/etc/shadow"), file("environ"),
  file("."), file("linked/deep/secret.aur"), file("inside.txt"),
]
hashes = [file_hash("../secret.txt"), file_hash("link.txt"), file_hash("/etc/shadow"), file_hash("linked")]
"#
    );
    session.write("project/main.aur", format!("{refused}{SOUND}"));
    session.write("project/sound.aur", SOUND);
    session
}

/// What is read on behalf of the machine, not of the program.
const OF_THE_MACHINE: [&str; 10] = [
    "/lib/",
    "/lib64/",
    "/usr/lib/",
    "/usr/lib64/",
    "/etc/ld.so",
    "/proc/self/",
    // The allocator, as the program starts.
    "/proc/sys/vm/overcommit_memory",
    "/sys/fs/cgroup",
    "/sys/devices",
    "/dev/null",
];

/// The paths that were opened, from the lines of a trace.
fn opened(trace: &str) -> Vec<String> {
    trace
        .lines()
        .filter(|line| line.contains("open") && !line.contains(" = -1 "))
        .filter_map(|line| line.split('"').nth(1).map(str::to_string))
        .collect()
}

/// Runs `aurc` under strace; none where that is not allowed.
fn traced(session: &Session, words: &[&str], user: Option<&str>) -> Option<String> {
    let mut command = session.command("strace");
    let calls = "trace=openat,open,openat2,creat,socket,connect,bind,execve,execveat,fork,vfork,clone3";
    command.args(["-f", "-y", "-o", "trace", "-e", calls]);
    command.arg(Session::program("aurc")).args(words);
    match user {
        Some(user) => command.env("USER", user),
        None => command.env_remove("USER"),
    };
    let told = session.finish(command, "strace aurc");
    if told.err().contains("ptrace") {
        skipped("strace is not allowed here");
        return None;
    }
    assert!(
        !(told.out() + &told.err()).contains("SECRET"),
        "{words:?}\n{told}"
    );
    Some(session.read("trace"))
}

/// Nothing of what must not happen stands in the trace; `/etc/passwd` is read for a missing USER only.
fn is_clean(session: &Session, words: &[&str], user: Option<&str>) -> bool {
    let Some(trace) = traced(session, words, user) else {
        return false;
    };
    assert_eq!(
        trace.matches("execve").count(),
        1,
        "only strace's own: {words:?}\n{trace}"
    );
    for call in ["socket(", "connect(", "bind(", "fork(", "clone3("] {
        assert!(!trace.contains(call), "{call}: {words:?}\n{trace}");
    }
    let project = session.work().join("project").display().to_string();
    let paths = opened(&trace);
    assert!(
        paths.iter().any(|path| path.contains(".aur")),
        "the trace is read: {words:?}\n{trace}"
    );
    for path in paths {
        let is_machine = OF_THE_MACHINE.iter().any(|place| path.starts_with(place));
        let is_user = path == "/etc/passwd" && user.is_none();
        let is_inside = path.starts_with(&project) || !path.starts_with('/') && !path.contains("..");
        assert!(is_machine || is_user || is_inside, "{path}: {words:?}\n{trace}");
        assert!(
            !path.contains("secret") && !path.contains("outside"),
            "{path}: {words:?}\n{trace}"
        );
    }
    assert!(!session.work().join("executed").exists(), "{words:?}");
    assert!(!session.work().join("project/executed").exists(), "{words:?}");
    true
}

#[test]
fn hostile_programs_reach_nothing() {
    let session = hostile();
    for words in [
        &["check", "project/main.aur"] as &[&str],
        &["compile", "project/main.aur"],
        &["eval", "project/main.aur", "texts"],
        &["fmt", "--check", "project/main.aur"],
        &["inspect", "project/main.aur"],
        &["compile", "project/sound.aur", "-o", "project/plan.json"],
        &["eval", "project/sound.aur", "[user, inside]"],
        &["fmt", "project/sound.aur"],
    ] {
        for user in [Some("ann"), None] {
            if !is_clean(&session, words, user) {
                return;
            }
        }
    }
    let told = session.aurc(&["check", "project/main.aur"]).ended(1);
    for path in [
        "../secret.aur",
        "link.aur",
        "linked/deep/secret.aur",
        "sub/../../secret.aur",
        "/dev/stdin",
        "../secret.txt",
        "link.txt",
        "hostname.txt",
        "/etc/shadow",
        "environ",
    ] {
        assert!(
            told.out().contains(&format!("`{path}` leaves the project")),
            "{path}\n{told}"
        );
    }
    session.aurc(&["check", "project/sound.aur"]).ended(0);
}
