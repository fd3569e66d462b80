//! The rules of a task once more, naively: everything is found by looking at all processes and at the
//! whole history. Written from the rules, not from the machine.

use aur_ir as ir;

use crate::process::{GIVE_UP_MS, Report};
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
    ended: Vec<(Verdict, u64)>,
    current: Option<Current>,
    /// It was asked to end in its last run.
    was_asked: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Current {
    has_child: bool,
    kill_at: Option<u64>,
    killed_at: Option<u64>,
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
            .map(|(verdict, _)| *verdict)
            .collect()
    }

    pub(super) fn event(&mut self, now: u64, event: &Event) -> Vec<Demand> {
        let mut demands = vec![];
        match event {
            Event::Create { .. } | Event::Tick => {}
            Event::Restored { .. } => panic!("the model never dies"),
            Event::Stop(stop) => self.stop(now, *stop),
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

    fn hear(&mut self, now: u64, process: usize, report: &Report, demands: &mut Vec<Demand>) {
        let life = &mut self.lives[process];
        let run = u32::try_from(life.ended.len()).unwrap();
        let Some(current) = &mut life.current else {
            return;
        };
        let verdict = match report {
            Report::Spawned { .. } => {
                current.has_child = true;
                if current.killed_at.is_some() {
                    demands.push(Demand::Kill(process, run));
                } else if current.kill_at.is_some() {
                    demands.push(Demand::Terminate(process, run));
                }
                return;
            }
            Report::Lost => Verdict::Lost,
            _ if current.kill_at.is_some() => Verdict::Killed,
            Report::Exited {
                exit: Exit::Code(0), ..
            } => Verdict::Success,
            Report::Exited { .. } | Report::SpawnFailed { .. } => Verdict::Failed,
            Report::Adopted { .. } | Report::NeverStarted => panic!("the model never dies"),
        };
        life.end(now, verdict);
    }

    /// Applies the first rule that moves anything.
    fn rule(&mut self, now: u64, demands: &mut Vec<Demand>) -> bool {
        for i in 0..self.lives.len() {
            let life = &mut self.lives[i];
            let run = u32::try_from(life.ended.len()).unwrap();
            if let Some(current) = &mut life.current {
                if current.killed_at.is_some_and(|at| now >= at + GIVE_UP_MS) {
                    life.end(now, Verdict::Lost);
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
                let failed = mine.iter().filter(|i| self.has_failed(**i)).count();
                let all_done = mine.iter().all(|i| self.is_done(*i));
                let limit = self.task.max_failures;
                let verdict = if limit > 0 && u64::try_from(failed).unwrap() >= limit {
                    Verdict::Failed
                } else if all_done && !mine.is_empty() {
                    Verdict::Success
                } else if !all_done && self.is_hopeless(&mine) {
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
                if now < self.budget_end && !is_ended && (all_done || !self.is_hopeless(&mine)) {
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
        let failed = self
            .verdicts(i)
            .iter()
            .filter(|verdict| **verdict == Verdict::Failed)
            .count();
        u64::try_from(failed).unwrap()
    }

    /// Whether it failed as often as it may. A success of a daemon does not make up for it.
    fn has_failed(&self, i: usize) -> bool {
        let limit = self.task.processes[i].max_failures;
        limit > 0 && self.failures(i) >= limit
    }

    fn is_done(&self, i: usize) -> bool {
        let life = &self.lives[i];
        let has_succeeded = !self.task.processes[i].daemon && self.verdicts(i).contains(&Verdict::Success);
        life.current.is_none() && (self.has_failed(i) || has_succeeded || life.was_asked)
    }

    /// Whether those that wait for `i` may run.
    fn is_satisfied(&self, i: usize) -> bool {
        self.is_done(i)
            && (self.verdicts(i).last() == Some(&Verdict::Success) || self.task.processes[i].ephemeral)
    }

    fn is_free(&self, i: usize) -> bool {
        let name = &self.task.processes[i].name;
        let befores = self.task.order.iter().filter(|edge| edge.after == *name);
        let mut indices = befores.map(|edge| {
            let is_before = |process: &ir::Process| process.name == edge.before;
            self.task.processes.iter().position(is_before).unwrap()
        });
        indices.all(|before| self.is_satisfied(before))
    }

    /// Whether none of these runs, may run or will be allowed to run again.
    fn is_hopeless(&self, those: &[usize]) -> bool {
        those
            .iter()
            .all(|i| self.is_done(*i) || (self.lives[*i].current.is_none() && !self.is_free(*i)))
    }

    /// Starts first runs in order of declaration, then repeated ones in order of their time.
    fn start_one(&mut self, now: u64, is_final: bool, demands: &mut Vec<Demand>) -> bool {
        let limit = self.task.max_concurrency;
        if limit > 0 && u64::try_from(self.alive(is_final)).unwrap() >= limit {
            return false;
        }
        let due = |i: &usize| {
            let end = self.lives[*i].ended.last().map(|(_, end)| *end);
            end.map_or(0, |end| end + self.task.processes[*i].min_duration_ms)
        };
        let candidates = self.members(is_final).into_iter().filter(|i| {
            self.lives[*i].current.is_none() && !self.is_done(*i) && self.is_free(*i) && due(i) <= now
        });
        let Some(i) = candidates.min_by_key(|i| (self.was_launched(*i), due(i), *i)) else {
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
                    current.kill_at = Some(kill_at);
                    if current.has_child && kill_at > now {
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

impl Life {
    fn end(&mut self, now: u64, verdict: Verdict) {
        self.was_asked = self.current.is_some_and(|current| current.kill_at.is_some());
        self.current = None;
        self.ended.push((verdict, now));
    }
}

/// Half of the budget, at least a second, never more than all of it.
fn share(budget: u64) -> u64 {
    budget.min(1_000.max(budget / 2))
}
