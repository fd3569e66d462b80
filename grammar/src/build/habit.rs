//! Calls as Python would write them.

use aur_diagnostics::{Applicability, codes};

use super::Builder;
use super::expression::type_name;
use crate::environment::input_name;
use crate::tree::{Arg, Expr, ExprKind, Ident, Key, Pair, Range, SyntaxError, Text, TextPart};

impl Builder<'_> {
    /// Reports a call that only Python understands, and says whether nothing of it can be kept.
    pub(super) fn python_call(&mut self, callee: &Expr, args: &[Arg], range: Range) -> bool {
        let ExprKind::Field { base, name } = &callee.kind else {
            return false;
        };
        match (&base.kind, name.name.as_str()) {
            (ExprKind::Text(_), "format") => {
                let message = "texts are not formatted by a call";
                let error = SyntaxError::new(&codes::python_habit, range, message, "Python's formatting");
                self.error(error.help("write the names into the text: \"{{name}}\""));
                true
            }
            (_, "getenv" | "getuser") => self.environment(callee, args, range),
            _ => false,
        }
    }

    /// `os.getenv("USER")` and `getpass.getuser()`: the environment is read by an input.
    fn environment(&mut self, callee: &Expr, args: &[Arg], range: Range) -> bool {
        let ExprKind::Field { base, name } = &callee.kind else {
            return false;
        };
        let variable = match (type_name(base), name.name.as_str(), args) {
            (Some("os"), "getenv", [Arg { value, .. }, ..]) => match &value.kind {
                ExprKind::Text(text) => plain_text(text),
                _ => None,
            },
            (Some("getpass"), "getuser", []) => Some("USER"),
            _ => None,
        };
        let Some(variable) = variable else { return false };
        let input = input_name(variable);
        let message = "the environment is read by an input";
        let error = SyntaxError::new(
            &codes::python_habit,
            range,
            message,
            "Python's way to the environment",
        );
        let error = error.help(format!(
            "declare `input {input}: String = env(\"{variable}\")` and write `{input}`"
        ));
        // A second argument is a default, which an input from the environment cannot have.
        let is_plain = args.len() < 2 && !variable.contains(['"', '\\', '{']);
        self.error(match is_plain {
            true => error
                .fixed("declare an input", Applicability::Safe, range, &input)
                .reads_environment(variable),
            false => error,
        });
        true
    }

    /// `.bind({"a": 1})`: names are bound by name. Returns the arguments that were meant.
    pub(super) fn bound_map(&mut self, callee: &Expr, args: Vec<Arg>) -> Vec<Arg> {
        let binds = matches!(&callee.kind, ExprKind::Field { name, .. } if name.name == "bind");
        match args.as_slice() {
            [
                Arg {
                    name: None,
                    value:
                        Expr {
                            range,
                            kind: ExprKind::Map(pairs),
                        },
                    ..
                },
            ] if binds => {
                let message = "names are bound by name, not as a map";
                let error =
                    SyntaxError::new(&codes::python_habit, *range, message, "expected `name = value`");
                let mut edits = vec![(Range::new(range.start, range.start + 1), String::new())];
                edits.extend(pairs.iter().map(|pair| (between(pair), " = ".to_owned())));
                edits.push((Range::new(range.end - 1, range.end), String::new()));
                self.error(error.fixed_by("bind by name", Applicability::Safe, edits));
            }
            _ => return args,
        }
        let mut named = Vec::new();
        for arg in args {
            if let ExprKind::Map(pairs) = arg.value.kind {
                named.extend(pairs.into_iter().map(bound));
            }
        }
        named
    }
}

fn bound(pair: Pair) -> Arg {
    let name = match pair.key {
        Key::Word(word) => word,
        Key::Text(text) => Ident {
            name: plain_text(&text).unwrap_or("").into(),
            range: text.range,
        },
    };
    Arg {
        range: pair.range,
        name: Some(name),
        value: pair.value,
    }
}

/// Returns what stands between the key and the value of a pair.
fn between(pair: &Pair) -> Range {
    let key = match &pair.key {
        Key::Word(word) => word.range,
        Key::Text(text) => text.range,
    };
    Range::new(key.end, pair.value.range.start)
}

fn plain_text(text: &Text) -> Option<&str> {
    match text.parts.as_slice() {
        [TextPart::Literal { text, .. }] => Some(text),
        _ => None,
    }
}
