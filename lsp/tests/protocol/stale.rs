//! Answers never belong to an older text.

use serde_json::json;

use crate::client::{Client, whole};

fn long(jobs: usize) -> String {
    let mut text = String::from("jobs = [\n");
    for index in 0..jobs {
        text += &format!(
            "  Job {{ name = \"j{index}\", cluster = \"c\", role = \"r\", environment = \"e\", task = Task {{ processes = [Process {{ name = \"p\", cmdline = \"echo {{{{role}}}}\" }}], resources = Resources {{ cpu = 1.0, ram = 1MB, disk = 1MB }} }} }},\n"
        );
    }
    text + "]\n"
}

#[test]
fn a_question_about_a_place_is_refused_when_the_text_changes_under_it() {
    let text = long(2_000);
    let mut client = Client::new(&[("main.aur", &text)]);
    client.open("main.aur");
    let params = client.at("main.aur", "role}}");
    let id = client.begin("textDocument/hover", params);
    client.change("main.aur", whole("a = 1\n"));
    let answer = client.answer(&id);
    assert_eq!(answer.map_err(|error| error.code), Err(-32801));
    client.leave();
}

#[test]
fn a_question_about_the_file_is_answered_from_the_new_text() {
    let text = long(2_000);
    let mut client = Client::new(&[("main.aur", &text)]);
    client.open("main.aur");
    let document = json!({ "textDocument": { "uri": client.uri("main.aur") } });
    let id = client.begin("textDocument/codeLens", document);
    client.change("main.aur", whole("a = 1\n"));
    assert_eq!(client.answer(&id).map_err(|error| error.code), Ok(json!([])));
    client.leave();
}

#[test]
fn a_cancelled_question_is_answered_at_once() {
    let text = long(2_000);
    let mut client = Client::new(&[("main.aur", &text)]);
    client.open("main.aur");
    let document = json!({ "textDocument": { "uri": client.uri("main.aur") } });
    let id = client.begin("textDocument/codeLens", document);
    client.tell("$/cancelRequest", json!({ "id": 2 }));
    assert_eq!(client.answer(&id).map_err(|error| error.code), Err(-32800));
    client.leave();
}

#[test]
fn diagnostics_of_a_burst_are_those_of_its_end() {
    let mut client = Client::new(&[("main.aur", "a = 1\n")]);
    client.open("main.aur");
    for length in 0..50 {
        client.change("main.aur", whole(&format!("a = [{}", "1, ".repeat(length))));
    }
    client.change("main.aur", whole("a = [b]\n"));
    insta::assert_snapshot!(client.diagnostics("main.aur"), @"1:6-1:7 E0201 `b` is not defined");
    client.leave();
}
