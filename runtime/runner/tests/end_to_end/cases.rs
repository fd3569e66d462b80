//! The cases.

use std::path::Path;

use aur_runner::{
    Followed, Follower, Inheritance, Kind, Prepared, Signals, StopRequest, Wanted, list, prepare, resolve,
};
use serde_json::json;

use crate::faults::*;
use crate::isolation::*;
use crate::support::{Case, HANG, Job, crash, is_alive, kill, prepare_in, wait_until};

macro_rules! cases {
    ($($name:ident)*) => {
        pub(crate) const ALL: &[(&str, fn())] = &[$((stringify!($name), $name)),*];
    };
}

cases! {
    one_process_runs_to_its_end
    a_chain_runs_in_order
    a_failure_fails_the_task_and_says_why
    a_process_sees_a_clean_environment
    bash_reads_the_profile_of_the_sandbox
    after_the_death_of_everybody_a_kill_starts_nothing
    files_of_the_task_are_in_the_sandbox
    retries_are_separate_runs
    a_graceful_stop_reaches_the_whole_tree
    what_ignores_sigterm_is_killed_in_time_and_the_finalizer_runs
    a_stop_at_once_runs_no_finalizer
    sigterm_to_the_runner_is_a_graceful_stop
    background_children_end_with_their_run
    escapees_end_with_their_run
    two_parallel_runs_keep_their_own_background_children
    a_killed_runner_goes_on_with_the_same_processes
    an_end_that_nobody_saw_is_lost_and_runs_again
    an_adopted_process_tells_how_it_ended
    leftovers_of_an_adopted_run_end_too
    a_request_waits_for_a_dead_runner
    a_finished_task_is_not_run_again
    another_plan_under_the_same_id_is_refused
    a_second_runner_is_refused
    a_port_without_a_value_is_refused_before_anything_is_made
    a_start_that_the_system_refuses_is_a_failure
    a_damaged_journal_is_refused_with_its_place
    a_second_attempt_has_its_own_sandbox
    a_service_is_stopped_between_two_attempts
    a_stop_while_an_attempt_ends_stops_the_service
    a_full_disk_keeps_what_is_known
    tasks_are_found_by_their_beginning
    odd_paths_work
    a_gigabyte_of_output_goes_straight_to_the_file
    many_processes_run_at_once
    the_environment_of_the_caller_can_be_inherited
    a_full_disk_at_the_start_leaves_nothing
    a_deleted_sandbox_is_a_failed_start
    a_process_that_runs_away_by_forking_is_caught
    a_stopped_process_is_ended_too
    of_many_runners_one_has_the_task
    after_a_reboot_nothing_is_adopted
    a_follower_sees_the_end_of_a_runner
    random_crashes_start_nothing_twice
    kills_at_every_place_of_a_guard
    kills_at_every_place_of_a_child
    kills_at_places_of_the_runner
    other_forms_of_the_guard_do_the_same
    a_half_born_guard_keeps_the_next_runner_waiting
    without_the_lock_the_oracle_sees_a_second_start
    an_orphaned_guard_records_the_end_and_ends_what_is_left
    a_living_guard_is_shown
    random_kills_of_every_layer
    a_busy_loop_is_held_back
    want_of_memory_ends_a_run_and_says_so
    want_of_memory_is_known_after_a_crash
    memory_that_is_not_touched_is_not_used
    processes_are_bounded_and_end
    an_escapee_without_a_sign_ends_with_its_run
    a_task_that_fills_its_disk_is_ended
    a_write_is_noticed_long_after_the_start
    what_fits_is_left_alone_and_counted
    groups_go_with_their_task
    without_permission_it_runs_and_says_so
    on_a_read_only_system_it_runs_and_says_so
    groups_of_version_one_alone_do_the_same
    a_process_has_its_own_descriptors_and_mask
    a_task_runs_as_its_role
    a_probe_runs_as_the_role
    a_role_that_cannot_be_taken_leaves_nothing
}

// RT-001
fn one_process_runs_to_its_end() {
    let case = Case::started(&Job::new(&[("hello", "echo hello; echo sorry >&2")]));
    assert_eq!(case.result(), "hello: SUCCESS code:0\nSUCCESS complete");
    assert_eq!(case.log("hello", 0), ("hello\n".into(), "sorry\n".into()));
    let names: Vec<String> = case
        .events()
        .iter()
        .map(|event| event["event"].as_str().unwrap().to_string())
        .collect();
    assert_eq!(
        names,
        [
            "task_created",
            "runner_started",
            "process_forked",
            "process_running",
            "process_finished",
            "task_cleaning",
            "task_finalizing",
            "task_finished"
        ]
    );
    wait_until("the end of the runner", || {
        case.state().runner_pid.is_none().then_some(())
    });
    assert_eq!(case.runner_log(), "");
}

fn a_chain_runs_in_order() {
    let names = ["a", "b", "c", "d"];
    let processes = names.map(|name| (name, "echo $AUR_PROCESS >> order"));
    let case = Case::started(&Job::new(&processes).ordered(&names));
    case.result();
    assert_eq!(case.read("order"), "a\nb\nc\nd\n");
}

fn a_failure_fails_the_task_and_says_why() {
    let job = Job::new(&[
        ("bad", "echo wrong >&2; exit 7"),
        ("after", "touch never"),
        ("clean", "touch cleaned"),
    ])
    .ordered(&["bad", "after"])
    .with("/task/processes/2/final", json!(true));
    let case = Case::started(&job);
    assert_eq!(
        case.result(),
        "bad: FAILED code:7\nafter: \nclean: SUCCESS code:0\nFAILED failures"
    );
    assert_eq!(case.log("bad", 0).1, "wrong\n");
    assert!(case.sandbox().join("cleaned").exists());
}

/// RT-069.
fn a_process_sees_a_clean_environment() {
    let job = Job::new(&[("env", "env | sort; pwd")]).with(
        "/task/processes/0/cmdline",
        json!({"segments": ["env | sort; pwd; echo ", {"late": "aur.task_id"}, " ", {"late": "aur.sandbox", "filter": "sh"}]}),
    );
    let case = Case::started(&job);
    case.result();
    let out = case.log("env", 0).0;
    let names: Vec<&str> = out
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        names,
        [
            "AUR_INSTANCE",
            "AUR_PROCESS",
            "AUR_RUN",
            "AUR_RUN_ID",
            "AUR_SANDBOX",
            "AUR_TASK_ID",
            "HOME",
            "LOGNAME",
            "PATH",
            "PWD",
            "SHELL",
            "SHLVL",
            "USER",
            "_"
        ]
    );
    let sandbox = case.sandbox().display().to_string();
    assert!(out.contains(&format!("\nHOME={sandbox}\n")), "{out}");
    assert!(
        out.ends_with(&format!("\n{sandbox}\ntask-1 {sandbox}\n")),
        "{out}"
    );
}

/// RT-004: a profile that is there when a process starts is read by its bash.
fn bash_reads_the_profile_of_the_sandbox() {
    let job = Job::new(&[
        ("before", "echo [$FOO]"),
        ("profile", "echo '. ./one; . ./two' > .aur_profile"),
        ("one", "echo export FOO=1 > one"),
        ("two", "echo export BAR=2 > two"),
        ("after", "echo $FOO $BAR"),
    ])
    .ordered(&["before", "one", "two", "profile", "after"]);
    let case = Case::started(&job);
    case.result();
    assert_eq!(case.log("before", 0).0, "[]\n");
    assert_eq!(case.log("after", 0).0, "1 2\n");
}

/// RT-045.
fn after_the_death_of_everybody_a_kill_starts_nothing() {
    let case = Case::prepared(&Job::new(&[("p", "echo up >> up; exec sleep 1000")]));
    let runner = case.start();
    case.wait_for("up");
    let run = case.state().view().unwrap().processes[0].runs[0].clone();
    let victims = [Some(runner), run.guard_pid, run.pid];
    for pid in victims.into_iter().flatten() {
        kill(pid, "KILL");
    }
    wait_until("the end of all", || {
        victims
            .into_iter()
            .flatten()
            .all(|pid| !is_alive(pid))
            .then_some(())
    });
    case.stop(StopRequest::Now);
    case.start();
    // Whether the status is still known is up to whoever inherits the dead.
    let ways = ["p: LOST\nKILLED stopped", "p: FAILED signal:9\nFAILED failures"];
    let result = case.result();
    assert!(ways.contains(&result.as_str()), "{result}");
    assert_eq!(case.read("up"), "up\n");
}

fn files_of_the_task_are_in_the_sandbox() {
    let job = Job::new(&[("run", "cat lib/a.txt b.txt")]).with(
        "/task/files",
        json!({"lib/a.txt": "one\n", "b.txt": "two {{not a name}}\n"}),
    );
    let case = Case::started(&job);
    case.result();
    assert_eq!(case.log("run", 0).0, "one\ntwo {{not a name}}\n");
}

fn retries_are_separate_runs() {
    let job = Job::new(&[("third", "echo run $AUR_RUN; [ $AUR_RUN = 2 ]")])
        .with("/task/processes/0/max_failures", json!(5));
    let case = Case::started(&job);
    assert_eq!(
        case.result(),
        "third: FAILED code:1, FAILED code:1, SUCCESS code:0\nSUCCESS complete"
    );
    assert_eq!(case.log("third", 2).0, "run 2\n");
}

/// A grandchild that needs a moment to write its last words.
const FLUSH: &str = "bash -c 'trap \"sleep 0.2; echo flushed > flush; exit 0\" TERM; echo up > up; \
                     while :; do sleep 0.05; done' & wait; wait";

// RT-049
fn a_graceful_stop_reaches_the_whole_tree() {
    let case = Case::started(&Job::new(&[("server", FLUSH)]));
    case.wait_for("up");
    case.stop(StopRequest::Graceful { grace_ms: None });
    assert_eq!(case.result(), "server: KILLED signal:15\nKILLED stopped");
    assert_eq!(case.read("flush"), "flushed\n");
    assert_eq!(case.leftovers(), [0_u32; 0]);
}

// RT-015
fn what_ignores_sigterm_is_killed_in_time_and_the_finalizer_runs() {
    let job = Job::new(&[
        ("deaf", "trap '' TERM; echo up > up; while :; do sleep 0.05; done"),
        ("clean", "echo yes > cleaned"),
    ])
    .with("/task/processes/1/final", json!(true))
    .with("/task/finalization_wait_ms", json!(2_000));
    let case = Case::started(&job);
    case.wait_for("up");
    case.stop(StopRequest::Graceful { grace_ms: None });
    assert_eq!(
        case.result(),
        "deaf: KILLED signal:9\nclean: SUCCESS code:0\nKILLED stopped"
    );
    assert_eq!(case.leftovers(), [0_u32; 0]);
}

fn a_stop_at_once_runs_no_finalizer() {
    let job = Job::new(&[
        ("long", "echo up > up; exec sleep 1000"),
        ("clean", "echo yes > cleaned"),
    ])
    .with("/task/processes/1/final", json!(true));
    let case = Case::started(&job);
    case.wait_for("up");
    case.stop(StopRequest::Now);
    assert_eq!(case.result(), "long: KILLED signal:9\nclean: \nKILLED stopped");
    assert!(!case.sandbox().join("cleaned").exists());
}

fn sigterm_to_the_runner_is_a_graceful_stop() {
    let case = Case::prepared(&Job::new(&[("long", "echo up > up; exec sleep 1000")]));
    let runner = case.start();
    case.wait_for("up");
    kill(runner, "TERM");
    assert_eq!(case.result(), "long: KILLED signal:15\nKILLED stopped");
}

// RT-047
fn background_children_end_with_their_run() {
    let case = Case::started(&Job::new(&[("main", "sleep 1000 & echo $! > child; exit 0")]));
    let child: u32 = case.wait_for("child").trim().parse().unwrap();
    assert_eq!(case.result(), "main: SUCCESS code:0\nSUCCESS complete");
    assert!(!is_alive(child));
}

fn escapees_end_with_their_run() {
    // One leaves the session and ignores SIGTERM, one forgets its environment as well.
    let job = Job::new(&[(
        "main",
        "setsid bash -c 'trap \"\" TERM; echo $$ > one; while :; do sleep 0.05; done' & \
         (setsid env -i bash -c 'echo $$ > two; exec sleep 1000' &) ; \
         while [ ! -s one ] || [ ! -s two ]; do sleep 0.01; done",
    )])
    .with("/task/finalization_wait_ms", json!(1_000));
    let case = Case::started(&job);
    assert_eq!(case.result(), "main: SUCCESS code:0\nSUCCESS complete");
    for name in ["one", "two"] {
        let pid: u32 = case.read(name).trim().parse().unwrap();
        assert!(!is_alive(pid), "{name}");
    }
}

fn two_parallel_runs_keep_their_own_background_children() {
    let job = Job::new(&[
        ("short", "(setsid sleep 1000 & echo $! > short); exit 0"),
        (
            "long",
            "(setsid sleep 1001 & echo $! > long); echo up > up; while [ ! -e go ]; do sleep 0.01; done; \
                  kill -0 $(cat long) && echo alive > seen",
        ),
    ]);
    let case = Case::started(&job);
    case.wait_for("up");
    let child: u32 = case.wait_for("short").trim().parse().unwrap();
    wait_until("the end of what the short one left", || {
        (!is_alive(child)).then_some(())
    });
    std::fs::write(case.sandbox().join("go"), "").unwrap();
    assert_eq!(
        case.result(),
        "short: SUCCESS code:0\nlong: SUCCESS code:0\nSUCCESS complete"
    );
    assert_eq!(case.read("seen"), "alive\n");
    assert_eq!(case.leftovers(), [0_u32; 0]);
}

/// Writes a file that can be made only once per run, and complains if it is there.
const WITNESS: &str =
    "set -o noclobber; echo $$ > witness-$AUR_PROCESS-$AUR_RUN || echo twice >> twice; set +o noclobber; ";

fn a_killed_runner_goes_on_with_the_same_processes() {
    let job = Job::new(&[
        (
            "first",
            &format!("{WITNESS} while [ ! -e go ]; do sleep 0.01; done"),
        ),
        ("second", WITNESS),
    ])
    .ordered(&["first", "second"]);
    let case = Case::prepared(&job);
    let runner = case.start();
    let pid = case.wait_for("witness-first-0");
    crash(runner);
    assert_eq!(case.state().runner_pid, None);
    assert_ne!(case.start(), runner);
    wait_until("the adoption", || {
        let view = case.state().view().unwrap();
        (view.processes[0].runs[0].pid == pid.trim().parse().ok()).then_some(())
    });
    std::fs::write(case.sandbox().join("go"), "").unwrap();
    let result = case.result();
    let told = "first: SUCCESS code:0\nsecond: SUCCESS code:0\nSUCCESS complete";
    assert_eq!(result, told);
    assert_eq!(case.read("twice"), "");
}

fn an_end_that_nobody_saw_is_lost_and_runs_again() {
    let job = Job::new(&[("once", &format!("{WITNESS} [ $AUR_RUN = 1 ] || exec sleep 1000"))]);
    let case = Case::prepared(&job);
    let runner = case.start();
    let pid: u32 = case.wait_for("witness-once-0").trim().parse().unwrap();
    crash(runner);
    let path = case.folder.life(0).run_file("once", 0);
    let boot = aur_host::boot::BootId::current().unwrap();
    let guard = aur_host::run_file::living_guard(&path, 0, boot).unwrap();
    kill(guard.pid, "KILL");
    wait_until("the end of the guard", || (!is_alive(guard.pid)).then_some(()));
    kill(pid, "KILL");
    wait_until("the end of the process", || (!is_alive(pid)).then_some(()));
    case.start();
    let result = case.result();
    // As long as nobody has reaped the dead one, its status can still be read.
    let lost = "once: LOST, SUCCESS code:0\nSUCCESS complete";
    let told = "once: FAILED signal:9\nFAILED failures";
    assert!(result == lost || result == told, "{result}");
    assert_eq!(case.read("twice"), "");
}

fn an_adopted_process_tells_how_it_ended() {
    let case = Case::prepared(&Job::new(&[("long", "echo up > up; exec sleep 1000")]));
    let runner = case.start();
    case.wait_for("up");
    crash(runner);
    case.start();
    let pid = wait_until("the adoption", || {
        case.state().view().unwrap().processes[0].runs[0].pid
    });
    wait_until("the runner", || case.events_so_far("runner_started", 2));
    kill(pid, "KILL");
    let result = wait_until("the end of the first run", || {
        let summary = case.summary();
        (!summary.starts_with("long: RUNNING")).then_some(summary)
    });
    assert!(result.starts_with("long: FAILED signal:9\n"), "{result}");
}

fn leftovers_of_an_adopted_run_end_too() {
    let case = Case::prepared(&Job::new(&[(
        "main",
        "setsid sleep 1000 & (setsid bash -c 'exec sleep 1001' &); echo up > up; while [ ! -e go ]; do sleep 0.01; done",
    )]));
    let runner = case.start();
    case.wait_for("up");
    crash(runner);
    case.start();
    wait_until("the runner", || case.events_so_far("runner_started", 2));
    assert!(case.leftovers().len() >= 3);
    std::fs::write(case.sandbox().join("go"), "").unwrap();
    wait_until("the end of the first run", || {
        (!case.summary().starts_with("main: RUNNING\n")).then_some(())
    });
    case.result();
    assert_eq!(case.leftovers(), [0_u32; 0]);
}

fn a_request_waits_for_a_dead_runner() {
    let case = Case::prepared(&Job::new(&[("long", "echo up > up; exec sleep 1000")]));
    let runner = case.start();
    case.wait_for("up");
    crash(runner);
    case.stop(StopRequest::Graceful { grace_ms: None });
    case.start();
    let result = case.result();
    assert!(result.ends_with("KILLED stopped"), "{result}");
    assert_eq!(case.leftovers(), [0_u32; 0]);
    wait_until("the end of the request", || {
        (std::fs::read_dir(case.folder.requests()).unwrap().count() == 0).then_some(())
    });
}

fn a_finished_task_is_not_run_again() {
    let job = Job::new(&[("once", WITNESS)]);
    let case = Case::started(&job);
    let result = case.result();
    wait_until("the end of the runner", || {
        case.state().runner_pid.is_none().then_some(())
    });
    assert_eq!(
        prepare_in(&case.root(), &job).unwrap(),
        Prepared::Finished(case.folder.clone())
    );
    case.start();
    assert_eq!(case.result(), result);
    assert_eq!(case.read("twice"), "");
}

fn another_plan_under_the_same_id_is_refused() {
    let job = Job::new(&[("a", "true")]);
    let case = Case::prepared(&job);
    assert_eq!(
        prepare_in(&case.root(), &job).unwrap(),
        Prepared::Unfinished(case.folder.clone())
    );
    let other = Job::new(&[("b", "true")]);
    let error = prepare_in(&case.root(), &other).unwrap_err();
    assert_eq!(error.kind(), Kind::Refused);
    assert_eq!(
        error.to_string(),
        format!(
            "task task-1 exists already and is something else: its plan is {}, the new one is {}",
            job.plan().digest,
            other.plan().digest
        )
    );
    let plan = job.plan();
    let wanted = Wanted {
        plan: &plan,
        job: 0,
        instance: 3,
        grace_ms: None,
        environment: Inheritance::Clean,
        logger: &aur_ir::Logger::default(),
        overflow: aur_runner::Overflow::Block,
        ports: &aur_runner::Ports::new(),
        run_as: aur_runner::RunAs::Caller,
    };
    let error = prepare(&case.root(), "task-2", &wanted).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no instance 3: instances are counted from 0, and the job has 1"
    );
}

fn a_second_runner_is_refused() {
    let job = Job::new(&[("long", "echo up > up; exec sleep 1000")]);
    let case = Case::prepared(&job);
    let runner = case.start();
    let error = case.try_start().unwrap_err();
    assert_eq!(error.kind(), Kind::Refused);
    assert_eq!(
        error.to_string(),
        format!("a runner has this task: process {runner}")
    );
    assert_eq!(
        prepare_in(&case.root(), &job).unwrap_err().to_string(),
        format!("a runner has this task: process {runner}")
    );
    case.wait_for("up");
    aur_runner::take_over(&case.folder).unwrap();
    case.start();
    case.stop(StopRequest::Now);
    assert!(case.result().ends_with("KILLED stopped"));
}

fn a_port_without_a_value_is_refused_before_anything_is_made() {
    let job = Job::new(&[("web", "")]).with(
        "/task/processes/0/cmdline",
        json!({"segments": ["nc -l ", {"late": "aur.ports[http]"}]}),
    );
    let root = tempfile::tempdir().unwrap();
    let error = prepare_in(root.path(), &job).unwrap_err();
    assert_eq!(error.kind(), Kind::Refused);
    assert!(error.to_string().contains("aur.ports[http]"), "{error}");
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
}

fn a_start_that_the_system_refuses_is_a_failure() {
    let job = Job::new(&[("long", &"x".repeat(200 * 1024)), ("other", "true")])
        .with("/task/max_failures", json!(0));
    let case = Case::started(&job);
    assert_eq!(
        case.result(),
        "long: FAILED\nother: SUCCESS code:0\nFAILED stuck".replace("FAILED stuck", "SUCCESS complete")
    );
    let view = case.state().view().unwrap();
    assert_eq!(
        view.processes[0].runs[0].message.as_deref(),
        Some("the command or its environment is too long for the kernel")
    );
}

fn a_damaged_journal_is_refused_with_its_place() {
    let case = Case::started(&Job::new(&[("a", "true")]));
    case.result();
    wait_until("the end of the runner", || {
        case.state().runner_pid.is_none().then_some(())
    });
    let path = case.folder.life(0).journal();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[60] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let error = case.try_start().unwrap_err();
    assert_eq!(error.kind(), Kind::Damaged);
    assert!(error.to_string().contains("is damaged at byte 16"), "{error}");
}

fn a_second_attempt_has_its_own_sandbox() {
    let job = Job::new(&[(
        "try",
        "[ \"$AUR_SANDBOX\" != \"${AUR_SANDBOX/attempts/}\" ] && [ ! -e here ]; code=$?; touch here; exit $code",
    )])
    .with("/max_task_failures", json!(3))
    .with("/task/files", json!({"f": "x"}));
    let case = Case::started(&job);
    assert_eq!(case.result(), "try: SUCCESS code:0\nSUCCESS complete");
    assert_eq!(case.state().view().unwrap().attempt, 1);
    assert_eq!(case.sandbox(), case.folder.path().join("attempts/1/sandbox"));
    assert_eq!(case.read("f"), "x");
    let finished = case
        .events()
        .iter()
        .filter(|event| event["event"] == "task_finished")
        .count();
    assert_eq!(finished, 2);
}

fn a_service_is_stopped_between_two_attempts() {
    let case = Case::started(&Job::new(&[("serve", "exit 0")]).with("/service", json!(true)));
    wait_until("the third attempt", || {
        (case.state().view().unwrap().attempt >= 2).then_some(())
    });
    case.stop(StopRequest::Graceful { grace_ms: None });
    let result = case.result();
    assert!(result.ends_with("KILLED stopped"), "{result}");
}

fn a_stop_while_an_attempt_ends_stops_the_service() {
    let job = Job::new(&[
        ("serve", "exit 1"),
        ("clean", "echo up > up; while [ ! -e go ]; do sleep 0.01; done"),
    ])
    .with("/task/processes/1/final", json!(true))
    .with("/service", json!(true));
    let case = Case::started(&job);
    case.wait_for("up");
    case.stop(StopRequest::Graceful { grace_ms: None });
    std::fs::write(case.folder.life(0).sandbox().join("go"), "").unwrap();
    let result = case.result();
    assert!(result.ends_with("KILLED stopped"), "{result}");
    assert_eq!(case.state().view().unwrap().attempt, 1);
}

fn a_full_disk_keeps_what_is_known() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let job = Job::new(&[
        (
            "fill",
            "echo up > up; while [ ! -e go ]; do sleep 0.01; done; exit 3",
        ),
        ("after", "echo yes > after"),
    ])
    .ordered(&["fill", "after"])
    .with("/task/processes/0/max_failures", json!(2))
    .with(
        "/task/processes/0/cmdline",
        json!("if [ $AUR_RUN = 0 ]; then echo up > up; while [ ! -e go ]; do sleep 0.01; done; exit 3; fi"),
    );
    let root = disk.path().join("root");
    let Prepared::Created(folder) = prepare_in(&root, &job).unwrap() else {
        panic!("not created");
    };
    let case = Case::of(folder);
    case.start();
    case.wait_for("up");
    let filler = disk.path().join("filler");
    fill(&filler);
    // An empty file needs no block, so the process can still be told to go on.
    std::fs::File::create(case.sandbox().join("go")).unwrap();
    wait_until("the full disk", || case.state().is_disk_full.then_some(()));
    std::fs::remove_file(&filler).unwrap();
    assert_eq!(
        case.result(),
        "fill: FAILED code:3, SUCCESS code:0\nafter: SUCCESS code:0\nSUCCESS complete"
    );
    assert!(!case.state().is_disk_full);
}

/// Writes until nothing more fits.
fn fill(path: &Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(path).unwrap();
    for size in [64 * 1024, 4096, 1] {
        while file.write_all(&vec![b'x'; size]).is_ok() {}
    }
}

/// A file system of one mebibyte.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    /// Only root can mount; the test says so and passes for others.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let status = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(folder.path())
            .stderr(std::process::Stdio::null())
            .status();
        if status.is_ok_and(|status| status.success()) {
            return Some(Self { folder });
        }
        crate::support::say("skipped: no small file system can be mounted (not root?)\n");
        None
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount")
            .arg("-l")
            .arg(self.folder.path())
            .status();
    }
}

fn tasks_are_found_by_their_beginning() {
    let case = Case::prepared(&Job::new(&[("a", "true")]));
    let plan = Job::new(&[("a", "true")]).plan();
    let wanted = Wanted {
        plan: &plan,
        job: 0,
        instance: 0,
        grace_ms: Some(5),
        environment: Inheritance::Clean,
        logger: &aur_ir::Logger::default(),
        overflow: aur_runner::Overflow::Block,
        ports: &aur_runner::Ports::new(),
        run_as: aur_runner::RunAs::Caller,
    };
    std::thread::sleep(std::time::Duration::from_millis(2));
    prepare(&case.root(), "later", &wanted).unwrap();
    let ids: Vec<String> = list(&case.root())
        .unwrap()
        .iter()
        .map(|folder| folder.id().to_string_lossy().into_owned())
        .collect();
    assert_eq!(ids, ["later", "task-1"]);
    assert_eq!(resolve(&case.root(), "@last").unwrap().id(), "later");
    assert_eq!(resolve(&case.root(), "ta").unwrap(), case.folder);
}

fn odd_paths_work() {
    use std::os::unix::ffi::OsStrExt;
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary
        .path()
        .join(std::ffi::OsStr::from_bytes(b"a b\n'\"$x \xff"));
    let job = Job::new(&[("a b'$x", "pwd > \"$HOME/where\"; [ \"$PWD\" = \"$AUR_SANDBOX\" ]")]);
    let Prepared::Created(folder) = prepare_in(&root, &job).unwrap() else {
        panic!("not created");
    };
    let case = Case::of(folder);
    case.start();
    assert_eq!(case.result(), "a b'$x: SUCCESS code:0\nSUCCESS complete");
    let job = job.with(
        "/task/processes/0/cmdline",
        json!({"segments": ["cd ", {"late": "aur.sandbox", "filter": "sh"}]}),
    );
    let error = prepare_in(&root.join("other"), &job).unwrap_err();
    assert_eq!(error.kind(), Kind::Refused);
    assert!(error.to_string().contains("not valid UTF-8"), "{error}");
}

fn a_gigabyte_of_output_goes_straight_to_the_file() {
    let case = Case::started(&Job::new(&[(
        "loud",
        "head -c 1073741824 /dev/zero; echo end >&2",
    )]));
    assert_eq!(case.result(), "loud: SUCCESS code:0\nSUCCESS complete");
    let logs = case.state().logs("loud", 0);
    assert_eq!(std::fs::metadata(&logs.stdout).unwrap().len(), 1 << 30);
    assert_eq!(aur_runner::last_lines(&logs.stderr, 5, 1000).unwrap(), b"end\n");
}

fn many_processes_run_at_once() {
    let names: Vec<String> = (0..150).map(|number| format!("p{number:03}")).collect();
    let work = "echo up > up-$AUR_PROCESS; while [ ! -e go ]; do sleep 0.2; done";
    let processes: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), work)).collect();
    let case = Case::started(&Job::new(&processes));
    for name in &names {
        case.wait_for(&format!("up-{name}"));
    }
    std::fs::write(case.sandbox().join("go"), "").unwrap();
    let result = case.result();
    assert_eq!(result.matches("SUCCESS code:0").count(), 150, "{result}");
}

fn the_environment_of_the_caller_can_be_inherited() {
    let job = Job::new(&[("env", "env | cut -d= -f1 | sort | tr '\\n' ' '; echo home $HOME")]);
    let plan = job.plan();
    let wanted = Wanted {
        plan: &plan,
        job: 0,
        instance: 0,
        grace_ms: None,
        environment: Inheritance::Inherit,
        logger: &aur_ir::Logger::default(),
        overflow: aur_runner::Overflow::Block,
        ports: &aur_runner::Ports::new(),
        run_as: aur_runner::RunAs::Caller,
    };
    let root = tempfile::tempdir().unwrap();
    let Prepared::Created(folder) = prepare(root.path(), "t", &wanted).unwrap() else {
        panic!("not created");
    };
    let case = Case::of(folder);
    case.start();
    case.result();
    let out = case.log("env", 0).0;
    let home = std::env::var("HOME").unwrap_or_default();
    assert!(out.ends_with(&format!("home {home}\n")), "{out}");
    assert!(
        out.contains(" AUR_TASK_ID ") && !out.contains("AUR_LAUNCHER_FD"),
        "{out}"
    );
    for (name, _) in std::env::vars() {
        assert!(
            out.split(' ').any(|word| word == name),
            "{name} is missing in {out}"
        );
    }
}

fn a_full_disk_at_the_start_leaves_nothing() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let big = "x".repeat(2 << 20);
    let job = Job::new(&[("a", "true")]).with("/task/files", json!({"big": big}));
    let error = prepare_in(disk.path(), &job).unwrap_err();
    assert_eq!(error.kind(), Kind::Unusable);
    assert!(error.to_string().contains("No space left on device"), "{error}");
    assert!(error.help().unwrap().starts_with("make room"));
    assert_eq!(list(disk.path()).unwrap(), []);
    assert_eq!(std::fs::read_dir(disk.path().join("tasks")).unwrap().count(), 0);
}

fn a_deleted_sandbox_is_a_failed_start() {
    let case = Case::prepared(&Job::new(&[("a", "true")]));
    std::fs::remove_dir_all(case.sandbox()).unwrap();
    case.start();
    assert_eq!(case.result(), "a: FAILED\nFAILED failures");
    let view = case.state().view().unwrap();
    let message = view.processes[0].runs[0].message.clone().unwrap();
    assert!(
        message.starts_with("cannot enter the working folder"),
        "{message}"
    );
}

fn a_process_that_runs_away_by_forking_is_caught() {
    // Each copy starts the next one and ends: whoever looks twice sees two different processes.
    let hop = "hop() { (sleep 0.005; hop) & }; export -f hop; trap '' TERM; hop; echo up > up; exit 0";
    let job = Job::new(&[("hop", hop)]).with("/task/finalization_wait_ms", json!(500));
    let case = Case::started(&job);
    case.wait_for("up");
    assert_eq!(case.result(), "hop: SUCCESS code:0\nSUCCESS complete");
    assert_eq!(case.leftovers(), [0_u32; 0]);
}

fn a_stopped_process_is_ended_too() {
    let case = Case::started(&Job::new(&[("still", "echo up > up; kill -STOP $$; sleep 1000")]));
    case.wait_for("up");
    case.stop(StopRequest::Graceful { grace_ms: None });
    assert_eq!(case.result(), "still: KILLED signal:15\nKILLED stopped");
}

fn of_many_runners_one_has_the_task() {
    let job = Job::new(&[(
        "once",
        &format!("{WITNESS} while [ ! -e go ]; do sleep 0.01; done"),
    )]);
    let case = Case::prepared(&job);
    let started = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| case.try_start())).collect();
        let results: Vec<_> = starts.into_iter().map(|start| start.join().unwrap()).collect();
        for error in results.iter().filter_map(|result| result.as_ref().err()) {
            assert_eq!(error.kind(), Kind::Refused, "{error}");
        }
        results.iter().filter(|result| result.is_ok()).count()
    });
    assert_eq!(started, 1);
    case.wait_for("witness-once-0");
    std::fs::write(case.sandbox().join("go"), "").unwrap();
    assert_eq!(case.result(), "once: SUCCESS code:0\nSUCCESS complete");
    assert_eq!(case.read("twice"), "");
}

// RT-057
fn after_a_reboot_nothing_is_adopted() {
    let work = format!("{WITNESS} [ $AUR_RUN = 1 ] || exec sleep 1000");
    let case = Case::prepared(&Job::new(&[("once", &work)]));
    crash_after(&case, "witness-once-0");
    forget_boot(&case, "once");
    let pid: u32 = case.read("witness-once-0").trim().parse().unwrap();
    case.start();
    assert_eq!(case.result(), "once: LOST, SUCCESS code:0\nSUCCESS complete");
    assert!(is_alive(pid), "a process of unknown identity is never signalled");
}

/// Makes it look as if the first run of a process was started before a reboot.
pub(crate) fn forget_boot(case: &Case, process: &str) {
    // The journal of another boot; the process is still there, as after a reused number.
    let path = case.folder.life(0).journal();
    let changes: Vec<aur_machine::Change> = aur_host::journal::read(&path)
        .unwrap()
        .iter()
        .map(|record| aur_machine::decode(record).unwrap())
        .collect();
    std::fs::remove_file(&path).unwrap();
    let mut journal = aur_host::journal::Journal::create(&path).unwrap();
    for mut change in changes {
        if let aur_machine::Fact::Runner(runner) = &mut change.fact {
            runner.boot_id ^= 1;
        }
        journal.append(&aur_machine::encode(&change)).unwrap();
    }
    journal.commit(aur_host::journal::Safety::Durable).unwrap();
    let run_file = case.folder.life(0).run_file(process, 0);
    std::fs::remove_file(run_file).unwrap();
}

/// Starts a runner, waits for a file of the sandbox, and kills the runner.
fn crash_after(case: &Case, name: &str) {
    let runner = case.start();
    case.wait_for(name);
    crash(runner);
}

fn a_follower_sees_the_end_of_a_runner() {
    let case = Case::prepared(&Job::new(&[(
        "long",
        "echo up > up; while [ ! -e go ]; do sleep 0.01; done",
    )]));
    let mut follower = Follower::open(&case.folder, Signals::None).unwrap();
    let mut next = || follower.next(Some(HANG)).unwrap();
    assert!(matches!(next(), Followed::Event(_)));
    assert_eq!(next(), Followed::RunnerGone);
    let runner = case.start();
    case.wait_for("up");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            crash(runner);
        });
        while matches!(next(), Followed::Event(_)) {}
    });
    assert_eq!(next(), Followed::RunnerGone);
    case.start();
    case.stop(StopRequest::Now);
    let mut last = next();
    while let Followed::Event(_) = last {
        last = next();
    }
    assert_eq!(last, Followed::Over);
    assert!(follower.view().unwrap().state.is_terminal());
}

// RT-009
fn random_crashes_start_nothing_twice() {
    // The same crashes every time: a small generator with a fixed seed.
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |bound: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % bound
    };
    let names: Vec<String> = (0..8).map(|number| format!("p{number}")).collect();
    let work =
        format!("{WITNESS} sleep 0.0$((RANDOM % 5)); (setsid sleep 1000 &); echo done > done-$AUR_PROCESS");
    let processes: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), work.as_str())).collect();
    // More rounds on request, with the same beginning.
    let rounds = std::env::var("AUR_CRASH_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(6);
    for _ in 0..rounds {
        let job = Job::new(&processes)
            .ordered(&["p0", "p1", "p2", "p3"])
            .with("/task/finalization_wait_ms", json!(2_000));
        let case = Case::prepared(&job);
        for _ in 0..12 {
            let Ok(runner) = case.try_start() else {
                continue;
            };
            std::thread::sleep(std::time::Duration::from_millis(next(40)));
            crash(runner);
        }
        case.start();
        let result = case.result();
        assert!(
            result.ends_with("SUCCESS complete"),
            "{result}\n{}",
            case.runner_log()
        );
        assert_eq!(case.read("twice"), "", "{result}");
        for name in &names {
            assert_eq!(case.read(&format!("done-{name}")), "done\n", "{name}");
        }
        assert_eq!(case.leftovers(), [0_u32; 0], "{result}");
    }
}
