//! The cases of the runtime stand in `tests/cases/runtime.ids`, their ids at the tests.
//!
//! The cases of the language: each has an id, a heading in `tests/cases/language/`, and a program there.
//!
//! `tests/cases/language.ids` lists the ids. A case that is decided otherwise than the system it comes from
//! has a row in `tests/cases-changed.md` beside its heading, or instead of it where it has no form.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use aur_tests::{blocks, repository};

use super::language::run_examples;

/// The pages, in order of their names.
fn pages() -> Vec<PathBuf> {
    let folder = repository().join("tests/cases/language");
    let entries = std::fs::read_dir(folder).expect("the pages");
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.expect("a page").path()).collect();
    found.sort();
    found
}

fn read(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Whether a word is an id, such as `co-01`.
fn is_id(word: &str) -> bool {
    let parts = word.split_once('-');
    parts.is_some_and(|(group, number)| {
        group.len() == 2
            && group.bytes().all(|byte| byte.is_ascii_lowercase())
            && number.len() == 2
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Ids of the rows `| id | .. |` of the table of what is decided otherwise.
fn changed() -> Vec<String> {
    let text = read("tests/cases-changed.md");
    let rows = text
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" |"));
    rows.map(|(id, _)| id.to_string())
        .filter(|id| is_id(id))
        .collect()
}

/// Every case of the runtime has its id at a test, or stands among those that are decided otherwise.
///
/// Names of tests carry ids as `rt_010_to_014` or `rt_021_032`, comments as `RT-021`.
#[test]
fn every_case_of_the_runtime_has_a_test() {
    let mut found: BTreeSet<u32> = BTreeSet::new();
    for file in ["runtime", "tests/tests"].into_iter().flat_map(sources) {
        found.extend(ids_of(&read(&file)));
    }
    found.extend(ids_of(&read("tests/cases-changed.md")));
    let ids = read("tests/cases/runtime.ids");
    let missing: Vec<&str> = ids
        .lines()
        .filter(|id| {
            id.strip_prefix("RT-")
                .and_then(|id| id.parse().ok())
                .is_none_or(|id| !found.contains(&id))
        })
        .collect();
    assert_eq!(missing, [""; 0]);
}

/// Every fault has its tests, and every test that is named for one exists.
#[test]
fn every_fault_has_a_test() {
    let text = read("tests/cases/faults.ids");
    let code: String = ["runtime", "tests/tests"]
        .into_iter()
        .flat_map(sources)
        .map(|file| read(&file))
        .collect();
    let mut ids = Vec::new();
    let mut missing = Vec::new();
    for line in text.lines() {
        let mut words = line.split(' ');
        ids.push(words.next().unwrap_or_default().to_string());
        let names: Vec<&str> = words.collect();
        assert!(!names.is_empty(), "{line}");
        let is_there = |name: &&str| code.contains(&format!("fn {name}("));
        missing.extend(names.into_iter().filter(|name| !is_there(name)));
    }
    let wanted: Vec<String> = (1..=24).map(|number| format!("F{number}")).collect();
    assert_eq!(ids, wanted);
    assert_eq!(missing, [""; 0]);
}

/// The Rust files below a folder, by their paths in the repository.
fn sources(folder: &str) -> Vec<String> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(repository().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            out.extend(sources(&path));
        } else if path.ends_with(".rs") {
            out.push(path);
        }
    }
    out
}

fn ids_of(text: &str) -> Vec<u32> {
    let mut out = Vec::new();
    for (at, mark) in text.match_indices("RT-").chain(text.match_indices("fn rt_")) {
        let rest = &text[at + mark.len()..];
        let mut last = None;
        let mut is_range = false;
        for part in rest.split(|c: char| !c.is_ascii_alphanumeric()) {
            match part.parse::<u32>() {
                Ok(id) if part.len() == 3 => {
                    out.extend(last.filter(|_| is_range).unwrap_or(id)..=id);
                    last = Some(id);
                    is_range = false;
                }
                Err(_) if part == "to" => is_range = true,
                Ok(_) | Err(_) => break,
            }
        }
    }
    out
}

#[test]
fn the_programs_do_what_the_cases_say() {
    let mut count = 0;
    let mut faults = String::new();
    for page in pages() {
        let path = page.strip_prefix(repository()).expect("a page of the repository");
        let (examples, found) = run_examples(&path.display().to_string());
        count += examples;
        faults.push_str(&found);
    }
    assert!(faults.is_empty(), "{faults}");
    assert!(count >= 158, "the examples were found: {count}");
}

#[test]
fn every_case_has_a_form_or_a_reason() {
    let ids: Vec<String> = read("tests/cases/language.ids")
        .lines()
        .map(str::to_string)
        .collect();
    let known: BTreeSet<&String> = ids.iter().collect();
    let mut faults: Vec<String> = Vec::new();
    if known.len() != ids.len() || !ids.iter().all(|id| is_id(id)) {
        faults.push("tests/cases/language.ids holds one id a line, each once".to_string());
    }
    // How many programs or files stand under the heading of each id.
    let mut forms: BTreeMap<String, usize> = BTreeMap::new();
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("a page");
        let found = blocks(&text);
        for heading in text.lines().filter_map(|line| line.strip_prefix("### ")) {
            let id = heading.split(':').next().unwrap_or_default().to_string();
            let count = found.iter().filter(|block| block.heading == heading).count();
            if count == 0 {
                faults.push(format!("{id}: no program stands under the heading"));
            }
            if forms.insert(id.clone(), count).is_some() {
                faults.push(format!("{id}: two headings"));
            }
        }
    }
    let rows = changed();
    let with_row: BTreeSet<&String> = rows.iter().collect();
    if with_row.len() != rows.len() {
        faults.push("tests/cases-changed.md has two rows of one id".to_string());
    }
    for id in &ids {
        if !forms.contains_key(id) && !with_row.contains(id) {
            faults.push(format!("{id}: neither a heading nor a reason"));
        }
    }
    for id in forms.keys().chain(with_row) {
        if !known.contains(id) {
            faults.push(format!("{id}: not in tests/cases/language.ids"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(ids.len() >= 158, "the ids were found: {}", ids.len());
}
