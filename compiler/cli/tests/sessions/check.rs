use crate::session::{HELLO, session};

const BROKEN: &str =
    "hello = Process {\n  name = \"hello\"\n  cmdlin = \"echo hello\"\n}\ncopy = helo { name = 3s }\n";

#[test]
fn a_program_without_errors() {
    insta::assert_snapshot!(session(&[("main.aur", HELLO)], &[
        "aurc check main.aur",
        "aurc check main.aur --quiet",
        "aurc check main.aur --format short",
        "aurc check main.aur --format json",
    ]), @"");
}

#[test]
fn errors_in_every_format() {
    insta::assert_snapshot!(session(&[("jobs/main.aur", BROKEN)], &[
        "aurc check jobs/main.aur",
        "cd jobs && aurc check main.aur --format short",
        "aurc check jobs/main.aur --format short 2>&1 >/dev/null",
        "aurc check jobs/main.aur --format github",
        "aurc check jobs/main.aur --format json | head -c 60",
        "aurc check jobs/main.aur --format sarif | head -c 60",
    ]), @"");
}

#[test]
fn several_programs() {
    let files = [
        ("a.aur", "include \"lib/base.aur\"\nx = 1\n"),
        ("b.aur", "include \"lib/base.aur\"\ny = z\n"),
        ("lib/base.aur", "w = v\n"),
        ("c.aur", HELLO),
        ("aur.toml", ""),
    ];
    insta::assert_snapshot!(session(&files, &[
        "aurc check --format short a.aur b.aur c.aur",
        "aurc check a.aur b.aur c.aur | tail -2",
        "aurc check --format short a.aur none.aur c.aur lib",
    ]), @"");
}

#[test]
fn from_the_standard_input() {
    let files = [("lib/base.aur", "x = 1\n")];
    insta::assert_snapshot!(session(&files, &[
        "echo 'y = x' | aurc check - --format short",
        "echo 'include \"base.aur\" y = x' | aurc check - --format short --stdin-filename lib/new.aur",
        "echo 'y = z' | aurc check - --format short --stdin-filename lib/new.aur",
        "echo 'y = z' | aurc check - --format short --stdin-filename none/new.aur",
        "echo | aurc check - -",
        "aurc check - < /dev/null",
    ]), @"");
}

#[test]
fn files_that_cannot_be_checked() {
    let files = [("hello.aur", HELLO), ("sub/main.aur", HELLO), ("empty/x", "")];
    insta::assert_snapshot!(session(&files, &[
        "aurc check helo.aur",
        "aurc check sub",
        "aurc check empty",
        "aurc check /dev/null",
        "aurc check <(echo)",
        "aurc check hello.aur/x",
        "mkfifo pipe && aurc check pipe",
        "aurc check hello.aur --project sub",
        "aurc check hello.aur --project none",
        "aurc check hello.aur --project . -q",
        "aurc check",
        "aurc check hello.aur --format ful",
        "aurc chekc hello.aur",
    ]), @"");
}

#[test]
fn odd_files() {
    insta::assert_snapshot!(session(&[("empty.aur", "")], &[
        "aurc check empty.aur",
        r"head -c 300 /usr/bin/env > binary.aur; aurc check binary.aur --format short",
        r"printf 'x = \377\n' > latin.aur; aurc check latin.aur",
        "head -c 100000 /dev/zero | tr '\\0' '[' > deep.aur; aurc check deep.aur --format short",
        r"echo x = y > $'na\nme \xff.aur'; aurc check *.aur --format short -q",
    ]), @"");
}

#[test]
fn inputs() {
    let files = [
        ("main.aur", "input count: Integer\nx = count + 1\n"),
        ("good.json", "{\"count\": 3}"),
        ("list.json", "[]"),
        ("bad.json", "{\"count\": }"),
        ("text.json", "{\"count\": \"many\"}"),
    ];
    insta::assert_snapshot!(session(&files, &[
        "aurc check main.aur -q",
        "aurc check main.aur -q -E count=3",
        "aurc check main.aur --inputs good.json",
        "aurc check main.aur --format short -E count=many",
        "aurc check main.aur --format short --inputs text.json",
        "aurc check main.aur -E cuont=3",
        "aurc check main.aur -E count",
        "aurc check main.aur -E =3",
        "aurc check main.aur --inputs list.json",
        "aurc check main.aur --inputs bad.json",
        "aurc check main.aur --inputs none.json",
    ]), @"");
}

#[test]
fn a_reader_that_goes_and_a_full_disk() {
    let many: String = (0..3000).map(|i| format!("x{i} = nothing{i}\n")).collect();
    insta::assert_snapshot!(session(&[("main.aur", &many)], &[
        "aurc check main.aur --format json | head -c 1; echo; echo ${PIPESTATUS[@]}",
        "aurc explain --list | head -1; echo ${PIPESTATUS[@]}",
        "aurc check main.aur --format json > /dev/full",
        "aurc check main.aur --format short | tail -1",
        "aurc check main.aur --format short >&- 2>&-",
    ]), @"");
}

#[test]
fn colour() {
    insta::assert_snapshot!(session(&[("main.aur", "x = y\n")], &[
        "aurc check main.aur --color always -q",
        "CLICOLOR_FORCE=1 aurc check main.aur -q | head -1",
        "CLICOLOR_FORCE=1 NO_COLOR=1 aurc check main.aur -q | head -1",
        "CLICOLOR_FORCE=1 aurc check main.aur -q --color never | head -1",
        "aurc --color always check none.aur",
        "LC_ALL=C aurc check main.aur -q",
        "LC_ALL=C aurc check none.aur",
    ]), @"");
}

#[test]
fn nothing_is_needed_from_the_environment() {
    insta::assert_snapshot!(session(&[("main.aur", HELLO)], &[
        "env -i \"$(command -v aurc)\" check main.aur",
        "cd / && aurc check \"$OLDPWD/main.aur\" -q",
        "mkdir gone && cd gone && rmdir ../gone && aurc check ../main.aur -q; aurc check /none.aur",
    ]), @"");
}
