//! The JSON Schemas of `docs/schemas/` are those of the types.

use aur_tests::rewritten_when_asked;
use serde_json::Value;

fn agrees(name: &str, schema: &Value) {
    let text = serde_json::to_string_pretty(schema).expect("a schema is JSON") + "\n";
    rewritten_when_asked(&format!("docs/schemas/{name}.schema.json"), &text);
}

#[test]
fn the_plan() {
    agrees("plan", &aur_ir::json_schema());
}

#[test]
fn the_task_object() {
    agrees("task", &aur_machine::task_schema());
}

#[test]
fn the_events() {
    agrees("event", &aur_machine::event_schema());
}

#[test]
fn what_aur_tells() {
    agrees(
        "tasks",
        &aur::documents::schema_of::<Vec<aur::documents::TaskDone>>(),
    );
    agrees(
        "signal",
        &aur::documents::schema_of::<aur::documents::SignalSent>(),
    );
    agrees(
        "process",
        &aur::documents::schema_of::<aur::documents::ProcessAsked>(),
    );
}

#[test]
fn what_aur_tells_of_causes_and_use() {
    agrees(
        "explain",
        &aur::documents::schema_of::<aur::documents::Explanation>(),
    );
    agrees("top", &aur::documents::schema_of::<Vec<aur::documents::TopRow>>());
}

#[test]
fn what_aur_tells_of_removed_tasks() {
    agrees("gc", &aur::documents::schema_of::<aur::documents::GcReport>());
}

#[test]
fn the_diagnostics() {
    agrees("diagnostics", &aur_render::document_schema());
}

#[test]
fn what_aurc_tells() {
    agrees("tests", &aur_report::schema_of::<aur_report::TestsDocument>());
    agrees(
        "dependencies",
        &aur_report::schema_of::<aur_report::DependenciesDocument>(),
    );
    agrees("origins", &aur_report::schema_of::<aur_report::OriginsDocument>());
}

#[test]
fn the_difference() {
    agrees("diff", &aur_ir::difference_schema());
}

/// A schema that accepts anything proves nothing.
#[test]
fn schemas_refuse_what_is_wrong() {
    for (schema, wrong) in [
        (aur_ir::json_schema(), r#"{"aur_ir":1}"#),
        (aur_machine::task_schema(), r#"{"task_id":1}"#),
        (
            aur_machine::event_schema(),
            r#"{"event":"no such event","task_id":"t","time_ms":1}"#,
        ),
        (aur_render::document_schema(), r#"{"version":1}"#),
        (
            aur_report::schema_of::<aur_report::TestsDocument>(),
            r#"{"version":1}"#,
        ),
        (
            aur_report::schema_of::<aur_report::DependenciesDocument>(),
            r#"{"version":1}"#,
        ),
        (
            aur_report::schema_of::<aur_report::OriginsDocument>(),
            r#"{"version":1}"#,
        ),
        (aur_ir::difference_schema(), r#"{"version":1}"#),
    ] {
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        let wrong: Value = serde_json::from_str(wrong).expect("JSON");
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}
