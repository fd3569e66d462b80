//! Reads an item that does not follow the grammar.
//!
//! The grammar says where it stops; the tokens around that place say what was probably meant. A repair is a
//! small change of the text that gets the grammar past the place: a closing bracket, a missing value, a
//! field left out. The changed text is read again, until it is accepted, so everything that is not broken
//! is in the tree just as it would be in a sound item. Where the change is surely what was meant, it is
//! offered as a fix.
//!
//! Invariants
//! - Each repair takes away what the grammar stopped at, so repairing ends; a number of tries bounds it too.
//! - Errors lie within the item. A line gets one error of this kind; what follows from it is mended in silence.

mod brackets;
mod characters;
mod habits;
mod outline;
mod stops;
mod words;

use aur_diagnostics::codes;

use crate::build::Builder;
use crate::patch::Patches;
use crate::pest::{Cursor, Node, Refusal, Rule, read};
use crate::split::DEEPEST;
use crate::tree::{Expr, ExprKind, Ident, ItemKind, ItemNode, Range, SyntaxError};
use outline::Outline;

/// How often an item is mended and read again.
const TRIES: usize = 48;

/// Bytes that are read again in all, so that a long item is tried less often.
const READ_AGAIN: usize = 16 << 20;

/// Errors of one item that are reported.
const REPORTED: usize = 16;

/// The same where brackets or texts were not in order: most of what follows is their doing.
const REPORTED_UNSOUND: usize = 4;

/// What stands for a part that could not be read; the grammar knows it, and no sound text holds it.
const HOLE: &str = "\u{1}";

/// An item in repair.
struct Repair<'t> {
    /// The text as written.
    written: &'t str,
    /// The text as mended so far.
    text: String,
    patches: Patches,
    errors: Vec<SyntaxError>,
    /// Whether brackets or texts were not in order.
    unsound: bool,
    /// Whether the item is a value that was given no name; it is read for its errors only.
    nameless: bool,
}

/// Reads a broken item. `nodes` is a buffer.
pub(crate) fn item(text: &str, nodes: &mut Vec<Node>) -> ItemNode {
    let range = Range::new(0, text.len() as u32);
    let broken = |errors| ItemNode {
        range,
        doc: None,
        annotations: Vec::new(),
        kind: ItemKind::Broken,
        errors,
    };
    if let Some(error) = too_deep(text) {
        return broken(vec![error]);
    }
    let mut repair = Repair::new(text);
    if !repair.mend(Rule::one_item, nodes) {
        let name = repair.assigned_name();
        let mut item = broken(repair.into_errors(Vec::new()));
        if let Some((name, value)) = name {
            item.kind = ItemKind::Assign {
                name,
                ty: None,
                value: Expr {
                    range: value,
                    kind: ExprKind::Missing,
                },
            };
        }
        return item;
    }
    let mut builder = Builder::new(&repair.text, &repair.patches);
    let mut item = builder.item(Cursor::new(nodes), range);
    let errors = builder.into_errors();
    if repair.nameless {
        item.kind = ItemKind::Broken;
    }
    item.errors = repair.into_errors(errors);
    item
}

/// Reads a broken expression. `nodes` is a buffer.
pub(crate) fn expression(text: &str, nodes: &mut Vec<Node>) -> (Expr, Vec<SyntaxError>) {
    let missing = Expr {
        range: Range::new(0, text.len() as u32),
        kind: ExprKind::Missing,
    };
    if let Some(error) = too_deep(text) {
        return (missing, vec![error]);
    }
    let mut repair = Repair::new(text);
    if !repair.mend(Rule::one_expr, nodes) {
        return (missing, repair.into_errors(Vec::new()));
    }
    let mut builder = Builder::new(&repair.text, &repair.patches);
    let expr = builder.lone_expression(Cursor::new(nodes));
    let errors = builder.into_errors();
    (expr, repair.into_errors(errors))
}

/// Reports brackets that are nested too deeply; such a text is not read at all.
fn too_deep(text: &str) -> Option<SyntaxError> {
    let mut depth = 0usize;
    let token = crate::scan::Scanner::new(text, 0).find(|token| {
        match token.kind {
            crate::scan::Kind::Open => depth += 1,
            crate::scan::Kind::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEEPEST
    })?;
    let range = Range::new(token.start, token.end);
    let message = format!("brackets are nested more than {DEEPEST} deep");
    let error = SyntaxError::new(&codes::too_deep, range, message, "one too many");
    Some(error.help("give parts of it names of their own"))
}

impl<'t> Repair<'t> {
    fn new(written: &'t str) -> Self {
        Self {
            written,
            text: written.to_owned(),
            patches: Patches::default(),
            errors: Vec::new(),
            unsound: false,
            nameless: false,
        }
    }

    /// Mends the text until the grammar takes it. Says whether that came about.
    fn mend(&mut self, entry: Rule, nodes: &mut Vec<Node>) -> bool {
        self.mend_characters();
        self.mend_texts();
        self.mend_brackets();
        if entry == Rule::one_item && !self.mend_habits() {
            return false;
        }
        let tries = (READ_AGAIN / self.written.len().max(1)).clamp(4, TRIES);
        for _ in 0..tries {
            match read(entry, &self.text, nodes) {
                Ok(()) => return true,
                Err(Refusal::At(at, expected)) => {
                    let text = self.text.clone();
                    let outline = Outline::new(&text);
                    let stop = outline.stop(at);
                    if !self.mend_stop(&outline, stop, &expected) {
                        return false;
                    }
                }
                Err(Refusal::Limit) => {
                    let range = Range::new(0, self.written.len() as u32);
                    let message = "an expression is nested too deeply";
                    self.errors.push(SyntaxError::new(
                        &codes::too_deep,
                        range,
                        message,
                        "too deep to be read",
                    ));
                    return false;
                }
            }
        }
        false
    }

    /// Replaces a range of the mended text.
    fn patch(&mut self, start: u32, end: u32, new: &str) {
        let range = self.patches.written(start, end);
        self.patches.add(range, new);
        self.text = self.patches.apply(self.written);
    }

    /// Returns the written range of a range of the mended text.
    fn range(&self, start: u32, end: u32) -> Range {
        self.patches.written(start, end)
    }

    /// Returns how many errors are reported.
    fn most(&self) -> usize {
        if self.unsound { REPORTED_UNSOUND } else { REPORTED }
    }

    /// Reports an error, unless its line has one already or there are enough.
    fn report(&mut self, error: SyntaxError) {
        let most = self.most();
        let line = |at: u32| {
            self.written
                .get(..at as usize)
                .map(|before| before.matches('\n').count())
        };
        let here = line(error.range.start);
        if self.errors.len() < most && !self.errors.iter().any(|other| line(other.range.start) == here) {
            self.errors.push(error);
        }
    }

    /// Joins the errors of repair and of the tree, which repairs may have caused.
    fn into_errors(mut self, built: Vec<SyntaxError>) -> Vec<SyntaxError> {
        for error in built {
            // A word of Python stays one, whatever else is wrong with its line.
            if error.code.id == codes::syntax.id || error.code.id == codes::too_deep.id {
                self.report(error);
            } else if self.errors.len() < self.most() {
                self.errors.push(error);
            }
        }
        self.errors.sort_by_key(|error| error.range);
        self.errors
    }

    /// Returns the name of an assignment that could not be read, and where its value stands.
    fn assigned_name(&self) -> Option<(Ident, Range)> {
        let outline = Outline::new(self.written);
        let body = outline.body();
        let (name, sign) = (outline.token(body)?, outline.token(body + 1)?);
        let is_name = name.kind == crate::scan::Kind::Word && matches!(sign.text(self.written), "=" | ":");
        let range = Range::new(name.start, name.end);
        let value = Range::new(sign.end, self.written.len() as u32);
        is_name.then(|| {
            (
                Ident {
                    name: name.text(self.written).into(),
                    range,
                },
                value,
            )
        })
    }
}
