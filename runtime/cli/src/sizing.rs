//! What a task asked for beside what it used, said at its end.

use aur_ir::Resources;
use aur_machine::{TaskView, Usage};

use crate::usage::size;

/// A shorter life says little about what a task needs, milliseconds.
const LEAST_LIFE_MS: u64 = 30_000;
/// What is left free above the peak of memory, and above the mean of processor time.
const RAM_MARGIN: f64 = 1.2;
const CPU_MARGIN: f64 = 1.5;
/// A request up to so many times what is advised is left alone.
const TOLERATED: f64 = 2.0;
/// Less memory than this is not advised: bash alone takes a part of it.
const LEAST_RAM_BYTES: u64 = 16 << 20;

/// The lines about a task that asked for far more than it used, or was held back; nothing where there is
/// nothing to say.
pub(crate) fn hints(view: &TaskView, resources: &Resources) -> String {
    let (Some(usage), Some(lived_ms)) = (&view.usage, lived_ms(view)) else {
        return String::new();
    };
    if lived_ms < LEAST_LIFE_MS {
        return String::new();
    }
    let lines = ram(usage, resources)
        .into_iter()
        .chain(cpu(usage, resources, lived_ms));
    lines.map(|line| format!("sizing: {line}\n")).collect()
}

fn lived_ms(view: &TaskView) -> Option<u64> {
    let runs = || view.processes.iter().flat_map(|process| &process.runs);
    let begin = runs().filter_map(|run| run.started_ms).min()?;
    let end = runs().filter_map(|run| run.finished_ms).max()?;
    end.checked_sub(begin)
}

fn ram(usage: &Usage, resources: &Resources) -> Option<String> {
    let peak = usage.ram_peak_bytes;
    if peak == 0 || resources.ram_bytes == 0 {
        return None;
    }
    let mebibytes = ((peak as f64 * RAM_MARGIN) / f64::from(1 << 20)).ceil() as u64;
    let advised = (mebibytes << 20).max(LEAST_RAM_BYTES);
    let asked = resources.ram_bytes;
    (asked as f64 > advised as f64 * TOLERATED).then(|| {
        format!(
            "ram is {}, at most {} was used; {}MB would do",
            size(asked),
            size(peak),
            advised >> 20
        )
    })
}

fn cpu(usage: &Usage, resources: &Resources, lived_ms: u64) -> Option<String> {
    if usage.cpu_seconds <= 0.0 || resources.cpu <= 0.0 {
        return None;
    }
    let used = usage.cpu_seconds / (lived_ms as f64 / 1_000.0);
    let advised = ((used * CPU_MARGIN) * 10.0).ceil() / 10.0;
    let held_back = usage
        .throttled
        .as_ref()
        .map_or(0.0, |throttled| throttled.seconds);
    if held_back * 1_000.0 > lived_ms as f64 / 10.0 {
        return Some(format!(
            "cpu is {}, and the task was held back for {held_back:.0} s; more would make it faster",
            resources.cpu
        ));
    }
    (resources.cpu > advised * TOLERATED).then(|| {
        format!(
            "cpu is {}, {used:.2} was used on average; {advised} would do",
            resources.cpu
        )
    })
}

#[cfg(test)]
mod tests {
    use aur_machine::Throttled;

    use super::*;

    fn told(cpu_seconds: f64, peak_mb: u64, held_back: f64, lived_ms: u64) -> String {
        let run = format!(
            r#"{{"run":0,"state":"SUCCESS","pid":1,"guard_pid":null,"started_ms":1000,"finished_ms":{},"exit":{{"code":0}},"reason":"exit"}}"#,
            1_000 + lived_ms
        );
        let view = format!(
            r#"{{"task_id":"t","job_key":"c/r/e/j","instance":0,"attempt":0,"runner_pid":null,"state":"SUCCESS","reason":"complete",
                "processes":[{{"name":"p","state":"SUCCESS","ready":false,"runs":[{run}],"source":null}}],"usage":null,"isolation":null}}"#
        );
        let mut view: TaskView = serde_json::from_str(&view).unwrap();
        view.usage = Some(Usage {
            cpu_seconds,
            ram_peak_bytes: peak_mb << 20,
            throttled: Some(Throttled {
                periods: 1,
                seconds: held_back,
            }),
            ..Usage::default()
        });
        let resources = Resources {
            cpu: 2.0,
            disk_bytes: 0,
            gpu: 0,
            ram_bytes: 512 << 20,
        };
        hints(&view, &resources)
    }

    #[test]
    fn what_was_asked_for_in_vain_is_said() {
        assert_eq!(
            told(6.0, 50, 0.0, 60_000),
            "sizing: ram is 512 MiB, at most 50 MiB was used; 60MB would do\n\
             sizing: cpu is 2, 0.10 was used on average; 0.2 would do\n"
        );
        assert_eq!(told(60.0, 300, 0.0, 60_000), "");
        assert_eq!(
            told(110.0, 300, 20.0, 60_000),
            "sizing: cpu is 2, and the task was held back for 20 s; more would make it faster\n"
        );
        assert_eq!(
            told(60.0, 1, 0.0, 60_000),
            "sizing: ram is 512 MiB, at most 1 MiB was used; 16MB would do\n"
        );
        assert_eq!(told(0.0, 1, 0.0, 29_999), "", "too short to say anything");
    }
}
