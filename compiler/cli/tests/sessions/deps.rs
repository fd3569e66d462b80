use crate::session::session;

#[test]
fn dependencies() {
    let main = "include \"../lib/base.aur\"\ninclude \"../lib/more.aur\" as more\ninput who: String = env(\"WHO\")\n\
        input count: Integer where 1.. = 3\ninput tag: String\nhash = file_hash(\"run \\\"me\\\".sh\")\n";
    let files = [
        ("aur.toml", ""),
        ("jobs/main.aur", main),
        ("jobs/run \"me\".sh", "true"),
        ("lib/base.aur", "include \"more.aur\"\ntext = file(\"a.txt\")\n"),
        ("lib/more.aur", "more = file(\"a.txt\")\n"),
        ("lib/a.txt", "a"),
        (
            "broken.aur",
            "include \"missing.aur\"\nx = file(\"../../etc/passwd\")\n",
        ),
        ("empty.aur", ""),
    ];
    insta::assert_snapshot!(session(&files, &[
        "aurc deps jobs/main.aur",
        "WHO=me LC_ALL=C aurc deps jobs/main.aur -E tag=x | tail -4",
        "cd jobs && aurc deps main.aur --dot",
        "aurc deps jobs/main.aur --json",
        "aurc deps broken.aur 2>/dev/null",
        "aurc deps empty.aur",
        "aurc deps missing.aur",
        "aurc deps empty.aur -E x=1",
    ]), @r#"
    $ aurc deps jobs/main.aur
    jobs/main.aur
    ├── lib/base.aur  include, line 1
    │   ├── lib/more.aur  include, line 1
    │   │   └── lib/a.txt  file, line 1
    │   └── lib/a.txt  file, line 2
    ├── lib/more.aur  include as more, line 2, its files are above
    └── jobs/run "me".sh  file_hash, line 6

    inputs
      who: String  no value: the variable WHO is not set  (jobs/main.aur:3:7)
      count: Integer where 1..  has a default  (jobs/main.aur:4:7)
      tag: String  no value  (jobs/main.aur:5:7)
    ! warning[W0201]: `more` replaces a definition that was included
    !    ╭─[ jobs/main.aur:2:30 ]
    !  2 │ include "../lib/more.aur" as more
    !    │                              ──┬─
    !    │                                ╰─── defined again here
    !    ├─[ lib/more.aur:1:1 ]
    !    │
    !  1 │ more = file("a.txt")
    !    │ ──┬─
    !    │   ╰─── first defined here
    !    │ Help: the last definition counts; rename one of them, or include the file `as` a name
    ! ───╯
    ! 
    = 0
    $ WHO=me LC_ALL=C aurc deps jobs/main.aur -E tag=x | tail -4
    inputs
      who: String  from the variable WHO  (jobs/main.aur:3:7)
      count: Integer where 1..  has a default  (jobs/main.aur:4:7)
      tag: String  from -E  (jobs/main.aur:5:7)
    ! warning[W0201]: `more` replaces a definition that was included
    !    ,-[ jobs/main.aur:2:30 ]
    !  2 | include "../lib/more.aur" as more
    !    |                              ^^|^
    !    |                                `--- defined again here
    !    |-[ lib/more.aur:1:1 ]
    !    |
    !  1 | more = file("a.txt")
    !    | ^^|^
    !    |   `--- first defined here
    !    | Help: the last definition counts; rename one of them, or include the file `as` a name
    ! ---'
    ! 
    = 0
    $ cd jobs && aurc deps main.aur --dot
    digraph dependencies {
      rankdir = LR
      node [shape = box]
      "main.aur"
      "run \"me\".sh"
      "../lib/a.txt"
      "../lib/base.aur"
      "../lib/more.aur"
      "main.aur" -> "../lib/base.aur" [label = "include"]
      "main.aur" -> "../lib/more.aur" [label = "include as more"]
      "main.aur" -> "run \"me\".sh" [label = "file_hash"]
      "../lib/base.aur" -> "../lib/more.aur" [label = "include"]
      "../lib/base.aur" -> "../lib/a.txt" [label = "file"]
      "../lib/more.aur" -> "../lib/a.txt" [label = "file"]
    }
    ! warning[W0201]: `more` replaces a definition that was included
    !    ╭─[ main.aur:2:30 ]
    !  2 │ include "../lib/more.aur" as more
    !    │                              ──┬─
    !    │                                ╰─── defined again here
    !    ├─[ ../lib/more.aur:1:1 ]
    !    │
    !  1 │ more = file("a.txt")
    !    │ ──┬─
    !    │   ╰─── first defined here
    !    │ Help: the last definition counts; rename one of them, or include the file `as` a name
    ! ───╯
    ! 
    = 0
    $ aurc deps jobs/main.aur --json
    {
      "edges": [
        {
          "column": 9,
          "file": "jobs/main.aur",
          "from": "jobs/main.aur",
          "kind": "include",
          "line": 1,
          "to": "lib/base.aur"
        },
        {
          "as": "more",
          "column": 9,
          "file": "jobs/main.aur",
          "from": "jobs/main.aur",
          "kind": "include",
          "line": 2,
          "to": "lib/more.aur"
        },
        {
          "column": 18,
          "file": "jobs/main.aur",
          "from": "jobs/main.aur",
          "kind": "file_hash",
          "line": 6,
          "to": "jobs/run \"me\".sh"
        },
        {
          "column": 9,
          "file": "lib/base.aur",
          "from": "lib/base.aur",
          "kind": "include",
          "line": 1,
          "to": "lib/more.aur"
        },
        {
          "column": 13,
          "file": "lib/base.aur",
          "from": "lib/base.aur",
          "kind": "file",
          "line": 2,
          "to": "lib/a.txt"
        },
        {
          "column": 13,
          "file": "lib/more.aur",
          "from": "lib/more.aur",
          "kind": "file",
          "line": 1,
          "to": "lib/a.txt"
        }
      ],
      "entry": "jobs/main.aur",
      "environment": [
        "WHO"
      ],
      "files": [
        "jobs/main.aur",
        "jobs/run \"me\".sh",
        "lib/a.txt",
        "lib/base.aur",
        "lib/more.aur"
      ],
      "inputs": [
        {
          "column": 7,
          "file": "jobs/main.aur",
          "line": 3,
          "name": "who",
          "type": "String",
          "variable": "WHO"
        },
        {
          "column": 7,
          "file": "jobs/main.aur",
          "line": 4,
          "name": "count",
          "source": "default",
          "type": "Integer where 1.."
        },
        {
          "column": 7,
          "file": "jobs/main.aur",
          "line": 5,
          "name": "tag",
          "type": "String"
        }
      ],
      "version": 1
    }
    ! warning[W0201]: `more` replaces a definition that was included
    !    ╭─[ jobs/main.aur:2:30 ]
    !  2 │ include "../lib/more.aur" as more
    !    │                              ──┬─
    !    │                                ╰─── defined again here
    !    ├─[ lib/more.aur:1:1 ]
    !    │
    !  1 │ more = file("a.txt")
    !    │ ──┬─
    !    │   ╰─── first defined here
    !    │ Help: the last definition counts; rename one of them, or include the file `as` a name
    ! ───╯
    ! 
    = 0
    $ aurc deps broken.aur 2>/dev/null
    broken.aur
    └── missing.aur  include, line 1
    = 1
    $ aurc deps empty.aur
    empty.aur
    = 0
    $ aurc deps missing.aur
    !   × there is no file `missing.aur`
    = 2
    $ aurc deps empty.aur -E x=1
    !   × -E: the program has no input `x`
    !   help: the program declares no inputs; declare one: `input name: String`
    = 2
    "#);
}
