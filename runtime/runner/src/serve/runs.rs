//! The runs that are alive, or of which something is left.
//!
//! The guard of a run tells of the end of its leader: it records the end, and ends itself. Where the guard
//! was killed, its leader is our child, or a stranger whose end the kernel may tell.
//!
//! A run is over when its leader has ended *and* nothing it started is alive. What a leader leaves
//! behind is asked to end and then killed, unless the machine is ending the run already and kills it in
//! its own time. While its guard outlives the runner that started it, the guard does that.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aur_host::boot::{self, BootId};
use aur_host::cgroup::RunGroup;
use aur_host::process::{Exit, Identity, Signal};
use aur_host::run_file::{End, RunFile};
use aur_host::spawn::Running;
use aur_host::tree::{Origin, RunTree, Snapshot, Strays, signal_all};
use aur_host::wake::{Fate, Waiter};
use aur_host::{PathError, fault, helper, process, reap};

use super::life::wall_of;
use super::log;
use crate::request::Reach;

/// Longest wait between SIGTERM and SIGKILL for what a finished run left behind.
const LEFTOVER_WAIT: Duration = Duration::from_secs(5);
/// How often SIGKILL is repeated while something is left: a forking process can outrun one round.
const KILL_AGAIN: Duration = Duration::from_millis(20);
/// How long SIGKILL may have no effect before the run counts as over without being empty.
const GIVE_UP: Duration = Duration::from_secs(10);
/// How long the status of a dead stranger is waited for.
const STATUS_WAIT: Duration = Duration::from_secs(2);
/// How often it is asked for.
const STATUS_AGAIN: Duration = Duration::from_millis(5);
/// How many times in a row a taken-over run must be found empty: a process in the middle of an exec
/// shows no environment, and thus no marker.
const EMPTY_SCANS: u32 = 3;
const BETWEEN_SCANS: Duration = Duration::from_millis(1);

/// Names a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// The process, by its place in the plan.
    pub(crate) process: usize,
    /// The run.
    pub(crate) run: u32,
}

/// A run of which nothing is left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Over {
    pub(crate) key: Key,
    pub(crate) end: End,
    /// Wall clock of the leader's end.
    pub(crate) finished_ms: u64,
}

/// All runs of one attempt.
#[derive(Debug)]
pub(crate) struct Runs {
    boot: BootId,
    leftover_wait: Duration,
    live: BTreeMap<Key, Run>,
    leaders: BTreeMap<u32, Key>,
    guards: BTreeMap<u32, Key>,
    /// Children of ours that are no part of any run.
    aides: BTreeSet<u32>,
    ended_aides: Vec<(u32, Exit)>,
    over: Vec<Over>,
    /// Programs of ours that only answer questions; they belong to no run.
    helpers: BTreeSet<u32>,
    ended_helpers: Vec<(u32, Exit)>,
    /// Whether something happened since the last check.
    is_stirred: bool,
}

#[derive(Debug)]
struct Run {
    tree: RunTree,
    file: RunFile,
    /// The control group that holds all of it, where there is one.
    group: Option<RunGroup>,
    /// How and when (wall clock) the leader ended.
    end: Option<(End, u64)>,
    /// Whether it is recorded that nothing is left.
    is_empty: bool,
    demand: Demand,
    /// Who got SIGTERM: nobody is asked twice.
    asked: BTreeSet<Identity>,
    /// When what the leader left behind is killed, as time since boot.
    kill_at: Option<Duration>,
    /// When SIGKILL counts as without effect.
    give_up_at: Option<Duration>,
    /// When a dead stranger's status counts as unknown.
    unknown_at: Option<Duration>,
    /// When to look again even if nothing happens.
    check_at: Option<Duration>,
}

/// What the machine wants of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Demand {
    /// That it goes on.
    Nothing,
    /// That it ends; the machine says when to kill.
    Terminate,
    /// That it is killed.
    Kill,
}

impl Runs {
    pub(crate) fn new(boot: BootId, leftover_wait: Duration) -> Self {
        Self {
            boot,
            leftover_wait: leftover_wait.min(LEFTOVER_WAIT),
            live: BTreeMap::new(),
            leaders: BTreeMap::new(),
            guards: BTreeMap::new(),
            aides: BTreeSet::new(),
            ended_aides: Vec::new(),
            over: Vec::new(),
            helpers: BTreeSet::new(),
            ended_helpers: Vec::new(),
            is_stirred: false,
        }
    }

    /// The time between SIGTERM and SIGKILL for what a finished run left behind.
    pub(crate) fn leftover_wait(&self) -> Duration {
        self.leftover_wait
    }

    /// Adds a run whose leader became its program.
    pub(crate) fn add(
        &mut self,
        key: Key,
        running: Running,
        origin: Origin,
        marker: &str,
        file: RunFile,
        group: Option<RunGroup>,
    ) {
        let Running { leader, guard } = running;
        self.leaders.insert(leader.pid, key);
        if let Some(guard) = guard {
            self.guards.insert(guard.pid, key);
        }
        let mut tree = RunTree::new(leader, origin, marker);
        tree.set_guard(guard);
        let run = Run {
            tree,
            file,
            group,
            end: None,
            is_empty: false,
            demand: Demand::Nothing,
            asked: BTreeSet::new(),
            kill_at: None,
            give_up_at: None,
            unknown_at: None,
            check_at: None,
        };
        self.live.insert(key, run);
    }

    /// The runs that are alive.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> {
        self.live.keys().copied()
    }

    /// Adds a run that is known to be over.
    pub(crate) fn add_over(&mut self, over: Over) {
        self.over.push(over);
    }

    /// Names a child of ours that is no part of any run.
    pub(crate) fn add_aide(&mut self, pid: u32) {
        self.aides.insert(pid);
    }

    /// Returns the aides that ended and were reaped, each once.
    pub(crate) fn take_ended_aides(&mut self) -> Vec<(u32, Exit)> {
        std::mem::take(&mut self.ended_aides)
    }

    /// Adds a helper, so that its end is told and it is taken for no part of a run.
    pub(crate) fn add_helper(&mut self, pid: u32) {
        self.helpers.insert(pid);
    }

    /// Returns the helpers that have ended, each once.
    pub(crate) fn take_ended_helpers(&mut self) -> Vec<(u32, Exit)> {
        std::mem::take(&mut self.ended_helpers)
    }

    /// Returns the runs that have come to be over, each once.
    pub(crate) fn take_over(&mut self) -> Vec<Over> {
        std::mem::take(&mut self.over)
    }

    /// Records and reaps every child that has ended.
    pub(crate) fn reap(&mut self) {
        self.is_stirred = true;
        loop {
            match reap::next_ended() {
                Ok(Some((pid, exit))) => {
                    let is_ours = |key: &Key| self.origin(*key) == Some(Origin::Started);
                    let guarded = self.guards.get(&pid).copied().filter(is_ours);
                    let led = self.leaders.get(&pid).copied().filter(is_ours);
                    // First the record, then the reaping: the status is never only in our memory.
                    match (guarded, led) {
                        (Some(key), _) => self.guard_ended(key),
                        // Its guard was killed, and we are the next parent.
                        (None, Some(key)) => self.leader_ended(key, End::Seen(exit), boot::wall_ms()),
                        (None, None) if self.aides.remove(&pid) => self.ended_aides.push((pid, exit)),
                        (None, None) if self.helpers.remove(&pid) => {
                            helper::end_group(pid);
                            self.ended_helpers.push((pid, exit));
                        }
                        (None, None) => {}
                    }
                    fault::point("runner-saw-end");
                    if let Err(error) = reap::reap(pid) {
                        log(&format!("cannot reap process {pid}: {error}"));
                        return;
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    log(&format!("cannot look for ended children: {error}"));
                    return;
                }
            }
        }
    }

    fn origin(&self, key: Key) -> Option<Origin> {
        self.live.get(&key).map(|run| run.tree.origin())
    }

    /// Takes in that the guard of a run that we started has ended: after its record, or killed.
    fn guard_ended(&mut self, key: Key) {
        fault::point("runner-told");
        self.forget_guard(key);
        self.take_recorded(key);
        let Some(run) = self.live.get(&key).filter(|run| run.end.is_none()) else {
            return;
        };
        // Without a record its process is our child by now, alive or not.
        let leader = run.tree.leader;
        if process::stat(leader.pid).is_none_or(|stat| stat.start_ticks != leader.start_ticks) {
            self.leader_ended(key, End::Unknown, boot::wall_ms());
        }
    }

    /// Takes in that some guard has an end to tell while it waits for what its process left behind.
    pub(crate) fn told(&mut self) {
        let is_open = |run: &Run| run.end.is_none() && run.tree.origin() == Origin::Started;
        let open = self.live.iter().filter(|(_, run)| is_open(run));
        for key in open.map(|(key, _)| *key).collect::<Vec<Key>>() {
            self.take_recorded(key);
        }
    }

    fn forget_guard(&mut self, key: Key) {
        if let Some(run) = self.live.get_mut(&key)
            && let Some(guard) = run.tree.guard()
        {
            run.tree.set_guard(None);
            self.guards.remove(&guard.pid);
        }
    }

    /// Takes in that the leader of a run has ended.
    pub(crate) fn leader_ended(&mut self, key: Key, end: End, finished_ms: u64) {
        if self.take_recorded(key) {
            return;
        }
        if let Some(run) = self.live.get_mut(&key) {
            if let Err(error) = run.file.record_end(end) {
                log(&error.to_string());
            }
            self.note_end(key, end, finished_ms);
        }
    }

    /// Takes from the run file what it says of the end; returns whether that is known now.
    fn take_recorded(&mut self, key: Key) -> bool {
        let Some(run) = self.live.get_mut(&key) else {
            return false;
        };
        let is_known = run.end.is_some();
        match run.file.recorded() {
            Ok(recorded) => {
                run.is_empty |= recorded.is_empty;
                if let (false, Some((end, at))) = (is_known, recorded.end) {
                    self.note_end(key, end, wall_of(at));
                    return true;
                }
            }
            Err(error) => log(&error.to_string()),
        }
        is_known
    }

    fn note_end(&mut self, key: Key, end: End, finished_ms: u64) {
        self.is_stirred = true;
        if let Some(run) = self.live.get_mut(&key) {
            run.end = Some((end, finished_ms));
            self.leaders.remove(&run.tree.leader.pid);
        }
    }

    /// Takes in that a watched process of a taken-over run may have ended: its leader, or its guard.
    pub(crate) fn stranger_ended(&mut self, pid: u32, waiter: &mut Waiter) {
        self.is_stirred = true;
        let key = self.leaders.get(&pid).or_else(|| self.guards.get(&pid)).copied();
        let Some((key, run)) = key.and_then(|key| Some((key, self.live.get_mut(&key)?))) else {
            waiter.unwatch_process(pid);
            return;
        };
        let leader = run.tree.leader.pid;
        if let Some(guard) = run.tree.guard() {
            if waiter.fate(guard.pid) == Fate::Alive {
                // It records the end first.
                return;
            }
            waiter.unwatch_process(guard.pid);
            self.forget_guard(key);
        }
        if self.take_recorded(key) {
            waiter.unwatch_process(leader);
            return;
        }
        let Some(run) = self.live.get_mut(&key) else {
            return;
        };
        let now = boot::since_boot();
        let end = match waiter.fate(leader) {
            Fate::Alive => return,
            Fate::Ended(Some(exit)) => End::Seen(exit),
            Fate::Ended(None) => End::Unknown,
            Fate::Unreaped if now >= *run.unknown_at.get_or_insert(now + STATUS_WAIT) => End::Unknown,
            Fate::Unreaped => {
                run.check_at = Some(now + STATUS_AGAIN);
                return;
            }
        };
        waiter.unwatch_process(leader);
        self.leader_ended(key, end, boot::wall_ms());
    }

    /// Has everything of a run end. A kill is repeated until the run is empty.
    pub(crate) fn demand(&mut self, key: Key, demand: Demand, table: &mut Table) -> Result<(), PathError> {
        let strays = self.strays();
        let Some(run) = self.live.get_mut(&key) else {
            return Ok(());
        };
        run.demand = demand;
        let is_leader = |pid: u32| {
            let is_run = self.leaders.contains_key(&pid) || self.guards.contains_key(&pid);
            is_run || self.aides.contains(&pid) || self.helpers.contains(&pid)
        };
        let members = run.tree.members(table.get()?, is_leader, strays);
        let members = run.with_group(members, self.boot);
        run.press(&members);
        Ok(())
    }

    /// Sends a signal to the run of a process that is alive; returns who got it.
    pub(crate) fn signal(
        &mut self,
        process: usize,
        number: i32,
        reach: Reach,
    ) -> Result<Vec<u32>, PathError> {
        let strays = self.strays();
        let is_wanted = |(key, run): &(&Key, &mut Run)| key.process == process && run.end.is_none();
        let Some((_, run)) = self.live.iter_mut().find(is_wanted) else {
            return Ok(Vec::new());
        };
        let is_other = |pid: u32| {
            self.leaders.contains_key(&pid) || self.guards.contains_key(&pid) || self.aides.contains(&pid)
        };
        let members = match reach {
            Reach::Leader => vec![run.tree.leader],
            Reach::Tree => run.tree.members(&Snapshot::take(self.boot)?, is_other, strays),
        };
        let sent = members
            .iter()
            .filter(|member| process::signal(member, Signal::Number(number)));
        Ok(sent.map(|member| member.pid).collect())
    }

    /// An orphan without any sign can only be of the one run there is.
    fn strays(&self) -> Strays {
        match self.live.len() {
            1 => Strays::Ours,
            _ => Strays::Unknown,
        }
    }

    /// When to call [`Runs::check`] even if nothing happens.
    pub(crate) fn next_check(&self) -> Option<Duration> {
        let now = boot::since_boot();
        let next = self.live.values().filter_map(|run| run.check_at).min();
        next.map(|at| at.saturating_sub(now))
    }

    /// Looks at the runs that are ending, presses what is left of them, and finds those that are over.
    ///
    /// Does nothing unless a process has ended or a time has come.
    pub(crate) fn check(&mut self, waiter: &mut Waiter) -> Result<(), PathError> {
        let now = boot::since_boot();
        let is_due = |run: &Run| run.check_at.is_some_and(|at| at <= now);
        let is_ending = |run: &Run| run.end.is_some() || run.demand == Demand::Kill;
        let stirred = std::mem::take(&mut self.is_stirred);
        let keys: Vec<Key> = self
            .live
            .iter()
            .filter(|(_, run)| is_due(run) || (stirred && is_ending(run)))
            .map(|(key, _)| *key)
            .collect();
        let mut table = Table::new(self.boot);
        for key in keys {
            self.check_run(key, now, &mut table, waiter)?;
        }
        Ok(())
    }

    fn check_run(
        &mut self,
        key: Key,
        now: Duration,
        table: &mut Table,
        waiter: &mut Waiter,
    ) -> Result<(), PathError> {
        let strays = self.strays();
        let Some(run) = self.live.get_mut(&key) else {
            return Ok(());
        };
        run.check_at = None;
        let leader = run.tree.leader.pid;
        if run.end.is_none() && run.tree.origin() == Origin::TakenOver {
            self.stranger_ended(leader, waiter);
        }
        let Some(run) = self.live.get_mut(&key) else {
            return Ok(());
        };
        if run.end.is_none() && run.demand != Demand::Kill {
            return Ok(());
        }
        let is_leader = |pid: u32| {
            let is_run = self.leaders.contains_key(&pid) || self.guards.contains_key(&pid);
            is_run || self.aides.contains(&pid) || self.helpers.contains(&pid)
        };
        let members = run.members(table, is_leader, strays)?;
        let members = run.with_group(members, self.boot);
        let is_given_up = run.give_up_at.is_some_and(|at| at <= now);
        match run.end {
            Some((end, finished_ms)) if run.is_gone(&members) || is_given_up => {
                run.conclude(key, &members);
                let over = Over {
                    key,
                    end,
                    finished_ms,
                };
                self.live.remove(&key);
                self.over.push(over);
            }
            Some(_) | None if is_given_up => {}
            Some(_) | None => {
                run.urge(&members, now, self.leftover_wait);
                if run.tree.origin() == Origin::TakenOver {
                    members.iter().for_each(|member| waiter.watch_process(*member));
                }
            }
        }
        Ok(())
    }
}

impl Run {
    /// Lists what is alive of the run.
    fn members(
        &mut self,
        table: &mut Table,
        is_leader: impl Fn(u32) -> bool,
        strays: Strays,
    ) -> Result<Vec<Identity>, PathError> {
        match self.tree.origin() {
            _ if self.is_empty => Ok(Vec::new()),
            // Everything we started is below us, so this look is exact.
            Origin::Started if !reap::has_children() => Ok(Vec::new()),
            Origin::Started => Ok(self.tree.members(table.get()?, is_leader, strays)),
            Origin::TakenOver => {
                // What a group does not show is not there.
                let scans = self.group.as_ref().map_or(EMPTY_SCANS, |_| 1);
                for scan in 0..scans {
                    let members = self.tree.members(table.get()?, &is_leader, strays);
                    if !members.is_empty() || scan + 1 == scans {
                        return Ok(members);
                    }
                    std::thread::sleep(BETWEEN_SCANS);
                    table.forget();
                }
                Ok(Vec::new())
            }
        }
    }

    /// Whether a look that found these members found all of them: where there is a guard, only its end
    /// says so, as what forks on and on can slip through a reading of the process table.
    fn is_gone(&self, members: &[Identity]) -> bool {
        self.is_empty || (members.is_empty() && self.tree.guard().is_none())
    }

    /// Adds what is in the control group of the run: it holds what slipped away from the tree as well.
    fn with_group(&self, members: Vec<Identity>, boot: BootId) -> Vec<Identity> {
        let Some(group) = &self.group else {
            return members;
        };
        let all: BTreeSet<Identity> = members.into_iter().chain(group.members(boot)).collect();
        all.into_iter().collect()
    }

    /// Presses what is left by the demand of the machine, or else in the time for leftovers.
    fn urge(&mut self, members: &[Identity], now: Duration, leftover_wait: Duration) {
        if self.demand == Demand::Nothing {
            let kill_at = *self.kill_at.get_or_insert(now + leftover_wait);
            if now < kill_at {
                self.ask(members);
                self.check_at = Some(kill_at);
                return;
            }
            self.demand = Demand::Kill;
        }
        self.press(members);
    }

    fn press(&mut self, members: &[Identity]) {
        match self.demand {
            Demand::Nothing => {}
            Demand::Terminate => self.ask(members),
            Demand::Kill => {
                let now = boot::since_boot();
                self.give_up_at.get_or_insert(now + GIVE_UP);
                self.check_at = Some(now + KILL_AGAIN);
                if let Some(group) = &self.group {
                    group.kill(self.tree.leader.boot);
                }
                signal_all(members, Signal::Kill);
            }
        }
    }

    fn ask(&mut self, members: &[Identity]) {
        let new: Vec<Identity> = members
            .iter()
            .copied()
            .filter(|member| self.asked.insert(*member))
            .collect();
        signal_all(&new, Signal::Terminate);
    }

    fn conclude(&self, key: Key, members: &[Identity]) {
        if members.is_empty() {
            if !self.is_empty
                && let Err(error) = self.file.record_empty()
            {
                log(&error.to_string());
            }
        } else {
            let pids: Vec<String> = members.iter().map(|member| member.pid.to_string()).collect();
            log(&format!(
                "SIGKILL has no effect on processes {} of run {} of process number {}; they are left behind",
                pids.join(", "),
                key.run,
                key.process
            ));
        }
    }
}

/// The process table, read when it is first needed and then good for all runs of a moment.
pub(crate) struct Table {
    boot: BootId,
    snapshot: Option<Snapshot>,
}

impl Table {
    pub(crate) fn new(boot: BootId) -> Self {
        Self { boot, snapshot: None }
    }

    fn get(&mut self) -> Result<&Snapshot, PathError> {
        let snapshot = match self.snapshot.take() {
            Some(snapshot) => snapshot,
            None => Snapshot::take(self.boot)?,
        };
        Ok(self.snapshot.insert(snapshot))
    }

    /// Has the table read anew when it is needed next.
    pub(crate) fn forget(&mut self) {
        self.snapshot = None;
    }
}
