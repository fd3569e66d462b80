//! What the journal of a task says: changes, as facts, and their bytes.
//!
//! The bytes are one line of JSON, so that a journal can be read with common tools. Framing, checksums
//! and sequence numbers are the host's business. Within one [`VERSION`] kinds and optional fields are
//! only added; a reader that meets an unknown kind says so instead of guessing.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::health::Health;
use crate::isolation::Isolation;
use crate::process::{self, Verb, Why};
use crate::task::summary::Summary;
use crate::words::{TaskReason, Verdict};

/// The version of the records this crate writes, and the newest it reads.
pub const VERSION: u32 = 1;

/// One thing that happened to a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// When, on the clock of the task.
    pub at: Time,
    /// When, on the wall clock.
    pub wall_ms: u64,
    /// What.
    pub fact: Fact,
}

impl Change {
    /// Translates a moment that this change plans for to the wall clock.
    pub(crate) fn not_before_ms(&self, not_before: Time) -> u64 {
        self.wall_ms.saturating_add(not_before.since(self.at))
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// The task exists and is active. The first record.
    Created(Header),
    /// What the records before came to, in their place. The first record of a journal that was made
    /// shorter.
    Summary(Box<Summary>),
    /// A runner took it into its hands. The second record, and again after every restart.
    Runner(Runner),
    /// Something became of a process.
    Process {
        /// Its place in the plan, from 0.
        process: usize,
        /// The run it is about.
        run: u32,
        /// What became of it.
        fact: process::Fact,
    },
    /// ACTIVE is over; its result is settled.
    Cleaning {
        /// The result.
        verdict: Verdict,
        /// Why.
        reason: TaskReason,
        /// When what still runs is killed.
        clean_by: Time,
        /// When the task ends whatever still runs.
        budget_end: Time,
        /// Until when SIGTERM waits for what the task is asked over HTTP.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        farewell_end: Option<Time>,
    },
    /// The task was asked over HTTP: what still runs gets SIGTERM.
    Farewell,
    /// Its health was judged anew.
    Health {
        /// What it is now.
        health: Health,
        /// What was wrong with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// Somebody wanted something of one process. One record, so that a request is heeded once.
    Control {
        /// Its place in the plan, from 0.
        process: usize,
        /// Its current or last run; 0 before the first.
        run: u32,
        /// What was wanted.
        verb: Verb,
        /// The name of the request, under which it is never heeded again.
        request: String,
        /// What became of the process; nothing where `unchanged` says why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fact: Option<process::Fact>,
        /// Why nothing became of it, if so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unchanged: Option<Why>,
    },
    /// A harsher stop brought the deadlines forward.
    Hurried {
        /// When what still runs from ACTIVE is killed.
        clean_by: Time,
        /// When the task ends whatever still runs.
        budget_end: Time,
    },
    /// Nothing runs any more; the final processes may.
    Finalizing,
    /// Nothing follows. The last record.
    Finished {
        /// The result.
        verdict: Verdict,
        /// Why.
        reason: TaskReason,
    },
}

/// The facts that hold for the whole life of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The id of the task.
    pub task_id: String,
    /// `cluster/role/environment/name`.
    pub job_key: String,
    /// Digest of the plan, as in the plan.
    pub plan_digest: String,
    /// Instance of the job.
    pub instance: u32,
    /// Which life of the instance this is, from 0.
    pub attempt: u32,
    /// Wall clock of the creation.
    pub created_ms: u64,
    /// Budget from the end of ACTIVE to the end of FINALIZING, milliseconds: the plan's, or what the
    /// user gave instead.
    pub grace_ms: u64,
    /// The sandbox, relative to the folder of the task.
    pub sandbox: String,
    /// The logs, relative to the folder of the task.
    pub logs: String,
    /// The account that the processes run as.
    pub user: String,
    /// The numbers of its ports, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ports: BTreeMap<String, u16>,
}

/// A runner that has a task in its hands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runner {
    /// Its process.
    pub pid: u32,
    /// The boot it lives in.
    pub boot_id: u64,
    /// Milliseconds from that boot to the zero of the task's clock; see [`Task::clock_zero`](crate::Task::clock_zero).
    pub zero_ms: i64,
    /// What confines the task in its hands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Isolation>,
}

/// Why bytes are not a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Written by a newer version of this program.
    Newer {
        /// The version of the record.
        found: u64,
    },
    /// Of our version, but of a kind that we do not know.
    UnknownKind {
        /// The kind.
        kind: String,
    },
    /// Not a record.
    Malformed {
        /// What the reader said.
        message: String,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer { found } => write!(
                f,
                "the record has version {found}, this program knows versions up to {VERSION}"
            ),
            Self::UnknownKind { kind } => {
                write!(
                    f,
                    "the record is of the kind `{}`, which this program does not know",
                    kind.escape_debug()
                )
            }
            Self::Malformed { message } => write!(f, "the record is damaged: {message}"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// A change as it is written.
#[derive(Serialize, Deserialize)]
struct Versioned<F> {
    v: u32,
    at: Time,
    wall_ms: u64,
    fact: F,
}

/// Writes a change as one line of JSON, without a newline.
pub fn encode(change: &Change) -> Vec<u8> {
    // The record types hold string keys and integers only, so writing them cannot fail.
    let record = Versioned {
        v: VERSION,
        at: change.at,
        wall_ms: change.wall_ms,
        fact: &change.fact,
    };
    serde_json::to_vec(&record).unwrap_or_default()
}

/// Reads a change.
///
/// # Errors
/// Says why the bytes are not a change that this version understands.
pub fn decode(bytes: &[u8]) -> Result<Change, DecodeError> {
    match serde_json::from_slice(bytes) {
        Ok(Versioned {
            v: 1..=VERSION,
            at,
            wall_ms,
            fact,
        }) => Ok(Change { at, wall_ms, fact }),
        Ok(_) | Err(_) => decode_by_parts(bytes),
    }
}

/// The same for what does not read at one go: finds out why.
fn decode_by_parts(bytes: &[u8]) -> Result<Change, DecodeError> {
    let malformed = |error: serde_json::Error| DecodeError::Malformed {
        message: error.to_string(),
    };
    let record: serde_json::Value = serde_json::from_slice(bytes).map_err(malformed)?;
    match record.get("v").and_then(serde_json::Value::as_u64) {
        Some(found) if found > u64::from(VERSION) => return Err(DecodeError::Newer { found }),
        Some(1..) => {}
        Some(0) | None => {
            return Err(DecodeError::Malformed {
                message: "it states no version".to_string(),
            });
        }
    }
    let fact = record.get("fact");
    let inner = fact
        .and_then(|fact| fact.get("process").or_else(|| fact.get("control")))
        .and_then(|of| of.get("fact"));
    if let Some(kind) = unknown_kind(fact, &KINDS).or_else(|| unknown_kind(inner, &PROCESS_KINDS)) {
        return Err(DecodeError::UnknownKind { kind });
    }
    Change::deserialize(record).map_err(malformed)
}

const KINDS: [&str; 11] = [
    "created",
    "summary",
    "runner",
    "process",
    "cleaning",
    "farewell",
    "health",
    "control",
    "hurried",
    "finalizing",
    "finished",
];
const PROCESS_KINDS: [&str; 8] = [
    "intent", "running", "ready", "stopping", "killing", "held", "freed", "ended",
];

/// Returns the tag of an enum value, if it is one and not in `known`.
fn unknown_kind(value: Option<&serde_json::Value>, known: &[&str]) -> Option<String> {
    let kind = match value? {
        serde_json::Value::String(kind) => kind,
        serde_json::Value::Object(fields) => fields.keys().next()?,
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::Array(_) => return None,
    };
    (!known.contains(&kind.as_str())).then(|| kind.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{Exit, Reason};

    fn run(fact: process::Fact) -> Fact {
        Fact::Process {
            process: 3,
            run: 1,
            fact,
        }
    }

    /// The form of a summary is the business of the task; here it is one with few fields.
    const SUMMARY: &str = r#"{"summary":{"header":{"task_id":"web-0","job_key":"local/me/test/web","plan_digest":"sha256:00","instance":0,"attempt":0,"created_ms":1700000000000,"grace_ms":30000,"sandbox":"sandbox","logs":"logs","user":"me"},"stage":"active","boots":1,"processes":[]}}"#;

    /// One change of every kind.
    fn changes() -> Vec<Change> {
        let facts = vec![
            Fact::Created(Header {
                task_id: "hello-0".to_string(),
                job_key: "local/me/test/hello".to_string(),
                plan_digest: "sha256:00".to_string(),
                instance: 0,
                attempt: 2,
                created_ms: 1_700_000_000_000,
                grace_ms: 30_000,
                sandbox: "sandbox".to_string(),
                logs: "logs".to_string(),
                user: "gr\u{f6}\u{df}e".to_string(),
                ports: BTreeMap::new(),
            }),
            Fact::Runner(Runner {
                pid: 7,
                boot_id: u64::MAX,
                zero_ms: -5,
                isolation: None,
            }),
            Fact::Runner(Runner {
                pid: 7,
                boot_id: 1,
                zero_ms: 0,
                isolation: Some(Isolation {
                    cgroup: "hybrid".to_string(),
                    limits: vec!["cpu".to_string()],
                    note: Some("no memory".to_string()),
                }),
            }),
            run(process::Fact::Intent),
            run(process::Fact::Running {
                pid: 8,
                started_ms: 9,
                since: None,
            }),
            run(process::Fact::Running {
                pid: 8,
                started_ms: 9,
                since: Some(Time(400)),
            }),
            run(process::Fact::Ready),
            run(process::Fact::Stopping {
                kill_at: Time(10),
                cause: process::Cause::Task,
            }),
            run(process::Fact::Stopping {
                kill_at: Time(10),
                cause: process::Cause::Limit(Reason::Timeout),
            }),
            run(process::Fact::Killing {
                give_up_at: Time(11),
                cause: process::Cause::Task,
            }),
            run(process::Fact::Killing {
                give_up_at: Time(11),
                cause: process::Cause::Restart,
            }),
            run(process::Fact::Held),
            run(process::Fact::Freed { not_before: Time(12) }),
            run(process::Fact::Ended {
                verdict: Verdict::Failed,
                reason: Reason::Signal,
                exit: Some(Exit::Signal(11)),
                finished_ms: Some(12),
                message: None,
                streak: 0,
                next: process::Next::Again { not_before: Time(13) },
            }),
            run(process::Fact::Ended {
                verdict: Verdict::Killed,
                reason: Reason::Killed,
                exit: Some(Exit::Signal(15)),
                finished_ms: Some(12),
                message: None,
                streak: 3,
                next: process::Next::Held,
            }),
            run(process::Fact::Ended {
                verdict: Verdict::Failed,
                reason: Reason::StartError,
                exit: None,
                finished_ms: None,
                message: Some("no bash".to_string()),
                streak: 0,
                next: process::Next::Done,
            }),
            Fact::Cleaning {
                verdict: Verdict::Killed,
                reason: TaskReason::Stopped,
                clean_by: Time(14),
                budget_end: Time(15),
                farewell_end: None,
            },
            Fact::Cleaning {
                verdict: Verdict::Failed,
                reason: TaskReason::Unhealthy,
                clean_by: Time(14),
                budget_end: Time(15),
                farewell_end: Some(Time(13)),
            },
            Fact::Farewell,
            Fact::Health {
                health: Health::Healthy,
                message: None,
            },
            Fact::Health {
                health: Health::Unhealthy,
                message: Some("exit code 1".to_string()),
            },
            Fact::Control {
                process: 3,
                run: 1,
                verb: Verb::Restart,
                request: "1-a".to_string(),
                fact: Some(process::Fact::Freed { not_before: Time(12) }),
                unchanged: None,
            },
            Fact::Control {
                process: 3,
                run: 1,
                verb: Verb::Stop,
                request: "2-b".to_string(),
                fact: None,
                unchanged: Some(Why::Late),
            },
            Fact::Hurried {
                clean_by: Time(14),
                budget_end: Time(14),
            },
            Fact::Finalizing,
            Fact::Finished {
                verdict: Verdict::Killed,
                reason: TaskReason::Stopped,
            },
            serde_json::from_str(SUMMARY).unwrap(),
            Fact::Created(Header {
                task_id: "web-0".to_string(),
                job_key: "local/me/test/web".to_string(),
                plan_digest: "sha256:00".to_string(),
                instance: 0,
                attempt: 0,
                created_ms: 1_700_000_000_000,
                grace_ms: 30_000,
                sandbox: "sandbox".to_string(),
                logs: "logs".to_string(),
                user: "me".to_string(),
                ports: BTreeMap::from([("http".to_string(), 8080)]),
            }),
        ];
        let change = |fact| Change {
            at: Time(1_000),
            wall_ms: 1_700_000_001_000,
            fact,
        };
        facts.into_iter().map(change).collect()
    }

    /// The bytes of version 1. A journal written today is read by every later version, so a line here
    /// may be added and never changed.
    #[test]
    fn records_read_back_and_keep_their_form() {
        let lines: Vec<String> = changes()
            .iter()
            .map(|change| {
                let bytes = encode(change);
                assert_eq!(decode(&bytes).as_ref(), Ok(change));
                String::from_utf8(bytes).unwrap()
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"created":{"task_id":"hello-0","job_key":"local/me/test/hello","plan_digest":"sha256:00","instance":0,"attempt":2,"created_ms":1700000000000,"grace_ms":30000,"sandbox":"sandbox","logs":"logs","user":"größe"}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"runner":{"pid":7,"boot_id":18446744073709551615,"zero_ms":-5}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"runner":{"pid":7,"boot_id":1,"zero_ms":0,"isolation":{"cgroup":"hybrid","limits":["cpu"],"note":"no memory"}}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"process":{"process":3,"run":1,"fact":"intent"}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"process":{"process":3,"run":1,"fact":{"running":{"pid":8,"started_ms":9}}}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"process":{"process":3,"run":1,"fact":{"running":{"pid":8,"started_ms":9,"since":400}}}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"process":{"process":3,"run":1,"fact":"ready"}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"process":{"process":3,"run":1,"fact":{"stopping":{"kill_at":10}}}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"process":{"process":3,"run":1,"fact":{"stopping":{"kill_at":10,"cause":{"limit":"timeout"}}}}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"process":{"process":3,"run":1,"fact":{"killing":{"give_up_at":11}}}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"process":{"process":3,"run":1,"fact":{"killing":{"give_up_at":11,"cause":"restart"}}}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"process":{"process":3,"run":1,"fact":"held"}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"process":{"process":3,"run":1,"fact":{"freed":{"not_before":12}}}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"process":{"process":3,"run":1,"fact":{"ended":{"verdict":"FAILED","reason":"signal","exit":{"signal":11},"finished_ms":12,"next":{"again":{"not_before":13}}}}}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"process":{"process":3,"run":1,"fact":{"ended":{"verdict":"KILLED","reason":"killed","exit":{"signal":15},"finished_ms":12,"streak":3,"next":"held"}}}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"process":{"process":3,"run":1,"fact":{"ended":{"verdict":"FAILED","reason":"start_error","exit":null,"finished_ms":null,"message":"no bash","next":"done"}}}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"cleaning":{"verdict":"KILLED","reason":"stopped","clean_by":14,"budget_end":15}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"cleaning":{"verdict":"FAILED","reason":"unhealthy","clean_by":14,"budget_end":15,"farewell_end":13}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":"farewell"}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"health":{"health":"healthy"}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"health":{"health":"unhealthy","message":"exit code 1"}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"control":{"process":3,"run":1,"verb":"restart","request":"1-a","fact":{"freed":{"not_before":12}}}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"control":{"process":3,"run":1,"verb":"stop","request":"2-b","unchanged":"late"}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"hurried":{"clean_by":14,"budget_end":14}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":"finalizing"}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"finished":{"verdict":"KILLED","reason":"stopped"}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"summary":{"header":{"task_id":"web-0","job_key":"local/me/test/web","plan_digest":"sha256:00","instance":0,"attempt":0,"created_ms":1700000000000,"grace_ms":30000,"sandbox":"sandbox","logs":"logs","user":"me"},"stage":"active","boots":1,"processes":[]}}}
        {"v":1,"at":1000,"wall_ms":1700000001000,"fact":{"created":{"task_id":"web-0","job_key":"local/me/test/web","plan_digest":"sha256:00","instance":0,"attempt":0,"created_ms":1700000000000,"grace_ms":30000,"sandbox":"sandbox","logs":"logs","user":"me","ports":{"http":8080}}}}
        "#);
    }

    #[test]
    fn what_is_not_a_record_says_so() {
        let read = |text: &str| match decode(text.as_bytes()) {
            Ok(_) => "a record".to_string(),
            Err(error) => error.to_string(),
        };
        let lines = [
            read(""),
            read("[]"),
            read(r#"{"at":1,"wall_ms":1,"fact":"finalizing"}"#),
            read(r#"{"v":0,"at":1,"wall_ms":1,"fact":"finalizing"}"#),
            read(r#"{"v":1,"at":1,"wall_ms":1,"fact":"finalizing"}"#),
            read(r#"{"v":1,"at":1,"wall_ms":1,"fact":"finalizing","later":"field"}"#),
            read(r#"{"v":2,"what":"ever"}"#),
            read(r#"{"v":1,"at":1,"wall_ms":1,"fact":"frozen"}"#),
            read(r#"{"v":1,"at":1,"wall_ms":1,"fact":{"usage":{"cpu":1}}}"#),
            read(r#"{"v":1,"at":1,"wall_ms":1,"fact":{"process":{"process":0,"run":0,"fact":"paused"}}}"#),
            read(r#"{"v":1,"at":1,"wall_ms":1,"fact":{"control":{"process":0,"run":0,"fact":"paused"}}}"#),
            read(r#"{"v":1,"at":1,"wall_ms":1,"fact":{"process":{"process":-1,"run":0,"fact":"intent"}}}"#),
            read(r#"{"v":1,"at":1,"wall_ms":1,"fact":{}}"#),
        ];
        insta::assert_snapshot!(lines.join("\n"), @"
        the record is damaged: EOF while parsing a value at line 1 column 0
        the record is damaged: it states no version
        the record is damaged: it states no version
        the record is damaged: it states no version
        a record
        a record
        the record has version 2, this program knows versions up to 1
        the record is of the kind `frozen`, which this program does not know
        the record is of the kind `usage`, which this program does not know
        the record is of the kind `paused`, which this program does not know
        the record is of the kind `paused`, which this program does not know
        the record is damaged: invalid value: integer `-1`, expected usize
        the record is damaged: invalid value: map, expected map with a single key
        ");
    }

    #[test]
    fn damage_never_panics() {
        for change in changes() {
            let bytes = encode(&change);
            for length in 0..bytes.len() {
                assert!(decode(&bytes[..length]).is_err());
                for bit in 0..8 {
                    let mut damaged = bytes.clone();
                    damaged[length] ^= 1 << bit;
                    // The checksum of the frame finds this; here it only must not harm.
                    let _ = decode(&damaged);
                }
            }
        }
    }

    /// The kinds that `decode` knows are the kinds that exist.
    #[test]
    fn every_kind_is_listed() {
        let mut kinds = std::collections::BTreeSet::new();
        for change in changes() {
            let value = serde_json::to_value(&change.fact).unwrap();
            let tag = |value: &serde_json::Value| match value {
                serde_json::Value::String(kind) => kind.clone(),
                other => other.as_object().unwrap().keys().next().unwrap().clone(),
            };
            kinds.insert(tag(&value));
            kinds.extend(value.get("process").map(|of| tag(&of["fact"])));
        }
        let listed = KINDS
            .iter()
            .chain(&PROCESS_KINDS)
            .map(ToString::to_string)
            .collect();
        assert_eq!(kinds, listed);
    }
}
