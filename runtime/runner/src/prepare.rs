//! Making a task ready to be run: its folder with plan, journal and sandbox, or the one that exists.

use std::path::Path;

use aur_host::copier::Overflow;
use aur_host::folder::{LifeFolder, TaskFolder, is_task_id, make_folder, write_new};
use aur_host::journal::{Journal, Safety};
use aur_host::{account, boot, folder, lock, sandbox};
use aur_ir as ir;
use aur_machine as machine;
use aur_machine::{Attempts, Change, Fact, Header, Spec, Time};

use crate::environment::{Facts, find_bash};
use crate::error::{Difference, SpecError};
use crate::files::{self, Inheritance, ORDER_VERSION, Order, Progress, TaskFiles};
use crate::role::{self, RoleOrder, RunAs};
use crate::serve::{Check, HealthCheck};
use crate::{Ports, RunnerError, State, ports};

/// What is to be run.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The compiled plan.
    pub plan: &'a ir::Plan,
    /// Which of its jobs, from 0.
    pub job: usize,
    /// Which instance of the job, from 0.
    pub instance: u32,
    /// The budget for ending, milliseconds; `None` for the plan's.
    pub grace_ms: Option<u64>,
    /// What environment the processes get.
    pub environment: Inheritance,
    /// Where output goes, for processes that do not say so themselves.
    pub logger: &'a ir::Logger,
    /// What happens to output that a copier cannot keep up with.
    pub overflow: Overflow,
    /// Ports that are to have these numbers; the others get free ones.
    pub ports: &'a Ports,
    /// Whom processes run as.
    pub run_as: RunAs,
}

/// A task that is ready to be run, or has been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// It is new.
    Created(TaskFolder),
    /// It exists, is the same, and has not ended: a runner goes on with it.
    Unfinished(TaskFolder),
    /// It exists, is the same, and has ended: nothing is to be run.
    Finished(TaskFolder),
}

/// Makes the folder of a task, durably, or finds it.
///
/// Everything that can be known to fail is checked before anything is created: bash, the rules of the
/// plan, runtime names without a value.
///
/// # Errors
/// The task cannot be run, cannot be created, is another one, or a runner has it.
pub fn prepare(root: &Path, task_id: &str, wanted: &Wanted<'_>) -> Result<Prepared, RunnerError> {
    if !is_task_id(task_id) {
        return Err(RunnerError::TaskId {
            id: task_id.to_string(),
        });
    }
    let folder = TaskFolder::of(root, task_id);
    if folder.exists()? {
        return find(&folder, wanted);
    }
    let job = check(&folder, task_id, wanted)?;
    let role = role::take(wanted.run_as, &job.role, root)?;
    let given = ports::give(root, task_id, job, &ports::follow(job, wanted.ports)?)?;
    let created = folder.create(|draft| fill(draft, task_id, wanted, job, &given.ports, role.as_ref()))?;
    drop(given);
    if role.is_some() {
        role::open_way(root)?;
    }
    match created {
        true => Ok(Prepared::Created(folder)),
        // Someone else created it in the meantime.
        false => find(&folder, wanted),
    }
}

fn check<'a>(folder: &TaskFolder, task_id: &str, wanted: &Wanted<'a>) -> Result<&'a ir::Job, RunnerError> {
    let bash = find_bash()?;
    Spec::from_plan(wanted.plan, wanted.job).map_err(SpecError)?;
    let no_job = || SpecError(machine::SpecError::NoJob { job: wanted.job });
    let job = wanted.plan.jobs.get(wanted.job).ok_or_else(no_job)?;
    if wanted.instance >= job.instances.max(1) {
        return Err(RunnerError::NoInstance {
            instance: wanted.instance,
            instances: job.instances,
        });
    }
    let sandbox = folder.life(0).sandbox();
    // Any number will do to see that every name has one.
    let ports = job.ports.iter().map(|name| (name.clone(), 0)).collect();
    let id = task_id.to_string();
    let facts = Facts::new(id, wanted.instance, 0, sandbox, String::new(), ports)?;
    for process in &job.task.processes {
        facts.command(process, &bash)?;
        facts.wanted(process)?;
        if let Some(probe) = &process.ready {
            Check::of(process, &probe.check, &facts)?;
        }
    }
    HealthCheck::of(job, &facts)?;
    Ok(job)
}

fn fill(
    draft: &TaskFolder,
    task_id: &str,
    wanted: &Wanted<'_>,
    job: &ir::Job,
    ports: &Ports,
    role: Option<&RoleOrder>,
) -> Result<(), RunnerError> {
    write_new(&draft.plan(), &wanted.plan.to_canonical_json())?;
    let order = Order {
        version: ORDER_VERSION,
        job: wanted.job,
        environment: wanted.environment,
        logger: wanted.logger.clone(),
        drops_output: wanted.overflow == Overflow::Drop,
        nonce: format!("{:016x}", boot::random()?),
        role: role.cloned(),
    };
    files::write_json(&draft.options(), &order)?;
    let header = Header {
        task_id: task_id.to_string(),
        job_key: job.key.clone(),
        plan_digest: wanted.plan.digest.clone(),
        instance: wanted.instance,
        attempt: 0,
        created_ms: boot::wall_ms(),
        grace_ms: wanted.grace_ms.unwrap_or(job.task.finalization_wait_ms),
        sandbox: "sandbox".to_string(),
        logs: "logs".to_string(),
        user: match role {
            Some(role) => role.name.clone(),
            None => account::own_name()?.to_string_lossy().into_owned(),
        },
        ports: ports.clone(),
    };
    fill_life(&draft.life(0), header, job, role)
}

/// Creates a further attempt at a task.
pub(crate) fn create_attempt(
    files: &TaskFiles,
    before: &Header,
    attempts: Attempts,
) -> Result<LifeFolder, RunnerError> {
    let attempt = attempts.attempt;
    let life = files.folder.life(attempt);
    let header = Header {
        attempt,
        created_ms: boot::wall_ms(),
        sandbox: format!("attempts/{attempt}/sandbox"),
        logs: format!("attempts/{attempt}/logs"),
        ..before.clone()
    };
    let job = files.job()?;
    life.create(|draft| {
        files::write_json(&draft.attempt(), &attempts)?;
        fill_life(draft, header, job, files.order.role.as_ref())
    })?;
    if files.order.role.is_some() {
        folder::let_pass(&files.folder.attempts())?;
    }
    Ok(life)
}

fn fill_life(
    draft: &LifeFolder,
    header: Header,
    job: &ir::Job,
    role: Option<&RoleOrder>,
) -> Result<(), RunnerError> {
    let folder = draft.sandbox();
    make_folder(&folder)?;
    let files = job.task.files.iter();
    sandbox::write_files(
        &folder,
        files.map(|(path, content)| (path.as_str(), content.as_bytes())),
    )?;
    role::give_life(role, draft)?;
    let created = Change {
        at: Time::ZERO,
        wall_ms: header.created_ms,
        fact: Fact::Created(header),
    };
    let mut journal = Journal::create(&draft.journal())?;
    journal.append(&machine::encode(&created))?;
    journal.commit(Safety::Durable)?;
    Ok(())
}

/// Compares the task that exists with the one that is wanted.
fn find(folder: &TaskFolder, wanted: &Wanted<'_>) -> Result<Prepared, RunnerError> {
    let state = State::read(folder)?;
    if let Some(difference) = difference(&state, wanted) {
        return Err(RunnerError::Different {
            id: folder.id().to_string_lossy().into_owned(),
            difference,
        });
    }
    if state.progress == Progress::Over {
        return Ok(Prepared::Finished(folder.clone()));
    }
    match lock::holder(&folder.lock(), boot::BootId::current()?)? {
        Some(holder) => Err(RunnerError::Held {
            pid: Some(holder.identity.pid),
        }),
        None => Ok(Prepared::Unfinished(folder.clone())),
    }
}

fn difference(state: &State, wanted: &Wanted<'_>) -> Option<Difference> {
    let header = state.task.header()?;
    let job_key = wanted
        .plan
        .jobs
        .get(wanted.job)
        .map_or("", |job| job.key.as_str());
    if header.plan_digest != wanted.plan.digest {
        Some(Difference::Plan {
            found: header.plan_digest.clone(),
            wanted: wanted.plan.digest.clone(),
        })
    } else if header.job_key != job_key {
        Some(Difference::Job {
            found: header.job_key.clone(),
            wanted: job_key.to_string(),
        })
    } else if header.instance != wanted.instance {
        Some(Difference::Instance {
            found: header.instance,
            wanted: wanted.instance,
        })
    } else {
        port_difference(state, wanted)
    }
}

/// A port that was asked for with another number than it has. A name that is unknown is none.
fn port_difference(state: &State, wanted: &Wanted<'_>) -> Option<Difference> {
    let job = wanted.plan.jobs.get(wanted.job)?;
    let header = state.task.header()?;
    let asked = ports::follow(job, wanted.ports).ok()?;
    asked.into_iter().find_map(|(name, wanted)| {
        let found = header.ports.get(&name).copied()?;
        (found != wanted).then_some(Difference::Port { name, found, wanted })
    })
}
