//! What a task consists of, by index: the part of a plan that decisions need, checked.

use std::collections::BTreeMap;
use std::fmt;

use aur_ir as ir;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::process::{Backoff, OnLost, Policy};

/// A task that can be run. Processes are numbered in the order of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The processes.
    pub processes: Vec<ProcessSpec>,
    /// Failed processes that fail the task; 0 is no limit.
    pub max_failures: u64,
    /// Processes alive at one time, per class; 0 is no limit.
    pub max_concurrency: u64,
    /// Budget from the end of ACTIVE to the end of FINALIZING, milliseconds, as planned.
    pub finalization_wait_ms: u64,
    /// How long the task is asked over HTTP to end before it gets SIGTERM, milliseconds; `None` where it
    /// is not.
    pub farewell_ms: Option<u64>,
}

/// One process of a [`Spec`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessSpec {
    /// Its name.
    pub name: String,
    /// What it is allowed.
    pub policy: Policy,
    /// When it runs.
    pub class: Class,
    /// Whether its end is not waited for.
    pub ephemeral: bool,
    /// The processes that wait for its end.
    pub successors: Vec<usize>,
    /// The processes that wait until it is ready.
    pub ready_successors: Vec<usize>,
    /// How many processes it waits for.
    pub waits_for: usize,
    /// Whether something that counts waits, directly or not, until this one is ready although it does not
    /// count itself.
    pub is_support: bool,
    /// Where it stands in the sources, if that is known.
    pub source: Option<Source>,
}

/// When a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// While the task is active.
    Ordinary,
    /// While the task finalizes.
    Final,
}

/// A place in a source file, from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// Path below the project root.
    pub file: String,
    /// Line.
    pub line: u32,
    /// Column, in Unicode scalar values.
    pub column: u32,
}

/// Why a task cannot be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpecError {
    /// The plan has no job with that number.
    NoJob {
        /// The number.
        job: usize,
    },
    /// There is nothing to run.
    Empty,
    /// Two processes have one name.
    Duplicate {
        /// The name.
        name: String,
    },
    /// The order names a process that does not exist.
    Unknown {
        /// The name.
        name: String,
    },
    /// Processes wait for each other.
    Cycle {
        /// Some of them, each waiting for the next, the last one for the first.
        names: Vec<String>,
    },
    /// Something waits for the end of a daemon, which has none.
    AfterDaemon {
        /// The daemon.
        before: String,
        /// What waits for it.
        after: String,
    },
    /// A process that counts waits for one that does not.
    AfterEphemeral {
        /// The ephemeral process.
        before: String,
        /// What waits for it.
        after: String,
    },
    /// An ordinary and a final process wait for each other.
    MixedClasses {
        /// What is waited for.
        before: String,
        /// What waits.
        after: String,
    },
    /// The job wants a container, which this version does not make.
    Container,
    /// Something waits until a process is ready that never says so.
    NoProbe {
        /// What is waited for.
        before: String,
        /// What waits.
        after: String,
    },
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoJob { job } => write!(f, "the plan has no job number {job}"),
            Self::Empty => f.write_str("the task has no processes"),
            Self::Duplicate { name } => {
                write!(f, "two processes are called `{}`", name.escape_debug())
            }
            Self::Unknown { name } => {
                write!(f, "the order names an unknown process `{}`", name.escape_debug())
            }
            Self::Cycle { names } => {
                f.write_str("processes wait for each other: ")?;
                for name in names {
                    write!(f, "`{}` after ", name.escape_debug())?;
                }
                write!(f, "`{}`", names.first().map_or("", String::as_str).escape_debug())
            }
            Self::AfterDaemon { before, after } => {
                write!(
                    f,
                    "`{}` waits for the end of `{}`, which is a daemon",
                    after.escape_debug(),
                    before.escape_debug()
                )
            }
            Self::AfterEphemeral { before, after } => write!(
                f,
                "`{}` waits for `{}`, which is ephemeral, and is not ephemeral itself",
                after.escape_debug(),
                before.escape_debug()
            ),
            Self::MixedClasses { before, after } => write!(
                f,
                "`{}` waits for `{}`, but only one of them is a final process",
                after.escape_debug(),
                before.escape_debug()
            ),
            Self::Container => f.write_str("the job wants a container, and this version makes none"),
            Self::NoProbe { before, after } => write!(
                f,
                "`{}` waits until `{}` is ready, which has no probe and never says so",
                after.escape_debug(),
                before.escape_debug()
            ),
        }
    }
}

impl std::error::Error for SpecError {}

impl Spec {
    /// Takes job number `job` of a plan, with the places of its processes.
    ///
    /// # Errors
    /// The first thing that makes the task impossible.
    pub fn from_plan(plan: &ir::Plan, job: usize) -> Result<Self, SpecError> {
        let wanted = plan.jobs.get(job).ok_or(SpecError::NoJob { job })?;
        if wanted.container.is_some() {
            return Err(SpecError::Container);
        }
        let task = &wanted.task;
        let mut spec = Self::new(task)?;
        for (index, process) in spec.processes.iter_mut().enumerate() {
            process.source = source_of(plan, job, index);
        }
        spec.farewell_ms = farewell_ms(wanted);
        Ok(spec)
    }

    /// Takes a task, without places.
    ///
    /// # Errors
    /// The first thing that makes the task impossible.
    pub fn new(task: &ir::Task) -> Result<Self, SpecError> {
        let mut processes: Vec<ProcessSpec> = task.processes.iter().map(process_spec).collect();
        let index = index_of(task)?;
        for edge in &task.order {
            let find = |name: &str| {
                index.get(name).copied().ok_or_else(|| SpecError::Unknown {
                    name: name.to_string(),
                })
            };
            let (before, after) = (find(&edge.before)?, find(&edge.after)?);
            add_edge(&mut processes, before, after, edge)?;
        }
        refuse_cycle(&processes)?;
        find_support(&mut processes);
        Ok(Self {
            processes,
            max_failures: task.max_failures,
            max_concurrency: task.max_concurrency,
            finalization_wait_ms: task.finalization_wait_ms,
            farewell_ms: None,
        })
    }
}

fn process_spec(process: &ir::Process) -> ProcessSpec {
    ProcessSpec {
        name: process.name.clone(),
        policy: Policy {
            max_failures: process.max_failures,
            min_duration_ms: process.min_duration_ms,
            daemon: process.daemon,
            timeout_ms: process.timeout_ms,
            on_lost: match process.on_lost {
                ir::OnLost::Retry => OnLost::Retry,
                ir::OnLost::Fail => OnLost::Fail,
            },
            backoff: process.backoff.as_ref().map(backoff),
            ready_within_ms: process.ready.as_ref().map(|probe| probe.within_ms),
            is_awaited: false,
        },
        class: if process.is_final {
            Class::Final
        } else {
            Class::Ordinary
        },
        ephemeral: process.ephemeral,
        successors: Vec::new(),
        ready_successors: Vec::new(),
        waits_for: 0,
        is_support: false,
        source: None,
    }
}

/// A task without the port is asked nothing.
fn farewell_ms(job: &ir::Job) -> Option<u64> {
    let http = job.lifecycle.http.as_ref()?;
    let waits = http
        .graceful_shutdown_wait_ms
        .saturating_add(http.shutdown_wait_ms);
    job.ports.contains(&http.port).then_some(waits)
}

fn backoff(backoff: &ir::Backoff) -> Backoff {
    Backoff {
        min_ms: backoff.min_ms,
        // A factor below 1 is none; one beyond the range is as good as the greatest.
        factor_thousandths: (backoff.factor * 1_000.0).round().max(1_000.0) as u64,
        max_ms: backoff.max_ms,
        reset_after_ms: backoff.reset_after_ms,
    }
}

fn index_of(task: &ir::Task) -> Result<BTreeMap<&str, usize>, SpecError> {
    let mut index = BTreeMap::new();
    for (i, process) in task.processes.iter().enumerate() {
        if index.insert(process.name.as_str(), i).is_some() {
            return Err(SpecError::Duplicate {
                name: process.name.clone(),
            });
        }
    }
    if index.is_empty() {
        return Err(SpecError::Empty);
    }
    Ok(index)
}

fn add_edge(
    processes: &mut [ProcessSpec],
    before: usize,
    after: usize,
    edge: &ir::Edge,
) -> Result<(), SpecError> {
    let names = || (edge.before.clone(), edge.after.clone());
    if before == after {
        return Err(SpecError::Cycle {
            names: vec![edge.before.clone()],
        });
    }
    let (Some(first), Some(second)) = (processes.get(before), processes.get(after)) else {
        return Ok(());
    };
    if first.class != second.class {
        let (before, after) = names();
        return Err(SpecError::MixedClasses { before, after });
    }
    match edge.on {
        ir::EdgeKind::Success if first.policy.daemon => {
            let (before, after) = names();
            return Err(SpecError::AfterDaemon { before, after });
        }
        ir::EdgeKind::Success if first.ephemeral && !second.ephemeral => {
            let (before, after) = names();
            return Err(SpecError::AfterEphemeral { before, after });
        }
        ir::EdgeKind::Ready if first.policy.ready_within_ms.is_none() => {
            let (before, after) = names();
            return Err(SpecError::NoProbe { before, after });
        }
        ir::EdgeKind::Success | ir::EdgeKind::Ready => {}
    }
    if let Some(first) = processes.get_mut(before) {
        match edge.on {
            ir::EdgeKind::Success => first.successors.push(after),
            ir::EdgeKind::Ready => {
                first.ready_successors.push(after);
                first.policy.is_awaited = true;
            }
        }
    }
    if let Some(second) = processes.get_mut(after) {
        second.waits_for += 1;
    }
    Ok(())
}

impl ProcessSpec {
    /// Everything that waits for it in one way or the other.
    fn followers(&self) -> impl Iterator<Item = &usize> {
        self.successors.iter().chain(&self.ready_successors)
    }
}

/// Marks the ephemeral processes on which, over any number of waits, a process depends that counts.
fn find_support(processes: &mut [ProcessSpec]) {
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); processes.len()];
    for (index, process) in processes.iter().enumerate() {
        for &after in process.followers() {
            if let Some(before) = before.get_mut(after) {
                before.push(index);
            }
        }
    }
    let mut open: Vec<usize> = (0..processes.len())
        .filter(|index| processes.get(*index).is_some_and(|process| !process.ephemeral))
        .collect();
    while let Some(index) = open.pop() {
        for &first in before.get(index).into_iter().flatten() {
            if let Some(first_spec) = processes.get_mut(first)
                && first_spec.ephemeral
                && !first_spec.is_support
            {
                first_spec.is_support = true;
                open.push(first);
            }
        }
    }
}

/// Refuses processes that wait for each other, in time linear in processes and edges.
fn refuse_cycle(processes: &[ProcessSpec]) -> Result<(), SpecError> {
    let mut waits: Vec<usize> = processes.iter().map(|process| process.waits_for).collect();
    let mut free: Vec<usize> = (0..processes.len())
        .filter(|i| waits.get(*i) == Some(&0))
        .collect();
    while let Some(index) = free.pop() {
        for &after in processes.get(index).into_iter().flat_map(ProcessSpec::followers) {
            if let Some(count) = waits.get_mut(after) {
                *count -= 1;
                if *count == 0 {
                    free.push(after);
                }
            }
        }
    }
    match waits.iter().position(|count| *count > 0) {
        None => Ok(()),
        Some(start) => Err(SpecError::Cycle {
            names: name_cycle(processes, &waits, start),
        }),
    }
}

/// Walks from a process that can never start to what it waits for until a process comes twice.
fn name_cycle(processes: &[ProcessSpec], waits: &[usize], start: usize) -> Vec<String> {
    let mut waits_for: BTreeMap<usize, usize> = BTreeMap::new();
    for (before, process) in processes.iter().enumerate() {
        if waits.get(before) != Some(&0) {
            for &after in process.followers() {
                waits_for.entry(after).or_insert(before);
            }
        }
    }
    let mut position = BTreeMap::new();
    let mut path = Vec::new();
    let mut at = start;
    while !position.contains_key(&at) {
        position.insert(at, path.len());
        path.push(at);
        match waits_for.get(&at) {
            Some(before) => at = *before,
            None => break,
        }
    }
    let first = position.get(&at).copied().unwrap_or(0).min(path.len());
    path.split_off(first)
        .into_iter()
        .filter_map(|i| processes.get(i))
        .map(|process| process.name.clone())
        .collect()
}

/// Finds the place of a process: itself, else its name, else its command.
fn source_of(plan: &ir::Plan, job: usize, process: usize) -> Option<Source> {
    let at = format!("/jobs/{job}/task/processes/{process}");
    let span = ["", "/name", "/cmdline", "/argv"]
        .iter()
        .find_map(|leaf| plan.spans.get(&format!("{at}{leaf}")))?;
    let file = plan.files.get(usize::try_from(span.file).ok()?)?;
    Some(Source {
        file: file.path.clone(),
        line: span.line,
        column: span.column,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> ir::Plan {
        let json = r#"{"aur_ir":1,"digest":"","files":[{"path":"lib.aur","sha256":"00"},{"path":"main.aur","sha256":"00"}],
          "hooks":[],"inputs":[],
          "jobs":[{"cluster":"c","enable_hooks":false,"environment":"e",
            "health_check_config":{"initial_interval_ms":0,"interval_ms":0,"max_consecutive_failures":0,"timeout_ms":0},
            "instances":1,"key":"c/r/e/n","max_task_failures":1,"name":"n","priority":0,"production":false,
            "role":"r","service":false,
            "task":{"finalization_wait_ms":30000,"max_concurrency":0,"max_failures":1,"name":"t",
              "processes":[
                {"cmdline":"a","daemon":false,"ephemeral":false,"final":false,"max_failures":1,"min_duration_ms":5000,"name":"a"},
                {"cmdline":"b","daemon":false,"ephemeral":false,"final":false,"max_failures":1,"min_duration_ms":5000,"name":"b"},
                {"cmdline":"c","daemon":false,"ephemeral":false,"final":false,"max_failures":1,"min_duration_ms":5000,"name":"c"}],
              "resources":{"cpu":1.0,"disk_bytes":1,"ram_bytes":1}},
            "update_config":{"batch_size":1,"max_per_shard_failures":0,"max_total_failures":0,"restart_threshold_ms":0,"watch_ms":0}}],
          "spans":{
            "/jobs/0/task/processes/0/cmdline":{"column":9,"end":4,"file":1,"line":7,"start":3},
            "/jobs/0/task/processes/0/name":{"column":1,"end":4,"file":1,"line":6,"start":3},
            "/jobs/0/task/processes/1/name":{"column":2,"end":4,"file":0,"line":1,"start":3},
            "/jobs/0/task/processes/2/name":{"column":2,"end":4,"file":9,"line":1,"start":3}}}"#;
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn processes_know_their_place() {
        let spec = Spec::from_plan(&plan(), 0).unwrap();
        let sources = spec.processes.iter().map(|process| match &process.source {
            Some(source) => format!(
                "{} {}:{}:{}",
                process.name, source.file, source.line, source.column
            ),
            None => format!("{} nowhere", process.name),
        });
        // The third one names a file that the plan does not have.
        insta::assert_snapshot!(sources.collect::<Vec<_>>().join("\n"), @"
        a main.aur:6:1
        b lib.aur:1:2
        c nowhere
        ");
        assert_eq!(Spec::from_plan(&plan(), 1), Err(SpecError::NoJob { job: 1 }));
    }
}
