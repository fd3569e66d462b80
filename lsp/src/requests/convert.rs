//! From our own data to that of the protocol.

use std::collections::HashMap;

use aur_diagnostics::{self as diagnostics, Edit, Severity, SourceMap, Span, codes};
use gen_lsp_types::{
    Code, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, DocumentChange,
    Location, OptionalVersionedTextDocumentIdentifier, TextDocumentEdit, TextDocumentIdentifier, TextEdit,
    Uri, WorkspaceEdit,
};

use crate::snapshot::{Host, Snapshot};

/// Where a span of an answer is for the client.
pub(super) fn location(host: &Host<'_>, sources: &SourceMap, span: Span) -> Option<Location> {
    let name = sources.get(span.file)?.path();
    Some(Location {
        uri: host.uri(name),
        range: host.lines(name)?.range(span.start, span.end),
    })
}

/// A diagnostic with all that is said about it; editors show one text.
pub(super) fn diagnostic(
    snapshot: &Snapshot,
    host: &Host<'_>,
    sources: &SourceMap,
    found: &diagnostics::Diagnostic,
) -> Option<(Uri, Diagnostic)> {
    let Location { uri, range } = location(host, sources, found.span()?)?;
    let mut message = found.message.clone();
    let label = found.labels.first().map_or("", |label| label.text.as_str());
    let lines = [label.to_string()].into_iter().filter(|text| !text.is_empty());
    let notes = found.notes.iter().map(|text| format!("note: {text}"));
    let help = found.help.iter().map(|text| format!("help: {text}"));
    for line in lines.chain(notes).chain(help) {
        message.push('\n');
        message.push_str(&line);
    }
    let related = found.labels.iter().skip(1).filter_map(|label| {
        Some(DiagnosticRelatedInformation {
            location: location(host, sources, label.span)?,
            message: label.text.clone(),
        })
    });
    let related = snapshot.client.related_information.then(|| related.collect());
    let tag = match found.code.id {
        id if id == codes::unused_binding.id => Some(DiagnosticTag::Unnecessary),
        id if id == codes::deprecated.id => Some(DiagnosticTag::Deprecated),
        _ => None,
    };
    let diagnostic = Diagnostic {
        range,
        severity: Some(match found.severity() {
            Severity::Error => DiagnosticSeverity::Error,
            Severity::Warning => DiagnosticSeverity::Warning,
        }),
        code: Some(Code::String(found.code.id.to_string())),
        source: Some("aur".to_string()),
        message: message.into(),
        tags: tag.map(|tag| vec![tag]),
        related_information: related.filter(|related: &Vec<_>| !related.is_empty()),
        ..Diagnostic::default()
    };
    Some((uri, diagnostic))
}

/// Edits by file, as the client takes them; each file's in order of place.
pub(super) fn workspace_edit(
    snapshot: &Snapshot,
    host: &Host<'_>,
    edits: impl IntoIterator<Item = (Uri, TextEdit)>,
) -> WorkspaceEdit {
    let mut files: Vec<(Uri, Vec<TextEdit>)> = Vec::new();
    for (uri, edit) in edits {
        match files.iter_mut().find(|(own, _)| *own == uri) {
            Some((_, edits)) => edits.push(edit),
            None => files.push((uri, vec![edit])),
        }
    }
    for (_, edits) in &mut files {
        edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
        edits.dedup();
    }
    if !snapshot.client.versioned_edits {
        return WorkspaceEdit {
            changes: Some(files.into_iter().collect::<HashMap<_, _>>()),
            ..WorkspaceEdit::default()
        };
    }
    let changes = files.into_iter().map(|(uri, edits)| {
        let version = host.version(&uri);
        DocumentChange::TextDocumentEdit(TextDocumentEdit {
            text_document: OptionalVersionedTextDocumentIdentifier {
                version,
                text_document_identifier: TextDocumentIdentifier { uri },
            },
            edits: edits.into_iter().map(Into::into).collect(),
        })
    });
    WorkspaceEdit {
        document_changes: Some(changes.collect()),
        ..WorkspaceEdit::default()
    }
}

/// An edit of a fix, with its file.
pub(super) fn fix_edit(host: &Host<'_>, sources: &SourceMap, edit: &Edit) -> Option<(Uri, TextEdit)> {
    let Location { uri, range } = location(host, sources, edit.span)?;
    let new_text = edit.text.clone();
    Some((uri, TextEdit { range, new_text }))
}
