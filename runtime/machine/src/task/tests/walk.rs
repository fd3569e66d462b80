//! The printed table of the task machine, and a walk through everything that can happen to small tasks.

use std::collections::HashSet;
use std::sync::Arc;

use aur_ir as ir;

use super::kit::{header, now, parse, runner};
use crate::clock::Time;
use crate::process::{Cause, Fact as RunFact, Phase, Process, Report, Verb};
use crate::record::Fact;
use crate::spec::Spec;
use crate::task::{Effect, Event, Stage, Stop, Task, Turn, Work};
use crate::words::{Exit, Verdict};

fn new_task(task: &ir::Task) -> Task {
    Task::new(Arc::new(Spec::new(task).unwrap()))
}

fn create() -> Event {
    Event::Create {
        header: Box::new(header(4_000)),
        runner: runner(1, 1),
    }
}

fn report(process: usize, run: u32, report: Report) -> Event {
    Event::Report { process, run, report }
}

fn spawned(process: usize, run: u32) -> Event {
    report(
        process,
        run,
        Report::Spawned {
            pid: 1,
            started_ms: 0,
        },
    )
}

fn exited(process: usize, run: u32, code: i32) -> Event {
    let exit = Exit::Code(code);
    report(process, run, Report::Exited { exit, finished_ms: 0 })
}

const GRACEFUL: Event = Event::Stop(Stop::Graceful { grace_ms: None });
const QUICK: Event = Event::Stop(Stop::Graceful {
    grace_ms: Some(1_000),
});
const NOW: Event = Event::Stop(Stop::Now);

fn show(turn: &Turn) -> String {
    let changes = turn.changes.iter().map(|change| match &change.fact {
        Fact::Created(_) => "Created".to_string(),
        Fact::Summary(_) => "Summary".to_string(),
        Fact::Runner(runner) => format!("Runner {}", runner.pid),
        Fact::Process { process, run, fact } => {
            let fact = format!("{fact:?}");
            format!("{} {process}:{run}", fact.split(' ').next().unwrap())
        }
        Fact::Cleaning {
            verdict,
            reason,
            clean_by,
            budget_end,
            ..
        } => {
            format!("Cleaning({verdict} {reason:?} {clean_by}..{budget_end})")
        }
        Fact::Hurried { clean_by, budget_end } => format!("Hurried({clean_by}..{budget_end})"),
        Fact::Farewell => "Farewell".to_string(),
        Fact::Health { health, .. } => format!("{health:?}"),
        Fact::Control {
            process,
            run,
            fact,
            unchanged,
            ..
        } => {
            let fact = format!("{fact:?}").replace("Some(", "");
            match unchanged {
                None => format!("Control {} {process}:{run}", fact.split(' ').next().unwrap()),
                Some(why) => format!("Control {why:?}"),
            }
        }
        Fact::Finalizing => "Finalizing".to_string(),
        Fact::Finished { verdict, .. } => format!("Finished({verdict})"),
    });
    let effects = turn
        .effects
        .iter()
        .map(|Effect { process, run, work }| format!("{work:?} {process}:{run}"));
    match turn.unchanged {
        Some(why) if turn.changes.is_empty() => format!("{why:?}"),
        Some(_) | None => format!(
            "{} [{}]",
            changes.collect::<Vec<_>>().join(", "),
            effects.collect::<Vec<_>>().join(", ")
        ),
    }
}

#[test]
fn transition_table() {
    let (plan, _) = parse("a max=2 min=1000 | f final | wait=4000");
    let histories: [(&str, Vec<(u64, Event)>); 8] = [
        ("New", vec![]),
        ("Active, a starting", vec![(0, create())]),
        ("Active, a running", vec![(0, create()), (0, spawned(0, 0))]),
        (
            "Active, a waiting",
            vec![(0, create()), (0, spawned(0, 0)), (5, exited(0, 0, 1))],
        ),
        (
            "Cleaning, a asked",
            vec![(0, create()), (0, spawned(0, 0)), (5, GRACEFUL)],
        ),
        (
            "Cleaning, a killed",
            vec![(0, create()), (0, spawned(0, 0)), (5, GRACEFUL), (8, NOW)],
        ),
        (
            "Finalizing, f running",
            vec![(0, create()), (5, exited(0, 0, 0)), (5, spawned(1, 0))],
        ),
        ("Finished", vec![(0, create()), (5, NOW), (6, exited(0, 0, 0))]),
    ];
    let restored = || Event::Restored { runner: runner(2, 1) };
    let events = [
        ("Create", create()),
        ("Restored", restored()),
        ("Tick", Event::Tick),
        ("Stop", GRACEFUL),
        ("Stop in 1000", QUICK),
        ("Stop now", NOW),
        ("a exits 0", exited(0, 0, 0)),
        ("a exits 1", exited(0, 0, 1)),
        ("f exits 1", exited(1, 0, 1)),
    ];
    let mut table = String::new();
    for (name, history) in histories {
        let mut task = new_task(&plan);
        for (at, event) in history {
            task.turn(now(at), event);
        }
        table += &format!("{name}\n");
        for (event_name, event) in &events {
            let turn = task.clone().turn(now(10), event.clone());
            table += &format!("  {event_name} -> {}\n", show(&turn));
        }
        let late = task.clone().turn(now(5_000), Event::Tick);
        table += &format!("  Tick at 5000 -> {}\n", show(&late));
    }
    insta::assert_snapshot!(table, @"
    New
      Create -> Created, Runner 1, Intent 0:0 [Spawn 0:0]
      Restored -> Impossible
      Tick -> Impossible
      Stop -> Impossible
      Stop in 1000 -> Impossible
      Stop now -> Impossible
      a exits 0 -> Impossible
      a exits 1 -> Impossible
      f exits 1 -> Impossible
      Tick at 5000 -> Impossible
    Active, a starting
      Create -> Late
      Restored -> Runner 2 [Look(Same) 0:0]
      Tick -> NotDue
      Stop -> Cleaning(KILLED Stopped 2010..4010), Stopping 0:0 []
      Stop in 1000 -> Cleaning(KILLED Stopped 1010..1010), Stopping 0:0 []
      Stop now -> Cleaning(KILLED Stopped 10..10), Killing 0:0 [Kill 0:0]
      a exits 0 -> Ended 0:0, Cleaning(SUCCESS Complete 2010..4010), Finalizing, Intent 1:0 [Spawn 1:0]
      a exits 1 -> Ended 0:0 []
      f exits 1 -> Impossible
      Tick at 5000 -> NotDue
    Active, a running
      Create -> Late
      Restored -> Runner 2 [Look(Same) 0:0]
      Tick -> NotDue
      Stop -> Cleaning(KILLED Stopped 2010..4010), Stopping 0:0 [Terminate 0:0]
      Stop in 1000 -> Cleaning(KILLED Stopped 1010..1010), Stopping 0:0 [Terminate 0:0]
      Stop now -> Cleaning(KILLED Stopped 10..10), Killing 0:0 [Kill 0:0]
      a exits 0 -> Ended 0:0, Cleaning(SUCCESS Complete 2010..4010), Finalizing, Intent 1:0 [Spawn 1:0]
      a exits 1 -> Ended 0:0 []
      f exits 1 -> Impossible
      Tick at 5000 -> NotDue
    Active, a waiting
      Create -> Late
      Restored -> Runner 2 []
      Tick -> NotDue
      Stop -> Cleaning(KILLED Stopped 2010..4010), Finalizing, Intent 1:0 [Spawn 1:0]
      Stop in 1000 -> Cleaning(KILLED Stopped 1010..1010), Finalizing, Intent 1:0 [Spawn 1:0]
      Stop now -> Cleaning(KILLED Stopped 10..10), Finished(KILLED) []
      a exits 0 -> Late
      a exits 1 -> Late
      f exits 1 -> Impossible
      Tick at 5000 -> Intent 0:1 [Spawn 0:1]
    Cleaning, a asked
      Create -> Late
      Restored -> Runner 2 [Look(Same) 0:0]
      Tick -> NotDue
      Stop -> Late
      Stop in 1000 -> Hurried(1010..1010), Stopping 0:0 []
      Stop now -> Hurried(10..10), Killing 0:0 [Kill 0:0]
      a exits 0 -> Ended 0:0, Finalizing, Intent 1:0 [Spawn 1:0]
      a exits 1 -> Ended 0:0, Finalizing, Intent 1:0 [Spawn 1:0]
      f exits 1 -> Impossible
      Tick at 5000 -> Killing 0:0 [Kill 0:0]
    Cleaning, a killed
      Create -> Late
      Restored -> Runner 2 [Look(Same) 0:0]
      Tick -> NotDue
      Stop -> Late
      Stop in 1000 -> Late
      Stop now -> Late
      a exits 0 -> Ended 0:0, Finished(KILLED) []
      a exits 1 -> Ended 0:0, Finished(KILLED) []
      f exits 1 -> Impossible
      Tick at 5000 -> NotDue
    Finalizing, f running
      Create -> Late
      Restored -> Runner 2 [Look(Same) 1:0]
      Tick -> NotDue
      Stop -> Late
      Stop in 1000 -> Hurried(1010..1010) []
      Stop now -> Hurried(10..10), Killing 1:0 [Kill 1:0]
      a exits 0 -> Late
      a exits 1 -> Late
      f exits 1 -> Ended 1:0, Finished(SUCCESS) []
      Tick at 5000 -> Killing 1:0 [Kill 1:0]
    Finished
      Create -> Late
      Restored -> Late
      Tick -> Late
      Stop -> Late
      Stop in 1000 -> Late
      Stop now -> Late
      a exits 0 -> Late
      a exits 1 -> Late
      f exits 1 -> Impossible
      Tick at 5000 -> Late
    ");
}

/// What really became of the last run of a process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Real {
    None,
    Ordered(u32),
    Alive(u32),
    Over(u32),
}

#[derive(Clone)]
struct World {
    task: Task,
    children: Vec<Real>,
    now: u64,
    /// What the result was when it was settled.
    settled: Option<Verdict>,
    /// Which processes were done once, and which were ready once.
    told: Vec<bool>,
    ready: Vec<bool>,
    requests: usize,
}

type Key = (Stage, Vec<Process>, Vec<Real>, u64, usize);

const MOST_RUNS: u32 = 2;
/// How many requests for one process there are in a history.
const MOST_REQUESTS: usize = 1;

impl World {
    fn new(plan: &ir::Task) -> Self {
        let mut world = Self {
            task: new_task(plan),
            children: vec![Real::None; plan.processes.len()],
            now: 0,
            settled: None,
            told: vec![false; plan.processes.len()],
            ready: vec![false; plan.processes.len()],
            requests: 0,
        };
        world.step(plan, create());
        world
    }

    fn key(&self) -> Key {
        let processes = (0..self.children.len()).filter_map(|index| {
            let policy = self.task.spec().processes[index].policy;
            let mut process = self.task.process(index).copied()?;
            if policy.timeout_ms.is_none() && policy.ready_within_ms.is_none() {
                // Nothing depends on it then.
                process.since = Time::ZERO;
            }
            Some(process)
        });
        (
            self.task.stage(),
            processes.collect(),
            self.children.clone(),
            self.now,
            self.requests,
        )
    }

    fn step(&mut self, plan: &ir::Task, event: Event) {
        let was_over = self.task.state().is_terminal();
        let turn = self.task.turn(now(self.now), event);
        assert!(!was_over || turn.changes.is_empty(), "finished is silent");
        for change in &turn.changes {
            if let Fact::Process {
                process,
                fact: RunFact::Ready,
                ..
            } = &change.fact
            {
                self.ready[*process] = true;
            }
        }
        for (index, process) in plan.processes.iter().enumerate() {
            if let Phase::Done(verdict) = self.task.process(index).unwrap().phase {
                self.told[index] |= verdict == Verdict::Success || process.ephemeral;
            }
        }
        for effect in &turn.effects {
            self.perform(plan, *effect);
        }
        let settled = match self.task.stage() {
            Stage::New | Stage::Active => None,
            Stage::Cleaning(ending) | Stage::Finalizing(ending) => Some(ending.verdict),
            Stage::Finished { verdict, .. } => Some(verdict),
        };
        assert!(
            self.settled.is_none() || self.settled == settled,
            "the result changed"
        );
        self.settled = settled;
        assert!(
            !self.task.state().is_terminal() || self.task.alive().count() == 0,
            "finished while something runs"
        );
        let wake = self.task.next_wake(now(self.now).time);
        assert!(
            wake.is_none_or(|at| at.0 > self.now),
            "nothing waits for the past"
        );
    }

    fn perform(&mut self, plan: &ir::Task, effect: Effect) {
        let child = self.children[effect.process];
        match effect.work {
            Work::Spawn => {
                let is_new = match child {
                    Real::None => true,
                    Real::Over(run) => effect.run > run,
                    Real::Ordered(_) | Real::Alive(_) => false,
                };
                assert!(is_new, "started twice: {effect:?} {child:?}");
                self.children[effect.process] = Real::Ordered(effect.run);
                self.check_start(plan, effect.process);
            }
            Work::Terminate | Work::Kill | Work::Look(_) => {
                assert!(
                    matches!(child, Real::Ordered(_) | Real::Alive(_)),
                    "{effect:?} for nobody"
                );
            }
        }
    }

    fn check_start(&self, plan: &ir::Task, index: usize) {
        let is_final = plan.processes[index].is_final;
        let stage = self.task.stage();
        // The turn goes on behind a start only for an all-ephemeral plan.
        let may_be_over = plan
            .processes
            .iter()
            .filter(|other| other.is_final == is_final)
            .all(|other| other.ephemeral);
        match stage {
            Stage::Active => assert!(!is_final, "a final process in ACTIVE"),
            Stage::Finalizing(_) => assert!(is_final || may_be_over, "an ordinary process in FINALIZING"),
            Stage::New | Stage::Cleaning(_) | Stage::Finished { .. } => {
                assert!(may_be_over, "a start in {stage:?}")
            }
        }
        let same_plan = |i: &usize| plan.processes[*i].is_final == is_final;
        let alive = (0..self.children.len())
            .filter(same_plan)
            // What outlives SIGKILL does not keep the others from running.
            .filter(|i| !self.task.process(*i).unwrap().is_given_up)
            .filter(|i| matches!(self.children[*i], Real::Ordered(_) | Real::Alive(_)))
            .count();
        assert!(
            plan.max_concurrency == 0 || alive as u64 <= plan.max_concurrency,
            "too many at once"
        );
        for edge in plan
            .order
            .iter()
            .filter(|edge| edge.after == plan.processes[index].name)
        {
            let before = plan
                .processes
                .iter()
                .position(|process| process.name == edge.before)
                .unwrap();
            let phase = self.task.process(before).unwrap().phase;
            let is_met = match phase {
                Phase::Done(verdict) => verdict == Verdict::Success || plan.processes[before].ephemeral,
                Phase::Waiting { .. }
                | Phase::Starting
                | Phase::Running
                | Phase::Stopping { .. }
                | Phase::Held => false,
            };
            assert!(
                is_met || self.told[before] || edge.on == ir::EdgeKind::Ready,
                "started before {} was done",
                edge.before
            );
            let is_ready = edge.on == ir::EdgeKind::Success || self.ready[before];
            assert!(is_ready, "started before {} was ready", edge.before);
        }
    }

    /// The host says something about one process.
    fn told(&self, plan: &ir::Task, index: usize, child: Real, event: Event) -> Self {
        let mut next = self.clone();
        next.children[index] = child;
        next.step(plan, event);
        next
    }

    fn neighbours(&self, plan: &ir::Task) -> Vec<Self> {
        let mut next = vec![];
        for (index, child) in self.children.iter().enumerate() {
            match *child {
                Real::None | Real::Over(_) => {}
                Real::Ordered(run) => {
                    next.push(self.told(plan, index, Real::Alive(run), spawned(index, run)));
                    let refused = Report::SpawnFailed {
                        message: String::new(),
                    };
                    next.push(self.told(plan, index, Real::Over(run), report(index, run, refused)));
                    next.push(self.told(plan, index, Real::Over(run), exited(index, run, 1)));
                }
                Real::Alive(run) => {
                    next.push(self.told(plan, index, *child, report(index, run, Report::Ready)));
                    for event in [
                        exited(index, run, 0),
                        exited(index, run, 1),
                        report(index, run, Report::Lost),
                    ] {
                        next.push(self.told(plan, index, Real::Over(run), event));
                    }
                }
            }
        }
        for event in [GRACEFUL, QUICK, NOW] {
            let mut world = self.clone();
            world.step(plan, event);
            next.push(world);
        }
        let controlled = match self.requests < MOST_REQUESTS {
            true => 0..self.children.len(),
            false => 0..0,
        };
        for index in controlled {
            for verb in [Verb::Stop, Verb::Start, Verb::Restart] {
                next.push(self.controlled(plan, index, verb));
            }
        }
        next.push(self.restarted(plan));
        if let Some(wake) = self.task.next_wake(now(self.now).time) {
            let mut world = self.clone();
            world.now = wake.0;
            world.step(plan, Event::Tick);
            next.push(world);
        }
        next
    }

    fn controlled(&self, plan: &ir::Task, process: usize, verb: Verb) -> Self {
        let mut world = self.clone();
        world.requests += 1;
        let request = world.requests.to_string();
        let event = Event::Control {
            process,
            verb,
            request,
        };
        world.step(plan, event.clone());
        let before = world.key();
        world.step(plan, event);
        assert!(before == world.key(), "a request is heeded twice");
        world
    }

    /// A new runner asks about everything that was on its way, and is told the truth.
    fn restarted(&self, plan: &ir::Task) -> Self {
        let mut world = self.clone();
        if world.task.state().is_terminal() {
            return world;
        }
        let looks: Vec<(usize, u32)> = world.task.alive().collect();
        world.step(plan, Event::Restored { runner: runner(2, 1) });
        for (index, run) in looks {
            match world.children[index] {
                Real::Ordered(_) => {
                    world.children[index] = match run.checked_sub(1) {
                        Some(before) => Real::Over(before),
                        None => Real::None,
                    };
                    world.step(plan, report(index, run, Report::NeverStarted));
                }
                Real::Alive(_) => {
                    let adopted = Report::Adopted {
                        pid: 1,
                        started_ms: 0,
                        age_ms: 0,
                    };
                    world.step(plan, report(index, run, adopted));
                }
                Real::None | Real::Over(_) => panic!("the task thinks that {index}:{run} is alive"),
            }
        }
        world
    }

    /// Goes on with a host that answers and processes that succeed, until nothing happens any more.
    fn settles(mut self, plan: &ir::Task) -> Self {
        for _ in 0..200 {
            let child = self
                .children
                .iter()
                .position(|child| matches!(child, Real::Ordered(_) | Real::Alive(_)));
            match child.map(|index| (index, self.children[index])) {
                Some((index, Real::Ordered(run))) => {
                    self.children[index] = Real::Alive(run);
                    self.step(plan, spawned(index, run));
                }
                Some((index, Real::Alive(run))) => {
                    self.step(plan, report(index, run, Report::Ready));
                    self.children[index] = Real::Over(run);
                    self.step(plan, exited(index, run, 0));
                }
                Some((_, Real::None | Real::Over(_))) | None => match self.task.next_wake(now(self.now).time)
                {
                    Some(wake) => {
                        self.now = wake.0;
                        self.step(plan, Event::Tick);
                    }
                    None => return self,
                },
            }
        }
        self
    }

    fn is_over(&self) -> bool {
        self.task.state().is_terminal()
    }
}

fn walk(plan: &ir::Task, requests: usize) -> usize {
    let mut start = World::new(plan);
    start.requests = MOST_REQUESTS - requests;
    let ends_by_itself = !plan
        .processes
        .iter()
        .any(|process| process.daemon && !process.ephemeral && !process.is_final);
    let mut seen = HashSet::from([start.key()]);
    let mut queue = vec![start];
    while let Some(world) = queue.pop() {
        for stop in [GRACEFUL, NOW] {
            let mut stopped = world.clone();
            stopped.step(plan, stop);
            assert!(
                stopped.settles(plan).is_over(),
                "a stop does not end {:?}",
                world.key()
            );
        }
        let is_held = |index| match world.task.process(index).unwrap().phase {
            Phase::Held => true,
            Phase::Stopping { cause, .. } => cause == Cause::Hold,
            Phase::Waiting { .. } | Phase::Starting | Phase::Running | Phase::Done(_) => false,
        };
        if ends_by_itself && !(0..world.children.len()).any(is_held) {
            assert!(
                world.clone().settles(plan).is_over(),
                "success does not end {:?}",
                world.key()
            );
        }
        for next in world.neighbours(plan) {
            let is_small = (0..next.children.len()).all(|i| next.task.process(i).unwrap().runs <= MOST_RUNS);
            if is_small && seen.insert(next.key()) {
                queue.push(next);
            }
        }
    }
    seen.len()
}

/// All shapes of so many processes: flags, edges and the given limits of the task.
fn shapes(count: usize, limits: &str) -> Vec<ir::Task> {
    let names = ["a", "b", "c"];
    let flags = [
        "",
        " ephemeral",
        " daemon",
        " final",
        " daemon ephemeral",
        " final ephemeral",
        " final daemon",
    ];
    let mut texts = vec![limits.to_string()];
    for name in &names[..count] {
        let with = |text: &String| {
            flags
                .map(|flags| format!("{text} | {name}{flags} max=2 min=1000"))
                .into_iter()
        };
        texts = texts.iter().flat_map(with).collect();
    }
    let pairs = [("a", "b"), ("b", "c"), ("a", "c")];
    for (before, after) in pairs.iter().filter(|(_, after)| names[..count].contains(after)) {
        let with = |text: &String| [text.clone(), format!("{text} | {before}<{after}")].into_iter();
        texts = texts.iter().flat_map(with).collect();
    }
    let plans = texts.iter().map(|text| parse(text).0);
    plans.filter(|plan| Spec::new(plan).is_ok()).collect()
}

#[test]
fn everything_that_can_happen_to_two_processes() {
    for limits in ["failures=1 | wait=4000", "failures=2 | concurrency=1 | wait=0"] {
        let plans = shapes(2, limits);
        let states: usize = plans.iter().map(|plan| walk(plan, 1)).sum();
        assert!(
            plans.len() > 50 && states > 20_000,
            "{} shapes, {states} states",
            plans.len()
        );
    }
}

/// One process that waits until another is ready, and limits of their runs.
#[test]
fn everything_that_can_happen_around_readiness() {
    let flags = ["", " ephemeral", " daemon", " daemon ephemeral", " final"];
    let mut states = 0;
    for first in flags {
        for second in ["", " ephemeral", " daemon"] {
            let second = if first == " final" {
                format!("{second} final")
            } else {
                second.to_string()
            };
            for limits in ["within=2000", "within=60000 timeout=2000 lost=fail"] {
                let text = format!(
                    "failures=1 | wait=0 | a{first} max=2 min=1000 {limits} | b{second} min=1000 | a<<b"
                );
                states += walk(&parse(&text).0, 0);
            }
        }
    }
    assert!(states > 20_000, "{states} states");
}

#[test]
fn much_that_can_happen_to_three_processes() {
    let plans = shapes(3, "failures=2 | concurrency=2 | wait=4000");
    let states: usize = plans.iter().step_by(211).map(|plan| walk(plan, 0)).sum();
    assert!(
        plans.len() > 500 && states > 20_000,
        "{} shapes, {states} states",
        plans.len()
    );
}
