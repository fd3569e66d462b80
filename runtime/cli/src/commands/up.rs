//! `aur up`

use std::path::PathBuf;

use aur_ir::Plan;
use aur_machine::TaskView;
use aur_runner::{Inheritance, Ports, Prepared, Progress, RunAs, State, TaskFolder, Wanted};
use aur_terminal::{Failure, InputArgs};

use super::resume;
use crate::documents::{Did, TaskDone};
use crate::errors::runner_failure;
use crate::logger::LoggerArgs;
use crate::tasks::tell_done;
use crate::{Context, Outcome, programs, readiness};

/// Run all instances of all jobs of a program, detached
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aur up fleet.aur\n  aur up fleet.aur prod/web -E version=1.4\n  aur down fleet.aur\n\n\
    What runs already is left alone, what has no runner goes on, what is over is started anew. A job that\n\
    runs from another version of the program is refused: `aur down` first."
)]
pub(crate) struct Args {
    /// The program or compiled plan; `-` is the standard input
    file: PathBuf,
    /// Only this job: its key or the last components of it
    job: Option<String>,
    #[command(flatten)]
    inputs: InputArgs,
    #[command(flatten)]
    logger: LoggerArgs,
    /// Give processes the environment of this command, instead of a clean one
    #[arg(long)]
    inherit_env: bool,
    /// Run processes as the roles of their jobs, which only root can do
    #[arg(long)]
    as_role: bool,
    /// The folder of the program's project, instead of the nearest one with `aur.toml` or `.git`
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let Some(plan) = programs::load(
        &args.file,
        args.project.as_deref(),
        &args.inputs,
        &context.terminal,
    )?
    else {
        return Ok(1);
    };
    let jobs = programs::select(&plan, args.job.as_deref())?;
    for job in &jobs {
        readiness::refuse_unseen(&plan, *job, &args.logger.chosen())?;
    }
    let live = live_tasks(context)?;
    let mut done = Vec::new();
    for job in jobs {
        let instances = plan.jobs.get(job).map_or(0, |job| job.instances.max(1));
        for instance in 0..instances {
            done.push(up(args, context, &plan, job, instance, &live)?);
        }
    }
    tell_done(context, &done)?;
    super::gc::run_by_itself(context);
    let is_refused = done.iter().any(|one| one.did == Did::Refused);
    Ok(if is_refused { 5 } else { 0 })
}

/// A task that is not over.
pub(super) struct Live {
    pub(super) folder: TaskFolder,
    pub(super) state: State,
    pub(super) view: TaskView,
}

impl Live {
    fn is(&self, job_key: &str, instance: u32) -> bool {
        self.view.job_key == job_key && self.view.instance == instance
    }
}

/// The tasks that are not over; those that cannot be read are left out.
pub(super) fn live_tasks(context: &Context) -> Result<Vec<Live>, Failure> {
    let root = context.state_root()?;
    let folders =
        aur_runner::list(&root).map_err(|error| Failure::new("cannot list the tasks").because(error))?;
    let read = |folder: TaskFolder| {
        let state = State::read(&folder).ok()?;
        let view = state.view()?;
        (state.progress != Progress::Over).then_some(Live { folder, state, view })
    };
    Ok(folders.into_iter().filter_map(read).collect())
}

fn up(
    args: &Args,
    context: &Context,
    plan: &Plan,
    job: usize,
    instance: u32,
    live: &[Live],
) -> Result<TaskDone, Failure> {
    let key = plan.jobs.get(job).map_or("", |job| job.key.as_str());
    let Some(found) = live.iter().find(|live| live.is(key, instance)) else {
        return start(args, context, plan, job, instance);
    };
    let digest = found
        .state
        .task
        .header()
        .map_or("", |header| header.plan_digest.as_str());
    if digest == plan.digest {
        return Ok(resume::resume(&found.folder, &found.state, &found.view));
    }
    Ok(TaskDone {
        task_id: Some(found.view.task_id.clone()),
        job_key: key.to_string(),
        instance,
        did: Did::Refused,
        state: Some(found.view.state),
        message: Some("it runs from another version of the program; end it first: `aur down`".to_string()),
    })
}

fn start(
    args: &Args,
    context: &Context,
    plan: &Plan,
    job: usize,
    instance: u32,
) -> Result<TaskDone, Failure> {
    let root = context.state_root()?;
    let (logger, ports) = (args.logger.chosen(), Ports::new());
    let wanted = Wanted {
        plan,
        job,
        instance,
        grace_ms: None,
        environment: match args.inherit_env {
            true => Inheritance::Inherit,
            false => Inheritance::Clean,
        },
        logger: &logger,
        overflow: args.logger.overflow(),
        ports: &ports,
        run_as: if args.as_role { RunAs::Role } else { RunAs::Caller },
    };
    let job = plan.jobs.get(job);
    let name = job.map_or("task", |job| job.name.as_str());
    let id = aur_runner::new_task_id(name, instance)
        .map_err(|error| Failure::new("cannot make a task id").because(error))?;
    let prepared = aur_runner::prepare(&root, &id, &wanted)
        .map_err(|error| runner_failure(&format!("cannot run `{name}`, instance {instance}"), &error))?;
    let (Prepared::Created(folder) | Prepared::Unfinished(folder) | Prepared::Finished(folder)) = prepared;
    super::run::start_runner(&folder)?;
    let view = resume::read(&folder)?.view();
    Ok(TaskDone {
        task_id: Some(id),
        job_key: job.map(|job| job.key.clone()).unwrap_or_default(),
        instance,
        did: Did::Started,
        state: view.map(|view| view.state),
        message: None,
    })
}
