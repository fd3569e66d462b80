//! `textDocument/formatting`, `rangeFormatting` and `onTypeFormatting`: the layout of `aurc fmt`.

use aur_compiler::editor;
use gen_lsp_types::{
    DocumentFormattingParams, DocumentOnTypeFormattingParams, DocumentRangeFormattingParams, TextEdit,
};

use super::Answer;
use crate::position::Lines;
use crate::snapshot::Snapshot;

pub(super) fn whole(snapshot: &Snapshot, params: DocumentFormattingParams) -> Answer<Option<Vec<TextEdit>>> {
    let file = snapshot.file(&params.text_document.uri);
    Ok(file.map(|file| {
        let edits = editor::format_edits(&file.open.document);
        converted(&file.open.lines, edits)
    }))
}

pub(super) fn range(
    snapshot: &Snapshot,
    params: DocumentRangeFormattingParams,
) -> Answer<Option<Vec<TextEdit>>> {
    let file = snapshot.file(&params.text_document.uri);
    Ok(file.map(|file| {
        let (start, end) = file.open.lines.bytes(params.range);
        let edits = editor::format_range(&file.open.document, start, end);
        converted(&file.open.lines, edits)
    }))
}

pub(super) fn on_newline(
    snapshot: &Snapshot,
    params: DocumentOnTypeFormattingParams,
) -> Answer<Option<Vec<TextEdit>>> {
    let file = snapshot.file(&params.text_document.uri);
    Ok(file.map(|file| {
        let offset = file.open.lines.offset(params.position);
        let edits = editor::format_on_newline(&file.open.document, offset);
        converted(&file.open.lines, edits)
    }))
}

fn converted(lines: &Lines, edits: Vec<editor::TextEdit>) -> Vec<TextEdit> {
    let edits = edits.into_iter().map(|edit| TextEdit {
        range: lines.range(edit.start, edit.end),
        new_text: edit.text,
    });
    edits.collect()
}
