//! Pure. What may be written: the pest grammar, the prelude, a tree that never fails to come back,
//! and the canonical layout.
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]

mod build;
mod environment;
mod format;
mod parse;
mod patch;
mod pest;
mod repair;
mod reparse;
mod scan;
mod split;
pub mod tree;
pub mod words;

pub use format::{format, format_tree};
pub use parse::{Places, parse, parse_expr, parse_item, places};
pub use reparse::reparse;
pub use scan::{Kind as TokenKind, Token, tokens};

/// The standard library, written in the language itself.
pub const PRELUDE: &str = include_str!("../prelude.aur");

#[cfg(test)]
mod tests;
