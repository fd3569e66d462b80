//! Stops of what does not want to be stopped.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use aur_runner::{Progress, StopRequest};
use serde_json::json;

use super::{Scene, Tally, needs_root, rounds, strike};
use crate::support::{HANG, crash, is_alive, say, wait_until};

/// How somebody hides: each writes its number into `$W/hid`.
const WAYS: [(&str, &str); 7] = [
    (
        "a session of its own",
        "setsid bash -c 'echo $$ > $W/hid; exec sleep 1000' &",
    ),
    (
        "a double fork",
        "( (bash -c 'echo $$ > $W/hid; exec sleep 1000' &) )",
    ),
    (
        "a group of its own",
        "set -m; bash -c 'echo $$ > $W/hid; exec sleep 1000' & set +m",
    ),
    (
        "a deaf one",
        "(trap '' TERM HUP INT; bash -c 'trap \"\" TERM; echo $$ > $W/hid; while :; do sleep 0.1; done' &)",
    ),
    (
        "a stopped one",
        "bash -c 'echo $$ > $W/hid; kill -STOP $$; sleep 1000' &",
    ),
    (
        "another user",
        "setpriv --reuid=65534 --clear-groups bash -c 'echo $$ > $W/hid; exec sleep 1000' &",
    ),
    (
        "a moved one",
        "bash -c 'for g in /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/cgroup.procs; do echo $$ > $g; done 2>/dev/null; \
      echo $$ > $W/hid; exec sleep 1000' &",
    ),
];

/// F16: they end with the run whose they are, however that ends.
pub(super) fn f16_whoever_hides_is_ended() {
    let mut tally = Tally::of("F16");
    let is_root = aur_runner::effective_uid() == 0;
    for round in 0..rounds(1, 7) {
        for (way, (name, hide)) in WAYS.iter().enumerate() {
            if !is_root && (*name == "another user" || *name == "a moved one") {
                continue;
            }
            // In a quick round each of them meets one way of ending, in turns.
            for (place, end) in ["ends", "is stopped", "is killed", "loses its runner"]
                .iter()
                .enumerate()
            {
                if rounds(0, 1_000) == 0 && place != (way + round) % 4 {
                    continue;
                }
                tally.round(&format!("{name}, the run {end}"), || hidden(hide, end));
            }
        }
    }
    tally.close();
}

fn hidden(hide: &str, end: &str) -> usize {
    let command = format!(
        "{hide}\n while [ ! -s $W/hid ]; do sleep 0.005; done; while [ ! -e $W/go ]; do sleep 0.01; done; exit 0"
    );
    let mut scene = Scene::new(&[("p", &command)], |job| {
        job.with("/task/finalization_wait_ms", json!(600))
    });
    if aur_runner::effective_uid() == 0 {
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        std::fs::set_permissions(scene.witness.path(), open).unwrap();
    }
    let runner = scene.start().unwrap();
    let pid: u32 = wait_until("who hides", || scene.read("hid").trim().parse().ok());
    match end {
        "ends" => scene.write("go"),
        "is stopped" => scene.case.stop(StopRequest::Graceful { grace_ms: None }),
        "is killed" => scene.case.stop(StopRequest::Now),
        _ => {
            crash(runner);
            scene.write("go");
        }
    }
    let found = scene.finish();
    assert!(!is_alive(pid), "left behind: process {pid}: {}", scene.told());
    let wanted = match end {
        "ends" | "loses its runner" => "p: SUCCESS code:0\nSUCCESS complete",
        _ => "p: KILLED signal:",
    };
    assert!(found.starts_with(wanted), "{found}");
    usize::from(end == "loses its runner")
}

/// F18: a process that not even SIGKILL ends, as it is frozen in a group of version 1.
pub(super) fn f18_what_nothing_ends_holds_nobody() {
    let name = "f18_what_nothing_ends_holds_nobody";
    let freezer = Path::new("/sys/fs/cgroup/freezer");
    if needs_root(name) || !freezer.join("tasks").exists() {
        say(&format!(
            "{name}: there is no freezer of version 1, so not tried\n"
        ));
        return;
    }
    let mut tally = Tally::of("F18");
    for round in 0..rounds(1, 2) {
        tally.round(&format!("round {round}"), || {
            let scene = Scene::new(&[("p", "echo $$ > $W/pid; sleep 1000")], |job| {
                job.with("/task/finalization_wait_ms", json!(600))
            });
            scene.start();
            let pid: u32 = wait_until("the process", || scene.read("pid").trim().parse().ok());
            let frozen = Frozen::new(freezer.join(format!("aur-test-{pid}")), pid);
            let begin = Instant::now();
            scene.case.stop(StopRequest::Graceful { grace_ms: None });
            while scene.case.state().progress != Progress::Over {
                assert!(begin.elapsed() < HANG, "hangs: {}", scene.told());
                std::thread::sleep(Duration::from_millis(20));
            }
            let found = scene.case.summary();
            drop(frozen);
            strike(pid);
            scene.judge();
            assert!(found == "p: LOST\nKILLED stopped", "{found}");
            let run = scene.case.state().view().unwrap().processes[0].runs[0].clone();
            let wanted = "SIGKILL had no effect for 10 s: something of it may live on";
            assert_eq!(run.message.as_deref(), Some(wanted));
            0
        });
    }
    tally.close();
}

/// A frozen group; what is in it is thawed in the end.
struct Frozen(PathBuf);

impl Frozen {
    fn new(path: PathBuf, pid: u32) -> Self {
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("tasks"), pid.to_string()).unwrap();
        std::fs::write(path.join("freezer.state"), "FROZEN").unwrap();
        Self(path)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        let _ = std::fs::write(self.0.join("freezer.state"), "THAWED");
        for _ in 0..200 {
            if std::fs::remove_dir(&self.0).is_ok() {
                return;
            }
            let pids = std::fs::read_to_string(self.0.join("tasks")).unwrap_or_default();
            pids.lines().filter_map(|pid| pid.parse().ok()).for_each(strike);
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// F24: never before its time; how much later is a measurement, and printed.
pub(super) fn f24_sigkill_comes_in_time() {
    let mut tally = Tally::of("F24");
    let mut late: Vec<u128> = Vec::new();
    for round in 0..rounds(2, 25) {
        tally.round(&format!("round {round}"), || {
            let command = "trap 'touch $W/term' TERM; touch $W/up; while :; do sleep 0.01; done";
            let mut scene = Scene::new(&[("p", command)], |job| {
                job.with("/task/finalization_wait_ms", json!(2_000))
            });
            scene.start();
            wait_until("the process", || scene.has("up").then_some(()));
            let begin = Instant::now();
            scene.case.stop(StopRequest::Graceful { grace_ms: None });
            scene.finish_as("p: KILLED signal:9\nKILLED stopped");
            let taken = begin.elapsed().as_millis();
            assert!(scene.has("term"), "SIGKILL came before SIGTERM");
            // Half of the budget belongs to final processes.
            assert!(taken >= 1_000, "SIGKILL came after {taken} ms");
            late.push(taken - 1_000);
            1
        });
    }
    late.sort_unstable();
    say(&format!(
        "F24: SIGKILL and the end came {} to {} ms after a deadline of 1,000 ms\n",
        late.first().unwrap_or(&0),
        late.last().unwrap_or(&0)
    ));
    tally.close();
}
