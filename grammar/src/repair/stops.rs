//! What was probably meant where the grammar stopped.

mod expectations;

use aur_diagnostics::{Applicability, codes, nearest};

use super::outline::{Context, Outline};
use super::{HOLE, Repair, words};
use crate::pest::Rule;
use crate::scan::Kind;
use crate::tree::{Range, SyntaxError};

/// Words an item may start with.
const KEYWORDS: [&str; 7] = ["include", "struct", "enum", "type", "input", "check", "test"];

impl Repair<'_> {
    /// Reports the place where the grammar stopped and gets it past there. Says whether the text changed.
    pub(super) fn mend_stop(&mut self, outline: &Outline<'_>, stop: usize, expected: &[Rule]) -> bool {
        let before = self.text.clone();
        let context = outline.context(outline.group(stop));
        let done = self.junk(outline, stop, context)
            || self.stray_doc(outline, stop)
            || self.brace_below(outline, stop)
            || self.swallowed_value(outline, stop)
            || self.missing_value(outline, stop, context)
            || match context {
                Context::Item => self.in_item(outline, stop),
                Context::Fields => self.in_fields(outline, stop),
                Context::Map => self.in_map(outline, stop),
                Context::Members => self.in_members(outline, stop),
                Context::Names => self.in_names(outline, stop),
                Context::Expectations => self.in_expectations(outline, stop),
                Context::Args | Context::List => self.in_list(outline, stop, context),
                Context::Paren => self.in_paren(outline, stop),
                Context::Index => false,
            };
        if !done || self.text == before {
            self.give_up(outline, stop, context, expected);
        }
        self.text != before
    }

    fn token_range(&self, outline: &Outline<'_>, index: usize) -> Range {
        let (start, end) = outline.bytes(index, index + 1);
        self.range(start, end)
    }

    /// Says what was expected and found, and leaves the rest of the element out.
    fn give_up(&mut self, outline: &Outline<'_>, stop: usize, context: Context, expected: &[Rule]) {
        let found = words::found(outline.token(stop), &self.text);
        let range = match outline.token(stop) {
            Some(_) => self.token_range(outline, stop),
            None => self.range(
                self.text.trim_end().len() as u32,
                self.text.trim_end().len() as u32,
            ),
        };
        let expected = words::expected(expected);
        let error = SyntaxError::new(
            &codes::syntax,
            range,
            format!("expected {expected}, found {found}"),
            "not expected here",
        );
        self.report(error);
        self.leave_out(outline, stop, context);
    }

    /// Takes the element around a token out of the text, or puts a hole in its place.
    fn leave_out(&mut self, outline: &Outline<'_>, stop: usize, context: Context) {
        let (first, behind) = outline.element(stop);
        let value = match context {
            Context::Fields | Context::Members | Context::Item => outline.path_end(first.max(outline.body())),
            Context::Map
            | Context::Names
            | Context::Expectations
            | Context::Args
            | Context::List
            | Context::Paren
            | Context::Index => first,
        };
        let before = self.text.clone();
        let keeps_name = matches!(outline.word(value), "=" | ":") && stop > value && behind > value + 1;
        let (start, end) = match context {
            Context::Fields | Context::Item | Context::Members if keeps_name => {
                outline.bytes(value + 1, behind)
            }
            _ => outline.bytes(first, behind),
        };
        match context {
            Context::Fields | Context::Item | Context::Members if keeps_name => self.patch(start, end, HOLE),
            Context::Args | Context::List | Context::Paren | Context::Index => self.patch(start, end, HOLE),
            Context::Map if outline.word(behind) == "," => {
                let (start, end) = outline.bytes(first, behind + 1);
                self.patch(start, end, "");
            }
            Context::Map
            | Context::Fields
            | Context::Members
            | Context::Names
            | Context::Expectations
            | Context::Item => self.patch(start, end, ""),
        }
        if self.text == before && stop < outline.len() {
            let (start, end) = outline.bytes(stop, stop + 1);
            if outline.kind(stop) != Some(Kind::Close) {
                self.patch(start, end, "");
            }
        }
    }

    /// Characters the language has no use for, but other languages have.
    fn junk(&mut self, outline: &Outline<'_>, stop: usize, context: Context) -> bool {
        let written = outline.word(stop);
        let range = self.token_range(outline, stop);
        let (start, end) = outline.bytes(stop, stop + 1);
        let doubled = outline.word(stop + 1) == written
            && outline.bytes(stop, stop + 2).1 == end + written.len() as u32;
        let error = |message: &str, label: &str| SyntaxError::new(&codes::syntax, range, message, label);
        match written {
            ";" => {
                let new = if context == Context::Fields && !outline.is_first(stop + 1) {
                    ","
                } else {
                    ""
                };
                let error = error("`;` ends nothing here", "a new line is enough");
                self.report(error.fixed("remove it", Applicability::Safe, range, new));
                // A blank keeps what stands on both sides apart.
                self.patch(start, end, if new.is_empty() { " " } else { new });
            }
            "&" | "|" if doubled => {
                let (word, both) = (
                    if written == "&" { "and" } else { "or" },
                    self.range(start, end + 1),
                );
                let error = SyntaxError::new(
                    &codes::syntax,
                    both,
                    format!("`{written}{written}` is written `{word}`"),
                    "another language's operator",
                );
                let glued = |near: u32| {
                    self.text
                        .as_bytes()
                        .get(near as usize)
                        .is_some_and(|byte| *byte != b' ')
                };
                let new = match (glued(start.saturating_sub(1)), glued(end + 1)) {
                    (false, false) => word.to_owned(),
                    _ => format!(" {word} "),
                };
                self.report(error.fixed(&format!("write `{word}`"), Applicability::Safe, both, &new));
                self.patch(start, end + 1, &new);
            }
            "!" => {
                let error = error("`!` is written `not`", "another language's operator");
                self.report(error.fixed("write `not`", Applicability::Safe, range, "not "));
                self.patch(start, end, "not ");
            }
            "?" if outline.ends_operand(stop.wrapping_sub(1)) => {
                let error = error(
                    "a value is chosen with `if` and `else`",
                    "another language's operator",
                );
                self.report(error.help("write `value if condition else other`"));
                let (_, behind) = outline.element(stop);
                let (start, end) = outline.bytes(stop, behind);
                self.patch(start, end, "");
            }
            "\\" if outline.is_first(stop + 1) && !outline.starts_field(stop + 1) => {
                let error = error("lines are joined without a backslash", "nothing is needed here");
                self.report(error.fixed("remove it", Applicability::Safe, range, ""));
                self.patch(start, end, "");
            }
            "`" | "\u{201c}" | "\u{201d}" | "\u{2018}" | "\u{2019}" => {
                return self.other_quotes(outline, stop);
            }
            _ if written.starts_with(|letter: char| letter.is_whitespace()) => {
                let error = error("a blank that is none", "not an ordinary space");
                self.report(error.fixed("write a space", Applicability::Safe, range, " "));
                self.patch(start, end, " ");
            }
            _ => return false,
        }
        true
    }

    /// A doc comment before something that cannot be documented.
    fn stray_doc(&mut self, outline: &Outline<'_>, stop: usize) -> bool {
        if outline.kind(stop) != Some(Kind::Doc) || stop < outline.body() {
            return false;
        }
        let group = outline.group(stop);
        let is_doc =
            |index: &usize| outline.kind(*index) == Some(Kind::Doc) && outline.group(*index) == group;
        let mut edits = Vec::new();
        for index in (stop..outline.len()).filter(is_doc) {
            let (start, _) = outline.bytes(index, index + 1);
            edits.push((self.range(start, start + 3), "#".to_owned()));
        }
        let range = self.token_range(outline, stop);
        let message = "a doc comment stands before an item or a member";
        let error = SyntaxError::new(
            &codes::syntax,
            range,
            message,
            "an ordinary comment starts with `#`",
        );
        self.report(error.fixed_by("write `#`", Applicability::Safe, edits.clone()));
        for (range, new) in edits {
            self.patches.add(range, &new);
        }
        self.text = self.patches.apply(self.written);
        true
    }

    /// A text between quotes that are not those of the language.
    fn other_quotes(&mut self, outline: &Outline<'_>, stop: usize) -> bool {
        let Some(token) = outline.token(stop) else {
            return false;
        };
        let closes = |letter: char| matches!(letter, '`' | '\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{2019}');
        let rest = self.text.get(token.end as usize..).unwrap_or("");
        let line = rest.lines().next().unwrap_or("");
        let Some(length) = line
            .find(closes)
            .filter(|length| !line.get(..*length).unwrap_or("").contains(['"', '\\']))
        else {
            return false;
        };
        let content = line.get(..length).unwrap_or("");
        let close = line
            .get(length..)
            .and_then(|rest| rest.chars().next())
            .map_or(1, char::len_utf8);
        let end = token.end + (length + close) as u32;
        let range = self.range(token.start, end);
        let new = format!("\"{content}\"");
        let code = if outline.word(stop) == "`" {
            &codes::python_habit
        } else {
            &codes::syntax
        };
        let error = SyntaxError::new(code, range, "a text stands between `\"` or `'`", "other quotes");
        self.report(error.fixed("write plain quotes", Applicability::Safe, range, &new));
        self.patch(token.start, end, &new);
        true
    }

    /// `head` and its `{` on the next line.
    fn brace_below(&mut self, outline: &Outline<'_>, stop: usize) -> bool {
        let head = stop.wrapping_sub(1);
        let mut start = head;
        while outline.word(start.wrapping_sub(1)) == "." {
            start = start.wrapping_sub(2);
        }
        // A name alone on its line is a field without a value, unless it is an element.
        let listed = matches!(
            outline.context(outline.group(stop)),
            Context::List | Context::Args | Context::Paren
        );
        let is_head = outline.ends_operand(head)
            && (outline.kind(head) == Some(Kind::Word) || outline.word(head) == ")");
        let headed = is_head && stop > outline.body() && (listed || !outline.is_first(start));
        let inside = stop + 1;
        let fields = outline.starts_field(inside)
            || outline.partner(stop) == Some(inside)
            || outline.kind(inside) == Some(Kind::Doc);
        if outline.word(stop) != "{" || !outline.is_first(stop) || !headed || !fields {
            return false;
        }
        let range = self.token_range(outline, stop);
        let (start, end) = (outline.bytes(head, stop).1, outline.bytes(stop, stop).0);
        let message = "`{` stands on the line of its head";
        let mut error = SyntaxError::new(&codes::syntax, range, message, "expected one line further up");
        error
            .also
            .push((self.token_range(outline, head), "behind this".into()));
        let gap = self.range(start, end);
        let blank = self
            .text
            .get(start as usize..end as usize)
            .is_some_and(|gap| gap.trim().is_empty());
        self.report(if blank {
            error.fixed("join the lines", Applicability::Safe, gap, " ")
        } else {
            error
        });
        self.patch(start, end, " ");
        true
    }

    /// `name =` and a field below it: the grammar took the name of the field for the value.
    fn swallowed_value(&mut self, outline: &Outline<'_>, stop: usize) -> bool {
        if !matches!(outline.word(stop), "=" | ":") {
            return false;
        }
        let mut name = stop.wrapping_sub(1);
        while outline.word(name.wrapping_sub(1)) == "." {
            name = name.wrapping_sub(2);
        }
        let sign = name.wrapping_sub(1);
        let is_field = outline.kind(name) == Some(Kind::Word) && outline.is_first(name);
        if !is_field || !outline.is_hungry(sign) {
            return false;
        }
        self.value_missing(outline, sign);
        true
    }

    /// Something needs a value behind it and has none.
    fn missing_value(&mut self, outline: &Outline<'_>, stop: usize, context: Context) -> bool {
        let sign = stop.wrapping_sub(1);
        let listed = matches!(
            context,
            Context::Args | Context::List | Context::Paren | Context::Index | Context::Map
        );
        let between = listed && matches!(outline.word(sign), "," | "(" | "[" | "{");
        if !outline.is_hungry(sign) && !between {
            return false;
        }
        match outline.word(stop) {
            "," if between && context != Context::Paren => {
                let range = self.token_range(outline, stop);
                let error = SyntaxError::new(
                    &codes::syntax,
                    range,
                    "nothing stands before this comma",
                    "expected a value",
                );
                let sure = Self::sure_without(outline, stop);
                self.report(error.fixed("remove the comma", sure, range, ""));
                let (start, end) = outline.bytes(stop, stop + 1);
                self.patch(start, end, "");
                true
            }
            ")" | "]" | "}" | "," | "" => {
                if context == Context::Map && between {
                    return false;
                }
                self.value_missing(outline, sign);
                true
            }
            _ if outline.starts_field(stop) && !between => {
                self.value_missing(outline, sign);
                true
            }
            _ => false,
        }
    }

    /// A comma may surely go if what stands behind it can stand alone.
    fn sure_without(outline: &Outline<'_>, comma: usize) -> Applicability {
        let next = comma + 1;
        let alone = outline.kind(next) == Some(Kind::Close)
            || outline.starts_operand(next) && outline.word(next) != "where";
        if alone {
            Applicability::Safe
        } else {
            Applicability::Unsafe
        }
    }

    fn value_missing(&mut self, outline: &Outline<'_>, sign: usize) {
        let (start, end) = outline.bytes(sign, sign + 1);
        let range = self.range(start, end);
        let written = outline.word(sign);
        let declares = written == ":" && !matches!(outline.context(outline.group(sign)), Context::Map);
        let what = if declares || written == "|" {
            "a type"
        } else {
            "a value"
        };
        let message = format!("expected {what} after `{written}`");
        self.report(SyntaxError::new(
            &codes::syntax,
            range,
            message,
            "nothing follows",
        ));
        self.patch(end, end, &format!(" {HOLE}"));
    }

    fn in_item(&mut self, outline: &Outline<'_>, stop: usize) -> bool {
        let body = outline.body();
        if outline.len() == 0 {
            return false;
        }
        if self.unnamed_test(outline, body, stop) {
            return true;
        }
        if outline.len() == body {
            let last = body.saturating_sub(1);
            let range = self.token_range(outline, last);
            let message = "a doc comment or annotation stands before nothing";
            self.report(SyntaxError::new(
                &codes::syntax,
                range,
                message,
                "expected an item below",
            ));
            return false;
        }
        if self.misspelt_keyword(outline, body) {
            return true;
        }
        if outline.word(stop) == "{" && stop == outline.path_end(body) && outline.starts_field(stop + 1) {
            let range = self.token_range(outline, body);
            let message = "a value stands here without a name";
            self.report(SyntaxError::new(
                &codes::syntax,
                range,
                message,
                "expected `name =` before this",
            ));
            let (start, _) = outline.bytes(body, stop);
            self.patch(start, start, "_ = ");
            self.nameless = true;
            return true;
        }
        if outline.kind(body + 1) == Some(Kind::Word)
            && stop == body + 2
            && matches!(outline.word(body), "type" | "input")
        {
            let sign = if outline.word(body) == "type" { "=" } else { ":" };
            return match outline.word(stop) {
                "=" => self.type_missing(outline, body + 1, stop, "an input"),
                _ => self.missing_sign(outline, body + 1, stop, sign),
            };
        }
        if stop == outline.path_end(body)
            && outline.kind(body) == Some(Kind::Word)
            && (!KEYWORDS.contains(&outline.word(body)) || outline.word(body) == "test")
            && !matches!(
                (outline.word(body), outline.kind(stop)),
                ("test", Some(Kind::Text))
            )
        {
            return self.missing_sign(outline, body, stop, "=");
        }
        if stop > body && outline.ends_operand(stop - 1) && stop < outline.len() {
            let found = words::found(outline.token(stop), &self.text);
            let range = self.token_range(outline, stop);
            let message = format!("expected a new line, found {found}");
            self.report(SyntaxError::new(
                &codes::syntax,
                range,
                message,
                "the item could end before this",
            ));
            let (start, end) = outline.bytes(stop, outline.len());
            self.patch(start, end, "");
            return true;
        }
        false
    }

    /// `process "hello" { .. }`
    fn foreign_block(&mut self, outline: &Outline<'_>, body: usize) {
        let word = outline.word(body);
        let name = outline.word(body + 1).trim_matches(['"', '\'']);
        let is_name = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        let name = if is_name(name) { name } else { "name" };
        let ty = match word {
            "process" | "task" | "job" => {
                let (first, rest) = word.split_at(1);
                format!("{}{rest}", first.to_uppercase())
            }
            _ => "Type".to_owned(),
        };
        let help = match word {
            "variable" | "var" => format!("write `input {name}: String`"),
            "output" | "locals" => format!("write `{name} = value`"),
            _ => format!("write `{name} = {ty} {{ .. }}`"),
        };
        let range = self.token_range(outline, body);
        let message = format!("`{word}` starts no item");
        let error = SyntaxError::new(&codes::syntax, range, message, "a block of another language");
        self.report(error.help(help));
        let (start, end) = outline.bytes(body, outline.len());
        self.patch(start, end, &format!("{name} = {HOLE}"));
    }

    /// A word that is nearly a keyword, or stands before what only a keyword can stand before.
    fn misspelt_keyword(&mut self, outline: &Outline<'_>, body: usize) -> bool {
        let word = outline.word(body);
        if outline.kind(body) != Some(Kind::Word) || KEYWORDS.contains(&word) {
            return false;
        }
        if outline.kind(body + 1) == Some(Kind::Text)
            && outline.word(body + 2) == "{"
            && !matches!(outline.word(body + 3), "expect" | "}")
            && !matches!(nearest(word, KEYWORDS), Some("test"))
        {
            self.foreign_block(outline, body);
            return true;
        }
        let shape = match (outline.kind(body + 1), outline.word(body + 2)) {
            (Some(Kind::Text), "{") => Some("test"),
            (Some(Kind::Text), _) => Some("include"),
            (Some(Kind::Word), ":") => Some("input"),
            (Some(Kind::Word), "{")
                if outline.kind(body + 3) == Some(Kind::Doc) || outline.word(body + 4) == ":" =>
            {
                Some("struct")
            }
            _ => None,
        };
        let near = nearest(word, KEYWORDS).filter(|near| match *near {
            "include" => outline.kind(body + 1) == Some(Kind::Text) && outline.word(body + 2) != "{",
            "test" => outline.kind(body + 1) == Some(Kind::Text) && outline.word(body + 2) == "{",
            "check" => !matches!(outline.word(body + 1), "=" | ":" | "." | "[" | "{"),
            _ => outline.kind(body + 1) == Some(Kind::Word),
        });
        let Some(meant) = near.or(shape) else {
            return false;
        };
        let range = self.token_range(outline, body);
        let message = format!("`{word}` starts no item");
        let error = SyntaxError::new(&codes::syntax, range, message, format!("did you mean `{meant}`?"));
        self.report(error.fixed(&format!("write `{meant}`"), Applicability::Unsafe, range, meant));
        let (start, end) = outline.bytes(body, body + 1);
        self.patch(start, end, meant);
        true
    }

    /// A name that should be followed by `=` or `:` and is not.
    fn missing_sign(&mut self, outline: &Outline<'_>, name: usize, stop: usize, sign: &str) -> bool {
        let range = self.token_range(outline, stop);
        let (start, end) = outline.bytes(stop, stop + 1);
        let found = words::found(outline.token(stop), &self.text);
        let message = format!("expected `{sign}`, found {found}");
        let what = if sign == "=" { "a value" } else { "a type" };
        match outline.word(stop) {
            ":" | "==" if sign == "=" && outline.word(stop + 1) != "=" => {
                self.wrong_sign(outline, stop, sign)
            }
            "+" | "-" | "*" | "/" | "." if outline.word(stop + 1) == "=" => {
                let error = SyntaxError::new(
                    &codes::syntax,
                    range,
                    "a name is given a value once, with `=`",
                    "expected `=`",
                );
                self.report(error);
                self.patch(start, end, "");
            }
            _ if outline.starts_operand(stop) && !outline.starts_field(stop) => {
                let at = self.range(start, start);
                let error = SyntaxError::new(
                    &codes::syntax,
                    range,
                    message,
                    format!("expected `{sign}` before this"),
                );
                self.report(error.fixed(
                    &format!("insert `{sign}`"),
                    Applicability::Unsafe,
                    at,
                    &format!("{sign} "),
                ));
                self.patch(start, start, &format!("{sign} "));
            }
            _ => {
                let end = outline.bytes(name, stop).1;
                let name = self.range(outline.bytes(name, name).0, end);
                let message = format!("expected `{sign}` and {what}");
                self.report(SyntaxError::new(
                    &codes::syntax,
                    name,
                    message,
                    "this is a name only",
                ));
                self.patch(end, end, &format!(" {sign} {HOLE}"));
            }
        }
        true
    }

    /// `:` where `=` should be, or the other way round. Who writes it once writes it throughout, so all of the
    /// bracket are set right with one error.
    fn wrong_sign(&mut self, outline: &Outline<'_>, stop: usize, sign: &str) {
        let written = outline.word(stop);
        let group = outline.group(stop);
        let is_sign = |index: &usize| {
            let named = group.is_some() && *index == outline.path_end(outline.element(*index).0);
            outline.word(*index) == written && outline.group(*index) == group && (named || *index == stop)
        };
        let signs: Vec<usize> = (stop..outline.len()).filter(is_sign).collect();
        let edits: Vec<(Range, String)> = signs
            .iter()
            .map(|index| {
                (
                    self.token_range(outline, *index),
                    self.spaced(outline, *index, sign),
                )
            })
            .collect();
        let range = self.token_range(outline, stop);
        let message = format!("expected `{sign}`, found `{written}`");
        let error = SyntaxError::new(&codes::syntax, range, message, format!("expected `{sign}`"));
        // Quotes around a name are a fault of their own.
        let named = |index: usize| sign == ":" || outline.kind(index.wrapping_sub(1)) != Some(Kind::Text);
        let valued = signs
            .iter()
            .all(|index| outline.starts_operand(index + 1) && named(*index));
        let sure = if valued {
            Applicability::Safe
        } else {
            Applicability::Unsafe
        };
        self.report(error.fixed_by(&format!("write `{sign}`"), sure, edits.clone()));
        for (range, new) in edits {
            self.patches.add(range, &new);
        }
        self.text = self.patches.apply(self.written);
    }

    /// A sign for the place of a token; `=` stands between blanks.
    fn spaced(&self, outline: &Outline<'_>, index: usize, sign: &str) -> String {
        let Some(token) = outline.token(index).filter(|_| sign == "=") else {
            return sign.to_string();
        };
        let (before, behind) = self
            .text
            .split_at_checked(token.start as usize)
            .unwrap_or_default();
        let behind = behind.get(token.text(&self.text).len()..).unwrap_or("");
        let blank = |is_there: bool| if is_there { "" } else { " " };
        let (left, right) = (
            blank(before.ends_with(char::is_whitespace)),
            blank(behind.starts_with(char::is_whitespace)),
        );
        format!("{left}={right}")
    }

    fn in_fields(&mut self, outline: &Outline<'_>, stop: usize) -> bool {
        // The grammar took a quoted name for a part of the value above.
        let name = stop.wrapping_sub(1);
        if matches!(outline.word(stop), "=" | ":")
            && outline.kind(name) == Some(Kind::Text)
            && outline.is_first(name)
        {
            return self.not_a_name(outline, name, "field", "=");
        }
        let (first, behind) = outline.element(stop);
        if let Some(name) = outline.lone_name(stop).filter(|_| stop == first) {
            return self.missing_sign(outline, name, stop, "=");
        }
        if stop == first {
            return self.not_a_name(outline, stop, "field", "=");
        }
        let is_name = outline.kind(first) == Some(Kind::Word);
        if is_name && stop == outline.path_end(first) {
            return self.missing_sign(outline, first, stop, "=");
        }
        if is_name && outline.ends_operand(stop - 1) && stop < behind {
            let found = words::found(outline.token(stop), &self.text);
            let range = self.token_range(outline, stop);
            let message = format!("expected `,` or a new line, found {found}");
            self.report(SyntaxError::new(
                &codes::syntax,
                range,
                message,
                "the field could end before this",
            ));
            let (start, end) = outline.bytes(stop, behind);
            self.patch(start, end, "");
            return true;
        }
        false
    }

    /// Something other than a word stands where a field or member starts.
    fn not_a_name(&mut self, outline: &Outline<'_>, stop: usize, what: &str, sign: &str) -> bool {
        let range = self.token_range(outline, stop);
        let quoted = outline.word(stop).trim_matches(['"', '\'']);
        let plain = !quoted.is_empty()
            && quoted
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let signed = matches!(outline.word(stop + 1), "=" | ":");
        if outline.kind(stop) == Some(Kind::Text) && plain && signed {
            let place = self.token_range(outline, stop + 1);
            let error = SyntaxError::new(
                &codes::syntax,
                range,
                format!("a {what} is named without quotes"),
                "expected a name",
            );
            let edits = vec![(range, quoted.to_owned()), (place, format!(" {sign}"))];
            let edits = if outline.word(stop + 1) == sign {
                vec![(range, quoted.to_owned())]
            } else {
                edits
            };
            self.report(error.fixed_by("write a name", Applicability::Safe, edits));
            let (start, end) = outline.bytes(stop, stop + 2);
            self.patch(start, end, &format!("{quoted} {sign}"));
            return true;
        }
        if outline.word(stop) == "," {
            let error = SyntaxError::new(
                &codes::syntax,
                range,
                "nothing stands before this comma",
                format!("expected a {what}"),
            );
            self.report(error.fixed("remove the comma", Self::sure_without(outline, stop), range, ""));
            let (start, end) = outline.bytes(stop, stop + 1);
            self.patch(start, end, "");
            return true;
        }
        let (first, behind) = outline.element(stop);
        let found = words::found(outline.token(stop), &self.text);
        let message = format!("expected a {what}, found {found}");
        self.report(SyntaxError::new(
            &codes::syntax,
            range,
            message,
            format!("a {what} starts with its name"),
        ));
        let (start, end) = outline.bytes(first, behind.max(first + 1));
        self.patch(start, end, "");
        true
    }

    /// `name = value` where `name: Type = value` is needed.
    fn type_missing(&mut self, outline: &Outline<'_>, name: usize, stop: usize, what: &str) -> bool {
        let range = self.token_range(outline, name);
        let message = format!("{what} is declared with its type");
        let error = SyntaxError::new(&codes::syntax, range, message, "expected `: Type` behind this");
        self.report(error.help("write `name: Type = default`"));
        let (start, _) = outline.bytes(stop, stop + 1);
        self.patch(start, start, &format!(": {HOLE} "));
        true
    }

    fn in_members(&mut self, outline: &Outline<'_>, stop: usize) -> bool {
        let (first, behind) = outline.element(stop);
        if let Some(name) = outline.lone_name(stop).filter(|_| stop == first) {
            return self.missing_sign(outline, name, stop, ":");
        }
        if stop == first {
            return self.not_a_name(outline, stop, "member", ":");
        }
        if outline.kind(first) != Some(Kind::Word) {
            return false;
        }
        if stop == first + 1 && outline.word(stop) == "=" {
            return self.type_missing(outline, first, stop, "a member");
        }
        if stop == first + 1 {
            return self.missing_sign(outline, first, stop, ":");
        }
        if outline.ends_operand(stop - 1) && stop < behind {
            let found = words::found(outline.token(stop), &self.text);
            let range = self.token_range(outline, stop);
            let message = format!("expected `,` or a new line, found {found}");
            self.report(SyntaxError::new(
                &codes::syntax,
                range,
                message,
                "the member could end before this",
            ));
            let (start, end) = outline.bytes(stop, behind);
            self.patch(start, end, "");
            return true;
        }
        false
    }

    fn in_names(&mut self, outline: &Outline<'_>, stop: usize) -> bool {
        let range = self.token_range(outline, stop);
        let quoted = outline.word(stop).trim_matches(['"', '\'']).to_owned();
        let (start, end) = outline.bytes(stop, stop + 1);
        if outline.kind(stop) == Some(Kind::Text) && !quoted.is_empty() {
            let error = SyntaxError::new(
                &codes::syntax,
                range,
                "the names of an enum stand without quotes",
                "expected a name",
            );
            self.report(error.fixed("remove the quotes", Applicability::Safe, range, &quoted));
            self.patch(start, end, &quoted);
            return true;
        }
        if outline.word(stop) == "=" {
            let (_, behind) = outline.element(stop);
            let error = SyntaxError::new(
                &codes::syntax,
                range,
                "the names of an enum have no values",
                "expected `,` or `}`",
            );
            self.report(error);
            let (start, end) = outline.bytes(stop, behind);
            self.patch(start, end, "");
            return true;
        }
        false
    }

    fn in_list(&mut self, outline: &Outline<'_>, stop: usize, context: Context) -> bool {
        let before = stop.wrapping_sub(1);
        let close = if context == Context::List { "]" } else { ")" };
        if context == Context::Args && outline.word(stop) == ":" && outline.kind(before) == Some(Kind::Word) {
            return self.missing_sign(outline, before, stop, "=");
        }
        if !outline.ends_operand(before) || !outline.starts_operand(stop) {
            return false;
        }
        let range = self.token_range(outline, stop);
        let (_, place) = outline.bytes(before, stop);
        let at = self.range(place, place);
        let found = words::found(outline.token(stop), &self.text);
        let error = SyntaxError::new(
            &codes::syntax,
            range,
            format!("expected `,` or `{close}`, found {found}"),
            "expected `,` before this",
        );
        let sure = if outline.is_first(stop) {
            Applicability::Safe
        } else {
            Applicability::Unsafe
        };
        self.report(error.fixed("insert a comma", sure, at, ","));
        self.patch(place, place, ",");
        true
    }

    fn in_map(&mut self, outline: &Outline<'_>, stop: usize) -> bool {
        let before = stop.wrapping_sub(1);
        let is_key = matches!(outline.kind(before), Some(Kind::Word | Kind::Text));
        if outline.word(stop) == "=" && is_key {
            self.wrong_sign(outline, stop, ":");
            return true;
        }
        // The grammar took the next key for a part of the value.
        let key = if outline.word(stop) == ":" { before } else { stop };
        let value = key.wrapping_sub(1);
        let is_pair =
            matches!(outline.kind(key), Some(Kind::Word | Kind::Text)) && outline.word(key + 1) == ":";
        let (first, _) = outline.element(key);
        let follows_pair = first < value && outline.word(first + 1) == ":" && outline.ends_operand(value);
        if !is_pair || !follows_pair {
            return false;
        }
        let range = self.token_range(outline, key);
        let (_, place) = outline.bytes(value, key);
        let at = self.range(place, place);
        let found = words::found(outline.token(key), &self.text);
        let error = SyntaxError::new(
            &codes::syntax,
            range,
            format!("expected `,` or `}}`, found {found}"),
            "expected `,` before this",
        );
        self.report(error.fixed("insert a comma", Applicability::Safe, at, ","));
        self.patch(place, place, ",");
        true
    }

    /// `(a, b)`: what Python calls a tuple is a list.
    fn in_paren(&mut self, outline: &Outline<'_>, stop: usize) -> bool {
        let Some(open) = outline.group(stop) else {
            return false;
        };
        let Some(close) = outline.partner(open) else {
            return false;
        };
        let tuple = outline.word(stop) == "," || stop == close && close == open + 1;
        if !tuple {
            return false;
        }
        let range = self.token_range(outline, open);
        let edits = vec![
            (range, "[".to_owned()),
            (self.token_range(outline, close), "]".to_owned()),
        ];
        let error = SyntaxError::new(
            &codes::python_habit,
            range,
            "a list stands in brackets",
            "expected `[`",
        );
        self.report(error.fixed_by("write brackets", Applicability::Safe, edits));
        let (start, end) = outline.bytes(close, close + 1);
        self.patch(start, end, "]");
        let (start, end) = outline.bytes(open, open + 1);
        self.patch(start, end, "[");
        true
    }
}
