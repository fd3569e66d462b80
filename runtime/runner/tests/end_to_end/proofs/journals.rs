//! Journals that are cut, damaged, and made shorter.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aur_host::journal::{self, Journal, JournalError};
use aur_machine::process::Verb;
use aur_machine::{Change, Spec, Task, decode, replay};
use aur_runner::{Answer, Followed, Follower, Signals, StopRequest, request_control, wait_for_answer};
use serde_json::json;

use super::{Scene, Tally};
use crate::support::{HANG, crash, wait_until};

/// Journals of real tasks: the shortest, one with six runs, and one that was made shorter.
fn samples() -> Vec<(&'static str, Scene)> {
    let twice = "echo x >> $W/$AUR_PROCESS; [ $(wc -l < $W/$AUR_PROCESS) -gt 1 ]";
    let three = [("a", twice), ("b", twice), ("c", twice)];
    let patient = |job: crate::support::Job| {
        (0..3).fold(job, |job, place| {
            job.with(&format!("/task/processes/{place}/max_failures"), json!(2))
        })
    };
    let scenes = [
        ("one run", Scene::new(&[("a", "true")], |job| job)),
        ("six runs", Scene::new(&three, patient)),
        (
            "shortened",
            Scene::new(&three, patient).with("AUR_FAULT_JOURNAL", "600"),
        ),
    ];
    let finish = |(name, mut scene): (&'static str, Scene)| {
        scene.start();
        let found = scene.finish();
        assert!(found.ends_with("SUCCESS complete"), "{found}");
        (name, scene)
    };
    scenes.into_iter().map(finish).collect()
}

fn memory() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() {
        memory
    } else {
        std::env::temp_dir()
    }
}

struct Sample {
    spec: Arc<Spec>,
    bytes: Vec<u8>,
    changes: Vec<Change>,
    /// Another file, to be damaged.
    path: PathBuf,
}

impl Sample {
    fn of(scene: &Scene) -> Self {
        let path = scene.case.folder.life(0).journal();
        let payloads = journal::read(&path).unwrap();
        Self {
            spec: Arc::new(Spec::from_plan(&scene.case.state().plan, 0).unwrap()),
            bytes: std::fs::read(&path).unwrap(),
            changes: payloads.iter().map(|payload| decode(payload).unwrap()).collect(),
            // In memory where there is such a place: each round waits for the disk.
            path: memory().join(format!("aur-journal-{}-{}", std::process::id(), payloads.len())),
        }
    }

    /// Reads what a runner would go on with.
    fn open(&self, bytes: &[u8]) -> Result<(Vec<Change>, Task), JournalError> {
        std::fs::write(&self.path, bytes).unwrap();
        let (_, payloads) = Journal::open(&self.path)?;
        let changes: Vec<Change> = payloads.iter().map(|payload| decode(payload).unwrap()).collect();
        let task = replay(Arc::clone(&self.spec), &changes).unwrap();
        Ok((changes, task))
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// F4.
pub(super) fn f04_a_journal_is_cut_anywhere() {
    let mut tally = Tally::of("F4");
    for (name, scene) in samples() {
        let sample = Sample::of(&scene);
        for length in 0..sample.bytes.len() {
            tally.round(&format!("{name} cut at {length}"), || {
                match sample.open(&sample.bytes[..length]) {
                    Ok((changes, _)) => assert!(sample.changes.starts_with(&changes)),
                    Err(error) => assert!(length < 24, "{error}"),
                }
                0
            });
        }
    }
    tally.close();
}

/// F5.
pub(super) fn f05_any_bit_of_a_journal_flips() {
    let mut tally = Tally::of("F5");
    for (name, scene) in samples() {
        let sample = Sample::of(&scene);
        for bit in 0..sample.bytes.len() * 8 {
            tally.round(&format!("{name}, bit {bit}"), || {
                let mut bytes = sample.bytes.clone();
                bytes[bit / 8] ^= 1 << (bit % 8);
                // Damage to the last record is a torn write as far as anyone can tell.
                if let Ok((changes, _)) = sample.open(&bytes) {
                    assert!(changes == sample.changes[..sample.changes.len() - 1]);
                }
                0
            });
        }
    }
    tally.close();
}

fn last_run(scene: &Scene) -> u32 {
    let view = scene.case.state().view().unwrap();
    view.processes[0].runs.last().map_or(0, |run| run.run)
}

/// A daemon that ends at once, again and again, for three times as many runs as are kept.
pub(super) fn a_restarted_daemon_keeps_its_journal_short() {
    let mut scene = Scene::new(&[("d", "echo run $AUR_RUN")], |job| {
        job.with("/task/processes/0/daemon", json!(true))
            .with("/task/finalization_wait_ms", json!(2_000))
    })
    .with("AUR_FAULT_JOURNAL", "20000");
    let mut runner = scene.start().unwrap();
    let folder = scene.case.folder.life(0);
    let mut longest = 0;
    let mut times_shorter = 0;
    for goal in [100_u32, 200, 300] {
        wait_until("the runs", || {
            let length = std::fs::metadata(folder.journal()).unwrap().len();
            times_shorter += usize::from(length < longest);
            longest = longest.max(length);
            (last_run(&scene) >= goal).then_some(())
        });
        let request = request_control(&scene.case.folder, "d", Verb::Restart).unwrap();
        let answer = wait_for_answer(&scene.case.folder, &request, HANG).unwrap();
        assert!(
            matches!(answer, Some(Answer::Accepted | Answer::Unchanged(_))),
            "{answer:?}"
        );
        let before = last_run(&scene);
        crash(runner);
        assert!(last_run(&scene) >= before, "a run was forgotten");
        runner = scene.start().unwrap();
    }
    // A hundred kept runs take some 20 kB, and the journal may become four times as long.
    assert!(longest < 150_000, "{longest}");
    assert!(times_shorter > 0);
    let files = std::fs::read_dir(folder.path().join("runs/d")).unwrap().count();
    assert!(files < 300, "{files} run files are left");
    assert_eq!(
        scene.case.log("d", 0).0,
        "run 0\n",
        "the first output is still there"
    );
    scene.case.stop(StopRequest::Graceful { grace_ms: None });
    let found = scene.finish();
    assert!(found.ends_with("KILLED stopped"), "{found}");
    let view = scene.case.state().view().unwrap();
    let numbers: Vec<u32> = view.processes[0].runs.iter().map(|run| run.run).collect();
    assert!(
        numbers.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{numbers:?}"
    );
    assert_eq!(numbers.len(), aur_machine::KEPT_RUNS);
}

/// Whoever follows a task hears of each end once, also while the journal is replaced again and again.
pub(super) fn a_follower_outlives_shorter_journals() {
    let mut scene = Scene::new(&[("d", "[ $AUR_RUN -lt 120 ] || touch $W/enough")], |job| {
        job.with("/task/processes/0/daemon", json!(true))
    })
    .with("AUR_FAULT_JOURNAL", "2000");
    let mut follower = Follower::open(&scene.case.folder, Signals::None).unwrap();
    scene.start();
    let mut ended = Vec::new();
    let mut created = 0;
    loop {
        match follower.next(Some(Duration::from_secs(20))).unwrap() {
            Followed::Event(event) => {
                let event = serde_json::to_value(event).unwrap();
                created += usize::from(event["event"] == "task_created");
                if event["event"] == "process_finished" {
                    ended.push(event["run"].as_u64().unwrap());
                }
                if ended.len() == 130 {
                    scene.case.stop(StopRequest::Now);
                }
            }
            Followed::Over => break,
            other => panic!("{other:?} after {} runs", ended.len()),
        }
    }
    // Only one that sleeps through two replacements misses something, and is told of the task anew.
    assert!(ended.windows(2).all(|pair| pair[0] < pair[1]), "{ended:?}");
    assert!(
        created > 1 || ended.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{ended:?}"
    );
    let found = scene.finish();
    assert!(found.ends_with("KILLED stopped"), "{found}");
}
