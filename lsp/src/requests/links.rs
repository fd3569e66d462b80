//! `textDocument/documentLink`

use aur_compiler::editor;
use gen_lsp_types::{DocumentLink, DocumentLinkParams};

use super::Answer;
use crate::snapshot::Snapshot;

pub(super) fn answer(snapshot: &Snapshot, params: DocumentLinkParams) -> Answer<Option<Vec<DocumentLink>>> {
    let Some(file) = snapshot.file(&params.text_document.uri) else {
        return Ok(None);
    };
    let links = editor::links(&file.open.document)
        .into_iter()
        .map(|link| DocumentLink {
            range: file.open.lines.range(link.start, link.end),
            target: Some(file.host.uri(&link.target)),
            tooltip: snapshot.client.link_tooltips.then_some(link.target),
            data: None,
        });
    Ok(Some(links.collect()))
}
