//! Half-typed text, through every request: each is answered, none is a fault of the server, and in the end the
//! diagnostics are those of a client that never saw anything else.
//!
//! `AUR_EDITOR_PLACES` is how many places of each text are tried; 0 tries every one.

use std::path::Path;

use lsp_server::RequestId;
use serde_json::{Value, json};

use crate::client::{Client, part, whole};

/// Places of each text, where nobody says otherwise.
const PLACES: usize = 6;

const FAULT_OF_THE_SERVER: i32 = -32603;

fn places() -> usize {
    let given = std::env::var("AUR_EDITOR_PLACES").ok();
    match given.map(|given| given.parse().expect("a number of places")) {
        Some(0) => usize::MAX,
        Some(places) => places,
        None => PLACES,
    }
}

fn texts() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("examples")
        .map(|entry| entry.expect("an example").path())
        .filter(|path| path.extension().is_some_and(|end| end == "aur"))
        .collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| std::fs::read_to_string(path).expect("an example");
    let mut texts: Vec<String> = paths.iter().map(read).collect();
    texts.push("x = \"{{\u{1f600}}} \u{e4}\"\r\nstruct \u{c4} { }\r\n".to_string());
    texts
}

/// The same choices in each run.
struct Choices(u64);

impl Choices {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

/// Some bytes at which characters begin.
fn chosen(text: &str, choices: &mut Choices) -> Vec<usize> {
    let all: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    if all.len() <= places() {
        return all;
    }
    (0..places()).map(|_| all[choices.below(all.len())]).collect()
}

fn position(text: &str, at: usize) -> (u32, u32) {
    let before = &text[..at];
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or("").encode_utf16().count();
    (line as u32, column as u32)
}

/// Asks everything about a place, at once.
fn ask_all(client: &mut Client, text: &str, at: usize) {
    let (line, character) = position(text, at);
    let place = json!({ "line": line, "character": character });
    let end = position(text, text.len());
    let all = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": end.0, "character": end.1 } });
    let params = json!({
        "textDocument": { "uri": client.uri("main.aur") },
        "position": place,
        "positions": [place],
        "range": all,
        "context": { "triggerKind": 1, "isRetrigger": false, "diagnostics": [], "includeDeclaration": true },
        "options": { "tabSize": 2, "insertSpaces": true },
        "ch": "\n",
        "newName": "other",
        "query": "a",
        "previousResultId": "",
        "previousResultIds": [],
        "files": [{ "oldUri": client.uri("main.aur"), "newUri": client.uri("b/c.aur") }],
        "command": "aur.resolved",
        "arguments": [client.uri("main.aur")],
    });
    let asked: Vec<(&str, RequestId)> = METHODS
        .iter()
        .map(|method| (*method, client.begin(method, params.clone())))
        .collect();
    for (method, id) in asked {
        if let Err(error) = client.answer(&id) {
            assert_ne!(
                error.code, FAULT_OF_THE_SERVER,
                "{method} at {at}: {error:?}\n{text:?}"
            );
            assert_ne!(error.code, -32602, "{method}: {error:?}");
        }
    }
}

const METHODS: [&str; 24] = [
    "textDocument/codeAction",
    "textDocument/codeLens",
    "textDocument/completion",
    "textDocument/definition",
    "textDocument/diagnostic",
    "textDocument/documentHighlight",
    "textDocument/documentLink",
    "textDocument/documentSymbol",
    "textDocument/foldingRange",
    "textDocument/formatting",
    "textDocument/hover",
    "textDocument/inlayHint",
    "textDocument/onTypeFormatting",
    "textDocument/prepareRename",
    "textDocument/rangeFormatting",
    "textDocument/references",
    "textDocument/rename",
    "textDocument/selectionRange",
    "textDocument/semanticTokens/full",
    "textDocument/semanticTokens/full/delta",
    "textDocument/signatureHelp",
    "textDocument/typeDefinition",
    "workspace/executeCommand",
    "workspace/willRenameFiles",
];

#[test]
fn every_request_on_every_prefix_and_without_each_character() {
    let mut choices = Choices(11);
    for text in texts() {
        let mut client = Client::new(&[("main.aur", &text)]);
        client.open("main.aur");
        for at in chosen(&text, &mut choices) {
            let prefix = &text[..at];
            client.change("main.aur", whole(prefix));
            ask_all(&mut client, prefix, at);
            let end = at + text[at..].chars().next().map_or(0, char::len_utf8);
            let without = format!("{prefix}{}", &text[end..]);
            client.change("main.aur", whole(&without));
            ask_all(&mut client, &without, at);
        }
        client.leave();
    }
}

#[test]
fn after_any_edits_the_answer_is_that_of_the_text() {
    let pieces = [
        "{", "}", "\"", "{{", "}}", "[", "]", "\n", "x", " = ", "Process", "#", "\u{e9}", ",", "\"\"\"",
    ];
    let mut choices = Choices(5);
    for text in texts() {
        let mut client = Client::new(&[("main.aur", &text)]);
        client.open("main.aur");
        let mut now = text.clone();
        for _ in 0..places().min(100) {
            let cut = |at: usize, text: &str| text.floor_char_boundary(at.min(text.len()));
            let start = cut(choices.below(now.len() + 1), &now);
            let end = cut(start + choices.below(12), &now).max(start);
            let piece = pieces[choices.below(pieces.len())];
            // Between the two bytes of a line break there is no place.
            let is_split = |at: usize| now[..at].ends_with('\r');
            if is_split(start) || is_split(end) {
                continue;
            }
            client.change(
                "main.aur",
                part(position(&now, start), position(&now, end), piece),
            );
            now.replace_range(start..end, piece);
        }
        let answers = |client: &mut Client| -> Vec<Value> {
            let params = json!({ "textDocument": { "uri": client.uri("main.aur") }, "context": { "triggerKind": 1, "isRetrigger": false, "diagnostics": [] } });
            [
                "diagnostic",
                "documentSymbol",
                "foldingRange",
                "semanticTokens/full",
                "documentLink",
            ]
            .iter()
            .map(|method| {
                let mut answer = client.ask(&format!("textDocument/{method}"), params.clone());
                // Folders and counts differ between clients.
                let root = client.uri("");
                if let Some(answer) = answer.as_object_mut() {
                    answer.remove("resultId");
                }
                let text = answer.to_string().replace(&root, "");
                serde_json::from_str(&text).expect("JSON")
            })
            .collect()
        };
        let mut fresh = Client::new(&[("main.aur", &now)]);
        fresh.open("main.aur");
        assert_eq!(answers(&mut client), answers(&mut fresh), "{now:?}");
        client.leave();
        fresh.leave();
    }
}
