use std::collections::{BTreeSet, HashSet, VecDeque};

use super::*;

/// Times of these tests come in steps of five seconds, so that giving up takes two of them.
const STEP_MS: u64 = 5_000;

fn now(steps: u64) -> Now {
    Now {
        time: Time(steps * STEP_MS),
        wall_ms: 1_000_000 + steps * STEP_MS,
    }
}

fn steps(at: Time) -> String {
    match at.0 % STEP_MS {
        0 => (at.0 / STEP_MS).to_string(),
        _ => format!("{}ms", at.0),
    }
}

fn show_phase(phase: Phase) -> String {
    match phase {
        Phase::Waiting { not_before } => format!("Waiting({})", steps(not_before)),
        Phase::Starting => "Starting".to_string(),
        Phase::Running => "Running".to_string(),
        Phase::Stopping { child, demand } => match demand {
            Demand::Terminate { kill_at } => format!("Stopping({child:?}, kill at {})", steps(kill_at)),
            Demand::Kill { give_up_at } => format!("Stopping({child:?}, give up at {})", steps(give_up_at)),
        },
        Phase::Done(verdict) => format!("Done({verdict})"),
    }
}

fn show_event(event: &Event) -> String {
    match event {
        Event::Start => "Start".to_string(),
        Event::Tick => "Tick".to_string(),
        Event::Stop { kill_at } => format!("Stop(kill at {})", steps(*kill_at)),
        Event::Report { run, report } => match report {
            Report::Spawned { .. } => format!("Spawned {run}"),
            Report::SpawnFailed { .. } => format!("SpawnFailed {run}"),
            Report::Exited { exit, .. } => format!("Exited {run} {exit:?}"),
            Report::NeverStarted => format!("NeverStarted {run}"),
            Report::Adopted { .. } => format!("Adopted {run}"),
            Report::Lost => format!("Lost {run}"),
        },
    }
}

fn reports(run: u32) -> Vec<Event> {
    let (pid, started_ms, finished_ms) = (100 + run, 1, 2);
    let message = "no bash".to_string();
    [
        Report::Spawned { pid, started_ms },
        Report::SpawnFailed { message },
        Report::Exited {
            exit: Exit::Code(0),
            finished_ms,
        },
        Report::Exited {
            exit: Exit::Code(1),
            finished_ms,
        },
        Report::Exited {
            exit: Exit::Signal(9),
            finished_ms,
        },
        Report::NeverStarted,
        Report::Adopted { pid, started_ms },
        Report::Lost,
    ]
    .map(|report| Event::Report { run, report })
    .into()
}

/// Decides and applies; returns the outcome and the work.
fn step(policy: &Policy, process: &Process, at: Now, event: Event) -> (Process, Outcome, Option<Act>) {
    let outcome = decide(policy, process, at, event);
    let mut next = *process;
    let work = match &outcome {
        Outcome::Moved(run, fact) => {
            let work = act(process, fact);
            apply(&mut next, *run, fact).expect("what is decided can be applied");
            work
        }
        Outcome::Unchanged(_) => None,
    };
    (next, outcome, work)
}

#[test]
fn transition_table() {
    let policy = Policy {
        max_failures: 2,
        min_duration_ms: STEP_MS,
        daemon: false,
    };
    let mut phases = vec![
        Phase::Waiting { not_before: Time(0) },
        Phase::Waiting {
            not_before: Time(3 * STEP_MS),
        },
        Phase::Starting,
        Phase::Running,
    ];
    for child in [Child::Expected, Child::Reported] {
        let times = [Time(2 * STEP_MS), Time(4 * STEP_MS)];
        phases.extend(times.map(|kill_at| Phase::Stopping {
            child,
            demand: Demand::Terminate { kill_at },
        }));
        phases.extend(times.map(|give_up_at| Phase::Stopping {
            child,
            demand: Demand::Kill { give_up_at },
        }));
    }
    phases.push(Phase::Done(Verdict::Success));
    let mut events = vec![
        Event::Start,
        Event::Tick,
        Event::Stop {
            kill_at: Time(3 * STEP_MS),
        },
        Event::Stop {
            kill_at: Time(2 * STEP_MS),
        },
    ];
    events.extend(reports(0));
    let mut table = String::new();
    for phase in phases {
        let process = Process {
            phase,
            runs: 1,
            failures: 0,
        };
        let mut rows: Vec<(String, Vec<String>)> = Vec::new();
        for event in &events {
            let (next, outcome, work) = step(&policy, &process, now(2), event.clone());
            let work = work.map_or(String::new(), |work| format!(" [{work:?} {}]", next.runs - 1));
            let result = match outcome {
                Outcome::Moved(..) => format!("{}{work}", show_phase(next.phase)),
                Outcome::Unchanged(why) => format!("{why:?}"),
            };
            match rows.iter_mut().find(|row| row.0 == result) {
                Some(row) => row.1.push(show_event(event)),
                None => rows.push((result, vec![show_event(event)])),
            }
        }
        table += &format!("{}\n", show_phase(phase));
        for (result, events) in rows {
            table += &format!("  {} -> {result}\n", events.join(" | "));
        }
    }
    insta::assert_snapshot!(table, @"
    Waiting(0)
      Start -> Starting [Spawn 1]
      Tick | Stop(kill at 3) | Stop(kill at 2) -> NotDue
      Spawned 0 | SpawnFailed 0 | Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) | NeverStarted 0 | Adopted 0 | Lost 0 -> Late
    Waiting(3)
      Start | Tick | Stop(kill at 3) | Stop(kill at 2) -> NotDue
      Spawned 0 | SpawnFailed 0 | Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) | NeverStarted 0 | Adopted 0 | Lost 0 -> Late
    Starting
      Start -> Late
      Tick -> NotDue
      Stop(kill at 3) -> Stopping(Expected, kill at 3)
      Stop(kill at 2) -> Stopping(Expected, give up at 4) [Kill 0]
      Spawned 0 | Adopted 0 -> Running
      SpawnFailed 0 | Exited 0 Code(1) | Exited 0 Signal(9) | Lost 0 -> Waiting(3)
      Exited 0 Code(0) -> Done(SUCCESS)
      NeverStarted 0 -> Starting [Spawn 0]
    Running
      Start | Adopted 0 -> Late
      Tick -> NotDue
      Stop(kill at 3) -> Stopping(Reported, kill at 3) [Terminate 0]
      Stop(kill at 2) -> Stopping(Reported, give up at 4) [Kill 0]
      Spawned 0 | SpawnFailed 0 -> Impossible
      Exited 0 Code(0) -> Done(SUCCESS)
      Exited 0 Code(1) | Exited 0 Signal(9) | NeverStarted 0 | Lost 0 -> Waiting(3)
    Stopping(Expected, kill at 2)
      Start | Stop(kill at 3) | Stop(kill at 2) -> Late
      Tick -> Stopping(Expected, give up at 4) [Kill 0]
      Spawned 0 | Adopted 0 -> Stopping(Reported, kill at 2) [Terminate 0]
      SpawnFailed 0 | Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) | NeverStarted 0 -> Done(KILLED)
      Lost 0 -> Done(LOST)
    Stopping(Expected, kill at 4)
      Start -> Late
      Tick -> NotDue
      Stop(kill at 3) -> Stopping(Expected, kill at 3)
      Stop(kill at 2) -> Stopping(Expected, give up at 4) [Kill 0]
      Spawned 0 | Adopted 0 -> Stopping(Reported, kill at 4) [Terminate 0]
      SpawnFailed 0 | Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) | NeverStarted 0 -> Done(KILLED)
      Lost 0 -> Done(LOST)
    Stopping(Expected, give up at 2)
      Start | Stop(kill at 3) | Stop(kill at 2) -> Late
      Tick | Lost 0 -> Done(LOST)
      Spawned 0 | Adopted 0 -> Stopping(Reported, give up at 2) [Kill 0]
      SpawnFailed 0 | Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) | NeverStarted 0 -> Done(KILLED)
    Stopping(Expected, give up at 4)
      Start | Stop(kill at 3) | Stop(kill at 2) -> Late
      Tick -> NotDue
      Spawned 0 | Adopted 0 -> Stopping(Reported, give up at 4) [Kill 0]
      SpawnFailed 0 | Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) | NeverStarted 0 -> Done(KILLED)
      Lost 0 -> Done(LOST)
    Stopping(Reported, kill at 2)
      Start | Stop(kill at 3) | Stop(kill at 2) -> Late
      Tick -> Stopping(Reported, give up at 4) [Kill 0]
      Spawned 0 | SpawnFailed 0 -> Impossible
      Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) -> Done(KILLED)
      NeverStarted 0 | Lost 0 -> Done(LOST)
      Adopted 0 -> Stopping(Reported, kill at 2) [Terminate 0]
    Stopping(Reported, kill at 4)
      Start -> Late
      Tick -> NotDue
      Stop(kill at 3) -> Stopping(Reported, kill at 3)
      Stop(kill at 2) -> Stopping(Reported, give up at 4) [Kill 0]
      Spawned 0 | SpawnFailed 0 -> Impossible
      Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) -> Done(KILLED)
      NeverStarted 0 | Lost 0 -> Done(LOST)
      Adopted 0 -> Stopping(Reported, kill at 4) [Terminate 0]
    Stopping(Reported, give up at 2)
      Start | Stop(kill at 3) | Stop(kill at 2) -> Late
      Tick | NeverStarted 0 | Lost 0 -> Done(LOST)
      Spawned 0 | SpawnFailed 0 -> Impossible
      Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) -> Done(KILLED)
      Adopted 0 -> Stopping(Reported, give up at 2) [Kill 0]
    Stopping(Reported, give up at 4)
      Start | Stop(kill at 3) | Stop(kill at 2) -> Late
      Tick -> NotDue
      Spawned 0 | SpawnFailed 0 -> Impossible
      Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) -> Done(KILLED)
      NeverStarted 0 | Lost 0 -> Done(LOST)
      Adopted 0 -> Stopping(Reported, give up at 4) [Kill 0]
    Done(SUCCESS)
      Start | Tick | Stop(kill at 3) | Stop(kill at 2) | Spawned 0 | SpawnFailed 0 | Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) | NeverStarted 0 | Adopted 0 | Lost 0 -> Late
    ");
}

#[test]
fn verdicts() {
    let mut lines = String::new();
    let starting = Process {
        phase: Phase::Starting,
        runs: 1,
        failures: 1,
    };
    let asked = Process {
        phase: Phase::Stopping {
            child: Child::Reported,
            demand: Demand::Terminate { kill_at: Time(99) },
        },
        ..starting
    };
    for (label, process) in [("by itself", starting), ("when asked", asked)] {
        for event in reports(0) {
            let policy = Policy {
                max_failures: 2,
                min_duration_ms: 7,
                daemon: true,
            };
            if let Outcome::Moved(
                _,
                Fact::Ended {
                    verdict,
                    reason,
                    exit,
                    next,
                    ..
                },
            ) = decide(&policy, &process, now(0), event.clone())
            {
                lines += &format!(
                    "{label}: {} -> {verdict} {reason:?} {exit:?} {next:?}\n",
                    show_event(&event)
                );
            }
        }
    }
    insta::assert_snapshot!(lines, @"
    by itself: SpawnFailed 0 -> FAILED StartError None Done
    by itself: Exited 0 Code(0) -> SUCCESS Exit Some(Code(0)) Again { not_before: Time(7) }
    by itself: Exited 0 Code(1) -> FAILED Exit Some(Code(1)) Done
    by itself: Exited 0 Signal(9) -> FAILED Signal Some(Signal(9)) Done
    by itself: Lost 0 -> LOST Lost None Again { not_before: Time(7) }
    when asked: Exited 0 Code(0) -> KILLED Killed Some(Code(0)) Done
    when asked: Exited 0 Code(1) -> KILLED Killed Some(Code(1)) Done
    when asked: Exited 0 Signal(9) -> KILLED Killed Some(Signal(9)) Done
    when asked: NeverStarted 0 -> LOST Lost None Done
    when asked: Lost 0 -> LOST Lost None Done
    ");
}

#[test]
fn limits_count_failures_only() {
    let run = |max_failures, daemon, ends: &[Exit]| {
        let policy = Policy {
            max_failures,
            min_duration_ms: 0,
            daemon,
        };
        let mut process = Process::new();
        for (run, exit) in (0..).zip(ends) {
            process = step(&policy, &process, now(0), Event::Start).0;
            let report = Report::Exited {
                exit: *exit,
                finished_ms: 0,
            };
            process = step(&policy, &process, now(0), Event::Report { run, report }).0;
        }
        (process.runs, show_phase(process.phase))
    };
    let (ok, fail) = (Exit::Code(0), Exit::Signal(11));
    assert_eq!(run(2, true, &[fail, ok, fail]), (3, "Done(FAILED)".into()));
    assert_eq!(run(0, false, &[fail; 500]), (500, "Waiting(0)".into()));
    assert_eq!(run(0, false, &[fail, fail, ok]), (3, "Done(SUCCESS)".into()));
    assert_eq!(run(0, true, &[fail, ok].repeat(10)), (20, "Waiting(0)".into()));
    assert_eq!(run(5, false, &[fail, fail, ok]), (3, "Done(SUCCESS)".into()));
}

#[test]
fn facts_that_do_not_fit_are_refused() {
    let ended = Fact::Ended {
        verdict: Verdict::Failed,
        reason: Reason::Exit,
        exit: None,
        finished_ms: None,
        message: None,
        next: Next::Done,
    };
    let facts = [
        Fact::Intent,
        Fact::Running {
            pid: 1,
            started_ms: 0,
        },
        Fact::Stopping { kill_at: Time(1) },
        Fact::Killing { give_up_at: Time(1) },
        ended,
    ];
    let stopping = Phase::Stopping {
        child: Child::Reported,
        demand: Demand::Kill { give_up_at: Time(9) },
    };
    let waiting = Phase::Waiting { not_before: Time(0) };
    let mut table = String::new();
    for phase in [
        waiting,
        Phase::Starting,
        Phase::Running,
        stopping,
        Phase::Done(Verdict::Lost),
    ] {
        for run in [1, 2, 3] {
            let fits = facts.iter().filter(|fact| {
                let before = Process {
                    phase,
                    runs: 2,
                    failures: 0,
                };
                let mut process = before;
                let fits = apply(&mut process, run, fact).is_ok();
                assert!(fits || process == before);
                fits
            });
            let names: Vec<String> = fits
                .map(|fact| {
                    format!("{fact:?}")
                        .split(' ')
                        .next()
                        .unwrap_or_default()
                        .to_string()
                })
                .collect();
            table += &format!(
                "{} with 2 runs, run {run}: {}\n",
                show_phase(phase),
                names.join(" ")
            );
        }
    }
    insta::assert_snapshot!(table, @"
    Waiting(0) with 2 runs, run 1: 
    Waiting(0) with 2 runs, run 2: Intent
    Waiting(0) with 2 runs, run 3: 
    Starting with 2 runs, run 1: Intent Running Stopping Killing Ended
    Starting with 2 runs, run 2: 
    Starting with 2 runs, run 3: 
    Running with 2 runs, run 1: Running Stopping Killing Ended
    Running with 2 runs, run 2: 
    Running with 2 runs, run 3: 
    Stopping(Reported, give up at 9ms) with 2 runs, run 1: Running Stopping Killing Ended
    Stopping(Reported, give up at 9ms) with 2 runs, run 2: 
    Stopping(Reported, give up at 9ms) with 2 runs, run 3: 
    Done(LOST) with 2 runs, run 1: 
    Done(LOST) with 2 runs, run 2: 
    Done(LOST) with 2 runs, run 3:
    ");
}

/// What really goes on: the other side of the machine.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Host {
    /// The run that was started or is to be started last.
    run: Option<u32>,
    child: Real,
    /// Reports on their way, in any order.
    mail: BTreeSet<Letter>,
    /// Runs that were really started.
    started: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Real {
    None,
    Ordered,
    Alive,
    Gone(Ending),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Ending {
    Good,
    Bad,
    Unseen,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Letter {
    Spawned(u32),
    Refused(u32),
    Ended(u32, Ending),
    Never(u32),
    Adopted(u32),
}

impl Letter {
    fn event(self) -> Event {
        let (run, report) = match self {
            Self::Spawned(run) => (
                run,
                Report::Spawned {
                    pid: 1,
                    started_ms: 0,
                },
            ),
            Self::Refused(run) => (
                run,
                Report::SpawnFailed {
                    message: String::new(),
                },
            ),
            Self::Ended(run, Ending::Unseen) => (run, Report::Lost),
            Self::Ended(run, exit) => {
                let code = i32::from(exit == Ending::Bad);
                let exit = Exit::Code(code);
                (run, Report::Exited { exit, finished_ms: 0 })
            }
            Self::Never(run) => (run, Report::NeverStarted),
            Self::Adopted(run) => (
                run,
                Report::Adopted {
                    pid: 1,
                    started_ms: 0,
                },
            ),
        };
        Event::Report { run, report }
    }
}

impl Host {
    fn new() -> Self {
        Self {
            run: None,
            child: Real::None,
            mail: BTreeSet::new(),
            started: 0,
        }
    }

    /// Does the work; panics where doing it would break the promise.
    fn perform(&mut self, process: &Process, work: Option<Act>) {
        let run = process.last_run();
        match work {
            None => {}
            Some(Act::Spawn) => {
                assert!(
                    matches!(self.child, Real::None | Real::Gone(_)),
                    "a second child beside a living one"
                );
                assert!(
                    self.run != run || self.child == Real::None,
                    "one run started twice"
                );
                self.run = run;
                self.child = Real::Ordered;
            }
            Some(Act::Terminate | Act::Kill) => {
                assert!(process.is_alive(), "a signal for nobody");
                assert!(
                    work == Some(Act::Kill) || self.child != Real::Ordered,
                    "SIGTERM before there is a child is lost"
                );
            }
        }
    }

    fn start(&mut self) {
        let run = self.run.unwrap_or(0);
        self.child = Real::Alive;
        self.started += 1;
        self.mail.insert(Letter::Spawned(run));
    }

    fn end(&mut self, exit: Ending) {
        self.child = Real::Gone(exit);
        self.mail.insert(Letter::Ended(self.run.unwrap_or(0), exit));
    }

    /// A new runner looks: reports on their way are gone, the truth is told anew.
    fn look(&mut self) {
        self.mail.clear();
        let run = self.run.unwrap_or(0);
        let letter = match self.child {
            Real::None | Real::Ordered => {
                self.child = Real::None;
                Letter::Never(run)
            }
            Real::Alive => Letter::Adopted(run),
            Real::Gone(exit) => Letter::Ended(run, exit),
        };
        self.mail.insert(letter);
    }

    /// Everything this host could do next.
    fn moves(&self) -> Vec<Self> {
        let with = |change: &dyn Fn(&mut Self)| {
            let mut host = self.clone();
            change(&mut host);
            host
        };
        match self.child {
            Real::None | Real::Gone(_) => vec![],
            Real::Ordered => vec![
                with(&Self::start),
                with(&|host| {
                    host.child = Real::None;
                    host.mail.insert(Letter::Refused(host.run.unwrap_or(0)));
                }),
            ],
            Real::Alive => [Ending::Good, Ending::Bad, Ending::Unseen]
                .map(|exit| with(&|host| host.end(exit)))
                .into(),
        }
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct World {
    process: Process,
    host: Host,
    steps: u64,
}

const MOST_STEPS: u64 = 6;
const MOST_RUNS: u32 = 3;

impl World {
    fn after(&self, policy: &Policy, event: Event) -> Self {
        let (process, _, work) = step(policy, &self.process, now(self.steps), event);
        if let Phase::Done(_) = self.process.phase {
            assert_eq!(process, self.process, "done is final");
            assert_eq!(work, None, "done is silent");
        }
        assert!(process.failures <= policy.max_failures || policy.max_failures == 0);
        let mut next = Self {
            process,
            ..self.clone()
        };
        next.host.perform(&process, work);
        assert!(
            next.host.started <= next.process.runs,
            "more starts than run numbers"
        );
        next
    }

    fn neighbours(&self, policy: &Policy) -> Vec<Self> {
        let at = Time(self.steps * STEP_MS);
        let mut next = vec![self.after(policy, Event::Tick)];
        if self.process.runs < MOST_RUNS {
            next.push(self.after(policy, Event::Start));
        }
        for kill_at in [at, at.plus(STEP_MS), at.plus(2 * STEP_MS)] {
            next.push(self.after(policy, Event::Stop { kill_at }));
        }
        for letter in &self.host.mail {
            let mut world = self.after(policy, letter.event());
            world.host.mail.remove(letter);
            next.push(world);
        }
        for host in self.host.moves() {
            next.push(Self { host, ..self.clone() });
        }
        if self.process.is_alive() {
            let mut restarted = self.clone();
            restarted.host.look();
            next.push(restarted);
        }
        if self.steps < MOST_STEPS {
            let mut later = self.clone();
            later.steps += 1;
            next.push(later.after(policy, Event::Tick));
        }
        next
    }

    /// Asks it to end, before a host that answers and a child that listens to nothing but SIGKILL.
    fn ends_when_stopped(mut self, policy: &Policy) {
        let kill_at = Time(self.steps * STEP_MS).plus(STEP_MS);
        self = self.after(policy, Event::Stop { kill_at });
        for _ in 0..4 {
            while self.process.is_alive() {
                let is_killed = matches!(
                    self.process.phase,
                    Phase::Stopping {
                        demand: Demand::Kill { .. },
                        ..
                    }
                );
                if let Some(letter) = self.host.mail.pop_first() {
                    self = self.after(policy, letter.event());
                } else if self.host.child == Real::Ordered {
                    self.host.start();
                } else if self.host.child == Real::Alive && is_killed {
                    self.host.end(Ending::Bad);
                } else {
                    break;
                }
            }
            self.steps += 1;
            self = self.after(policy, Event::Tick);
        }
        assert!(
            !self.process.is_alive(),
            "still {}",
            show_phase(self.process.phase)
        );
        assert!(self.host.child != Real::Alive, "a child is left");
        let is_known = self.host.child != Real::Gone(Ending::Unseen);
        let is_lost = self.process.phase == Phase::Done(Verdict::Lost);
        assert!(!is_known || !is_lost, "a host that answers was not heard");
    }

    /// Asks it to end, before a host that never says a word again.
    fn ends_in_silence(mut self, policy: &Policy) {
        let kill_at = Time(self.steps * STEP_MS).plus(STEP_MS);
        self = self.after(policy, Event::Stop { kill_at });
        for _ in 0..4 {
            self.steps += 1;
            self = self.after(policy, Event::Tick);
        }
        assert!(
            !self.process.is_alive(),
            "still {}",
            show_phase(self.process.phase)
        );
    }
}

#[test]
fn every_history_is_safe_and_ends_when_stopped() {
    let mut counts = Vec::new();
    for (max_failures, min_duration_ms, daemon) in [
        (1, 0, false),
        (2, STEP_MS, false),
        (0, STEP_MS, false),
        (2, 0, true),
        (0, STEP_MS, true),
    ] {
        let policy = Policy {
            max_failures,
            min_duration_ms,
            daemon,
        };
        let start = World {
            process: Process::new(),
            host: Host::new(),
            steps: 0,
        };
        let mut seen = HashSet::from([start.clone()]);
        let mut queue = VecDeque::from([start]);
        while let Some(world) = queue.pop_front() {
            if world.process.is_alive() {
                world.clone().ends_when_stopped(&policy);
                world.clone().ends_in_silence(&policy);
            }
            for next in world.neighbours(&policy) {
                if seen.insert(next.clone()) {
                    queue.push_back(next);
                }
            }
        }
        counts.push(seen.len());
    }
    assert!(
        counts.iter().all(|count| *count > 1_000),
        "the walk went nowhere: {counts:?}"
    );
}
