//! `textDocument/references`

use gen_lsp_types::{Location, ReferenceParams};

use super::Answer;
use super::uses::uses;
use crate::snapshot::Snapshot;

pub(super) fn answer(snapshot: &Snapshot, params: ReferenceParams) -> Answer<Option<Vec<Location>>> {
    let at = params.text_document_position_params;
    let Some(file) = snapshot.file(&at.text_document.uri) else {
        return Ok(None);
    };
    let offset = file.open.lines.offset(at.position);
    let with_definitions = params.context.include_declaration;
    let found = uses(snapshot, &file, offset)?;
    Ok(found.map(|uses| {
        let wanted = uses
            .found
            .into_iter()
            .filter(|found| with_definitions || !found.is_definition);
        wanted.map(|found| found.location).collect()
    }))
}
