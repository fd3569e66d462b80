//! Text that may hold runtime names, as segments.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A text of the plan: a plain JSON string, or segments where runtime names remain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Text {
    /// Known in full.
    Plain(String),
    /// Some parts are known only when running.
    Late {
        /// The parts in order.
        segments: Vec<Segment>,
    },
}

/// One part of a late text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Segment {
    /// Literal text.
    Literal(String),
    /// A runtime name.
    Name {
        /// How the value is written into the text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        filter: Option<TextFilter>,
        /// The canonical name, such as `aur.ports[http]`.
        late: LateName,
    },
}

/// How a runtime value is written into a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TextFilter {
    /// As one shell word.
    Sh,
    /// As a JSON string.
    Json,
}

/// A name that is known only when running. The list is closed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum LateName {
    /// `aur.hostname`
    Hostname,
    /// `aur.instance`
    Instance,
    /// `aur.ports[name]`
    Port(String),
    /// `aur.sandbox`
    Sandbox,
    /// `aur.task_id`
    TaskId,
    /// `aur.user`
    User,
}

impl LateName {
    /// Reads a runtime name in any accepted spelling (`aur.*`, and `thermos.*` and `mesos.*` of old).
    pub fn parse(name: &str) -> Option<Self> {
        let port = |prefix: &str| {
            let inner = name.strip_prefix(prefix)?.strip_suffix(']')?;
            (!inner.is_empty() && !inner.contains(['[', ']', '{', '}']))
                .then(|| Self::Port(inner.to_string()))
        };
        match name {
            "aur.hostname" | "mesos.hostname" => Some(Self::Hostname),
            "aur.instance" | "mesos.instance" => Some(Self::Instance),
            "aur.sandbox" => Some(Self::Sandbox),
            "aur.task_id" | "thermos.task_id" => Some(Self::TaskId),
            "aur.user" | "thermos.user" => Some(Self::User),
            _ => port("aur.ports[").or_else(|| port("thermos.ports[")),
        }
    }
}

impl fmt::Display for LateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hostname => f.write_str("aur.hostname"),
            Self::Instance => f.write_str("aur.instance"),
            Self::Port(name) => write!(f, "aur.ports[{name}]"),
            Self::Sandbox => f.write_str("aur.sandbox"),
            Self::TaskId => f.write_str("aur.task_id"),
            Self::User => f.write_str("aur.user"),
        }
    }
}

impl From<LateName> for String {
    fn from(name: LateName) -> Self {
        name.to_string()
    }
}

impl TryFrom<String> for LateName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::parse(&name).ok_or_else(|| format!("`{name}` is not a runtime name"))
    }
}

impl TextFilter {
    /// Writes `value` the way the filter says.
    pub fn apply(self, value: &str) -> String {
        match self {
            Self::Sh => sh_word(value).into_owned(),
            Self::Json => serde_json::Value::from(value).to_string(),
        }
    }
}

/// Quotes `value` as one word of a POSIX shell; a word that needs no quotes stays as it is.
fn sh_word(value: &str) -> Cow<'_, str> {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "_-./:,@%+=".contains(c);
    if !value.is_empty() && value.chars().all(is_safe) {
        Cow::Borrowed(value)
    } else {
        Cow::Owned(format!("'{}'", value.replace('\'', r"'\''")))
    }
}

impl Text {
    /// Puts the values of runtime names in their places; each value is inserted once and never read again.
    ///
    /// # Errors
    /// The first runtime name that `value_of` does not know.
    pub fn resolve(&self, value_of: impl Fn(&LateName) -> Option<String>) -> Result<String, LateName> {
        let segments = match self {
            Self::Plain(text) => return Ok(text.clone()),
            Self::Late { segments } => segments,
        };
        let mut out = String::new();
        for segment in segments {
            match segment {
                Segment::Literal(text) => out.push_str(text),
                Segment::Name { filter, late } => {
                    let value = value_of(late).ok_or_else(|| late.clone())?;
                    match filter {
                        Some(filter) => out.push_str(&filter.apply(&value)),
                        None => out.push_str(&value),
                    }
                }
            }
        }
        Ok(out)
    }

    /// Puts literal text or another runtime name in the place of each name that `to` answers for.
    pub fn rewrite(&mut self, to: impl Fn(&LateName) -> Option<Segment>) {
        let Self::Late { segments } = self else { return };
        for segment in segments.iter_mut() {
            let Segment::Name { filter, late } = &*segment else {
                continue;
            };
            let filter = *filter;
            *segment = match to(late) {
                Some(Segment::Name { late, .. }) => Segment::Name { filter, late },
                Some(Segment::Literal(text)) => {
                    Segment::Literal(filter.map_or_else(|| text.clone(), |filter| filter.apply(&text)))
                }
                None => continue,
            };
        }
        if segments
            .iter()
            .all(|segment| matches!(segment, Segment::Literal(_)))
        {
            *self = Self::Plain(self.to_string());
        }
    }

    /// Returns the runtime names in the text, in order, with repeats.
    pub fn late_names(&self) -> impl Iterator<Item = &LateName> {
        let segments: &[Segment] = match self {
            Self::Plain(_) => &[],
            Self::Late { segments } => segments,
        };
        segments.iter().filter_map(|segment| match segment {
            Segment::Name { late, .. } => Some(late),
            Segment::Literal(_) => None,
        })
    }
}

/// The text as a person reads it, runtime names written as `{{name}}`.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => f.write_str(text),
            Self::Late { segments } => segments.iter().try_for_each(|segment| match segment {
                Segment::Literal(text) => f.write_str(text),
                Segment::Name { filter: None, late } => write!(f, "{{{{{late}}}}}"),
                Segment::Name {
                    filter: Some(TextFilter::Sh),
                    late,
                } => write!(f, "{{{{{late} | sh}}}}"),
                Segment::Name {
                    filter: Some(TextFilter::Json),
                    late,
                } => write!(f, "{{{{{late} | json}}}}"),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_text_is_filled_once() {
        let text: Text = serde_json::from_str(
            r#"{"segments":["nc ",{"late":"thermos.ports[http]"}," ",{"filter":"sh","late":"aur.user"}]}"#,
        )
        .unwrap();
        assert_eq!(text.to_string(), "nc {{aur.ports[http]}} {{aur.user | sh}}");
        let value_of = |name: &LateName| match name {
            LateName::Port(port) => Some(format!("<{port}>")),
            LateName::User => Some("it's {{aur.user}}".to_string()),
            LateName::Hostname | LateName::Instance | LateName::Sandbox | LateName::TaskId => None,
        };
        assert_eq!(
            text.resolve(value_of).unwrap(),
            r"nc <http> 'it'\''s {{aur.user}}'"
        );
        assert_eq!(text.resolve(|_| None), Err(LateName::Port("http".into())));
    }

    #[test]
    fn only_listed_names_are_late() {
        for name in [
            "aur.ports[]",
            "aur.ports.http",
            "aur.x",
            "aurora.task_id",
            "aur.ports[a]b]",
        ] {
            assert_eq!(LateName::parse(name), None, "{name}");
        }
        assert!(serde_json::from_str::<Segment>(r#"{"late":"aur.nothing"}"#).is_err());
    }

    #[test]
    fn shell_words() {
        assert_eq!(TextFilter::Sh.apply(""), "''");
        assert_eq!(TextFilter::Sh.apply("a/b-c.txt"), "a/b-c.txt");
        assert_eq!(TextFilter::Sh.apply("a; reboot"), "'a; reboot'");
        assert_eq!(TextFilter::Json.apply("a\"b"), r#""a\"b""#);
    }
}
