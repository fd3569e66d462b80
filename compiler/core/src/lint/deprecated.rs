//! `deprecated`: something is used that its author asks not to use any more; and what annotations there are.

use aur_diagnostics::{Applicability, Diagnostic, Span, codes, nearest};
use aur_grammar::tree::{Annotation, Arg, ExprKind, ItemKind, Text, TextPart};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use crate::eval::Compiler;
use crate::program::{Def, Program};
use crate::types::StructDecl;
use crate::value::Base;

/// All annotations of the language.
const ANNOTATIONS: [&str; 1] = ["deprecated"];

/// What is deprecated: items, and members of structs by name.
pub(crate) struct Deprecated<'p> {
    marks: FxHashMap<(Def, Option<SmolStr>), Mark<'p>>,
    /// The mustache that is being looked up, if anything is deprecated.
    asking: Option<Span>,
}

#[derive(Clone, Copy)]
struct Mark<'p> {
    annotation: &'p Annotation,
    place: Span,
    /// The whole of what is deprecated: it may use itself.
    own: Span,
}

impl<'p> Deprecated<'p> {
    pub(crate) fn new(program: &'p Program) -> Self {
        let mut marks = FxHashMap::default();
        for (module, owner) in (0u32..).zip(&program.modules) {
            for (index, item) in (0u32..).zip(&owner.tree.items) {
                let def = Def::Item { module, item: index };
                let base = Base {
                    file: owner.file,
                    offset: item.offset,
                };
                let mut note = |name: Option<SmolStr>, annotations: &'p [Annotation], own| {
                    if let Some(annotation) = annotations.iter().find(|own| own.name.name == "deprecated") {
                        let place = base.span(annotation.range);
                        marks.insert(
                            (def, name),
                            Mark {
                                annotation,
                                place,
                                own,
                            },
                        );
                    }
                };
                note(None, &item.node.annotations, base.span(item.node.range));
                if let ItemKind::Struct(declared) = &item.node.kind {
                    for member in &declared.members {
                        note(
                            Some(member.name.name.clone()),
                            &member.annotations,
                            base.span(member.range),
                        );
                    }
                }
            }
        }
        Self { marks, asking: None }
    }
}

impl<'p> Compiler<'p> {
    /// Reports annotations that do not exist or hold the wrong thing.
    pub(crate) fn check_all_annotations(&mut self) {
        let program = self.program;
        for (module, owner) in (0u32..).zip(&program.modules) {
            let all: Vec<u32> = (0u32..).take(owner.tree.items.len()).collect();
            self.check_annotations(module, &all);
        }
    }

    /// The same for some items of a file.
    pub(crate) fn check_annotations(&mut self, module: u32, items: &[u32]) {
        let program = self.program;
        for (item, base) in items.iter().filter_map(|item| program.item(module, *item)) {
            let can_be_used = !matches!(
                item.node.kind,
                ItemKind::Include { .. } | ItemKind::Check(_) | ItemKind::Broken
            );
            for annotation in &item.node.annotations {
                self.check_annotation(annotation, base, can_be_used);
            }
            if let ItemKind::Struct(declared) = &item.node.kind {
                let annotations = declared.members.iter().flat_map(|member| &member.annotations);
                annotations.for_each(|annotation| self.check_annotation(annotation, base, true));
            }
        }
    }

    fn check_annotation(&mut self, annotation: &'p Annotation, base: Base, can_be_used: bool) {
        let name = &annotation.name.name;
        let span = base.span(annotation.name.range);
        if name.is_empty() {
            return;
        }
        if !ANNOTATIONS.contains(&name.as_str()) {
            let error = Diagnostic::new(
                &codes::unknown_annotation,
                span,
                format!("there is no annotation `@{name}`"),
            );
            self.sink.push(match nearest(name, ANNOTATIONS) {
                Some(near) => error.help(format!("did you mean `@{near}`?")).fix(
                    format!("write `@{near}`"),
                    Applicability::Unsafe,
                    span,
                    near,
                ),
                None => error.help("the only annotation is `@deprecated(\"what to use instead\")`"),
            });
            return;
        }
        let fault = if can_be_used {
            annotation
                .args
                .iter()
                .find(|arg| reads_as(arg).is_none())
                .map(|arg| {
                    (
                        arg.range,
                        "`@deprecated` takes a text and `use`, both written out",
                    )
                })
        } else {
            Some((
                annotation.range,
                "nobody can use what stands here, so it cannot be deprecated",
            ))
        };
        if let Some((range, message)) = fault {
            self.sink.push(
                Diagnostic::new(&codes::bad_call, base.span(range), message)
                    .help("write `@deprecated(\"what to do instead\", use = \"new_name\")`, or less of it"),
            );
        }
    }

    /// Warns where a deprecated item is used.
    pub(crate) fn lint_use(&mut self, def: Def, span: Span) {
        self.lint_mark(def, None, span);
    }

    /// Warns where a deprecated member is used.
    pub(crate) fn lint_member_use(&mut self, decl: &StructDecl<'p>, index: usize, span: Span) {
        if !self.lints.deprecated.marks.is_empty()
            && let Some(field) = decl.fields.get(index)
        {
            self.lint_mark(decl.def, Some(field.name.clone()), span);
        }
    }

    /// Remembers the mustache whose names are looked up next.
    pub(crate) fn lint_asking(&mut self, span: Span) {
        if !self.lints.deprecated.marks.is_empty() {
            self.lints.deprecated.asking = Some(span);
        }
    }

    /// Warns where a text asks for a deprecated member.
    pub(crate) fn lint_member_asked(&mut self, decl: &StructDecl<'p>, index: usize) {
        if let Some(span) = self.lints.deprecated.asking {
            self.lint_member_use(decl, index, span);
        }
    }

    /// Warns where a text asks for a deprecated input.
    pub(crate) fn lint_input_asked(&mut self, name: &str) {
        if let Some(span) = self.lints.deprecated.asking
            && let Some(def) = self.input_def(name)
        {
            self.lint_use(def, span);
        }
    }

    fn lint_mark(&mut self, def: Def, member: Option<SmolStr>, span: Span) {
        if self.lints.deprecated.marks.is_empty() {
            return;
        }
        let Some(mark) = self.lints.deprecated.marks.get(&(def, member.clone())).copied() else {
            return;
        };
        let is_own = mark.own.file == span.file && (mark.own.start..mark.own.end).contains(&span.start);
        if is_own || self.is_prelude(span) {
            return;
        }
        let name = member.or_else(|| {
            let place = self.program.name_span(def)?;
            Some(self.program.sources.text(place).into())
        });
        let name = name.unwrap_or_default();
        let message = match said(mark.annotation) {
            Some(text) => format!("`{name}` is deprecated: {text}"),
            None => format!("`{name}` is deprecated"),
        };
        let mut warning = Diagnostic::new(&codes::deprecated, span, message)
            .label("used here")
            .also(mark.place, "marked here");
        if let Some(instead) = instead(mark.annotation) {
            warning = warning.help(format!("use `{instead}`"));
            if self.program.sources.text(span) == name {
                warning = warning.fix(format!("write `{instead}`"), Applicability::Unsafe, span, instead);
            }
        }
        self.sink.push(warning);
    }
}

/// What an argument of `@deprecated` says.
fn reads_as(arg: &Arg) -> Option<&str> {
    let is_known = arg.name.as_ref().is_none_or(|name| name.name == "use");
    match &arg.value.kind {
        ExprKind::Text(text) if is_known => plain(text),
        _ => None,
    }
}

fn plain(text: &Text) -> Option<&str> {
    match text.parts.as_slice() {
        [TextPart::Literal { text, .. }] => Some(text),
        _ => None,
    }
}

fn said(annotation: &Annotation) -> Option<&str> {
    annotation
        .args
        .iter()
        .find(|arg| arg.name.is_none())
        .and_then(reads_as)
}

fn instead(annotation: &Annotation) -> Option<&str> {
    annotation
        .args
        .iter()
        .find(|arg| arg.name.is_some())
        .and_then(reads_as)
}
