//! Large tasks. A quadratic machine would need minutes for each of these.

use super::kit::World;

fn run(text: &str) -> World {
    let mut world = World::new(text);
    world.run(u64::MAX, |_, _, _, _| {});
    assert_eq!(world.task.state(), crate::words::TaskState::Success);
    world
}

#[test]
fn ten_thousand_independent_processes() {
    let processes: Vec<String> = (0..10_000).map(|i| format!("p{i}")).collect();
    assert_eq!(run(&processes.join("|")).host.most_alive, 10_000);
}

#[test]
fn ten_thousand_processes_eight_at_a_time() {
    let processes: Vec<String> = (0..10_000).map(|i| format!("p{i}")).collect();
    assert_eq!(
        run(&format!("{}|concurrency=8", processes.join("|")))
            .host
            .most_alive,
        8
    );
}

#[test]
fn ten_chains_of_a_thousand() {
    let mut items: Vec<String> = (0..10_000).map(|i| format!("p{i}")).collect();
    items.extend((10..10_000).map(|i| format!("p{}<p{i}", i - 10)));
    assert_eq!(run(&items.join("|")).host.most_alive, 10);
}

#[test]
fn ten_thousand_processes_stopped_at_once() {
    let processes: Vec<String> = (0..10_000).map(|i| format!("p{i} ephemeral runs=-")).collect();
    assert_eq!(
        run(&format!("{}|last runs=5:0", processes.join("|")))
            .host
            .most_alive,
        10_001
    );
}

#[test]
fn ten_thousand_failures_of_one_process() {
    let world = run("a max=0 min=0 runs=1:0 | b max=10001 min=0 runs=1:1 | failures=0");
    assert_eq!(world.task.runs(1).count(), crate::task::KEPT_RUNS);
    assert_eq!(world.task.process(1).map(|process| process.runs), Some(10_001));
}
