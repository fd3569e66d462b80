//! System calls that fail, and a wall clock that jumps: a library between the runner and the C library.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use serde_json::json;

use super::{Scene, Tally, rounds};
use crate::support::{say, wait_until};

/// Builds the library; `None` where there is no C compiler, or where programs cannot be told to load it.
fn shim() -> Option<&'static PathBuf> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let program = std::env::current_exe().unwrap();
        let library = program.with_extension("shim.so");
        let draft = program.with_extension(format!("shim.{}", std::process::id()));
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/end_to_end/proofs/shim.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-x", "c", source, "-o"]);
        let built = compiler.arg(&draft).arg("-ldl").output();
        match built {
            Ok(output) if output.status.success() => {
                std::fs::rename(&draft, &library).unwrap();
                Some(library)
            }
            Ok(output) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
            Err(error) => {
                say(&format!("no C compiler, so no system call fails: {error}\n"));
                None
            }
        }
    });
    built.as_ref()
}

/// What a task may end as when something failed on the way.
fn is_allowed(found: &str) -> bool {
    // A start that the system refused is a failure of the run, and of the task.
    let is_refused =
        found.lines().any(|line| line.ends_with(": FAILED")) && found.ends_with("FAILED failures");
    let is_whole = found == "a: SUCCESS code:0\nb: SUCCESS code:0\nclean: SUCCESS code:0\nSUCCESS complete";
    // A final process never changes the result.
    let is_untidy = found == "a: SUCCESS code:0\nb: SUCCESS code:0\nclean: FAILED\nSUCCESS complete";
    is_whole || is_refused || is_untidy
}

fn scene() -> Scene {
    let b = "[ -e $W/done-a ] || echo b >> $W/early";
    Scene::new(&[("a", "touch $W/done-a"), ("b", b), ("clean", "true")], |job| {
        job.with(
            "/task/order",
            json!([{"before": "a", "after": "b", "on": "success"}]),
        )
        .with("/task/processes/2/final", json!(true))
        .with("/task/finalization_wait_ms", json!(2_000))
    })
    .with("AUR_FAULT_JOURNAL", "900")
}

const CALLS: [&str; 6] = ["write", "fsync", "open", "rename", "mkdir", "unlink"];
const ERRORS: [(&str, i32); 3] = [("ENOSPC", 28), ("EIO", 5), ("EINTR", 4)];

/// F6: the N-th call of each kind fails, for each N until there is none; once, and from then on.
pub(super) fn f06_a_system_call_fails() {
    let Some(library) = shim() else { return };
    let mut tally = Tally::of("F6");
    let every = if rounds(0, 1_000) == 0 { 23 } else { 1 };
    let kinds: Vec<(&'static str, &'static str, i32)> = CALLS
        .into_iter()
        .flat_map(|call| ERRORS.map(|(error, number)| (call, error, number)))
        .chain([("write", "short", 0)])
        .collect();
    let waiting = Mutex::new(kinds.into_iter().enumerate());
    std::thread::scope(|scope| {
        // They mostly wait, so side by side.
        let work = || {
            let mut tally = Tally::of("F6");
            while let Some((place, (call, error, number))) = { waiting.lock().unwrap().next() } {
                let fault = Fault {
                    library,
                    call,
                    error,
                    number,
                };
                fault.every_call(1 + place % every, every, &mut tally);
            }
            tally
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            tally.add(thread.join().unwrap());
        }
    });
    tally.close();
}

/// A call that fails.
struct Fault {
    library: &'static PathBuf,
    call: &'static str,
    error: &'static str,
    number: i32,
}

impl Fault {
    fn every_call(&self, first: usize, every: usize, tally: &mut Tally) {
        let mut is_reached = true;
        for at in (first..1_000).step_by(every) {
            if !std::mem::take(&mut is_reached) {
                return;
            }
            tally.round(&format!("{} {at}: {}, once", self.call, self.error), || {
                let mut scene = self.scene(at);
                let fired = scene.path("fired");
                scene.environment.push(("SHIM_ONCE", fired.into()));
                scene.start();
                let found = scene.finish();
                is_reached = scene.has("fired");
                assert!(is_allowed(&found), "ended as {found}\n{}", scene.told());
                0
            });
            // Whoever is interrupted tries again, for ever if need be.
            if self.error == "EINTR" {
                continue;
            }
            tally.round(&format!("{} {at}: {}, for long", self.call, self.error), || {
                let mut scene = self.scene(at);
                std::thread::scope(|scope| {
                    scope.spawn(|| {
                        std::thread::sleep(Duration::from_millis(60));
                        scene.write("healed");
                    });
                    scene.start();
                });
                let found = scene.finish();
                assert!(is_allowed(&found), "ended as {found}\n{}", scene.told());
                0
            });
        }
    }

    fn scene(&self, at: usize) -> Scene {
        let mut scene = scene();
        let healed = scene.path("healed");
        let variables: [(&'static str, OsString); 5] = [
            ("LD_PRELOAD", self.library.into()),
            ("SHIM_CALL", self.call.into()),
            ("SHIM_NUMBER", at.to_string().into()),
            ("SHIM_ERROR", self.number.to_string().into()),
            ("SHIM_HEALED", healed.into()),
        ];
        scene.environment.extend(variables);
        scene
    }
}

/// F12: hours and years, forwards and back, while time limits and waits are at work.
pub(super) fn f12_the_clock_jumps() {
    let Some(library) = shim() else { return };
    let mut tally = Tally::of("F12");
    let hour: i64 = 3_600;
    let years: i64 = 10 * 365 * 24 * hour;
    for jump in [hour, -hour, years, -years] {
        for _ in 0..rounds(1, 2) {
            tally.round(&format!("{jump} s"), || {
                let again = "[ $AUR_RUN = 2 ]";
                let slow = "touch $W/up; exec sleep 1000";
                let mut scene = Scene::new(&[("again", again), ("slow", slow), ("sure", "sleep 1.2")], |job| {
                    job.with("/task/processes/0/max_failures", json!(3))
                        .with("/task/processes/0/min_duration_ms", json!(400))
                        .with("/task/processes/1/timeout_ms", json!(1_000))
                        .with("/task/max_failures", json!(0))
                });
                let clock = scene.path("clock");
                let offset: i64 = 0;
                std::fs::write(&clock, offset.to_string()).unwrap();
                let variables: [(&'static str, OsString); 2] =
                    [("LD_PRELOAD", library.into()), ("SHIM_CLOCK", clock.clone().into())];
                scene.environment.extend(variables);
                let begin = std::time::Instant::now();
                scene.start();
                wait_until("the process", || scene.has("up").then_some(()));
                for step in 1..=3 {
                    std::fs::write(&clock, (jump * step).to_string()).unwrap();
                    std::thread::sleep(Duration::from_millis(60));
                }
                scene.finish_as(
                    "again: FAILED code:1, FAILED code:1, SUCCESS code:0\nslow: FAILED signal:15\nsure: SUCCESS code:0\nSUCCESS complete",
                );
                // Two waits of 0.4 s and a limit of a second passed, and no more than a hang guard allows.
                assert!(begin.elapsed().as_millis() >= 1_000, "a time limit came too early");
                0
            });
        }
    }
    tally.close();
}
