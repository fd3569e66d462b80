//! Measures reading: `cargo run --release --example measure_parser -- jobs.aur`.
//!
//! Prints the best of some rounds for the whole file, for an item that changed, and for the layout. Look at it
//! on a machine with nothing else to do.

#![allow(clippy::print_stdout, reason = "a program that prints what it measured")]

use std::time::{Duration, Instant};

const ROUNDS: usize = 7;

fn main() -> std::io::Result<()> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "jobs.aur".to_owned());
    let text = std::fs::read_to_string(path)?;
    let megabytes = text.len() as f64 / 1e6;
    let report = |what: &str, time: Duration| {
        let (ms, rate) = (time.as_secs_f64() * 1e3, megabytes / time.as_secs_f64());
        println!("{what}: {ms:.1} ms, {rate:.0} MB/s");
    };
    let tree = aur_grammar::parse(&text);
    let faults: usize = tree.items.iter().map(|item| item.node.errors.len()).sum();
    println!("{megabytes:.2} MB, {} items, {faults} errors", tree.items.len());
    report("parse", best(|| drop(aur_grammar::parse(&text))));
    if let Some(item) = tree.items.get(tree.items.len() / 2) {
        let range = item.offset as usize..(item.offset + item.node.range.end) as usize;
        let item = text.get(range).unwrap_or("");
        let time = best(|| drop(aur_grammar::parse_item(item)));
        println!(
            "one item of {} bytes: {:.1} us",
            item.len(),
            time.as_secs_f64() * 1e6
        );
        let broken = item.replacen('=', "", 3);
        let time = best(|| drop(aur_grammar::parse_item(&broken)));
        println!("the same with three faults: {:.1} us", time.as_secs_f64() * 1e6);
    }
    report("format", best(|| drop(aur_grammar::format(&text))));
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in status.lines().filter(|line| line.starts_with("VmHWM")) {
        println!("{line}");
    }
    Ok(())
}

/// Runs something several times and returns the shortest.
fn best(mut run: impl FnMut()) -> Duration {
    let time = |_| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..ROUNDS).map(time).min().unwrap_or_default()
}
