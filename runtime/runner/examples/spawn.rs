//! Starts a program many times, some at a time, and nothing else: what `tests/measure-runtime` compares with.
//!
//! `spawn COUNT AT_A_TIME PROGRAM [WORD..]`. The standard library uses `posix_spawn` for this.

use std::collections::VecDeque;
use std::process::{Child, Command, ExitCode};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Option<(usize, usize)> = words
        .first()
        .and_then(|count| count.parse().ok())
        .zip(words.get(1).and_then(|most| most.parse().ok()));
    let (Some((count, most)), Some((program, arguments))) =
        (numbers, words.get(2..).and_then(<[String]>::split_first))
    else {
        return ExitCode::from(2);
    };
    match spawn(count, most, program, arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn spawn(count: usize, most: usize, program: &str, arguments: &[String]) -> std::io::Result<()> {
    let mut living: VecDeque<Child> = VecDeque::new();
    for _ in 0..count {
        if living.len() >= most.max(1)
            && let Some(mut child) = living.pop_front()
        {
            child.wait()?;
        }
        living.push_back(Command::new(program).args(arguments).spawn()?);
    }
    living.iter_mut().try_for_each(|child| child.wait().map(drop))
}
