//! Pure. Reads bash inside of texts: whether it can be parsed, where it breaks, and how each hole is quoted.
//!
//! A command comes as pieces: text, holes that are filled later, and sections that may be left out. Two
//! readers share the work. Our own scanner (`scan`) knows quotes, expansions, here-documents and comments;
//! it says where each hole stands and what is never closed. What is left when all of that is replaced by
//! plain words goes to the grammar of a bash parser (`grammar`), command by command, the inside of each
//! substitution on its own.
//!
//! Invariants
//! - It is about faults that are surely faults. What is too long or nested too deeply is not judged.
//! - A hole may be a word or a finished command, and sections may be there or not: only what breaks in
//!   every reading is a fault.
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]

mod grammar;
mod joined;
mod message;
mod plain;
mod reader;
mod scan;

pub use reader::Reader;

/// A piece of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Characters that bash sees.
    Text(&'a str),
    /// A place that is filled later; equal numbers are filled with equal text.
    Hole(u32),
    /// The start of a part that may be missing.
    Open(When),
    /// The end of the part that was opened last.
    Close,
}

/// When a part of a command is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// If something holds.
    Holds,
    /// If it does not hold.
    Fails,
}

/// A place in the pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Number of the piece, from 0.
    pub piece: usize,
    /// Bytes into the text of the piece; 0 where it is a hole.
    pub offset: usize,
}

/// From the first place up to the second one, which does not belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The first byte.
    pub start: Place,
    /// The last byte; a hole is one.
    pub last: Place,
}

/// What bash would not understand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where to look.
    pub mark: Mark,
    /// The fact, at most a line, without a stop.
    pub message: String,
    /// What is said at the mark.
    pub label: String,
    /// What is still open there, and what is said at its place.
    pub opener: Option<(Mark, String)>,
    /// What to do.
    pub help: Option<String>,
}

/// How a hole stands in its command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quoting {
    /// Without quotes, and it is a whole word.
    Word,
    /// Without quotes, as part of a word.
    Part,
    /// In `'..'`.
    Single,
    /// In `".."`, outside of substitutions in it.
    Double,
    /// In `$'..'`.
    AnsiC,
    /// In `${..}`.
    Parameter,
    /// In `$((..))`, `((..))` or `$[..]`.
    Arithmetic,
    /// In a here-document in which bash looks for `$`.
    Heredoc,
    /// In a here-document that bash takes as it is.
    RawHeredoc,
    /// Behind `#`.
    Comment,
    /// In backquotes that hold a backslash, or beyond what is judged.
    Unknown,
}

/// What was found out about a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The first fault, if there is one.
    pub fault: Option<Fault>,
    /// How each hole stands, in the order of the pieces.
    pub holes: Vec<Quoting>,
}
