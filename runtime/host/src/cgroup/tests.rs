use std::process::{Child, Command};

use super::*;
use crate::boot::BootId;

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
                handles: None,
                heritage: None,
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
fn start(doors: &Doors, script: &str) -> Child {
    use std::os::unix::process::CommandExt;
    let inside = doors.raw();
    let mut command = Command::new("/bin/bash");
    command.args(["-c", script]);
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
    command.spawn().unwrap()
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
    let mut case = Case::new(Limits::default());
    let Some(group) = &mut case.group else { return };
    let boot = BootId::current().unwrap();
    let (run, run_doors) = group.begin(0, 0).unwrap();
    assert!(run.members(boot).is_empty());
    let mut child = start(
        &run_doors,
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
    let mut case = Case::new(limits);
    let record = case.record();
    let Some(group) = &mut case.group else { return };
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
    let (run, run_doors) = group.begin(0, 0).unwrap();
    // More memory than there may be: the kernel kills, and the group says why.
    let mut child = start(
        &run_doors,
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
        usage_of_task(&record).unwrap().memory_peak_bytes,
        usage.memory_peak_bytes
    );
    assert!(usage_of_run(&record, 0, 0, None).unwrap().cpu_us.unwrap() > 0);
    assert_eq!(usage_of_run(&record, 0, 1, None), None);
    // One run after another has its own count.
    let (other, other_doors) = group.begin(0, 1).unwrap();
    let mut child = start(
        &other_doors,
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
    let Some(mut group) = case.group.take() else {
        return;
    };
    let (_, run_doors) = group.begin(3, 7).unwrap();
    let mut child = start(&run_doors, "sleep 1000");
    let parts = group.parts.clone();
    drop(group);
    // The name no longer counts: the record does.
    let (again, confinement) = TaskGroup::open("other", &Limits::default(), &case.record()).unwrap();
    let again = again.unwrap();
    assert_eq!(again.parts, parts);
    assert_eq!(confinement.mode, case.confinement.mode);
    let boot = BootId::current().unwrap();
    let found = again.of_run(3, 7, None);
    assert_eq!(found.members(boot).len(), 1);
    found.kill(boot);
    child.wait().unwrap();
    case.group = Some(again);
}

#[test]
fn only_what_is_dead_is_swept() {
    let mut case = Case::new(Limits::default());
    let Some(group) = &mut case.group else { return };
    let mut held = Case::new(Limits::default());
    let mut held_group = held.group.take().unwrap();
    let folders: Vec<PathBuf> = held_group.parts.iter().map(|part| part.folder.clone()).collect();
    let own = folders[0].file_name().unwrap().to_os_string();
    let (run, run_doors) = held_group.begin(0, 0).unwrap();
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
    let mut child = start(&run_doors, "sleep 1000");
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

/// What the counters of a run say when it is over.
fn run_once(group: &mut TaskGroup, run: u32, script: &str) -> (RunGroup, Spent) {
    let (own, doors) = group.begin(0, run).unwrap();
    assert!(start(&doors, script).wait().unwrap().success());
    let boot = BootId::current().unwrap();
    wait_until(|| own.members(boot).is_empty());
    let spent = own.spent();
    group.end(&own);
    (own, spent)
}

#[test]
fn a_short_run_leaves_its_group_to_the_next() {
    let mut case = Case::new(Limits::default());
    let record = case.record();
    let Some(group) = &mut case.group else { return };
    let (first, spent) = run_once(group, 0, "for ((i = 0; i < 10000; i++)); do :; done");
    assert_eq!(first.heritage(), None);
    assert!(first.exists(), "it waits for the next");
    let cpu_us = spent.cpu_us.unwrap();
    let (second, doors) = group.begin(5, 1).unwrap();
    let heritage = second.heritage().unwrap();
    assert_eq!((heritage.process, heritage.run), (0, 0));
    assert_eq!(heritage.cpu_us, cpu_us);
    // Whoever looks on finds it, and is told what this run used, without what was used before.
    let mut child = start(&doors, "read -r _");
    let found = usage_of_run(&record, 5, 1, Some(heritage)).unwrap();
    assert!(found.cpu_us.unwrap() < cpu_us, "{found:?}, {spent:?}");
    let boot = BootId::current().unwrap();
    assert_eq!(usage_of_run(&record, 5, 1, None), None);
    assert_eq!(group.of_run(5, 1, Some(heritage)).parts, first.parts);
    child.wait().unwrap();
    wait_until(|| second.members(boot).is_empty());
    assert!(second.spent().cpu_us.unwrap() < cpu_us);
    if let (Some(before), Some(after)) = (spent.memory_peak_bytes, second.spent().memory_peak_bytes) {
        assert!(before > 0 && after > 0, "{before} {after}");
    }
    group.end(&second);
}

#[test]
fn the_peak_of_a_run_is_its_own() {
    let mut case = Case::new(Limits::default());
    let Some(group) = &mut case.group else { return };
    let (first, large) = run_once(group, 0, "x=$(head -c 20000000 /dev/zero | tr '\\0' x)");
    let (_, small) = run_once(group, 1, "true");
    let (Some(large), Some(small)) = (large.memory_peak_bytes, small.memory_peak_bytes) else {
        return;
    };
    assert!(large > 20_000_000 && small < 10_000_000, "{large} {small}");
    drop(first);
}

#[test]
fn a_group_that_somebody_changed_is_not_used_again() {
    let mut case = Case::new(Limits::default());
    let Some(group) = &mut case.group else { return };
    let memory = |run: &RunGroup| run.parts.last().unwrap().folder.clone();
    let changes: [fn(&Path); 4] = [
        |folder| std::fs::create_dir(folder.join("below")).unwrap(),
        |folder| {
            std::fs::create_dir(folder.join("below")).unwrap();
            std::fs::remove_dir(folder.join("below")).unwrap();
        },
        |folder| {
            let files = ["memory.limit_in_bytes", "memory.high", "cgroup.max.depth"];
            let file = files
                .iter()
                .map(|file| folder.join(file))
                .find(|file| file.exists());
            std::fs::write(file.unwrap(), "1000000").unwrap();
        },
        |folder| {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::Permissions::from_mode(0o700);
            std::fs::set_permissions(folder.join("cgroup.procs"), mode).unwrap();
        },
    ];
    for (run, change) in (0_u32..).zip(changes) {
        let (own, _) = group.begin(0, run).unwrap();
        change(&memory(&own));
        group.end(&own);
        assert!(!own.exists(), "{run}");
    }
    // One that ended its processes, and one that was used for long.
    let (own, _) = group.begin(0, 9).unwrap();
    own.kill(BootId::current().unwrap());
    group.end(&own);
    assert!(!own.exists());
    let (own, _) = group.begin(0, 10).unwrap();
    std::thread::sleep(Duration::from_millis(1_050));
    group.end(&own);
    assert!(!own.exists());
    let (own, _) = group.begin(0, 11).unwrap();
    group.end(&own);
    assert!(own.exists(), "the control: an unchanged one stays");
}

#[test]
fn the_group_of_a_run_that_was_not_started_goes() {
    let mut case = Case::new(Limits::default());
    let Some(group) = &mut case.group else { return };
    let (own, _) = group.begin(0, 3).unwrap();
    group.release(&own);
    assert!(!own.exists());
    let (other, _) = group.begin(0, 4).unwrap();
    assert_eq!(other.heritage(), None);
    assert_ne!(other.parts, own.parts);
}
