//! A project in memory.

use std::collections::BTreeMap;

use aur_compiler::{ReadError, Sources};

/// Files and environment of a program, as the compiler asks for them.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Content by path below the root.
    pub files: BTreeMap<String, String>,
    /// Environment variables.
    pub variables: BTreeMap<String, String>,
}

impl Memory {
    /// Makes a project of one file.
    pub fn of(path: &str, text: &str) -> Self {
        let files = [(path.to_string(), text.to_string())].into();
        Self {
            files,
            variables: BTreeMap::new(),
        }
    }
}

impl Sources for Memory {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let found = self.files.get(path).map(|text| text.clone().into_bytes());
        found.ok_or_else(|| {
            let names = self.files.keys().map(String::as_str);
            ReadError::NotFound {
                nearest: aur_diagnostics::nearest(path, names).map(str::to_string),
            }
        })
    }

    fn env(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }
}
