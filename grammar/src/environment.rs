//! Rewrites of Python's ways to the environment, which need the whole file.
//!
//! The item that reads a variable knows only itself. Whether the file has an input for the variable, and
//! whether the name that the input would get is free, is known here.

use std::collections::BTreeMap;

use aur_diagnostics::{Applicability, Diagnostic, Edit, FileId, Fix, Span};

use crate::tree::{Arg, Expr, ExprKind, Item, ItemKind, SyntaxError, Text, TextPart, Tree};

/// Words that cannot be the name of an input, or had better not.
const RESERVED: [&str; 25] = [
    "and",
    "as",
    "check",
    "else",
    "enum",
    "env",
    "false",
    "file",
    "file_hash",
    "for",
    "if",
    "in",
    "include",
    "input",
    "join",
    "keys",
    "len",
    "not",
    "or",
    "order",
    "struct",
    "true",
    "type",
    "unset",
    "where",
];

impl Tree {
    /// Makes the diagnostics of the file, in source order. The fixes of one that reads the environment
    /// declare the input that is needed, unless the file has it.
    pub fn diagnostics(&self, file: FileId) -> Vec<Diagnostic> {
        let mut names = None;
        let mut out = Vec::new();
        for item in &self.items {
            for error in &item.node.errors {
                let mut diagnostic = error.diagnostic(file, item.offset);
                if let (Some(variable), Some(fix)) = (variable_of(error), diagnostic.fixes.last_mut()) {
                    fix.applicability = Applicability::Safe;
                    match declared_in_place(file, item, error, variable) {
                        Some(edits) => fix.edits = edits,
                        None => names
                            .get_or_insert_with(|| Names::of(self))
                            .declare(file, variable, fix),
                    }
                }
                out.push(diagnostic);
            }
        }
        out
    }
}

/// The names that a file defines, with the variable of each that is an input from the environment.
struct Names<'t> {
    variables: BTreeMap<&'t str, Option<&'t str>>,
    first_item: u32,
}

impl<'t> Names<'t> {
    fn of(tree: &'t Tree) -> Self {
        let mut variables = BTreeMap::new();
        for item in &tree.items {
            if let Some(name) = named(&item.node.kind) {
                let variable = input_variable(&item.node.kind);
                let known = *variables.entry(name).or_insert(variable);
                // A name that is also given to something else is not free.
                variables.insert(name, variable.filter(|_| known == variable));
            }
        }
        Self {
            variables,
            first_item: tree.items.first().map_or(0, |first| first.offset),
        }
    }

    fn declare(&self, file: FileId, variable: &str, fix: &mut Fix) {
        let mut name = input_name(variable);
        let known = loop {
            match self.variables.get(name.as_str()) {
                Some(known) if *known != Some(variable) => name.push_str("_env"),
                known => break known,
            }
        };
        if let Some(edit) = fix.edits.first_mut() {
            edit.text.clone_from(&name);
        }
        if known.is_none() {
            fix.edits.push(Edit {
                span: Span::new(file, self.first_item, self.first_item),
                text: format!("input {name}: String = env(\"{variable}\")\n"),
            });
        }
    }
}

fn variable_of(error: &SyntaxError) -> Option<&str> {
    error.fix.as_ref()?.variable.as_deref()
}

/// `role = os.getenv("USER")` is an input as a whole: the name stays what it is.
fn declared_in_place(file: FileId, item: &Item, error: &SyntaxError, variable: &str) -> Option<Vec<Edit>> {
    let ItemKind::Assign { name, ty, value } = &item.node.kind else {
        return None;
    };
    if value.range != error.range || value.kind != ExprKind::Missing || !item.node.annotations.is_empty() {
        return None;
    }
    let edit = |start: u32, end: u32, text: String| Edit {
        span: Span::new(file, item.offset + start, item.offset + end),
        text,
    };
    let head = edit(name.range.start, name.range.start, "input ".to_owned());
    let default = format!("env(\"{variable}\")");
    Some(match ty {
        Some(_) => vec![head, edit(value.range.start, value.range.end, default)],
        None => vec![
            head,
            edit(name.range.end, name.range.end, ": String".to_owned()),
            edit(value.range.start, value.range.end, default),
        ],
    })
}

/// Returns the name that the input of a variable gets where it is free.
pub(crate) fn input_name(variable: &str) -> String {
    let plain = |letter: char| match letter.to_ascii_lowercase() {
        letter if letter.is_ascii_alphanumeric() => letter,
        _ => '_',
    };
    let name: String = variable.chars().map(plain).collect();
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    match is_name && !RESERVED.contains(&name.as_str()) {
        true => name,
        false => format!("env_{name}"),
    }
}

fn named(kind: &ItemKind) -> Option<&str> {
    let name = match kind {
        ItemKind::Struct(item) => &item.name,
        ItemKind::Enum { name, .. }
        | ItemKind::Alias { name, .. }
        | ItemKind::Input { name, .. }
        | ItemKind::Assign { name, .. } => name,
        ItemKind::Include { alias, .. } => alias.as_ref()?,
        ItemKind::Check(_) | ItemKind::Test(_) | ItemKind::Broken => return None,
    };
    Some(&name.name)
}

/// The variable of `input name: T = env("variable")`.
fn input_variable(kind: &ItemKind) -> Option<&str> {
    let ItemKind::Input { default, .. } = kind else {
        return None;
    };
    let ExprKind::Call { callee, args } = &default.as_ref()?.kind else {
        return None;
    };
    let is_env = matches!(&callee.kind, ExprKind::Name(name) if name == "env");
    match args.as_slice() {
        [
            Arg {
                name: None, value, ..
            },
        ] if is_env => text_of(value),
        _ => None,
    }
}

fn text_of(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Text(Text { parts, .. }) => match parts.as_slice() {
            [TextPart::Literal { text, .. }] => Some(text),
            _ => None,
        },
        _ => None,
    }
}
