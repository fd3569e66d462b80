//! Names for `{{..}}`, as the jobs see them that the text is part of.
//!
//! The half-typed mustache is finished in a copy of the file, so that evaluating says what is visible there.

use std::sync::Arc;

use aur_diagnostics::{FileId, Span};
use aur_grammar::tree::Tree;

use super::members::fields;
use super::{Completion, CompletionKind};
use crate::editor::frames::{Bytes, Cursor};
use crate::editor::needs::{ENTRY_FILE, dependents_at};
use crate::editor::view::one_line;
use crate::eval::Compiler;
use crate::facts::{Facts, Wanted};
use crate::lower::{Lowering, Spans};
use crate::program;
use crate::resolve::{FILTERS, PAD_WIDTHS, Visible};
use crate::types::Type;
use crate::value::{Kind, Value};
use crate::{Given, Kept, ReadError, Sources};

/// Values of so many jobs are shown.
const SHOWN_JOBS: usize = 3;

/// What stands in the mustache while it is looked at: a name that is always there.
const ASKED: &str = "{{aur.user}}";

/// Names that are known when running; the old ones are accepted too.
const RUNTIME: [(&str, &str); 6] = [
    ("aur.hostname", "the name of the machine"),
    ("aur.instance", "the number of the instance, from 0"),
    (
        "aur.ports[name]",
        "the number of a port, which is thereby requested",
    ),
    ("aur.sandbox", "the path of the sandbox"),
    ("aur.task_id", "the id of the task"),
    ("aur.user", "the account that the processes run as"),
];

const OLD_RUNTIME: [(&str, &str); 5] = [
    ("mesos.hostname", "the name of the machine"),
    ("mesos.instance", "the number of the instance, from 0"),
    (
        "thermos.ports[name]",
        "the number of a port, which is thereby requested",
    ),
    ("thermos.task_id", "the id of the task"),
    ("thermos.user", "the account that the processes run as"),
];

/// A mustache that is being typed.
pub(super) struct Place {
    /// First byte of the word.
    pub(super) word: u32,
    /// The whole mustache, as far as it is there.
    mustache: Bytes,
    /// The text it stands in.
    token: Bytes,
    /// What is typed before the word: `profile.`.
    path: String,
    kind: PlaceKind,
    /// Whether the closing braces are missing.
    is_open: bool,
}

enum PlaceKind {
    Name,
    Filter,
    /// `{{/`: the sections that are open, innermost first.
    End(Vec<String>),
}

/// Finds the mustache that the cursor is in.
pub(super) fn place(cursor: &Cursor<'_>, token: Bytes) -> Option<Place> {
    if token.of(cursor.text).starts_with('r') {
        return None;
    }
    let before = Bytes::new(token.start, cursor.offset).of(cursor.text);
    let open = before.rfind("{{")?;
    let inner = before.get(open + 2..)?;
    if inner.contains(['}', '"', '\n']) {
        return None;
    }
    let start = token.start + open as u32;
    let rest = Bytes::new(cursor.offset, token.end).of(cursor.text);
    let line = rest.lines().next().unwrap_or("");
    let close = line
        .find("}}")
        .filter(|at| !line.get(..*at).unwrap_or("").contains("{{"));
    let end = close.map_or(cursor.offset, |at| cursor.offset + at as u32 + 2);
    let plain = inner.trim_start();
    let (kind, typed) = if let Some((_, filter)) = inner.rsplit_once('|') {
        (PlaceKind::Filter, filter.trim_start())
    } else if let Some(name) = plain.strip_prefix('/') {
        (
            PlaceKind::End(open_sections(before.get(..open).unwrap_or(""))),
            name.trim_start(),
        )
    } else {
        let name = plain.strip_prefix(['#', '^', '&']).unwrap_or(plain);
        (PlaceKind::Name, name.trim_start())
    };
    let is_path = |letter: char| letter.is_ascii_alphanumeric() || "_.[]-/".contains(letter);
    if !typed.chars().all(is_path) {
        return None;
    }
    let word = typed.rfind(['.', '[']).map_or(0, |at| at + 1);
    let (path, word) = typed.split_at(word);
    Some(Place {
        word: cursor.offset - word.len() as u32,
        mustache: Bytes::new(start, end),
        token,
        path: path.to_string(),
        kind,
        is_open: close.is_none(),
    })
}

/// The sections that are not closed in a text, innermost first.
fn open_sections(text: &str) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    for part in text.split("{{").skip(1) {
        let Some((tag, _)) = part.split_once("}}") else {
            continue;
        };
        let tag = tag.trim();
        if let Some(name) = tag.strip_prefix(['#', '^']) {
            open.push(name.trim().to_string());
        } else if let Some(name) = tag.strip_prefix('/') {
            let at = open.iter().rposition(|own| own == name.trim());
            open.truncate(at.unwrap_or(open.len()));
        }
    }
    open.reverse();
    open
}

/// Offers what fits in the mustache.
pub(super) fn offer(host: &dyn Sources, given: &Given, entry: &str, asked: Asked<'_>) -> Vec<Completion> {
    let Asked { cursor, tree, place } = asked;
    let mut out = match &place.kind {
        PlaceKind::Filter => filters(),
        PlaceKind::End(sections) => sections
            .iter()
            .enumerate()
            .map(|(rank, name)| Completion::new(name.as_str(), CompletionKind::Keyword, rank as u32))
            .collect(),
        PlaceKind::Name if place.path.is_empty() => {
            let seen = visible(host, given, entry, cursor, tree, place);
            let mut out = names(seen, place);
            out.extend(runtime("", &RUNTIME));
            out
        }
        PlaceKind::Name => behind(host, given, entry, cursor, tree, place),
    };
    if place.is_open {
        for item in &mut out {
            item.insert.push_str("}}");
        }
    }
    out
}

/// A place in a file.
pub(super) struct Asked<'a> {
    pub(super) cursor: &'a Cursor<'a>,
    pub(super) tree: &'a Tree,
    pub(super) place: &'a Place,
}

fn filters() -> Vec<Completion> {
    let named = FILTERS.iter().map(|(name, doc)| (name.to_string(), *doc));
    let pads = PAD_WIDTHS.map(|width| (format!("pad{width}"), "zeros in front of a number"));
    let all = named.chain(pads).enumerate();
    all.map(|(rank, (name, doc))| Completion::new(name, CompletionKind::Filter, rank as u32).detail(doc))
        .collect()
}

/// Runtime names that begin with `path`, without it.
fn runtime(path: &str, names: &[(&str, &str)]) -> Vec<Completion> {
    let found = names
        .iter()
        .filter_map(|(name, doc)| Some((name.strip_prefix(path)?, doc)));
    found
        .enumerate()
        .map(|(rank, (name, doc))| {
            let insert = name.replace("[name]", "[http]");
            Completion::new(name, CompletionKind::RuntimeName, 2_500 + rank as u32)
                .detail(*doc)
                .insert(insert)
        })
        .collect()
}

/// The names, each with where it comes from and what it is in the first jobs.
fn names(seen: Seen, place: &Place) -> Vec<Completion> {
    let mut out: Vec<Completion> = Vec::new();
    let mut told: Vec<Vec<(Option<usize>, String)>> = Vec::new();
    for own in seen.visible {
        // What the mustache is a part of cannot be put into it.
        let is_around = |from: Span| {
            from.file == ENTRY_FILE && from.start <= place.mustache.start && place.mustache.start < from.end
        };
        if own.from.is_some_and(is_around) {
            continue;
        }
        let at = match out.iter().position(|item| item.label == own.name) {
            Some(at) => at,
            None => {
                let is_default = own.from.is_some_and(|from| from.file == seen.library);
                out.push(name(&own, is_default, out.len() as u32));
                told.push(Vec::new());
                out.len() - 1
            }
        };
        if let (Some(values), Some(value)) = (told.get_mut(at), own.value)
            && values.len() < SHOWN_JOBS
        {
            values.push((own.job, one_line(&value)));
        }
    }
    for (item, values) in out.iter_mut().zip(told) {
        item.default = shown_values(values, &seen.jobs);
    }
    out
}

/// What is bound comes first, then what the program says otherwise, then what nobody said. Each nearest first.
fn name(own: &Visible, is_default: bool, nearness: u32) -> Completion {
    let (kind, detail, rank) = match own.giver.as_str() {
        "bind" => (CompletionKind::Binding, "bound".to_string(), 0),
        "input" => (CompletionKind::Input, "input".to_string(), 2_000),
        "section" => (CompletionKind::Value, "element of the section".to_string(), 0),
        giver => (CompletionKind::Field, format!("field of {giver}"), 1_000),
    };
    let rank = match (is_default, own.value.is_some() || kind == CompletionKind::Binding) {
        (_, false) => 5_000,
        (true, true) => 3_000,
        (false, true) => rank,
    };
    Completion::new(own.name.as_str(), kind, rank + nearness).detail(detail)
}

/// `value`, or `value in job` for each where they differ.
fn shown_values(values: Vec<(Option<usize>, String)>, jobs: &[String]) -> Option<String> {
    let (_, first) = values.first()?;
    if values.iter().all(|(_, value)| value == first) {
        return Some(first.clone());
    }
    let each = values.iter().map(|(job, value)| {
        let job = job.and_then(|job| jobs.get(job)).map_or("", String::as_str);
        match job {
            "" => value.clone(),
            job => format!("{value} in {job}"),
        }
    });
    Some(each.collect::<Vec<_>>().join("; "))
}

/// What can be read behind `name.`.
fn behind(
    host: &dyn Sources,
    given: &Given,
    entry: &str,
    cursor: &Cursor<'_>,
    tree: &Tree,
    place: &Place,
) -> Vec<Completion> {
    for names in [RUNTIME.as_slice(), OLD_RUNTIME.as_slice()] {
        let found = runtime(&place.path, names);
        if !found.is_empty() {
            return found;
        }
    }
    let mut steps = place.path.trim_end_matches(['.', '[']).split('.');
    let root = steps.next().unwrap_or("");
    let seen = visible(host, given, entry, cursor, tree, place);
    let Some(from) = seen
        .visible
        .iter()
        .find(|own| own.name == root)
        .and_then(|own| own.from)
    else {
        return Vec::new();
    };
    let host = Finished {
        host,
        entry,
        kept: seen.kept,
    };
    let (program, _, _) = program::load(&host, entry, &given.limits);
    let (expr, _) = aur_grammar::parse_expr(program.sources.text(from));
    let mut compiler = Compiler::new(&program, &host, given, false);
    compiler.gather_inputs();
    let module = program.modules.iter().position(|module| module.file == from.file);
    let base = crate::value::Base {
        file: from.file,
        offset: from.start,
    };
    let context = crate::eval::Context::new(module.unwrap_or(0) as u32, base);
    let value = compiler.eval(&context, &expr, &Type::Any);
    below(compiler, value, steps)
}

fn below<'s, 'p>(
    mut compiler: Compiler<'p>,
    mut value: Value<'p>,
    steps: impl Iterator<Item = &'s str>,
) -> Vec<Completion> {
    for step in steps {
        let next = match &value.kind {
            Kind::Struct(inner) => {
                let place = inner.decl.field(step);
                place.and_then(|place| compiler.attribute(inner, place))
            }
            kind => compiler.entry(kind, step),
        };
        match next {
            Some(next) => value = next,
            None => return Vec::new(),
        }
    }
    match &value.kind {
        Kind::Struct(inner) => {
            let items = fields(compiler.program, &inner.decl, Some(inner)).into_iter();
            // What is not set cannot be asked for.
            let is_there = |item: &Completion| item.default.as_deref().is_some_and(|own| own != "unset");
            items.filter(is_there).collect()
        }
        Kind::Namespace(entries) => {
            let names = entries.iter().enumerate();
            names
                .map(|(rank, (name, _))| Completion::new(name.as_str(), CompletionKind::Binding, rank as u32))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The files of a host, one of them with a finished mustache.
struct Finished<'h> {
    host: &'h dyn Sources,
    entry: &'h str,
    kept: Kept,
}

impl Sources for Finished<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        self.host.read(path)
    }

    fn env(&self, name: &str) -> Option<String> {
        self.host.env(name)
    }

    fn kept(&self, path: &str) -> Option<Kept> {
        match path == self.entry {
            true => Some(self.kept.clone()),
            false => self.host.kept(path),
        }
    }
}

/// What a mustache can ask for.
struct Seen {
    /// Nearest first, job by job.
    visible: Vec<Visible>,
    /// Keys of the jobs.
    jobs: Vec<String>,
    /// The file of the standard library.
    library: FileId,
    /// The file with the mustache finished.
    kept: Kept,
}

/// Finds out what a mustache at the place can ask for.
fn visible(
    host: &dyn Sources,
    given: &Given,
    entry: &str,
    cursor: &Cursor<'_>,
    tree: &Tree,
    place: &Place,
) -> Seen {
    let kept = finished(cursor, tree, place);
    let host = Finished {
        host,
        entry,
        kept: kept.clone(),
    };
    let (program, _, _) = program::load(&host, entry, &given.limits);
    let start = place.mustache.start;
    let span = Span::new(ENTRY_FILE, start, start + ASKED.len() as u32);
    let mut facts = Facts::new(Wanted::Within(span.file, span.start + 1, span.end - 1));
    facts.wants_visible = true;
    let mut compiler = Compiler::new(&program, &host, given, false);
    compiler.facts = Some(Box::new(facts));
    compiler.gather_inputs();
    let users = dependents_at(&program, place.mustache.start);
    Lowering::new(&mut compiler, Spans::Unwanted).jobs_around(place.mustache.start, SHOWN_JOBS, &users);
    let library = program.modules.first().map_or(ENTRY_FILE, |module| module.file);
    let facts = compiler
        .facts
        .take()
        .unwrap_or_else(|| Box::new(Facts::new(Wanted::Everywhere)));
    let in_jobs = facts.visible.iter().any(|own| own.job.is_some());
    // What is seen outside of jobs tells nothing where there are jobs.
    let visible = facts.visible.iter().filter(|own| own.job.is_some() || !in_jobs);
    Seen {
        visible: visible.cloned().collect(),
        jobs: facts.jobs.iter().map(|(key, _)| key.clone()).collect(),
        library,
        kept,
    }
}

/// The file with a mustache that can be read.
fn finished(cursor: &Cursor<'_>, tree: &Tree, place: &Place) -> Kept {
    let (before, behind) = (
        Bytes::new(0, place.mustache.start).of(cursor.text),
        Bytes::new(place.mustache.end, cursor.text.len() as u32).of(cursor.text),
    );
    let token = place.token.of(cursor.text);
    let quote = ["\"\"\"", "\"", "'"]
        .into_iter()
        .find(|quote| token.starts_with(quote));
    let rest = Bytes::new(place.mustache.end, place.token.end).of(cursor.text);
    let closing = match quote {
        Some(quote) if rest.ends_with(quote) => "",
        Some(quote) => quote,
        None => "",
    };
    let text: Arc<str> = match closing {
        "" => format!("{before}{ASKED}{behind}").into(),
        closing => {
            // The rest of the line was part of the text that nothing closes.
            let line = behind.find('\n').unwrap_or(behind.len());
            let behind = behind.get(line..).unwrap_or("");
            format!("{before}{ASKED}{closing}{behind}").into()
        }
    };
    let tree = aur_grammar::reparse(cursor.text, tree, &text);
    Kept { text, tree }
}
