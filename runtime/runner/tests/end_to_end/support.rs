//! A task in a temporary state folder, and the questions that tests ask about it.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use aur_runner::{
    Followed, Follower, Inheritance, Prepared, RunAs, RunnerError, Signals, State, StopRequest, TaskFolder,
    Wanted, prepare, request_stop, start,
};
use serde_json::{Value, json};

/// Every wait of a test ends here: a guard against hanging, never a measure.
pub(crate) const HANG: Duration = Duration::from_secs(60);

pub(crate) fn say(text: &str) {
    std::io::stdout().write_all(text.as_bytes()).unwrap();
}

/// A plan of one job. Tests change what they need.
pub(crate) struct Job {
    pub(crate) value: Value,
    pub(crate) run_as: RunAs,
}

impl Job {
    pub(crate) fn new(processes: &[(&str, &str)]) -> Self {
        let processes: Vec<Value> = processes
            .iter()
            .map(|(name, cmdline)| {
                json!({"cmdline": cmdline, "daemon": false, "ephemeral": false, "final": false,
                       "max_failures": 1, "min_duration_ms": 0, "name": name})
            })
            .collect();
        Self {
            run_as: RunAs::Caller,
            value: json!({
                "cluster": "c", "enable_hooks": false, "environment": "e", "instances": 1, "key": "c/r/e/n",
                "max_task_failures": 1, "name": "n", "priority": 0, "production": false, "role": "r",
                "service": false,
                "health_check_config": {"initial_interval_ms": 0, "interval_ms": 0,
                    "max_consecutive_failures": 0, "timeout_ms": 0},
                "update_config": {"batch_size": 1, "max_per_shard_failures": 0, "max_total_failures": 0,
                    "restart_threshold_ms": 0, "watch_ms": 0},
                "task": {"finalization_wait_ms": 30_000, "max_concurrency": 0, "max_failures": 1, "name": "t",
                    "processes": processes, "resources": {"cpu": 0.0, "disk_bytes": 0, "ram_bytes": 0}},
            }),
        }
    }

    /// Sets a field by JSON pointer; the last part may be new.
    pub(crate) fn with(mut self, pointer: &str, value: Value) -> Self {
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        self.value.pointer_mut(parent).unwrap()[field] = value;
        self
    }

    /// Orders processes one after another.
    pub(crate) fn ordered(self, names: &[&str]) -> Self {
        let edges: Vec<Value> = names
            .windows(2)
            .map(|pair| json!({"before": pair[0], "after": pair[1], "on": "success"}))
            .collect();
        self.with("/task/order", json!(edges))
    }

    pub(crate) fn plan(&self) -> aur_ir::Plan {
        let plan =
            json!({"aur_ir": 1, "digest": "", "files": [], "hooks": [], "inputs": [], "jobs": [self.value]});
        let mut plan: aur_ir::Plan = serde_json::from_value(plan).unwrap();
        plan.digest = plan.content_digest();
        plan
    }
}

/// A state folder with one task.
pub(crate) struct Case {
    temporary: Option<tempfile::TempDir>,
    pub(crate) folder: TaskFolder,
}

impl Case {
    /// Prepares a task without starting it.
    pub(crate) fn prepared(job: &Job) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().join("state root");
        let folder = match prepare_in(&root, job).unwrap() {
            Prepared::Created(folder) => folder,
            other => panic!("{other:?}"),
        };
        Self {
            temporary: Some(temporary),
            folder,
        }
    }

    /// A task whose state folder is someone else's business.
    pub(crate) fn of(folder: TaskFolder) -> Self {
        Self {
            temporary: None,
            folder,
        }
    }

    /// Prepares a task and starts its runner.
    pub(crate) fn started(job: &Job) -> Self {
        let case = Self::prepared(job);
        case.start();
        case
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.temporary.as_ref().unwrap().path().join("state root")
    }

    pub(crate) fn start(&self) -> u32 {
        self.try_start().unwrap()
    }

    pub(crate) fn try_start(&self) -> Result<u32, RunnerError> {
        let program = std::env::current_exe().unwrap();
        let arguments = [OsStr::new("--serve"), self.folder.path().as_os_str()];
        Ok(start(&self.folder, &program, &arguments)?.pid)
    }

    pub(crate) fn state(&self) -> State {
        State::read(&self.folder).unwrap()
    }

    pub(crate) fn sandbox(&self) -> PathBuf {
        self.state().sandbox()
    }

    /// Reads a file of the sandbox.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.sandbox().join(name)).unwrap_or_default()
    }

    pub(crate) fn log(&self, process: &str, run: u32) -> (String, String) {
        let logs = self.state().logs(process, run);
        let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
        (read(&logs.stdout), read(&logs.stderr))
    }

    pub(crate) fn stop(&self, stop: StopRequest) {
        request_stop(&self.folder, stop).unwrap();
    }

    /// Waits for a file of the sandbox to have content.
    pub(crate) fn wait_for(&self, name: &str) -> String {
        wait_until(&format!("{name} of {}", self.folder.path().display()), || {
            Some(self.read(name)).filter(|text| text.ends_with('\n'))
        })
    }

    /// Waits for the end of the task and returns its lines: `name: STATE exit, ..` and the state.
    pub(crate) fn result(&self) -> String {
        let mut follower = Follower::open(&self.folder, Signals::None).unwrap();
        let deadline = Instant::now() + HANG;
        loop {
            match follower.next(Some(Duration::from_secs(1))).unwrap() {
                Followed::Over => return self.summary(),
                Followed::RunnerGone => panic!("the runner is gone: {}", self.runner_log()),
                Followed::Event(_)
                | Followed::TimedOut
                | Followed::DiskFull
                | Followed::LogChanged
                | Followed::Asked(_) => {}
            }
            assert!(
                Instant::now() < deadline,
                "hangs: {}\n{}",
                self.summary(),
                self.runner_log()
            );
        }
    }

    /// The events of the whole task, by name.
    pub(crate) fn events(&self) -> Vec<Value> {
        let mut follower = Follower::open(&self.folder, Signals::None).unwrap();
        let mut events = Vec::new();
        loop {
            match follower.next(Some(HANG)).unwrap() {
                Followed::Event(event) => events.push(serde_json::to_value(event).unwrap()),
                _ => return events,
            }
        }
    }

    /// Answers `Some` once the journal has `count` events of a name.
    pub(crate) fn events_so_far(&self, name: &str, count: usize) -> Option<()> {
        let mut follower = Follower::open(&self.folder, Signals::None).unwrap();
        let mut found = 0;
        while let Followed::Event(event) = follower.next(Some(Duration::ZERO)).unwrap() {
            found += usize::from(serde_json::to_value(event).unwrap()["event"] == name);
        }
        (found >= count).then_some(())
    }

    pub(crate) fn runner_log(&self) -> String {
        std::fs::read_to_string(self.folder.runner_log()).unwrap_or_default()
    }

    /// One line a process, and one for the task.
    pub(crate) fn summary(&self) -> String {
        let view = serde_json::to_value(self.state().view().unwrap()).unwrap();
        let mut lines = Vec::new();
        for process in view["processes"].as_array().unwrap() {
            let runs: Vec<String> = process["runs"]
                .as_array()
                .unwrap()
                .iter()
                .map(|run| {
                    let exit = match &run["exit"] {
                        Value::Null => String::new(),
                        exit => format!(" {}", exit.to_string().replace(['{', '}', '"'], "")),
                    };
                    format!("{}{exit}", run["state"].as_str().unwrap())
                })
                .collect();
            let name = process["name"].as_str().unwrap();
            lines.push(format!("{name}: {}", runs.join(", ")));
        }
        lines.push(format!(
            "{} {}",
            view["state"].as_str().unwrap(),
            view["reason"].as_str().unwrap_or("-")
        ));
        lines.join("\n")
    }

    /// The control groups of the task, over all attempts.
    pub(crate) fn groups(&self) -> Vec<PathBuf> {
        let attempts = std::fs::read_dir(self.folder.attempts()).into_iter().flatten();
        let attempts = attempts.map(|entry| entry.unwrap().path().join("groups"));
        let records = attempts.chain([self.folder.path().join("groups")]);
        let lines = records.filter_map(|record| std::fs::read_to_string(record).ok());
        lines
            .flat_map(|text| {
                let paths = text
                    .lines()
                    .map(|line| line.splitn(3, ' ').nth(2).unwrap().into());
                paths.collect::<Vec<PathBuf>>()
            })
            .collect()
    }

    /// Processes that carry a marker of this task, zombies excepted.
    pub(crate) fn leftovers(&self) -> Vec<u32> {
        let id = format!("AUR_SANDBOX={}", self.folder.path().display());
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap() {
            let entry = entry.unwrap();
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
            let is_ours = |variable: &[u8]| variable.starts_with(id.as_bytes());
            if environment.split(|byte| *byte == 0).any(is_ours) && is_alive(pid) {
                found.push(pid);
            }
        }
        found
    }
}

/// A task that a failed test leaves running ends with it.
impl Drop for Case {
    fn drop(&mut self) {
        let _ = aur_runner::take_over(&self.folder);
        for pid in self.leftovers() {
            kill(pid, "KILL");
        }
        for group in self.groups() {
            remove_group(&group);
        }
    }
}

/// Ends what is in a group and removes it.
fn remove_group(group: &Path) {
    let _ = std::fs::write(group.join("cgroup.kill"), "1");
    let below = std::fs::read_dir(group).into_iter().flatten();
    let below = below.map(|entry| entry.unwrap().path());
    let groups: Vec<PathBuf> = below.filter(|path| path.is_dir()).collect();
    for group in groups.iter().map(PathBuf::as_path).chain([group]) {
        // A process that was just killed is in it for a moment longer.
        for _ in 0..100 {
            match std::fs::remove_dir(group) {
                Err(error) if error.kind() == std::io::ErrorKind::ResourceBusy => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                _ => break,
            }
        }
    }
    if let Some(top) = group.parent() {
        let _ = std::fs::remove_dir(top);
    }
}

pub(crate) fn prepare_in(root: &Path, job: &Job) -> Result<Prepared, RunnerError> {
    let plan = job.plan();
    let wanted = Wanted {
        plan: &plan,
        job: 0,
        instance: 0,
        grace_ms: None,
        environment: Inheritance::Clean,
        logger: &aur_ir::Logger::default(),
        overflow: aur_runner::Overflow::Block,
        ports: &aur_runner::Ports::new(),
        run_as: job.run_as,
    };
    prepare(root, "task-1", &wanted)
}

pub(crate) fn wait_until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + HANG;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "never came: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Whether a process is there and not a zombie.
pub(crate) fn is_alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .unwrap_or("")
            .trim_start()
            .starts_with('Z')
    })
}

pub(crate) fn kill(pid: u32, signal: &str) {
    let _ = std::process::Command::new("kill")
        .args(["-s", signal, &pid.to_string()])
        .stderr(std::process::Stdio::null())
        .status();
}

/// Kills a runner as a crash would, and waits until it is gone.
pub(crate) fn crash(pid: u32) {
    kill(pid, "KILL");
    wait_until("the end of the runner", || (!is_alive(pid)).then_some(()));
}
