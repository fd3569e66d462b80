//! Tasks as text: progress lines, the closing table, and what to say about a failed run.

use std::fmt::Write;

use aur_machine::{
    Exit, ProcessView, Reason, RunView, State as RunState, TaskEvent, TaskEventKind, TaskReason, TaskState,
    TaskView, Verdict,
};
use aur_render::{Color, Look, clean};
use aur_runner::{State, last_lines};

use crate::console::dropped_note;
use crate::live::cut;
use crate::{duration, signals, usage};

/// Lines of the error output that are shown of a failed run.
const ERROR_LINES: usize = 10;
/// Bytes of a log that are read for the summary.
const TAIL_BYTES: u64 = 16 << 10;
/// Columns for the last line of output in a row, at most.
const LAST_COLUMNS: usize = 62;
/// Failed processes that are shown in full.
const MOST_FAILURES: usize = 5;
/// Rows of a table before the quiet ones are left out.
const MOST_ROWS: usize = 40;

/// Words with colour where the stream has it.
#[derive(Clone, Copy)]
pub(crate) struct Paint(Look);

impl Paint {
    pub(crate) fn new(look: Look) -> Self {
        Self(look)
    }

    fn styled(self, text: &str, code: &str) -> String {
        match self.0.color {
            Color::Ansi => format!("\x1b[{code}m{text}\x1b[0m"),
            Color::Plain => text.to_string(),
        }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.styled(text, "1")
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.styled(text, "2")
    }

    /// A state in its colour; `width` pads it.
    pub(crate) fn state(self, word: &str, width: usize) -> String {
        let code = match word {
            "SUCCESS" => "32",
            "FAILED" | "LOST" => "31",
            "KILLED" => "33",
            _ => "36",
        };
        self.styled(&format!("{word:<width$}"), code)
    }
}

/// The word of a state, as the contract writes it.
pub(crate) fn word(state: impl serde::Serialize) -> String {
    match serde_json::to_value(state) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(_) | Err(_) => String::new(),
    }
}

/// Writes a size for people: `512 B`, `1.5 KB`, `20 MB`.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let name = UNITS.get(unit).unwrap_or(&"");
    match unit {
        0 => format!("{bytes} {name}"),
        _ if value < 10.0 => format!("{value:.1} {name}"),
        _ => format!("{value:.0} {name}"),
    }
}

/// One line for what happened; nothing for what a person need not know.
pub(crate) fn event_line(event: &TaskEvent, width: usize, paint: Paint) -> Option<String> {
    let line = |process: &str, text: String| Some(format!("  {:<width$}  {text}", clean(process)));
    match &event.kind {
        TaskEventKind::TaskCreated {
            job_key,
            instance,
            attempt,
        } => {
            let attempt = if *attempt > 0 {
                format!(", attempt {attempt}")
            } else {
                String::new()
            };
            let id = paint.bold(&clean(&event.task_id));
            Some(format!(
                "task {id}  {} instance {instance}{attempt}",
                clean(job_key)
            ))
        }
        TaskEventKind::ProcessRunning {
            process, run, pid, ..
        } => {
            let run = if *run > 0 {
                format!("run {run}, ")
            } else {
                String::new()
            };
            line(process, paint.dim(&format!("started ({run}pid {pid})")))
        }
        TaskEventKind::ProcessFinished {
            process,
            run,
            state,
            reason,
            exit,
            not_before_ms,
            message,
            ..
        } => {
            let mut text = paint.state(&state.to_string(), 0);
            let _ = write!(text, " {}", clean(&ending(*reason, *exit, message.as_deref())));
            if *run > 0 {
                let _ = write!(text, " (run {run})");
            }
            if let Some(at) = not_before_ms {
                let _ = write!(
                    text,
                    "; runs again in {}",
                    duration::show(at.saturating_sub(event.time_ms))
                );
            }
            line(process, text)
        }
        TaskEventKind::ProcessStopping { process, .. } => {
            line(process, paint.dim("is asked to end (SIGTERM)"))
        }
        TaskEventKind::ProcessKilling { process, .. } => line(process, paint.dim("is killed (SIGKILL)")),
        TaskEventKind::ProcessReady { process, .. } => line(process, paint.dim("is ready")),
        TaskEventKind::ProcessControlled {
            process,
            verb,
            unchanged,
            ..
        } => {
            let asked = format!("was asked to {}", word(verb));
            let effect = unchanged.map_or("", |_| ", which changes nothing");
            line(process, paint.dim(&format!("{asked}{effect}")))
        }
        TaskEventKind::TaskHealth { health, message } => {
            let why = message.as_deref().map(|why| format!(": {}", clean(why)));
            Some(format!("  health is {}{}", word(health), why.unwrap_or_default()))
        }
        TaskEventKind::RunnerStarted { isolation, .. } => usage::note(isolation.as_ref()),
        TaskEventKind::ProcessForked { .. }
        | TaskEventKind::TaskCleaning { .. }
        | TaskEventKind::TaskHurried {}
        | TaskEventKind::TaskFinalizing {}
        | TaskEventKind::TaskFinished { .. } => None,
    }
}

/// Whether the live lines say the same: what starts, ends well, or is asked to end.
pub(crate) fn is_shown_live(event: &TaskEvent) -> bool {
    match &event.kind {
        TaskEventKind::ProcessFinished { state, .. } => *state == Verdict::Success,
        TaskEventKind::ProcessRunning { .. }
        | TaskEventKind::ProcessStopping { .. }
        | TaskEventKind::ProcessKilling { .. } => true,
        TaskEventKind::TaskCreated { .. }
        | TaskEventKind::RunnerStarted { .. }
        | TaskEventKind::ProcessForked { .. }
        | TaskEventKind::ProcessReady { .. }
        | TaskEventKind::ProcessControlled { .. }
        | TaskEventKind::TaskHealth { .. }
        | TaskEventKind::TaskCleaning { .. }
        | TaskEventKind::TaskHurried {}
        | TaskEventKind::TaskFinalizing {}
        | TaskEventKind::TaskFinished { .. } => false,
    }
}

/// How a run ended, in words.
pub(crate) fn ending(reason: Reason, exit: Option<Exit>, message: Option<&str>) -> String {
    let status = match exit {
        Some(Exit::Code(code)) => exit_words(code),
        Some(Exit::Signal(signal)) => signal_words(signal),
        None => String::new(),
    };
    match reason {
        Reason::Exit | Reason::Signal => status,
        Reason::Killed if status.is_empty() => "ended on request".to_string(),
        Reason::Killed => format!("ended on request, {status}"),
        Reason::StartError => format!("could not be started: {}", message.unwrap_or("no reason known")),
        Reason::Oom | Reason::Disk | Reason::Lost if message.is_some() => {
            message.unwrap_or_default().to_string()
        }
        Reason::Lost => "nobody saw how it ended".to_string(),
        Reason::Oom => "used more memory than it may".to_string(),
        Reason::Disk => "used more disk than it may".to_string(),
        Reason::Timeout => "ran longer than it may".to_string(),
        Reason::NotReady => "did not become ready in time".to_string(),
        Reason::Unhealthy => "was judged unhealthy".to_string(),
    }
}

fn exit_words(code: i32) -> String {
    let note = match code {
        126 => " (bash: the command cannot be executed)",
        127 => " (bash: command not found)",
        129..=192 => return format!("exit code {code} (bash: {})", signal_words(code - 128)),
        _ => "",
    };
    format!("exit code {code}{note}")
}

fn signal_words(signal: i32) -> String {
    match signals::name(signal) {
        name if name.starts_with("SIG") => format!("signal {signal}, {name}"),
        name => name,
    }
}

/// The width that the names of processes need, within reason.
pub(crate) fn name_width<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names
        .map(|name| clean(name).chars().count())
        .max()
        .unwrap_or(0)
        .clamp(4, 32)
}

/// How a task stands or ended: the line, the table, and each failure with its place and last lines.
pub(crate) fn summary(state: &State, view: &TaskView, paint: Paint) -> String {
    let mut out = failures(state, view, paint);
    let _ = writeln!(out, "{}", headline(state, view, paint));
    if !view.ports.is_empty() {
        let ports = view
            .ports
            .iter()
            .map(|(name, number)| format!("{} {number}", clean(name)));
        let _ = writeln!(out, "  ports: {}", ports.collect::<Vec<_>>().join(", "));
    }
    out.push_str(&table(state, view, paint));
    out
}

fn headline(state: &State, view: &TaskView, paint: Paint) -> String {
    let id = paint.bold(&clean(&view.task_id));
    let mut line = format!("task {id}  {}", paint.state(&word(view.state), 0));
    let why = view.reason.map(|reason| match reason {
        TaskReason::Complete => "",
        TaskReason::Failures => "too many processes failed",
        TaskReason::Stuck => "what is left waits for a process that failed",
        TaskReason::Disk => "it used more disk than it may",
        TaskReason::Stopped => "stopped on request",
        TaskReason::Unhealthy => "it is unhealthy",
    });
    if let Some(why) = why.filter(|why| !why.is_empty()) {
        let _ = write!(line, ": {why}");
    }
    if !is_over(view.state) {
        match state.runner_pid {
            Some(pid) => {
                let _ = write!(line, "  (runner {pid})");
            }
            None => line.push_str("  (no runner: `aur run --task-id` goes on with it)"),
        }
        if state.is_disk_full {
            line.push_str("  (the state disk is full: nothing new starts)");
        }
    }
    line
}

fn is_over(state: TaskState) -> bool {
    aur_machine::exit_code(state).is_some()
}

fn table(state: &State, view: &TaskView, paint: Paint) -> String {
    let width = name_width(view.processes.iter().map(|process| process.name.as_str()));
    let mut out = String::new();
    let is_long = view.processes.len() > MOST_ROWS;
    let mut left_out: Vec<&ProcessView> = Vec::new();
    for (index, process) in view.processes.iter().enumerate() {
        let is_quiet = matches!(process.state, RunState::Success | RunState::Waiting);
        if is_long && is_quiet && index >= MOST_ROWS / 2 {
            left_out.push(process);
            continue;
        }
        out.push_str(&row(state, process, width, paint));
    }
    if !left_out.is_empty() {
        let succeeded = left_out
            .iter()
            .filter(|process| process.state == RunState::Success)
            .count();
        let waiting = left_out.len() - succeeded;
        let _ = writeln!(
            out,
            "  {}",
            paint.dim(&format!("and {succeeded} more SUCCESS, {waiting} WAITING"))
        );
    }
    out
}

fn row(state: &State, process: &ProcessView, width: usize, paint: Paint) -> String {
    let name = clean(&process.name);
    let word = if process.stopping {
        "STOPPING".to_string()
    } else {
        word(process.state)
    };
    let runs = match process.runs.last() {
        None => "-".to_string(),
        Some(last) if last.run == 0 => "1 run".to_string(),
        Some(last) => format!("{} runs", last.run + 1),
    };
    let time = process.runs.last().map(run_time).unwrap_or_default();
    let last = process
        .runs
        .last()
        .map(|run| last_output(state, &process.name, run, LAST_COLUMNS.min(left_columns(width))))
        .unwrap_or_default();
    let line = format!(
        "  {name:<width$}  {}  {runs:<7}  {time:>7}  {}",
        paint.state(&word, 8),
        paint.dim(&last)
    );
    let mut row = format!("{}\n", line.trim_end());
    for run in &process.runs {
        if let Some(note) = dropped_note(&state.dropped(&process.name, run.run)) {
            let _ = writeln!(row, "  {:<width$}  run {}: {note}", "", run.run);
        }
    }
    row
}

fn run_time(run: &RunView) -> String {
    match (run.started_ms, run.finished_ms) {
        (Some(started), Some(finished)) => duration::show(finished.saturating_sub(started)),
        _ => String::new(),
    }
}

/// Columns that a row leaves for the last line of output; plenty where there is no terminal.
fn left_columns(name_width: usize) -> usize {
    let others = 2 + name_width + 2 + 8 + 2 + 7 + 2 + 7 + 2;
    aur_runner::window_size().map_or(LAST_COLUMNS, |window| window.columns.saturating_sub(others + 1))
}

/// The last line a run wrote, cut to a part of the row.
fn last_output(state: &State, process: &str, run: &RunView, columns: usize) -> String {
    let logs = state.logs(process, run.run);
    let bytes = last_lines(&logs.stdout, 1, TAIL_BYTES).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let mut line = clean(text.trim_end()).into_owned();
    let length = line.len();
    cut(&mut line, columns);
    if line.len() < length {
        cut(&mut line, columns.saturating_sub(2));
        line.push_str("..");
    }
    line
}

/// What each failed process left behind: how it ended, where it was written, the end of its error output.
fn failures(state: &State, view: &TaskView, paint: Paint) -> String {
    let mut out = String::new();
    let failed: Vec<&ProcessView> = view
        .processes
        .iter()
        .filter(|process| matches!(process.state, RunState::Failed | RunState::Lost))
        .collect();
    for process in failed.iter().take(MOST_FAILURES) {
        let Some(run) = process.runs.last() else { continue };
        if !out.is_empty() {
            out.push('\n');
        }
        let how = run
            .reason
            .map(|reason| ending(reason, run.exit, run.message.as_deref()))
            .unwrap_or_default();
        let _ = writeln!(
            out,
            "{} {}: {} in run {}",
            paint.bold(&clean(&process.name)),
            paint.state(&word(process.state), 0),
            clean(&how),
            run.run
        );
        if let Some(source) = &process.source {
            let _ = writeln!(
                out,
                "  defined at {}:{}:{}",
                clean(&source.file),
                source.line,
                source.column
            );
        }
        let logs = state.logs(&process.name, run.run);
        let (path, lines) = error_lines(&logs.stderr, &logs.stdout);
        let _ = writeln!(out, "  log {}", clean(&path.display().to_string()));
        for line in lines.lines() {
            let _ = writeln!(out, "  {} {}", paint.dim("|"), clean(line));
        }
        if let Some(hint) = hint(run) {
            let _ = writeln!(out, "  {hint}");
        }
    }
    if failed.len() > MOST_FAILURES {
        let _ = writeln!(
            out,
            "\nand {} more failed processes",
            failed.len() - MOST_FAILURES
        );
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// What often helps with an exit code.
fn hint(run: &RunView) -> Option<&'static str> {
    match run.exit {
        Some(Exit::Code(126 | 127)) => Some(
            "help: processes get a clean environment with a fixed PATH; name the program by its full path, or run with --inherit-env",
        ),
        Some(Exit::Code(_) | Exit::Signal(_)) | None => None,
    }
}

/// The end of the error output; that of the standard output where there is none.
fn error_lines<'a>(
    stderr: &'a std::path::Path,
    stdout: &'a std::path::Path,
) -> (&'a std::path::Path, String) {
    let read = |path| {
        let bytes = last_lines(path, ERROR_LINES, TAIL_BYTES).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let text = read(stderr);
    if text.trim().is_empty() {
        (stdout, read(stdout))
    } else {
        (stderr, text)
    }
}
