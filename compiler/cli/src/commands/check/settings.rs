//! What the project file says about checking: the table `[check]` of `aur.toml`.

use aur_diagnostics::{SourceFile, nearest};
use aur_disk::{Project, ProjectError};
use aur_terminal::Failure;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::rules::{Refusal, find, ignorable};

/// The project file.
pub(super) const NAME: &str = "aur.toml";
const KEYS: [&str; 4] = ["deny", "select", "ignore", "max-errors"];

/// The lines of `[check]`; what is not there is left to the flags and their defaults.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub(super) deny: Option<Vec<String>>,
    pub(super) select: Option<Vec<String>>,
    pub(super) ignore: Option<Vec<String>>,
    pub(super) max_errors: Option<usize>,
}

/// Reads the project file of a project; there need not be one.
///
/// # Errors
/// It cannot be read, or holds something that has no meaning; the failure says where.
pub(super) fn read(project: &Project) -> Result<Settings, Failure> {
    let path = project.root().join(NAME);
    let bytes = match aur_disk::read_file(&path) {
        Ok(bytes) => bytes,
        Err(ProjectError::NotFound { .. }) => return Ok(Settings::default()),
        Err(error) => return Err(error.into()),
    };
    let name = project.seen_from_here(NAME);
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::new(format!("`{name}` is not UTF-8 text")).help("save it as UTF-8"))?;
    parse(&text).map_err(|fault| fault.in_file(&name, &text))
}

/// What is wrong, at which byte.
struct Fault {
    at: usize,
    message: String,
    help: Option<String>,
}

impl Fault {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
            help: None,
        }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn in_file(self, name: &str, text: &str) -> Failure {
        let place = SourceFile::new(name, text).position(u32::try_from(self.at).unwrap_or(u32::MAX));
        let message = format!("{name}:{}:{}: {}", place.line, place.column, self.message);
        Failure::new(message).help_if(self.help)
    }
}

fn parse(text: &str) -> Result<Settings, Fault> {
    let document = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        Fault::new(at, error.message().to_string())
            .help("the file is TOML, such as `[check]`, then `deny = [\"warnings\"]`")
    })?;
    let mut settings = Settings::default();
    for (key, value) in document.get_ref() {
        if key.get_ref() != "check" {
            return Err(unknown(key, ["check"]));
        }
        let DeValue::Table(table) = value.get_ref() else {
            return Err(Fault::new(value.span().start, "`check` is a table")
                .help("write `[check]` on a line of its own"));
        };
        settings.take(table)?;
    }
    Ok(settings)
}

fn unknown<'a>(
    key: &Spanned<std::borrow::Cow<'_, str>>,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Fault {
    let all: Vec<String> = known.clone().into_iter().map(|key| format!("`{key}`")).collect();
    let help = match nearest(key.get_ref(), known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there is {}", all.join(", ")),
    };
    Fault::new(key.span().start, format!("unknown key `{}`", key.get_ref())).help(help)
}

impl Settings {
    fn take(&mut self, table: &DeTable<'_>) -> Result<(), Fault> {
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "deny" => self.deny = Some(code_list(value, find)?),
                "select" => self.select = Some(code_list(value, find)?),
                "ignore" => self.ignore = Some(code_list(value, ignorable)?),
                "max-errors" => self.max_errors = Some(number(value)?),
                _ => return Err(unknown(key, KEYS)),
            }
        }
        Ok(())
    }
}

type FindCodes = fn(&str) -> Result<Vec<&'static aur_diagnostics::Code>, Refusal>;

fn code_list(value: &Spanned<DeValue<'_>>, find: FindCodes) -> Result<Vec<String>, Fault> {
    let fault = |at: usize| {
        Fault::new(at, "codes stand in a list of texts")
            .help("write `[\"W0301\"]`, or `[\"warnings\"]` for all")
    };
    let DeValue::Array(items) = value.get_ref() else {
        return Err(fault(value.span().start));
    };
    let text = |item: &Spanned<DeValue<'_>>| {
        let at = item.span().start;
        let text = item.get_ref().as_str().ok_or_else(|| fault(at))?;
        find(text).map_err(|refusal| Fault::new(at, refusal.message).help(refusal.help))?;
        Ok(text.to_string())
    };
    items.iter().map(text).collect()
}

fn number(value: &Spanned<DeValue<'_>>) -> Result<usize, Fault> {
    let number = value.get_ref().as_integer();
    number
        .and_then(|number| usize::from_str_radix(number.as_str(), number.radix()).ok())
        .ok_or_else(|| Fault::new(value.span().start, "`max-errors` is a whole number").help("0 prints all"))
}
