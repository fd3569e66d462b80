use aur_diagnostics::{Applicability, Edit, Fix, SourceFile, Span, codes};

use super::*;

const PLAIN: Look = Look {
    color: Color::Plain,
    frames: Frames::Unicode,
};
const ASCII: Look = Look {
    color: Color::Plain,
    frames: Frames::Ascii,
};

/// Files in which `«` and `»` stand around places; the places are numbered over all files, in order of
/// their starts.
fn marked(files: &[(&str, &str)]) -> (SourceMap, Vec<Span>) {
    let mut sources = SourceMap::default();
    let mut spans = Vec::new();
    for (path, text) in files {
        let mut clean = String::new();
        let mut starts = Vec::new();
        let mut found = Vec::new();
        for c in text.chars() {
            match c {
                '«' => starts.push(clean.len() as u32),
                '»' => found.push((starts.pop().unwrap(), clean.len() as u32)),
                c => clean.push(c),
            }
        }
        let id = sources.add(SourceFile::new(*path, clean));
        found.sort_unstable();
        spans.extend(found.into_iter().map(|(start, end)| Span::new(id, start, end)));
    }
    (sources, spans)
}

/// The terminal text of one error at the first place, with `here` there and `there` at the others.
fn shown(files: &[(&str, &str)], look: Look) -> String {
    let (sources, spans) = marked(files);
    let mut diagnostic = Diagnostic::new(&codes::type_mismatch, spans[0], "a message").label("here");
    for span in &spans[1..] {
        diagnostic = diagnostic.also(*span, "there");
    }
    full(
        &[Batch {
            sources: &sources,
            diagnostics: &[diagnostic],
        }],
        look,
    )
}

/// One of everything: two files, notes, help, fixes, a count.
fn rich() -> (SourceMap, Vec<Diagnostic>) {
    let (sources, spans) = marked(&[
        (
            "jobs/main.aur",
            "hello = Process {\n  name = \"größe\", «cmdlin» = \"echo\"\n}\nlist = [«\"a\"» «\"b\"»]\n",
        ),
        (
            "lib/über base.aur",
            "ünder = 1\nstruct «Process» {\n  cmdline: String\n}\n",
        ),
    ]);
    let unknown = Diagnostic::new(&codes::unknown_field, spans[0], "`Process` has no field `cmdlin`")
        .label("no such field")
        .also(spans[3], "declared here")
        .help("did you mean `cmdline`?")
        .note("the fields are cmdline, name\nand many more")
        .fix("change to `cmdline`", Applicability::Unsafe, spans[0], "cmdline");
    let comma = Diagnostic::new(&codes::missing_comma, spans[1], "two texts stand side by side")
        .also(spans[2], "this one")
        .fix("insert a comma", Applicability::Safe, spans[1].at_end(), ",")
        .fix("join with `+`", Applicability::Display, spans[1].at_end(), " +");
    let mut warning = Diagnostic::new(&codes::small_memory, spans[1], "100% of 1 KB, or less");
    warning.count = 10_000;
    (sources, vec![unknown, comma, warning])
}

fn one_batch(render: impl Fn(&[Batch<'_>]) -> String) -> String {
    let (sources, diagnostics) = rich();
    render(&[Batch {
        sources: &sources,
        diagnostics: &diagnostics,
    }])
}

#[test]
fn full_text() {
    insta::assert_snapshot!(one_batch(|batches| full(batches, PLAIN)), @r#"
    error[E0203]: `Process` has no field `cmdlin`
       ╭─[ jobs/main.aur:2:19 ]
     2 │   name = "größe", cmdlin = "echo"
       │                   ───┬──
       │                      ╰──── no such field
       ├─[ lib/über base.aur:2:8 ]
     2 │ struct Process {
       │        ───┬───
       │           ╰───── declared here
       │ Help: did you mean `cmdline`?
       │           name = "größe", cmdline = "echo"
       │ Note: the fields are cmdline, name
       │       and many more
    ───╯

    error[E0108]: two texts stand side by side
       ╭─[ jobs/main.aur:4:9 ]
     4 │ list = ["a" "b"]
       │         ─┬─ ─┬─
       │              │
       │              ╰─── this one
       │ Help 1: insert a comma
       │             list = ["a", "b"]
       │
       │ Help 2: join with `+`
       │             list = ["a" + "b"]
    ───╯

    warning[W0301]: 100% of 1 KB, or less (10000 times)
       ╭─[ jobs/main.aur:4:9 ]
       │
     4 │ list = ["a" "b"]
       │         ─┬─
    ───╯
    "#);
}

#[test]
fn full_text_in_ascii() {
    insta::assert_snapshot!(shown(&[("a.aur", "x = [\n  «1»,\n  «two»,\n]\n"), ("b.aur", "«y» = 2")], ASCII), @"
    error[E0301]: a message
       ,-[ a.aur:2:3 ]
     2 |   1,
       |   |
       |   `-- here
     3 |   two,
       |   ^|^
       |    `--- there
       |-[ b.aur:1:1 ]
     1 | y = 2
       | |
       | `-- there
    ---'
    ");
}

#[test]
fn full_text_in_colour() {
    let look = Look {
        color: Color::Ansi,
        frames: Frames::Unicode,
    };
    let text = shown(&[("a.aur", "x = «1» + «y»\n")], look);
    insta::assert_snapshot!(text.replace('\x1b', "^"), @"
    ^[1;31merror[E0301]^[0m^[1m: a message^[0m
       ^[38;5;246m╭─[^[0m a.aur:1:5 ^[38;5;246m]^[0m
       ^[38;5;246m│^[0m
     ^[38;5;246m1 │^[0m ^[38;5;249mx = ^[0m^[31m1^[0m^[38;5;249m + ^[0m^[36my^[0m
     ^[38;5;240m  │^[0m     ^[31m┬^[0m   ^[36m┬^[0m
     ^[38;5;240m  │^[0m     ^[31m╰──────^[0m here
     ^[38;5;240m  │^[0m         ^[36m│^[0m
     ^[38;5;240m  │^[0m         ^[36m╰──^[0m there
    ^[38;5;246m───╯^[0m
    ");
}

#[test]
fn short_text() {
    insta::assert_snapshot!(one_batch(short), @"
    jobs/main.aur:2:19: error[E0203]: `Process` has no field `cmdlin`
    jobs/main.aur:4:9: error[E0108]: two texts stand side by side
    jobs/main.aur:4:9: warning[W0301]: 100% of 1 KB, or less (10000 times)
    ");
}

#[test]
fn annotations() {
    insta::assert_snapshot!(one_batch(github), @"
    ::error file=jobs/main.aur,line=2,endLine=2,col=19,endColumn=25,title=E0203%3A no such field::`Process` has no field `cmdlin`%0Ano such field%0Athe fields are cmdline, name%0Aand many more%0Ahelp: did you mean `cmdline`?
    ::error file=jobs/main.aur,line=4,endLine=4,col=9,endColumn=12,title=E0108%3A two texts of a list stand side by side::two texts stand side by side
    ::warning file=jobs/main.aur,line=4,endLine=4,col=9,endColumn=12,title=W0301%3A less memory than a program needs to start::100%25 of 1 KB, or less (10000 times)
    ");
}

#[test]
fn exchange_format() {
    let text = one_batch(|batches| sarif(batches, "1.2.3"));
    let mut log: serde_json::Value = serde_json::from_str(&text).unwrap();
    for rule in log["runs"][0]["tool"]["driver"]["rules"].as_array_mut().unwrap() {
        rule["help"] = "the page".into();
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&log).unwrap(), @r#"
    {
      "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
      "runs": [
        {
          "columnKind": "unicodeCodePoints",
          "results": [
            {
              "fixes": [
                {
                  "artifactChanges": [
                    {
                      "artifactLocation": {
                        "uri": "jobs/main.aur"
                      },
                      "replacements": [
                        {
                          "deletedRegion": {
                            "endColumn": 25,
                            "endLine": 2,
                            "startColumn": 19,
                            "startLine": 2
                          },
                          "insertedContent": {
                            "text": "cmdline"
                          }
                        }
                      ]
                    }
                  ],
                  "description": {
                    "text": "change to `cmdline`"
                  }
                }
              ],
              "level": "error",
              "locations": [
                {
                  "message": {
                    "text": "no such field"
                  },
                  "physicalLocation": {
                    "artifactLocation": {
                      "uri": "jobs/main.aur"
                    },
                    "region": {
                      "endColumn": 25,
                      "endLine": 2,
                      "startColumn": 19,
                      "startLine": 2
                    }
                  }
                }
              ],
              "message": {
                "text": "`Process` has no field `cmdlin`\nthe fields are cmdline, name\nand many more\nhelp: did you mean `cmdline`?"
              },
              "relatedLocations": [
                {
                  "message": {
                    "text": "declared here"
                  },
                  "physicalLocation": {
                    "artifactLocation": {
                      "uri": "lib/%C3%BCber%20base.aur"
                    },
                    "region": {
                      "endColumn": 15,
                      "endLine": 2,
                      "startColumn": 8,
                      "startLine": 2
                    }
                  }
                }
              ],
              "ruleId": "E0203",
              "ruleIndex": 1
            },
            {
              "fixes": [
                {
                  "artifactChanges": [
                    {
                      "artifactLocation": {
                        "uri": "jobs/main.aur"
                      },
                      "replacements": [
                        {
                          "deletedRegion": {
                            "endColumn": 12,
                            "endLine": 4,
                            "startColumn": 12,
                            "startLine": 4
                          },
                          "insertedContent": {
                            "text": ","
                          }
                        }
                      ]
                    }
                  ],
                  "description": {
                    "text": "insert a comma"
                  }
                }
              ],
              "level": "error",
              "locations": [
                {
                  "message": {
                    "text": "two texts stand side by side"
                  },
                  "physicalLocation": {
                    "artifactLocation": {
                      "uri": "jobs/main.aur"
                    },
                    "region": {
                      "endColumn": 12,
                      "endLine": 4,
                      "startColumn": 9,
                      "startLine": 4
                    }
                  }
                }
              ],
              "message": {
                "text": "two texts stand side by side"
              },
              "relatedLocations": [
                {
                  "message": {
                    "text": "this one"
                  },
                  "physicalLocation": {
                    "artifactLocation": {
                      "uri": "jobs/main.aur"
                    },
                    "region": {
                      "endColumn": 16,
                      "endLine": 4,
                      "startColumn": 13,
                      "startLine": 4
                    }
                  }
                }
              ],
              "ruleId": "E0108",
              "ruleIndex": 0
            },
            {
              "level": "warning",
              "locations": [
                {
                  "message": {
                    "text": "100% of 1 KB, or less"
                  },
                  "physicalLocation": {
                    "artifactLocation": {
                      "uri": "jobs/main.aur"
                    },
                    "region": {
                      "endColumn": 12,
                      "endLine": 4,
                      "startColumn": 9,
                      "startLine": 4
                    }
                  }
                }
              ],
              "message": {
                "text": "100% of 1 KB, or less (10000 times)"
              },
              "occurrenceCount": 10000,
              "ruleId": "W0301",
              "ruleIndex": 2
            }
          ],
          "tool": {
            "driver": {
              "name": "aurc",
              "rules": [
                {
                  "defaultConfiguration": {
                    "level": "error"
                  },
                  "help": "the page",
                  "id": "E0108",
                  "name": "missing_comma",
                  "shortDescription": {
                    "text": "two texts of a list stand side by side"
                  }
                },
                {
                  "defaultConfiguration": {
                    "level": "error"
                  },
                  "help": "the page",
                  "id": "E0203",
                  "name": "unknown_field",
                  "shortDescription": {
                    "text": "no such field"
                  }
                },
                {
                  "defaultConfiguration": {
                    "level": "warning"
                  },
                  "help": "the page",
                  "id": "W0301",
                  "name": "small_memory",
                  "shortDescription": {
                    "text": "less memory than a program needs to start"
                  }
                }
              ],
              "semanticVersion": "1.2.3"
            }
          }
        }
      ],
      "version": "2.1.0"
    }
    "#);
}

#[test]
fn json_document() {
    let value: serde_json::Value = serde_json::from_str(&one_batch(json)).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&value).unwrap(), @r#"
    {
      "diagnostics": [
        {
          "code": "E0203",
          "fixes": [
            {
              "applicability": "unsafe",
              "edits": [
                {
                  "end": {
                    "column": 25,
                    "line": 2,
                    "offset": 44
                  },
                  "file": "jobs/main.aur",
                  "start": {
                    "column": 19,
                    "line": 2,
                    "offset": 38
                  },
                  "text": "cmdline"
                }
              ],
              "title": "change to `cmdline`"
            }
          ],
          "help": [
            "did you mean `cmdline`?"
          ],
          "message": "`Process` has no field `cmdlin`",
          "notes": [
            "the fields are cmdline, name\nand many more"
          ],
          "severity": "error",
          "spans": [
            {
              "end": {
                "column": 25,
                "line": 2,
                "offset": 44
              },
              "file": "jobs/main.aur",
              "label": "no such field",
              "primary": true,
              "start": {
                "column": 19,
                "line": 2,
                "offset": 38
              }
            },
            {
              "end": {
                "column": 15,
                "line": 2,
                "offset": 25
              },
              "file": "lib/über base.aur",
              "label": "declared here",
              "primary": false,
              "start": {
                "column": 8,
                "line": 2,
                "offset": 18
              }
            }
          ]
        },
        {
          "code": "E0108",
          "fixes": [
            {
              "applicability": "safe",
              "edits": [
                {
                  "end": {
                    "column": 12,
                    "line": 4,
                    "offset": 67
                  },
                  "file": "jobs/main.aur",
                  "start": {
                    "column": 12,
                    "line": 4,
                    "offset": 67
                  },
                  "text": ","
                }
              ],
              "title": "insert a comma"
            },
            {
              "applicability": "display",
              "edits": [
                {
                  "end": {
                    "column": 12,
                    "line": 4,
                    "offset": 67
                  },
                  "file": "jobs/main.aur",
                  "start": {
                    "column": 12,
                    "line": 4,
                    "offset": 67
                  },
                  "text": " +"
                }
              ],
              "title": "join with `+`"
            }
          ],
          "help": [],
          "message": "two texts stand side by side",
          "notes": [],
          "severity": "error",
          "spans": [
            {
              "end": {
                "column": 12,
                "line": 4,
                "offset": 67
              },
              "file": "jobs/main.aur",
              "label": "",
              "primary": true,
              "start": {
                "column": 9,
                "line": 4,
                "offset": 64
              }
            },
            {
              "end": {
                "column": 16,
                "line": 4,
                "offset": 71
              },
              "file": "jobs/main.aur",
              "label": "this one",
              "primary": false,
              "start": {
                "column": 13,
                "line": 4,
                "offset": 68
              }
            }
          ]
        },
        {
          "code": "W0301",
          "count": 10000,
          "fixes": [],
          "help": [],
          "message": "100% of 1 KB, or less",
          "notes": [],
          "severity": "warning",
          "spans": [
            {
              "end": {
                "column": 12,
                "line": 4,
                "offset": 67
              },
              "file": "jobs/main.aur",
              "label": "",
              "primary": true,
              "start": {
                "column": 9,
                "line": 4,
                "offset": 64
              }
            }
          ]
        }
      ],
      "summary": {
        "errors": 2,
        "files": 1,
        "warnings": 1
      },
      "version": 1
    }
    "#);
}

/// The schema in `docs/schemas` is what the types say, and real output follows it. With `AUR_UPDATE=1`
/// in the environment the file is written anew.
#[test]
fn json_follows_its_schema() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/schemas/diagnostics.schema.json"
    );
    let schema = document_schema();
    let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
    if std::env::var_os("AUR_UPDATE").is_some() {
        std::fs::create_dir_all(std::path::Path::new(path).parent().unwrap()).unwrap();
        std::fs::write(path, &text).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(path).unwrap(),
        text,
        "run with AUR_UPDATE=1 to write it anew"
    );

    let validator = jsonschema::validator_for(&schema).unwrap();
    let document: serde_json::Value = serde_json::from_str(&one_batch(json)).unwrap();
    if let Err(error) = validator.validate(&document) {
        panic!("{error}");
    }
    let mut wrong = document;
    wrong["diagnostics"][0]["severity"] = "fatal".into();
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn odd_texts() {
    let view = |text: &str| shown(&[("a.aur", text)], PLAIN);
    let all = [
        ("tabs", view("\tx\t=\t«1» + \t«y»\n")),
        ("CRLF", view("a = 1\r\nx = «one»\r\ny = 2\r\n")),
        ("over a line break", view("x =« \n»y")),
        ("over a CRLF", view("x =« \r\n»y")),
        ("empty file", view("«»")),
        ("end of file", view("x = 1\n«»")),
        ("end of file without a line break", view("x = [«»")),
        ("byte order mark", view("\u{feff}x = «1»\n")),
        (
            "wide, combining and joined characters",
            view("x = \"漢字 e\u{301} 👩\u{200d}🚀\" + «1»\n"),
        ),
        (
            "non-ASCII before the place, in a second file",
            shown(&[("a.aur", "«x»"), ("b.aur", "äöü = 漢\nü = «1»\n")], PLAIN),
        ),
        ("many lines", view("a\n«b {\n  c\n  d\n  «e»\n}»\nf\n")),
        (
            "far apart",
            view(&format!("«a» = 1\n{}«z» = 2\n", "\n".repeat(5000))),
        ),
        ("in the wrong order", view("«x» = «y»\n")),
        ("nothing to see", view("x = \"\u{200b}\u{feff}\" + «1»\n")),
    ];
    let text: String = all
        .iter()
        .map(|(name, text)| format!("--- {name}\n{text}"))
        .collect();
    insta::assert_snapshot!(text, @r#"
    --- tabs
    error[E0301]: a message
       ╭─[ a.aur:1:6 ]
       │
     1 │     x   =   1 +     y
       │             ┬       ┬
       │             ╰────────── here
       │                     │
       │                     ╰── there
    ───╯

    --- CRLF
    error[E0301]: a message
       ╭─[ a.aur:2:5 ]
       │
     2 │ x = one
       │     ─┬─
       │      ╰─── here
    ───╯

    --- over a line break
    error[E0301]: a message
       ╭─[ a.aur:1:4 ]
       │
     1 │ x =
       │    ┬
       │    ╰── here
    ───╯

    --- over a CRLF
    error[E0301]: a message
       ╭─[ a.aur:1:4 ]
       │
     1 │ x =
       │    ┬
       │    ╰── here
    ───╯

    --- empty file
    error[E0301]: a message
       ╭─[ a.aur:1:1 ]
       │
     1 │
       │ ┬
       │ ╰── here
    ───╯

    --- end of file
    error[E0301]: a message
       ╭─[ a.aur:2:1 ]
       │
     2 │
       │ ┬
       │ ╰── here
    ───╯

    --- end of file without a line break
    error[E0301]: a message
       ╭─[ a.aur:1:6 ]
       │
     1 │ x = [
       │      ┬
       │      ╰── here
    ───╯

    --- byte order mark
    error[E0301]: a message
       ╭─[ a.aur:1:6 ]
       │
     1 │ \u{feff}x = 1
       │             ┬
       │             ╰── here
    ───╯

    --- wide, combining and joined characters
    error[E0301]: a message
       ╭─[ a.aur:1:19 ]
       │
     1 │ x = "漢字 é 👩‍🚀" + 1
       │                     ┬
       │                     ╰── here
    ───╯

    --- non-ASCII before the place, in a second file
    error[E0301]: a message
       ╭─[ a.aur:1:1 ]
     1 │ x
       │ ┬
       │ ╰── here
       │
       ├─[ b.aur:2:5 ]
       │
     2 │ ü = 1
       │     ┬
       │     ╰── there
    ───╯

    --- many lines
    error[E0301]: a message
       ╭─[ a.aur:2:1 ]
       │
     2 │ ╭─▶ b {
       ┆ ┆
     5 │ │     e
       │ │     ┬
       │ │     ╰── there
     6 │ ├─▶ }
       │ │
       │ ╰──────── here
    ───╯

    --- far apart
    error[E0301]: a message
          ╭─[ a.aur:1:1 ]
          │
        1 │ a = 1
          │ ┬
          │ ╰── here
          │
     5002 │ z = 2
          │ ┬
          │ ╰── there
    ──────╯

    --- in the wrong order
    error[E0301]: a message
       ╭─[ a.aur:1:1 ]
       │
     1 │ x = y
       │ ┬   ┬
       │ ╰────── here
       │     │
       │     ╰── there
    ───╯

    --- nothing to see
    error[E0301]: a message
       ╭─[ a.aur:1:12 ]
       │
     1 │ x = "\u{200b}\u{feff}" + 1
       │                          ┬
       │                          ╰── here
    ───╯
    "#);
}

#[test]
fn long_lines_are_cut() {
    let long = "x".repeat(10_000);
    let view = |text: String, look: Look| shown(&[("a.aur", &text)], look);
    let all = [
        ("middle", view(format!("{long}«HERE»{long}\n"), PLAIN)),
        ("start", view(format!("«HERE»{long}\n"), PLAIN)),
        ("end", view(format!("{long}«HERE»\n"), PLAIN)),
        (
            "two places",
            view(format!("a{long}«HERE»{long}«THERE»{long}\n"), ASCII),
        ),
        ("a long place", view(format!("a = «\"{long}\"» + 1\n"), PLAIN)),
    ];
    let text: String = all
        .iter()
        .map(|(name, text)| format!("--- {name}\n{text}"))
        .collect();
    assert!(text.lines().all(|line| line.chars().count() < 260));
    insta::assert_snapshot!(text, @r#"
    --- middle
    error[E0301]: a message
       ╭─[ a.aur:1:10001 ]
       │
     1 │ …xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxHERExxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
       │                                                  ──┬─
       │                                                    ╰─── here
    ───╯

    --- start
    error[E0301]: a message
       ╭─[ a.aur:1:1 ]
       │
     1 │ HERExxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
       │ ──┬─
       │   ╰─── here
    ───╯

    --- end
    error[E0301]: a message
       ╭─[ a.aur:1:10001 ]
       │
     1 │ …xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxHERE
       │                                                  ──┬─
       │                                                    ╰─── here
    ───╯

    --- two places
    error[E0301]: a message
       ,-[ a.aur:1:10002 ]
       |
     1 | ...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxHERExxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxTHERExxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...
       |                                                    ^^|^                                                                                                   ^^|^^
       |                                                      `----------------------------------------------------------------------------------------------------------- here
       |                                                                                                                                                             |
       |                                                                                                                                                             `---- there
    ---'

    --- a long place
    error[E0301]: a message
       ╭─[ a.aur:1:5 ]
       │
     1 │ a = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" + 1
       │     ────────────────────────────────────────────────┬────────────────────────────────────────────────
       │                                                     ╰────────────────────────────────────────────────── here
    ───╯
    "#);
}

#[test]
fn nothing_steers_the_terminal() {
    let bad = "\x1b[2J\u{9b}31m\u{7}\u{8}\r\u{202e}\u{2028}\u{1}0\u{1}:1:1\u{b}";
    let (sources, spans) = marked(&[(&format!("{bad}.aur"), &format!("{bad}«{bad}»\n"))]);
    let diagnostic = Diagnostic::new(&codes::syntax, spans[0], bad)
        .label(bad)
        .note(bad)
        .help(bad)
        .fix(bad, Applicability::Safe, spans[0], bad)
        .fix("second", Applicability::Safe, spans[0], bad);
    let diagnostics = [diagnostic];
    let batches = [Batch {
        sources: &sources,
        diagnostics: &diagnostics,
    }];
    let formats = [
        full(&batches, PLAIN),
        short(&batches),
        json(&batches),
        sarif(&batches, "1"),
        github(&batches),
    ];
    for text in &formats {
        assert!(
            !text.chars().any(|c| clean::is_unsafe(c) && c != '\n'),
            "{text:?}"
        );
    }
    insta::assert_snapshot!(formats[0], @r"
    error[E0101]: \u{1b}[2J\u{9b}31m\u{7}\u{8}\r\u{202e}\u{2028}\u{1}0\u{1}:1:1\u{b}
       ╭─[ \u{1b}[2J\u{9b}31m\u{7}\u{8}\r\u{202e}\u{2028}\u{1}0\u{1}:1:1\u{b}.aur:1:22 ]
     1 │ \u{1b}[2J\u{9b}31m\u{7}\u{8}\r\u{202e}\u{2028}\u{1}0\u{1}:1:1\u{b}\u{1b}[2J\u{9b}31m\u{7}\u{8}\r\u{202e}\u{2028}\u{1}0\u{1}:1:1\u{b}
       │                                                                   ─────────────────────────────────┬────────────────────────────────
       │                                                                                                    ╰────────────────────────────────── \u{1b}[2J\u{9b}31m\u{7}\u{8}\r\u{202e}\u{2028}\u{1}0\u{1}:1:1\u{b}
       │ Help 1: \u{1b}[2J\u{9b}31m\u{7}\u{8}\r\u{202e}\u{2028}\u{1}0\u{1}:1:1\u{b}
       │ Help 2: \u{1b}[2J\u{9b}31m\u{7}\u{8}\r\u{202e}\u{2028}\u{1}0\u{1}:1:1\u{b}
       │             \u{1b}[2J\u{9b}31m\u{7}\u{8}\r\u{202e}\u{2028}\u{1}0\u{1}:1:1\u{b}\u{1b}[2J\u{9b}31m\u{7}\u{8}\r\u{202e}\u{2028}\u{1}0\u{1}:1:1
       │ Help 3: second
       │             \u{1b}[2J\u{9b}31m\u{7}\u{8}\r\u{202e}\u{2028}\u{1}0\u{1}:1:1\u{b}\u{1b}[2J\u{9b}31m\u{7}\u{8}\r\u{202e}\u{2028}\u{1}0\u{1}:1:1
       │ Note: \u{1b}[2J\u{9b}31m\u{7}\u{8}\r\u{202e}\u{2028}\u{1}0\u{1}:1:1\u{b}
    ───╯
    ");
}

#[test]
fn a_place_in_no_file_is_left_out() {
    let (sources, mut spans) = marked(&[("a.aur", "«x»")]);
    spans.push(Span::new(aur_diagnostics::FileId(7), 0, 1));
    spans.push(Span::new(spans[0].file, 900, 1000));
    spans.push(Span::new(spans[0].file, 1, 0));
    let mut nowhere = Diagnostic::new(&codes::syntax, spans[1], "nowhere")
        .help("do\nthis")
        .note("a note");
    nowhere.fixes.push(Fix {
        title: "fix".to_string(),
        applicability: Applicability::Safe,
        edits: vec![Edit {
            span: spans[1],
            text: String::new(),
        }],
    });
    let second = Diagnostic::new(&codes::syntax, spans[1], "half").also(spans[0], "there");
    let behind = Diagnostic::new(&codes::syntax, spans[2], "behind the end")
        .also(spans[3], "backwards")
        .fix("fix", Applicability::Safe, spans[2], "x");
    let diagnostics = [nowhere, second, behind];
    let batches = [Batch {
        sources: &sources,
        diagnostics: &diagnostics,
    }];
    insta::assert_snapshot!(format!("{}{}", full(&batches, PLAIN), short(&batches)), @r"
    error[E0101]: nowhere
      Help: do\nthis
      Note: a note

    error[E0101]: half
       ╭─[ a.aur:1:1 ]
       │
     1 │ x
       │ ┬
       │ ╰── there
    ───╯

    error[E0101]: behind the end
       ╭─[ a.aur:1:2 ]
       │
     1 │ x
       │  ┬
       │  │
       │  ╰── backwards
       │
       │ Help: fix
    ───╯

    error[E0101]: nowhere
    error[E0101]: half
    a.aur:1:2: error[E0101]: behind the end
    ");
    assert!(
        sarif(&batches, "1").contains("nowhere")
            && json(&batches).contains("nowhere")
            && github(&batches).contains("nowhere")
    );
}

#[test]
fn fifty_are_shown() {
    let (sources, spans) = marked(&[("a.aur", "«x»")]);
    let diagnostics = vec![Diagnostic::new(&codes::syntax, spans[0], "again"); 53];
    let batches = [Batch {
        sources: &sources,
        diagnostics: &diagnostics,
    }];
    let text = short(&batches);
    assert_eq!(text.lines().count(), 51);
    assert_eq!(text.lines().last(), Some("... and 3 more, not shown"));
    assert_eq!(full(&batches, PLAIN).matches("again").count(), 50);
    assert_eq!(json(&batches).matches("again").count(), 53);
    assert_eq!(
        counts(&batches),
        Counts {
            errors: 53,
            warnings: 0
        }
    );
}

/// The drawing library panics on some spans it is given; ours reach it in a form it takes, whatever they are.
#[test]
fn any_span_can_be_drawn() {
    let text = "ä\t\r\nb\n\n漢";
    let mut sources = SourceMap::default();
    let id = sources.add(SourceFile::new("a.aur", text));
    let last = text.len() as u32 + 1;
    let spans: Vec<Span> = (0..=last)
        .flat_map(|start| (0..=last).map(move |end| Span::new(id, start, end)))
        .collect();
    for first in &spans {
        for second in spans.iter().step_by(3) {
            let diagnostic = Diagnostic::new(&codes::syntax, *first, "message")
                .label("here")
                .also(*second, "")
                .fix("fix", Applicability::Safe, *second, "x\ny");
            let drawn = full(
                &[Batch {
                    sources: &sources,
                    diagnostics: &[diagnostic],
                }],
                PLAIN,
            );
            assert!(
                drawn.contains(" here\n") && !drawn.contains('\u{2}'),
                "{first:?} {second:?}\n{drawn}"
            );
        }
    }
}
