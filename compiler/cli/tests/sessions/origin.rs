use crate::session::session;

const MAIN: &str = r#"include "lib.aur"
input who: String = "you"
step = base { cmdline = "echo {{greeting}} {{who}}", min_duration = 1s }.bind(greeting = hello)
map = { "a b": [1, 2], c: step.name }
"#;

#[test]
fn origins() {
    let files = [
        ("main.aur", MAIN),
        (
            "lib.aur",
            "hello = \"hello\"\nbase = Process { name = \"base\" }\n",
        ),
    ];
    insta::assert_snapshot!(session(&files, &[
        "aurc eval main.aur step --origin | grep -v prelude",
        "aurc eval main.aur step.max_failures --origin | sed 's/prelude>:[0-9:]*/prelude>/'",
        "aurc eval main.aur step.cmdline --origin -E who=me",
        "aurc eval main.aur map --origin --color always",
        "aurc eval main.aur step.cmdline --origin --json",
        "aurc eval main.aur step.cmdline --json",
        "aurc eval main.aur step.cmdlin --origin 2>&1 | head -1",
    ]), @r#"
    $ aurc eval main.aur step --origin | grep -v prelude
    cmdline = "echo hello you"   main.aur:3:25 <- from lib.aur:1:9 <- from main.aur:2:21
    name = "base"                lib.aur:2:25
    min_duration = 1             main.aur:3:69
    = 0
    $ aurc eval main.aur step.max_failures --origin | sed 's/prelude>:[0-9:]*/prelude>/'
    1  <prelude> <- default of Process
    = 0
    $ aurc eval main.aur step.cmdline --origin -E who=me
    "echo hello me"  main.aur:3:25 <- from lib.aur:1:9 <- from main.aur:2:7 (input who, from -E)
    = 0
    $ aurc eval main.aur map --origin --color always
    ["a b"][0] = 1  ^[2mmain.aur:4:17^[0m
    ["a b"][1] = 2  ^[2mmain.aur:4:20^[0m
    c = "base"      ^[2mlib.aur:2:25^[0m
    = 0
    $ aurc eval main.aur step.cmdline --origin --json
    {
      "leaves": [
        {
          "origin": {
            "column": 25,
            "file": "main.aur",
            "line": 3
          },
          "path": "",
          "value": "echo hello you",
          "via": [
            {
              "column": 9,
              "file": "lib.aur",
              "line": 1
            },
            {
              "column": 21,
              "file": "main.aur",
              "line": 2
            }
          ]
        }
      ],
      "value": "echo hello you",
      "version": 1
    }
    = 0
    $ aurc eval main.aur step.cmdline --json
    ! error: the following required arguments were not provided:
    !   --origin
    ! 
    ! Usage: aurc eval --origin --json <FILE> <EXPR>
    ! 
    ! For more information, try '--help'.
    = 2
    $ aurc eval main.aur step.cmdlin --origin 2>&1 | head -1
    error[E0203]: `Process` has no field `cmdlin`
    = 0
    "#);
}
