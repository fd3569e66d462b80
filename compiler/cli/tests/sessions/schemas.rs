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
}
