//! How much a program may ask for, so that none uses up the machine.

use std::fmt;

use aur_diagnostics::{Code, Diagnostic, Span, codes, nearest};

/// How much a program may ask for. What goes beyond is a diagnostic with a code of its own.
///
/// Work is counted, not timed, so that a program means the same on every machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    values: [u64; ALL.len()],
}

/// One of the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Elements that lists are made of.
    Elements,
    /// Includes within each other.
    IncludeDepth,
    /// Files of a program, its own included.
    Files,
    /// Bytes of all files of a program together.
    SourceBytes,
    /// Bytes of one text.
    TextBytes,
    /// Bytes of all texts together that are put together from others.
    TextsBytes,
    /// Texts that lead to each other.
    Chain,
    /// Steps: elements of ranges, rounds of comprehensions and sections, parts of a printed value.
    Steps,
    /// Jobs of a program.
    Jobs,
    /// Bytes of a name: of a job, task or process, or between the brackets of a text.
    NameBytes,
}

/// Name, default and code of each, in the order of [`Limit`].
const ALL: [(&str, u64, &Code); 10] = [
    ("elements", 1_000_000, &codes::too_many_elements),
    ("include-depth", 32, &codes::include_depth),
    ("files", 1_024, &codes::too_many_files),
    ("source-bytes", 64 << 20, &codes::source_too_long),
    ("text-bytes", 16 << 20, &codes::text_too_long),
    ("texts-bytes", 256 << 20, &codes::texts_too_long),
    ("chain", 10_000, &codes::chain_too_long),
    ("steps", 4_000_000, &codes::too_many_steps),
    ("jobs", 100_000, &codes::too_many_jobs),
    ("name-bytes", 255, &codes::name_too_long),
];

impl Default for Limits {
    fn default() -> Self {
        Self {
            values: ALL.map(|(_, value, _)| value),
        }
    }
}

impl Limits {
    /// Changes the limit of that name.
    ///
    /// # Errors
    /// No limit has the name.
    pub fn set(&mut self, name: &str, value: u64) -> Result<(), UnknownLimit> {
        let found = ALL.iter().position(|(own, ..)| *own == name);
        match found.and_then(|index| self.values.get_mut(index)) {
            Some(own) => {
                *own = value;
                Ok(())
            }
            None => Err(UnknownLimit {
                name: name.to_string(),
            }),
        }
    }

    /// Names and values, in the order of the codes.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        ALL.iter()
            .zip(self.values)
            .map(|((name, ..), value)| (*name, value))
    }

    /// The value of a limit.
    pub(crate) fn of(&self, limit: Limit) -> usize {
        self.values
            .get(limit as usize)
            .map_or(usize::MAX, |value| usize::try_from(*value).unwrap_or(usize::MAX))
    }

    /// Says that a limit is reached; the message names its value.
    pub(crate) fn reached(&self, limit: Limit, span: Span, message: String) -> Diagnostic {
        let (name, _, code) =
            ALL.get(limit as usize)
                .copied()
                .unwrap_or(("steps", 0, &codes::too_many_steps));
        Diagnostic::new(code, span, message)
            .label("the limit is reached here")
            .note(format!(
                "a program that needs more is given it by `--limit {name}=NUMBER`"
            ))
    }
}

/// No limit has this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownLimit {
    name: String,
}

impl fmt::Display for UnknownLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = ALL.map(|(name, ..)| name);
        write!(f, "there is no limit `{}`", self.name.escape_debug())?;
        match nearest(&self.name, names) {
            Some(near) => write!(f, "; did you mean `{near}`?"),
            None => write!(f, "; there are {}", names.join(", ")),
        }
    }
}

impl std::error::Error for UnknownLimit {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_names() {
        let limits = Limits::default();
        let named = [
            (Limit::Elements, 1_000_000),
            (Limit::IncludeDepth, 32),
            (Limit::Files, 1_024),
            (Limit::SourceBytes, 64 << 20),
            (Limit::TextBytes, 16 << 20),
            (Limit::TextsBytes, 256 << 20),
            (Limit::Chain, 10_000),
            (Limit::Steps, 4_000_000),
            (Limit::Jobs, 100_000),
            (Limit::NameBytes, 255),
        ];
        assert_eq!(named.len(), ALL.len());
        for (limit, value) in named {
            assert_eq!(limits.of(limit), value, "{limit:?}");
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_a_suggestion() {
        let mut limits = Limits::default();
        assert_eq!(limits.set("files", 1), Ok(()));
        assert_eq!(limits.of(Limit::Files), 1);
        let near = limits.set("file", 1).map_err(|error| error.to_string());
        assert_eq!(
            near,
            Err("there is no limit `file`; did you mean `files`?".to_string())
        );
        let far = limits.set("x", 1).map_err(|error| error.to_string());
        assert_eq!(
            far,
            Err(
                "there is no limit `x`; there are elements, include-depth, files, source-bytes, text-bytes, \
                 texts-bytes, chain, steps, jobs, name-bytes"
                    .to_string()
            )
        );
    }
}
