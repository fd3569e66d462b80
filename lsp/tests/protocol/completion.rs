//! Completion and signatures as a client gets them.

use serde_json::{Value, json};

use crate::client::{Client, whole};

const PROGRAM: &str = "include \"lib/\"\np = Process {\n  \n}\nx = join()\n";

fn snippets() -> Value {
    json!({ "textDocument": { "completion": { "completionItem": {
        "snippetSupport": true,
        "documentationFormat": ["markdown"],
        "resolveSupport": { "properties": ["documentation"] },
    } } } })
}

fn items(client: &mut Client, line: u32, character: u32) -> Vec<Value> {
    items_of(client, "main.aur", line, character)
}

fn items_of(client: &mut Client, name: &str, line: u32, character: u32) -> Vec<Value> {
    let params = json!({
        "textDocument": { "uri": client.uri(name) },
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

#[test]
fn a_library_completes_with_the_jobs_that_include_it() {
    let library = "speak = Process { name = \"speak\", cmdline = \"echo {{\" }\n";
    let main = "include \"lib.aur\"
task = Task { processes = [speak], resources = Resources { cpu = 1.0, ram = 1MB, disk = 1MB } }
base = Job { name = \"j\", cluster = \"c\", role = \"r\", environment = \"e\", task = task }
jobs = [base.bind(word = \"hello\"), base { name = \"k\" }.bind(word = \"bye\", sizes = {small: 1})]
";
    let mut client = Client::with(&[("lib.aur", library), ("main.aur", main)], snippets());
    client.open("lib.aur");
    let at = library.find("{{").map_or(0, |at| at as u32 + 2);
    let found = items_of(&mut client, "lib.aur", 0, at);
    let word = named(&found, "word");
    assert_eq!(word["detail"], "bound = hello in c/r/e/j; bye in c/r/e/k");
    let resolved = client.ask("completionItem/resolve", named(&found, "max_failures").clone());
    let doc = resolved["documentation"]["value"].as_str().unwrap_or("");
    assert!(doc.starts_with("Failures after which"), "{doc}");
    client.change("lib.aur", whole(&library.replace("{{", "{{sizes.")));
    let found = items_of(&mut client, "lib.aur", 0, at + 6);
    assert_eq!(named(&found, "small")["detail"], "Integer = 1");
    client.leave();
}
