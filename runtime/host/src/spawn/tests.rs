use super::*;
use crate::folder::append_to;
use crate::guard::Packaging;
use crate::process::{Exit, Signal};
use crate::reap;
use crate::run_file::{End, Recorded, Stage, look};

struct Case {
    folder: tempfile::TempDir,
    boot: BootId,
}

impl Case {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            boot: BootId::current().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&self, program: &str, argument: &str, directory: &Path) -> Result<Running, SpawnError> {
        // The end of a process whose guard is gone comes to us.
        process::adopt_orphans().unwrap();
        let run_file = RunFile::claim(&self.path("run"), 0, self.boot).unwrap();
        let launch = Launch {
            program: Path::new(program),
            arguments: &[OsStr::new("-c"), OsStr::new(argument)],
            environment: &[("ONLY".into(), "this".into())],
            directory,
            stdout: append_to(&self.path("out")).unwrap(),
            stderr: append_to(&self.path("err")).unwrap(),
            descriptor_limit: DescriptorLimit::raise().unwrap(),
            boot: self.boot,
            leftover_wait: Duration::from_millis(100),
            doors: &Doors::default(),
            role: None,
        };
        let guard = GuardProgram::prepare(self.folder.path());
        assert_eq!(guard.packaging(), Packaging::Memory);
        let started = spawn(&launch, &run_file, &guard);
        if let Err(error) = &started {
            run_file.record_failed_start(error.error_number()).unwrap();
        }
        started
    }

    fn stage(&self) -> Stage {
        look(&self.path("run"), 0, self.boot, self.boot).unwrap().stage
    }

    fn run(&self, script: &str) -> (Exit, String) {
        self.start("/bin/bash", script, self.folder.path()).unwrap();
        (self.exit(), std::fs::read_to_string(self.path("out")).unwrap())
    }

    /// Waits for the guard and returns the exit that it recorded.
    fn exit(&self) -> Exit {
        let guard = self.recorded().guard.unwrap();
        assert_eq!(reap::wait_for(guard.pid).unwrap(), Exit::Code(0));
        match self.recorded().end {
            Some((End::Seen(exit), _)) => exit,
            other => panic!("{other:?}"),
        }
    }

    fn recorded(&self) -> Recorded {
        RunFile::reopen(&self.path("run"), 0).unwrap().recorded().unwrap()
    }
}

#[test]
fn a_child_has_a_clean_slate() {
    let case = Case::new();
    // A descriptor of ours that is not close-on-exec must not reach the child.
    let leak = File::open("/dev/null").unwrap();
    let leaked = nix::unistd::dup(&leak).unwrap();
    let (exit, out) = case.run(
        "ls -m /proc/$$/fd; umask; pwd; echo only $ONLY home $HOME; \
         grep -oE '^Sig(Blk|Ign).*[0-9a-f]{8}' /proc/self/status; \
         read -r _ _ _ _ pgrp session _ < /proc/$$/stat; \
         [ $pgrp = $$ ] && [ $session = $$ ] && echo own session",
    );
    drop(leaked);
    assert_eq!(exit, Exit::Code(0));
    let fds = out.lines().next().unwrap();
    assert_eq!(fds, "0, 1, 2");
    let rest: Vec<&str> = out.lines().skip(1).collect();
    let pwd = case.folder.path().canonicalize().unwrap();
    assert_eq!(
        rest,
        [
            "0022",
            pwd.to_str().unwrap(),
            "only this home",
            "SigBlk:\t0000000000000000",
            "SigIgn:\t0000000000000000",
            "own session"
        ]
    );
}

#[test]
fn the_child_records_itself_before_it_is_bash_and_the_guard_its_end() {
    let case = Case::new();
    let running = case.start("/bin/bash", "exit 7", case.folder.path()).unwrap();
    let recorded = case.recorded();
    assert_eq!(recorded.leader, Some(running.leader));
    assert_eq!(recorded.guard, running.guard);
    let guard = running.guard.unwrap();
    let stat = process::stat(guard.pid).unwrap();
    assert_eq!(stat.start_ticks, guard.start_ticks);
    assert_eq!((stat.parent, stat.session), (std::process::id(), guard.pid));
    assert_eq!(case.exit(), Exit::Code(7));
    assert!(case.recorded().is_empty);
    assert_eq!(case.stage(), Stage::Ended(End::Seen(Exit::Code(7))));
}

#[test]
fn a_guard_holds_nothing_of_its_process() {
    let case = Case::new();
    let running = case
        .start("/bin/bash", "exec sleep 1000", case.folder.path())
        .unwrap();
    let guard = running.guard.unwrap();
    let of = |what: &str| PathBuf::from(format!("/proc/{}/{what}", guard.pid));
    let name = std::fs::read_to_string(of("comm")).unwrap();
    assert_eq!(name, "aur-guard\n");
    let descriptors = || -> Vec<PathBuf> {
        let entries = std::fs::read_dir(of("fd")).unwrap();
        let targets = entries.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
        targets.collect()
    };
    // It tidies up right after the fork, and the process may be faster.
    while descriptors().len() > 1 || std::fs::read_link(of("cwd")).unwrap() != Path::new("/") {
        std::thread::yield_now();
    }
    assert_eq!(descriptors(), [case.path("run").canonicalize().unwrap()]);
    process::signal(&running.leader, Signal::Kill);
    assert_eq!(case.exit(), Exit::Signal(9));
}

#[test]
fn a_guard_heeds_no_signal_and_its_process_passes_to_us_if_it_is_killed() {
    let case = Case::new();
    let running = case
        .start(
            "/bin/bash",
            "while [ ! -e go ]; do sleep 0.01; done; exit 6",
            case.folder.path(),
        )
        .unwrap();
    let guard = running.guard.unwrap();
    for signal in [Signal::Terminate, Signal::Continue] {
        assert!(process::signal(&guard, signal));
    }
    assert!(process::is_alive(&guard));
    process::signal(&guard, Signal::Kill);
    assert_eq!(reap::wait_for(guard.pid).unwrap(), Exit::Signal(9));
    std::fs::write(case.path("go"), "").unwrap();
    assert_eq!(reap::wait_for(running.leader.pid).unwrap(), Exit::Code(6));
    assert_eq!(case.recorded().end, None);
    assert_eq!(case.stage(), Stage::Gone);
}

#[test]
fn a_guard_outlasts_what_its_process_leaves_to_a_living_runner() {
    let case = Case::new();
    let script = "(trap '' TERM; setsid sleep 1000 & echo $! > left); exit 3";
    let running = case.start("/bin/bash", script, case.folder.path()).unwrap();
    let recorded = loop {
        let recorded = case.recorded();
        if let Some((end, _)) = recorded.end {
            assert_eq!(end, End::Seen(Exit::Code(3)));
            break recorded;
        }
        std::thread::yield_now();
    };
    assert!(!recorded.is_empty);
    // Ending it is ours to do, and the time for leftovers is not the guard's while we live.
    std::thread::sleep(Duration::from_millis(300));
    let guard = running.guard.unwrap();
    let below = crate::tree::Snapshot::take(case.boot).unwrap().below(guard.pid);
    assert_eq!(below.len(), 1);
    crate::tree::signal_all(&below, Signal::Kill);
    assert_eq!(case.exit(), Exit::Code(3));
    assert!(case.recorded().is_empty);
    assert!(!reap::has_children());
}

#[test]
fn programs_are_found_as_execvp_finds_them() {
    let case = Case::new();
    use std::os::unix::fs::PermissionsExt;
    let make = |name: &str, mode: u32| {
        std::fs::write(case.path(name), "echo read by $0 $*").unwrap();
        std::fs::set_permissions(case.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    make("plain", 0o755);
    make("closed", 0o644);
    let start = |program: &str| {
        let run_file = RunFile::claim(&case.path("run"), 0, case.boot).unwrap();
        let out = append_to(&case.path("out")).unwrap();
        let launch = Launch {
            program: Path::new(program),
            arguments: &[OsStr::new("one")],
            environment: &[("PATH".into(), "/nowhere:".into())],
            directory: case.folder.path(),
            stderr: out.try_clone().unwrap(),
            stdout: out,
            descriptor_limit: DescriptorLimit::raise().unwrap(),
            boot: case.boot,
            leftover_wait: Duration::ZERO,
            doors: &Doors::default(),
            role: None,
        };
        let guard = GuardProgram::prepare(case.folder.path());
        spawn(&launch, &run_file, &guard)
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    let denied = Err("cannot start closed: Permission denied (os error 13)".to_string());
    assert_eq!(start("closed"), denied);
    let missing = Err("cannot start missing: No such file or directory (os error 2)".to_string());
    assert_eq!(start("missing"), missing);
    // A script that does not say who reads it.
    assert_eq!(start("plain"), Ok(()));
    assert_eq!(case.exit(), Exit::Code(0));
    let out = std::fs::read_to_string(case.path("out")).unwrap();
    assert!(
        out.starts_with("read by ") && out.ends_with("/plain one\n"),
        "{out}"
    );
}

#[test]
fn a_program_that_is_missing_never_ran() {
    let case = Case::new();
    let error = case
        .start("/nowhere/bash", "true", case.folder.path())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot start /nowhere/bash: No such file or directory (os error 2)"
    );
    assert_eq!(case.stage(), Stage::StartFailed(libc::ENOENT));
    assert_eq!(case.recorded().end, None, "there is no end of what never ran");
}

#[test]
fn a_folder_that_is_missing_is_named() {
    let case = Case::new();
    let error = case
        .start("/bin/bash", "true", Path::new("/nowhere/sandbox"))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot enter the working folder /nowhere/sandbox: No such file or directory (os error 2)"
    );
}

#[test]
fn a_command_that_is_too_long_is_a_refused_start() {
    let case = Case::new();
    let error = case
        .start("/bin/bash", &"x".repeat(128 * 1024), case.folder.path())
        .unwrap_err();
    assert!(matches!(error, SpawnError::TooLong));
}

#[test]
fn a_signal_is_told_from_a_code() {
    let case = Case::new();
    assert_eq!(case.run("kill -KILL $$").0, Exit::Signal(9));
    let case = Case::new();
    assert_eq!(case.run("kill -40 $$").0, Exit::Signal(40));
}

#[test]
fn the_start_of_a_process_is_recorded_as_the_kernel_has_it() {
    // Some of these begin close to the end of a clock tick.
    for _ in 0..60 {
        let case = Case::new();
        let running = case.start("/bin/bash", "exec sleep 1000", case.folder.path());
        let running = running.unwrap();
        let guard = running.guard.unwrap();
        let ticks = |pid| process::stat(pid).unwrap().start_ticks;
        assert_eq!(ticks(guard.pid), guard.start_ticks);
        assert_eq!(ticks(running.leader.pid), running.leader.start_ticks);
        assert!(process::signal(&running.leader, Signal::Kill));
        reap::wait_for(guard.pid).unwrap();
    }
}
