//! `textDocument/completion`, and `completionItem/resolve`: the doc comment of the chosen item.

use std::fmt::Write;

use aur_compiler::editor::{self, CompletionKind as Kind, Completions, Point};
use gen_lsp_types::{
    CompletionItem, CompletionItemKind, CompletionItemTag, CompletionList, CompletionParams,
    CompletionResponse, Documentation, InsertTextFormat, InsertTextMode, MarkupContent, MarkupKind, TextEdit,
    Uri,
};
use serde_json::{Value, json};

use super::Answer;
use super::ask::{Worth, ask};
use crate::documents::Open;
use crate::snapshot::{File, Snapshot};

pub(super) fn answer(snapshot: &Snapshot, params: CompletionParams) -> Answer<Option<CompletionResponse>> {
    let at = params.text_document_position_params;
    let Some(file) = snapshot.file(&at.text_document.uri) else {
        return Ok(None);
    };
    let open = file.open.clone();
    let offset = open.lines.offset(at.position);
    let found = find(snapshot, file, offset);
    let items = found.items.iter().enumerate().map(|(index, item)| {
        let mut shown = shown(snapshot, &open, &found, item);
        match snapshot.client.resolves_docs {
            // Which one it was is found again by its place in the list.
            true => {
                shown.data = Some(json!({
                    "uri": open.uri,
                    "version": open.version,
                    "offset": offset,
                    "index": index,
                }));
            }
            false => shown.documentation = documentation(snapshot, item),
        }
        shown
    });
    let list = CompletionList {
        items: items.collect(),
        is_incomplete: found.is_incomplete,
        ..CompletionList::default()
    };
    Ok(Some(list.into()))
}

/// `completionItem/resolve`
pub(super) fn resolve(snapshot: &Snapshot, mut item: CompletionItem) -> Answer<CompletionItem> {
    let data = item.data.as_ref();
    let uri = data.and_then(|data| data.get("uri")).and_then(Value::as_str);
    let number = |name: &str| data.and_then(|data| data.get(name)).and_then(Value::as_u64);
    let version = data.and_then(|data| data.get("version")).and_then(Value::as_i64);
    let Some(file) = uri.and_then(|uri| snapshot.file(&Uri::from(uri))) else {
        return Ok(item);
    };
    if version != Some(file.open.version.into()) {
        return Ok(item);
    }
    let offset = number("offset")
        .and_then(|offset| u32::try_from(offset).ok())
        .unwrap_or(0);
    let found = find(snapshot, file, offset);
    let index = number("index").and_then(|index| usize::try_from(index).ok());
    let own = index.and_then(|index| found.items.get(index));
    if let Some(own) = own.filter(|own| own.label == item.label) {
        item.documentation = documentation(snapshot, own);
    }
    Ok(item)
}

fn find(snapshot: &Snapshot, file: File<'_>, offset: u32) -> Completions {
    let path = file.open.document.path().clone();
    let point = Point { path: &path, offset };
    let question = |file: &File<'_>| editor::completion(&file.host, file.name(), &snapshot.given(), point);
    ask(snapshot, file, question, |found| match found.misses_jobs {
        true => Worth::NoJobs,
        false => Worth::Whole,
    })
}

fn shown(snapshot: &Snapshot, file: &Open, found: &Completions, item: &editor::Completion) -> CompletionItem {
    let snippet = item.snippet.as_ref().filter(|_| snapshot.client.snippets);
    let edit = TextEdit {
        range: file.lines.range(found.start, found.end),
        new_text: snippet.unwrap_or(&item.insert).clone(),
    };
    let edits = item.edits.iter().map(|edit| TextEdit {
        range: file.lines.range(edit.at, edit.at),
        new_text: edit.text.clone(),
    });
    let edits: Vec<TextEdit> = edits.collect();
    CompletionItem {
        label: item.label.clone(),
        filter_text: item.filter.clone(),
        kind: Some(kind(item.kind)),
        detail: detail(item),
        tags: item
            .deprecated
            .is_some()
            .then(|| vec![CompletionItemTag::Deprecated]),
        // Texts are compared, so that all have one length.
        sort_text: Some(format!("{:08}", item.rank)),
        insert_text_format: Some(match snippet {
            Some(_) => InsertTextFormat::Snippet,
            None => InsertTextFormat::PlainText,
        }),
        insert_text_mode: item
            .insert
            .contains('\n')
            .then_some(InsertTextMode::AdjustIndentation),
        text_edit: Some(edit.into()),
        additional_text_edits: Some(edits).filter(|edits| !edits.is_empty()),
        ..CompletionItem::default()
    }
}

/// `Type = default`, and whether it must be given.
fn detail(item: &editor::Completion) -> Option<String> {
    let mut out = item.detail.clone().unwrap_or_default();
    if let Some(default) = &item.default {
        let _ = write!(out, " = {default}");
    }
    if item.is_required {
        out.push_str(" (required)");
    }
    Some(out.trim_start().to_string()).filter(|out| !out.is_empty())
}

fn documentation(snapshot: &Snapshot, item: &editor::Completion) -> Option<Documentation> {
    let gone = item.deprecated.as_ref().map(|why| match why.as_str() {
        "" => "Deprecated.".to_string(),
        why => format!("Deprecated: {why}"),
    });
    let parts: Vec<String> = gone.into_iter().chain(item.doc.clone()).collect();
    let value = parts.join("\n\n");
    if value.is_empty() {
        return None;
    }
    let kind = match snapshot.client.markdown_in_completions {
        true => MarkupKind::Markdown,
        false => MarkupKind::PlainText,
    };
    Some(MarkupContent { kind, value }.into())
}

fn kind(kind: Kind) -> CompletionItemKind {
    match kind {
        Kind::Field => CompletionItemKind::Field,
        Kind::Value | Kind::Binding => CompletionItemKind::Variable,
        Kind::Type => CompletionItemKind::Class,
        Kind::Constructor => CompletionItemKind::Struct,
        Kind::EnumMember => CompletionItemKind::EnumMember,
        Kind::Function | Kind::Filter => CompletionItemKind::Function,
        Kind::Keyword => CompletionItemKind::Keyword,
        Kind::Input => CompletionItemKind::Property,
        Kind::Namespace => CompletionItemKind::Module,
        Kind::File => CompletionItemKind::File,
        Kind::Folder => CompletionItemKind::Folder,
        Kind::Unit => CompletionItemKind::Unit,
        Kind::RuntimeName => CompletionItemKind::Constant,
        Kind::Process => CompletionItemKind::Value,
        Kind::Snippet => CompletionItemKind::Snippet,
    }
}
