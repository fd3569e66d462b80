use aur_compiler::editor::folding;

use crate::fixture::{document, line_column};

fn folds(text: &str) -> String {
    let folds = folding(&document(text)).into_iter();
    let lines = folds.map(|fold| {
        let (start, end) = (line_column(text, fold.start), line_column(text, fold.end));
        format!("{:?} {start}-{end}", fold.kind)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn regions_comments_and_includes() {
    let text = "\
# Two
# lines.
include \"a.aur\"
include \"b.aur\"

# One line.
jobs = [Job {
  task = Task {
    # First.
    # Second.
    processes = [a, b]
  }
}]

/// A
/// script.
script = \"\"\"
  one
  two
  \"\"\"
flat = [
  1, 2]
";
    insta::assert_snapshot!(folds(text), @"
    Comment 1:6-2:9
    Imports 3:16-4:16
    Region 7:9-13:2
    Region 8:16-11:23
    Comment 9:13-10:14
    Comment 15:6-16:12
    Region 17:13-19:6
    Region 21:9-22:7
    ");
}

#[test]
fn windows_line_ends_and_wide_letters() {
    insta::assert_snapshot!(folds("\u{feff}# ä\r\n# b\r\na = {\r\n  ä: 1\r\n}\r\n"), @"
    Comment 1:5-2:4
    Region 3:6-4:7
    ");
}

#[test]
fn what_is_not_closed_does_not_swallow_the_rest() {
    insta::assert_snapshot!(folds("a = [\n  1,\nb = {\n  c: 1\n}\ns = \"\"\"\n  x\n"), @"Region 3:6-4:7");
    assert_eq!(folds(""), "");
}
