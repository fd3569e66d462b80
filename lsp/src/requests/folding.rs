//! `textDocument/foldingRange`

use aur_compiler::editor::{self, FoldKind};
use gen_lsp_types::{FoldingRange, FoldingRangeKind, FoldingRangeParams};

use super::Answer;
use crate::snapshot::Snapshot;

pub(super) fn answer(snapshot: &Snapshot, params: FoldingRangeParams) -> Answer<Option<Vec<FoldingRange>>> {
    let Some(file) = snapshot.file(&params.text_document.uri) else {
        return Ok(None);
    };
    let folds = editor::folding(&file.open.document).into_iter().map(|fold| {
        let range = file.open.lines.range(fold.start, fold.end);
        FoldingRange {
            start_line: range.start.line,
            start_character: Some(range.start.character),
            end_line: range.end.line,
            end_character: Some(range.end.character),
            kind: Some(match fold.kind {
                FoldKind::Region => FoldingRangeKind::Region,
                FoldKind::Comment => FoldingRangeKind::Comment,
                FoldKind::Imports => FoldingRangeKind::Imports,
            }),
            collapsed_text: None,
        }
    });
    Ok(Some(folds.collect()))
}
