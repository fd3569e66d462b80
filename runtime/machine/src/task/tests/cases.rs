//! The cases of the old system and of this one, as timelines.

use super::kit::{End, World, header, now, parse, runner};
use crate::health::Health;
use crate::process::{Cause, Fact as RunFact, Report, Verb, Why};
use crate::record::{Change, Fact, decode};
use crate::spec::{Spec, SpecError};
use crate::task::{Event, Stop, Task, Turn};
use crate::words::Exit;

const GRACEFUL: Stop = Stop::Graceful { grace_ms: None };

/// Writes one change the way the snapshots show it; starts that only confirm an intent are left out.
fn line(task: &Task, change: &Change) -> Option<String> {
    let what = match &change.fact {
        Fact::Created(_) | Fact::Summary(_) | Fact::Runner(_) => return None,
        Fact::Process { process, run, fact } => {
            let name = &task.spec().processes[*process].name;
            let what = match fact {
                RunFact::Intent => "starts".to_string(),
                RunFact::Running { .. } => return None,
                RunFact::Ready => "is ready".to_string(),
                RunFact::Held | RunFact::Freed { .. } => panic!("only within a request"),
                RunFact::Stopping { kill_at, cause } => {
                    format!("is asked to end{}, killed at {kill_at}", because(*cause))
                }
                RunFact::Killing { .. } => "is killed".to_string(),
                RunFact::Ended {
                    verdict,
                    reason,
                    exit,
                    ..
                } => {
                    format!(
                        "{verdict} {reason:?} {}",
                        exit.map_or(String::new(), |exit| format!("{exit:?}"))
                    )
                }
            };
            format!("{name}:{run} {what}")
        }
        Fact::Cleaning {
            verdict,
            reason,
            clean_by,
            budget_end,
            ..
        } => {
            format!("-- cleaning, {verdict} {reason:?}, kill at {clean_by}, end at {budget_end}")
        }
        Fact::Hurried { clean_by, budget_end } => format!("-- kill at {clean_by}, end at {budget_end}"),
        Fact::Farewell => "-- farewell is over".to_string(),
        Fact::Health { health, .. } => format!("-- {health:?}"),
        Fact::Control {
            process,
            verb,
            fact,
            unchanged,
            ..
        } => {
            let name = &task.spec().processes[*process].name;
            let what = match (fact, unchanged) {
                (Some(fact), _) => format!("{fact:?}"),
                (None, unchanged) => format!("{unchanged:?}"),
            };
            format!("{name} {verb:?}: {what}")
        }
        Fact::Finalizing => "-- finalizing".to_string(),
        Fact::Finished { verdict, .. } => format!("-- {verdict}"),
    };
    Some(format!("{:>6} {}", change.at, what.trim_end()))
}

fn because(cause: Cause) -> String {
    match cause {
        Cause::Limit(reason) => format!(" by {reason:?}"),
        Cause::Task | Cause::Hold | Cause::Restart => String::new(),
    }
}

fn timeline(mut world: World) -> String {
    let mut lines = vec![];
    world.run(100_000, |task, _, _, turn: &Turn| {
        lines.extend(turn.changes.iter().filter_map(|change| line(task, change)));
    });
    lines.join("\n")
}

fn run(text: &str) -> String {
    timeline(World::new(text))
}

/// Only what became of the processes and the task.
fn summary(text: &str) -> String {
    let mut world = World::new(text);
    world.run(1_000_000, |_, _, _, _| {});
    let task = &world.task;
    let verdicts = |index: usize| {
        task.runs(index)
            .map(|run| format!("{:?}", run.state))
            .collect::<Vec<_>>()
    };
    let processes = (0..task.spec().processes.len()).map(|index| {
        format!(
            "{} {}",
            task.spec().processes[index].name,
            verdicts(index).join(" ")
        )
    });
    format!(
        "{}; task {:?}",
        processes.collect::<Vec<_>>().join("; "),
        task.state()
    )
}

#[test]
fn rt_001_one_process() {
    insta::assert_snapshot!(run("hello"), @"
    0 hello:0 starts
    1000 hello:0 SUCCESS Exit Code(0)
    1000 -- cleaning, SUCCESS Complete, kill at 16000, end at 31000
    1000 -- finalizing
    1000 -- SUCCESS
    ");
}

#[test]
fn rt_002_a_diamond_of_six() {
    insta::assert_snapshot!(
        run("t1 | t2 runs=2000:0 | t3 | t4 runs=500:0 | t5 | t6 | t1<t3 | t1<t4 | t2<t3 | t2<t4 | t3<t5 | t3<t6 | t4<t5 | t4<t6"),
        @"
    0 t1:0 starts
    0 t2:0 starts
    1000 t1:0 SUCCESS Exit Code(0)
    2000 t2:0 SUCCESS Exit Code(0)
    2000 t3:0 starts
    2000 t4:0 starts
    2500 t4:0 SUCCESS Exit Code(0)
    3000 t3:0 SUCCESS Exit Code(0)
    3000 t5:0 starts
    3000 t6:0 starts
    4000 t5:0 SUCCESS Exit Code(0)
    4000 t6:0 SUCCESS Exit Code(0)
    4000 -- cleaning, SUCCESS Complete, kill at 19000, end at 34000
    4000 -- finalizing
    4000 -- SUCCESS
    "
    );
}

#[test]
fn rt_003_one_at_a_time() {
    insta::assert_snapshot!(run("a | b | c | concurrency=1"), @"
    0 a:0 starts
    1000 a:0 SUCCESS Exit Code(0)
    1000 b:0 starts
    2000 b:0 SUCCESS Exit Code(0)
    2000 c:0 starts
    3000 c:0 SUCCESS Exit Code(0)
    3000 -- cleaning, SUCCESS Complete, kill at 18000, end at 33000
    3000 -- finalizing
    3000 -- SUCCESS
    ");
}

#[test]
fn rt_005_an_ephemeral_process_is_not_waited_for() {
    insta::assert_snapshot!(run("e ephemeral runs=10000:0 | o"), @"
    0 e:0 starts
    0 o:0 starts
    1000 o:0 SUCCESS Exit Code(0)
    1000 -- cleaning, SUCCESS Complete, kill at 16000, end at 31000
    1000 e:0 is asked to end, killed at 16000
    1000 e:0 KILLED Killed Signal(15)
    1000 -- finalizing
    1000 -- SUCCESS
    ");
}

#[test]
fn rt_006_retries_wait_min_duration() {
    insta::assert_snapshot!(run("p3 max=5 min=1000 runs=100:1,100:1,100:0"), @"
    0 p3:0 starts
    100 p3:0 FAILED Exit Code(1)
    1100 p3:1 starts
    1200 p3:1 FAILED Exit Code(1)
    2200 p3:2 starts
    2300 p3:2 SUCCESS Exit Code(0)
    2300 -- cleaning, SUCCESS Complete, kill at 17300, end at 32300
    2300 -- finalizing
    2300 -- SUCCESS
    ");
}

#[test]
fn rt_009_failures_below_the_limit_of_the_task() {
    insta::assert_snapshot!(
        summary("a | b max=2 runs=100:1 | c final | a<b | failures=2"),
        @"a Success; b Failed Failed; c Success; task Success"
    );
}

#[test]
fn rt_010_to_014_final_processes() {
    let lines = [
        summary("main | f final"),
        summary("main | f1 final runs=10:1 | f2 final | f1<f2"),
        summary("main | f1 final max=2 runs=10:1 | f2 final"),
        summary("main runs=10:1 | f final"),
    ];
    insta::assert_snapshot!(lines.join("\n"), @"
    main Success; f Success; task Success
    main Success; f1 Failed; f2 ; task Success
    main Success; f1 Failed Failed; f2 Success; task Success
    main Failed; f Success; task Failed
    ");
}

#[test]
fn rt_015_cleaning_leaves_a_share_to_final_processes() {
    insta::assert_snapshot!(run("o | e ephemeral runs=- term=never | f final | wait=3000"), @"
    0 o:0 starts
    0 e:0 starts
    1000 o:0 SUCCESS Exit Code(0)
    1000 -- cleaning, SUCCESS Complete, kill at 2500, end at 4000
    1000 e:0 is asked to end, killed at 2500
    2500 e:0 is killed
    2500 e:0 KILLED Killed Signal(9)
    2500 -- finalizing
    2500 f:0 starts
    3500 f:0 SUCCESS Exit Code(0)
    3500 -- SUCCESS
    ");
}

#[test]
fn rt_016_the_budget_ends_a_final_process() {
    insta::assert_snapshot!(run("o | f final runs=60000:0 | wait=2000"), @"
    0 o:0 starts
    1000 o:0 SUCCESS Exit Code(0)
    1000 -- cleaning, SUCCESS Complete, kill at 2000, end at 3000
    1000 -- finalizing
    1000 f:0 starts
    3000 f:0 is killed
    3000 f:0 KILLED Killed Signal(9)
    3000 -- SUCCESS
    ");
}

#[test]
fn rt_017_the_budget_ends_a_final_daemon() {
    insta::assert_snapshot!(run("o | f final daemon runs=100:0 | wait=12000"), @"
    0 o:0 starts
    1000 o:0 SUCCESS Exit Code(0)
    1000 -- cleaning, SUCCESS Complete, kill at 7000, end at 13000
    1000 -- finalizing
    1000 f:0 starts
    1100 f:0 SUCCESS Exit Code(0)
    6100 f:1 starts
    6200 f:1 SUCCESS Exit Code(0)
    11200 f:2 starts
    11300 f:2 SUCCESS Exit Code(0)
    13000 -- SUCCESS
    ");
}

#[test]
fn rt_020_a_running_ephemeral_daemon_does_not_hold_the_plan() {
    insta::assert_snapshot!(run("p1 | p2 daemon ephemeral runs=600:0 min=100"), @"
    0 p1:0 starts
    0 p2:0 starts
    600 p2:0 SUCCESS Exit Code(0)
    700 p2:1 starts
    1000 p1:0 SUCCESS Exit Code(0)
    1000 -- cleaning, SUCCESS Complete, kill at 16000, end at 31000
    1000 p2:1 is asked to end, killed at 16000
    1000 p2:1 KILLED Killed Signal(15)
    1000 -- finalizing
    1000 -- SUCCESS
    ");
}

#[test]
fn rt_023_a_failed_ephemeral_process_lets_others_run() {
    insta::assert_snapshot!(run("p1 ephemeral runs=10:1 | p2 ephemeral | long runs=3000:0 | p1<p2"), @"
    0 p1:0 starts
    0 long:0 starts
    10 p1:0 FAILED Exit Code(1)
    10 p2:0 starts
    1010 p2:0 SUCCESS Exit Code(0)
    3000 long:0 SUCCESS Exit Code(0)
    3000 -- cleaning, SUCCESS Complete, kill at 18000, end at 33000
    3000 -- finalizing
    3000 -- SUCCESS
    ");
}

#[test]
fn rt_026_a_stuck_plan_fails_the_task() {
    insta::assert_snapshot!(run("p1 runs=10:1 | p2 | p1<p2 | failures=0"), @"
    0 p1:0 starts
    10 p1:0 FAILED Exit Code(1)
    10 -- cleaning, FAILED Stuck, kill at 15010, end at 30010
    10 -- finalizing
    10 -- FAILED
    ");
}

#[test]
fn rt_027_a_daemon_waits_after_every_run() {
    insta::assert_snapshot!(run("d daemon min=10000 max=2 runs=5000:0,0:1,0:1"), @"
    0 d:0 starts
    5000 d:0 SUCCESS Exit Code(0)
    15000 d:1 starts
    15000 d:1 FAILED Exit Code(1)
    25000 d:2 starts
    25000 d:2 FAILED Exit Code(1)
    25000 -- cleaning, FAILED Failures, kill at 40000, end at 55000
    25000 -- finalizing
    25000 -- FAILED
    ");
}

#[test]
fn rt_028_wakes_at_the_earliest_retry() {
    let (task, _) = parse("d3 daemon min=3 max=0 | d5 daemon min=5 max=0 | d7 daemon min=7 max=0");
    let mut task = Task::new(Spec::new(&task).unwrap().into());
    let create = Event::Create {
        header: Box::new(header(0)),
        runner: runner(1, 1),
    };
    let ended = |process, run| Event::Report {
        process,
        run,
        report: Report::Exited {
            exit: Exit::Code(0),
            finished_ms: 0,
        },
    };
    let mut log = vec![];
    let events = [
        (0, create),
        (0, ended(0, 0)),
        (1, ended(2, 0)),
        (2, ended(1, 0)),
        (2, Event::Tick),
    ];
    for (at, event) in events {
        task.turn(now(at), event);
        log.push(format!("t={at} wake={:?}", task.next_wake(now(at).time)));
    }
    for at in [3, 7, 8] {
        let turn = task.turn(now(at), Event::Tick);
        let spawned: Vec<usize> = turn.effects.iter().map(|effect| effect.process).collect();
        log.push(format!(
            "t={at} starts {spawned:?} wake={:?}",
            task.next_wake(now(at).time)
        ));
    }
    insta::assert_snapshot!(log.join("\n"), @"
    t=0 wake=None
    t=0 wake=Some(Time(3))
    t=1 wake=Some(Time(3))
    t=2 wake=Some(Time(3))
    t=2 wake=Some(Time(3))
    t=3 starts [0] wake=Some(Time(7))
    t=7 starts [1] wake=Some(Time(8))
    t=8 starts [2] wake=None
    ");
}

#[test]
fn rt_031_a_lost_run_does_not_count_but_delays() {
    insta::assert_snapshot!(run("p max=2 min=1000 runs=10:1,10:lost,10:1"), @"
    0 p:0 starts
    10 p:0 FAILED Exit Code(1)
    1010 p:1 starts
    1020 p:1 LOST Lost
    2020 p:2 starts
    2030 p:2 FAILED Exit Code(1)
    2030 -- cleaning, FAILED Failures, kill at 17030, end at 32030
    2030 -- finalizing
    2030 -- FAILED
    ");
}

#[test]
fn rt_041_max_concurrency_holds_in_both_plans() {
    insta::assert_snapshot!(run("o | f1 final | f2 final | f3 final | concurrency=1"), @"
    0 o:0 starts
    1000 o:0 SUCCESS Exit Code(0)
    1000 -- cleaning, SUCCESS Complete, kill at 16000, end at 31000
    1000 -- finalizing
    1000 f1:0 starts
    2000 f1:0 SUCCESS Exit Code(0)
    2000 f2:0 starts
    3000 f2:0 SUCCESS Exit Code(0)
    3000 f3:0 starts
    4000 f3:0 SUCCESS Exit Code(0)
    4000 -- SUCCESS
    ");
}

#[test]
fn rt_094_more_failures_than_the_limit_of_the_task() {
    insta::assert_snapshot!(
        summary("A max=10 min=0 runs=1:1,1:1,1:1,1:1,1:1,1:0 | B max=10 min=0 runs=1:1 | failures=2"),
        @"A Failed Failed Failed Failed Failed Success; B Failed Failed Failed Failed Failed Failed Failed Failed Failed Failed; task Success"
    );
}

#[test]
fn an_all_ephemeral_task_is_launched_once() {
    insta::assert_snapshot!(run("a ephemeral | b ephemeral | c ephemeral | a<c"), @"
    0 a:0 starts
    0 b:0 starts
    0 -- cleaning, SUCCESS Complete, kill at 15000, end at 30000
    0 a:0 is asked to end, killed at 15000
    0 b:0 is asked to end, killed at 15000
    0 a:0 KILLED Killed Signal(15)
    0 b:0 KILLED Killed Signal(15)
    0 -- finalizing
    0 -- SUCCESS
    ");
}

#[test]
fn an_ephemeral_process_cannot_keep_a_stuck_task() {
    insta::assert_snapshot!(run("e ephemeral runs=- | p1 runs=10:1 | p2 | p1<p2 | failures=2"), @"
    0 e:0 starts
    0 p1:0 starts
    10 p1:0 FAILED Exit Code(1)
    10 -- cleaning, FAILED Stuck, kill at 15010, end at 30010
    10 e:0 is asked to end, killed at 15010
    10 e:0 KILLED Killed Signal(15)
    10 -- finalizing
    10 -- FAILED
    ");
}

#[test]
fn a_start_error_is_a_failure() {
    insta::assert_snapshot!(run("a max=2 min=100 runs=0:refused,10:0"), @"
    0 a:0 starts
    0 a:0 FAILED StartError
    100 a:1 starts
    110 a:1 SUCCESS Exit Code(0)
    110 -- cleaning, SUCCESS Complete, kill at 15110, end at 30110
    110 -- finalizing
    110 -- SUCCESS
    ");
}

#[test]
fn a_graceful_stop_runs_final_processes() {
    let world = World::new("a runs=- term=200:0 | b max=0 runs=10:1 | f final").stop_at(500, GRACEFUL);
    insta::assert_snapshot!(timeline(world), @"
    0 a:0 starts
    0 b:0 starts
    10 b:0 FAILED Exit Code(1)
    500 -- cleaning, KILLED Stopped, kill at 15500, end at 30500
    500 a:0 is asked to end, killed at 15500
    700 a:0 KILLED Killed Code(0)
    700 -- finalizing
    700 f:0 starts
    1700 f:0 SUCCESS Exit Code(0)
    1700 -- KILLED
    ");
}

#[test]
fn a_stop_now_runs_nothing() {
    let world = World::new("a runs=- term=200:0 | f final").stop_at(500, Stop::Now);
    insta::assert_snapshot!(timeline(world), @"
    0 a:0 starts
    500 -- cleaning, KILLED Stopped, kill at 500, end at 500
    500 a:0 is killed
    500 a:0 KILLED Killed Signal(9)
    500 -- KILLED
    ");
}

#[test]
fn a_harsher_stop_shortens_the_first() {
    let harsher = Stop::Graceful {
        grace_ms: Some(4_000),
    };
    let world = World::new("a runs=- term=never | f final runs=-")
        .stop_at(500, GRACEFUL)
        .stop_at(600, harsher)
        .stop_at(
            700,
            Stop::Graceful {
                grace_ms: Some(60_000),
            },
        );
    insta::assert_snapshot!(timeline(world), @"
    0 a:0 starts
    500 -- cleaning, KILLED Stopped, kill at 15500, end at 30500
    500 a:0 is asked to end, killed at 15500
    600 -- kill at 2600, end at 4600
    600 a:0 is asked to end, killed at 2600
    2600 a:0 is killed
    2600 a:0 KILLED Killed Signal(9)
    2600 -- finalizing
    2600 f:0 starts
    4600 f:0 is killed
    4600 f:0 KILLED Killed Signal(9)
    4600 -- KILLED
    ");
    let world = World::new("a runs=- term=never | f final runs=-")
        .stop_at(500, GRACEFUL)
        .stop_at(15_600, Stop::Now);
    insta::assert_snapshot!(timeline(world), @"
    0 a:0 starts
    500 -- cleaning, KILLED Stopped, kill at 15500, end at 30500
    500 a:0 is asked to end, killed at 15500
    15500 a:0 is killed
    15500 a:0 KILLED Killed Signal(9)
    15500 -- finalizing
    15500 f:0 starts
    15600 -- kill at 15500, end at 15600
    15600 f:0 is killed
    15600 f:0 KILLED Killed Signal(9)
    15600 -- KILLED
    ");
}

#[test]
fn a_process_that_cannot_be_killed_does_not_hold_the_task() {
    let world = World::new("a runs=- term=stuck | f final").stop_at(
        500,
        Stop::Graceful {
            grace_ms: Some(2_000),
        },
    );
    insta::assert_snapshot!(timeline(world), @"
    0 a:0 starts
    500 -- cleaning, KILLED Stopped, kill at 1500, end at 2500
    500 a:0 is asked to end, killed at 1500
    1500 a:0 is killed
    11500 a:0 LOST Lost
    11500 -- KILLED
    ");
}

#[test]
fn a_run_that_breaks_a_limit_has_failed_and_is_tried_again() {
    insta::assert_snapshot!(run("a max=3 min=0 timeout=700 runs=-,-,500:0 term=100 | wait=4000"), @"
    0 a:0 starts
    700 a:0 is asked to end by Timeout, killed at 2700
    800 a:0 FAILED Timeout Signal(15)
    800 a:1 starts
    1500 a:1 is asked to end by Timeout, killed at 3500
    1600 a:1 FAILED Timeout Signal(15)
    1600 a:2 starts
    2100 a:2 SUCCESS Exit Code(0)
    2100 -- cleaning, SUCCESS Complete, kill at 4100, end at 6100
    2100 -- finalizing
    2100 -- SUCCESS
    ");
    insta::assert_snapshot!(run("a max=1 timeout=700 runs=- term=never | wait=4000"), @"
    0 a:0 starts
    700 a:0 is asked to end by Timeout, killed at 2700
    2700 a:0 is killed
    2700 a:0 FAILED Timeout Signal(9)
    2700 -- cleaning, FAILED Failures, kill at 4700, end at 6700
    2700 -- finalizing
    2700 -- FAILED
    ");
}

#[test]
fn what_waits_until_another_is_ready() {
    insta::assert_snapshot!(run("db ephemeral daemon runs=- ready=300 | web | db<<web"), @"
    0 db:0 starts
    300 db:0 is ready
    300 web:0 starts
    1300 web:0 SUCCESS Exit Code(0)
    1300 -- cleaning, SUCCESS Complete, kill at 16300, end at 31300
    1300 db:0 is asked to end, killed at 16300
    1300 db:0 KILLED Killed Signal(15)
    1300 -- finalizing
    1300 -- SUCCESS
    ");
    // Not ready in time, then at its second try.
    insta::assert_snapshot!(run("db daemon max=2 min=0 runs=- within=200 ready=300 | web | db<<web"), @"
    0 db:0 starts
    200 db:0 is asked to end by NotReady, killed at 5200
    200 db:0 FAILED NotReady Signal(15)
    200 db:1 starts
    400 db:1 is asked to end by NotReady, killed at 5400
    400 db:1 FAILED NotReady Signal(15)
    400 -- cleaning, FAILED Failures, kill at 15400, end at 30400
    400 -- finalizing
    400 -- FAILED
    ");
    // Its end comes before it is ready, although with success.
    insta::assert_snapshot!(
        run("db max=2 min=0 runs=100:0,600:0 ready=300 | web | db<<web"),
        @"
    0 db:0 starts
    100 db:0 FAILED NotReady Code(0)
    100 db:1 starts
    400 db:1 is ready
    400 web:0 starts
    700 db:1 SUCCESS Exit Code(0)
    1400 web:0 SUCCESS Exit Code(0)
    1400 -- cleaning, SUCCESS Complete, kill at 16400, end at 31400
    1400 -- finalizing
    1400 -- SUCCESS
    "
    );
    // It dies after it was ready, and what waited goes on, also if it starts only then.
    insta::assert_snapshot!(
        run("db max=1 runs=400:1 ready=300 | slow | web | db<<web | slow<web | failures=0"),
        @"
    0 db:0 starts
    0 slow:0 starts
    300 db:0 is ready
    400 db:0 FAILED Exit Code(1)
    1000 slow:0 SUCCESS Exit Code(0)
    1000 web:0 starts
    2000 web:0 SUCCESS Exit Code(0)
    2000 -- cleaning, SUCCESS Complete, kill at 17000, end at 32000
    2000 -- finalizing
    2000 -- SUCCESS
    "
    );
}

/// An ephemeral process does not count, but as long as it may become ready nothing is stuck.
#[test]
fn a_plan_waits_for_a_supporting_process() {
    insta::assert_snapshot!(run("db ephemeral max=2 min=100 runs=10:1,- ready=300 | web | db<<web"), @"
    0 db:0 starts
    10 db:0 FAILED Exit Code(1)
    110 db:1 starts
    410 db:1 is ready
    410 web:0 starts
    1410 web:0 SUCCESS Exit Code(0)
    1410 -- cleaning, SUCCESS Complete, kill at 16410, end at 31410
    1410 db:1 is asked to end, killed at 16410
    1410 db:1 KILLED Killed Signal(15)
    1410 -- finalizing
    1410 -- SUCCESS
    ");
    insta::assert_snapshot!(run("db ephemeral runs=10:1 ready=300 | web | db<<web"), @"
    0 db:0 starts
    10 db:0 FAILED Exit Code(1)
    10 -- cleaning, FAILED Stuck, kill at 15010, end at 30010
    10 -- finalizing
    10 -- FAILED
    ");
}

#[test]
fn one_process_is_stopped_and_started() {
    let world = World::new("a runs=- term=100 | b runs=3000:0 | wait=4000")
        .control_at(500, 0, Verb::Stop)
        .control_at(700, 0, Verb::Stop)
        .control_at(5_000, 0, Verb::Start)
        .control_at(6_000, 1, Verb::Start)
        .control_at(6_500, 0, Verb::Restart)
        .stop_at(9_500, Stop::Now);
    insta::assert_snapshot!(timeline(world), @"
    0 a:0 starts
    0 b:0 starts
    500 a Stop: Stopping { kill_at: Time(2500), cause: Hold }
    600 a:0 KILLED Killed Signal(15)
    700 a Stop: Some(Late)
    3000 b:0 SUCCESS Exit Code(0)
    5000 a Start: Freed { not_before: Time(5000) }
    5000 a:1 starts
    6000 b Start: Freed { not_before: Time(6000) }
    6000 b:1 starts
    6500 a Restart: Stopping { kill_at: Time(8500), cause: Restart }
    6600 a:1 KILLED Killed Signal(15)
    6600 a:2 starts
    9000 b:1 SUCCESS Exit Code(0)
    9500 -- cleaning, KILLED Stopped, kill at 9500, end at 9500
    9500 a:2 is killed
    9500 a:2 KILLED Killed Signal(9)
    9500 -- KILLED
    ");
}

#[test]
fn a_process_that_failed_for_good_can_be_started_again() {
    let world = World::new("a max=2 min=100 runs=10:1,10:1,10:1,10:0 | b runs=4000:0 | failures=2")
        .control_at(1_000, 0, Verb::Start);
    insta::assert_snapshot!(timeline(world), @"
    0 a:0 starts
    0 b:0 starts
    10 a:0 FAILED Exit Code(1)
    110 a:1 starts
    120 a:1 FAILED Exit Code(1)
    1000 a Start: Freed { not_before: Time(1000) }
    1000 a:2 starts
    1010 a:2 FAILED Exit Code(1)
    1110 a:3 starts
    1120 a:3 SUCCESS Exit Code(0)
    4000 b:0 SUCCESS Exit Code(0)
    4000 -- cleaning, SUCCESS Complete, kill at 19000, end at 34000
    4000 -- finalizing
    4000 -- SUCCESS
    ");
}

#[test]
fn a_request_out_of_season_changes_nothing() {
    let world = World::new("a runs=- term=500 | f final runs=2000:0 | wait=8000")
        .control_at(100, 1, Verb::Start)
        .stop_at(1_000, GRACEFUL)
        .control_at(1_100, 0, Verb::Restart)
        .control_at(2_000, 1, Verb::Restart);
    insta::assert_snapshot!(timeline(world), @"
    0 a:0 starts
    100 f Start: Some(NotDue)
    1000 -- cleaning, KILLED Stopped, kill at 5000, end at 9000
    1000 a:0 is asked to end, killed at 5000
    1100 a Restart: Some(Late)
    1500 a:0 KILLED Killed Signal(15)
    1500 -- finalizing
    1500 f:0 starts
    2000 f Restart: Stopping { kill_at: Time(6000), cause: Restart }
    2000 f:0 KILLED Killed Signal(15)
    2000 f:1 starts
    4000 f:1 SUCCESS Exit Code(0)
    4000 -- KILLED
    ");
}

#[test]
fn an_unhealthy_task_fails() {
    let (task, _) = parse("a | f final");
    let mut task = Task::new(Spec::new(&task).unwrap().into());
    let create = Event::Create {
        header: Box::new(header(4_000)),
        runner: runner(1, 1),
    };
    let health = |health, message: Option<&str>| Event::Health {
        health,
        message: message.map(str::to_string),
    };
    let mut log = vec![];
    for event in [
        create,
        health(Health::Starting, None),
        health(Health::Healthy, None),
        health(Health::Healthy, None),
        health(Health::Unhealthy, Some("exit code 1")),
        health(Health::Healthy, None),
    ] {
        let turn = task.turn(now(10), event);
        log.extend(turn.changes.iter().filter_map(|change| line(&task, change)));
        log.extend(turn.unchanged.map(|why| format!("{why:?}")));
    }
    insta::assert_snapshot!(log.join("\n"), @"
    10 a:0 starts
    10 -- Starting
    10 -- Healthy
    Late
    10 -- Unhealthy
    10 -- cleaning, FAILED Unhealthy, kill at 2010, end at 4010
    10 a:0 is asked to end, killed at 2010
    Late
    ");
}

#[test]
fn a_task_is_asked_over_http_before_sigterm() {
    let run = |events: &[(u64, Event)]| {
        let mut spec = Spec::new(&parse("a").0).unwrap();
        spec.farewell_ms = Some(1_500);
        let mut task = Task::new(spec.into());
        let mut log = vec![];
        for (at, event) in events {
            let turn = task.turn(now(*at), event.clone());
            log.extend(turn.changes.iter().filter_map(|change| line(&task, change)));
            log.extend(turn.unchanged.map(|why| format!("{at:>6} {why:?}")));
            let wake = task.next_wake(now(*at).time).map_or(0, |at| at.0);
            log.push(format!("       wake at {wake}"));
        }
        log.join("\n")
    };
    let create = || {
        let header = Box::new(header(8_000));
        let runner = runner(1, 1);
        (0, Event::Create { header, runner })
    };
    let spawned = || {
        let (pid, started_ms) = (9, 0);
        let report = Report::Spawned { pid, started_ms };
        let (process, run) = (0, 0);
        (0, Event::Report { process, run, report })
    };
    let stop = || (1_000, Event::Stop(GRACEFUL));
    insta::assert_snapshot!(run(&[create(), spawned(), stop(), (1_700, Event::Farewell), (1_800, Event::Farewell)]), @"
    0 a:0 starts
           wake at 0
           wake at 0
    1000 -- cleaning, KILLED Stopped, kill at 5000, end at 9000
           wake at 2500
    1700 -- farewell is over
    1700 a:0 is asked to end, killed at 5000
           wake at 5000
      1800 Late
           wake at 5000
    ");
    insta::assert_snapshot!(run(&[create(), spawned(), stop(), (2_499, Event::Tick), (2_500, Event::Tick)]), @"
    0 a:0 starts
           wake at 0
           wake at 0
    1000 -- cleaning, KILLED Stopped, kill at 5000, end at 9000
           wake at 2500
      2499 NotDue
           wake at 2500
    2500 a:0 is asked to end, killed at 5000
           wake at 5000
    ");
    insta::assert_snapshot!(run(&[create(), spawned(), stop(), (1_100, Event::Stop(Stop::Now))]), @"
    0 a:0 starts
           wake at 0
           wake at 0
    1000 -- cleaning, KILLED Stopped, kill at 5000, end at 9000
           wake at 2500
    1100 -- kill at 1100, end at 1100
    1100 a:0 is killed
           wake at 11100
    ");
}

#[test]
fn a_stop_before_the_child_is_there_reaches_it() {
    let (task, _) = parse("a");
    let mut task = Task::new(Spec::new(&task).unwrap().into());
    let create = Event::Create {
        header: Box::new(header(4_000)),
        runner: runner(1, 1),
    };
    let spawned = Event::Report {
        process: 0,
        run: 0,
        report: Report::Spawned {
            pid: 9,
            started_ms: 0,
        },
    };
    let mut log = vec![];
    for event in [create, Event::Stop(GRACEFUL), spawned] {
        log.push(format!("{:?}", task.turn(now(0), event).effects));
    }
    insta::assert_snapshot!(log.join("\n"), @"
    [Effect { process: 0, run: 0, work: Spawn }]
    []
    [Effect { process: 0, run: 0, work: Terminate }]
    ");
}

#[test]
fn what_does_not_move_says_why() {
    let (task, _) = parse("a | f final");
    let mut task = Task::new(Spec::new(&task).unwrap().into());
    let create = || Event::Create {
        header: Box::new(header(4_000)),
        runner: runner(1, 1),
    };
    let restored = || Event::Restored { runner: runner(2, 1) };
    let lost = |process, run| Event::Report {
        process,
        run,
        report: Report::Lost,
    };
    assert_eq!(task.turn(now(0), restored()).unchanged, Some(Why::Impossible));
    assert_eq!(task.turn(now(0), Event::Tick).unchanged, Some(Why::Impossible));
    assert_eq!(
        task.turn(now(0), Event::Stop(Stop::Now)).unchanged,
        Some(Why::Impossible)
    );
    assert_eq!(task.turn(now(0), create()).unchanged, None);
    assert_eq!(task.turn(now(0), create()).unchanged, Some(Why::Late));
    assert_eq!(task.turn(now(0), Event::Tick).unchanged, Some(Why::NotDue));
    assert_eq!(task.turn(now(0), lost(7, 0)).unchanged, Some(Why::Impossible));
    assert_eq!(task.turn(now(0), lost(1, 0)).unchanged, Some(Why::Impossible));
    assert_eq!(task.turn(now(0), lost(0, 3)).unchanged, Some(Why::Impossible));
    assert_eq!(task.turn(now(0), Event::Stop(Stop::Now)).unchanged, None);
    assert_eq!(
        task.turn(now(0), Event::Stop(Stop::Now)).unchanged,
        Some(Why::Late)
    );
    assert_eq!(task.turn(now(0), lost(0, 0)).unchanged, None);
    assert_eq!(task.turn(now(0), lost(0, 0)).unchanged, Some(Why::Late));
    assert_eq!(
        task.turn(now(0), Event::Stop(Stop::Now)).unchanged,
        Some(Why::Late)
    );
    assert_eq!(task.turn(now(0), restored()).unchanged, Some(Why::Late));
}

/// Brings a task to where `a` runs, its runner dead.
fn half_way(text: &str) -> World {
    let mut world = World::new(text);
    world.run(500, |_, _, _, _| {});
    world
}

/// Replays the journal of a world under a new runner and answers its questions.
fn taken_over(world: &World, boot_id: u64, report: &Report) -> String {
    let changes: Vec<Change> = world.journal.iter().map(|bytes| decode(bytes).unwrap()).collect();
    let (task, _) = parse("a min=100 | b | a<b");
    let mut task = super::super::replay(Spec::new(&task).unwrap().into(), &changes).unwrap();
    let restored = Event::Restored {
        runner: runner(2, boot_id),
    };
    let mut log = vec![];
    let looks = task.turn(now(2_000), restored).effects;
    log.push(format!(
        "{:?}",
        looks.iter().map(|look| look.work).collect::<Vec<_>>()
    ));
    for look in looks {
        let turn = task.turn(
            now(2_000),
            Event::Report {
                process: look.process,
                run: look.run,
                report: report.clone(),
            },
        );
        log.extend(turn.changes.iter().filter_map(|change| line(&task, change)));
        log.push(format!("{:?}", turn.effects));
    }
    log.join("\n")
}

#[test]
fn rt_055_an_exit_without_a_runner_is_taken() {
    let world = half_way("a min=100 | b | a<b");
    let exited = Report::Exited {
        exit: Exit::Code(0),
        finished_ms: 7,
    };
    insta::assert_snapshot!(taken_over(&world, 1, &exited), @"
    [Look(Same)]
    2000 a:0 SUCCESS Exit Code(0)
    2000 b:0 starts
    [Effect { process: 1, run: 0, work: Spawn }]
    ");
}

#[test]
fn rt_057_after_a_reboot_a_run_is_lost() {
    let world = half_way("a min=100 | b | a<b");
    insta::assert_snapshot!(taken_over(&world, 2, &Report::Lost), @"
    [Look(Other)]
    2000 a:0 LOST Lost
    []
    ");
}

#[test]
fn rt_058_an_intent_that_never_ran_starts_under_its_number() {
    let mut world = half_way("a min=100 | b | a<b");
    // Created, runner, intent: the start was not reported.
    world.journal.truncate(3);
    insta::assert_snapshot!(taken_over(&world, 1, &Report::NeverStarted), @"
    [Look(Same)]
    2000 a:0 starts
    [Effect { process: 0, run: 0, work: Spawn }]
    ");
    insta::assert_snapshot!(taken_over(&world, 2, &Report::NeverStarted), @"
    [Look(Other)]
    2000 a:0 LOST Lost
    []
    ");
}

#[test]
fn a_started_run_without_traces_is_lost() {
    let world = half_way("a min=100 | b | a<b");
    insta::assert_snapshot!(taken_over(&world, 1, &Report::NeverStarted), @"
    [Look(Same)]
    2000 a:0 LOST Lost
    []
    ");
}

#[test]
fn impossible_plans_are_refused() {
    let refused = |text: &str| match Spec::new(&parse(text).0) {
        Ok(_) => "accepted".to_string(),
        Err(error) => error.to_string(),
    };
    let mut lines: Vec<String> = [
        "a | b | c | a<b | b<c | c<a",
        "x | a | b | x<a | a<b | b<a",
        "a | a<a",
        "a daemon | b | a<b",
        "a ephemeral | b | a<b",
        "a | b final | a<b",
        "a final | b | a<b",
        "a | a<zz",
        "a | a",
        "p1 | p2 | p3 | f1 final | f2 final | f3 final | p1<p2 | p2<p3 | f1<f2 | f2<f3",
        "a | b ephemeral | c daemon | a<b | b<c | a<c | a<c",
    ]
    .map(refused)
    .into();
    lines.extend(
        [
            "a | b | a<<b",
            "a ready=1 | b ready=1 | a<<b | b<a",
            "a ready=1 | b final | a<<b",
            "a ephemeral daemon ready=1 | b | a<<b",
        ]
        .map(refused),
    );
    let (mut task, _) = parse("a");
    task.processes.clear();
    assert_eq!(Spec::new(&task), Err(SpecError::Empty));
    insta::assert_snapshot!(lines.join("\n"), @"
    processes wait for each other: `a` after `c` after `b` after `a`
    processes wait for each other: `a` after `b` after `a`
    processes wait for each other: `a` after `a`
    `b` waits for the end of `a`, which is a daemon
    `b` waits for `a`, which is ephemeral, and is not ephemeral itself
    `b` waits for `a`, but only one of them is a final process
    `b` waits for `a`, but only one of them is a final process
    the order names an unknown process `zz`
    two processes are called `a`
    accepted
    `c` waits for `b`, which is ephemeral, and is not ephemeral itself
    `b` waits until `a` is ready, which has no probe and never says so
    processes wait for each other: `a` after `b` after `a`
    `b` waits for `a`, but only one of them is a final process
    accepted
    ");
}

#[test]
fn scripts_read_as_written() {
    let (_, scripts) = parse("a runs=5:lost,-,7:0");
    assert_eq!(
        scripts[0].runs,
        [Some((5, End::Unseen)), None, Some((7, End::Exit(Exit::Code(0))))]
    );
}
