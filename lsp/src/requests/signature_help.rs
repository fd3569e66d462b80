//! `textDocument/signatureHelp`

use aur_compiler::editor;
use gen_lsp_types::{
    Documentation, MarkupContent, MarkupKind, ParameterInformation, ParameterInformationLabel, SignatureHelp,
    SignatureHelpParams, SignatureInformation,
};

use super::Answer;
use crate::snapshot::Snapshot;

pub(super) fn answer(snapshot: &Snapshot, params: SignatureHelpParams) -> Answer<Option<SignatureHelp>> {
    let at = params.text_document_position_params;
    let Some(file) = snapshot.file(&at.text_document.uri) else {
        return Ok(None);
    };
    let offset = file.open.lines.offset(at.position);
    let found = editor::signature(&file.host, file.name(), &snapshot.given(), offset);
    Ok(found.map(|found| {
        // Places in a label are UTF-16 whatever was agreed on.
        let place = |at: u32| {
            let before = found.label.get(..at as usize).unwrap_or("");
            before.encode_utf16().count() as u32
        };
        let parameters = found.parameters.iter().map(|parameter| {
            let written = found.label.get(parameter.start as usize..parameter.end as usize);
            ParameterInformation {
                label: match snapshot.client.label_offsets {
                    true => ParameterInformationLabel::Tuple((place(parameter.start), place(parameter.end))),
                    false => written.unwrap_or("").to_string().into(),
                },
                documentation: documentation(snapshot, parameter.doc.as_deref()),
            }
        });
        // An index behind the last parameter is none of them.
        let active = found.active.unwrap_or(found.parameters.len() as u32);
        SignatureHelp {
            signatures: vec![SignatureInformation {
                label: found.label.clone(),
                documentation: documentation(snapshot, found.doc.as_deref()),
                parameters: Some(parameters.collect()),
                ..SignatureInformation::default()
            }],
            active_signature: Some(0),
            active_parameter: Some(active.into()),
        }
    }))
}

fn documentation(snapshot: &Snapshot, doc: Option<&str>) -> Option<Documentation> {
    let kind = match snapshot.client.markdown_in_completions {
        true => MarkupKind::Markdown,
        false => MarkupKind::PlainText,
    };
    let value = doc?.to_string();
    Some(MarkupContent { kind, value }.into())
}
