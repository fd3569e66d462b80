//! A struct in its place, and reading its fields as plain data.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use aur_diagnostics::{Diagnostic, Span, codes};
use aur_ir as ir;
use smol_str::SmolStr;

use super::{Lowering, elements};
use crate::resolve::{Env, Judge, Settled, enter, struct_env};
use crate::spans::Leaf;
use crate::types::StructDecl;
use crate::value::{Kind, Piece, Slot, StructValue, Value};

/// A struct and the chain its fields are read in.
pub(crate) struct Placed<'p> {
    pub(crate) inner: Rc<StructValue<'p>>,
    pub(crate) env: Env<'p>,
}

/// A field that was read.
pub(crate) struct Read<'p> {
    pub(crate) value: Value<'p>,
    /// Where it was written; none for a default.
    pub(crate) span: Option<Span>,
    from: Option<Rc<Vec<Span>>>,
}

impl<'p> Read<'p> {
    fn of_default(value: Value<'p>) -> Self {
        Self {
            value,
            span: None,
            from: None,
        }
    }
}

/// What is known of a field by its declaration.
pub(super) struct Field<'p> {
    index: usize,
    /// What it holds where nothing is written, if that is the same wherever it stands.
    usual: Option<Option<Value<'p>>>,
}

/// Whether a default is what it is wherever it stands: no text in it has anything to be put in.
fn is_same_everywhere(value: &Value<'_>) -> bool {
    match &value.kind {
        Kind::Text(text) => text.literal().is_some(),
        Kind::List(items) => items.is_empty(),
        Kind::Map(pairs) => pairs.is_empty(),
        Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Bytes(_) | Kind::Duration(_) => true,
        Kind::Enum(..) | Kind::Struct(_) => true,
        _ => false,
    }
}

impl<'p> Lowering<'_, 'p> {
    pub(crate) fn place(&mut self, value: &Value<'p>, env: &Env<'p>) -> Option<Placed<'p>> {
        let Kind::Struct(inner) = &value.kind else {
            return None;
        };
        self.reached.insert(Rc::as_ptr(inner).addr());
        self.compiler.note_reached(&value.scopes, self.judge);
        Some(Placed {
            inner: inner.clone(),
            env: struct_env(env, inner, &value.scopes),
        })
    }

    /// Judges a struct that a job reaches.
    pub(crate) fn require(&mut self, placed: &Placed<'p>) {
        if let Judge::Job(job) = self.judge {
            self.compiler.require(&placed.inner, &placed.env, job);
        }
    }

    /// What is known of a field. Each job asks for the same names, which are found by their addresses.
    fn field(&mut self, decl: &Rc<StructDecl<'p>>, name: &'static str) -> Option<&mut Field<'p>> {
        let key = (Rc::as_ptr(decl).addr(), name.as_ptr().addr(), name.len());
        let found = self.fields.entry(key).or_insert_with(|| {
            let index = decl.field(name)?;
            Some(Field { index, usual: None })
        });
        found.as_mut()
    }

    /// Reads a field; texts are resolved and fitted to the field's type.
    pub(crate) fn read(&mut self, placed: &Placed<'p>, name: &'static str) -> Option<Read<'p>> {
        let inner = &placed.inner;
        let known = self.field(&inner.decl, name)?;
        let index = known.index;
        let span = match inner.slot(index) {
            Slot::Set(written) => Some(written.span),
            Slot::Cleared => return None,
            Slot::Default => {
                if let Some(usual) = &known.usual {
                    return usual.clone().map(Read::of_default);
                }
                None
            }
        };
        let field = inner.decl.fields.get(index)?;
        let value = self.compiler.attribute(inner, index);
        let is_usual = match &value {
            Some(value) => is_same_everywhere(value),
            None => field.default.is_none(),
        };
        if span.is_none()
            && is_usual
            && let Some(known) = self.field(&inner.decl, name)
        {
            known.usual = Some(value.clone());
        }
        let value = value?;
        let settled = self
            .compiler
            .settle_typed(&value, &field.ty, &placed.env, self.judge);
        if field.is_shell {
            self.compiler.lint_resolved(&value, &settled.value, &placed.env);
        }
        let Settled { value, from } = settled;
        Some(Read { value, span, from })
    }

    /// Records where a leaf of the plan was written.
    pub(crate) fn trace(&mut self, leaf: Option<&str>, span: Option<Span>, from: Option<Rc<Vec<Span>>>) {
        let Some(span) = span.filter(|span| self.is_traced && !self.compiler.is_prelude(*span)) else {
            return;
        };
        let mut pointer = String::with_capacity(self.pointer.len() + leaf.map_or(0, |leaf| leaf.len() + 1));
        pointer.push_str(&self.pointer);
        if let Some(leaf) = leaf {
            pointer.push('/');
            pointer.push_str(leaf);
        }
        self.leaves.push(Leaf { pointer, span, from });
    }

    fn read_leaf(
        &mut self,
        placed: &Placed<'p>,
        name: &'static str,
        leaf: Option<&str>,
    ) -> Option<Value<'p>> {
        let read = self.read(placed, name)?;
        self.trace(Some(leaf.unwrap_or(name)), read.span, read.from);
        self.note_open(leaf.unwrap_or(name), &read.value);
        Some(read.value)
    }

    /// A text that must be known now; empty where it is not.
    pub(crate) fn text(&mut self, placed: &Placed<'p>, name: &'static str, leaf: Option<&str>) -> String {
        self.optional_text(placed, name, leaf).unwrap_or_default()
    }

    /// A text that must be known now, with the place where it was written; none for a default.
    pub(crate) fn placed_text(
        &mut self,
        placed: &Placed<'p>,
        name: &'static str,
    ) -> Option<(String, Option<Span>)> {
        let read = self.read(placed, name)?;
        self.trace(Some(name), read.span, read.from);
        self.note_open(name, &read.value);
        let text = self.known_text(&read.value)?;
        Some((text, read.span))
    }

    pub(crate) fn optional_text(
        &mut self,
        placed: &Placed<'p>,
        name: &'static str,
        leaf: Option<&str>,
    ) -> Option<String> {
        let value = self.read_leaf(placed, name, leaf)?;
        self.known_text(&value)
    }

    /// Keeps what stands in place of an open value.
    pub(crate) fn note_open(&mut self, leaf: &str, value: &Value<'p>) {
        if let Some(open) = self.compiler.open_text(value).filter(|_| self.is_traced) {
            self.open.insert(format!("{}/{leaf}", self.pointer), open);
        }
    }

    fn known_text(&mut self, value: &Value<'p>) -> Option<String> {
        if let Some(open) = self.compiler.open_text(value) {
            return Some(open);
        }
        match &value.kind {
            Kind::Pieces(pieces) => {
                self.report_late(pieces, value.span);
                None
            }
            kind => crate::eval::finished_text(kind).map(|text| text.into_owned()),
        }
    }

    fn report_late(&mut self, pieces: &[Piece], span: Span) {
        let late = pieces.iter().find_map(|piece| match piece {
            Piece::Late(name, _) => Some(name.to_string()),
            Piece::Literal(_) | Piece::Open(_) => None,
        });
        // A default of the standard library only repeats what was reported where it was written.
        if let Some(name) = late.filter(|_| !self.compiler.is_prelude(span)) {
            let message = format!("`{name}` is known only when the task runs and cannot stand here");
            self.compiler.sink.push(
                Diagnostic::new(&codes::late_name, span, message)
                    .help("runtime names can stand in `cmdline`"),
            );
        }
    }

    /// A text in which runtime names may stand; none where a name is open.
    pub(crate) fn late_text(&mut self, placed: &Placed<'p>, name: &'static str) -> Option<ir::Text> {
        let value = self.read_leaf(placed, name, None)?;
        self.late_or_open(&value)
    }

    fn late_or_open(&self, value: &Value<'p>) -> Option<ir::Text> {
        let open = self.compiler.open_text(value).map(ir::Text::Plain);
        open.or_else(|| late_text(value))
    }

    /// A list of texts in which runtime names may stand; none where the list or a name in it is open.
    pub(crate) fn late_texts(&mut self, placed: &Placed<'p>, name: &'static str) -> Option<Vec<ir::Text>> {
        let list = self.read_leaf(placed, name, None)?;
        if !matches!(list.kind, Kind::List(_)) {
            return None;
        }
        elements(&list, &placed.env)
            .iter()
            .map(|(item, env)| {
                let settled = self.compiler.settle(item, env, self.judge);
                self.late_or_open(&settled)
            })
            .collect()
    }

    /// A map of texts in which runtime names may stand, with the place of each value.
    pub(crate) fn late_text_map(
        &mut self,
        placed: &Placed<'p>,
        name: &'static str,
    ) -> BTreeMap<String, (ir::Text, Span)> {
        let mut out = BTreeMap::new();
        for (key, value, span) in self.settled_pairs(placed, name) {
            if let (Some(key), Some(text)) = (self.known_text(&key), self.late_or_open(&value)) {
                out.insert(key, (text, span));
            }
        }
        out
    }

    pub(crate) fn texts(&mut self, placed: &Placed<'p>, name: &'static str) -> Vec<String> {
        let Some(list) = self.read_leaf(placed, name, None) else {
            return Vec::new();
        };
        elements(&list, &placed.env)
            .iter()
            .filter_map(|(item, env)| {
                let settled = self.compiler.settle(item, env, self.judge);
                self.known_text(&settled)
            })
            .collect()
    }

    pub(crate) fn flag(&mut self, placed: &Placed<'p>, name: &'static str) -> bool {
        matches!(
            self.read_leaf(placed, name, None),
            Some(Value {
                kind: Kind::Bool(true),
                ..
            })
        )
    }

    pub(crate) fn integer(&mut self, placed: &Placed<'p>, name: &'static str) -> i64 {
        match self.read_leaf(placed, name, None) {
            Some(Value {
                kind: Kind::Int(value),
                ..
            }) => value,
            _ => 0,
        }
    }

    /// An integer that a refinement keeps at 0 or above.
    pub(crate) fn count(&mut self, placed: &Placed<'p>, name: &'static str) -> u64 {
        u64::try_from(self.integer(placed, name)).unwrap_or(0)
    }

    pub(crate) fn milliseconds(&mut self, placed: &Placed<'p>, name: &'static str, leaf: &str) -> u64 {
        match self.read_leaf(placed, name, Some(leaf)) {
            Some(Value {
                kind: Kind::Duration(value),
                ..
            }) => u64::try_from(value).unwrap_or(0),
            _ => 0,
        }
    }

    pub(crate) fn size(&mut self, placed: &Placed<'p>, name: &'static str, leaf: &str) -> u64 {
        match self.read_leaf(placed, name, Some(leaf)) {
            Some(Value {
                kind: Kind::Bytes(value),
                ..
            }) => u64::try_from(value).unwrap_or(0),
            _ => 0,
        }
    }

    pub(crate) fn float(&mut self, placed: &Placed<'p>, name: &'static str) -> f64 {
        match self.read_leaf(placed, name, None) {
            Some(Value {
                kind: Kind::Float(value),
                ..
            }) => value,
            _ => 0.0,
        }
    }

    /// A map of texts, with the place of each value.
    pub(crate) fn text_map(
        &mut self,
        placed: &Placed<'p>,
        name: &'static str,
    ) -> BTreeMap<String, (String, Span)> {
        let mut out = BTreeMap::new();
        for (key, value, span) in self.settled_pairs(placed, name) {
            if let (Some(key), Some(text)) = (self.known_text(&key), self.known_text(&value)) {
                out.insert(key, (text, span));
            }
        }
        out
    }

    /// The pairs of a map, resolved, with the place of each value; a key that comes out twice is reported.
    fn settled_pairs(
        &mut self,
        placed: &Placed<'p>,
        name: &'static str,
    ) -> Vec<(Value<'p>, Value<'p>, Span)> {
        let Some(map) = self.read_leaf(placed, name, None) else {
            return Vec::new();
        };
        let Kind::Map(pairs) = &map.kind else {
            return Vec::new();
        };
        let env = enter(&placed.env, &map.scopes);
        let mut seen = BTreeSet::new();
        let mut out = Vec::with_capacity(pairs.len());
        for (key, item) in pairs.iter() {
            let settled_key = self.compiler.settle(key, &env, self.judge);
            if let Some(text) = crate::eval::finished_text(&settled_key.kind)
                && !seen.insert(text.to_string())
            {
                let message = format!("the key `{text}` is given twice");
                self.compiler
                    .sink
                    .push(Diagnostic::new(&codes::duplicate_field, key.span, message));
                continue;
            }
            let settled = self.compiler.settle(item, &env, self.judge);
            out.push((settled_key, settled, item.span));
        }
        out
    }

    /// A struct in a field of a struct.
    pub(crate) fn nested(&mut self, placed: &Placed<'p>, name: &'static str) -> Option<Placed<'p>> {
        let read = self.read(placed, name)?;
        self.place(&read.value, &placed.env)
    }

    /// Lowers a struct in a field of a struct, below the field's name; judges it first.
    pub(crate) fn within<T>(
        &mut self,
        placed: &Placed<'p>,
        name: &'static str,
        lower: impl FnOnce(&mut Self, &Placed<'p>) -> T,
    ) -> Option<T> {
        let nested = self.nested(placed, name)?;
        Some(self.below(name, |this| {
            this.require(&nested);
            lower(this, &nested)
        }))
    }

    /// Lowers the structs of a list in a field of a struct.
    pub(crate) fn each<T>(
        &mut self,
        placed: &Placed<'p>,
        name: &'static str,
        mut lower: impl FnMut(&mut Self, &Placed<'p>) -> T,
    ) -> Vec<T> {
        let Some(read) = self.read(placed, name) else {
            return Vec::new();
        };
        let mut out = Vec::new();
        for (value, env) in elements(&read.value, &placed.env) {
            if let Some(item) = self.place(&value, &env) {
                let step = format!("{name}/{}", out.len());
                out.push(self.below(&step, |this| {
                    this.require(&item);
                    lower(this, &item)
                }));
            }
        }
        out
    }

    /// The member of an enum; none where it is not set or not known.
    pub(crate) fn member(&mut self, placed: &Placed<'p>, name: &'static str) -> Option<SmolStr> {
        match self.read_leaf(placed, name, None)?.kind {
            Kind::Enum(decl, index) => decl.members.get(index as usize).cloned(),
            _ => None,
        }
    }

    /// A duration that may be unset.
    pub(crate) fn optional_milliseconds(
        &mut self,
        placed: &Placed<'p>,
        name: &'static str,
        leaf: &str,
    ) -> Option<u64> {
        let index = placed.inner.decl.field(name)?;
        self.compiler.attribute(&placed.inner, index)?;
        Some(self.milliseconds(placed, name, leaf))
    }

    /// A port by number or name; none where it is open or has been reported.
    pub(crate) fn port(&mut self, placed: &Placed<'p>, name: &'static str) -> Option<ir::Port> {
        let value = self.read_leaf(placed, name, None)?;
        self.port_of(&value)
    }

    /// A resolved value as a port: a number, the text of one, a name, or `{{aur.ports[name]}}`.
    pub(crate) fn port_of(&mut self, value: &Value<'p>) -> Option<ir::Port> {
        if let Some(open) = self.compiler.open_text(value) {
            return Some(ir::Port::Name(open));
        }
        if let Kind::Int(number) = value.kind {
            return u16::try_from(number).ok().map(ir::Port::Number);
        }
        if let Kind::Pieces(pieces) = &value.kind
            && let [Piece::Late(ir::LateName::Port(port), None)] = pieces.as_slice()
        {
            return Some(ir::Port::Name(port.clone()));
        }
        let text = self.known_text(value)?;
        self.port_named(&text, value.span)
    }

    /// A port by the text of its number or its name; reported where it is neither.
    pub(crate) fn port_named(&mut self, text: &str, span: Span) -> Option<ir::Port> {
        let found = if text.bytes().all(|byte| byte.is_ascii_digit()) {
            text.parse()
                .ok()
                .filter(|number| *number > 0)
                .map(ir::Port::Number)
        } else {
            ir::is_port_name(text).then(|| ir::Port::Name(text.to_string()))
        };
        if found.is_none() {
            let message = format!("`{}` is not a port", text.escape_debug());
            self.error(
                Diagnostic::new(&codes::bad_port, span, message)
                    .help("give a number from 1 to 65535, or a name of letters, digits, `_` and `-`"),
            );
        }
        found
    }

    /// Integers of a list that a refinement keeps at 0 or above.
    pub(crate) fn counts(&mut self, placed: &Placed<'p>, name: &'static str) -> Vec<u64> {
        let Some(list) = self.read_leaf(placed, name, None) else {
            return Vec::new();
        };
        elements(&list, &placed.env)
            .iter()
            .filter_map(|(item, _)| match item.kind {
                Kind::Int(value) => u64::try_from(value).ok(),
                _ => None,
            })
            .collect()
    }

    /// Whether a list is known and holds nothing.
    pub(crate) fn is_empty_list(&mut self, placed: &Placed<'p>, name: &'static str) -> bool {
        self.read(placed, name)
            .is_some_and(|read| matches!(&read.value.kind, Kind::List(items) if items.is_empty()))
    }

    /// Writes below `step` of the pointer.
    pub(crate) fn below<T>(&mut self, step: &str, write: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(step);
        let out = write(self);
        self.pointer.truncate(length);
        out
    }

    pub(crate) fn error(&mut self, diagnostic: Diagnostic) {
        self.compiler.sink.push(diagnostic);
    }
}

/// A resolved value as text with its runtime names; none where a name is open.
pub(crate) fn late_text(value: &Value<'_>) -> Option<ir::Text> {
    match &value.kind {
        Kind::Pieces(pieces) => pieces
            .iter()
            .map(|piece| match piece {
                Piece::Literal(text) => Some(ir::Segment::Literal(text.to_string())),
                Piece::Late(late, filter) => Some(ir::Segment::Name {
                    filter: *filter,
                    late: late.clone(),
                }),
                Piece::Open(_) => None,
            })
            .collect::<Option<Vec<_>>>()
            .map(|segments| ir::Text::Late { segments }),
        kind => crate::eval::finished_text(kind).map(|text| ir::Text::Plain(text.into_owned())),
    }
}

/// The port that a text names: the text itself, or the name in `{{aur.ports[name]}}`.
pub(crate) fn port_text(text: &ir::Text) -> Option<String> {
    match text {
        ir::Text::Plain(text) => Some(text.clone()),
        ir::Text::Late { segments } => match segments.as_slice() {
            [
                ir::Segment::Name {
                    filter: None,
                    late: ir::LateName::Port(port),
                },
            ] => Some(port.clone()),
            _ => None,
        },
    }
}
