//! What the inputs are made from: examples, the programs of documents and pages, and what was found.

use std::path::{Path, PathBuf};

use aur_compiler::Given;
use aur_tests::{Memory, blocks, repository};

fn files_in(folder: &str) -> Vec<PathBuf> {
    let place = repository().join(folder);
    let entries = std::fs::read_dir(&place).unwrap_or_else(|error| panic!("{}: {error}", place.display()));
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    found.retain(|path| path.is_file());
    found.sort();
    found
}

fn ends_with(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|own| own == extension)
}

fn read(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Programs, those that were found first.
pub(super) fn programs() -> Vec<String> {
    let found = files_in("tests/fuzz/corpus");
    let mut programs: Vec<String> = found
        .iter()
        .filter(|path| ends_with(path, "aur"))
        .map(|path| read(path))
        .collect();
    programs.extend(
        files_in("examples")
            .iter()
            .filter(|path| ends_with(path, "aur"))
            .map(|path| read(path)),
    );
    for folder in ["docs", "tests/cases/language", "compiler/diagnostics/pages"] {
        for page in files_in(folder).iter().filter(|path| ends_with(path, "md")) {
            let blocks = blocks(&read(page));
            programs.extend(
                blocks
                    .into_iter()
                    .filter(|block| block.language == "aur")
                    .map(|block| block.text),
            );
        }
    }
    programs
}

/// Texts as they stand between quotes: the lines of the programs that hold mustaches.
pub(super) fn texts() -> Vec<String> {
    let programs = programs();
    let lines = programs.iter().flat_map(|program| program.lines());
    let mut texts: Vec<String> = lines
        .filter(|line| line.contains("{{"))
        .map(|line| line.trim().to_string())
        .collect();
    texts.sort();
    texts.dedup();
    texts
}

/// Plans of the programs that have one.
pub(super) fn plans() -> Vec<String> {
    let found = files_in("tests/fuzz/corpus");
    let mut plans: Vec<String> = found
        .iter()
        .filter(|path| ends_with(path, "json"))
        .map(|path| read(path))
        .collect();
    for program in programs() {
        let sources = Memory::of("main.aur", &program);
        let answer = aur_compiler::compile(&sources, "main.aur", &Given::default());
        let json = answer
            .value
            .and_then(|plan| String::from_utf8(plan.to_canonical_json()).ok());
        plans.extend(json);
    }
    plans
}
