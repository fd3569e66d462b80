//! `aur signal`

use aur_render::clean;
use aur_runner::{Answer, Progress, Reach};
use aur_terminal::{Failure, plural};

use crate::documents::SignalSent;
use crate::errors::runner_failure;
use crate::tasks::{ProcessArg, shown_id};
use crate::{Context, Outcome, signals};

/// Send a signal to a process of a task: to the process that was started, or to all that is alive of its
/// run
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aur signal @last/nginx HUP\n  aur signal hello-0-2026/worker USR1 --tree\n\n\
    The signal is sent once, also if there was no runner: one is started for it. A process that ends by\n\
    the signal counts as any that ended by itself: FAILED, by its signal."
)]
pub(crate) struct Args {
    /// The process: TASK/PROCESS, where TASK is an id, the beginning of one, or `@last`
    target: String,
    /// The signal: `HUP`, `SIGUSR1`, or a number
    #[arg(value_parser = signals::parse)]
    signal: i32,
    /// Send it to everything that is alive of the run, not only to the process that was started
    #[arg(long)]
    tree: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let ProcessArg {
        folder,
        state,
        process,
    } = context.process(&args.target)?;
    let not_running = || {
        Failure::new(format!(
            "process `{}` of the task {} does not run",
            clean(&process),
            shown_id(&folder)
        ))
        .exit_with(5)
    };
    if state.progress == Progress::Over {
        return Err(not_running());
    }
    let reach = match args.tree {
        true => Reach::Tree,
        false => Reach::Leader,
    };
    let fail = |error| runner_failure("cannot send the signal", &error);
    let name = aur_runner::request_signal(&folder, &process, args.signal, reach).map_err(fail)?;
    let answer = super::run::answer_to(&folder, &state, &name)?;
    let pids = match answer {
        Some(Answer::Sent(pids)) => pids,
        Some(Answer::NotRunning | Answer::Accepted | Answer::Unchanged(_)) => return Err(not_running()),
        None => {
            return Err(
                Failure::new(format!("the runner of {} does not answer", shown_id(&folder)))
                    .help("the signal is sent when it does; see runner.log in the folder of the task")
                    .exit_with(6),
            );
        }
    };
    let text = if context.is_json {
        let sent = SignalSent {
            task_id: folder.id().to_string_lossy().into_owned(),
            process,
            signal: args.signal,
            pids,
        };
        serde_json::to_string(&sent).unwrap_or_default()
    } else {
        let numbers: Vec<String> = pids.iter().map(u32::to_string).collect();
        format!(
            "sent {} to {} of {}/{}: {}",
            signals::name(args.signal),
            plural(pids.len() as u64, "process"),
            shown_id(&folder),
            clean(&process),
            numbers.join(", ")
        )
    };
    context.terminal.print(format!("{text}\n"))?;
    Ok(0)
}
