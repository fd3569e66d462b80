//! Which names a mustache could ask for, and what stands inside of what it names.

use aur_diagnostics::Span;
use smol_str::SmolStr;

use super::Judge;
use super::find::{Asked, Part, struct_around};
use super::frames::{Env, Frame, enter, struct_env};
use crate::editor::type_told;
use crate::eval::{Compiler, NOWHERE};
use crate::facts::{Asking, shown};
use crate::program::Def;
use crate::types::Type;
use crate::value::{Kind, Slot, StructValue, Value};

/// So many names are told; more nobody reads.
const MOST: usize = 500;

/// A name that a mustache could ask for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Visible {
    pub(crate) name: SmolStr,
    /// Who gives it: `bind`, `input`, or the struct whose field it is.
    pub(crate) giver: SmolStr,
    /// The struct whose field it is.
    pub(crate) of: Option<Def>,
    /// Where its value is written.
    pub(crate) from: Option<Span>,
    pub(crate) value: Option<String>,
    /// Place in the list of jobs; none outside of jobs.
    pub(crate) job: Option<usize>,
}

/// Something that stands inside of what a mustache names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Inside {
    pub(crate) name: SmolStr,
    pub(crate) how: Reached,
    /// Where its value is written.
    pub(crate) from: Option<Span>,
    pub(crate) value: Option<String>,
    /// Place in the list of jobs; none outside of jobs.
    pub(crate) job: Option<usize>,
}

/// How something inside of a value is read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reached {
    /// `.name`: a field of the struct that is declared there.
    Field {
        of: Def,
        /// Whether it is given, not left to its default.
        is_given: bool,
    },
    /// `.name` of something bound, with its type.
    Name(String),
    /// `[key]`, with the type of what is found.
    Key(String),
}

impl<'p> Compiler<'p> {
    /// Notes what a mustache could ask for, if anybody wants to know.
    pub(super) fn note_visible(&mut self, at: Span, env: &Env<'p>) {
        if !self.is_asked(at, Asking::Names) {
            return;
        }
        let job = self.facts.as_ref().and_then(|facts| facts.job());
        let mut next = Some(env.clone());
        let mut found: Vec<Visible> = Vec::new();
        while let Some(node) = next {
            let of = match &node.frame {
                Frame::Attributes(inner) => Some(inner.decl.def),
                Frame::Inputs(_) | Frame::Bindings(_) | Frame::Element(_) => None,
            };
            for (name, giver, value) in self.given_by(&node.frame) {
                let is_hidden = found.iter().any(|own| own.name == name);
                if is_hidden || found.len() >= MOST {
                    continue;
                }
                let from = value
                    .as_ref()
                    .map(|value| value.span)
                    .filter(|span| *span != NOWHERE);
                // What is bound is read at the place that asks, a field in its struct.
                let home = match &node.frame {
                    Frame::Bindings(_) => env,
                    Frame::Inputs(_) | Frame::Attributes(_) | Frame::Element(_) => &node,
                };
                let value = value.and_then(|value| self.value_shown(&value, home));
                found.push(Visible {
                    name,
                    giver,
                    of,
                    from,
                    value,
                    job,
                });
            }
            next = node.next.clone();
        }
        if let Some(facts) = &mut self.facts {
            facts.visible.extend(found);
        }
    }

    /// Notes what stands inside of what a mustache names; says whether anybody wanted to know.
    pub(super) fn note_inside(&mut self, at: Span, address: &[Part], env: &Env<'p>) -> bool {
        if !self.is_asked(at, Asking::Inside) {
            return false;
        }
        let around = match address {
            [word] if matches!(word.text.as_str(), "self" | "super") => struct_around(&word.text, env),
            _ => None,
        };
        let mut found = match around {
            Some((inner, frame)) => self.fields_inside(&inner, &frame),
            None => match self.ask(address, env, Judge::Later) {
                Ok(Asked::Found(value, env)) => self.inside(&value, &env),
                _ => Vec::new(),
            },
        };
        found.truncate(MOST);
        if let Some(facts) = &mut self.facts {
            let job = facts.job();
            facts
                .inside
                .extend(found.into_iter().map(|own| Inside { job, ..own }));
        }
        true
    }

    fn inside(&mut self, value: &Value<'p>, env: &Env<'p>) -> Vec<Inside> {
        let inner = enter(env, &value.scopes);
        match &value.kind {
            Kind::Struct(own) => self.fields_inside(own, &struct_env(env, own, &value.scopes)),
            Kind::Opaque(ty) => self.fields_of(ty),
            Kind::Namespace(entries) => {
                let entries = entries.iter().take(MOST);
                let told = entries.map(|(name, found)| {
                    let how = Reached::Name(type_told(&found.kind));
                    self.told(name.clone(), how, found, &inner)
                });
                told.collect()
            }
            Kind::Map(pairs) => {
                let told = pairs.iter().take(MOST).map(|(key, found)| {
                    let key = self.value_shown(key, &inner)?;
                    // Braces and brackets would end the key.
                    let is_plain = !key.is_empty() && !key.contains(['[', ']', '{', '}', '"', '\\', '\n']);
                    let how = Reached::Key(type_told(&found.kind));
                    is_plain.then(|| self.told(key.into(), how, found, &inner))
                });
                told.flatten().collect()
            }
            Kind::List(items) => {
                let told = items.iter().take(MOST).enumerate().map(|(at, found)| {
                    let how = Reached::Key(type_told(&found.kind));
                    self.told(at.to_string().into(), how, found, &inner)
                });
                told.collect()
            }
            _ => Vec::new(),
        }
    }

    fn told(&mut self, name: SmolStr, how: Reached, value: &Value<'p>, env: &Env<'p>) -> Inside {
        Inside {
            name,
            how,
            from: Some(value.span).filter(|span| *span != NOWHERE),
            value: self.value_shown(value, env),
            job: None,
        }
    }

    /// The fields that have a value: what is not set cannot be asked for.
    fn fields_inside(&mut self, inner: &StructValue<'p>, frame: &Env<'p>) -> Vec<Inside> {
        let mut out = Vec::new();
        for (index, field) in inner.decl.fields.iter().enumerate() {
            if let Some(value) = self.attribute(inner, index) {
                let how = Reached::Field {
                    of: inner.decl.def,
                    is_given: matches!(inner.slot(index), Slot::Set(_)),
                };
                out.push(self.told(field.name.clone(), how, &value, frame));
            }
        }
        out
    }

    /// The fields of what is known by its type alone.
    fn fields_of(&mut self, ty: &Type<'p>) -> Vec<Inside> {
        let Type::Struct(of, _) = ty.plain() else {
            return Vec::new();
        };
        let of = *of;
        let decl = self.struct_decl(of);
        let fields = decl.iter().flat_map(|decl| &decl.fields);
        let told = fields.map(|field| Inside {
            name: field.name.clone(),
            how: Reached::Field { of, is_given: false },
            from: None,
            value: None,
            job: None,
        });
        told.collect()
    }

    fn given_by(&mut self, frame: &Frame<'p>) -> Vec<(SmolStr, SmolStr, Option<Value<'p>>)> {
        match frame {
            Frame::Inputs(_) => {
                let inputs = self.inputs.iter();
                inputs
                    .map(|(name, input)| (name.clone(), "input".into(), Some(input.value.clone())))
                    .collect()
            }
            Frame::Bindings(bindings) => {
                let bound = bindings.iter();
                bound
                    .map(|(name, value)| (name.clone(), "bind".into(), Some(value.clone())))
                    .collect()
            }
            Frame::Attributes(inner) => {
                let fields = inner.decl.fields.iter().enumerate();
                let given = fields.filter_map(|(index, field)| {
                    let value = self.attribute(inner, index)?;
                    Some((field.name.clone(), inner.decl.name.clone(), Some(value)))
                });
                given.collect()
            }
            Frame::Element(value) => vec![(".".into(), "section".into(), Some(value.clone()))],
        }
    }

    /// A simple value as text; others have none that could be put into one.
    fn value_shown(&mut self, value: &Value<'p>, env: &Env<'p>) -> Option<String> {
        match &value.kind {
            Kind::List(_) | Kind::Map(_) | Kind::Struct(_) | Kind::Namespace(_) => None,
            Kind::Poison | Kind::Unset => None,
            // Looking must not say anything.
            Kind::Text(_) => {
                self.sink.hypothetical += 1;
                let settled = self.settle(value, env, Judge::Later);
                self.sink.hypothetical -= 1;
                // The text that asks cannot be put into itself.
                (!settled.is_poison()).then(|| shown(&settled))
            }
            _ => Some(shown(value)),
        }
    }
}
