//! Inputs: the only way from outside into a program.
//!
//! `-E` wins over `--inputs`, which wins over `env(..)`, which wins over a written default. What comes
//! from outside is finished text: it is never searched for mustaches.

use std::rc::Rc;

use aur_diagnostics::{Diagnostic, Span, codes};
use aur_grammar::tree::{Expr, ExprKind, ItemKind};
use aur_ir::InputSource;
use smol_str::SmolStr;

use super::{Compiler, Context};
use crate::program::{Def, PRELUDE_MODULE, near_name};
use crate::types::Type;
use crate::value::{Kind, StructValue, Value};
use crate::{Given, UsageError};

/// The value of an input and who gave it.
#[derive(Clone)]
pub(crate) struct InputValue<'p> {
    pub(crate) value: Value<'p>,
    /// None where the value is missing.
    pub(crate) source: Option<InputSource>,
}

impl<'p> Compiler<'p> {
    /// Finds the values of all inputs of the program, by name.
    pub(crate) fn gather_inputs(&mut self) {
        let program = self.program;
        for (module, owner) in (0u32..).zip(&program.modules) {
            if module == PRELUDE_MODULE {
                continue;
            }
            for (item, node) in (0u32..).zip(&owner.tree.items) {
                if let ItemKind::Input { name, .. } = &node.node.kind
                    && !name.name.is_empty()
                    && !self.inputs.contains_key(&name.name)
                {
                    let input = self.find_input(Def::Item { module, item });
                    self.inputs.insert(name.name.clone(), input);
                }
            }
        }
    }

    pub(super) fn input(&mut self, name: &str) -> Value<'p> {
        match self.inputs.get(name) {
            Some(input) => input.value.clone(),
            // An input's default may use inputs declared further down.
            None => self.find_input_by_name(name),
        }
    }

    fn find_input_by_name(&mut self, name: &str) -> Value<'p> {
        let declared = self.input_def(name);
        declared.map_or_else(|| Value::poison(super::NOWHERE), |def| self.find_input(def).value)
    }

    /// Where the name of an input is declared.
    pub(crate) fn input_place(&self, name: &str) -> Option<Span> {
        self.program
            .name_span(self.input_def(name).filter(|_| self.inputs.contains_key(name))?)
    }

    /// The first declaration of an input.
    pub(crate) fn input_def(&self, name: &str) -> Option<Def> {
        let program = self.program;
        (0u32..)
            .zip(&program.modules)
            .skip(1)
            .find_map(|(module, owner)| {
                let item = owner.tree.items.iter().position(
                    |item| matches!(&item.node.kind, ItemKind::Input { name: own, .. } if own.name == name),
                )?;
                Some(Def::Item {
                    module,
                    item: item as u32,
                })
            })
    }

    fn find_input(&mut self, def: Def) -> InputValue<'p> {
        let nothing = |span| InputValue {
            value: Value::poison(span),
            source: None,
        };
        let Def::Item { module, item } = def else {
            return nothing(super::NOWHERE);
        };
        let program = self.program;
        let Some((item, base)) = program.item(module, item) else {
            return nothing(super::NOWHERE);
        };
        let ItemKind::Input { name, ty, default } = &item.node.kind else {
            return nothing(super::NOWHERE);
        };
        let span = base.span(name.range);
        if self.open.contains(&def) {
            self.sink.push(Diagnostic::new(
                &codes::value_cycle,
                span,
                format!("the default of input `{}` needs itself", name.name),
            ));
            return nothing(span);
        }
        self.open.push(def);
        let ty = self.resolve_type(module, base, ty);
        let given = self.given;
        let before = self.sink.mark();
        let found = match given_value(given, &name.name) {
            Some(Outside::Flag(text)) => {
                Some((self.outside_text(text, &ty, &name.name, span), InputSource::Flag))
            }
            Some(Outside::File(json)) => Some((self.value_of_json(json, &ty, span), InputSource::File)),
            None => default
                .as_ref()
                .and_then(|default| self.default_input(module, base, default, &ty, span)),
        };
        self.open.pop();
        let source = match (given_value(given, &name.name), env_name(default.as_ref())) {
            (Some(Outside::Flag(_)), _) => format!("the value comes from `-E {}=..`", name.name),
            (Some(Outside::File(_)), _) => "the value comes from the file of `--inputs`".to_string(),
            (None, Some(variable)) => format!("the value comes from the variable {variable}"),
            (None, None) => "the value is the default".to_string(),
        };
        self.sink.note_since(before, &codes::bad_input, &source);
        match found {
            Some((value, source)) => {
                self.taint_input(&value, &ty, span);
                InputValue {
                    value,
                    source: Some(source),
                }
            }
            None if matches!(ty, Type::Optional(_)) => InputValue {
                value: Value::new(Kind::Unset, span),
                source: Some(InputSource::Default),
            },
            None if self.needs_inputs => {
                let hint = match env_name(default.as_ref()) {
                    Some(variable) => {
                        format!("set the variable {variable}, or give it: `-E {}=..`", name.name)
                    }
                    None => format!(
                        "give it: `-E {}=..`, or in a file: `--inputs FILE.json`",
                        name.name
                    ),
                };
                self.sink.push(
                    Diagnostic::new(
                        &codes::missing_input,
                        span,
                        format!("the input `{}` has no value", name.name),
                    )
                    .label(format!("{ty}, without a default"))
                    .help(hint),
                );
                nothing(span)
            }
            None => InputValue {
                value: Value::new(Kind::opaque(ty), span),
                source: None,
            },
        }
    }

    fn default_input(
        &mut self,
        module: u32,
        base: crate::value::Base,
        default: &'p Expr,
        ty: &Type<'p>,
        span: Span,
    ) -> Option<(Value<'p>, InputSource)> {
        match env_name(Some(default)) {
            Some(variable) => {
                let text = self.host.env(&variable)?;
                Some((self.outside_text(&text, ty, &variable, span), InputSource::Env))
            }
            None => {
                let context = Context::new(module, base);
                Some((self.typed(&context, default, ty), InputSource::Default))
            }
        }
    }

    /// A text from outside; lists, maps and structs are written as JSON.
    fn outside_text(&mut self, text: &str, ty: &Type<'p>, name: &str, span: Span) -> Value<'p> {
        if matches!(ty.plain(), Type::List(_) | Type::Map(_) | Type::Struct(..)) {
            return match serde_json::from_str(text) {
                Ok(json) => self.value_of_json(&json, ty, span),
                Err(error) => {
                    let message = format!("the value of `{name}` is not JSON: {error}");
                    self.sink.push(
                        Diagnostic::new(&codes::bad_input, span, message)
                            .help(format!("a {ty} is given as JSON")),
                    );
                    Value::poison(span)
                }
            };
        }
        self.fit_input(Value::new(Kind::Raw(text.into()), span), ty, span)
    }

    fn fit_input(&mut self, value: Value<'p>, ty: &Type<'p>, span: Span) -> Value<'p> {
        let before = self.sink.mark();
        let value = self.coerce(value, ty, span);
        self.sink.rename_since(before, &codes::bad_input);
        value
    }

    fn value_of_json(&mut self, json: &serde_json::Value, ty: &Type<'p>, span: Span) -> Value<'p> {
        let value = self.json_value(json, ty, span);
        self.fit_input(value, ty, span)
    }

    fn json_value(&mut self, json: &serde_json::Value, ty: &Type<'p>, span: Span) -> Value<'p> {
        let kind = match json {
            serde_json::Value::Null => Kind::Unset,
            serde_json::Value::Bool(value) => Kind::Bool(*value),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(value) => Kind::Int(value),
                None => Kind::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            serde_json::Value::String(text) => Kind::Raw(text.as_str().into()),
            serde_json::Value::Array(items) => {
                let element = super::element_type(ty);
                Kind::List(Rc::new(
                    items
                        .iter()
                        .map(|item| self.json_value(item, &element, span))
                        .collect(),
                ))
            }
            serde_json::Value::Object(entries) => match ty.plain() {
                Type::Struct(def, _) if self.struct_decl(*def).is_some() => {
                    return self.json_struct(*def, entries, span);
                }
                Type::Map(pair) => {
                    let item_type = pair.1.clone();
                    let pairs = entries.iter().map(|(key, item)| {
                        (
                            Value::new(Kind::Raw(key.as_str().into()), span),
                            self.json_value(item, &item_type, span),
                        )
                    });
                    Kind::Map(Rc::new(pairs.collect()))
                }
                _ => Kind::Namespace(Rc::new(
                    entries
                        .iter()
                        .map(|(key, item)| {
                            (
                                SmolStr::from(key.as_str()),
                                self.json_value(item, &Type::Any, span),
                            )
                        })
                        .collect(),
                )),
            },
        };
        Value::new(kind, span)
    }

    fn json_struct(
        &mut self,
        def: Def,
        entries: &serde_json::Map<String, serde_json::Value>,
        span: Span,
    ) -> Value<'p> {
        let Some(decl) = self.struct_decl(def) else {
            return Value::poison(span);
        };
        let mut inner = StructValue::new(decl.clone(), span);
        for (name, item) in entries {
            let field = decl
                .field(name)
                .and_then(|index| Some((index, decl.fields.get(index)?)));
            let Some((index, field)) = field else {
                let help = near_name(name, decl.fields.iter().map(|field| field.name.as_str()));
                let message = format!(
                    "the value given for this input has a field `{name}`, but `{}` has none of this name",
                    decl.name
                );
                self.sink
                    .push(Diagnostic::new(&codes::bad_input, span, message).help_if(help));
                continue;
            };
            let value = self.json_value(item, &field.ty, span);
            let value = self.fit_input(value, &field.ty, span);
            inner.set(index, value);
        }
        Value::new(Kind::Struct(Rc::new(inner)), span)
    }

    /// Names given by `-E` or `--inputs` that no input of the program has.
    pub(crate) fn unknown_given(&self) -> Option<UsageError> {
        let flags = self.given.flags.iter().map(|(name, _)| ("-E", name));
        let file = self.given.file.iter().map(|(name, _)| ("--inputs", name));
        let (option, name) = flags
            .chain(file)
            .find(|(_, name)| !self.inputs.contains_key(name.as_str()))?;
        let known: Vec<&str> = self.inputs.keys().map(SmolStr::as_str).collect();
        let help = near_name(name, known.iter().copied()).or_else(|| {
            Some(match known.as_slice() {
                [] => "the program declares no inputs; declare one: `input name: String`".to_string(),
                known => format!("its inputs are {}", known.join(", ")),
            })
        });
        Some(UsageError {
            message: format!("{option}: the program has no input `{name}`"),
            help,
        })
    }
}

/// A value from outside, before it has a type.
enum Outside<'a> {
    Flag(&'a str),
    File(&'a serde_json::Value),
}

fn given_value<'a>(given: &'a Given, name: &str) -> Option<Outside<'a>> {
    let flag = given
        .flags
        .iter()
        .rev()
        .find(|(own, _)| own == name)
        .map(|(_, text)| Outside::Flag(text));
    flag.or_else(|| {
        given
            .file
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, json)| Outside::File(json))
    })
}

/// The variable of a default `env("NAME")`.
pub(crate) fn env_name(default: Option<&Expr>) -> Option<SmolStr> {
    let ExprKind::Call { callee, args } = &default?.kind else {
        return None;
    };
    let is_env = matches!(&callee.kind, ExprKind::Name(name) if name == "env");
    match (is_env, args.as_slice()) {
        (true, [arg]) => match &arg.value.kind {
            ExprKind::Text(text) => match text.parts.as_slice() {
                [aur_grammar::tree::TextPart::Literal { text, .. }] => Some(SmolStr::from(text.as_ref())),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}
