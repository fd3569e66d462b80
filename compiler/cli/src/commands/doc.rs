//! `aurc doc`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use aur_compiler::FileDoc;
use aur_terminal::{Failure, value_or_errors};

use crate::{Context, Outcome, Status, search};

/// Write the reference of programs from their doc comments
///
/// The standard library is documented with `--prelude`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aurc doc main.aur\n  aurc doc --format html -o site\n  \
    aurc doc --prelude"
)]
pub(crate) struct Args {
    /// A program, whose includes belong to it, or a folder of programs
    #[arg(default_value = ".", value_name = "FILE|DIR", conflicts_with = "prelude")]
    path: PathBuf,
    /// Document the standard library
    #[arg(long)]
    prelude: bool,
    /// What is written
    #[arg(long, value_enum, default_value_t = Format::Markdown, value_name = "FORMAT")]
    format: Format,
    /// The folder that gets `index.md` or `index.html`; without it the reference is printed
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Markdown
    Markdown,
    /// One page of HTML that needs nothing else
    Html,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let files = if args.prelude {
        vec![aur_compiler::doc_of_prelude()]
    } else {
        match collect(&args.path, context)? {
            Some(files) => files,
            None => return Ok(Status::Faulty),
        }
    };
    let (text, name) = match args.format {
        Format::Markdown => (aur_report::markdown(&files), "index.md"),
        Format::Html => (aur_report::html(&files), "index.html"),
    };
    match &args.output {
        None => context.terminal.print(text)?,
        Some(folder) => write(&text, folder, name)?,
    }
    Ok(Status::Fine)
}

/// Reads all programs, each file once.
fn collect(path: &Path, context: &Context) -> Result<Option<Vec<FileDoc>>, Failure> {
    let paths = search::files(&[path.to_path_buf()], ".aur")?;
    let is_folder = path.is_dir();
    let mut told = BTreeSet::new();
    let mut out = Vec::new();
    for path in paths {
        if is_folder && aur_compiler::is_test_file(&path.to_string_lossy()) {
            continue;
        }
        let project = aur_terminal::open(&path, None, context.project.as_deref())?;
        let answer = aur_compiler::doc(&project, project.entry());
        let Some(files) = value_or_errors(&project, answer, &context.terminal, context.is_quiet)? else {
            return Ok(None);
        };
        for mut file in files {
            let seen = |path: &str| project.seen_from_here(path);
            file.path = seen(&file.path);
            for (path, _) in &mut file.includes {
                *path = seen(path);
            }
            if told.insert(file.path.clone()) {
                out.push(file);
            }
        }
    }
    if out.is_empty() {
        return Err(
            Failure::new(format!("there are no programs in `{}`", path.display()))
                .help("name a file or folder with `.aur` files"),
        );
    }
    Ok(Some(out))
}

fn write(text: &str, folder: &Path, name: &str) -> Result<(), Failure> {
    let shown = format!("`{}`", folder.display());
    std::fs::create_dir_all(folder).map_err(|error| Failure::unwritable(&shown, &error))?;
    let path = folder.join(name);
    let shown = format!("`{}`", path.display());
    aur_disk::replace_file(&path, text.as_bytes()).map_err(|error| Failure::unwritable(shown, &error))
}
