//! `aur ps`

use std::fmt::Write;

use aur_machine::TaskView;
use aur_render::clean;
use aur_runner::{State, TaskFolder};
use aur_terminal::plural;

use crate::{Context, Outcome, show, tasks};

/// List tasks, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  aur ps\n  aur ps -a\n  aur ps -a --json")]
pub(crate) struct Args {
    /// List finished tasks too
    #[arg(short, long)]
    all: bool,
}

/// A task, or why it cannot be read.
type Row = (TaskFolder, Result<(TaskView, bool), String>);

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let root = context.state_root()?;
    let folders = aur_runner::list(&root).map_err(|error| {
        aur_terminal::Failure::new("cannot list the tasks")
            .because(error)
            .help("is this the state folder? see `--root`")
    })?;
    let rows: Vec<Row> = folders.into_iter().filter_map(read).collect();
    let is_shown = |row: &&Row| {
        args.all || !matches!(&row.1, Ok((view, _)) if aur_machine::exit_code(view.state).is_some())
    };
    let shown: Vec<&Row> = rows.iter().filter(is_shown).collect();
    if context.is_json {
        let views: Vec<&TaskView> = shown
            .iter()
            .filter_map(|row| row.1.as_ref().ok().map(|(view, _)| view))
            .collect();
        let text = serde_json::to_string(&views).unwrap_or_default();
        context.terminal.print(format!("{text}\n"))?;
        return Ok(0);
    }
    context
        .terminal
        .print(table(&shown, show::Paint::new(context.terminal.out)))?;
    let hidden = rows.len() - shown.len();
    if hidden > 0 {
        context.terminal.tell(&format!(
            "{} not shown: `aur ps -a`\n",
            plural(hidden as u64, "finished task")
        ));
    } else if rows.is_empty() {
        context
            .terminal
            .tell("there are no tasks; `aur run FILE` makes one\n");
    }
    Ok(0)
}

fn read(folder: TaskFolder) -> Option<Row> {
    match State::read(&folder) {
        Ok(state) => {
            let view = state.view()?;
            let has_runner = state.runner_pid.is_some();
            Some((folder, Ok((view, has_runner))))
        }
        Err(error) => Some((folder, Err(error.to_string()))),
    }
}

fn table(rows: &[&Row], paint: show::Paint) -> String {
    let mut out = String::new();
    if rows.is_empty() {
        return out;
    }
    let width = rows
        .iter()
        .map(|row| tasks::shown_id(&row.0).chars().count())
        .max()
        .unwrap_or(0)
        .max(4);
    let _ = writeln!(
        out,
        "{}",
        paint.bold(&format!(
            "{:<width$}  {:<10}  {:<9}  JOB",
            "TASK", "STATE", "PROCESSES"
        ))
    );
    for (folder, state) in rows {
        let id = tasks::shown_id(folder);
        let line = match state {
            Ok((view, has_runner)) => {
                let done = view
                    .processes
                    .iter()
                    .filter(|process| process.state == aur_machine::State::Success)
                    .count();
                let is_orphan = !has_runner && aur_machine::exit_code(view.state).is_none();
                let note = if is_orphan { "  (no runner)" } else { "" };
                let count = format!("{done}/{}", view.processes.len());
                format!(
                    "{id:<width$}  {:<10}  {count:<9}  {}{note}",
                    show::word(view.state),
                    clean(&view.job_key)
                )
            }
            Err(error) => format!("{id:<width$}  {:<10}  {}", "?", clean(error)),
        };
        let _ = writeln!(out, "{line}");
    }
    out
}
