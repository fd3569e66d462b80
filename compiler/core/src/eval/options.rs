//! `java_options(..)` and `python_options(..)`: command line flags from names and values.

use aur_diagnostics::{Diagnostic, Span, codes};
use aur_grammar::tree::Arg;
use aur_ir::TextFilter;

use super::{Compiler, Context, simple_text};
use crate::types::Type;
use crate::value::{Kind, Value, describe};

/// Whose habit of dashes is followed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dashes {
    /// One before every name.
    Java,
    /// One before a single letter, two before a word.
    Python,
}

impl<'p> Compiler<'p> {
    /// Flags in the order of the arguments: texts are flags alone, `{name: value}` and `name = value` are
    /// flags with a value. `true` leaves a flag alone, `false` leaves it out; other values become one shell word.
    pub(super) fn options(
        &mut self,
        context: &Context<'p>,
        dashes: Dashes,
        args: &'p [Arg],
        span: Span,
    ) -> Value<'p> {
        let mut words: Vec<String> = Vec::new();
        let mut is_known = true;
        for arg in args {
            let value = self.known(context, &arg.value);
            let place = context.base.span(arg.value.range);
            let found = match (&arg.name, &value.kind) {
                (Some(name), _) => self
                    .option(dashes, &name.name, &value, place)
                    .map(|word| vec![word]),
                (None, Kind::Raw(flag)) => Some(vec![dashed(dashes, flag)]),
                (None, Kind::Namespace(entries)) => entries
                    .iter()
                    .map(|(name, item)| {
                        let item = self.known_text(&item.clone().behind(&value.scopes));
                        self.option(dashes, name, &item, place)
                    })
                    .collect(),
                (None, Kind::Opaque(_) | Kind::Poison) => None,
                (None, other) => {
                    let message = format!("options are names and values, this is {}", describe(other));
                    self.sink.push(
                        Diagnostic::new(&codes::type_mismatch, place, message)
                            .help("write `\"verbose\"`, `port = 80` or `{\"max-heap\": \"1g\"}`"),
                    );
                    return Value::poison(span);
                }
            };
            match found {
                Some(found) => words.extend(found),
                None => is_known = false,
            }
        }
        words.retain(|word| !word.is_empty());
        match is_known {
            true => Value::new(Kind::Raw(words.join(" ").into()), span),
            false => Value::new(Kind::opaque(Type::String), span),
        }
    }

    /// One flag with its value; empty where it is left out, none where the value is not known.
    fn option(&mut self, dashes: Dashes, name: &str, value: &Value<'p>, place: Span) -> Option<String> {
        let flag = dashed(dashes, name);
        match &value.kind {
            Kind::Bool(true) => Some(flag),
            Kind::Bool(false) | Kind::Unset => Some(String::new()),
            Kind::Raw(text) => Some(format!("{flag} {}", TextFilter::Sh.apply(text))),
            Kind::Opaque(_) | Kind::Poison => None,
            other => match simple_text(other) {
                Some(text) => Some(format!("{flag} {text}")),
                None => {
                    let message = format!(
                        "the value of an option is a text or a number, this is {}",
                        describe(other)
                    );
                    self.sink
                        .push(Diagnostic::new(&codes::type_mismatch, place, message));
                    None
                }
            },
        }
    }
}

fn dashed(dashes: Dashes, name: &str) -> String {
    let is_long = dashes == Dashes::Python && name.chars().nth(1).is_some();
    format!("{}{name}", if is_long { "--" } else { "-" })
}
