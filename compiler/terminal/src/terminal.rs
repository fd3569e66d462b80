//! The two output streams: what they look like, and writing to them.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};

use aur_render::{Color, Frames, Look};
use miette::{GraphicalReportHandler, GraphicalTheme};

use crate::Failure;

/// When colour is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorWhen {
    /// On a terminal; NO_COLOR, CLICOLOR_FORCE and TERM=dumb are respected
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl ColorWhen {
    /// Finds `--color` before the arguments are parsed: help and usage errors have colour too.
    pub fn wanted_by(args: &[OsString]) -> Self {
        let texts: Vec<&str> = args.iter().map(|arg| arg.to_str().unwrap_or("")).collect();
        let joined = texts.iter().find_map(|arg| arg.strip_prefix("--color="));
        let parted = texts.iter().skip_while(|arg| **arg != "--color").nth(1).copied();
        match joined.or(parted) {
            Some("always") => Self::Always,
            Some("never") => Self::Never,
            Some(_) | None => Self::Auto,
        }
    }

    /// The same choice for clap.
    pub fn for_clap(self) -> clap::ColorChoice {
        match self {
            Self::Auto => clap::ColorChoice::Auto,
            Self::Always => clap::ColorChoice::Always,
            Self::Never => clap::ColorChoice::Never,
        }
    }
}

/// What the environment says about terminals.
#[derive(Debug, Default)]
struct Surroundings {
    no_color: bool,
    force_color: bool,
    is_dumb: bool,
    is_utf8: bool,
}

impl Surroundings {
    fn of_this_process() -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
        let locale = locale.unwrap_or_default().to_ascii_lowercase();
        Self {
            no_color: set("NO_COLOR").is_some(),
            force_color: set("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
            is_dumb: set("TERM").is_some_and(|term| term == "dumb"),
            is_utf8: locale.contains("utf-8") || locale.contains("utf8"),
        }
    }

    fn look(&self, when: ColorWhen, is_terminal: bool) -> Look {
        let is_wanted = match when {
            ColorWhen::Always => true,
            ColorWhen::Never => false,
            ColorWhen::Auto if self.no_color => false,
            ColorWhen::Auto if self.force_color => true,
            ColorWhen::Auto => is_terminal && !self.is_dumb,
        };
        Look {
            color: if is_wanted { Color::Ansi } else { Color::Plain },
            frames: if self.is_utf8 {
                Frames::Unicode
            } else {
                Frames::Ascii
            },
        }
    }
}

/// The output streams of this process.
#[derive(Debug)]
pub struct Terminal {
    /// Look of the standard output.
    pub out: Look,
    /// Look of the error output.
    pub err: Look,
    /// Whether a person reads the standard output.
    pub is_out_terminal: bool,
    /// Whether the terminal cannot move its cursor.
    pub is_dumb: bool,
}

impl Terminal {
    /// Looks at the streams and the environment of this process.
    pub fn of_this_process(when: ColorWhen) -> Self {
        let surroundings = Surroundings::of_this_process();
        let is_out_terminal = io::stdout().is_terminal();
        Self {
            out: surroundings.look(when, is_out_terminal),
            err: surroundings.look(when, io::stderr().is_terminal()),
            is_out_terminal,
            is_dumb: surroundings.is_dumb,
        }
    }

    /// Writes the product of a command. A reader that has gone wants no more: that is no failure.
    ///
    /// # Errors
    /// The stream cannot be written to, such as on a full disk.
    pub fn print(&self, text: impl AsRef<[u8]>) -> Result<(), Failure> {
        self.print_by(|out| out.write_all(text.as_ref()))
    }

    /// The same for what need not be held at once.
    ///
    /// # Errors
    /// As for [`Terminal::print`].
    pub fn print_by(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        match write(&mut stdout).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::unwritable("to the standard output", &error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Writes what is not the product of a command. Where even that fails there is nobody to tell.
    pub fn tell(&self, text: &str) {
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// Reports why a command could not do its work.
    pub fn complain(&self, failure: &Failure) {
        self.tell(&complaint(failure, self.err));
    }
}

fn complaint(failure: &Failure, look: Look) -> String {
    let mut theme = match look.frames {
        Frames::Unicode => GraphicalTheme::unicode(),
        Frames::Ascii => GraphicalTheme::ascii(),
    };
    if look.color == Color::Plain {
        theme.styles = miette::ThemeStyles::none();
    }
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_links(false)
        .with_wrap_lines(false);
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = handler.render_report(&mut text, failure);
    let lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
    lines.map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_beats_the_environment() {
        let colors = |no_color, force_color, is_dumb| {
            let surroundings = Surroundings {
                no_color,
                force_color,
                is_dumb,
                is_utf8: true,
            };
            [ColorWhen::Auto, ColorWhen::Always, ColorWhen::Never].map(|when| {
                [true, false].map(|terminal| surroundings.look(when, terminal).color == Color::Ansi)
            })
        };
        let [always, never] = [[true, true], [false, false]];
        assert_eq!(colors(false, false, false), [[true, false], always, never]);
        assert_eq!(colors(true, true, false), [never, always, never]);
        assert_eq!(colors(false, true, true), [always, always, never]);
        assert_eq!(colors(false, false, true), [never, always, never]);
    }

    #[test]
    fn the_color_flag_is_found() {
        let wanted =
            |args: &[&str]| ColorWhen::wanted_by(&args.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(wanted(&["aurc", "--color=never"]), ColorWhen::Never);
        assert_eq!(wanted(&["aurc", "check", "--color", "always"]), ColorWhen::Always);
        assert_eq!(wanted(&["aurc", "--color"]), ColorWhen::Auto);
    }

    #[test]
    fn a_failure_says_what_why_and_what_to_try() {
        let failure = Failure::new("cannot read `a\x1b[2J`")
            .because("denied")
            .help("try this\nor that");
        let look = |frames| Look {
            color: Color::Plain,
            frames,
        };
        insta::assert_snapshot!(complaint(&failure, look(Frames::Unicode)), @r"
        × cannot read `a\u{1b}[2J`
        ╰─▶ denied
        help: try this
              or that
        ");
        insta::assert_snapshot!(complaint(&failure, look(Frames::Ascii)), @r"
        x cannot read `a\u{1b}[2J`
        `-> denied
        help: try this
              or that
        ");
    }
}
