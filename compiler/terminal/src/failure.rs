//! What stops a command before it has an answer: a wrong argument, a file that cannot be read.

use std::error::Error;
use std::fmt;
use std::io;

use aur_disk::ProjectError;
use miette::Diagnostic;

/// What was attempted, what happened, and what to try.
#[derive(Debug)]
pub struct Failure {
    message: String,
    cause: Option<Cause>,
    help: Option<String>,
    code: u8,
}

#[derive(Debug)]
struct Cause(String);

impl Failure {
    /// Begins with what was attempted; the exit code is 2.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            cause: None,
            help: None,
            code: 2,
        }
    }

    /// Ends the program with another exit code than 2.
    pub fn exit_with(mut self, code: u8) -> Self {
        self.code = code;
        self
    }

    /// The exit code of a program that failed so.
    pub fn exit_code(&self) -> u8 {
        self.code
    }

    /// Says what the system or a reader answered.
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(Cause(cause.to_string()));
        self
    }

    /// Says what to try.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says what to try, where something is known.
    pub fn help_if(self, help: Option<impl Into<String>>) -> Self {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }

    /// A file or stream that cannot be written.
    pub fn unwritable(what: impl fmt::Display, error: &io::Error) -> Self {
        let help = match error.kind() {
            io::ErrorKind::NotFound => Some("the folder must exist"),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Some("name a place that you may write to")
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some("make space on the disk"),
            _ => None,
        };
        Self::new(format!("cannot write {what}"))
            .because(error)
            .help_if(help)
    }
}

impl From<ProjectError> for Failure {
    fn from(error: ProjectError) -> Self {
        let failure = Self::new(error.to_string()).help_if(error.help());
        match error.source() {
            Some(source) => failure.because(source),
            None => failure,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&aur_render::clean(&self.message))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&aur_render::clean(&self.0))
    }
}

impl Error for Cause {}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as &dyn Error)
    }
}

impl Diagnostic for Failure {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let lines = self.help.as_ref()?.lines().map(aur_render::clean);
        Some(Box::new(lines.collect::<Vec<_>>().join("\n")))
    }
}
