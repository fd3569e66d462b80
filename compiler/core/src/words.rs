//! The names that the compiler gives a meaning to, for programs that list them: editors, and the tests that
//! keep editors in step. The words of the grammar are in `aur_grammar::words`, the library in its prelude.

use crate::eval::{BASIC, BUILTINS};
use crate::lint::SHELL_FIELDS;
use crate::resolve::{FILTERS, PAD_WIDTHS};

/// Functions, sorted.
pub const FUNCTIONS: &[&str] = &BUILTINS;

/// What is called on a value, behind a dot.
pub const METHODS: &[&str] = &["bind"];

/// What is called in the rule of a type.
pub const RULES: &[&str] = &["matches"];

/// Types that no struct or enum declares.
pub const TYPES: &[&str] = &BASIC;

/// Names that lead a mustache to the struct around its text, and to the one around that.
pub const SCOPES: &[&str] = &["self", "super"];

/// What mustaches can name that is known only when a task runs, below `aur`; `ports` takes a name.
pub const RUNTIME_NAMES: &[&str] = &["hostname", "instance", "ports", "sandbox", "task_id", "user"];

/// Fields of the standard library that bash reads.
pub const COMMANDS: &[&str] = &SHELL_FIELDS;

/// The filters of a mustache: those with a name, then `pad2` to `pad9`.
pub fn filters() -> impl Iterator<Item = String> {
    let named = FILTERS.iter().map(|(name, _)| name.to_string());
    named.chain(PAD_WIDTHS.map(|width| format!("pad{width}")))
}

#[cfg(test)]
mod tests {
    use aur_ir::LateName;

    use super::*;

    #[test]
    fn runtime_names_are_those_of_the_plan() {
        // A new name fails to compile here, and is then to be listed.
        let of_plan = |name: &LateName| match name {
            LateName::Hostname => "hostname",
            LateName::Instance => "instance",
            LateName::Port(_) => "ports",
            LateName::Sandbox => "sandbox",
            LateName::TaskId => "task_id",
            LateName::User => "user",
        };
        for name in RUNTIME_NAMES {
            let written = match *name {
                "ports" => "aur.ports[x]".to_string(),
                name => format!("aur.{name}"),
            };
            let read = LateName::parse(&written).expect(name);
            assert_eq!(of_plan(&read), *name);
        }
    }
}
