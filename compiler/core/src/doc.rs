//! What there is to say about the files of a program to those who use them: doc comments and
//! declarations, as plain data.

use aur_diagnostics::{SourceFile, SourceMap, Span};
use aur_grammar::tree::{
    Annotation, CheckRule, Expr, ExprKind, Item, ItemKind, Member, Text, TextPart, TypeExpr, TypeKind,
};
use aur_grammar::{PRELUDE, parse};

use crate::program::{self, join};
use crate::value::Base;
use crate::{Answer, ENTRY_MODULE, Sources};

/// A file and what it declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDoc {
    /// Path below the project root; `<prelude>` is the standard library.
    pub path: String,
    /// Files it includes, below the project root, with the name behind `as`.
    pub includes: Vec<(String, Option<String>)>,
    /// What it declares, in order.
    pub items: Vec<ItemDoc>,
}

/// Something with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemDoc {
    /// The name.
    pub name: String,
    /// Text of the doc comment: Markdown.
    pub doc: Option<String>,
    /// What `@deprecated` says; empty where it says nothing.
    pub deprecated: Option<String>,
    /// Line of the name, from 1.
    pub line: u32,
    /// What it is.
    pub kind: ItemDocKind,
}

/// What a name stands for. Types and values are given as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemDocKind {
    /// `struct Name { .. }`
    Struct {
        /// Its fields, in order.
        fields: Vec<FieldDoc>,
        /// What its `check` rules ask for, each with its message.
        checks: Vec<(String, Option<String>)>,
    },
    /// `enum Name { .. }`: its members in order, each with its doc comment.
    Enum(Vec<(String, Option<String>)>),
    /// `type Name = T`
    Alias(String),
    /// `input name: T = default`
    Input {
        /// The type.
        type_text: String,
        /// The default.
        default: Option<String>,
    },
    /// `name = value`
    Value {
        /// The type, if one is written, else the struct that is built or copied.
        type_text: Option<String>,
    },
}

/// A field of a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldDoc {
    /// Its name.
    pub name: String,
    /// Its type with the refinement, as written.
    pub type_text: String,
    /// Its default, as written.
    pub default: Option<String>,
    /// Whether it must be given.
    pub is_required: bool,
    /// Text of the doc comment: Markdown.
    pub doc: Option<String>,
    /// What `@deprecated` says; empty where it says nothing.
    pub deprecated: Option<String>,
}

/// Reads the doc comments of the program at `entry` and of the files it includes, the entry first.
pub fn doc(host: &dyn Sources, entry: &str) -> Answer<Vec<FileDoc>> {
    let (program, faults, found) = program::load(host, entry, &crate::Limits::default());
    let Ok(()) = found else {
        return crate::unread(program, faults, entry, found);
    };
    let mut files = Vec::new();
    for module in program.modules.iter().skip(ENTRY_MODULE as usize) {
        let reader = Reader {
            sources: &program.sources,
            base: Base {
                file: module.file,
                offset: 0,
            },
        };
        files.push(reader.file(&module.path, &module.tree.items));
    }
    Answer {
        sources: program.sources,
        diagnostics: faults,
        value: Some(files),
        usage: None,
    }
}

/// Reads the doc comments of the standard library.
pub fn doc_of_prelude() -> FileDoc {
    let mut sources = SourceMap::default();
    let file = sources.add(SourceFile::new("<prelude>", PRELUDE));
    let reader = Reader {
        sources: &sources,
        base: Base { file, offset: 0 },
    };
    reader.file("<prelude>", &parse(PRELUDE).items)
}

struct Reader<'a> {
    sources: &'a SourceMap,
    base: Base,
}

impl Reader<'_> {
    fn file(&self, path: &str, items: &[Item]) -> FileDoc {
        let mut out = FileDoc {
            path: path.to_string(),
            includes: Vec::new(),
            items: Vec::new(),
        };
        for item in items {
            let own = Reader {
                sources: self.sources,
                base: Base {
                    offset: item.offset,
                    ..self.base
                },
            };
            if let ItemKind::Include { path: written, alias } = &item.node.kind {
                let alias = alias.as_ref().map(|alias| alias.name.to_string());
                out.includes
                    .extend(join(path, &literal(written)).map(|to| (to, alias)));
            }
            out.items.extend(own.item(item));
        }
        out
    }

    /// What is written in a span, on one line.
    fn written(&self, range: aur_grammar::tree::Range) -> String {
        let text = self.sources.text(self.base.span(range));
        let lines = text.lines().map(str::trim);
        let lines: Vec<&str> = lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .collect();
        lines.join(" ")
    }

    fn item(&self, item: &Item) -> Option<ItemDoc> {
        let name = program::item_name(&item.node.kind).filter(|name| !name.name.is_empty())?;
        let kind = match &item.node.kind {
            ItemKind::Struct(declared) => ItemDocKind::Struct {
                fields: declared.members.iter().map(|member| self.field(member)).collect(),
                checks: declared.checks.iter().map(|rule| self.check(rule)).collect(),
            },
            ItemKind::Enum { members, docs, .. } => {
                let members = members.iter().zip(docs);
                let members = members
                    .map(|(member, doc)| (member.name.to_string(), doc.as_ref().map(ToString::to_string)));
                ItemDocKind::Enum(members.collect())
            }
            ItemKind::Alias { ty, .. } => ItemDocKind::Alias(self.written(ty.range)),
            ItemKind::Input { ty, default, .. } => ItemDocKind::Input {
                type_text: self.written(ty.range),
                default: default.as_ref().map(|default| self.written(default.range)),
            },
            ItemKind::Assign { ty, value, .. } => ItemDocKind::Value {
                type_text: (ty.as_ref().map(|ty| self.written(ty.range))).or_else(|| self.head(value)),
            },
            ItemKind::Include { .. } | ItemKind::Check(_) | ItemKind::Test(_) | ItemKind::Broken => {
                return None;
            }
        };
        let span: Span = self.base.span(name.range);
        let place = self.sources.locate(span);
        Some(ItemDoc {
            name: name.name.to_string(),
            doc: item.node.doc.as_ref().map(ToString::to_string),
            deprecated: deprecated(&item.node.annotations),
            line: place.map_or(1, |(_, start, _)| start.line),
            kind,
        })
    }

    /// The name before the braces of a record.
    fn head(&self, value: &Expr) -> Option<String> {
        match &value.kind {
            ExprKind::Record { head, .. } => self.head(head).or_else(|| Some(self.written(head.range))),
            ExprKind::Call { callee, .. } => match &callee.kind {
                ExprKind::Field { base, name } if name.name == "bind" => self.head(base),
                _ => None,
            },
            _ => None,
        }
    }

    fn field(&self, member: &Member) -> FieldDoc {
        FieldDoc {
            name: member.name.name.to_string(),
            type_text: self.written(member.ty.range),
            default: member.default.as_ref().map(|default| self.written(default.range)),
            is_required: member.default.is_none() && !is_optional(&member.ty),
            doc: member.doc.as_ref().map(ToString::to_string),
            deprecated: deprecated(&member.annotations),
        }
    }

    /// A text as it is written, without its quotes.
    fn plain(&self, text: &Text) -> String {
        let parts = text.parts.iter().map(|part| match part {
            TextPart::Literal { text, .. } => text.to_string(),
            TextPart::Mustache(mustache) => self.written(mustache.range),
        });
        parts.collect()
    }

    fn check(&self, rule: &CheckRule) -> (String, Option<String>) {
        (
            self.written(rule.condition.range),
            rule.message.as_ref().map(|text| self.plain(text)),
        )
    }
}

/// What a text holds beside its mustaches.
fn literal(text: &Text) -> String {
    let parts = text.parts.iter().map(|part| match part {
        TextPart::Literal { text, .. } => text.as_ref(),
        TextPart::Mustache(_) => "",
    });
    parts.collect()
}

fn is_optional(ty: &TypeExpr) -> bool {
    match &ty.kind {
        TypeKind::Optional(_) => true,
        TypeKind::Where { base, .. } => is_optional(base),
        TypeKind::Name { .. } | TypeKind::Union(_) | TypeKind::Missing => false,
    }
}

pub(crate) fn deprecated(annotations: &[Annotation]) -> Option<String> {
    let found = annotations.iter().find(|one| one.name.name == "deprecated")?;
    let text = found.args.iter().find_map(|arg| match &arg.value.kind {
        ExprKind::Text(text) => Some(literal(text)),
        _ => None,
    });
    Some(text.unwrap_or_default())
}
