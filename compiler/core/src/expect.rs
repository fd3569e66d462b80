//! Tests: what `*_test.aur` files expect of values, of programs that are wrong, and of plans.
//!
//! Checking a test file evaluates what its tests say without judging it; only [`test`] does. Programs
//! that a test names are checked and compiled on their own, with the same inputs.

use aur_diagnostics::{Diagnostic, SourceMap, Span, codes, nearest};
use aur_grammar::tree::{
    BinaryOp, Expectation, ExpectationKind, Expr, ExprKind, Ident, Item, ItemKind, TestItem, TextPart,
};
use serde_json::Value as Json;

use crate::eval::{Compiler, Context};
use crate::json::Form;
use crate::lower::{Jobs, Lowering, Spans};
use crate::program::{self, join, read_fault};
use crate::resolve::Judge;
use crate::types::Type;
use crate::value::{Base, Kind, Value};
use crate::{Answer, ENTRY_MODULE, Given, Sources, check, compile};

/// How one test went.
#[derive(Clone, Debug, PartialEq)]
pub struct TestResult {
    /// What it is called.
    pub name: String,
    /// Where its name is written.
    pub span: Span,
    /// What does not hold, in order; empty where the test passed.
    pub unmet: Vec<Unmet>,
}

/// An expectation that does not hold, or cannot be judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Unmet {
    /// The expectation.
    pub span: Span,
    /// The fact.
    pub message: String,
    /// Further facts, one a line.
    pub notes: Vec<String>,
    /// What was compared.
    pub sides: Option<Sides>,
    /// The file that a plan was compared with.
    pub snapshot: Option<Snapshot>,
}

/// The two sides of a comparison, resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Sides {
    /// Left of `==`; the plan that was compiled.
    pub left: Json,
    /// Right of `==`; the plan that was expected.
    pub right: Json,
}

/// A file that holds an expected plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Path below the project root.
    pub path: String,
    /// The whole plan that the program has now, without its spans.
    pub plan: Json,
}

/// Members of a plan that change with every comment and blank of the sources.
const INCIDENTAL: [&str; 3] = ["digest", "files", "spans"];

/// Diagnostics of a program that are named where others came than the expected one.
const MOST_NAMED: usize = 4;

/// Whether tests may stand in the file of this path.
pub fn is_test_file(path: &str) -> bool {
    path.ends_with("_test.aur")
}

/// Runs the tests of the file at `entry`, those of its includes left aside. An input without a value is
/// taken as any value of its type; what depends on it cannot be judged.
///
/// There are results also where the file has errors: what depends on one does not hold.
pub fn test(host: &dyn Sources, entry: &str, given: &Given) -> Answer<Vec<TestResult>> {
    let (program, faults, found) = program::load(host, entry, &given.limits);
    let Ok(()) = found else {
        return crate::unread(program, faults, entry, found);
    };
    let mut compiler = Compiler::new(&program, host, given, false);
    compiler.gather_inputs();
    Lowering::new(&mut compiler, Spans::Unwanted).program(ENTRY_MODULE, Jobs::Optional);
    let usage = compiler.unknown_given();
    // What is evaluated once more was reported before.
    compiler.sink.is_second_look = true;
    let items = program
        .modules
        .get(ENTRY_MODULE as usize)
        .map_or(&[][..], |module| module.tree.items.as_slice());
    let results = items.iter().filter_map(|item| match &item.node.kind {
        ItemKind::Test(test) => Some(compiler.run_test(ENTRY_MODULE, item, test)),
        _ => None,
    });
    let results = results.collect();
    let diagnostics = crate::finish(compiler, faults);
    Answer {
        sources: program.sources,
        diagnostics,
        value: Some(results),
        usage,
    }
}

/// What an expectation comes to.
enum Verdict {
    Met,
    Unmet(Unmet),
}

/// Whether programs that a test names are looked into.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// It is enough that they are there.
    Names,
    Programs,
}

impl<'p> Compiler<'p> {
    /// Evaluates what a test says and reports what is wrong with that, whether it holds or not.
    pub(crate) fn look_at_test(&mut self, module: u32, item: &Item, test: &'p TestItem) {
        let Some(context) = self.context_of(module, item) else {
            return;
        };
        let path = self.path_of(module);
        if !is_test_file(path) && item.node.errors.is_empty() {
            let span = context.base.span(test.name.range);
            let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".aur");
            let error = Diagnostic::new(
                &codes::misplaced_test,
                span,
                "tests stand in files whose names end in `_test.aur`",
            );
            self.sink
                .push(error.label("not a test file").help(if stem.starts_with('<') {
                    "write the test to a file such as `main_test.aur`".to_string()
                } else {
                    format!("move it to `{stem}_test.aur`; what must always hold is a `check`")
                }));
        }
        for expectation in &test.expectations {
            self.judge(&context, expectation, Depth::Names);
        }
    }

    fn run_test(&mut self, module: u32, item: &Item, test: &'p TestItem) -> TestResult {
        let context = self.context_of(module, item);
        let name = test.name.parts.iter().map(|part| match part {
            TextPart::Literal { text, .. } => text.to_string(),
            TextPart::Mustache(mustache) => {
                let span = context.as_ref().map(|context| context.base.span(mustache.range));
                span.map_or(String::new(), |span| self.program.sources.text(span).to_string())
            }
        });
        let name = name.collect();
        let base = context.as_ref().map(|context| context.base);
        let span = base.map_or(crate::eval::NOWHERE, |base| base.span(test.name.range));
        let mut unmet = Vec::new();
        if let Some(context) = context {
            for expectation in &test.expectations {
                if let Verdict::Unmet(one) = self.judge(&context, expectation, Depth::Programs) {
                    unmet.push(one);
                }
            }
        }
        if test.expectations.is_empty() && item.node.errors.is_empty() {
            unmet.push(Unmet::new(span, "this test expects nothing"));
        }
        if !item.node.errors.is_empty() {
            unmet.insert(0, Unmet::new(span, "the test cannot be read as it is written"));
        }
        TestResult { name, span, unmet }
    }

    fn context_of(&self, module: u32, item: &Item) -> Option<Context<'p>> {
        let file = self.program.modules.get(module as usize)?.file;
        let offset = item.offset;
        Some(Context::new(module, Base { file, offset }))
    }

    fn path_of(&self, module: u32) -> &'p str {
        let program = self.program;
        program
            .modules
            .get(module as usize)
            .map_or("", |module| module.path.as_str())
    }

    fn judge(&mut self, context: &Context<'p>, expectation: &'p Expectation, depth: Depth) -> Verdict {
        let span = context.base.span(expectation.range);
        match &expectation.kind {
            ExpectationKind::Holds(condition) => self.judge_condition(context, condition, span),
            ExpectationKind::Error { code, program } => self.judge_error(context, code, program, span, depth),
            ExpectationKind::Plan { program, snapshot } => {
                self.judge_plan(context, program, snapshot, span, depth)
            }
        }
    }

    fn judge_condition(&mut self, context: &Context<'p>, condition: &'p Expr, span: Span) -> Verdict {
        let (holds, sides) = match &condition.kind {
            ExprKind::Binary {
                op: op @ (BinaryOp::Equal | BinaryOp::NotEqual),
                left,
                right,
                ..
            } => self.compare_sides(context, left, right, *op == BinaryOp::Equal),
            _ => (self.typed(context, condition, &Type::Boolean).kind, None),
        };
        let message = match holds {
            Kind::Bool(true) => return Verdict::Met,
            Kind::Bool(false) => "this does not hold".to_string(),
            Kind::Poison => "this depends on something that has an error".to_string(),
            _ => match self.missing_inputs().as_slice() {
                [] => "this cannot be judged: part of it is not known".to_string(),
                names => format!("this depends on inputs that have no value: {}", names.join(", ")),
            },
        };
        Verdict::Unmet(Unmet {
            sides: sides.filter(|_| matches!(holds, Kind::Bool(false))),
            ..Unmet::new(span, message)
        })
    }

    /// Compares two values as `==` does. Texts in which names are open, which `==` refuses, are compared as
    /// they stand, so that a test can tell what remains open.
    fn compare_sides(
        &mut self,
        context: &Context<'p>,
        left: &'p Expr,
        right: &'p Expr,
        is_equal_wanted: bool,
    ) -> (Kind<'p>, Option<Sides>) {
        let left = self.eval(context, left, &Type::Any);
        let right = self.eval(context, right, &type_of(&left));
        if left.is_poison() || right.is_poison() {
            return (Kind::Poison, None);
        }
        let sides = Sides {
            left: self.settled_json(&left),
            right: self.settled_json(&right),
        };
        let same = if has_name(&sides.left, &|_| true) || has_name(&sides.right, &|_| true) {
            let missing = self.missing_inputs();
            let is_known = [&sides.left, &sides.right]
                .iter()
                .all(|side| !has_name(side, &|name| is_input(name, &missing)));
            is_known.then_some(sides.left == sides.right)
        } else {
            self.same(&left, &right)
        };
        let kind = match same {
            Some(same) => Kind::Bool(same == is_equal_wanted),
            None => Kind::opaque(Type::Boolean),
        };
        (kind, Some(sides))
    }

    fn settled_json(&mut self, value: &Value<'p>) -> Json {
        let root = self.root_env();
        let settled = self.settle(value, &root, Judge::Later);
        self.json_of(&settled, &root, Form::Printed)
    }

    fn missing_inputs(&self) -> Vec<&str> {
        let missing = |value: &crate::eval::InputValue<'p>| matches!(value.value.kind, Kind::Opaque(_));
        let inputs = self.inputs.iter().filter(|(_, input)| missing(input));
        inputs.map(|(name, _)| name.as_str()).collect()
    }

    fn judge_error(
        &mut self,
        context: &Context<'p>,
        code: &Ident,
        program: &'p Expr,
        span: Span,
        depth: Depth,
    ) -> Verdict {
        let row = codes::find(&code.name);
        if row.is_none() && !code.name.is_empty() {
            let known = codes::ALL.iter().flat_map(|code| [code.id, code.name]);
            let help = nearest(&code.name, known).map(|near| format!("did you mean `{near}`?"));
            let message = format!("no diagnostic is called `{}`", code.name);
            self.sink.push(
                Diagnostic::new(&codes::bad_expectation, context.base.span(code.range), message)
                    .label("neither an id nor a name")
                    .help(help.unwrap_or("`aurc explain --list` lists them".to_string())),
            );
        }
        let path = self.named_file(context, program, "bad.aur");
        let (Some(row), Some(path)) = (row, path) else {
            return Unmet::broken(span);
        };
        if depth == Depth::Names {
            return Verdict::Met;
        }
        let found = diagnostics_of(self.host, &path, self.given);
        if found.iter().any(|one| one.id == row.id) {
            return Verdict::Met;
        }
        let message = if found.is_empty() {
            format!("`{path}` has no errors, {} was expected", row.id)
        } else {
            format!("`{path}` does not give {} ({})", row.id, row.title)
        };
        Verdict::Unmet(Unmet {
            notes: notes(&found),
            ..Unmet::new(span, message)
        })
    }

    fn judge_plan(
        &mut self,
        context: &Context<'p>,
        program: &'p Expr,
        snapshot: &'p Expr,
        span: Span,
        depth: Depth,
    ) -> Verdict {
        let program_path = self.named_file(context, program, "main.aur");
        let snapshot_path = self.named_place(context, snapshot, "main.plan.json");
        let (Some(program_path), Some((snapshot_path, place))) = (program_path, snapshot_path) else {
            return Unmet::broken(span);
        };
        if depth == Depth::Names {
            return Verdict::Met;
        }
        let answer = compile(self.host, &program_path, &self.given_for(&program_path));
        let Some(mut plan) = answer.value else {
            return Verdict::Unmet(Unmet {
                notes: notes(&faults(&answer.diagnostics, &answer.sources)),
                ..Unmet::new(
                    span,
                    format!("`{program_path}` has no plan, because it has errors"),
                )
            });
        };
        plan.spans.clear();
        // A plan is JSON.
        let plan: Json = serde_json::from_slice(&plan.to_canonical_json()).unwrap_or_default();
        let unmet = |message: String, sides: Option<Sides>| {
            Verdict::Unmet(Unmet {
                sides,
                snapshot: Some(Snapshot {
                    path: snapshot_path.clone(),
                    plan: plan.clone(),
                }),
                ..Unmet::new(span, message)
            })
        };
        let expected = match self.host.read(&snapshot_path) {
            Ok(bytes) => serde_json::from_slice::<Json>(&bytes),
            Err(crate::ReadError::NotFound { .. }) => {
                return unmet(format!("there is no file `{snapshot_path}` yet"), None);
            }
            Err(error) => {
                self.sink.push(read_fault(&snapshot_path, place, &error));
                return Unmet::broken(span);
            }
        };
        let Ok(expected) = expected else {
            return unmet(format!("`{snapshot_path}` does not hold JSON"), None);
        };
        let sides = Sides {
            left: without_incidental(plan.clone()),
            right: without_incidental(expected),
        };
        if sides.left == sides.right {
            return Verdict::Met;
        }
        let message = format!("the plan of `{program_path}` is not that of `{snapshot_path}`");
        unmet(message, Some(sides))
    }

    /// The inputs that were given, as far as another program knows them.
    fn given_for(&self, program: &str) -> Given {
        let declared = crate::input_names(self.host, program, &self.given.limits);
        let knows = |name: &str| declared.iter().any(|own| own == name);
        Given {
            flags: self
                .given
                .flags
                .iter()
                .filter(|(name, _)| knows(name))
                .cloned()
                .collect(),
            file: self
                .given
                .file
                .iter()
                .filter(|(name, _)| knows(name))
                .cloned()
                .collect(),
            limits: self.given.limits.clone(),
            cancel: self.given.cancel.clone(),
            is_last: false,
        }
    }

    /// The path of a program in `file("..")`, which must be there.
    fn named_file(&mut self, context: &Context<'p>, expr: &'p Expr, example: &str) -> Option<String> {
        let (path, place) = self.named_place(context, expr, example)?;
        match self.host.read(&path) {
            Ok(_) => Some(path),
            Err(error) => {
                self.sink.push(read_fault(&path, place, &error));
                None
            }
        }
    }

    /// The path in `file("..")`, below the project root, and where it is written.
    fn named_place(
        &mut self,
        context: &Context<'p>,
        expr: &'p Expr,
        example: &str,
    ) -> Option<(String, Span)> {
        let span = context.base.span(expr.range);
        let argument = match &expr.kind {
            ExprKind::Call { callee, args } if matches!(&callee.kind, ExprKind::Name(name) if name == "file") => {
                match args.as_slice() {
                    [arg] if arg.name.is_none() => Some(&arg.value),
                    _ => None,
                }
            }
            ExprKind::Missing => return None,
            _ => None,
        };
        let Some(argument) = argument else {
            self.sink.push(
                Diagnostic::new(
                    &codes::bad_expectation,
                    span,
                    "a file is named here, by `file(\"..\")`",
                )
                .label("not a file")
                .help(format!("write `file(\"{example}\")`")),
            );
            return None;
        };
        let place = context.base.span(argument.range);
        let path = self.typed(context, argument, &Type::String);
        let written = crate::eval::finished_text(&path.kind)?.into_owned();
        let full = join(self.path_of(context.module), &written);
        if full.is_none() {
            self.sink
                .push(read_fault(&written, place, &crate::ReadError::OutsideRoot));
        }
        Some((full?, place))
    }
}

impl Unmet {
    fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            notes: Vec::new(),
            sides: None,
            snapshot: None,
        }
    }

    /// An expectation with a fault that was reported.
    fn broken(span: Span) -> Verdict {
        Verdict::Unmet(Self::new(span, "this expectation has an error"))
    }
}

/// What a literal on the other side is taken for.
fn type_of<'p>(value: &Value<'p>) -> Type<'p> {
    match &value.kind {
        Kind::Struct(inner) => Type::Struct(inner.decl.def, inner.decl.name.clone()),
        Kind::Map(_) => Type::Map(std::rc::Rc::new((Type::Any, Type::Any))),
        _ => Type::Any,
    }
}

/// Whether a text in it still holds such a name in braces.
fn has_name(json: &Json, is_such: &dyn Fn(&str) -> bool) -> bool {
    match json {
        Json::String(text) => text.split("{{").skip(1).any(is_such),
        Json::Array(items) => items.iter().any(|item| has_name(item, is_such)),
        Json::Object(members) => members.values().any(|item| has_name(item, is_such)),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

/// Whether what stands behind `{{` is an input without a value, or the type of something that depends on one.
fn is_input(behind: &str, missing: &[&str]) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let name = behind
        .split(|letter| !is_word(letter))
        .find(|word| !word.is_empty());
    name.is_some_and(|name| missing.contains(&name) || name.starts_with(char::is_uppercase))
}

fn without_incidental(mut plan: Json) -> Json {
    if let Json::Object(members) = &mut plan {
        members.retain(|name, _| !INCIDENTAL.contains(&name.as_str()));
    }
    plan
}

/// A diagnostic of another program.
struct Fault {
    id: &'static str,
    /// `file:line:column: id message`
    line: String,
}

/// Everything that is said about a program: by a check, and by compiling where a check finds no error.
fn diagnostics_of(host: &dyn Sources, path: &str, given: &Given) -> Vec<Fault> {
    let checked = check(host, path, given);
    let mut found = faults(&checked.diagnostics, &checked.sources);
    if checked.value.is_some() {
        let compiled = compile(host, path, given);
        for fault in faults(&compiled.diagnostics, &compiled.sources) {
            if !found.iter().any(|own| own.line == fault.line) {
                found.push(fault);
            }
        }
    }
    found
}

fn faults(diagnostics: &[Diagnostic], sources: &SourceMap) -> Vec<Fault> {
    let faults = diagnostics.iter().map(|one| {
        let place = one.span().and_then(|span| sources.locate(span));
        let place = place.map_or(String::new(), |(path, start, _)| {
            format!("{path}:{}:{}: ", start.line, start.column)
        });
        Fault {
            id: one.code.id,
            line: format!("{place}{} {}", one.code.id, one.message),
        }
    });
    faults.collect()
}

fn notes(found: &[Fault]) -> Vec<String> {
    let mut notes: Vec<String> = found
        .iter()
        .take(MOST_NAMED)
        .map(|fault| fault.line.clone())
        .collect();
    if found.len() > MOST_NAMED {
        notes.push(format!("and {} more", found.len() - MOST_NAMED));
    }
    notes
}
