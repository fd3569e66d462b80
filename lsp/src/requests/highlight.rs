//! `textDocument/documentHighlight`

use aur_compiler::editor;
use gen_lsp_types::{DocumentHighlight, DocumentHighlightKind, DocumentHighlightParams};

use super::Answer;
use crate::snapshot::Snapshot;

pub(super) fn answer(
    snapshot: &Snapshot,
    params: DocumentHighlightParams,
) -> Answer<Option<Vec<DocumentHighlight>>> {
    let at = params.text_document_position_params;
    let Some(file) = snapshot.file(&at.text_document.uri) else {
        return Ok(None);
    };
    let offset = file.open.lines.offset(at.position);
    let names = editor::names(&file.host, file.name(), &snapshot.given());
    let own = || names.iter().filter(|name| &*name.at.path == file.name());
    let here = own().filter(|name| name.at.start <= offset && offset <= name.at.end);
    let Some(first) = here.min_by_key(|name| (name.at.end == offset, name.at.end - name.at.start)) else {
        return Ok(None);
    };
    let meant: Vec<_> = own()
        .filter(|name| name.at == first.at)
        .map(|name| &name.of)
        .collect();
    let mut out: Vec<DocumentHighlight> = Vec::new();
    for name in own().filter(|name| meant.contains(&&name.of)) {
        let kind = match name.at == name.of {
            true => DocumentHighlightKind::Write,
            false => DocumentHighlightKind::Read,
        };
        let highlight = DocumentHighlight {
            range: file.open.lines.range(name.at.start, name.at.end),
            kind: Some(kind),
        };
        if !out.contains(&highlight) {
            out.push(highlight);
        }
    }
    out.sort_by_key(|highlight| highlight.range.start);
    Ok(Some(out))
}
