//! What an editor asks: plain answers about a place in a text, also where the text is half typed.
//!
//! Each question has a file. Some are answered by one file alone ([`Document`]); the others are asked of a
//! program: an entry file and what it includes. Places are bytes; what a client makes of them is its own
//! affair.

mod diagnostics;
mod document;
mod folding;
mod format;
mod hints;
mod hover;
mod jobs;
mod links;
mod meaning;
mod names;
mod pieces;
mod selection;
mod semantic;
mod symbols;
mod walk;

pub use aur_grammar::PRELUDE;
pub use diagnostics::{Checked, diagnostics, syntax};
pub use document::{Document, Place, Point};
pub use folding::{Fold, FoldKind, folding};
pub use format::{format_edits, format_on_newline, format_range};
pub use hints::{Hint, HintKind, hints};
pub use hover::{Hover, hover};
pub use jobs::{JobPlace, jobs};
pub use links::{Link, LinkKind, TextEdit, includes, links, renamed_links};
pub use names::{Definition, Name, NameKind, definition, is_name, names, type_definition};
pub use selection::selection;
pub use semantic::{Modifiers, SemanticKind, SemanticToken, semantic_tokens};
pub use symbols::{Symbol, SymbolKind, symbols};

/// What the file of the standard library is called in places and diagnostics.
pub const PRELUDE_PATH: &str = "<prelude>";
