//! What a task used: read from its control groups while it runs, from a file afterwards.

use std::collections::BTreeMap;
use std::path::Path;

use aur_host::cgroup::{self, GroupUsage, Spent};
use aur_host::folder::LifeFolder;
use aur_host::{PathError, folder, run_file};
use aur_machine::{Pressure, ProcessUsage, TaskView, Throttled, Usage};
use serde::{Deserialize, Serialize};

use crate::files;

/// The content of `usage.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Recorded {
    /// What the task used; before its end only the disk.
    pub(crate) task: Usage,
    /// What the runs used that are over, by the name of their process.
    pub(crate) processes: BTreeMap<String, ProcessUsage>,
}

impl Recorded {
    /// Adds what a run used that is over.
    pub(crate) fn add(&mut self, process: &str, used: &Spent) {
        let known = self.processes.entry(process.to_string()).or_default();
        if let Some(seconds) = used.cpu_us.map(seconds) {
            *known.cpu_seconds.get_or_insert(0.0) += seconds;
        }
        known.ram_peak_bytes = known.ram_peak_bytes.max(used.memory_peak_bytes);
    }

    /// Takes in what the whole task used.
    pub(crate) fn add_task(&mut self, used: &GroupUsage) {
        self.task.cpu_seconds = used.cpu_us.map_or(0.0, seconds);
        self.task.ram_peak_bytes = used.memory_peak_bytes.unwrap_or(0);
        self.task.throttled = throttled(used);
    }
}

pub(crate) fn read(path: &Path) -> Option<Recorded> {
    files::read_json(path).ok()
}

/// Replaces the file; a crash of the machine may lose it.
pub(crate) fn write(path: &Path, recorded: &Recorded) -> Result<(), PathError> {
    let bytes = serde_json::to_vec(recorded).unwrap_or_default();
    folder::replace_loosely(path, &bytes)
}

/// Fills in what the task and its processes used.
pub(crate) fn fill(view: &mut TaskView, life: &LifeFolder) {
    let recorded = read(&life.usage());
    let record = life.groups();
    let is_over = aur_machine::exit_code(view.state).is_some();
    let living = cgroup::usage_of_task(&record).filter(|_| !is_over);
    for (place, process) in view.processes.iter_mut().enumerate() {
        let mut usage = recorded
            .as_ref()
            .and_then(|all| all.processes.get(&process.name).cloned());
        let runs = process.runs.iter().filter(|run| run.reason.is_none());
        for run in runs {
            let heritage = run_file::heritage(&life.run_file(&process.name, run.run), run.run);
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            if let Some(used) = cgroup::usage_of_run(&record, place, run.run, heritage) {
                add_living(usage.get_or_insert_default(), &used);
            }
        }
        process.usage = usage;
    }
    let mut usage = recorded.map(|all| all.task);
    if let Some(used) = living {
        let task = usage.get_or_insert_default();
        task.cpu_seconds = used.cpu_us.map_or(0.0, seconds);
        task.ram_peak_bytes = used.memory_peak_bytes.unwrap_or(0);
        task.ram_bytes = used.memory_bytes;
        task.pids = used.pids;
        task.throttled = throttled(&used);
        task.pressure = used.cpu_pressure.map(|cpu| Pressure {
            cpu,
            memory: used.memory_pressure.unwrap_or(0.0),
            io: used.io_pressure.unwrap_or(0.0),
        });
    }
    view.usage = usage;
}

fn add_living(usage: &mut ProcessUsage, used: &GroupUsage) {
    if let Some(seconds) = used.cpu_us.map(seconds) {
        *usage.cpu_seconds.get_or_insert(0.0) += seconds;
    }
    usage.ram_bytes = used.memory_bytes;
    usage.ram_peak_bytes = usage.ram_peak_bytes.max(used.memory_peak_bytes);
    usage.pids = used.pids;
}

fn throttled(used: &GroupUsage) -> Option<Throttled> {
    Some(Throttled {
        periods: used.throttled_periods?,
        seconds: used.throttled_us.map_or(0.0, seconds),
    })
}

fn seconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1e6
}

/// A number of bytes for people, in the largest unit of which there is one.
pub(crate) fn shown(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"];
    let mut text = format!("{bytes} bytes");
    let mut value = bytes as f64;
    for unit in units {
        value /= 1024.0;
        if value < 1.0 {
            break;
        }
        let digits = usize::from(value.fract() > 0.0 && value < 100.0);
        text = format!("{value:.digits$} {unit}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_for_people() {
        let sizes = [
            0,
            1023,
            1024,
            1536,
            64 << 20,
            (64 << 20) + (1 << 19),
            200 << 20,
            3 << 40,
        ];
        let shown: Vec<String> = sizes.into_iter().map(shown).collect();
        assert_eq!(
            shown,
            [
                "0 bytes",
                "1023 bytes",
                "1 KiB",
                "1.5 KiB",
                "64 MiB",
                "64.5 MiB",
                "200 MiB",
                "3 TiB"
            ]
        );
    }

    #[test]
    fn runs_add_up() {
        let run = |cpu_us, memory_peak_bytes| Spent {
            cpu_us,
            memory_peak_bytes,
        };
        let mut recorded = Recorded::default();
        recorded.add("a", &run(Some(500_000), Some(10)));
        recorded.add("a", &run(Some(250_000), Some(7)));
        recorded.add("b", &run(None, None));
        let shown = serde_json::to_string(&recorded.processes).unwrap();
        assert_eq!(shown, r#"{"a":{"cpu_seconds":0.75,"ram_peak_bytes":10},"b":{}}"#);
    }
}
