//! The tokens of an item with their brackets: enough to see around a place.

use crate::scan::{Kind, Scanner, Token};

/// What a bracket holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// Nothing: the place is outside all brackets.
    Item,
    /// `head { field = value }`
    Fields,
    /// `{ key: value }`
    Map,
    /// `struct S { member: T }`
    Members,
    /// `enum E { a, b }`
    Names,
    /// `test "name" { expect a }`
    Expectations,
    /// `f(a, b)`
    Args,
    /// `(a)`
    Paren,
    /// `[a, b]`
    List,
    /// `a[b]`, or the arguments of a type
    Index,
}

/// Tokens without comments, and which bracket each stands in.
pub(super) struct Outline<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    /// For each token the index of the bracket around it; a closing bracket stands outside its own.
    parents: Vec<Option<usize>>,
    /// For each bracket the index of its partner.
    partners: Vec<Option<usize>>,
}

impl<'t> Outline<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let tokens: Vec<Token> = Scanner::new(text, 0).filter(|token| !token.is_note()).collect();
        let mut parents = Vec::with_capacity(tokens.len());
        let mut partners = vec![None; tokens.len()];
        let mut open: Vec<usize> = Vec::new();
        for (index, token) in tokens.iter().enumerate() {
            if token.kind == Kind::Close
                && let Some(opener) = open.pop()
            {
                for (one, other) in [(opener, index), (index, opener)] {
                    if let Some(partner) = partners.get_mut(one) {
                        *partner = Some(other);
                    }
                }
            }
            parents.push(open.last().copied());
            if token.kind == Kind::Open {
                open.push(index);
            }
        }
        Self {
            text,
            tokens,
            parents,
            partners,
        }
    }

    pub(super) fn token(&self, index: usize) -> Option<&Token> {
        self.tokens.get(index)
    }

    /// Returns a token as written, empty behind the last.
    pub(super) fn word(&self, index: usize) -> &'t str {
        self.token(index).map_or("", |token| token.text(self.text))
    }

    pub(super) fn kind(&self, index: usize) -> Option<Kind> {
        self.token(index).map(|token| token.kind)
    }

    pub(super) fn is_first(&self, index: usize) -> bool {
        self.token(index).is_some_and(|token| token.first)
    }

    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(super) fn partner(&self, index: usize) -> Option<usize> {
        self.partners.get(index).copied().flatten()
    }

    /// Returns the index of the token at which the grammar stopped, one behind the last at the end.
    pub(super) fn stop(&self, at: u32) -> usize {
        self.tokens.partition_point(|token| token.end <= at)
    }

    /// Returns the bracket a token stands in. A closing bracket counts as inside its own.
    pub(super) fn group(&self, index: usize) -> Option<usize> {
        match self.kind(index) {
            Some(Kind::Close) => self.partner(index),
            Some(_) => self.parents.get(index).copied().flatten(),
            None => None,
        }
    }

    /// Returns the index of the first token behind doc comments and annotations.
    pub(super) fn body(&self) -> usize {
        let mut at = 0;
        loop {
            at = match (self.kind(at), self.word(at)) {
                (Some(Kind::Doc), _) => at + 1,
                (_, "@") if self.word(at + 2) == "(" => {
                    self.partner(at + 2).map_or(self.len(), |close| close + 1)
                }
                (_, "@") => at + 2,
                _ => return at,
            };
        }
    }

    /// Says what a bracket holds.
    pub(super) fn context(&self, opener: Option<usize>) -> Context {
        let Some(opener) = opener else {
            return Context::Item;
        };
        let head = opener.checked_sub(1).filter(|head| self.ends_operand(*head));
        let on_line = head.is_some() && !self.is_first(opener);
        let body = self.body();
        let keyword = if matches!(self.kind(body + 1), Some(Kind::Word | Kind::Text)) {
            self.word(body)
        } else {
            ""
        };
        let outermost = self.parents.get(opener).copied().flatten().is_none();
        match self.word(opener) {
            "{" if outermost && keyword == "struct" => Context::Members,
            "{" if outermost && keyword == "enum" => Context::Names,
            "{" if outermost && keyword == "test" => Context::Expectations,
            "{" if on_line => Context::Fields,
            "{" => Context::Map,
            "(" if on_line => Context::Args,
            "(" => Context::Paren,
            _ if on_line => Context::Index,
            _ => Context::List,
        }
    }

    /// Whether a value may end with this token.
    pub(super) fn ends_operand(&self, index: usize) -> bool {
        match self.kind(index) {
            Some(Kind::Word) => !is_operator_word(self.word(index)),
            Some(Kind::Sign) => self.word(index) == "?",
            Some(Kind::Number | Kind::Text | Kind::Block | Kind::Close | Kind::Control) => true,
            Some(Kind::OpenText | Kind::OpenBlock) => true,
            Some(
                Kind::Open
                | Kind::Doc
                | Kind::Junk
                | Kind::Note
                | Kind::BadNote
                | Kind::Slashes
                | Kind::Hashes,
            )
            | None => false,
        }
    }

    /// Whether a value may start with this token.
    pub(super) fn starts_operand(&self, index: usize) -> bool {
        match self.kind(index) {
            Some(Kind::Word) => !is_operator_word(self.word(index)) || self.word(index) == "not",
            Some(kind) => matches!(
                kind,
                Kind::Number | Kind::Text | Kind::Block | Kind::Open | Kind::Control
            ),
            None => false,
        }
    }

    /// Whether something must follow this token: an operator, `=`, `:` or a word that joins.
    pub(super) fn is_hungry(&self, index: usize) -> bool {
        match self.kind(index) {
            Some(Kind::Word) => is_operator_word(self.word(index)) || self.word(index) == "where",
            Some(Kind::Sign) => !matches!(self.word(index), "," | "?" | ".." | "@"),
            _ => false,
        }
    }

    /// Whether a field or member starts here, by the look of it: a word, first on its line or behind a
    /// comma or brace, with `=` or `:` behind its path.
    pub(super) fn starts_field(&self, index: usize) -> bool {
        let stands = self.is_first(index)
            || index
                .checked_sub(1)
                .is_some_and(|before| matches!(self.word(before), "," | "{"));
        if self.kind(index) != Some(Kind::Word) || !stands {
            return false;
        }
        matches!(self.word(self.path_end(index)), "=" | ":")
    }

    /// Returns the index of the first token behind the path that starts with the word at `index`.
    pub(super) fn path_end(&self, index: usize) -> usize {
        let mut at = index + 1;
        loop {
            at = match (self.word(at), self.kind(at + 1)) {
                (".", Some(Kind::Word)) => at + 2,
                ("[", Some(Kind::Text)) if self.partner(at) == Some(at + 2) => at + 3,
                _ => return at,
            };
        }
    }

    /// Returns the name that stands right before an element, and is nothing but a name.
    pub(super) fn lone_name(&self, element: usize) -> Option<usize> {
        let (first, _) = self.element(element.checked_sub(1)?);
        let is_name = self.kind(first) == Some(Kind::Word) && self.path_end(first) == element;
        is_name.then_some(first)
    }

    /// Returns the first token and the one behind the last of the element around `index` in its bracket.
    pub(super) fn element(&self, index: usize) -> (usize, usize) {
        let group = self.group(index);
        let lines = matches!(
            self.context(group),
            Context::Fields | Context::Members | Context::Names | Context::Expectations
        );
        let close = group.and_then(|group| self.partner(group)).unwrap_or(self.len());
        let least = group.map_or(0, |group| group + 1);
        let mut start = index.min(close);
        while start > least {
            let before = start - 1;
            if self.word(before) == "," || lines && self.starts_element(start) {
                break;
            }
            start = match self.kind(before) {
                Some(Kind::Close) => self.partner(before).unwrap_or(before),
                _ => before,
            };
        }
        let mut end = index.min(close);
        while end < close {
            if self.word(end) == "," || lines && end > index && self.starts_element(end) {
                break;
            }
            end = match self.kind(end) {
                Some(Kind::Open) => self.partner(end).unwrap_or(end) + 1,
                _ => end + 1,
            };
        }
        (start, end.max(start))
    }

    /// Whether an element of a bracket whose elements stand on lines starts here.
    fn starts_element(&self, index: usize) -> bool {
        let carries_on = index.checked_sub(1).is_some_and(|before| self.is_hungry(before));
        self.starts_field(index)
            || self.is_first(index) && !carries_on && self.kind(index) != Some(Kind::Sign)
    }

    /// Returns the bytes from one token to the one before another.
    pub(super) fn bytes(&self, from: usize, to: usize) -> (u32, u32) {
        let end = self.text.trim_end().len() as u32;
        let start = self.token(from).map_or(end, |token| token.start);
        let last = to
            .checked_sub(1)
            .and_then(|last| self.token(last))
            .map_or(start, |token| token.end);
        (start, last.max(start))
    }
}

/// Words that stand between or before values.
pub(super) fn is_operator_word(word: &str) -> bool {
    matches!(word, "and" | "or" | "not" | "in" | "if" | "else" | "for")
}
