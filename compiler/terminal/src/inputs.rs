//! Values for the inputs of a program, from the command line.

use std::fs;
use std::path::{Path, PathBuf};

use aur_compiler::{Given, Limits};
use serde_json::Value;

use crate::Failure;

/// Flags that give values to inputs.
#[derive(Debug, clap::Args)]
pub struct InputArgs {
    /// Give an input a value; may be repeated
    #[arg(short = 'E', value_name = "NAME=VALUE", value_parser = pair)]
    flags: Vec<(String, String)>,
    /// Read values of inputs from a JSON object; `-E` goes before it
    #[arg(long, value_name = "FILE.json")]
    inputs: Option<PathBuf>,
    /// Change a limit of the language, such as `text-bytes=1000000`; may be repeated
    #[arg(long = "limit", value_name = "NAME=NUMBER", value_parser = limit)]
    limits: Vec<(String, u64)>,
}

impl InputArgs {
    /// The file that values are read from, if one was named.
    pub fn file(&self) -> Option<&Path> {
        self.inputs.as_deref()
    }

    /// Collects the values.
    ///
    /// # Errors
    /// The file cannot be read, or does not hold a JSON object.
    pub fn given(&self) -> Result<Given, Failure> {
        let file = match &self.inputs {
            Some(path) => read_object(path)?,
            None => Vec::new(),
        };
        let mut limits = Limits::default();
        for (name, value) in &self.limits {
            // The parser of the flag has asked for the same.
            limits
                .set(name, *value)
                .map_err(|error| Failure::new(error.to_string()))?;
        }
        Ok(Given {
            flags: self.flags.clone(),
            file,
            limits,
            ..Given::default()
        })
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_string(), value.to_string())),
        Some(_) | None => Err("a name, `=` and a value are needed".to_string()),
    }
}

fn limit(text: &str) -> Result<(String, u64), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("a name, `=` and a number are needed")?;
    let value = value
        .parse()
        .map_err(|_| format!("`{}` is not a number", value.escape_debug()))?;
    match Limits::default().set(name, value) {
        Ok(()) => Ok((name.to_string(), value)),
        Err(error) => Err(error.to_string()),
    }
}

fn read_object(path: &Path) -> Result<Vec<(String, Value)>, Failure> {
    let name = path.display();
    let example = "the file holds one object, such as {\"count\": 3, \"name\": \"x\"}";
    let bytes =
        fs::read(path).map_err(|error| Failure::new(format!("cannot read `{name}`")).because(error))?;
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(members)) => Ok(members.into_iter().collect()),
        Ok(_) => Err(Failure::new(format!("`{name}` does not hold a JSON object")).help(example)),
        Err(error) => Err(Failure::new(format!("`{name}` does not hold JSON"))
            .because(error)
            .help(example)),
    }
}
