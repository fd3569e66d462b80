//! Real editors talk to the built `aurc lsp`: headless Neovim and Emacs, as Debian ships them.
//!
//! A script drives the editor through a list of steps and prints a line of JSON for each; what it printed is
//! compared here. Newer editors are played by `tests/clients`, with a client that has their profiles.

mod emacs;
mod neovim;

use std::collections::BTreeMap;
use std::process::{Command, Output};

use aur_tests::Session;

const COMMON: &str = "\
/// A process that is tried again.
reliable = Process {
  max_failures = 5
  min_duration = 1s
}
";

const MAIN: &str = r#"include "lib/common.aur"

/// Says hello to somebody.
hello = reliable {
  name = "hello"
  cmdline = "echo hello {{who}}"
  max_failure = 2
}

jobs = [
  Job {
    cluster = "local", role = "me", environment = "devel", name = "hello"
    task = Task {
      processes = [hello]
      resources = Resources { cpu = 1, ram = 64MB, disk = 64MB }
    }
  }.bind(who = "world"),
]
"#;

/// A program that somebody is writing.
const HALF: &str = r#"include "lib/common.aur"

hello = reliable {
  name = "hello"
  max_
"#;

/// A folder with a program of two files that has one misspelt field, and one that is half typed.
fn project() -> Session {
    let mut session = Session::new();
    session.write("aur.toml", "");
    session.write("lib/common.aur", COMMON);
    session.write("main.aur", MAIN);
    session.write("half.aur", HALF);
    session.set("AURC", Session::program("aurc"));
    session
}

/// Runs an editor to its end, which must be a good one; the package is the one of Debian that brings it.
fn ended(mut command: Command, package: &str) -> Output {
    let ended = command
        .output()
        .unwrap_or_else(|error| panic!("apt-get install {package}: {error}"));
    let said = [&ended.stdout, &ended.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(ended.status.success(), "{}", said.join("\n"));
    ended
}

/// The lines of JSON among what an editor printed.
fn steps(printed: &[u8]) -> String {
    let printed = String::from_utf8_lossy(printed);
    let lines = printed.lines().filter(|line| line.starts_with('{'));
    let lines = lines.map(|line| {
        let mut step: BTreeMap<String, serde_json::Value> =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let name = step.remove("step").expect("a step has a name");
        let name = name.as_str().expect("a name").replace('_', " ");
        let fields = step
            .into_iter()
            .map(|(key, value)| format!("  {key}:{}", shown(&value)));
        std::iter::once(name).chain(fields).collect::<Vec<_>>().join("\n")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A value as a reader wants it: a text without quotes, a list with a line for each element.
fn shown(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => {
            let mut lines = text.trim_end().lines();
            let first = format!(" {}", lines.next().unwrap_or_default());
            let further = lines.map(|line| format!("\n      {line}").trim_end_matches(' ').to_string());
            std::iter::once(first).chain(further).collect()
        }
        // Emacs has one value for nothing, the empty list and false.
        serde_json::Value::Null => " none".to_string(),
        serde_json::Value::Array(values) if values.is_empty() => " none".to_string(),
        serde_json::Value::Array(values) => {
            let elements = values.iter().map(|value| format!("\n   {}", shown(value)));
            elements.collect()
        }
        other => format!(" {other}"),
    }
}
