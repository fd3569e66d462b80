//! What differs between two plans, by what things are called and not by where they stand.
//!
//! Jobs are matched by key; processes, hooks and inputs by name. Everything below is compared as JSON, so a
//! new field of the plan is compared without a word here. Source files and digests play no role: a comment
//! changes no job.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::Plan;

/// What differs between two plans.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Difference {
    /// In the order of the first plan; what is only in the second one comes behind. Empty where both mean
    /// the same.
    pub changes: Vec<Change>,
    /// Version of this format, 1.
    pub version: u32,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Change {
    /// What the second plan has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Side>,
    /// What the first plan has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Side>,
    /// How it differs.
    pub kind: ChangeKind,
    /// The way from the subject to the value, such as `task`, `resources`, `cpu`; empty for the whole of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
    /// What it belongs to.
    pub subject: Subject,
}

/// How something differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// Only the second plan has it.
    Added,
    /// Only the first plan has it.
    Removed,
    /// Both have it, with different values.
    Changed,
}

/// What a change belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Subject {
    /// Name of a client hook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hook: Option<String>,
    /// Name of an input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// Key of a job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// Name of a process of the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
}

/// A value in one of the plans.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Side {
    /// Where it is written, or what it is part of; nothing for plans without places.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The value as it stands in the plan.
    pub value: Value,
}

/// A place in a source file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Place {
    /// From 1, in Unicode scalar values.
    pub column: u32,
    /// Path of the file.
    pub file: String,
    /// From 1.
    pub line: u32,
}

/// Compares two plans.
pub fn diff(before: &Plan, after: &Plan) -> Difference {
    let mut walk = Walk {
        before,
        after,
        changes: Vec::new(),
    };
    let of_job = |name: &str| Subject {
        job: Some(name.to_string()),
        ..Subject::default()
    };
    let of_hook = |name: &str| Subject {
        hook: Some(name.to_string()),
        ..Subject::default()
    };
    let of_input = |name: &str| Subject {
        input: Some(name.to_string()),
        ..Subject::default()
    };
    walk.top(
        &json(&before.inputs),
        &json(&after.inputs),
        "/inputs",
        "name",
        of_input,
    );
    walk.top(
        &json(&before.hooks),
        &json(&after.hooks),
        "/hooks",
        "name",
        of_hook,
    );
    walk.top(&json(&before.jobs), &json(&after.jobs), "/jobs", "key", of_job);
    Difference {
        changes: walk.changes,
        version: 1,
    }
}

/// Returns the JSON Schema of a difference.
pub fn difference_schema() -> Value {
    schemars::schema_for!(Difference).to_value()
}

fn json(value: &impl Serialize) -> Value {
    // Plans have text keys only, so nothing can fail.
    serde_json::to_value(value).unwrap_or_default()
}

/// A value and its JSON pointer in its plan.
#[derive(Clone)]
struct At<'v> {
    value: &'v Value,
    pointer: String,
}

impl<'v> At<'v> {
    fn child(&self, key: &str, value: &'v Value) -> Self {
        let key = key.replace('~', "~0").replace('/', "~1");
        Self {
            value,
            pointer: format!("{}/{key}", self.pointer),
        }
    }
}

/// The name and way of the value that is looked at.
#[derive(Clone)]
struct Way {
    subject: Subject,
    path: Vec<String>,
}

impl Way {
    fn step(&self, key: &str) -> Self {
        let mut path = self.path.clone();
        path.push(key.to_string());
        Self {
            subject: self.subject.clone(),
            path,
        }
    }

    /// The way to an element of a list that has this name: processes are subjects of their own.
    fn element(&self, name: &str) -> Self {
        let is_process = self.subject.job.is_some()
            && self.subject.process.is_none()
            && self.path.last().is_some_and(|last| last == "processes");
        match is_process {
            true => Self {
                subject: Subject {
                    process: Some(name.to_string()),
                    ..self.subject.clone()
                },
                path: Vec::new(),
            },
            false => self.step(name),
        }
    }
}

struct Walk<'p> {
    before: &'p Plan,
    after: &'p Plan,
    changes: Vec<Change>,
}

impl Walk<'_> {
    /// Compares the lists at the top of the plans, whose elements are named by `key`.
    fn top(&mut self, before: &Value, after: &Value, pointer: &str, key: &str, of: impl Fn(&str) -> Subject) {
        let at = |value| At {
            value,
            pointer: pointer.to_string(),
        };
        let (Some(before), Some(after)) = (by_name(&at(before), key), by_name(&at(after), key)) else {
            return;
        };
        self.matched(&before, &after, &|name| Way {
            subject: of(name),
            path: Vec::new(),
        });
    }

    /// Compares elements by their names.
    fn matched(
        &mut self,
        before: &[(String, At<'_>)],
        after: &[(String, At<'_>)],
        way: &dyn Fn(&str) -> Way,
    ) {
        let index: BTreeMap<&str, &At<'_>> = after.iter().map(|(name, at)| (name.as_str(), at)).collect();
        for (name, old) in before {
            match index.get(name.as_str()) {
                Some(new) => self.compare(&way(name), old, new),
                None => self.one_sided(&way(name), Some(old), None),
            }
        }
        let known: BTreeSet<&str> = before.iter().map(|(name, _)| name.as_str()).collect();
        for (name, new) in after.iter().filter(|(name, _)| !known.contains(name.as_str())) {
            self.one_sided(&way(name), None, Some(new));
        }
    }

    fn compare(&mut self, way: &Way, before: &At<'_>, after: &At<'_>) {
        if before.value == after.value {
            return;
        }
        match (before.value, after.value) {
            (Value::Object(old), Value::Object(new)) if !is_text(before.value) && !is_text(after.value) => {
                self.members(way, (before, old), (after, new));
            }
            (Value::Array(old), Value::Array(new)) => self.lists(way, (before, old), (after, new)),
            _ => self.changed(way, before, after),
        }
    }

    fn members(
        &mut self,
        way: &Way,
        (before, old): (&At<'_>, &Map<String, Value>),
        (after, new): (&At<'_>, &Map<String, Value>),
    ) {
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for key in keys {
            let way = way.step(key);
            let old = old.get(key).map(|value| before.child(key, value));
            let new = new.get(key).map(|value| after.child(key, value));
            match (&old, &new) {
                (Some(old), Some(new)) => self.compare(&way, old, new),
                // What is empty is left out of a plan: its elements are new, not the list or map.
                (Some(old), None) if empty_like(old.value).is_some() => {
                    let nothing = empty_like(old.value).unwrap_or_default();
                    let new = after.child(key, &nothing);
                    self.compare(&way, old, &new);
                }
                (None, Some(new)) if empty_like(new.value).is_some() => {
                    let nothing = empty_like(new.value).unwrap_or_default();
                    let old = before.child(key, &nothing);
                    self.compare(&way, &old, new);
                }
                _ => self.one_sided(&way, old.as_ref(), new.as_ref()),
            }
        }
    }

    fn lists(&mut self, way: &Way, (before, old): (&At<'_>, &[Value]), (after, new): (&At<'_>, &[Value])) {
        if let (Some(old), Some(new)) = (by_name(before, "name"), by_name(after, "name")) {
            self.matched(&old, &new, &|name| way.element(name));
            self.shuffled(way, (before, &old), (after, &new));
        } else if is_set(old) && is_set(new) {
            for i in unmatched(old, new) {
                if let Some(value) = old.get(i) {
                    self.one_sided(way, Some(&before.child(&i.to_string(), value)), None);
                }
            }
            for i in unmatched(new, old) {
                if let Some(value) = new.get(i) {
                    self.one_sided(way, None, Some(&after.child(&i.to_string(), value)));
                }
            }
        } else {
            self.changed(way, before, after);
        }
    }

    /// Says that elements which both lists have stand in another order.
    fn shuffled(
        &mut self,
        way: &Way,
        (before, old): (&At<'_>, &[(String, At<'_>)]),
        (after, new): (&At<'_>, &[(String, At<'_>)]),
    ) {
        let names = |list: &[(String, At<'_>)]| list.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let (old, new) = (names(old), names(new));
        let known = |list: &[String]| list.iter().cloned().collect::<BTreeSet<_>>();
        let (in_old, in_new) = (known(&old), known(&new));
        let common_old: Vec<&String> = old.iter().filter(|name| in_new.contains(*name)).collect();
        let common_new: Vec<&String> = new.iter().filter(|name| in_old.contains(*name)).collect();
        if common_old != common_new {
            let (old, new) = (Value::from(old), Value::from(new));
            let at = |at: &At<'_>| at.pointer.clone();
            let (old, new) = (
                At {
                    value: &old,
                    pointer: at(before),
                },
                At {
                    value: &new,
                    pointer: at(after),
                },
            );
            self.changed(way, &old, &new);
        }
    }

    fn changed(&mut self, way: &Way, before: &At<'_>, after: &At<'_>) {
        self.push(way, ChangeKind::Changed, Some(before), Some(after));
    }

    fn one_sided(&mut self, way: &Way, before: Option<&At<'_>>, after: Option<&At<'_>>) {
        let kind = match before {
            Some(_) => ChangeKind::Removed,
            None => ChangeKind::Added,
        };
        self.push(way, kind, before, after);
    }

    fn push(&mut self, way: &Way, kind: ChangeKind, before: Option<&At<'_>>, after: Option<&At<'_>>) {
        let side = |plan: &Plan, at: &At<'_>| Side {
            place: place_of(plan, &at.pointer),
            value: at.value.clone(),
        };
        self.changes.push(Change {
            after: after.map(|at| side(self.after, at)),
            before: before.map(|at| side(self.before, at)),
            kind,
            path: way.path.clone(),
            subject: way.subject.clone(),
        });
    }
}

/// Returns where a value is written; a default has the place of what it is part of.
fn place_of(plan: &Plan, pointer: &str) -> Option<Place> {
    let mut pointer = pointer;
    loop {
        if let Some(span) = plan.spans.get(pointer) {
            return Some(Place {
                column: span.column,
                file: plan.files.get(span.file as usize)?.path.clone(),
                line: span.line,
            });
        }
        pointer = pointer.rsplit_once('/')?.0;
    }
}

/// Returns the elements of a list by the member that names each; nothing where one has no name, or shares
/// it.
fn by_name<'v>(list: &At<'v>, key: &str) -> Option<Vec<(String, At<'v>)>> {
    let mut names = BTreeSet::new();
    let elements = list.value.as_array()?.iter().enumerate();
    elements
        .map(|(i, element)| {
            let name = element.get(key)?.as_str()?;
            let is_new = names.insert(name);
            is_new.then(|| (name.to_string(), list.child(&i.to_string(), element)))
        })
        .collect()
}

/// Returns the positions of what `list` has more often than `others`.
fn unmatched(list: &[Value], others: &[Value]) -> Vec<usize> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for other in others {
        *counts.entry(other.to_string()).or_default() += 1;
    }
    let is_new = |value: &Value| match counts.get_mut(&value.to_string()) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        Some(_) | None => true,
    };
    let new: Vec<bool> = list.iter().map(is_new).collect();
    (0..list.len()).filter(|i| new.get(*i) == Some(&true)).collect()
}

/// Whether the order of a list's elements has no meaning: records without names, such as what waits for
/// what, and texts that stand sorted.
fn is_set(list: &[Value]) -> bool {
    let are_records = list.iter().all(|value| value.is_object() && !is_text(value));
    let texts: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
    are_records || texts.is_some_and(|texts| texts.is_sorted_by(|a, b| a < b))
}

/// Whether a value is a text, which with runtime names in it is a record of segments.
fn is_text(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::Object(members) => members.len() == 1 && members.contains_key("segments"),
        _ => false,
    }
}

/// Returns the empty list, or the empty map for one from texts to texts; nothing for other values.
fn empty_like(value: &Value) -> Option<Value> {
    match value {
        Value::Array(_) => Some(Value::Array(Vec::new())),
        Value::Object(members) if !is_text(value) && members.values().all(is_text) => {
            Some(Value::Object(Map::new()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
