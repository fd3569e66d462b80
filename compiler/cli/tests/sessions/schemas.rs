use serde_json::Value;

use crate::session::{HELLO, Session};

/// What the line prints must be JSON that follows the schema that the other line prints.
fn follows(session: &Session, line: &str, schema_line: &str) {
    let json = |line: &str| -> Value { serde_json::from_slice(&session.output(line).stdout).unwrap() };
    let validator = jsonschema::validator_for(&json(schema_line)).unwrap();
    let value = json(line);
    if let Err(error) = validator.validate(&value) {
        panic!("{line}: {error} at {}", error.instance_path());
    }
    assert!(!validator.is_valid(&Value::Null));
}

#[test]
fn documents_follow_their_schemas() {
    let broken = "hello = Process { nmae = \"x\" }\nlist = [\"a\" \"b\"]\ntext = \"\\d\"\nold = Process(name = \"x\")\n";
    let session = Session::new(&[("main.aur", HELLO), ("broken.aur", broken)]);
    follows(&session, "aurc compile main.aur", "aurc schema");
    follows(
        &session,
        "aurc check main.aur --format json",
        "aurc schema diagnostics",
    );
    follows(
        &session,
        "aurc check broken.aur --format json",
        "aurc schema diagnostics",
    );
    session.output("sed 's/echo hello/echo bye/; s/64MB/65MB/' main.aur > other.aur");
    follows(
        &session,
        "aurc diff main.aur other.aur --json",
        "aurc schema diff",
    );
    follows(&session, "aurc diff main.aur main.aur --json", "aurc schema diff");
    let test =
        "test \"x\" { expect [1] == [2], expect error E0101 in file(\"main.aur\") }\ntest \"y\" { expect }\n";
    let program = "include \"main.aur\" as m\ninput w: String = env(\"W\")\ny = \"{{w}} {{x}}\".bind(x = file(\"main.aur\"))\n";
    let session = Session::new(&[("main.aur", HELLO), ("a_test.aur", test), ("b.aur", program)]);
    follows(&session, "aurc test --json", "aurc schema tests");
    follows(&session, "aurc deps b.aur --json", "aurc schema dependencies");
    follows(
        &session,
        "aurc eval b.aur y --origin --json -E w=1",
        "aurc schema origins",
    );
    follows(
        &session,
        "aurc eval b.aur m.hello --origin --json",
        "aurc schema origins",
    );
}
