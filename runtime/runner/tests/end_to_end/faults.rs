//! Kills of runner, guard and process, at chosen places and at random moments.
//!
//! The oracle stands outside: witness files that can be made only once, the exit code that a process is
//! known to have, the time at which it ended by its own word, and a search of all processes for the
//! marker of the task.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use aur_host::boot::BootId;
use aur_host::process::{Identity, Signal, is_alive, signal};
use aur_host::{detach, run_file};
use aur_runner::{Followed, Follower, Progress, Signals};
use serde_json::json;

use crate::support::{Case, HANG, Job, crash, wait_until};

/// The exit code of every process here.
const CODE: i32 = 7;

/// What the process of a round does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// It ends at once.
    Ends,
    /// It waits to be told.
    Waits,
    /// It ends and leaves somebody behind who ignores SIGTERM and has a session of its own.
    Leaves,
    /// It waits to be told, and then does that.
    LeavesWhenTold,
}

impl Shape {
    fn command(self, witness: &Path) -> String {
        let wait = "while [ ! -e $W/go ]; do sleep 0.01; done;";
        let leave = "(setsid bash -c 'trap \"\" TERM; touch $W/left; exec sleep 1000' &) ; \
                     while [ ! -e $W/left ]; do sleep 0.005; done;";
        let middle = match self {
            Self::Ends => String::new(),
            Self::Waits => wait.to_string(),
            Self::Leaves => leave.to_string(),
            Self::LeavesWhenTold => format!("{wait} {leave}"),
        };
        format!(
            "export W='{}'; set -o noclobber; echo $$ > $W/run-$AUR_PROCESS-$AUR_RUN || echo twice >> $W/twice; \
             {middle} echo $EPOCHREALTIME >> $W/end-$AUR_PROCESS-$AUR_RUN; exit {CODE}",
            witness.display()
        )
    }
}

/// A task and what stands outside it.
struct Round {
    case: Case,
    witness: tempfile::TempDir,
    runner_environment: Vec<(&'static str, OsString)>,
    restarts: u32,
    /// When a runner last said that it had looked at the task.
    last_ready: Cell<f64>,
}

impl Round {
    fn new(processes: &[(&str, Shape)], environment: &[(&str, &str)]) -> Self {
        let witness = tempfile::tempdir().unwrap();
        let commands: Vec<(&str, String)> = processes
            .iter()
            .map(|(name, shape)| (*name, shape.command(witness.path())))
            .collect();
        let commands: Vec<(&str, &str)> = commands
            .iter()
            .map(|(name, command)| (*name, command.as_str()))
            .collect();
        let mut job = Job::new(&commands)
            .with("/task/max_failures", json!(0))
            .with("/task/finalization_wait_ms", json!(300));
        let once = witness.path().join("fired").display().to_string();
        let mut variables: serde_json::Map<String, serde_json::Value> = environment
            .iter()
            .map(|(key, value)| ((*key).to_string(), json!(value)))
            .collect();
        variables.insert("AUR_FAULT_ONCE".to_string(), json!(once));
        for place in 0..processes.len() {
            job = job.with(&format!("/task/processes/{place}/env"), json!(variables));
        }
        Self {
            case: Case::prepared(&job),
            runner_environment: vec![("AUR_FAULT_ONCE", once.into())],
            witness,
            restarts: 0,
            last_ready: Cell::new(0.0),
        }
    }

    /// Starts a runner; `None` if it was killed before it could say that it is there.
    fn start(&self) -> Option<u32> {
        let program = std::env::current_exe().unwrap();
        let arguments = [OsStr::new("--serve"), self.case.folder.path().as_os_str()];
        let heard = detach::start(&program, &arguments, &self.runner_environment, None).unwrap();
        let said: serde_json::Value = serde_json::from_slice(&heard).ok()?;
        self.last_ready.set(seconds());
        said["ready"]["pid"]
            .as_u64()
            .and_then(|pid| u32::try_from(pid).ok())
    }

    fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.witness.path().join(name)
    }

    fn go(&self) {
        std::fs::write(self.path("go"), "").unwrap();
    }

    fn guard(&self, process: &str, run: u32) -> Option<Identity> {
        let path = self.case.folder.life(0).run_file(process, run);
        run_file::living_guard(&path, run, BootId::current().unwrap())
    }

    fn is_over(&self) -> bool {
        self.case.state().progress == Progress::Over
    }

    /// Goes on with the task, restarting dead runners, until it is over.
    fn finish(&mut self, mut at_restart: impl FnMut(&Self)) -> String {
        let deadline = Instant::now() + HANG;
        loop {
            let mut follower = Follower::open(&self.case.folder, Signals::None).unwrap();
            loop {
                match follower.next(Some(Duration::from_millis(50))).unwrap() {
                    Followed::Over => return self.judge(),
                    Followed::RunnerGone => break,
                    _ => {}
                }
                if self.has("fired") {
                    at_restart(self);
                }
                assert!(Instant::now() < deadline, "hangs: {}", self.case.summary());
            }
            if self.is_over() {
                return self.judge();
            }
            self.restarts += 1;
            if self.start().is_some() {
                at_restart(self);
            }
            assert!(Instant::now() < deadline, "hangs: {}", self.case.summary());
        }
    }

    /// What holds whatever was killed: nothing ran twice, nothing is left.
    fn judge(&self) -> String {
        wait_until("the end of everything that the task started", || {
            self.case.leftovers().is_empty().then_some(())
        });
        let summary = self.case.summary();
        assert!(
            !self.has("twice"),
            "a run was started twice: {summary}\n{}",
            self.records()
        );
        summary
    }

    /// The records of all run files, for a failure: kind, first value, milliseconds.
    fn records(&self) -> String {
        let mut text = String::new();
        for name in ["p", "a", "b", "c"] {
            for run in 0..8 {
                let bytes = std::fs::read(self.case.folder.life(0).run_file(name, run)).unwrap_or_default();
                for record in bytes.chunks_exact(64) {
                    let value = |at: usize| u64::from_le_bytes(*record[at..].first_chunk().unwrap());
                    let ms = value(40) / 1_000_000;
                    text.push_str(&format!("{name} {run}: {} {} {ms}\n", record[4], value(16)));
                }
            }
        }
        text + &self.case.runner_log()
    }
}

/// Whether the kernel tells how a stranger ended (Linux 6.15).
fn kernel_tells() -> bool {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = release
        .split(['.', '-'])
        .map(|part| part.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (6, 15)
}

/// A place, who is killed there (guard, runner, child), and what may come of the run.
fn aimed_round(at: &str, kill: &str, shape: Shape, form: &str) {
    let what = format!("{kill} killed at {at}, {form}");
    let mut round = Round::new(&[("p", shape)], &[("AUR_FAULT_AT", at), ("AUR_FAULT_KILL", kill)]);
    round.runner_environment.push(("AUR_FAULT_GUARD", form.into()));
    round.start();
    let summary = round.finish(|round| {
        if !round.has("go") {
            round.go();
        }
    });
    let both = kill.contains('g') && kill.contains('r');
    let may_be_lost = match at {
        "guard-told" => both,
        // Its process goes on alone, and may end before anyone looks.
        "guard-forked" | "child-born" | "child-recorded" => {
            both && (shape != Shape::Waits || !kernel_tells())
        }
        _ => false,
    };
    let told = format!("p: FAILED code:{CODE}\n");
    let killed = "p: FAILED signal:9\n";
    let is_child_killed = kill == "c" && at == "child-recorded";
    let is_right = summary.starts_with(if is_child_killed { killed } else { &told })
        || (may_be_lost && summary.starts_with(&format!("p: LOST, FAILED code:{CODE}\n")));
    assert!(is_right, "{what}: {summary}\n{}", round.case.runner_log());
    assert!(is_child_killed || round.has("run-p-0"), "{what}: {summary}");
    // An empty run is not recorded as such by a guard that leaves somebody to its runner.
    let is_passed = shape == Shape::Leaves && at == "guard-empty-recorded";
    assert!(is_passed || round.has("fired"), "{what}: nobody was killed");
}

const GUARD_PLACES: [&str; 7] = [
    "guard-born",
    "guard-recorded",
    "guard-forked",
    "guard-told",
    "guard-exit-recorded",
    "guard-reaped",
    "guard-empty-recorded",
];

pub(crate) fn kills_at_every_place_of_a_guard() {
    for at in GUARD_PLACES {
        let waits = at < "guard-g" && at != "guard-exit-recorded" && at != "guard-empty-recorded";
        for kill in ["g", "r", "rg"] {
            aimed_round(at, kill, Shape::Ends, "memory");
            aimed_round(at, kill, Shape::Leaves, "memory");
            if waits || at == "guard-recorded" {
                aimed_round(at, kill, Shape::Waits, "memory");
            }
        }
    }
}

pub(crate) fn kills_at_every_place_of_a_child() {
    for at in ["child-born", "child-recorded"] {
        for kill in ["g", "r", "rg", "gr", "c"] {
            aimed_round(at, kill, Shape::Ends, "memory");
            if kill != "c" {
                aimed_round(at, kill, Shape::Waits, "memory");
            }
        }
    }
}

pub(crate) fn other_forms_of_the_guard_do_the_same() {
    for form in ["file", "own"] {
        for (at, kill) in [
            ("guard-recorded", "g"),
            ("guard-told", "r"),
            ("child-recorded", "rg"),
        ] {
            aimed_round(at, kill, Shape::Leaves, form);
        }
    }
}

pub(crate) fn kills_at_places_of_the_runner() {
    for at in [
        "runner-recorded",
        "runner-claimed",
        "runner-started",
        "runner-told",
    ] {
        for shape in [Shape::Ends, Shape::Leaves] {
            let mut round = Round::new(&[("p", shape)], &[]);
            round.runner_environment.push(("AUR_FAULT_RUNNER", at.into()));
            round.start();
            let summary = round.finish(|_| {});
            assert!(
                round.has("fired") && round.restarts > 0,
                "{at}: nobody was killed"
            );
            assert_eq!(
                summary,
                format!("p: FAILED code:{CODE}\nSUCCESS complete"),
                "{at}"
            );
        }
    }
}

/// A guard that is stopped before it forks, under a runner that dies: whoever comes next has to wait.
fn half_born(is_locked: bool) -> Round {
    let variables = [("AUR_FAULT_AT", "guard-recorded"), ("AUR_FAULT_KILL", "rs")];
    // A run that is over has no group any more that a second process could enter.
    let shape = if is_locked { Shape::Ends } else { Shape::Waits };
    let mut round = Round::new(&[("p", shape)], &variables);
    if !is_locked {
        round.runner_environment.push(("AUR_FAULT_NO_LOCK", "1".into()));
    }
    round.start();
    wait_until("the end of the runner", || {
        (round.has("fired") && round.case.state().runner_pid.is_none()).then_some(())
    });
    let first = round.guard("p", 0).unwrap();
    assert!(round.start().is_some());
    if !is_locked {
        wait_until("the second start", || round.has("run-p-0").then_some(()));
    }
    assert!(signal(&first, Signal::Continue));
    round
}

pub(crate) fn a_half_born_guard_keeps_the_next_runner_waiting() {
    let mut round = half_born(true);
    assert_eq!(
        round.finish(|_| {}),
        format!("p: FAILED code:{CODE}\nSUCCESS complete")
    );
}

/// The control: with the inherited lock left out the oracle finds the second start.
pub(crate) fn without_the_lock_the_oracle_sees_a_second_start() {
    let round = half_born(false);
    wait_until("the second start of the same run", || {
        round.has("twice").then_some(())
    });
}

pub(crate) fn an_orphaned_guard_records_the_end_and_ends_what_is_left() {
    let mut round = Round::new(&[("p", Shape::LeavesWhenTold)], &[]);
    let runner = round.start().unwrap();
    wait_until("the process", || round.has("run-p-0").then_some(()));
    crash(runner);
    round.go();
    wait_until("the end of all processes", || {
        (round.has("left") && round.case.leftovers().is_empty()).then_some(())
    });
    assert_eq!(
        round.finish(|_| {}),
        format!("p: FAILED code:{CODE}\nSUCCESS complete")
    );
    assert_eq!(round.restarts, 1);
}

pub(crate) fn a_living_guard_is_shown() {
    let round = Round::new(&[("p", Shape::Waits)], &[]);
    round.start().unwrap();
    wait_until("the process", || round.has("run-p-0").then_some(()));
    let run = || round.case.state().view().unwrap().processes[0].runs[0].clone();
    let guard = round.guard("p", 0).unwrap();
    assert_eq!(run().guard_pid, Some(guard.pid));
    let pid = wait_until("the record of the process", || run().pid);
    let parent = aur_host::process::stat(pid).unwrap().parent;
    assert_eq!(parent, guard.pid);
    signal(&guard, Signal::Kill);
    wait_until("the end of the guard", || (!is_alive(&guard)).then_some(()));
    assert_eq!(run().guard_pid, None);
    round.go();
    assert_eq!(
        round.case.result(),
        format!("p: FAILED code:{CODE}\nSUCCESS complete")
    );
}

/// A small generator, so that the same kills come every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// What was done to a task, for judging what became of it.
#[derive(Default)]
struct Done {
    guards: BTreeSet<(String, u32)>,
    runners: u32,
}

const NAMES: [&str; 3] = ["a", "b", "c"];

pub(crate) fn random_kills_of_every_layer() {
    let rounds = std::env::var("AUR_FAULT_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut guards, mut runners, mut lost) = (0, 0, 0);
    for number in 0..rounds.unwrap_or(40) {
        let shapes = NAMES.map(|name| {
            let shape = if random.below(10) < 3 {
                Shape::Leaves
            } else {
                Shape::Ends
            };
            (name, shape)
        });
        let mut round = Round::new(&shapes, &[]);
        let done = torment(&mut round, &mut random);
        let summary = round.finish(|_| {});
        lost += judge_runs(&round, &done, &summary, number);
        guards += done.guards.len();
        runners += done.runners;
    }
    // Anything else would have ended the test.
    crate::proofs::report(&format!(
        "F2: {} rounds, {} kills, 0 duplicates, 0 leaks, 0 wrong states, 0 hangs ({lost} runs lost)\n",
        rounds.unwrap_or(40),
        guards + runners as usize
    ));
    assert!(guards > 0 && runners > 0, "the kills hit nobody");
}

/// Starts runners, and kills runner, guards or both after some milliseconds.
fn torment(round: &mut Round, random: &mut Random) -> Done {
    let mut done = Done::default();
    for _ in 0..1 + random.below(4) {
        let Some(runner) = round.start() else {
            continue;
        };
        std::thread::sleep(Duration::from_micros(random.below(20_000)));
        let order = random.below(4);
        if order == 0 || order == 2 {
            crash(runner);
            done.runners += 1;
        }
        if order != 0 {
            kill_guards(round, &mut done, random);
        }
        if order == 3 {
            crash(runner);
            done.runners += 1;
        }
        std::thread::sleep(Duration::from_micros(random.below(12_000)));
    }
    done
}

fn kill_guards(round: &Round, done: &mut Done, random: &mut Random) {
    for name in NAMES {
        for run in 0..8 {
            if let Some(guard) = round.guard(name, run)
                && random.below(4) > 0
                && signal(&guard, Signal::Kill)
            {
                done.guards.insert((name.to_string(), run));
            }
        }
    }
}

fn seconds() -> f64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs_f64()
}

/// Every run has its own exit code, or is lost for a reason. Returns how many are lost.
fn judge_runs(round: &Round, done: &Done, summary: &str, number: u32) -> usize {
    let mut lost = 0;
    for line in summary.lines().take(NAMES.len()) {
        let (name, runs) = line.split_once(": ").unwrap();
        for (run, state) in runs.split(", ").enumerate() {
            let run = u32::try_from(run).unwrap();
            let what = || {
                format!(
                    "round {number}, run {run} of {name}: {summary}\n{}",
                    round.case.runner_log()
                )
            };
            if state == format!("FAILED code:{CODE}") {
                assert!(round.has(&format!("run-{name}-{run}")), "no witness: {}", what());
                continue;
            }
            assert_eq!(state, "LOST", "{}", what());
            lost += 1;
            let was_guard_killed = done.guards.contains(&(name.to_string(), run));
            assert!(
                was_guard_killed && done.runners > 0,
                "lost without both kills: {}",
                what()
            );
            let end = std::fs::read_to_string(round.path(&format!("end-{name}-{run}")));
            let end = end.ok().and_then(|text| text.trim().parse::<f64>().ok());
            let was_gone = end.is_some_and(|end| end <= round.last_ready.get() || !kernel_tells());
            assert!(
                was_gone,
                "lost although it was alive at the last look: {}",
                what()
            );
        }
    }
    lost
}
