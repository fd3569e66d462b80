//! Manual pages of a command line, one for the program and one for each of its commands.

use std::fs;
use std::path::Path;

use clap::Command;
use clap_mangen::Man;

use crate::{Failure, Terminal, plural};

/// How the library defines a plain apostrophe.
const PREAMBLE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

/// The pages of a program in order: `aurc.1`, `aurc-check.1`, ..
///
/// Hidden commands have none.
pub fn man_pages(program: Command) -> Vec<(String, Vec<u8>)> {
    let mut program = program.disable_help_subcommand(true);
    program.build();
    let mut pages = vec![page(&program)];
    let commands = program.get_subcommands().filter(|command| !command.is_hide_set());
    pages.extend(commands.map(page));
    pages
}

/// Writes all pages into a folder, or prints one.
///
/// `wanted` is the name of a command, or a folder that is made where it is not there; without it the page
/// of the program is printed.
///
/// # Errors
/// A page cannot be written, or the name is neither a command nor the path of a folder.
pub fn man(
    program: Command,
    wanted: Option<&Path>,
    terminal: &Terminal,
    is_quiet: bool,
) -> Result<(), Failure> {
    let name = program.get_name().to_string();
    let pages = man_pages(program);
    let page = match wanted.map(|wanted| wanted.to_str()) {
        None => Some(format!("{name}.1")),
        Some(Some(command)) if command == name => Some(format!("{name}.1")),
        Some(Some(command)) => Some(format!("{name}-{command}.1")),
        Some(None) => None,
    };
    if let Some((_, page)) = pages.iter().find(|(file, _)| Some(file) == page.as_ref()) {
        return terminal.print(page);
    }
    let folder = wanted.unwrap_or(Path::new("."));
    let is_path = folder.components().count() > 1 || folder.is_dir() || folder.is_absolute();
    if !is_path {
        let commands = pages
            .iter()
            .filter_map(|(file, _)| file.strip_prefix(&format!("{name}-"))?.strip_suffix(".1"));
        let wanted = folder.display();
        return Err(
            Failure::new(format!("there is no command `{wanted}`")).help(format!(
                "the commands are {}\nto write all pages into a folder, write `./{wanted}`",
                commands.collect::<Vec<_>>().join(", ")
            )),
        );
    }
    write(&pages, folder)?;
    if !is_quiet {
        let count = plural(pages.len() as u64, "page");
        terminal.tell(&format!(
            "{count} written to {}\n",
            aur_render::clean(&folder.to_string_lossy())
        ));
    }
    Ok(())
}

fn write(pages: &[(String, Vec<u8>)], folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder)
        .map_err(|error| Failure::unwritable(format!("the folder `{}`", folder.display()), &error))?;
    for (file, page) in pages {
        let path = folder.join(file);
        aur_disk::replace_file(&path, page)
            .map_err(|error| Failure::unwritable(format!("`{}`", path.display()), &error))?;
    }
    Ok(())
}

fn page(command: &Command) -> (String, Vec<u8>) {
    let name = command
        .get_display_name()
        .unwrap_or(command.get_name())
        .to_string();
    // The examples get a section with the name that readers look for.
    let examples = command
        .get_after_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    let man = Man::new(command.clone().after_help(""));
    let mut out = Vec::new();
    // Writing to memory cannot fail.
    let _ = man.render_title(&mut out);
    let _ = man.render_name_section(&mut out);
    let _ = man.render_synopsis_section(&mut out);
    let _ = man.render_description_section(&mut out);
    let _ = man.render_options_section(&mut out);
    if command.get_subcommands().any(|command| !command.is_hide_set()) {
        let _ = man.render_subcommands_section(&mut out);
    }
    out.extend(examples_section(&examples).into_bytes());
    if command.get_version().is_some() {
        let _ = man.render_version_section(&mut out);
    }
    // Each section comes with the same two lines, which are needed once.
    let text = String::from_utf8_lossy(&out).replace(PREAMBLE, "");
    (format!("{name}.1"), format!("{PREAMBLE}{text}").into_bytes())
}

/// The lines behind `Examples:` as they are.
fn examples_section(help: &str) -> String {
    let Some(lines) = help.strip_prefix("Examples:\n") else {
        return String::new();
    };
    let escaped = |line: &str| {
        let line = line.trim_start().replace('\\', "\\e").replace('-', "\\-");
        // A line that begins with one of these would be a request.
        match line.starts_with(['.', '\'']) {
            true => format!("\\&{line}\n"),
            false => format!("{line}\n"),
        }
    };
    let lines: String = lines.lines().map(escaped).collect();
    format!(".SH EXAMPLES\n.nf\n{lines}.fi\n")
}
