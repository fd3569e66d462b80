//! What may be written at a place, also where the text around it is half typed.
//!
//! Everything that could stand there is offered, the best first; which of it begins like the word that is
//! being typed is the client's to find. What is offered is defined: accepting it never makes an error of an
//! unknown name.

mod fields;
mod items;
mod members;
mod mustache;
mod names;
mod paths;
mod shape;
mod snippet;
mod type_names;
mod values;

use aur_grammar::TokenKind;

use super::Point;
use super::frames::{Bytes, Cursor, FrameKind, Inside, ItemWord, Mode};
use super::meaning::here;
use super::view::{Parsed, View};
use crate::eval::Compiler;
use crate::{ENTRY_MODULE, Given, Sources, program};

/// What may be written at a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completions {
    /// In order of rank, then as they are declared.
    pub items: Vec<Completion>,
    /// First byte of what an item replaces: the start of the word that is being typed.
    pub start: u32,
    /// First byte behind it: the place that was asked about.
    pub end: u32,
    /// Whether more could be offered than is here.
    pub is_incomplete: bool,
    /// Whether it is about a mustache in a text that no job of this program holds. A program that includes the
    /// file may tell more.
    pub misses_jobs: bool,
}

/// Something that may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What is shown.
    pub label: String,
    /// What the typed word is compared with, where that is not the label.
    pub filter: Option<String>,
    /// What it is.
    pub kind: CompletionKind,
    /// Its type, or what it gives; one line.
    pub detail: Option<String>,
    /// Text of its doc comment: Markdown.
    pub doc: Option<String>,
    /// Of a field: its default as written. Of a value: the value as written.
    pub default: Option<String>,
    /// Whether it is a field that must be given.
    pub is_required: bool,
    /// What `@deprecated` says; empty where it says nothing.
    pub deprecated: Option<String>,
    /// The text to be put in place of the word.
    pub insert: String,
    /// The same with places to fill in: `$1`, `${1:text}`, `${1|one,other|}`; `\` before `$`, `}` and `\`.
    pub snippet: Option<String>,
    /// What is best has the least.
    pub rank: u32,
    /// What else is to be put in, each at a byte before the word.
    pub edits: Vec<Insertion>,
}

/// A text to be put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insertion {
    /// Before this byte.
    pub at: u32,
    /// The text.
    pub text: String,
}

/// What kind of thing is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CompletionKind {
    /// A field of a struct, or several.
    Field,
    /// A name with a value.
    Value,
    /// A type.
    Type,
    /// A struct to be built.
    Constructor,
    /// A member of an enum.
    EnumMember,
    /// A function, or `bind`.
    Function,
    /// A word of the language.
    Keyword,
    /// An input.
    Input,
    /// A name that `bind` gives.
    Binding,
    /// An included file that has a name.
    Namespace,
    /// A file to be included or read.
    File,
    /// A folder with files.
    Folder,
    /// A unit behind a number.
    Unit,
    /// A filter of a mustache.
    Filter,
    /// A name that is known when running.
    RuntimeName,
    /// The name of a process.
    Process,
    /// A piece of program.
    Snippet,
}

impl Completion {
    fn new(label: impl Into<String>, kind: CompletionKind, rank: u32) -> Self {
        let label = label.into();
        Self {
            insert: label.clone(),
            label,
            filter: None,
            kind,
            detail: None,
            doc: None,
            default: None,
            is_required: false,
            deprecated: None,
            snippet: None,
            rank,
            edits: Vec::new(),
        }
    }

    fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into()).filter(|detail| !detail.is_empty());
        self
    }

    fn doc(mut self, doc: Option<&str>) -> Self {
        self.doc = doc.map(str::to_string);
        self
    }

    fn snippet(mut self, snippet: impl Into<String>) -> Self {
        self.snippet = Some(snippet.into()).filter(|snippet| *snippet != self.insert);
        self
    }

    fn insert(mut self, insert: impl Into<String>) -> Self {
        self.insert = insert.into();
        self
    }
}

/// What stands at a place of the code.
enum Position {
    Nothing,
    Item,
    Annotation,
    /// The name of a field behind these steps.
    Field(Vec<Bytes>),
    /// The key of a map without brackets around a head.
    Key,
    Value,
    /// Behind an operand.
    Operator,
    /// Behind the dot of an expression.
    Member(Bytes),
    Type,
    /// Behind `namespace.` in a type.
    TypeMember(Bytes),
    /// Behind a type.
    TypeEnd,
    StructMember,
    Expectation,
    Unit,
    Include,
    IncludeEnd,
}

/// Finds what may be written at a place of the entry file of a program. At a place of a file that it includes,
/// only mustaches are completed: all else there means what the file itself says.
pub fn completion(host: &dyn Sources, entry: &str, given: &Given, point: Point<'_>) -> Completions {
    let (program, _, _) = program::load(host, entry, &given.limits);
    let here = match point.path == entry {
        true => Some(ENTRY_MODULE),
        false => here(&program, point.path).map(|here| here.module),
    };
    let Some(module) = here.and_then(|module| program.modules.get(module as usize)) else {
        return Completions::default();
    };
    let text = program.sources.get(module.file).map(|file| file.text().clone());
    let text = text.unwrap_or_default();
    let cursor = Cursor::new(&text, &module.tree, point.offset);
    let mut out = Completions {
        start: cursor.word.start,
        end: cursor.offset,
        ..Completions::default()
    };
    match cursor.inside {
        Inside::Note => return out,
        Inside::Text(token, _) => match mustache::place(&cursor, token) {
            Some(place) => {
                let offer = mustache::offer(mustache::Asked {
                    host,
                    given,
                    entry,
                    path: point.path,
                    cursor: &cursor,
                    tree: &module.tree,
                    place: &place,
                });
                out.items = offer.items;
                out.start = offer.start;
                out.misses_jobs = offer.misses_jobs;
            }
            None if here != Some(ENTRY_MODULE) => {}
            None => match paths::wanted(&cursor) {
                Some(wanted) => paths::offer(host, entry, &cursor, token, wanted, &mut out),
                None => {
                    let parsed = Parsed::new(&cursor, &[]);
                    let compiler = Compiler::new(&program, host, given, false);
                    let mut view = View::new(compiler, &cursor, &parsed);
                    if names::is_process_place(&mut view) {
                        out.start = paths::inner_start(&cursor, token);
                        out.items = names::processes(&mut view);
                    }
                }
            },
        },
        Inside::Code | Inside::Number if here != Some(ENTRY_MODULE) => {}
        Inside::Code | Inside::Number => {
            let position = position(&cursor);
            let more = match &position {
                Position::Member(head) => vec![*head],
                _ => Vec::new(),
            };
            let parsed = Parsed::new(&cursor, &more);
            let view = View::new(Compiler::new(&program, host, given, false), &cursor, &parsed);
            out.items = complete_code(view, entry, position);
        }
    }
    out.items.sort_by_key(|item| item.rank);
    out
}

fn complete_code(mut view: View<'_>, entry: &str, position: Position) -> Vec<Completion> {
    match position {
        Position::Nothing => Vec::new(),
        Position::Item => items::offer(&view, entry),
        Position::Annotation => vec![items::annotation()],
        Position::Field(steps) => fields::offer(&mut view, &steps),
        Position::Key => fields::keys(&mut view),
        Position::Value => values::offer(&mut view),
        Position::Operator => values::operators(&mut view),
        Position::Member(head) => members::offer(&mut view, head),
        Position::Type => type_names::offer(&view),
        Position::TypeMember(space) => type_names::members(&view, space),
        Position::TypeEnd => vec![values::keyword("where", "where ", "what values must be like")],
        Position::StructMember => vec![values::keyword("check", "check ", "a rule of the struct")],
        Position::Expectation => vec![values::keyword("expect", "expect ", "what must hold")],
        Position::Unit => values::units(&mut view),
        Position::Include => vec![
            Completion::new("\"..\"", CompletionKind::Snippet, 0)
                .detail("path of a file")
                .insert("\"\"")
                .snippet("\"$1\""),
        ],
        Position::IncludeEnd => vec![values::keyword("as", "as ", "keep its names behind one")],
    }
}

/// Finds out what is to be written at the place.
fn position(cursor: &Cursor<'_>) -> Position {
    let Some(frame) = cursor.frame() else {
        return Position::Nothing;
    };
    if cursor.inside == Inside::Number {
        let is_unit = cursor.text.as_bytes().get(cursor.word.start as usize - 1);
        return match is_unit.is_some_and(u8::is_ascii_digit) {
            true => Position::Unit,
            false => Position::Nothing,
        };
    }
    let last = cursor.last_text();
    let is_start = cursor.last().is_none();
    if last == "@" {
        return Position::Annotation;
    }
    if last == "." {
        return behind_dot(cursor, frame.kind, frame.mode);
    }
    let is_fresh = cursor.is_fresh_line() && !cursor.is_hungry();
    let is_open = matches!(cursor.last(), Some(token) if token.kind == TokenKind::Open) || last == ",";
    match (frame.kind, frame.mode) {
        (FrameKind::Item, mode) => item_position(cursor, frame.word, mode, is_start || is_fresh),
        (FrameKind::Record, Mode::Name) => match is_open || is_fresh {
            true => Position::Field(Vec::new()),
            false => Position::Nothing,
        },
        (FrameKind::Record, _) if is_fresh => Position::Field(Vec::new()),
        (FrameKind::Map, Mode::Name) if is_open => Position::Key,
        (FrameKind::Map, Mode::Name) => Position::Nothing,
        (FrameKind::Struct, Mode::Name) => match is_open || is_fresh {
            true => Position::StructMember,
            false => Position::Nothing,
        },
        (FrameKind::Struct, _) if is_fresh => Position::StructMember,
        (FrameKind::Struct, Mode::Type) | (FrameKind::TypeArguments, _) => match cursor.is_hungry() {
            true => Position::Type,
            false => Position::TypeEnd,
        },
        (FrameKind::Enum | FrameKind::Annotation, _) => Position::Nothing,
        (FrameKind::Test, _) if is_open || is_fresh => Position::Expectation,
        (FrameKind::List, _) if cursor.is_in_new_name() => Position::Nothing,
        (FrameKind::List, _) if is_fresh && !cursor.is_in_clause() => Position::Value,
        _ if cursor.is_hungry() => Position::Value,
        _ => Position::Operator,
    }
}

fn behind_dot(cursor: &Cursor<'_>, kind: FrameKind, mode: Mode) -> Position {
    let Some((head, starts_field)) = cursor.before_dot() else {
        return Position::Nothing;
    };
    match (kind, mode) {
        (_, Mode::Type) | (FrameKind::TypeArguments, _) => Position::TypeMember(head),
        (FrameKind::Record, _) if starts_field => Position::Field(cursor.steps_before_dot()),
        (FrameKind::Record, Mode::Name) | (FrameKind::Enum | FrameKind::Annotation, _) => Position::Nothing,
        _ => Position::Member(head),
    }
}

fn item_position(cursor: &Cursor<'_>, word: Option<ItemWord>, mode: Mode, is_free: bool) -> Position {
    match (word, mode) {
        (None, _) => Position::Item,
        _ if is_free => Position::Item,
        (Some(ItemWord::Include), _) => match (cursor.has_text_before(), cursor.last_text()) {
            (false, _) => Position::Include,
            (true, "as") => Position::Nothing,
            (true, _) => Position::IncludeEnd,
        },
        (Some(ItemWord::Struct | ItemWord::Enum | ItemWord::Test), _) => Position::Nothing,
        (_, Mode::Name) => Position::Nothing,
        (_, Mode::Type) => match cursor.is_hungry() {
            true => Position::Type,
            false => Position::TypeEnd,
        },
        _ if cursor.is_hungry() => Position::Value,
        _ => Position::Operator,
    }
}
