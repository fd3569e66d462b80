//! Asking runs whether they are ready, until they are.
//!
//! Each run of a process with a probe is asked at once and then at its interval, one question at a time.
//! The machine knows how long that may go on; whoever asks only tells when the answer is yes.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use aur_host::boot;
use aur_host::call::{Method, Reply, Request, Wanted};
use aur_host::helper::Helper;
use aur_host::process::Exit;
use aur_host::tree::MARKER_NAME;
use aur_ir as ir;
use aur_machine::Task;
use aur_machine::process::Phase;
use regex::bytes::Regex;

use super::Host;
use super::life::Surroundings;
use super::log_probe::{LogProbe, Look};
use super::questions::{Answer, Number, PROBE_MARK, Questions};
use super::runs::{Key, Runs};
use crate::RunnerError;
use crate::environment::Facts;

/// The runs that are being asked.
#[derive(Debug)]
pub(super) struct Probes {
    /// The processes that have a probe, by their place in the plan.
    probed: Vec<usize>,
    watches: BTreeMap<Key, Watch>,
}

#[derive(Debug)]
struct Watch {
    check: Check,
    /// What was read of the output, where that is what is asked.
    log: Option<LogProbe>,
    every: Duration,
    timeout: Duration,
    /// When to ask next, as time since boot.
    next_at: Duration,
    asking: Option<Number>,
}

/// A probe with everything filled in.
#[derive(Debug)]
pub(crate) enum Check {
    Http { port: u16, path: String },
    Tcp { port: u16 },
    Exec { line: String },
    File { path: PathBuf },
    Log { regex: Regex },
}

impl Check {
    /// Fills in what the plan leaves open.
    ///
    /// # Errors
    /// A runtime name has no value, or the pattern cannot be read.
    pub(crate) fn of(
        process: &ir::Process,
        check: &ir::ProbeCheck,
        facts: &Facts,
    ) -> Result<Self, RunnerError> {
        let place = || format!("the readiness probe of process `{}`", process.name);
        Ok(match check {
            ir::ProbeCheck::Http { path, port } => Self::Http {
                port: facts.port(&place(), port)?,
                path: facts.fill(&place(), path)?,
            },
            ir::ProbeCheck::Tcp { port } => Self::Tcp {
                port: facts.port(&place(), port)?,
            },
            ir::ProbeCheck::Exec { cmdline } => Self::Exec {
                line: facts.fill(&place(), cmdline)?,
            },
            ir::ProbeCheck::File { path } => Self::File {
                path: facts.sandbox.join(facts.fill(&place(), path)?),
            },
            ir::ProbeCheck::Log { regex } => Self::Log {
                regex: Regex::new(regex).map_err(|error| RunnerError::Pattern {
                    process: process.name.clone(),
                    message: error.to_string(),
                })?,
            },
        })
    }
}

impl Probes {
    pub(super) fn new(task: &ir::Task) -> Self {
        let processes = task.processes.iter().enumerate();
        Self {
            probed: processes
                .filter(|(_, process)| process.ready.is_some())
                .map(|(index, _)| index)
                .collect(),
            watches: BTreeMap::new(),
        }
    }

    /// Whether a probe starts programs.
    pub(super) fn have_programs(&self, task: &ir::Task) -> bool {
        let mut probes = task.processes.iter().filter_map(|process| process.ready.as_ref());
        probes.any(|probe| matches!(probe.check, ir::ProbeCheck::Exec { .. }))
    }

    /// Begins with new runs, forgets old ones, asks what is due; returns the runs that are ready.
    pub(super) fn attend(
        &mut self,
        task: &Task,
        around: &Surroundings<'_>,
        questions: &mut Questions,
        runs: &mut Runs,
        host: &mut Host,
    ) -> Result<Vec<Key>, RunnerError> {
        if self.probed.is_empty() {
            return Ok(Vec::new());
        }
        self.keep_up(task, around, questions, host)?;
        let now = boot::since_boot();
        let mut ready = Vec::new();
        for (key, watch) in &mut self.watches {
            let answer = watch.asking.and_then(|number| questions.take(number));
            if let Some(answer) = answer {
                watch.asking = None;
                if is_yes(&answer) {
                    ready.push(*key);
                    continue;
                }
            }
            if watch.asking.is_none() && watch.next_at <= now {
                watch.next_at = now.saturating_add(watch.every);
                if watch.ask(*key, around, questions, runs, host)? {
                    ready.push(*key);
                }
            }
        }
        for key in &ready {
            self.watches.remove(key);
        }
        Ok(ready)
    }

    fn keep_up(
        &mut self,
        task: &Task,
        around: &Surroundings<'_>,
        questions: &mut Questions,
        host: &Host,
    ) -> Result<(), RunnerError> {
        let asked = |index: &usize| {
            let process = task.process(*index)?;
            let run = process.last_run()?;
            let is_open = process.phase == Phase::Running && !process.is_ready;
            is_open.then_some(Key { process: *index, run })
        };
        let wanted: Vec<Key> = self.probed.iter().filter_map(asked).collect();
        self.watches.retain(|key, watch| {
            let is_wanted = wanted.contains(key);
            if let (false, Some(number)) = (is_wanted, watch.asking) {
                questions.drop_question(number, host.boot);
            }
            is_wanted
        });
        for key in wanted {
            if !self.watches.contains_key(&key)
                && let Some(watch) = Watch::new(key, around)?
            {
                self.watches.insert(key, watch);
            }
        }
        Ok(())
    }

    /// When to ask next, as time since boot.
    pub(super) fn next_at(&self) -> Option<Duration> {
        let resting = self.watches.values().filter(|watch| watch.asking.is_none());
        resting.map(|watch| watch.next_at).min()
    }
}

impl Watch {
    fn new(key: Key, around: &Surroundings<'_>) -> Result<Option<Self>, RunnerError> {
        let Some(process) = around.task.processes.get(key.process) else {
            return Ok(None);
        };
        let Some(probe) = &process.ready else {
            return Ok(None);
        };
        let check = Check::of(process, &probe.check, around.facts)?;
        let log = match &check {
            Check::Log { regex } => {
                // Without any files there is nothing to be found.
                let logs = match around.files.logger(key.process).destination {
                    ir::LoggerDestination::Console => around.folder.console(&process.name, key.run),
                    ir::LoggerDestination::File
                    | ir::LoggerDestination::Both
                    | ir::LoggerDestination::None => around.folder.logs(&process.name, key.run),
                };
                Some(LogProbe::new(regex.clone(), [logs.stdout, logs.stderr]))
            }
            Check::Http { .. } | Check::Tcp { .. } | Check::Exec { .. } | Check::File { .. } => None,
        };
        Ok(Some(Self {
            check,
            log,
            every: Duration::from_millis(probe.every_ms),
            timeout: Duration::from_millis(probe.timeout_ms),
            next_at: Duration::ZERO,
            asking: None,
        }))
    }

    /// Asks; returns whether the answer is there already and yes.
    fn ask(
        &mut self,
        key: Key,
        around: &Surroundings<'_>,
        questions: &mut Questions,
        runs: &mut Runs,
        host: &mut Host,
    ) -> Result<bool, RunnerError> {
        let number = match &self.check {
            Check::File { path } => return Ok(path.exists()),
            Check::Log { .. } => {
                let look = self.log.as_mut().map_or(Look::Absent, LogProbe::look);
                if look == Look::More {
                    self.next_at = Duration::ZERO;
                }
                return Ok(look == Look::Found);
            }
            Check::Tcp { port } => questions.call(*port, None, self.timeout, &mut host.waiter),
            Check::Http { port, path } => {
                let request = Request {
                    method: Method::Get,
                    path,
                    wanted: Wanted::Status,
                };
                questions.call(*port, Some(request), self.timeout, &mut host.waiter)
            }
            Check::Exec { line } => {
                let Some(process) = around.task.processes.get(key.process) else {
                    return Ok(false);
                };
                let marker = around.facts.marker(&process.name, key.run) + PROBE_MARK;
                let mut environment = around.environment.to_vec();
                environment.extend(around.facts.wanted(process)?);
                environment.extend(around.facts.own(&process.name, key.run));
                environment.push((MARKER_NAME.into(), marker.clone().into()));
                let sandbox = around.folder.sandbox();
                let helper = Helper {
                    program: &host.bash,
                    arguments: &[OsStr::new("-c"), OsStr::new(line)],
                    environment: &environment,
                    directory: &sandbox,
                    descriptor_limit: host.descriptor_limit,
                    role: around.role,
                };
                questions.run(&helper, marker, self.timeout, runs)
            }
        };
        self.asking = Some(number);
        Ok(false)
    }
}

fn is_yes(answer: &Answer) -> bool {
    match answer {
        Answer::Reply(Reply::Connected) | Answer::Ended(Exit::Code(0)) => true,
        Answer::Reply(Reply::Page { status, .. }) => (200..400).contains(status),
        Answer::Reply(Reply::Failed(_)) | Answer::Ended(_) | Answer::Late => false,
    }
}
