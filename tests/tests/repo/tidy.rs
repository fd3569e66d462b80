//! Small rules that keep the tree the way the next reader expects it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aur_diagnostics::{Severity, codes};
use aur_tests::{repository, rewritten_when_asked};

/// Files that belong to the repository, by path below its root.
fn tracked(keep: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![repository().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let entry = entry.expect("an entry");
            let path = entry.path();
            let name = entry.file_name();
            if entry.file_type().expect("a kind").is_dir() {
                if name != "target" && name != ".git" {
                    folders.push(path);
                }
            } else if keep(&path) {
                found.push(
                    path.strip_prefix(repository())
                        .expect("below the root")
                        .to_path_buf(),
                );
            }
        }
    }
    found.sort();
    found
}

fn rust_files() -> Vec<(PathBuf, String)> {
    read_all(tracked(|path| {
        path.extension().is_some_and(|extension| extension == "rs")
    }))
}

fn read_all(paths: Vec<PathBuf>) -> Vec<(PathBuf, String)> {
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(repository().join(&path)).expect("a text file");
            (path, text)
        })
        .collect()
}

fn complain(faults: &[String]) {
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// This file names what it forbids.
fn is_this_file(path: &Path) -> bool {
    path.ends_with("repo/tidy.rs")
}

#[test]
fn every_crate_takes_part_in_the_lint_table() {
    let manifests = read_all(tracked(|path| path.ends_with("Cargo.toml")));
    let faults: Vec<String> = manifests
        .iter()
        .filter(|(path, text)| {
            path != Path::new("Cargo.toml") && !text.contains("[lints]\nworkspace = true\n")
        })
        .map(|(path, _)| format!("{} lacks `[lints] workspace = true`", path.display()))
        .collect();
    complain(&faults);
    assert!(manifests.len() > 10, "the manifests were found");
}

#[test]
fn modules_are_files_beside_their_folder() {
    let faults: Vec<String> = rust_files()
        .iter()
        .filter(|(path, _)| path.ends_with("mod.rs"))
        .map(|(path, _)| format!("{}: a module is `name.rs` beside `name/`", path.display()))
        .collect();
    complain(&faults);
}

#[test]
fn nothing_is_left_for_later() {
    let forbidden = [
        "TODO",
        "FIXME",
        "XXX",
        "HACK",
        "todo!(",
        "unimplemented!(",
        "#[ignore",
        "dbg!(",
    ];
    let mut faults = Vec::new();
    for (path, text) in rust_files().iter().filter(|(path, _)| !is_this_file(path)) {
        for (number, line) in text.lines().enumerate() {
            for word in forbidden.iter().filter(|word| line.contains(**word)) {
                faults.push(format!("{}:{}: {word}", path.display(), number + 1));
            }
        }
    }
    complain(&faults);
}

#[test]
fn files_are_not_too_long() {
    let faults: Vec<String> = rust_files()
        .iter()
        .filter(|(_, text)| text.lines().count() > 1300)
        .map(|(path, text)| format!("{} has {} lines", path.display(), text.lines().count()))
        .collect();
    complain(&faults);
}

#[test]
fn texts_end_with_one_newline_and_have_no_trailing_blanks() {
    let kinds = ["rs", "toml", "md", "aur", "py", "json", "pest"];
    let paths = tracked(|path| {
        let is_text = path
            .extension()
            .is_some_and(|extension| kinds.iter().any(|kind| extension == *kind));
        is_text && path.file_name().is_none_or(|name| name != "Cargo.lock")
    });
    let mut faults = Vec::new();
    for (path, text) in read_all(paths) {
        if !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\n\n")) {
            faults.push(format!("{}: the last line", path.display()));
        }
        // Snapshots hold what a program printed, blanks included.
        if path.extension().is_some_and(|extension| extension == "rs") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            if line.ends_with([' ', '\t', '\r']) {
                faults.push(format!("{}:{}: blanks at the end", path.display(), number + 1));
            }
        }
    }
    complain(&faults);
}

#[test]
fn every_code_is_reported_somewhere() {
    let homes = ["grammar/src", "compiler/core/src", "compiler/disk/src"];
    let sources: String = rust_files()
        .into_iter()
        .filter(|(path, _)| homes.iter().any(|home| path.starts_with(home)))
        .map(|(_, text)| text)
        .collect();
    let faults: Vec<String> = codes::ALL
        .iter()
        .filter(|code| !sources.contains(&format!("codes::{}", code.name)))
        .map(|code| format!("{} {} is never reported", code.id, code.name))
        .collect();
    complain(&faults);
}

#[test]
fn every_page_belongs_to_a_code() {
    let pages: Vec<String> = tracked(|path| {
        path.parent()
            .is_some_and(|folder| folder.ends_with("diagnostics/pages"))
    })
    .iter()
    .map(|path| path.file_stem().expect("a name").display().to_string())
    .collect();
    let ids: Vec<&str> = codes::ALL.iter().map(|code| code.id).collect();
    assert_eq!(pages, ids);
    for code in codes::ALL {
        let head = format!("# {}: {}\n", code.id, code.title);
        assert!(
            code.page.starts_with(&head),
            "the page of {} begins with `{}`",
            code.id,
            head.trim_end()
        );
    }
}

/// The titles of the ranges of the table.
const RANGES: &[(&str, &str)] = &[
    ("01", "Syntax"),
    ("02", "Names and fields"),
    ("03", "Types and job rules"),
    ("04", "Texts and bindings"),
    ("05", "Includes, files and inputs"),
    ("06", "Plan and limits"),
];

#[test]
fn the_index_of_errors_is_the_table() {
    let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for code in codes::ALL {
        let severity = match code.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let page = format!("../compiler/diagnostics/pages/{}.md", code.id);
        let row = format!(
            "| [{}]({page}) | {} | {severity} | {} |",
            code.id, code.name, code.title
        );
        groups.entry(&code.id[1..3]).or_default().push(row);
    }
    let mut text = String::from(
        "# Errors and warnings\n\n\
         Generated from the table in `compiler/diagnostics/src/codes.rs`; `aurc explain CODE` prints a page.\n",
    );
    for (range, rows) in groups {
        let title = RANGES
            .iter()
            .find(|(own, _)| *own == range)
            .map_or(range, |(_, title)| title);
        text.push_str(&format!(
            "\n## {title}\n\n| code | name | severity | what is the case |\n|---|---|---|---|\n"
        ));
        text.push_str(&rows.join("\n"));
        text.push('\n');
    }
    rewritten_when_asked("docs/errors.md", &text);
}

#[test]
fn links_in_documents_lead_somewhere() {
    let link = regex::Regex::new(r"\]\(([^)#\s]+)(#[^)]*)?\)").expect("a pattern");
    let documents = read_all(tracked(|path| {
        path.extension().is_some_and(|extension| extension == "md")
    }));
    let mut faults = Vec::new();
    for (path, text) in &documents {
        let folder = repository().join(path.parent().expect("a folder"));
        for found in link.captures_iter(text) {
            let target = &found[1];
            if !target.contains("://") && !folder.join(target).exists() {
                faults.push(format!("{}: {target}", path.display()));
            }
        }
    }
    complain(&faults);
}
