//! How a task stands, read from its files; it may be running, dead or finished.

use std::collections::BTreeMap;
use std::sync::Arc;

use aur_host::boot::BootId;
use aur_host::folder::{LifeFolder, LogFiles, TaskFolder};
use aur_host::lock::{self, Condition};
use aur_host::run_file;
use aur_ir as ir;
use aur_machine::{Task, TaskView};

use crate::RunnerError;
use crate::files::{self, Progress, TaskFiles};
use crate::usage;

/// How a task stands.
#[derive(Debug)]
pub struct State {
    /// The plan it was made from.
    pub plan: Arc<ir::Plan>,
    /// Which job of the plan, from 0.
    pub job: usize,
    /// The current attempt, rebuilt from its journal.
    pub task: Task,
    /// How far it has come.
    pub progress: Progress,
    /// The runner that has it, if one lives.
    pub runner_pid: Option<u32>,
    /// Whether that runner waits for space on the disk.
    pub is_disk_full: bool,
    /// Processes whose output goes to the console, and whether it goes to files too.
    pub(crate) consoles: BTreeMap<String, bool>,
    pub(crate) life: LifeFolder,
}

impl State {
    /// Reads the state of a task. Takes no lock and changes nothing.
    ///
    /// # Errors
    /// A file cannot be read or understood.
    pub fn read(folder: &TaskFolder) -> Result<Self, RunnerError> {
        // The runner is looked for first: one that ends meanwhile has recorded everything by then.
        let holder = lock::holder(&folder.lock(), BootId::current()?)?;
        let files = TaskFiles::read(folder)?;
        let attempt = folder.last_attempt()?;
        let life = folder.life(attempt);
        let task = files::read_life(&files, &life)?;
        let progress = files.progress(&task, files.attempts(attempt)?)?;
        let consoles = files.consoles();
        Ok(Self {
            consoles,
            plan: files.plan,
            job: files.order.job,
            task,
            progress,
            runner_pid: holder.map(|holder| holder.identity.pid),
            is_disk_full: holder.is_some_and(|holder| holder.condition == Condition::DiskFull),
            life,
        })
    }

    /// The task object without its guards and what it uses, which take long to look up; `None` before the
    /// first record.
    pub fn outline(&self) -> Option<TaskView> {
        let mut view = TaskView::of(&self.task)?;
        view.runner_pid = self.runner_pid;
        Some(view)
    }

    /// The task object, with runner and guards only where they live; `None` before the first record.
    pub fn view(&self) -> Option<TaskView> {
        let mut view = self.outline()?;
        let boot = BootId::current().ok();
        for process in &mut view.processes {
            let living = process.runs.iter_mut().filter(|run| run.reason.is_none());
            for run in living {
                let path = self.life.run_file(&process.name, run.run);
                let guard = boot.and_then(|boot| run_file::living_guard(&path, run.run, boot));
                run.guard_pid = guard.map(|guard| guard.pid);
            }
        }
        usage::fill(&mut view, &self.life);
        Some(view)
    }

    /// What a run wrote, in the current attempt: its log files, or what the console keeps of it. They may
    /// not exist yet.
    pub fn logs(&self, process: &str, run: u32) -> LogFiles {
        match self.consoles.get(process) {
            Some(false) => self.life.console(process, run),
            Some(true) | None => self.life.logs(process, run),
        }
    }

    /// The file that says how much of the output of a run was left out.
    pub fn dropped(&self, process: &str, run: u32) -> std::path::PathBuf {
        self.life.dropped(process, run)
    }

    /// The sandbox of the current attempt.
    pub fn sandbox(&self) -> std::path::PathBuf {
        self.life.sandbox()
    }
}
