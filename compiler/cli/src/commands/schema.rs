//! `aurc schema`

use crate::{Context, Outcome, Status, reading};

/// Print the JSON Schema of what aurc writes
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  aurc schema\n  aurc schema diagnostics > diagnostics.schema.json")]
pub(crate) struct Args {
    /// Which document
    #[arg(value_enum, default_value_t = Document::Plan)]
    document: Document,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Document {
    /// What `aurc compile` writes
    Plan,
    /// What `aurc check --format json` writes
    Diagnostics,
    /// What `aurc test --json` prints
    Tests,
    /// What `aurc deps --json` prints
    Dependencies,
    /// What `aurc eval --origin --json` prints
    Origins,
    /// What `aurc diff --json` writes
    Diff,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let schema = match args.document {
        Document::Plan => aur_ir::json_schema(),
        Document::Diagnostics => aur_render::document_schema(),
        Document::Tests => aur_report::schema_of::<aur_report::TestsDocument>(),
        Document::Dependencies => aur_report::schema_of::<aur_report::DependenciesDocument>(),
        Document::Origins => aur_report::schema_of::<aur_report::OriginsDocument>(),
        Document::Diff => aur_ir::difference_schema(),
    };
    context.terminal.print(reading::json_for_reading(&schema))?;
    Ok(Status::Fine)
}
