//! `textDocument/prepareRename` and `textDocument/rename`
//!
//! A rename is made whole or refused: the changed programs are checked before the edits are handed out, and
//! where one of them would have an error that it has not now, the user is told which.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use aur_compiler::editor::{self, NameKind};
use aur_diagnostics::Severity;
use gen_lsp_types::{
    PrepareRenameParams, PrepareRenamePlaceholder, PrepareRenameResult, RenameParams,
    TextDocumentPositionParams, TextEdit, WorkspaceEdit,
};

use super::uses::{Found, Uses, uses};
use super::{Answer, Failure, convert};
use crate::documents::Open;
use crate::position::Lines;
use crate::snapshot::{File, Snapshot};

pub(super) fn prepare(
    snapshot: &Snapshot,
    params: PrepareRenameParams,
) -> Answer<Option<PrepareRenameResult>> {
    let Some((file, uses)) = renamable(snapshot, &params.text_document_position_params)? else {
        return Ok(None);
    };
    let placeholder = file
        .open
        .lines
        .text()
        .get(uses.at.start as usize..uses.at.end as usize);
    let found = PrepareRenamePlaceholder {
        range: file.open.lines.range(uses.at.start, uses.at.end),
        placeholder: placeholder.unwrap_or("").to_string(),
    };
    Ok(Some(found.into()))
}

pub(super) fn answer(snapshot: &Snapshot, params: RenameParams) -> Answer<Option<WorkspaceEdit>> {
    let Some((file, uses)) = renamable(snapshot, &params.text_document_position_params)? else {
        return Ok(None);
    };
    let new = params.new_name.trim();
    if !editor::is_name(new) {
        let rule = "letters, digits and underscores, a letter or underscore first, and no keyword";
        return Err(Failure::refused(format!("`{new}` is no name: {rule}")));
    }
    stays_sound(snapshot, &uses, new)?;
    let edits = uses.found.iter().map(|found| {
        let edit = TextEdit {
            range: found.location.range,
            new_text: new.to_string(),
        };
        (found.uri.clone(), edit)
    });
    Ok(Some(convert::workspace_edit(snapshot, &file.host, edits)))
}

/// The uses of what stands at a place, and the file of the place; nothing where no name stands there, and a
/// refusal where it has to keep its name.
fn renamable<'s>(
    snapshot: &'s Snapshot,
    at: &TextDocumentPositionParams,
) -> Answer<Option<(File<'s>, Uses)>> {
    let Some(file) = snapshot.file(&at.text_document.uri) else {
        return Ok(None);
    };
    let offset = file.open.lines.offset(at.position);
    let Some(uses) = uses(snapshot, &file, offset)? else {
        return Ok(None);
    };
    may_rename(&uses)?;
    Ok(Some((file, uses)))
}

fn may_rename(uses: &Uses) -> Answer<()> {
    let first = uses.found.first().map_or("", |found| found.written.as_str());
    match uses.kind {
        NameKind::Library => {
            let message = format!("`{first}` belongs to the standard library and keeps its name");
            return Err(Failure::refused(message));
        }
        NameKind::File => {
            let message = "this is the name of a file; rename the file, and its includes follow";
            return Err(Failure::refused(message));
        }
        NameKind::Item | NameKind::Part => {}
    }
    // A quoted name may hold dots, and a name of the library may be bound as well.
    match uses.found.iter().find(|found| found.written != first) {
        Some(other) => {
            let message = format!(
                "`{first}` is written as `{}` elsewhere; make them alike first",
                other.written
            );
            Err(Failure::refused(message))
        }
        None => Ok(()),
    }
}

/// Checks the programs as they would be.
fn stays_sound(snapshot: &Snapshot, uses: &Uses, new: &str) -> Answer<()> {
    let mut by_file: BTreeMap<PathBuf, Vec<&Found>> = BTreeMap::new();
    for found in &uses.found {
        by_file.entry(found.spot.0.clone()).or_default().push(found);
    }
    let mut after = snapshot.clone();
    after.revision = u64::MAX;
    after.forget_checks();
    let open = Arc::make_mut(&mut after.open);
    for (path, found) in &by_file {
        let Some(file) = snapshot.program(path) else {
            continue;
        };
        let mut text = file.open.document.text().to_string();
        for found in found.iter().rev() {
            text.replace_range(found.spot.1 as usize..found.spot.2 as usize, new);
        }
        let document = file.open.document.with_text(text);
        let lines = Arc::new(Lines::new(document.text().clone(), snapshot.client.encoding));
        open.insert(
            path.clone(),
            Open {
                document,
                lines,
                ..file.open.clone()
            },
        );
    }
    let gone = || Failure::refused("the text has changed");
    for path in snapshot.programs().iter() {
        let (Some(now), Some(then)) = (snapshot.program(path), after.program(path)) else {
            continue;
        };
        let read = snapshot.checked(&now).ok_or_else(gone)?;
        if !read
            .read
            .iter()
            .any(|name| by_file.contains_key(&now.host.path(name)))
        {
            continue;
        }
        let before = errors(snapshot, &now)?;
        let found = errors(&after, &then)?;
        if found.len() > before.len() {
            let first = found
                .into_iter()
                .find(|error| !before.contains(error))
                .unwrap_or_default();
            return Err(Failure::refused(format!("with the name `{new}`: {first}")));
        }
    }
    Ok(())
}

fn errors(snapshot: &Snapshot, file: &File<'_>) -> Answer<Vec<String>> {
    let checked = snapshot
        .checked(file)
        .ok_or_else(|| Failure::refused("the text has changed"))?;
    let errors = checked
        .diagnostics
        .iter()
        .filter(|found| found.severity() == Severity::Error);
    Ok(errors.map(|found| found.message.clone()).collect())
}
