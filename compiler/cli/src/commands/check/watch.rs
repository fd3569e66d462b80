//! `--watch`: checking again whenever a file changes that the programs were made of.

use std::cell::RefCell;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use aur_compiler::Given;
use aur_disk::{Project, Watcher, Woken};
use aur_render::Counts;
use aur_terminal::{Failure, plural};

use super::fix::Edited;
use super::pass::{Pass, check_all, open_all};
use super::{Args, render};
use crate::{Context, Outcome, Status};

/// Clears a terminal and what has scrolled off it.
const CLEAR: &str = "\x1b[H\x1b[2J\x1b[3J";

/// Checks until a signal ends it, or until nobody reads what it prints.
pub(super) fn run(args: &Args, context: &Context) -> Outcome {
    let unwatchable = |error: std::io::Error| {
        Failure::new("cannot watch the files")
            .because(error)
            .help("`/proc/sys/fs/inotify` holds the limits of the system")
    };
    let mut watcher = Watcher::new().map_err(unwatchable)?;
    loop {
        look(args, context, &mut watcher)?;
        match watcher.wait(std::io::stdout().as_fd()).map_err(unwatchable)? {
            Woken::Changed => {}
            Woken::Signal(number) => {
                return Ok(Status::Ended(u8::try_from(128 + number).unwrap_or(u8::MAX)));
            }
            Woken::Unread => return Ok(Status::Fine),
        }
    }
}

/// Checks once and prints what was found, with one line that says how it stands.
fn look(args: &Args, context: &Context, watcher: &mut Watcher) -> Result<(), Failure> {
    let started = Instant::now();
    for file in args.files.iter().map(PathBuf::as_path).chain(args.inputs.file()) {
        watcher.note(file);
    }
    let watcher = RefCell::new(watcher);
    let note = |project: &Project, path: &str| watcher.borrow_mut().note(&project.place(path));
    let (programs, mut failures) = open_all(args, context, &note);
    let given = args.inputs.given().unwrap_or_else(|failure| {
        failures.push(failure);
        Given::default()
    });
    let mut pass = check_all(&programs, &given, &Edited::default(), &note);
    failures.append(&mut pass.failures);
    let mut text = match context.terminal.is_out_terminal {
        true => CLEAR.to_string(),
        false => String::new(),
    };
    text.push_str(&render(&pass, args, false, context));
    context.terminal.print(text)?;
    for failure in &failures {
        context.terminal.complain(failure);
    }
    let line = state(&pass, programs.len(), failures.len(), started.elapsed());
    context.terminal.print(line)
}

/// `ok: 2 files checked in 12 ms`, `2 errors, 1 warning: 2 files checked in 12 ms`
fn state(pass: &Pass, programs: usize, failures: usize, time: Duration) -> String {
    let Counts { errors, warnings } = aur_render::counts(&pass.batches());
    let mut found = Vec::new();
    for (count, word) in [(failures, "failure"), (errors, "error"), (warnings, "warning")] {
        if count > 0 {
            found.push(plural(count as u64, word));
        }
    }
    let found = match found.is_empty() {
        true => "ok".to_string(),
        false => found.join(", "),
    };
    let files = plural(programs as u64, "file");
    format!("{found}: {files} checked in {} ms\n", time.as_millis())
}
