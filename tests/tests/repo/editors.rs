//! Compares the words that the packs of `editors/` know with those of the compiler.
//!
//! A word that the language gets is added to each pack here named; a word that it loses is taken out of them.

use std::collections::BTreeSet;

use aur_compiler::words as meaning;
use aur_grammar::words as grammar;
use aur_tests::repository;
use regex::Regex;
use serde_json::Value;

type Words = BTreeSet<String>;

fn words<'w>(lists: impl IntoIterator<Item = &'w [&'w str]>) -> Words {
    lists.into_iter().flatten().map(ToString::to_string).collect()
}

/// Everything that is written as a plain word, by kind.
fn of_the_language() -> Vec<(&'static str, Words)> {
    vec![
        ("keywords", words([grammar::KEYWORDS.as_slice()])),
        ("constants", words([grammar::CONSTANTS.as_slice()])),
        ("units", grammar::units().map(ToString::to_string).collect()),
        ("functions", words([meaning::FUNCTIONS])),
        ("methods", words([meaning::METHODS, meaning::RULES])),
        ("types", words([meaning::TYPES])),
        ("filters", meaning::filters().collect()),
        ("runtime names", words([meaning::RUNTIME_NAMES])),
        ("scopes", words([meaning::SCOPES])),
        ("commands", words([meaning::COMMANDS])),
    ]
}

fn wanted(kind: &str) -> Words {
    let found = of_the_language().into_iter().find(|(own, _)| *own == kind);
    found.expect("a kind of words").1
}

fn read(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).expect(path)
}

/// The words of a pattern: what is left when its signs are taken away.
fn words_of_pattern(pattern: &str) -> Words {
    let plain = Regex::new(r"\\z[es]|\\.|r?\[[^\]]*\]|\(\?[<!=:>]+").expect("a pattern");
    let word = Regex::new(r"[A-Za-z][A-Za-z_0-9]*").expect("a pattern");
    let plain = plain.replace_all(pattern, " ");
    word.find_iter(&plain)
        .map(|word| word.as_str().to_string())
        .collect()
}

/// Texts of `begin` and `match` of every rule that gives a scope with this beginning.
fn patterns<'g>(rule: &'g Value, scope: &str, found: &mut Vec<&'g str>) {
    match rule {
        Value::Object(members) => {
            let gives = |value: &Value| value.as_str().is_some_and(|name| name.starts_with(scope));
            let in_captures = |key: &str| {
                let captures = members.get(key).and_then(Value::as_object);
                captures.is_some_and(|captures| captures.values().any(|one| gives(&one["name"])))
            };
            if members.get("name").is_some_and(gives)
                || in_captures("captures")
                || in_captures("beginCaptures")
            {
                let own = ["match", "begin"]
                    .iter()
                    .filter_map(|key| members.get(*key)?.as_str());
                found.extend(own);
            }
            members.values().for_each(|member| patterns(member, scope, found));
        }
        Value::Array(rules) => rules.iter().for_each(|rule| patterns(rule, scope, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_textmate_grammar_knows_the_words() {
    let text = read("editors/textmate/aur.tmLanguage.json");
    let rules: Value = serde_json::from_str(&text).expect("JSON");
    let known = |scopes: &[&str]| -> Words {
        let mut found = Vec::new();
        for scope in scopes {
            patterns(&rules["repository"], scope, &mut found);
        }
        found.into_iter().flat_map(words_of_pattern).collect()
    };
    let keywords = known(&[
        "keyword.control.",
        "keyword.operator.word",
        "keyword.other.where",
        "storage.type",
    ]);
    assert_eq!(keywords, wanted("keywords"));
    assert_eq!(known(&["constant.language"]), wanted("constants"));
    assert_eq!(known(&["keyword.other.unit"]), wanted("units"));
    assert_eq!(known(&["support.function.builtin"]), wanted("functions"));
    assert_eq!(
        known(&["support.function.method", "support.function.rule"]),
        wanted("methods")
    );
    assert_eq!(known(&["support.type.builtin"]), wanted("types"));
    assert_eq!(known(&["support.function.filter"]), wanted("filters"));
    let mut runtime = wanted("runtime names");
    runtime.insert("aur".to_string());
    assert_eq!(known(&["support.variable.runtime"]), runtime);
    assert_eq!(known(&["variable.language.scope"]), wanted("scopes"));
    let command = rules["repository"]["command"]["begin"]
        .as_str()
        .expect("a pattern");
    assert_eq!(words_of_pattern(command), wanted("commands"));
}

#[test]
fn the_mode_of_emacs_knows_the_words() {
    let text = read("editors/emacs/aur-mode.el");
    let list = |name: &str| -> Words {
        let rule = format!(r#"\(defconst aur-{name}\s+'\(([^)]*)\)"#);
        let found = Regex::new(&rule).expect("a pattern").captures(&text);
        let found = found.unwrap_or_else(|| panic!("no list aur-{name}"));
        let words = found[1].split_whitespace();
        words.map(|word| word.trim_matches('"').to_string()).collect()
    };
    for (name, kind) in [
        ("keywords", "keywords"),
        ("constants", "constants"),
        ("units", "units"),
        ("functions", "functions"),
        ("methods", "methods"),
        ("types", "types"),
        ("filters", "filters"),
        ("runtime-names", "runtime names"),
        ("scopes", "scopes"),
    ] {
        assert_eq!(list(name), wanted(kind), "{name}");
    }
}

#[test]
fn the_syntax_of_vim_knows_the_words() {
    let text = read("editors/neovim/syntax/aur.vim");
    let known = |groups: &[&str]| -> Words {
        let lines = text.lines().filter_map(|line| {
            let (group, pattern) = line.strip_prefix("syntax match ")?.split_once(' ')?;
            groups.contains(&group).then_some(pattern)
        });
        // `\<`, `\%(` and their like lose their sign, sets such as `[2-9]` are written out.
        let patterns = lines.map(|line| {
            let line = match line.contains("pad[2-9]") {
                true => line.replace(
                    "pad[2-9]",
                    &(2..=9).map(|n| format!("pad{n}|")).collect::<String>(),
                ),
                false => line.to_string(),
            };
            line.replace("contained", " ").replace("\\|", " ")
        });
        patterns.flat_map(|pattern| words_of_pattern(&pattern)).collect()
    };
    assert_eq!(known(&["aurKeyword", "aurInclude"]), wanted("keywords"));
    assert_eq!(known(&["aurConstant"]), wanted("constants"));
    assert_eq!(
        known(&["aurFunction"]),
        wanted("functions").union(&wanted("methods")).cloned().collect()
    );
    assert_eq!(known(&["aurBuiltinType"]), wanted("types"));
    assert_eq!(known(&["aurFilter"]), wanted("filters"));
    assert_eq!(known(&["aurScope"]), wanted("scopes"));
    let mut units = known(&["aurNumber"]);
    // The letter of an exponent stands in a set.
    units.remove("eE");
    assert_eq!(units, wanted("units"));
    let mut runtime = wanted("runtime names");
    runtime.insert("aur".to_string());
    assert_eq!(known(&["aurRuntime"]), runtime);
    let commands = Regex::new(r"\\%\((cmdline[a-z_\\|]*)\\\)").expect("a pattern");
    let commands = commands
        .captures_iter(&text)
        .map(|found| found[1].replace("\\|", " "));
    let commands: Vec<Words> = commands.map(|pattern| words_of_pattern(&pattern)).collect();
    assert_eq!(commands.len(), 3, "three kinds of texts");
    for found in commands {
        assert_eq!(found, wanted("commands"));
    }
}

#[test]
fn the_language_configuration_of_vs_code_fits_the_language() {
    let text = read("editors/vscode/language-configuration.json");
    let configuration: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        configuration["comments"],
        serde_json::json!({ "lineComment": "#" })
    );
    let open = |list: &str| -> Words {
        let pairs = configuration[list].as_array().expect(list);
        let opening = pairs
            .iter()
            .filter_map(|pair| pair["open"].as_str().or_else(|| pair[0].as_str()));
        opening.map(ToString::to_string).collect()
    };
    assert_eq!(open("brackets"), words([["(", "[", "{", "{{"].as_slice()]));
    assert_eq!(
        open("autoClosingPairs"),
        words([["(", "[", "{", "\"", "'", "\"\"\""].as_slice()])
    );
    // A word is what the language takes for one, and a number is taken with its unit.
    let word = configuration["wordPattern"].as_str().expect("a pattern");
    let word = Regex::new(&format!("^(?:{word})$")).expect("a pattern");
    for (kind, words) in of_the_language() {
        for name in words {
            let name = if kind == "units" {
                format!("1.5{name}")
            } else {
                name
            };
            assert!(word.is_match(&name), "{name}");
        }
    }
    // Enter behind an open block of a command indents.
    for rule in configuration["onEnterRules"].as_array().expect("rules") {
        let before = rule["beforeText"].as_str().expect("a pattern");
        Regex::new(before).expect("a pattern");
        if before.contains("cmdline") {
            let names = before.split(['(', ')']).nth(1).expect("a group");
            assert_eq!(words_of_pattern(names), wanted("commands"));
        }
    }
}
