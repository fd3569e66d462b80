//! Programs as commands meet them: a path or `-`, and what the compiler says about it.

use std::path::Path;

use aur_compiler::{Answer, UsageError};
use aur_diagnostics::{Diagnostic, SourceMap};
use aur_disk::Project;
use aur_render::{Batch, Counts};

use crate::{Failure, Terminal};

/// Finds the project of a program; `-` is the standard input, which counts as `stdin_filename`.
///
/// # Errors
/// The program cannot be read.
pub fn open(file: &Path, stdin_filename: Option<&Path>, root: Option<&Path>) -> Result<Project, Failure> {
    let project = if file == Path::new("-") {
        Project::with_reader(std::io::stdin().lock(), stdin_filename, root)
    } else {
        Project::find(file, root)
    };
    Ok(project?)
}

/// What the compiler said about a program, with paths as seen from the working folder.
pub struct Findings {
    /// The files.
    pub sources: SourceMap,
    /// What was said about them.
    pub diagnostics: Vec<Diagnostic>,
}

impl Findings {
    /// The findings as the renderers take them.
    pub fn batch(&self) -> Batch<'_> {
        Batch {
            sources: &self.sources,
            diagnostics: &self.diagnostics,
        }
    }
}

/// Takes an answer apart into value, findings and fault of the command line.
pub fn unpack<T>(project: &Project, answer: Answer<T>) -> (Option<T>, Findings, Option<UsageError>) {
    let findings = Findings {
        sources: project.sources_seen_from_here(&answer.sources),
        diagnostics: answer.diagnostics,
    };
    (answer.value, findings, answer.usage)
}

/// Tells the diagnostics of a command with another product, and gives back the value where there is no
/// error.
///
/// # Errors
/// A fault of the command line.
pub fn value_or_errors<T>(
    project: &Project,
    answer: Answer<T>,
    terminal: &Terminal,
    is_quiet: bool,
) -> Result<Option<T>, Failure> {
    let (value, findings, usage) = unpack(project, answer);
    // What a wrong command line makes of the program says nothing about the program.
    if let Some(usage) = usage {
        return Err(usage_failure(usage));
    }
    let batches = [findings.batch()];
    terminal.tell(&aur_render::full(&batches, terminal.err));
    let counts = aur_render::counts(&batches);
    if counts.errors > 0 {
        if !is_quiet {
            terminal.tell(&summary(&batches));
        }
        return Ok(None);
    }
    match value {
        Some(value) => Ok(Some(value)),
        None => {
            Err(Failure::new("the compiler gave neither an answer nor an error").help("please report this"))
        }
    }
}

/// A fault of the command line, such as an unknown input.
pub fn usage_failure(usage: UsageError) -> Failure {
    Failure::new(usage.message).help_if(usage.help)
}

/// Most keys that an error lists.
const MOST_LISTED: usize = 20;

/// Finds the job that a person means, by its key or the last components of it.
///
/// # Errors
/// None or several jobs fit; the failure lists the keys to choose from.
pub fn select_job(plan: &aur_ir::Plan, wanted: Option<&str>) -> Result<usize, Failure> {
    plan.select(wanted).map_err(|error| {
        let keys = error.keys();
        let mut lines = vec!["choose one of:".to_string()];
        lines.extend(keys.iter().take(MOST_LISTED).map(|key| format!("  {key}")));
        if keys.len() > MOST_LISTED {
            lines.push(format!("  ... and {} more", keys.len() - MOST_LISTED));
        }
        Failure::new(error.to_string()).help(lines.join("\n"))
    })
}

/// One line with the counts, and one that leads on where there is an error.
pub fn summary(batches: &[Batch<'_>]) -> String {
    let Counts { errors, warnings } = aur_render::counts(batches);
    let (errors, warnings) = (errors as u64, warnings as u64);
    let files = plural(batches.len() as u64, "file");
    let found = match (errors, warnings) {
        (0, 0) => "no errors".to_string(),
        (0, warnings) => plural(warnings, "warning"),
        (errors, 0) => plural(errors, "error"),
        (errors, warnings) => format!("{}, {}", plural(errors, "error"), plural(warnings, "warning")),
    };
    let first = batches.iter().flat_map(|batch| batch.diagnostics).next();
    let more = first.map_or(String::new(), |first| {
        format!("`aurc explain {}` tells more.\n", first.code.id)
    });
    format!("{files} checked: {found}\n{more}")
}

/// `1 error`, `2 errors`, `3 processes`
pub fn plural(count: u64, word: &str) -> String {
    match count {
        1 => format!("1 {word}"),
        count if word.ends_with('s') => format!("{count} {word}es"),
        count => format!("{count} {word}s"),
    }
}
