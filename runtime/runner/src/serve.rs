//! The runner: one process that has one task in its hands, from its first attempt to its end.
//!
//! The loop: wait for something to happen; let the machine decide; record; perform. Starts wait until
//! their record is durable. When the disk is full, the records wait in memory, nothing new starts, what
//! runs goes on, and ending it still works; a timer tries the disk again.

mod farewell;
mod health;
mod length;
mod life;
mod limits;
mod log_probe;
mod outputs;
mod probes;
mod questions;
mod runs;

use std::cell::OnceCell;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use aur_host::boot::{self, BootId};
use aur_host::detach::Launcher;
use aur_host::fault;
use aur_host::folder::TaskFolder;
use aur_host::guard::GuardProgram;
use aur_host::lock::{Condition, RunnerLock};
use aur_host::process::{self, DescriptorLimit};
use aur_host::wake::{Signals, Waiter, Wake};
use aur_host::{reap, tree};
use aur_machine::{Event, Stop};

use crate::environment::find_bash;
use crate::files::{Progress, TaskFiles};
use crate::launch::{tell_failed, tell_ready};
use crate::request::{Answer, Request};
use crate::{RunnerError, prepare, request};

pub(crate) use health::HealthCheck;
use life::Life;
pub(crate) use probes::Check;

/// How often a full disk is tried again.
const DISK_RETRY: Duration = Duration::from_secs(1);
/// How often SIGKILL is repeated for whatever is left when an attempt ends.
const LAST_KILL_ROUNDS: u32 = 500;

/// Runs the task of a folder to its end: the whole of the program that [`start`](crate::start) starts.
///
/// Tells whoever started it once the task is in its hands, or why it cannot be. The exit code says only
/// whether the runner itself came through; the result of the task is in the journal.
pub fn serve(folder: &Path) -> ExitCode {
    let mut launcher = Launcher::take();
    match serve_task(&TaskFolder::at(folder.to_path_buf()), &mut launcher) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log(&error.to_string());
            tell_failed(&mut launcher, &error);
            ExitCode::from(error.kind().exit_code())
        }
    }
}

fn serve_task(folder: &TaskFolder, launcher: &mut Launcher) -> Result<(), RunnerError> {
    let boot = BootId::current()?;
    let lock = RunnerLock::take(&folder.lock(), boot)?;
    let files = TaskFiles::read(folder)?;
    let bash = find_bash()?;
    let mut host = Host::new(boot, bash, lock, folder)?;
    let attempt = folder.last_attempt()?;
    let mut attempts = files.attempts(attempt)?;
    let mut life = Life::open(&files, attempt, &host)?;
    life.look_at_once(&mut host)?;
    host.waiter.watch_file(&folder.requests());
    tell_ready(launcher);
    loop {
        life.run(&mut host)?;
        end_everything(boot);
        match files.progress(&life.task, attempts)? {
            Progress::Running => {}
            Progress::Over => {
                life.remove_answered();
                return Ok(());
            }
            Progress::Between {
                wait_ms,
                attempts: next,
            } => {
                let stop = match life.is_asked_to_stop() {
                    true => Some(Stop::Graceful { grace_ms: None }),
                    false => wait_between(&files, &mut host, wait_ms)?,
                };
                life = next_life(&files, &life, next, &mut host)?;
                attempts = next;
                // An attempt that is stopped at once records that the task was stopped.
                life.expect(stop.map(|_| Event::Stop(Stop::Now)));
            }
        }
    }
}

/// What the runner has from the kernel, over all attempts.
pub(crate) struct Host {
    pub(crate) boot: BootId,
    pub(crate) bash: PathBuf,
    pub(crate) descriptor_limit: DescriptorLimit,
    pub(crate) waiter: Waiter,
    /// Made when it is first needed: a runner that only goes on may never start anything.
    guard: OnceCell<GuardProgram>,
    folder: PathBuf,
    lock: RunnerLock,
    condition: Condition,
}

impl Host {
    fn new(boot: BootId, bash: PathBuf, lock: RunnerLock, folder: &TaskFolder) -> Result<Self, RunnerError> {
        let system = |action| move |source| RunnerError::System { action, source };
        process::adopt_orphans().map_err(system("become the parent of orphans"))?;
        Ok(Self {
            boot,
            bash,
            descriptor_limit: DescriptorLimit::raise().map_err(system("read the bound on open files"))?,
            waiter: Waiter::new(Signals::All).map_err(system("wait for signals"))?,
            guard: OnceCell::new(),
            folder: folder.path().to_path_buf(),
            lock,
            condition: Condition::Fine,
        })
    }

    /// The program that guards each run.
    pub(crate) fn guard(&self) -> &GuardProgram {
        self.guard.get_or_init(|| GuardProgram::prepare(&self.folder))
    }

    /// Waits for something to happen, no longer than `timeout`.
    pub(crate) fn wait(&mut self, timeout: Option<Duration>) -> Result<Vec<Wake>, RunnerError> {
        self.waiter.wait(timeout).map_err(|source| RunnerError::System {
            action: "wait",
            source,
        })
    }

    /// Says to the outside how the disk is.
    pub(crate) fn note(&mut self, condition: Condition) {
        if self.condition != condition {
            self.condition = condition;
            log(match condition {
                Condition::Fine => "the disk has space again",
                Condition::DiskFull => "the disk is full: nothing new starts until there is space",
            });
            if let Err(error) = self.lock.note(condition) {
                log(&error.to_string());
            }
        }
    }
}

/// Waits until the next attempt is due; returns early with the first stop that comes.
fn wait_between(files: &TaskFiles, host: &mut Host, wait_ms: u64) -> Result<Option<Stop>, RunnerError> {
    let due = boot::since_boot() + Duration::from_millis(wait_ms);
    loop {
        if let Some(stop) = first_stop(files)? {
            return Ok(Some(stop));
        }
        let left = due.saturating_sub(boot::since_boot());
        if left.is_zero() {
            return Ok(None);
        }
        for wake in host.wait(Some(left))? {
            match wake {
                Wake::Asked(_) => return Ok(Some(Stop::Graceful { grace_ms: None })),
                Wake::Child => reap_strangers(),
                Wake::Told | Wake::Changed | Wake::Ended(_) | Wake::Socket(_) | Wake::Written => {}
            }
        }
    }
}

/// Finds the first request that can be understood. It stays for the next attempt, which answers it.
fn first_stop(files: &TaskFiles) -> Result<Option<Stop>, RunnerError> {
    let mut first = None;
    for found in request::read_all(&files.folder)? {
        match found.request {
            Ok(Request::Stop(stop)) => first = first.or(Some(stop)),
            // Between two attempts nothing runs.
            Ok(Request::Signal(_) | Request::Control(_)) => {
                request::take(&found.path)?;
                request::answer(&found.path, &Answer::NotRunning)?;
            }
            Err(_) => {}
        }
    }
    Ok(first)
}

fn reap_strangers() {
    while let Ok(Some((pid, _))) = reap::next_ended() {
        if reap::reap(pid).is_err() {
            return;
        }
    }
}

/// Creates the next attempt, waiting for space on the disk if need be.
fn next_life<'a>(
    files: &'a TaskFiles,
    before: &Life<'_>,
    attempts: aur_machine::Attempts,
    host: &mut Host,
) -> Result<Life<'a>, RunnerError> {
    let Some(header) = before.task.header() else {
        return Err(RunnerError::Damaged {
            path: files.folder.path().to_path_buf(),
            message: "an attempt without a first record".to_string(),
        });
    };
    loop {
        match prepare::create_attempt(files, header, attempts) {
            Ok(_) => {
                fault::point("attempt-created");
                break;
            }
            Err(RunnerError::Path(error)) if error.is_disk_full() => {
                host.note(Condition::DiskFull);
                host.wait(Some(DISK_RETRY))?;
            }
            Err(error) => return Err(error),
        }
    }
    host.note(Condition::Fine);
    Life::open(files, attempts.attempt, host)
}

/// Nothing of a finished attempt may live on, wherever it hid. What outlives this is said in the log.
fn end_everything(boot: BootId) {
    if reap::has_children()
        && let Err(error) = tree::kill_all_below(boot, LAST_KILL_ROUNDS)
    {
        log(&format!("cannot end everything that was started: {error}"));
    }
}

/// Writes a line to the runner's log.
pub(crate) fn log(text: &str) {
    // There is nobody else to tell if this fails.
    let _ = writeln!(std::io::stderr(), "{} {text}", boot::wall_ms());
}
