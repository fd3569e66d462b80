//! Where each leaf of a value came from: where it was written, what was put into its text, and whose
//! default it is.

use aur_diagnostics::Span;
use aur_grammar::tree::{Expr, ExprKind};
use aur_ir::InputSource;
use serde_json::Value as Json;

use crate::eval::{Compiler, Context, NOWHERE};
use crate::json::Form;
use crate::resolve::{Env, Judge, enter, struct_env};
use crate::types::Type;
use crate::value::{Kind, Slot, Value};
use crate::{Answer, Given, Sources, evaluate};

/// A value with the origin of each of its leaves.
#[derive(Clone, Debug, PartialEq)]
pub struct Traced {
    /// The value, as [`crate::eval`] gives it.
    pub value: Json,
    /// In the order of fields and elements.
    pub origins: Vec<Origin>,
}

/// Where a leaf came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// Where it is in the value: a JSON pointer.
    pub pointer: String,
    /// The leaf.
    pub value: Json,
    /// Where it was written.
    pub place: Option<Via>,
    /// The struct whose default it is.
    pub default_of: Option<String>,
    /// What was put into its text, in the order of the text.
    pub via: Vec<Via>,
}

/// A place that a leaf came by.
#[derive(Clone, Debug, PartialEq)]
pub struct Via {
    /// The place.
    pub span: Span,
    /// The input that is named there, and who gave its value.
    pub input: Option<(String, Option<InputSource>)>,
}

/// Evaluates `expr` as [`crate::eval`] does and tells where each leaf came from.
pub fn eval_with_origins(host: &dyn Sources, entry: &str, given: &Given, expr: &str) -> Answer<Traced> {
    evaluate(host, entry, given, expr, |compiler, context, tree| {
        let value = compiler.eval(context, tree, &Type::Any);
        let root = compiler.root_env();
        let json = compiler.json_of(&value, &root, Form::Printed);
        // What is evaluated once more was reported before.
        compiler.sink.is_second_look = true;
        let mut tracer = Tracer {
            compiler,
            pointer: String::new(),
            origins: Vec::new(),
        };
        let found = tracer.find(context, tree, &root);
        tracer.trace(&found);
        Traced {
            value: json,
            origins: tracer.origins,
        }
    })
}

/// A value in its place.
struct Found<'p> {
    value: Value<'p>,
    env: Env<'p>,
    /// The struct whose default it is.
    default_of: Option<String>,
}

struct Tracer<'c, 'p> {
    compiler: &'c mut Compiler<'p>,
    pointer: String,
    origins: Vec<Origin>,
}

impl<'p> Tracer<'_, 'p> {
    /// Finds the value of an expression where it was written: reading a field gives the field's own place.
    fn find(&mut self, context: &Context<'p>, expr: &'p Expr, root: &Env<'p>) -> Found<'p> {
        if let ExprKind::Field { base, name } = &expr.kind {
            let parent = self.find(context, base, root);
            if let Kind::Struct(inner) = &parent.value.kind
                && let Some(index) = inner.decl.field(&name.name)
                && let Some(found) = self.field(&parent, index)
            {
                return found;
            }
        }
        if let ExprKind::Index { base, index } = &expr.kind {
            let parent = self.find(context, base, root);
            let index = self.compiler.eval(context, index, &Type::Any);
            if let (Kind::List(items), Kind::Int(index)) = (&parent.value.kind, &index.kind)
                && let Some(item) = usize::try_from(*index).ok().and_then(|index| items.get(index))
            {
                return Found {
                    value: item.clone(),
                    env: enter(&parent.env, &parent.value.scopes),
                    default_of: parent.default_of,
                };
            }
        }
        Found {
            value: self.compiler.eval(context, expr, &Type::Any),
            env: root.clone(),
            default_of: None,
        }
    }

    fn field(&mut self, parent: &Found<'p>, index: usize) -> Option<Found<'p>> {
        let Kind::Struct(inner) = &parent.value.kind else {
            return None;
        };
        let value = self.compiler.attribute(inner, index)?;
        let is_default = matches!(inner.slot(index), Slot::Default);
        let default_of = is_default.then(|| inner.decl.name.to_string());
        Some(Found {
            value,
            env: struct_env(&parent.env, inner, &parent.value.scopes),
            default_of: default_of.or_else(|| parent.default_of.clone()),
        })
    }

    fn trace(&mut self, found: &Found<'p>) {
        stacker::maybe_grow(128 << 10, 2 << 20, || self.trace_kind(found));
    }

    fn trace_kind(&mut self, found: &Found<'p>) {
        let inner_env = || enter(&found.env, &found.value.scopes);
        let below = |value: &Value<'p>, env: &Env<'p>| Found {
            value: value.clone(),
            env: env.clone(),
            default_of: found.default_of.clone(),
        };
        match &found.value.kind {
            Kind::Poison | Kind::Unset => {}
            Kind::List(items) if !items.is_empty() => {
                let env = inner_env();
                for (index, item) in items.iter().enumerate() {
                    self.step(&index.to_string(), &below(item, &env));
                }
            }
            Kind::Map(pairs) if !pairs.is_empty() => {
                let env = inner_env();
                for (key, item) in pairs.iter() {
                    let key = self.compiler.json_of(key, &env, Form::Printed);
                    let key = key.as_str().map_or_else(|| key.to_string(), str::to_string);
                    self.step(&key, &below(item, &env));
                }
            }
            Kind::Namespace(entries) if !entries.is_empty() => {
                let env = inner_env();
                for (name, item) in entries.iter() {
                    self.step(name, &below(item, &env));
                }
            }
            Kind::Struct(inner) => {
                for (index, field) in inner.decl.fields.iter().enumerate() {
                    if let Some(value) = self.field(found, index) {
                        self.step(&field.name, &value);
                    }
                }
            }
            _ => self.leaf(found),
        }
    }

    /// Goes one step down.
    fn step(&mut self, name: &str, found: &Found<'p>) {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
        self.trace(found);
        self.pointer.truncate(length);
    }

    fn leaf(&mut self, found: &Found<'p>) {
        let from = self
            .compiler
            .settle_from(&found.value, &found.env, Judge::Later)
            .from;
        let mut via: Vec<Via> = Vec::new();
        for span in from.iter().flat_map(|from| from.iter()) {
            if !via.iter().any(|own| own.span == *span) {
                via.push(self.via(*span));
            }
        }
        let span = found.value.span;
        let origin = Origin {
            pointer: self.pointer.clone(),
            value: self.compiler.json_of(&found.value, &found.env, Form::Printed),
            place: (span != NOWHERE).then(|| self.via(span)),
            default_of: found.default_of.clone(),
            via,
        };
        self.origins.push(origin);
    }

    fn via(&self, span: Span) -> Via {
        let name = self.compiler.program.sources.text(span);
        let input = self
            .compiler
            .inputs
            .get(name)
            .map(|input| (name.to_string(), input.source));
        Via { span, input }
    }
}
