use aur_compiler::editor::{Document, links, renamed_links};

use crate::fixture::{applied, slice};

const TEXT: &str = "\
include \"common.aur\"
include './lib/names.aur' as names
include \"../top.aur\"
a = file(\"data/a.txt\") + file_hash(\"\\u{64}ata/b.bin\")
b = file(\"x{{y}}\")
include \"../../../outside.aur\"
";

fn found(path: &str, text: &str) -> String {
    let document = Document::new(path, text);
    let links = links(&document).into_iter();
    let lines = links.map(|link| {
        format!(
            "{:?} {} -> {}",
            link.kind,
            slice(&document, link.start, link.end),
            link.target
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn renamed(path: &str, text: &str, moves: &[(&str, &str)]) -> String {
    let document = Document::new(path, text);
    applied(text, &renamed_links(&document, moves))
}

#[test]
fn paths_lead_somewhere() {
    insta::assert_snapshot!(found("app/main.aur", TEXT), @r"
    Include common.aur -> app/common.aur
    Include ./lib/names.aur -> app/lib/names.aur
    Include ../top.aur -> top.aur
    Content data/a.txt -> app/data/a.txt
    Hash \u{64}ata/b.bin -> app/data/b.bin
    ");
}

#[test]
fn paths_half_typed() {
    insta::assert_snapshot!(found("main.aur", "include \"\ninclude \"a\ninclude \"b.aur\nx = file(\"c\"\n"), @"
    Include a -> a
    Include b.aur -> b.aur
    Content c -> c
    ");
}

#[test]
fn a_file_that_is_included_moves() {
    insta::assert_snapshot!(renamed("app/main.aur", TEXT, &[("app/common.aur", "shared/base.aur")]), @r#"
    include "../shared/base.aur"
    include './lib/names.aur' as names
    include "../top.aur"
    a = file("data/a.txt") + file_hash("\u{64}ata/b.bin")
    b = file("x{{y}}")
    include "../../../outside.aur"
    "#);
}

#[test]
fn a_folder_moves() {
    insta::assert_snapshot!(renamed("app/main.aur", TEXT, &[("app/lib", "app/parts/lib"), ("app/data", "data")]), @r#"
    include "common.aur"
    include './parts/lib/names.aur' as names
    include "../top.aur"
    a = file("../data/a.txt") + file_hash("../data/b.bin")
    b = file("x{{y}}")
    include "../../../outside.aur"
    "#);
}

#[test]
fn the_file_itself_moves() {
    insta::assert_snapshot!(renamed("app/main.aur", TEXT, &[("app/main.aur", "app/lib/main.aur")]), @r#"
    include "../common.aur"
    include './names.aur' as names
    include "../../top.aur"
    a = file("../data/a.txt") + file_hash("../data/b.bin")
    b = file("x{{y}}")
    include "../../../outside.aur"
    "#);
}

#[test]
fn what_moves_together_stays_as_it_is() {
    let text = "include \"common.aur\"\ninclude \"lib/names.aur\"\n";
    assert_eq!(renamed("app/main.aur", text, &[("app", "other/app")]), text);
    let both = [
        ("app/main.aur", "new/main.aur"),
        ("app/common.aur", "new/common.aur"),
    ];
    insta::assert_snapshot!(renamed("app/main.aur", text, &both), @r#"
    include "common.aur"
    include "../app/lib/names.aur"
    "#);
}

#[test]
fn the_nearest_move_counts() {
    let moves = [("lib/a.aur", "one.aur"), ("lib", "two")];
    assert_eq!(
        renamed(
            "main.aur",
            "include \"lib/a.aur\"\ninclude \"lib/b.aur\"\ninclude \"libs/c.aur\"\n",
            &moves
        ),
        "include \"one.aur\"\ninclude \"two/b.aur\"\ninclude \"libs/c.aur\"\n"
    );
}

#[test]
fn strange_names_are_quoted() {
    assert_eq!(
        renamed("main.aur", "a = file(r\"a.txt\")\n", &[("a.txt", "{{b}}\".txt")]),
        "a = file(\"\\u{7b}\\u{7b}b}}\\\".txt\")\n"
    );
}
