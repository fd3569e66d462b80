//! What stands open around a place in a half-typed text.
//!
//! The tree of a text that is being typed holds guesses. Here only tokens are read: which brackets are open
//! before the place, what each belongs to, which of its fields or arguments is being given, and what the rest
//! of the item gives beside. Nothing fails; what makes no sense is left out.

use aur_grammar::tree::Tree;
use aur_grammar::{Token, TokenKind};

mod machine;

use machine::Machine;

/// Bytes of the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Bytes {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Bytes {
    pub(super) fn new(start: u32, end: u32) -> Self {
        Self {
            start,
            end: end.max(start),
        }
    }

    pub(super) fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or("")
    }
}

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// The item itself.
    Item,
    /// `head { .. }`
    Record,
    /// `{ .. }`
    Map,
    /// `[ .. ]`
    List,
    /// `head[ .. ]`
    Index,
    /// `( .. )`
    Group,
    /// `head( .. )`
    Call,
    /// `struct Name { .. }`
    Struct,
    /// `enum Name { .. }`
    Enum,
    /// `test ".." { .. }`
    Test,
    /// `List[ .. ]` where a type stands.
    TypeArguments,
    /// `@name( .. )`
    Annotation,
}

/// What is being written in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// The name of a field, a key, or of what is declared.
    Name,
    /// A type.
    Type,
    /// What stands behind `where`.
    Rule,
    /// A value.
    Value,
    /// The condition of a `check`, then its message.
    Check,
}

/// The word an item begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ItemWord {
    Include,
    Struct,
    Enum,
    Type,
    Input,
    Check,
    Test,
    /// It assigns to a name.
    Name,
}

/// `path = value`, `key: value` or `name: Type`.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The steps of the name; quotes are not part of them.
    pub(super) path: Vec<Bytes>,
    /// The type, where one is written.
    pub(super) ty: Option<Bytes>,
    pub(super) value: Bytes,
}

/// `for name in list if condition`, by places of tokens.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    pub(super) name: Option<Bytes>,
    pub(super) list: Bytes,
    at: usize,
    list_at: Option<usize>,
    condition_at: Option<usize>,
}

/// A bracket that is open at the place, or the item itself.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) kind: FrameKind,
    /// What is written there at the place.
    pub(super) mode: Mode,
    /// What stands before the bracket.
    pub(super) head: Option<Bytes>,
    /// The head without its last `.name`.
    pub(super) receiver: Option<Bytes>,
    /// The last word of the head.
    pub(super) callee: Option<Bytes>,
    /// The bracket.
    pub(super) open: u32,
    /// Everything the frame gives, also behind the place.
    pub(super) entries: Vec<Entry>,
    /// The entry that the place is in.
    pub(super) current: Option<usize>,
    /// How many commas stand before the place.
    pub(super) index: usize,
    /// The clauses of a comprehension, also those behind the place.
    pub(super) clauses: Vec<Clause>,
    /// Of the item: its first word.
    pub(super) word: Option<ItemWord>,
    /// Of the item: the name it declares.
    pub(super) name: Option<Bytes>,
    open_token: usize,
}

/// What the place is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inside {
    /// Nothing but a word, or nothing.
    Code,
    /// A text: its token, and its index.
    Text(Bytes, usize),
    /// A comment.
    Note,
    /// A number; the word is its unit.
    Number,
}

/// A place in a text and all that stands open around it.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'t> {
    pub(super) text: &'t str,
    pub(super) offset: u32,
    /// The part of a word that stands before the place.
    pub(super) word: Bytes,
    pub(super) inside: Inside,
    /// Outermost first; there is always the item.
    pub(super) frames: Vec<Frame>,
    tokens: Vec<Token>,
    /// How many tokens stand before the word.
    before: usize,
}

impl<'t> Cursor<'t> {
    /// Reads the item around `offset`.
    pub(super) fn new(text: &'t str, tree: &Tree, offset: u32) -> Self {
        let offset = floor(text, offset);
        let next = tree.items.partition_point(|item| item.offset < offset);
        let start = next.checked_sub(1).and_then(|index| tree.items.get(index));
        let start = start.map_or(offset, |item| line_start(text, item.offset));
        let end = tree.items.get(next).map_or(text.len() as u32, |item| item.offset);
        let slice = Bytes::new(start, end.max(offset)).of(text);
        let mut inside = Inside::Code;
        let mut word = Bytes::new(offset, offset);
        let mut tokens: Vec<Token> = Vec::new();
        for token in aur_grammar::tokens(slice) {
            let token = moved(token, start);
            let here = token.start < offset && offset <= token.end;
            match token.kind {
                TokenKind::Doc => {
                    if here {
                        inside = Inside::Note;
                    }
                    continue;
                }
                _ if token.is_note() => {
                    if here {
                        inside = Inside::Note;
                    }
                    continue;
                }
                TokenKind::Word if here => word.start = token.start,
                TokenKind::Number if here => {
                    inside = Inside::Number;
                    let digits = Bytes::new(token.start, offset).of(text);
                    let unit = digits
                        .rfind(|c: char| !c.is_ascii_alphabetic())
                        .map_or(0, |at| at + 1);
                    word.start = token.start + unit as u32;
                }
                TokenKind::Text | TokenKind::Block if here && offset < token.end => {
                    inside = Inside::Text(Bytes::new(token.start, token.end), tokens.len());
                }
                TokenKind::OpenText | TokenKind::OpenBlock if here => {
                    inside = Inside::Text(Bytes::new(token.start, token.end), tokens.len());
                }
                _ => {}
            }
            tokens.push(token);
        }
        let before = match inside {
            Inside::Number | Inside::Text(..) => tokens.partition_point(|token| token.end < offset),
            Inside::Code | Inside::Note => tokens.partition_point(|token| token.start < word.start),
        };
        // A text or number that ends at the place is what the place is in.
        let before = match inside {
            Inside::Text(_, index) => index,
            _ => before,
        };
        let frames = Machine::new(text, &tokens).run(before);
        Self {
            text,
            offset,
            word,
            inside,
            frames,
            tokens,
            before,
        }
    }

    /// The frame the place is in.
    pub(super) fn frame(&self) -> Option<&Frame> {
        self.frames.last()
    }

    /// The token before the word.
    pub(super) fn last(&self) -> Option<&Token> {
        self.tokens.get(self.before.checked_sub(1)?)
    }

    /// The token before the word, as written.
    pub(super) fn last_text(&self) -> &'t str {
        self.last().map_or("", |token| token.text(self.text))
    }

    /// What stands behind the word and what may follow it of the same word.
    pub(super) fn next_text(&self) -> &'t str {
        let next = self.tokens.iter().skip(self.before);
        let mut next = next.filter(|token| token.start >= self.offset);
        next.next().map_or("", |token| token.text(self.text))
    }

    /// Whether the place is on a later line than what stands before it.
    pub(super) fn is_fresh_line(&self) -> bool {
        let end = self.last().map_or(0, |token| token.end);
        Bytes::new(end, self.word.start).of(self.text).contains('\n')
    }

    /// Whether the place is on another line than the bracket of its frame.
    pub(super) fn is_below_bracket(&self) -> bool {
        let open = self.frame().map_or(0, |frame| frame.open);
        Bytes::new(open, self.word.start).of(self.text).contains('\n')
    }

    /// Whether what stands before the place needs something behind it.
    pub(super) fn is_hungry(&self) -> bool {
        match self.last() {
            None => false,
            Some(token) => is_hungry(token, self.text),
        }
    }

    /// The expression before the `.` that stands before the word, and whether it could begin a field.
    pub(super) fn before_dot(&self) -> Option<(Bytes, bool)> {
        let dot = self.before.checked_sub(1)?;
        let machine = Machine::lookback(self.text, &self.tokens, dot);
        let start = machine.head_before(dot)?;
        let first = self.tokens.get(start)?;
        let end = self.tokens.get(dot)?.start;
        let starts_field = match start.checked_sub(1).and_then(|at| self.tokens.get(at)) {
            None => false,
            Some(before) => {
                matches!(before.kind, TokenKind::Open)
                    || before.text(self.text) == ","
                    || first.first && !is_hungry(before, self.text)
            }
        };
        let is_path = starts_field && matches!(first.kind, TokenKind::Word);
        Some((Bytes::new(first.start, end), is_path))
    }

    /// The names of a dotted path that ends before the `.` before the word.
    pub(super) fn steps_before_dot(&self) -> Vec<Bytes> {
        let mut steps = Vec::new();
        let mut at = self.before;
        while let Some(dot) = at.checked_sub(1).and_then(|at| self.tokens.get(at)) {
            let name = at.checked_sub(2).and_then(|at| self.tokens.get(at));
            match name.filter(|name| name.kind == TokenKind::Word && dot.text(self.text) == ".") {
                Some(name) => steps.push(Bytes::new(name.start, name.end)),
                None => break,
            }
            at -= 2;
        }
        steps.reverse();
        steps
    }

    /// Whether the place is between `for` and `in`, where a new name is written.
    pub(super) fn is_in_new_name(&self) -> bool {
        let clause = self.frame().and_then(|frame| self.clause_at(frame));
        clause.is_some_and(|clause| clause.list_at.is_none_or(|at| at > self.before))
    }

    /// Whether the place is in the list or the condition of a clause.
    pub(super) fn is_in_clause(&self) -> bool {
        self.frame().is_some_and(|frame| self.clause_at(frame).is_some())
    }

    fn clause_at<'f>(&self, frame: &'f Frame) -> Option<&'f Clause> {
        frame.clauses.iter().rev().find(|clause| clause.at < self.before)
    }

    /// The clauses whose names are seen at the place.
    pub(super) fn visible_clauses<'f>(&self, frame: &'f Frame) -> impl Iterator<Item = &'f Clause> {
        let inside = self.clause_at(frame).map(|clause| {
            let in_condition = clause.condition_at.is_some_and(|at| at < self.before);
            clause.at + usize::from(in_condition)
        });
        let clauses = frame.clauses.iter();
        clauses.filter(move |clause| inside.is_none_or(|inside| clause.at < inside))
    }

    /// The words of the item before the place that stand at bracket depth 0, the name aside: how far it is.
    pub(super) fn has_text_before(&self) -> bool {
        let before = self.tokens.get(..self.before).unwrap_or(&[]);
        before.iter().any(|token| token.kind == TokenKind::Text)
    }

    /// Whether a word stands between the start of the piece and the place, such as `if`.
    pub(super) fn piece_has(&self, word: &str) -> bool {
        let mut depth = 0usize;
        for token in self.tokens.get(..self.before).unwrap_or(&[]).iter().rev() {
            match token.kind {
                TokenKind::Close => depth += 1,
                TokenKind::Open if depth == 0 => return false,
                TokenKind::Open => depth -= 1,
                _ if depth > 0 => {}
                TokenKind::Sign if matches!(token.text(self.text), "," | "=") => return false,
                TokenKind::Word if token.text(self.text) == word => return true,
                _ => {}
            }
        }
        false
    }
}

/// Whether a token needs something behind it.
pub(super) fn is_hungry(token: &Token, text: &str) -> bool {
    match token.kind {
        TokenKind::Open => true,
        TokenKind::Sign => token.text(text) != "?",
        TokenKind::Word => matches!(
            token.text(text),
            "if" | "else" | "and" | "or" | "not" | "in" | "for" | "where" | "check" | "expect"
        ),
        _ => false,
    }
}

fn moved(token: Token, by: u32) -> Token {
    Token {
        start: token.start + by,
        end: token.end + by,
        line: token.line + by,
        ..token
    }
}

/// The nearest place that is not within a character.
fn floor(text: &str, offset: u32) -> u32 {
    let mut at = (offset as usize).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at as u32
}

fn line_start(text: &str, offset: u32) -> u32 {
    let before = text.get(..offset as usize).unwrap_or("");
    before.rfind('\n').map_or(0, |at| at as u32 + 1)
}
