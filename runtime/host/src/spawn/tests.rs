use super::*;
use crate::folder::append_to;
use crate::process::{Exit, Identity};
use crate::reap;
use crate::run_file::{Stage, look};

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

    fn start(&self, program: &str, argument: &str, directory: &Path) -> Result<u32, SpawnError> {
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
        };
        let started = spawn(launch, &run_file);
        if let Err(error) = &started {
            run_file.record_failed_start(error.error_number()).unwrap();
        }
        started
    }

    fn stage(&self) -> Stage {
        look(&self.path("run"), 0, self.boot, self.boot).unwrap().stage
    }

    fn run(&self, script: &str) -> (Exit, String) {
        let pid = self.start("/bin/bash", script, self.folder.path()).unwrap();
        let exit = reap::wait_for(pid).unwrap();
        (exit, std::fs::read_to_string(self.path("out")).unwrap())
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
fn the_child_records_itself_before_it_is_bash() {
    let case = Case::new();
    let pid = case.start("/bin/bash", "exit 7", case.folder.path()).unwrap();
    let facts = look(&case.path("run"), 0, case.boot, case.boot).unwrap();
    let own = crate::process::stat(pid).unwrap();
    assert_eq!(
        facts.leader,
        Some(Identity {
            pid,
            start_ticks: own.start_ticks,
            boot: case.boot
        })
    );
    assert_eq!(reap::wait_for(pid).unwrap(), Exit::Code(7));
    assert_eq!(
        case.stage(),
        Stage::Gone,
        "an end that nobody recorded is unknown"
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
