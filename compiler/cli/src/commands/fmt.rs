//! `aurc fmt`

use std::fs;
use std::path::{Path, PathBuf};

use aur_terminal::{Failure, plural};

use crate::reading::difference;
use crate::{Context, Outcome, Status};

/// Lay out programs in the one canonical way
///
/// What cannot be read stays as it is.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aurc fmt\n  aurc fmt main.aur jobs/\n  aurc fmt --check\n  \
    aurc fmt --diff main.aur\n  aurc fmt - < main.aur"
)]
pub(crate) struct Args {
    /// Files, or folders to search for `.aur` files; `-` reads the standard input and prints
    #[arg(default_value = ".", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Change nothing; list the files that would change and end with 1 if there are any
    #[arg(long)]
    check: bool,
    /// Change nothing; print what would change
    #[arg(long)]
    diff: bool,
}

/// What is done with a file that is not laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Rewrite,
    List,
    Diff,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let mode = match (args.diff, args.check) {
        (true, _) => Mode::Diff,
        (false, true) => Mode::List,
        (false, false) => Mode::Rewrite,
    };
    let mut changed: u64 = 0;
    let mut unchanged: u64 = 0;
    let mut failures = Vec::new();
    for path in files(&args.paths, &mut failures) {
        match lay_out(&path, mode, context) {
            Ok(true) => changed += 1,
            Ok(false) => unchanged += 1,
            Err(failure) => failures.push(failure),
        }
    }
    if !context.is_quiet && args.paths != [Path::new("-")] {
        let word = if mode == Mode::Rewrite {
            "laid out anew"
        } else {
            "would change"
        };
        let changed = plural(changed, "file");
        context
            .terminal
            .tell(&format!("{changed} {word}, {unchanged} unchanged\n"));
    }
    if let Some(last) = failures.pop() {
        for failure in &failures {
            context.terminal.complain(failure);
        }
        return Err(last);
    }
    Ok(if args.check && changed > 0 {
        Status::Faulty
    } else {
        Status::Fine
    })
}

/// Lists the files to work on: those that are named, and the `.aur` files below folders that are named.
fn files(paths: &[PathBuf], failures: &mut Vec<Failure>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            search(path, &mut files, failures);
        } else {
            files.push(path.clone());
        }
    }
    files
}

/// Adds the `.aur` files below a folder in order of their names. Hidden folders, and what is reached by a
/// symlink only, are not searched.
fn search(folder: &Path, files: &mut Vec<PathBuf>, failures: &mut Vec<Failure>) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            failures.push(Failure::new(format!("cannot read `{}`", folder.display())).because(error));
            return;
        }
    };
    let mut entries: Vec<fs::DirEntry> = entries.filter_map(Result::ok).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        let path = match folder == Path::new(".") {
            true => PathBuf::from(entry.file_name()),
            false => entry.path(),
        };
        if kind.is_dir() && !is_hidden {
            search(&path, files, failures);
        } else if kind.is_file() && path.extension().is_some_and(|ending| ending == "aur") {
            files.push(path);
        }
    }
}

/// Lays out one file and says whether that changes it.
fn lay_out(path: &Path, mode: Mode, context: &Context) -> Result<bool, Failure> {
    let is_stdin = path == Path::new("-");
    let content = if is_stdin {
        aur_disk::read_to_limit(std::io::stdin().lock())?
    } else {
        aur_disk::read_file(path)?
    };
    let name = match is_stdin {
        true => "<stdin>".to_string(),
        false => aur_render::clean(&path.to_string_lossy()).into_owned(),
    };
    let text = String::from_utf8(content)
        .map_err(|_| Failure::new(format!("`{name}` is not UTF-8 text")).help("save it as UTF-8"))?;
    if !context.is_quiet && has_errors(&text) {
        let note = format!("{name}: what cannot be read stays as it is; `aurc check` tells more\n");
        context.terminal.tell(&note);
    }
    let laid_out = aur_grammar::format(&text);
    let is_changed = text != laid_out;
    match mode {
        Mode::Rewrite if is_stdin => context.terminal.print(&laid_out)?,
        Mode::Rewrite if is_changed => aur_disk::replace_file(path, laid_out.as_bytes())
            .map_err(|error| Failure::unwritable(format!("`{name}`"), &error))?,
        Mode::List if is_changed => context.terminal.print(format!("would change {name}\n"))?,
        Mode::Diff if is_changed => {
            context
                .terminal
                .print(difference(&name, &text, &laid_out, &context.terminal))?
        }
        Mode::Rewrite | Mode::List | Mode::Diff => {}
    }
    Ok(is_changed)
}

fn has_errors(text: &str) -> bool {
    let tree = aur_grammar::parse(text);
    tree.items.iter().any(|item| !item.node.errors.is_empty())
}
