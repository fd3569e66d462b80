//! Diagnostics: pushed, pulled, of the whole workspace; and the fixes of `aurc check`.

use serde_json::{Value, json};

use crate::client::{Client, part, shown, whole, write};

const BROKEN: &str = "hello = Process { name = \"hello\", cmdlin = \"echo\" }\n";

#[test]
fn errors_come_and_go_while_typing() {
    let mut client = Client::new(&[("main.aur", BROKEN)]);
    client.open("main.aur");
    insta::assert_snapshot!(client.diagnostics("main.aur"), @"1:35-1:41 E0203 `Process` has no field `cmdlin`");
    client.change("main.aur", part((0, 40), (0, 40), "e"));
    insta::assert_snapshot!(client.diagnostics("main.aur"), @"");
    client.change("main.aur", whole("x = [1,\n"));
    insta::assert_snapshot!(client.diagnostics("main.aur"), @"1:5-1:6 E0102 `[` is never closed");
    client.leave();
}

#[test]
fn a_fault_of_an_included_file_is_shown_there_and_goes_with_its_cause() {
    let library = "base = Process { name = \"base\", cmdline = \"echo {{who}}\" }\n";
    let main = "include \"lib.aur\"\njobs = [Job { name = \"j\", cluster = \"c\", role = \"r\", environment = \"e\", task = Task { processes = [base], resources = Resources { cpu = 1.0, ram = 1MB, disk = 1MB } } }]\n";
    let mut client = Client::new(&[("lib.aur", library), ("main.aur", main)]);
    client.open("main.aur");
    insta::assert_snapshot!(client.diagnostics("lib.aur"), @"1:51-1:54 E0401 `who` is not bound");
    // The open text of the library counts, not that of the disk.
    client.open("lib.aur");
    client.change("lib.aur", whole(&library.replace("{{who}}", "you")));
    insta::assert_snapshot!(client.diagnostics("lib.aur"), @"");
    client.leave();
}

#[test]
fn a_client_that_pulls_gets_no_push() {
    let capabilities = json!({ "textDocument": { "diagnostic": {} } });
    let mut client = Client::with(&[("main.aur", BROKEN)], capabilities);
    client.open("main.aur");
    let params = |client: &Client, before: Value| json!({ "textDocument": { "uri": client.uri("main.aur") }, "previousResultId": before });
    let asked = params(&client, Value::Null);
    let report = client.ask("textDocument/diagnostic", asked);
    assert_eq!(report["kind"], "full");
    insta::assert_snapshot!(shown(&report["items"]), @"1:35-1:41 E0203 `Process` has no field `cmdlin`");
    let asked = params(&client, report["resultId"].clone());
    assert_eq!(client.ask("textDocument/diagnostic", asked)["kind"], "unchanged");
    client.change("main.aur", whole("a = 1\n"));
    let asked = params(&client, report["resultId"].clone());
    assert_eq!(client.ask("textDocument/diagnostic", asked)["items"], json!([]));
    assert_eq!(client.came("textDocument/publishDiagnostics"), 0);
    client.leave();
}

#[test]
fn the_workspace_is_looked_through_also_where_nothing_is_open() {
    let mut client = Client::new(&[("a.aur", BROKEN), ("deep/b.aur", "b = 1\n"), ("c.txt", "?")]);
    let report = client.ask("workspace/diagnostic", json!({ "previousResultIds": [] }));
    let files = |report: &Value| -> Vec<(String, usize)> {
        let items = report["items"].as_array().expect("items");
        let file = |item: &Value| {
            let uri = item["uri"].as_str().unwrap_or("");
            let name = uri.rsplit('/').next().unwrap_or("").to_string();
            (name, item["items"].as_array().map_or(99, Vec::len))
        };
        items.iter().map(file).collect()
    };
    assert_eq!(
        files(&report),
        [("a.aur".to_string(), 1), ("b.aur".to_string(), 0)]
    );
    let known: Vec<Value> = report["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| json!({ "uri": item["uri"], "value": item["resultId"] }))
        .collect();
    write(&client.path("a.aur"), "a = 1\n");
    client.tell("workspace/didChangeWatchedFiles", json!({ "changes": [] }));
    let report = client.ask("workspace/diagnostic", json!({ "previousResultIds": known }));
    assert_eq!(
        files(&report),
        [("a.aur".to_string(), 0), ("b.aur".to_string(), 99)]
    );
    client.leave();
}

#[test]
fn fixes_are_those_of_the_command() {
    let mut client = Client::new(&[("main.aur", BROKEN)]);
    client.open("main.aur");
    let at = json!({ "line": 0, "character": 36 });
    let params = json!({
        "textDocument": { "uri": client.uri("main.aur") },
        "range": { "start": at, "end": at },
        "context": { "diagnostics": [] },
    });
    let actions = client.ask("textDocument/codeAction", params);
    let first = &actions[0];
    assert_eq!(first["title"], "write `cmdline`");
    assert_eq!(first["kind"], "quickfix");
    let edits = &first["edit"]["changes"][client.uri("main.aur")];
    assert_eq!(
        edits,
        &json!([{ "range": { "start": { "line": 0, "character": 34 }, "end": { "line": 0, "character": 40 } }, "newText": "cmdline" }])
    );
    client.leave();
}

#[test]
fn all_safe_fixes_are_one_action_that_is_made_when_it_is_chosen() {
    let mut client = Client::new(&[("main.aur", "x = True\ny = None\n")]);
    client.open("main.aur");
    let params = json!({
        "textDocument": { "uri": client.uri("main.aur") },
        "range": { "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": 0 } },
        "context": { "diagnostics": [], "only": ["source.fixAll"] },
    });
    let actions = client.ask("textDocument/codeAction", params);
    assert_eq!(actions.as_array().map(Vec::len), Some(1), "{actions}");
    let action = client.ask("codeAction/resolve", actions[0].clone());
    let text = &action["edit"]["changes"][client.uri("main.aur")][0]["newText"];
    assert_eq!(text, "x = true\ny = unset\n");
    client.change("main.aur", whole("x = True\n"));
    let id = client.begin("codeAction/resolve", actions[0].clone());
    assert!(client.answer(&id).is_err(), "the action is one of another text");
    client.leave();
}

#[test]
fn every_version_of_an_open_file_has_its_diagnostics() {
    let mut client = Client::new(&[("main.aur", BROKEN)]);
    client.open("main.aur");
    let first = client.diagnostics("main.aur");
    client.change("main.aur", part((1, 0), (1, 0), "# nothing new\n"));
    assert_eq!(client.diagnostics("main.aur"), first);
    client.leave();
}

/// A program of many jobs that share a task: large enough to be told of twice.
fn large() -> String {
    let base = "base = Task { processes = [Process { name = \"main\", cmdline = \"true\" }], resources = Resources { cpu = 1, ram = 1GB, disk = 1GB } }\n";
    let job = |at: usize| {
        format!(
            "job_{at} = Job {{ name = \"j{at}\", cluster = \"c\", role = \"r\", environment = \"e\", task = base }}\n"
        )
    };
    let names = (0..400).map(|at| format!("  job_{at},\n"));
    let jobs = (0..400).map(job).collect::<String>();
    format!("{base}{jobs}jobs = [\n{}]\n", names.collect::<String>())
}

#[test]
fn a_large_program_is_told_of_at_once_and_again_when_the_rest_is_known() {
    let text = large();
    assert!(text.len() > 32 << 10);
    let mut client = Client::new(&[("main.aur", &text)]);
    client.open("main.aur");
    assert_eq!(client.diagnostics("main.aur"), "");
    // What a job says is known at once, and nothing is told twice.
    client.change("main.aur", part((7, 0), (7, 5), "job_x"));
    insta::assert_snapshot!(client.diagnostics("main.aur"), @"409:3-409:8 E0201 `job_6` is not defined");
    std::thread::sleep(std::time::Duration::from_millis(400));
    client.at("main.aur", "base");
    client.ask(
        "textDocument/documentSymbol",
        json!({ "textDocument": { "uri": client.uri("main.aur") } }),
    );
    assert_eq!(client.came("textDocument/publishDiagnostics"), 0);
    client.change("main.aur", part((7, 0), (7, 5), "job_6"));
    assert_eq!(client.diagnostics("main.aur"), "");
    // What four hundred jobs make of a text takes longer.
    let column = text.find("true").expect("a command") as u32;
    client.change("main.aur", part((0, column), (0, column + 4), "{{who}}"));
    assert_eq!(client.diagnostics("main.aur"), "");
    insta::assert_snapshot!(client.diagnostics("main.aur"), @"1:66-1:69 E0401 `who` is not bound");
    client.leave();
}

#[test]
fn a_client_that_pulls_a_large_program_asks_again_where_the_rest_differs() {
    let text = large();
    let capabilities = json!({
        "textDocument": { "diagnostic": {} },
        "workspace": { "diagnostics": { "refreshSupport": true } },
    });
    let mut client = Client::with(&[("main.aur", &text)], capabilities);
    client.open("main.aur");
    let asked = json!({ "textDocument": { "uri": client.uri("main.aur") } });
    let pulled = |client: &mut Client| shown(&client.ask("textDocument/diagnostic", asked.clone())["items"]);
    assert_eq!(pulled(&mut client), "");
    client.change("main.aur", part((7, 0), (7, 5), "job_x"));
    insta::assert_snapshot!(pulled(&mut client), @"409:3-409:8 E0201 `job_6` is not defined");
    client.change("main.aur", part((7, 0), (7, 5), "job_6"));
    assert_eq!(pulled(&mut client), "");
    // What four hundred jobs make of a text takes longer.
    let column = text.find("true").expect("a command") as u32;
    client.change("main.aur", part((0, column), (0, column + 4), "{{who}}"));
    assert_eq!(pulled(&mut client), "");
    // Also where the whole is known by then, as fixes need it.
    let start = json!({ "line": 0, "character": 0 });
    let fixes = json!({
        "textDocument": { "uri": client.uri("main.aur") },
        "range": { "start": start, "end": start },
        "context": { "diagnostics": [] },
    });
    client.ask("textDocument/codeAction", fixes);
    client.told("workspace/diagnostic/refresh");
    insta::assert_snapshot!(pulled(&mut client), @"1:66-1:69 E0401 `who` is not bound");
    // Once, and never for an estimate that held.
    std::thread::sleep(std::time::Duration::from_millis(400));
    assert_ne!(pulled(&mut client), "");
    assert_eq!(client.came("workspace/diagnostic/refresh"), 0);
    client.leave();
}
