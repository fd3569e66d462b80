#![allow(clippy::print_stdout, reason = "a measurement prints its figures")]
//! Measures the compiler alone: `cargo run --release -p aur-compiler --example measure_compiler -- FILE [ROUNDS]`.
//!
//! Prints the least and median wall time of parse, check, compile and writing the plan, in milliseconds,
//! and the bytes of the plan with and without spans. `grammar/examples/generate.rs` makes a file.

use std::hint::black_box;
use std::time::Instant;

use aur_compiler::{Given, ReadError, Sources};

/// A project of one file.
struct One(Vec<u8>);

impl Sources for One {
    fn read(&self, _path: &str) -> Result<Vec<u8>, ReadError> {
        Ok(self.0.clone())
    }

    fn env(&self, _name: &str) -> Option<String> {
        None
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().ok_or("a file is needed")?;
    let rounds: usize = args.next().map_or(Ok(5), |rounds| rounds.parse())?;
    let text = std::fs::read_to_string(&path)?;
    let host = One(text.clone().into_bytes());
    let given = Given::default();

    report("parse", rounds, || {
        black_box(aur_grammar::parse(&text)).items.len()
    });
    report("check", rounds, || {
        aur_compiler::check(&host, "main.aur", &given).diagnostics.len()
    });
    report("compile", rounds, || {
        aur_compiler::compile(&host, "main.aur", &given).diagnostics.len()
    });
    let Some(mut plan) = aur_compiler::compile(&host, "main.aur", &given).value else {
        return Err("the program has errors".into());
    };
    report("write", rounds, || plan.to_canonical_json().len());
    let with_spans = plan.to_canonical_json().len();
    plan.spans.clear();
    println!(
        "plan: {with_spans} bytes, {} without spans",
        plan.to_canonical_json().len()
    );
    Ok(())
}

fn report(name: &str, rounds: usize, mut work: impl FnMut() -> usize) {
    let mut times: Vec<f64> = (0..rounds.max(1))
        .map(|_| {
            let start = Instant::now();
            black_box(work());
            start.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    println!(
        "{name:<8} least {:8.1} ms  median {median:8.1} ms",
        times.first().copied().unwrap_or_default()
    );
}
