//! Limits of processor, memory, processes and disk; groups; running without any of that.
//!
//! Where the system lets us make no groups, the tests of what groups do check instead that this is said.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;

use aur_host::detach;
use aur_runner::{Prepared, RunAs, StopRequest, effective_uid};
use serde_json::{Value, json};

use crate::support::{Case, Job, crash, is_alive, kill, prepare_in, say, wait_until};

const MIB: u64 = 1 << 20;

fn limited(command: &str, cpu: f64, ram_bytes: u64, disk_bytes: u64) -> Job {
    Job::new(&[("p", command)]).with(
        "/task/resources",
        json!({"cpu": cpu, "ram_bytes": ram_bytes, "disk_bytes": disk_bytes}),
    )
}

fn view(case: &Case) -> Value {
    serde_json::to_value(case.state().view().unwrap()).unwrap()
}

/// Whether a limit is enforced. If not, the task has to say so. `AUR_TEST_ISOLATION` names the kind of
/// groups where the system is known to have them, so that no excuse will do.
fn enforces(case: &Case, limit: &str) -> bool {
    let isolation = &view(case)["isolation"];
    let has = isolation["limits"]
        .as_array()
        .unwrap()
        .iter()
        .any(|one| one == limit);
    assert!(has || isolation["note"].is_string(), "{isolation}");
    if let Ok(wanted) = std::env::var("AUR_TEST_ISOLATION") {
        assert!(has && isolation["cgroup"] == wanted, "{isolation}");
    }
    has
}

fn first_run(case: &Case) -> Value {
    view(case)["processes"][0]["runs"][0].clone()
}

/// What is left of a task once its runner is gone, so that all it does is done.
fn finished(case: &Case) -> String {
    let result = case.result();
    wait_until("the end of the runner", || {
        case.state().runner_pid.is_none().then_some(())
    });
    result
}

/// RT-095.
pub(crate) fn a_busy_loop_is_held_back() {
    let spin = "end=$((SECONDS+2)); while [ $SECONDS -lt $end ]; do :; done";
    let case = Case::started(&limited(spin, 0.2, 0, 0));
    assert_eq!(finished(&case), "p: SUCCESS code:0\nSUCCESS complete");
    if !enforces(&case, "cpu") {
        return;
    }
    let (usage, run) = (&view(&case)["usage"], first_run(&case));
    let wall = (run["finished_ms"].as_f64().unwrap() - run["started_ms"].as_f64().unwrap()) / 1000.0;
    let used = usage["cpu_seconds"].as_f64().unwrap();
    // One period more than fits, and what it takes to start and to be reaped.
    assert!(used <= 0.2 * wall + 0.1, "{used} of {wall}");
    assert!(used > 0.0);
    assert!(usage["throttled"]["periods"].as_u64().unwrap() > 0, "{usage}");
    assert!(usage["throttled"]["seconds"].as_f64().unwrap() > 0.0, "{usage}");
}

const HOG: &str = "head -c 300000000 /dev/zero | tail -c 300000000 | wc -c; exit ${PIPESTATUS[1]}";

fn is_oom(case: &Case) {
    let run = first_run(case);
    assert_eq!(
        (run["state"].as_str(), run["reason"].as_str()),
        (Some("FAILED"), Some("oom")),
        "{run}"
    );
    let message = run["message"].as_str().unwrap();
    assert!(
        message.starts_with("out of memory: the task may use 48 MiB; it used "),
        "{message}"
    );
    let peak = view(case)["usage"]["ram_peak_bytes"].as_u64().unwrap();
    assert!((24 * MIB..=48 * MIB).contains(&peak), "{peak}");
}

pub(crate) fn want_of_memory_ends_a_run_and_says_so() {
    let case = Case::started(&limited(HOG, 0.0, 48 * MIB, 0));
    let result = finished(&case);
    if !enforces(&case, "memory") {
        return;
    }
    assert!(result.ends_with("FAILED failures"), "{result}");
    is_oom(&case);
}

/// The group keeps the reason until somebody has read it.
pub(crate) fn want_of_memory_is_known_after_a_crash() {
    let command = format!("echo $$ > pid; while [ ! -e go ]; do sleep 0.01; done; {HOG}");
    let case = Case::prepared(&limited(&command, 0.0, 48 * MIB, 0));
    let runner = case.start();
    let pid: u32 = case.wait_for("pid").trim().parse().unwrap();
    let has_limit = enforces(&case, "memory");
    crash(runner);
    std::fs::write(case.sandbox().join("go"), "").unwrap();
    wait_until("the end of the process", || (!is_alive(pid)).then_some(()));
    case.start();
    finished(&case);
    if has_limit {
        is_oom(&case);
    }
}

/// What the process of the next test does.
pub(crate) fn map_much_touch_little() {
    let mut memory: Vec<u8> = Vec::with_capacity(1 << 30);
    memory.resize(10 << 20, 1);
    say(&format!("{}\n", std::hint::black_box(memory).capacity()));
}

/// RT-097.
pub(crate) fn memory_that_is_not_touched_is_not_used() {
    let program = std::env::current_exe().unwrap();
    let command = format!("'{}' --map-much-touch-little", program.display());
    let case = Case::started(&limited(&command, 0.0, 64 * MIB, 0));
    assert_eq!(finished(&case), "p: SUCCESS code:0\nSUCCESS complete");
    assert_eq!(case.log("p", 0).0, "1073741824\n");
    if enforces(&case, "memory") {
        let peak = view(&case)["usage"]["ram_peak_bytes"].as_u64().unwrap();
        assert!((10 * MIB..64 * MIB).contains(&peak), "{peak}");
    }
}

fn start_with(case: &Case, environment: &[(&str, std::ffi::OsString)]) -> u32 {
    let program = std::env::current_exe().unwrap();
    let arguments = ["--serve".as_ref(), case.folder.path().as_os_str()];
    let heard = detach::start(&program, &arguments, environment, None).unwrap();
    let said: Value = serde_json::from_slice(&heard).unwrap();
    u32::try_from(said["ready"]["pid"].as_u64().unwrap()).unwrap()
}

/// A program that forks without end stays within its bound, hurts nobody, and can be killed.
pub(crate) fn processes_are_bounded_and_end() {
    let bomb = "trap '' TERM; echo x > begun; f() { f | f & }; f 2>/dev/null; sleep 1000";
    let case = Case::prepared(&limited(bomb, 0.0, 0, 0));
    let environment = [("AUR_FAULT_PIDS", "64".into())];
    let probe = Case::started(&Job::new(&[("p", "true")]));
    finished(&probe);
    if !enforces(&probe, "pids") {
        // Nothing would bound it but the system.
        return;
    }
    start_with(&case, &environment);
    case.wait_for("begun");
    wait_until("the bound", || {
        let pids = view(&case)["usage"]["pids"].as_u64().unwrap_or(0);
        assert!(pids <= 64, "{pids}");
        (pids > 32).then_some(())
    });
    assert!(Command::new("true").status().unwrap().success());
    case.stop(StopRequest::Now);
    assert_eq!(finished(&case), "p: KILLED signal:9\nKILLED stopped");
    assert_eq!(case.leftovers(), [] as [u32; 0]);
}

/// Without its parents, its session and its environment, under a runner that did not start it.
pub(crate) fn an_escapee_without_a_sign_ends_with_its_run() {
    let escape = "(env -i setsid bash -c 'trap \"\" TERM; echo $$ > escaped; while :; do sleep 0.1; done' &); sleep 1000";
    let case = Case::prepared(&limited(escape, 0.0, 0, 0));
    let runner = case.start();
    let escaped: u32 = case.wait_for("escaped").trim().parse().unwrap();
    let run = first_run(&case);
    let guard = u32::try_from(run["guard_pid"].as_u64().unwrap()).unwrap();
    let has_groups = view(&case)["isolation"]["cgroup"] != "none";
    kill(runner, "STOP");
    kill(guard, "KILL");
    wait_until("the end of the guard", || (!is_alive(guard)).then_some(()));
    crash(runner);
    case.start();
    case.stop(StopRequest::Now);
    finished(&case);
    if has_groups {
        assert!(!is_alive(escaped));
    } else {
        kill(escaped, "KILL");
    }
}

/// RT-089.
pub(crate) fn a_task_that_fills_its_disk_is_ended() {
    let job = limited("head -c 3000000 /dev/zero > big; sleep 1000", 0.0, 0, MIB)
        .with("/task/processes/0/max_failures", json!(0));
    let case = Case::started(&job);
    assert_eq!(finished(&case), "p: FAILED signal:9\nFAILED disk");
    let run = first_run(&case);
    assert_eq!(run["reason"], "disk", "{run}");
    let message = run["message"].as_str().unwrap();
    let start = "over its disk limit: sandbox and logs of the task may use 1 MiB; they use 2.9 MiB";
    assert_eq!(message, start);
    assert!(view(&case)["usage"]["disk_bytes"].as_u64().unwrap() >= 3_000_000);
}

pub(crate) fn a_write_is_noticed_long_after_the_start() {
    // The first measurement is over by then. The output counts as well.
    let late = "sleep 3; mkdir -p a/b; sleep 4; head -c 2000000 /dev/zero > a/b/c; head -c 2000000 /dev/zero; sleep 1000";
    let case = Case::started(&limited(late, 0.0, 0, 3 * MIB));
    assert_eq!(finished(&case), "p: FAILED signal:9\nFAILED disk");
    assert_eq!(first_run(&case)["reason"], "disk");
}

/// RT-089: what fits is fine, and links lead nowhere.
pub(crate) fn what_fits_is_left_alone_and_counted() {
    let fits = "head -c 500000 /dev/zero > file; ln -s / root; ln -s /dev/zero zero; for i in 1 2 3 4; do ln file l$i; done; sleep 3";
    let case = Case::started(&limited(fits, 0.0, 0, MIB));
    assert_eq!(finished(&case), "p: SUCCESS code:0\nSUCCESS complete");
    let used = view(&case)["usage"]["disk_bytes"].as_u64().unwrap();
    assert!((500_000..MIB).contains(&used), "{used}");
    assert!(enforces(&case, "disk"));
}

pub(crate) fn groups_go_with_their_task() {
    let case = Case::started(&Job::new(&[("a", "echo x > ran; sleep 1000"), ("b", "true")]));
    case.wait_for("ran");
    let groups = case.groups();
    if view(&case)["isolation"]["cgroup"] == "none" {
        assert_eq!(groups, [] as [&std::path::Path; 0]);
        return;
    }
    assert!(groups.iter().all(|group| group.is_dir()), "{groups:?}");
    let members = std::fs::read_to_string(groups[0].join("0.0/cgroup.procs")).unwrap();
    assert!(members.lines().count() >= 1);
    wait_until("the end of b", || {
        (view(&case)["processes"][1]["state"] == "SUCCESS").then_some(())
    });
    // If it was quick, its group waits there for another run, with nothing in it.
    let left = std::fs::read_to_string(groups[0].join("1.0/cgroup.procs"));
    assert_eq!(left.unwrap_or_default(), "");
    let usage = &view(&case)["usage"];
    assert!(usage["cpu_seconds"].as_f64().unwrap() > 0.0, "{usage}");
    assert!(usage["pids"].as_u64().unwrap() >= 1, "{usage}");
    case.stop(StopRequest::Now);
    finished(&case);
    assert!(groups.iter().all(|group| !group.exists()), "{groups:?}");
    assert!(view(&case)["usage"]["cpu_seconds"].as_f64().unwrap() > 0.0);
}

/// Runs one test of this file again, in a surrounding that a command makes.
fn again(name: &str, command: &mut Command) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    // Where the tests were built others may have no way in.
    let program = folder.path().join("again");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    command.arg(&program).args(["--exact", name]);
    command
        .env("TMPDIR", folder.path())
        .env("AUR_TEST_AGAIN", "1")
        .current_dir(folder.path());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{output:?}");
}

fn is_again() -> bool {
    std::env::var_os("AUR_TEST_AGAIN").is_some()
}

fn runs_and_says(note: &str) {
    let case = Case::started(&limited("true", 0.1, 16 * MIB, 0));
    assert_eq!(finished(&case), "p: SUCCESS code:0\nSUCCESS complete");
    let said = json!({"cgroup": "none", "limits": [], "note": note});
    assert_eq!(view(&case)["isolation"], said);
    let started: Vec<Value> = case
        .events()
        .into_iter()
        .filter(|event| event["event"] == "runner_started")
        .collect();
    assert_eq!(started.len(), 1);
    assert_eq!(started[0]["isolation"], said);
}

pub(crate) fn without_permission_it_runs_and_says_so() {
    if is_again() || effective_uid() != 0 {
        let case = Case::started(&Job::new(&[("p", "true")]));
        finished(&case);
        if view(&case)["isolation"]["cgroup"] == "none" {
            runs_and_says(
                "processor time, memory and the number of processes are not limited: \
                 control groups cannot be used: Permission denied (os error 13)",
            );
        } else {
            assert!(!is_again(), "a stranger may make groups here");
        }
        return;
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=1000", "--regid=1000", "--clear-groups"]);
    again("without_permission_it_runs_and_says_so", &mut command);
}

pub(crate) fn on_a_read_only_system_it_runs_and_says_so() {
    if is_again() {
        runs_and_says(
            "processor time, memory and the number of processes are not limited: \
             control groups cannot be used: Read-only file system (os error 30)",
        );
    } else if effective_uid() == 0 {
        let script = "grep -E ' cgroup2? ' /proc/mounts | cut -d' ' -f2 | \
                      while read -r m; do mount -o remount,bind,ro \"$m\" || exit 1; done && exec \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["--mount", "bash", "-o", "pipefail", "-c", script, "bash"]);
        again("on_a_read_only_system_it_runs_and_says_so", &mut command);
    }
}

/// With the tree of version 2 out of sight: what follows and ends runs then are the trees of version 1.
pub(crate) fn groups_of_version_one_alone_do_the_same() {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap();
    let has = |kind: &str| mounts.lines().any(|line| line.split(' ').nth(2) == Some(kind));
    if effective_uid() != 0 || !has("cgroup") || !has("cgroup2") {
        return;
    }
    let script = "grep ' cgroup2 ' /proc/mounts | cut -d' ' -f2 | \
                  while read -r m; do umount \"$m\" || exit 1; done && exec \"$@\"";
    for name in [
        "an_escapee_without_a_sign_ends_with_its_run",
        "processes_are_bounded_and_end",
        "want_of_memory_ends_a_run_and_says_so",
        "groups_go_with_their_task",
    ] {
        let mut command = Command::new("unshare");
        command.args(["--mount", "bash", "-o", "pipefail", "-c", script, "bash"]);
        command.env("AUR_TEST_ISOLATION", "v1");
        again(name, &mut command);
    }
}

/// RT-066.
pub(crate) fn a_process_has_its_own_descriptors_and_mask() {
    let look = "umask; for fd in {0..1023}; do [ -e /proc/$$/fd/$fd ] && echo $fd; done; echo x 2>/dev/null >&7; echo $?";
    let case = Case::started(&Job::new(&[("p", look)]));
    finished(&case);
    assert_eq!(case.log("p", 0).0, "0022\n0\n1\n2\n1\n");
}

/// A state folder that everybody may pass through, unlike those of other tests.
fn open_root() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn as_role(name: &str, command: &str) -> Job {
    let mut job = Job::new(&[("p", command)])
        .with("/role", json!(name))
        .with("/key", json!(format!("c/{name}/e/n")))
        .with("/task/files", json!({"given/file": "content"}));
    job.run_as = RunAs::Role;
    job
}

/// RT-068, RT-091.
pub(crate) fn a_task_runs_as_its_role() {
    if effective_uid() != 0 {
        return;
    }
    let look = "set -e; id -u; id -g; id -G; echo $USER $LOGNAME; grep -E '^(NoNewPrivs|CapEff|CapPrm|CapInh|CapAmb)' /proc/self/status; \
                cd \"$HOME\"; cat given/file; echo more > given/file; touch new; echo; \
                stat -c %U:%G:%a . given new; echo again >> /dev/stdout; \
                ls \"$AUR_SANDBOX/..\" 2>/dev/null || echo closed; cat ../journal 2>/dev/null || echo closed";
    let root = open_root();
    // An account that every system has, with its own group and no other.
    let job = as_role("nobody", look);
    let folder = match prepare_in(root.path(), &job).unwrap() {
        Prepared::Created(folder) => folder,
        other => panic!("{other:?}"),
    };
    let case = Case::of(folder);
    case.start();
    assert_eq!(
        finished(&case),
        "p: SUCCESS code:0\nSUCCESS complete",
        "{:?}",
        case.log("p", 0)
    );
    let ids = |flag: &str| {
        let output = Command::new("id").args([flag, "nobody"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let (user, group) = (ids("-un"), ids("-gn"));
    let owner = format!("{}:{}", user.trim(), group.trim());
    let none = "0000000000000000";
    assert_eq!(
        case.log("p", 0).0,
        format!(
            "{}{}{}nobody nobody\nCapInh:\t{none}\nCapPrm:\t{none}\nCapEff:\t{none}\nCapAmb:\t{none}\nNoNewPrivs:\t1\ncontent\n\
             {owner}:700\n{owner}:755\n{owner}:644\nagain\nclosed\nclosed\n",
            ids("-u"),
            ids("-g"),
            ids("-G"),
        )
    );
    let uid: u32 = ids("-u").trim().parse().unwrap();
    let logs = case.state().logs("p", 0);
    for path in [
        logs.stdout.as_path(),
        logs.stderr.as_path(),
        logs.stdout.parent().unwrap(),
    ] {
        assert_eq!(std::fs::metadata(path).unwrap().uid(), uid, "{}", path.display());
    }
    assert_eq!(std::fs::metadata(case.folder.plan()).unwrap().uid(), 0);
}

/// RT-090.
/// What asks a process whether it is ready has no more rights than the process.
pub(crate) fn a_probe_runs_as_the_role() {
    if effective_uid() != 0 {
        return;
    }
    let root = open_root();
    let probe = "id -u > asked; grep NoNewPrivs /proc/self/status >> asked";
    let job = as_role("nobody", "while [ ! -e go ]; do sleep 0.01; done").with(
        "/task/processes/0/ready",
        json!({"check": {"exec": {"cmdline": probe}}, "every_ms": 10, "timeout_ms": 5000, "within_ms": 60000}),
    );
    let folder = match prepare_in(root.path(), &job).unwrap() {
        Prepared::Created(folder) => folder,
        other => panic!("{other:?}"),
    };
    let case = Case::of(folder);
    case.start();
    wait_until("readiness", || {
        case.state().view()?.processes[0].ready.then_some(())
    });
    let asked = std::fs::read_to_string(case.sandbox().join("asked")).unwrap();
    std::fs::write(case.sandbox().join("go"), "").unwrap();
    case.result();
    let uid = Command::new("id").args(["-u", "nobody"]).output().unwrap();
    let uid = String::from_utf8(uid.stdout).unwrap();
    assert_eq!(asked, format!("{uid}NoNewPrivs:\t1\n"));
}

pub(crate) fn a_role_that_cannot_be_taken_leaves_nothing() {
    let root = open_root();
    let refused = |root: &std::path::Path, name: &str| {
        let error = prepare_in(root, &as_role(name, "true")).unwrap_err();
        assert!(!root.join("tasks").exists());
        assert_eq!(error.kind(), aur_runner::Kind::Unusable);
        (error.to_string(), error.help().unwrap().to_string())
    };
    if effective_uid() != 0 {
        let (message, help) = refused(root.path(), "nobody");
        assert_eq!(message, "cannot run the task as `nobody`: only root can do that");
        assert_eq!(
            help,
            "run it as root, or leave --as-role out to run it as yourself"
        );
        return;
    }
    let (message, help) = refused(root.path(), "no one of that name");
    assert_eq!(
        message,
        "cannot run the task as `no one of that name`: there is no such account on this machine"
    );
    assert_eq!(
        help,
        "create the account, or leave --as-role out to run it as yourself"
    );
    let closed = tempfile::tempdir().unwrap();
    std::fs::set_permissions(closed.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let (message, help) = refused(&closed.path().join("state"), "nobody");
    let place = closed.path().display();
    assert_eq!(
        message,
        format!("cannot run the task as `nobody`: it may not enter {place}")
    );
    assert_eq!(
        help,
        "choose a state folder with --root that everybody may pass through"
    );
    let mut command = Command::new("setpriv");
    command.args(["--reuid=1000", "--regid=1000", "--clear-groups"]);
    again("a_role_that_cannot_be_taken_leaves_nothing", &mut command);
}
