//! A struct in its place, and reading its fields as plain data.

use std::collections::BTreeMap;
use std::rc::Rc;

use aur_diagnostics::{Diagnostic, Span, codes};
use aur_ir as ir;

use super::{Lowering, elements};
use crate::resolve::{Env, Judge, Settled, enter, struct_env};
use crate::value::{Kind, Piece, StructValue, Value};

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

impl<'p> Lowering<'_, 'p> {
    pub(crate) fn place(&mut self, value: &Value<'p>, env: &Env<'p>) -> Option<Placed<'p>> {
        let Kind::Struct(inner) = &value.kind else {
            return None;
        };
        self.reached.insert(Rc::as_ptr(inner).addr());
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

    /// Reads a field; texts are resolved and fitted to the field's type.
    pub(crate) fn read(&mut self, placed: &Placed<'p>, name: &str) -> Option<Read<'p>> {
        let inner = &placed.inner;
        let index = inner.decl.field(name)?;
        let value = self.compiler.attribute(inner, index)?;
        let span = inner.written(index).map(|written| written.span);
        let ty = inner.decl.fields.get(index).map(|field| &field.ty)?;
        let Settled { value: settled, from } = self.compiler.settle_from(&value, &placed.env, self.judge);
        let value = if value.is_template() {
            self.compiler.coerce(settled, ty, value.span)
        } else {
            settled
        };
        Some(Read { value, span, from })
    }

    /// Records where a leaf of the plan was written.
    pub(crate) fn trace(&mut self, leaf: Option<&str>, span: Option<Span>, from: Option<Rc<Vec<Span>>>) {
        let Some(span) = span.filter(|span| self.is_traced && !self.compiler.is_prelude(*span)) else {
            return;
        };
        let pointer = match leaf {
            Some(leaf) => format!("{}/{leaf}", self.pointer),
            None => self.pointer.clone(),
        };
        self.spans.push((pointer, span, from));
    }

    fn read_leaf(&mut self, placed: &Placed<'p>, name: &str, leaf: Option<&str>) -> Option<Value<'p>> {
        let read = self.read(placed, name)?;
        self.trace(Some(leaf.unwrap_or(name)), read.span, read.from);
        Some(read.value)
    }

    /// A text that must be known now; empty where it is not.
    pub(crate) fn text(&mut self, placed: &Placed<'p>, name: &str, leaf: Option<&str>) -> String {
        self.optional_text(placed, name, leaf).unwrap_or_default()
    }

    pub(crate) fn optional_text(
        &mut self,
        placed: &Placed<'p>,
        name: &str,
        leaf: Option<&str>,
    ) -> Option<String> {
        let value = self.read_leaf(placed, name, leaf)?;
        self.known_text(&value)
    }

    fn known_text(&mut self, value: &Value<'p>) -> Option<String> {
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
    pub(crate) fn late_text(&mut self, placed: &Placed<'p>, name: &str) -> Option<ir::Text> {
        let value = self.read_leaf(placed, name, None)?;
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

    pub(crate) fn texts(&mut self, placed: &Placed<'p>, name: &str) -> Vec<String> {
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

    pub(crate) fn flag(&mut self, placed: &Placed<'p>, name: &str) -> bool {
        matches!(
            self.read_leaf(placed, name, None),
            Some(Value {
                kind: Kind::Bool(true),
                ..
            })
        )
    }

    pub(crate) fn integer(&mut self, placed: &Placed<'p>, name: &str) -> i64 {
        match self.read_leaf(placed, name, None) {
            Some(Value {
                kind: Kind::Int(value),
                ..
            }) => value,
            _ => 0,
        }
    }

    /// An integer that a refinement keeps at 0 or above.
    pub(crate) fn count(&mut self, placed: &Placed<'p>, name: &str) -> u64 {
        u64::try_from(self.integer(placed, name)).unwrap_or(0)
    }

    pub(crate) fn milliseconds(&mut self, placed: &Placed<'p>, name: &str, leaf: &str) -> u64 {
        match self.read_leaf(placed, name, Some(leaf)) {
            Some(Value {
                kind: Kind::Duration(value),
                ..
            }) => u64::try_from(value).unwrap_or(0),
            _ => 0,
        }
    }

    pub(crate) fn size(&mut self, placed: &Placed<'p>, name: &str, leaf: &str) -> u64 {
        match self.read_leaf(placed, name, Some(leaf)) {
            Some(Value {
                kind: Kind::Bytes(value),
                ..
            }) => u64::try_from(value).unwrap_or(0),
            _ => 0,
        }
    }

    pub(crate) fn float(&mut self, placed: &Placed<'p>, name: &str) -> f64 {
        match self.read_leaf(placed, name, None) {
            Some(Value {
                kind: Kind::Float(value),
                ..
            }) => value,
            _ => 0.0,
        }
    }

    /// A map of texts, with the place of each value.
    pub(crate) fn text_map(&mut self, placed: &Placed<'p>, name: &str) -> BTreeMap<String, (String, Span)> {
        let Some(map) = self.read_leaf(placed, name, None) else {
            return BTreeMap::new();
        };
        let Kind::Map(pairs) = &map.kind else {
            return BTreeMap::new();
        };
        let env = enter(&placed.env, &map.scopes);
        let mut out = BTreeMap::new();
        for (key, item) in pairs.iter() {
            let key = self.compiler.settle(key, &env, self.judge);
            let settled = self.compiler.settle(item, &env, self.judge);
            if let (Some(key_text), Some(text)) = (self.known_text(&key), self.known_text(&settled))
                && out.insert(key_text.clone(), (text, item.span)).is_some()
            {
                let message = format!("the key `{key_text}` is given twice");
                self.compiler
                    .sink
                    .push(Diagnostic::new(&codes::duplicate_field, key.span, message));
            }
        }
        out
    }

    /// A struct in a field of a struct.
    pub(crate) fn nested(&mut self, placed: &Placed<'p>, name: &str) -> Option<Placed<'p>> {
        let read = self.read(placed, name)?;
        self.place(&read.value, &placed.env)
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
