//! Items as Python would write them.

use aur_diagnostics::{Applicability, codes};

use super::Repair;
use super::outline::Outline;
use crate::scan::Kind;
use crate::tree::{Range, SyntaxError};

impl Repair<'_> {
    /// Reports an item that is Python as a whole, and rewrites it where that can be done. Returns false where
    /// nothing is left to read.
    pub(super) fn mend_habits(&mut self) -> bool {
        let text = self.text.clone();
        let outline = Outline::new(&text);
        let body = outline.body();
        if outline.kind(body) != Some(Kind::Word) || matches!(outline.word(body + 1), "=" | ":") {
            return true;
        }
        let next_is_word = outline.kind(body + 1) == Some(Kind::Word);
        match outline.word(body) {
            "class" if next_is_word => self.class(&outline, body),
            "import" | "from" if next_is_word => {
                self.import(&outline, body);
                false
            }
            "def" if next_is_word => {
                self.statement(&outline, body, "there are no functions", DEF_HELP);
                false
            }
            "for" | "while" if outline.len() > body + 1 => {
                self.statement(&outline, body, "there are no loops", LOOP_HELP);
                false
            }
            "if" | "elif" | "else" | "try" | "with" if outline.len() > body + 1 => {
                self.statement(
                    &outline,
                    body,
                    "there are no statements, only names and values",
                    IF_HELP,
                );
                false
            }
            "let" | "var" | "const" | "local" if next_is_word => {
                self.keyword_too_many(&outline, body);
                true
            }
            _ => self.statement_of_name(&outline, body),
        }
    }

    /// `jobs += x`, `jobs.append(x)`, `print(x)`
    fn statement_of_name(&mut self, outline: &Outline<'_>, body: usize) -> bool {
        let end = outline.path_end(body);
        if outline.word(end + 1) == "=" && matches!(outline.word(end), "+" | "-" | "*" | "/") {
            self.statement(outline, body, "a name is given a value once", ADD_HELP);
            return false;
        }
        let is_call =
            outline.word(end) == "(" && outline.partner(end).map(|close| close + 1) == Some(outline.len());
        if is_call && !matches!(outline.word(body), "include" | "check") {
            let help = match outline.word(end - 1) {
                "append" | "extend" | "insert" => ADD_HELP,
                _ => IF_HELP,
            };
            self.statement(
                outline,
                body,
                "there are no statements, only names and values",
                help,
            );
            return false;
        }
        true
    }

    fn statement(&mut self, outline: &Outline<'_>, body: usize, message: &str, help: &str) {
        let (start, end) = outline.bytes(body, body + 1);
        let range = self.range(start, end);
        self.report(SyntaxError::new(&codes::python_habit, range, message, "Python's way").help(help));
    }

    /// The modules that lead to the environment have nothing else to give: without them nothing is lost.
    fn import(&mut self, outline: &Outline<'_>, body: usize) {
        let (start, end) = outline.bytes(body, body + 1);
        let range = self.range(start, end);
        let message = "nothing is imported";
        let error = SyntaxError::new(&codes::python_habit, range, message, "Python's way").help(IMPORT_HELP);
        let leads_there = |at: usize| matches!(outline.word(at), "os" | "getpass" | ",");
        self.report(match (body + 1..outline.len()).all(leads_there) {
            true => {
                let (start, end) = outline.bytes(body, outline.len());
                error.fixed("remove it", Applicability::Safe, self.range(start, end), "")
            }
            false => error,
        });
    }

    fn keyword_too_many(&mut self, outline: &Outline<'_>, body: usize) {
        let (start, end) = (
            outline.bytes(body, body + 1).0,
            outline.bytes(body + 1, body + 1).0,
        );
        let range = self.range(start, end);
        let word = outline.word(body);
        let message = format!("a name is given a value without `{word}`");
        let error = SyntaxError::new(&codes::python_habit, range, message, "nothing is needed here");
        self.report(error.fixed("remove it", Applicability::Safe, range, ""));
        self.patch(start, end, "");
    }

    /// `class X(Struct):` and its attributes become `struct X { .. }`.
    fn class(&mut self, outline: &Outline<'_>, body: usize) -> bool {
        let (start, end) = outline.bytes(body, body + 1);
        let range = self.range(start, end);
        let error = SyntaxError::new(
            &codes::python_habit,
            range,
            "a type is declared with `struct`",
            "Python's way",
        );
        let Some(edits) = self.class_edits(outline, body) else {
            self.report(error.help("write `struct Name { field: Type = default }`"));
            return false;
        };
        self.report(error.fixed_by("write a struct", Applicability::Safe, edits.clone()));
        for (range, new) in edits {
            self.patches.add(range, &new);
        }
        self.text = self.patches.apply(self.written);
        true
    }

    fn class_edits(&self, outline: &Outline<'_>, body: usize) -> Option<Vec<(Range, String)>> {
        let head = [
            outline.word(body + 2),
            outline.word(body + 3),
            outline.word(body + 4),
            outline.word(body + 5),
        ];
        if head != ["(", "Struct", ")", ":"] {
            return None;
        }
        let edit = |from: usize, to: usize, new: &str| {
            let (start, end) = outline.bytes(from, to);
            (self.range(start, end), new.to_owned())
        };
        let mut edits = vec![edit(body, body + 1, "struct"), edit(body + 2, body + 6, " {")];
        let mut at = body + 6;
        while at < outline.len() {
            let first = at;
            at += 1;
            while at < outline.len() && !(outline.is_first(at) && outline.group(at).is_none()) {
                at += 1;
            }
            edits.extend(self.attribute_edits(outline, first, at)?);
        }
        let end = Range::new(
            self.written.trim_end().len() as u32,
            self.written.trim_end().len() as u32,
        );
        match edits.last_mut().filter(|last| last.0 == end) {
            Some(last) => last.1.push_str("\n}"),
            None => edits.push((end, "\n}".to_owned())),
        }
        Some(edits)
    }

    /// `a = Required(T)`, `a = Default(T, value)`, `a = T`, a text of explanation, `pass`
    fn attribute_edits(
        &self,
        outline: &Outline<'_>,
        first: usize,
        behind: usize,
    ) -> Option<Vec<(Range, String)>> {
        let edit = |from: usize, to: usize, new: &str| {
            let (start, end) = outline.bytes(from, to);
            (self.range(start, end), new.to_owned())
        };
        let is_pass = behind == first + 1 && outline.word(first) == "pass";
        // Three single quotes are read as a text between two empty ones.
        let is_text = |at: usize| matches!(outline.kind(at), Some(Kind::Text | Kind::Block));
        if is_pass || (first..behind).all(is_text) {
            return Some(vec![edit(first, behind, "")]);
        }
        if outline.kind(first) != Some(Kind::Word) || outline.word(first + 1) != "=" {
            return None;
        }
        let sign = {
            let (start, end) = (
                outline.bytes(first, first + 1).1,
                outline.bytes(first + 1, first + 2).1,
            );
            (self.range(start, end), ":".to_owned())
        };
        let wraps = outline.word(first + 3) == "(" && outline.partner(first + 3) == Some(behind - 1);
        let open = edit(first + 2, first + 4, "");
        let close = edit(behind - 1, behind, "");
        match outline.word(first + 2) {
            "Required" if wraps => Some(vec![sign, open, close]),
            "Default" if wraps => {
                let comma = (first + 4..behind)
                    .find(|at| outline.word(*at) == "," && outline.group(*at) == Some(first + 3))?;
                Some(vec![sign, open, edit(comma, comma + 1, " ="), close])
            }
            _ => {
                let (_, end) = outline.bytes(first, behind);
                Some(vec![sign, (self.range(end, end), "?".to_owned())])
            }
        }
    }
}

const IMPORT_HELP: &str = "`include \"path.aur\"` brings in another file; everything else is built in";
const DEF_HELP: &str =
    "write a value and copy it with changes: `base { name = \"x\" }`, or bind names in its texts";
const LOOP_HELP: &str = "write a list: `[Job { name = n } for n in [\"a\", \"b\"]]`";
const IF_HELP: &str = "write `name = value`, or choose with `a if condition else b`";
const ADD_HELP: &str = "join lists with `+` where the name is given its value: `jobs = prod + staging`";
