//! Starting a run.

use std::ffi::{OsStr, OsString};

use aur_host::cgroup::RunGroup;
use aur_host::folder::make_folder;
use aur_host::process::Identity;
use aur_host::run_file::{ClaimError, RunFile};
use aur_host::spawn::{Launch, spawn};
use aur_host::tree::Origin;
use aur_host::{PathError, boot, fault};
use aur_machine::process::Report;
use aur_machine::{Boot, Effect, Work};

use super::Life;
use crate::RunnerError;
use crate::role::{self, RoleOrder};
use crate::serve::limits::{self, place};
use crate::serve::outputs::Ends;
use crate::serve::runs::Key;
use crate::serve::{Host, log};

impl Life<'_> {
    /// Starts a run and reports what came of it.
    pub(super) fn spawn(&mut self, key: Key, host: &mut Host) -> Result<Spawned, RunnerError> {
        let tried = self.try_spawn(key, host);
        if tried.is_err() {
            self.limits.release(key);
        }
        let report = match tried {
            Ok(leader) => Report::Spawned {
                pid: leader.pid,
                started_ms: boot::wall_ms(),
            },
            Err(Refusal::DiskFull) => return Ok(Spawned::DiskFull),
            Err(Refusal::Failed(message)) => Report::SpawnFailed { message },
            Err(Refusal::StartedBefore) => {
                // The machine never asks twice, so only a damaged journal or folder leads here.
                let work = Work::Look(Boot::Same);
                let Key { process, run } = key;
                self.look(Effect { process, run, work }, host)?;
                return Ok(Spawned::Settled);
            }
        };
        self.report(key, report);
        Ok(Spawned::Settled)
    }

    fn try_spawn(&mut self, key: Key, host: &Host) -> Result<Identity, Refusal> {
        let job = self.files.job()?;
        let missing = || Refusal::Failed("the plan has no such process".to_string());
        let process = job.task.processes.get(key.process).ok_or_else(missing)?;
        let command = self.facts.command(process, &host.bash)?;
        let arguments: Vec<&OsStr> = command.arguments.iter().map(OsString::as_os_str).collect();
        let mut environment = self.environment.clone();
        environment.extend(self.facts.wanted(process)?);
        environment.extend(self.facts.own(&process.name, key.run));
        environment.extend(self.facts.profile());

        let path = self.folder.run_file(&process.name, key.run);
        if let Some(folder) = path.parent() {
            make_folder(folder)?;
        }
        let logger = self.files.logger(key.process);
        let Ends {
            stdout,
            stderr,
            copier,
        } = self
            .outputs
            .open(key, logger, &self.files.order, &self.folder, &process.name)?;
        fault::point("outputs-open");
        // In a folder where the role is at work a copier of ours could be led astray.
        let role = self.files.order.role.as_ref();
        let given = role.filter(|_| copier.is_none());
        let logs = self.folder.logs(&process.name, key.run);
        role::give_outputs(given, &self.folder, &logs)?;
        let role = role.map(RoleOrder::role);
        copier.into_iter().for_each(|pid| self.runs.add_aide(pid));
        let (group, doors) = self.limits.begin(key).map_err(limits::refusal)?;
        fault::point("group-made");
        let run_file = RunFile::claim(&path, key.run, host.boot)?;
        fault::point("runner-claimed");
        let heritage = group.as_ref().and_then(RunGroup::heritage);
        run_file.record_group(place(key), heritage)?;
        let sandbox = self.folder.sandbox();
        let launch = Launch {
            program: &command.program,
            arguments: &arguments,
            environment: &environment,
            directory: &sandbox,
            stdout,
            stderr,
            descriptor_limit: host.descriptor_limit,
            boot: host.boot,
            leftover_wait: self.runs.leftover_wait(),
            doors: &doors,
            role: role.as_ref(),
        };
        let running = match spawn(&launch, &run_file, host.guard()) {
            Ok(running) => running,
            // The child could not record itself: the run may be tried again.
            Err(error) if error.is_disk_full() => return Err(Refusal::DiskFull),
            Err(error) => {
                run_file.record_failed_start(error.error_number())?;
                return Err(Refusal::Failed(error.to_string()));
            }
        };
        fault::point("runner-started");
        if let Err(error) = role::give_output_folder(given, &logs) {
            log(&error.to_string());
        }
        let marker = self.facts.marker(&process.name, key.run);
        self.runs
            .add(key, running, Origin::Started, &marker, run_file, group);
        fault::point("runner-kept");
        Ok(running.leader)
    }
}

pub(super) enum Spawned {
    /// Started or refused; reported either way.
    Settled,
    /// To be tried again.
    DiskFull,
}

/// Why a run was not started.
pub(in crate::serve) enum Refusal {
    DiskFull,
    StartedBefore,
    Failed(String),
}

impl From<PathError> for Refusal {
    fn from(error: PathError) -> Self {
        if error.is_disk_full() {
            Self::DiskFull
        } else {
            Self::Failed(error.to_string())
        }
    }
}

impl From<ClaimError> for Refusal {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Path(error) => error.into(),
            ClaimError::Taken { .. } => Self::StartedBefore,
        }
    }
}

impl From<RunnerError> for Refusal {
    fn from(error: RunnerError) -> Self {
        Self::Failed(error.to_string())
    }
}
