//! Commands: what is open, and whether the next word starts a command.
//!
//! The grammar decides what is right; here is only followed what is needed to find the end of a
//! substitution (the patterns of `case` hold lone parentheses) and to name what was left open.

use super::heredoc::Heredoc;
use super::word::{Word, WordKind, ends_word};
use super::{Scan, Segment};

/// What ends a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closer {
    /// The end of the text.
    End,
    /// `)`
    Paren,
}

/// Something that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Open {
    pub(crate) opener: Opener,
    /// Its first byte.
    pub(crate) at: usize,
    /// Its bytes.
    pub(crate) length: usize,
}

/// What opens something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opener {
    Single,
    Double,
    AnsiC,
    Backquote,
    Legacy,
    Parameter,
    Substitution,
    Heredoc,
    Array,
    Group,
    /// `if`, before its `then`.
    If,
    /// `if`, behind its `then`.
    Then,
    /// `for`, `while`, `until` or `select`, before its `do`.
    Loop,
    /// The `do` of a loop.
    Do,
    Case,
    Brace,
    Subshell,
    Test,
}

/// Where in a simple command the walk is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// A command starts.
    #[default]
    Command,
    /// Only assignments and redirections came so far.
    Assigned,
    /// Behind the name of the command.
    Argument,
    /// Behind something compound.
    Closed,
    /// Behind `for` or `select`.
    LoopName,
    /// Behind the name of a loop.
    LoopIn,
    /// Behind `case`.
    CaseWord,
    /// Behind the word of a `case`.
    CaseIn,
    /// Where a pattern of a `case` starts.
    Pattern,
    /// Within a pattern.
    PatternRest,
    /// Behind `function`.
    Function,
    /// Within `[[ .. ]]`.
    Test,
}

/// The simple command that the walk is in.
#[derive(Default)]
pub(super) struct Command {
    pub(super) stage: Stage,
    /// Bytes of its name.
    pub(super) name: (usize, usize),
}

/// A program while it is walked through.
#[derive(Default)]
struct List {
    command: Command,
    open: Vec<Open>,
    heredocs: Vec<Heredoc>,
    stray: Option<(usize, Option<Open>)>,
}

impl List {
    fn top(&self) -> Option<Opener> {
        self.open.last().map(|open| open.opener)
    }

    fn start_command(&mut self) {
        self.command.stage = Stage::Command;
        self.command.name = (0, 0);
    }

    /// Closes what was opened last, if it is this.
    fn pop(&mut self, at: usize, wanted: Opener) {
        if self.top() == Some(wanted) {
            self.open.pop();
        } else {
            self.stray(at);
        }
        self.command.stage = Stage::Closed;
    }

    /// What was opened last goes on as something else.
    fn turn(&mut self, at: usize, wanted: Opener, next: Opener) {
        match self.open.last_mut().filter(|top| top.opener == wanted) {
            Some(top) => top.opener = next,
            None => self.stray(at),
        }
    }

    /// Notes a word that does not fit what is open.
    fn stray(&mut self, at: usize) {
        self.stray.get_or_insert((at, self.open.last().copied()));
    }
}

impl Scan<'_> {
    /// Walks through a program that starts at `start`; says whether its closer was found, which is not taken.
    pub(super) fn list(&mut self, closer: Closer, start: usize) -> bool {
        let mut list = List::default();
        let is_closed = loop {
            if self.is_end() {
                break closer == Closer::End;
            }
            if self.here() == b')' && closer == Closer::Paren && is_last_paren(&list) {
                break true;
            }
            self.step(&mut list);
        };
        if self.out.gave_up {
            return is_closed;
        }
        if let Some(heredoc) = list.heredocs.first() {
            self.unclosed(Opener::Heredoc, heredoc.start(), heredoc.length());
        }
        let mut masked = self.masked.get(start..self.at).unwrap_or(&[]).to_vec();
        unselect(&mut masked);
        self.out.segments.push(Segment {
            start,
            masked,
            open: list.open,
            stray: list.stray,
            closer,
        });
        is_closed
    }

    fn step(&mut self, list: &mut List) {
        let (next, third) = (self.byte(self.at + 1), self.byte(self.at + 2));
        match self.here() {
            b' ' | b'\t' => self.keep(1),
            b'\n' => self.line_end(list),
            b'\\' if next == b'\n' => self.take(2, b' '),
            b'#' => self.comment(),
            b';' => self.semicolon(list, next, third),
            b'&' => self.ampersand(list, next, third),
            b'|' => {
                self.keep(if matches!(next, b'|' | b'&') { 2 } else { 1 });
                match list.command.stage {
                    Stage::Pattern | Stage::PatternRest => list.command.stage = Stage::PatternRest,
                    _ => list.start_command(),
                }
            }
            b'(' => self.open_paren(list, next),
            b')' => self.close_paren(list),
            b'<' | b'>' => self.redirect(list, next, third),
            _ => {
                let word = self.word(&list.command);
                self.after_word(list, &word);
            }
        }
    }

    fn line_end(&mut self, list: &mut List) {
        self.keep(1);
        for heredoc in std::mem::take(&mut list.heredocs) {
            self.heredoc_body(&heredoc);
        }
        match list.command.stage {
            // `in` and `do` may stand on a line of their own.
            Stage::CaseWord | Stage::CaseIn | Stage::Pattern | Stage::PatternRest | Stage::LoopIn => {}
            _ => list.start_command(),
        }
    }

    fn semicolon(&mut self, list: &mut List, next: u8, third: u8) {
        let count = match (next, third) {
            (b';', b'&') => 3,
            (b';' | b'&', _) => 2,
            _ => 1,
        };
        self.keep(count);
        list.start_command();
        if count > 1 && list.top() == Some(Opener::Case) {
            list.command.stage = Stage::Pattern;
        }
    }

    fn ampersand(&mut self, list: &mut List, next: u8, third: u8) {
        match (next, third) {
            (b'&', _) => self.keep(2),
            (b'>', b'>') => return self.keep(3),
            (b'>', _) => return self.keep(2),
            _ => self.keep(1),
        }
        list.start_command();
    }

    fn open_paren(&mut self, list: &mut List, next: u8) {
        match list.command.stage {
            Stage::Pattern => self.keep(1),
            Stage::LoopName if next == b'(' => self.loop_header(list),
            Stage::Command | Stage::Closed => {
                let end = if next == b'(' {
                    self.arithmetic_end(self.at + 2)
                } else {
                    None
                };
                if let Some(end) = end {
                    let start = self.at;
                    self.arithmetic(2, end, 2);
                    self.show_arithmetic(start);
                    list.command.stage = Stage::Closed;
                } else {
                    self.push(list, Opener::Subshell, 1);
                    self.keep(1);
                    list.start_command();
                }
            }
            _ => {
                // `name ()`
                let at = self.at;
                self.keep(1);
                let blanks = self.text.get(self.at..self.limit).unwrap_or(&[]);
                let blanks = blanks
                    .iter()
                    .take_while(|byte| matches!(byte, b' ' | b'\t'))
                    .count();
                if self.byte(self.at + blanks) == b')' {
                    self.keep(blanks + 1);
                    list.start_command();
                } else {
                    list.stray.get_or_insert((at, None));
                }
            }
        }
    }

    /// Takes `((..;..;..))` behind `for`.
    fn loop_header(&mut self, list: &mut List) {
        let start = self.at;
        let Some(end) = self.arithmetic_end(start + 2) else {
            self.push(list, Opener::Subshell, 1);
            self.keep(1);
            list.start_command();
            return;
        };
        self.arithmetic(2, end, 2);
        if let Some(masked) = self.masked.get_mut(start) {
            *masked = b' ';
        }
        list.command.stage = Stage::Closed;
        let inside = self.text.get(start..self.at).unwrap_or(&[]);
        if inside.iter().filter(|byte| **byte == b';').count() != 2 {
            // Left for the grammar to refuse.
            self.show_arithmetic(start);
            return;
        }
        // What is left looks like `for name`, or like a group where braces stand for `do` and `done`.
        let behind = self
            .text
            .get(self.at..self.limit)
            .unwrap_or(&[])
            .trim_ascii_start();
        let behind = behind.strip_prefix(b";").unwrap_or(behind).trim_ascii_start();
        if behind.starts_with(b"{") {
            let header = list.open.pop().map_or(start, |open| open.at);
            self.hide(header, b' ');
            while matches!(self.here(), b' ' | b'\t' | b'\n' | b';') && !self.is_end() {
                self.take(1, b' ');
            }
            list.start_command();
        }
    }

    /// Shows the grammar the shape of arithmetic alone: `((`, and `))` at the end.
    fn show_arithmetic(&mut self, start: usize) {
        for (from, edge) in [(start, b"(("), (self.at - 2, b"))")] {
            if let Some(masked) = self.masked.get_mut(from..from + 2) {
                masked.copy_from_slice(edge);
            }
        }
    }

    fn close_paren(&mut self, list: &mut List) {
        let at = self.at;
        self.keep(1);
        if matches!(list.command.stage, Stage::Pattern | Stage::PatternRest) {
            list.start_command();
        } else {
            list.pop(at, Opener::Subshell);
        }
    }

    fn redirect(&mut self, list: &mut List, next: u8, third: u8) {
        match (self.here(), next, third) {
            (b'<', b'<', b'<') => self.keep(3),
            (b'<', b'<', _) => {
                let heredoc = self.heredoc();
                list.heredocs.extend(heredoc);
            }
            (_, b'(', _) => {
                let stage = list.command.stage;
                self.substitution(2);
                // What follows without a blank belongs to the word.
                while !self.is_end() && !ends_word(self.here()) {
                    self.word(&list.command);
                }
                list.command.stage = match stage {
                    Stage::Command | Stage::Assigned => Stage::Argument,
                    stage => stage,
                };
                return;
            }
            (b'<', b'>' | b'&', _) | (b'>', b'>' | b'&' | b'|', _) => self.keep(2),
            _ => self.keep(1),
        }
        self.redirect_target(list);
        if list.command.stage == Stage::Command {
            list.command.stage = Stage::Assigned;
        }
    }

    /// Takes the word behind a redirection, which is no word of the command.
    fn redirect_target(&mut self, list: &List) {
        while matches!(self.here(), b' ' | b'\t') && !self.is_end() {
            self.keep(1);
        }
        let is_substitution = matches!(self.here(), b'<' | b'>') && self.byte(self.at + 1) == b'(';
        if is_substitution {
            self.substitution(2);
        } else if self.here() == b'(' {
            // The grammar would take it for the start of a substitution.
            self.take(1, b')');
        } else if !self.is_end() && !ends_word(self.here()) {
            let word = self.word(&list.command);
            if word.kind != WordKind::Descriptor {
                self.hide(word.start, b'w');
            }
        }
    }

    fn push(&mut self, list: &mut List, opener: Opener, length: usize) {
        self.push_at(list, opener, self.at, length);
    }

    fn push_at(&mut self, list: &mut List, opener: Opener, at: usize, length: usize) {
        list.open.push(Open { opener, at, length });
        let cases = list
            .open
            .iter()
            .filter(|open| open.opener == Opener::Case)
            .count();
        if list.open.len() + self.depth > super::DEEPEST || cases > super::MOST_CASES {
            self.give_up();
        }
    }

    fn after_word(&mut self, list: &mut List, word: &Word) {
        if word.kind == WordKind::Descriptor {
            return;
        }
        let stage = list.command.stage;
        match (stage, word.kind) {
            (Stage::Command | Stage::Closed, WordKind::Keyword(keyword)) => {
                self.keyword(list, keyword, word.start)
            }
            (Stage::LoopIn, WordKind::Keyword(keyword @ ("do" | "{"))) => {
                self.keyword(list, keyword, word.start)
            }
            (Stage::Command | Stage::Assigned, WordKind::Assignment) => list.command.stage = Stage::Assigned,
            (Stage::LoopName, _) => list.command.stage = Stage::LoopIn,
            (Stage::CaseWord, _) => list.command.stage = Stage::CaseIn,
            (Stage::CaseIn, WordKind::Keyword("in")) => list.command.stage = Stage::Pattern,
            (Stage::Pattern, WordKind::Keyword("esac")) => list.pop(word.start, Opener::Case),
            (Stage::Pattern, _) => list.command.stage = Stage::PatternRest,
            (Stage::Function, _) => list.start_command(),
            (Stage::Command | Stage::Assigned | Stage::Closed, _) => {
                list.command.stage = Stage::Argument;
                list.command.name = (word.start, self.at);
            }
            (Stage::LoopIn, _) => list.command.stage = Stage::Argument,
            (Stage::Argument | Stage::CaseIn | Stage::PatternRest | Stage::Test, _) => {}
        }
        if matches!(
            (stage, word.kind),
            (Stage::Assigned | Stage::Argument, WordKind::Keyword(_))
        ) {
            // The grammar would take it for what it is elsewhere.
            self.hide(word.start, b'w');
        }
    }

    fn keyword(&mut self, list: &mut List, keyword: &'static str, at: usize) {
        match keyword {
            "if" => self.push_at(list, Opener::If, at, 2),
            "fi" => return list.pop(at, Opener::Then),
            "then" => list.turn(at, Opener::If, Opener::Then),
            "elif" => list.turn(at, Opener::Then, Opener::If),
            "else" => list.turn(at, Opener::Then, Opener::Then),
            "while" | "until" => self.push_at(list, Opener::Loop, at, keyword.len()),
            "for" | "select" => {
                self.push_at(list, Opener::Loop, at, keyword.len());
                list.command.stage = Stage::LoopName;
                return;
            }
            "do" => {
                list.turn(at, Opener::Loop, Opener::Do);
                if let Some(top) = list.open.last_mut().filter(|top| top.opener == Opener::Do) {
                    (top.at, top.length) = (at, 2);
                }
            }
            "done" => return list.pop(at, Opener::Do),
            "case" => {
                self.push_at(list, Opener::Case, at, 4);
                list.command.stage = Stage::CaseWord;
                return;
            }
            "esac" => return list.pop(at, Opener::Case),
            "{" => {
                // `for x { .. }` has no `do`.
                if list.top() == Some(Opener::Loop) {
                    list.open.pop();
                }
                self.push_at(list, Opener::Brace, at, 1);
            }
            "}" => return list.pop(at, Opener::Brace),
            "function" => {
                list.command.stage = Stage::Function;
                return;
            }
            "[[" => return self.test(list, at),
            "-p" | "--" if self.is_after_time(at) => {}
            "]]" | "in" | "-p" | "--" => {
                list.command.stage = Stage::Argument;
                return;
            }
            _ => {}
        }
        list.start_command();
    }

    /// Whether a word is an option of `time`.
    fn is_after_time(&self, at: usize) -> bool {
        let before = self.text.get(..at).unwrap_or(&[]).trim_ascii_end();
        before.ends_with(b"time") || before.ends_with(b"-p")
    }

    /// Takes the inside of `[[ .. ]]` and its end.
    fn test(&mut self, list: &mut List, at: usize) {
        list.command.stage = Stage::Test;
        let mut is_pattern = false;
        while !self.is_end() {
            match self.here() {
                b' ' | b'\t' | b'\n' => self.keep(1),
                _ if is_pattern => {
                    self.pattern();
                    is_pattern = false;
                }
                b'<' | b'>' if self.byte(self.at + 1) == b'(' => self.substitution(2),
                byte if ends_word(byte) => self.keep(1),
                b'#' => self.comment(),
                _ => {
                    let word = self.word(&list.command);
                    if word.kind == WordKind::Keyword("]]") {
                        list.command.stage = Stage::Closed;
                        return;
                    }
                    let written = self.text.get(word.start..self.at).unwrap_or(&[]);
                    is_pattern = written == b"=~";
                }
            }
        }
        list.open.push(Open {
            opener: Opener::Test,
            at,
            length: 2,
        });
    }

    /// Takes the regular expression behind `=~`.
    fn pattern(&mut self) {
        let start = self.at;
        while !self.is_end() && !matches!(self.here(), b' ' | b'\t' | b'\n') {
            match self.here() {
                b'(' => self.group(),
                byte if ends_word(byte) => self.take(1, b'w'),
                _ => {
                    let command = Command::default();
                    self.word(&command);
                }
            }
        }
        self.hide(start, b'w');
    }
}

/// Whether a `)` ends the program rather than something in it.
fn is_last_paren(list: &List) -> bool {
    !matches!(list.command.stage, Stage::Pattern | Stage::PatternRest)
        && !list.open.iter().any(|open| open.opener == Opener::Subshell)
}

/// Shows the grammar `for` instead of `select`, which it does not know and which is written alike.
fn unselect(masked: &mut [u8]) {
    let is_edge =
        |byte: Option<&u8>| byte.is_none_or(|byte| byte.is_ascii_whitespace() || b";&|(){}".contains(byte));
    let mut at = 0;
    while let Some(found) = masked
        .get(at..)
        .and_then(|rest| rest.windows(6).position(|six| six == b"select"))
    {
        let start = at + found;
        at = start + 6;
        let before = start.checked_sub(1).and_then(|before| masked.get(before));
        if is_edge(before)
            && is_edge(masked.get(at))
            && let Some(word) = masked.get_mut(start..at)
        {
            word.copy_from_slice(b"for   ");
        }
    }
}
