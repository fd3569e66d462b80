//! One look at all programs of a command line.

use std::collections::BTreeSet;

use aur_compiler::{Answer, Given, UsageError};
use aur_diagnostics::{Diagnostic, Severity};
use aur_disk::Project;
use aur_render::Batch;
use aur_terminal::{Failure, Findings, plural, usage_failure};

use super::fix::Edited;
use super::rules::Rules;
use super::{Args, settings};
use crate::{Context, Status};

/// A program on the command line and what is wanted of its diagnostics.
pub(super) struct Program {
    pub(super) project: Project,
    pub(super) rules: Rules,
    max_errors: Option<usize>,
}

/// Finds all programs; those that cannot be read are failures.
pub(super) fn open_all(
    args: &Args,
    context: &Context,
    before_reading: OnRead<'_>,
) -> (Vec<Program>, Vec<Failure>) {
    let mut programs = Vec::new();
    let mut failures = Vec::new();
    for file in &args.files {
        let opened = aur_terminal::open(file, args.stdin_filename.as_deref(), context.project.as_deref());
        let program = opened.and_then(|project| {
            before_reading(&project, settings::NAME);
            let settings = settings::read(&project)?;
            Ok(Program {
                rules: Rules::new(&args.rules, &settings),
                max_errors: settings.max_errors,
                project,
            })
        });
        match program {
            Ok(program) => programs.push(program),
            Err(failure) => failures.push(failure),
        }
    }
    (programs, failures)
}

impl Program {
    /// Checks the program with the texts of `edited` in the place of those on the disk.
    pub(super) fn check(&self, given: &Given, edited: &Edited, before_reading: OnRead<'_>) -> Answer<()> {
        let sources = edited.over(&self.project, before_reading);
        aur_compiler::check(&sources, self.project.entry(), given)
    }
}

/// Is told the path of every file of a project before it is read.
pub(super) type OnRead<'a> = &'a dyn Fn(&Project, &str);

/// What a look at all programs has found.
#[derive(Default)]
pub(super) struct Pass {
    /// One for each program.
    pub(super) findings: Vec<Findings>,
    pub(super) failures: Vec<Failure>,
    pub(super) max_errors: Option<usize>,
    /// Errors that `--select` leaves out.
    not_selected: u64,
    /// Warnings that end the command as errors do.
    denied: u64,
}

/// Checks all programs, and tells each fault once.
pub(super) fn check_all(
    programs: &[Program],
    given: &Given,
    edited: &Edited,
    before_reading: OnRead<'_>,
) -> Pass {
    let mut pass = Pass::default();
    let mut usages = Vec::new();
    let mut told = BTreeSet::new();
    for program in programs {
        let answer = program.check(given, edited, before_reading);
        usages.push(answer.usage);
        let mut findings = Findings {
            sources: program.project.sources_seen_from_here(&answer.sources),
            diagnostics: answer.diagnostics,
        };
        // A fault in a file that several programs include is told once.
        findings.diagnostics.retain(|one| {
            let place = one.span().and_then(|span| findings.sources.locate(span));
            let place = place.map(|(path, start, end)| (path.to_string(), start, end));
            told.insert((place, one.code.id, one.message.clone()))
        });
        pass.sift(&mut findings.diagnostics, &program.rules);
        pass.findings.push(findings);
        pass.max_errors = pass.max_errors.or(program.max_errors);
    }
    pass.failures.extend(usage_of_all(usages));
    pass
}

/// An input need not exist in every program that is checked, only in one of them.
fn usage_of_all(usages: Vec<Option<UsageError>>) -> Option<Failure> {
    let usages: Option<Vec<UsageError>> = usages.into_iter().collect();
    usages?.into_iter().next().map(usage_failure)
}

impl Pass {
    /// Leaves out what the rules do, and marks what they deny.
    fn sift(&mut self, diagnostics: &mut Vec<Diagnostic>, rules: &Rules) {
        let all = std::mem::take(diagnostics).into_iter();
        let told = all.filter_map(|one| {
            let is_error = one.severity() == Severity::Error;
            let told = rules.told(one);
            if told.is_none() && is_error {
                self.not_selected += 1;
            }
            told
        });
        *diagnostics = told.collect();
        for one in diagnostics {
            if rules.deny(one.code) {
                self.denied += 1;
                one.notes
                    .push("this warning is denied: it counts as an error".to_string());
            }
        }
    }

    pub(super) fn batches(&self) -> Vec<Batch<'_>> {
        self.findings.iter().map(Findings::batch).collect()
    }

    /// Whether a program has an error, or a warning that counts as one.
    pub(super) fn status(&self) -> Status {
        let errors = aur_render::counts(&self.batches()).errors;
        match errors == 0 && self.not_selected == 0 && self.denied == 0 {
            true => Status::Fine,
            false => Status::Faulty,
        }
    }

    /// A line on the errors that were not selected: the program has them nevertheless.
    pub(super) fn not_selected(&self) -> String {
        match self.not_selected {
            0 => String::new(),
            count => format!("... and {} of other codes, not shown\n", plural(count, "error")),
        }
    }

    pub(super) fn denied_line(&self) -> String {
        match self.denied {
            0 => String::new(),
            1 => "1 warning is denied.\n".to_string(),
            count => format!("{count} warnings are denied.\n"),
        }
    }
}
