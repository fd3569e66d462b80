//! Inputs that nobody would write, made from those that somebody wrote.
//!
//! A seeded mutator changes programs, texts and plans, and each target says what must hold for any of
//! them. `AUR_FUZZ_SECONDS` is the time for each target (2), `AUR_FUZZ_SEED` the start (2014). What was
//! found once lies in `tests/fuzz/corpus/` and is tried first. An input is written to a file before it is
//! tried, so that it is there whatever becomes of the process.

mod corpus;
mod mutate;
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use mutate::Random;

/// A guard against hangs, far above what any input takes.
const LONGEST: Duration = Duration::from_secs(30);

fn number(variable: &str, usual: u64) -> u64 {
    let given = std::env::var(variable).ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// What must hold, or what does not.
type Target = fn(&str) -> Result<(), String>;

/// What is wrong with an input.
fn fault(input: &str, target: Target) -> Option<String> {
    let start = Instant::now();
    match catch_unwind(AssertUnwindSafe(|| target(input))) {
        Err(_) => Some("a panic, shown above".to_string()),
        Ok(Err(fault)) => Some(fault),
        Ok(Ok(())) if start.elapsed() > LONGEST => Some(format!("it took {:?}", start.elapsed())),
        Ok(Ok(())) => None,
    }
}

/// Leaves pieces out for as long as something stays wrong.
fn shrunk(input: &str, target: Target) -> String {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut text = input.to_string();
    let mut length = text.len() / 2;
    let end = Instant::now() + LONGEST;
    while length > 0 && Instant::now() < end {
        let mut at = 0;
        while at < text.len() {
            let to = (at + length).min(text.len());
            if text.is_char_boundary(at) && text.is_char_boundary(to) {
                let less = format!("{}{}", &text[..at], &text[to..]);
                if fault(&less, target).is_some() {
                    text = less;
                    continue;
                }
            }
            at += length;
        }
        length /= 2;
    }
    std::panic::set_hook(hook);
    text
}

/// Tries one input; the file tells which, should this process end.
fn attempt(name: &str, seed: u64, round: u64, input: &str, target: Target) {
    let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}"));
    std::fs::write(&place, input).expect("a place for the input");
    if fault(input, target).is_none() {
        return;
    }
    let input = shrunk(input, target);
    std::fs::write(&place, &input).expect("a place for the input");
    let fault = fault(&input, target).unwrap_or_default();
    panic!(
        "{name}: {fault}\nseed {seed}, round {round}, input in {}\n{input:?}\n\
         once it is mended, keep the input in tests/fuzz/corpus/",
        place.display()
    );
}

/// Tries all inputs as they are, then changed ones until the time is up.
#[allow(clippy::print_stdout, reason = "the count tells whether the time was of use")]
fn fuzz(name: &str, inputs: &[String], target: Target) {
    assert!(!inputs.is_empty(), "there is something to begin with");
    let seed = number("AUR_FUZZ_SEED", 2014);
    let end = Instant::now() + Duration::from_secs(number("AUR_FUZZ_SECONDS", 2));
    for input in inputs {
        attempt(name, seed, 0, input, target);
    }
    let mut random = Random::new(seed);
    let mut round = 0;
    while Instant::now() < end {
        round += 1;
        let input = mutate::changed(&mut random, inputs);
        attempt(name, seed, round, &input, target);
    }
    println!("{name}: {round} inputs, seed {seed}");
}

#[test]
fn parse() {
    fuzz("parse", &corpus::programs(), targets::parse);
}

#[test]
fn format() {
    fuzz("format", &corpus::programs(), targets::format);
}

#[test]
fn template() {
    fuzz("template", &corpus::texts(), targets::template);
}

#[test]
fn check() {
    fuzz("check", &corpus::programs(), targets::check);
}

#[test]
fn plan() {
    fuzz("plan", &corpus::plans(), targets::plan);
}
