//! `workspace/diagnostic`

use std::collections::{BTreeMap, HashMap};

use gen_lsp_types::{
    FullDocumentDiagnosticReport, UnchangedDocumentDiagnosticReport, Uri, WorkspaceDiagnosticParams,
    WorkspaceDiagnosticReport, WorkspaceDocumentDiagnosticReport, WorkspaceFullDocumentDiagnosticReport,
    WorkspaceUnchangedDocumentDiagnosticReport,
};

use super::diagnostic::{by_file, name_of};
use super::{Answer, Failure};
use crate::published::Published;
use crate::snapshot::Snapshot;

pub(super) fn answer(
    snapshot: &Snapshot,
    params: WorkspaceDiagnosticParams,
) -> Answer<WorkspaceDiagnosticReport> {
    // What several programs find in one file is told once, as where it is pushed.
    let mut published = Published::default();
    let mut files = BTreeMap::new();
    let mut versions = HashMap::new();
    for path in snapshot.programs().iter() {
        let Some(file) = snapshot.program(path) else {
            continue;
        };
        let checked = snapshot
            .checked(&file)
            .ok_or_else(|| Failure::refused("the text has changed"))?;
        for (uri, diagnostics) in published.update(
            path.clone(),
            None,
            |_| false,
            by_file(snapshot, &file.host, &checked),
        ) {
            versions.insert(uri.to_string(), file.host.version(&uri));
            files.insert(uri.to_string(), diagnostics);
        }
    }
    let before: HashMap<String, String> = params
        .previous_result_ids
        .into_iter()
        .map(|known| (known.uri.to_string(), known.value))
        .collect();
    let items = files.into_iter().map(|(uri, items)| {
        let version = versions.get(&uri).copied().flatten();
        let result_id = name_of(&items);
        let is_known = before.get(&uri) == Some(&result_id);
        let uri = Uri::from(uri);
        match is_known {
            true => WorkspaceUnchangedDocumentDiagnosticReport {
                uri,
                version,
                unchanged_document_diagnostic_report: UnchangedDocumentDiagnosticReport { result_id },
            }
            .into(),
            false => WorkspaceFullDocumentDiagnosticReport {
                uri,
                version,
                full_document_diagnostic_report: FullDocumentDiagnosticReport {
                    result_id: Some(result_id),
                    items,
                },
            }
            .into(),
        }
    });
    let items: Vec<WorkspaceDocumentDiagnosticReport> = items.collect();
    Ok(WorkspaceDiagnosticReport { items })
}
