//! Texts: escapes, blocks, and the references between `{{` and `}}`.

use aur_diagnostics::{Applicability, codes};

use super::Builder;
use crate::pest::{Node, Rule};
use crate::tree::{Expr, ExprKind, Mustache, MustacheKind, Range, SyntaxError, Text, TextPart};

/// The parts of a text while they are found.
#[derive(Default)]
struct Parts {
    done: Vec<TextPart>,
    text: String,
    /// Where the characters in `text` are written, in the text that was read.
    place: Option<(u32, u32)>,
    /// Where each run of characters of `text` starts and is written, if somebody asks.
    runs: Option<Vec<(u32, u32)>>,
}

impl Parts {
    fn push(&mut self, text: &str, from: u32, to: u32) {
        if let Some(runs) = &mut self.runs {
            runs.push((self.text.len() as u32, from));
        }
        self.text.push_str(text);
        let start = self.place.map_or(from, |(start, _)| start);
        self.place = Some((start, to));
    }
}

/// What stands in a literal between its quotes.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// Escapes and references, on one line.
    Line,
    /// The same, over several lines.
    Block,
    /// As it is.
    Raw,
}

impl Builder<'_> {
    /// Makes one text of adjacent literals.
    pub(super) fn literals(&mut self, literals: &[Node]) -> Expr {
        let text = self.text_of(literals);
        Expr {
            range: text.range,
            kind: ExprKind::Text(text),
        }
    }

    /// Returns the first byte of a literal; its pair starts behind the opening quote.
    pub(super) fn literal_start(&self, node: Node) -> u32 {
        node.start - if node.rule == Rule::raw { 2 } else { 1 }
    }

    fn content(&self, node: Node) -> (u32, u32, Form) {
        match node.rule {
            Rule::raw => (node.start, node.end - 1, Form::Raw),
            Rule::raw_hashes => {
                let hashes = self
                    .node_text(node)
                    .bytes()
                    .take_while(|byte| *byte == b'#')
                    .count() as u32;
                (node.start + hashes + 1, node.end - hashes - 1, Form::Raw)
            }
            Rule::double if self.node_text(node).starts_with("\"\"") => {
                (node.start + 2, node.end - 3, Form::Block)
            }
            _ => (node.start, node.end - 1, Form::Line),
        }
    }

    /// Makes one text of adjacent literals.
    pub(super) fn text_of(&mut self, literals: &[Node]) -> Text {
        let (Some(first), Some(last)) = (literals.first(), literals.last()) else {
            return Text {
                range: Range::new(0, 0),
                parts: Vec::new(),
            };
        };
        let range = self.range(self.literal_start(*first), last.end);
        if self.places.is_none()
            && let Some(parts) = self.plain(literals)
        {
            return Text { range, parts };
        }
        let mut parts = Parts {
            runs: self.places.as_ref().map(|_| Vec::new()),
            ..Parts::default()
        };
        for literal in literals {
            let (from, to, form) = self.content(*literal);
            match form {
                Form::Line => self.piece(from, to, 0, &mut parts),
                Form::Block => self.block(from, to, &mut parts),
                Form::Raw => self.raw(from, to, &mut parts),
            }
        }
        self.flush(&mut parts);
        self.check_sections(&parts.done);
        parts.done.shrink_to_fit();
        Text {
            range,
            parts: parts.done,
        }
    }

    /// The commonest text: one literal with nothing special in it.
    fn plain(&self, literals: &[Node]) -> Option<Vec<TextPart>> {
        let [literal] = literals else { return None };
        let (from, to, form) = self.content(*literal);
        let content = self.slice(from, to);
        let special = memchr::memchr2_iter(b'\\', b'{', content.as_bytes());
        let is_plain = |at: usize| {
            content
                .get(at..)
                .is_some_and(|rest| rest.starts_with('{') && !rest.starts_with("{{"))
        };
        if form != Form::Line || !special.into_iter().all(is_plain) {
            return None;
        }
        if content.is_empty() {
            return Some(Vec::new());
        }
        Some(vec![TextPart::Literal {
            text: content.into(),
            range: self.range(from, to),
        }])
    }

    fn flush(&mut self, parts: &mut Parts) {
        if let Some((from, to)) = parts.place.take() {
            let text = std::mem::take(&mut parts.text).into_boxed_str();
            let runs = parts.runs.as_mut().map(std::mem::take).unwrap_or_default();
            if !text.is_empty() {
                if let Some(places) = &mut self.places {
                    places.push(runs);
                }
                parts.done.push(TextPart::Literal {
                    text,
                    range: self.range(from, to),
                });
            }
        }
    }

    /// A text taken as it is; line breaks are one character on every system.
    fn raw(&self, from: u32, to: u32, parts: &mut Parts) {
        let mut at = from;
        while let Some(line) = self.slice(at, to).find("\r\n") {
            let end = at + line as u32;
            parts.push(self.slice(at, end), at, end);
            parts.push("\n", end, end + 2);
            at = end + 2;
        }
        parts.push(self.slice(at, to), at, to);
    }

    /// A block loses its first line break and the least indent of its lines, that of the closing quotes included.
    fn block(&mut self, from: u32, to: u32, parts: &mut Parts) {
        let content = self.slice(from, to);
        let Some(first) = content.find('\n') else {
            return self.piece(from, to, 0, parts);
        };
        let is_blank = |line: &str| line.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
        let indent = |line: &str| {
            line.bytes()
                .take_while(|byte| matches!(byte, b' ' | b'\t'))
                .count()
        };
        let below = content.get(first + 1..).unwrap_or("");
        let last = below.rsplit('\n').next().unwrap_or("");
        let lines = below.lines().filter(|line| !is_blank(line)).map(indent);
        let closing = is_blank(last).then_some(last.len());
        let least = lines.chain(closing).min().unwrap_or(0) as u32;
        let opens_blank = content.get(..first).is_some_and(is_blank);
        let start = if opens_blank {
            self.skip_indent(from + first as u32 + 1, to, least)
        } else {
            from
        };
        let end = if closing.is_some() {
            to - last.len() as u32
        } else {
            to
        };
        self.piece(start.min(end), end, least, parts);
    }

    fn skip_indent(&self, from: u32, to: u32, indent: u32) -> u32 {
        let line = self.slice(from, to.min(from + indent));
        from + line
            .bytes()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count() as u32
    }

    /// Reads characters, escapes and references; behind each line break, `indent` blanks are left out.
    fn piece(&mut self, from: u32, to: u32, indent: u32, parts: &mut Parts) {
        let mut at = from;
        while at < to {
            let rest = self.slice(at, to);
            let stop = memchr::memchr3(b'\\', b'{', b'\n', rest.as_bytes());
            let mut length = stop.unwrap_or(rest.len()) as u32;
            let ends_line = self.byte(at + length) == b'\n';
            if ends_line
                && rest
                    .as_bytes()
                    .get(..length as usize)
                    .is_some_and(|run| run.ends_with(b"\r"))
            {
                length -= 1;
            }
            if length > 0 {
                parts.push(self.slice(at, at + length), at, at + length);
                at += length;
                continue;
            }
            at = match self.byte(at) {
                b'\\' => self.escape(at, to, indent, parts),
                b'{' if self.byte(at + 1) == b'{' && at + 1 < to => self.mustache(at, to, indent, parts),
                b'\r' if self.byte(at + 1) == b'\n' => at + 1,
                b'\n' => {
                    parts.push("\n", at, at + 1);
                    self.skip_indent(at + 1, to, indent)
                }
                _ => {
                    parts.push(self.slice(at, at + 1), at, at + 1);
                    at + 1
                }
            };
        }
    }

    /// Reads the escape at `at` and returns the byte behind it.
    fn escape(&mut self, at: u32, to: u32, indent: u32, parts: &mut Parts) -> u32 {
        let letter = self.slice(at + 1, to).chars().next().unwrap_or('\\');
        let end = at + 1 + letter.len_utf8() as u32;
        let plain = match letter {
            'n' => "\n",
            't' => "\t",
            'r' => "\r",
            '0' => "\0",
            '\\' => "\\",
            '"' => "\"",
            '\'' => "'",
            '\n' => return self.skip_indent(end, to, indent),
            '\r' if self.byte(end) == b'\n' => return self.skip_indent(end + 1, to, indent),
            'u' if self.byte(end) == b'{' => return self.unicode(at, to, parts),
            _ => {
                let written = self.slice(at, end);
                let message = format!("`{written}` is no escape");
                let error =
                    SyntaxError::new(&codes::bad_escape, self.range(at, end), message, "unknown escape")
                        .help(
                            "escapes are \\n \\t \\r \\0 \\\\ \\\" \\' \\u{..}; a raw text r\"..\" has none",
                        );
                let place = self.range(at, at);
                self.error(error.fixed("write `\\\\` for a backslash", Applicability::Unsafe, place, "\\"));
                written
            }
        };
        parts.push(plain, at, end);
        end
    }

    fn unicode(&mut self, at: u32, to: u32, parts: &mut Parts) -> u32 {
        let rest = self.slice(at + 3, to);
        let digits = rest
            .find(|letter: char| !letter.is_ascii_hexdigit())
            .unwrap_or(rest.len());
        let closed = rest.as_bytes().get(digits) == Some(&b'}');
        let end = at + 3 + digits as u32 + u32::from(closed);
        let number = rest
            .get(..digits)
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match number.and_then(char::from_u32).filter(|_| closed && digits <= 6) {
            Some(letter) => parts.push(letter.encode_utf8(&mut [0; 4]), at, end),
            None => {
                let message = format!("`{}` is no character", self.slice(at, end));
                let error = SyntaxError::new(
                    &codes::bad_escape,
                    self.range(at, end),
                    message,
                    "not a Unicode scalar value",
                );
                self.error(error.help("write one to six hexadecimal digits: \\u{e9}"));
            }
        }
        end
    }

    /// Reads what starts with `{{` at `at` and returns the byte behind it.
    fn mustache(&mut self, at: u32, to: u32, indent: u32, parts: &mut Parts) -> u32 {
        let braces = self
            .slice(at, to)
            .bytes()
            .take_while(|byte| *byte == b'{')
            .count() as u32;
        if braces > 2 {
            // Of a run the last two open.
            parts.push(self.slice(at, at + braces - 2), at, at + braces - 2);
        }
        let at = at + braces - 2;
        let inner = at + 2;
        if self.slice(inner, to).starts_with("}}") {
            parts.push("{{}}", at, inner + 2);
            return inner + 2;
        }
        let Some(end) = self.mustache_end(inner, to) else {
            let error = SyntaxError::new(
                &codes::bad_reference,
                self.range(at, inner),
                "`{{` is never closed",
                "opened here",
            );
            self.error(
                error
                    .help("close it with `}}` on the same line; a raw text r\"..\" keeps braces as they are"),
            );
            parts.push("{{", at, inner);
            return inner;
        };
        if self.byte(inner) == b'&' {
            parts.push("{{", at, inner + 1);
            self.piece(inner + 1, end, indent, parts);
            parts.push("}}", end, end + 2);
            return end + 2;
        }
        match self.reference(inner, end) {
            Some((kind, path, filters)) => {
                self.flush(parts);
                let range = self.range(at, end + 2);
                parts.done.push(TextPart::Mustache(Mustache {
                    range,
                    kind,
                    path,
                    filters,
                }));
            }
            None => self.bad_reference(at, end, parts),
        }
        end + 2
    }

    /// Returns where the braces close that were opened before `from`; references nest, lines do not.
    fn mustache_end(&self, from: u32, to: u32) -> Option<u32> {
        let mut depth = 1;
        let mut at = from;
        while at < to {
            match (self.byte(at), self.byte(at + 1)) {
                (b'}', b'}') if at + 1 < to => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(at);
                    }
                    at += 2;
                }
                (b'{', b'{') if depth > 8 => return None,
                (b'{', b'{') => {
                    depth += 1;
                    at += 2;
                }
                (b'\n' | b'\\', _) => return None,
                _ => at += 1,
            }
        }
        None
    }

    fn bad_reference(&mut self, at: u32, end: u32, parts: &mut Parts) {
        let written = self.slice(at, end + 2);
        parts.push(written, at, end + 2);
        let inside = self.slice(at + 2, end);
        let shown: String = written.chars().take(40).collect();
        let dots = if shown.len() < written.len() { ".." } else { "" };
        let message = format!("`{shown}{dots}` is no reference");
        let error = SyntaxError::new(
            &codes::bad_reference,
            self.range(at, end + 2),
            message,
            "expected a name, such as {{task.name}}",
        )
        .help(format!(
            "write {{{{&{inside}}}}} to keep the braces, or use a raw text r\"..\""
        ));
        let place = self.range(at + 2, at + 2);
        self.error(error.fixed("keep the braces", Applicability::Unsafe, place, "&"));
    }

    /// Sections open and close within one text, and nest.
    fn check_sections(&mut self, parts: &[TextPart]) {
        let mut open: Vec<&Mustache> = Vec::new();
        let mut errors = Vec::new();
        for part in parts {
            let TextPart::Mustache(mustache) = part else {
                continue;
            };
            match mustache.kind {
                MustacheKind::Value => {}
                MustacheKind::Section | MustacheKind::Inverted => open.push(mustache),
                MustacheKind::End => match open.pop() {
                    Some(start) if self.same_path(start, mustache) => {}
                    Some(start) => {
                        let message = "this does not close the section that is open";
                        let mut error =
                            SyntaxError::new(&codes::bad_section, mustache.range, message, "another name");
                        error.also.push((start.range, "opened here".into()));
                        errors.push(error);
                    }
                    None => {
                        let message = "this closes a section that is not open";
                        errors.push(SyntaxError::new(
                            &codes::bad_section,
                            mustache.range,
                            message,
                            "no `{{#..}}` before it",
                        ));
                    }
                },
            }
        }
        for start in open {
            let error = SyntaxError::new(
                &codes::bad_section,
                start.range,
                "a section is never closed",
                "opened here",
            );
            errors.push(error.help("close it in the same text, with `/` and the same name"));
        }
        self.errors.append(&mut errors);
    }

    fn same_path(&self, start: &Mustache, end: &Mustache) -> bool {
        let access = |mustache: &Mustache| {
            mustache
                .path
                .parts
                .iter()
                .map(|part| part.access)
                .collect::<Vec<_>>()
        };
        let pieces = |mustache: &Mustache| {
            format!(
                "{:?}",
                mustache
                    .path
                    .parts
                    .iter()
                    .map(|part| &part.pieces)
                    .collect::<Vec<_>>()
            )
        };
        access(start) == access(end) && (pieces(start) == pieces(end))
    }
}
