//! The lines at the bottom of a terminal that show what runs, redrawn in place.

use std::fmt::Write;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aur_machine::{ProcessView, State, TaskView};
use aur_render::clean;
use aur_runner::{Follower, Window, last_lines};

use crate::duration;
use crate::show::{Paint, word};

/// Nothing is drawn for a task that ends before this.
const FIRST_DRAW: Duration = Duration::from_millis(300);
/// How often the lines are drawn anew at most, while things happen.
const SOONEST: Duration = Duration::from_millis(200);
/// How often they are drawn anew while nothing happens: times go on.
const LATEST: Duration = Duration::from_secs(1);
/// Most processes that have a line of their own.
const MOST_LINES: usize = 20;
/// Bytes of a log that are read for its last line.
const TAIL_BYTES: u64 = 4 << 10;

/// The lines, and when they are due.
pub(crate) struct Live {
    paint: Paint,
    /// How many lines stand on the terminal.
    drawn: usize,
    due: Instant,
}

impl Live {
    pub(crate) fn new(paint: Paint) -> Self {
        Self {
            paint,
            drawn: 0,
            due: Instant::now() + FIRST_DRAW,
        }
    }

    /// How long until the lines are due.
    pub(crate) fn wait(&self) -> Duration {
        self.due.saturating_duration_since(Instant::now())
    }

    /// What takes the lines off the terminal.
    pub(crate) fn erase(&mut self) -> String {
        match std::mem::take(&mut self.drawn) {
            0 => String::new(),
            lines => format!("\x1b[{lines}A\x1b[J"),
        }
    }

    /// Has the lines drawn soon, as they were taken off, or something happened.
    pub(crate) fn hurry(&mut self) {
        self.due = self.due.min(Instant::now() + SOONEST);
    }

    /// What replaces the lines on the terminal, if they are due.
    pub(crate) fn draw(&mut self, follower: &Follower) -> Option<String> {
        if Instant::now() < self.due {
            return None;
        }
        self.due = Instant::now() + LATEST;
        let view = follower.view()?;
        let window = aur_runner::window_size().unwrap_or(Window {
            columns: 80,
            rows: 24,
        });
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let lines = lines(&view, window, now_ms, |process, run| {
            let bytes = last_lines(&follower.logs(process, run).stdout, 1, TAIL_BYTES);
            clean(String::from_utf8_lossy(&bytes.unwrap_or_default()).trim_end()).into_owned()
        });
        let mut text = self.erase();
        for line in &lines {
            let _ = writeln!(text, "{}", self.paint.dim(line));
        }
        self.drawn = lines.len();
        Some(text)
    }
}

/// The lines for a window: what runs, what waits to run again, and the count of the rest.
fn lines(
    view: &TaskView,
    window: Window,
    now_ms: u64,
    last_line: impl Fn(&str, u32) -> String,
) -> Vec<String> {
    let is_shown = |process: &&ProcessView| {
        matches!(process.state, State::Forked | State::Running) || process.not_before_ms.is_some()
    };
    let most = MOST_LINES.min(window.rows.saturating_sub(3)).max(1);
    let names = view.processes.iter().filter(is_shown).take(most);
    let width = crate::show::name_width(names.map(|process| process.name.as_str()));
    let mut lines: Vec<String> = view
        .processes
        .iter()
        .filter(is_shown)
        .take(most)
        .map(|process| line(process, width, now_ms, &last_line))
        .collect();
    let shown = view.processes.iter().filter(is_shown).count();
    let count = |state: State| {
        view.processes
            .iter()
            .filter(|process| process.state == state)
            .count()
    };
    let counts = [
        (shown - lines.len(), "more at work"),
        (
            view.processes
                .iter()
                .filter(|process| process.state == State::Waiting && process.not_before_ms.is_none())
                .count(),
            "waiting",
        ),
        (count(State::Success), "succeeded"),
        (count(State::Failed) + count(State::Lost), "failed"),
        (count(State::Killed), "killed"),
    ];
    let words: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if !words.is_empty() {
        lines.push(format!("  {}", words.join(", ")));
    }
    for line in &mut lines {
        cut(line, window.columns.saturating_sub(1));
    }
    lines
}

fn line(process: &ProcessView, width: usize, now_ms: u64, last_line: impl Fn(&str, u32) -> String) -> String {
    let name = clean(&process.name);
    let state = match process.stopping {
        true => "STOPPING".to_string(),
        false => word(process.state),
    };
    let run = process.runs.last();
    let number = run.map_or(0, |run| run.run);
    if let Some(at) = process.not_before_ms {
        let wait = duration::show(at.saturating_sub(now_ms));
        return format!("  {name:<width$}  {state:<8}  run {} in {wait}", number + 1);
    }
    let time = run
        .and_then(|run| run.started_ms)
        .map(|at| duration::show(now_ms.saturating_sub(at)));
    let last = run
        .map(|run| last_line(&process.name, run.run))
        .unwrap_or_default();
    format!(
        "  {name:<width$}  {state:<8}  run {number}  {:>7}  {last}",
        time.unwrap_or_default()
    )
}

/// Cuts a line to a number of columns; whatever is not ASCII may take two of them.
pub(crate) fn cut(line: &mut String, columns: usize) {
    let mut used = 0;
    let end = line.char_indices().find(|(_, c)| {
        used += if c.is_ascii() { 1 } else { 2 };
        used > columns
    });
    if let Some((end, _)) = end {
        line.truncate(end);
    }
    line.truncate(line.trim_end().len());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(name: &str, state: &str, more: &str) -> String {
        format!(
            r#"{{"name":"{name}","state":"{state}","ready":false,"source":null{more},"runs":[{{"run":2,"state":"{state}",
            "pid":1,"guard_pid":null,"started_ms":1000,"finished_ms":null,"exit":null,"reason":null}}]}}"#
        )
    }

    fn shown(processes: &[String], columns: usize, rows: usize) -> String {
        let json = format!(
            r#"{{"task_id":"t","job_key":"c/r/e/n","instance":0,"attempt":0,"runner_pid":1,"state":"ACTIVE",
            "reason":null,"processes":[{}],"usage":null,"isolation":null}}"#,
            processes.join(",")
        );
        let view: TaskView = serde_json::from_str(&json).unwrap();
        let last = |_: &str, run: u32| format!("last line of run {run}");
        lines(&view, Window { columns, rows }, 3_500, last).join("\n")
    }

    #[test]
    fn what_is_at_work_has_a_line_and_the_rest_is_counted() {
        let processes = [
            process("build", "RUNNING", ""),
            process("serve", "RUNNING", r#","stopping":true"#),
            process("retry", "WAITING", r#","not_before_ms":8000"#),
            process("later", "WAITING", ""),
            process("done", "SUCCESS", ""),
            process("bad", "FAILED", ""),
        ];
        insta::assert_snapshot!(shown(&processes, 80, 24), @"
        build  RUNNING   run 2     2.5s  last line of run 2
        serve  STOPPING  run 2     2.5s  last line of run 2
        retry  WAITING   run 3 in 4.5s
        1 waiting, 1 succeeded, 1 failed
        ");
        insta::assert_snapshot!(shown(&processes, 32, 4), @"
        build  RUNNING   run 2     2.
        2 more at work, 1 waiting, 1
        ");
        assert_eq!(shown(&[], 80, 24), "");
    }

    #[test]
    fn wide_characters_do_not_break_a_line() {
        let mut line = "ab\u{6f22}\u{5b57}cd".to_string();
        cut(&mut line, 5);
        assert_eq!(line, "ab\u{6f22}");
    }
}
