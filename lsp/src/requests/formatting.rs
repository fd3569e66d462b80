//! `textDocument/formatting`

use gen_lsp_types::{DocumentFormattingParams, TextEdit};

use super::Answer;
use crate::snapshot::Snapshot;

pub(super) fn answer(snapshot: &Snapshot, params: DocumentFormattingParams) -> Answer<Option<Vec<TextEdit>>> {
    let Some(file) = snapshot.file(&params.text_document.uri) else {
        return Ok(None);
    };
    let text = file.open.document.text();
    let new_text = aur_compiler::editor::format(text);
    let edit = TextEdit {
        range: file.open.lines.range(0, text.len() as u32),
        new_text,
    };
    Ok(Some(vec![edit]))
}
