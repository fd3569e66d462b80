//! `aur run`

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use aur_ir::Plan;
use aur_runner::{Answer, Inheritance, Prepared, Progress, RequestName, RunAs, State, TaskFolder, Wanted};
use aur_terminal::{Failure, InputArgs};

use crate::attached::{OnSignal, attach, report_again};
use crate::errors::{name_failure, runner_failure};
use crate::logger::LoggerArgs;
use crate::tasks::shown_id;
use crate::{Context, Outcome, duration, local, ports, programs, readiness};

/// How often a runner that is to answer is looked for, and how long each time.
const ANSWER_LOOKS: u32 = 20;
const ANSWER_LOOK: Duration = Duration::from_millis(500);

/// Run one instance of a job on this machine, to its end
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aur run hello.aur\n  aur run fleet.aur prod/web --instance 2 -E version=1.4\n  \
    aurc compile hello.aur -o plan.json && aur run plan.json --detach\n  aur run --task-id hello-0-20260102-030405-abcd"
)]
pub(crate) struct Args {
    /// The program or compiled plan; `-` is the standard input. Can be left out with the --task-id of
    /// an existing task
    #[arg(required_unless_present = "task_id")]
    file: Option<PathBuf>,
    /// The job: its key or the last components of it. Needed where there are several
    job: Option<String>,
    #[command(flatten)]
    inputs: InputArgs,
    /// Which instance of the job, counted from 0 [default: 0]
    #[arg(long, value_name = "N")]
    instance: Option<u32>,
    /// The number of a port that the job uses; the others get free ones
    #[arg(short = 'P', long = "port", value_name = "NAME:NUMBER", value_parser = ports::parse)]
    ports: Vec<(String, u16)>,
    #[command(flatten)]
    logger: LoggerArgs,
    /// The id of the task; that of an unfinished task goes on with it
    #[arg(long, value_name = "ID")]
    task_id: Option<String>,
    /// Print the id of the task and leave it running
    #[arg(short, long)]
    detach: bool,
    /// Print what would run, and run nothing
    #[arg(long)]
    dry_run: bool,
    /// The time for ending the task, instead of its `finalization_wait`
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    grace: Option<u64>,
    /// Give processes the environment of this command, instead of a clean one
    #[arg(long)]
    inherit_env: bool,
    /// Run processes as the role of the job, which only root can do
    #[arg(long)]
    as_role: bool,
    /// Take the task over from a runner that has it
    #[arg(long, requires = "task_id")]
    force: bool,
    /// The folder of the program's project, instead of the nearest one with `aur.toml` or `.git`
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let Some(file) = &args.file else {
        return go_on(args, context);
    };
    let Some(plan) = programs::load(file, args.project.as_deref(), &args.inputs, &context.terminal)? else {
        return Ok(1);
    };
    let job = aur_terminal::select_job(&plan, args.job.as_deref())?;
    if args.dry_run {
        context.terminal.print(local::dry_run(
            &plan,
            job,
            args.instance.unwrap_or(0),
            &ports::by_name(&args.ports)?,
            context.is_json,
        ))?;
        return Ok(0);
    }
    if let Some(note) = local::without_meaning(&plan, job) {
        context.terminal.tell(&format!("note: {note}\n"));
    }
    readiness::refuse_unseen(&plan, job, &args.logger.chosen())?;
    let folder = match prepare(args, context, &plan, job)? {
        Prepared::Finished(folder) => return report_again(context, &folder),
        Prepared::Created(folder) | Prepared::Unfinished(folder) => folder,
    };
    let outcome = run_task(args, context, &folder);
    super::gc::run_by_itself(context);
    outcome
}

/// Goes on with an existing task, by its id alone.
fn go_on(args: &Args, context: &Context) -> Outcome {
    let root = context.state_root()?;
    let folder = aur_runner::resolve(&root, args.task_id.as_deref().unwrap_or_default())
        .map_err(|error| name_failure(&error))?;
    let read = || State::read(&folder).map_err(|error| runner_failure("cannot go on with the task", &error));
    let state = read()?;
    if state.progress == Progress::Over {
        return report_again(context, &folder);
    }
    if state.runner_pid.is_some() {
        take_over(args, &folder)?;
    }
    run_task(args, context, &folder)
}

fn take_over(args: &Args, folder: &TaskFolder) -> Result<(), Failure> {
    if !args.force {
        return Err(
            Failure::new(format!("a runner has the task {} already", shown_id(folder)))
                .help("watch it with `aur status` or `aur logs -f`, or take it over with --force")
                .exit_with(5),
        );
    }
    aur_runner::take_over(folder).map_err(|error| runner_failure("cannot take the task over", &error))
}

fn prepare(args: &Args, context: &Context, plan: &Plan, job: usize) -> Result<Prepared, Failure> {
    let root = context.state_root()?;
    let ports = ports::by_name(&args.ports)?;
    let logger = args.logger.chosen();
    let wanted = Wanted {
        plan,
        job,
        instance: args.instance.unwrap_or(0),
        grace_ms: args.grace,
        environment: if args.inherit_env {
            Inheritance::Inherit
        } else {
            Inheritance::Clean
        },
        logger: &logger,
        overflow: args.logger.overflow(),
        ports: &ports,
        run_as: if args.as_role { RunAs::Role } else { RunAs::Caller },
    };
    let task_id = match &args.task_id {
        Some(id) => id.clone(),
        None => {
            let name = plan.jobs.get(job).map_or("task", |job| job.name.as_str());
            aur_runner::new_task_id(name, wanted.instance)
                .map_err(|error| Failure::new("cannot make a task id").because(error))?
        }
    };
    let attempt = || aur_runner::prepare(&root, &task_id, &wanted);
    let prepared = match attempt() {
        Err(aur_runner::RunnerError::Held { .. }) if args.force => {
            let folder = TaskFolder::of(&root, &task_id);
            take_over(args, &folder)?;
            attempt()
        }
        prepared => prepared,
    };
    prepared.map_err(|error| runner_failure("cannot run the task", &error))
}

/// Starts the detached runner of a task.
pub(crate) fn start_runner(folder: &TaskFolder) -> Result<(), Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::new("cannot find the program that is running").because(error))?;
    let arguments = [OsStr::new("runner"), folder.path().as_os_str()];
    aur_runner::start(folder, &program, &arguments)
        .map(|_| ())
        .map_err(|error| runner_failure("cannot start the task", &error))
}

/// Starts a runner for a task that nobody has; what was asked of it is carried out then.
pub(crate) fn ensure_runner(folder: &TaskFolder, state: &State) -> Result<(), Failure> {
    match state.runner_pid {
        Some(_) => Ok(()),
        None => start_runner(folder),
    }
}

/// Waits until a request is answered, and sees that there is a runner to do so: the one that was there a
/// moment ago may be dead. `None` if nobody answers in time.
pub(crate) fn answer_to(
    folder: &TaskFolder,
    state: &State,
    name: &RequestName,
) -> Result<Option<Answer>, Failure> {
    let fail = |error| runner_failure("cannot hear from the runner", &error);
    ensure_runner(folder, state)?;
    for _ in 0..ANSWER_LOOKS {
        if let Some(answer) = aur_runner::wait_for_answer(folder, name, ANSWER_LOOK).map_err(fail)? {
            return Ok(Some(answer));
        }
        let state = State::read(folder).map_err(fail)?;
        if state.progress == Progress::Over {
            return Ok(Some(Answer::NotRunning));
        }
        ensure_runner(folder, &state)?;
    }
    Ok(None)
}

fn run_task(args: &Args, context: &Context, folder: &TaskFolder) -> Outcome {
    if args.detach {
        start_runner(folder)?;
        let text = if context.is_json {
            view_json(folder)?
        } else {
            folder.id().to_string_lossy().into_owned()
        };
        context.terminal.print(format!("{text}\n"))?;
        return Ok(0);
    }
    let on_signal = OnSignal::Stop { grace_ms: args.grace };
    attach(context, folder, on_signal, || start_runner(folder))
}

fn view_json(folder: &TaskFolder) -> Result<String, Failure> {
    let state = State::read(folder).map_err(|error| runner_failure("cannot read the task", &error))?;
    Ok(state
        .view()
        .and_then(|view| serde_json::to_string(&view).ok())
        .unwrap_or_default())
}
