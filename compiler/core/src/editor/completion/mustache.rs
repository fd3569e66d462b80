//! Names for `{{..}}`, as the jobs see them that the text is part of.
//!
//! The half-typed mustache is finished in a copy of the file, so that evaluating says what is visible there.

mod inside;
mod seen;
#[cfg(test)]
mod tests;

use aur_diagnostics::{FileId, Span};
use aur_grammar::tree::Tree;

use super::{Completion, CompletionKind};
use crate::editor::frames::{Bytes, Cursor};
use crate::editor::view::{member, one_line};
use crate::facts::Asking;
use crate::resolve::{FILTERS, PAD_WIDTHS, Visible};
use crate::{Given, Sources};
use seen::{Seen, look};

/// Values of so many jobs are shown.
const SHOWN_JOBS: usize = 3;

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

/// What is asked: a program, a mustache in one of its files, and the tree of that file.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) host: &'a dyn Sources,
    pub(super) given: &'a Given,
    /// Path of the entry file of the program.
    pub(super) entry: &'a str,
    /// Path of the file.
    pub(super) path: &'a str,
    pub(super) cursor: &'a Cursor<'a>,
    pub(super) tree: &'a Tree,
    pub(super) place: &'a Place,
}

/// What fits in a mustache.
pub(super) struct Offer {
    pub(super) items: Vec<Completion>,
    /// First byte of what an item replaces.
    pub(super) start: u32,
    /// Whether it was looked for in jobs, and no job of the program holds the text.
    pub(super) misses_jobs: bool,
}

/// Offers what fits in the mustache.
pub(super) fn offer(asked: Asked<'_>) -> Offer {
    let place = asked.place;
    let mut out = Offer {
        items: Vec::new(),
        start: place.word,
        misses_jobs: false,
    };
    match &place.kind {
        PlaceKind::Filter => out.items = filters(),
        PlaceKind::End(sections) => {
            let sections = (0..).zip(sections);
            out.items = sections
                .map(|(rank, name)| Completion::new(name.as_str(), CompletionKind::Keyword, rank))
                .collect();
        }
        PlaceKind::Name if place.path.is_empty() => {
            let seen = look(asked, Asking::Names);
            out.misses_jobs = seen.misses_jobs;
            out.items = names(seen, place);
            out.items.extend(runtime("", &RUNTIME));
        }
        PlaceKind::Name => {
            let known = [RUNTIME.as_slice(), OLD_RUNTIME.as_slice()];
            out.items = known
                .iter()
                .flat_map(|names| runtime(&place.path, names))
                .collect();
            if out.items.is_empty() {
                let seen = look(asked, Asking::Inside);
                out.misses_jobs = seen.misses_jobs;
                inside::offer(seen, asked, &mut out);
            }
        }
    }
    if place.is_open {
        for item in &mut out.items {
            item.insert.push_str("}}");
        }
    }
    out
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
        if own.from.is_some_and(|from| is_around(from, seen.file, place)) {
            continue;
        }
        let at = match out.iter().position(|item| item.label == own.name) {
            Some(at) => at,
            None => {
                let is_default = own.from.is_some_and(|from| from.file == seen.library);
                let doc = own.of.and_then(|of| member(&seen.program, of, &own.name));
                let doc = doc.and_then(|member| member.doc.as_deref());
                out.push(name(&own, is_default, out.len() as u32).doc(doc));
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

/// Whether a mustache is part of what is written there: that cannot be put into it.
fn is_around(from: Span, file: FileId, place: &Place) -> bool {
    from.file == file && from.start <= place.mustache.start && place.mustache.start < from.end
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
