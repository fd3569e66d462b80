//! Walks through a command once: what is quoted how, what is open, and what the grammar gets to see.
//!
//! Each byte is taken once and gets a context. The grammar gets `masked`, a text of equal length in which
//! everything that only the scanner understands is a plain word: quotes, expansions and arrays become `w`,
//! comments and here-documents become blanks. The inside of a substitution is a segment of its own.

mod expansion;
mod heredoc;
mod list;
mod word;

use crate::Quoting;

pub(crate) use list::{Closer, Open, Opener};
pub(crate) use word::is_keyword;

/// Levels of nesting, of all kinds together; bash itself has no limit.
const DEEPEST: usize = 24;
/// `case` within `case`: the grammar reads the last branch of each twice.
const MOST_CASES: usize = 4;

/// The state of the walk.
pub(crate) struct Scan<'t> {
    text: &'t [u8],
    /// First byte and first byte behind each hole.
    holes: &'t [(usize, usize)],
    at: usize,
    /// First byte that may not be taken.
    limit: usize,
    depth: usize,
    masked: Vec<u8>,
    contexts: Vec<Quoting>,
    /// The context of the part that is being walked through, for what has none of its own.
    around: Quoting,
    /// Whether the command switches extended globs on somewhere.
    has_extglob: bool,
    out: Scanned,
}

/// What the walk found.
#[derive(Default)]
pub(crate) struct Scanned {
    /// Programs for the grammar: the innermost first, the whole command last.
    pub(crate) segments: Vec<Segment>,
    /// Something is opened and never closed.
    pub(crate) unclosed: Option<Open>,
    /// Nothing can be said about the command.
    pub(crate) gave_up: bool,
    /// How each hole stands.
    pub(crate) holes: Vec<Quoting>,
}

/// A program within the command.
pub(crate) struct Segment {
    /// Where it starts.
    pub(crate) start: usize,
    /// Its text with everything special masked, as long as it is written.
    pub(crate) masked: Vec<u8>,
    /// What was open at its end, innermost last.
    pub(crate) open: Vec<Open>,
    /// The first word that closes something other than what was open, and what was open.
    pub(crate) stray: Option<(usize, Option<Open>)>,
    /// What ends it.
    pub(crate) closer: Closer,
}

/// Walks through a command.
pub(crate) fn scan(text: &str, holes: &[(usize, usize)]) -> Scanned {
    let text = text.as_bytes();
    let mut scan = Scan {
        text,
        holes,
        at: 0,
        limit: text.len(),
        depth: 0,
        masked: vec![b' '; text.len()],
        contexts: vec![Quoting::Unknown; text.len()],
        around: Quoting::Part,
        has_extglob: text.windows(7).any(|window| window == b"extglob"),
        out: Scanned::default(),
    };
    scan.list(Closer::End, 0);
    scan.stand();
    scan.out
}

impl Scan<'_> {
    fn byte(&self, at: usize) -> u8 {
        if at < self.limit {
            self.text.get(at).copied().unwrap_or(0)
        } else {
            0
        }
    }

    fn here(&self) -> u8 {
        self.byte(self.at)
    }

    fn is_end(&self) -> bool {
        self.at >= self.limit
    }

    /// Takes bytes that the grammar sees as they are.
    fn keep(&mut self, count: usize) {
        for _ in 0..count {
            let byte = self.here();
            let shown = if byte.is_ascii() { byte } else { b'w' };
            self.take(1, shown);
        }
    }

    /// Takes bytes of which the grammar sees `shown`.
    fn take(&mut self, count: usize, shown: u8) {
        let end = (self.at + count).min(self.limit);
        if let Some(masked) = self.masked.get_mut(self.at..end) {
            masked.fill(shown);
        }
        if let Some(contexts) = self.contexts.get_mut(self.at..end) {
            contexts.fill(self.around);
        }
        self.at = end;
    }

    /// Hides what was taken since `start`; line breaks go too.
    fn hide(&mut self, start: usize, shown: u8) {
        if let Some(masked) = self.masked.get_mut(start..self.at) {
            masked.fill(shown);
        }
    }

    /// Walks through a part with a context of its own.
    fn within(&mut self, context: Quoting, walk: impl FnOnce(&mut Self)) {
        let outside = std::mem::replace(&mut self.around, context);
        if self.deepen() {
            walk(self);
            self.depth -= 1;
        }
        self.around = outside;
    }

    /// Goes one level down, or gives up.
    fn deepen(&mut self) -> bool {
        if self.depth >= DEEPEST {
            self.give_up();
            return false;
        }
        self.depth += 1;
        true
    }

    fn give_up(&mut self) {
        self.out.gave_up = true;
        self.at = self.limit;
    }

    /// Notes what is never closed; the innermost is met first and counts.
    fn unclosed(&mut self, opener: Opener, at: usize, length: usize) {
        if self.out.unclosed.is_none() {
            self.out.unclosed = Some(Open { opener, at, length });
        }
    }

    /// Finds out how each hole stands.
    fn stand(&mut self) {
        let is_break = |byte: Option<&u8>| {
            byte.is_none_or(|byte| {
                matches!(
                    byte,
                    b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>' | b'`'
                )
            })
        };
        let holes = self.holes.iter().map(|(start, end)| {
            let context = self.contexts.get(*start).copied().unwrap_or(Quoting::Unknown);
            let before = start.checked_sub(1).and_then(|before| self.text.get(before));
            let is_word = is_break(before) && is_break(self.text.get(*end));
            match context {
                Quoting::Part if is_word => Quoting::Word,
                context => context,
            }
        });
        let holes: Vec<Quoting> = holes.collect();
        self.out.holes = if self.out.gave_up {
            vec![Quoting::Unknown; holes.len()]
        } else {
            holes
        };
    }
}
