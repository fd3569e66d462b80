//! The rules of processes and tasks, with real processes; the ids are those of the list of runtime cases.

use serde_json::{Value, json};

use crate::support::{Case, Job, kill, prepare_in, wait_until};

macro_rules! cases {
    ($($name:ident)*) => {
        pub(crate) const ALL: &[(&str, fn())] = &[$((stringify!($name), $name)),*];
    };
}

cases! {
    rt_002_a_diamond_of_six
    rt_003_one_at_a_time
    rt_005_an_ephemeral_process_is_not_waited_for
    rt_006_the_third_run_succeeds
    rt_010_to_014_final_processes
    rt_016_the_budget_ends_a_final_process
    rt_017_the_budget_ends_a_final_daemon
    rt_019_successes_of_a_daemon_do_not_make_up_for_failures
    rt_020_a_running_ephemeral_daemon_does_not_hold_the_task
    rt_021_032_033_037_orders_that_are_refused
    rt_023_a_failed_ephemeral_process_lets_others_run
    rt_026_a_stuck_plan_fails_the_task
    rt_029_030_no_limit_of_failures
    rt_041_final_processes_one_at_a_time
    rt_048_a_signal_in_bash_and_one_of_its_own
    rt_094_one_process_may_fail_below_the_limit_of_the_task
}

fn outcome(job: &Job) -> String {
    Case::started(job).result()
}

fn edges(pairs: &[(&str, &str)]) -> Value {
    let edge = |(before, after): &(&str, &str)| json!({"before": before, "after": after, "on": "success"});
    pairs.iter().map(edge).collect()
}

/// The moments of the events of a process, in milliseconds since 1970.
fn time(case: &Case, name: &str, process: &str) -> u64 {
    let events = case.events();
    let is_it = |event: &&Value| event["event"] == name && event["process"] == process;
    events.iter().find(is_it).unwrap()["time_ms"].as_u64().unwrap()
}

fn rt_002_a_diamond_of_six() {
    let names = ["t1", "t2", "t3", "t4", "t5", "t6"];
    let pairs = [
        ("t1", "t3"),
        ("t1", "t4"),
        ("t2", "t3"),
        ("t2", "t4"),
        ("t3", "t5"),
        ("t3", "t6"),
        ("t4", "t5"),
        ("t4", "t6"),
    ];
    let job = Job::new(&names.map(|name| (name, "sleep 0.1"))).with("/task/order", edges(&pairs));
    let case = Case::started(&job);
    let result = case.result();
    assert!(
        result.ends_with("t6: SUCCESS code:0\nSUCCESS complete"),
        "{result}"
    );
    for (before, after) in pairs {
        let (end, start) = (
            time(&case, "process_finished", before),
            time(&case, "process_forked", after),
        );
        assert!(end <= start, "{after} before the end of {before}");
    }
}

fn rt_003_one_at_a_time() {
    let line = "mkdir busy && sleep 0.1 && rmdir busy";
    let job = Job::new(&[("a", line), ("b", line), ("c", line)]).with("/task/max_concurrency", json!(1));
    assert_eq!(
        outcome(&job),
        "a: SUCCESS code:0\nb: SUCCESS code:0\nc: SUCCESS code:0\nSUCCESS complete"
    );
}

fn rt_005_an_ephemeral_process_is_not_waited_for() {
    let job = Job::new(&[("e", "exec sleep 600"), ("o", "sleep 0.2")])
        .with("/task/processes/0/ephemeral", json!(true));
    assert_eq!(
        outcome(&job),
        "e: KILLED signal:15\no: SUCCESS code:0\nSUCCESS complete"
    );
}

fn rt_006_the_third_run_succeeds() {
    let mut job = Job::new(&[
        ("p1", "[ $AUR_RUN = 0 ]"),
        ("p2", "[ $AUR_RUN = 1 ]"),
        ("p3", "[ $AUR_RUN = 2 ]"),
    ]);
    for process in 0..3 {
        let at = format!("/task/processes/{process}");
        job = job
            .with(&format!("{at}/max_failures"), json!(5))
            .with(&format!("{at}/min_duration_ms"), json!(300));
    }
    let case = Case::started(&job);
    assert_eq!(
        case.result(),
        "p1: SUCCESS code:0\np2: FAILED code:1, SUCCESS code:0\n\
         p3: FAILED code:1, FAILED code:1, SUCCESS code:0\nSUCCESS complete"
    );
    for process in case.state().view().unwrap().processes {
        for runs in process.runs.windows(2) {
            let (end, start) = (runs[0].finished_ms.unwrap(), runs[1].started_ms.unwrap());
            // The two moments are taken on the wall clock.
            assert!(start + 20 >= end + 300, "{} runs again too early", process.name);
        }
    }
}

fn rt_010_to_014_final_processes() {
    let with_finals = |main: &str, first: &str| {
        Job::new(&[("main", main), ("f1", first), ("f2", "true")])
            .with("/task/processes/1/final", json!(true))
            .with("/task/processes/2/final", json!(true))
    };
    assert_eq!(
        outcome(&with_finals("true", "true")),
        "main: SUCCESS code:0\nf1: SUCCESS code:0\nf2: SUCCESS code:0\nSUCCESS complete"
    );
    assert_eq!(
        outcome(&with_finals("true", "exit 1").ordered(&["f1", "f2"])),
        "main: SUCCESS code:0\nf1: FAILED code:1\nf2: \nSUCCESS complete"
    );
    let twice = with_finals("true", "exit 1").with("/task/processes/1/max_failures", json!(2));
    assert_eq!(
        outcome(&twice),
        "main: SUCCESS code:0\nf1: FAILED code:1, FAILED code:1\nf2: SUCCESS code:0\nSUCCESS complete"
    );
    assert_eq!(
        outcome(&with_finals("exit 1", "true")),
        "main: FAILED code:1\nf1: SUCCESS code:0\nf2: SUCCESS code:0\nFAILED failures"
    );
}

fn rt_016_the_budget_ends_a_final_process() {
    let job = Job::new(&[("o", "true"), ("f", "exec sleep 600")])
        .with("/task/processes/1/final", json!(true))
        .with("/task/finalization_wait_ms", json!(1_000));
    assert_eq!(
        outcome(&job),
        "o: SUCCESS code:0\nf: KILLED signal:9\nSUCCESS complete"
    );
}

fn rt_017_the_budget_ends_a_final_daemon() {
    let job = Job::new(&[("o", "true"), ("f", "true")])
        .with("/task/processes/1/final", json!(true))
        .with("/task/processes/1/daemon", json!(true))
        .with("/task/processes/1/min_duration_ms", json!(400))
        .with("/task/finalization_wait_ms", json!(1_500));
    let result = outcome(&job);
    let runs = result.matches("SUCCESS code:0").count() - 1;
    assert!(
        (1..=4).contains(&runs) && result.ends_with("SUCCESS complete"),
        "{result}"
    );
}

fn rt_019_successes_of_a_daemon_do_not_make_up_for_failures() {
    let job = Job::new(&[("d", "[ $AUR_RUN = 1 ]")])
        .with("/task/processes/0/daemon", json!(true))
        .with("/task/processes/0/max_failures", json!(2));
    assert_eq!(
        outcome(&job),
        "d: FAILED code:1, SUCCESS code:0, FAILED code:1\nFAILED failures"
    );
}

fn rt_020_a_running_ephemeral_daemon_does_not_hold_the_task() {
    let job = Job::new(&[("p1", "sleep 0.2"), ("p2", "exec sleep 600")])
        .with("/task/processes/1/daemon", json!(true))
        .with("/task/processes/1/ephemeral", json!(true));
    assert_eq!(
        outcome(&job),
        "p1: SUCCESS code:0\np2: KILLED signal:15\nSUCCESS complete"
    );
}

// RT-038: an order of a process with itself is a cycle; an empty order never reaches a plan.
fn rt_021_032_033_037_orders_that_are_refused() {
    let root = tempfile::tempdir().unwrap();
    let names = ["a", "b", "f", "g"];
    let job = |field: &str| {
        let job = Job::new(&names.map(|name| (name, "true")))
            .with("/task/processes/2/final", json!(true))
            .with("/task/processes/3/final", json!(true));
        match field {
            "" => job,
            field => job.with(&format!("/task/processes/0/{field}"), json!(true)),
        }
    };
    let refused = |job: Job| match prepare_in(root.path(), &job) {
        Ok(_) => "accepted".to_string(),
        Err(error) => error.to_string(),
    };
    assert_eq!(
        refused(job("daemon").ordered(&["a", "b"])),
        "`b` waits for the end of `a`, which is a daemon"
    );
    let mixed = |first: &str, second: &str| {
        format!("`{second}` waits for `{first}`, but only one of them is a final process")
    };
    assert_eq!(refused(job("").ordered(&["a", "f"])), mixed("a", "f"));
    assert_eq!(refused(job("").ordered(&["f", "a"])), mixed("f", "a"));
    assert_eq!(
        refused(job("").ordered(&["a", "zz"])),
        "the order names an unknown process `zz`"
    );
    assert_eq!(
        refused(job("").ordered(&["a", "a"])),
        "processes wait for each other: `a` after `a`"
    );
    let two_plans = job("").with("/task/order", edges(&[("a", "b"), ("f", "g")]));
    assert_eq!(refused(two_plans), "accepted");
}

fn rt_023_a_failed_ephemeral_process_lets_others_run() {
    let job = Job::new(&[
        ("p1", "exit 1"),
        ("p2", "echo here > here"),
        ("long", "until [ -e here ]; do sleep 0.02; done"),
    ])
    .with("/task/processes/0/ephemeral", json!(true))
    .with("/task/processes/1/ephemeral", json!(true))
    .ordered(&["p1", "p2"]);
    let result = outcome(&job);
    assert!(result.starts_with("p1: FAILED code:1\np2: "), "{result}");
    assert!(
        result.ends_with("long: SUCCESS code:0\nSUCCESS complete"),
        "{result}"
    );
}

fn rt_026_a_stuck_plan_fails_the_task() {
    let job = Job::new(&[("p1", "exit 1"), ("p2", "true")])
        .ordered(&["p1", "p2"])
        .with("/task/max_failures", json!(0));
    assert_eq!(outcome(&job), "p1: FAILED code:1\np2: \nFAILED stuck");
}

// RT-035: there is no cap on runs that did not fail, nor on all runs together.
fn rt_029_030_no_limit_of_failures() {
    let job = Job::new(&[
        ("often", "[ $AUR_RUN = 12 ]"),
        ("daemon", "[ $((AUR_RUN % 2)) = 1 ]"),
    ])
    .with("/task/processes/0/max_failures", json!(0))
    .with("/task/processes/1/max_failures", json!(0))
    .with("/task/processes/1/daemon", json!(true))
    .with("/task/processes/1/ephemeral", json!(true));
    let result = outcome(&job);
    assert!(result.starts_with("often: FAILED code:1, "), "{result}");
    let often = result.lines().next().unwrap();
    assert_eq!(often.matches("FAILED").count(), 12, "{result}");
    assert!(often.ends_with("SUCCESS code:0"), "{result}");
    assert!(result.ends_with("SUCCESS complete"), "{result}");
}

fn rt_041_final_processes_one_at_a_time() {
    let line = "mkdir busy && sleep 0.1 && rmdir busy";
    let mut job = Job::new(&[("o", "true"), ("f1", line), ("f2", line), ("f3", line)])
        .with("/task/max_concurrency", json!(1));
    for process in 1..4 {
        job = job.with(&format!("/task/processes/{process}/final"), json!(true));
    }
    assert_eq!(
        outcome(&job),
        "o: SUCCESS code:0\nf1: SUCCESS code:0\nf2: SUCCESS code:0\nf3: SUCCESS code:0\nSUCCESS complete"
    );
}

/// Both count as failures; bash passes on the one as an exit code.
fn rt_048_a_signal_in_bash_and_one_of_its_own() {
    let job = Job::new(&[
        ("inner", "sleep 600 & echo $! > inner; wait $!; exit $?"),
        ("own", "echo $$ > own; exec sleep 600"),
    ])
    .with("/task/max_failures", json!(3));
    let case = Case::started(&job);
    for name in ["inner", "own"] {
        let pid = case.wait_for(name).trim().parse().unwrap();
        kill(pid, "KILL");
    }
    assert_eq!(
        case.result(),
        "inner: FAILED code:137\nown: FAILED signal:9\nSUCCESS complete"
    );
    wait_until("the end of everything", || {
        case.leftovers().is_empty().then_some(())
    });
}

fn rt_094_one_process_may_fail_below_the_limit_of_the_task() {
    let job = Job::new(&[("A", "[ $AUR_RUN = 5 ]"), ("B", "exit 1")])
        .with("/task/processes/0/max_failures", json!(10))
        .with("/task/processes/1/max_failures", json!(10))
        .with("/task/max_failures", json!(2));
    let result = outcome(&job);
    let failed = |count: usize| vec!["FAILED code:1"; count].join(", ");
    assert_eq!(
        result,
        format!(
            "A: {}, SUCCESS code:0\nB: {}\nSUCCESS complete",
            failed(5),
            failed(10)
        )
    );
}
