use crate::session::session;

/// Two warnings and two errors.
const MIXED: &str = r#"include "base.aur"
small = 1
task = Task { processes = [Process { name = "p", cmdline = "true" }], resources = small_one }
small_one = Resources { cpu = 1, ram = 1MB, disk = 1MB }
a = b
c = Process { nmae = "x" }
"#;

/// One warning.
const WARN: &str = r#"task = Task {
  processes = [Process { name = "p", cmdline = "true" }]
  resources = Resources { cpu = 1, ram = 1MB, disk = 1MB }
}
"#;

const FILES: [(&str, &str); 2] = [("main.aur", MIXED), ("base.aur", "small = 2\n")];

#[test]
fn warnings_are_denied_or_ignored() {
    insta::assert_snapshot!(session(&[("main.aur", WARN)], &[
        "aurc check main.aur",
        "aurc check main.aur --deny warnings",
        "aurc check main.aur --deny W03 --format short",
        "aurc check main.aur --deny W0201",
        "aurc check main.aur --ignore small_memory",
        "aurc check main.aur --deny warnings --ignore W",
    ]), @"
    $ aurc check main.aur
    warning[W0301]: 1MB of memory is hardly enough to start a program
       ╭─[ main.aur:3:42 ]
       │
     3 │   resources = Resources { cpu = 1, ram = 1MB, disk = 1MB }
       │                                          ─┬─
       │
       │ Help: bash with a small script needs about 16MB; a task over its limit is killed
    ───╯

    1 file checked: 1 warning
    `aurc explain W0301` tells more.
    = 0
    $ aurc check main.aur --deny warnings
    warning[W0301]: 1MB of memory is hardly enough to start a program
       ╭─[ main.aur:3:42 ]
       │
     3 │   resources = Resources { cpu = 1, ram = 1MB, disk = 1MB }
       │                                          ─┬─
       │
       │ Help: bash with a small script needs about 16MB; a task over its limit is killed
       │
       │ Note: this warning is denied: it counts as an error
    ───╯

    1 file checked: 1 warning
    `aurc explain W0301` tells more.
    1 warning is denied.
    = 1
    $ aurc check main.aur --deny W03 --format short
    main.aur:3:42: warning[W0301]: 1MB of memory is hardly enough to start a program
    = 1
    $ aurc check main.aur --deny W0201
    warning[W0301]: 1MB of memory is hardly enough to start a program
       ╭─[ main.aur:3:42 ]
       │
     3 │   resources = Resources { cpu = 1, ram = 1MB, disk = 1MB }
       │                                          ─┬─
       │
       │ Help: bash with a small script needs about 16MB; a task over its limit is killed
    ───╯

    1 file checked: 1 warning
    `aurc explain W0301` tells more.
    = 0
    $ aurc check main.aur --ignore small_memory
    1 file checked: no errors
    = 0
    $ aurc check main.aur --deny warnings --ignore W
    1 file checked: no errors
    = 0
    ");
}

#[test]
fn codes_are_selected() {
    insta::assert_snapshot!(session(&FILES, &[
        "aurc check main.aur --format short",
        "aurc check main.aur --select unknown_name --format short",
        "aurc check main.aur --select W --format short",
        "aurc check main.aur --select w03,E0203 --ignore W0301 --format short",
        "aurc check main.aur --select W0201 -q",
    ]), @"
    $ aurc check main.aur --format short
    main.aur:2:1: warning[W0201]: `small` replaces a definition that was included
    main.aur:4:40: warning[W0301]: 1MB of memory is hardly enough to start a program
    main.aur:5:5: error[E0201]: `b` is not defined
    main.aur:6:15: error[E0203]: `Process` has no field `nmae`
    = 1
    $ aurc check main.aur --select unknown_name --format short
    main.aur:5:5: error[E0201]: `b` is not defined
    ... and 1 error of other codes, not shown
    = 1
    $ aurc check main.aur --select W --format short
    main.aur:2:1: warning[W0201]: `small` replaces a definition that was included
    main.aur:4:40: warning[W0301]: 1MB of memory is hardly enough to start a program
    ... and 2 errors of other codes, not shown
    = 1
    $ aurc check main.aur --select w03,E0203 --ignore W0301 --format short
    main.aur:6:15: error[E0203]: `Process` has no field `nmae`
    ... and 1 error of other codes, not shown
    = 1
    $ aurc check main.aur --select W0201 -q
    warning[W0201]: `small` replaces a definition that was included
       ╭─[ main.aur:2:1 ]
     2 │ small = 1
       │ ──┬──
       │   ╰──── defined again here
       ├─[ base.aur:1:1 ]
       │
     1 │ small = 2
       │ ──┬──
       │   ╰──── first defined here
       │ Help: the last definition counts; rename one of them, or include the file `as` a name
    ───╯

    ... and 2 errors of other codes, not shown
    = 1
    ");
}

#[test]
fn codes_that_do_not_exist() {
    insta::assert_snapshot!(session(&FILES, &[
        "aurc check main.aur --deny W0399",
        "aurc check main.aur --select unknown_nmae",
        "aurc check main.aur --ignore warnigns",
        "aurc check main.aur --ignore W0301,E0203",
        "aurc check main.aur --ignore E",
        "aurc check main.aur --select ''",
    ]), @"
    $ aurc check main.aur --deny W0399
    !   × there is no code `W0399`
    !   help: `aurc explain --list` lists all
    = 2
    $ aurc check main.aur --select unknown_nmae
    !   × there is no code `unknown_nmae`
    !   help: did you mean `unknown_name`? `aurc explain --list` lists all
    = 2
    $ aurc check main.aur --ignore warnigns
    !   × there is no code `warnigns`
    !   help: did you mean `warnings`? `aurc explain --list` lists all
    = 2
    $ aurc check main.aur --ignore W0301,E0203
    !   × errors cannot be ignored: `E0203` is an error
    !   help: only warnings, whose codes begin with `W`, can be ignored
    = 2
    $ aurc check main.aur --ignore E
    !   × errors cannot be ignored: `E0101` is an error
    !   help: only warnings, whose codes begin with `W`, can be ignored
    = 2
    $ aurc check main.aur --select ''
    !   × there is no code ``
    !   help: `aurc explain --list` lists all
    = 2
    ");
}

#[test]
fn as_many_as_a_person_reads() {
    let many: String = (0..70).map(|i| format!("a{i} = b{i}x\n")).collect();
    insta::assert_snapshot!(session(&[("main.aur", &many)], &[
        "aurc check main.aur --format short | tail -2",
        "aurc check main.aur --format short --max-errors 2",
        "aurc check main.aur --max-errors 1 | tail -3",
        "aurc check main.aur --format short --max-errors 0 | wc -l",
        "aurc check main.aur --format github --max-errors 2 | wc -l",
        "aurc check main.aur --max-errors -1 2>&1 | head -1",
    ]), @"
    $ aurc check main.aur --format short | tail -2
    main.aur:50:7: error[E0201]: `b49x` is not defined
    ... and 20 more, not shown
    = 0
    $ aurc check main.aur --format short --max-errors 2
    main.aur:1:6: error[E0201]: `b0x` is not defined
    main.aur:2:6: error[E0201]: `b1x` is not defined
    ... and 68 more, not shown
    = 1
    $ aurc check main.aur --max-errors 1 | tail -3
    ... and 69 more, not shown
    1 file checked: 70 errors
    `aurc explain E0201` tells more.
    = 0
    $ aurc check main.aur --format short --max-errors 0 | wc -l
    70
    = 0
    $ aurc check main.aur --format github --max-errors 2 | wc -l
    70
    = 0
    $ aurc check main.aur --max-errors -1 2>&1 | head -1
    error: unexpected argument '-1' found
    = 0
    ");
}

#[test]
fn the_project_file_says_the_same() {
    let files = [
        FILES[0],
        FILES[1],
        (
            "aur.toml",
            "[check]\nignore = [\"W0201\"]\ndeny = [\"warnings\"]\nmax-errors = 1\n",
        ),
        ("sub/aur.toml", "[check]\nselect = [\"W\"]\n"),
        ("sub/main.aur", "a = b\n"),
    ];
    insta::assert_snapshot!(session(&files, &[
        "aurc check main.aur --format short",
        "aurc check main.aur --format short --ignore W0301 --max-errors 5",
        "aurc check sub/main.aur --format short",
        "aurc check main.aur --project . sub/main.aur --format short --max-errors 0",
    ]), @"
    $ aurc check main.aur --format short
    main.aur:4:40: warning[W0301]: 1MB of memory is hardly enough to start a program
    ... and 2 more, not shown
    = 1
    $ aurc check main.aur --format short --ignore W0301 --max-errors 5
    main.aur:2:1: warning[W0201]: `small` replaces a definition that was included
    main.aur:5:5: error[E0201]: `b` is not defined
    main.aur:6:15: error[E0203]: `Process` has no field `nmae`
    = 1
    $ aurc check sub/main.aur --format short
    ... and 1 error of other codes, not shown
    = 1
    $ aurc check main.aur --project . sub/main.aur --format short --max-errors 0
    main.aur:4:40: warning[W0301]: 1MB of memory is hardly enough to start a program
    main.aur:5:5: error[E0201]: `b` is not defined
    main.aur:6:15: error[E0203]: `Process` has no field `nmae`
    sub/main.aur:1:5: error[E0201]: `b` is not defined
    = 1
    ");
}

#[test]
fn faults_of_the_project_file() {
    let lines = [
        "[chek]",
        "[check]\nselct = []",
        "[check]\ncolour = 1",
        "check = 1",
        "[check]\ndeny = \"W0301\"",
        "[check]\nignore = [\n  \"E0203\",\n]",
        "[check]\ndeny = [\"W9999\"]",
        "[check]\ndeny = [1]",
        "[check]\nmax-errors = -1",
        "[check\n",
    ];
    let lines: Vec<String> = lines
        .iter()
        .map(|text| {
            format!(
                "printf '{}' > aur.toml; aurc check main.aur",
                text.replace('\n', "\\n")
            )
        })
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    insta::assert_snapshot!(session(&[("main.aur", "a = 1\n")], &lines), @r#"
    $ printf '[chek]' > aur.toml; aurc check main.aur
    !   × aur.toml:1:2: unknown key `chek`
    !   help: did you mean `check`?
    = 2
    $ printf '[check]\nselct = []' > aur.toml; aurc check main.aur
    !   × aur.toml:2:1: unknown key `selct`
    !   help: did you mean `select`?
    = 2
    $ printf '[check]\ncolour = 1' > aur.toml; aurc check main.aur
    !   × aur.toml:2:1: unknown key `colour`
    !   help: there is `deny`, `select`, `ignore`, `max-errors`
    = 2
    $ printf 'check = 1' > aur.toml; aurc check main.aur
    !   × aur.toml:1:9: `check` is a table
    !   help: write `[check]` on a line of its own
    = 2
    $ printf '[check]\ndeny = "W0301"' > aur.toml; aurc check main.aur
    !   × aur.toml:2:8: codes stand in a list of texts
    !   help: write `["W0301"]`, or `["warnings"]` for all
    = 2
    $ printf '[check]\nignore = [\n  "E0203",\n]' > aur.toml; aurc check main.aur
    !   × aur.toml:3:3: errors cannot be ignored: `E0203` is an error
    !   help: only warnings, whose codes begin with `W`, can be ignored
    = 2
    $ printf '[check]\ndeny = ["W9999"]' > aur.toml; aurc check main.aur
    !   × aur.toml:2:9: there is no code `W9999`
    !   help: `aurc explain --list` lists all
    = 2
    $ printf '[check]\ndeny = [1]' > aur.toml; aurc check main.aur
    !   × aur.toml:2:9: codes stand in a list of texts
    !   help: write `["W0301"]`, or `["warnings"]` for all
    = 2
    $ printf '[check]\nmax-errors = -1' > aur.toml; aurc check main.aur
    !   × aur.toml:2:14: `max-errors` is a whole number
    !   help: 0 prints all
    = 2
    $ printf '[check\n' > aur.toml; aurc check main.aur
    !   × aur.toml:1:7: unclosed table, expected `]`
    !   help: the file is TOML, such as `[check]`, then `deny = ["warnings"]`
    = 2
    "#);
}

/// An input whose default value breaks a command, and one that might.
const SPLICED: &str = r#"input who: String = "it's me"
input fine: String = "x"
task = Task {
  processes = [
    Process { name = "p", cmdline = "echo {{who}}" },
    Process { name = "q", cmdline = "echo {{fine}}" },
  ]
  resources = Resources { cpu = 1, ram = 64MB, disk = 64MB }
}
"#;

#[test]
fn the_worse_of_two_warnings_of_a_place_speaks_unless_it_is_left_out() {
    insta::assert_snapshot!(session(&[("main.aur", SPLICED)], &[
        "aurc check main.aur",
        "aurc check main.aur --ignore W0403 --format short",
        "aurc check main.aur --ignore W0402 --format short",
        "aurc check main.aur --select W0402 --format short",
        "aurc check main.aur --deny W0402 --format short",
        "aurc check main.aur --deny W0403 --format short",
        "aurc check main.aur --deny warnings --format short",
        "aurc check main.aur --fix",
        "cat main.aur",
    ]), @r#"
    $ aurc check main.aur
    warning[W0403]: bash cannot read this command once `who` is filled in: this `'` is never closed
       ╭─[ main.aur:5:43 ]
     1 │ input who: String = "it's me"
       │                     ────┬────
       │                         ╰────── comes from here
     5 │     Process { name = "p", cmdline = "echo {{who}}" },
       │                                           ───┬───
       │                                              ╰───── becomes `it's me`
       │ Help: `{{who | sh}}` makes it one word, whatever it holds
       │           Process { name = "p", cmdline = "echo {{who | sh}}" },
       │ Note: the command becomes: echo it's me
    ───╯

    warning[W0402]: `fine` comes from outside, and bash reads it as part of the command
       ╭─[ main.aur:6:43 ]
     2 │ input fine: String = "x"
       │       ──┬─
       │         ╰─── the input
       │
     6 │     Process { name = "q", cmdline = "echo {{fine}}" },
       │                                           ────┬───
       │                                               ╰───── not quoted
       │ Help: `{{fine | sh}}` makes it one word, whatever it holds
       │           Process { name = "q", cmdline = "echo {{fine | sh}}" },
    ───╯

    1 file checked: 2 warnings
    `aurc explain W0403` tells more.
    = 0
    $ aurc check main.aur --ignore W0403 --format short
    main.aur:5:43: warning[W0402]: `who` comes from outside, and bash reads it as part of the command
    main.aur:6:43: warning[W0402]: `fine` comes from outside, and bash reads it as part of the command
    = 0
    $ aurc check main.aur --ignore W0402 --format short
    main.aur:5:43: warning[W0403]: bash cannot read this command once `who` is filled in: this `'` is never closed
    = 0
    $ aurc check main.aur --select W0402 --format short
    main.aur:5:43: warning[W0402]: `who` comes from outside, and bash reads it as part of the command
    main.aur:6:43: warning[W0402]: `fine` comes from outside, and bash reads it as part of the command
    = 0
    $ aurc check main.aur --deny W0402 --format short
    main.aur:5:43: warning[W0402]: `who` comes from outside, and bash reads it as part of the command
    main.aur:6:43: warning[W0402]: `fine` comes from outside, and bash reads it as part of the command
    = 1
    $ aurc check main.aur --deny W0403 --format short
    main.aur:5:43: warning[W0403]: bash cannot read this command once `who` is filled in: this `'` is never closed
    main.aur:6:43: warning[W0402]: `fine` comes from outside, and bash reads it as part of the command
    = 1
    $ aurc check main.aur --deny warnings --format short
    main.aur:5:43: warning[W0403]: bash cannot read this command once `who` is filled in: this `'` is never closed
    main.aur:6:43: warning[W0402]: `fine` comes from outside, and bash reads it as part of the command
    = 1
    $ aurc check main.aur --fix
    1 file checked: no errors
    ! main.aur: 2 fixes made
    = 0
    $ cat main.aur
    input who: String = "it's me"
    input fine: String = "x"
    task = Task {
      processes = [
        Process { name = "p", cmdline = "echo {{who | sh}}" },
        Process { name = "q", cmdline = "echo {{fine | sh}}" },
      ]
      resources = Resources { cpu = 1, ram = 64MB, disk = 64MB }
    }
    = 0
    "#);
}
