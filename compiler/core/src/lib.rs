//! Pure. Finds the meaning of a program: includes, names, types, bindings, texts, job rules, and the plan.
//!
//! Files and environment come in through [`Sources`]; every answer carries the files it was made from
//! and the diagnostics, also where there is a value.
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]

mod cancel;
mod deps;
mod doc;
pub mod editor;
mod eval;
mod expect;
mod facts;
mod inspect;
mod json;
mod limits;
mod lint;
mod lower;
mod origin;
mod print;
mod program;
mod resolve;

mod sink;
mod sources;
mod spans;
mod types;
mod value;
pub mod words;

use aur_diagnostics::{Diagnostic, Severity, SourceFile, SourceMap};
use aur_grammar::tree::{self, ItemKind};
use aur_ir::Plan;
use smol_str::SmolStr;

use eval::{Compiler, Context, sha256_hex};
use json::Form;
use lower::{Jobs, Lowering, Spans};
use program::Program;
use spans::plan_spans;
use value::Base;

pub use cancel::Cancel;
pub use deps::{Declared, Dependencies, Edge, EdgeKind, deps};
pub use doc::{FieldDoc, FileDoc, ItemDoc, ItemDocKind, doc, doc_of_prelude};
pub use expect::{Sides, Snapshot, TestResult, Unmet, is_test_file, test};
pub use inspect::{Outline, inspect};
pub use limits::{Limits, UnknownLimit};
pub use origin::{Origin, Traced, Via, eval_with_origins};
pub use sources::{Kept, Listed, ReadError, Sources};

/// Where the entry file stands among the modules.
const ENTRY_MODULE: u32 = 1;

/// Values for inputs that the user gave.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// `-E name=value`, in order; the last one of a name wins.
    pub flags: Vec<(String, String)>,
    /// Members of the `--inputs` file.
    pub file: Vec<(String, serde_json::Value)>,
    /// How much the program may ask for.
    pub limits: Limits,
    /// Stops the work where nobody needs the answer any more.
    pub cancel: Cancel,
    /// Whether the process ends with the answer of [`check`]: what held the program is then left to that end,
    /// which is quicker than to free it piece by piece.
    pub is_last: bool,
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
pub fn check(host: &dyn Sources, entry: &str, given: &Given) -> Answer<()> {
    let (program, faults, found) = program::load(host, entry, &given.limits);
    let Ok(()) = found else {
        return unread(program, faults, entry, found);
    };
    let (judged, usage) = judge(&program, host, given, |lowering| {
        lowering.program(ENTRY_MODULE, Jobs::Optional);
    });
    let diagnostics = in_order(faults, judged);
    let value = (!has_errors(&diagnostics)).then_some(());
    let Program { sources, modules, .. } = program;
    if given.is_last {
        std::mem::forget(modules);
    }
    Answer {
        sources,
        diagnostics,
        value,
        usage,
    }
}

/// Finds what is wrong with a program beyond the text of its files.
pub(crate) fn judge<'p>(
    program: &'p Program,
    host: &'p dyn Sources,
    given: &'p Given,
    look: impl FnOnce(&mut Lowering<'_, 'p>),
) -> (Vec<Diagnostic>, Option<UsageError>) {
    let mut compiler = Compiler::new(program, host, given, false);
    compiler.gather_inputs();
    look(&mut Lowering::new(&mut compiler, Spans::Unwanted));
    let usage = compiler.unknown_given();
    let judged = std::mem::take(&mut compiler.sink).finish();
    if given.is_last {
        std::mem::forget(compiler);
    }
    (judged, usage)
}

/// Compiles the program at `entry`.
pub fn compile(host: &dyn Sources, entry: &str, given: &Given) -> Answer<Plan> {
    let mut answer = compile_unsealed(host, entry, given);
    if let Some(plan) = &mut answer.value {
        plan.digest = plan.content_digest();
    }
    answer
}

/// Compiles the program at `entry` for whoever writes the plan at once: it has no digest until
/// [`Plan::seal_to`] gives it one.
pub fn compile_unsealed(host: &dyn Sources, entry: &str, given: &Given) -> Answer<Plan> {
    let (program, faults, found) = program::load(host, entry, &given.limits);
    let Ok(()) = found else {
        return unread(program, faults, entry, found);
    };
    let mut compiler = Compiler::new(&program, host, given, true);
    compiler.gather_inputs();
    let usage = compiler.unknown_given();
    let mut lowering = Lowering::new(&mut compiler, Spans::Wanted);
    let (jobs, hooks) = lowering.program(ENTRY_MODULE, Jobs::Needed);
    let is_sound = usage.is_none() && !lowering.compiler.sink.has_errors() && !has_errors(&faults);
    let leaves = std::mem::take(&mut lowering.leaves);
    let read = is_sound.then(|| {
        (
            source_files(&program, lowering.compiler),
            inputs_of(lowering.compiler),
        )
    });
    let diagnostics = finish(compiler, faults);
    // Trees and values are as large as the plan; they go before its places and bytes are made.
    let Program { sources, modules, .. } = program;
    drop(modules);
    let plan = read.map(|(files, inputs)| {
        let spans = plan_spans(leaves, &sources, &files);
        Plan {
            aur_ir: aur_ir::VERSION,
            digest: String::new(),
            files,
            hooks,
            inputs,
            jobs,
            spans,
        }
    });
    Answer {
        sources,
        diagnostics,
        value: plan,
        usage,
    }
}

/// Evaluates `expr` in the scope of the program at `entry`; text resolves as far as it can, open names
/// stay as `{{name}}`, unset fields are left out, object keys are sorted.
///
/// The expression is the last file of the answer's sources, called `<expression>`.
pub fn eval(host: &dyn Sources, entry: &str, given: &Given, expr: &str) -> Answer<serde_json::Value> {
    evaluate(host, entry, given, expr, |compiler, context, tree| {
        let value = compiler.eval(context, tree, &types::Type::Any);
        let root = compiler.root_env();
        compiler.json_of(&value, &root, Form::Printed)
    })
}

/// What is made of an expression.
trait Reading<T>: for<'p> FnOnce(&mut Compiler<'p>, &Context<'p>, &'p tree::Expr) -> T {}

impl<T, F: for<'p> FnOnce(&mut Compiler<'p>, &Context<'p>, &'p tree::Expr) -> T> Reading<T> for F {}

/// Reads an expression in the scope of a program and makes an answer of it.
fn evaluate<T>(
    host: &dyn Sources,
    entry: &str,
    given: &Given,
    expr: &str,
    read: impl Reading<T>,
) -> Answer<T> {
    let (mut program, mut faults, found) = program::load(host, entry, &given.limits);
    let Ok(()) = found else {
        return unread(program, faults, entry, found);
    };
    let file = program.sources.add(SourceFile::new("<expression>", expr));
    let (tree, errors) = aur_grammar::parse_expr(expr);
    faults.extend(errors.iter().map(|error| error.diagnostic(file, 0)));
    let mut compiler = Compiler::new(&program, host, given, false);
    compiler.gather_inputs();
    let usage = compiler.unknown_given();
    let context = Context::new(ENTRY_MODULE, Base { file, offset: 0 });
    let read = read(&mut compiler, &context, &tree);
    let diagnostics = finish(compiler, faults);
    let value = (!has_errors(&diagnostics) && usage.is_none()).then_some(read);
    Answer {
        sources: program.sources,
        diagnostics,
        value,
        usage,
    }
}

/// Names of the inputs that the program at `entry` declares.
fn input_names(host: &dyn Sources, entry: &str, limits: &Limits) -> Vec<SmolStr> {
    let (program, _, _) = program::load(host, entry, limits);
    let files = program.modules.iter().skip(ENTRY_MODULE as usize);
    let items = files.flat_map(|module| module.tree.items.iter());
    let names = items.filter_map(|item| match &item.node.kind {
        ItemKind::Input { name, .. } => Some(name.name.clone()),
        _ => None,
    });
    names.collect()
}

/// The answer where the entry file itself cannot be read.
fn unread<T>(
    program: Program,
    diagnostics: Vec<Diagnostic>,
    entry: &str,
    found: Result<(), ReadError>,
) -> Answer<T> {
    let usage = found.err().map(|error| UsageError {
        message: format!("{entry}: {error}"),
        help: match error {
            ReadError::NotFound { nearest } => nearest.map(|near| format!("did you mean `{near}`?")),
            ReadError::OutsideRoot
            | ReadError::NotAFile
            | ReadError::TooLarge { .. }
            | ReadError::System(_) => None,
        },
    });
    Answer {
        sources: program.sources,
        diagnostics,
        value: None,
        usage,
    }
}

fn finish(compiler: Compiler<'_>, faults: Vec<Diagnostic>) -> Vec<Diagnostic> {
    in_order(faults, compiler.sink.finish())
}

/// What was found on reading and on judging, in order of place.
pub(crate) fn in_order(mut faults: Vec<Diagnostic>, judged: Vec<Diagnostic>) -> Vec<Diagnostic> {
    faults.extend(judged);
    faults.sort_by_key(|diagnostic| diagnostic.span().map(|span| (span.file, span.start, span.end)));
    faults
}

pub(crate) fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity() == Severity::Error)
}

/// Every file that the plan was made from: programs, then what `file(..)` read, each once.
fn source_files(program: &Program, compiler: &Compiler<'_>) -> Vec<aur_ir::SourceFile> {
    // What is no text makes no plan, so the text is the whole content.
    let content = |file| program.sources.get(file).map_or("", |file| file.text().as_ref());
    let programs = program.read.iter().map(|(path, file)| aur_ir::SourceFile {
        path: path.clone(),
        sha256: sha256_hex(content(*file).as_bytes()),
    });
    let mut files: Vec<aur_ir::SourceFile> = programs.collect();
    for (path, content) in &compiler.files {
        if let Some((_, hash)) = content
            && !files.iter().any(|file| file.path == *path)
        {
            files.push(aur_ir::SourceFile {
                path: path.clone(),
                sha256: hash.clone(),
            });
        }
    }
    files
}

fn inputs_of(compiler: &mut Compiler<'_>) -> Vec<aur_ir::Input> {
    let root = compiler.root_env();
    let mut inputs: Vec<aur_ir::Input> = Vec::new();
    for (name, input) in compiler.inputs.clone() {
        let Some(source) = input.source else { continue };
        let value = compiler.json_of(&input.value, &root, Form::Plan);
        inputs.push(aur_ir::Input {
            name: name.to_string(),
            source,
            value,
        });
    }
    inputs.sort_by(|a, b| a.name.cmp(&b.name));
    inputs
}
