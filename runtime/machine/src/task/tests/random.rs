//! Random tasks, outcomes, stops and crashes.

use std::sync::Arc;

use aur_ir as ir;
use proptest::prelude::*;

use super::kit::{Crash, EPOCH_MS, End, Script, Term, World, now, parse, probe, runner};
use super::model::{Demand, Model};
use crate::process::{Report, Verb};
use crate::record::{Change, decode, encode};
use crate::spec::Spec;
use crate::task::{Event, Stop, Task, Turn, Work, replay};
use crate::view::TaskView;
use crate::words::{Exit, State, Verdict};

const LIMIT: u64 = 40_000;

fn verdict_of(state: State) -> Verdict {
    match state {
        State::Success => Verdict::Success,
        State::Failed => Verdict::Failed,
        State::Killed => Verdict::Killed,
        State::Lost => Verdict::Lost,
        State::Waiting | State::Forked | State::Running => panic!("{state:?} is no end"),
    }
}

#[derive(Clone, Debug)]
struct Scene {
    task: ir::Task,
    scripts: Vec<Script>,
    requests: Vec<(u64, Request)>,
}

#[derive(Clone, Copy, Debug)]
enum Request {
    Stop(Stop),
    /// Of one process; the number is taken modulo how many there are.
    Control(usize, Verb),
}

impl Scene {
    /// Several refusals of one moment may be told in another order after a crash, and the first one
    /// may decide.
    fn without_refusals(mut self) -> Self {
        for (_, end) in self
            .scripts
            .iter_mut()
            .flat_map(|script| &mut script.runs)
            .flatten()
        {
            if *end == End::Refused {
                *end = End::Unseen;
            }
        }
        self
    }

    fn world(&self) -> World {
        let world = World::of(&self.task, self.scripts.clone());
        let count = self.task.processes.len();
        self.requests
            .iter()
            .fold(world, |world, (at, request)| match *request {
                Request::Stop(stop) => world.stop_at(*at, stop),
                Request::Control(process, verb) => world.control_at(*at, process % count, verb),
            })
    }
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        4 => Just(End::Exit(Exit::Code(0))),
        3 => Just(End::Exit(Exit::Code(1))),
        1 => Just(End::Exit(Exit::Signal(11))),
        1 => Just(End::Unseen),
        1 => Just(End::Refused),
    ]
}

fn script() -> impl Strategy<Value = Script> {
    let run = prop_oneof![1 => Just(None), 9 => (1..12_u64, end()).prop_map(|(n, end)| Some((n * 250, end)))];
    let term = prop_oneof![
        2 => Just(Term::Never),
        1 => Just(Term::Stuck),
        6 => (0..8_u64, prop_oneof![Just(Exit::Code(0)), Just(Exit::Code(3)), Just(Exit::Signal(15))])
            .prop_map(|(n, exit)| Term::After(n * 250, exit)),
    ];
    // Odd moments, so that it does not depend on chance what is heard first.
    let ready = prop_oneof![1 => Just(None), 3 => (0..8_u64).prop_map(|n| Some(n * 250 + 7))];
    (prop::collection::vec(run, 1..4), term, ready).prop_map(|(runs, term, ready)| Script {
        runs,
        term,
        ready,
    })
}

fn process() -> impl Strategy<Value = (ir::Process, Script)> {
    let flags = (
        prop::bool::weighted(0.15),
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.3),
    );
    let limits = (
        prop_oneof![4 => Just(1), 2 => Just(2), 1 => Just(3), 1 => Just(0)],
        1..5_u64,
    );
    let rare = |end: u64| prop_oneof![4 => Just(None), 1 => (1..end).prop_map(Some)];
    let attributes = (
        rare(12),
        rare(12),
        rare(6),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.3),
    );
    (flags, limits, attributes, script()).prop_map(|(flags, limits, attributes, script)| {
        let ((daemon, ephemeral, is_final), (max_failures, min)) = (flags, limits);
        let (timeout, within, wait, is_lost_failed, has_probe) = attributes;
        let within_ms = within.map_or(60_000, |n| n * 250 + 5);
        let process = ir::Process {
            cmdline: Some(ir::Text::Plain("true".to_string())),
            daemon,
            ephemeral,
            is_final,
            max_failures,
            min_duration_ms: min * 250,
            timeout_ms: timeout.map(|n| n * 250 + 3),
            ready: has_probe.then(|| probe(within_ms)),
            on_lost: if is_lost_failed {
                ir::OnLost::Fail
            } else {
                ir::OnLost::Retry
            },
            backoff: wait.map(|n| ir::Backoff {
                min_ms: n * 200,
                factor: 1.5,
                max_ms: 2_000,
                reset_after_ms: 1_500,
            }),
            ..ir::Process::default()
        };
        (process, script)
    })
}

fn stop() -> impl Strategy<Value = (u64, Stop)> {
    let grace = prop_oneof![Just(None), (0..20_u64).prop_map(|n| Some(n * 250))];
    let stop = prop_oneof![
        3 => grace.prop_map(|grace_ms| Stop::Graceful { grace_ms }),
        1 => Just(Stop::Now),
    ];
    (0..40_u64, stop).prop_map(|(n, stop)| (n * 250, stop))
}

fn control() -> impl Strategy<Value = (u64, Request)> {
    let verb = prop_oneof![Just(Verb::Stop), Just(Verb::Start), Just(Verb::Restart)];
    (0..40_u64, 0..12_usize, verb).prop_map(|(n, process, verb)| (n * 250, Request::Control(process, verb)))
}

/// Whether a plan may have this edge.
fn is_legal(before: &ir::Process, after: &ir::Process, on: ir::EdgeKind) -> bool {
    let may_wait = match on {
        ir::EdgeKind::Success => !before.daemon && (!before.ephemeral || after.ephemeral),
        ir::EdgeKind::Ready => before.ready.is_some(),
    };
    before.is_final == after.is_final && may_wait
}

fn scene() -> impl Strategy<Value = Scene> {
    let processes = prop::collection::vec(process(), 1..=12);
    let limits = (
        0..4_u64,
        0..4_u64,
        prop_oneof![Just(0), Just(500), Just(1_500), Just(5_000), Just(15_000)],
    );
    let edge = prop_oneof![
        6 => Just(None),
        2 => Just(Some(ir::EdgeKind::Success)),
        1 => Just(Some(ir::EdgeKind::Ready)),
    ];
    let edges = prop::collection::vec(edge, 66);
    let stop = stop().prop_map(|(at, stop)| (at, Request::Stop(stop)));
    let requests = (
        prop::collection::vec(stop, 0..3),
        prop_oneof![2 => Just(0..1), 1 => Just(0..6)]
            .prop_flat_map(|count| prop::collection::vec(control(), count)),
    );
    (processes, limits, edges, requests).prop_map(
        |(processes, (failures, concurrency, wait), edges, (stops, controls))| {
            let (mut task, _) = parse(&format!(
                "failures={failures} | concurrency={concurrency} | wait={wait}"
            ));
            let mut scripts = vec![];
            for (i, (mut process, script)) in processes.into_iter().enumerate() {
                process.name = format!("p{i}");
                task.processes.push(process);
                scripts.push(script);
            }
            let count = task.processes.len();
            let pairs = (0..count).flat_map(|after| (0..after).map(move |before| (before, after)));
            for ((before, after), wanted) in pairs.zip(edges) {
                let (first, second) = (&task.processes[before], &task.processes[after]);
                if let Some(on) = wanted.filter(|on| is_legal(first, second, *on)) {
                    task.order.push(ir::Edge {
                        after: second.name.clone(),
                        before: first.name.clone(),
                        on,
                    });
                }
            }
            let mut requests: Vec<_> = stops.into_iter().chain(controls).collect();
            requests.sort_by_key(|(at, _)| *at);
            Scene {
                task,
                scripts,
                requests,
            }
        },
    )
}

fn demands(turn: &Turn) -> Vec<Demand> {
    let mut demands: Vec<Demand> = turn
        .effects
        .iter()
        .map(|effect| match effect.work {
            Work::Spawn => Demand::Spawn(effect.process, effect.run),
            Work::Terminate => Demand::Terminate(effect.process, effect.run),
            Work::Kill => Demand::Kill(effect.process, effect.run),
            Work::Look(_) => panic!("nobody died"),
        })
        .collect();
    demands.sort();
    demands
}

/// A task without what depends on who ran it.
fn result(world: &World) -> TaskView {
    let mut view = TaskView::of(&world.task).unwrap();
    view.runner_pid = None;
    view
}

fn changes(world: &World) -> Vec<Change> {
    world.journal.iter().map(|bytes| decode(bytes).unwrap()).collect()
}

/// Ends a task whose runner died, on a host that knows nothing any more.
fn end_blindly(task: &mut Task) {
    let restored = Event::Restored { runner: runner(9, 9) };
    task.turn(now(LIMIT), restored);
    task.turn(now(LIMIT), Event::Stop(Stop::Now));
    let alive: Vec<(usize, u32)> = task.alive().collect();
    for (process, run) in alive {
        let report = Report::NeverStarted;
        let turn = task.turn(now(LIMIT), Event::Report { process, run, report });
        assert_eq!(turn.effects, [], "{turn:?}");
    }
}

/// Whether a run was asked to end before it was started, and then never was. Its end comes earlier then,
/// so everything behind it may look different.
fn was_spared(world: &World) -> bool {
    let mut runs = (0..world.task.spec().processes.len()).flat_map(|index| world.task.runs(index));
    runs.any(|run| run.state == State::Killed && run.pid.is_none())
}

/// How many cases each property gets: a hundred thousand for the rules themselves, fewer for the others,
/// which look at the same machine from further away. `AUR_RANDOM_CASES` replaces both.
fn config(cases: u32) -> ProptestConfig {
    let wanted = std::env::var("AUR_RANDOM_CASES")
        .ok()
        .and_then(|count| count.parse().ok());
    ProptestConfig {
        cases: wanted.unwrap_or(cases),
        max_shrink_iters: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(100_000))]

    /// The machine and the naive rules demand the same, event by event, and come to the same end.
    #[test]
    fn the_machine_follows_the_rules(scene in scene()) {
        let mut model = Model::new(&scene.task);
        let mut world = scene.world();
        world.run(LIMIT, |task, at, event, turn| {
            let mut wanted = model.event(at.time.0, event);
            wanted.sort();
            assert_eq!(demands(turn), wanted, "at {} {event:?}", at.time);
            let state = task.state();
            assert_eq!(state.is_terminal(), model.verdict().is_some());
            if let Some(verdict) = model.verdict() {
                assert_eq!(state, verdict.into());
            }
        });
        for index in 0..scene.task.processes.len() {
            let alive = world.task.process(index).is_some_and(|process| process.is_alive());
            let runs = world.task.runs(index).rev().skip(usize::from(alive));
            let mut verdicts: Vec<Verdict> = runs.map(|run| verdict_of(run.state)).collect();
            verdicts.reverse();
            let wanted = model.verdicts(index);
            prop_assert!(wanted.ends_with(&verdicts), "{verdicts:?} {wanted:?}");
            prop_assert!(alive || verdicts.len() == wanted.len().min(crate::task::KEPT_RUNS));
        }
    }

}

proptest! {
    #![proptest_config(config(3_000))]

    /// Wherever the runner dies, nothing is started twice and the task comes to the same end.
    #[test]
    fn crashes_change_nothing(scene in scene().prop_map(Scene::without_refusals), points in prop::collection::vec((0..40_usize, 0..12_usize), 1..6)) {
        let mut calm = scene.world();
        calm.run(LIMIT, |_, _, _, _| {});
        let crashes = points.into_iter().map(|(turn, after)| Crash { turn, after }).collect();
        let mut stormy = scene.world().crash(crashes);
        stormy.run(LIMIT, |_, _, _, _| {});
        if was_spared(&stormy) {
            prop_assert_eq!(calm.task.state(), stormy.task.state());
        } else {
            prop_assert_eq!(result(&calm), result(&stormy));
        }
    }

    /// A journal rebuilds its task, and each of its beginnings is a task that can still be ended.
    #[test]
    fn every_beginning_of_a_journal_is_legal(scene in scene()) {
        let mut world = scene.world();
        world.run(5_000, |_, _, _, _| {});
        let changes = changes(&world);
        let spec = Arc::new(Spec::new(&scene.task).unwrap());
        prop_assert_eq!(&replay(Arc::clone(&spec), &changes).unwrap(), &world.task);
        for length in (1..=changes.len()).step_by(1 + changes.len() / 8) {
            let mut task = replay(Arc::clone(&spec), &changes[..length]).unwrap();
            let is_over = task.state().is_terminal();
            end_blindly(&mut task);
            prop_assert!(is_over || task.state().is_terminal(), "{:?}", task.stage());
        }
    }

    /// A summary rebuilds the task it was made of, indices included, and what was recorded after it fits
    /// it as it fits the records that it stands for.
    #[test]
    fn a_summary_stands_for_the_records_before_it(scene in scene(), at in 0..1_000_usize) {
        let mut world = scene.world();
        world.run(5_000, |_, _, _, _| {});
        let changes = changes(&world);
        let spec = Arc::new(Spec::new(&scene.task).unwrap());
        let (before, after) = changes.split_at(1 + at % changes.len());
        let mut full = replay(Arc::clone(&spec), before).unwrap();
        let Some(summary) = full.summary(EPOCH_MS) else {
            prop_assert!(full.state().is_terminal());
            return Ok(());
        };
        let summary = decode(&encode(&summary)).unwrap();
        let mut short = replay(Arc::clone(&spec), [&summary]).unwrap();
        prop_assert_eq!(&short, &full);
        for change in after {
            prop_assert_eq!(short.effects(change), full.effects(change));
            short.apply(change).unwrap();
            full.apply(change).unwrap();
            prop_assert_eq!(&short, &full);
        }
    }

    /// A journal that lost a record in the middle is refused or leads to a legal state, never to a panic.
    #[test]
    fn a_journal_with_a_hole_does_no_harm(scene in scene(), hole in 0..1_000_usize) {
        let mut world = scene.world();
        world.run(5_000, |_, _, _, _| {});
        let mut changes = changes(&world);
        changes.remove(hole % changes.len());
        let spec = Arc::new(Spec::new(&scene.task).unwrap());
        if let Ok(mut task) = replay(spec, &changes) {
            task.turn(now(LIMIT), Event::Tick);
        }
    }
}
