//! `textDocument/semanticTokens`: full, delta and range.

use aur_compiler::editor::{self, Modifiers, SemanticKind};
use gen_lsp_types::{
    SemanticToken, SemanticTokens, SemanticTokensDelta, SemanticTokensDeltaParams,
    SemanticTokensDeltaResponse, SemanticTokensEdit, SemanticTokensParams, SemanticTokensRangeParams,
};

use super::Answer;
use crate::snapshot::{File, Snapshot};

/// Names of kinds as clients know them; what is in texts has names of its own, which themes may colour.
pub(crate) const KINDS: [(SemanticKind, &str); 21] = [
    (SemanticKind::Namespace, "namespace"),
    (SemanticKind::Type, "type"),
    (SemanticKind::Struct, "struct"),
    (SemanticKind::Enum, "enum"),
    (SemanticKind::EnumMember, "enumMember"),
    (SemanticKind::Property, "property"),
    (SemanticKind::Variable, "variable"),
    (SemanticKind::Parameter, "parameter"),
    (SemanticKind::Function, "function"),
    (SemanticKind::Method, "method"),
    (SemanticKind::Decorator, "decorator"),
    (SemanticKind::Keyword, "keyword"),
    (SemanticKind::Comment, "comment"),
    (SemanticKind::Number, "number"),
    (SemanticKind::Unit, "unit"),
    (SemanticKind::TemplateBrace, "templateBrace"),
    (SemanticKind::TemplateSigil, "templateSigil"),
    (SemanticKind::TemplateName, "templateName"),
    (SemanticKind::TemplatePart, "templatePart"),
    (SemanticKind::TemplateFilter, "templateFilter"),
    (SemanticKind::TemplateRuntime, "templateRuntime"),
];

/// Names of modifiers, a bit each, from the lowest.
pub(crate) const MODIFIERS: [(Modifiers, &str); 5] = [
    (Modifiers::DECLARATION, "declaration"),
    (Modifiers::READONLY, "readonly"),
    (Modifiers::DEFAULT_LIBRARY, "defaultLibrary"),
    (Modifiers::DEPRECATED, "deprecated"),
    (Modifiers::DOCUMENTATION, "documentation"),
];

pub(super) fn full(snapshot: &Snapshot, params: SemanticTokensParams) -> Answer<Option<SemanticTokens>> {
    let Some(file) = snapshot.file(&params.text_document.uri) else {
        return Ok(None);
    };
    Ok(Some(whole(snapshot, &file)))
}

pub(super) fn range(
    snapshot: &Snapshot,
    params: SemanticTokensRangeParams,
) -> Answer<Option<SemanticTokens>> {
    let Some(file) = snapshot.file(&params.text_document.uri) else {
        return Ok(None);
    };
    let data = tokens(&file, Some(file.open.lines.bytes(params.range)));
    let result_id = None;
    Ok(Some(SemanticTokens { result_id, data }))
}

pub(super) fn delta(
    snapshot: &Snapshot,
    params: SemanticTokensDeltaParams,
) -> Answer<Option<SemanticTokensDeltaResponse>> {
    let Some(file) = snapshot.file(&params.text_document.uri) else {
        return Ok(None);
    };
    let before = snapshot.told_tokens(&file.open.path, &params.previous_result_id);
    let now = whole(snapshot, &file);
    let Some(before) = before else {
        return Ok(Some(now.into()));
    };
    let delta = SemanticTokensDelta {
        result_id: now.result_id.clone(),
        edits: edits(&before, &now.data),
    };
    Ok(Some(delta.into()))
}

fn whole(snapshot: &Snapshot, file: &File<'_>) -> SemanticTokens {
    let data = tokens(file, None);
    let result_id = format!("{}", snapshot.revision);
    snapshot.tell_tokens(&file.open.path, &result_id, &data);
    SemanticTokens {
        result_id: Some(result_id),
        data,
    }
}

/// Tokens with places counted from the one before, as the protocol wants.
fn tokens(file: &File<'_>, range: Option<(u32, u32)>) -> Vec<SemanticToken> {
    let lines = &file.open.lines;
    let (mut line, mut character) = (0, 0);
    let found = editor::semantic_tokens(&file.open.document, range);
    let found = found.into_iter().filter_map(|token| {
        let start = lines.position(token.start);
        let kind = KINDS.iter().position(|(kind, _)| *kind == token.kind)?;
        let bits = MODIFIERS
            .iter()
            .enumerate()
            .filter(|(_, (own, _))| token.modifiers.contains(*own));
        let delta_line = start.line - line;
        let delta_start = if delta_line == 0 {
            start.character - character
        } else {
            start.character
        };
        (line, character) = (start.line, start.character);
        Some(SemanticToken {
            delta_line,
            delta_start,
            length: lines.length(token.start, token.end),
            token_type: kind as u32,
            token_modifiers_bitset: bits.map(|(bit, _)| 1 << bit).sum(),
        })
    });
    found.collect()
}

/// The one edit between two lists: what they share at both ends stays.
fn edits(before: &[SemanticToken], now: &[SemanticToken]) -> Vec<SemanticTokensEdit> {
    let front = before.iter().zip(now).take_while(|(a, b)| a == b).count();
    let rest = before.len().min(now.len()) - front;
    let ends = before.iter().rev().zip(now.iter().rev()).take(rest);
    let back = ends.take_while(|(a, b)| a == b).count();
    let changed = now.get(front..now.len() - back).unwrap_or(&[]);
    let deleted = before.len() - back - front;
    if changed.is_empty() && deleted == 0 {
        return Vec::new();
    }
    let numbers = changed.iter().flat_map(|token| {
        [
            token.delta_line,
            token.delta_start,
            token.length,
            token.token_type,
            token.token_modifiers_bitset,
        ]
    });
    // A token is five numbers.
    vec![SemanticTokensEdit {
        start: front as u32 * 5,
        delete_count: deleted as u32 * 5,
        data: Some(numbers.collect()),
    }]
}
