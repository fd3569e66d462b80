//! `aur man`

use std::path::PathBuf;

use clap::CommandFactory;

use crate::{Cli, Context, Outcome};

/// Print a manual page, or write all of them into a folder
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  aur man run | man -l -\n  aur man ~/.local/share/man/man1")]
pub(crate) struct Args {
    /// A command, whose page is printed, or a folder for all pages [default: the page of aur]
    #[arg(value_name = "COMMAND|DIR")]
    wanted: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    aur_terminal::man(Cli::command(), args.wanted.as_deref(), &context.terminal, false)?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_with_its_examples() {
        let pages = aur_terminal::man_pages(Cli::command());
        for command in Cli::command().get_subcommands() {
            let name = format!("aur-{}.1", command.get_name());
            let page = pages.iter().find(|(page, _)| *page == name);
            let Some((_, page)) = page else {
                assert!(command.is_hide_set(), "{name}");
                continue;
            };
            let page = String::from_utf8_lossy(page).replace("\\-", "-");
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            for example in help.lines().skip(1).map(str::trim) {
                assert!(
                    page.contains(&format!("\n{example}\n")),
                    "{name}: {example}\n{page}"
                );
            }
        }
    }
}
