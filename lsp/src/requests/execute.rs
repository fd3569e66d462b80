//! `workspace/executeCommand`: `aur.resolved` shows jobs with everything filled in.
//!
//! The server starts nothing: `aur.run` and `aur.inspect` of a lens are the editor's to run.

use aur_compiler::inspect;
use aur_diagnostics::Severity;
use gen_lsp_types::{ExecuteCommandParams, Uri};
use serde_json::Value;

use super::{Answer, Failure};
use crate::snapshot::Snapshot;

/// The commands of the server.
pub(crate) const COMMANDS: [&str; 1] = ["aur.resolved"];

pub(super) fn answer(snapshot: &Snapshot, params: ExecuteCommandParams) -> Answer<Option<Value>> {
    if params.command != "aur.resolved" {
        return Err(Failure::refused(format!(
            "there is no command `{}`",
            params.command
        )));
    }
    let mut arguments = params.arguments.unwrap_or_default().into_iter();
    let uri = arguments.next().and_then(|uri| uri.as_str().map(Uri::from));
    let key = arguments.next().and_then(|key| key.as_str().map(str::to_string));
    let file = uri.and_then(|uri| snapshot.file(&uri));
    let Some(file) = file else {
        return Err(Failure::refused(
            "the first argument is the URI of an open program",
        ));
    };
    let answer = inspect(&file.host, file.name(), &snapshot.given());
    let Some(outline) = answer.value else {
        let errors = answer
            .diagnostics
            .iter()
            .filter(|found| found.severity() == Severity::Error);
        let first = errors
            .map(|found| found.message.as_str())
            .next()
            .unwrap_or("nothing to show");
        return Err(Failure::refused(format!("the program has errors: {first}")));
    };
    let mut jobs = outline.plan.jobs;
    if let Some(key) = key {
        jobs.retain(|job| job.key == key);
        if jobs.is_empty() {
            return Err(Failure::refused(format!("the program has no job `{key}`")));
        }
    }
    let text = serde_json::to_string_pretty(&jobs).map_err(|error| Failure::refused(error.to_string()))?;
    Ok(Some(Value::String(text + "\n")))
}
