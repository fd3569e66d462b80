//! What the client can do, as far as it makes a difference.

use std::path::PathBuf;

use gen_lsp_types::InitializeParams;
use serde_json::Value;

use crate::position::Encoding;
use crate::uri::path_of;

/// What was agreed on when the client came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Client {
    pub(crate) encoding: Encoding,
    /// The client asks for diagnostics; none are pushed then.
    pub(crate) pulls: bool,
    pub(crate) refreshes_diagnostics: bool,
    pub(crate) refreshes_tokens: bool,
    pub(crate) refreshes_hints: bool,
    pub(crate) refreshes_lenses: bool,
    pub(crate) related_information: bool,
    pub(crate) snippets: bool,
    pub(crate) markdown_in_hovers: bool,
    /// Also in signatures.
    pub(crate) markdown_in_completions: bool,
    /// The client asks for the documentation of an item once it is looked at.
    pub(crate) resolves_docs: bool,
    /// Parameters are named by their place in the label, not by their text.
    pub(crate) label_offsets: bool,
    pub(crate) nested_symbols: bool,
    pub(crate) link_tooltips: bool,
    pub(crate) versioned_edits: bool,
    pub(crate) registers_watchers: bool,
}

impl Client {
    /// Reads the capabilities by name: much of what is there, few clients spell out.
    pub(crate) fn new(params: &InitializeParams, raw: &Value) -> Self {
        let general = params.capabilities.general.as_ref();
        let encodings = general.and_then(|general| general.position_encodings.as_deref());
        let at = |path: &str| raw.pointer(&format!("/capabilities/{path}"));
        let is = |path: &str| at(path).and_then(Value::as_bool).unwrap_or(false);
        let has = |path: &str| at(path).is_some_and(|value| !value.is_null());
        let formats = at("textDocument/hover/contentFormat").and_then(Value::as_array);
        let item = "textDocument/completion/completionItem";
        let listed = |path: &str, wanted: &str| {
            let names = at(path).and_then(Value::as_array);
            names.is_some_and(|names| names.iter().any(|name| name.as_str() == Some(wanted)))
        };
        Self {
            encoding: Encoding::agree(encodings),
            pulls: has("textDocument/diagnostic"),
            refreshes_diagnostics: is("workspace/diagnostics/refreshSupport"),
            refreshes_tokens: is("workspace/semanticTokens/refreshSupport"),
            refreshes_hints: is("workspace/inlayHint/refreshSupport"),
            refreshes_lenses: is("workspace/codeLens/refreshSupport"),
            related_information: is("textDocument/publishDiagnostics/relatedInformation")
                || is("textDocument/diagnostic/relatedInformation"),
            snippets: is("textDocument/completion/completionItem/snippetSupport"),
            markdown_in_hovers: formats
                .is_none_or(|formats| formats.iter().any(|format| format.as_str() == Some("markdown"))),
            markdown_in_completions: listed(&format!("{item}/documentationFormat"), "markdown"),
            resolves_docs: listed(&format!("{item}/resolveSupport/properties"), "documentation"),
            label_offsets: is(
                "textDocument/signatureHelp/signatureInformation/parameterInformation/labelOffsetSupport",
            ),
            nested_symbols: is("textDocument/documentSymbol/hierarchicalDocumentSymbolSupport"),
            link_tooltips: is("textDocument/documentLink/tooltipSupport"),
            versioned_edits: is("workspace/workspaceEdit/documentChanges"),
            registers_watchers: is("workspace/didChangeWatchedFiles/dynamicRegistration"),
        }
    }
}

/// The folders the client has open.
#[allow(deprecated, reason = "older clients name one root and no folders")]
pub(crate) fn folders(params: &InitializeParams) -> Vec<PathBuf> {
    use gen_lsp_types::WorkspaceFolders::{Null, WorkspaceFolderList};
    match &params.workspace_folders_initialize_params.workspace_folders {
        Some(WorkspaceFolderList(folders)) => {
            folders.iter().filter_map(|folder| path_of(&folder.uri)).collect()
        }
        Some(Null) | None => params.root_uri.iter().filter_map(path_of).collect(),
    }
}
