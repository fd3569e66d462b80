//! `workspace/willRenameFiles`: paths follow the files they name.

use std::path::{Path, PathBuf};

use aur_compiler::editor;
use gen_lsp_types::{RenameFilesParams, TextEdit, WorkspaceEdit};

use super::{Answer, convert};
use crate::snapshot::{File, Snapshot, resolved};
use crate::uri::path_of;

pub(super) fn answer(snapshot: &Snapshot, params: RenameFilesParams) -> Answer<Option<WorkspaceEdit>> {
    let moves: Vec<(PathBuf, PathBuf)> = params
        .files
        .iter()
        .filter_map(|moved| {
            Some((
                resolved(&path_of(&moved.old_uri)?),
                resolved(&path_of(&moved.new_uri)?),
            ))
        })
        .collect();
    let mut edits = Vec::new();
    let mut any: Option<File<'_>> = None;
    for path in snapshot.programs().iter() {
        let Some(file) = snapshot.program(path) else {
            continue;
        };
        let own = moves.iter().filter_map(|(old, new)| {
            let below = |path: &Path| Some(path.strip_prefix(&*file.open.root).ok()?.to_str()?.to_string());
            Some((below(old)?, below(new)?))
        });
        let own: Vec<(String, String)> = own.collect();
        let own: Vec<(&str, &str)> = own
            .iter()
            .map(|(old, new)| (old.as_str(), new.as_str()))
            .collect();
        for edit in editor::renamed_links(&file.open.document, &own) {
            let range = file.open.lines.range(edit.start, edit.end);
            let new_text = edit.text;
            edits.push((file.open.uri.clone(), TextEdit { range, new_text }));
        }
        any = Some(file);
    }
    Ok(any
        .filter(|_| !edits.is_empty())
        .map(|file| convert::workspace_edit(snapshot, &file.host, edits)))
}
