use crate::session::{HELLO, session};

#[test]
fn a_plan_is_printed_or_written() {
    insta::assert_snapshot!(session(&[("main.aur", HELLO)], &[
        "aurc compile main.aur",
        "aurc compile main.aur -o plan.json; ls; aurc compile main.aur | cmp - plan.json",
        "aurc compile main.aur -o - | cmp - plan.json",
        "aurc compile main.aur --no-spans | grep -c spans",
        "diff <(aurc compile main.aur --no-spans | grep -o sha256:.*hooks) <(grep -o sha256:.*hooks plan.json)",
        "cd / && aurc compile \"$OLDPWD/main.aur\" | cmp - \"$OLDPWD/plan.json\"",
        "aurc compile - < main.aur | grep -o '\"files\":[^]]*' | grep -o '\"path\":[^,}]*'",
    ]), @"");
}

#[test]
fn nothing_is_written_where_there_is_an_error() {
    let files = [
        ("main.aur", "jobs = [nothing]\n"),
        ("plan.json", "old\n"),
        ("none.aur", "x = 1\n"),
    ];
    insta::assert_snapshot!(session(&files, &[
        "aurc compile main.aur -o plan.json; cat plan.json; ls -A",
        "aurc compile main.aur -o new.json; ls -A",
        "aurc compile none.aur",
        "aurc compile none.aur -q",
    ]), @"");
}

#[test]
fn places_that_cannot_be_written() {
    let files = [("main.aur", HELLO), ("folder/x", "")];
    insta::assert_snapshot!(session(&files, &[
        "aurc compile main.aur -o none/plan.json",
        "aurc compile main.aur -o folder",
        "aurc compile main.aur -o main.aur",
        "ln -s main.aur link; aurc compile main.aur -o link; head -c 5 main.aur",
        "aurc compile main.aur -o /dev/full",
        "aurc compile main.aur > /dev/full",
        "aurc compile main.aur -o /dev/null; ls -A",
    ]), @"");
}

#[test]
fn missing_inputs_are_listed_together() {
    let text = format!("input first: String\ninput second: Integer\nx = first\ny = second\n{HELLO}");
    insta::assert_snapshot!(session(&[("main.aur", &text)], &[
        "aurc compile main.aur",
        "aurc compile main.aur -E first=a -E second=2 | grep -o '\"inputs\":[^]]*]'",
    ]), @"");
}
