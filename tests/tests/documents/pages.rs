//! The programs on the page of each code: one that fails with that code and nothing else, and one that
//! passes. A block `aur file=NAME` is a file that the page's programs read; `limit="files=1"` on a program
//! lowers a limit.

use std::collections::BTreeSet;

use aur_compiler::Given;
use aur_diagnostics::{Code, Severity, codes};
use aur_tests::{Block, Memory, blocks, limits_of};

/// Codes that only a compilation reports, a check does not.
const OF_COMPILING: [&str; 2] = ["E0317", "E0505"];

/// Not text, not readable, tests, and faults of the command line: no program on a page can show these.
const WITHOUT_PROGRAM: [&str; 4] = ["E0106", "E0323", "E0504", "E0506"];

fn reported(code: &Code, sources: &Memory, limits: &str) -> BTreeSet<&'static str> {
    let entry = "main.aur";
    let given = Given {
        limits: limits_of(limits),
        ..Given::default()
    };
    let diagnostics = if OF_COMPILING.contains(&code.id) {
        aur_compiler::compile(sources, entry, &given).diagnostics
    } else {
        aur_compiler::check(sources, entry, &given).diagnostics
    };
    diagnostics.iter().map(|diagnostic| diagnostic.code.id).collect()
}

fn kind(block: &Block) -> &str {
    block.attributes.first().map_or("", |(name, _)| name.as_str())
}

fn fault_of(code: &Code) -> Option<String> {
    // The fences of pages say `aur fails` and `aur passes`.
    let page = code
        .page
        .replace("```aur fails", "```aur fails=")
        .replace("```aur passes", "```aur passes=");
    let found = blocks(&page);
    let mut sources = Memory::default();
    for file in found.iter().filter(|block| block.get("file").is_some()) {
        sources.files.insert(
            file.get("file").unwrap_or_default().to_string(),
            file.text.clone(),
        );
    }
    let mut fails = 0;
    for block in found
        .iter()
        .filter(|block| block.language == "aur" && block.get("file").is_none())
    {
        sources.files.insert("main.aur".to_string(), block.text.clone());
        let limits = block.get("limit").unwrap_or_default();
        let found = reported(code, &sources, limits);
        let wanted: BTreeSet<&str> = match kind(block) {
            "fails" => {
                fails += 1;
                [code.id].into()
            }
            "passes" => BTreeSet::new(),
            other => return Some(format!("{}: what is `{other}` in line {}?", code.id, block.line)),
        };
        if found != wanted {
            return Some(format!(
                "{}: line {}: found {found:?}, wanted {wanted:?}",
                code.id, block.line
            ));
        }
    }
    (fails == 0 && !WITHOUT_PROGRAM.contains(&code.id) && code.severity == Severity::Error)
        .then(|| format!("{}: no program that fails", code.id))
}

#[test]
fn programs_on_pages_do_what_the_page_says() {
    let faults: Vec<String> = codes::ALL.iter().filter_map(|code| fault_of(code)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
