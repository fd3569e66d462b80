//! Tasks and hosts as text.
//!
//! A task is items separated by `|`: a process is its name and flags, an edge is `a<b`, and
//! `a<<b` one that waits until `a` is ready; `failures=`, `concurrency=`, `wait=` belong to the task.
//! `timeout=`, `within=`, `lost=fail` and `backoff=min:factor:max:reset` are what a plan says of a process,
//! `ready=500` when each of its runs says that it is ready, `ready=-` that none does.
//! A process says what its runs do:
//! `runs=1000:0,500:sig9,1:lost,0:refused,-` (milliseconds and end, `-` never ends; the last one is
//! repeated) and how it takes SIGTERM: `term=0` dies of it after so many milliseconds, `term=5:0` exits
//! with a code, `term=never` ignores it, `term=stuck`
//! ignores SIGKILL too.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use aur_ir as ir;

use crate::clock::{Now, Time};
use crate::process::{Report, Verb};
use crate::record::{Header, Runner, decode, encode};
use crate::spec::Spec;
use crate::task::{Boot, Effect, Event, Task, Turn, Work, replay};
use crate::words::Exit;

/// The wall clock at the beginning of every test.
pub(super) const EPOCH_MS: u64 = 1_700_000_000_000;

pub(super) fn now(time: u64) -> Now {
    Now {
        time: Time(time),
        wall_ms: EPOCH_MS + time,
    }
}

pub(super) fn header(grace_ms: u64) -> Header {
    Header {
        task_id: "hello-0".to_string(),
        job_key: "local/me/test/hello".to_string(),
        plan_digest: "sha256:00".to_string(),
        instance: 0,
        attempt: 0,
        created_ms: EPOCH_MS,
        grace_ms,
        sandbox: "sandbox".to_string(),
        logs: "logs".to_string(),
        user: "me".to_string(),
        ports: BTreeMap::new(),
    }
}

pub(super) fn runner(pid: u32, boot_id: u64) -> Runner {
    Runner {
        pid,
        boot_id,
        zero_ms: 0,
        isolation: None,
    }
}

/// How a run ends when nobody interferes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Exit(Exit),
    Unseen,
    Refused,
}

/// How a run takes SIGTERM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Term {
    Never,
    /// Nor does it die of SIGKILL.
    Stuck,
    After(u64, Exit),
}

/// What the runs of a process do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Script {
    /// Length and end of each run; `None` never ends.
    pub(super) runs: Vec<Option<(u64, End)>>,
    pub(super) term: Term,
    /// When each run says that it is ready, after its start.
    pub(super) ready: Option<u64>,
}

impl Script {
    fn run(&self, run: u32) -> Option<(u64, End)> {
        let index = usize::try_from(run).unwrap().min(self.runs.len() - 1);
        self.runs[index]
    }
}

fn exit(text: &str) -> Exit {
    match text.strip_prefix("sig") {
        Some(signal) => Exit::Signal(signal.parse().unwrap()),
        None => Exit::Code(text.parse().unwrap()),
    }
}

fn parse_run(text: &str) -> Option<(u64, End)> {
    let (ms, end) = text.split_once(':')?;
    let end = match end {
        "lost" => End::Unseen,
        "refused" => End::Refused,
        exited => End::Exit(exit(exited)),
    };
    Some((ms.parse().unwrap(), end))
}

fn parse_term(text: &str) -> Term {
    match text.split_once(':') {
        Some((ms, code)) => Term::After(ms.parse().unwrap(), exit(code)),
        None if text == "never" => Term::Never,
        None if text == "stuck" => Term::Stuck,
        None => Term::After(text.parse().unwrap(), Exit::Signal(15)),
    }
}

/// Reads a task and what its processes do.
pub(super) fn parse(text: &str) -> (ir::Task, Vec<Script>) {
    let mut task = ir::Task {
        files: BTreeMap::new(),
        finalization_wait_ms: 30_000,
        max_concurrency: 0,
        max_failures: 1,
        name: "hello".to_string(),
        order: vec![],
        processes: vec![],
        resources: ir::Resources {
            cpu: 1.0,
            disk_bytes: 1,
            ram_bytes: 1,
            ..Default::default()
        },
        user: None,
    };
    let mut scripts = vec![];
    for item in text.split('|').map(str::trim) {
        if let Some((before, after)) = item.split_once('<') {
            let (after, on) = match after.strip_prefix('<') {
                Some(after) => (after, ir::EdgeKind::Ready),
                None => (after, ir::EdgeKind::Success),
            };
            task.order.push(ir::Edge {
                before: before.to_string(),
                after: after.to_string(),
                on,
            });
        } else if let Some((key, value)) = item.split_once('=').filter(|_| !item.contains(' ')) {
            let field = match key {
                "failures" => &mut task.max_failures,
                "concurrency" => &mut task.max_concurrency,
                "wait" => &mut task.finalization_wait_ms,
                _ => panic!("{item}"),
            };
            *field = value.parse().unwrap();
        } else {
            let (process, script) = parse_process(item);
            task.processes.push(process);
            scripts.push(script);
        }
    }
    (task, scripts)
}

/// A probe that asks nothing by itself: the host of these tests knows the answer.
pub(super) fn probe(within_ms: u64) -> ir::Probe {
    ir::Probe {
        check: ir::ProbeCheck::Log {
            regex: "ready".to_string(),
        },
        every_ms: 1,
        timeout_ms: 1,
        within_ms,
    }
}

fn parse_backoff(text: &str) -> ir::Backoff {
    let words: Vec<&str> = text.split(':').collect();
    let ms = |index: usize| words[index].parse().unwrap();
    ir::Backoff {
        min_ms: ms(0),
        factor: words[1].parse().unwrap(),
        max_ms: ms(2),
        reset_after_ms: ms(3),
    }
}

fn parse_process(item: &str) -> (ir::Process, Script) {
    let mut words = item.split(' ');
    let mut process = ir::Process {
        cmdline: Some(ir::Text::Plain("true".to_string())),
        daemon: false,
        ephemeral: false,
        is_final: false,
        max_failures: 1,
        min_duration_ms: 5_000,
        name: words.next().unwrap().to_string(),
        ..ir::Process::default()
    };
    let mut script = Script {
        runs: vec![Some((1_000, End::Exit(Exit::Code(0))))],
        term: Term::After(0, Exit::Signal(15)),
        ready: None,
    };
    for word in words {
        match word.split_once('=') {
            None if word == "daemon" => process.daemon = true,
            None if word == "ephemeral" => process.ephemeral = true,
            None if word == "final" => process.is_final = true,
            Some(("max", value)) => process.max_failures = value.parse().unwrap(),
            Some(("min", value)) => process.min_duration_ms = value.parse().unwrap(),
            Some(("timeout", value)) => process.timeout_ms = value.parse().ok(),
            Some(("lost", "fail")) => process.on_lost = ir::OnLost::Fail,
            Some(("backoff", value)) => process.backoff = Some(parse_backoff(value)),
            Some(("within", value)) => process.ready = Some(probe(value.parse().unwrap())),
            Some(("ready", value)) => {
                script.ready = value.parse().ok();
                process.ready.get_or_insert_with(|| probe(60_000));
            }
            Some(("runs", value)) => script.runs = value.split(',').map(parse_run).collect(),
            Some(("term", value)) => script.term = parse_term(value),
            _ => panic!("{item}"),
        }
    }
    (process, script)
}

/// One run in the world outside.
#[derive(Clone, Debug)]
struct Child {
    started_ms: u64,
    started: Time,
    ready_at: Option<Time>,
    ends_at: Option<Time>,
    end: End,
    is_reported: bool,
}

/// Kernel and processes: does the work, keeps the promise that nothing is started twice.
#[derive(Clone, Debug)]
pub(super) struct Host {
    scripts: Vec<Script>,
    children: BTreeMap<(usize, u32), Child>,
    /// The ends to come, in order.
    ends: BTreeSet<(Time, (usize, u32))>,
    /// The runs to say that they are ready, in order.
    readies: BTreeSet<(Time, (usize, u32))>,
    mail: VecDeque<(usize, u32, Report)>,
    alive: usize,
    pub(super) most_alive: usize,
}

impl Host {
    pub(super) fn new(scripts: Vec<Script>) -> Self {
        Self {
            scripts,
            children: BTreeMap::new(),
            ends: BTreeSet::new(),
            readies: BTreeSet::new(),
            mail: VecDeque::new(),
            alive: 0,
            most_alive: 0,
        }
    }

    pub(super) fn perform(&mut self, now: Now, effect: Effect) {
        let key = (effect.process, effect.run);
        match effect.work {
            Work::Spawn => self.spawn(now, key),
            Work::Terminate => {
                if let Term::After(ms, exit) = self.scripts[key.0].term {
                    self.end_by(key, now.time.plus(ms), exit);
                }
            }
            Work::Kill => {
                if self.scripts[key.0].term != Term::Stuck {
                    self.end_by(key, now.time, Exit::Signal(9));
                }
            }
            Work::Look(boot) => self.look(now, key, boot),
        }
    }

    fn spawn(&mut self, now: Now, key: (usize, u32)) {
        let script = self.scripts[key.0].run(key.1);
        let end = script.map_or(End::Unseen, |(_, end)| end);
        let child = Child {
            started_ms: now.wall_ms,
            started: now.time,
            ready_at: self.scripts[key.0].ready.map(|ms| now.time.plus(ms)),
            ends_at: script.map(|(ms, _)| now.time.plus(ms)),
            end,
            is_reported: end == End::Refused,
        };
        let report = if end == End::Refused {
            refused()
        } else {
            self.ends.extend(child.ends_at.map(|at| (at, key)));
            self.readies.extend(child.ready_at.map(|at| (at, key)));
            self.alive += 1;
            self.most_alive = self.most_alive.max(self.alive);
            Report::Spawned {
                pid: pid(key),
                started_ms: now.wall_ms,
            }
        };
        let before = self.children.insert(key, child);
        assert!(before.is_none(), "{key:?} was started twice");
        self.mail.push_back((key.0, key.1, report));
    }

    fn end_by(&mut self, key: (usize, u32), at: Time, exit: Exit) {
        let Some(child) = self.children.get_mut(&key).filter(|child| !child.is_reported) else {
            return;
        };
        if child.ends_at.is_none_or(|before| before > at) {
            self.ends.extend(Some((at, key)));
            if let Some(before) = child.ends_at.replace(at) {
                self.ends.remove(&(before, key));
            }
            child.end = End::Exit(exit);
        }
    }

    /// Answers a new runner. An end is told at its turn, so that a crash does not change the order of
    /// what happens at one moment.
    fn look(&mut self, now: Now, key: (usize, u32), boot: Boot) {
        let report = match self.children.get_mut(&key) {
            None => Report::NeverStarted,
            Some(child) if child.end == End::Refused => refused(),
            Some(_) if boot == Boot::Other => Report::Lost,
            Some(child) => {
                if child.is_reported {
                    child.is_reported = false;
                    self.alive += 1;
                }
                self.ends.extend(child.ends_at.map(|at| (at, key)));
                // A new runner asks anew, and is told anew.
                self.readies.extend(child.ready_at.map(|at| (at, key)));
                Report::Adopted {
                    pid: pid(key),
                    started_ms: child.started_ms,
                    age_ms: now.time.since(child.started),
                }
            }
        };
        self.mail.push_back((key.0, key.1, report));
    }

    fn take_end(&mut self, now: Now, key: (usize, u32)) -> Report {
        let child = self.children.get_mut(&key).unwrap();
        self.ends.remove(&(child.ends_at.unwrap(), key));
        if let Some(at) = child.ready_at {
            self.readies.remove(&(at, key));
        }
        self.alive -= usize::from(!child.is_reported);
        child.is_reported = true;
        match child.end {
            End::Exit(exit) => Report::Exited {
                exit,
                finished_ms: now.wall_ms,
            },
            End::Unseen | End::Refused => Report::Lost,
        }
    }

    /// The next moment at which a run says something or ends.
    fn next_event(&self) -> Option<Time> {
        let sets = [&self.readies, &self.ends].into_iter();
        sets.filter_map(|set| set.first().map(|(at, _)| *at)).min()
    }

    /// Returns the next report that is due, mail first, then ends by time and number.
    fn next_report(&mut self, now: Now) -> Option<Event> {
        let (process, run, report) = match self.mail.pop_front() {
            Some(letter) => letter,
            None => {
                let due = |set: &BTreeSet<(Time, (usize, u32))>| {
                    set.first().copied().filter(|(at, _)| *at <= now.time)
                };
                match (due(&self.readies), due(&self.ends)) {
                    (Some(ready), end) if end.is_none_or(|end| ready.0 <= end.0) => {
                        self.readies.remove(&ready);
                        let (_, key) = ready;
                        (key.0, key.1, Report::Ready)
                    }
                    (_, end) => {
                        let (_, key) = end?;
                        (key.0, key.1, self.take_end(now, key))
                    }
                }
            }
        };
        Some(Event::Report { process, run, report })
    }

    /// The runner died: what it had not handled is asked anew.
    pub(super) fn forget_mail(&mut self) {
        self.mail.clear();
    }
}

fn refused() -> Report {
    Report::SpawnFailed {
        message: "bash is missing".to_string(),
    }
}

fn pid((process, run): (usize, u32)) -> u32 {
    u32::try_from(process).unwrap() * 100 + run + 1_000
}

/// When the runner of a world dies in the turn with the given number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crash {
    pub(super) turn: usize,
    /// How many changes of that turn are durable; if all, then how many effects were performed.
    pub(super) after: usize,
}

/// A task, its host, and the time.
pub(super) struct World {
    pub(super) task: Task,
    pub(super) host: Host,
    pub(super) journal: Vec<Vec<u8>>,
    pub(super) now: u64,
    spec: Arc<Spec>,
    header: Header,
    crashes: Vec<Crash>,
    turns: usize,
    runners: u32,
    /// Requests are durable: one that was not recorded is made again.
    requests: Vec<(u64, Event)>,
}

impl World {
    pub(super) fn new(text: &str) -> Self {
        let (task, scripts) = parse(text);
        Self::of(&task, scripts)
    }

    pub(super) fn of(task: &ir::Task, scripts: Vec<Script>) -> Self {
        let spec = Arc::new(Spec::new(task).unwrap());
        Self {
            task: Task::new(Arc::clone(&spec)),
            host: Host::new(scripts),
            journal: vec![],
            now: 0,
            header: header(spec.finalization_wait_ms),
            spec,
            crashes: vec![],
            turns: 0,
            runners: 1,
            requests: vec![],
        }
    }

    pub(super) fn stop_at(mut self, at: u64, stop: super::super::Stop) -> Self {
        self.requests.push((at, Event::Stop(stop)));
        self
    }

    /// Has somebody want something of a process.
    pub(super) fn control_at(mut self, at: u64, process: usize, verb: Verb) -> Self {
        let request = format!("request {}", self.requests.len());
        let event = Event::Control {
            process,
            verb,
            request,
        };
        self.requests.push((at, event));
        self
    }

    pub(super) fn crash(mut self, crashes: Vec<Crash>) -> Self {
        self.crashes = crashes;
        self
    }

    /// Runs until nothing happens any more, at most until `limit`; `watch` sees every event and turn.
    pub(super) fn run(&mut self, limit: u64, mut watch: impl FnMut(&Task, Now, &Event, &Turn)) {
        let header = Box::new(self.header.clone());
        let runner = runner(1, 1);
        self.step(Event::Create { header, runner }, &mut watch);
        while let Some(event) = self.next_event(limit) {
            self.step(event, &mut watch);
        }
    }

    fn next_event(&mut self, limit: u64) -> Option<Event> {
        loop {
            if let Some(report) = self.host.next_report(now(self.now)) {
                return Some(report);
            }
            if let Some((_, request)) = self.requests.first().filter(|(at, _)| *at <= self.now) {
                return Some(request.clone());
            }
            let wake = self.task.next_wake(Time(self.now));
            let request = self.requests.first().map(|(at, _)| Time(*at));
            let next = [wake, request, self.host.next_event()]
                .into_iter()
                .flatten()
                .min()?;
            assert!(next.0 > self.now, "time stands still");
            if next.0 > limit || self.task.state().is_terminal() {
                return None;
            }
            self.now = next.0;
            if wake == Some(next) {
                return Some(Event::Tick);
            }
        }
    }

    fn step(&mut self, event: Event, watch: &mut impl FnMut(&Task, Now, &Event, &Turn)) {
        let at = now(self.now);
        let turn = self.task.turn(at, event.clone());
        watch(&self.task, at, &event, &turn);
        let crash = self
            .crashes
            .iter()
            .find(|crash| crash.turn == self.turns)
            .copied();
        self.turns += 1;
        if let Some(crash) = crash {
            self.die(crash, turn, watch);
            return;
        }
        if let Event::Stop(_) | Event::Control { .. } = event {
            self.requests.remove(0);
        }
        self.journal.extend(turn.changes.iter().map(encode));
        for effect in turn.effects {
            self.host.perform(at, effect);
        }
    }

    /// Puts a summary in the place of the journal, as a runner does with a long one.
    fn shorten(&mut self) {
        let changes: Vec<_> = self.journal.iter().map(|bytes| decode(bytes).unwrap()).collect();
        let task = replay(Arc::clone(&self.spec), &changes).unwrap();
        if let Some(summary) = task.summary(EPOCH_MS + self.now) {
            self.journal = vec![encode(&summary)];
        }
    }

    /// The runner dies within a turn; another one takes the task.
    fn die(&mut self, crash: Crash, turn: Turn, watch: &mut impl FnMut(&Task, Now, &Event, &Turn)) {
        let kept = crash.after.min(turn.changes.len());
        self.journal.extend(turn.changes[..kept].iter().map(encode));
        if kept == turn.changes.len() {
            let done = (crash.after - kept).min(turn.effects.len());
            for effect in &turn.effects[..done] {
                self.host.perform(now(self.now), *effect);
            }
        }
        self.host.forget_mail();
        if crash.turn % 2 == 1 {
            self.shorten();
        }
        let changes: Vec<_> = self.journal.iter().map(|bytes| decode(bytes).unwrap()).collect();
        self.task = replay(Arc::clone(&self.spec), &changes).unwrap();
        self.runners += 1;
        if changes.is_empty() {
            let header = Box::new(self.header.clone());
            let runner = runner(self.runners, 1);
            self.step(Event::Create { header, runner }, watch);
        } else if !self.task.state().is_terminal() {
            let runner = runner(self.runners, 1);
            self.step(Event::Restored { runner }, watch);
        }
    }
}
