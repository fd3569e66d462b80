//! `aur logs`

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aur_machine::TaskView;
use aur_runner::{Followed, Follower, LogReader, Signals, State, TaskFolder};
use aur_terminal::Failure;

use crate::errors::runner_failure;
use crate::tasks::check_process;
use crate::{Context, Outcome};

/// Bytes that are read at one time, and that a line without an end may have.
const CHUNK: u64 = 64 << 10;

/// Print what the processes of a task wrote
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aur logs @last\n  aur logs @last hello_world --stderr\n  aur logs @last server -f --run 2"
)]
pub(crate) struct Args {
    /// The task: its id, the beginning of one, or `@last` for the newest
    #[arg(default_value = "@last")]
    task: String,
    /// The process; without one, all of them, each line with the name of its process
    process: Option<String>,
    /// Go on printing until the task ends
    #[arg(short, long)]
    follow: bool,
    /// The run, counted from 0 [default: the last one]
    #[arg(long, value_name = "N")]
    run: Option<u32>,
    /// The error output instead of the standard output
    #[arg(long)]
    stderr: bool,
    /// Print control characters as they are, on a terminal too
    #[arg(long)]
    raw: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    if context.is_json {
        return Err(Failure::new(
            "logs are the bytes that a process wrote: there is no JSON form of them",
        ));
    }
    let (folder, state) = context.task(&args.task)?;
    check(args, &state)?;
    let mut printer = Printer::new(args, context.terminal.is_out_terminal && !args.raw);
    if args.follow && !follow(&folder, &mut printer)? {
        return Ok(0);
    }
    let state = State::read(&folder).map_err(|error| runner_failure("cannot read the task", &error))?;
    printer.print(&state)?;
    printer.finish()?;
    Ok(0)
}

/// Prints until the task is over; `false` when nobody reads any more.
fn follow(folder: &TaskFolder, printer: &mut Printer<'_>) -> Result<bool, Failure> {
    let fail = |error| runner_failure("cannot follow the task", &error);
    let mut follower = Follower::open(folder, Signals::None).map_err(fail)?;
    loop {
        let state = State::read(folder).map_err(fail)?;
        if !printer.print(&state)? {
            return Ok(false);
        }
        if !printer.unwatched.is_empty() {
            // What was written before the watch began is read in the next round.
            for path in printer.unwatched.drain(..) {
                follower.watch_log(&path);
            }
            continue;
        }
        match follower.next(None).map_err(fail)? {
            Followed::Over | Followed::RunnerGone => return Ok(true),
            Followed::Event(_)
            | Followed::DiskFull
            | Followed::Asked(_)
            | Followed::LogChanged
            | Followed::TimedOut => {}
        }
    }
}

/// Says at once that a process or run does not exist.
fn check(args: &Args, state: &State) -> Result<(), Failure> {
    let Some(name) = &args.process else {
        return check_run(args, state);
    };
    let Some(view) = state.view() else { return Ok(()) };
    let Some(process) = view.processes.iter().find(|process| process.name == *name) else {
        return check_process(state, name);
    };
    let last = process.runs.last().map(|run| run.run);
    match (args.run, last) {
        (Some(run), Some(last)) if run > last => Err(Failure::new(format!(
            "`{name}` has no run {run}: the last one is {last}"
        ))),
        (Some(_), None) if !args.follow => Err(Failure::new(format!("`{name}` has not been run yet"))),
        _ => Ok(()),
    }
}

/// Says at once that no process was run so often.
fn check_run(args: &Args, state: &State) -> Result<(), Failure> {
    let (Some(wanted), Some(view)) = (args.run, state.view()) else {
        return Ok(());
    };
    let last = view
        .processes
        .iter()
        .flat_map(|process| &process.runs)
        .map(|run| run.run)
        .max();
    if args.follow || last.is_some_and(|last| wanted <= last) {
        return Ok(());
    }
    Err(Failure::new(format!("no process of the task has a run {wanted}"))
        .help("runs are counted from 0; `aur status` shows how many there are"))
}

/// A log that is being printed, and its unfinished line.
struct Reading {
    log: LogReader,
    rest: Vec<u8>,
}

impl Reading {
    fn new(path: &Path) -> Self {
        Self {
            log: LogReader::new(path.to_path_buf()),
            rest: Vec::new(),
        }
    }
}

struct Printer<'a> {
    args: &'a Args,
    is_cleaned: bool,
    width: usize,
    /// Logs that were found since the last round.
    unwatched: Vec<PathBuf>,
    readings: BTreeMap<(String, PathBuf), Reading>,
}

impl<'a> Printer<'a> {
    fn new(args: &'a Args, is_cleaned: bool) -> Self {
        Self {
            args,
            is_cleaned,
            width: 0,
            unwatched: Vec::new(),
            readings: BTreeMap::new(),
        }
    }

    /// Prints what was added since the last call; `false` when nobody reads any more.
    fn print(&mut self, state: &State) -> Result<bool, Failure> {
        let Some(view) = state.view() else { return Ok(true) };
        self.width = crate::show::name_width(view.processes.iter().map(|process| process.name.as_str()));
        for (name, run) in self.wanted(&view) {
            let logs = state.logs(&name, run);
            let path = if self.args.stderr {
                logs.stderr
            } else {
                logs.stdout
            };
            if !self.print_file(&name, &path)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn wanted(&self, view: &TaskView) -> Vec<(String, u32)> {
        let is_wanted = |name: &str| self.args.process.as_deref().is_none_or(|wanted| wanted == name);
        view.processes
            .iter()
            .filter(|process| is_wanted(&process.name))
            .flat_map(|process| {
                let runs = process.runs.iter().map(|run| run.run);
                let last = process.runs.last().map(|run| run.run);
                let chosen: Vec<u32> = match (self.args.run, self.args.follow) {
                    (Some(run), _) => vec![run],
                    (None, true) => runs.collect(),
                    (None, false) => last.into_iter().collect(),
                };
                chosen.into_iter().map(|run| (process.name.clone(), run))
            })
            .collect()
    }

    fn print_file(&mut self, name: &str, path: &Path) -> Result<bool, Failure> {
        let key = (name.to_string(), path.to_path_buf());
        let mut reading = match self.readings.remove(&key) {
            Some(reading) => reading,
            None if !path.parent().is_some_and(Path::exists) => return Ok(true),
            None => {
                self.unwatched.push(path.to_path_buf());
                Reading::new(path)
            }
        };
        loop {
            let bytes = reading
                .log
                .read(CHUNK)
                .map_err(|error| Failure::new("cannot read the log").because(error))?;
            if bytes.is_empty() {
                break;
            }
            if !self.write(name, &mut reading, &bytes)? {
                return Ok(false);
            }
        }
        self.readings.insert(key, reading);
        Ok(true)
    }

    /// Bytes as they are where one process goes to a program; whole lines otherwise.
    fn write(&self, name: &str, reading: &mut Reading, bytes: &[u8]) -> Result<bool, Failure> {
        if self.args.process.is_some() && !self.is_cleaned {
            return out(bytes);
        }
        reading.rest.extend_from_slice(bytes);
        let end = match reading.rest.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => end + 1,
            // A line without an end does not fill the memory.
            None if reading.rest.len() as u64 >= CHUNK => reading.rest.len(),
            None => return Ok(true),
        };
        let lines: Vec<u8> = reading.rest.drain(..end).collect();
        out(&self.lines(name, &lines))
    }

    fn lines(&self, name: &str, bytes: &[u8]) -> Vec<u8> {
        let mut text = Vec::with_capacity(bytes.len() + 64);
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.args.process.is_none() {
                let name = aur_render::clean(name);
                text.extend_from_slice(format!("{name:<width$} | ", width = self.width).as_bytes());
            }
            let (content, end) = match line.strip_suffix(b"\n") {
                Some(content) => (content, true),
                None => (line, false),
            };
            if self.is_cleaned {
                text.extend_from_slice(aur_render::clean(&String::from_utf8_lossy(content)).as_bytes());
            } else {
                text.extend_from_slice(content);
            }
            if end || self.args.process.is_none() {
                text.push(b'\n');
            }
        }
        text
    }

    /// Prints what is left of lines that never ended.
    fn finish(&mut self) -> Result<(), Failure> {
        for ((name, _), reading) in std::mem::take(&mut self.readings) {
            if !reading.rest.is_empty() {
                out(&self.lines(&name, &reading.rest))?;
            }
        }
        Ok(())
    }
}

/// Writes to the standard output; `false` when nobody reads any more.
fn out(bytes: &[u8]) -> Result<bool, Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::unwritable("to the standard output", &error)),
    }
}
