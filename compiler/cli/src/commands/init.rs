//! `aurc init`

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aur_terminal::Failure;

use crate::{Context, Outcome, Status};

/// Start a project: a commented program, `aur.toml` and `.gitignore`
///
/// Files that exist are left as they are.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  aurc init\n  aurc init hello")]
pub(crate) struct Args {
    /// The folder, which is made where it does not exist
    #[arg(default_value = ".")]
    dir: PathBuf,
}

const FILES: [(&str, &str); 3] = [
    ("main.aur", include_str!("init/main.aur")),
    ("aur.toml", include_str!("init/aur.toml")),
    (".gitignore", include_str!("init/gitignore")),
];

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let shown = |path: &Path| aur_render::clean(&path.to_string_lossy()).into_owned();
    fs::create_dir_all(&args.dir)
        .map_err(|error| Failure::unwritable(format!("`{}`", args.dir.display()), &error))?;
    let mut text = String::new();
    for (name, content) in FILES {
        let path = inside(&args.dir, name);
        let word = match create(&path, content) {
            Ok(()) => "made",
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => "kept",
            Err(error) => return Err(Failure::unwritable(format!("`{}`", path.display()), &error)),
        };
        text.push_str(&format!("{word} {}\n", shown(&path)));
    }
    let main = shell_word(&shown(&inside(&args.dir, "main.aur")));
    text.push_str(&format!("\nNow run:\n  aurc check {main}\n  aur run {main}\n"));
    if !context.is_quiet {
        context.terminal.print(text)?;
    }
    Ok(Status::Fine)
}

fn inside(dir: &Path, name: &str) -> PathBuf {
    match dir == Path::new(".") {
        true => PathBuf::from(name),
        false => dir.join(name),
    }
}

/// Makes a file that does not exist yet.
fn create(path: &Path, content: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(content.as_bytes())
}

/// The path as one word of a shell, so that the line can be copied.
fn shell_word(path: &str) -> String {
    aur_ir::TextFilter::Sh.apply(path)
}
