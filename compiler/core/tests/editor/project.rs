//! Several files in one text: `//- lib/a.aur` begins one; the first is the entry file.

use std::collections::BTreeMap;

use aur_compiler::editor::{Place, Point};
use aur_compiler::{Listed, ReadError, Sources};

use crate::fixture::CURSOR;

pub(crate) struct Project {
    files: BTreeMap<String, String>,
    pub(crate) entry: String,
    /// Where the mark is, in the entry file.
    cursor: Option<u32>,
}

impl Project {
    pub(crate) fn new(text: &str) -> Self {
        let mut files = BTreeMap::new();
        let mut entry = None;
        let text = if text.starts_with("//- ") {
            text.to_string()
        } else {
            format!("//- main.aur\n{text}")
        };
        for part in text.split("//- ").skip(1) {
            let (name, content) = part.split_once('\n').expect("a name and a text");
            entry.get_or_insert(name.to_string());
            files.insert(name.to_string(), content.to_string());
        }
        let entry = entry.expect("a file");
        let content = files.get_mut(&entry).expect("the entry file");
        let cursor = content.find(CURSOR);
        *content = content.replacen(CURSOR, "", 1);
        Self {
            files,
            entry,
            cursor: cursor.map(|at| at as u32),
        }
    }

    /// The place of the mark.
    pub(crate) fn point(&self) -> Point<'_> {
        Point {
            path: &self.entry,
            offset: self.cursor.expect("a mark"),
        }
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.files
            .get(name)
            .map_or(aur_compiler::editor::PRELUDE, String::as_str)
    }

    /// Gives a file another text.
    pub(crate) fn set(&mut self, name: &str, text: &str) {
        self.files.insert(name.to_string(), text.to_string());
    }

    /// `file:line:column word`, the word as written.
    pub(crate) fn shown(&self, place: &Place) -> String {
        let text = self.text(&place.path);
        let at = crate::fixture::line_column(text, place.start);
        let word = &text[place.start as usize..place.end as usize];
        // Lines of the library move with each change of it.
        match &*place.path {
            "<prelude>" => format!("<prelude> {word}"),
            path => format!("{path}:{at} {word}"),
        }
    }
}

impl Sources for Project {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let found = self.files.get(path).map(|text| text.clone().into_bytes());
        found.ok_or(ReadError::NotFound { nearest: None })
    }

    fn env(&self, _name: &str) -> Option<String> {
        None
    }

    fn list(&self, folder: &str) -> Vec<Listed> {
        let below = self.files.keys().filter_map(|path| match folder {
            "" => Some(path.as_str()),
            folder => path.strip_prefix(folder)?.strip_prefix('/'),
        });
        let mut found: Vec<Listed> = below
            .map(|path| match path.split_once('/') {
                Some((folder, _)) => (folder, true),
                None => (path, false),
            })
            .map(|(name, is_folder)| Listed {
                name: name.to_string(),
                is_folder,
            })
            .collect();
        found.dedup();
        found
    }
}
