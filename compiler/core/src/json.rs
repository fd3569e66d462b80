//! Values as JSON, for `eval` and for the inputs of a plan.

use serde_json::{Map, Value as Json};

use crate::eval::Compiler;
use crate::print;
use crate::resolve::{Env, Judge, enter, struct_env};
use crate::value::{Kind, Piece, Value};

/// How durations and fractions are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As the language prints them: durations in seconds.
    Printed,
    /// As the plan holds them: durations in milliseconds.
    Plan,
}

/// What a list, map or struct costs in memory beside a number.
const STEPS_OF_A_CONTAINER: usize = 16;

impl<'p> Compiler<'p> {
    /// Writes a value that landed in `env`; what is open stays as `{{name}}`, what is unset is left out.
    pub(crate) fn json_of(&mut self, value: &Value<'p>, env: &Env<'p>, form: Form) -> Json {
        let weight = match value.kind {
            Kind::List(_) | Kind::Map(_) | Kind::Namespace(_) | Kind::Struct(_) => STEPS_OF_A_CONTAINER,
            _ => 1,
        };
        if !self.may_step(weight, value.span) {
            return Json::Null;
        }
        stacker::maybe_grow(128 << 10, 2 << 20, || self.json_kind(value, env, form))
    }

    fn json_kind(&mut self, value: &Value<'p>, env: &Env<'p>, form: Form) -> Json {
        match &value.kind {
            Kind::Poison | Kind::Unset => Json::Null,
            Kind::Opaque(ty) => Json::String(format!("{{{{{ty}}}}}")),
            Kind::Bool(value) => Json::Bool(*value),
            Kind::Int(value) | Kind::Bytes(value) => Json::from(*value),
            Kind::Float(value) => Json::from(*value),
            Kind::Duration(value) => match form {
                Form::Plan => Json::from(*value),
                Form::Printed if value % 1000 == 0 => Json::from(value / 1000),
                Form::Printed => Json::from(*value as f64 / 1000.0),
            },
            Kind::Text(_) | Kind::Raw(_) | Kind::Pieces(_) => {
                let settled = self.settle(value, env, Judge::Later);
                Json::String(text_of(&settled.kind))
            }
            Kind::Enum(decl, index) => Json::from(
                decl.members
                    .get(*index as usize)
                    .map_or("", |member| member.as_str()),
            ),
            Kind::List(items) => {
                let inner = enter(env, &value.scopes);
                Json::Array(
                    items
                        .iter()
                        .map(|item| self.json_of(item, &inner, form))
                        .collect(),
                )
            }
            Kind::Map(pairs) => {
                let inner = enter(env, &value.scopes);
                let mut out = Map::new();
                for (key, item) in pairs.iter() {
                    let key = self.settle(key, &inner, Judge::Later);
                    let key = crate::eval::simple_text(&key.kind).unwrap_or_else(|| text_of(&key.kind));
                    let item = self.json_of(item, &inner, form);
                    out.insert(key, item);
                }
                Json::Object(out)
            }
            Kind::Namespace(entries) => {
                let inner = enter(env, &value.scopes);
                Json::Object(
                    entries
                        .iter()
                        .map(|(name, item)| (name.to_string(), self.json_of(item, &inner, form)))
                        .collect(),
                )
            }
            Kind::Struct(inner) => {
                let frame = struct_env(env, inner, &value.scopes);
                let mut out = Map::new();
                for (index, field) in inner.decl.fields.iter().enumerate() {
                    let Some(found) = self.attribute(inner, index) else {
                        continue;
                    };
                    let found = if found.is_template() {
                        let settled = self.settle(&found, &frame, Judge::Later);
                        match settled.kind {
                            Kind::Pieces(_) => settled,
                            _ => self.coerce_result(settled, &field.ty, found.span),
                        }
                    } else {
                        self.settle_typed(&found, &field.ty, &frame, Judge::Later).value
                    };
                    let json = self.json_of(&found, &frame, form);
                    out.insert(field.name.to_string(), json);
                }
                Json::Object(out)
            }
            Kind::StructType(_) | Kind::EnumType(_) | Kind::Module(_) | Kind::Builtin(_) => {
                Json::String(crate::value::describe(&value.kind))
            }
        }
    }
}

impl<'p> Compiler<'p> {
    /// What stands in place of a value that is open, where those are kept: `{{name}}`, or the text with it.
    pub(crate) fn open_text(&self, value: &Value<'p>) -> Option<String> {
        match &value.kind {
            _ if !self.keeps_open => None,
            Kind::Opaque(ty) => {
                let written = self.program.sources.text(value.span);
                let is_short = !written.is_empty() && !written.contains('\n');
                let name = if is_short {
                    written.to_string()
                } else {
                    ty.to_string()
                };
                Some(format!("{{{{{name}}}}}"))
            }
            Kind::Pieces(pieces) if pieces.iter().any(|piece| matches!(piece, Piece::Open(_))) => {
                Some(text_of(&value.kind))
            }
            _ => None,
        }
    }
}

impl Compiler<'_> {
    /// Whether a text holds an open name, where those are kept.
    pub(crate) fn is_open(&self, text: &str) -> bool {
        self.keeps_open && text.contains("{{")
    }
}

pub(crate) fn text_of(kind: &Kind<'_>) -> String {
    match kind {
        Kind::Pieces(pieces) => pieces
            .iter()
            .map(|piece| match piece {
                Piece::Literal(text) => text.to_string(),
                Piece::Late(name, None) => format!("{{{{{name}}}}}"),
                Piece::Late(name, Some(filter)) => {
                    let segment = aur_ir::Segment::Name {
                        filter: Some(*filter),
                        late: name.clone(),
                    };
                    aur_ir::Text::Late {
                        segments: vec![segment],
                    }
                    .to_string()
                }
                Piece::Open(name) => format!("{{{{{name}}}}}"),
            })
            .collect(),
        Kind::Duration(value) => print::seconds(*value),
        kind => crate::eval::finished_text(kind)
            .map(|text| text.into_owned())
            .unwrap_or_default(),
    }
}
