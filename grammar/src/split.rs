//! Finds the items of a file.
//!
//! An item starts at bracket depth 0 with the first word of a line that cannot carry on what stands above
//! it. Layout plays no role while the brackets are in order. Only where one is never closed is column 0
//! believed: the broken item then ends before the next line that starts there like an item. So a fault stays
//! within its item, and each item can be read, and kept, alone.
//!
//! Invariants
//! - Chunks are in order and do not overlap; between them stand blanks and comments only.
//! - Time is linear: only `PATIENCE` times is the rest of the file searched in vain.

use crate::scan::{Kind, Scanner, Token};

/// Brackets may be nested this deep; pest and everything behind it recurse.
pub(crate) const DEEPEST: usize = 128;

/// How many times the text may be searched for a closing bracket that is not there; then column 0 is
/// believed at once.
const PATIENCE: usize = 8;

/// The place of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// First byte.
    pub(crate) start: u32,
    /// First byte behind it.
    pub(crate) end: u32,
    /// Whether brackets, texts and comments are in order, so that the grammar may be asked.
    pub(crate) sound: bool,
}

/// Finds the items of `text` from the byte `from` on.
pub(crate) fn split(text: &str, from: usize) -> Vec<Chunk> {
    let mut splitter = Splitter {
        text,
        scanner: Scanner::new(text, from),
        chunks: Vec::new(),
        item: None,
        brackets: Brackets::default(),
        searched: 0,
        doubts_blocks: false,
    };
    splitter.run(from);
    splitter.chunks
}

/// Whether brackets, texts and comments of a text are in order.
pub(crate) fn is_sound(text: &str) -> bool {
    let mut brackets = Brackets::default();
    Scanner::new(text, 0).all(|token| brackets.follow(text, &token)) && brackets.depth() == 0
}

/// The brackets that are open.
#[derive(Debug, Default)]
struct Brackets {
    /// Their opening characters, up to `DEEPEST`.
    open: Vec<u8>,
    /// How many more there are.
    deeper: usize,
}

impl Brackets {
    fn depth(&self) -> usize {
        self.open.len() + self.deeper
    }

    /// Takes a token into account and says whether all is in order.
    fn follow(&mut self, text: &str, token: &Token) -> bool {
        let byte = text.as_bytes().get(token.start as usize).copied().unwrap_or(0);
        match token.kind {
            Kind::Open if self.open.len() < DEEPEST => self.open.push(byte),
            Kind::Open => {
                self.deeper += 1;
                return false;
            }
            Kind::Close if self.deeper > 0 => self.deeper -= 1,
            Kind::Close => return self.close(byte),
            Kind::OpenText
            | Kind::OpenBlock
            | Kind::BadNote
            | Kind::Slashes
            | Kind::Hashes
            | Kind::Control => {
                return false;
            }
            Kind::Word
            | Kind::Number
            | Kind::Text
            | Kind::Block
            | Kind::Note
            | Kind::Doc
            | Kind::Sign
            | Kind::Junk => {}
        }
        true
    }

    /// Closes the nearest bracket of the same kind, with all that was left open within it.
    fn close(&mut self, byte: u8) -> bool {
        let opener = opener_of(byte);
        let Some(at) = self.open.iter().rposition(|open| *open == opener) else {
            return false;
        };
        let in_order = at + 1 == self.open.len();
        self.open.truncate(at);
        in_order
    }
}

/// Returns the opening bracket of a closing one.
pub(crate) fn opener_of(close: u8) -> u8 {
    match close {
        b')' => b'(',
        b']' => b'[',
        _ => b'{',
    }
}

/// What the last token lets the next line do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    /// The item could end here.
    Complete,
    /// A text, which another may follow.
    Text,
    /// An operator or keyword that needs something behind it.
    Hungry,
    /// The `@` of an annotation.
    At,
}

/// The item that is being read.
#[derive(Debug)]
struct Open {
    start: u32,
    column: u32,
    /// Where it starts behind doc comments and annotations.
    body: u32,
    end: u32,
    last: Last,
    sound: bool,
    /// A text within it is never closed.
    endless: bool,
    /// Nothing but doc comments and annotations was met yet.
    prefix: bool,
    /// A Python block, which goes on as long as lines are indented.
    python: bool,
    /// No item starts like this, so it goes on until one surely starts.
    junk: bool,
}

struct Splitter<'t> {
    text: &'t str,
    scanner: Scanner<'t>,
    chunks: Vec<Chunk>,
    item: Option<Open>,
    brackets: Brackets,
    /// Bytes that were read in the hope of a closing bracket.
    searched: usize,
    /// A block is never closed. None is believed that holds what looks like an item, and items start in
    /// column 0 only.
    doubts_blocks: bool,
}

impl Splitter<'_> {
    fn run(&mut self, from: usize) {
        loop {
            while let Some(token) = self.scanner.next() {
                self.token(&token);
            }
            let Some(item) = self.item.as_ref() else { return };
            if item.endless && !self.doubts_blocks {
                // Some block before this one lacks its quotes, so inside and outside are confused since.
                self.doubts_blocks = true;
                self.chunks.clear();
                self.item = None;
                self.brackets = Brackets::default();
                self.scanner.move_to(from);
                continue;
            }
            let cut = if self.brackets.depth() > 0 {
                self.cut_line(item)
            } else {
                None
            };
            self.searched += self.text.len() - item.start as usize;
            let Some(at) = cut else {
                self.finish();
                return;
            };
            self.cut(at);
            self.scanner.move_to(at);
        }
    }

    fn token(&mut self, token: &Token) {
        let outside = self.brackets.depth() == 0;
        if token.kind == Kind::Note {
            return;
        }
        let within = |item: &Open| !outside || item.prefix || item.last == Last::Hungry || !token.first;
        if token.is_note() && !self.item.as_ref().is_some_and(within) {
            self.finish();
            let (start, end) = (token.start, token.end);
            self.chunks.push(Chunk {
                start,
                end,
                sound: false,
            });
            return;
        }
        if token.first
            && outside
            && self
                .item
                .as_ref()
                .is_some_and(|item| self.starts_item(token, item))
        {
            self.finish();
        }
        let tired = self.searched > PATIENCE * self.text.len();
        if tired
            && !outside
            && token.first
            && token.column() == 0
            && self.looks_like_item(token.start as usize)
        {
            self.cut(token.start as usize);
        }
        self.take(token, outside);
        let block = matches!(token.kind, Kind::Block | Kind::OpenBlock) && self.doubts_blocks;
        if block && let Some(at) = self.item_line(token.start, token.end) {
            self.cut(at);
            self.scanner.move_to(at);
        }
    }

    /// Adds a token to the item it belongs to.
    fn take(&mut self, token: &Token, outside: bool) {
        if let Some(item) = self.item.as_mut().filter(|_| !outside) {
            item.sound &= self.brackets.follow(self.text, token);
            item.endless |= token.kind == Kind::OpenBlock;
            item.end = token.end;
            item.last = if token.kind == Kind::Close {
                Last::Complete
            } else {
                Last::Hungry
            };
            return;
        }
        let names = |rest: &str| rest.starts_with(is_word);
        let annotates =
            token.text(self.text) == "@" && self.text.get(token.end as usize..).is_some_and(names);
        let is_prefix = token.kind == Kind::Doc || annotates;
        let stray = token.kind == Kind::Close && self.brackets.depth() == 0;
        let follows = self.brackets.follow(self.text, token);
        if stray {
            self.merge_indented();
        }
        let mut item = self.item.take().unwrap_or_else(|| Open {
            start: token.start,
            column: token.column(),
            body: token.start,
            end: token.end,
            last: Last::Complete,
            sound: true,
            endless: false,
            prefix: is_prefix,
            python: false,
            junk: false,
        });
        let bracket = matches!(token.kind, Kind::Open | Kind::Close);
        let starts_body = item.start == token.start || item.prefix && outside && item.last != Last::At;
        if starts_body && !is_prefix && !(bracket && item.prefix) {
            item.prefix = false;
            item.body = token.start;
            item.python = is_python_block(self.text, token);
            item.junk = token.kind != Kind::Word;
        }
        item.last = self.last(token, item.body == token.start);
        item.end = token.end;
        item.sound &= follows;
        item.endless |= token.kind == Kind::OpenBlock;
        self.item = Some(item);
    }

    fn last(&self, token: &Token, starts_body: bool) -> Last {
        match token.kind {
            Kind::Text | Kind::Block => Last::Text,
            Kind::Word => match token.text(self.text) {
                "and" | "or" | "not" | "in" | "if" | "else" | "where" | "as" | "for" => Last::Hungry,
                "include" | "struct" | "enum" | "type" | "input" | "check" | "test" if starts_body => {
                    Last::Hungry
                }
                _ => Last::Complete,
            },
            Kind::Sign => match token.text(self.text) {
                "@" => Last::At,
                "?" | ".." => Last::Complete,
                _ => Last::Hungry,
            },
            Kind::Open => Last::Hungry,
            Kind::Close | Kind::Number | Kind::OpenText | Kind::OpenBlock | Kind::Junk | Kind::Control => {
                Last::Complete
            }
            Kind::Note | Kind::BadNote | Kind::Doc | Kind::Slashes | Kind::Hashes => Last::Complete,
        }
    }

    /// Whether a token that is the first on its line, outside all brackets, starts another item.
    fn starts_item(&self, token: &Token, item: &Open) -> bool {
        let inner =
            (item.python && token.column() > item.column) || (self.doubts_blocks && token.column() > 0);
        if item.prefix || inner {
            return false;
        }
        if item.junk {
            return token.column() == 0 && self.looks_like_item(token.start as usize);
        }
        let hungry = item.last == Last::Hungry;
        match token.kind {
            Kind::Doc => true,
            Kind::Word if is_shape(self.text, token) => true,
            Kind::Word => {
                let carries_on = matches!(
                    token.text(self.text),
                    "if" | "else" | "and" | "or" | "in" | "where" | "as"
                );
                !hungry && !carries_on
            }
            Kind::Text | Kind::OpenText | Kind::Block | Kind::OpenBlock => item.last == Last::Complete,
            Kind::Open => !hungry && token.text(self.text) != "{",
            // A stray bracket before something belongs to that, one alone to what stands above.
            Kind::Close => {
                let rest = self.text.get(token.end as usize..).unwrap_or("");
                let line = rest.lines().next().unwrap_or("");
                token.column() == 0 && line.contains(|letter: char| letter.is_alphanumeric())
            }
            Kind::Sign => token.text(self.text) == "@",
            Kind::Number | Kind::Junk | Kind::Control => !hungry,
            Kind::Note | Kind::BadNote | Kind::Slashes | Kind::Hashes => false,
        }
    }

    /// A bracket that closes nothing: what looked like items, but indented, was the inside of something. The
    /// item above, in column 0, is its head if it stands on the very next line.
    fn merge_indented(&mut self) {
        while let (Some(item), Some(chunk)) = (
            self.item.as_mut().filter(|item| item.column > 0),
            self.chunks.last(),
        ) {
            let gap = self
                .text
                .get(chunk.end as usize..item.start as usize)
                .unwrap_or("");
            let before = self.text.get(..chunk.start as usize).unwrap_or("");
            let column = (before.len() - before.rfind('\n').map_or(0, |at| at + 1)) as u32;
            if column == 0 && (gap.trim() != "" || gap.matches('\n').count() != 1) {
                return;
            }
            item.start = chunk.start;
            item.body = chunk.start;
            item.column = column;
            item.sound = false;
            self.chunks.pop();
        }
    }

    fn finish(&mut self) {
        if let Some(mut item) = self.item.take() {
            if item.endless {
                // The blanks at the end of the file are not the text's.
                let text = self
                    .text
                    .get(item.start as usize..item.end as usize)
                    .unwrap_or("");
                item.end = item.start + text.trim_end().len() as u32;
            }
            let (start, end, sound) = (item.start, item.end, item.sound && self.brackets.depth() == 0);
            self.chunks.push(Chunk { start, end, sound });
        }
        self.brackets = Brackets::default();
    }

    /// Ends the item before the byte `at`.
    fn cut(&mut self, at: usize) {
        if let Some(item) = self.item.as_mut() {
            let text = self.text.get(item.start as usize..at).unwrap_or("");
            item.end = item.start + text.trim_end().len() as u32;
            item.sound = false;
        }
        self.finish();
    }

    /// Returns the start of the next line below the item's first that starts in column 0 like an item.
    fn cut_line(&self, item: &Open) -> Option<usize> {
        self.item_line(item.body, self.text.len() as u32)
    }

    /// Returns the start of the first line between two places that starts in column 0 like an item.
    fn item_line(&self, from: u32, to: u32) -> Option<usize> {
        let mut at = from as usize;
        while let Some(length) = memchr::memchr(b'\n', self.text.as_bytes().get(at..to as usize)?) {
            at += length + 1;
            if self.looks_like_item(at) {
                return Some(at);
            }
        }
        None
    }

    /// Whether a line looks like the start of an item even where it might be part of a text.
    fn looks_like_item(&self, at: usize) -> bool {
        let line = self
            .text
            .get(at..)
            .and_then(|rest| rest.lines().next())
            .unwrap_or("");
        if line.starts_with("///") || line.starts_with('@') {
            return true;
        }
        let word = line.len() - line.trim_start_matches(is_word).len();
        let (word, rest) = line.split_at(word);
        if word.is_empty() || word.starts_with(|letter: char| letter.is_ascii_digit()) {
            return false;
        }
        let after = rest.trim_start_matches([' ', '\t']);
        let assigns = after.len() < rest.len() && after.starts_with('=') && !after.starts_with("==");
        assigns || rest.starts_with(": ") && rest.contains(" = ") || is_keyword_shape(word, rest)
    }
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Whether a word at the start of a line starts an item, whatever stands above it.
fn is_shape(text: &str, token: &Token) -> bool {
    let rest = text
        .get(token.end as usize..)
        .and_then(|rest| rest.lines().next())
        .unwrap_or("");
    let after = rest.trim_start_matches([' ', '\t']);
    let assigns = after.starts_with('=') && !after.starts_with("==")
        || after.starts_with("+=")
        || after.starts_with(':');
    assigns || is_keyword_shape(token.text(text), rest)
}

/// Whether a word and the rest of its line are an item that starts with a keyword.
fn is_keyword_shape(word: &str, rest: &str) -> bool {
    let Some(after) = rest.strip_prefix([' ', '\t']).map(str::trim_start) else {
        return false;
    };
    match word {
        "include" | "test" => after.starts_with(['"', '\'']),
        "struct" | "enum" | "type" | "input" | "class" | "def" | "import" | "from" => {
            after.starts_with(is_word)
        }
        "check" => {
            let next = after.split(|letter| !is_word(letter)).next().unwrap_or("");
            after.starts_with(|letter: char| is_word(letter) || letter == '"')
                && !matches!(next, "and" | "or" | "in" | "if" | "else")
        }
        _ => false,
    }
}

/// Whether a word opens an indented block of Python.
fn is_python_block(text: &str, token: &Token) -> bool {
    let rest = text
        .get(token.end as usize..)
        .and_then(|rest| rest.lines().next())
        .unwrap_or("");
    let opens = matches!(
        token.text(text),
        "class" | "def" | "for" | "while" | "if" | "with" | "try"
    );
    let code = rest.split('#').next().unwrap_or("").trim_end();
    opens && token.kind == Kind::Word && code.ends_with(':')
}
