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
    let convert = |span: Span| -> Option<ir::PlanSpan> {
        let file = index_of.get(span.file.0 as usize).copied().flatten()?;
        let start = sources.get(span.file)?.position(span.start);
        Some(ir::PlanSpan {
            column: start.column,
            end: span.end,
            file,
            from: Vec::new(),
            line: start.line,
            start: span.start,
        })
    };
    let placed = leaves.into_iter().filter_map(|leaf| {
        let mut place = convert(leaf.span)?;
        if let Some(from) = &leaf.from {
            place.from = from.iter().filter_map(|span| convert(*span)).collect();
        }
        Some((leaf.pointer, place))
    });
    placed.collect()
}
