use crate::session::{HELLO, session};

const BROKEN: &str = r#"struct Server {
  name: String
  port: Integer = 80
}
web = Server {
  name = "web"
  prot = 8080
}
copy = wbe { name = 3s }
"#;

#[test]
fn a_program_without_errors() {
    insta::assert_snapshot!(session(&[("main.aur", HELLO)], &[
        "aurc check main.aur",
        "aurc check main.aur --quiet",
        "aurc check main.aur --format short",
        "aurc check main.aur --format json",
    ]), @r#"
    $ aurc check main.aur
    1 file checked: no errors
    = 0
    $ aurc check main.aur --quiet
    = 0
    $ aurc check main.aur --format short
    = 0
    $ aurc check main.aur --format json
    {"version":1,"diagnostics":[],"summary":{"errors":0,"warnings":0,"files":1}}
    = 0
    "#);
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
    ]), @r#"
    $ aurc check jobs/main.aur
    error[E0203]: `Server` has no field `prot`
       ╭─[ jobs/main.aur:7:3 ]
     1 │ struct Server {
       │        ───┬──
       │           ╰──── `Server` is declared here
       │
     7 │   prot = 8080
       │   ──┬─
       │     ╰─── no such field
       │ Help: did you mean `port`?
       │           port = 8080
    ───╯

    error[E0201]: `wbe` is not defined
       ╭─[ jobs/main.aur:9:8 ]
       │
     9 │ copy = wbe { name = 3s }
       │        ─┬─
       │         ╰─── not found in this file, its includes or the standard library
       │
       │ Help: did you mean `web`?
       │           copy = web { name = 3s }
    ───╯

    1 file checked: 2 errors
    `aurc explain E0203` tells more.
    = 1
    $ cd jobs && aurc check main.aur --format short
    main.aur:7:3: error[E0203]: `Server` has no field `prot`
    main.aur:9:8: error[E0201]: `wbe` is not defined
    = 1
    $ aurc check jobs/main.aur --format short 2>&1 >/dev/null
    = 1
    $ aurc check jobs/main.aur --format github
    ::error file=jobs/main.aur,line=7,endLine=7,col=3,endColumn=7,title=E0203%3A no such field::`Server` has no field `prot`%0Ano such field%0Ahelp: did you mean `port`?
    ::error file=jobs/main.aur,line=9,endLine=9,col=8,endColumn=11,title=E0201%3A a name is not defined::`wbe` is not defined%0Anot found in this file, its includes or the standard library%0Ahelp: did you mean `web`?
    = 1
    $ aurc check jobs/main.aur --format json | head -c 60
    {"version":1,"diagnostics":[{"code":"E0203","severity":"erro<no line break>
    = 0
    $ aurc check jobs/main.aur --format sarif | head -c 60
    {"$schema":"https://json.schemastore.org/sarif-2.1.0.json","<no line break>
    = 0
    "#);
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
        "aurc check a.aur none.aur c.aur 2>/dev/null | tail -2",
        "aurc check --format short a.aur none.aur c.aur lib",
    ]), @"
    $ aurc check --format short a.aur b.aur c.aur
    lib/base.aur:1:5: error[E0201]: `v` is not defined
    b.aur:2:5: error[E0201]: `z` is not defined
    = 1
    $ aurc check a.aur b.aur c.aur | tail -2
    3 files checked: 2 errors
    `aurc explain E0201` tells more.
    = 0
    $ aurc check a.aur none.aur c.aur 2>/dev/null | tail -2
    ───╯

    = 0
    $ aurc check --format short a.aur none.aur c.aur lib
    lib/base.aur:1:5: error[E0201]: `v` is not defined
    !   × there is no file `none.aur`
    !   × `lib` is a folder
    !   help: name a `.aur` file
    = 2
    ");
}

#[test]
fn from_the_standard_input() {
    let files = [("lib/base.aur", "x = 1\n")];
    insta::assert_snapshot!(session(&files, &[
        "echo 'y = x' | aurc check - --format short",
        "printf 'include \"base.aur\"\\ny = x' | aurc check - --format short --stdin-filename lib/new.aur",
        "echo 'y = z' | aurc check - --format short --stdin-filename lib/new.aur",
        "echo 'y = z' | aurc check - --format short --stdin-filename none/new.aur",
        "echo | aurc check - -",
        "aurc check - < /dev/null",
    ]), @r#"
    $ echo 'y = x' | aurc check - --format short
    <stdin>:1:5: error[E0201]: `x` is not defined
    = 1
    $ printf 'include "base.aur"\ny = x' | aurc check - --format short --stdin-filename lib/new.aur
    = 0
    $ echo 'y = z' | aurc check - --format short --stdin-filename lib/new.aur
    lib/new.aur:1:5: error[E0201]: `z` is not defined
    = 1
    $ echo 'y = z' | aurc check - --format short --stdin-filename none/new.aur
    !   × cannot read `none`
    !   ╰─▶ No such file or directory (os error 2)
    = 2
    $ echo | aurc check - -
    !   × the standard input can be read only once
    !   help: give `-` once
    = 2
    $ aurc check - < /dev/null
    1 file checked: no errors
    = 0
    "#);
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
    ]), @"
    $ aurc check helo.aur
    !   × there is no file `helo.aur`
    !   help: did you mean `hello.aur`?
    = 2
    $ aurc check sub
    !   × `sub` is a folder
    !   help: name a file, such as `sub/main.aur`
    = 2
    $ aurc check empty
    !   × `empty` is a folder
    !   help: name a `.aur` file
    = 2
    $ aurc check /dev/null
    !   × `/dev/null` is not a regular file
    !   help: give `-` as the file to read a program from a pipe
    = 2
    $ aurc check <(echo)
    !   × `/dev/fd/63` is not a regular file
    !   help: give `-` as the file to read a program from a pipe
    = 2
    $ aurc check hello.aur/x
    !   × there is no file `hello.aur/x`
    = 2
    $ mkfifo pipe && aurc check pipe
    !   × `pipe` is not a regular file
    !   help: give `-` as the file to read a program from a pipe
    = 2
    $ aurc check hello.aur --project sub
    !   × `hello.aur` is not in the project `HERE/sub`
    !   help: name a folder that holds the file, or leave `--project` out
    = 2
    $ aurc check hello.aur --project none
    !   × `none` is not a folder
    !   help: `--project` takes an existing folder
    = 2
    $ aurc check hello.aur --project . -q
    = 0
    $ aurc check
    ! error: the following required arguments were not provided:
    !   <FILE>...
    ! 
    ! Usage: aurc check <FILE>...
    ! 
    ! For more information, try '--help'.
    = 2
    $ aurc check hello.aur --format ful
    ! error: invalid value 'ful' for '--format <FORMAT>'
    !   [possible values: full, short, json, sarif, github]
    ! 
    !   tip: a similar value exists: 'full'
    ! 
    ! For more information, try '--help'.
    = 2
    $ aurc chekc hello.aur
    ! error: unrecognized subcommand 'chekc'
    ! 
    !   tip: some similar subcommands exist: 'schema', 'check'
    ! 
    ! Usage: aurc [OPTIONS] <COMMAND>
    ! 
    ! For more information, try '--help'.
    = 2
    ");
}

#[test]
fn odd_files() {
    insta::assert_snapshot!(session(&[("empty.aur", "")], &[
        "aurc check empty.aur",
        r"head -c 300 /usr/bin/env > binary.aur; aurc check binary.aur --format short",
        r"printf 'x = \377\n' > latin.aur; aurc check latin.aur",
        "head -c 100000 /dev/zero | tr '\\0' '[' > deep.aur; aurc check deep.aur --format short",
        r"echo x = y > $'na\nme \xff.aur'; aurc check *.aur --format short -q",
    ]), @r"
    $ aurc check empty.aur
    1 file checked: no errors
    = 0
    $ head -c 300 /usr/bin/env > binary.aur; aurc check binary.aur --format short
    binary.aur:1:25: error[E0106]: `binary.aur` is not UTF-8 text
    = 1
    $ printf 'x = \377\n' > latin.aur; aurc check latin.aur
    error[E0106]: `latin.aur` is not UTF-8 text
       ╭─[ latin.aur:1:5 ]
       │
     1 │ x =
       │     ┬
       │     ╰── byte 4 starts no character
       │
       │ Help: save the file as UTF-8; a compiled program or archive cannot be an `.aur` file
    ───╯

    1 file checked: 1 error
    `aurc explain E0106` tells more.
    = 1
    $ head -c 100000 /dev/zero | tr '\0' '[' > deep.aur; aurc check deep.aur --format short
    deep.aur:1:129: error[E0105]: brackets are nested more than 128 deep
    = 1
    $ echo x = y > $'na\nme \xff.aur'; aurc check *.aur --format short -q
    binary.aur:1:25: error[E0106]: `binary.aur` is not UTF-8 text
    deep.aur:1:129: error[E0105]: brackets are nested more than 128 deep
    latin.aur:1:5: error[E0106]: `latin.aur` is not UTF-8 text
    na\nme �.aur:1:5: error[E0201]: `y` is not defined
    = 1
    ");
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
    ]), @r#"
    $ aurc check main.aur -q
    = 0
    $ aurc check main.aur -q -E count=3
    = 0
    $ aurc check main.aur --inputs good.json
    1 file checked: no errors
    = 0
    $ aurc check main.aur --format short -E count=many
    main.aur:1:7: error[E0506]: the text "many" is not a value of type Integer
    = 1
    $ aurc check main.aur --format short --inputs text.json
    main.aur:1:7: error[E0506]: the text "many" is not a value of type Integer
    = 1
    $ aurc check main.aur -E cuont=3
    !   × -E: the program has no input `cuont`
    !   help: did you mean `count`?
    = 2
    $ aurc check main.aur -E count
    ! error: invalid value 'count' for '-E <NAME=VALUE>': a name, `=` and a value are needed
    ! 
    ! For more information, try '--help'.
    = 2
    $ aurc check main.aur -E =3
    ! error: invalid value '=3' for '-E <NAME=VALUE>': a name, `=` and a value are needed
    ! 
    ! For more information, try '--help'.
    = 2
    $ aurc check main.aur --inputs list.json
    !   × `list.json` does not hold a JSON object
    !   help: the file holds one object, such as {"count": 3, "name": "x"}
    = 2
    $ aurc check main.aur --inputs bad.json
    !   × `bad.json` does not hold JSON
    !   ╰─▶ expected value at line 1 column 11
    !   help: the file holds one object, such as {"count": 3, "name": "x"}
    = 2
    $ aurc check main.aur --inputs none.json
    !   × cannot read `none.json`
    !   ╰─▶ No such file or directory (os error 2)
    = 2
    "#);
}

#[test]
fn a_reader_that_goes_and_a_full_disk() {
    let many: String = (0..300).map(|i| format!("x{i} = nothing{i}\n")).collect();
    insta::assert_snapshot!(session(&[("main.aur", &many)], &[
        "aurc check main.aur --format json | head -c 1; s=${PIPESTATUS[@]}; echo; echo $s",
        "aurc explain --list | head -1; echo ${PIPESTATUS[@]}",
        "aurc check main.aur --format json > /dev/full",
        "aurc check main.aur --format short | tail -1",
        "aurc check main.aur --format short >&- 2>&-",
    ]), @"
    $ aurc check main.aur --format json | head -c 1; s=${PIPESTATUS[@]}; echo; echo $s
    {
    1 0
    = 0
    $ aurc explain --list | head -1; echo ${PIPESTATUS[@]}
    E0101  error    syntax               the text does not follow the grammar
    0 0
    = 0
    $ aurc check main.aur --format json > /dev/full
    !   × cannot write to the standard output
    !   ╰─▶ No space left on device (os error 28)
    !   help: make space on the disk
    = 2
    $ aurc check main.aur --format short | tail -1
    ... and 250 more, not shown
    = 0
    $ aurc check main.aur --format short >&- 2>&-
    = 1
    ");
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
    ]), @"
    $ aurc check main.aur --color always -q
    ^[1;31merror[E0201]^[0m^[1m: `y` is not defined^[0m
       ^[38;5;246m╭─[^[0m main.aur:1:5 ^[38;5;246m]^[0m
       ^[38;5;246m│^[0m
     ^[38;5;246m1 │^[0m ^[38;5;249mx = ^[0m^[31my^[0m
     ^[38;5;240m  │^[0m     ^[31m┬^[0m
     ^[38;5;240m  │^[0m     ^[31m╰──^[0m not found in this file, its includes or the standard library
    ^[38;5;246m───╯^[0m

    = 1
    $ CLICOLOR_FORCE=1 aurc check main.aur -q | head -1
    ^[1;31merror[E0201]^[0m^[1m: `y` is not defined^[0m
    = 0
    $ CLICOLOR_FORCE=1 NO_COLOR=1 aurc check main.aur -q | head -1
    error[E0201]: `y` is not defined
    = 0
    $ CLICOLOR_FORCE=1 aurc check main.aur -q --color never | head -1
    error[E0201]: `y` is not defined
    = 0
    $ aurc --color always check none.aur
    !   ^[31m×^[0m there is no file `none.aur`
    = 2
    $ LC_ALL=C aurc check main.aur -q
    error[E0201]: `y` is not defined
       ,-[ main.aur:1:5 ]
       |
     1 | x = y
       |     |
       |     `-- not found in this file, its includes or the standard library
    ---'

    = 1
    $ LC_ALL=C aurc check none.aur
    !   x there is no file `none.aur`
    = 2
    ");
}

#[test]
fn nothing_is_needed_from_the_environment() {
    insta::assert_snapshot!(session(&[("main.aur", HELLO)], &[
        "env -i \"$(command -v aurc)\" check main.aur",
        "cd / && aurc check \"$OLDPWD/main.aur\" -q",
        "mkdir gone && cd gone && rmdir ../gone && aurc check ../main.aur -q; aurc check /none.aur",
    ]), @r#"
    $ env -i "$(command -v aurc)" check main.aur
    1 file checked: no errors
    = 0
    $ cd / && aurc check "$OLDPWD/main.aur" -q
    = 0
    $ mkdir gone && cd gone && rmdir ../gone && aurc check ../main.aur -q; aurc check /none.aur
    !   × cannot read `../main.aur`
    !   ╰─▶ No such file or directory (os error 2)
    !   × there is no file `/none.aur`
    = 2
    "#);
}
