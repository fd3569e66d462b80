//! Completion and signatures as a client gets them.

use serde_json::{Value, json};

use crate::client::Client;

const PROGRAM: &str = "include \"lib/\"\np = Process {\n  \n}\nx = join()\n";

fn snippets() -> Value {
    json!({ "textDocument": { "completion": { "completionItem": {
        "snippetSupport": true,
        "documentationFormat": ["markdown"],
        "resolveSupport": { "properties": ["documentation"] },
    } } } })
}

fn items(client: &mut Client, line: u32, character: u32) -> Vec<Value> {
    let params = json!({
        "textDocument": { "uri": client.uri("main.aur") },
        "position": { "line": line, "character": character },
    });
    let answer = client.ask("textDocument/completion", params);
    assert_eq!(answer["isIncomplete"], false);
    answer["items"].as_array().cloned().unwrap_or_default()
}

fn named<'i>(items: &'i [Value], label: &str) -> &'i Value {
    items
        .iter()
        .find(|item| item["label"] == label)
        .expect("the item")
}

#[test]
fn fields_are_snippets_where_the_client_can_and_tell_more_when_asked() {
    let mut client = Client::with(&[("main.aur", PROGRAM)], snippets());
    client.open("main.aur");
    let found = items(&mut client, 2, 2);
    let name = named(&found, "name");
    assert_eq!(name["detail"], "String (required)");
    assert_eq!(name["insertTextFormat"], 2);
    assert_eq!(name["textEdit"]["newText"], "name = \"$1\"");
    let at = json!({ "line": 2, "character": 2 });
    assert_eq!(name["textEdit"]["range"], json!({ "start": at, "end": at }));
    assert!(name["documentation"].is_null());
    let resolved = client.ask("completionItem/resolve", name.clone());
    assert_eq!(
        resolved["documentation"],
        json!({ "kind": "markdown", "value": "Name, unique within the task: a file name without a leading dot." })
    );
    client.leave();
}

#[test]
fn other_clients_get_plain_text_with_its_documentation() {
    let mut client = Client::new(&[("main.aur", PROGRAM)]);
    client.open("main.aur");
    let found = items(&mut client, 2, 2);
    let name = named(&found, "name");
    assert_eq!(name["insertTextFormat"], 1);
    assert_eq!(name["textEdit"]["newText"], "name = ");
    assert_eq!(name["documentation"]["kind"], "plaintext");
    client.leave();
}

#[test]
fn paths_come_from_the_disk() {
    let files = [
        ("main.aur", PROGRAM),
        ("lib/common.aur", "a = 1\n"),
        ("lib/deep/x.aur", ""),
    ];
    let mut client = Client::new(&files);
    client.open("main.aur");
    let found = items(&mut client, 0, 13);
    let labels: Vec<&str> = found.iter().filter_map(|item| item["label"].as_str()).collect();
    assert_eq!(labels, ["common.aur", "deep"]);
    client.leave();
}

#[test]
fn a_call_tells_its_parameters() {
    let mut client = Client::new(&[("main.aur", PROGRAM)]);
    client.open("main.aur");
    let params = json!({
        "textDocument": { "uri": client.uri("main.aur") },
        "position": { "line": 4, "character": 9 },
    });
    let answer = client.ask("textDocument/signatureHelp", params);
    assert_eq!(
        answer["signatures"][0]["label"],
        "join(list, separator) -> String"
    );
    assert_eq!(answer["signatures"][0]["parameters"][1]["label"], "separator");
    assert_eq!(answer["activeParameter"], 0);
    client.leave();
}
