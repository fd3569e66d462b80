//! What is written to the files of a group, and what is read from them. No file is touched here.

use super::layout::Version;
use super::{Controller, Limits};

/// The period of the processor quota, microseconds.
const PERIOD_US: u64 = 100_000;
/// The least quota that the kernel takes, microseconds.
const LEAST_QUOTA_US: u64 = 1_000;

/// A file of a group and its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The file.
    pub file: &'static str,
    /// What is written.
    pub content: String,
    /// Whether the limit holds without it; such a file may be missing.
    pub is_extra: bool,
}

fn needed(file: &'static str, content: impl ToString) -> Setting {
    Setting {
        file,
        content: content.to_string(),
        is_extra: false,
    }
}

fn extra(file: &'static str, content: impl ToString) -> Setting {
    Setting {
        is_extra: true,
        ..needed(file, content)
    }
}

/// The files that put the limits of one controller into effect, in the order in which they are written.
pub fn settings(version: Version, controller: Controller, limits: &Limits) -> Vec<Setting> {
    use Controller::{Cpu, Cpuacct, Freezer, Memory, Pids};
    use Version::{One, Two};
    match (version, controller) {
        (_, Cpu) => limits
            .cpu_us
            .map_or_else(Vec::new, |us| quota(version, us.max(LEAST_QUOTA_US))),
        (_, Memory) => limits
            .memory_bytes
            .map_or_else(Vec::new, |bytes| memory(version, bytes)),
        (_, Pids) => limits
            .pids
            .map(|most| needed("pids.max", most))
            .into_iter()
            .collect(),
        (One | Two, Cpuacct | Freezer) => Vec::new(),
    }
}

fn quota(version: Version, us: u64) -> Vec<Setting> {
    match version {
        Version::One => vec![
            needed("cpu.cfs_period_us", PERIOD_US),
            needed("cpu.cfs_quota_us", us),
        ],
        Version::Two => vec![needed("cpu.max", format!("{us} {PERIOD_US}"))],
    }
}

/// What may not be in memory may not be swapped out either.
fn memory(version: Version, bytes: u64) -> Vec<Setting> {
    match version {
        Version::One => vec![
            needed("memory.limit_in_bytes", bytes),
            // Memory and swap together.
            extra("memory.memsw.limit_in_bytes", bytes),
        ],
        Version::Two => vec![
            extra("memory.oom.group", 1),
            extra("memory.swap.max", 0),
            needed("memory.max", bytes),
        ],
    }
}

/// The number behind a word at the beginning of a line: `oom_kill 3`.
pub fn value_of(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let (word, value) = line.split_once(' ')?;
        (word == name).then(|| value.trim().parse().ok()).flatten()
    })
}

/// A file that holds one number.
pub fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The percentage of the last ten seconds in a pressure file: `some avg10=1.25 avg60=..`.
pub fn pressure(text: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with("some "))?;
    let value = line.split(' ').find_map(|part| part.strip_prefix("avg10="))?;
    value.parse().ok()
}

/// The process numbers in a file that lists them.
pub fn pids(text: &str) -> Vec<u32> {
    text.lines().filter_map(|line| line.trim().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(version: Version, limits: &Limits) -> String {
        use Controller::{Cpu, Cpuacct, Freezer, Memory, Pids};
        let lines = [Cpu, Cpuacct, Memory, Pids, Freezer]
            .into_iter()
            .flat_map(|controller| settings(version, controller, limits))
            .map(|setting| {
                let flag = if setting.is_extra { "?" } else { "" };
                format!("{}{flag} = {}", setting.file, setting.content)
            });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn limits_become_files() {
        let limits = Limits {
            cpu_us: Some(400_000),
            memory_bytes: Some(64 << 20),
            pids: Some(4096),
        };
        assert_eq!(
            shown(Version::One, &limits),
            "cpu.cfs_period_us = 100000\ncpu.cfs_quota_us = 400000\n\
             memory.limit_in_bytes = 67108864\nmemory.memsw.limit_in_bytes? = 67108864\npids.max = 4096"
        );
        assert_eq!(
            shown(Version::Two, &limits),
            "cpu.max = 400000 100000\nmemory.oom.group? = 1\nmemory.swap.max? = 0\n\
             memory.max = 67108864\npids.max = 4096"
        );
        let small = Limits {
            cpu_us: Some(10),
            ..Limits::default()
        };
        assert_eq!(shown(Version::Two, &small), "cpu.max = 1000 100000");
    }

    #[test]
    fn counters_are_read() {
        let events = "low 0\nhigh 0\nmax 12\noom 1\noom_kill 3\noom_group_kill 1\n";
        assert_eq!(value_of(events, "oom_kill"), Some(3));
        assert_eq!(value_of(events, "oom_"), None);
        assert_eq!(value_of("oom_kill x\n", "oom_kill"), None);
        assert_eq!(number("4096\n"), Some(4096));
        assert_eq!(number("max\n"), None);
        assert_eq!(pids("7\n8\n\nx\n"), [7, 8]);
        let text = "some avg10=1.25 avg60=0.50 avg300=0.11 total=9\nfull avg10=9.00 avg60=0.00\n";
        assert_eq!(pressure(text), Some(1.25));
        assert_eq!(pressure("full avg10=1.00\n"), None);
    }
}
