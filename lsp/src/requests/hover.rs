//! `textDocument/hover`

use std::fmt::Write;

use aur_compiler::editor::{self, Point};
use gen_lsp_types::{Hover, HoverParams, MarkupContent, MarkupKind};

use super::Answer;
use super::ask::{Worth, ask};
use crate::snapshot::{File, Snapshot};

pub(super) fn answer(snapshot: &Snapshot, params: HoverParams) -> Answer<Option<Hover>> {
    let at = params.text_document_position_params;
    let Some(file) = snapshot.file(&at.text_document.uri) else {
        return Ok(None);
    };
    let lines = file.open.lines.clone();
    let (path, offset) = (file.open.document.path().clone(), lines.offset(at.position));
    let point = Point { path: &path, offset };
    let question = |file: &File<'_>| editor::hover(&file.host, file.name(), &snapshot.given(), point);
    let found = ask(snapshot, file, question, |found| worth(found.as_ref()));
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

/// Only what stands in texts means more in other programs.
fn worth(found: Option<&editor::Hover>) -> Worth {
    let is_whole = |found: &editor::Hover| {
        found.becomes.is_empty() || found.becomes.iter().any(|(job, _)| !job.is_empty())
    };
    match found.is_some_and(is_whole) {
        true => Worth::Whole,
        false => Worth::NoJobs,
    }
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
