//! The groups of one run: who is in them, what they used, and their end.

use std::path::Path;
use std::rc::Rc;

use super::again::{self, Handles};
use super::layout::Version;
use super::parts::Part;
use super::{GroupUsage, Heritage, Spent, below, files, read, remove, usage, write};
use crate::boot::BootId;
use crate::process::{self, Identity, Signal};

/// The groups of one run.
#[derive(Clone, Debug)]
pub struct RunGroup {
    /// The first is the one by which the run is followed and ended.
    pub(super) parts: Vec<Part>,
    /// Its open files, if it may be used again.
    pub(super) handles: Option<Rc<Handles>>,
    /// What was in its counters before, where another runner began the run.
    pub(super) heritage: Option<Heritage>,
}

/// The name of the group that is made for a run.
pub(super) fn run_name(process: u32, run: u32) -> String {
    format!("{process}.{run}")
}

pub(super) fn run_group(parts: &[Part], name: &str) -> RunGroup {
    let with_runs = parts.iter().filter(|part| part.has_runs);
    let parts = with_runs.map(|part| Part {
        folder: part.folder.join(name),
        ..part.clone()
    });
    RunGroup {
        parts: parts.collect(),
        handles: None,
        heritage: None,
    }
}

impl RunGroup {
    /// Whether it is there.
    pub fn exists(&self) -> bool {
        self.parts.first().is_some_and(|part| part.folder.is_dir())
    }

    /// What runs before it have left in the counters of the group; `None` if it is the first in it.
    pub fn heritage(&self) -> Option<Heritage> {
        match &self.handles {
            Some(handles) => handles.heritage(),
            None => self.heritage,
        }
    }

    /// Lists the processes that are in it, those in groups below it included.
    pub fn members(&self, boot: BootId) -> Vec<Identity> {
        let handles = self.handles.as_ref();
        if handles.is_some_and(|handles| handles.is_deserted().unwrap_or(false)) {
            return Vec::new();
        }
        let folders = self.parts.first().map(|part| below(&part.folder));
        let folders = folders.unwrap_or_default();
        let pids = folders
            .iter()
            .flat_map(|folder| files::pids(&read(folder, "cgroup.procs")));
        let identity = |pid| {
            let stat = process::stat(pid).filter(|stat| !stat.is_ended())?;
            Some(Identity {
                pid,
                start_ticks: stat.start_ticks,
                boot,
            })
        };
        pids.filter_map(identity).collect()
    }

    /// Ends everything in it at once: no process can escape by forking.
    pub fn kill(&self, boot: BootId) {
        let Some(part) = self.parts.first() else {
            return;
        };
        if let Some(handles) = &self.handles {
            handles.spoil();
        }
        let is_killed = part.version == Version::Two && write(&part.folder, "cgroup.kill", "1").is_ok();
        if is_killed {
            return;
        }
        let (file, stop, go) = match part.version {
            Version::Two => ("cgroup.freeze", "1", "0"),
            Version::One => ("freezer.state", "FROZEN", "THAWED"),
        };
        let folders = below(&part.folder);
        // A tree that cannot be stopped is killed in rounds: the caller repeats this while anything is left.
        for folder in &folders {
            let _ = write(folder, file, stop);
        }
        for member in self.members(boot) {
            process::signal(&member, Signal::Kill);
        }
        for folder in folders.iter().rev() {
            let _ = write(folder, file, go);
        }
    }

    /// How many of its processes were killed for want of memory. To be read before it is removed.
    pub fn oom_kills(&self) -> u64 {
        let memory = self.parts.iter().find(|part| part.has_memory());
        let Some(part) = memory else { return 0 };
        let file = match part.version {
            Version::One => "memory.oom_control",
            Version::Two => "memory.events",
        };
        // Version 2 counts what is below as well, version 1 each group for itself.
        let folders = match part.version {
            Version::One => below(&part.folder),
            Version::Two => vec![part.folder.clone()],
        };
        let counts = folders
            .iter()
            .filter_map(|folder| files::value_of(&read(folder, file), "oom_kill"));
        counts.sum()
    }

    /// What the run used, to be read when it is over.
    pub fn spent(&self) -> Spent {
        if let Some(handles) = &self.handles {
            return handles.spent();
        }
        let text = |path: &Path| std::fs::read_to_string(path).ok();
        let cpu = again::cpu_file(&self.parts);
        let cpu_us = cpu.and_then(|(path, version)| again::cpu_of(&text(&path)?, version));
        let peak = again::peak_file(&self.parts).and_then(|path| files::number(&text(&path)?));
        let before = self.heritage.map_or(0, |known| known.cpu_us);
        Spent {
            cpu_us: cpu_us.map(|all| all.saturating_sub(before)),
            memory_peak_bytes: peak,
        }
    }

    pub(super) fn usage(&self) -> GroupUsage {
        usage::of(&self.parts)
    }

    /// Removes it. One that is still in use stays, and goes with the group of the task.
    pub fn remove(&self) {
        self.parts.iter().rev().for_each(|part| remove(&part.folder));
    }
}
