//! Where the leaves of a value came from.

use aur_compiler::{Origin, Traced, Via};
use aur_ir::InputSource;
use aur_render::{Color, Look, clean};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::place::{Names, Place};

/// A value and where each of its leaves came from. The shape only grows.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "Origins")]
pub struct OriginsDocument {
    /// Version of this format.
    version: u32,
    /// The value, as `aurc eval` prints it.
    value: Value,
    /// One for each leaf, in the order of fields and elements.
    leaves: Vec<Leaf>,
}

/// A leaf of the value.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "Leaf")]
struct Leaf {
    /// Where it is in the value: a JSON pointer.
    path: String,
    value: Value,
    /// Where it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<Step>,
    /// The struct whose default it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    default_of: Option<String>,
    /// The places of what was put into its text, in the order of the text.
    via: Vec<Step>,
}

/// A place that a leaf came by.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "Step")]
struct Step {
    #[serde(flatten)]
    place: Place,
    /// The input that is named there.
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<String>,
    /// Who gave the value of the input.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<InputSource>,
}

/// Makes the document of a value.
pub fn origins_document(traced: &Traced, names: &Names<'_>) -> OriginsDocument {
    let step = |via: &Via| {
        Some(Step {
            place: names.place(via.span)?,
            input: via.input.as_ref().map(|(name, _)| name.clone()),
            source: via.input.as_ref().and_then(|(_, source)| *source),
        })
    };
    let leaves = traced.origins.iter().map(|one| Leaf {
        path: one.pointer.clone(),
        value: one.value.clone(),
        origin: one.place.as_ref().and_then(step),
        default_of: one.default_of.clone(),
        via: one.via.iter().filter_map(step).collect(),
    });
    OriginsDocument {
        version: 1,
        value: traced.value.clone(),
        leaves: leaves.collect(),
    }
}

/// Columns up to which the values are aligned.
const ALIGNED: usize = 48;

/// A line for each leaf: `path = value  place <- from place <- default of Struct`.
pub fn origins_text(traced: &Traced, names: &Names<'_>, look: Look) -> String {
    let heads: Vec<String> = traced.origins.iter().map(head).collect();
    let width = heads.iter().map(|head| head.chars().count());
    let width = width.filter(|width| *width <= ALIGNED).max().unwrap_or(0);
    let mut out = String::new();
    for (head, origin) in heads.iter().zip(&traced.origins) {
        let places = places(origin, names);
        let line = match look.color {
            Color::Ansi => format!("{head:<width$}  \x1b[2m{places}\x1b[0m"),
            Color::Plain => format!("{head:<width$}  {places}"),
        };
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn head(origin: &Origin) -> String {
    let value = origin.value.to_string();
    match origin.pointer.as_str() {
        "" => clean(&value).into_owned(),
        pointer => format!("{} = {}", clean(&path(pointer)), clean(&value)),
    }
}

/// A JSON pointer as a program would write it: `a.b[0]["c d"]`.
fn path(pointer: &str) -> String {
    let mut out = String::new();
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        let is_word = part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if part.chars().all(|c| c.is_ascii_digit()) && !part.is_empty() {
            out.push_str(&format!("[{part}]"));
        } else if !is_word {
            out.push_str(&format!("[{}]", Value::from(part)));
        } else {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(&part);
        }
    }
    out
}

fn places(origin: &Origin, names: &Names<'_>) -> String {
    let shown = |via: &Via| {
        let place = names.shown(via.span);
        match &via.input {
            None => place,
            Some((name, source)) => {
                let source = match source {
                    Some(InputSource::Flag) => "from -E",
                    Some(InputSource::File) => "from --inputs",
                    Some(InputSource::Env) => "from the environment",
                    Some(InputSource::Default) => "its default",
                    None => "no value",
                };
                format!("{place} (input {}, {source})", clean(name))
            }
        }
    };
    let mut steps: Vec<String> = origin.place.iter().map(shown).collect();
    steps.extend(origin.via.iter().map(|via| format!("from {}", shown(via))));
    steps.extend(
        origin
            .default_of
            .iter()
            .map(|name| format!("default of {}", clean(name))),
    );
    steps.join(" <- ")
}

#[cfg(test)]
mod path_tests {
    use super::path;

    #[test]
    fn pointers_are_told_as_programs_write_them() {
        assert_eq!(path("/a/b/0/c~1d/e f/~01"), "a.b[0][\"c/d\"][\"e f\"][\"~1\"]");
        assert_eq!(path("/0"), "[0]");
        assert_eq!(path("/"), "[\"\"]");
    }
}
