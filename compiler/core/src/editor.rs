//! What an editor asks: plain answers about a place in a text, also where the text is half typed.
//!
//! Each question has a file. Some are answered by one file alone ([`Document`]); the others are asked of a
//! program: an entry file and what it includes. Places are bytes; what a client makes of them is its own
//! affair.

mod change;
mod completion;
mod diagnostics;
mod document;
mod folding;
mod format;
mod frames;
mod hints;
mod hover;
mod jobs;
mod links;
mod meaning;
mod names;
mod needs;
mod pieces;
mod selection;
mod semantic;
mod signature;
mod soon;
mod symbols;
mod view;
mod walk;

pub use aur_grammar::PRELUDE;
pub use completion::{Completion, CompletionKind, Completions, Insertion, completion};
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
pub use signature::{Parameter, Signature, signature};
pub use soon::soon;
pub use symbols::{Symbol, SymbolKind, symbols};

pub(crate) use hover::type_told;
pub(crate) use meaning::{Here, item_at};
pub(crate) use needs::{ENTRY_FILE, entry_item, names_any};

/// What the file of the standard library is called in places and diagnostics.
pub const PRELUDE_PATH: &str = "<prelude>";
