//! What a group has used, over the trees in which it stands.

use super::layout::Version;
use super::{Controller, Part, below, files, read};

/// What a group used. A value that its trees do not count is missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupUsage {
    /// Processor time, microseconds.
    pub cpu_us: Option<u64>,
    /// How often it was held back by its quota.
    pub throttled_periods: Option<u64>,
    /// For how long, over all processors, microseconds.
    pub throttled_us: Option<u64>,
    /// Memory now, bytes; pages of files that it read are in it.
    pub memory_bytes: Option<u64>,
    /// The most memory at one time, bytes.
    pub memory_peak_bytes: Option<u64>,
    /// Processes and threads.
    pub pids: Option<u64>,
    /// Share of the last ten seconds in which some of it waited for a processor, percent.
    pub cpu_pressure: Option<f64>,
    /// The same for memory.
    pub memory_pressure: Option<f64>,
    /// The same for disks.
    pub io_pressure: Option<f64>,
}

pub(super) fn of(parts: &[Part]) -> GroupUsage {
    let mut usage = GroupUsage::default();
    for part in parts {
        match part.version {
            Version::Two => add_two(&mut usage, part),
            Version::One => add_one(&mut usage, part),
        }
    }
    usage
}

fn add_two(usage: &mut GroupUsage, part: &Part) {
    let text = |file| read(&part.folder, file);
    let number = |file| files::number(&text(file));
    let stat = text("cpu.stat");
    usage.cpu_us = files::value_of(&stat, "usage_usec");
    usage.throttled_periods = files::value_of(&stat, "nr_throttled");
    usage.throttled_us = files::value_of(&stat, "throttled_usec");
    usage.memory_bytes = number("memory.current");
    usage.memory_peak_bytes = number("memory.peak");
    usage.pids = number("pids.current").or_else(|| Some(count(part)));
    usage.cpu_pressure = files::pressure(&text("cpu.pressure"));
    usage.memory_pressure = files::pressure(&text("memory.pressure"));
    usage.io_pressure = files::pressure(&text("io.pressure"));
}

fn add_one(usage: &mut GroupUsage, part: &Part) {
    let text = |file| read(&part.folder, file);
    let number = |file| files::number(&text(file));
    for controller in &part.controllers {
        match controller {
            Controller::Cpu => {
                let stat = text("cpu.stat");
                usage.throttled_periods = files::value_of(&stat, "nr_throttled");
                let nanoseconds = files::value_of(&stat, "throttled_time");
                usage.throttled_us = nanoseconds.map(|time| time / 1_000);
            }
            Controller::Cpuacct => {
                let counted = number("cpuacct.usage").map(|nanoseconds| nanoseconds / 1_000);
                usage.cpu_us = usage.cpu_us.or(counted);
            }
            Controller::Memory => {
                usage.memory_bytes = number("memory.usage_in_bytes");
                usage.memory_peak_bytes = number("memory.max_usage_in_bytes");
            }
            Controller::Pids => usage.pids = number("pids.current").or(usage.pids),
            Controller::Freezer => {}
        }
    }
}

/// Processes of a group and of those below it, where nothing counts them.
fn count(part: &Part) -> u64 {
    let folders = below(&part.folder);
    let counts = folders
        .iter()
        .map(|folder| files::pids(&read(folder, "cgroup.procs")).len());
    counts.sum::<usize>() as u64
}
