//! `textDocument/inlayHint`

use aur_compiler::editor::{self, HintKind};
use gen_lsp_types::{InlayHint, InlayHintKind, InlayHintParams};

use super::Answer;
use crate::snapshot::Snapshot;

pub(super) fn answer(snapshot: &Snapshot, params: InlayHintParams) -> Answer<Option<Vec<InlayHint>>> {
    let Some(file) = snapshot.file(&params.text_document.uri) else {
        return Ok(None);
    };
    let (start, end) = file.open.lines.bytes(params.range);
    let found = editor::hints(&file.host, file.name(), &snapshot.given(), start, end);
    let hints = found.into_iter().map(|hint| InlayHint {
        position: file.open.lines.position(hint.at),
        label: hint.text.into(),
        kind: (hint.kind == HintKind::Type).then_some(InlayHintKind::Type),
        text_edits: None,
        tooltip: None,
        padding_left: Some(hint.kind != HintKind::Type),
        padding_right: None,
        data: None,
    });
    Ok(Some(hints.collect()))
}
