//! `aurc explain`

use aur_diagnostics::{Code, Severity, codes, nearest};
use aur_render::Look;
use aur_terminal::Failure;
use serde_json::{Value, json};

use crate::reading::is_colored;
use crate::{Context, Outcome, Status, reading};

/// Tell what a diagnostic means, with a program that has it and one that has not
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aurc explain E0203\n  aurc explain unknown_field\n  \
    aurc explain --list\n  aurc explain --list --format json"
)]
pub(crate) struct Args {
    /// Id or name of the diagnostic
    #[arg(required_unless_present = "list", conflicts_with = "list")]
    code: Option<String>,
    /// List all diagnostics
    #[arg(long)]
    list: bool,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// JSON; pages are Markdown
    Json,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let text = match (&args.code, args.format) {
        (Some(wanted), Format::Text) => page(find(wanted)?, context.terminal.out),
        (Some(wanted), Format::Json) => reading::json_for_reading(&as_json(find(wanted)?)),
        (None, Format::Text) => codes::ALL.iter().map(|code| row(code)).collect(),
        (None, Format::Json) => {
            let all: Vec<Value> = codes::ALL.iter().map(|code| as_json(code)).collect();
            reading::json_for_reading(&Value::from(all))
        }
    };
    context.terminal.print(text)?;
    Ok(Status::Fine)
}

fn find(wanted: &str) -> Result<&'static Code, Failure> {
    codes::find(wanted).ok_or_else(|| {
        let upper = wanted.to_ascii_uppercase();
        let ids = codes::ALL.iter().map(|code| code.id);
        let names = codes::ALL.iter().map(|code| code.name);
        let near = nearest(wanted, names).or_else(|| nearest(&upper, ids));
        Failure::new(format!("there is no diagnostic `{wanted}`")).help(match near {
            Some(near) => format!("did you mean `{near}`? `aurc explain --list` lists all"),
            None => "`aurc explain --list` lists all".to_string(),
        })
    })
}

fn severity(code: &Code) -> &'static str {
    match code.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn row(code: &Code) -> String {
    format!(
        "{}  {:<7}  {:<20} {}\n",
        code.id,
        severity(code),
        code.name,
        code.title
    )
}

fn as_json(code: &Code) -> Value {
    json!({
        "code": code.id,
        "name": code.name,
        "severity": severity(code),
        "title": code.title,
        "page": code.page,
    })
}

/// The page without its Markdown marks: programs are indented, with a line above that says which is which.
fn page(code: &Code, look: Look) -> String {
    let paint = |style: &str, text: &str| match is_colored(look) {
        true => format!("\x1b[{style}m{text}\x1b[0m"),
        false => text.to_string(),
    };
    let mut out = String::new();
    let mut in_program = false;
    for line in code.page.lines() {
        let shown = match line.strip_prefix("```") {
            Some("") => {
                in_program = false;
                continue;
            }
            Some(kind) => {
                in_program = true;
                match kind {
                    "aur fails" => paint("1;31", "This fails:"),
                    "aur passes" => paint("1;32", "This passes:"),
                    _ => continue,
                }
            }
            None if in_program => paint("36", &format!("    {line}")),
            None => match line.strip_prefix("# ") {
                Some(title) => paint("1", title),
                None => wrapped(line),
            },
        };
        out.push_str(shown.trim_end());
        out.push('\n');
    }
    out
}

/// Breaks a paragraph into lines of at most 80 characters where words allow it.
fn wrapped(paragraph: &str) -> String {
    let mut out = String::new();
    let mut width = 0;
    for word in paragraph.split(' ') {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > 80 {
            out.push('\n');
            width = 0;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    out
}
