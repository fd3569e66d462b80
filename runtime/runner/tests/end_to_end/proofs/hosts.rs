//! Machines on which something is missing, full, or used twice.

use std::path::Path;
use std::process::{Child, Command};

use serde_json::json;

use super::{Scene, Tally, inside, needs_root, rounds, strike};
use crate::support::{crash, is_alive, wait_until};

/// What of the task is on the full disk.
const PARTS: [&str; 3] = ["state", "sandbox", "logs"];

/// F7: nothing new starts while there is no space for what is recorded or written; all goes on after that.
pub(super) fn f07_a_disk_is_full() {
    let mounted = "export TMPDIR=\"$PLACE/full\" AUR_TEST_WITNESSES=\"$PLACE\"; mkdir \"$TMPDIR\"; \
                   mount -t tmpfs -o size=2m tmpfs \"$TMPDIR\" || exit 1";
    if !inside("f07_a_disk_is_full", &["-m"], mounted) {
        return;
    }
    let mut tally = Tally::of("F7");
    for _ in 0..rounds(1, 7) {
        for part in PARTS {
            tally.round(part, || full(part));
        }
    }
    tally.close();
}

fn full(part: &str) -> usize {
    // What the sandbox has no room for is the business of the process, which says so.
    let a = "touch $W/up; while [ ! -e $W/go ]; do sleep 0.01; done; echo x > mine || exit 3";
    let b = "[ -e $W/done ] || echo b >> $W/early; echo hello";
    let mut scene = Scene::new(&[("a", a), ("b", b)], |job| {
        job.with(
            "/task/order",
            json!([{"before": "a", "after": "b", "on": "success"}]),
        )
    });
    let life = scene.case.folder.life(0);
    let place = match part {
        "state" => scene.case.root(),
        "sandbox" => life.sandbox(),
        _ => {
            let logs = life.all_logs();
            std::fs::create_dir_all(logs.join("a")).unwrap();
            logs
        }
    };
    let is_own = part != "state";
    if is_own {
        mount(&["-t", "tmpfs", "-o", "size=256k", "tmpfs"], &place);
    }
    scene.start();
    wait_until("the process", || scene.has("up").then_some(()));
    let filler = place.join("filler");
    // Until the last byte: the kernel gives space by pages.
    let fill = format!(
        "head -c 8M /dev/zero > '{0}'; head -c 4095 /dev/zero >> '{0}'",
        filler.display()
    );
    let _ = Command::new("bash")
        .args(["-c", &fill])
        .stderr(std::process::Stdio::null())
        .status();
    scene.write("done");
    scene.write("go");
    if part == "sandbox" {
        let found = scene.finish();
        std::fs::remove_file(&filler).unwrap();
        umount(&place);
        assert!(found == "a: FAILED code:3\nb: \nFAILED failures", "{found}");
        return 0;
    }
    std::thread::sleep(std::time::Duration::from_millis(400));
    let entries = std::fs::read_dir(scene.witness.path()).unwrap().flatten();
    let has_started = entries
        .map(|entry| entry.file_name())
        .any(|name| name.to_string_lossy().ends_with(".b.0"));
    assert!(part != "state" || !has_started, "something new was started");
    std::fs::remove_file(&filler).unwrap();
    // On the state's disk the sandbox was full as well, so the process may have failed by itself.
    let found = scene.finish();
    if is_own {
        umount(&place);
    }
    let whole = "a: SUCCESS code:0\nb: SUCCESS code:0\nSUCCESS complete";
    let failed = "a: FAILED code:3\nb: \nFAILED failures";
    // What it says has no place: the process sees that, and says so by its code.
    let unheard = "a: SUCCESS code:0\nb: FAILED code:1\nFAILED failures";
    let other = if part == "state" { failed } else { unheard };
    assert!(found == whole || found == other, "{found}");
    0
}

fn mount(words: &[&str], place: &Path) {
    let status = Command::new("mount").args(words).arg(place).status().unwrap();
    assert!(status.success(), "cannot mount {}", place.display());
}

fn umount(place: &Path) {
    let _ = Command::new("umount").arg("-l").arg(place).status();
}

/// F8.
pub(super) fn f08_the_sandbox_is_not_what_it_was() {
    if !inside("f08_the_sandbox_is_not_what_it_was", &["-m"], ":") {
        return;
    }
    let mut tally = Tally::of("F8");
    for _ in 0..rounds(1, 5) {
        for kind in ["missing", "a file", "a link", "read-only", "closed", "removed"] {
            tally.round(kind, || odd_sandbox(kind));
        }
    }
    tally.close();
}

fn odd_sandbox(kind: &str) -> usize {
    let a = "touch $W/up; [ -n \"$QUICK\" ] || while [ ! -e $W/go ]; do sleep 0.01; done; echo x > mine || exit 3";
    let mut scene = Scene::new(&[("a", a), ("b", "true")], |job| {
        job.with(
            "/task/order",
            json!([{"before": "a", "after": "b", "on": "success"}]),
        )
    });
    scene.write("go");
    let sandbox = scene.case.folder.life(0).sandbox();
    let away = scene.path("elsewhere");
    match kind {
        "missing" => std::fs::remove_dir_all(&sandbox).unwrap(),
        "a file" => {
            std::fs::remove_dir_all(&sandbox).unwrap();
            std::fs::write(&sandbox, "").unwrap();
        }
        "a link" => {
            std::fs::rename(&sandbox, &away).unwrap();
            std::os::unix::fs::symlink(&away, &sandbox).unwrap();
        }
        "read-only" => {
            mount(&["--bind", sandbox.to_str().unwrap()], &sandbox);
            mount(&["-o", "remount,ro,bind"], &sandbox);
        }
        "closed" => {
            let closed = std::os::unix::fs::PermissionsExt::from_mode(0o000);
            std::fs::set_permissions(&sandbox, closed).unwrap();
        }
        _ => std::fs::remove_file(scene.path("go")).unwrap(),
    }
    scene.start();
    if kind == "removed" {
        wait_until("the process", || scene.has("up").then_some(()));
        std::fs::remove_dir_all(&sandbox).unwrap();
        scene.write("go");
    }
    let found = scene.finish();
    if kind == "read-only" {
        umount(&sandbox);
    }
    let whole = "a: SUCCESS code:0\nb: SUCCESS code:0\nSUCCESS complete";
    let refused = "a: FAILED\nb: \nFAILED failures";
    let failed = "a: FAILED code:3\nb: \nFAILED failures";
    let is_root = aur_runner::effective_uid() == 0;
    let is_right = match kind {
        "missing" | "a file" => found == refused,
        "a link" => found == whole || found == refused,
        "read-only" | "removed" => found == failed,
        _ => found == if is_root { whole } else { refused },
    };
    assert!(is_right, "{found}");
    0
}

/// F13: everybody is dead and their numbers belong to others, whom nobody may touch.
pub(super) fn f13_a_process_number_comes_again() {
    let name = "f13_a_process_number_comes_again";
    if needs_root(name) || !inside(name, &["-p", "-f", "--mount-proc"], ":") {
        return;
    }
    let mut tally = Tally::of("F13");
    for round in 0..rounds(2, 50) {
        tally.round(&format!("round {round}"), || {
            let command = "[ $AUR_RUN = 1 ] || { touch $W/up; exec sleep 1000; }";
            let mut scene = Scene::new(&[("p", command)], |job| job);
            let runner = scene.start().unwrap();
            let (pid, guard) = wait_until("the process", || {
                let run = scene.case.state().view().unwrap().processes[0]
                    .runs
                    .first()
                    .cloned()?;
                Some((run.pid?, run.guard_pid?)).filter(|_| scene.has("up"))
            });
            crash(runner);
            // One of them alone, or both: then nobody saw the end.
            let is_seen = round % 2 == 0;
            if !is_seen {
                strike(guard);
            }
            strike(pid);
            let gone: Vec<u32> = [runner, pid, guard].into_iter().collect();
            wait_until("their ends", || {
                gone.iter()
                    .all(|pid| !Path::new(&format!("/proc/{pid}")).exists())
                    .then_some(())
            });
            let mut innocents: Vec<Child> = gone.iter().filter_map(|pid| reuse(*pid)).collect();
            assert!(!innocents.is_empty(), "no number came again");
            let found = scene.finish();
            let wanted = if is_seen {
                "p: FAILED signal:9\nFAILED failures"
            } else {
                "p: LOST, SUCCESS code:0\nSUCCESS complete"
            };
            assert!(found == wanted, "{found}");
            for innocent in &mut innocents {
                assert!(is_alive(innocent.id()), "somebody else's process was ended");
                innocent.kill().unwrap();
                innocent.wait().unwrap();
            }
            2
        });
    }
    tally.close();
}

/// Starts a process under a number that was somebody's.
fn reuse(pid: u32) -> Option<Child> {
    for _ in 0..50 {
        std::fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).ok()?;
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        if child.id() == pid {
            return Some(child);
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    None
}

/// F17: narrow limits for the first runner; the next one has its usual ones.
pub(super) fn f17_the_limits_of_the_system_are_narrow() {
    let mut tally = Tally::of("F17");
    let names: Vec<String> = (0..12).map(|number| format!("p{number:02}")).collect();
    let limits = [
        "ulimit -n 32",
        "ulimit -f 0",
        "ulimit -v 60000",
        "ulimit -v 20000",
        "ulimit -u 1",
        "ulimit -s 64",
    ];
    for _ in 0..rounds(1, 5) {
        for limit in limits {
            tally.round(limit, || {
                let processes: Vec<(&str, &str)> = names
                    .iter()
                    .map(|name| (name.as_str(), "sleep 0.05; echo hello"))
                    .collect();
                let mut scene = Scene::new(&processes, |job| job.with("/task/max_failures", json!(0)));
                let script = format!("{limit}; exec \"$@\"");
                scene.start_under(&["/bin/bash", "-c", &script, "-"]);
                let found = scene.finish();
                let lines: Vec<&str> = found.lines().collect();
                for line in &lines[..lines.len() - 1] {
                    // A start that failed, or a process that the limit ended: both are said as they are.
                    let (_, how) = line.split_once(": ").unwrap();
                    let is_right = how == "SUCCESS code:0" || how.starts_with("FAILED");
                    assert!(is_right, "{limit}: {found}\n{}", scene.case.runner_log());
                }
                assert!(found.ends_with("SUCCESS complete"), "{found}");
                0
            });
        }
    }
    tally.close();
}
