//! Follows the brackets of an item, token by token.

use aur_grammar::{Token, TokenKind};

use super::{Bytes, Clause, Entry, Frame, FrameKind, ItemWord, Mode, is_hungry};

/// Words that are no names where an expression stands.
const KEYWORDS: [&str; 10] = [
    "and", "check", "else", "expect", "for", "if", "in", "not", "or", "where",
];

/// Words that carry on what stands in the line above.
const JOINING: [&str; 7] = ["and", "else", "for", "if", "in", "or", "where"];

pub(super) struct Machine<'t> {
    text: &'t str,
    tokens: &'t [Token],
    frames: Vec<Frame>,
    stack: Vec<usize>,
    /// The opening token of each closing one.
    partners: Vec<Option<usize>>,
}

impl<'t> Machine<'t> {
    pub(super) fn new(text: &'t str, tokens: &'t [Token]) -> Self {
        Self {
            text,
            tokens,
            frames: vec![Frame::new(FrameKind::Item, 0, 0)],
            stack: vec![0],
            partners: Vec::with_capacity(tokens.len()),
        }
    }

    /// Follows the tokens before `before`, for [`Self::head_before`].
    pub(super) fn lookback(text: &'t str, tokens: &'t [Token], before: usize) -> Self {
        let mut machine = Self::new(text, tokens);
        for index in 0..before {
            machine.step(index);
        }
        machine
    }

    /// Follows all tokens; returns what stands open before the token `before`.
    pub(super) fn run(mut self, before: usize) -> Vec<Frame> {
        for index in 0..before {
            self.step(index);
        }
        let open = self.stack.clone();
        let mut seen: Vec<(Mode, Option<usize>, usize)> = Vec::with_capacity(open.len());
        for index in &open {
            if let Some(frame) = self.frames.get(*index) {
                seen.push((frame.mode, frame.current, frame.index));
            }
        }
        for index in before..self.tokens.len() {
            self.step(index);
        }
        while let Some(index) = self.stack.pop() {
            self.end_entry(index, self.tokens.last().map_or(0, |token| token.end));
        }
        let mut out = Vec::with_capacity(open.len());
        for (index, (mode, current, commas)) in open.into_iter().zip(seen) {
            let Some(frame) = self.frames.get(index) else {
                continue;
            };
            out.push(Frame {
                mode,
                current,
                index: commas,
                ..frame.clone()
            });
        }
        out
    }

    fn word_at(&self, index: usize) -> &'t str {
        self.tokens.get(index).map_or("", |token| token.text(self.text))
    }

    fn kind_at(&self, index: usize) -> Option<TokenKind> {
        self.tokens.get(index).map(|token| token.kind)
    }

    fn bytes(&self, from: usize, to: usize) -> Bytes {
        let start = self.tokens.get(from).map_or(0, |token| token.start);
        let end = to.checked_sub(1).and_then(|last| self.tokens.get(last));
        Bytes::new(start, end.map_or(start, |token| token.end))
    }

    fn top(&mut self) -> Option<&mut Frame> {
        self.frames.get_mut(*self.stack.last()?)
    }

    fn step(&mut self, index: usize) {
        self.partners.push(None);
        let Some(token) = self.tokens.get(index) else {
            return;
        };
        match token.kind {
            TokenKind::Open => self.open(index),
            TokenKind::Close => self.close(index),
            TokenKind::Sign => match self.word_at(index) {
                "," => self.comma(index),
                "=" => self.equals(index),
                ":" => self.colon(index),
                _ => {}
            },
            TokenKind::Word => self.word(index),
            _ => {}
        }
    }

    fn open(&mut self, index: usize) {
        let bracket = self.word_at(index);
        let head = self.head_before(index);
        let Some((parent, mode, word)) = self.top().map(|frame| (frame.kind, frame.mode, frame.word)) else {
            return;
        };
        let is_annotation = index.checked_sub(2).is_some_and(|at| self.word_at(at) == "@");
        let kind = match (bracket, head) {
            ("(", Some(_)) if is_annotation => FrameKind::Annotation,
            ("(" | "[", _) if mode == Mode::Type || parent == FrameKind::TypeArguments => {
                FrameKind::TypeArguments
            }
            ("{", _) if parent == FrameKind::Item && word == Some(ItemWord::Struct) => FrameKind::Struct,
            ("{", _) if parent == FrameKind::Item && word == Some(ItemWord::Enum) => FrameKind::Enum,
            ("{", _) if parent == FrameKind::Item && word == Some(ItemWord::Test) => FrameKind::Test,
            ("{", Some(_)) => FrameKind::Record,
            ("{", None) => FrameKind::Map,
            ("(", Some(_)) => FrameKind::Call,
            ("(", None) => FrameKind::Group,
            (_, Some(_)) => FrameKind::Index,
            (_, None) => FrameKind::List,
        };
        let open = self.tokens.get(index).map_or(0, |token| token.start);
        let mut frame = Frame::new(kind, open, index);
        if let Some(start) = head {
            frame.head = Some(self.bytes(start, index));
            let last = index - 1;
            if self.kind_at(last) == Some(TokenKind::Word) {
                frame.callee = Some(self.bytes(last, index));
            }
            if last > start + 1 && self.word_at(last - 1) == "." {
                frame.receiver = Some(self.bytes(start, last - 1));
            }
        }
        self.stack.push(self.frames.len());
        self.frames.push(frame);
    }

    /// The first token of the expression that ends before a token, as far as it binds tightest.
    pub(super) fn head_before(&self, index: usize) -> Option<usize> {
        let (mut at, mut start) = (index, None);
        while let Some(last) = at.checked_sub(1) {
            match self.kind_at(last) {
                Some(TokenKind::Close) => {
                    let Some(open) = self.partners.get(last).copied().flatten() else {
                        break;
                    };
                    start = Some(open);
                    at = open;
                }
                Some(TokenKind::Word) if !KEYWORDS.contains(&self.word_at(last)) => {
                    start = Some(last);
                    let is_dotted = last > 0 && self.word_at(last - 1) == ".";
                    if !is_dotted {
                        break;
                    }
                    at = last - 1;
                }
                Some(TokenKind::Text | TokenKind::Block) if self.word_at(at) == "." => {
                    let mut first = last;
                    while let Some(before) = first.checked_sub(1)
                        && matches!(self.kind_at(before), Some(TokenKind::Text | TokenKind::Block))
                    {
                        first = before;
                    }
                    start = Some(first);
                    break;
                }
                _ => break,
            }
        }
        start
    }

    fn close(&mut self, index: usize) {
        let opener = match self.word_at(index) {
            ")" => "(",
            "]" => "[",
            _ => "{",
        };
        let opens = |at: &usize| {
            let token = self.frames.get(*at).map_or(0, |frame| frame.open_token);
            self.word_at(token) == opener
        };
        // The item has no bracket.
        let Some(depth) = self.stack.iter().skip(1).rposition(opens) else {
            return;
        };
        let end = self.tokens.get(index).map_or(0, |token| token.start);
        while self.stack.len() > depth + 2 {
            if let Some(lost) = self.stack.pop() {
                self.end_entry(lost, end);
            }
        }
        if let Some(closed) = self.stack.pop() {
            self.end_entry(closed, end);
            if let Some(frame) = self.frames.get_mut(closed) {
                let open = frame.open_token;
                if let Some(partner) = self.partners.get_mut(index) {
                    *partner = Some(open);
                }
            }
        }
    }

    /// Ends what is being given in a frame.
    fn end_entry(&mut self, frame: usize, end: u32) {
        let Some(frame) = self.frames.get_mut(frame) else {
            return;
        };
        if let Some(entry) = frame.current.take().and_then(|at| frame.entries.get_mut(at)) {
            if entry.value.start > 0 {
                entry.value = Bytes::new(entry.value.start, end);
            }
            if let Some(ty) = &mut entry.ty
                && ty.end == u32::MAX
            {
                *ty = Bytes::new(ty.start, end);
            }
        }
        if let Some(clause) = frame.clauses.last_mut()
            && clause.list.end == u32::MAX
        {
            clause.list = Bytes::new(clause.list.start, end);
        }
    }

    fn end_top_entry(&mut self, end: u32) {
        if let Some(top) = self.stack.last().copied() {
            self.end_entry(top, end);
        }
    }

    fn comma(&mut self, index: usize) {
        let end = self.tokens.get(index).map_or(0, |token| token.start);
        self.end_top_entry(end);
        let Some(frame) = self.top() else { return };
        frame.index += 1;
        match frame.kind {
            FrameKind::Record | FrameKind::Map | FrameKind::Enum => frame.mode = Mode::Name,
            FrameKind::Struct if frame.mode != Mode::Check => frame.mode = Mode::Name,
            _ => {}
        }
    }

    fn begin(&mut self, path: Vec<Bytes>, key: u32, ty: Option<Bytes>, value: u32) {
        self.end_top_entry(key);
        let Some(frame) = self.top() else { return };
        frame.current = Some(frame.entries.len());
        frame.entries.push(Entry {
            path,
            ty,
            value: match value {
                0 => Bytes::default(),
                value => open_bytes(value),
            },
        });
    }

    fn equals(&mut self, index: usize) {
        let behind = self.tokens.get(index).map_or(0, |token| token.end);
        let Some((kind, mode, word)) = self.top().map(|frame| (frame.kind, frame.mode, frame.word)) else {
            return;
        };
        match kind {
            FrameKind::Record => {
                let (path, first) = self.path_before(index);
                let key = self.tokens.get(first).map_or(behind, |token| token.start);
                self.begin(path, key, None, behind);
                self.set_mode(Mode::Value);
            }
            FrameKind::Call => {
                let before = index.checked_sub(2).map_or("", |at| self.word_at(at));
                if matches!(before, "," | "(")
                    && let Some(name) = index.checked_sub(1).and_then(|at| self.key(at))
                {
                    self.begin(vec![name], name.start, None, behind);
                }
            }
            FrameKind::Item if word == Some(ItemWord::Type) && mode == Mode::Name => {
                self.begin(Vec::new(), behind, Some(open_bytes(behind)), 0);
                self.set_mode(Mode::Type);
            }
            FrameKind::Item | FrameKind::Struct if matches!(mode, Mode::Type | Mode::Rule) => {
                let sign = self.tokens.get(index).map_or(0, |token| token.start);
                if let Some(frame) = self.top()
                    && let Some(entry) = frame.current.and_then(|at| frame.entries.get_mut(at))
                {
                    if let Some(ty) = &mut entry.ty
                        && ty.end == u32::MAX
                    {
                        *ty = Bytes::new(ty.start, sign);
                    }
                    entry.value = open_bytes(behind);
                }
                self.set_mode(Mode::Value);
            }
            FrameKind::Item if mode == Mode::Name => {
                let name: Vec<Bytes> = index
                    .checked_sub(1)
                    .and_then(|at| self.key(at))
                    .into_iter()
                    .collect();
                self.begin(name, behind, None, behind);
                self.set_mode(Mode::Value);
            }
            _ => {}
        }
    }

    fn colon(&mut self, index: usize) {
        let behind = self.tokens.get(index).map_or(0, |token| token.end);
        let name = index.checked_sub(1).and_then(|at| self.key(at));
        let Some((kind, mode)) = self.top().map(|frame| (frame.kind, frame.mode)) else {
            return;
        };
        let Some(name) = name else { return };
        match kind {
            FrameKind::Map => {
                self.begin(vec![name], name.start, None, behind);
                self.set_mode(Mode::Value);
            }
            FrameKind::Struct => {
                self.begin(vec![name], name.start, Some(open_bytes(behind)), 0);
                self.set_mode(Mode::Type);
            }
            FrameKind::Item if mode == Mode::Name => {
                self.begin(vec![name], name.start, Some(open_bytes(behind)), 0);
                self.set_mode(Mode::Type);
            }
            _ => {}
        }
    }

    fn set_mode(&mut self, mode: Mode) {
        if let Some(frame) = self.top() {
            frame.mode = mode;
        }
    }

    fn word(&mut self, index: usize) {
        let word = self.word_at(index);
        let Some(token) = self.tokens.get(index).copied() else {
            return;
        };
        let before = index.checked_sub(1).and_then(|at| self.tokens.get(at));
        let could_begin = before.is_none_or(|before| {
            before.kind == TokenKind::Open
                || before.text(self.text) == ","
                || token.first && !is_hungry(before, self.text)
        });
        let next = self.word_at(index + 1);
        // An expression may go on in the next line.
        let could_begin = could_begin && (!JOINING.contains(&word) || matches!(next, "=" | ":" | "."));
        let name = self.bytes(index, index + 1);
        let name_behind =
            (self.kind_at(index + 1) == Some(TokenKind::Word)).then(|| self.bytes(index + 1, index + 2));
        let is_behind_at = before.is_some_and(|before| before.text(self.text) == "@");
        let Some((kind, mode)) = self.top().map(|frame| (frame.kind, frame.mode)) else {
            return;
        };
        match kind {
            FrameKind::Item => {
                if let Some(frame) = self.top()
                    && frame.word.is_none()
                    && !is_behind_at
                {
                    frame.begin_item(word, name, name_behind, next);
                } else if word == "where" && mode == Mode::Type {
                    self.set_mode(Mode::Rule);
                }
            }
            FrameKind::Struct if could_begin && !is_behind_at => {
                self.end_top_entry(token.start);
                self.set_mode(match word {
                    "check" if next != ":" => Mode::Check,
                    _ => Mode::Name,
                });
            }
            FrameKind::Struct if word == "where" && mode == Mode::Type => self.set_mode(Mode::Rule),
            FrameKind::Record if could_begin => {
                self.end_top_entry(token.start);
                self.set_mode(Mode::Name);
            }
            FrameKind::List => self.clause_word(index, word, name_behind, token),
            _ => {}
        }
    }

    fn clause_word(&mut self, index: usize, word: &str, name: Option<Bytes>, token: Token) {
        let Some(frame) = self.top() else { return };
        let last = frame.clauses.last_mut();
        match (word, last) {
            ("for", last) => {
                if let Some(last) = last
                    && last.list.end == u32::MAX
                {
                    last.list = Bytes::new(last.list.start, token.start);
                }
                frame.clauses.push(Clause {
                    name,
                    list: Bytes::default(),
                    at: index,
                    list_at: None,
                    condition_at: None,
                });
            }
            ("in", Some(last)) if last.list_at.is_none() => {
                last.list_at = Some(index);
                last.list = open_bytes(token.end);
            }
            ("if", Some(last)) if last.list_at.is_some() && last.condition_at.is_none() => {
                last.condition_at = Some(index);
                last.list = Bytes::new(last.list.start, token.start);
            }
            _ => {}
        }
    }

    /// A name or the inner part of a quoted one.
    fn key(&self, index: usize) -> Option<Bytes> {
        let token = self.tokens.get(index)?;
        match token.kind {
            TokenKind::Word => Some(Bytes::new(token.start, token.end)),
            TokenKind::Text => Some(Bytes::new(token.start + 1, token.end - 1)),
            _ => None,
        }
    }

    /// The path `a.b["c"]` before a token, and its first token.
    fn path_before(&self, index: usize) -> (Vec<Bytes>, usize) {
        let (mut path, mut at) = (Vec::new(), index);
        while let Some(last) = at.checked_sub(1) {
            match self.kind_at(last) {
                Some(TokenKind::Word) => {
                    path.extend(self.key(last));
                    at = last;
                    if last == 0 || self.word_at(last - 1) != "." {
                        break;
                    }
                    at = last - 1;
                }
                Some(TokenKind::Close) => {
                    let Some(open) = self.partners.get(last).copied().flatten() else {
                        break;
                    };
                    path.extend(self.key(open + 1));
                    at = open;
                }
                _ => break,
            }
        }
        path.reverse();
        (path, at)
    }
}

/// Bytes whose end is not known yet.
fn open_bytes(start: u32) -> Bytes {
    Bytes { start, end: u32::MAX }
}

impl Frame {
    fn new(kind: FrameKind, open: u32, open_token: usize) -> Self {
        Self {
            kind,
            mode: match kind {
                FrameKind::Item
                | FrameKind::Record
                | FrameKind::Map
                | FrameKind::Struct
                | FrameKind::Enum => Mode::Name,
                FrameKind::TypeArguments => Mode::Type,
                FrameKind::List
                | FrameKind::Index
                | FrameKind::Group
                | FrameKind::Call
                | FrameKind::Test
                | FrameKind::Annotation => Mode::Value,
            },
            head: None,
            receiver: None,
            callee: None,
            open,
            entries: Vec::new(),
            current: None,
            index: 0,
            clauses: Vec::new(),
            word: None,
            name: None,
            open_token,
        }
    }

    fn begin_item(&mut self, word: &str, own: Bytes, behind: Option<Bytes>, next: &str) {
        let word = match word {
            _ if matches!(next, "=" | ":") => ItemWord::Name,
            "include" => ItemWord::Include,
            "struct" => ItemWord::Struct,
            "enum" => ItemWord::Enum,
            "type" => ItemWord::Type,
            "input" => ItemWord::Input,
            "check" => ItemWord::Check,
            "test" => ItemWord::Test,
            _ => ItemWord::Name,
        };
        self.word = Some(word);
        self.name = match word {
            ItemWord::Name => Some(own),
            _ => behind,
        };
        if word == ItemWord::Check {
            self.mode = Mode::Check;
        }
    }
}
