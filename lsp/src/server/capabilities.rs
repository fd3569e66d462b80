//! What the server can do.

use serde_json::{Value, json};

use crate::client::Client;

/// The answer to `initialize`, as far as it says what there is.
pub(super) fn of(client: &Client) -> Value {
    json!({
        "positionEncoding": client.encoding.kind(),
        "textDocumentSync": { "openClose": true, "change": 2, "save": { "includeText": false } },
        "codeActionProvider": {
            "codeActionKinds": ["quickfix", "source.fixAll", "source.fixAll.aur"],
            "resolveProvider": true,
        },
        "documentFormattingProvider": true,
        "diagnosticProvider": {
            "identifier": "aur",
            "interFileDependencies": true,
            "workspaceDiagnostics": true,
        },
        "workspace": {
            "workspaceFolders": { "supported": true, "changeNotifications": true },
        },
    })
}
