//! Where each leaf of a plan was written.

use std::collections::BTreeMap;
use std::rc::Rc;

use aur_diagnostics::{SourceMap, Span};
use aur_ir as ir;

/// A leaf of the plan.
pub(crate) struct Leaf {
    /// JSON pointer into the plan.
    pub(crate) pointer: String,
    /// Where it was written.
    pub(crate) span: Span,
    /// The places that were put into its text, in order of use.
    pub(crate) from: Option<Rc<Vec<Span>>>,
}

/// Turns the places of leaves into those of the plan; `files` are the plan's files.
pub(crate) fn plan_spans(
    leaves: Vec<Leaf>,
    sources: &SourceMap,
    files: &[ir::SourceFile],
) -> BTreeMap<String, ir::PlanSpan> {
    let index_of: Vec<Option<u32>> = sources
        .files()
        .map(|(_, file)| {
            let index = files.iter().position(|own| own.path == file.path());
            index.map(|index| index as u32)
        })
        .collect();
    // Leaves that follow each other mostly stand near each other.
    let mut line = 1;
    let mut convert = |span: Span| -> Option<ir::PlanSpan> {
        let file = index_of.get(span.file.0 as usize).copied().flatten()?;
        let start = sources.get(span.file)?.position_near(span.start, line);
        line = start.line;
        Some(ir::PlanSpan {
            column: start.column,
            end: span.end,
            file,
            from: Vec::new(),
            line: start.line,
            start: span.start,
        })
    };
    let mut leaves = leaves;
    let placed = in_order(&mut leaves).filter_map(|leaf| {
        let mut place = convert(leaf.span)?;
        if let Some(from) = &leaf.from {
            place.from = from.iter().filter_map(|span| convert(*span)).collect();
        }
        Some((std::mem::take(&mut leaf.pointer), place))
    });
    placed.collect()
}

/// Goes through leaves by pointer, so that the map is built without sorting ten times as long texts all over:
/// first those of each job are sorted among themselves, then the jobs.
fn in_order(leaves: &mut [Leaf]) -> impl Iterator<Item = &mut Leaf> {
    let mut groups: Vec<&mut [Leaf]> = leaves
        .chunk_by_mut(|one, next| owner(one) == owner(next))
        .collect();
    for group in &mut groups {
        group.sort_unstable_by(|one, other| one.pointer.cmp(&other.pointer));
    }
    groups.sort_by(|one, other| first(one).cmp(first(other)));
    groups.into_iter().flatten()
}

fn first(group: &[Leaf]) -> &str {
    group.first().map_or("", |leaf| &leaf.pointer)
}

/// The part of a pointer that names the job: `/jobs/7`.
fn owner(leaf: &Leaf) -> &str {
    let end = memchr::memchr_iter(b'/', leaf.pointer.as_bytes()).nth(2);
    leaf.pointer
        .get(..end.unwrap_or(leaf.pointer.len()))
        .unwrap_or("")
}
