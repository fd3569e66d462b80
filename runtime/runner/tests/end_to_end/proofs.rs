//! The faults of `tests/cases/faults.ids`, one test each, and what is counted over their rounds.
//!
//! The oracle stands outside of the task: a run makes a file of its own name in a witness folder, which
//! works once; the environment of all processes is searched for the marker of the task; dependents look
//! whether what they wait for has ended; and the end of the task is one of those that the fault allows.
//!
//! `AUR_FAULT_ROUNDS` gives the number of rounds of the largest test, and the others in proportion; without
//! it few rounds are run. `AUR_FAULT_REPORT` names a file that gets a line for each test.

#[path = "proofs/crashes.rs"]
mod crashes;
#[path = "proofs/hosts.rs"]
mod hosts;
#[path = "proofs/journals.rs"]
mod journals;
#[path = "proofs/load.rs"]
mod load;
#[path = "proofs/shim.rs"]
mod shim;
#[path = "proofs/stops.rs"]
mod stops;

use std::any::Any;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use aur_host::detach;
use aur_runner::{Followed, Follower, Progress, Signals};

use crate::support::{Case, HANG, Job, kill, say};

macro_rules! proofs {
    ($($module:ident :: $name:ident)*) => {
        pub(crate) const ALL: &[(&str, fn())] = &[$((stringify!($name), $module::$name)),*];
    }
}

proofs! {
    crashes::f01_the_runner_dies_at_any_place
    crashes::f03_the_runner_dies_again_and_again
    crashes::f15_somebody_is_frozen
    crashes::f19_many_runners_want_one_task
    crashes::f20_the_machine_starts_again
    crashes::f23_a_storm_of_signals
    journals::f04_a_journal_is_cut_anywhere
    journals::f05_any_bit_of_a_journal_flips
    journals::a_restarted_daemon_keeps_its_journal_short
    journals::a_follower_outlives_shorter_journals
    shim::f06_a_system_call_fails
    shim::f12_the_clock_jumps
    hosts::f07_a_disk_is_full
    hosts::f08_the_sandbox_is_not_what_it_was
    hosts::f13_a_process_number_comes_again
    hosts::f17_the_limits_of_the_system_are_narrow
    load::f09_a_fork_bomb_is_ended
    load::f10_memory_runs_out
    load::f11_much_is_written
    load::f14_orphans_are_reaped
    stops::f16_whoever_hides_is_ended
    stops::f18_what_nothing_ends_holds_nobody
    stops::f24_sigkill_comes_in_time
}

/// How many rounds: `usual`, or where `AUR_FAULT_ROUNDS` is set so many of each thousand.
fn rounds(usual: usize, of_thousand: usize) -> usize {
    let wanted = std::env::var("AUR_FAULT_ROUNDS").ok();
    match wanted.and_then(|text| text.parse::<usize>().ok()) {
        Some(wanted) => usual.max(wanted * of_thousand / 1_000),
        None => usual,
    }
}

/// What is counted over the rounds of one fault.
struct Tally {
    name: &'static str,
    rounds: usize,
    kills: usize,
    duplicates: usize,
    leaks: usize,
    wrong_states: usize,
    hangs: usize,
    messages: Vec<String>,
}

impl Tally {
    fn of(name: &'static str) -> Self {
        Self {
            name,
            rounds: 0,
            kills: 0,
            duplicates: 0,
            leaks: 0,
            wrong_states: 0,
            hangs: 0,
            messages: Vec::new(),
        }
    }

    /// Runs one round, which fails by a panic, and returns how often it killed.
    fn round(&mut self, what: &str, round: impl FnOnce() -> usize) {
        self.rounds += 1;
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(round)) {
            Ok(kills) => self.kills += kills,
            Err(error) => self.note(what, &text_of(error.as_ref())),
        }
    }

    fn note(&mut self, what: &str, message: &str) {
        let count = if message.starts_with("twice") {
            &mut self.duplicates
        } else if message.starts_with("left behind") {
            &mut self.leaks
        } else if message.starts_with("hangs") || message.starts_with("never came") {
            &mut self.hangs
        } else {
            &mut self.wrong_states
        };
        *count += 1;
        self.messages.push(format!("{what}: {message}"));
    }

    /// Takes in what was counted elsewhere.
    fn add(&mut self, other: Self) {
        self.rounds += other.rounds;
        self.kills += other.kills;
        self.duplicates += other.duplicates;
        self.leaks += other.leaks;
        self.wrong_states += other.wrong_states;
        self.hangs += other.hangs;
        self.messages.extend(other.messages);
    }

    /// Prints the counts and fails if anything was wrong.
    fn close(self) {
        let line = format!(
            "{}: {} rounds, {} kills, {} duplicates, {} leaks, {} wrong states, {} hangs\n",
            self.name, self.rounds, self.kills, self.duplicates, self.leaks, self.wrong_states, self.hangs
        );
        report(&line);
        assert!(self.messages.is_empty(), "{line}{}", self.messages.join("\n"));
    }
}

/// Prints a line of counts, and keeps it in `AUR_FAULT_REPORT`.
pub(crate) fn report(line: &str) {
    say(line);
    if let Some(path) = std::env::var_os("AUR_FAULT_REPORT") {
        let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
        file.unwrap().write_all(line.as_bytes()).unwrap();
    }
}

fn text_of(error: &(dyn Any + Send)) -> String {
    let text = error.downcast_ref::<String>().cloned();
    text.or_else(|| error.downcast_ref::<&str>().map(ToString::to_string))
        .unwrap_or_default()
}

/// What every command here begins with: the run makes its mark in the witness folder `$W`, and says so if
/// it was there.
fn witness(folder: &Path) -> String {
    format!(
        "export W='{}'; set -o noclobber; {{ echo $$ > \"$W/run-${{AUR_RUN_ID//\\//.}}\"; }} 2>/dev/null || \
         echo $AUR_RUN_ID >> $W/twice; set +o noclobber; ",
        folder.display()
    )
}

/// A task and what stands outside it.
struct Scene {
    case: Case,
    witness: tempfile::TempDir,
    /// For the runner.
    environment: Vec<(&'static str, OsString)>,
    restarts: usize,
}

impl Scene {
    /// Makes a task of processes and their commands, each behind what makes its mark.
    fn new(processes: &[(&str, &str)], change: impl FnOnce(Job) -> Job) -> Self {
        // Elsewhere than the task, where the disk of the task is to be full.
        let place = std::env::var_os("AUR_TEST_WITNESSES").map_or_else(std::env::temp_dir, PathBuf::from);
        let folder = tempfile::tempdir_in(place).unwrap();
        let begin = witness(folder.path());
        let commands: Vec<(&str, String)> = processes
            .iter()
            .map(|(name, command)| (*name, format!("{begin}{command}")))
            .collect();
        let commands: Vec<(&str, &str)> = commands
            .iter()
            .map(|(name, command)| (*name, command.as_str()))
            .collect();
        Self {
            case: Case::prepared(&change(Job::new(&commands))),
            witness: folder,
            environment: Vec::new(),
            restarts: 0,
        }
    }

    fn with(mut self, variable: &'static str, value: impl Into<OsString>) -> Self {
        self.environment.push((variable, value.into()));
        self
    }

    /// Has the runner killed at a place, or at the place of a number, once.
    fn killed_at(self, place: &str) -> Self {
        let once = self.path("fired");
        self.with("AUR_FAULT_RUNNER", place).with("AUR_FAULT_ONCE", once)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.witness.path().join(name)
    }

    fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn write(&self, name: &str) {
        std::fs::write(self.path(name), "").unwrap();
    }

    /// Starts a runner; `None` if it ended before it could say that it is there.
    fn start(&self) -> Option<u32> {
        self.start_under(&[])
    }

    /// As [`Scene::start`], by a program that becomes the runner, such as `bash -c 'ulimit ..; exec "$@"' -`.
    fn start_under(&self, words: &[&str]) -> Option<u32> {
        let program = std::env::current_exe().unwrap();
        let serve = [
            program.as_os_str(),
            OsStr::new("--serve"),
            self.case.folder.path().as_os_str(),
        ];
        let words: Vec<&OsStr> = words.iter().map(OsStr::new).chain(serve).collect();
        let heard = detach::start(Path::new(words[0]), &words[1..], &self.environment, None).unwrap();
        let said: serde_json::Value = serde_json::from_slice(&heard).ok()?;
        said["ready"]["pid"]
            .as_u64()
            .and_then(|pid| u32::try_from(pid).ok())
    }

    /// Goes on with the task, with a new runner wherever one ended, until it is over; returns its lines.
    fn finish(&mut self) -> String {
        let deadline = Instant::now() + HANG;
        loop {
            let mut follower = Follower::open(&self.case.folder, Signals::None).unwrap();
            loop {
                match follower.next(Some(Duration::from_secs(1))).unwrap() {
                    Followed::Over => return self.judge(),
                    Followed::RunnerGone => break,
                    _ => {}
                }
                assert!(Instant::now() < deadline, "hangs: {}", self.told());
            }
            if self.case.state().progress == Progress::Over {
                return self.judge();
            }
            self.restarts += 1;
            assert!(self.restarts < 1_000, "hangs: no runner stays: {}", self.told());
            self.start();
            assert!(Instant::now() < deadline, "hangs: {}", self.told());
        }
    }

    fn told(&self) -> String {
        format!("{}\n{}", self.case.summary(), self.case.runner_log())
    }

    /// What holds whatever happened: nothing ran twice, nothing came too early, nothing is left.
    fn judge(&self) -> String {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !self.case.leftovers().is_empty() {
            assert!(
                Instant::now() < deadline,
                "left behind: {:?} of {}",
                self.case.leftovers(),
                self.told()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
        assert!(
            !self.has("twice"),
            "twice: {}: {}",
            self.read("twice"),
            self.told()
        );
        assert!(
            !self.has("early"),
            "too early: {}: {}",
            self.read("early"),
            self.told()
        );
        self.case.summary()
    }

    /// As [`Scene::finish`], for a task that can end in one way only.
    fn finish_as(&mut self, wanted: &str) {
        let found = self.finish();
        assert!(found == wanted, "found: {found}\n{}", self.told());
    }
}

/// Kills a process as a crash would. It may be gone already.
fn strike(pid: u32) {
    kill(pid, "KILL");
}

/// Runs the test of a name again in namespaces of its own, behind a line of bash; `true` within that run.
/// Says so where the system does not allow it.
fn inside(name: &str, flags: &[&str], prepare: &str) -> bool {
    if std::env::var_os("AUR_TEST_INSIDE").is_some() {
        return true;
    }
    let user: &[&str] = if aur_runner::effective_uid() == 0 {
        &[]
    } else {
        &["-U", "-r"]
    };
    let unshare = |words: &[&OsStr]| {
        let mut command = std::process::Command::new("unshare");
        command
            .args(user)
            .args(flags)
            .args(words)
            .env("AUR_TEST_INSIDE", "1");
        command
    };
    let probe = unshare(&["true".as_ref()]).output();
    if !probe.as_ref().is_ok_and(|output| output.status.success()) {
        say(&format!(
            "{name}: namespaces are not allowed here, so not tried: {probe:?}\n"
        ));
        return false;
    }
    let folder = tempfile::tempdir().unwrap();
    // Not the last command, so that bash stays and reaps.
    let script = format!("{prepare}; \"$@\"; exit $?");
    let program = std::env::current_exe().unwrap();
    let words: [&OsStr; 7] = [
        "bash".as_ref(),
        "-c".as_ref(),
        script.as_ref(),
        "-".as_ref(),
        program.as_os_str(),
        "--exact".as_ref(),
        name.as_ref(),
    ];
    let output = unshare(&words).env("PLACE", folder.path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    say(&text);
    false
}

/// Whether a test can prove something only as root, and we are not; says so.
fn needs_root(name: &str) -> bool {
    let is_root = aur_runner::effective_uid() == 0;
    if !is_root {
        say(&format!("{name}: not as root, so not tried\n"));
    }
    !is_root
}
