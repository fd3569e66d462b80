//! The filters of a mustache: `{{x | sh}}`.

use aur_diagnostics::{Diagnostic, codes, nearest};
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
                (2..=9).contains(&width).then_some(Self::Pad(width))
            }
        }
    }
}

pub(super) fn apply(filters: &[Filter], text: &str) -> String {
    filters
        .iter()
        .fold(text.to_string(), |text, filter| match filter {
            Filter::Sh => TextFilter::Sh.apply(&text),
            Filter::Json => TextFilter::Json.apply(&text),
            Filter::Lower => text.to_lowercase(),
            Filter::Upper => text.to_uppercase(),
            Filter::Basename => text
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or("")
                .to_string(),
            Filter::Pad(width) => format!("{text:0>width$}"),
        })
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
