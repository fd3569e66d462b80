//! The pages of the diagnostics: the program that fails gives that diagnostic and no other, the program
//! that passes gives none.

use std::collections::{BTreeMap, BTreeSet};

use aur_compiler::{Given, ReadError, Sources};
use aur_diagnostics::codes;

/// Pages whose fault needs more than one program to show.
const WITHOUT_PROGRAM: [&str; 5] = ["E0106", "E0323", "E0504", "E0506", "W0201"];
/// Pages whose remedy needs a second file.
const WITHOUT_REMEDY: [&str; 3] = ["E0501", "E0502", "E0503"];
/// Limits, which the programs lower, and files beside them; the tests of the documents judge these.
const OF_LIMITS: [&str; 8] = [
    "E0602", "E0603", "E0604", "E0605", "E0606", "E0607", "E0609", "E0610",
];
/// Faults that only stand in the way of a plan.
const OF_PLANS: [&str; 2] = ["E0317", "E0505"];

/// Files in memory.
struct Files(BTreeMap<&'static str, Vec<u8>>);

impl Sources for Files {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        match self.0.get(path) {
            Some(bytes) if bytes == b"(folder)" => Err(ReadError::NotAFile),
            Some(bytes) => Ok(bytes.clone()),
            None => Err(ReadError::NotFound { nearest: None }),
        }
    }

    fn env(&self, _name: &str) -> Option<String> {
        None
    }
}

/// Returns the codes a program gives.
fn codes_of(program: &str, is_for_plan: bool) -> BTreeSet<&'static str> {
    codes_of_files(
        Files([("main.aur", program.into())].into()),
        &Given::default(),
        is_for_plan,
    )
}

fn codes_of_files(files: Files, given: &Given, is_for_plan: bool) -> BTreeSet<&'static str> {
    let diagnostics = if is_for_plan {
        aur_compiler::compile(&files, "main.aur", given).diagnostics
    } else {
        aur_compiler::check(&files, "main.aur", given).diagnostics
    };
    diagnostics.iter().map(|one| one.code.id).collect()
}

/// Returns the blocks of this kind.
fn blocks<'a>(page: &'a str, kind: &str) -> Vec<&'a str> {
    let opening = format!("```{kind}\n");
    let blocks = page.split(opening.as_str()).skip(1);
    blocks
        .map(|rest| rest.split("```").next().unwrap_or(rest))
        .collect()
}

#[test]
fn every_page_is_complete() {
    for code in codes::ALL {
        let first = code.page.lines().next().unwrap_or("");
        assert_eq!(first, format!("# {}: {}", code.id, code.title));
        if OF_LIMITS.contains(&code.id) {
            continue;
        }
        let counts = ["aur fails", "aur passes", "text"].map(|kind| blocks(code.page, kind).len());
        let expected = match code.id {
            id if WITHOUT_PROGRAM.contains(&id) => [0, 0, 1],
            id if WITHOUT_REMEDY.contains(&id) => [1, 0, 0],
            _ => [1, 1, 0],
        };
        assert_eq!(counts, expected, "{}", code.id);
    }
}

#[test]
fn programs_give_what_their_page_says() {
    let mut wrong = Vec::new();
    for code in codes::ALL.iter().filter(|code| !OF_LIMITS.contains(&code.id)) {
        let is_for_plan = OF_PLANS.contains(&code.id);
        for program in blocks(code.page, "aur fails") {
            let found = codes_of(program, is_for_plan);
            if found != BTreeSet::from([code.id]) {
                wrong.push(format!("{} fails with {found:?}", code.id));
            }
        }
        for program in blocks(code.page, "aur passes") {
            let found = codes_of(program, is_for_plan);
            if !found.is_empty() {
                wrong.push(format!("{} passes with {found:?}", code.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn faults_of_more_than_one_program() {
    let files = |main: &[u8]| {
        Files(BTreeMap::from([
            ("main.aur", main.to_vec()),
            ("base.aur", b"jobs = []\n".to_vec()),
            ("folder", b"(folder)".to_vec()),
        ]))
    };
    let check = |main: &[u8]| codes_of_files(files(main), &Given::default(), false);
    assert_eq!(check(b"x = \xff"), BTreeSet::from(["E0106"]));
    assert_eq!(check(b"text = file(\"folder\")"), BTreeSet::from(["E0504"]));
    assert_eq!(
        check(b"include \"base.aur\"\njobs = []\n"),
        BTreeSet::from(["W0201"])
    );
    let given = Given {
        flags: vec![("count".to_string(), "many".to_string())],
        ..Given::default()
    };
    let found = codes_of_files(files(b"input count: Integer\n"), &given, false);
    assert_eq!(found, BTreeSet::from(["E0506"]));
}
