//! Whole tasks with real bash and real kills.
//!
//! The runner has to be a program of its own, with one thread and its own signals. So this test has its
//! own small harness: called with `--serve FOLDER` it is the runner, otherwise it runs the tests. It
//! answers `--list` and `--exact NAME` as the standard harness does.

#[path = "end_to_end/cases.rs"]
mod cases;
#[path = "end_to_end/faults.rs"]
mod faults;
#[path = "end_to_end/isolation.rs"]
mod isolation;
#[path = "end_to_end/proofs.rs"]
mod proofs;
#[path = "end_to_end/rules.rs"]
mod rules;
#[path = "end_to_end/semantics.rs"]
mod semantics;
#[path = "end_to_end/support.rs"]
mod support;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;

/// A test: its name and what it does. It fails by a panic.
type Case = (&'static str, fn());

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    if std::env::args_os().nth(1).is_some_and(|first| first == "--serve") {
        let folder = std::env::args_os().nth(2).unwrap_or_default();
        return aur_runner::serve(Path::new(&folder));
    }
    if arguments
        .first()
        .is_some_and(|first| first == "--map-much-touch-little")
    {
        isolation::map_much_touch_little();
        return ExitCode::SUCCESS;
    }
    let words: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    if let Some((_, words)) = words
        .split_first()
        .filter(|(first, _)| *first == aur_runner::GUARD_WORD)
    {
        return ExitCode::from(aur_runner::be_guard(words));
    }
    if let Some((_, words)) = words
        .split_first()
        .filter(|(first, _)| *first == aur_runner::COPIER_WORD)
    {
        return ExitCode::from(aur_runner::be_copier(words));
    }
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if has("--list") {
        // No test is ignored, so a list of the ignored ones is empty.
        if !has("--ignored") {
            support::say(
                &all()
                    .map(|(name, _)| format!("{name}: test\n"))
                    .collect::<String>(),
            );
        }
        return ExitCode::SUCCESS;
    }
    let filters: Vec<&String> = arguments
        .iter()
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let is_wanted = |name: &str| {
        filters.is_empty()
            || filters.iter().any(|filter| {
                if has("--exact") {
                    *filter == name
                } else {
                    name.contains(*filter)
                }
            })
    };
    run(all().filter(|(name, _)| is_wanted(name)).copied().collect())
}

fn all() -> impl Iterator<Item = &'static Case> {
    let usual = cases::ALL.iter().chain(rules::ALL).chain(semantics::ALL);
    usual.chain(proofs::ALL)
}

fn run(cases: Vec<Case>) -> ExitCode {
    let count = cases.len();
    let waiting = Mutex::new(cases.into_iter());
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((name, test)) = { waiting.lock().unwrap().next() } {
                    let passed = std::panic::catch_unwind(test).is_ok();
                    support::say(&format!(
                        "test {name} ... {}\n",
                        if passed { "ok" } else { "FAILED" }
                    ));
                    if !passed {
                        failed.lock().unwrap().push(name);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    support::say(&format!(
        "\n{} passed; {} failed {failed:?}\n",
        count - failed.len(),
        failed.len()
    ));
    ExitCode::from(u8::from(!failed.is_empty()))
}
