//! `aurc test`

use std::fs;
use std::path::{Path, PathBuf};

use aur_compiler::{Given, Snapshot, TestResult, UsageError};
use aur_disk::Project;
use aur_render::Batch;
use aur_report::{Names, TestedFile};
use aur_terminal::{Failure, Findings, InputArgs, unpack, usage_failure};

use crate::{Context, Outcome, Status, reading, search};

/// Run the tests of files whose names end in `_test.aur`
///
/// A test expects values, errors of programs that are wrong, and plans of programs. Below folders, hidden
/// ones and `target` are not searched.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aurc test\n  aurc test jobs/ --filter defaults\n  \
    aurc test main_test.aur --update\n  aurc test --json"
)]
pub(crate) struct Args {
    /// Test files, or folders to search for them
    #[arg(default_value = ".", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Run only tests whose names hold this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Write the plans of `expect plan` that differ anew
    #[arg(long)]
    update: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    inputs: InputArgs,
}

/// A test file that was run.
struct Tested {
    project: Project,
    sources: aur_diagnostics::SourceMap,
    findings: Findings,
    results: Vec<TestResult>,
    updated: Vec<String>,
    usage: Option<UsageError>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let given = args.inputs.given()?;
    let mut tested = Vec::new();
    for path in search::files(&args.paths, "_test.aur")? {
        tested.push(test(&path, args, &given, context)?);
    }
    if let Some(failure) = unknown_input(&mut tested) {
        return Err(failure);
    }
    if tested
        .iter()
        .all(|file| file.results.is_empty() && !file.has_errors())
    {
        return Err(nothing_to_run(args));
    }
    for file in &mut tested {
        if args.update {
            file.update()?;
        }
    }
    tell(&tested, args, context)?;
    let failed = |file: &Tested| file.has_errors() || file.results.iter().any(|one| !one.unmet.is_empty());
    Ok(match tested.iter().any(failed) {
        true => Status::Faulty,
        false => Status::Fine,
    })
}

fn test(path: &Path, args: &Args, given: &Given, context: &Context) -> Result<Tested, Failure> {
    let project = aur_terminal::open(path, None, context.project.as_deref())?;
    let answer = aur_compiler::test(&project, project.entry(), given);
    let sources = answer.sources.clone();
    let (results, findings, usage) = unpack(&project, answer);
    let wanted = |result: &TestResult| {
        let filter = args.filter.as_deref();
        filter.is_none_or(|filter| result.name.contains(filter))
    };
    Ok(Tested {
        results: results.unwrap_or_default().into_iter().filter(wanted).collect(),
        project,
        sources,
        findings,
        updated: Vec::new(),
        usage,
    })
}

/// An input need not exist for every test, only for one of them.
fn unknown_input(tested: &mut [Tested]) -> Option<Failure> {
    if tested.iter().any(|file| file.usage.is_none()) {
        return None;
    }
    Some(usage_failure(tested.first_mut()?.usage.take()?))
}

fn nothing_to_run(args: &Args) -> Failure {
    let below: Vec<String> = args
        .paths
        .iter()
        .map(|path| format!("`{}`", path.display()))
        .collect();
    let below = below.join(", ");
    match &args.filter {
        Some(filter) => Failure::new(format!("no test in {below} has `{filter}` in its name"))
            .help("leave `--filter` out to run all"),
        None => Failure::new(format!("there are no tests in {below}")).help(
            "write one to a file whose name ends in `_test.aur`: `test \"name\" { expect 1 + 1 == 2 }`",
        ),
    }
}

fn tell(tested: &[Tested], args: &Args, context: &Context) -> Result<(), Failure> {
    let seen: Vec<_> = tested
        .iter()
        .map(|file| |path: &str| file.project.seen_from_here(path))
        .collect();
    let files: Vec<TestedFile<'_>> = tested
        .iter()
        .zip(&seen)
        .map(|(file, seen)| TestedFile {
            names: Names {
                sources: &file.sources,
                seen,
            },
            sources: &file.findings.sources,
            diagnostics: &file.findings.diagnostics,
            results: &file.results,
            updated: &file.updated,
        })
        .collect();
    if args.json {
        // The document is data, so writing it as JSON cannot fail.
        let document = serde_json::to_value(aur_report::tests_document(&files)).unwrap_or_default();
        return context.terminal.print(reading::json_for_reading(&document));
    }
    let batches: Vec<Batch<'_>> = tested.iter().map(|file| file.findings.batch()).collect();
    context
        .terminal
        .tell(&aur_render::full(&batches, context.terminal.err));
    let mut text = aur_report::tests_text(&files, context.terminal.out);
    if !context.is_quiet {
        text.push_str(&aur_report::tests_count(&files));
    }
    context.terminal.print(text)
}

impl Tested {
    fn has_errors(&self) -> bool {
        aur_render::counts(&[self.findings.batch()]).errors > 0
    }

    /// Writes the plans that differ; what was expected of them then holds.
    fn update(&mut self) -> Result<(), Failure> {
        let mut results = std::mem::take(&mut self.results);
        for result in &mut results {
            for one in std::mem::take(&mut result.unmet) {
                match &one.snapshot {
                    Some(snapshot) => self.write(snapshot)?,
                    None => result.unmet.push(one),
                }
            }
        }
        self.results = results;
        Ok(())
    }

    fn write(&mut self, snapshot: &Snapshot) -> Result<(), Failure> {
        let seen = self.project.seen_from_here(&snapshot.path);
        let name = format!("`{}`", aur_render::clean(&seen));
        if !snapshot.path.ends_with(".json") {
            return Err(Failure::new(format!("{name} is not written anew"))
                .help("give the file that holds a plan a name that ends in `.json`"));
        }
        let path = self.project.root().join(&snapshot.path);
        if !is_within(&path, self.project.root()) {
            return Err(Failure::new(format!("{name} leads out of the project")));
        }
        // A plan is data, so writing it as JSON cannot fail.
        let text = serde_json::to_string_pretty(&snapshot.plan).unwrap_or_default() + "\n";
        aur_disk::replace_file(&path, text.as_bytes()).map_err(|error| Failure::unwritable(name, &error))?;
        if !self.updated.contains(&seen) {
            self.updated.push(seen);
        }
        Ok(())
    }
}

/// Whether a file, which need not be there, lies below a folder, symlinks followed.
fn is_within(path: &Path, root: &Path) -> bool {
    let is_below = |path: &Path| fs::canonicalize(path).is_ok_and(|path| path.starts_with(root));
    match fs::symlink_metadata(path) {
        Ok(_) => is_below(path),
        Err(_) => path.parent().is_some_and(is_below),
    }
}
