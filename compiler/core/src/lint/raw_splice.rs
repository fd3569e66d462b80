//! `raw_splice`: a text from outside stands in a command where bash would read it as part of the command.

use aur_diagnostics::{Applicability, Diagnostic, Span, codes};
use aur_grammar::tree::{Mustache, MustacheKind, TextPart};
use aur_shell::Quoting;

use super::taint::Origin;
use crate::eval::Compiler;
use crate::value::TextRef;

impl<'p> Compiler<'p> {
    /// Looks at the mustaches of a command; `holes` says how each stands.
    pub(super) fn lint_raw_splices(&mut self, text: TextRef<'p>, holes: &[Quoting]) {
        let values = text.text.parts.iter().filter_map(|part| match part {
            TextPart::Mustache(mustache) if mustache.kind == MustacheKind::Value => Some(mustache),
            TextPart::Mustache(_) | TextPart::Literal { .. } => None,
        });
        // A command that comes as a whole is meant to be one.
        if is_whole(text) {
            return;
        }
        for (mustache, quoting) in values.zip(holes) {
            if let Some(origin) = self.splice(mustache) {
                self.lint_raw_splice(text, mustache, *quoting, origin);
            }
        }
    }

    fn lint_raw_splice(&mut self, text: TextRef<'p>, mustache: &Mustache, quoting: Quoting, origin: Origin) {
        let span = text.base.span(mustache.range);
        let name = self.program.sources.text(text.base.span(mustache.path.range));
        let has_filter = mustache.filters.last().is_some_and(|filter| filter.name == "sh");
        let Some(advice) = advice(quoting, has_filter, name) else {
            return;
        };
        let verb = if origin.inside.is_some() {
            "holds text"
        } else {
            "comes"
        };
        let message = format!("`{name}` {verb} from outside, and bash reads it as part of the command");
        let mut warning =
            Diagnostic::new(&codes::raw_splice, span, message).label(place(quoting, has_filter));
        if let Some(input) = origin.input {
            warning = warning.also(input, "the input");
        }
        if let Some(inside) = origin.inside {
            let inner = self
                .program
                .sources
                .text(inside)
                .trim_matches(['{', '}', ' '])
                .to_string();
            warning = warning.also(inside, "it stands in this text").help(format!(
                "write `{{{{{inner} | sh}}}}` there if that text is a piece of the command, or `{{{{{name} | sh}}}}` here if it is one word"
            ));
            self.push_raw_splice(warning);
            return;
        }
        warning = warning.help(advice);
        // A whole word stays one word; in the midst of a word, and where a command is named, quotes may
        // take a meaning away.
        let applicability = match quoting {
            Quoting::Word if !starts_command(text, mustache) => Some(Applicability::Safe),
            Quoting::Word | Quoting::Part => Some(Applicability::Unsafe),
            _ => None,
        };
        if let Some(applicability) = applicability {
            warning = self.with_filter(warning, applicability, span);
        }
        self.push_raw_splice(warning);
    }

    /// What surely breaks is worse than what may.
    fn push_raw_splice(&mut self, warning: Diagnostic) {
        match warning.span().is_some_and(|span| self.breaks(span)) {
            true => self.sink.push_behind(&codes::shell_syntax, warning),
            false => self.sink.push(warning),
        }
    }

    /// Adds the edit that quotes a mustache.
    pub(super) fn with_filter(
        &self,
        warning: Diagnostic,
        applicability: Applicability,
        mustache: Span,
    ) -> Diagnostic {
        let end = mustache.end.saturating_sub(2);
        let before = self
            .program
            .sources
            .text(Span::new(mustache.file, mustache.start, end));
        let filter = if before.ends_with(' ') { "| sh " } else { " | sh" };
        let place = Span::new(mustache.file, end, end);
        warning.fix("quote it with `| sh`", applicability, place, filter)
    }
}

/// Whether a text is a mustache and nothing else.
fn is_whole(text: TextRef<'_>) -> bool {
    text.text.parts.iter().all(|part| match part {
        TextPart::Literal { text, .. } => text.trim().is_empty(),
        TextPart::Mustache(_) => true,
    }) && text
        .text
        .parts
        .iter()
        .filter(|part| matches!(part, TextPart::Mustache(_)))
        .count()
        == 1
}

/// Whether a mustache stands where a command has its name.
pub(super) fn starts_command(text: TextRef<'_>, mustache: &Mustache) -> bool {
    let parts = text.text.parts.iter();
    let is_other = |part: &&TextPart| !matches!(part, TextPart::Mustache(own) if std::ptr::eq(own, mustache));
    let before: Vec<&TextPart> = parts.take_while(is_other).collect();
    match before.as_slice() {
        [] => true,
        [.., TextPart::Mustache(_)] => false,
        [earlier @ .., TextPart::Literal { text, .. }] => {
            let text = text.trim_end_matches([' ', '\t']);
            (text.is_empty() && earlier.is_empty())
                || text.ends_with(['\n', ';', '&', '|', '(', '{', '!', '`'])
                || ["then", "do", "else", "if", "while", "until", "time"]
                    .iter()
                    .any(|word| text.ends_with(word))
        }
    }
}

/// What is said at the mustache.
pub(super) fn place(quoting: Quoting, has_filter: bool) -> &'static str {
    match quoting {
        Quoting::Word | Quoting::Part => "not quoted",
        Quoting::Single | Quoting::Double | Quoting::AnsiC if has_filter => {
            "quoted twice: the outer quotes undo the inner ones"
        }
        Quoting::Single | Quoting::Double | Quoting::AnsiC => {
            "a quote in the value ends the quotes around it"
        }
        Quoting::Heredoc => "bash expands `$` and backquotes in this here-document",
        Quoting::Arithmetic => "arithmetic runs what stands in it",
        Quoting::Parameter => "inside of `${..}`",
        Quoting::RawHeredoc | Quoting::Comment | Quoting::Unknown => "",
    }
}

/// What to do, if anything is to be done.
pub(super) fn advice(quoting: Quoting, has_filter: bool, name: &str) -> Option<String> {
    let filtered = format!("{{{{{name} | sh}}}}");
    Some(match quoting {
        Quoting::Word | Quoting::Part if has_filter => return None,
        Quoting::Word | Quoting::Part => format!("`{filtered}` makes it one word, whatever it holds"),
        Quoting::Single => format!("end the quotes before it and go on behind it: `'..'{filtered}'..'`"),
        Quoting::Double => format!("end the quotes before it and go on behind it: `\"..\"{filtered}\"..\"`"),
        Quoting::AnsiC => format!("end the quotes before it and go on behind it: `$'..'{filtered}$'..'`"),
        Quoting::Heredoc => format!("write `value={filtered}` before the command and `$value` here"),
        Quoting::Parameter => format!("write `value={filtered}` before the command and `$value` here"),
        Quoting::Arithmetic => "declare the input as an Integer".to_string(),
        // A line break could still end these; that is too far from what people do.
        Quoting::RawHeredoc | Quoting::Comment | Quoting::Unknown => return None,
    })
}
