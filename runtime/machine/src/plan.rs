//! The processes of one class, indexed by what may happen to them next.
//!
//! Ordinary and final processes are two plans that never wait for each other. Everything here follows
//! from the phases of the processes; it is kept so that no decision has to look at all of them.

use std::collections::BTreeSet;

use crate::clock::Time;
use crate::process::{Demand, Phase, Process};
use crate::words::Verdict;

/// One plan of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Processes that may start at any time and have not run yet, in the order of declaration.
    pub(crate) ready: BTreeSet<usize>,
    /// Processes that may run again, by the earliest start.
    pub(crate) delayed: BTreeSet<(Time, usize)>,
    /// Processes with a run on its way.
    pub(crate) alive: BTreeSet<usize>,
    /// Those of them that nobody asked to end.
    pub(crate) unasked: BTreeSet<usize>,
    /// Those that got SIGTERM, by the time of SIGKILL.
    pub(crate) kill_at: BTreeSet<(Time, usize)>,
    /// Those that nobody asked to end and that have a limit, by the time at which they break it.
    pub(crate) limit_at: BTreeSet<(Time, usize)>,
    /// Those that got SIGKILL, by the time of giving up.
    pub(crate) give_up_at: BTreeSet<(Time, usize)>,
    /// Whether anything was ever started.
    pub(crate) is_launched: bool,
    /// Processes that count for completeness.
    counted: usize,
    /// Those of them that are not done.
    open: usize,
    /// Those that can get on, or on which they wait: alive, or free to start now or later.
    able: usize,
    /// Those that failed for good.
    failed: usize,
}

/// What a plan has to know of a process besides its phase.
#[derive(Clone, Copy)]
pub(crate) struct Member {
    pub(crate) role: Role,
    /// How many processes it still waits for.
    pub(crate) unmet: usize,
    /// When its run breaks a limit.
    pub(crate) limit: Option<Time>,
}

/// What the progress of a plan has to do with a process.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The plan is complete when it is done.
    Counts,
    /// It does not count, but something that counts waits for what it may still bring about.
    Support,
    /// Nothing.
    Aside,
}

/// Whether an entry is made or taken back.
#[derive(Clone, Copy)]
pub(crate) enum Entry {
    Add,
    Remove,
}

impl Plan {
    /// Counts a process in, before its first entry.
    pub(crate) fn enrol(&mut self, ephemeral: bool) {
        if !ephemeral {
            self.counted += 1;
        }
    }

    /// Makes or takes back the entries of a process.
    pub(crate) fn index(&mut self, entry: Entry, index: usize, process: &Process, member: Member) {
        let mut is_able = true;
        match process.phase {
            Phase::Waiting { .. } if member.unmet > 0 => is_able = false,
            Phase::Waiting { .. } if process.runs == 0 => change(entry, &mut self.ready, index),
            Phase::Waiting { not_before } => change(entry, &mut self.delayed, (not_before, index)),
            Phase::Starting | Phase::Running => {
                change(entry, &mut self.alive, index);
                change(entry, &mut self.unasked, index);
                if let Some(at) = member.limit {
                    change(entry, &mut self.limit_at, (at, index));
                }
            }
            Phase::Stopping { demand, .. } => {
                change(entry, &mut self.alive, index);
                match demand {
                    Demand::Terminate { kill_at } => change(entry, &mut self.kill_at, (kill_at, index)),
                    Demand::Kill { give_up_at } => change(entry, &mut self.give_up_at, (give_up_at, index)),
                }
            }
            // Somebody may start it.
            Phase::Held => {}
            Phase::Done(_) => is_able = false,
        }
        match member.role {
            Role::Aside => {}
            Role::Support => {
                if is_able {
                    count(entry, &mut self.able);
                }
            }
            Role::Counts => self.count(entry, process.phase, is_able),
        }
    }

    fn count(&mut self, entry: Entry, phase: Phase, is_able: bool) {
        match phase {
            Phase::Done(Verdict::Failed | Verdict::Lost) => count(entry, &mut self.failed),
            Phase::Done(Verdict::Success | Verdict::Killed) => {}
            Phase::Waiting { .. }
            | Phase::Starting
            | Phase::Running
            | Phase::Stopping { .. }
            | Phase::Held => {
                count(entry, &mut self.open);
                if is_able {
                    count(entry, &mut self.able);
                }
            }
        }
    }

    /// Whether every process that counts is done. A plan in which none counts is complete once it was
    /// launched.
    pub(crate) fn is_complete(&self) -> bool {
        self.open == 0 && (self.counted > 0 || self.is_launched || self.ready.is_empty())
    }

    /// Whether no process that counts can get on although not all are done.
    pub(crate) fn is_stuck(&self) -> bool {
        self.open > 0 && self.able == 0
    }

    /// Processes that count and failed for good.
    pub(crate) fn failed(&self) -> usize {
        self.failed
    }

    /// How many more runs `max_concurrency` allows; 0 is no limit.
    pub(crate) fn free_slots(&self, max_concurrency: u64) -> usize {
        match usize::try_from(max_concurrency) {
            Ok(0) | Err(_) => usize::MAX,
            Ok(limit) => limit.saturating_sub(self.alive.len()),
        }
    }

    /// Returns what may start now: first runs in the order of declaration, then the longest due.
    ///
    /// First runs go first because there are finitely many of them; a process that fails for ever
    /// cannot keep the others from their turn.
    pub(crate) fn startable(&self, now: Time, max_concurrency: u64) -> Vec<usize> {
        let slots = self.free_slots(max_concurrency);
        let due = self.delayed.range(..=(now, usize::MAX)).map(|(_, index)| *index);
        self.ready.iter().copied().chain(due).take(slots).collect()
    }

    /// Returns the runs whose deadline has come.
    pub(crate) fn overdue(&self, now: Time) -> Vec<usize> {
        let end = (now, usize::MAX);
        let deadlines = [&self.limit_at, &self.kill_at, &self.give_up_at].into_iter();
        let overdue = deadlines.flat_map(|set| set.range(..=end));
        overdue.map(|(_, index)| *index).collect()
    }

    /// Returns the runs that would be killed later than `limit`, or never.
    pub(crate) fn beyond(&self, limit: Time) -> Vec<usize> {
        let late = self.kill_at.range((limit.plus(1), 0)..).map(|(_, index)| *index);
        self.unasked.iter().copied().chain(late).collect()
    }

    /// Returns the next moment after `now` at which a deadline of a run comes.
    pub(crate) fn next_deadline(&self, now: Time) -> Option<Time> {
        let first = |set: &BTreeSet<(Time, usize)>| set.range((now.plus(1), 0)..).next().map(|(at, _)| *at);
        let deadlines = [&self.limit_at, &self.kill_at, &self.give_up_at];
        deadlines.into_iter().filter_map(first).min()
    }

    /// Returns the next moment after `now` at which something may start.
    pub(crate) fn next_start(&self, now: Time, max_concurrency: u64) -> Option<Time> {
        if self.free_slots(max_concurrency) == 0 {
            return None;
        }
        self.delayed.range((now.plus(1), 0)..).next().map(|(at, _)| *at)
    }
}

fn change<T: Ord>(entry: Entry, set: &mut BTreeSet<T>, item: T) {
    match entry {
        Entry::Add => set.insert(item),
        Entry::Remove => set.remove(&item),
    };
}

fn count(entry: Entry, number: &mut usize) {
    *number = match entry {
        Entry::Add => number.saturating_add(1),
        Entry::Remove => number.saturating_sub(1),
    };
}
