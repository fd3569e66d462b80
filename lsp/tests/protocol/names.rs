//! Definitions, references and renames across files and into texts.

use serde_json::{Value, json};

use crate::client::{Client, whole};

const LIBRARY: &str =
    "/// Says something.\nspeak = Process { name = \"speak\", cmdline = \"echo {{word}} {{size}}\" }\n";
const MAIN: &str = "include \"lib.aur\"
enum Size { small, large }
struct Voice { size: Size = \"small\" }
task = Task { processes = [speak], resources = Resources { cpu = 1.0, ram = 1MB, disk = 1MB } }
base = Job { name = \"j\", cluster = \"c\", role = \"r\", environment = \"e\", task = task }
voice = Voice { size = Size.large }
jobs = [base.bind(word = \"hello\", size = voice.size)]
";

fn client() -> Client {
    let mut client = Client::new(&[("lib.aur", LIBRARY), ("main.aur", MAIN)]);
    client.open("main.aur");
    client.open("lib.aur");
    client
}

fn asked(client: &mut Client, method: &str, name: &str, word: &str) -> String {
    let params = client.at(name, word);
    let answer = client.ask(method, params);
    client.places(&answer)
}

#[test]
fn a_definition_is_found_in_another_file() {
    let mut client = client();
    insta::assert_snapshot!(asked(&mut client, "textDocument/definition", "main.aur", "speak]"), @"lib.aur:2:1-6");
    insta::assert_snapshot!(asked(&mut client, "textDocument/definition", "main.aur", "lib.aur"), @"lib.aur:1:1-1");
    insta::assert_snapshot!(asked(&mut client, "textDocument/definition", "main.aur", "Task {"), @"prelude.aur");
    insta::assert_snapshot!(asked(&mut client, "textDocument/typeDefinition", "main.aur", "voice ="), @"main.aur:3:8-13");
    client.leave();
}

fn references(client: &mut Client, name: &str, word: &str) -> String {
    let mut params = client.at(name, word);
    params["context"] = json!({ "includeDeclaration": true });
    let answer = client.ask("textDocument/references", params);
    client.places(&answer)
}

#[test]
fn references_reach_into_texts_of_other_files() {
    let mut client = client();
    insta::assert_snapshot!(references(&mut client, "main.aur", "word ="), @"
    lib.aur:2:53-57
    main.aur:7:19-23
    ");
    insta::assert_snapshot!(references(&mut client, "lib.aur", "speak ="), @"
    lib.aur:2:1-6
    main.aur:4:28-33
    ");
    insta::assert_snapshot!(references(&mut client, "main.aur", "large"), @"
    main.aur:2:20-25
    main.aur:6:29-34
    ");
    let highlights = client.at("main.aur", "task = Task");
    let found = client.ask("textDocument/documentHighlight", highlights);
    assert_eq!(found.as_array().map(Vec::len), Some(2), "{found}");
    client.leave();
}

fn renamed(client: &mut Client, name: &str, word: &str, new: &str) -> String {
    let mut params = client.at(name, word);
    let prepared = client.begin("textDocument/prepareRename", params.clone());
    if let Err(error) = client.answer(&prepared) {
        return error.message;
    }
    params["newName"] = json!(new);
    let id = client.begin("textDocument/rename", params);
    match client.answer(&id) {
        Ok(Value::Null) => "nothing".to_string(),
        Ok(edit) => client.edited(&edit),
        Err(error) => error.message,
    }
}

#[test]
fn a_rename_changes_every_file_and_every_text() {
    let mut client = client();
    insta::assert_snapshot!(renamed(&mut client, "lib.aur", "word}}", "greeting"), @r#"
    //- lib.aur
    /// Says something.
    speak = Process { name = "speak", cmdline = "echo {{greeting}} {{size}}" }
    //- main.aur
    include "lib.aur"
    enum Size { small, large }
    struct Voice { size: Size = "small" }
    task = Task { processes = [speak], resources = Resources { cpu = 1.0, ram = 1MB, disk = 1MB } }
    base = Job { name = "j", cluster = "c", role = "r", environment = "e", task = task }
    voice = Voice { size = Size.large }
    jobs = [base.bind(greeting = "hello", size = voice.size)]
    "#);
    insta::assert_snapshot!(renamed(&mut client, "main.aur", "speak]", "talk"), @r#"
    //- lib.aur
    /// Says something.
    talk = Process { name = "speak", cmdline = "echo {{word}} {{size}}" }
    //- main.aur
    include "lib.aur"
    enum Size { small, large }
    struct Voice { size: Size = "small" }
    task = Task { processes = [talk], resources = Resources { cpu = 1.0, ram = 1MB, disk = 1MB } }
    base = Job { name = "j", cluster = "c", role = "r", environment = "e", task = task }
    voice = Voice { size = Size.large }
    jobs = [base.bind(word = "hello", size = voice.size)]
    "#);
    insta::assert_snapshot!(renamed(&mut client, "main.aur", "small,", "little"), @r#"
    //- main.aur
    include "lib.aur"
    enum Size { little, large }
    struct Voice { size: Size = "little" }
    task = Task { processes = [speak], resources = Resources { cpu = 1.0, ram = 1MB, disk = 1MB } }
    base = Job { name = "j", cluster = "c", role = "r", environment = "e", task = task }
    voice = Voice { size = Size.large }
    jobs = [base.bind(word = "hello", size = voice.size)]
    "#);
    client.leave();
}

#[test]
fn a_rename_that_would_break_something_is_refused() {
    let mut client = client();
    insta::assert_snapshot!(renamed(&mut client, "main.aur", "voice =", "task"), @"with the name `task`: `task` is defined twice in this file");
    insta::assert_snapshot!(renamed(&mut client, "main.aur", "voice =", "Job"), @"with the name `Job`: `Job` belongs to the standard library");
    insta::assert_snapshot!(renamed(&mut client, "main.aur", "voice =", "two words"), @"`two words` is no name: letters, digits and underscores, a letter or underscore first, and no keyword");
    insta::assert_snapshot!(renamed(&mut client, "main.aur", "voice =", "if"), @"`if` is no name: letters, digits and underscores, a letter or underscore first, and no keyword");
    insta::assert_snapshot!(renamed(&mut client, "main.aur", "Task {", "Work"), @"`Task` belongs to the standard library and keeps its name");
    insta::assert_snapshot!(renamed(&mut client, "main.aur", "name = \"j\"", "x"), @"`name` belongs to the standard library and keeps its name");
    client.leave();
}

#[test]
fn a_hover_is_markdown_or_plain_as_the_client_likes() {
    let mut client = client();
    let params = client.at("lib.aur", "word}}");
    let hover = client.ask("textDocument/hover", params);
    insta::assert_snapshot!(hover["contents"]["value"].as_str().unwrap_or(""), @"
    ```aur
    word
    ```

    ---

    in c/r/e/j:

    ```text
    hello
    ```
    ");
    let params = client.at("main.aur", "speak]");
    let hover = client.ask("textDocument/hover", params);
    insta::assert_snapshot!(hover["contents"]["value"].as_str().unwrap_or(""), @"
    ```aur
    speak: Process
    ```

    ---

    Says something.
    ");
    client.leave();
    let plain = json!({ "textDocument": { "hover": { "contentFormat": ["plaintext"] } } });
    let mut client = Client::with(&[("main.aur", "/// Doc.\na = 1 + 1\n")], plain);
    client.open("main.aur");
    let params = client.at("main.aur", "a =");
    let hover = client.ask("textDocument/hover", params);
    assert_eq!(hover["contents"]["kind"], "plaintext");
    insta::assert_snapshot!(hover["contents"]["value"].as_str().unwrap_or(""), @"
    a: Integer

    Doc.

    2
    ");
    client.leave();
}

#[test]
fn the_open_text_counts_not_that_of_the_disk() {
    let mut client = client();
    client.change("lib.aur", whole(&format!("\n\n{LIBRARY}")));
    insta::assert_snapshot!(asked(&mut client, "textDocument/definition", "main.aur", "speak]"), @"lib.aur:4:1-6");
    client.leave();
}
