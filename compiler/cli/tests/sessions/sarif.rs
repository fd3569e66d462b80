//! `--format sarif` against the standard: the objects of SARIF 2.1.0 that we write, with all that the standard
//! allows and asks for in them, and nothing else. `tests/sarif/test` holds more of it against the published schema.

use serde_json::{Value, json};

use crate::session::Session;

/// An object with these members and no others.
fn object(required: &[&str], members: Value) -> Value {
    json!({"type": "object", "additionalProperties": false, "required": required, "properties": members})
}

fn list(of: &str) -> Value {
    json!({"type": "array", "items": {"$ref": format!("#/$defs/{of}")}})
}

/// What the standard says about the objects that we write (sections 3.13 to 3.57).
fn standard() -> Value {
    let text = json!({"type": "string"});
    let one = json!({"type": "integer", "minimum": 1});
    let from_nothing = json!({"type": "integer", "minimum": 0});
    let level = json!({"enum": ["none", "note", "warning", "error"]});
    let to = |name: &str| json!({"$ref": format!("#/$defs/{name}")});
    let mut changes = list("artifactChange");
    changes["minItems"] = json!(1);
    let mut replacements = list("replacement");
    replacements["minItems"] = json!(1);
    let mut log = object(
        &["version", "runs"],
        json!({
            "$schema": {"type": "string", "format": "uri"}, "version": {"const": "2.1.0"}, "runs": list("run"),
        }),
    );
    log["$defs"] = json!({
        "run": object(&["tool", "results"], json!({
            "tool": to("tool"), "results": list("result"),
            "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        })),
        "tool": object(&["driver"], json!({"driver": to("toolComponent")})),
        "toolComponent": object(&["name"], json!({
            "name": text,
            "semanticVersion": {"type": "string", "pattern": "^\\d+\\.\\d+\\.\\d+$"},
            "rules": {"type": "array", "uniqueItems": true, "items": to("reportingDescriptor")},
        })),
        // The help is not asked for by the standard, but by us.
        "reportingDescriptor": object(&["id", "help"], json!({
            "id": text, "name": text, "shortDescription": to("multiformatMessage"),
            "help": to("multiformatMessage"), "defaultConfiguration": object(&[], json!({"level": level})),
        })),
        "multiformatMessage": object(&["text"], json!({"text": text, "markdown": text})),
        "message": object(&["text"], json!({"text": text})),
        "result": object(&["message"], json!({
            "ruleId": text, "ruleIndex": from_nothing, "level": level, "message": to("message"),
            "locations": list("location"), "relatedLocations": list("location"),
            "fixes": {"type": "array", "uniqueItems": true, "items": to("fix")}, "occurrenceCount": one,
        })),
        "location": object(&[], json!({"physicalLocation": to("physicalLocation"), "message": to("message")})),
        "physicalLocation": object(&["artifactLocation"], json!({
            "artifactLocation": to("artifactLocation"), "region": to("region"),
        })),
        "artifactLocation": object(&[], json!({"uri": {"type": "string", "format": "uri-reference"}})),
        "region": object(&["startLine"], json!({
            "startLine": one, "startColumn": one, "endLine": one, "endColumn": one,
        })),
        "fix": object(&["artifactChanges"], json!({"description": to("message"), "artifactChanges": changes})),
        "artifactChange": object(&["artifactLocation", "replacements"], json!({
            "artifactLocation": to("artifactLocation"), "replacements": replacements,
        })),
        "replacement": object(&["deletedRegion"], json!({
            "deletedRegion": to("region"), "insertedContent": object(&[], json!({"text": text})),
        })),
    });
    log
}

const BROKEN: &str = "include 'none.aur'
list = [True,, 1]
a = Process(name = \"x\", nmae = \"y\")
hello = [os.getenv('USER')]
b = c
";

fn log_of(session: &Session, line: &str) -> Value {
    serde_json::from_slice(&session.output(line).stdout).unwrap()
}

#[test]
fn the_log_follows_the_standard() {
    let session = Session::new(&[
        ("bröken one.aur", BROKEN),
        ("good.aur", "x = 1\n"),
        ("empty.aur", ""),
    ]);
    let validator = jsonschema::validator_for(&standard()).unwrap();
    let broken = log_of(&session, "aurc check 'bröken one.aur' good.aur --format sarif");
    for log in [&broken, &log_of(&session, "aurc check empty.aur --format sarif")] {
        if let Err(error) = validator.validate(log) {
            panic!("{error} at {}", error.instance_path());
        }
    }
    let mut wrong = broken;
    wrong["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = json!(0);
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn results_belong_to_their_rules_and_fixes_to_their_files() {
    let session = Session::new(&[("main.aur", BROKEN)]);
    let log = log_of(&session, "aurc check main.aur --format sarif");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert!(results.len() >= 6, "{results:#?}");
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(rule["help"]["markdown"].as_str().unwrap().contains("```aur"));
        assert_eq!(
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            "main.aur"
        );
    }
    let fixes = results.iter().filter_map(|result| result["fixes"].get(0));
    let replacements: Vec<usize> = fixes
        .map(|fix| {
            // A file is named once, with all that is replaced in it.
            assert_eq!(fix["artifactChanges"].as_array().unwrap().len(), 1, "{fix:#}");
            fix["artifactChanges"][0]["replacements"]
                .as_array()
                .unwrap()
                .len()
        })
        .collect();
    assert!(
        replacements.len() >= 4 && replacements.contains(&2),
        "{replacements:?}"
    );
}
