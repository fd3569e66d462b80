//! The canonical layout.
//!
//! There is one layout and no options. Tokens keep their order and their text; only blanks, line breaks and
//! the commas that line breaks make superfluous change. What stands between brackets is on one line if it
//! was written so and fits, else each element has its own line. Items with errors stay as they are.
//!
//! Invariants
//! - Formatting twice gives the same text as formatting once.
//! - The tree of the result is the tree of the source, places aside.

mod follow;

use crate::parse;
use crate::reparse::reparse;
use crate::scan::{Kind, Scanner, Token};
use crate::tree::{
    Annotation, Arg, ExpectationKind, Expr, ExprKind, Item, ItemKind, TestItem, Tree, TypeExpr, TypeKind,
};

/// Columns of a line, as far as bracketed lists are broken to keep to it.
const WIDTH: usize = 110;
const INDENT: usize = 2;

/// Words that a bracket can follow without being called or indexed.
const KEYWORDS: [&str; 10] = [
    "and", "as", "check", "else", "for", "if", "in", "not", "or", "where",
];

/// Where one line is broken another may get too long, or fit; more rounds than this are never needed.
const ROUNDS: usize = 6;

/// What some editors put before a text. It is left out, and so are further ones behind it.
const MARK_OF_ORDER: char = '\u{feff}';

/// Lays out a file.
pub fn format(text: &str) -> String {
    let text = text.trim_start_matches(MARK_OF_ORDER);
    format_tree(text, &parse(text))
}

/// Lays out a file of which the tree is known.
pub fn format_tree(text: &str, tree: &Tree) -> String {
    let plain = text.strip_prefix(MARK_OF_ORDER).unwrap_or(text);
    if plain.starts_with(MARK_OF_ORDER) {
        return format(plain);
    }
    // Where brackets are out of order, columns say where items begin, and each round may move another one.
    // And a fault of this module must never change a program.
    settle(&File::read_all(text, tree), Some(tree), ROUNDS)
        .filter(|laid_out| same_tokens(plain, laid_out))
        .unwrap_or_else(|| plain.to_string())
}

/// Lays out a file until nothing moves any more; `None` if that takes more rounds.
fn settle(file: &File<'_>, tree: Option<&Tree>, rounds: usize) -> Option<String> {
    let laid_out = file.write();
    if laid_out.starts_with(MARK_OF_ORDER) {
        // It would be read as one that may stand there, and go the next time.
        return None;
    }
    if laid_out == file.text.strip_prefix(MARK_OF_ORDER).unwrap_or(file.text) {
        return Some(laid_out);
    }
    let rounds = rounds.checked_sub(1).filter(|left| *left > 0)?;
    if let Some(next) = file.follow(&laid_out) {
        return settle(&next, None, rounds);
    }
    // Items that are as they were keep their trees.
    let known = match tree {
        Some(tree) => reparse(file.text, tree, &laid_out),
        None => parse(&laid_out),
    };
    settle(&File::read_all(&laid_out, &known), Some(&known), rounds)
}

/// Compares all tokens but commas, whose number may change.
fn same_tokens(a: &str, b: &str) -> bool {
    fn tokens(text: &str) -> impl Iterator<Item = (Kind, &str)> {
        Scanner::new(text, 0)
            .map(move |token| (token.kind, token.text(text).trim_end()))
            .filter(|(_, text)| *text != ",")
    }
    tokens(a).eq(tokens(b))
}

/// How the elements between two brackets are separated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Separator {
    /// By commas, with one behind the last on lines of their own.
    Comma,
    /// By line breaks; commas stand only on one line.
    Line,
    /// By words, or there are none.
    Nothing,
}

/// Two brackets and what stands between them.
struct Group {
    open: usize,
    close: usize,
    separator: Separator,
    /// Tokens that begin an element.
    starts: Vec<usize>,
    /// Whether a line break or comment stands between the brackets.
    is_broken: bool,
}

/// What the tree knows of a token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    None,
    /// It stands behind the annotations of an item or member.
    Head,
    /// It is the word `expect` that starts an expectation.
    Expect,
}

/// Where an item stands.
struct Place {
    start: u32,
    end: u32,
    /// Whether it is laid out; it stays as it is if it has errors.
    is_sound: bool,
}

/// A file on its way from tokens to text.
struct File<'t> {
    text: &'t str,
    items: Vec<Place>,
    tokens: Vec<Token>,
    groups: Vec<Group>,
    /// The group of each bracket that has a partner, by token.
    group_of: Vec<Option<u32>>,
    /// What else is known of each token.
    marks: Vec<Mark>,
    /// The tokens of the item that is read: the first, and the first behind it.
    window: (usize, usize),
    /// Columns up to and including each token if nothing was broken.
    widths: Vec<usize>,
}

impl<'t> File<'t> {
    fn read_all(text: &'t str, tree: &Tree) -> Self {
        let mut file = Self::new(text);
        for item in &tree.items {
            file.items.push(Place {
                start: item.offset,
                end: item.offset + item.node.range.end,
                is_sound: item.node.errors.is_empty(),
            });
            file.read(item);
        }
        file
    }

    fn new(text: &'t str) -> Self {
        let from = if text.starts_with(MARK_OF_ORDER) { 3 } else { 0 };
        let tokens: Vec<Token> = Scanner::new(text, from).collect();
        let mut file = Self {
            text,
            items: Vec::new(),
            groups: Vec::new(),
            group_of: vec![None; tokens.len()],
            marks: vec![Mark::None; tokens.len()],
            window: (0, tokens.len()),
            widths: Vec::new(),
            tokens,
        };
        file.find_groups();
        file.measure();
        file
    }

    fn kind(&self, index: usize) -> Option<Kind> {
        self.tokens.get(index).map(|token| token.kind)
    }

    fn word(&self, index: usize) -> &'t str {
        self.tokens.get(index).map_or("", |token| token.text(self.text))
    }

    /// The first token that starts at or behind a byte.
    fn at(&self, offset: u32) -> usize {
        self.tokens.partition_point(|token| token.start < offset)
    }

    /// The same for a byte of the item that is read.
    fn within(&self, offset: u32) -> usize {
        let (first, last) = self.window;
        let tokens = self.tokens.get(first..last).unwrap_or(&[]);
        first + tokens.partition_point(|token| token.start < offset)
    }

    /// The group that a bracket opens or closes.
    fn group_at(&self, bracket: usize) -> Option<&Group> {
        let group = self.group_of.get(bracket).copied().flatten()?;
        self.groups.get(group as usize)
    }

    fn is_marked(&self, index: usize, mark: Mark) -> bool {
        self.marks.get(index) == Some(&mark)
    }

    fn mark(&mut self, index: usize, mark: Mark) {
        if let Some(own) = self.marks.get_mut(index) {
            *own = mark;
        }
    }

    fn find_groups(&mut self) {
        let mut open: Vec<(usize, usize)> = Vec::new();
        let mut breaks = 0;
        for index in 0..self.tokens.len() {
            breaks += usize::from(self.breaks_line(index));
            match self.kind(index) {
                Some(Kind::Open) => open.push((index, breaks)),
                Some(Kind::Close) => {
                    if let Some((start, breaks_before)) = open.pop() {
                        let is_broken = breaks > breaks_before;
                        let starts = if index > start + 1 {
                            vec![start + 1]
                        } else {
                            Vec::new()
                        };
                        let number = Some(self.groups.len() as u32);
                        self.groups.push(Group {
                            open: start,
                            close: index,
                            separator: Separator::Nothing,
                            starts,
                            is_broken,
                        });
                        for bracket in [start, index] {
                            if let Some(group) = self.group_of.get_mut(bracket) {
                                *group = number;
                            }
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether a token starts a line, is a comment, or goes over several lines.
    fn breaks_line(&self, index: usize) -> bool {
        let Some(token) = self.tokens.get(index) else {
            return false;
        };
        match token.kind {
            Kind::Text | Kind::Block | Kind::OpenBlock => token.first || token.text(self.text).contains('\n'),
            Kind::Doc => true,
            _ => token.first || token.is_note(),
        }
    }

    fn measure(&mut self) {
        let mut width = 0;
        let mut widths = Vec::with_capacity(self.tokens.len());
        for index in 0..self.tokens.len() {
            let has_gap = index
                .checked_sub(1)
                .is_some_and(|before| self.has_gap(before, index));
            width += usize::from(has_gap) + self.word(index).chars().count();
            widths.push(width);
        }
        self.widths = widths;
    }

    /// Learns from the tree where the elements between brackets begin.
    fn read(&mut self, item: &Item) {
        if !item.node.errors.is_empty() {
            return;
        }
        let base = item.offset;
        self.window = (self.at(base), self.at(base + item.node.range.end));
        self.read_annotations(&item.node.annotations, base);
        match &item.node.kind {
            ItemKind::Struct(item) => {
                let starts = item
                    .members
                    .iter()
                    .map(|member| member.range)
                    .chain(item.checks.iter().map(|check| check.range));
                let mut starts: Vec<u32> = starts.map(|range| base + range.start).collect();
                starts.sort_unstable();
                self.group("{", base + item.name.range.end, Separator::Line, starts);
                for member in &item.members {
                    self.read_annotations(&member.annotations, base);
                    self.read_type(&member.ty, base);
                    member
                        .default
                        .iter()
                        .for_each(|value| self.read_expr(value, base));
                }
                item.checks
                    .iter()
                    .for_each(|check| self.read_expr(&check.condition, base));
            }
            ItemKind::Enum { name, members, .. } => {
                let starts = members.iter().map(|member| base + member.range.start).collect();
                self.group("{", base + name.range.end, Separator::Comma, starts);
            }
            ItemKind::Alias { ty, .. } => self.read_type(ty, base),
            ItemKind::Input { ty, default, .. } => {
                self.read_type(ty, base);
                default.iter().for_each(|value| self.read_expr(value, base));
            }
            ItemKind::Assign { ty, value, .. } => {
                ty.iter().for_each(|ty| self.read_type(ty, base));
                self.read_expr(value, base);
            }
            ItemKind::Check(check) => self.read_expr(&check.condition, base),
            ItemKind::Test(test) => self.read_test(test, base),
            ItemKind::Include { .. } | ItemKind::Broken => {}
        }
    }

    fn read_test(&mut self, test: &TestItem, base: u32) {
        let starts: Vec<u32> = test
            .expectations
            .iter()
            .map(|one| base + one.range.start)
            .collect();
        for start in &starts {
            let expect = self.within(*start);
            self.mark(expect, Mark::Expect);
        }
        self.group("{", base + test.name.range.end, Separator::Line, starts);
        for expectation in &test.expectations {
            match &expectation.kind {
                ExpectationKind::Holds(condition) => self.read_expr(condition, base),
                ExpectationKind::Error { program, .. } => self.read_expr(program, base),
                ExpectationKind::Plan { program, snapshot } => {
                    self.read_expr(program, base);
                    self.read_expr(snapshot, base);
                }
            }
        }
    }

    fn read_annotations(&mut self, annotations: &[Annotation], base: u32) {
        for annotation in annotations {
            self.read_args(base + annotation.name.range.end, &annotation.args, base);
            let head = self.within(base + annotation.range.end);
            self.mark(head, Mark::Head);
        }
    }

    fn read_type(&mut self, ty: &TypeExpr, base: u32) {
        match &ty.kind {
            TypeKind::Name { args, .. } => args.iter().for_each(|arg| self.read_type(arg, base)),
            TypeKind::Optional(inner) => self.read_type(inner, base),
            TypeKind::Union(types) => types.iter().for_each(|ty| self.read_type(ty, base)),
            TypeKind::Where { base: inner, rule } => {
                self.read_type(inner, base);
                self.read_expr(rule, base);
            }
            TypeKind::Missing => {}
        }
    }

    fn read_expr(&mut self, expr: &Expr, base: u32) {
        let start = base + expr.range.start;
        match &expr.kind {
            ExprKind::List(items) => {
                let starts = items.iter().map(|item| base + item.range.start).collect();
                self.group("[", start, Separator::Comma, starts);
                items.iter().for_each(|item| self.read_expr(item, base));
            }
            ExprKind::Comprehension { element, clauses } => {
                let mut starts = vec![base + element.range.start];
                // `for` is the word before the name.
                let words = clauses
                    .iter()
                    .map(|clause| self.within(base + clause.name.range.start).saturating_sub(1));
                starts.extend(
                    words
                        .filter_map(|index| self.tokens.get(index))
                        .map(|token| token.start),
                );
                self.group("[", start, Separator::Nothing, starts);
                self.read_expr(element, base);
                for clause in clauses {
                    self.read_expr(&clause.list, base);
                    clause
                        .condition
                        .iter()
                        .for_each(|condition| self.read_expr(condition, base));
                }
            }
            ExprKind::Map(pairs) => {
                let starts = pairs.iter().map(|pair| base + pair.range.start).collect();
                self.group("{", start, Separator::Comma, starts);
                pairs.iter().for_each(|pair| self.read_expr(&pair.value, base));
            }
            ExprKind::Record { head, fields } => {
                self.read_expr(head, base);
                let starts = fields.iter().map(|field| base + field.range.start).collect();
                self.group("{", base + head.range.end, Separator::Line, starts);
                fields.iter().for_each(|field| self.read_expr(&field.value, base));
            }
            ExprKind::Call { callee, args } => {
                self.read_expr(callee, base);
                self.read_args(base + callee.range.end, args, base);
            }
            ExprKind::Field { base: inner, .. } => self.read_expr(inner, base),
            ExprKind::Index { base: inner, index } => {
                self.read_expr(inner, base);
                self.read_expr(index, base);
            }
            ExprKind::Unary { operand, .. } => self.read_expr(operand, base),
            ExprKind::Binary { left, right, .. } => {
                self.read_expr(left, base);
                self.read_expr(right, base);
            }
            ExprKind::If {
                value,
                condition,
                otherwise,
            } => {
                [value, condition, otherwise]
                    .into_iter()
                    .for_each(|part| self.read_expr(part, base));
            }
            ExprKind::Range { low, high } => {
                low.iter().chain(high).for_each(|end| self.read_expr(end, base));
            }
            ExprKind::Chain(parts) => parts.iter().for_each(|part| self.read_expr(part, base)),
            ExprKind::Name(_)
            | ExprKind::Text(_)
            | ExprKind::Number { .. }
            | ExprKind::Bool(_)
            | ExprKind::Unset
            | ExprKind::Missing => {}
        }
    }

    fn read_args(&mut self, callee_end: u32, args: &[Arg], base: u32) {
        let starts = args.iter().map(|arg| base + arg.range.start).collect();
        self.group("(", callee_end, Separator::Comma, starts);
        args.iter().for_each(|arg| self.read_expr(&arg.value, base));
    }

    /// Notes the elements behind the first bracket of its kind from a byte on.
    fn group(&mut self, bracket: &str, from: u32, separator: Separator, starts: Vec<u32>) {
        let (first, last) = (self.within(from), self.window.1);
        let found = (first..last)
            .find(|index| self.kind(*index) == Some(Kind::Open) && self.word(*index) == bracket)
            .and_then(|open| self.group_of.get(open).copied().flatten());
        let starts = starts.into_iter().map(|start| self.within(start)).collect();
        if let Some(group) = found.and_then(|group| self.groups.get_mut(group as usize)) {
            group.separator = separator;
            group.starts = starts;
        }
    }

    fn write(&self) -> String {
        let mut page = Page::default();
        let mut index = 0;
        for item in &self.items {
            index = self.write_notes(index, item.start, &mut page);
            let last = self.at(item.end);
            page.start_item(self.blank_before(index));
            if item.is_sound {
                self.write_item(index, last, &mut page);
            } else {
                let range = item.start as usize..item.end as usize;
                page.push(self.text.get(range).unwrap_or("").trim_end());
            }
            index = last;
        }
        self.write_notes(index, u32::MAX, &mut page);
        page.finish()
    }

    /// Comments between items; one behind an item stays on its line.
    fn write_notes(&self, mut index: usize, before: u32, page: &mut Page) -> usize {
        while let Some(token) = self.tokens.get(index).filter(|token| token.start < before) {
            if token.first || page.out.is_empty() {
                page.start_item(self.blank_before(index));
            } else {
                page.push("  ");
            }
            page.push(token.text(self.text).trim_end());
            index += 1;
        }
        index
    }

    /// Whether an empty line stands before a token.
    fn blank_before(&self, index: usize) -> bool {
        let Some(token) = self.tokens.get(index) else {
            return false;
        };
        let Some(before) = index.checked_sub(1).and_then(|index| self.tokens.get(index)) else {
            return false;
        };
        let gap = self
            .text
            .get(before.end as usize..token.start as usize)
            .unwrap_or("");
        gap.bytes().filter(|byte| *byte == b'\n').count() > 1
    }

    fn write_item(&self, first: usize, last: usize, page: &mut Page) {
        let mut frames: Vec<Frame<'_>> = Vec::new();
        let mut before = first;
        for index in first..last {
            let word = self.word(index).trim_end();
            if word == "," && self.drops_comma(index, frames.last()) {
                continue;
            }
            let closes = self.kind(index) == Some(Kind::Close);
            let own = frames.last().filter(|frame| frame.is_open);
            if closes
                && own.is_some_and(|frame| {
                    frame.group.separator == Separator::Comma && !frame.group.starts.is_empty()
                })
            {
                page.add_comma();
            }
            if index > first {
                self.separate(before, index, frames.last(), page);
            }
            before = index;
            if closes {
                frames.pop();
            }
            match self.kind(index) {
                Some(Kind::Open) => {
                    if let Some(group) = self.group_at(index) {
                        let is_open = self.is_multiline(index, group, page);
                        frames.push(Frame {
                            open: index,
                            group,
                            indent: page.indent,
                            is_open,
                        });
                    }
                }
                Some(Kind::Text | Kind::Block) => {
                    let column = page.text_column.unwrap_or_else(|| page.column());
                    page.text_column = Some(column);
                    page.push(word);
                    page.mark();
                    continue;
                }
                _ => {}
            }
            page.push(word);
            if !self.is_comment(index) {
                page.mark();
                page.text_column = None;
            }
        }
    }

    fn is_comment(&self, index: usize) -> bool {
        self.tokens
            .get(index)
            .is_some_and(|token| token.is_note() || token.kind == Kind::Doc)
    }

    /// Decides whether each element gets a line.
    fn is_multiline(&self, open: usize, group: &Group, page: &Page) -> bool {
        if group.close == open + 1 {
            return false;
        }
        if group.is_broken {
            return !self.is_hugged(open, group);
        }
        let width = |index: usize| self.widths.get(index).copied().unwrap_or(0);
        page.column() + 1 + width(group.close) - width(open) > WIDTH
    }

    /// Whether brackets close around one element that ends in brackets of its own: `[Job {` .. `}]`.
    fn is_hugged(&self, open: usize, group: &Group) -> bool {
        let mut before = group.close - 1;
        if self.word(before) == "," && before > open + 1 {
            before -= 1;
        }
        let closed = self.group_at(before).filter(|inner| inner.close == before);
        let Some(inner) = closed.map(|inner| inner.open).filter(|inner| *inner > open) else {
            return false;
        };
        group.starts.len() == 1
            && (open + 1..=inner).all(|index| !self.breaks_line(index))
            && (before + 1..=group.close).all(|index| !self.breaks_line(index))
    }

    /// Commas go where line breaks separate, and before a closing bracket on the same line.
    fn drops_comma(&self, index: usize, frame: Option<&Frame<'_>>) -> bool {
        let Some(frame) = frame else { return false };
        let next = (index + 1..)
            .find(|next| !self.is_comment(*next))
            .unwrap_or(index);
        let is_last = next == frame.group.close;
        let separates = frame.is_open && frame.group.separator == Separator::Line;
        is_last || separates && frame.group.starts.binary_search(&next).is_ok()
    }

    /// Writes what stands between two tokens: a gap, a line break, or nothing.
    fn separate(&self, before: usize, index: usize, frame: Option<&Frame<'_>>, page: &mut Page) {
        let starts_line = self.tokens.get(index).is_some_and(|token| token.first);
        let behind_comment = self.is_comment(before);
        let open = frame.filter(|frame| frame.is_open);
        let indent = frame.map_or(0, |frame| frame.indent);
        let base = indent + if open.is_some() { INDENT } else { 0 };
        let begins = open
            .is_some_and(|frame| frame.group.starts.binary_search(&index).is_ok() || frame.open + 1 == index);
        let is_head =
            self.is_marked(index, Mark::Head) || frame.is_none() && self.kind(before) == Some(Kind::Doc);
        let is_text = matches!(self.kind(index), Some(Kind::Text | Kind::Block));
        if self.is_comment(index) && !starts_line {
            page.push("  ");
        } else if self.kind(index) == Some(Kind::Close) && open.is_some() {
            page.line(indent, false);
        } else if begins || (self.is_comment(index) && starts_line) {
            let after_open = open.is_some_and(|frame| frame.open + 1 == index);
            page.line(base, self.blank_before(index) && !after_open);
        } else if is_head && (starts_line || behind_comment) {
            page.line(base, false);
        } else if !starts_line && !behind_comment {
            page.gap(self.has_gap(before, index));
        } else if let Some(column) = page.text_column.filter(|_| is_text) {
            page.line_at(column);
        } else if open.is_none() && frame.is_some() && !behind_comment {
            page.gap(self.has_gap(before, index));
        } else {
            page.line(base + INDENT, false);
        }
    }

    /// Whether a blank stands between two tokens on one line.
    fn has_gap(&self, before: usize, index: usize) -> bool {
        let (left, right) = (self.word(before), self.word(index));
        match (left, right) {
            (_, "," | ":" | "?") => false,
            ("," | ":", _) => true,
            ("{", "}") | ("(" | "[", _) | (_, ")" | "]") | ("@", _) => false,
            ("{", _) | (_, "}") => true,
            ("." | "..", "=") | ("=", _) | (_, "=") => true,
            ("." | "..", _) | (_, "." | "..") => false,
            ("-", _) if self.is_unary(before) => false,
            (_, "(" | "[") => match self.kind(before) {
                Some(Kind::Word) => self.is_keyword(before) && !self.is_amended(index),
                Some(Kind::Close | Kind::Text | Kind::Block) => false,
                _ => true,
            },
            _ => true,
        }
    }

    /// Whether a word is a keyword; behind `@` and `.` any word is a name.
    fn is_keyword(&self, index: usize) -> bool {
        let before = index.checked_sub(1).map_or("", |before| self.word(before));
        self.is_marked(index, Mark::Expect)
            || KEYWORDS.contains(&self.word(index)) && !matches!(before, "@" | ".")
    }

    /// Whether a bracket is a step of a field's path, whose first word may be any word: `if["k"] = v`.
    fn is_amended(&self, open: usize) -> bool {
        self.group_at(open)
            .is_some_and(|group| self.word(group.close + 1) == "=")
    }

    /// Whether a minus stands before its operand alone.
    fn is_unary(&self, index: usize) -> bool {
        let Some(before) = index.checked_sub(1) else {
            return true;
        };
        match self.kind(before) {
            Some(Kind::Word) => self.is_keyword(before),
            Some(Kind::Number | Kind::Text | Kind::Block | Kind::Close) => false,
            _ => true,
        }
    }
}

/// Brackets that are open while text is written.
struct Frame<'g> {
    open: usize,
    group: &'g Group,
    /// Indent of the line that the opening bracket stands on.
    indent: usize,
    /// Whether each element has a line.
    is_open: bool,
}

/// The text as far as it is written.
#[derive(Default)]
struct Page {
    out: String,
    /// First byte of the current line.
    line_start: usize,
    /// Indent of the current line.
    indent: usize,
    /// Where the last token that is no comment ends.
    mark: usize,
    /// Column of the first of several texts that join.
    text_column: Option<usize>,
}

impl Page {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
        if let Some(at) = text.rfind('\n') {
            self.line_start = self.out.len() - (text.len() - at - 1);
        }
    }

    fn mark(&mut self) {
        self.mark = self.out.len();
    }

    /// Puts a comma behind the last token, before comments that follow it.
    fn add_comma(&mut self) {
        self.out.insert(self.mark, ',');
        if self.mark < self.line_start {
            self.line_start += 1;
        }
        self.mark += 1;
    }

    fn gap(&mut self, is_wanted: bool) {
        if is_wanted {
            self.out.push(' ');
        }
    }

    fn line(&mut self, indent: usize, has_blank: bool) {
        self.out.push_str(if has_blank { "\n\n" } else { "\n" });
        self.line_start = self.out.len();
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.indent = indent;
    }

    /// A line that goes on at a column; brackets keep the indent of the line before.
    fn line_at(&mut self, column: usize) {
        let indent = self.indent;
        self.line(column, false);
        self.indent = indent;
    }

    fn start_item(&mut self, has_blank: bool) {
        if !self.out.is_empty() {
            self.line(0, has_blank);
        }
        self.indent = 0;
        self.text_column = None;
    }

    /// Columns of the current line.
    fn column(&self) -> usize {
        self.out
            .get(self.line_start..)
            .map_or(0, |line| line.chars().count())
    }

    fn finish(mut self) -> String {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out
    }
}

#[cfg(test)]
mod tests;
