//! Pure. Finds the meaning of a program: includes, names, types, bindings, texts, job rules, and the plan.
//!
//! Files and environment come in through [`Sources`]; every answer carries the files it was made from
//! and the diagnostics, also where there is a value.
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]

mod sources;

use aur_diagnostics::{Diagnostic, SourceMap};
use aur_ir::Plan;

pub use sources::{ReadError, Sources};

/// Values for inputs that the user gave.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// `-E name=value`, in order; the last one of a name wins.
    pub flags: Vec<(String, String)>,
    /// Members of the `--inputs` file.
    pub file: Vec<(String, serde_json::Value)>,
}

/// An answer, the files it was made from, and what is to be said about them.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    /// Every file that was read; the first is the entry file, the last may be the prelude.
    pub sources: SourceMap,
    /// In order of place: by file, then by offset.
    pub diagnostics: Vec<Diagnostic>,
    /// The answer; there is none where an error stands in the way.
    pub value: Option<T>,
    /// A fault of the command line itself (such as `-E` with an unknown name): message and help.
    pub usage: Option<UsageError>,
}

/// A fault of the command line, which has no place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// Checks the program at `entry`; an input without a value is taken as any value of its type.
pub fn check(_host: &dyn Sources, _entry: &str, _given: &Given) -> Answer<()> {
    Answer {
        sources: SourceMap::default(),
        diagnostics: Vec::new(),
        value: Some(()),
        usage: None,
    }
}

/// Compiles the program at `entry`.
pub fn compile(_host: &dyn Sources, _entry: &str, _given: &Given) -> Answer<Plan> {
    Answer {
        sources: SourceMap::default(),
        diagnostics: Vec::new(),
        value: None,
        usage: None,
    }
}

/// Evaluates `expr` in the scope of the program at `entry`; text resolves as far as it can, open names
/// stay as `{{name}}`. Object keys are in declaration order.
pub fn eval(_host: &dyn Sources, _entry: &str, _given: &Given, _expr: &str) -> Answer<serde_json::Value> {
    Answer {
        sources: SourceMap::default(),
        diagnostics: Vec::new(),
        value: None,
        usage: None,
    }
}
