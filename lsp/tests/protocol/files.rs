//! What is asked of a whole file, and of moved ones.

use serde_json::{Value, json};

use crate::client::Client;

const MAIN: &str = "include \"lib/a.aur\"
# A comment
# of two lines.
task = Task {
  processes = [p],
  resources = Resources { cpu = 1.0, ram = 2048MB, disk = 1MB }
}
jobs = [Job { name = \"j\", cluster = \"c\", role = \"r\", environment = \"e\", task = task }]
";
const LIBRARY: &str = "p = Process { name = \"p\", cmdline = \"echo {{role | upper}} \u{e4}\" }\n";

fn client() -> Client {
    let mut client = Client::new(&[("main.aur", MAIN), ("lib/a.aur", LIBRARY)]);
    client.open("main.aur");
    client.open("lib/a.aur");
    client
}

fn of(client: &Client, name: &str) -> Value {
    json!({ "textDocument": { "uri": client.uri(name) } })
}

#[test]
fn the_outline_and_what_folds() {
    let mut client = client();
    let params = of(&client, "main.aur");
    let symbols = client.ask("textDocument/documentSymbol", params.clone());
    let names: Vec<&str> = symbols
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|own| own["name"].as_str())
        .collect();
    assert_eq!(names, ["task", "jobs", "j"], "{symbols}");
    let folds = client.ask("textDocument/foldingRange", params);
    let lines = |own: &Value| {
        (
            own["startLine"].as_u64().unwrap_or(99),
            own["endLine"].as_u64().unwrap_or(99),
        )
    };
    let folds: Vec<_> = folds.as_array().into_iter().flatten().map(lines).collect();
    assert_eq!(folds, [(1, 2), (3, 5)]);
    let found = client.ask("workspace/symbol", json!({ "query": "TSK" }));
    assert_eq!(found[0]["name"], "task", "{found}");
    client.leave();
}

#[test]
fn selections_grow() {
    let mut client = client();
    let mut params = client.at("lib/a.aur", "role");
    params["positions"] = json!([params["position"]]);
    let chain = client.ask("textDocument/selectionRange", params);
    let mut widths = Vec::new();
    let mut at = &chain[0];
    while at["range"].is_object() {
        let (start, end) = (&at["range"]["start"], &at["range"]["end"]);
        widths.push(
            (end["line"].as_i64().unwrap_or(0) - start["line"].as_i64().unwrap_or(0)) * 1000
                + end["character"].as_i64().unwrap_or(0)
                - start["character"].as_i64().unwrap_or(0),
        );
        at = &at["parent"];
    }
    assert!(widths.len() > 4 && widths.is_sorted(), "{widths:?}");
    client.leave();
}

#[test]
fn tokens_are_told_whole_then_by_what_changed() {
    let mut client = client();
    let params = of(&client, "lib/a.aur");
    let full = client.ask("textDocument/semanticTokens/full", params.clone());
    let count = full["data"].as_array().map_or(0, Vec::len);
    assert!(count > 30 && count.is_multiple_of(5), "{full}");
    client.change("lib/a.aur", crate::client::part((0, 0), (0, 1), "pp"));
    let mut asked = params;
    asked["previousResultId"] = full["resultId"].clone();
    let delta = client.ask("textDocument/semanticTokens/full/delta", asked.clone());
    assert_eq!(delta["edits"].as_array().map(Vec::len), Some(1), "{delta}");
    let edit = &delta["edits"][0];
    assert!(
        edit["data"].as_array().map_or(99, Vec::len) <= 10,
        "only the first word changed: {delta}"
    );
    asked["previousResultId"] = json!("unknown");
    let whole = client.ask("textDocument/semanticTokens/full/delta", asked);
    assert_eq!(whole["data"].as_array().map(Vec::len), Some(count));
    client.leave();
}

#[test]
fn hints_lenses_and_links() {
    let mut client = client();
    let mut params = of(&client, "main.aur");
    params["range"] =
        json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 99, "character": 0 } });
    let hints = client.ask("textDocument/inlayHint", params.clone());
    assert_eq!(hints[0]["label"], "= 2 GiB", "{hints}");
    let lenses = client.ask("textDocument/codeLens", params.clone());
    assert_eq!(lenses[0]["command"]["command"], "aur.run");
    assert_eq!(
        lenses[1]["command"]["arguments"],
        json!([client.uri("main.aur"), "c/r/e/j"])
    );
    let links = client.ask("textDocument/documentLink", params);
    assert_eq!(links[0]["target"], client.uri("lib/a.aur"));
    client.leave();
}

#[test]
fn a_job_with_everything_filled_in() {
    let mut client = client();
    let params = json!({ "command": "aur.resolved", "arguments": [client.uri("main.aur"), "c/r/e/j"] });
    let text = client.ask("workspace/executeCommand", params);
    assert!(
        text.as_str().is_some_and(|text| text.contains("echo R")),
        "{text}"
    );
    let unknown = json!({ "command": "aur.resolved", "arguments": [client.uri("main.aur"), "x"] });
    let id = client.begin("workspace/executeCommand", unknown);
    let error = client.answer(&id).expect_err("an error");
    assert_eq!(error.message, "the program has no job `x`");
    client.leave();
}

#[test]
fn includes_follow_a_moved_file() {
    let mut client = client();
    let moved =
        json!({ "files": [{ "oldUri": client.uri("lib/a.aur"), "newUri": client.uri("lib/b.aur") }] });
    let edit = client.ask("workspace/willRenameFiles", moved);
    assert!(
        client
            .edited(&edit)
            .starts_with("//- main.aur\ninclude \"lib/b.aur\"\n"),
        "{edit}"
    );
    let nothing = json!({ "files": [{ "oldUri": client.uri("x.txt"), "newUri": client.uri("y.txt") }] });
    assert_eq!(client.ask("workspace/willRenameFiles", nothing), Value::Null);
    client.leave();
}
