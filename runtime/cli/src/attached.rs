//! A command that follows a task: shows what happens, and what the keyboard asks for.

use std::time::Duration;

use aur_machine::{TaskState, TaskView};
use aur_runner::{Asked, Followed, Follower, Signals, State, StopRequest, TaskFolder};
use aur_terminal::Failure;

use crate::console::Console;
use crate::errors::runner_failure;
use crate::live::Live;
use crate::tasks::shown_id;
use crate::{Context, Outcome, show, sizing};

/// What ctrl-C, SIGTERM and a closed terminal mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnSignal {
    /// The task is ended, with this budget instead of its own.
    Stop {
        /// Milliseconds.
        grace_ms: Option<u64>,
    },
    /// The task is left alone.
    Leave,
}

/// Begins to follow a task, has `start` start its runner, and shows what happens to the end.
pub(crate) fn attach(
    context: &Context,
    folder: &TaskFolder,
    on_signal: OnSignal,
    start: impl FnOnce() -> Result<(), Failure>,
) -> Outcome {
    let fail = |error| runner_failure("cannot follow the task", &error);
    // Opened first, so that no signal is missed between the start and the first look.
    let mut follower = Follower::open(folder, Signals::Asking).map_err(fail)?;
    start()?;
    let width = show::name_width(follower.processes());
    let is_live = context.terminal.is_out_terminal && !context.is_json && !context.terminal.is_dumb;
    let mut attached = Attached {
        context,
        folder,
        on_signal,
        asked: None,
        width,
        console: Console::new(width),
        live: is_live.then(|| Live::new(show::Paint::new(context.terminal.out))),
        is_gone: false,
        is_left: false,
    };
    loop {
        let followed = follower.next(attached.wait()).map_err(fail)?;
        if let (Followed::Event(event), false) = (&followed, context.is_json) {
            attached.console.take(&event.kind, &mut follower)?;
        }
        // What a process wrote comes before its end.
        attached.show_console()?;
        if !attached.take(followed)? {
            break;
        }
        attached.draw(&follower);
    }
    attached.finish(&follower)
}

/// A terminal that follows a task.
struct Attached<'a> {
    context: &'a Context,
    folder: &'a TaskFolder,
    on_signal: OnSignal,
    /// The first signal that asked us to end.
    asked: Option<Asked>,
    width: usize,
    console: Console,
    /// The lines at the bottom, on a terminal.
    live: Option<Live>,
    /// Whether the runner died before the task ended.
    is_gone: bool,
    /// Whether we go and the task stays.
    is_left: bool,
}

impl Attached<'_> {
    /// How long nothing is to be done if nothing happens.
    fn wait(&self) -> Option<Duration> {
        self.live.as_ref().map(Live::wait)
    }

    /// Prints to whoever still reads: a terminal that was closed must not keep the task from its end.
    fn show(&mut self, text: &str) {
        self.clear();
        let _ = self.context.terminal.print(text);
    }

    fn tell(&mut self, text: &str) {
        self.clear();
        self.context.terminal.tell(text);
    }

    /// Takes the live lines off the terminal.
    fn clear(&mut self) {
        if let Some(live) = &mut self.live {
            let text = live.erase();
            live.hurry();
            if !text.is_empty() {
                let _ = self.context.terminal.print(text);
            }
        }
    }

    fn draw(&mut self, follower: &Follower) {
        if let Some(text) = self.live.as_mut().and_then(|live| live.draw(follower)) {
            let _ = self.context.terminal.print(text);
        }
    }

    fn show_console(&mut self) -> Result<(), Failure> {
        let [out, error] = self.console.lines()?;
        if !out.is_empty() {
            self.show(&out);
        }
        if !error.is_empty() {
            self.tell(&error);
        }
        Ok(())
    }

    /// Takes one thing that happened; `false` at the end.
    fn take(&mut self, followed: Followed) -> Result<bool, Failure> {
        match followed {
            Followed::Event(event) => {
                let line = if self.context.is_json {
                    Some(serde_json::to_string(&event).unwrap_or_default())
                } else if self.live.is_some() && show::is_shown_live(&event) {
                    self.live.iter_mut().for_each(Live::hurry);
                    None
                } else {
                    show::event_line(&event, self.width, show::Paint::new(self.context.terminal.out))
                };
                if let Some(line) = line {
                    self.show(&format!("{line}\n"));
                }
                Ok(true)
            }
            Followed::Asked(asked) => self.heed(asked),
            Followed::DiskFull => {
                self.clear();
                Err(
                    Failure::new("the disk that holds the state of tasks is full").help(format!(
                        "processes run on, nothing new starts; make room and the task {} goes on by itself",
                        shown_id(self.folder)
                    )),
                )
            }
            Followed::RunnerGone => {
                self.is_gone = true;
                Ok(false)
            }
            Followed::Over => Ok(false),
            Followed::LogChanged | Followed::TimedOut => Ok(true),
        }
    }

    /// The first signal is a graceful stop, a second interrupt kills; or we go.
    fn heed(&mut self, asked: Asked) -> Result<bool, Failure> {
        let OnSignal::Stop { grace_ms } = self.on_signal else {
            self.asked = Some(asked);
            self.is_left = true;
            return Ok(false);
        };
        let stop = match self.asked {
            None => {
                self.asked = Some(asked);
                if asked == Asked::Interrupt {
                    self.tell("ending the task; ctrl-C once more kills it\n");
                }
                StopRequest::Graceful { grace_ms }
            }
            Some(_) => StopRequest::Now,
        };
        aur_runner::request_stop(self.folder, stop)
            .map_err(|error| runner_failure("cannot end the task", &error))?;
        Ok(true)
    }

    fn finish(&mut self, follower: &Follower) -> Outcome {
        let [out, error] = self.console.finish()?;
        self.show(&out);
        self.tell(&error);
        let asked_code = self.asked.map(|asked| match asked {
            Asked::Interrupt => 130,
            Asked::Terminate => 143,
            Asked::HangUp => 129,
        });
        if let (true, Some(code)) = (self.is_left, asked_code) {
            self.tell(&format!("the task {} runs on\n", shown_id(self.folder)));
            return Ok(code);
        }
        let state = follower
            .state()
            .map_err(|error| runner_failure("cannot read the task", &error))?;
        let Some(view) = state.view() else { return Ok(2) };
        if !self.context.is_json {
            let paint = show::Paint::new(self.context.terminal.out);
            self.show(&format!("\n{}", show::summary(&state, &view, paint)));
            self.context.terminal.tell(&hints(&view));
            if let Some(job) = state.plan.jobs.get(state.job) {
                self.context
                    .terminal
                    .tell(&sizing::hints(&view, &job.task.resources));
            }
        }
        if self.is_gone {
            return Err(Failure::new("the runner died; the processes it started run on")
                .help(format!(
                    "go on with the task: `aur run --task-id {}`",
                    shown_id(self.folder)
                ))
                .exit_with(6));
        }
        Ok(asked_code.unwrap_or_else(|| exit_code(view.state)))
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

pub(crate) fn exit_code(state: TaskState) -> u8 {
    aur_machine::exit_code(state).unwrap_or(6)
}

/// The result of a task that ended before.
pub(crate) fn report_again(context: &Context, folder: &TaskFolder) -> Outcome {
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
