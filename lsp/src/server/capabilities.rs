//! What the server can do.

use serde_json::{Value, json};

use crate::client::Client;
use crate::requests::{COMMANDS, KINDS, MODIFIERS};

/// The answer to `initialize`, as far as it says what there is.
pub(super) fn of(client: &Client) -> Value {
    json!({
        "positionEncoding": client.encoding.kind(),
        "textDocumentSync": { "openClose": true, "change": 2, "save": { "includeText": false } },
        "codeActionProvider": {
            "codeActionKinds": ["quickfix", "source.fixAll", "source.fixAll.aur"],
            "resolveProvider": true,
        },
        "codeLensProvider": { "resolveProvider": false },
        // A blank or an `=` would show a list where nobody asked for one.
        "completionProvider": { "triggerCharacters": [".", "{", "|", "\"", "/", "@"], "resolveProvider": true },
        "definitionProvider": true,
        "documentFormattingProvider": true,
        "documentHighlightProvider": true,
        "documentOnTypeFormattingProvider": { "firstTriggerCharacter": "\n" },
        "documentRangeFormattingProvider": true,
        "documentLinkProvider": { "resolveProvider": false },
        "documentSymbolProvider": true,
        "executeCommandProvider": { "commands": COMMANDS },
        "foldingRangeProvider": true,
        "hoverProvider": true,
        "inlayHintProvider": { "resolveProvider": false },
        "referencesProvider": true,
        "renameProvider": { "prepareProvider": true },
        "selectionRangeProvider": true,
        "semanticTokensProvider": {
            "legend": {
                "tokenTypes": KINDS.map(|(_, name)| name),
                "tokenModifiers": MODIFIERS.map(|(_, name)| name),
            },
            "full": { "delta": true },
            "range": true,
        },
        "signatureHelpProvider": { "triggerCharacters": ["(", ","], "retriggerCharacters": ["=", ")"] },
        "typeDefinitionProvider": true,
        "workspaceSymbolProvider": true,
        "diagnosticProvider": {
            "identifier": "aur",
            "interFileDependencies": true,
            "workspaceDiagnostics": true,
        },
        "workspace": {
            "workspaceFolders": { "supported": true, "changeNotifications": true },
            "fileOperations": { "willRename": { "filters": [
                { "scheme": "file", "pattern": { "glob": "**/*", "matches": "file" } },
                { "scheme": "file", "pattern": { "glob": "**/*", "matches": "folder" } },
            ] } },
        },
    })
}
