//! What a program depends on.

use std::collections::BTreeSet;

use aur_compiler::{Declared, Dependencies, Edge, EdgeKind};
use aur_ir::InputSource;
use aur_render::{Frames, Look, clean};
use schemars::JsonSchema;
use serde::Serialize;

use crate::place::{Names, Place};

/// The files that a program reads and what comes from outside. The shape only grows.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "Dependencies")]
pub struct DependenciesDocument {
    /// Version of this format.
    version: u32,
    /// The program, as seen from the working folder.
    entry: String,
    /// Every file that is read, the program first, then in order of their paths.
    files: Vec<String>,
    /// Which file reads which, in order of file and place.
    edges: Vec<EdgeEntry>,
    /// Inputs in order of declaration.
    inputs: Vec<InputEntry>,
    /// Environment variables that give values to inputs, sorted.
    environment: Vec<String>,
}

/// One file reads another.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "Edge")]
struct EdgeEntry {
    /// The file that reads.
    from: String,
    /// The file that is read.
    to: String,
    kind: Kind,
    /// The name behind `as` of an include.
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    alias: Option<String>,
    #[serde(flatten)]
    place: Option<Place>,
}

/// How a file is read.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// `include "path"`
    Include,
    /// `file("path")`
    File,
    /// `file_hash("path")`
    FileHash,
}

/// An input.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "DeclaredInput")]
struct InputEntry {
    name: String,
    /// The type as written.
    #[serde(rename = "type")]
    type_name: String,
    #[serde(flatten)]
    place: Option<Place>,
    /// The environment variable that gives its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    variable: Option<String>,
    /// Who gives its value now; not there where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<InputSource>,
}

/// Makes the document of a program.
pub fn dependencies_document(
    entry: &str,
    dependencies: &Dependencies,
    names: &Names<'_>,
) -> DependenciesDocument {
    let edges = dependencies.edges.iter().map(|edge| EdgeEntry {
        from: (names.seen)(&edge.from),
        to: (names.seen)(&edge.to),
        kind: match edge.kind {
            EdgeKind::Include(_) => Kind::Include,
            EdgeKind::Content => Kind::File,
            EdgeKind::Hash => Kind::FileHash,
        },
        alias: match &edge.kind {
            EdgeKind::Include(alias) => alias.clone(),
            EdgeKind::Content | EdgeKind::Hash => None,
        },
        place: names.place(edge.span),
    });
    let inputs = dependencies.inputs.iter().map(|input| InputEntry {
        name: input.name.clone(),
        type_name: input.type_name.clone(),
        place: names.place(input.span),
        variable: input.variable.clone(),
        source: input.source,
    });
    let variables: BTreeSet<String> = dependencies
        .inputs
        .iter()
        .filter_map(|input| input.variable.clone())
        .collect();
    DependenciesDocument {
        version: 1,
        entry: (names.seen)(entry),
        files: files(entry, dependencies)
            .into_iter()
            .map(|path| (names.seen)(path))
            .collect(),
        edges: edges.collect(),
        inputs: inputs.collect(),
        environment: variables.into_iter().collect(),
    }
}

fn files<'a>(entry: &'a str, dependencies: &'a Dependencies) -> Vec<&'a str> {
    let mut others: BTreeSet<&str> = dependencies.edges.iter().map(|edge| edge.to.as_str()).collect();
    others.remove(entry);
    [entry].into_iter().chain(others).collect()
}

/// The files as a tree, then the inputs.
pub fn dependencies_text(entry: &str, dependencies: &Dependencies, names: &Names<'_>, look: Look) -> String {
    let mut tree = Tree {
        edges: &dependencies.edges,
        names,
        look,
        opened: BTreeSet::new(),
        out: format!("{}\n", clean(&(names.seen)(entry))),
    };
    tree.below(entry, "");
    let mut out = tree.out;
    if !dependencies.inputs.is_empty() {
        out.push_str("\ninputs\n");
    }
    for input in &dependencies.inputs {
        let value = value_of(input);
        let place = names.shown(input.span);
        let type_name = clean(&input.type_name).into_owned();
        out.push_str(&format!(
            "  {}: {type_name}  {value}  ({place})\n",
            clean(&input.name)
        ));
    }
    out
}

fn value_of(input: &Declared) -> String {
    let variable = input.variable.as_ref().map(|name| clean(name).into_owned());
    match (input.source, variable) {
        (Some(InputSource::Flag), _) => "from -E".to_string(),
        (Some(InputSource::File), _) => "from --inputs".to_string(),
        (Some(InputSource::Env), Some(variable)) => format!("from the variable {variable}"),
        (Some(InputSource::Env | InputSource::Default), _) => "has a default".to_string(),
        (None, Some(variable)) => format!("no value: the variable {variable} is not set"),
        (None, None) => "no value".to_string(),
    }
}

struct Tree<'a> {
    edges: &'a [Edge],
    names: &'a Names<'a>,
    look: Look,
    /// Files whose own files were listed.
    opened: BTreeSet<&'a str>,
    out: String,
}

impl<'a> Tree<'a> {
    fn below(&mut self, path: &'a str, indent: &str) {
        if !self.opened.insert(path) {
            return;
        }
        let edges: Vec<&Edge> = self.edges.iter().filter(|edge| edge.from == path).collect();
        let (fork, last, bar) = match self.look.frames {
            Frames::Unicode => ("├── ", "└── ", "│   "),
            Frames::Ascii => ("|-- ", "`-- ", "|   "),
        };
        for (index, edge) in edges.iter().enumerate() {
            let is_last = index + 1 == edges.len();
            let branch = if is_last { last } else { fork };
            let how = match &edge.kind {
                EdgeKind::Include(None) => "include".to_string(),
                EdgeKind::Include(Some(alias)) => format!("include as {}", clean(alias)),
                EdgeKind::Content => "file".to_string(),
                EdgeKind::Hash => "file_hash".to_string(),
            };
            let has_more = self.edges.iter().any(|other| other.from == edge.to);
            let again = if has_more && self.opened.contains(edge.to.as_str()) {
                ", its files are above"
            } else {
                ""
            };
            let to = (self.names.seen)(&edge.to);
            let line = self.place_in_line(edge);
            self.out
                .push_str(&format!("{indent}{branch}{}  {how}, {line}{again}\n", clean(&to)));
            let deeper = format!("{indent}{}", if is_last { "    " } else { bar });
            self.below(&edge.to, &deeper);
        }
    }

    fn place_in_line(&self, edge: &Edge) -> String {
        let place = self.names.place(edge.span);
        place.map_or(String::new(), |place| format!("line {}", place.line))
    }
}

/// The files as a graph in the language of Graphviz.
pub fn dependencies_dot(entry: &str, dependencies: &Dependencies, names: &Names<'_>) -> String {
    let quoted = |text: &str| {
        let text = clean(text).replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{text}\"")
    };
    let mut out = "digraph dependencies {\n  rankdir = LR\n  node [shape = box]\n".to_string();
    for path in files(entry, dependencies) {
        out.push_str(&format!("  {}\n", quoted(&(names.seen)(path))));
    }
    for edge in &dependencies.edges {
        let label = match &edge.kind {
            EdgeKind::Include(None) => "include".to_string(),
            EdgeKind::Include(Some(alias)) => format!("include as {alias}"),
            EdgeKind::Content => "file".to_string(),
            EdgeKind::Hash => "file_hash".to_string(),
        };
        let (from, to) = ((names.seen)(&edge.from), (names.seen)(&edge.to));
        out.push_str(&format!(
            "  {} -> {} [label = {}]\n",
            quoted(&from),
            quoted(&to),
            quoted(&label)
        ));
    }
    out + "}\n"
}
