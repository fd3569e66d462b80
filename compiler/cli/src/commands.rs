//! The commands, a module each: its arguments and what it does.

pub(crate) mod check;
pub(crate) mod compile;
pub(crate) mod completions;
pub(crate) mod deps;
pub(crate) mod diff;
pub(crate) mod doc;
pub(crate) mod eval;
pub(crate) mod explain;
pub(crate) mod fmt;
pub(crate) mod init;
pub(crate) mod inspect;
pub(crate) mod lsp;
pub(crate) mod man;
pub(crate) mod schema;
pub(crate) mod test;
