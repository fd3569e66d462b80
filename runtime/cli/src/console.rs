//! The output of processes that goes to whoever watches the task.

use std::collections::BTreeMap;
use std::path::Path;

use aur_machine::TaskEventKind;
use aur_runner::{Follower, LogReader};
use aur_terminal::Failure;

/// Bytes that are read at one time, and that a line without an end may have.
const CHUNK: u64 = 64 << 10;

/// Where a line belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stream {
    Out,
    Error,
}

/// Prints what processes write to the console, line by line, with their names.
pub(crate) struct Console {
    width: usize,
    readings: BTreeMap<(String, u32, Stream), Reading>,
}

struct Reading {
    log: LogReader,
    rest: Vec<u8>,
}

impl Console {
    pub(crate) fn new(width: usize) -> Self {
        Self {
            width,
            readings: BTreeMap::new(),
        }
    }

    /// Takes in what happened: the output of runs that start is followed from then on.
    pub(crate) fn take(&mut self, event: &TaskEventKind, follower: &mut Follower) -> Result<(), Failure> {
        let TaskEventKind::ProcessRunning { process, run, .. } = event else {
            return Ok(());
        };
        let Some(files) = follower.console(process, *run) else {
            return Ok(());
        };
        for (stream, path) in [(Stream::Out, files.stdout), (Stream::Error, files.stderr)] {
            follower.watch_log(&path);
            let reading = Reading {
                log: LogReader::new(path),
                rest: Vec::new(),
            };
            self.readings.insert((process.clone(), *run, stream), reading);
        }
        Ok(())
    }

    /// Returns the whole lines that came since the last call: those for the output, those for the error
    /// output.
    pub(crate) fn lines(&mut self) -> Result<[String; 2], Failure> {
        let mut told = [String::new(), String::new()];
        for ((process, _, stream), reading) in &mut self.readings {
            let text = match stream {
                Stream::Out => &mut told[0],
                Stream::Error => &mut told[1],
            };
            loop {
                let bytes = reading
                    .log
                    .read(CHUNK)
                    .map_err(|error| Failure::new("cannot read the console of a process").because(error))?;
                if bytes.is_empty() {
                    break;
                }
                reading.rest.extend_from_slice(&bytes);
                let end = match reading.rest.iter().rposition(|byte| *byte == b'\n') {
                    Some(end) => end + 1,
                    None if reading.rest.len() as u64 >= CHUNK => reading.rest.len(),
                    None => continue,
                };
                let lines: Vec<u8> = reading.rest.drain(..end).collect();
                push(text, process, self.width, &lines);
            }
        }
        Ok(told)
    }

    /// Returns the rest, lines without an end too.
    pub(crate) fn finish(&mut self) -> Result<[String; 2], Failure> {
        let [mut out, mut error] = self.lines()?;
        for ((process, _, stream), reading) in &self.readings {
            let text = match stream {
                Stream::Out => &mut out,
                Stream::Error => &mut error,
            };
            if !reading.rest.is_empty() {
                push(text, process, self.width, &reading.rest);
            }
        }
        self.readings.clear();
        Ok([out, error])
    }
}

/// Control characters of programs are shown, not sent: nothing a program writes can look like ours.
fn push(text: &mut String, process: &str, width: usize, lines: &[u8]) {
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = String::from_utf8_lossy(line);
        let (name, line) = (aur_render::clean(process), aur_render::clean(&line));
        text.push_str(&format!("{name:<width$} | {line}\n"));
    }
}

/// Says how much of the output of a run was left out, if anything was.
pub(crate) fn dropped_note(path: &Path) -> Option<String> {
    let [stdout, stderr] = aur_runner::dropped(path);
    let lines = stdout.lines + stderr.lines;
    let bytes = stdout.bytes + stderr.bytes;
    (bytes > 0).then(|| {
        format!("{lines} lines of its output, {bytes} bytes, were left out: the disk did not keep up")
    })
}
