//! `aur run`

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};

use aur_ir::Plan;
use aur_machine::{TaskState, TaskView};
use aur_runner::{
    Asked, Followed, Follower, Inheritance, Prepared, Progress, Signals, State, StopRequest, TaskFolder,
    Wanted,
};
use aur_terminal::{Failure, InputArgs, Terminal};

use crate::console::Console;
use crate::errors::{name_failure, runner_failure};
use crate::logger::LoggerArgs;
use crate::tasks::shown_id;
use crate::{Context, Outcome, duration, local, ports, show};

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
    let Some(plan) = load(args, file, &context.terminal)? else {
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
    let folder = match prepare(args, context, &plan, job)? {
        Prepared::Finished(folder) => return report_again(context, &folder),
        Prepared::Created(folder) | Prepared::Unfinished(folder) => folder,
    };
    run_task(args, context, &folder)
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

/// Reads a plan, or compiles a program; `None` where the program has errors, which were told.
fn load(args: &Args, file: &Path, terminal: &Terminal) -> Result<Option<Plan>, Failure> {
    let is_stdin = file == Path::new("-");
    let content = if is_stdin {
        let mut content = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut content)
            .map_err(|error| Failure::new("cannot read the standard input").because(error))?;
        content
    } else {
        aur_disk::read_file(file)?
    };
    if looks_like_a_plan(&content) {
        return Plan::from_json(&content).map(Some).map_err(|error| {
            Failure::new(format!("cannot run {}", file.display()))
                .because(&error)
                .help("compile it again: `aurc compile FILE -o plan.json`")
                .exit_with(1)
        });
    }
    let root = args.project.as_deref();
    let project = if is_stdin {
        aur_disk::Project::with_text(content, None, root)?
    } else {
        aur_terminal::open(file, None, root)?
    };
    let given = args.inputs.given()?;
    let answer = aur_compiler::compile(&project, project.entry(), &given);
    aur_terminal::value_or_errors(&project, answer, terminal, false)
}

/// No program begins with a brace.
fn looks_like_a_plan(content: &[u8]) -> bool {
    content.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
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
    let fail = |error| runner_failure("cannot follow the task", &error);
    // Opened first, so that no signal is missed between the start and the first look.
    let mut follower = Follower::open(folder, Signals::Asking).map_err(fail)?;
    start_runner(folder)?;
    let mut attached = Attached {
        args,
        context,
        folder,
        asked: None,
        width: 4,
        is_gone: false,
    };
    attached.width = width_of(&mut follower).map_err(fail)?;
    let mut console = Console::new(&context.terminal, attached.width);
    loop {
        let followed = follower.next(None).map_err(fail)?;
        if let (Followed::Event(event), false) = (&followed, context.is_json) {
            console.take(&event.kind, &mut follower)?;
        }
        // What a process wrote comes before its end.
        console.print()?;
        if !attached.take(followed)? {
            break;
        }
    }
    console.finish()?;
    attached.finish(&follower)
}

fn width_of(follower: &mut Follower) -> Result<usize, aur_runner::RunnerError> {
    let state = follower.state()?;
    let names = state
        .plan
        .jobs
        .get(state.job)
        .map(|job| job.task.processes.as_slice())
        .unwrap_or_default();
    Ok(show::name_width(
        names.iter().map(|process| process.name.as_str()),
    ))
}

/// A terminal that follows a task.
struct Attached<'a> {
    args: &'a Args,
    context: &'a Context,
    folder: &'a TaskFolder,
    /// The first signal that asked us to end.
    asked: Option<Asked>,
    width: usize,
    /// Whether the runner died before the task ended.
    is_gone: bool,
}

impl Attached<'_> {
    /// Prints to whoever still reads: a terminal that was closed must not keep the task from its end.
    fn show(&self, text: &str) {
        let _ = self.context.terminal.print(text);
    }

    /// Takes one thing that happened; `false` at the end.
    fn take(&mut self, followed: Followed) -> Result<bool, Failure> {
        match followed {
            Followed::Event(event) => {
                if self.context.is_json {
                    let line = serde_json::to_string(&event).unwrap_or_default();
                    self.show(&format!("{line}\n"));
                } else if let Some(line) =
                    show::event_line(&event, self.width, show::Paint::new(self.context.terminal.out))
                {
                    self.show(&format!("{line}\n"));
                }
                Ok(true)
            }
            Followed::Asked(asked) => {
                self.stop(asked)?;
                Ok(true)
            }
            Followed::DiskFull => Err(
                Failure::new("the disk that holds the state of tasks is full").help(format!(
                    "processes run on, nothing new starts; make room and the task {} goes on by itself",
                    shown_id(self.folder)
                )),
            ),
            Followed::RunnerGone => {
                self.is_gone = true;
                Ok(false)
            }
            Followed::Over => Ok(false),
            Followed::LogChanged | Followed::TimedOut => Ok(true),
        }
    }

    /// The first signal is a graceful stop, a second interrupt kills.
    fn stop(&mut self, asked: Asked) -> Result<(), Failure> {
        let stop = match self.asked {
            None => {
                self.asked = Some(asked);
                if asked == Asked::Interrupt {
                    self.context
                        .terminal
                        .tell("ending the task; ctrl-C once more kills it\n");
                }
                StopRequest::Graceful {
                    grace_ms: self.args.grace,
                }
            }
            Some(_) => StopRequest::Now,
        };
        aur_runner::request_stop(self.folder, stop)
            .map_err(|error| runner_failure("cannot end the task", &error))
    }

    fn finish(&self, follower: &Follower) -> Outcome {
        let state = follower
            .state()
            .map_err(|error| runner_failure("cannot read the task", &error))?;
        let Some(view) = state.view() else { return Ok(2) };
        if !self.context.is_json {
            let paint = show::Paint::new(self.context.terminal.out);
            self.show(&format!("\n{}", show::summary(&state, &view, paint)));
            self.context.terminal.tell(&hints(&view));
        }
        if self.is_gone {
            return Err(Failure::new("the runner died; the processes it started run on")
                .help(format!(
                    "go on with the task: `aur run --task-id {}`",
                    shown_id(self.folder)
                ))
                .exit_with(6));
        }
        Ok(match self.asked {
            Some(Asked::Interrupt) => 130,
            Some(Asked::Terminate) => 143,
            Some(Asked::HangUp) => 129,
            None => exit_code(view.state),
        })
    }
}

/// What to look at next.
fn hints(view: &TaskView) -> String {
    match view.state {
        TaskState::Failed => format!(
            "`aur logs {}` shows all output\n",
            aur_render::clean(&view.task_id)
        ),
        TaskState::Active
        | TaskState::Cleaning
        | TaskState::Finalizing
        | TaskState::Success
        | TaskState::Killed
        | TaskState::Lost => String::new(),
    }
}

fn exit_code(state: TaskState) -> u8 {
    aur_machine::exit_code(state).unwrap_or(6)
}

/// The result of a task that ended before.
fn report_again(context: &Context, folder: &TaskFolder) -> Outcome {
    let state = State::read(folder).map_err(|error| runner_failure("cannot read the task", &error))?;
    let Some(view) = state.view() else { return Ok(2) };
    if context.is_json {
        let event = aur_machine::TaskEvent {
            task_id: view.task_id.clone(),
            time_ms: last_moment(&view),
            kind: aur_machine::TaskEventKind::TaskFinished {
                task: Box::new(view.clone()),
            },
        };
        let line = serde_json::to_string(&event).unwrap_or_default();
        context.terminal.print(format!("{line}\n"))?;
    } else {
        context.terminal.tell(&format!(
            "task {} is over already; nothing runs again\n",
            shown_id(folder)
        ));
        context.terminal.print(show::summary(
            &state,
            &view,
            show::Paint::new(context.terminal.out),
        ))?;
    }
    Ok(exit_code(view.state))
}

/// When the last run of a task ended, milliseconds since 1970.
fn last_moment(view: &TaskView) -> u64 {
    view.processes
        .iter()
        .flat_map(|process| &process.runs)
        .filter_map(|run| run.finished_ms)
        .max()
        .unwrap_or(0)
}

fn view_json(folder: &TaskFolder) -> Result<String, Failure> {
    let state = State::read(folder).map_err(|error| runner_failure("cannot read the task", &error))?;
    Ok(state
        .view()
        .and_then(|view| serde_json::to_string(&view).ok())
        .unwrap_or_default())
}
