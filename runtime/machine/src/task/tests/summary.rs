//! A journal in one record.

use super::kit::{EPOCH_MS, World};
use crate::process::Verb;
use crate::record::{decode, encode};

/// The form of a summary. A journal that was made shorter today is read by every later version, so a field
/// may be added here and never changed.
#[test]
fn a_summary_keeps_its_form() {
    let mut world = World::new("a runs=10:0|b max=2 runs=20:1,-|c daemon runs=-|a<c|wait=1000");
    world = world.control_at(30, 1, Verb::Restart);
    world.run(40, |_, _, _, _| {});
    let change = world.task.summary(EPOCH_MS).unwrap();
    let text = String::from_utf8(encode(&change)).unwrap();
    insta::assert_snapshot!(text.replace(",\"", ",\n\""), @r#"
    {"v":1,
    "at":30,
    "wall_ms":1700000000000,
    "fact":{"summary":{"header":{"task_id":"hello-0",
    "job_key":"local/me/test/hello",
    "plan_digest":"sha256:00",
    "instance":0,
    "attempt":0,
    "created_ms":1700000000000,
    "grace_ms":1000,
    "sandbox":"sandbox",
    "logs":"logs",
    "user":"me"},
    "stage":"active",
    "runner":{"pid":1,
    "boot_id":1,
    "zero_ms":0},
    "boots":1,
    "requests":["request 0"],
    "processes":[{"process":{"phase":{"done":"SUCCESS"},
    "runs":1,
    "failures":0,
    "streak":0,
    "since":0,
    "is_ready":false,
    "is_given_up":false},
    "is_end_told":true,
    "is_ready_told":false,
    "boot":1,
    "runs":[{"run":0,
    "state":"SUCCESS",
    "pid":1000,
    "started_ms":1700000000000,
    "finished_ms":1700000000010,
    "exit":{"code":0},
    "reason":"exit"}]},{"process":{"phase":"running",
    "runs":2,
    "failures":0,
    "streak":0,
    "since":30,
    "is_ready":false,
    "is_given_up":false},
    "is_end_told":false,
    "is_ready_told":false,
    "boot":1,
    "not_before_ms":1700000000030,
    "runs":[{"run":0,
    "state":"FAILED",
    "pid":1100,
    "started_ms":1700000000000,
    "finished_ms":1700000000020,
    "exit":{"code":1},
    "reason":"exit"},{"run":1,
    "state":"RUNNING",
    "pid":1101,
    "started_ms":1700000000030}]},{"process":{"phase":"running",
    "runs":1,
    "failures":0,
    "streak":0,
    "since":10,
    "is_ready":false,
    "is_given_up":false},
    "is_end_told":false,
    "is_ready_told":false,
    "boot":1,
    "runs":[{"run":0,
    "state":"RUNNING",
    "pid":1200,
    "started_ms":1700000000010}]}]}}}
    "#);
    assert_eq!(decode(text.as_bytes()), Ok(change));
    world.task.forget_requests(|request| request != "request 0");
    assert!(!world.task.has_heeded("request 0"));
}
