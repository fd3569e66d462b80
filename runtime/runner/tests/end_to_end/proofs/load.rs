//! Processes that take more than their share: of numbers, of memory, of logs.

use std::time::Duration;

use aur_runner::StopRequest;
use serde_json::{Value, json};

use super::{Scene, Tally, rounds};
use crate::support::{Case, HANG, is_alive, kill, say, wait_until};

const MIB: u64 = 1 << 20;

fn limits(case: &Case) -> Vec<String> {
    let view = serde_json::to_value(case.state().view().unwrap()).unwrap();
    let limits = view["isolation"]["limits"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    limits
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_string)
        .collect()
}

/// F9: a bomb within a bound of numbers, and one that is never larger than twenty but never the same twenty.
pub(super) fn f09_a_fork_bomb_is_ended() {
    let mut tally = Tally::of("F9");
    let hydra = "trap '' TERM; f() { while :; do (f) & exit; done; }; \
                 for i in {1..20}; do (f) & done; touch $W/up; sleep 1000";
    let bomb = "trap '' TERM; touch $W/up; f() { f | f & }; f 2>/dev/null; sleep 1000";
    for _ in 0..rounds(1, 7) {
        for (name, command, is_bounded) in [("hydra", hydra, false), ("bomb", bomb, true)] {
            tally.round(name, || {
                let mut scene = Scene::new(&[("p", command)], |job| job).with("AUR_FAULT_PIDS", "64");
                if is_bounded {
                    let mut probe = Scene::new(&[("p", "true")], |job| job);
                    probe.start();
                    probe.finish();
                    if !limits(&probe.case).iter().any(|limit| limit == "pids") {
                        say("no bound on processes here, so no bomb\n");
                        return 0;
                    }
                }
                scene.start();
                wait_until("the process", || scene.has("up").then_some(()));
                std::thread::sleep(Duration::from_millis(100));
                assert!(std::process::Command::new("true").status().unwrap().success());
                scene.case.stop(StopRequest::Now);
                scene.finish_as("p: KILLED signal:9\nKILLED stopped");
                1
            });
        }
    }
    tally.close();
}

/// F10.
pub(super) fn f10_memory_runs_out() {
    let mut tally = Tally::of("F10");
    let programs = [
        (
            "slowly",
            "x=; while :; do x+=$(head -c 1000000 /dev/zero | tr '\\0' x); done",
        ),
        (
            "at once",
            "head -c 300000000 /dev/zero | tail -c 300000000 | wc -c; exit ${PIPESTATUS[1]}",
        ),
        (
            "in a child",
            "(tail -c 300000000 < <(head -c 300000000 /dev/zero)) | cat > /dev/null; exit ${PIPESTATUS[0]}",
        ),
    ];
    for _ in 0..rounds(1, 5) {
        for (name, command) in programs {
            tally.round(name, || {
                let mut scene = Scene::new(&[("p", command)], |job| {
                    job.with(
                        "/task/resources",
                        json!({"cpu": 0.0, "ram_bytes": 48 * MIB, "disk_bytes": 0}),
                    )
                    .with("/task/processes/0/timeout_ms", json!(20_000))
                });
                scene.start();
                let found = scene.finish();
                if !limits(&scene.case).iter().any(|limit| limit == "memory") {
                    say("no bound on memory here\n");
                    return 0;
                }
                let view = serde_json::to_value(scene.case.state().view().unwrap()).unwrap();
                let run = &view["processes"][0]["runs"][0];
                assert!(
                    run["state"] == "FAILED" && run["reason"] == "oom",
                    "{found}: {run}"
                );
                assert!(found.ends_with("FAILED failures"), "{found}");
                1
            });
        }
    }
    tally.close();
}

/// F11: what is written too fast, without an end, or to nobody, through a copier that turns files over.
pub(super) fn f11_much_is_written() {
    let mut tally = Tally::of("F11");
    let writers = [
        ("many lines", "seq 300000", "300000\n"),
        (
            "one line",
            "head -c 32M /dev/zero | tr '\\0' x; echo; echo end",
            "end\n",
        ),
        ("no end of line", "printf 'no end'", "no end"),
        ("closed", "echo before; exec >&- 2>&-; sleep 0.1", "before\n"),
    ];
    let rotating = json!({"destination": "file", "mode": "rotate", "rotate": {"log_size_bytes": 4_000_000, "backups": 2}});
    for _ in 0..rounds(1, 3) {
        for (name, command, end) in writers {
            for (kind, logger) in [("straight", None), ("turned over", Some(&rotating))] {
                tally.round(&format!("{name}, {kind}"), || {
                    let mut scene = Scene::new(&[("p", command)], |job| match logger {
                        Some(logger) => job.with("/task/processes/0/logger", logger.clone()),
                        None => job,
                    });
                    scene.start();
                    scene.finish_as("p: SUCCESS code:0\nSUCCESS complete");
                    let (text, _) = scene.case.log("p", 0);
                    assert!(
                        text.ends_with(end),
                        "the end is missing: {:?}",
                        &text[text.len().saturating_sub(40)..]
                    );
                    if name == "many lines" {
                        assert!(
                            text.lines().all(|line| line.parse::<u32>().is_ok()),
                            "a line is broken"
                        );
                    }
                    0
                });
            }
        }
    }
    tally.close();
}

/// F14: orphans that end at once, by the hundred: nobody may stay a zombie.
pub(super) fn f14_orphans_are_reaped() {
    let mut tally = Tally::of("F14");
    for _ in 0..rounds(1, 7) {
        for who in ["all live", "the guard is dead", "the runner is new"] {
            tally.round(who, || {
                let command = "touch $W/up; while [ ! -e $W/go ]; do sleep 0.01; done; \
                               for i in {1..300}; do ( (exit) & ); done; touch $W/forked; \
                               while [ ! -e $W/end ]; do sleep 0.01; done";
                let mut scene = Scene::new(&[("p", command)], |job| job);
                let mut runner = scene.start().unwrap();
                let (pid, mut guard) = wait_until("the process", || {
                    let run = scene.case.state().view().unwrap().processes[0]
                        .runs
                        .first()
                        .cloned()?;
                    Some((run.pid?, run.guard_pid?)).filter(|_| scene.has("up"))
                });
                match who {
                    "the guard is dead" => {
                        kill(guard, "KILL");
                        wait_until("its end", || (!is_alive(guard)).then_some(()));
                        guard = runner;
                    }
                    "the runner is new" => {
                        crate::support::crash(runner);
                        runner = scene.start().unwrap();
                    }
                    _ => {}
                }
                scene.write("go");
                wait_until("the orphans", || scene.has("forked").then_some(()));
                wait_until("the last of them", || {
                    (zombies_of(&[runner, guard, pid]) == 0).then_some(())
                });
                scene.write("end");
                scene.finish_as("p: SUCCESS code:0\nSUCCESS complete");
                0
            });
        }
    }
    assert!(HANG.as_secs() > 0);
    tally.close();
}

/// How many children of these are dead and not reaped.
fn zombies_of(parents: &[u32]) -> usize {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let stats = pids.filter_map(|pid| std::fs::read_to_string(format!("/proc/{pid}/stat")).ok());
    stats
        .filter(|stat| {
            let mut words = stat.rsplit(')').next().unwrap_or("").split_whitespace();
            let is_zombie = words.next() == Some("Z");
            is_zombie
                && words
                    .next()
                    .and_then(|parent| parent.parse().ok())
                    .is_some_and(|parent| parents.contains(&parent))
        })
        .count()
}
