//! `aur explain`

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use aur_machine::Source;
use aur_render::clean;
use aur_terminal::Failure;

use crate::documents::{Cause, Explanation};
use crate::explain::explain;
use crate::tasks::check_process;
use crate::{Context, Outcome, show};

/// Say why a task or a process waits, runs, failed or was killed, and which line of the program decided it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aur explain @last\n  aur explain hello-0-2026/fetch\n  aur explain @last/fetch --json"
)]
pub(crate) struct Args {
    /// The task, or a process of it: TASK or TASK/PROCESS, where TASK is an id, the beginning of one, or
    /// `@last` for the newest
    #[arg(default_value = "@last")]
    target: String,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let (task, process) = match args.target.split_once('/') {
        Some((task, process)) => (task, Some(process)),
        None => (args.target.as_str(), None),
    };
    let (_, state) = context.task(task)?;
    if let Some(process) = process {
        check_process(&state, process)?;
    }
    let view = state
        .view()
        .ok_or_else(|| Failure::new("the task has no records yet"))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    let explanation = explain(&state, &view, process, now_ms);
    let text = if context.is_json {
        format!("{}\n", serde_json::to_string(&explanation).unwrap_or_default())
    } else {
        text(
            &explanation,
            process.is_some(),
            show::Paint::new(context.terminal.out),
        )
    };
    context.terminal.print(text)?;
    Ok(0)
}

fn text(explanation: &Explanation, is_one: bool, paint: show::Paint) -> String {
    let mut out = String::new();
    if !is_one {
        let id = paint.bold(&clean(&explanation.task_id));
        let _ = writeln!(
            out,
            "task {id}  {}",
            paint.state(&show::word(explanation.state), 0)
        );
        push(&mut out, &explanation.because);
    }
    for process in &explanation.processes {
        let name = paint.bold(&clean(&process.name));
        let _ = writeln!(out, "{name}  {}", paint.state(&show::word(process.state), 0));
        push(&mut out, &process.because);
        if let (true, Some(source)) = (is_one, &process.source) {
            let _ = writeln!(out, "  defined at {}", place(source));
        }
    }
    out
}

fn push(out: &mut String, causes: &[Cause]) {
    for cause in causes {
        let _ = match &cause.source {
            Some(source) => writeln!(out, "  {}  ({})", clean(&cause.text), place(source)),
            None => writeln!(out, "  {}", clean(&cause.text)),
        };
    }
}

fn place(source: &Source) -> String {
    format!("{}:{}:{}", clean(&source.file), source.line, source.column)
}
