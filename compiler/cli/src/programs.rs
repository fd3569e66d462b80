//! Programs as commands meet them: a path or `-`, and what the compiler says about it.

use std::path::Path;

use aur_compiler::{Answer, UsageError};
use aur_diagnostics::{Diagnostic, SourceMap};
use aur_disk::Project;
use aur_render::{Batch, Counts, Look};

use crate::{Context, Failure};

/// Finds the project of a program; `-` is the standard input, which counts as `stdin_filename`.
///
/// # Errors
/// The program cannot be read.
pub(crate) fn open(
    file: &Path,
    stdin_filename: Option<&Path>,
    context: &Context,
) -> Result<Project, Failure> {
    let root = context.project.as_deref();
    let project = if file == Path::new("-") {
        Project::with_reader(std::io::stdin().lock(), stdin_filename, root)
    } else {
        Project::find(file, root)
    };
    Ok(project?)
}

/// What the compiler said about a program, with paths as seen from the working folder.
pub(crate) struct Findings {
    pub(crate) sources: SourceMap,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Findings {
    pub(crate) fn batch(&self) -> Batch<'_> {
        Batch {
            sources: &self.sources,
            diagnostics: &self.diagnostics,
        }
    }
}

/// Takes an answer apart into value, findings and fault of the command line.
pub(crate) fn unpack<T>(project: &Project, answer: Answer<T>) -> (Option<T>, Findings, Option<UsageError>) {
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
pub(crate) fn value_or_errors<T>(
    project: &Project,
    answer: Answer<T>,
    context: &Context,
) -> Result<Option<T>, Failure> {
    let (value, findings, usage) = unpack(project, answer);
    let batches = [findings.batch()];
    context
        .terminal
        .tell(&aur_render::full(&batches, context.terminal.err));
    if let Some(usage) = usage {
        return Err(usage_failure(usage));
    }
    let counts = aur_render::counts(&batches);
    if counts.errors > 0 {
        if !context.is_quiet {
            context.terminal.tell(&summary(&batches));
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
pub(crate) fn usage_failure(usage: UsageError) -> Failure {
    Failure::new(usage.message).help_if(usage.help)
}

/// One line with the counts, and one that leads on where there is an error.
pub(crate) fn summary(batches: &[Batch<'_>]) -> String {
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
pub(crate) fn plural(count: u64, word: &str) -> String {
    match count {
        1 => format!("1 {word}"),
        count if word.ends_with('s') => format!("{count} {word}es"),
        count => format!("{count} {word}s"),
    }
}

/// JSON for the standard output: on many lines and safe for a terminal where a person reads it.
pub(crate) fn json_for_reading(value: &serde_json::Value) -> String {
    // Writing a value as JSON cannot fail.
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    aur_render::clean_json(format!("{text}\n"))
}

/// Whether text in this look has colour.
pub(crate) fn is_colored(look: Look) -> bool {
    look.color == aur_render::Color::Ansi
}
