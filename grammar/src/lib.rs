//! Pure. What may be written: the pest grammar, the prelude, a tree that never fails to come back,
//! and the canonical layout.
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]

pub mod tree;

/// The standard library, written in the language itself.
pub const PRELUDE: &str = include_str!("../prelude.aur");
