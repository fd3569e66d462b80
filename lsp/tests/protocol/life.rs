//! Coming and going, and messages that make no sense.

use aur_lsp::Ended;
use serde_json::json;

use crate::client::Client;

#[test]
fn a_client_comes_and_goes() {
    assert_eq!(Client::new(&[]).leave(), Ended::Asked);
    assert_eq!(Client::new(&[]).vanish(), Ended::Left);
}

#[test]
fn what_is_not_known_is_refused_and_nothing_ends() {
    let mut client = Client::new(&[("main.aur", "a = 1\n")]);
    let mut refused = |method: &str, params| {
        let id = client.begin(method, params);
        let error = client.answer(&id).expect_err("an error");
        (error.code, error.message)
    };
    let unknown = refused("textDocument/dance", json!({}));
    assert_eq!(
        unknown,
        (-32601, "there is no method `textDocument/dance`".to_string())
    );
    assert_eq!(refused("textDocument/formatting", json!({ "x": 1 })).0, -32602);
    client.tell("textDocument/didChange", json!({ "no": "sense" }));
    client.tell("$/unknown", json!(null));
    let nowhere =
        json!({ "textDocument": { "uri": "untitled:1" }, "options": { "tabSize": 2, "insertSpaces": true } });
    assert_eq!(client.ask("textDocument/formatting", nowhere), json!(null));
    assert_eq!(client.leave(), Ended::Asked);
}

#[test]
fn after_the_shutdown_nothing_is_answered() {
    let mut client = Client::new(&[]);
    client.ask("shutdown", json!(null));
    let id = client.begin("workspace/diagnostic", json!({ "previousResultIds": [] }));
    assert_eq!(client.answer(&id).map_err(|error| error.code), Err(-32600));
    assert_eq!(client.vanish(), Ended::Left);
}

#[test]
fn a_change_elsewhere_keeps_no_file_from_its_diagnostics() {
    let mut client = Client::new(&[
        ("a/aur.toml", ""),
        ("a/x.aur", "x = y\n"),
        ("b/aur.toml", ""),
        ("b/y.aur", "y = 1\n"),
    ]);
    client.open("a/x.aur");
    client.open("b/y.aur");
    for _ in 0..20 {
        client.change("b/y.aur", crate::client::part((0, 5), (0, 5), "1"));
    }
    assert_eq!(
        client.first_diagnostics("a/x.aur"),
        "1:5-1:6 E0201 `y` is not defined\n"
    );
    client.leave();
}

#[test]
fn of_a_very_large_file_only_the_syntax_is_checked() {
    let text = format!(
        "{}x = nobody\ny = [\n",
        "# a long comment of a generated file\n".repeat(160_000)
    );
    let mut client = Client::new(&[("main.aur", &text)]);
    client.open("main.aur");
    assert_eq!(
        client.diagnostics("main.aur"),
        "160002:5-160002:6 E0102 `[` is never closed\n"
    );
    assert_eq!(client.came("window/showMessage"), 1);
    client.leave();
}
