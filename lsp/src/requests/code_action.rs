//! `textDocument/codeAction`: the fixes of `aurc check --fix`, one by one and all at once.

use aur_compiler::editor::Checked;
use aur_diagnostics::{Applicability, Boldness, Fix, apply_fixes};
use gen_lsp_types::{
    CodeAction, CodeActionKind, CodeActionParams, CodeActionResponse, Diagnostic, TextEdit, Uri,
};
use serde_json::{Value, json};

use super::{Answer, Failure, convert};
use crate::snapshot::{File, Snapshot};

/// What all fixes at once are called.
const FIX_ALL: CodeActionKind = CodeActionKind::Custom(std::borrow::Cow::Borrowed("source.fixAll.aur"));

pub(super) fn answer(
    snapshot: &Snapshot,
    params: CodeActionParams,
) -> Answer<Option<Vec<CodeActionResponse>>> {
    let Some(file) = snapshot.file(&params.text_document.uri) else {
        return Ok(None);
    };
    let checked = snapshot
        .checked(&file)
        .ok_or_else(|| Failure::refused("the text has changed"))?;
    let is_wanted = |kind: &CodeActionKind| {
        let wanted = params.context.only.as_ref();
        wanted.is_none_or(|wanted| wanted.iter().any(|wanted| covers(wanted, kind)))
    };
    let mut actions = Vec::new();
    if is_wanted(&CodeActionKind::QuickFix) {
        let (start, end) = file.open.lines.bytes(params.range);
        for found in &checked.diagnostics {
            let is_here = found.labels.iter().any(|label| {
                let name = checked.sources.get(label.span.file).map(|file| file.path());
                name == Some(file.name()) && label.span.start <= end && start <= label.span.end
            });
            let shown = convert::diagnostic(snapshot, &file.host, &checked.sources, found);
            if let Some((_, shown)) = shown.filter(|_| is_here) {
                let fixes = found
                    .fixes
                    .iter()
                    .filter(|fix| fix.applicability != Applicability::Display);
                actions.extend(fixes.filter_map(|fix| quick_fix(snapshot, &file, &checked, fix, &shown)));
            }
        }
        // The one that surely keeps the meaning comes first.
        actions.sort_by_key(|action| action.is_preferred != Some(true));
        actions.dedup_by(|second, first| second.title == first.title && second.edit == first.edit);
    }
    let safe = checked.diagnostics.iter().flat_map(|found| &found.fixes);
    if safe.filter(|fix| Boldness::Safe.takes(fix)).count() > 0 && is_wanted(&FIX_ALL) {
        actions.push(CodeAction {
            title: "make all safe fixes of this file".to_string(),
            kind: Some(FIX_ALL),
            data: Some(json!({ "uri": file.open.uri, "version": file.open.version })),
            ..CodeAction::default()
        });
    }
    Ok(Some(actions.into_iter().map(Into::into).collect()))
}

/// Whether a kind is another one, or one below it.
fn covers(wanted: &CodeActionKind, kind: &CodeActionKind) -> bool {
    let (wanted, kind) = (wanted.to_string(), kind.to_string());
    let below = kind.strip_prefix(&wanted);
    below.is_some_and(|below| wanted.is_empty() || below.is_empty() || below.starts_with('.'))
}

fn quick_fix(
    snapshot: &Snapshot,
    file: &File<'_>,
    checked: &Checked,
    fix: &Fix,
    shown: &Diagnostic,
) -> Option<CodeAction> {
    let edits = fix
        .edits
        .iter()
        .map(|edit| convert::fix_edit(&file.host, &checked.sources, edit));
    let edits: Option<Vec<(Uri, TextEdit)>> = edits.collect();
    Some(CodeAction {
        title: fix.title.clone(),
        kind: Some(CodeActionKind::QuickFix),
        diagnostics: Some(vec![shown.clone()]),
        is_preferred: Some(fix.applicability == Applicability::Safe),
        edit: Some(convert::workspace_edit(snapshot, &file.host, edits?)),
        ..CodeAction::default()
    })
}

/// `codeAction/resolve`: makes the edits of what fixes everything, as often as `aurc check --fix` does.
pub(super) fn resolve(snapshot: &Snapshot, mut action: CodeAction) -> Answer<CodeAction> {
    let uri = action
        .data
        .as_ref()
        .and_then(|data| data.get("uri"))
        .and_then(Value::as_str);
    let Some(file) = uri.and_then(|uri| snapshot.file(&Uri::from(uri))) else {
        return Ok(action);
    };
    let asked = action
        .data
        .as_ref()
        .and_then(|data| data.get("version"))
        .and_then(Value::as_i64);
    if asked != Some(file.open.version.into()) {
        return Err(Failure::refused(
            "the text has changed since the action was offered",
        ));
    }
    let checked = snapshot
        .checked(&file)
        .ok_or_else(|| Failure::refused("the text has changed"))?;
    let is_own = |id| {
        checked
            .sources
            .get(id)
            .is_some_and(|own| own.path() == file.name())
    };
    let mended = apply_fixes(&checked.sources, &checked.diagnostics, Boldness::Safe, is_own);
    let edits = mended.into_values().map(|mended| {
        let range = file.open.lines.range(0, file.open.document.text().len() as u32);
        let edit = TextEdit {
            range,
            new_text: mended.text,
        };
        (file.open.uri.clone(), edit)
    });
    action.edit = Some(convert::workspace_edit(snapshot, &file.host, edits));
    Ok(action)
}
