//! Fenced blocks of Markdown files, and files that tests rewrite when asked.

use aur_compiler::Limits;

use crate::repository;

/// A fenced block: ```` ```language key=value key="a value" ````.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The first word of the fence; empty where there is none.
    pub language: String,
    /// The words behind it, in order.
    pub attributes: Vec<(String, String)>,
    /// What stands between the fences.
    pub text: String,
    /// Line of the opening fence, from 1.
    pub line: usize,
    /// The nearest heading above.
    pub heading: String,
}

impl Block {
    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Returns the fenced blocks of a document, in order.
pub fn blocks(document: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut heading = String::new();
    let mut lines = document.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if let Some(words) = line.strip_prefix("```") {
            let (language, attributes) = attributes_of(words);
            let inside = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| *line != "```");
            let text = inside.map(|line| format!("{line}\n")).collect();
            let line = index + 1;
            found.push(Block {
                language,
                attributes,
                text,
                line,
                heading: heading.clone(),
            });
        } else if line.starts_with('#') {
            heading = line.trim_start_matches('#').trim().to_string();
        }
    }
    found
}

fn attributes_of(words: &str) -> (String, Vec<(String, String)>) {
    let (language, mut rest) = words.trim().split_once(' ').unwrap_or((words.trim(), ""));
    let mut attributes = Vec::new();
    while let Some((name, behind)) = rest.trim_start().split_once('=') {
        let (value, further) = match behind.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => behind.split_once(' ').unwrap_or((behind, "")),
        };
        attributes.push((name.to_string(), value.to_string()));
        rest = further;
    }
    (language.to_string(), attributes)
}

/// The limits of the language with those changed that `words` names: `files=1 steps=10`.
///
/// # Panics
/// A word is no limit.
pub fn limits_of(words: &str) -> Limits {
    let mut limits = Limits::default();
    for word in words.split_whitespace() {
        let parts = word
            .split_once('=')
            .and_then(|(name, value)| Some((name, value.parse().ok()?)));
        let (name, value) = parts.unwrap_or_else(|| panic!("`{word}` is no limit"));
        limits.set(name, value).unwrap_or_else(|error| panic!("{error}"));
    }
    limits
}

/// Compares a generated file of the repository with what it should hold; with `AUR_UPDATE=1` in the
/// environment it is written instead.
///
/// # Panics
/// The file differs.
pub fn rewritten_when_asked(path: &str, wanted: &str) {
    let place = repository().join(path);
    if std::env::var_os("AUR_UPDATE").is_some_and(|value| value == "1") {
        std::fs::write(&place, wanted).unwrap_or_else(|error| panic!("{}: {error}", place.display()));
        return;
    }
    let found = std::fs::read_to_string(&place).unwrap_or_default();
    if found != wanted {
        let differs = found
            .lines()
            .zip(wanted.lines())
            .position(|(one, other)| one != other);
        let line = differs.unwrap_or_else(|| found.lines().count().min(wanted.lines().count()));
        panic!(
            "{path} is out of date from line {}: run the tests with AUR_UPDATE=1 and look at the change\n\
             found:  {}\nwanted: {}",
            line + 1,
            found.lines().nth(line).unwrap_or("(nothing)"),
            wanted.lines().nth(line).unwrap_or("(nothing)"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_carry_words() {
        let document = "# A\n\n```aur\nx = 1\n```\n## B\n```json eval=\"a b\" of=main.aur\n{}\n```\n";
        let found = blocks(document);
        assert_eq!(found.len(), 2);
        assert_eq!(
            (
                found[0].language.as_str(),
                found[0].line,
                found[0].heading.as_str()
            ),
            ("aur", 3, "A")
        );
        assert_eq!(found[0].text, "x = 1\n");
        assert_eq!(found[1].get("eval"), Some("a b"));
        assert_eq!(found[1].get("of"), Some("main.aur"));
        assert_eq!(found[1].get("no"), None);
        assert_eq!(found[1].heading, "B");
    }
}
