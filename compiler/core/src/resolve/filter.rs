//! The filters of a mustache: `{{x | sh}}`.

use std::ops::RangeInclusive;

use aur_diagnostics::{Diagnostic, Span, codes, nearest};
use aur_grammar::tree::Mustache;
use aur_ir::TextFilter;

use crate::eval::Compiler;
use crate::value::Base;

/// Filters by name, but for `pad2` to `pad9`, with what they give.
pub(crate) const FILTERS: [(&str, &str); 5] = [
    ("basename", "what stands behind the last `/`"),
    ("json", "as JSON"),
    ("lower", "in small letters"),
    ("sh", "one word for a shell, quoted where it must be"),
    ("upper", "in capital letters"),
];

/// `pad2` to `pad9`.
pub(crate) const PAD_WIDTHS: RangeInclusive<usize> = 2..=9;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    Sh,
    Json,
    Lower,
    Upper,
    Basename,
    Pad(usize),
}

impl Filter {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "sh" => Some(Self::Sh),
            "json" => Some(Self::Json),
            "lower" => Some(Self::Lower),
            "upper" => Some(Self::Upper),
            "basename" => Some(Self::Basename),
            _ => {
                let width: usize = name.strip_prefix("pad")?.parse().ok()?;
                PAD_WIDTHS.contains(&width).then_some(Self::Pad(width))
            }
        }
    }
}

impl Filter {
    fn apply(self, text: &str) -> String {
        match self {
            Self::Sh => TextFilter::Sh.apply(text),
            Self::Json => TextFilter::Json.apply(text),
            Self::Lower => text.to_lowercase(),
            Self::Upper => text.to_uppercase(),
            Self::Basename => text
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or("")
                .to_string(),
            Self::Pad(width) => format!("{text:0>width$}"),
        }
    }

    /// How long a text will be at least, in bytes, without making it.
    fn length(self, text: &str) -> usize {
        let escaped = |is_escaped: fn(u8) -> bool| text.bytes().filter(|byte| is_escaped(*byte)).count();
        match self {
            Self::Sh => text.len() + 3 * escaped(|byte| byte == b'\''),
            Self::Json => text.len() + escaped(|byte| matches!(byte, 0..=0x1f | b'"' | b'\\')),
            Self::Lower | Self::Upper | Self::Pad(_) => text.len(),
            Self::Basename => 0,
        }
    }
}

impl<'p> Compiler<'p> {
    /// Applies filters in order; none where a text on the way would be too long.
    pub(super) fn apply(&mut self, filters: &[Filter], text: &str, span: Span) -> Option<String> {
        filters.iter().try_fold(text.to_string(), |text, filter| {
            let length = filter.length(&text);
            self.may_grow(length, length, span).then(|| filter.apply(&text))
        })
    }
}

impl<'p> Compiler<'p> {
    pub(super) fn filters(&mut self, mustache: &Mustache, base: Base) -> Vec<Filter> {
        let mut filters = Vec::with_capacity(mustache.filters.len());
        for name in &mustache.filters {
            match Filter::parse(&name.name) {
                Some(filter) => filters.push(filter),
                None => {
                    let help = nearest(&name.name, FILTERS.map(|(own, _)| own))
                        .map(|near| format!("did you mean `{near}`?"));
                    let message = format!("there is no filter `{}`", name.name);
                    self.sink.push(
                        Diagnostic::new(&codes::unknown_filter, base.span(name.range), message)
                            .label("no such filter")
                            .help(help.unwrap_or_else(|| {
                                format!(
                                    "the filters are {} and pad2 to pad9",
                                    FILTERS.map(|(own, _)| own).join(", ")
                                )
                            })),
                    );
                }
            }
        }
        filters
    }
}
