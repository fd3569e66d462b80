//! Which processes belong to a run, and sending signals to all of them.
//!
//! A run is more than its leader: children, grandchildren, and what slipped away with a double fork or
//! a session of its own. As a guard adopts the orphans of its run, everything the run started stays below
//! it while it lives. What a dead guard leaves comes to the runner that started it; which run an orphan
//! belongs to is then told by its session, by a marker in its environment, or because it was seen below
//! the leader before. Runs taken over from a dead runner are not below us, so for them, once their guard
//! is dead as well, the whole process table is searched for the same signs.
//!
//! One [`Snapshot`] of the process table serves all runs of a moment.
//!
//! Known gap: without a cgroup, a process that cleared its environment, left its session and lost its
//! parents, all before the first snapshot, cannot be told to be part of a taken-over run.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use crate::PathError;
use crate::boot::BootId;
use crate::error::AtPath;
use crate::process::{self, Identity, Signal, Stat};

/// The environment variable that marks the processes of a run.
pub const MARKER_NAME: &str = "AUR_RUN_ID";

/// The process table at one moment.
#[derive(Debug)]
pub struct Snapshot {
    processes: BTreeMap<u32, Stat>,
    children: BTreeMap<u32, Vec<u32>>,
    /// The markers that were looked up so far: each process is asked once, however many runs there are.
    markers: RefCell<BTreeMap<u32, Option<Vec<u8>>>>,
    boot: BootId,
}

impl Snapshot {
    /// Reads the process table.
    ///
    /// # Errors
    /// `/proc` cannot be listed.
    pub fn take(boot: BootId) -> Result<Self, PathError> {
        let path = Path::new("/proc");
        let mut processes = BTreeMap::new();
        for entry in std::fs::read_dir(path).at("list", path)? {
            // An entry that vanishes meanwhile is a process that ended meanwhile.
            let name = entry.ok().map(|entry| entry.file_name());
            let pid: Option<u32> = name.and_then(|name| name.to_str()?.parse().ok());
            if let Some((pid, stat)) = pid.and_then(|pid| Some((pid, process::stat(pid)?))) {
                processes.insert(pid, stat);
            }
        }
        Ok(Self::of(processes, boot))
    }

    fn of(processes: BTreeMap<u32, Stat>, boot: BootId) -> Self {
        let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (pid, stat) in &processes {
            children.entry(stat.parent).or_default().push(*pid);
        }
        Self {
            processes,
            children,
            markers: RefCell::default(),
            boot,
        }
    }

    /// Whether a process carries the marker.
    fn has_marker(&self, pid: u32, marker: &[u8]) -> bool {
        let mut markers = self.markers.borrow_mut();
        let found = markers.entry(pid).or_insert_with(|| marker_of(pid));
        found.as_deref() == Some(marker)
    }

    fn holds(&self, identity: &Identity) -> bool {
        identity.boot == self.boot
            && self
                .processes
                .get(&identity.pid)
                .is_some_and(|stat| stat.start_ticks == identity.start_ticks)
    }

    fn lives(&self, identity: &Identity) -> bool {
        let is_ended = |pid| self.processes.get(pid).is_none_or(Stat::is_ended);
        self.holds(identity) && !is_ended(&identity.pid)
    }

    fn children_of(&self, pid: u32) -> &[u32] {
        self.children.get(&pid).map_or(&[], Vec::as_slice)
    }

    /// Adds everything below `pids` to them.
    fn with_descendants(&self, pids: impl IntoIterator<Item = u32>) -> BTreeSet<u32> {
        let mut found = BTreeSet::new();
        let mut open: Vec<u32> = pids.into_iter().collect();
        while let Some(pid) = open.pop() {
            if found.insert(pid) {
                open.extend(self.children_of(pid));
            }
        }
        found
    }

    /// The living among `pids`, as identities.
    fn living(&self, pids: BTreeSet<u32>) -> Vec<Identity> {
        let identity = |pid| {
            let stat = self.processes.get(&pid).filter(|stat| !stat.is_ended())?;
            Some(Identity {
                pid,
                start_ticks: stat.start_ticks,
                boot: self.boot,
            })
        };
        pids.into_iter().filter_map(identity).collect()
    }

    /// Lists the living processes whose value of [`MARKER_NAME`] is wanted.
    pub fn marked(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<Identity> {
        let is_marked = |pid: &u32| {
            let marker = marker_of(*pid);
            marker.is_some_and(|marker| str::from_utf8(&marker).is_ok_and(&is_wanted))
        };
        self.living(self.processes.keys().copied().filter(is_marked).collect())
    }

    /// Lists everything alive below a process, itself not included.
    pub fn below(&self, pid: u32) -> Vec<Identity> {
        let mut found = self.with_descendants([pid]);
        found.remove(&pid);
        self.living(found)
    }
}

/// How a run came to be ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// We started it: all of it is below us.
    Started,
    /// An earlier runner started it: parts of it may be anywhere.
    TakenOver,
}

/// Whether orphans without any sign belong to this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strays {
    /// It is the only run that they can come from.
    Ours,
    /// They may come from another run.
    Unknown,
}

/// One run in the process tree.
#[derive(Debug)]
pub struct RunTree {
    guard: Option<Identity>,
    /// The process that became bash.
    pub leader: Identity,
    origin: Origin,
    marker: Vec<u8>,
    seen: BTreeSet<Identity>,
}

impl RunTree {
    /// Describes a run by its leader and the value of [`MARKER_NAME`] that only its processes have.
    pub fn new(leader: Identity, origin: Origin, marker: &str) -> Self {
        Self {
            guard: None,
            leader,
            origin,
            marker: marker.as_bytes().to_vec(),
            seen: BTreeSet::from([leader]),
        }
    }

    /// Names the guard below which all of the run is, or that it is gone.
    pub fn set_guard(&mut self, guard: Option<Identity>) {
        self.guard = guard;
    }

    /// The guard, as far as it is not known to be gone.
    pub fn guard(&self) -> Option<Identity> {
        self.guard
    }

    /// How the run came to be ours.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Lists what is alive of the run, and remembers it; its guard is no part of it. `is_leader` knows the
    /// leaders and guards of all runs of ours.
    pub fn members(
        &mut self,
        snapshot: &Snapshot,
        is_leader: impl Fn(u32) -> bool,
        strays: Strays,
    ) -> Vec<Identity> {
        let own = std::process::id();
        let guard = self.guard.filter(|guard| snapshot.lives(guard));
        let roots: Vec<u32> = match self.origin {
            _ if let Some(guard) = guard => snapshot.children_of(guard.pid).to_vec(),
            Origin::Started => snapshot
                .children_of(own)
                .iter()
                .copied()
                .filter(|pid| {
                    *pid == self.leader.pid
                        || (!is_leader(*pid) && (strays == Strays::Ours || self.is_ours(snapshot, *pid)))
                })
                .collect(),
            Origin::TakenOver => snapshot
                .processes
                .keys()
                .copied()
                .filter(|pid| *pid != own && self.is_ours(snapshot, *pid))
                .collect(),
        };
        let members = snapshot.living(snapshot.with_descendants(roots));
        self.seen = members.iter().copied().chain([self.leader]).collect();
        members
    }

    fn is_ours(&self, snapshot: &Snapshot, pid: u32) -> bool {
        let Some(stat) = snapshot.processes.get(&pid) else {
            return false;
        };
        let identity = Identity {
            pid,
            start_ticks: stat.start_ticks,
            boot: snapshot.boot,
        };
        if self.seen.contains(&identity) {
            return true;
        }
        // Nothing that started before the leader can come from it.
        if stat.is_ended() || stat.start_ticks < self.leader.start_ticks {
            return false;
        }
        // The number of a session is reused only once the session is empty. Below us that cannot mislead;
        // elsewhere it counts while the leader itself holds the number.
        let has_session = stat.session == self.leader.pid
            && (self.origin == Origin::Started || snapshot.holds(&self.leader));
        has_session || snapshot.has_marker(pid, &self.marker)
    }
}

/// The value of the marker in the environment of a process.
fn marker_of(pid: u32) -> Option<Vec<u8>> {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    let value = |entry: &[u8]| {
        Some(
            entry
                .strip_prefix(MARKER_NAME.as_bytes())?
                .strip_prefix(b"=")?
                .to_vec(),
        )
    };
    environment.split(|byte| *byte == 0).find_map(value)
}

/// Sends a signal to each; a stopped process is woken, so that it can follow a request to end.
pub fn signal_all(members: &[Identity], signal: Signal) {
    for member in members {
        process::signal(member, signal);
    }
    if signal == Signal::Terminate {
        for member in members {
            process::signal(member, Signal::Continue);
        }
    }
}

/// Ends everything below us, without asking. For a runner that has nothing left to lose.
///
/// # Errors
/// `/proc` cannot be listed, or something outlives `rounds` rounds.
pub fn kill_all_below(boot: BootId, rounds: u32) -> io::Result<()> {
    for _ in 0..rounds {
        while let Some((pid, _)) = crate::reap::next_ended()? {
            crate::reap::reap(pid)?;
        }
        let snapshot = Snapshot::take(boot).map_err(|error| error.source)?;
        let members = snapshot.below(std::process::id());
        if members.is_empty() {
            return Ok(());
        }
        signal_all(&members, Signal::Kill);
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    Err(io::Error::other("processes outlived SIGKILL"))
}

#[cfg(test)]
mod tests;
