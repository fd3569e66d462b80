//! Which diagnostics are told, and which warnings count as errors.

use std::collections::BTreeSet;

use aur_diagnostics::{Code, Diagnostic, Severity, codes, nearest};
use aur_terminal::Failure;

use super::settings::Settings;

/// Flags that choose codes: by id (`W0301`), by name (`small_memory`), by the beginning of an id (`W`,
/// `W03`), or `warnings`.
#[derive(Debug, clap::Args)]
pub(super) struct RuleArgs {
    /// Warnings that count as errors, by code, name or beginning of a code, or `warnings` for all
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    deny: Option<Vec<String>>,
    /// Print only these codes; errors of other codes are counted
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    select: Option<Vec<String>>,
    /// Leave out these warnings; errors cannot be ignored
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    ignore: Option<Vec<String>>,
}

impl RuleArgs {
    /// Checks the codes of the flags.
    ///
    /// # Errors
    /// A code that does not exist, or an error that is to be ignored.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let each = |list: &Option<Vec<String>>, find: fn(&str) -> Result<Vec<&'static Code>, Refusal>| {
            let mut texts = list.iter().flatten();
            texts.try_for_each(|text| find(text).map(|_| ()).map_err(Refusal::on_command_line))
        };
        each(&self.deny, find)?;
        each(&self.select, find)?;
        each(&self.ignore, ignorable)
    }
}

/// What is wrong with a code, and what to do.
pub(super) struct Refusal {
    pub(super) message: String,
    pub(super) help: String,
}

impl Refusal {
    fn on_command_line(self) -> Failure {
        Failure::new(self.message).help(self.help)
    }
}

/// Finds the codes that a text means; at least one.
pub(super) fn find(text: &str) -> Result<Vec<&'static Code>, Refusal> {
    let wanted = text.trim();
    let upper = wanted.to_ascii_uppercase();
    let is_meant = |code: &Code| match wanted {
        "warnings" => code.severity == Severity::Warning,
        "" => false,
        wanted => code.name == wanted || code.id.starts_with(&upper),
    };
    let found: Vec<&'static Code> = codes::ALL.iter().copied().filter(|code| is_meant(code)).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let names = codes::ALL.iter().map(|code| code.name).chain(["warnings"]);
    let near = nearest(wanted, names).or_else(|| nearest(&upper, codes::ALL.iter().map(|code| code.id)));
    Err(Refusal {
        message: format!("there is no code `{wanted}`"),
        help: match near {
            Some(near) => format!("did you mean `{near}`? `aurc explain --list` lists all"),
            None => "`aurc explain --list` lists all".to_string(),
        },
    })
}

/// Finds the warnings that a text means.
pub(super) fn ignorable(text: &str) -> Result<Vec<&'static Code>, Refusal> {
    let found = find(text)?;
    match found.iter().find(|code| code.severity == Severity::Error) {
        None => Ok(found),
        Some(code) => Err(Refusal {
            message: format!("errors cannot be ignored: `{}` is an error", code.id),
            help: "only warnings, whose codes begin with `W`, can be ignored".to_string(),
        }),
    }
}

/// What is wanted for one program.
pub(super) struct Rules {
    denied: BTreeSet<&'static str>,
    selected: Option<BTreeSet<&'static str>>,
    ignored: BTreeSet<&'static str>,
}

impl Rules {
    /// A flag takes the place of the line of the project file. The codes of both have been checked.
    pub(super) fn new(args: &RuleArgs, settings: &Settings) -> Self {
        let ids = |texts: &[String]| -> BTreeSet<&'static str> {
            let found = texts.iter().filter_map(|text| find(text).ok());
            found.flatten().map(|code| code.id).collect()
        };
        let chosen = |flag: &Option<Vec<String>>, line: &Option<Vec<String>>| {
            flag.as_deref().or(line.as_deref()).map(ids)
        };
        Self {
            denied: chosen(&args.deny, &settings.deny).unwrap_or_default(),
            selected: chosen(&args.select, &settings.select),
            ignored: chosen(&args.ignore, &settings.ignore).unwrap_or_default(),
        }
    }

    /// What is told of a diagnostic, if anything: the one that it speaks for where it is left out itself, or
    /// where only that one counts as an error.
    pub(super) fn told(&self, mut one: Diagnostic) -> Option<Diagnostic> {
        let weaker = one.weaker.take().filter(|weaker| self.tell(weaker.code));
        match weaker {
            Some(weaker) if !self.tell(one.code) => Some(*weaker),
            Some(weaker) if self.deny(weaker.code) && !self.deny(one.code) => Some(*weaker),
            _ => self.tell(one.code).then_some(one),
        }
    }

    /// Whether a diagnostic of this code is told.
    fn tell(&self, code: &Code) -> bool {
        self.selected
            .as_ref()
            .is_none_or(|selected| selected.contains(code.id))
            && !self.ignored.contains(code.id)
    }

    /// Whether a warning counts as an error.
    pub(super) fn deny(&self, code: &Code) -> bool {
        code.severity == Severity::Warning && self.denied.contains(code.id)
    }
}
