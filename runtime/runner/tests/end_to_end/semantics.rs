//! Limits of runs, readiness, health: what the plan says of a process, with real processes.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use aur_runner::StopRequest;
use serde_json::{Value, json};

use crate::cases::forget_boot;
use crate::support::{Case, Job, crash, is_alive, wait_until};

macro_rules! cases {
    ($($name:ident)*) => {
        pub(crate) const ALL: &[(&str, fn())] = &[$((stringify!($name), $name)),*];
    };
}

cases! {
    a_run_that_lasts_too_long_has_failed
    a_time_limit_is_kept_over_a_crash
    a_lost_run_can_be_a_failure
    waits_between_failed_runs_grow
    a_file_says_that_a_process_is_ready
    a_line_of_output_says_that_a_process_is_ready
    a_command_says_that_a_process_is_ready
    a_port_says_that_a_process_is_ready
    a_page_says_that_a_process_is_ready
    a_port_by_name_says_that_a_process_is_ready
    output_that_goes_to_the_console_says_that_a_process_is_ready
    a_page_says_that_a_task_is_healthy_and_is_asked_before_sigterm
    a_run_that_is_not_ready_in_time_has_failed
    a_run_that_ends_before_it_is_ready_has_failed
    a_ready_run_stays_ready_over_a_crash
    the_death_of_a_ready_process_does_not_stop_what_waited_for_it
    a_probe_that_hangs_is_ended_with_all_it_started
    a_probe_dies_with_its_runner_and_the_next_one_ends_the_rest
    a_probe_is_no_part_of_a_run
    a_pattern_that_cannot_be_read_is_refused
    a_healthy_task_that_turns_unhealthy_fails
    a_task_that_never_becomes_healthy_fails
}

/// What became of the runs of a process: state and reason.
fn reasons(case: &Case, process: usize) -> Vec<String> {
    let view = serde_json::to_value(case.state().view().unwrap()).unwrap();
    let runs = view["processes"][process]["runs"].as_array().unwrap().clone();
    let text = |run: &Value| {
        format!(
            "{} {}",
            run["state"].as_str().unwrap(),
            run["reason"].as_str().unwrap()
        )
    };
    runs.iter().map(text).collect()
}

fn field(case: &Case, pointer: &str) -> Value {
    let view = serde_json::to_value(case.state().view().unwrap()).unwrap();
    view.pointer(pointer).cloned().unwrap_or(Value::Null)
}

fn probe(check: Value) -> Value {
    json!({"check": check, "every_ms": 20, "timeout_ms": 5_000, "within_ms": 50_000})
}

/// A server that goes on for ever, and what waits until it is ready.
fn server_and_client(server: &str, client: &str, check: Value) -> Job {
    Job::new(&[("server", server), ("client", client)])
        .with("/task/processes/0/ephemeral", json!(true))
        .with("/task/processes/0/ready", probe(check))
        .with(
            "/task/order",
            json!([{"before": "server", "after": "client", "on": "ready"}]),
        )
}

fn a_run_that_lasts_too_long_has_failed() {
    let job = Job::new(&[("slow", "trap '' TERM; [ $AUR_RUN = 2 ] || sleep 600 & wait; wait")])
        .with("/task/processes/0/timeout_ms", json!(300))
        .with("/task/processes/0/max_failures", json!(3))
        .with("/task/finalization_wait_ms", json!(400));
    let case = Case::started(&job);
    assert_eq!(
        case.result(),
        "slow: FAILED signal:9, FAILED signal:9, SUCCESS code:0\nSUCCESS complete"
    );
    assert_eq!(
        reasons(&case, 0),
        ["FAILED timeout", "FAILED timeout", "SUCCESS exit"]
    );
    assert_eq!(case.leftovers(), [0_u32; 0]);
}

fn a_time_limit_is_kept_over_a_crash() {
    let job = Job::new(&[("slow", "echo up > up; exec sleep 600")])
        .with("/task/processes/0/timeout_ms", json!(3_000));
    let case = Case::prepared(&job);
    let runner = case.start();
    case.wait_for("up");
    crash(runner);
    std::thread::sleep(Duration::from_millis(3_200));
    case.start();
    assert_eq!(case.result(), "slow: FAILED signal:15\nFAILED failures");
    assert_eq!(reasons(&case, 0), ["FAILED timeout"]);
    let events = case.events();
    let time = |name: &str| {
        let last = events.iter().rev().find(|event| event["event"] == name);
        last.unwrap()["time_ms"].as_u64().unwrap()
    };
    // A limit that began anew would have lasted as long again.
    assert!(time("process_stopping") < time("runner_started") + 2_900);
}

fn a_lost_run_can_be_a_failure() {
    let job = Job::new(&[("once", "echo up > up; exec sleep 600")])
        .with("/task/processes/0/on_lost", json!("fail"))
        .with("/task/processes/0/max_failures", json!(5));
    let case = Case::prepared(&job);
    let runner = case.start();
    case.wait_for("up");
    crash(runner);
    forget_boot(&case, "once");
    case.start();
    assert_eq!(case.result(), "once: LOST\nFAILED failures");
}

fn waits_between_failed_runs_grow() {
    let job = Job::new(&[("a", "[ $AUR_RUN = 4 ]")])
        .with("/task/processes/0/max_failures", json!(9))
        .with(
            "/task/processes/0/backoff",
            json!({"factor": 2.0, "max_ms": 600, "min_ms": 200, "reset_after_ms": 60_000}),
        );
    let case = Case::prepared(&job);
    let runner = case.start();
    wait_until("a wait", || case.events_so_far("process_finished", 2));
    crash(runner);
    // It waits, and says until when, with and without a runner.
    assert_eq!(field(&case, "/processes/0/state"), "WAITING");
    let not_before = field(&case, "/processes/0/not_before_ms").as_u64().unwrap();
    case.start();
    assert_eq!(
        case.result(),
        "a: FAILED code:1, FAILED code:1, FAILED code:1, FAILED code:1, SUCCESS code:0\nSUCCESS complete"
    );
    let events = case.events();
    let of = |name: &'static str| events.iter().filter(move |event| event["event"] == name);
    let waits: Vec<u64> = of("process_finished")
        .filter_map(|event| Some(event["not_before_ms"].as_u64()? - event["time_ms"].as_u64()?))
        .collect();
    assert_eq!(waits, [200, 400, 600, 600]);
    let third = of("process_forked").nth(2).unwrap();
    assert!(third["time_ms"].as_u64().unwrap() + 1 >= not_before, "{third}");
}

/// Runs server and client and looks at what the client saw.
fn becomes_ready(job: &Job) {
    let case = Case::started(job);
    let result = case.result();
    assert!(
        result.contains("client: SUCCESS code:0\nSUCCESS complete"),
        "{result}"
    );
    assert_eq!(reasons(&case, 0), ["KILLED killed"]);
    let events = case.events();
    let place = |name: &str, process: &str| {
        let is_it = |event: &Value| event["event"] == name && event["process"] == process;
        events.iter().position(is_it).unwrap()
    };
    assert!(place("process_ready", "server") < place("process_forked", "client"));
    assert_eq!(case.leftovers(), [0_u32; 0]);
}

fn a_file_says_that_a_process_is_ready() {
    becomes_ready(&server_and_client(
        "sleep 0.3; mkdir run; echo up > run/up; exec sleep 600",
        "cat run/up",
        json!({"file": {"path": "run/up"}}),
    ));
}

fn a_line_of_output_says_that_a_process_is_ready() {
    becomes_ready(&server_and_client(
        "echo not listening; sleep 0.3; echo up > up; echo listening on 80 >&2; exec sleep 600",
        "cat up",
        json!({"log": {"regex": "^listening on \\d+$"}}),
    ));
}

fn a_command_says_that_a_process_is_ready() {
    // It has the environment of the process, and runs in the sandbox.
    let job = server_and_client(
        "sleep 0.3; echo up > up; exec sleep 600",
        "cat up seen",
        json!({"exec": {"cmdline": "[ $WORD = here ] && [ $AUR_PROCESS = server ] && [ -e up ] && echo x > seen"}}),
    );
    becomes_ready(&job.with("/task/processes/0/env", json!({"WORD": "here"})));
}

fn a_port_says_that_a_process_is_ready() {
    // Found free, and taken again by the test when the process has come to live.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let job = server_and_client(
        "echo up > up; exec sleep 600",
        "echo hello",
        json!({"tcp": {"port": port}}),
    );
    let case = Case::started(&job);
    case.wait_for("up");
    assert!(case.events_so_far("process_ready", 1).is_none());
    let _listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let result = case.result();
    assert!(
        result.ends_with("client: SUCCESS code:0\nSUCCESS complete"),
        "{result}"
    );
}

fn a_page_says_that_a_process_is_ready() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let mut pages = Vec::new();
        for status in ["503 Not Yet", "404 Not Found", "204 No Content"] {
            let (mut stream, _) = listener.accept().unwrap();
            let mut buffer = [0; 4096];
            let count = stream.read(&mut buffer).unwrap();
            let request = String::from_utf8_lossy(&buffer[..count]).into_owned();
            pages.push(request.lines().next().unwrap().to_string());
            write!(stream, "HTTP/1.1 {status}\r\n\r\n").unwrap();
        }
        pages
    });
    becomes_ready(&server_and_client(
        "exec sleep 600",
        "echo hello",
        json!({"http": {"path": "/up", "port": port}}),
    ));
    assert_eq!(server.join().unwrap(), ["GET /up HTTP/1.0"; 3]);
}

/// Answers every request to a port with what the function makes of its first line.
fn serve(port: u16, answer: impl Fn(&str) -> String + Send + 'static) {
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 4096];
            let count = stream.read(&mut buffer).unwrap_or(0);
            let request = String::from_utf8_lossy(&buffer[..count]).into_owned();
            let _ = stream.write_all(answer(request.lines().next().unwrap_or("")).as_bytes());
        }
    });
}

fn port(case: &Case, name: &str) -> u16 {
    u16::try_from(field(case, &format!("/ports/{name}")).as_u64().unwrap()).unwrap()
}

fn a_port_by_name_says_that_a_process_is_ready() {
    let job = server_and_client(
        "echo up > up; exec sleep 600",
        "echo hello",
        json!({"tcp": {"port": "web"}}),
    )
    .with("/ports", json!(["web"]));
    let case = Case::started(&job);
    case.wait_for("up");
    let _listener = TcpListener::bind(("127.0.0.1", port(&case, "web"))).unwrap();
    let result = case.result();
    assert!(
        result.ends_with("client: SUCCESS code:0\nSUCCESS complete"),
        "{result}"
    );
}

fn output_that_goes_to_the_console_says_that_a_process_is_ready() {
    let job = server_and_client(
        "sleep 0.3; echo up; exec sleep 600",
        "echo hello",
        json!({"log": {"regex": "^up$"}}),
    );
    let logger = json!({"destination": "console", "mode": "standard"});
    becomes_ready(&job.with("/task/processes/0/logger", logger));
}

// RT-081
fn a_page_says_that_a_task_is_healthy_and_is_asked_before_sigterm() {
    let job = Job::new(&[("server", "trap '' TERM; until [ -e quit ]; do sleep 0.02; done")])
        .with("/ports", json!(["health"]))
        .with(
            "/health_check_config",
            json!({"initial_interval_ms": 50_000, "interval_ms": 50, "max_consecutive_failures": 0, "timeout_ms": 5_000}),
        );
    let case = Case::started(&job);
    let quit = case.sandbox().join("quit");
    serve(port(&case, "health"), move |line| match line {
        "GET /health HTTP/1.0" => "HTTP/1.0 200 OK\r\n\r\nOK\n".to_string(),
        "POST /quitquitquit HTTP/1.0" => {
            std::fs::write(&quit, "").unwrap();
            "HTTP/1.0 200 OK\r\n\r\n".to_string()
        }
        _ => "HTTP/1.0 404 Not Found\r\n\r\n".to_string(),
    });
    wait_until("health", || (field(&case, "/health") == "healthy").then_some(()));
    case.stop(StopRequest::Graceful { grace_ms: None });
    // It ended by itself, before anybody sent it a signal.
    assert_eq!(case.result(), "server: SUCCESS code:0\nKILLED stopped");
}

fn a_run_that_is_not_ready_in_time_has_failed() {
    let mut never = probe(json!({"file": {"path": "never"}}));
    never["within_ms"] = json!(200);
    let job = Job::new(&[("server", "exec sleep 600"), ("client", "echo hello")])
        .with("/task/processes/0/ready", never)
        .with("/task/processes/0/daemon", json!(true))
        .with("/task/processes/0/max_failures", json!(2))
        .with(
            "/task/order",
            json!([{"before": "server", "after": "client", "on": "ready"}]),
        );
    let case = Case::started(&job);
    assert_eq!(
        case.result(),
        "server: FAILED signal:15, FAILED signal:15\nclient: \nFAILED failures"
    );
    assert_eq!(reasons(&case, 0), ["FAILED not_ready", "FAILED not_ready"]);
}

fn a_run_that_ends_before_it_is_ready_has_failed() {
    let job = Job::new(&[
        ("server", "[ $AUR_RUN != 2 ] || { touch up; sleep 0.3; }"),
        ("client", "echo hello"),
    ])
    .with("/task/processes/0/ready", probe(json!({"file": {"path": "up"}})))
    .with("/task/processes/0/max_failures", json!(9))
    .with(
        "/task/order",
        json!([{"before": "server", "after": "client", "on": "ready"}]),
    );
    let case = Case::started(&job);
    assert_eq!(
        case.result(),
        "server: FAILED code:0, FAILED code:0, SUCCESS code:0\nclient: SUCCESS code:0\nSUCCESS complete"
    );
    assert_eq!(
        reasons(&case, 0),
        ["FAILED not_ready", "FAILED not_ready", "SUCCESS exit"]
    );
}

fn a_ready_run_stays_ready_over_a_crash() {
    let job = server_and_client(
        "echo up > up; exec sleep 600",
        "echo here > client; until [ -e go ]; do sleep 0.05; done",
        json!({"file": {"path": "up"}}),
    );
    let case = Case::prepared(&job);
    let runner = case.start();
    case.wait_for("client");
    crash(runner);
    assert_eq!(field(&case, "/processes/0/ready"), true);
    std::fs::remove_file(case.sandbox().join("up")).unwrap();
    case.start();
    assert_eq!(field(&case, "/processes/0/ready"), true);
    std::fs::write(case.sandbox().join("go"), "").unwrap();
    assert!(case.result().ends_with("SUCCESS complete"));
    assert_eq!(field(&case, "/processes/0/ready"), false);
    let events = case.events();
    let readies = events.iter().filter(|event| event["event"] == "process_ready");
    assert_eq!(readies.count(), 1);
}

fn the_death_of_a_ready_process_does_not_stop_what_waited_for_it() {
    let job = Job::new(&[
        (
            "server",
            "echo up > up; until [ -e die ]; do sleep 0.02; done; exit 1",
        ),
        ("client", "touch die; sleep 0.3; echo done > done"),
    ])
    .with("/task/max_failures", json!(0))
    .with("/task/processes/0/ready", probe(json!({"file": {"path": "up"}})))
    .with(
        "/task/order",
        json!([{"before": "server", "after": "client", "on": "ready"}]),
    );
    let case = Case::started(&job);
    assert_eq!(
        case.result(),
        "server: FAILED code:1\nclient: SUCCESS code:0\nSUCCESS complete"
    );
}

fn a_probe_that_hangs_is_ended_with_all_it_started() {
    let line = "echo $$ >> probes; bash -c 'echo $$ >> probes; exec sleep 600' & setsid sleep 600 & wait";
    let mut hanging = probe(json!({"exec": {"cmdline": line}}));
    hanging["timeout_ms"] = json!(200);
    hanging["within_ms"] = json!(1_500);
    let job = Job::new(&[("server", "exec sleep 600")]).with("/task/processes/0/ready", hanging);
    let case = Case::started(&job);
    assert_eq!(case.result(), "server: FAILED signal:15\nFAILED failures");
    let probes = case.read("probes");
    assert!(probes.lines().count() >= 2, "{probes}");
    // They got SIGKILL, which takes its time on a busy machine.
    wait_until("the end of what probes started", || {
        let mut pids = probes.lines().map(|pid| pid.parse().unwrap());
        (!pids.any(is_alive) && case.leftovers().is_empty()).then_some(())
    });
}

fn a_probe_dies_with_its_runner_and_the_next_one_ends_the_rest() {
    let line = "[ -e second ] || { sleep 600 & echo $! > child; echo $$ > probe; wait; }";
    let job = server_and_client("exec sleep 600", "echo hello", json!({"exec": {"cmdline": line}}))
        .with("/task/processes/0/ready/timeout_ms", json!(600_000));
    let case = Case::prepared(&job);
    let runner = case.start();
    let probe: u32 = case.wait_for("probe").trim().parse().unwrap();
    let child: u32 = case.read("child").trim().parse().unwrap();
    crash(runner);
    wait_until("the end of the probe", || (!is_alive(probe)).then_some(()));
    assert!(is_alive(child));
    std::fs::write(case.sandbox().join("second"), "").unwrap();
    case.start();
    let result = case.result();
    assert!(
        result.ends_with("client: SUCCESS code:0\nSUCCESS complete"),
        "{result}"
    );
    assert!(!is_alive(child));
}

fn a_probe_is_no_part_of_a_run() {
    // A check that is on its way while the only run ends must not be taken for what the run left behind.
    let job = Job::new(&[("a", "until [ -s asked ]; do sleep 0.02; done"), ("b", "sleep 0.5")])
        .ordered(&["a", "b"])
        .with(
            "/health_check_config",
            json!({"health_checker": {"shell": {"shell_command": "echo x >> asked; sleep 0.3"}},
                   "initial_interval_ms": 0, "interval_ms": 50, "max_consecutive_failures": 0, "timeout_ms": 20_000}),
        );
    let case = Case::started(&job);
    assert_eq!(
        case.result(),
        "a: SUCCESS code:0\nb: SUCCESS code:0\nSUCCESS complete"
    );
}

fn a_pattern_that_cannot_be_read_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let job = server_and_client("true", "true", json!({"log": {"regex": "("}}));
    let error = crate::support::prepare_in(root.path(), &job)
        .unwrap_err()
        .to_string();
    let start = "the pattern that process `server` is ready by cannot be read: ";
    assert!(error.starts_with(start), "{error}");
}

fn health(command: &str, config: [u64; 4]) -> Value {
    let [initial, max_failures, min_successes, timeout] = config;
    json!({"health_checker": {"shell": {"shell_command": command}}, "initial_interval_ms": initial,
           "interval_ms": 100, "max_consecutive_failures": max_failures,
           "min_consecutive_successes": min_successes, "timeout_ms": timeout})
}

// RT-085, RT-086
fn a_healthy_task_that_turns_unhealthy_fails() {
    let job = Job::new(&[
        ("server", "echo up > up; sleep 0.3; echo > well; exec sleep 600"),
        ("after", "echo final > final"),
    ])
    .with("/task/processes/1/final", json!(true))
    .with(
        "/health_check_config",
        health("echo x >> checks; [ -e well ]", [50_000, 1, 1, 20_000]),
    );
    let case = Case::started(&job);
    wait_until("health", || (field(&case, "/health") == "healthy").then_some(()));
    std::fs::remove_file(case.sandbox().join("well")).unwrap();
    assert_eq!(
        case.result(),
        "server: KILLED signal:15\nafter: SUCCESS code:0\nFAILED unhealthy"
    );
    assert_eq!(field(&case, "/health"), "unhealthy");
    assert_eq!(field(&case, "/health_message"), "exit code 1");
    let events = case.events();
    let states: Vec<&str> = events
        .iter()
        .filter(|event| event["event"] == "task_health")
        .map(|event| event["health"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["starting", "healthy", "unhealthy"]);
}

// RT-087
fn a_task_that_never_becomes_healthy_fails() {
    let job = Job::new(&[("server", "exec sleep 600")]).with(
        "/health_check_config",
        health("echo x >> checks; sleep 600", [200, 0, 1, 100]),
    );
    let case = Case::started(&job);
    assert_eq!(case.result(), "server: KILLED signal:15\nFAILED unhealthy");
    assert_eq!(field(&case, "/health_message"), "no answer in time");
    // Two attempts of grace, and one that counts.
    assert_eq!(case.read("checks").lines().count(), 3);
    assert_eq!(case.leftovers(), [0_u32; 0]);
}
