//! Differences for people: a block for each job, hook and input.

use aur_ir::{Change, ChangeKind, Difference, Place, Side, Subject, Text};
use aur_render::{Look, clean};
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::reading::is_colored;

/// Characters of a value that are shown.
const MOST_CHARACTERS: usize = 160;

/// Writes all changes; nothing where there are none.
pub(super) fn text(difference: &Difference, look: Look) -> String {
    let mut writer = Writer {
        out: String::new(),
        is_colored: is_colored(look),
    };
    let mut rest = difference.changes.as_slice();
    while let Some(first) = rest.first() {
        let owner = owner(&first.subject);
        let count = rest
            .iter()
            .take_while(|change| self::owner(&change.subject) == owner)
            .count();
        let (block, behind) = rest.split_at(count);
        writer.block(&owner, block);
        rest = behind;
    }
    writer.out
}

/// The job, hook or input of a subject.
fn owner(subject: &Subject) -> String {
    let named = [
        ("job", &subject.job),
        ("hook", &subject.hook),
        ("input", &subject.input),
    ];
    let found = named
        .into_iter()
        .find_map(|(kind, name)| Some((kind, name.as_ref()?)));
    match found {
        Some((kind, name)) => format!("{kind} {}", clean(name)),
        None => "plan".to_string(),
    }
}

struct Writer {
    out: String,
    is_colored: bool,
}

impl Writer {
    /// Writes what differs in one job: its own fields, then its processes.
    fn block(&mut self, owner: &str, changes: &[Change]) {
        if let [change] = changes
            && is_whole(change)
            && change.subject.process.is_none()
        {
            let input = value(change.before.as_ref().or(change.after.as_ref()))
                .filter(|_| change.subject.input.is_some())
                .and_then(|input| input.get("value"))
                .map_or(String::new(), |input| format!(" = {}", shown(input)));
            self.line(0, change.kind, &format!("{owner}{input}"), &places(change));
            return;
        }
        self.line(0, ChangeKind::Changed, owner, "");
        for change in changes.iter().filter(|change| change.subject.process.is_none()) {
            self.field(1, change);
        }
        let mut last = None;
        for change in changes {
            let Some(process) = &change.subject.process else {
                continue;
            };
            let name = format!("process {}", clean(process));
            if is_whole(change) {
                self.line(1, change.kind, &name, &places(change));
                continue;
            }
            if last != Some(process) {
                self.line(1, ChangeKind::Changed, &name, "");
                last = Some(process);
            }
            self.field(2, change);
        }
    }

    /// Writes a field with its values.
    fn field(&mut self, depth: usize, change: &Change) {
        let name = path(&change.path);
        let places = places(change);
        match (value(change.before.as_ref()), value(change.after.as_ref())) {
            (Some(before), Some(after)) => match (lines_of(before), lines_of(after)) {
                (Some(before), Some(after)) if before.contains('\n') || after.contains('\n') => {
                    self.line(depth, change.kind, &format!("{name}:"), &places);
                    self.lines(depth + 1, &before, &after);
                }
                _ => {
                    let text = format!("{name}: {} -> {}", shown(before), shown(after));
                    self.line(depth, change.kind, &text, &places);
                }
            },
            (Some(value), None) | (None, Some(value)) => {
                self.line(depth, change.kind, &format!("{name}: {}", shown(value)), &places);
            }
            (None, None) => {}
        }
    }

    fn line(&mut self, depth: usize, kind: ChangeKind, text: &str, places: &str) {
        let (mark, color) = match kind {
            ChangeKind::Added => ("+", "32"),
            ChangeKind::Removed => ("-", "31"),
            ChangeKind::Changed => ("~", "33"),
        };
        let indent = "    ".repeat(depth);
        let behind = match places.is_empty() {
            true => String::new(),
            false => self.painted("2", &format!("  ({places})")),
        };
        let mark = self.painted(color, &format!("{mark} {text}"));
        self.out.push_str(&format!("{indent}{mark}{behind}\n"));
    }

    /// Writes the lines that differ, each with one line around it.
    fn lines(&mut self, depth: usize, before: &str, after: &str) {
        let indent = "    ".repeat(depth);
        let diff = TextDiff::from_lines(before, after);
        for (i, group) in diff.grouped_ops(1).iter().enumerate() {
            if i > 0 {
                self.out.push_str(&format!("{indent}...\n"));
            }
            for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                let line = clean(change.value().trim_end_matches('\n')).into_owned();
                let line = match change.tag() {
                    ChangeTag::Equal => format!("  {line}"),
                    ChangeTag::Delete => self.painted("31", &format!("- {line}")),
                    ChangeTag::Insert => self.painted("32", &format!("+ {line}")),
                };
                self.out.push_str(format!("{indent}{line}").trim_end());
                self.out.push('\n');
            }
        }
    }

    fn painted(&self, style: &str, text: &str) -> String {
        match self.is_colored {
            true => format!("\x1b[{style}m{text}\x1b[0m"),
            false => text.to_string(),
        }
    }
}

fn value(side: Option<&Side>) -> Option<&Value> {
    side.map(|side| &side.value)
}

/// Whether a change is about a whole job, hook, input or process.
fn is_whole(change: &Change) -> bool {
    change.path.is_empty() && change.kind != ChangeKind::Changed
}

/// `task.resources.cpu`, `task.files["a b"]`
fn path(steps: &[String]) -> String {
    let is_word = |step: &str| {
        step.chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    let mut out = String::new();
    for step in steps {
        match is_word(step) {
            true if out.is_empty() => out.push_str(step),
            true => out.push_str(&format!(".{step}")),
            false => out.push_str(&format!("[{}]", clean(&Value::from(step.as_str()).to_string()))),
        }
    }
    out
}

fn places(change: &Change) -> String {
    let place = |side: &Option<Side>| side.as_ref().and_then(|side| side.place.as_ref()).map(written);
    match (place(&change.before), place(&change.after)) {
        (Some(before), Some(after)) => format!("{before} -> {after}"),
        (Some(place), None) | (None, Some(place)) => place,
        (None, None) => String::new(),
    }
}

fn written(place: &Place) -> String {
    format!("{}:{}:{}", clean(&place.file), place.line, place.column)
}

/// The characters of a text, runtime names as they are written.
fn lines_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(_) => serde_json::from_value::<Text>(value.clone())
            .ok()
            .map(|text| text.to_string()),
        _ => None,
    }
}

/// A value on one line.
fn shown(value: &Value) -> String {
    let text = match (lines_of(value), value) {
        (Some(text), _) => Value::from(text).to_string(),
        (None, Value::Object(members)) => match edge(value) {
            Some(edge) => edge,
            None => {
                let members: Vec<String> = members
                    .iter()
                    .map(|(key, value)| format!("{key}: {}", shown(value)))
                    .collect();
                format!("{{{}}}", members.join(", "))
            }
        },
        (None, Value::Array(items)) => {
            let items: Vec<String> = items.iter().map(shown).collect();
            format!("[{}]", items.join(", "))
        }
        (None, value) => value.to_string(),
    };
    let text = clean(&text);
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or("")),
        None => text.into_owned(),
    }
}

/// What waits for what, as a program writes it.
fn edge(value: &Value) -> Option<String> {
    let member = |name: &str| value.get(name)?.as_str();
    let (before, after, on) = (member("before")?, member("after")?, member("on")?);
    Some(match on {
        "success" => format!("{before} -> {after}"),
        on => format!("{on}({before}) -> {after}"),
    })
}
