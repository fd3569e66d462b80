//! Compares the crate graph with the table of allowed edges.
//!
//! Cargo itself refuses cycles. What it cannot know is the direction we want: text before meaning,
//! compiler before runtime, decisions before the kernel. A new crate or edge is added here on purpose.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use aur_tests::repository;
use serde_json::Value;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Text, values, `now` and seeds in, values out.
    Pure,
    /// Owns files, sockets, clocks, processes or the terminal.
    Shell,
    /// May know everything.
    Tests,
}

struct Layer {
    name: &'static str,
    folder: &'static str,
    kind: Kind,
    /// Crates of this workspace that it may depend on.
    knows: &'static [&'static str],
}

const fn layer(
    name: &'static str,
    folder: &'static str,
    kind: Kind,
    knows: &'static [&'static str],
) -> Layer {
    Layer {
        name,
        folder,
        kind,
        knows,
    }
}

use Kind::{Pure, Shell};

const LAYERS: &[Layer] = &[
    layer("aur-grammar", "grammar", Pure, &["aur-diagnostics"]),
    layer("aur-diagnostics", "compiler/diagnostics", Pure, &[]),
    layer("aur-ir", "compiler/ir", Pure, &[]),
    layer(
        "aur-compiler",
        "compiler/core",
        Pure,
        &["aur-diagnostics", "aur-grammar", "aur-ir", "aur-shell"],
    ),
    layer(
        "aur-disk",
        "compiler/disk",
        Shell,
        &["aur-compiler", "aur-diagnostics"],
    ),
    layer("aur-shell", "compiler/shell", Pure, &[]),
    layer("aur-render", "compiler/render", Shell, &["aur-diagnostics"]),
    layer(
        "aur-report",
        "compiler/report",
        Shell,
        &["aur-compiler", "aur-diagnostics", "aur-ir", "aur-render"],
    ),
    layer(
        "aur-terminal",
        "compiler/terminal",
        Shell,
        &[
            "aur-compiler",
            "aur-diagnostics",
            "aur-disk",
            "aur-ir",
            "aur-render",
        ],
    ),
    layer(
        "aur-lsp",
        "lsp",
        Shell,
        &["aur-compiler", "aur-diagnostics", "aur-disk"],
    ),
    layer(
        "aurc",
        "compiler/cli",
        Shell,
        &[
            "aur-compiler",
            "aur-diagnostics",
            "aur-disk",
            "aur-grammar",
            "aur-ir",
            "aur-lsp",
            "aur-render",
            "aur-report",
            "aur-terminal",
        ],
    ),
    layer("aur-machine", "runtime/machine", Pure, &["aur-ir"]),
    layer("aur-host", "runtime/host", Shell, &[]),
    layer(
        "aur-runner",
        "runtime/runner",
        Shell,
        &["aur-host", "aur-ir", "aur-machine"],
    ),
    // The command prints what aur-machine describes: the task object and the events.
    layer(
        "aur",
        "runtime/cli",
        Shell,
        &[
            "aur-compiler",
            "aur-diagnostics",
            "aur-disk",
            "aur-ir",
            "aur-machine",
            "aur-render",
            "aur-runner",
            "aur-terminal",
        ],
    ),
    layer(
        "aur-tests",
        "tests",
        Kind::Tests,
        &[
            "aur",
            "aur-compiler",
            "aur-diagnostics",
            "aur-grammar",
            "aur-ir",
            "aur-machine",
            "aur-render",
            "aur-report",
        ],
    ),
];

/// Libraries whose types stay in the crates named here, so that they can be replaced in one place.
const CONFINED: &[(&str, &[&str])] = &[
    ("brush-parser", &["aur-shell"]),
    ("pest", &["aur-grammar"]),
    ("pest_derive", &["aur-grammar"]),
    ("ariadne", &["aur-render"]),
    ("gen-lsp-types", &["aur-lsp"]),
    ("lsp-server", &["aur-lsp"]),
    ("miette", &["aur-terminal"]),
    ("pulldown-cmark", &["aur-report"]),
    ("clap", &["aur", "aur-terminal", "aurc"]),
    ("clap_complete", &["aur", "aurc"]),
    ("libc", &["aur-host"]),
    // aur-disk opens files relative to folders, so that no symlink leads out of the project.
    ("nix", &["aur-disk", "aur-host", "aur-tests"]),
];

/// Libraries that nothing below a pure crate may bring in, directly or through another.
const IMPURE: &[&str] = &[
    "anstream",
    "ariadne",
    "async-std",
    "chrono",
    "clap",
    "getrandom",
    "hyper",
    "miette",
    "mio",
    "nix",
    "rand",
    "reqwest",
    "rustix",
    "socket2",
    "tempfile",
    "time",
    "tokio",
];

/// Edges that are not followed when looking for something impure, each for its reason.
const HARMLESS: &[(&str, &str)] = &[
    // Listed among its ordinary dependencies, and used in its tests alone.
    ("brush-parser", "insta"),
    // Seeds the hash of a table that remembers what was parsed; nothing of it reaches a result.
    ("cached", "ahash"),
];

/// What cargo says about the workspace.
struct Graph {
    /// Crates of the workspace: folder and direct dependencies that end up in the product.
    own: BTreeMap<String, (String, BTreeSet<String>)>,
    /// Direct dependencies that only tests of the crate use.
    for_tests: BTreeMap<String, BTreeSet<String>>,
    /// All crates, by package id: name and the ids of product dependencies.
    all: BTreeMap<String, (String, Vec<String>)>,
}

impl Graph {
    fn read() -> Self {
        // Crates of other machines may never have been fetched.
        let version = Command::new("rustc").arg("-vV").output().expect("rustc runs");
        let version = String::from_utf8_lossy(&version.stdout).into_owned();
        let host = version
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .expect("a host");
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version=1", "--locked", "--offline"])
            .args(["--filter-platform", host])
            .current_dir(repository())
            .output()
            .expect("cargo runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
        let mut graph = Self {
            own: BTreeMap::new(),
            for_tests: BTreeMap::new(),
            all: BTreeMap::new(),
        };
        let names: BTreeMap<&str, &str> = metadata["packages"]
            .as_array()
            .expect("packages")
            .iter()
            .map(|package| (text(&package["id"]), text(&package["name"])))
            .collect();
        for node in metadata["resolve"]["nodes"].as_array().expect("nodes") {
            let deps = node["deps"].as_array().expect("deps");
            let product = deps
                .iter()
                .filter(|dep| {
                    dep["dep_kinds"]
                        .as_array()
                        .expect("kinds")
                        .iter()
                        .any(|kind| kind["kind"].is_null())
                })
                .map(|dep| text(&dep["pkg"]).to_string())
                .collect();
            let id = text(&node["id"]);
            graph.all.insert(id.to_string(), (names[id].to_string(), product));
        }
        for package in metadata["packages"].as_array().expect("packages") {
            if !package["source"].is_null() {
                continue;
            }
            let name = text(&package["name"]).to_string();
            let manifest = text(&package["manifest_path"]);
            let folder = std::path::Path::new(manifest)
                .parent()
                .and_then(|folder| folder.strip_prefix(repository()).ok())
                .expect("a crate lies in the repository");
            let of_kind = |wanted: &[&str]| -> BTreeSet<String> {
                let dependencies = package["dependencies"].as_array().expect("dependencies");
                dependencies
                    .iter()
                    .filter(|dep| wanted.contains(&dep["kind"].as_str().unwrap_or("normal")))
                    .map(|dep| text(&dep["name"]).to_string())
                    .collect()
            };
            graph.for_tests.insert(name.clone(), of_kind(&["dev"]));
            graph.own.insert(
                name,
                (folder.display().to_string(), of_kind(&["normal", "build"])),
            );
        }
        graph
    }

    /// Every crate below `name`, with the way to it.
    fn below(&self, name: &str) -> BTreeMap<String, String> {
        let start = self
            .all
            .iter()
            .find(|(_, (own, _))| own == name)
            .map(|(id, _)| id.clone());
        let mut ways: BTreeMap<String, String> = BTreeMap::new();
        let mut open: Vec<(String, String)> = start.into_iter().map(|id| (id, name.to_string())).collect();
        while let Some((id, way)) = open.pop() {
            let (name, below) = &self.all[&id];
            for below in below {
                let below_name = &self.all[below].0;
                if HARMLESS.contains(&(name.as_str(), below_name.as_str())) {
                    continue;
                }
                if !ways.contains_key(below_name) {
                    let further = format!("{way} -> {below_name}");
                    ways.insert(below_name.clone(), further.clone());
                    open.push((below.clone(), further));
                }
            }
        }
        ways
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn layer_of(name: &str) -> Option<&'static Layer> {
    LAYERS.iter().find(|layer| layer.name == name)
}

#[test]
fn every_crate_stands_in_the_table() {
    let graph = Graph::read();
    let found: BTreeMap<&str, &str> = graph
        .own
        .iter()
        .map(|(name, (folder, _))| (name.as_str(), folder.as_str()))
        .collect();
    let wanted: BTreeMap<&str, &str> = LAYERS.iter().map(|layer| (layer.name, layer.folder)).collect();
    assert_eq!(
        found, wanted,
        "a crate is added to tests/tests/repo/layers.rs before it is added to the workspace"
    );
}

#[test]
fn crates_know_only_what_the_table_allows() {
    let graph = Graph::read();
    let mut faults = Vec::new();
    for (name, (_, direct)) in &graph.own {
        let Some(layer) = layer_of(name) else { continue };
        let unknown = direct.iter().filter(|dependency| {
            graph.own.contains_key(*dependency) && !layer.knows.contains(&dependency.as_str())
        });
        faults.extend(unknown.map(|dependency| format!("{name} must not know {dependency}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A test may look further than its crate, but never from the compiler into the runtime.
#[test]
fn tests_of_a_crate_stay_on_its_side() {
    let graph = Graph::read();
    let side = |name: &str| {
        layer_of(name)
            .and_then(|layer| layer.folder.split('/').next())
            .unwrap_or_default()
    };
    for (name, used) in &graph.for_tests {
        for dependency in used
            .iter()
            .filter(|dependency| graph.own.contains_key(*dependency))
        {
            let is_fine = side(name) == side(dependency) || side(dependency) != "runtime";
            assert!(is_fine, "tests of {name} must not know {dependency}");
        }
    }
}

#[test]
fn libraries_stay_where_they_belong() {
    let graph = Graph::read();
    let mut faults = Vec::new();
    for (name, (_, direct)) in &graph.own {
        for (library, homes) in CONFINED {
            if direct.contains(*library) && !homes.contains(&name.as_str()) {
                faults.push(format!(
                    "{name} must not use {library}, it belongs to {}",
                    homes.join(", ")
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn pure_crates_bring_in_nothing_impure() {
    let graph = Graph::read();
    let mut faults = Vec::new();
    for layer in LAYERS.iter().filter(|layer| layer.kind == Pure) {
        let ways = graph.below(layer.name);
        faults.extend(IMPURE.iter().filter_map(|library| ways.get(*library).cloned()));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_head_of_a_crate_says_what_it_is() {
    for layer in LAYERS {
        let words = match layer.kind {
            Pure => "//! Pure. ",
            Shell => "//! Shell. ",
            Kind::Tests => "//! Tests. ",
        };
        let path = ["src/lib.rs", "src/main.rs"]
            .map(|file| repository().join(layer.folder).join(file))
            .into_iter()
            .find(|path| path.exists());
        let path = path.unwrap_or_else(|| panic!("{} has neither src/lib.rs nor src/main.rs", layer.name));
        let source = std::fs::read_to_string(&path).expect("a source file");
        assert!(
            source.starts_with(words),
            "{} begins with `{words}`",
            path.display()
        );
        let wall = "#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]";
        if layer.kind == Pure {
            assert!(source.contains(wall), "{} lacks `{wall}`", path.display());
        }
    }
}
