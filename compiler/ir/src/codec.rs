//! Plans as bytes: canonical form, digest, and reading what someone else wrote.

use std::{fmt, io};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{Hook, Input, Job, Plan, PlanSpan, RuleError, SourceFile, VERSION};

/// Why bytes are not a plan we can run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Not JSON, or not of the plan's shape.
    Malformed {
        /// Line of the fault, from 1.
        line: usize,
        /// Column of the fault, from 1.
        column: usize,
        /// What the reader said.
        message: String,
    },
    /// A JSON document without `aur_ir`.
    NotAPlan,
    /// Written by a newer compiler.
    Newer {
        /// The version in the document.
        found: u64,
    },
    /// The content does not match its digest.
    Digest {
        /// The digest in the document.
        stated: String,
        /// The digest of the content.
        actual: String,
    },
    /// The plan breaks a rule.
    Rule(RuleError),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed {
                line,
                column,
                message,
            } => {
                write!(
                    f,
                    "the plan is damaged at line {line}, column {column}: {message}"
                )
            }
            Self::NotAPlan => f.write_str("this is JSON, but not a compiled plan: it has no `aur_ir`"),
            Self::Newer { found } => {
                write!(
                    f,
                    "the plan has version {found}, this program knows versions up to {VERSION}"
                )
            }
            Self::Digest { stated, actual } => {
                write!(
                    f,
                    "the plan was changed after it was compiled: it says {stated}, its content is {actual}"
                )
            }
            Self::Rule(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Everything that the digest covers, and the digest where it is known.
#[derive(Serialize)]
struct Content<'a> {
    aur_ir: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<&'a str>,
    files: &'a [SourceFile],
    hooks: &'a [Hook],
    inputs: &'a [Input],
    jobs: &'a [Job],
}

impl Plan {
    fn content<'a>(&'a self, digest: Option<&'a str>) -> Content<'a> {
        Content {
            aur_ir: self.aur_ir,
            digest,
            files: &self.files,
            hooks: &self.hooks,
            inputs: &self.inputs,
            jobs: &self.jobs,
        }
    }

    /// Computes the digest of the plan's content; the `digest` and `spans` fields play no role.
    pub fn content_digest(&self) -> String {
        let mut hashing = Hashing::default();
        // Plan types hold string keys and finite numbers only, so writing them cannot fail.
        let written = serde_json::to_writer(&mut hashing, &self.content(None));
        debug_assert!(written.is_ok(), "a plan is plain data");
        named(&hashing.finish())
    }

    /// Writes the canonical bytes, so that they need not be held at once.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write_canonical(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut blocks = Blocks::new(out);
        serde_json::to_writer(&mut blocks, &self.content(Some(&self.digest)))?;
        self.write_end(blocks)
    }

    /// Gives a plan without a digest its digest and writes the canonical bytes: the content is made once for
    /// both.
    ///
    /// # Errors
    /// What `out` says.
    pub fn seal_to(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        let content = to_json(&self.content(None));
        self.digest = named(&Sha256::digest(&content));
        // The digest comes behind the first member.
        let first = content.iter().position(|byte| *byte == b',').unwrap_or(0);
        let (head, rest) = content.split_at(first);
        let mut blocks = Blocks::new(out);
        io::Write::write_all(&mut blocks, head)?;
        io::Write::write_all(&mut blocks, format!(",\"digest\":\"{}\"", self.digest).as_bytes())?;
        io::Write::write_all(&mut blocks, rest)?;
        self.write_end(blocks)
    }

    /// Writes what comes behind the content.
    fn write_end(&self, mut blocks: Blocks<'_>) -> io::Result<()> {
        if !self.spans.is_empty() {
            // The places are most of the bytes of a plan, and all of one shape.
            blocks.take_back_brace();
            io::Write::write_all(&mut blocks, b",\"spans\":{")?;
            let mut line = Vec::new();
            for (pointer, span) in &self.spans {
                push_text(&mut line, pointer);
                line.push(b':');
                push_span(&mut line, span);
                io::Write::write_all(&mut blocks, &line)?;
                line.clear();
                line.push(b',');
            }
            io::Write::write_all(&mut blocks, b"}}")?;
        }
        io::Write::write_all(&mut blocks, b"\n")?;
        blocks.finish()
    }

    /// Returns the canonical bytes: one line of JSON with sorted keys, and a newline.
    pub fn to_canonical_json(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Plan types hold string keys and finite numbers only, so writing them cannot fail.
        let written = self.write_canonical(&mut bytes);
        debug_assert!(written.is_ok(), "a plan is plain data");
        bytes
    }

    /// Reads a plan and checks its version, digest and rules.
    ///
    /// # Errors
    /// Says why the bytes cannot be run.
    pub fn from_json(bytes: &[u8]) -> Result<Self, DecodeError> {
        let malformed = |error: serde_json::Error| DecodeError::Malformed {
            line: error.line(),
            column: error.column(),
            message: without_place(&error),
        };
        #[derive(serde::Deserialize)]
        struct Head {
            aur_ir: Option<u64>,
        }
        let head: Head = serde_json::from_slice(bytes).map_err(malformed)?;
        match head.aur_ir {
            None => return Err(DecodeError::NotAPlan),
            Some(found) if found > u64::from(VERSION) => return Err(DecodeError::Newer { found }),
            Some(_) => {}
        }
        let plan: Self = serde_json::from_slice(bytes).map_err(malformed)?;
        let actual = plan.content_digest();
        if plan.digest != actual {
            return Err(DecodeError::Digest {
                stated: plan.digest,
                actual,
            });
        }
        plan.check_rules().map_err(DecodeError::Rule)?;
        Ok(plan)
    }
}

/// Bytes that are passed on together. JSON comes in pieces of a few bytes.
const BLOCK: usize = 32 << 10;

/// Passes on what is written to it, a block at a time. What was written last is not passed on yet.
struct Blocks<'a> {
    out: &'a mut dyn io::Write,
    block: Vec<u8>,
}

impl<'a> Blocks<'a> {
    fn new(out: &'a mut dyn io::Write) -> Self {
        Self {
            out,
            block: Vec::with_capacity(BLOCK),
        }
    }

    /// Takes back the brace that closes an object, so that it can go on.
    fn take_back_brace(&mut self) {
        let brace = self.block.pop();
        debug_assert_eq!(brace, Some(b'}'), "an object was written");
    }

    fn finish(self) -> io::Result<()> {
        self.out.write_all(&self.block)
    }
}

impl io::Write for Blocks<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.block.len() + bytes.len() > BLOCK {
            self.out.write_all(&self.block)?;
            self.block.clear();
        }
        // Of what is long only the end stays, which may be taken back.
        let (long, end) = bytes.split_at(bytes.len().saturating_sub(BLOCK));
        self.out.write_all(long)?;
        self.block.extend_from_slice(end);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Appends a text in quotes. Pointers hardly ever hold what must be escaped.
fn push_text(out: &mut Vec<u8>, text: &str) {
    if text.bytes().any(|byte| matches!(byte, 0..=0x1f | b'"' | b'\\')) {
        out.extend(to_json(&text));
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Appends a place, with the keys in order.
fn push_span(out: &mut Vec<u8>, span: &PlanSpan) {
    let mut digits = itoa::Buffer::new();
    let mut member = |out: &mut Vec<u8>, key: &str, value: u32| {
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(digits.format(value).as_bytes());
    };
    member(out, "{\"column\":", span.column);
    member(out, ",\"end\":", span.end);
    member(out, ",\"file\":", span.file);
    for (index, from) in span.from.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b",\"from\":[" } else { b"," });
        push_span(out, from);
    }
    if !span.from.is_empty() {
        out.push(b']');
    }
    member(out, ",\"line\":", span.line);
    member(out, ",\"start\":", span.start);
    out.push(b'}');
}

/// Hashes what is written to it, a block at a time.
#[derive(Default)]
struct Hashing {
    hasher: Sha256,
    block: Vec<u8>,
}

impl Hashing {
    fn flush_block(&mut self) {
        self.hasher.update(&self.block);
        self.block.clear();
    }

    fn finish(mut self) -> Vec<u8> {
        self.flush_block();
        self.hasher.finalize().to_vec()
    }
}

impl io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.block.extend_from_slice(bytes);
        if self.block.len() >= BLOCK {
            self.flush_block();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A hash as plans name it.
fn named(hash: &[u8]) -> String {
    format!("sha256:{}", hex(hash))
}

/// Returns the JSON Schema of the plan.
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(Plan).to_value()
}

/// Plan types hold string keys and finite numbers only, so writing them cannot fail.
fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_string(),
        None => text,
    }
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Plan {
        let json = r#"{"aur_ir":1,"digest":"","files":[{"path":"a.aur","sha256":"00"}],"hooks":[],
          "inputs":[{"name":"n","source":"flag","value":3}],
          "jobs":[{"cluster":"c","constraints":{"host":"limit:2"},"enable_hooks":false,"environment":"e",
            "health_check_config":{"initial_interval_ms":60000,"interval_ms":30000,"max_consecutive_failures":0,"timeout_ms":1000},
            "instances":1,"key":"c/r/e/n","max_task_failures":1,"name":"n","ports":["http"],"priority":0,"production":false,
            "role":"r","service":false,
            "task":{"files":{"a.py":"x"},"finalization_wait_ms":30000,"max_concurrency":0,"max_failures":1,"name":"t",
              "order":[{"after":"b","before":"a","on":"success"}],
              "processes":[
                {"cmdline":"echo","daemon":false,"ephemeral":false,"final":false,"max_failures":1,"min_duration_ms":5000,"name":"a"},
                {"cmdline":{"segments":["x",{"late":"aur.instance"}]},"daemon":false,"ephemeral":false,"final":false,"max_failures":1,"min_duration_ms":5000,"name":"b"}],
              "resources":{"cpu":1.0,"disk_bytes":1,"ram_bytes":1}},
            "update_config":{"batch_size":1,"max_per_shard_failures":0,"max_total_failures":0,"restart_threshold_ms":60000,"watch_ms":30000}}],
          "spans":{"/jobs/0/name":{"column":2,"end":4,"file":0,"line":1,"start":3},
            "/jobs/0/task/files/a\"b\\c\n":{"column":4294967295,"end":0,"file":7,"line":1,"start":3,"from":[
              {"column":1,"end":2,"file":3,"line":4,"start":5},
              {"column":6,"end":7,"file":8,"line":9,"start":10,"from":[{"column":1,"end":1,"file":1,"line":1,"start":1}]}]}}}"#;
        let mut plan: Plan = serde_json::from_str(json).unwrap();
        plan.digest = plan.content_digest();
        plan
    }

    #[test]
    fn canonical_keys_are_sorted() {
        let bytes = sample().to_canonical_json();
        let tree: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), format!("{tree}\n"));
        let mut bare = sample();
        bare.spans.clear();
        let text = String::from_utf8(bare.to_canonical_json()).unwrap();
        assert_eq!(text, serde_json::to_string(&bare).unwrap() + "\n");
    }

    /// The bytes go out in blocks; the brace that is taken back may be the first of one.
    #[test]
    fn blocks_lose_nothing() {
        for length in BLOCK - 300..BLOCK + 300 {
            let mut plan = sample();
            plan.digest = String::new();
            let rest = serde_json::to_vec(&plan.content(Some(""))).unwrap().len();
            plan.digest = "x".repeat(length.saturating_sub(rest));
            let text = String::from_utf8(plan.to_canonical_json()).unwrap();
            assert_eq!(text, serde_json::to_string(&plan).unwrap() + "\n");
        }
    }

    #[test]
    fn a_plan_is_sealed_with_the_bytes_it_has_later() {
        let mut plan = sample();
        for repeats in [0, 1, BLOCK / 50, BLOCK] {
            plan.files = vec![plan.files[0].clone(); repeats];
            plan.digest = plan.content_digest();
            let mut open = plan.clone();
            open.digest.clear();
            let mut bytes = Vec::new();
            open.seal_to(&mut bytes).unwrap();
            assert!(bytes == plan.to_canonical_json(), "{repeats} files");
            assert_eq!(open, plan);
            plan.files.resize(1, sample().files[0].clone());
        }
    }

    #[test]
    fn a_plan_reads_back() {
        let plan = sample();
        assert_eq!(Plan::from_json(&plan.to_canonical_json()), Ok(plan));
    }

    #[test]
    fn what_is_not_a_plan_says_so() {
        let read = |text: &str| Plan::from_json(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(
            read("{}"),
            "this is JSON, but not a compiled plan: it has no `aur_ir`"
        );
        assert_eq!(
            read(r#"{"aur_ir":2}"#),
            "the plan has version 2, this program knows versions up to 1"
        );
        assert_eq!(
            read("{"),
            "the plan is damaged at line 1, column 1: EOF while parsing an object"
        );
        let changed = String::from_utf8(sample().to_canonical_json())
            .unwrap()
            .replace("echo", "evil");
        assert!(read(&changed).starts_with("the plan was changed after it was compiled"));
    }

    #[test]
    fn jobs_are_selected_by_whole_components() {
        let mut plan = sample();
        let mut second = plan.jobs[0].clone();
        second.key = "c/r/other/n".into();
        assert_eq!(plan.select(None), Ok(0));
        plan.jobs.push(second);
        assert_eq!(plan.select(Some("other/n")), Ok(1));
        assert_eq!(plan.select(Some("c/r/e/n")), Ok(0));
        assert_eq!(
            plan.select(Some("n")).unwrap_err().to_string(),
            "2 jobs are called `n`"
        );
        assert_eq!(
            plan.select(Some("her/n")).unwrap_err().to_string(),
            "the program has no job `her/n`"
        );
        assert_eq!(plan.select(None).unwrap_err().keys().len(), 2);
    }

    #[test]
    fn a_hostile_plan_is_refused() {
        let refused = |change: fn(&mut Plan)| {
            let mut plan = sample();
            change(&mut plan);
            plan.digest = plan.content_digest();
            Plan::from_json(&plan.to_canonical_json())
                .unwrap_err()
                .to_string()
        };
        insta::assert_snapshot!(
            [
                refused(|p| p.jobs[0].task.processes[0].name = "../x".into()),
                refused(|p| p.jobs[0].task.processes[1].name = "a".into()),
                refused(|p| p.jobs[0].role = "..".into()),
                refused(|p| p.jobs[0].key = "other".into()),
                refused(|p| p.jobs[0].task.files = [("../x".to_string(), String::new())].into()),
                refused(|p| p.jobs[0].task.order[0].before = "zz".into()),
                refused(|p| p.jobs[0].task.order.push(crate::Edge { after: "a".into(), before: "b".into(), on: crate::EdgeKind::Success })),
                refused(|p| p.jobs[0].task.processes.clear()),
            ]
            .join("\n"),
            @r"
        `../x` cannot be a process name (at /jobs/0/task/processes/0/name)
        two processes are called `a` (at /jobs/0/task/processes/1/name)
        `..` cannot be part of a job key (at /jobs/0/role)
        the key is not `c/r/e/n` (at /jobs/0/key)
        `../x` does not stay in the sandbox (at /jobs/0/task/files)
        the order names an unknown process `zz` (at /jobs/0/task/order/0)
        processes wait for each other (at /jobs/0/task/order)
        the task has no processes (at /jobs/0/task/processes)
        "
        );
    }
}
