//! `textDocument/diagnostic`

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use aur_compiler::editor::Checked;
use gen_lsp_types::{
    Diagnostic, DocumentDiagnosticParams, DocumentDiagnosticReport, FullDocumentDiagnosticReport,
    RelatedDocument, RelatedFullDocumentDiagnosticReport, RelatedUnchangedDocumentDiagnosticReport,
    UnchangedDocumentDiagnosticReport, Uri,
};

use super::{Answer, Failure, convert};
use crate::published::ByFile;
use crate::snapshot::{Host, Snapshot};

/// Diagnostics by the file they stand in; the entry file and all it includes are there, also without any.
pub(crate) fn by_file(snapshot: &Snapshot, host: &Host<'_>, checked: &Checked) -> ByFile {
    let names = checked.read.iter();
    let mut out: ByFile = names
        .map(|name| (host.uri(name).to_string(), Vec::new()))
        .collect();
    for found in &checked.diagnostics {
        if let Some((uri, diagnostic)) = convert::diagnostic(snapshot, host, &checked.sources, found) {
            out.entry(uri.to_string()).or_default().push(diagnostic);
        }
    }
    out
}

/// Names a list of diagnostics: equal lists have equal names.
pub(super) fn name_of(diagnostics: &[Diagnostic]) -> String {
    let mut hasher = DefaultHasher::new();
    serde_json::to_string(diagnostics)
        .unwrap_or_default()
        .hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

pub(super) fn answer(
    snapshot: &Snapshot,
    params: DocumentDiagnosticParams,
) -> Answer<DocumentDiagnosticReport> {
    let uri = params.text_document.uri;
    let Some(file) = snapshot.file(&uri) else {
        return Ok(full(Vec::new(), None));
    };
    // An estimate will do for a client that can be told to ask again.
    let checked = match snapshot.client.refreshes_diagnostics {
        true => snapshot.soon(&file).map(|(checked, _)| checked),
        false => snapshot.checked(&file),
    };
    let checked = checked.ok_or_else(|| Failure::refused("the text has changed"))?;
    snapshot.tell(&file.open.path, &checked);
    let mut found = by_file(snapshot, &file.host, &checked);
    let own = found.remove(&file.open.uri.to_string()).unwrap_or_default();
    let related = found.into_iter().filter(|(_, items)| !items.is_empty());
    let related = related.map(|(uri, items)| {
        let report = FullDocumentDiagnosticReport {
            result_id: Some(name_of(&items)),
            items,
        };
        (Uri::from(uri), RelatedDocument::from(report))
    });
    let related: HashMap<Uri, RelatedDocument> = related.collect();
    let related = (!related.is_empty()).then_some(related);
    if params.previous_result_id.as_deref() == Some(name_of(&own).as_str()) {
        let unchanged = RelatedUnchangedDocumentDiagnosticReport {
            related_documents: related,
            unchanged_document_diagnostic_report: UnchangedDocumentDiagnosticReport {
                result_id: name_of(&own),
            },
        };
        return Ok(unchanged.into());
    }
    Ok(full(own, related))
}

fn full(
    items: Vec<Diagnostic>,
    related_documents: Option<HashMap<Uri, RelatedDocument>>,
) -> DocumentDiagnosticReport {
    let report = RelatedFullDocumentDiagnosticReport {
        related_documents,
        full_document_diagnostic_report: FullDocumentDiagnosticReport {
            result_id: Some(name_of(&items)),
            items,
        },
    };
    report.into()
}
