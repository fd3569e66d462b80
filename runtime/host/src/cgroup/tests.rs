use std::os::fd::IntoRawFd;
use std::process::{Child, Command};

use super::*;

/// A task group of our own, removed at the end; `None` where we may make none, which is checked instead.
struct Case {
    group: Option<TaskGroup>,
    confinement: Confinement,
    folder: tempfile::TempDir,
}

fn unique() -> String {
    format!("test-{:016x}", crate::boot::random().unwrap())
}

impl Case {
    fn new(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (group, confinement) =
            TaskGroup::open(&unique(), &limits, &folder.path().join("groups")).unwrap();
        if group.is_none() {
            assert_eq!(confinement.mode, Mode::None);
            assert_eq!(confinement.limits, []);
        }
        Self {
            group,
            confinement,
            folder,
        }
    }

    fn record(&self) -> PathBuf {
        self.folder.path().join("groups")
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        if let Some(group) = self.group.take() {
            let folders: Vec<PathBuf> = group.parts.iter().map(|part| part.folder.clone()).collect();
            let all = RunGroup {
                parts: group.parts.clone(),
            };
            let boot = BootId::current().unwrap();
            all.kill(boot);
            wait_until(|| all.members(boot).is_empty());
            group.remove();
            if !std::thread::panicking() {
                assert!(folders.iter().all(|folder| !folder.exists()), "{folders:?}");
            }
        }
    }
}

/// Starts bash inside of a run, as the guard does: it writes to each door before it is bash.
fn start(group: &TaskGroup, run: &RunGroup, script: &str) -> Child {
    use std::os::unix::process::CommandExt;
    let doors: Vec<RawFd> = group
        .doors(run)
        .unwrap()
        .0
        .into_iter()
        .map(IntoRawFd::into_raw_fd)
        .collect();
    let mut command = Command::new("/bin/bash");
    command.args(["-c", script]);
    let inside = doors.clone();
    // SAFETY: the closure makes one system call on descriptors that stay open.
    unsafe {
        command.pre_exec(move || {
            for door in &inside {
                if libc::write(*door, b"0".as_ptr().cast(), 1) != 1 {
                    return Err(io::Error::last_os_error());
                }
            }
            Ok(())
        });
    }
    let child = command.spawn().unwrap();
    for door in doors {
        // SAFETY: the descriptors are ours and are used no more.
        unsafe { libc::close(door) };
    }
    child
}

fn wait_until(mut is_so: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(std::time::Instant::now() < deadline, "never came");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_run_is_followed_and_ended_with_all_it_started() {
    let case = Case::new(Limits::default());
    let Some(group) = &case.group else { return };
    let boot = BootId::current().unwrap();
    let run = group.run("0.0").unwrap();
    assert!(run.members(boot).is_empty());
    let mut child = start(
        group,
        &run,
        "trap '' TERM; setsid env -i sleep 1000 & (env -i setsid sleep 1000 &) ; sleep 1000",
    );
    wait_until(|| run.members(boot).len() == 3);
    run.kill(boot);
    wait_until(|| run.members(boot).is_empty());
    assert_eq!(child.wait().unwrap().code(), None);
    run.remove();
    assert!(!run.exists());
    assert!(run.members(boot).is_empty());
}

#[test]
fn limits_hold_and_are_told() {
    let limits = Limits {
        cpu_us: Some(10_000),
        memory_bytes: Some(64 << 20),
        pids: Some(20),
    };
    let case = Case::new(limits);
    let Some(group) = &case.group else { return };
    if case.confinement.limits.is_empty() {
        return;
    }
    let confinement = &case.confinement;
    assert_eq!(
        confinement.limits,
        [Controller::Cpu, Controller::Memory, Controller::Pids],
        "{confinement:?}"
    );
    assert_eq!(confinement.obstacle, None);
    let run = group.run("0.0").unwrap();
    // More memory than there may be: the kernel kills, and the group says why.
    let mut child = start(
        group,
        &run,
        "x=$(head -c 200000000 /dev/zero | tr '\\0' x); echo ${#x}",
    );
    assert!(!child.wait().unwrap().success());
    assert!(run.oom_kills() > 0);
    let usage = group.usage();
    assert!(usage.memory_peak_bytes.unwrap() <= 64 << 20, "{usage:?}");
    assert!(usage.memory_peak_bytes.unwrap() > 32 << 20, "{usage:?}");
    assert!(usage.throttled_periods.unwrap() > 0, "{usage:?}");
    assert!(usage.throttled_us.unwrap() > 0, "{usage:?}");
    assert!(usage.cpu_us.unwrap() > 0, "{usage:?}");
    assert_eq!(
        usage_of_task(&case.record()).unwrap().memory_peak_bytes,
        usage.memory_peak_bytes
    );
    assert!(usage_of_run(&case.record(), "0.0").unwrap().cpu_us.unwrap() > 0);
    assert_eq!(usage_of_run(&case.record(), "0.1"), None);
    // One run after another has its own count.
    let other = group.run("0.1").unwrap();
    let mut child = start(
        group,
        &other,
        "for i in {1..40}; do sleep 1000 & done 2>/dev/null; wait",
    );
    let boot = BootId::current().unwrap();
    wait_until(|| other.members(boot).len() == 20);
    assert_eq!(group.usage().pids, Some(20));
    assert_eq!(other.oom_kills(), 0);
    other.kill(boot);
    child.wait().unwrap();
    wait_until(|| other.members(boot).is_empty());
}

#[test]
fn the_next_runner_finds_the_groups() {
    let mut case = Case::new(Limits::default());
    let Some(group) = case.group.take() else { return };
    let run = group.run("3.7").unwrap();
    let mut child = start(&group, &run, "sleep 1000");
    let parts = group.parts.clone();
    drop(group);
    // The name no longer counts: the record does.
    let (again, confinement) = TaskGroup::open("other", &Limits::default(), &case.record()).unwrap();
    let again = again.unwrap();
    assert_eq!(again.parts, parts);
    assert_eq!(confinement.mode, case.confinement.mode);
    let boot = BootId::current().unwrap();
    let found = again.find("3.7");
    assert_eq!(found.members(boot).len(), 1);
    found.kill(boot);
    child.wait().unwrap();
    case.group = Some(again);
}

#[test]
fn only_what_is_dead_is_swept() {
    let case = Case::new(Limits::default());
    let Some(group) = &case.group else { return };
    let mut held = Case::new(Limits::default());
    let held_group = held.group.take().unwrap();
    let folders: Vec<PathBuf> = held_group.parts.iter().map(|part| part.folder.clone()).collect();
    let own = folders[0].file_name().unwrap().to_os_string();
    let run = held_group.run("0.0").unwrap();
    let sweep = |age| {
        // Other tests have groups here that are new as well; a sweep may only be tried on our own.
        let names = dead_names(&group.parts[0], age);
        if names.contains(&own) {
            group.sweep_names(std::slice::from_ref(&own));
        }
        folders.iter().filter(|folder| folder.exists()).count()
    };
    assert_eq!(sweep(KEEP), folders.len(), "it is new");
    assert_eq!(sweep(Duration::ZERO), folders.len(), "it is held");
    let mut child = start(&held_group, &run, "sleep 1000");
    drop(held_group);
    assert_eq!(sweep(Duration::ZERO), folders.len(), "something lives in it");
    let boot = BootId::current().unwrap();
    run.kill(boot);
    child.wait().unwrap();
    wait_until(|| run.members(boot).is_empty());
    assert_eq!(sweep(Duration::ZERO), 0);
}

#[test]
fn a_record_names_only_our_folders() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("groups");
    let top = folder.path().join(TOP).join("x");
    std::fs::create_dir_all(&top).unwrap();
    let line = |path: &Path| format!("2 cpu,memory {}\n", path.display());
    std::fs::write(&record, line(&top)).unwrap();
    assert_eq!(Parts::read(&record).unwrap().0.len(), 1);
    for bad in [
        line(folder.path()),
        line(&top.join("y")),
        "3 cpu /\n".to_string(),
        String::new(),
    ] {
        std::fs::write(&record, bad).unwrap();
        assert!(Parts::read(&record).is_none());
    }
}
