//! What stands where, noted while a program is evaluated: what each name means, and what each text becomes.
//!
//! Evaluating is the only place that knows what `{{x}}` is in which job, so nothing here guesses. Nothing is
//! noted unless somebody asks.

use aur_diagnostics::{FileId, Span};
use aur_grammar::tree::ItemKind;
use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;

use crate::eval::{Compiler, NOWHERE, simple_text};
use crate::json::text_of;
use crate::program::{Def, Program};
use crate::resolve::{Inside, Visible};
use crate::value::{Base, Bindings, Kind, Value};

/// Bytes of a value that are shown; a longer one is cut.
const SHOWN: usize = 2_000;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    /// An item, or an included file.
    Def(Def),
    /// What is named at this place: a field, a member, a name of a loop, a bound name.
    Named(Span),
}

/// A name and what it stands for; the name of a definition stands for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Use {
    pub(crate) at: Span,
    pub(crate) of: Target,
}

/// What a text, or a mustache in it, became.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Became {
    pub(crate) at: Span,
    pub(crate) text: String,
    /// Where what was put in is written.
    pub(crate) from: Option<Span>,
    /// Place in the list of jobs; none outside of jobs.
    pub(crate) job: Option<usize>,
}

/// Where somebody wants to know.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted {
    Everywhere,
    /// What touches these bytes.
    Within(FileId, u32, u32),
}

impl Wanted {
    fn takes(self, span: Span) -> bool {
        match self {
            Self::Everywhere => span.file != NOWHERE.file,
            Self::Within(file, start, end) => span.file == file && span.start <= end && start <= span.end,
        }
    }
}

/// What a mustache is asked, beside what it becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asking {
    /// Every name that it could ask for.
    Names,
    /// What stands inside of what it names.
    Inside,
}

/// What was noted, each once, in the order of evaluation.
pub(crate) struct Facts {
    wanted: Wanted,
    pub(crate) uses: IndexSet<Use, FxBuildHasher>,
    pub(crate) splices: IndexSet<Became, FxBuildHasher>,
    pub(crate) texts: IndexSet<Became, FxBuildHasher>,
    /// What is to be found out about the mustaches of the place.
    pub(crate) asking: Option<Asking>,
    /// What a mustache could ask for, nearest first.
    pub(crate) visible: IndexSet<Visible, FxBuildHasher>,
    /// What stands inside of what a mustache names.
    pub(crate) inside: IndexSet<Inside, FxBuildHasher>,
    /// Keys of the jobs that were lowered, as far as they are known, and where each is written.
    pub(crate) jobs: Vec<(String, Span)>,
    is_in_job: bool,
}

impl Facts {
    pub(crate) fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            uses: IndexSet::default(),
            splices: IndexSet::default(),
            texts: IndexSet::default(),
            asking: None,
            visible: IndexSet::default(),
            inside: IndexSet::default(),
            jobs: Vec::new(),
            is_in_job: false,
        }
    }

    /// The job that is being lowered.
    pub(crate) fn job(&self) -> Option<usize> {
        self.is_in_job.then_some(self.jobs.len())
    }

    /// Notes what defines something: items, members of structs and enums.
    pub(crate) fn declare(&mut self, program: &Program) {
        for (module, owner) in (0u32..).zip(&program.modules) {
            for (index, item) in (0u32..).zip(&owner.tree.items) {
                let base = Base {
                    file: owner.file,
                    offset: item.offset,
                };
                let members = match &item.node.kind {
                    ItemKind::Struct(item) => item.members.iter().map(|member| &member.name).collect(),
                    ItemKind::Enum { members, .. } => members.iter().collect(),
                    _ => Vec::new(),
                };
                for name in members {
                    let span = base.span(name.range);
                    self.note(span, Target::Named(span));
                }
                let def = Def::Item { module, item: index };
                if let Some(span) = program.name_span(def) {
                    self.note(span, Target::Def(def));
                }
            }
        }
    }

    fn note(&mut self, at: Span, of: Target) {
        if self.wanted.takes(at) && at.start < at.end {
            self.uses.insert(Use { at, of });
        }
    }
}

impl<'p> Compiler<'p> {
    /// Notes what a name stands for.
    pub(crate) fn note_use(&mut self, at: Span, of: Target) {
        if let Some(facts) = &mut self.facts {
            facts.note(at, of);
        }
    }

    /// Notes the use of a name that is bound there.
    pub(crate) fn note_bound(&mut self, at: Span, bindings: &std::rc::Rc<Bindings<'p>>, index: usize) {
        if self.facts.is_none() {
            return;
        }
        let written = self.bound_name(bindings, index);
        let value = bindings.get_index(index).map(|(_, value)| value.span);
        if let Some(place) = written.or(value) {
            self.note_use(at, Target::Named(place));
        }
    }

    /// Whether anybody wants to know about a place.
    pub(crate) fn is_wanted(&self, span: Span) -> bool {
        self.facts.as_ref().is_some_and(|facts| facts.wanted.takes(span))
    }

    /// Whether somebody asks this of the mustache at a place.
    pub(crate) fn is_asked(&self, at: Span, asking: Asking) -> bool {
        self.is_wanted(at)
            && self
                .facts
                .as_ref()
                .is_some_and(|facts| facts.asking == Some(asking))
    }

    /// Notes what a mustache gave.
    pub(crate) fn note_splice(&mut self, at: Span, value: &Value<'p>, settled: &Value<'p>) {
        if !self.is_wanted(at) {
            return;
        }
        let from = (value.span != NOWHERE).then_some(value.span);
        let text = shown(settled);
        if let Some(facts) = &mut self.facts {
            let job = facts.job();
            facts.splices.insert(Became { at, text, from, job });
        }
    }

    /// Notes what a text became.
    pub(crate) fn note_text(&mut self, at: Span, settled: &Value<'p>) {
        if !self.is_wanted(at) || settled.is_poison() {
            return;
        }
        let text = shown(settled);
        if let Some(facts) = &mut self.facts {
            let job = facts.job();
            let from = None;
            facts.texts.insert(Became { at, text, from, job });
        }
    }

    /// Says that a job is being lowered from here on.
    pub(crate) fn note_job_begins(&mut self) {
        if let Some(facts) = &mut self.facts {
            facts.is_in_job = true;
        }
    }

    /// Says what the job is called that was lowered; nothing where that is not known.
    pub(crate) fn note_job_ends(&mut self, key: Option<&str>, place: Span) {
        if let Some(facts) = &mut self.facts {
            facts.jobs.push((key.unwrap_or("").to_string(), place));
            facts.is_in_job = false;
        }
    }
}

/// A settled value as text, cut where it is long.
pub(crate) fn shown(value: &Value<'_>) -> String {
    let text = match &value.kind {
        Kind::Text(_) | Kind::Raw(_) | Kind::Pieces(_) => text_of(&value.kind),
        kind => simple_text(kind).map_or_else(|| crate::value::describe(kind), String::from),
    };
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}..", text.get(..end).unwrap_or("")),
        None => text,
    }
}
