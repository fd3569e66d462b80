//! What a program depends on: the files it reads, and what comes from outside.

use aur_diagnostics::Span;
use aur_grammar::tree::{ItemKind, TextPart};
use aur_ir::InputSource;

use crate::eval::{Compiler, env_name};
use crate::lower::{Jobs, Lowering, Spans};
use crate::program::{self, Program, join};
use crate::value::Base;
use crate::{Answer, ENTRY_MODULE, Given, Sources};

/// What a program depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct Dependencies {
    /// Which file reads which, in order of file and place. A file may be named that is not there.
    pub edges: Vec<Edge>,
    /// Inputs, in order of declaration.
    pub inputs: Vec<Declared>,
}

/// One file reads another.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// The file that reads, below the project root.
    pub from: String,
    /// The file that is read, below the project root.
    pub to: String,
    /// How it is read.
    pub kind: EdgeKind,
    /// Where the path is written.
    pub span: Span,
}

/// How one file reads another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EdgeKind {
    /// `include "path"`, with the name behind `as`.
    Include(Option<String>),
    /// `file("path")`
    Content,
    /// `file_hash("path")`
    Hash,
}

/// An input that is declared.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// Its type.
    pub type_name: String,
    /// Where its name is written.
    pub span: Span,
    /// The environment variable that gives its value.
    pub variable: Option<String>,
    /// Who gives its value now; none where it has none.
    pub source: Option<InputSource>,
}

/// Finds what the program at `entry` depends on. There is an answer also where the program has errors.
pub fn deps(host: &dyn Sources, entry: &str, given: &Given) -> Answer<Dependencies> {
    let (program, faults, found) = program::load(host, entry, &given.limits);
    let Ok(()) = found else {
        return crate::unread(program, faults, entry, found);
    };
    let mut compiler = Compiler::new(&program, host, given, false);
    compiler.gather_inputs();
    Lowering::new(&mut compiler, Spans::Unwanted).program(ENTRY_MODULE, Jobs::Optional);
    let usage = compiler.unknown_given();
    let mut edges = includes(&program);
    edges.extend(reads(&compiler));
    let order = |edge: &Edge| {
        (
            program.sources.locate(edge.span).is_none(),
            edge.span.file,
            edge.span.start,
        )
    };
    edges.sort_by_key(order);
    let inputs = inputs(&compiler);
    let diagnostics = crate::finish(compiler, faults);
    Answer {
        sources: program.sources,
        diagnostics,
        value: Some(Dependencies { edges, inputs }),
        usage,
    }
}

fn includes(program: &Program) -> Vec<Edge> {
    let mut edges = Vec::new();
    for module in program.modules.iter().skip(ENTRY_MODULE as usize) {
        for item in &module.tree.items {
            let ItemKind::Include { path, alias } = &item.node.kind else {
                continue;
            };
            let base = Base {
                file: module.file,
                offset: item.offset,
            };
            if let [TextPart::Literal { text, .. }] = path.parts.as_slice()
                && let Some(to) = join(&module.path, text)
            {
                edges.push(Edge {
                    from: module.path.clone(),
                    to,
                    kind: EdgeKind::Include(alias.as_ref().map(|alias| alias.name.to_string())),
                    span: base.span(path.range),
                });
            }
        }
    }
    edges
}

fn reads(compiler: &Compiler<'_>) -> Vec<Edge> {
    let sources = &compiler.program.sources;
    let edges = compiler.reads.iter().filter_map(|((span, to), kind)| {
        Some(Edge {
            from: sources.get(span.file)?.path().to_string(),
            to: to.clone(),
            kind: kind.clone(),
            span: *span,
        })
    });
    edges.collect()
}

fn inputs(compiler: &Compiler<'_>) -> Vec<Declared> {
    let mut found: Vec<Declared> = Vec::new();
    for module in compiler.program.modules.iter().skip(ENTRY_MODULE as usize) {
        for item in &module.tree.items {
            let ItemKind::Input { name, ty, default } = &item.node.kind else {
                continue;
            };
            let base = Base {
                file: module.file,
                offset: item.offset,
            };
            if name.name.is_empty() || found.iter().any(|own| own.name == name.name) {
                continue;
            }
            let written = compiler.program.sources.text(base.span(ty.range));
            found.push(Declared {
                name: name.name.to_string(),
                type_name: written.split_whitespace().collect::<Vec<_>>().join(" "),
                span: base.span(name.range),
                variable: env_name(default.as_ref()).map(|name| name.to_string()),
                source: compiler.inputs.get(&name.name).and_then(|input| input.source),
            });
        }
    }
    found
}
