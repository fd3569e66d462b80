//! `aur top`

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aur_machine::{RunView, State};
use aur_render::clean;
use aur_runner::{Load, LoadTable, Own, last_lines};
use aur_terminal::Failure;

use super::up::{Live, live_tasks};
use crate::documents::TopRow;
use crate::live::cut;
use crate::{Context, Outcome, duration, show};

/// The time between two looks, from which the use of processors follows.
const BETWEEN_LOOKS: Duration = Duration::from_millis(300);
/// Bytes of a log that are read for its last line.
const TAIL_BYTES: u64 = 4 << 10;
/// Columns of a last line.
const LONGEST_LINE: usize = 60;
/// How often the table is shown anew on a terminal.
const REFRESH: Duration = Duration::from_secs(2);

/// Show what runs and what it uses: a table that goes on, on a terminal, or else one table
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aur top\n  aur top hello-0-2026 web-0-2026\n  aur top --once\n  aur top --json\n\n\
    CPU counts cores: 1.0 is one core. RAM counts for each process what is in memory of it. Ctrl-C ends it."
)]
pub(crate) struct Args {
    /// Only these tasks: ids, the beginnings of ids, or `@last` for the newest
    tasks: Vec<String>,
    /// Show one table, on a terminal too
    #[arg(long)]
    once: bool,
}

/// Names a run over several looks.
type Key = (String, String, u32);

/// What was used at one moment.
struct Look {
    at: Instant,
    loads: BTreeMap<Key, Seen>,
}

/// What was seen of a run.
struct Seen {
    load: Load,
    running_ms: u64,
    ready: bool,
    stopping: bool,
    last_line: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let is_live =
        context.terminal.is_out_terminal && !context.is_json && !args.once && !context.terminal.is_dumb;
    let mut before = look(args, context)?;
    std::thread::sleep(BETWEEN_LOOKS);
    let mut drawn = 0;
    loop {
        let now = look(args, context)?;
        let rows = rows(&before, &now);
        if context.is_json {
            let text = serde_json::to_string(&rows).unwrap_or_default();
            context.terminal.print(format!("{text}\n"))?;
            return Ok(0);
        }
        let window = is_live.then(aur_runner::window_size).flatten();
        let table = table(&rows, show::Paint::new(context.terminal.out), window);
        let erase = match drawn {
            0 => String::new(),
            lines => format!("\x1b[{lines}A\x1b[J"),
        };
        context.terminal.print(format!("{erase}{table}"))?;
        if !is_live {
            return Ok(0);
        }
        drawn = table.lines().count();
        before = now;
        std::thread::sleep(REFRESH);
    }
}

fn look(args: &Args, context: &Context) -> Result<Look, Failure> {
    let mut tasks = live_tasks(context)?;
    if !args.tasks.is_empty() {
        let wanted = args.tasks.iter().map(|task| context.task_folder(task));
        let wanted = wanted.collect::<Result<Vec<_>, _>>()?;
        tasks.retain(|task| wanted.contains(&task.folder));
    }
    let processes =
        LoadTable::take().map_err(|error| Failure::new("cannot see what is used").because(error))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    let mut loads = BTreeMap::new();
    for Live { view, state, .. } in &tasks {
        for process in &view.processes {
            for run in process.runs.iter().filter(|run| run.state == State::Running) {
                let key = (view.task_id.clone(), process.name.clone(), run.run);
                let age = run.started_ms.map_or(0, |at| now_ms.saturating_sub(at));
                let seen = Seen {
                    load: load_of(&processes, run),
                    running_ms: age,
                    ready: process.ready,
                    stopping: process.stopping,
                    last_line: last_line(state, &process.name, run.run),
                };
                loads.insert(key, seen);
            }
        }
    }
    Ok(Look {
        at: Instant::now(),
        loads,
    })
}

/// The last line of what a run printed, if it is kept in a file.
fn last_line(state: &aur_runner::State, process: &str, run: u32) -> Option<String> {
    let bytes = last_lines(&state.logs(process, run).stdout, 1, TAIL_BYTES).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.trim_end();
    (!line.is_empty()).then(|| line.to_string())
}

/// All of a run is below its guard; without one, most of it is below its first process.
fn load_of(processes: &LoadTable, run: &RunView) -> Load {
    match (run.guard_pid, run.pid) {
        (Some(guard), _) => processes.of(guard, Own::IsLeftOut),
        (None, Some(pid)) => processes.of(pid, Own::Counts),
        (None, None) => Load::default(),
    }
}

fn rows(before: &Look, now: &Look) -> Vec<TopRow> {
    let time = now.at.duration_since(before.at).as_secs_f64();
    let row = |(key, seen): (&Key, &Seen)| {
        let (task_id, process, run) = key.clone();
        let load = seen.load;
        let cpu = before.loads.get(key).filter(|_| time > 0.0).map(|earlier| {
            let used = load.cpu.saturating_sub(earlier.load.cpu).as_secs_f64();
            (used / time * 100.0).round() / 100.0
        });
        TopRow {
            task_id,
            process,
            run,
            state: State::Running,
            ready: seen.ready,
            stopping: seen.stopping,
            pids: load.pids,
            cpu,
            cpu_seconds: load.cpu.as_secs_f64(),
            ram_bytes: load.ram_bytes,
            running_ms: seen.running_ms,
            last_line: seen.last_line.clone(),
        }
    };
    let mut rows: Vec<TopRow> = now.loads.iter().map(row).collect();
    // Who uses most stands first; equal ones keep the order of their names.
    rows.sort_by(|a, b| b.cpu.unwrap_or(0.0).total_cmp(&a.cpu.unwrap_or(0.0)));
    rows
}

/// Where a run stands, in a word.
fn state(row: &TopRow) -> String {
    match (row.stopping, row.ready) {
        (true, _) => "STOPPING".to_string(),
        (false, true) => "READY".to_string(),
        (false, false) => show::word(row.state),
    }
}

/// The last line, as far as there is room in a table.
fn last(row: &TopRow) -> String {
    let mut line = clean(row.last_line.as_deref().unwrap_or_default()).into_owned();
    cut(&mut line, LONGEST_LINE);
    line
}

fn table(rows: &[TopRow], paint: show::Paint, window: Option<aur_runner::Window>) -> String {
    let width = |of: fn(&TopRow) -> &str, least: usize| {
        let widths = rows.iter().map(|row| clean(of(row)).chars().count());
        widths.max().unwrap_or(0).clamp(least, 40)
    };
    let (task_width, process_width) = (width(|row| &row.task_id, 4), width(|row| &row.process, 7));
    let mut lines = vec![format!(
        "{:<task_width$}  {:<process_width$}  {:>4}  {:<8}  {:>5}  {:>6}  {:>8}  {:>8}  {:>8}  {}",
        "TASK", "PROCESS", "RUN", "STATE", "PIDS", "CPU", "CPU TIME", "RAM", "RUNS FOR", "LAST LINE"
    )];
    for row in rows {
        let cpu = row.cpu.map_or_else(|| "-".to_string(), |cpu| format!("{cpu:.2}"));
        let cpu_ms = Duration::try_from_secs_f64(row.cpu_seconds)
            .unwrap_or_default()
            .as_millis();
        lines.push(format!(
            "{:<task_width$}  {:<process_width$}  {:>4}  {:<8}  {:>5}  {cpu:>6}  {:>8}  {:>8}  {:>8}  {}",
            clean(&row.task_id),
            clean(&row.process),
            row.run,
            state(row),
            row.pids,
            duration::show(u64::try_from(cpu_ms).unwrap_or(u64::MAX)),
            show::bytes(row.ram_bytes),
            duration::show(row.running_ms),
            last(row)
        ));
    }
    lines
        .iter_mut()
        .for_each(|line| line.truncate(line.trim_end().len()));
    if let Some(window) = window {
        let most = window.rows.saturating_sub(2).max(2);
        if lines.len() > most {
            let more = lines.len() - most + 1;
            lines.truncate(most - 1);
            lines.push(format!("and {more} more"));
        }
        lines
            .iter_mut()
            .for_each(|line| cut(line, window.columns.saturating_sub(1)));
    }
    let mut out = String::new();
    for (place, line) in lines.iter().enumerate() {
        let _ = match place {
            0 => writeln!(out, "{}", paint.bold(line)),
            _ => writeln!(out, "{line}"),
        };
    }
    out
}
