//! The rules of a task once more, naively: everything is found by looking at all processes and at the
//! whole history. Written from the rules, not from the machine.

use aur_ir as ir;

use crate::process::{GIVE_UP_MS, Report, Verb};
use crate::task::{Event, Stop};
use crate::words::{Exit, Verdict};

/// What the rules demand of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Demand {
    Spawn(usize, u32),
    Terminate(usize, u32),
    Kill(usize, u32),
}

#[derive(Clone, Debug, Default)]
struct Life {
    ended: Vec<Ended>,
    current: Option<Current>,
    rest: Rest,
    /// How many runs had ended when a person started it last.
    fresh_from: usize,
    /// It was done once so that those behind it may run.
    was_done: bool,
    was_ready: bool,
    is_given_up: bool,
}

#[derive(Clone, Copy, Debug)]
struct Ended {
    verdict: Verdict,
    at: u64,
    /// When its child came to live.
    born: Option<u64>,
    /// Nobody asked it to end, or it broke a limit.
    is_own: bool,
}

/// What there is between two runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Rest {
    #[default]
    Fresh,
    Until(u64),
    Held,
    Done,
}

#[derive(Clone, Copy, Debug, Default)]
struct Current {
    born: Option<u64>,
    is_ready: bool,
    asked: Option<Asked>,
    kill_at: Option<u64>,
    killed_at: Option<u64>,
}

/// Who wants it to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    ByTask,
    ToStay,
    ToStartAgain,
    ByLimit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Active,
    Cleaning,
    Finalizing,
    Over,
}

pub(super) struct Model {
    task: ir::Task,
    lives: Vec<Life>,
    part: Part,
    result: Option<Verdict>,
    clean_by: u64,
    budget_end: u64,
    /// Everything that could start in FINALIZING was started once.
    had_round: bool,
}

impl Model {
    pub(super) fn new(task: &ir::Task) -> Self {
        Self {
            lives: vec![Life::default(); task.processes.len()],
            task: task.clone(),
            part: Part::Active,
            result: None,
            clean_by: 0,
            budget_end: 0,
            had_round: false,
        }
    }

    /// The result, once there is one.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        self.result.filter(|_| self.part == Part::Over)
    }

    /// How the runs of a process ended.
    pub(super) fn verdicts(&self, process: usize) -> Vec<Verdict> {
        self.lives[process]
            .ended
            .iter()
            .map(|ended| ended.verdict)
            .collect()
    }

    pub(super) fn event(&mut self, now: u64, event: &Event) -> Vec<Demand> {
        let mut demands = vec![];
        match event {
            Event::Create { .. } | Event::Tick => {}
            Event::Restored { .. } => panic!("the model never dies"),
            Event::Health { .. } | Event::Farewell => panic!("the model is not asked for its health"),
            Event::DiskFilled | Event::Breached(_) => panic!("nothing is limited here"),
            Event::Stop(stop) => self.stop(now, *stop),
            Event::Control { process, verb, .. } => self.control(now, *process, *verb, &mut demands),
            Event::Report { process, report, .. } => self.hear(now, *process, report, &mut demands),
        }
        while self.rule(now, &mut demands) {}
        demands
    }

    fn stop(&mut self, now: u64, stop: Stop) {
        let budget = match stop {
            Stop::Now => Some(0),
            Stop::Graceful { grace_ms } => grace_ms,
        };
        match self.part {
            Part::Active => {
                let budget = budget.unwrap_or(self.task.finalization_wait_ms);
                self.leave(now, Verdict::Killed, budget);
            }
            Part::Cleaning | Part::Finalizing => {
                if let Some(budget) = budget.filter(|budget| now + budget < self.budget_end) {
                    self.clean_by = self.clean_by.min(now + share(budget));
                    self.budget_end = now + budget;
                }
            }
            Part::Over => {}
        }
    }

    fn leave(&mut self, now: u64, verdict: Verdict, budget: u64) {
        self.part = Part::Cleaning;
        self.result = Some(verdict);
        self.clean_by = now + share(budget);
        self.budget_end = now + budget;
    }

    fn control(&mut self, now: u64, i: usize, verb: Verb, demands: &mut Vec<Demand>) {
        let part = if self.task.processes[i].is_final {
            Part::Finalizing
        } else {
            Part::Active
        };
        if self.part != part {
            return;
        }
        let kill_at = now + share(self.task.finalization_wait_ms);
        let life = &mut self.lives[i];
        let run = u32::try_from(life.ended.len()).unwrap();
        let Some(current) = &mut life.current else {
            life.rest = match (life.rest, verb) {
                (Rest::Fresh | Rest::Until(_), Verb::Stop) => Rest::Held,
                (Rest::Done, Verb::Start | Verb::Restart) if life.is_given_up => return,
                (Rest::Held | Rest::Done, Verb::Stop) | (Rest::Fresh, Verb::Start | Verb::Restart) => return,
                (Rest::Until(due), Verb::Start | Verb::Restart) if due <= now => return,
                (Rest::Until(_) | Rest::Held | Rest::Done, Verb::Start | Verb::Restart) => {
                    life.fresh_from = life.ended.len();
                    Rest::Until(now)
                }
            };
            return;
        };
        let asked = match (current.asked, verb) {
            (None | Some(Asked::ToStartAgain | Asked::ByLimit), Verb::Stop) => Asked::ToStay,
            (None | Some(Asked::ToStay | Asked::ByLimit), Verb::Restart) => Asked::ToStartAgain,
            (Some(Asked::ToStay), Verb::Start) => Asked::ToStartAgain,
            _ => return,
        };
        current.asked = Some(asked);
        if current.kill_at.is_none() {
            current.kill_at = Some(kill_at);
            if current.born.is_some() && kill_at > now {
                demands.push(Demand::Terminate(i, run));
            }
        } else if current.killed_at.is_some() {
            // Saying it again does no harm.
            demands.push(Demand::Kill(i, run));
        }
    }

    fn hear(&mut self, now: u64, process: usize, report: &Report, demands: &mut Vec<Demand>) {
        let is_awaited = self.has_edge(process, ir::EdgeKind::Ready);
        let life = &mut self.lives[process];
        let run = u32::try_from(life.ended.len()).unwrap();
        let Some(current) = &mut life.current else {
            return;
        };
        let verdict = match report {
            Report::Spawned { .. } => {
                current.born = Some(now);
                if current.killed_at.is_some() {
                    demands.push(Demand::Kill(process, run));
                } else if current.kill_at.is_some() {
                    demands.push(Demand::Terminate(process, run));
                }
                return;
            }
            Report::Ready => {
                let has_probe = self.task.processes[process].ready.is_some();
                if has_probe && current.born.is_some() && current.asked.is_none() {
                    current.is_ready = true;
                    life.was_ready = true;
                }
                return;
            }
            Report::Lost => Verdict::Lost,
            _ if current.asked == Some(Asked::ByLimit) => Verdict::Failed,
            _ if current.asked.is_some() => Verdict::Killed,
            Report::Exited { .. } if is_awaited && !current.is_ready => Verdict::Failed,
            Report::Exited {
                exit: Exit::Code(0), ..
            } => Verdict::Success,
            Report::Exited { .. } | Report::SpawnFailed { .. } => Verdict::Failed,
            Report::Adopted { .. } | Report::NeverStarted => panic!("the model never dies"),
        };
        self.end(now, process, verdict);
    }

    fn end(&mut self, now: u64, i: usize, verdict: Verdict) {
        let process = self.task.processes[i].clone();
        let current = self.lives[i].current.take().unwrap();
        let is_own = matches!(current.asked, None | Some(Asked::ByLimit));
        self.lives[i].ended.push(Ended {
            verdict,
            at: now,
            born: current.born,
            is_own,
        });
        let again = Rest::Until(now + process.min_duration_ms);
        self.lives[i].rest = match (current.asked, verdict) {
            (Some(Asked::ByTask), _) => Rest::Done,
            (Some(Asked::ToStay), _) => Rest::Held,
            (Some(Asked::ToStartAgain), _) => Rest::Until(now),
            (_, Verdict::Success) if !process.daemon => Rest::Done,
            (_, Verdict::Failed) if self.has_failed(i) => Rest::Done,
            (_, Verdict::Failed) => Rest::Until(now + process.min_duration_ms.max(self.backoff(i))),
            (_, Verdict::Lost) if process.on_lost == ir::OnLost::Fail => Rest::Done,
            (_, _) => again,
        };
        let life = &mut self.lives[i];
        life.was_done |= life.rest == Rest::Done && (verdict == Verdict::Success || process.ephemeral);
    }

    /// How long its back-off wants it to wait: the whole history since a person started it, once more.
    fn backoff(&self, i: usize) -> u64 {
        let life = &self.lives[i];
        let Some(backoff) = &self.task.processes[i].backoff else {
            return 0;
        };
        let mut row = 0;
        for ended in life.ended[life.fresh_from..].iter().filter(|ended| ended.is_own) {
            if ended
                .born
                .is_some_and(|born| ended.at - born >= backoff.reset_after_ms)
            {
                row = 0;
            }
            match ended.verdict {
                Verdict::Failed => row += 1,
                Verdict::Success => row = 0,
                Verdict::Lost | Verdict::Killed => {}
            }
        }
        let mut wait = backoff.min_ms as f64;
        for _ in 1..row {
            wait = (wait * backoff.factor).min(backoff.max_ms as f64);
        }
        (wait.round() as u64).min(backoff.max_ms)
    }

    /// Whether something waits for this about it.
    fn has_edge(&self, i: usize, on: ir::EdgeKind) -> bool {
        let name = &self.task.processes[i].name;
        self.task
            .order
            .iter()
            .any(|edge| edge.before == *name && edge.on == on)
    }

    /// When it has lived too long, or too long without being ready.
    fn limit(&self, i: usize) -> Option<u64> {
        let process = &self.task.processes[i];
        let current = self.lives[i].current.filter(|current| current.asked.is_none())?;
        let within = process.ready.as_ref().filter(|_| !current.is_ready);
        let limits = [process.timeout_ms, within.map(|probe| probe.within_ms)];
        Some(current.born? + limits.into_iter().flatten().min()?)
    }

    /// Applies the first rule that moves anything.
    fn rule(&mut self, now: u64, demands: &mut Vec<Demand>) -> bool {
        for i in 0..self.lives.len() {
            let is_over_limit = self.limit(i).is_some_and(|at| at <= now);
            let life = &mut self.lives[i];
            let run = u32::try_from(life.ended.len()).unwrap();
            if let Some(current) = &mut life.current {
                if is_over_limit {
                    let grace = (self.task.finalization_wait_ms / 2).min(5_000);
                    current.asked = Some(Asked::ByLimit);
                    current.kill_at = Some(now + grace);
                    if grace > 0 {
                        demands.push(Demand::Terminate(i, run));
                    }
                    return true;
                }
                if current.killed_at.is_some_and(|at| now >= at + GIVE_UP_MS) {
                    // It may live on, so nothing of it may start again.
                    current.asked = Some(Asked::ByTask);
                    life.is_given_up = true;
                    self.end(now, i, Verdict::Lost);
                    return true;
                }
                if current.killed_at.is_none() && current.kill_at.is_some_and(|at| now >= at) {
                    current.killed_at = Some(now);
                    demands.push(Demand::Kill(i, run));
                    return true;
                }
            }
        }
        match self.part {
            Part::Active => {
                let mine = self.counting(false);
                let failed = mine.iter().filter(|i| self.is_failed(**i)).count();
                let all_done = mine.iter().all(|i| self.is_done(*i));
                let limit = self.task.max_failures;
                let verdict = if limit > 0 && u64::try_from(failed).unwrap() >= limit {
                    Verdict::Failed
                } else if all_done && !mine.is_empty() {
                    Verdict::Success
                } else if !all_done && self.is_hopeless(&mine, false) {
                    Verdict::Failed
                } else if self.start_one(now, false, demands) {
                    return true;
                } else if mine.is_empty() {
                    // Nothing counts: one round of starts was all.
                    Verdict::Success
                } else {
                    return false;
                };
                self.leave(now, verdict, self.task.finalization_wait_ms);
                true
            }
            Part::Cleaning => {
                if self.alive(false) == 0 {
                    self.part = if now < self.budget_end {
                        Part::Finalizing
                    } else {
                        Part::Over
                    };
                    return true;
                }
                self.ask_one(now, self.clean_by, demands)
            }
            Part::Finalizing => {
                let mine = self.counting(true);
                let all_done = mine.iter().all(|i| self.is_done(*i));
                let is_ended = if mine.is_empty() { self.had_round } else { all_done };
                if now < self.budget_end && !is_ended && (all_done || !self.is_hopeless(&mine, true)) {
                    let has_started = self.start_one(now, true, demands);
                    self.had_round = !has_started;
                    return has_started || mine.is_empty();
                }
                if self.alive(true) == 0 {
                    self.part = Part::Over;
                    return true;
                }
                let left = self.budget_end.saturating_sub(now);
                self.ask_one(now, (now + share(left)).min(self.budget_end.max(now)), demands)
            }
            Part::Over => false,
        }
    }

    fn members(&self, is_final: bool) -> Vec<usize> {
        (0..self.lives.len())
            .filter(|i| self.task.processes[*i].is_final == is_final)
            .collect()
    }

    /// Those of a plan that count for its completeness.
    fn counting(&self, is_final: bool) -> Vec<usize> {
        let mut members = self.members(is_final);
        members.retain(|i| !self.task.processes[*i].ephemeral);
        members
    }

    fn alive(&self, is_final: bool) -> usize {
        self.members(is_final)
            .iter()
            .filter(|i| self.lives[**i].current.is_some())
            .count()
    }

    fn was_launched(&self, i: usize) -> bool {
        self.lives[i].current.is_some() || !self.lives[i].ended.is_empty()
    }

    fn failures(&self, i: usize) -> u64 {
        let life = &self.lives[i];
        let failed = life.ended[life.fresh_from..]
            .iter()
            .filter(|ended| ended.verdict == Verdict::Failed)
            .count();
        u64::try_from(failed).unwrap()
    }

    /// Whether it will not run again and did not end well.
    fn is_failed(&self, i: usize) -> bool {
        let last = self.lives[i].ended.last().map(|ended| ended.verdict);
        self.is_done(i) && matches!(last, Some(Verdict::Failed | Verdict::Lost))
    }

    /// Whether it failed as often as it may. A success of a daemon does not make up for it.
    fn has_failed(&self, i: usize) -> bool {
        let limit = self.task.processes[i].max_failures;
        limit > 0 && self.failures(i) >= limit
    }

    fn is_done(&self, i: usize) -> bool {
        let life = &self.lives[i];
        life.current.is_none() && life.rest == Rest::Done
    }

    fn is_free(&self, i: usize) -> bool {
        let name = &self.task.processes[i].name;
        let befores = self.task.order.iter().filter(|edge| edge.after == *name);
        let mut edges = befores.map(|edge| (self.index(&edge.before), edge.on));
        edges.all(|(before, on)| match on {
            ir::EdgeKind::Success => self.lives[before].was_done,
            ir::EdgeKind::Ready => self.lives[before].was_ready,
        })
    }

    fn index(&self, name: &str) -> usize {
        let is_it = |process: &ir::Process| process.name == name;
        self.task.processes.iter().position(is_it).unwrap()
    }

    /// Whether it runs, or may without anything else happening.
    fn is_able(&self, i: usize) -> bool {
        !self.is_done(i)
            && (self.lives[i].current.is_some() || self.lives[i].rest == Rest::Held || self.is_free(i))
    }

    /// Whether a process that counts waits, over any number of others, for what this one may still do.
    fn is_support(&self, i: usize) -> bool {
        let life = &self.lives[i];
        let may_tell = (!life.was_ready && self.has_edge(i, ir::EdgeKind::Ready))
            || (!life.was_done && self.has_edge(i, ir::EdgeKind::Success));
        self.task.processes[i].ephemeral && may_tell && self.leads_to_counting(i)
    }

    fn leads_to_counting(&self, i: usize) -> bool {
        let name = &self.task.processes[i].name;
        let mut afters = self.task.order.iter().filter(|edge| edge.before == *name);
        afters.any(|edge| {
            let after = self.index(&edge.after);
            !self.task.processes[after].ephemeral || self.leads_to_counting(after)
        })
    }

    /// Whether none of these runs, may run or will be allowed to run again, nor anything they wait for.
    fn is_hopeless(&self, those: &[usize], is_final: bool) -> bool {
        let mut members = self.members(is_final).into_iter();
        !members.any(|i| self.is_able(i) && (those.contains(&i) || self.is_support(i)))
    }

    /// Starts first runs in order of declaration, then repeated ones in order of their time.
    fn start_one(&mut self, now: u64, is_final: bool, demands: &mut Vec<Demand>) -> bool {
        let limit = self.task.max_concurrency;
        if limit > 0 && u64::try_from(self.alive(is_final)).unwrap() >= limit {
            return false;
        }
        let due = |i: &usize| match self.lives[*i].rest {
            Rest::Fresh => Some(0),
            Rest::Until(due) => Some(due),
            Rest::Held | Rest::Done => None,
        };
        let candidates = self.members(is_final).into_iter().filter(|i| {
            let is_due = due(i).is_some_and(|due| due <= now);
            self.lives[*i].current.is_none() && is_due && self.is_free(*i)
        });
        let Some(i) = candidates.min_by_key(|i| {
            let was_launched = self.was_launched(*i);
            (was_launched, due(i).filter(|_| was_launched), *i)
        }) else {
            return false;
        };
        self.lives[i].current = Some(Current::default());
        demands.push(Demand::Spawn(
            i,
            u32::try_from(self.lives[i].ended.len()).unwrap(),
        ));
        true
    }

    /// Asks one run to end that was not asked, or that would be killed too late.
    fn ask_one(&mut self, now: u64, kill_at: u64, demands: &mut Vec<Demand>) -> bool {
        let limit = if self.part == Part::Cleaning {
            self.clean_by
        } else {
            self.budget_end
        };
        for (i, life) in self.lives.iter_mut().enumerate() {
            let run = u32::try_from(life.ended.len()).unwrap();
            let Some(current) = &mut life.current else {
                continue;
            };
            match current.kill_at {
                None => {
                    current.asked = Some(Asked::ByTask);
                    current.kill_at = Some(kill_at);
                    if current.born.is_some() && kill_at > now {
                        demands.push(Demand::Terminate(i, run));
                    }
                    return true;
                }
                Some(at) if at > limit && current.killed_at.is_none() => {
                    current.kill_at = Some(limit);
                    return true;
                }
                Some(_) => {}
            }
        }
        false
    }
}

/// Half of the budget, at least a second, never more than all of it.
fn share(budget: u64) -> u64 {
    budget.min(1_000.max(budget / 2))
}
