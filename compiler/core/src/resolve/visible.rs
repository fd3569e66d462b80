//! Which names a mustache could ask for.

use aur_diagnostics::Span;
use smol_str::SmolStr;

use super::Judge;
use super::frames::{Env, Frame};
use crate::eval::{Compiler, NOWHERE};
use crate::facts::shown;
use crate::value::{Kind, Value};

/// So many names are told; more nobody reads.
const MOST: usize = 500;

/// A name that a mustache could ask for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Visible {
    pub(crate) name: SmolStr,
    /// Who gives it: `bind`, `input`, or the struct whose field it is.
    pub(crate) giver: SmolStr,
    /// Where its value is written.
    pub(crate) from: Option<Span>,
    pub(crate) value: Option<String>,
    /// Place in the list of jobs; none outside of jobs.
    pub(crate) job: Option<usize>,
}

impl<'p> Compiler<'p> {
    /// Notes what a mustache could ask for, if anybody wants to know.
    pub(super) fn note_visible(&mut self, at: Span, env: &Env<'p>) {
        if !self.is_wanted(at) || !self.facts.as_ref().is_some_and(|facts| facts.wants_visible) {
            return;
        }
        let job = self.facts.as_ref().and_then(|facts| facts.job());
        let mut next = Some(env.clone());
        let mut found: Vec<Visible> = Vec::new();
        while let Some(node) = next {
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
