//! `textDocument/codeLens`: run or inspect a job where it is written.

use aur_compiler::editor;
use gen_lsp_types::{CodeLens, CodeLensParams, Command};
use serde_json::json;

use super::Answer;
use crate::snapshot::Snapshot;

/// So many jobs of one place get a lens each; a loop may make thousands.
const MOST: usize = 3;

pub(super) fn answer(snapshot: &Snapshot, params: CodeLensParams) -> Answer<Option<Vec<CodeLens>>> {
    let Some(file) = snapshot.file(&params.text_document.uri) else {
        return Ok(None);
    };
    let jobs = editor::jobs(&file.host, file.name(), &snapshot.given());
    let mut lenses: Vec<CodeLens> = Vec::new();
    for (index, job) in jobs.iter().enumerate() {
        let same = |other: &&editor::JobPlace| other.at == job.at;
        let number = jobs.iter().take(index).filter(same).count();
        if number >= MOST {
            continue;
        }
        let is_alone = jobs.iter().filter(same).count() == 1;
        let range = file.open.lines.range(job.at.start, job.at.end);
        for (verb, command) in [("run", "aur.run"), ("inspect", "aur.inspect")] {
            let title = if is_alone {
                verb.to_string()
            } else {
                format!("{verb} {}", job.key)
            };
            lenses.push(CodeLens {
                range,
                command: Some(Command {
                    title,
                    tooltip: Some(job.key.clone()),
                    command: command.to_string(),
                    arguments: Some(vec![json!(file.open.uri), json!(job.key)]),
                }),
                data: None,
            });
        }
    }
    Ok(Some(lenses))
}
