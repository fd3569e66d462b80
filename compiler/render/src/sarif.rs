//! The exchange format of static analysis tools, SARIF 2.1.0.

use std::collections::BTreeMap;

use aur_diagnostics::{Applicability, Code, Diagnostic, Fix, Severity, SourceMap, Span};
use serde_json::{Value, json};

use crate::clean::clean_json;
use crate::{Batch, each, headline};

/// Renders all diagnostics as a SARIF log with one run. `version` is that of the program.
pub fn sarif(batches: &[Batch<'_>], version: &str) -> String {
    let rules: BTreeMap<&str, &Code> = each(batches).map(|(_, one)| (one.code.id, one.code)).collect();
    let results: Vec<Value> = each(batches)
        .map(|(sources, one)| {
            let index = rules.keys().position(|id| *id == one.code.id);
            result(sources, one, index)
        })
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "aurc",
                "semanticVersion": version,
                "rules": rules.values().map(|code| rule(code)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    clean_json(format!("{log}\n"))
}

fn rule(code: &Code) -> Value {
    json!({
        "id": code.id,
        "name": code.name,
        "shortDescription": {"text": code.title},
        "help": {"text": code.page, "markdown": code.page},
        "defaultConfiguration": {"level": level(code.severity)},
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn result(sources: &SourceMap, diagnostic: &Diagnostic, rule_index: Option<usize>) -> Value {
    let mut places = diagnostic.labels.iter().filter_map(|label| {
        let place = physical(sources, label.span)?;
        let text = if label.text.is_empty() {
            &diagnostic.message
        } else {
            &label.text
        };
        Some(json!({"physicalLocation": place, "message": {"text": text}}))
    });
    let primary: Vec<Value> = places.next().into_iter().collect();
    let related: Vec<Value> = places.collect();

    let mut message = vec![headline(diagnostic)];
    message.extend(diagnostic.notes.iter().cloned());
    message.extend(diagnostic.help.iter().map(|help| format!("help: {help}")));
    let mut out = json!({
        "ruleId": diagnostic.code.id,
        "level": level(diagnostic.severity()),
        "message": {"text": message.join("\n")},
        "locations": primary,
    });
    if let Some(index) = rule_index {
        out["ruleIndex"] = json!(index);
    }
    if !related.is_empty() {
        out["relatedLocations"] = json!(related);
    }
    let fixes: Vec<Value> = diagnostic
        .fixes
        .iter()
        .filter_map(|one| fix(sources, one))
        .collect();
    if !fixes.is_empty() {
        out["fixes"] = json!(fixes);
    }
    if diagnostic.count > 1 {
        out["occurrenceCount"] = json!(diagnostic.count);
    }
    out
}

/// A fix that is only to be shown has no place in the format, whose fixes are all applicable.
fn fix(sources: &SourceMap, fix: &Fix) -> Option<Value> {
    match fix.applicability {
        Applicability::Safe | Applicability::Unsafe => {}
        Applicability::Display => return None,
    }
    // All that is replaced in a file belongs to one change.
    let mut files: Vec<(Value, Vec<Value>)> = Vec::new();
    for edit in &fix.edits {
        let place = physical(sources, edit.span)?;
        let replacement = json!({
            "deletedRegion": place["region"],
            "insertedContent": {"text": edit.text},
        });
        let file = &place["artifactLocation"];
        match files.iter_mut().find(|(other, _)| other == file) {
            Some((_, replacements)) => replacements.push(replacement),
            None => files.push((file.clone(), vec![replacement])),
        }
    }
    let changes: Vec<Value> = files
        .into_iter()
        .map(|(file, replacements)| json!({"artifactLocation": file, "replacements": replacements}))
        .collect();
    Some(json!({"description": {"text": fix.title}, "artifactChanges": changes}))
}

fn physical(sources: &SourceMap, span: Span) -> Option<Value> {
    let (path, start, end) = sources.locate(span)?;
    Some(json!({
        "artifactLocation": {"uri": uri(path)},
        "region": {
            "startLine": start.line, "startColumn": start.column,
            "endLine": end.line, "endColumn": end.column,
        },
    }))
}

/// Writes a path as a relative reference: only unreserved characters and `/` stay as they are.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
