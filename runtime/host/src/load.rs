//! What processes use at one moment, read from the process table.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::PathError;
use crate::error::AtPath;

/// What a process and everything below it uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// How many processes that are.
    pub pids: u64,
    /// Processor time of those that are alive, and of their children that ended.
    pub cpu: Duration,
    /// Memory in use; what several processes share counts for each.
    pub ram_bytes: u64,
}

/// The process table at one moment.
#[derive(Debug)]
pub struct LoadTable {
    processes: BTreeMap<u32, Entry>,
    children: BTreeMap<u32, Vec<u32>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    parent: u32,
    ticks: u64,
    pages: u64,
}

impl LoadTable {
    /// Reads the process table.
    ///
    /// # Errors
    /// `/proc` cannot be listed.
    pub fn take() -> Result<Self, PathError> {
        let path = Path::new("/proc");
        let mut processes = BTreeMap::new();
        for entry in std::fs::read_dir(path).at("list", path)? {
            let name = entry.ok().map(|entry| entry.file_name());
            let pid: Option<u32> = name.and_then(|name| name.to_str()?.parse().ok());
            let Some(pid) = pid else { continue };
            // One that vanishes meanwhile uses nothing.
            let stat = std::fs::read(format!("/proc/{pid}/stat")).unwrap_or_default();
            processes.extend(Entry::parse(&stat).map(|entry| (pid, entry)));
        }
        let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (pid, entry) in &processes {
            children.entry(entry.parent).or_default().push(*pid);
        }
        Ok(Self { processes, children })
    }

    /// What is below a process; with the process itself if `own` says so.
    pub fn of(&self, pid: u32, own: Own) -> Load {
        let below = self.children.get(&pid).cloned().unwrap_or_default();
        let mut open = match own {
            Own::Counts => vec![pid],
            Own::IsLeftOut => below,
        };
        let mut load = Load::default();
        let (tick, page) = units();
        while let Some(pid) = open.pop() {
            if let Some(entry) = self.processes.get(&pid) {
                load.pids += 1;
                load.cpu += tick.saturating_mul(u32::try_from(entry.ticks).unwrap_or(u32::MAX));
                load.ram_bytes += entry.pages.saturating_mul(page);
                open.extend(self.children.get(&pid).into_iter().flatten());
            }
        }
        load
    }
}

/// Whether a process counts as a part of what it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// It does.
    Counts,
    /// It does not: a guard.
    IsLeftOut,
}

impl Entry {
    /// Reads the content of a stat file: parent, the four times, and the pages in memory.
    fn parse(text: &[u8]) -> Option<Self> {
        let end = text.iter().rposition(|byte| *byte == b')')?;
        let text = std::str::from_utf8(text.get(end + 1..)?).ok()?;
        let mut fields = text.split_ascii_whitespace();
        let parent = fields.nth(1)?.parse().ok()?;
        let mut ticks = 0_u64;
        // Behind the parent come nine fields that do not matter, then the times.
        let times = [fields.nth(9), fields.next(), fields.next(), fields.next()];
        for time in times {
            ticks = ticks.saturating_add(time?.parse().unwrap_or(0));
        }
        let pages = fields.nth(6)?.parse().unwrap_or(0);
        Some(Self { parent, ticks, pages })
    }
}

/// The length of a clock tick, and the bytes of a page.
fn units() -> (Duration, u64) {
    // SAFETY: the calls take an integer and read constants of the system.
    let (ticks, page) = unsafe {
        (
            libc::sysconf(libc::_SC_CLK_TCK),
            libc::sysconf(libc::_SC_PAGESIZE),
        )
    };
    let ticks = u32::try_from(ticks)
        .ok()
        .filter(|ticks| *ticks > 0)
        .unwrap_or(100);
    (
        Duration::from_secs(1) / ticks,
        u64::try_from(page).unwrap_or(4096),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_behind_any_name() {
        let tail = "S 12 7 8 0 -1 4194560 1 2 3 4 50 6 70 8 20 0 1 0 98765 1000 22 9";
        for name in ["bash", "a ) b", ")"] {
            let entry = Entry::parse(format!("4 ({name}) {tail}\n").as_bytes());
            assert_eq!(
                entry,
                Some(Entry {
                    parent: 12,
                    ticks: 50 + 6 + 70 + 8,
                    pages: 22
                })
            );
        }
        assert_eq!(Entry::parse(b"4 (x) S 1 2"), None);
    }

    #[test]
    fn a_process_counts_with_what_it_started() {
        let mut child = std::process::Command::new("/bin/bash")
            .args(["-c", "sleep 1000 & read"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let load = loop {
            let load = LoadTable::take().unwrap().of(child.id(), Own::Counts);
            if load.pids == 2 {
                break load;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        assert!(load.ram_bytes > 0);
        let below = LoadTable::take().unwrap().of(child.id(), Own::IsLeftOut);
        assert_eq!(below.pids, 1);
        assert!(below.ram_bytes < load.ram_bytes);
        let sleeper = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        std::process::Command::new("kill")
            .arg(sleeper.trim())
            .status()
            .unwrap();
    }
}
