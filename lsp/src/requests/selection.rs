//! `textDocument/selectionRange`

use aur_compiler::editor;
use gen_lsp_types::{SelectionRange, SelectionRangeParams};

use super::Answer;
use crate::snapshot::Snapshot;

pub(super) fn answer(
    snapshot: &Snapshot,
    params: SelectionRangeParams,
) -> Answer<Option<Vec<SelectionRange>>> {
    let Some(file) = snapshot.file(&params.text_document.uri) else {
        return Ok(None);
    };
    let lines = &file.open.lines;
    let chain = |position| {
        let ranges = editor::selection(&file.open.document, lines.offset(position));
        // From the widest inwards, each the parent of the next.
        let mut found: Option<SelectionRange> = None;
        for (start, end) in ranges.into_iter().rev() {
            found = Some(SelectionRange {
                range: lines.range(start, end),
                parent: found.map(Box::new),
            });
        }
        found.unwrap_or_else(|| SelectionRange {
            range: lines.range(lines.offset(position), lines.offset(position)),
            parent: None,
        })
    };
    Ok(Some(params.positions.into_iter().map(chain).collect()))
}
