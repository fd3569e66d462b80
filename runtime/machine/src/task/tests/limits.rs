use crate::process::{Fact as ProcessFact, Next, Report, Why};
use crate::record::Fact;
use crate::spec::Spec;
use crate::task::limits::Breach;
use crate::task::{Event, Stage, Stop, Task, Work};
use crate::words::{Exit, Reason, TaskReason, Verdict};

use super::kit::{header, now, parse, runner};

fn running(text: &str) -> Task {
    let (spec, _) = parse(text);
    let mut task = Task::new(Spec::new(&spec).unwrap().into());
    let create = Event::Create {
        header: Box::new(header(4_000)),
        runner: runner(1, 1),
    };
    task.turn(now(0), create);
    for process in 0..spec.processes.len() {
        let report = Report::Spawned {
            pid: 7,
            started_ms: 0,
        };
        task.turn(
            now(0),
            Event::Report {
                process,
                run: 0,
                report,
            },
        );
    }
    task
}

fn breach(reason: Reason, exit: Exit) -> Event {
    Event::Breached(Breach {
        process: 0,
        run: 0,
        reason,
        message: "too much".to_string(),
        exit,
        finished_ms: 5,
    })
}

/// What is recorded about the end of the first process.
fn ended(task: &mut Task, event: Event) -> (Verdict, Reason, Option<String>, Next) {
    let turn = task.turn(now(10), event);
    let found = turn.changes.into_iter().find_map(|change| match change.fact {
        Fact::Process {
            process: 0,
            fact:
                ProcessFact::Ended {
                    verdict,
                    reason,
                    message,
                    next,
                    ..
                },
            ..
        } => Some((verdict, reason, message, next)),
        _ => None,
    });
    found.expect("an end")
}

#[test]
fn want_of_memory_is_a_failure_that_counts() {
    let told = Some("too much".to_string());
    let oom = || breach(Reason::Oom, Exit::Signal(9));
    let (verdict, reason, message, next) = ended(&mut running("a max=2"), oom());
    assert_eq!(
        (verdict, reason, message),
        (Verdict::Failed, Reason::Oom, told.clone())
    );
    assert!(matches!(next, Next::Again { .. }));
    let (verdict, reason, message, next) = ended(&mut running("a"), oom());
    assert_eq!((verdict, reason, message), (Verdict::Failed, Reason::Oom, told));
    assert_eq!(next, Next::Done);
}

#[test]
fn a_run_that_is_stopped_or_did_its_work_broke_nothing() {
    let mut task = running("a");
    task.turn(now(5), Event::Stop(Stop::Now));
    let (verdict, reason, message, _) = ended(&mut task, breach(Reason::Oom, Exit::Signal(9)));
    assert_eq!(
        (verdict, reason, message),
        (Verdict::Killed, Reason::Killed, None)
    );
    let (verdict, reason, message, _) = ended(&mut running("a"), breach(Reason::Oom, Exit::Code(0)));
    assert_eq!((verdict, reason, message), (Verdict::Success, Reason::Exit, None));
}

#[test]
fn a_task_that_fills_the_disk_is_killed_and_its_final_processes_run() {
    let mut task = running("a max=0 | b final");
    let turn = task.turn(now(5), Event::DiskFilled);
    assert!(
        turn.effects
            .iter()
            .any(|effect| effect.process == 0 && effect.work == Work::Kill)
    );
    let late = task.turn(now(5), Event::DiskFilled);
    assert_eq!(late.unchanged, Some(Why::Late));
    let (verdict, reason, message, next) = ended(&mut task, breach(Reason::Disk, Exit::Signal(9)));
    assert_eq!((verdict, reason), (Verdict::Failed, Reason::Disk));
    assert_eq!(message, Some("too much".to_string()));
    assert_eq!(next, Next::Done);
    match task.stage() {
        Stage::Finalizing(ending) => {
            assert_eq!(
                (ending.verdict, ending.reason),
                (Verdict::Failed, TaskReason::Disk)
            );
            assert_eq!(ending.budget_end.0, 4_005);
        }
        other => panic!("{other:?}"),
    }
}
