//! Measures the runner: `cargo run --release -p aur-runner --example measure`.
//!
//! Prints how long a dependency edge takes, what one run costs in CPU time, and how much memory the
//! runner holds. Figures depend on the machine and its load; nothing here is a test.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use aur_runner::{
    Followed, Follower, GUARD_WORD, Inheritance, Prepared, Signals, State, StopRequest, TaskFolder, Wanted,
    be_guard, prepare,
};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == "--serve") {
        return aur_runner::serve(Path::new(&arguments.next().unwrap_or_default()));
    }
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    if let Some((_, words)) = words.split_first().filter(|(first, _)| *first == GUARD_WORD) {
        return ExitCode::from(be_guard(words));
    }
    match measure() {
        Ok(text) => {
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<String> {
    Ok(format!("{}{}{}", edges(200)?, cost(1_000)?, memory()?))
}

/// From the last act of one process to the first act of bash in the next.
fn edges(count: usize) -> Result<String> {
    let names: Vec<String> = (0..=count).map(|number| format!("p{number:04}")).collect();
    let line = "echo $EPOCHREALTIME >> times; echo $EPOCHREALTIME >> times";
    let order: Vec<Value> = names
        .windows(2)
        .map(|pair| json!({"before": pair[0], "after": pair[1], "on": "success"}))
        .collect();
    let root = Root::new()?;
    let folder = root.prepare(&names, line, json!(order), 0)?;
    finish(&folder)?;
    let text = std::fs::read_to_string(folder.life(0).sandbox().join("times"))?;
    let times: Vec<f64> = text
        .lines()
        .map(str::parse)
        .collect::<std::result::Result<_, _>>()?;
    let mut gaps: Vec<f64> = times
        .chunks(2)
        .collect::<Vec<_>>()
        .windows(2)
        .filter_map(|pair| Some((pair[1].first()? - pair[0].last()?) * 1000.0))
        .collect();
    gaps.sort_by(f64::total_cmp);
    let at = |part: f64| {
        gaps.get((gaps.len() as f64 * part) as usize)
            .copied()
            .unwrap_or(0.0)
    };
    Ok(format!(
        "edge, ms, of {}: least {:.2}, half {:.2}, 99 % {:.2}\n",
        gaps.len(),
        at(0.0),
        at(0.5),
        at(0.99)
    ))
}

/// CPU time of runner and processes for many runs of `true`, two at a time.
fn cost(count: usize) -> Result<String> {
    let names: Vec<String> = (0..count).map(|number| format!("p{number:04}")).collect();
    let root = Root::new()?;
    let folder = root.prepare(&names, "true", json!([]), 2)?;
    let begin = Instant::now();
    let output = Command::new("bash")
        .args(["-c", "TIMEFORMAT='%U %S'; time \"$0\" --serve \"$1\""])
        .arg(std::env::current_exe()?)
        .arg(folder.path())
        .output()?;
    let wall = begin.elapsed().as_secs_f64();
    let text = String::from_utf8(output.stderr)?;
    let cpu: f64 = text
        .split_whitespace()
        .filter_map(|word| word.parse::<f64>().ok())
        .sum();
    let each = 1000.0 / count as f64;
    Ok(format!(
        "{count} runs of true, two at a time: {:.2} ms CPU and {:.2} ms wall each\n",
        cpu * each,
        wall * each
    ))
}

fn memory() -> Result<String> {
    let mut text = String::new();
    for count in [1_usize, 50] {
        let names: Vec<String> = (0..count).map(|number| format!("p{number:04}")).collect();
        let root = Root::new()?;
        let folder = root.prepare(&names, "exec sleep 1000", json!([]), 0)?;
        let program = std::env::current_exe()?;
        let started = aur_runner::start(
            &folder,
            &program,
            &[OsStr::new("--serve"), folder.path().as_os_str()],
        )?;
        let mut follower = Follower::open(&folder, Signals::None)?;
        let is_running = |follower: &Follower| {
            let view = follower.view();
            view.is_some_and(|view| {
                view.processes
                    .iter()
                    .all(|process| process.runs.iter().any(|run| run.pid.is_some()))
            })
        };
        while !is_running(&follower) {
            follower.next(None)?;
        }
        let view = State::read(&folder)?.view();
        let runs = view
            .iter()
            .flat_map(|view| &view.processes)
            .flat_map(|process| &process.runs);
        let guards: Vec<u32> = runs.filter_map(|run| run.guard_pid).collect();
        let sum = guards
            .iter()
            .try_fold(0, |sum, pid| Ok::<_, std::io::Error>(sum + memory_of(*pid)?))?;
        text.push_str(&format!(
            "{count} sleeping: {} KiB for the runner, {} KiB for each of {} guards\n",
            memory_of(started.pid)?,
            sum / guards.len().max(1),
            guards.len()
        ));
        aur_runner::request_stop(&folder, StopRequest::Now)?;
        while !matches!(follower.next(None)?, Followed::Over | Followed::RunnerGone) {}
    }
    Ok(text)
}

/// The proportional memory of a process, KiB; 0 where the kernel does not say.
fn memory_of(pid: u32) -> std::io::Result<usize> {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    Ok(number.unwrap_or(0))
}

fn finish(folder: &TaskFolder) -> Result<()> {
    let program = std::env::current_exe()?;
    aur_runner::start(
        folder,
        &program,
        &[OsStr::new("--serve"), folder.path().as_os_str()],
    )?;
    let mut follower = Follower::open(folder, Signals::None)?;
    while !matches!(follower.next(None)?, Followed::Over | Followed::RunnerGone) {}
    Ok(())
}

/// A state folder below the temporary folder, removed at the end.
struct Root {
    path: PathBuf,
}

impl Root {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(aur_runner::new_task_id("aur-measure", 0)?);
        Ok(Self { path })
    }

    fn prepare(
        &self,
        names: &[String],
        line: &str,
        order: Value,
        max_concurrency: u64,
    ) -> Result<TaskFolder> {
        let processes: Vec<Value> = names
            .iter()
            .map(|name| {
                json!({"cmdline": line, "daemon": false, "ephemeral": false, "final": false,
                       "max_failures": 1, "min_duration_ms": 0, "name": name})
            })
            .collect();
        let plan = json!({"aur_ir": 1, "digest": "", "files": [], "hooks": [], "inputs": [], "jobs": [{
            "cluster": "c", "enable_hooks": false, "environment": "e", "instances": 1, "key": "c/r/e/n",
            "max_task_failures": 1, "name": "n", "priority": 0, "production": false, "role": "r", "service": false,
            "health_check_config": {"initial_interval_ms": 0, "interval_ms": 0, "max_consecutive_failures": 0, "timeout_ms": 0},
            "update_config": {"batch_size": 1, "max_per_shard_failures": 0, "max_total_failures": 0, "restart_threshold_ms": 0, "watch_ms": 0},
            "task": {"finalization_wait_ms": 30_000, "max_concurrency": max_concurrency, "max_failures": 1, "name": "t",
                "processes": processes, "order": order, "resources": {"cpu": 1.0, "disk_bytes": 0, "ram_bytes": 1_073_741_824}}}]});
        let mut plan: aur_ir::Plan = serde_json::from_value(plan)?;
        plan.digest = plan.content_digest();
        let wanted = Wanted {
            plan: &plan,
            job: 0,
            instance: 0,
            grace_ms: None,
            environment: Inheritance::Clean,
            logger: &aur_ir::Logger::default(),
            overflow: aur_runner::Overflow::Block,
            ports: &aur_runner::Ports::new(),
            run_as: aur_runner::RunAs::Caller,
        };
        match prepare(&self.path, "measure", &wanted)? {
            Prepared::Created(folder) | Prepared::Unfinished(folder) | Prepared::Finished(folder) => {
                Ok(folder)
            }
        }
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
