//! What is wrong with a program just after a key: what the key touched is judged, the rest is as it was.
//!
//! An estimate, to be shown until the whole is judged: what a changed item causes in others by way of texts is
//! seen only in jobs that name it.

use aur_diagnostics::{Diagnostic, SourceMap, Span, codes};
use aur_grammar::tree::{Expr, ExprKind, Item, ItemKind, Tree};
use rustc_hash::FxHashSet;
use smol_str::SmolStr;

use super::change::Change;
use super::diagnostics::{Checked, files_of};
use super::needs::dependents;
use super::{ENTRY_FILE, names_any};
use crate::lower::{JobsWritten, Part};
use crate::program::{Program, item_name, load};
use crate::value::Base;
use crate::{ENTRY_MODULE, Given, Sources, has_errors, in_order, judge};

/// To judge more than this by itself would take about as long as to judge everything.
const MOST_BYTES: u64 = 32 << 10;

/// Where more names than these need what has changed, they wait for the whole.
const MOST_NAMES: usize = 64;

/// Where more jobs than these name what has changed, they wait for the whole.
const MOST_JOBS: usize = 16;

/// Estimates what [`super::diagnostics`] will say, from what was found in an earlier text of the entry file.
///
/// There is no answer where it would not come sooner: much has changed, or other things than values.
pub fn soon(host: &dyn Sources, entry: &str, given: &Given, earlier: &Checked) -> Option<Checked> {
    let (program, faults, found) = load(host, entry, &given.limits);
    found.ok()?;
    let now = &program.modules.get(ENTRY_MODULE as usize)?.tree;
    let before = &earlier.tree;
    let change = Change::between(before, now);
    if !change.is_of_values(before, now, MOST_BYTES) || !are_others_equal(&program.sources, &earlier.sources)
    {
        return None;
    }
    let names = touched(&program, change.gone(before).iter().chain(change.come(now)));
    let mut looked_at: Vec<Span> = Vec::new();
    let (judged, _) = judge(&program, host, given, |lowering| {
        let touched = Touched {
            program: &program,
            change: &change,
            names: &names,
        };
        let written = lowering.jobs_written();
        let jobs = written
            .as_ref()
            .map(|written| touched.jobs(written, &plain_jobs(before)));
        let is_whole = jobs.as_ref().is_none_or(|jobs| jobs.len() <= MOST_JOBS);
        let part = Part {
            items: touched.items(written.as_ref()),
            jobs: jobs.filter(|_| is_whole).unwrap_or_default(),
        };
        if is_whole {
            looked_at = places(&program, written.as_ref(), &part);
        }
        lowering.part(&part);
    });
    if given.cancel.is_cancelled() {
        return None;
    }
    let moved = earlier
        .judged
        .iter()
        .filter_map(|found| found.moved(|span| change.place(span)));
    let is_left = |found: &Diagnostic| !found.span().is_some_and(|span| is_within(&looked_at, span));
    let judged = joined(moved.filter(is_left).collect(), judged, |span| {
        change.is_new_place(span) || is_within(&looked_at, span)
    });
    Some(Checked {
        diagnostics: in_order(faults, told(&judged)),
        judged,
        tree: now.clone(),
        read: files_of(&program.sources),
        sources: program.sources,
    })
}

/// Whether the files beside the entry file are the same.
fn are_others_equal(one: &SourceMap, other: &SourceMap) -> bool {
    let texts = |sources: &SourceMap| {
        let files = sources.files().skip(1);
        files
            .map(|(_, file)| (file.path().to_string(), file.text().clone()))
            .collect::<Vec<_>>()
    };
    texts(one) == texts(other)
}

/// The names of some items, and those that need them; the direct ones alone where these are many.
fn touched<'a>(program: &Program, items: impl Iterator<Item = &'a Item>) -> FxHashSet<SmolStr> {
    let names = items.filter_map(|item| item_name(&item.node.kind));
    let own: FxHashSet<SmolStr> = names.map(|name| name.name.clone()).collect();
    #[allow(clippy::iter_over_hash_type, reason = "gathered in a set")]
    let all: FxHashSet<SmolStr> = own.iter().flat_map(|name| dependents(program, name)).collect();
    match all.len() <= MOST_NAMES {
        true => all,
        false => own,
    }
}

/// The jobs that an earlier tree lists by a name alone.
fn plain_jobs(before: &Tree) -> FxHashSet<&str> {
    let values = before.items.iter().filter_map(|item| match &item.node.kind {
        ItemKind::Assign { name, value, .. } if name.name == "jobs" => Some(&value.kind),
        _ => None,
    });
    let elements = values.filter_map(|kind| match kind {
        ExprKind::List(elements) => Some(elements),
        _ => None,
    });
    elements.flatten().filter_map(plain_name).collect()
}

fn plain_name(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        _ => None,
    }
}

/// What a change may have touched.
struct Touched<'a> {
    program: &'a Program,
    change: &'a Change,
    names: &'a FxHashSet<SmolStr>,
}

impl<'a> Touched<'a> {
    /// Elements of the list of jobs: those that name what has changed, are new, or name nothing.
    fn jobs(&self, written: &JobsWritten<'a>, before: &FxHashSet<&str>) -> Vec<&'a Expr> {
        let is_new = self.change.is_new(written.item);
        let is_settled =
            |name: &str| before.contains(name) && self.program.lookup(ENTRY_MODULE, name).is_some();
        let elements = written.elements().unwrap_or(&[]).iter();
        let touched = elements.filter(|expr| {
            names_any(expr, self.names) || is_new && !plain_name(expr).is_some_and(is_settled)
        });
        touched.collect()
    }

    /// Items but for the list of jobs, where its elements are judged one by one or did not change.
    fn items(&self, written: Option<&JobsWritten<'_>>) -> Vec<u32> {
        let apart = written.filter(|jobs| jobs.elements().is_some() || !self.change.is_new(jobs.item));
        let apart = apart.map(|jobs| jobs.item);
        let items = self.program.modules.get(ENTRY_MODULE as usize).into_iter();
        let items = (0u32..).zip(items.flat_map(|module| &module.tree.items));
        let touched = items.filter(|(index, item)| Some(*index) != apart && self.is_touched(*index, item));
        touched.map(|(index, _)| index).collect()
    }

    fn is_touched(&self, index: u32, item: &Item) -> bool {
        match &item.node.kind {
            ItemKind::Assign { name, .. } => self.change.is_new(index) || self.names.contains(&name.name),
            ItemKind::Check(_) | ItemKind::Test(_) => {
                let text = self.program.sources.text(place_of(item));
                self.names.iter().any(|name| text.contains(name.as_str()))
            }
            _ => false,
        }
    }
}

fn place_of(item: &Item) -> Span {
    let base = Base {
        file: ENTRY_FILE,
        offset: item.offset,
    };
    base.span(item.node.range)
}

/// Where the part stands.
fn places(program: &Program, written: Option<&JobsWritten<'_>>, part: &Part<'_>) -> Vec<Span> {
    let items = part
        .items
        .iter()
        .filter_map(|index| program.item(ENTRY_MODULE, *index));
    let items = items.map(|(item, base)| base.span(item.node.range));
    let base = written.and_then(|jobs| program.item(ENTRY_MODULE, jobs.item));
    let jobs = part.jobs.iter().filter_map(|expr| Some(base?.1.span(expr.range)));
    items.chain(jobs).collect()
}

fn is_within(places: &[Span], span: Span) -> bool {
    let holds = |place: &Span| place.file == span.file && place.start <= span.start && span.end <= place.end;
    places.iter().any(holds)
}

/// What was found before and holds, and what was found now; `is_own` says whether a place was judged now.
fn joined(before: Vec<Diagnostic>, now: Vec<Diagnostic>, is_own: impl Fn(Span) -> bool) -> Vec<Diagnostic> {
    let key = |found: &Diagnostic| (found.code.id, found.span());
    let known: FxHashSet<_> = before.iter().map(key).collect();
    // A part does not show who else asks for a name.
    let is_seen =
        |found: &Diagnostic| found.code.id != codes::unused_binding.id || found.span().is_some_and(&is_own);
    let new = now
        .into_iter()
        .filter(|found| !known.contains(&key(found)) && is_seen(found));
    before.iter().cloned().chain(new).collect()
}

/// What is told of it: whether a name is asked for is not known while there are errors.
fn told(judged: &[Diagnostic]) -> Vec<Diagnostic> {
    let has_errors = has_errors(judged);
    let is_told = |found: &&Diagnostic| !has_errors || found.code.id != codes::unused_binding.id;
    judged.iter().filter(is_told).cloned().collect()
}
