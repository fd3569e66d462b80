//! Kills of the runner at every place and at random moments, freezing, races, reboots.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Scene, Tally, rounds, strike};
use crate::support::{Job, crash, is_alive, kill, wait_until};

/// Puts a durable request to stop into the task, as `aur kill` does.
const STOP: &str = "R=\"$(dirname \"$AUR_SANDBOX\")/requests\"; [ -e $W/asked ] || \
                    { echo '{\"version\":1,\"request\":\"stop\"}' > \"$R/.ask\" && mv \"$R/.ask\" \"$R/1-a.json\"; touch $W/asked; }; ";

/// How a task is made, and how it may end.
type Shape = (fn() -> Scene, &'static [&'static str]);

/// The shapes of task that a runner dies under: how they are made, and how they may end.
const SHAPES: [Shape; 4] = [
    (
        chain,
        &["a: SUCCESS code:0\nb: SUCCESS code:0\nclean: SUCCESS code:0\nSUCCESS complete"],
    ),
    (
        stopped,
        &["w: KILLED signal:15\ndeaf: KILLED signal:9\nclean: SUCCESS code:0\nKILLED stopped"],
    ),
    (attempts, &["p: SUCCESS code:0\nSUCCESS complete"]),
    (
        retries,
        &["p: FAILED code:1, FAILED code:1, FAILED code:1, SUCCESS code:0\nSUCCESS complete"],
    ),
];

fn chain() -> Scene {
    let a = "(setsid bash -c 'trap \"\" TERM; touch $W/hid; exec sleep 1000' &); \
             while [ ! -e $W/hid ]; do sleep 0.005; done; touch $W/done-a";
    let b = "[ -e $W/done-a ] || echo b >> $W/early";
    let clean = "[ -e $W/done-a ] || echo clean >> $W/early";
    Scene::new(&[("a", a), ("b", b), ("clean", clean)], |job| {
        job.with(
            "/task/order",
            json!([{"before": "a", "after": "b", "on": "success"}]),
        )
        .with("/task/processes/2/final", json!(true))
        .with("/task/finalization_wait_ms", json!(2_000))
    })
}

fn stopped() -> Scene {
    let w = format!("touch $W/up; while [ ! -e $W/up-deaf ]; do sleep 0.005; done; {STOP} exec sleep 1000");
    let deaf = "trap '' TERM; touch $W/up-deaf; while :; do sleep 0.05; done";
    Scene::new(&[("w", &w), ("deaf", deaf), ("clean", "true")], |job| {
        job.with("/task/processes/2/final", json!(true))
            .with("/task/finalization_wait_ms", json!(3_000))
    })
}

fn attempts() -> Scene {
    Scene::new(
        &[("p", "[ -e $W/second ] || { touch $W/second; exit 1; }")],
        |job| job.with("/max_task_failures", json!(2)),
    )
}

/// With a journal that is made shorter after nearly every record.
fn retries() -> Scene {
    let p = "echo x >> $W/count; [ $(wc -l < $W/count) -gt 3 ]";
    let scene = Scene::new(&[("p", p)], |job| {
        job.with("/task/processes/0/max_failures", json!(9))
    });
    scene.with("AUR_FAULT_JOURNAL", "500")
}

/// F1: each place that the runner comes to, one after the other, until it comes to no more.
pub(super) fn f01_the_runner_dies_at_any_place() {
    let every = if rounds(0, 1_000) == 0 { 7 } else { 1 };
    let again = rounds(1, 2);
    let mut all = Tally::of("F1");
    let mut places = BTreeSet::new();
    std::thread::scope(|scope| {
        // They mostly wait, so side by side.
        let threads: Vec<_> = (0..SHAPES.len())
            .map(|shape| scope.spawn(move || every_place(shape, every, again)))
            .collect();
        for thread in threads {
            let (tally, found) = thread.join().unwrap();
            all.add(tally);
            places.extend(found);
        }
    });
    let count = places.len();
    all.close();
    // The places are of many kinds, or the test no longer shows what it is to show.
    assert!(count >= if every == 1 { 20 } else { 8 }, "{places:?}");
}

fn every_place(shape: usize, every: usize, again: usize) -> (Tally, BTreeSet<String>) {
    let mut tally = Tally::of("F1");
    let mut places = BTreeSet::new();
    let (make, allowed) = SHAPES[shape];
    for turn in 0..again {
        let mut number = 1 + (turn + shape) % every;
        let mut is_reached = true;
        while is_reached {
            tally.round(&format!("shape {shape}, place {number}"), || {
                let mut scene = make().killed_at(&format!("#{number}"));
                scene.start();
                let found = scene.finish();
                is_reached = scene.has("fired");
                places.insert(scene.read("fired"));
                assert!(
                    allowed.contains(&found.as_str()),
                    "{} ended as {found}",
                    scene.read("fired")
                );
                usize::from(is_reached)
            });
            number += every;
            is_reached &= number < 1_000;
        }
    }
    (tally, places)
}

/// F3: a graph of many processes under a runner that never lives long.
pub(super) fn f03_the_runner_dies_again_and_again() {
    let mut tally = Tally::of("F3");
    let is_full = rounds(0, 1_000) > 0;
    let count = if is_full { 200 } else { 40 };
    let seeds = rounds(1, 10);
    for seed in 0..seeds {
        tally.round(&format!("seed {seed}"), || storm(count, seed as u64 + 1));
    }
    tally.close();
}

fn storm(count: usize, seed: u64) -> usize {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let names: Vec<String> = (0..count).map(|number| format!("p{number:03}")).collect();
    let mut edges = Vec::new();
    let mut commands = Vec::new();
    for (number, name) in names.iter().enumerate() {
        let mut command = String::new();
        for _ in 0..random.below(3).min(number as u64) {
            let before = &names[random.below(number as u64) as usize];
            edges.push(json!({"before": before, "after": name, "on": "success"}));
            command.push_str(&format!("[ -e $W/done-{before} ] || echo {name} >> $W/early; "));
        }
        command.push_str(&format!("touch $W/done-{name}"));
        commands.push(command);
    }
    let processes: Vec<(&str, &str)> = names
        .iter()
        .map(String::as_str)
        .zip(commands.iter().map(String::as_str))
        .collect();
    let mut scene = Scene::new(&processes, |job| {
        job.with("/task/order", json!(edges))
            .with("/task/max_concurrency", json!(8))
    });
    if seed.is_multiple_of(2) {
        scene = scene.with("AUR_FAULT_JOURNAL", "5000");
    }
    let mut kills = 0;
    // Later runners live longer, so that the task gets on whatever the load of the machine is.
    for life in 0..60 {
        if let Some(runner) = scene.start() {
            std::thread::sleep(Duration::from_millis(1 + random.below(50 + life * 5)));
            crash(runner);
            kills += 1;
        }
        if scene.case.state().progress == aur_runner::Progress::Over {
            break;
        }
    }
    let found = scene.finish();
    assert!(found.ends_with("SUCCESS complete"), "{found}");
    assert!(
        names
            .iter()
            .all(|name| found.contains(&format!("{name}: SUCCESS code:0\n"))),
        "{found}"
    );
    kills
}

/// A small generator, so that the same happens every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound.max(1)
    }
}

/// F15: process, guard and runner are stopped for a while; nobody takes that for an end.
pub(super) fn f15_somebody_is_frozen() {
    let mut tally = Tally::of("F15");
    for _ in 0..rounds(1, 5) {
        for who in ["process", "guard", "runner"] {
            tally.round(who, || {
                let mut scene = Scene::new(
                    &[("p", "while [ ! -e $W/go ]; do sleep 0.01; done; exit 0")],
                    |job| job.with("/task/finalization_wait_ms", json!(2_000)),
                );
                let runner = scene.start().unwrap();
                let run = || {
                    scene.case.state().view().unwrap().processes[0]
                        .runs
                        .last()
                        .cloned()
                };
                let (pid, guard) = wait_until("the process", || {
                    let run = run()?;
                    Some((run.pid?, run.guard_pid?))
                });
                let frozen = match who {
                    "process" => pid,
                    "guard" => guard,
                    _ => runner,
                };
                kill(frozen, "STOP");
                scene.write("go");
                std::thread::sleep(Duration::from_millis(300));
                // A second runner is refused by one that is frozen as by one that works.
                if who == "runner" {
                    assert!(scene.case.try_start().is_err(), "two runners");
                }
                assert!(is_alive(frozen), "somebody ended it");
                kill(frozen, "CONT");
                scene.finish_as("p: SUCCESS code:0\nSUCCESS complete");
                0
            });
        }
        tally.round("a frozen process is stopped", || {
            let mut scene = Scene::new(&[("p", "kill -STOP $$; sleep 1000")], |job| {
                job.with("/task/finalization_wait_ms", json!(400))
            });
            scene.start();
            wait_until("the process", || {
                scene.case.state().view().unwrap().processes[0].runs.first()?.pid
            });
            scene
                .case
                .stop(aur_runner::StopRequest::Graceful { grace_ms: None });
            let found = scene.finish();
            assert!(found.starts_with("p: KILLED signal:"), "{found}");
            0
        });
    }
    tally.close();
}

/// F19: sixteen at once.
pub(super) fn f19_many_runners_want_one_task() {
    let mut tally = Tally::of("F19");
    for round in 0..rounds(2, 100) {
        tally.round(&format!("round {round}"), || {
            let mut scene = Scene::new(&[("p", "true")], |job| job);
            let started = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..16).map(|_| scope.spawn(|| scene.start())).collect();
                threads
                    .into_iter()
                    .filter_map(|thread| thread.join().unwrap())
                    .count()
            });
            assert!(started >= 1, "nobody got it");
            scene.finish_as("p: SUCCESS code:0\nSUCCESS complete");
            0
        });
    }
    tally.close();
}

/// F20: as if the machine had started again: another boot, and none of the old processes is who it was.
pub(super) fn f20_the_machine_starts_again() {
    let mut tally = Tally::of("F20");
    for round in 0..rounds(2, 25) {
        tally.round(&format!("round {round}"), || {
            let command = "[ $AUR_RUN = 1 ] || { touch $W/up; exec sleep 1000; }";
            let scene = Scene::new(&[("p", command)], |job| job);
            let runner = scene.start().unwrap();
            wait_until("the process", || scene.has("up").then_some(()));
            let run = scene.case.state().view().unwrap().processes[0].runs[0].clone();
            crash(runner);
            crate::cases::forget_boot(&scene.case, "p");
            scene.start();
            let deadline = Instant::now() + crate::support::HANG;
            while scene.case.state().progress != aur_runner::Progress::Over {
                assert!(Instant::now() < deadline, "hangs: {}", scene.told());
                std::thread::sleep(Duration::from_millis(5));
            }
            let found = scene.case.summary();
            assert!(found == "p: LOST, SUCCESS code:0\nSUCCESS complete", "{found}");
            // It is of another time for the runner, which must not touch it.
            let pid: u32 = wait_until("the witness", || {
                let names = std::fs::read_dir(scene.witness.path()).unwrap();
                let first = names
                    .flatten()
                    .map(|entry| entry.file_name().into_string().unwrap())
                    .find(|name| name.ends_with(".p.0"))?;
                scene.read(&first).trim().parse().ok()
            });
            assert!(is_alive(pid), "somebody else's process was ended");
            run.guard_pid.into_iter().chain([pid]).for_each(strike);
            scene.judge();
            1
        });
    }
    tally.close();
}

/// F23: signals come faster than anyone can read them, and ends of children among them.
pub(super) fn f23_a_storm_of_signals() {
    let mut tally = Tally::of("F23");
    for round in 0..rounds(1, 5) {
        tally.round(&format!("round {round}"), || {
            let command = "for i in {1..50}; do (true &); done; while [ ! -e $W/go ]; do sleep 0.01; done";
            let names = ["a", "b", "c", "d"];
            let processes: Vec<(&str, &str)> = names.iter().map(|name| (*name, command)).collect();
            let mut scene = Scene::new(&processes, |job: Job| job);
            let runner = scene.start().unwrap();
            let script = "for ((i = 0; i < 25000; i++)); do kill -CHLD $1; kill -URG $1; kill -CONT $1; kill -WINCH $1; done 2>/dev/null";
            let storm = std::process::Command::new("bash")
                .args(["-c", script, "storm", &runner.to_string()])
                .spawn();
            let mut storm = storm.unwrap();
            std::thread::sleep(Duration::from_millis(300));
            scene.write("go");
            storm.wait().unwrap();
            scene.finish_as("a: SUCCESS code:0\nb: SUCCESS code:0\nc: SUCCESS code:0\nd: SUCCESS code:0\nSUCCESS complete");
            0
        });
    }
    tally.close();
}
