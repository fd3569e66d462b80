use std::collections::{BTreeSet, HashSet, VecDeque};

use super::*;
use crate::clock::Now;

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

fn show_cause(cause: Cause) -> String {
    match cause {
        Cause::Task => String::new(),
        Cause::Hold | Cause::Restart | Cause::Limit(_) => format!(", {cause:?}"),
    }
}

fn show_phase(phase: Phase) -> String {
    match phase {
        Phase::Waiting { not_before } => format!("Waiting({})", steps(not_before)),
        Phase::Starting => "Starting".to_string(),
        Phase::Running => "Running".to_string(),
        Phase::Stopping { child, demand, cause } => match demand {
            Demand::Terminate { kill_at } => {
                format!(
                    "Stopping({child:?}, kill at {}{})",
                    steps(kill_at),
                    show_cause(cause)
                )
            }
            Demand::Kill { give_up_at } => {
                format!(
                    "Stopping({child:?}, give up at {}{})",
                    steps(give_up_at),
                    show_cause(cause)
                )
            }
        },
        Phase::Held => "Held".to_string(),
        Phase::Done(verdict) => format!("Done({verdict})"),
    }
}

fn show_event(event: &Event) -> String {
    match event {
        Event::Start => "Start".to_string(),
        Event::Tick { .. } => "Tick".to_string(),
        Event::Control { verb, .. } => format!("Control({verb:?})"),
        Event::Stop { kill_at } => format!("Stop(kill at {})", steps(*kill_at)),
        Event::Report { run, report } => match report {
            Report::Spawned { .. } => format!("Spawned {run}"),
            Report::SpawnFailed { .. } => format!("SpawnFailed {run}"),
            Report::Exited { exit, .. } => format!("Exited {run} {exit:?}"),
            Report::NeverStarted => format!("NeverStarted {run}"),
            Report::Adopted { .. } => format!("Adopted {run}"),
            Report::Lost => format!("Lost {run}"),
            Report::Ready => format!("Ready {run}"),
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
        Report::Adopted {
            pid,
            started_ms,
            age_ms: 0,
        },
        Report::Lost,
        Report::Ready,
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
            apply(&mut next, at.time, *run, fact).expect("what is decided can be applied");
            work
        }
        Outcome::Unchanged(_) => None,
    };
    (next, outcome, work)
}

const TICK: Event = Event::Tick {
    kill_at: Time(3 * STEP_MS),
};

fn controls(kill_at: Time) -> [Event; 3] {
    [Verb::Stop, Verb::Start, Verb::Restart].map(|verb| Event::Control { verb, kill_at })
}

/// Prints what each event does in each state at step 2; equal results share a line.
fn table(policy: &Policy, processes: &[(String, Process)], events: &[Event]) -> String {
    let mut table = String::new();
    for (name, process) in processes {
        let mut rows: Vec<(String, Vec<String>)> = Vec::new();
        for event in events {
            let (next, outcome, work) = step(policy, process, now(2), event.clone());
            let work = work.map_or(String::new(), |work| format!(" [{work:?} {}]", next.runs - 1));
            let result = match outcome {
                Outcome::Moved(_, Fact::Ended { reason, .. }) if next.failures > process.failures => {
                    format!("{} FAILED {reason:?}{work}", show_phase(next.phase))
                }
                Outcome::Moved(_, Fact::Ready) => "ready".to_string(),
                Outcome::Moved(..) => format!("{}{work}", show_phase(next.phase)),
                Outcome::Unchanged(why) => format!("{why:?}"),
            };
            match rows.iter_mut().find(|row| row.0 == result) {
                Some(row) => row.1.push(show_event(event)),
                None => rows.push((result, vec![show_event(event)])),
            }
        }
        table += &format!("{name}\n");
        for (result, events) in rows {
            table += &format!("  {} -> {result}\n", events.join(" | "));
        }
    }
    table
}

fn in_phase(phase: Phase) -> (String, Process) {
    let process = Process {
        phase,
        runs: 1,
        ..Process::new()
    };
    (show_phase(phase), process)
}

#[test]
fn transition_table() {
    let policy = Policy {
        max_failures: 2,
        min_duration_ms: STEP_MS,
        ..Policy::default()
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
            cause: Cause::Task,
        }));
        phases.extend(times.map(|give_up_at| Phase::Stopping {
            child,
            demand: Demand::Kill { give_up_at },
            cause: Cause::Task,
        }));
    }
    phases.push(Phase::Done(Verdict::Success));
    let mut events = vec![
        Event::Start,
        TICK,
        Event::Stop {
            kill_at: Time(3 * STEP_MS),
        },
        Event::Stop {
            kill_at: Time(2 * STEP_MS),
        },
    ];
    events.extend(reports(0));
    let processes: Vec<_> = phases.into_iter().map(in_phase).collect();
    insta::assert_snapshot!(table(&policy, &processes, &events), @"
    Waiting(0)
      Start -> Starting [Spawn 1]
      Tick | Stop(kill at 3) | Stop(kill at 2) -> NotDue
      Spawned 0 | SpawnFailed 0 | Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) | NeverStarted 0 | Adopted 0 | Lost 0 | Ready 0 -> Late
    Waiting(3)
      Start | Tick | Stop(kill at 3) | Stop(kill at 2) -> NotDue
      Spawned 0 | SpawnFailed 0 | Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) | NeverStarted 0 | Adopted 0 | Lost 0 | Ready 0 -> Late
    Starting
      Start -> Late
      Tick -> NotDue
      Stop(kill at 3) -> Stopping(Expected, kill at 3)
      Stop(kill at 2) -> Stopping(Expected, give up at 4) [Kill 0]
      Spawned 0 | Adopted 0 -> Running
      SpawnFailed 0 -> Waiting(3) FAILED StartError
      Exited 0 Code(0) -> Done(SUCCESS)
      Exited 0 Code(1) -> Waiting(3) FAILED Exit
      Exited 0 Signal(9) -> Waiting(3) FAILED Signal
      NeverStarted 0 -> Starting [Spawn 0]
      Lost 0 -> Waiting(3)
      Ready 0 -> Impossible
    Running
      Start | Adopted 0 -> Late
      Tick -> NotDue
      Stop(kill at 3) -> Stopping(Reported, kill at 3) [Terminate 0]
      Stop(kill at 2) -> Stopping(Reported, give up at 4) [Kill 0]
      Spawned 0 | SpawnFailed 0 | Ready 0 -> Impossible
      Exited 0 Code(0) -> Done(SUCCESS)
      Exited 0 Code(1) -> Waiting(3) FAILED Exit
      Exited 0 Signal(9) -> Waiting(3) FAILED Signal
      NeverStarted 0 | Lost 0 -> Waiting(3)
    Stopping(Expected, kill at 2)
      Start | Stop(kill at 3) | Stop(kill at 2) | Ready 0 -> Late
      Tick -> Stopping(Expected, give up at 4) [Kill 0]
      Spawned 0 | Adopted 0 -> Stopping(Reported, kill at 2) [Terminate 0]
      SpawnFailed 0 | Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) | NeverStarted 0 -> Done(KILLED)
      Lost 0 -> Done(LOST)
    Stopping(Expected, kill at 4)
      Start | Ready 0 -> Late
      Tick -> NotDue
      Stop(kill at 3) -> Stopping(Expected, kill at 3)
      Stop(kill at 2) -> Stopping(Expected, give up at 4) [Kill 0]
      Spawned 0 | Adopted 0 -> Stopping(Reported, kill at 4) [Terminate 0]
      SpawnFailed 0 | Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) | NeverStarted 0 -> Done(KILLED)
      Lost 0 -> Done(LOST)
    Stopping(Expected, give up at 2)
      Start | Stop(kill at 3) | Stop(kill at 2) | Ready 0 -> Late
      Tick | Lost 0 -> Done(LOST)
      Spawned 0 | Adopted 0 -> Stopping(Reported, give up at 2) [Kill 0]
      SpawnFailed 0 | Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) | NeverStarted 0 -> Done(KILLED)
    Stopping(Expected, give up at 4)
      Start | Stop(kill at 3) | Stop(kill at 2) | Ready 0 -> Late
      Tick -> NotDue
      Spawned 0 | Adopted 0 -> Stopping(Reported, give up at 4) [Kill 0]
      SpawnFailed 0 | Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) | NeverStarted 0 -> Done(KILLED)
      Lost 0 -> Done(LOST)
    Stopping(Reported, kill at 2)
      Start | Stop(kill at 3) | Stop(kill at 2) | Ready 0 -> Late
      Tick -> Stopping(Reported, give up at 4) [Kill 0]
      Spawned 0 | SpawnFailed 0 -> Impossible
      Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) -> Done(KILLED)
      NeverStarted 0 | Lost 0 -> Done(LOST)
      Adopted 0 -> Stopping(Reported, kill at 2) [Terminate 0]
    Stopping(Reported, kill at 4)
      Start | Ready 0 -> Late
      Tick -> NotDue
      Stop(kill at 3) -> Stopping(Reported, kill at 3)
      Stop(kill at 2) -> Stopping(Reported, give up at 4) [Kill 0]
      Spawned 0 | SpawnFailed 0 -> Impossible
      Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) -> Done(KILLED)
      NeverStarted 0 | Lost 0 -> Done(LOST)
      Adopted 0 -> Stopping(Reported, kill at 4) [Terminate 0]
    Stopping(Reported, give up at 2)
      Start | Stop(kill at 3) | Stop(kill at 2) | Ready 0 -> Late
      Tick | NeverStarted 0 | Lost 0 -> Done(LOST)
      Spawned 0 | SpawnFailed 0 -> Impossible
      Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) -> Done(KILLED)
      Adopted 0 -> Stopping(Reported, give up at 2) [Kill 0]
    Stopping(Reported, give up at 4)
      Start | Stop(kill at 3) | Stop(kill at 2) | Ready 0 -> Late
      Tick -> NotDue
      Spawned 0 | SpawnFailed 0 -> Impossible
      Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) -> Done(KILLED)
      NeverStarted 0 | Lost 0 -> Done(LOST)
      Adopted 0 -> Stopping(Reported, give up at 4) [Kill 0]
    Done(SUCCESS)
      Start | Tick | Stop(kill at 3) | Stop(kill at 2) | Spawned 0 | SpawnFailed 0 | Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) | NeverStarted 0 | Adopted 0 | Lost 0 | Ready 0 -> Late
    ");
}

/// What somebody wants of one process, in every state, and what follows on the end of its run.
#[test]
fn controls_table() {
    let policy = Policy {
        max_failures: 2,
        min_duration_ms: STEP_MS,
        ..Policy::default()
    };
    let stopping = |cause| Phase::Stopping {
        child: Child::Reported,
        demand: Demand::Terminate {
            kill_at: Time(4 * STEP_MS),
        },
        cause,
    };
    let killing = |cause| Phase::Stopping {
        child: Child::Expected,
        demand: Demand::Kill {
            give_up_at: Time(2 * STEP_MS),
        },
        cause,
    };
    let phases = [
        Phase::Waiting { not_before: Time(0) },
        Phase::Waiting {
            not_before: Time(3 * STEP_MS),
        },
        Phase::Starting,
        Phase::Running,
        stopping(Cause::Task),
        stopping(Cause::Hold),
        stopping(Cause::Restart),
        stopping(Cause::Limit(Reason::Timeout)),
        killing(Cause::Hold),
        killing(Cause::Restart),
        killing(Cause::Limit(Reason::Timeout)),
        Phase::Held,
        Phase::Done(Verdict::Failed),
    ];
    let kill_at = Time(3 * STEP_MS);
    let mut events = vec![Event::Start, TICK, Event::Stop { kill_at }];
    events.extend(controls(kill_at));
    events.extend(reports(0));
    let processes: Vec<_> = phases.into_iter().map(in_phase).collect();
    insta::assert_snapshot!(table(&policy, &processes, &events), @"
    Waiting(0)
      Start -> Starting [Spawn 1]
      Tick | Stop(kill at 3) | Control(Start) | Control(Restart) -> NotDue
      Control(Stop) -> Held
      Spawned 0 | SpawnFailed 0 | Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) | NeverStarted 0 | Adopted 0 | Lost 0 | Ready 0 -> Late
    Waiting(3)
      Start | Tick | Stop(kill at 3) -> NotDue
      Control(Stop) -> Held
      Control(Start) | Control(Restart) -> Waiting(2)
      Spawned 0 | SpawnFailed 0 | Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) | NeverStarted 0 | Adopted 0 | Lost 0 | Ready 0 -> Late
    Starting
      Start | Control(Start) -> Late
      Tick -> NotDue
      Stop(kill at 3) -> Stopping(Expected, kill at 3)
      Control(Stop) -> Stopping(Expected, kill at 3, Hold)
      Control(Restart) -> Stopping(Expected, kill at 3, Restart)
      Spawned 0 | Adopted 0 -> Running
      SpawnFailed 0 -> Waiting(3) FAILED StartError
      Exited 0 Code(0) -> Done(SUCCESS)
      Exited 0 Code(1) -> Waiting(3) FAILED Exit
      Exited 0 Signal(9) -> Waiting(3) FAILED Signal
      NeverStarted 0 -> Starting [Spawn 0]
      Lost 0 -> Waiting(3)
      Ready 0 -> Impossible
    Running
      Start | Control(Start) | Adopted 0 -> Late
      Tick -> NotDue
      Stop(kill at 3) -> Stopping(Reported, kill at 3) [Terminate 0]
      Control(Stop) -> Stopping(Reported, kill at 3, Hold) [Terminate 0]
      Control(Restart) -> Stopping(Reported, kill at 3, Restart) [Terminate 0]
      Spawned 0 | SpawnFailed 0 | Ready 0 -> Impossible
      Exited 0 Code(0) -> Done(SUCCESS)
      Exited 0 Code(1) -> Waiting(3) FAILED Exit
      Exited 0 Signal(9) -> Waiting(3) FAILED Signal
      NeverStarted 0 | Lost 0 -> Waiting(3)
    Stopping(Reported, kill at 4)
      Start | Control(Stop) | Control(Start) | Control(Restart) | Ready 0 -> Late
      Tick -> NotDue
      Stop(kill at 3) -> Stopping(Reported, kill at 3)
      Spawned 0 | SpawnFailed 0 -> Impossible
      Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) -> Done(KILLED)
      NeverStarted 0 | Lost 0 -> Done(LOST)
      Adopted 0 -> Stopping(Reported, kill at 4) [Terminate 0]
    Stopping(Reported, kill at 4, Hold)
      Start | Control(Stop) | Ready 0 -> Late
      Tick -> NotDue
      Stop(kill at 3) -> Stopping(Reported, kill at 3, Hold)
      Control(Start) | Control(Restart) -> Stopping(Reported, kill at 4, Restart)
      Spawned 0 | SpawnFailed 0 -> Impossible
      Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) | NeverStarted 0 | Lost 0 -> Held
      Adopted 0 -> Stopping(Reported, kill at 4, Hold) [Terminate 0]
    Stopping(Reported, kill at 4, Restart)
      Start | Control(Start) | Control(Restart) | Ready 0 -> Late
      Tick -> NotDue
      Stop(kill at 3) -> Stopping(Reported, kill at 3, Restart)
      Control(Stop) -> Stopping(Reported, kill at 4, Hold)
      Spawned 0 | SpawnFailed 0 -> Impossible
      Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) | NeverStarted 0 | Lost 0 -> Waiting(2)
      Adopted 0 -> Stopping(Reported, kill at 4, Restart) [Terminate 0]
    Stopping(Reported, kill at 4, Limit(Timeout))
      Start | Control(Start) | Ready 0 -> Late
      Tick -> NotDue
      Stop(kill at 3) -> Stopping(Reported, kill at 3, Limit(Timeout))
      Control(Stop) -> Stopping(Reported, kill at 4, Hold)
      Control(Restart) -> Stopping(Reported, kill at 4, Restart)
      Spawned 0 | SpawnFailed 0 -> Impossible
      Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) -> Waiting(3) FAILED Timeout
      NeverStarted 0 | Lost 0 -> Waiting(3)
      Adopted 0 -> Stopping(Reported, kill at 4, Limit(Timeout)) [Terminate 0]
    Stopping(Expected, give up at 2, Hold)
      Start | Stop(kill at 3) | Control(Stop) | Ready 0 -> Late
      Tick -> Done(LOST)
      Control(Start) | Control(Restart) -> Stopping(Expected, give up at 2, Restart) [Kill 0]
      Spawned 0 | Adopted 0 -> Stopping(Reported, give up at 2, Hold) [Kill 0]
      SpawnFailed 0 | Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) | NeverStarted 0 | Lost 0 -> Held
    Stopping(Expected, give up at 2, Restart)
      Start | Stop(kill at 3) | Control(Start) | Control(Restart) | Ready 0 -> Late
      Tick -> Done(LOST)
      Control(Stop) -> Stopping(Expected, give up at 2, Hold) [Kill 0]
      Spawned 0 | Adopted 0 -> Stopping(Reported, give up at 2, Restart) [Kill 0]
      SpawnFailed 0 | Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) | NeverStarted 0 | Lost 0 -> Waiting(2)
    Stopping(Expected, give up at 2, Limit(Timeout))
      Start | Stop(kill at 3) | Control(Start) | Ready 0 -> Late
      Tick -> Done(LOST)
      Control(Stop) -> Stopping(Expected, give up at 2, Hold) [Kill 0]
      Control(Restart) -> Stopping(Expected, give up at 2, Restart) [Kill 0]
      Spawned 0 | Adopted 0 -> Stopping(Reported, give up at 2, Limit(Timeout)) [Kill 0]
      SpawnFailed 0 | Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) | NeverStarted 0 -> Waiting(3) FAILED Timeout
      Lost 0 -> Waiting(3)
    Held
      Start | Tick | Stop(kill at 3) | Control(Stop) | Spawned 0 | SpawnFailed 0 | Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) | NeverStarted 0 | Adopted 0 | Lost 0 | Ready 0 -> Late
      Control(Start) | Control(Restart) -> Waiting(2)
    Done(FAILED)
      Start | Tick | Stop(kill at 3) | Control(Stop) | Spawned 0 | SpawnFailed 0 | Exited 0 Code(0) | Exited 0 Code(1) | Exited 0 Signal(9) | NeverStarted 0 | Adopted 0 | Lost 0 | Ready 0 -> Late
      Control(Start) | Control(Restart) -> Waiting(2)
    ");
}

/// The limits of a run, at and before their time, ready and not.
#[test]
fn limits_table() {
    let policy = Policy {
        timeout_ms: Some(2 * STEP_MS),
        ready_within_ms: Some(STEP_MS),
        is_awaited: true,
        on_lost: OnLost::Fail,
        ..Policy::default()
    };
    let running = |name: &str, since, is_ready| {
        let process = Process {
            phase: Phase::Running,
            runs: 1,
            since: Time(since * STEP_MS),
            is_ready,
            ..Process::new()
        };
        (name.to_string(), process)
    };
    let processes = [
        running("fresh", 2, false),
        running("one step old", 1, false),
        running("two steps old", 0, false),
        running("fresh and ready", 2, true),
        running("one step old and ready", 1, true),
        running("two steps old and ready", 0, true),
    ];
    let mut events = vec![TICK];
    events.extend(reports(0));
    insta::assert_snapshot!(table(&policy, &processes, &events), @"
    fresh
      Tick -> NotDue
      Spawned 0 | SpawnFailed 0 -> Impossible
      Exited 0 Code(0) -> Waiting(2) FAILED NotReady
      Exited 0 Code(1) -> Waiting(2) FAILED Exit
      Exited 0 Signal(9) -> Waiting(2) FAILED Signal
      NeverStarted 0 | Lost 0 -> Done(LOST)
      Adopted 0 -> Late
      Ready 0 -> ready
    one step old
      Tick -> Stopping(Reported, kill at 3, Limit(NotReady)) [Terminate 0]
      Spawned 0 | SpawnFailed 0 -> Impossible
      Exited 0 Code(0) -> Waiting(2) FAILED NotReady
      Exited 0 Code(1) -> Waiting(2) FAILED Exit
      Exited 0 Signal(9) -> Waiting(2) FAILED Signal
      NeverStarted 0 | Lost 0 -> Done(LOST)
      Adopted 0 -> Late
      Ready 0 -> ready
    two steps old
      Tick -> Stopping(Reported, kill at 3, Limit(NotReady)) [Terminate 0]
      Spawned 0 | SpawnFailed 0 -> Impossible
      Exited 0 Code(0) -> Waiting(2) FAILED NotReady
      Exited 0 Code(1) -> Waiting(2) FAILED Exit
      Exited 0 Signal(9) -> Waiting(2) FAILED Signal
      NeverStarted 0 | Lost 0 -> Done(LOST)
      Adopted 0 -> Late
      Ready 0 -> ready
    fresh and ready
      Tick -> NotDue
      Spawned 0 | SpawnFailed 0 -> Impossible
      Exited 0 Code(0) -> Done(SUCCESS)
      Exited 0 Code(1) -> Waiting(2) FAILED Exit
      Exited 0 Signal(9) -> Waiting(2) FAILED Signal
      NeverStarted 0 | Lost 0 -> Done(LOST)
      Adopted 0 | Ready 0 -> Late
    one step old and ready
      Tick -> NotDue
      Spawned 0 | SpawnFailed 0 -> Impossible
      Exited 0 Code(0) -> Done(SUCCESS)
      Exited 0 Code(1) -> Waiting(2) FAILED Exit
      Exited 0 Signal(9) -> Waiting(2) FAILED Signal
      NeverStarted 0 | Lost 0 -> Done(LOST)
      Adopted 0 | Ready 0 -> Late
    two steps old and ready
      Tick -> Stopping(Reported, kill at 3, Limit(Timeout)) [Terminate 0]
      Spawned 0 | SpawnFailed 0 -> Impossible
      Exited 0 Code(0) -> Done(SUCCESS)
      Exited 0 Code(1) -> Waiting(2) FAILED Exit
      Exited 0 Signal(9) -> Waiting(2) FAILED Signal
      NeverStarted 0 | Lost 0 -> Done(LOST)
      Adopted 0 | Ready 0 -> Late
    ");
    let old = processes[2].1;
    let limits = [policy, Policy::default()].map(|policy| old.limit(&policy));
    assert_eq!(limits, [Some((Time(STEP_MS), Reason::NotReady)), None]);
}

#[test]
fn waits_grow_and_start_anew() {
    let backoff = Backoff {
        min_ms: 100,
        factor_thousandths: 1_500,
        max_ms: 1_000,
        reset_after_ms: 10_000,
    };
    let waits: Vec<u64> = (0..9).map(|streak| backoff.wait_ms(streak)).collect();
    assert_eq!(waits, [0, 100, 150, 225, 338, 506, 759, 1_000, 1_000]);
    assert_eq!(backoff.wait_ms(u32::MAX), 1_000);
    let constant = Backoff {
        factor_thousandths: 1_000,
        ..backoff
    };
    assert_eq!(constant.wait_ms(u32::MAX), 100);
    let none = Backoff { min_ms: 0, ..backoff };
    assert_eq!(none.wait_ms(u32::MAX), 0);

    let policy = Policy {
        daemon: true,
        min_duration_ms: 120,
        backoff: Some(backoff),
        ..Policy::default()
    };
    // How long each run lives, how it ends, and the wait behind it.
    let runs = [
        (1, 1, 120),
        (1, 1, 150),
        (1, 1, 225),
        (10_000, 1, 120),
        (1, 1, 150),
        (1, 0, 120),
        (1, 1, 120),
    ];
    let mut process = Process::new();
    let mut time = 0;
    for (run, (lives_ms, code, wait_ms)) in (0..).zip(runs) {
        let at = |time| Now {
            time: Time(time),
            wall_ms: 0,
        };
        process = step(&policy, &process, at(time), Event::Start).0;
        let (pid, started_ms, finished_ms) = (1, 0, 0);
        let report = Report::Spawned { pid, started_ms };
        process = step(&policy, &process, at(time), Event::Report { run, report }).0;
        time += lives_ms;
        let exit = Exit::Code(code);
        let report = Report::Exited { exit, finished_ms };
        process = step(&policy, &process, at(time), Event::Report { run, report }).0;
        time += wait_ms;
        assert_eq!(
            process.phase,
            Phase::Waiting {
                not_before: Time(time)
            },
            "run {run}"
        );
    }
}

#[test]
fn verdicts() {
    let mut lines = String::new();
    let starting = Process {
        phase: Phase::Starting,
        runs: 1,
        failures: 1,
        ..Process::new()
    };
    let asked = |cause| Process {
        phase: Phase::Stopping {
            child: Child::Reported,
            demand: Demand::Terminate { kill_at: Time(99) },
            cause,
        },
        ..starting
    };
    for (label, process) in [
        ("by itself", starting),
        ("when asked", asked(Cause::Task)),
        ("stopped", asked(Cause::Hold)),
        ("restarted", asked(Cause::Restart)),
        ("too long", asked(Cause::Limit(Reason::Timeout))),
    ] {
        for event in reports(0) {
            let policy = Policy {
                max_failures: 2,
                min_duration_ms: 7,
                daemon: true,
                ..Policy::default()
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
    stopped: Exited 0 Code(0) -> KILLED Killed Some(Code(0)) Held
    stopped: Exited 0 Code(1) -> KILLED Killed Some(Code(1)) Held
    stopped: Exited 0 Signal(9) -> KILLED Killed Some(Signal(9)) Held
    stopped: NeverStarted 0 -> LOST Lost None Held
    stopped: Lost 0 -> LOST Lost None Held
    restarted: Exited 0 Code(0) -> KILLED Killed Some(Code(0)) Again { not_before: Time(0) }
    restarted: Exited 0 Code(1) -> KILLED Killed Some(Code(1)) Again { not_before: Time(0) }
    restarted: Exited 0 Signal(9) -> KILLED Killed Some(Signal(9)) Again { not_before: Time(0) }
    restarted: NeverStarted 0 -> LOST Lost None Again { not_before: Time(0) }
    restarted: Lost 0 -> LOST Lost None Again { not_before: Time(0) }
    too long: Exited 0 Code(0) -> FAILED Timeout Some(Code(0)) Done
    too long: Exited 0 Code(1) -> FAILED Timeout Some(Code(1)) Done
    too long: Exited 0 Signal(9) -> FAILED Timeout Some(Signal(9)) Done
    too long: NeverStarted 0 -> LOST Lost None Again { not_before: Time(7) }
    too long: Lost 0 -> LOST Lost None Again { not_before: Time(7) }
    ");
}

#[test]
fn limits_count_failures_only() {
    let run = |max_failures, daemon, ends: &[Exit]| {
        let policy = Policy {
            max_failures,
            daemon,
            ..Policy::default()
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
        streak: 0,
        next: Next::Done,
    };
    let cause = Cause::Task;
    let facts = [
        Fact::Intent,
        Fact::Running {
            pid: 1,
            started_ms: 0,
            since: None,
        },
        Fact::Ready,
        Fact::Stopping {
            kill_at: Time(1),
            cause,
        },
        Fact::Killing {
            give_up_at: Time(1),
            cause,
        },
        Fact::Held,
        Fact::Freed { not_before: Time(1) },
        ended,
    ];
    let stopping = Phase::Stopping {
        child: Child::Reported,
        demand: Demand::Kill { give_up_at: Time(9) },
        cause,
    };
    let waiting = Phase::Waiting { not_before: Time(0) };
    let mut table = String::new();
    for phase in [
        waiting,
        Phase::Starting,
        Phase::Running,
        stopping,
        Phase::Held,
        Phase::Done(Verdict::Lost),
    ] {
        for run in [1, 2, 3] {
            let fits = facts.iter().filter(|fact| {
                let before = Process {
                    phase,
                    runs: 2,
                    ..Process::new()
                };
                let mut process = before;
                let fits = apply(&mut process, Time(0), run, fact).is_ok();
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
    Waiting(0) with 2 runs, run 1: Held Freed
    Waiting(0) with 2 runs, run 2: Intent
    Waiting(0) with 2 runs, run 3: 
    Starting with 2 runs, run 1: Intent Running Stopping Killing Ended
    Starting with 2 runs, run 2: 
    Starting with 2 runs, run 3: 
    Running with 2 runs, run 1: Running Ready Stopping Killing Ended
    Running with 2 runs, run 2: 
    Running with 2 runs, run 3: 
    Stopping(Reported, give up at 9ms) with 2 runs, run 1: Running Stopping Killing Ended
    Stopping(Reported, give up at 9ms) with 2 runs, run 2: 
    Stopping(Reported, give up at 9ms) with 2 runs, run 3: 
    Held with 2 runs, run 1: Freed
    Held with 2 runs, run 2: 
    Held with 2 runs, run 3: 
    Done(LOST) with 2 runs, run 1: Freed
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
    Ready(u32),
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
                    age_ms: 0,
                },
            ),
            Self::Ready(run) => (run, Report::Ready),
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
            Real::Alive => {
                let ready = with(&|host| {
                    host.mail.insert(Letter::Ready(host.run.unwrap_or(0)));
                });
                [Ending::Good, Ending::Bad, Ending::Unseen]
                    .map(|exit| with(&|host| host.end(exit)))
                    .into_iter()
                    .chain([ready])
                    .collect()
            }
        }
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct World {
    process: Process,
    host: Host,
    steps: u64,
    requests: u32,
}

const MOST_REQUESTS: u32 = 1;
const MOST_STEPS: u64 = 4;
const MOST_RUNS: u32 = 3;

impl World {
    fn after(&self, policy: &Policy, event: Event) -> Self {
        let is_control = matches!(event, Event::Control { .. });
        let (process, _, work) = step(policy, &self.process, now(self.steps), event);
        if let Phase::Done(_) | Phase::Held = self.process.phase {
            assert!(is_control || process == self.process, "done is final");
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

    fn tick(&self) -> Event {
        let kill_at = Time(self.steps * STEP_MS).plus(STEP_MS);
        Event::Tick { kill_at }
    }

    fn neighbours(&self, policy: &Policy) -> Vec<Self> {
        let at = Time(self.steps * STEP_MS);
        let mut next = vec![self.after(policy, self.tick())];
        if self.process.runs < MOST_RUNS {
            next.push(self.after(policy, Event::Start));
        }
        for kill_at in [at, at.plus(STEP_MS), at.plus(2 * STEP_MS)] {
            next.push(self.after(policy, Event::Stop { kill_at }));
        }
        if self.requests < MOST_REQUESTS {
            next.extend(controls(at.plus(STEP_MS)).map(|event| Self {
                requests: self.requests + 1,
                ..self.after(policy, event)
            }));
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
            next.push(later.after(policy, later.tick()));
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
            self = self.after(policy, self.tick());
        }
        assert!(
            !self.process.is_alive(),
            "still {}",
            show_phase(self.process.phase)
        );
        assert!(self.host.child != Real::Alive, "a child is left");
        let is_known = self.host.child != Real::Gone(Ending::Unseen);
        let is_lost = matches!(self.process.phase, Phase::Done(Verdict::Lost));
        assert!(!is_known || !is_lost, "a host that answers was not heard");
    }

    /// Asks it to end, before a host that never says a word again.
    fn ends_in_silence(mut self, policy: &Policy) {
        let kill_at = Time(self.steps * STEP_MS).plus(STEP_MS);
        self = self.after(policy, Event::Stop { kill_at });
        for _ in 0..4 {
            self.steps += 1;
            self = self.after(policy, self.tick());
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
    let plain = Policy::default();
    let policies = [
        (1, 0, plain),
        (2, STEP_MS, plain),
        (0, STEP_MS, plain),
        (
            2,
            0,
            Policy {
                daemon: true,
                timeout_ms: Some(STEP_MS),
                ..plain
            },
        ),
        (
            0,
            STEP_MS,
            Policy {
                daemon: true,
                ready_within_ms: Some(STEP_MS),
                is_awaited: true,
                on_lost: OnLost::Fail,
                ..plain
            },
        ),
    ];
    for (max_failures, min_duration_ms, policy) in policies {
        let policy = Policy {
            max_failures,
            min_duration_ms,
            ..policy
        };
        let start = World {
            process: Process::new(),
            host: Host::new(),
            steps: 0,
            requests: 0,
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
