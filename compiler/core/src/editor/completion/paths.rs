//! Paths of files that are included or read.

use super::{Completion, CompletionKind, Completions};
use crate::Sources;
use crate::editor::frames::{Bytes, Cursor, FrameKind, ItemWord};
use crate::program::join;

/// So many entries of a folder are offered.
const MOST: usize = 1_000;

/// What kind of file a text names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Program,
    File,
}

/// What kind of file the text at the place names, if it names one.
pub(super) fn wanted(cursor: &Cursor<'_>) -> Option<Wanted> {
    let frame = cursor.frame()?;
    match frame.kind {
        FrameKind::Item if frame.word == Some(ItemWord::Include) => Some(Wanted::Program),
        FrameKind::Call if frame.index == 0 && frame.receiver.is_none() => {
            let callee = frame.callee?.of(cursor.text);
            matches!(callee, "file" | "file_hash").then_some(Wanted::File)
        }
        _ => None,
    }
}

/// First byte behind the opening quote of a text.
pub(super) fn inner_start(cursor: &Cursor<'_>, token: Bytes) -> u32 {
    let text = token.of(cursor.text);
    let letters = text.trim_start_matches(['r', '#']);
    let quotes = if letters.starts_with("\"\"\"") { 3 } else { 1 };
    let start = token.start + (text.len() - letters.len()) as u32 + quotes;
    start.min(cursor.offset)
}

/// Offers the folder that is being typed.
pub(super) fn offer(
    host: &dyn Sources,
    entry: &str,
    cursor: &Cursor<'_>,
    token: Bytes,
    wanted: Wanted,
    out: &mut Completions,
) {
    let start = inner_start(cursor, token);
    let typed = Bytes::new(start, cursor.offset).of(cursor.text);
    let folder = typed.rfind('/').map_or("", |at| typed.get(..=at).unwrap_or(""));
    out.start = start + folder.len() as u32;
    // A name in the folder keeps the folder as it is.
    let Some(path) = join(entry, &format!("{folder}x")) else {
        return;
    };
    let path = path
        .strip_suffix('x')
        .map_or("", |path| path.trim_end_matches('/'));
    let mut entries = host.list(path);
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    let typed_name = typed.get(folder.len()..).unwrap_or("");
    for found in entries {
        let full = match path {
            "" => found.name.clone(),
            path => format!("{path}/{}", found.name),
        };
        let is_hidden = found.name.starts_with('.') && !typed_name.starts_with('.');
        let is_program = found.name.ends_with(".aur");
        let is_wanted = found.is_folder || is_program || wanted == Wanted::File;
        if is_hidden || !is_wanted || (full == entry && wanted == Wanted::Program) {
            continue;
        }
        if out.items.len() == MOST {
            out.is_incomplete = true;
            break;
        }
        let rank = out.items.len() as u32;
        out.items.push(match found.is_folder {
            true => {
                let item = Completion::new(found.name.as_str(), CompletionKind::Folder, MOST as u32 + rank);
                item.insert(format!("{}/", found.name))
            }
            false => Completion::new(found.name, CompletionKind::File, rank),
        });
    }
}
