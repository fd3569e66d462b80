//! Annotations that a code host shows beside the lines of a change.

use aur_diagnostics::{Diagnostic, SourceMap};

use crate::{Batch, each, headline, severity_name};

/// Renders diagnostics as workflow commands, one a line: `::error file=..,line=..::message`.
pub fn github(batches: &[Batch<'_>]) -> String {
    each(batches)
        .map(|(sources, one)| annotation(sources, one))
        .collect()
}

fn annotation(sources: &SourceMap, diagnostic: &Diagnostic) -> String {
    let mut properties = Vec::new();
    if let Some((path, start, end)) = diagnostic.span().and_then(|span| sources.locate(span)) {
        properties.push(format!("file={}", property(path)));
        properties.push(format!("line={}", start.line));
        properties.push(format!("endLine={}", end.line));
        // Columns are only taken where the annotation stands on one line.
        if start.line == end.line {
            properties.push(format!("col={}", start.column));
            properties.push(format!("endColumn={}", end.column));
        }
    }
    let title = format!("{}: {}", diagnostic.code.id, diagnostic.code.title);
    properties.push(format!("title={}", property(&title)));

    let mut lines = vec![headline(diagnostic)];
    lines.extend(diagnostic.labels.first().map(|label| label.text.clone()));
    lines.extend(diagnostic.notes.iter().cloned());
    lines.extend(diagnostic.help.iter().map(|help| format!("help: {help}")));
    lines.retain(|line| !line.is_empty());
    let severity = severity_name(diagnostic.severity());
    format!(
        "::{severity} {}::{}\n",
        properties.join(","),
        data(&lines.join("\n"))
    )
}

/// Escapes the text behind the second `::`; other control characters have no meaning there and go.
fn data(text: &str) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    text.replace(crate::clean::is_unsafe, "\u{fffd}")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
