//! `textDocument/hover`

use std::fmt::Write;

use aur_compiler::editor::{self, Point};
use gen_lsp_types::{Hover, HoverParams, MarkupContent, MarkupKind};

use super::Answer;
use crate::snapshot::{File, Snapshot};

pub(super) fn answer(snapshot: &Snapshot, params: HoverParams) -> Answer<Option<Hover>> {
    let at = params.text_document_position_params;
    let Some(file) = snapshot.file(&at.text_document.uri) else {
        return Ok(None);
    };
    let lines = file.open.lines.clone();
    let point = (file.name().to_string(), lines.offset(at.position));
    let found = find(snapshot, file, &point);
    Ok(found.map(|found| {
        let kind = match snapshot.client.markdown_in_hovers {
            true => MarkupKind::Markdown,
            false => MarkupKind::PlainText,
        };
        let value = text(&found, snapshot.client.markdown_in_hovers);
        Hover {
            contents: MarkupContent { kind, value }.into(),
            range: Some(lines.range(found.at.start, found.at.end)),
        }
    }))
}

/// Asks the program of the file itself, and where that has no job for a text, those that include it.
fn find(snapshot: &Snapshot, file: File<'_>, (path, offset): &(String, u32)) -> Option<editor::Hover> {
    let point = Point {
        path,
        offset: *offset,
    };
    let ask = |file: &File<'_>| editor::hover(&file.host, file.name(), &snapshot.given(), point);
    let in_job = |found: &editor::Hover| found.becomes.iter().any(|(job, _)| !job.is_empty());
    let own = ask(&file);
    // Only what stands in texts means more in other programs.
    if own
        .as_ref()
        .is_some_and(|own| in_job(own) || own.becomes.is_empty())
    {
        return own;
    }
    let programs = snapshot.programs_of(file);
    let others = programs.iter().skip(1).filter_map(ask);
    others.into_iter().find(in_job).or(own)
}

/// What is said, from the declaration to what it becomes in each job.
fn text(found: &editor::Hover, is_markdown: bool) -> String {
    let block = |language: &str, text: &str| match is_markdown {
        // A fence longer than any in the text cannot be closed by it.
        true => {
            let fence = "`".repeat(longest_run(text).max(2) + 1);
            format!("{fence}{language}\n{text}\n{fence}\n")
        }
        false => format!("{text}\n"),
    };
    let mut parts = Vec::new();
    if !found.declaration.is_empty() {
        parts.push(block("aur", &found.declaration));
    }
    parts.extend(found.doc.iter().map(|doc| format!("{doc}\n")));
    let mut becomes = String::new();
    for (job, text) in &found.becomes {
        if !job.is_empty() {
            let _ = writeln!(becomes, "in {job}:\n");
        }
        becomes.push_str(&block("text", text));
    }
    if found.more > 0 {
        let _ = writeln!(becomes, "and in {} more jobs", found.more);
    }
    if !becomes.is_empty() {
        parts.push(becomes);
    }
    parts.join(if is_markdown { "\n---\n\n" } else { "\n" })
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|character| character != '`');
    runs.map(str::len).max().unwrap_or(0)
}
