//! Ports of tasks: asked for, given out, kept, refused.

use std::fs;
use std::net::TcpListener;

use aur_tests::{Session, within};
use insta::assert_snapshot;
use nix::sys::signal::Signal;

use crate::control::{let_go, reached, runner, send, waiting};
use crate::programs::with;

const WAITS: &str = "echo {{aur.ports[http]}} {{aur.ports[aurora]}} {{aur.ports[fixed]}} {{aur.ports[admin]}} \
                     >> told; touch started; until [ -e go ]; do sleep 0.05; done";

/// A job with two ports of its own, two names for one of them, and a fixed one.
fn web(fields: &str, cmdline: &str) -> Session {
    with(format!(
        "jobs = [\n  Job {{\n    cluster = \"c\", role = \"r\", environment = \"devel\", name = \"web\"\n    \
         constraints = {{ dedicated: \"web\" }}\n    {fields}\n    \
         announce = Announcer {{ portmap = {{ http: \"main\", aurora: \"http\", fixed: 80 }} }}\n    \
         task = Task {{\n      resources = Resources {{ cpu = 1, ram = 64MB, disk = 64MB }}\n      \
         processes = [Process {{ name = \"serve\", cmdline = \"{cmdline}\" }}]\n    }}\n  }},\n]\n"
    ))
}

fn port(session: &Session, task: &str, name: &str) -> u16 {
    let status = session.status(task);
    u16::try_from(
        status["ports"][name]
            .as_u64()
            .unwrap_or_else(|| panic!("{name}: {status}")),
    )
    .unwrap()
}

/// A port that nobody listens on at the moment.
fn free() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// RT-002, RT-077: numbers are recorded, and names of the port map are followed.
#[test]
fn a_port_has_the_number_that_was_asked_for() {
    let session = web("", WAITS);
    let number = free();
    let told = session
        .aur(&[
            "run",
            "main.aur",
            "-d",
            "--task-id",
            "t",
            "-P",
            &format!("aurora:{number}"),
        ])
        .ended(0);
    assert_eq!(told.out(), "t\n");
    reached(&session, "t", "started");
    assert_eq!(port(&session, "t", "main"), number);
    let admin = port(&session, "t", "admin");
    assert!(
        session
            .aur(&["status", "t"])
            .out()
            .contains(&format!("  ports: admin {admin}, main {number}\n"))
    );
    let_go(&session, "t");
    within("the task ends", || {
        (session.status("t")["state"] == "SUCCESS").then_some(())
    });
    assert_eq!(port(&session, "t", "main"), number, "also of a task that is over");
    let told = fs::read_to_string(session.task_folder("t").join("sandbox/told")).unwrap();
    assert_eq!(told, format!("{number} {number} 80 {admin}\n"));
}

#[test]
fn tasks_get_ports_of_their_own() {
    let session = web("", WAITS);
    let mut ports: Vec<u16> = Vec::new();
    for task in ["a", "b", "c", "d"] {
        session
            .aur(&["run", "main.aur", "-d", "--task-id", task])
            .ended(0);
        ports.extend(["main", "admin"].map(|name| port(&session, task, name)));
    }
    let mut different = ports.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), 8, "{ports:?}");
    // A port of a live task cannot be asked for, though nobody listens on it; that of a finished one can.
    let asked = format!("http:{}", ports[0]);
    let refused = session
        .aur(&["run", "main.aur", "-d", "--task-id", "e", "-P", &asked])
        .ended(5);
    assert!(refused.err().contains("the task a has it"), "{refused}");
    assert_eq!(session.tasks().len(), 4, "nothing was made");
    session.aur(&["kill", "a", "--now"]).ended(0);
    session
        .aur(&["run", "main.aur", "-d", "--task-id", "e", "-P", &asked])
        .ended(0);
    assert_eq!(port(&session, "e", "main"), ports[0]);
}

/// RT-076, as the decisions have it: refused is an unknown name and a taken port, nothing else.
#[test]
fn what_cannot_be_had_is_refused_before_anything_runs() {
    let session = web("", WAITS);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().port();
    let told = session
        .aur(&["run", "main.aur", "-P", &format!("http:{taken}")])
        .ended(5);
    assert_eq!(
        told.err().replace(&taken.to_string(), "[PORT]"),
        "note: constraints, announce say nothing to a run on this machine\n  \
         × cannot run the task\n  ╰─▶ port `main` cannot be [PORT]: another program listens on it\n  \
         help: choose another number, or leave out -P to get a free port\n"
    );
    assert_snapshot!(session.aur(&["run", "main.aur", "-P", "htp:8080"]).ended(5), @"
    $ aur run main.aur -P htp:8080
    [stderr]
    note: constraints, announce say nothing to a run on this machine
      × cannot run the task
      ╰─▶ the job has no port `htp`; it has admin, main
    [exit 5]
    ");
    assert_snapshot!(session.aur(&["run", "main.aur", "-P", "fixed:81"]).ended(5), @"
    $ aur run main.aur -P fixed:81
    [stderr]
    note: constraints, announce say nothing to a run on this machine
      × cannot run the task
      ╰─▶ port `fixed` cannot be 81: it is 80
    [exit 5]
    ");
    session.aur(&["run", "main.aur", "-P", "http"]).ended(2);
    assert_eq!(session.tasks(), Vec::<String>::new());
}

#[test]
fn ports_stay_over_a_new_runner() {
    let session = web("", WAITS);
    let child = waiting(&session, "t");
    let before = ["main", "admin"].map(|name| port(&session, "t", name));
    send(runner(&session, "t"), Signal::SIGKILL);
    session.end_of(child, "aur run");
    let other = format!("http:{}", if before[0] == 9000 { 9001 } else { 9000 });
    let refused = session
        .aur(&["run", "main.aur", "--task-id", "t", "-P", &other])
        .ended(5);
    assert!(refused.err().contains("its port `main` is"), "{refused}");
    let same = format!("http:{}", before[0]);
    let child = session.start_aur(&["run", "main.aur", "--task-id", "t", "-P", &same]);
    let_go(&session, "t");
    session.end_of(child, "aur run").ended(0);
    assert_eq!(["main", "admin"].map(|name| port(&session, "t", name)), before);
}

#[test]
fn ports_stay_over_attempts() {
    let session = web(
        "max_task_failures = 2",
        "echo {{aur.ports[http]}} {{aur.ports[admin]}}; false",
    );
    session.aur(&["run", "main.aur", "--task-id", "t"]).ended(3);
    let told = |folder: &str| {
        fs::read_to_string(session.task_folder("t").join(folder).join("logs/serve/0/stdout")).unwrap()
    };
    assert_eq!(told("."), told("attempts/1"));
    assert_eq!(session.status("t")["attempt"], 1);
    assert_eq!(
        told("."),
        format!(
            "{} {}\n",
            port(&session, "t", "main"),
            port(&session, "t", "admin")
        )
    );
}
