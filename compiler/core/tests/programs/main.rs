//! Programs in, diagnostics or values out.

mod hostile;
mod library;
mod round_trips;

use std::collections::BTreeMap;
use std::fmt::Write;

use aur_compiler::{Answer, Given, ReadError, Sources, check, compile, eval};

/// A project in memory.
#[derive(Default)]
struct Files {
    files: BTreeMap<String, String>,
    env: BTreeMap<String, String>,
}

impl Files {
    fn one(text: &str) -> Self {
        Self::many(&[("main.aur", text)])
    }

    fn many(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| (path.to_string(), text.to_string()))
            .collect();
        Self {
            files,
            env: BTreeMap::new(),
        }
    }
}

impl Sources for Files {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        match self.files.get(path) {
            Some(text) => Ok(text.clone().into_bytes()),
            None => Err(ReadError::NotFound { nearest: None }),
        }
    }

    fn env(&self, name: &str) -> Option<String> {
        self.env.get(name).cloned()
    }
}

/// `line:col code message | label | help`, one a line; with further places as `+ line:col text`.
fn render<T>(answer: &Answer<T>) -> String {
    let mut out = String::new();
    for diagnostic in &answer.diagnostics {
        for (index, label) in diagnostic.labels.iter().enumerate() {
            let (path, start, _) = answer
                .sources
                .locate(label.span)
                .expect("every label has a place");
            let file = if path == "main.aur" {
                String::new()
            } else {
                format!("{path}:")
            };
            let (line, column) = (start.line, start.column);
            match index {
                0 => write!(
                    out,
                    "{file}{line}:{column} {} {}",
                    diagnostic.code.id, diagnostic.message
                )
                .unwrap(),
                _ => write!(out, "\n  + {file}{line}:{column}").unwrap(),
            }
            if !label.text.is_empty() {
                write!(out, " | {}", label.text).unwrap();
            }
        }
        for help in &diagnostic.help {
            write!(out, "\n  = {help}").unwrap();
        }
        if diagnostic.count > 1 {
            write!(out, "\n  x {}", diagnostic.count).unwrap();
        }
        out.push('\n');
    }
    if let Some(usage) = &answer.usage {
        writeln!(
            out,
            "usage: {} ({})",
            usage.message,
            usage.help.as_deref().unwrap_or("-")
        )
        .unwrap();
    }
    out
}

/// The diagnostics of a program.
fn errors(text: &str) -> String {
    render(&check(&Files::one(text), "main.aur", &Given::default()))
}

/// Expressions evaluated in a program, one a line.
fn values(text: &str, exprs: &[&str]) -> String {
    let files = Files::one(text);
    let mut out = String::new();
    for expr in exprs {
        let answer = eval(&files, "main.aur", &Given::default(), expr);
        match &answer.value {
            Some(value) => writeln!(out, "{expr} = {value}").unwrap(),
            None => write!(out, "{expr} ! {}", render(&answer)).unwrap(),
        }
    }
    out
}

/// The compiled plan, or the diagnostics.
fn plan(files: &Files, given: &Given) -> Result<aur_ir::Plan, String> {
    let answer = compile(files, "main.aur", given);
    answer.value.clone().ok_or_else(|| render(&answer))
}

/// A job around the processes of a text.
fn job(rest: &str) -> String {
    format!(
        "{rest}\njobs = [Job {{ name = \"web\", cluster = \"c\", role = \"r\", environment = \"e\", task = t }}]\n\
         small = Resources {{ cpu = 1, ram = 64MB, disk = 64MB }}\n"
    )
}

#[test]
fn the_tutorial_compiles() {
    let files = Files::many(&[
        (
            "main.aur",
            r#"
install = Process { name = "fetch_package", cmdline = "chmod +x hello_world.py" }
hello_world = Process {
  name = "hello_world"
  cmdline = "python3 hello_world.py {{aur.ports[http]}}"
}
hello_world_task = SequentialTask {
  processes = [install, hello_world]
  resources = Resources { cpu = 1, ram = 64MB, disk = 8MB }
  files = { "hello_world.py": file("hello_world.py") }
}
jobs = [
  Job {
    name = "hello_world", cluster = "example", role = "www-data"
    environment = "devel", task = hello_world_task
  },
]
"#,
        ),
        ("hello_world.py", "print('{{not a mustache}}')\n"),
    ]);
    let plan = plan(&files, &Given::default()).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(aur_ir::Plan::from_json(&plan.to_canonical_json()).is_ok());
    let mut shown = serde_json::to_value(&plan).unwrap();
    shown["digest"] = "..".into();
    shown["spans"] = serde_json::json!({
        "/jobs/0/task/processes/1": plan.spans["/jobs/0/task/processes/1"],
        "/jobs/0/task/processes/1/cmdline": plan.spans["/jobs/0/task/processes/1/cmdline"],
    });
    insta::assert_snapshot!(serde_json::to_string_pretty(&shown).unwrap());
}

#[test]
fn unknown_fields_suggest() {
    insta::assert_snapshot!(errors("p = Process { name = \"a\", cmdlin = \"x\" }\nq = Process { max_retries = 3 }\n"), @"
    1:27 E0203 `Process` has no field `cmdlin` | no such field
      = did you mean `cmdline`?
    2:15 E0203 `Process` has no field `max_retries` | no such field
      = its fields are cmdline, argv, name, max_failures, daemon, ephemeral, final, min_duration, backoff, timeout, ready, env and 3 more
    ");
}

#[test]
fn names_are_checked() {
    insta::assert_snapshot!(errors("a = b\nservce = Servce { }\nc = d.e\nd = Process { name = \"x\" }\n"), @"
    1:5 E0201 `b` is not defined | not found in this file, its includes or the standard library
    2:10 E0201 `Servce` is not defined | not found in this file, its includes or the standard library
      = did you mean `Service`?
    3:7 E0203 `Process` has no field `e` | no such field
      = its fields are cmdline, argv, name, max_failures, daemon, ephemeral, final, min_duration, backoff, timeout, ready, env and 3 more
    ");
}

#[test]
fn missing_fields_are_reported_once_at_the_constructor() {
    insta::assert_snapshot!(errors(
        "p = Process { name = \"a\" }\nt = Task { processes = [p] }\njobs = [Job { task = t, cluster = c } for c in [\"a\", \"b\"]]\n"
    ), @"
    1:5 E0204 this Process has no `cmdline` | needs `cmdline`
      + 3:9 | needed by this job
      = add cmdline = ..
      x 2
    2:5 E0204 this Task has no `resources` | needs `resources`
      + 3:9 | needed by this job
      = add resources = ..
      x 2
    3:9 E0204 this Job has no `role` and `environment` | needs `role` and `environment`
      = add role = .., environment = ..
      x 2
    ");
}

#[test]
fn wrong_types() {
    insta::assert_snapshot!(errors(
        r#"
a = Process { max_failures = 1.5 }
b = Process { daemon = 1 }
c = Process { min_duration = 5MB }
d = Task { processes = Process { name = "x", cmdline = "y" } }
e = Process { max_failures = "many" }
f = Process { max_failures = -1 }
g = Resources { cpu = 0 }
h = Process { cmdline = ["x"] }
i = 1 + "x"
j = Process { name = Process }
"#
    ), @r#"
    2:30 E0301 this is the Float `1.5`, but an Integer is needed | Integer is needed here
      = write a whole number
    3:24 E0301 this is the Integer `1`, but a Boolean is needed | Boolean is needed here
      = write `true` or `false`
    4:30 E0301 this is the Bytes `5MB`, but a Duration is needed | Duration is needed here
      = sizes take B KB MB GB TB, durations take ms s m h d
    5:24 E0301 this is a Process, but a List[Process] is needed | List[Process] is needed here
      = put brackets around it
    6:30 E0302 the text "many" is not a value of type Integer | Integer is needed here
      = write digits, such as `42`
    7:30 E0303 the Integer `-1` is not allowed here: it must fit `0..` | must fit `0..`
    8:23 E0303 the Float `0.0` is not allowed here: it must fit `0.001..` | must fit `0.001..`
    9:25 E0301 this is a list, but a String is needed | String is needed here
      = a command is one text; a program and its arguments are given as `argv`
    10:7 E0301 `+` is not defined for the Integer `1` and the text "x"
      + 10:5 | the Integer `1`
      + 10:9 | the text "x"
      = write the number into the text: `"..{{n}}".bind(n = n)`
    11:22 E0301 this is the type `Process` itself, but a String is needed | String is needed here
    "#);
}

#[test]
fn values_that_need_each_other() {
    insta::assert_snapshot!(errors("a = [b]\nb = [c]\nc = [a]\nd = d\n"), @"
    1:1 E0208 `a` is defined by itself: `a` -> `b` -> `c` -> `a` | this value needs itself
      + 2:1 | by way of this value
      + 3:1 | by way of this value
      = a value is built before it is used; take one of the names out of the circle
    4:1 E0208 `d` is defined by itself: `d` -> `d` | this value needs itself
      = a value is built before it is used; take one of the names out of the circle
    ");
}

#[test]
fn texts_that_need_each_other() {
    insta::assert_snapshot!(errors(
        "struct S { a: String, b: String }\nx = S { a = \"{{b}}\", b = \"-{{a}}\" }\n\
         y = Process { name = \"{{name}}\" }.bind(name = \"installer\")\n\
         z = Process { name = \"p\", cmdline = \"{{c}}\" }.bind(c = \"x{{c}}\")\n"
    ), @"
    2:14 E0403 texts refer to each other: {{b}} -> {{a}} -> {{b}} | this needs itself
      + 2:28 | by way of this name
      = write one of these texts without the others
    3:23 E0403 texts refer to each other: {{name}} -> {{name}} | this needs itself
      = a field is nearer than a binding of the same name; rename one of them
    4:58 E0403 texts refer to each other: {{c}} -> {{c}} | this needs itself
      = a field is nearer than a binding of the same name; rename one of them
    ");
}

#[test]
fn open_names_are_errors_only_in_jobs() {
    let text = r#"
p = Process { name = "a", cmdline = "echo {{nme}} {{i}} {{profile.vers}} {{profile.note}} {{aur.foo}} {{aur.task_id}}" }
unused = Process { name = "b", cmdline = "{{whatever}}" }
struct Profile { version: String, note: String? }
i = 3
t = Task { processes = [p], resources = small }.bind(profile = Profile { version = "1" })
"#;
    insta::assert_snapshot!(errors(&job(text)), @"
    2:45 E0401 `nme` is not bound | nothing in scope has this name
      + 8:9 | needed by this job
      = did you mean `name`?
    2:53 E0401 `i` is not bound | nothing in scope has this name
      + 8:9 | needed by this job
      = texts see bindings and fields, not names of the file: add `.bind(i = i)`
    2:59 E0401 `profile.vers` is not bound | `Profile` has no field `vers`
      + 4:8 | `Profile` is declared here
      + 8:9 | needed by this job
    2:76 E0401 `profile.note` is not bound | `note` of this Profile is not set
      + 8:9 | needed by this job
      = set it, or say what to do without it: `{{#profile.note}}..{{/profile.note}}`
    2:93 E0401 `aur.foo` is not bound | not a runtime name
      + 8:9 | needed by this job
      = the runtime names are aur.hostname, aur.instance, aur.ports[name], aur.sandbox, aur.task_id, aur.user
    ");
}

#[test]
fn scopes_follow_the_rules() {
    let text = r#"
struct Kid { label: String?, tag: String? }
struct Mom { tag: String?, kid: Kid?, kids: List[Kid] = [] }
struct Srv { host: String, port: Integer = 80, note: String? }
struct Profile { env: String, data: String = "/d/{{env}}" }
sc05 = Srv { host = "{{v}}" }.bind(v = "out")
sc06 = Srv { host = "h", note = "{{port}}/{{host}}" }
sc07 = Srv { host = "h" }.bind(note = "n")
sc08 = Srv { host = "h", note = "{{port}}" }.bind(port = 9)
sc10 = Mom { tag = "m", kid = Kid { label = "{{tag}}" } }
sc11 = Mom { tag = "m", kid = Kid { label = "{{tag}}", tag = "k" } }
sc13 = Mom { tag = "{{kid.tag}}", kid = Kid { tag = "k" } }
sc15 = Mom { tag = "{{zone}}", kid = Kid { tag = "k" }.bind(zone = "z") }
sc16 = Mom { kids = [Kid { label = "{{z}}" }, Kid { label = "{{z}}" }.bind(z = "near")] }.bind(z = "far")
sc17 = Mom { tag = "m", kid = Kid { label = "{{super.tag}}", tag = "k" } }
sc19 = "{{s.host}}".bind(s = Srv { host = "{{zone}}" }, zone = "z1")
sc20 = "{{s.host}}".bind(s = Srv { host = "{{zone}}" }.bind(zone = "inner"), zone = "outer")
sc22 = "{{s.port}} {{s.host}}".bind(s = Srv { host = "h" }).bind("s.port" = 7)
sc24 = Mom { tag = "{{p.env}}", kid = Kid { label = "{{p.data}}" } }.bind(p = Profile { env = "qa" })
st15 = Srv { host = "x", port = "{{p}}" }.bind(p = 4)
mu07 = "{{q[{{i}}].v}}".bind(i = "k").bind("q[k].v" = "hit")
mu04 = "{{&a}} {} {{}} {{{a}}}".bind(a = "v")
"#;
    insta::assert_snapshot!(values(text, &[
        "sc05.host", "sc06.note", "sc07", "sc08.note", "sc10.kid.label", "sc11.kid.label", "sc13.tag", "sc15.tag",
        "[k.label for k in sc16.kids]", "sc17.kid.label", "sc19", "sc20", "sc22", "sc24", "st15", "mu07", "mu04",
    ]), @r#"
    sc05.host = "out"
    sc06.note = "80/h"
    sc07 = {"host":"h","port":80}
    sc08.note = "80"
    sc10.kid.label = "m"
    sc11.kid.label = "k"
    sc13.tag = "k"
    sc15.tag = "{{zone}}"
    [k.label for k in sc16.kids] = ["far","near"]
    sc17.kid.label = "m"
    sc19 = "z1"
    sc20 = "inner"
    sc22 = "7 h"
    sc24 = {"kid":{"label":"/d/qa"},"kids":[],"tag":"qa"}
    st15 = {"host":"x","port":4}
    mu07 = "hit"
    mu04 = "{{a}} {} {{}} {v}"
    "#);
}

#[test]
fn expressions() {
    insta::assert_snapshot!(values("jobs = []\nx = { \"a\": 1, b: { c: \"d\" } }\nlist = [3, 1, 2]\n", &[
        "1 + 2 * 3", "7 // 2", "-7 // 2", "-7 % 2", "7 / 2", "2048 * MB == 2GB", "30s + 5m", "1h / 30m", "0.5 * 10s",
        "[i * i for i in 0..4 if i != 2]", "[[i, j] for i in 0..1 for j in 5..6]", "5..1", "\"a\" + \"b\" \"c\"",
        "x.b.c", "x[\"a\"]", "list[0]", "list[3]", "len(list)", "keys(x)", "join([\"a\", \"b\"], \", \")",
        "1 if true else 1 // 0", "not (1 < 2 and 2 < 1)", "2 in list", "\"x{{y}}\"", "\"x{{y | upper}}\".bind(y = \"ab\")",
        "9223372036854775807 + 1", "1 // 0", "1MB + 1s", "\"{{n | pad3}}\".bind(n = 7)",
        "\"{{#on}}yes{{/on}}{{^on}}no{{/on}}\".bind(on = true)", "\"{{#xs}}<{{.}}>{{/xs}}\".bind(xs = [1, 2])",
        "\"{{xs[1]}} {{m[k]}} {{p.cmdline}}\".bind(xs = [1, 2], m = {\"k\": \"v\"}, p = Process { cmdline = \"c\" })",
        "Process { name = \"x\" }.name == \"x\"", "unset == unset", "[1, 2] == [1, 2]", "{a: 1} == {a: 2}",
    ]), @r#"
    1 + 2 * 3 = 7
    7 // 2 = 3
    -7 // 2 = -4
    -7 % 2 = 1
    7 / 2 = 3.5
    2048 * MB == 2GB = true
    30s + 5m = 330
    1h / 30m = 2.0
    0.5 * 10s = 5
    [i * i for i in 0..4 if i != 2] = [0,1,9,16]
    [[i, j] for i in 0..1 for j in 5..6] = [[0,5],[0,6],[1,5],[1,6]]
    5..1 = []
    "a" + "b" "c" = "abc"
    x.b.c = "d"
    x["a"] = 1
    list[0] = 3
    list[3] ! <expression>:1:6 E0304 the list has 3 elements, there is no number 3
      = elements are counted from 0
    len(list) = 3
    keys(x) = ["a","b"]
    join(["a", "b"], ", ") = "a, b"
    1 if true else 1 // 0 = 1
    not (1 < 2 and 2 < 1) = true
    2 in list = true
    "x{{y}}" = "x{{y}}"
    "x{{y | upper}}".bind(y = "ab") = "xAB"
    9223372036854775807 + 1 ! <expression>:1:1 E0304 the result does not fit into 64 bits
    1 // 0 ! <expression>:1:1 E0304 division by zero
    1MB + 1s ! <expression>:1:5 E0301 `+` is not defined for the Bytes `1MB` and the Duration `1s`
      + <expression>:1:1 | the Bytes `1MB`
      + <expression>:1:7 | the Duration `1s`
    "{{n | pad3}}".bind(n = 7) = "007"
    "{{#on}}yes{{/on}}{{^on}}no{{/on}}".bind(on = true) = "yes"
    "{{#xs}}<{{.}}>{{/xs}}".bind(xs = [1, 2]) = "<1><2>"
    "{{xs[1]}} {{m[k]}} {{p.cmdline}}".bind(xs = [1, 2], m = {"k": "v"}, p = Process { cmdline = "c" }) = "2 v c"
    Process { name = "x" }.name == "x" = true
    unset == unset = true
    [1, 2] == [1, 2] = true
    {a: 1} == {a: 2} = false
    "#);
}

#[test]
fn order_rules() {
    let text = r#"
a = Process { name = "a", cmdline = "x" }
b = a { name = "b" }
d = a { name = "d", daemon = true }
e = a { name = "e", ephemeral = true }
f = a { name = "f", final = true }
t = Task {
  processes = [a, b, d, e, f, a]
  constraints = [a -> b, b -> a, d -> a, e -> b, f -> a] + order("a", "bb")
  resources = small
}
"#;
    insta::assert_snapshot!(errors(&job(text)), @r#"
    2:5 E0306 two processes of this task are called `a` | this process
      = make the names differ: `name = "worker{{i}}"` and `.bind(i = i)`
    9:31 E0305 processes wait for each other: a -> b -> a | this closes the circle
      + 9:23 | `b` waits for `a`
      = take one of the edges out
    9:39 E0308 `a` waits for `d`, which is a daemon and never ends | `a` would wait here
      + 4:5 | `d`
      = leave the edge out, or wait for `ready(..)` of it
    9:47 E0309 `b` waits for `e`, which is ephemeral and may never end | `b` would wait here
      + 5:5 | `e`
      = leave the edge out, or make both ephemeral
    9:55 E0310 `f` and `a` are not of one kind: one runs while the task finalizes | `a` would wait here
      + 6:5 | `f`
      = final processes run after all others by themselves; order only those of one kind
    9:71 E0307 the task has no process `bb` | not a process of this task
      = its processes are a, b, d, e, f, a
    "#);
}

#[test]
fn a_hundred_mappers() {
    let text = r#"
reducer = Process { name = "reducer", cmdline = "cat" }
mapper = Process { name = "map{{i | pad3}}", cmdline = "echo {{i}} {{aur.instance | sh}}" }
mappers = [mapper.bind(i = i) for i in 0..99]
t = Task { processes = mappers + [reducer], constraints = [m -> reducer for m in mappers], resources = small }
"#;
    let plan = plan(&Files::one(&job(text)), &Given::default()).unwrap_or_else(|errors| panic!("{errors}"));
    let task = &plan.jobs[0].task;
    assert_eq!((task.processes.len(), task.order.len()), (101, 100));
    assert_eq!(task.processes[7].name, "map007");
    assert_eq!(task.name, "map000");
    assert_eq!(task.processes[7].command(), "echo 7 {{aur.instance | sh}}");
    assert_eq!(
        (task.order[99].before.as_str(), task.order[99].after.as_str()),
        ("map099", "reducer")
    );
}

#[test]
fn simple_tasks_and_amending() {
    let text = r#"
t = SimpleTask { name = "hello", command = "echo {{role}} {{name}}" } { resources.ram = 2GB, files.a = "1", files["b/c"] = "2" }
"#;
    let plan = plan(&Files::one(&job(text)), &Given::default()).unwrap_or_else(|errors| panic!("{errors}"));
    let task = &plan.jobs[0].task;
    insta::assert_snapshot!(serde_json::to_string(task).unwrap(), @r#"{"files":{"a":"1","b/c":"2"},"finalization_wait_ms":30000,"max_concurrency":0,"max_failures":1,"name":"hello","processes":[{"cmdline":"echo r hello","daemon":false,"ephemeral":false,"final":false,"max_failures":1,"min_duration_ms":5000,"name":"hello"}],"resources":{"cpu":1.0,"disk_bytes":1073741824,"ram_bytes":2147483648}}"#);
}

#[test]
fn inputs_come_in_order() {
    let files = Files {
        env: [("WHO".to_string(), "env {{x}}".to_string())].into(),
        ..Files::one(
            "input count: Integer = 2\ninput who: String = env(\"WHO\")\ninput size: Bytes\n\
             a = \"{{count}} {{who}} {{size}}\"\nb = Process { max_failures = \"{{count}}\" }\n",
        )
    };
    let show = |given: &Given| {
        let answer = eval(&files, "main.aur", given, "[a, b.max_failures, count]");
        answer
            .value
            .as_ref()
            .map_or_else(|| render(&answer), ToString::to_string)
    };
    let flags = |pairs: &[(&str, &str)]| Given {
        flags: pairs
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect(),
        file: vec![("size".into(), "1KB".into())],
        ..Given::default()
    };
    insta::assert_snapshot!(
        [show(&Given::default()), show(&flags(&[("count", "7")])), show(&flags(&[("count", "x")])), show(&flags(&[("cuont", "1")]))].join("\n"),
        @r#"
    ["2 env {{x}} {{size}}",2,2]
    ["7 env {{x}} 1024",7,7]
    1:7 E0506 the text "x" is not a value of type Integer | Integer is needed here
      = write digits, such as `42`

    usage: -E: the program has no input `cuont` (did you mean `count`?)
    "#
    );
    let missing = compile(
        &Files::one("input a: String\ninput b: Integer\njobs = []\n"),
        "main.aur",
        &Given::default(),
    );
    insta::assert_snapshot!(render(&missing), @"
    1:7 E0505 the input `a` has no value | String, without a default
      = give it: `-E a=..`, or in a file: `--inputs FILE.json`
    2:7 E0505 the input `b` has no value | Integer, without a default
      = give it: `-E b=..`, or in a file: `--inputs FILE.json`
    3:8 E0317 the list of jobs is empty
      = put a job into it: `jobs = [hello]`
    ");
}

#[test]
fn includes_splice_and_namespaces_do_not() {
    let files = Files::many(&[
        (
            "main.aur",
            "include \"lib/a.aur\"\ninclude \"lib/b.aur\" as b\nx = [one, b.two, b.one]\ny = b.S { }.z\nw = three\n",
        ),
        ("lib/a.aur", "include \"c.aur\"\none = 1\n"),
        (
            "lib/b.aur",
            "include \"../lib/c.aur\"\nstruct S { z: Integer = 5 }\none = 3\ntwo = 2\n",
        ),
        ("lib/c.aur", "three = 3\none = 9\n"),
    ]);
    let answer = eval(&files, "main.aur", &Given::default(), "[x, y, w]");
    insta::assert_snapshot!(format!("{}\n{}", answer.value.clone().unwrap_or_default(), render(&answer)), @"
    [[1,2,3],5,3]
    lib/a.aur:2:1 W0201 `one` replaces a definition that was included | defined again here
      + lib/c.aur:2:1 | first defined here
      = the last definition counts; rename one of them, or include the file `as` a name
    lib/b.aur:3:1 W0201 `one` replaces a definition that was included | defined again here
      + lib/c.aur:2:1 | first defined here
      = the last definition counts; rename one of them, or include the file `as` a name
    ");
}

#[test]
fn includes_that_fail() {
    let files = Files::many(&[
        (
            "main.aur",
            "include \"missing.aur\"\ninclude \"../out.aur\"\ninclude \"/etc/passwd\"\ninclude \"a.aur\"\nx = file(\"../y\")\n",
        ),
        ("a.aur", "include \"b.aur\"\n"),
        ("b.aur", "include \"a.aur\"\n"),
    ]);
    insta::assert_snapshot!(render(&check(&files, "main.aur", &Given::default())), @"
    1:9 E0501 there is no file `missing.aur` | not found
    2:9 E0503 `../out.aur` leaves the project | outside of the project root
      = move the file into the project, or put an `aur.toml` into the folder that both share
    3:9 E0503 `/etc/passwd` leaves the project | outside of the project root
      = move the file into the project, or put an `aur.toml` into the folder that both share
    5:10 E0503 `../y` leaves the project | outside of the project root
      = move the file into the project, or put an `aur.toml` into the folder that both share
    b.aur:1:9 E0502 files include each other: a.aur:1 -> b.aur:1 -> a.aur | this include closes the circle
      = move what both need into a third file
    ");
}

#[test]
fn duplicates_and_reserved_names() {
    insta::assert_snapshot!(errors("a = 1\na = 2\nProcess = 3\nstruct Job { x: String }\nb = Process { name = \"x\", name = \"y\" }\n"), @"
    2:1 E0205 `a` is defined twice in this file | defined again here
      + 1:1 | first defined here
      = a name has one value; rename one of them, or copy with changes: `name { field = .. }`
    3:1 E0207 `Process` belongs to the standard library | cannot be defined again
      + <prelude>:16:8 | defined here
      = choose another name, such as `my_process`
    4:8 E0207 `Job` belongs to the standard library | cannot be defined again
      + <prelude>:480:8 | defined here
      = choose another name, such as `my_job`
    5:27 E0206 `name` is given twice | given again here
      + 5:15 | first given here
      = keep one of them
    ");
}

#[test]
fn no_jobs_is_an_error_only_where_they_are_needed() {
    assert_eq!(errors("a = 1\n"), "");
    insta::assert_snapshot!(plan(&Files::one("a = 1\n"), &Given::default()).unwrap_err(), @"
    1:1 E0317 this file defines no `jobs`
      = end the file with the list of its jobs: `jobs = [hello]`
    ");
    insta::assert_snapshot!(plan(&Files::one("jobs = []\n"), &Given::default()).unwrap_err(), @"
    1:8 E0317 the list of jobs is empty
      = put a job into it: `jobs = [hello]`
    ");
}

#[test]
fn job_rules() {
    let text = r#"
p = Process { name = "a/b", cmdline = "x" }
t = Task { processes = [p], resources = Resources { cpu = 1, ram = 1MB, disk = 8MB }, files = {"../x": "y"} }
j = Job { name = "w", cluster = "c c", role = "r", environment = "e", task = t { files = {} }, constraints = {"host": "limit:two"} }
k = j { cluster = "c", instances = 2, update_config.max_total_failures = 2, constraints = {} }
jobs = [j, k, k]
"#;
    insta::assert_snapshot!(errors(text), @"
    2:22 E0314 a process cannot be called `a/b`
      = the name is a folder of the logs: no `/`, no leading dot, no line break, at most 255 bytes
      x 3
    3:68 W0301 1MB of memory is hardly enough to start a program
      = bash with a small script needs about 16MB; a task over its limit is killed
      x 3
    3:104 E0503 `../x` does not stay in the sandbox
      = write a path below the sandbox, such as `bin/start.sh`
    4:33 E0315 `c c` cannot be the cluster of a job
      = letters, digits, `_`, `-` and `.` make up a job key; it starts with a letter, digit or `_`
    4:119 E0316 `limit:two` is not a limit
      = write `limit:2`, or a list of values: `a,b` or `!a,b`
    5:74 E0316 the update tolerates 2 failed instances, but the job has 2
      = give at most 1
      x 2
    ");
}

#[test]
fn a_doubling_text_meets_a_limit() {
    let mut text = String::from("x = \"{{a0}}\".bind(a40 = \"xxxxxxxxxxxxxxxx\"");
    for i in 0..40 {
        write!(text, ", a{i} = \"{{{{a{}}}}}{{{{a{}}}}}\"", i + 1, i + 1).unwrap();
    }
    text.push_str(")\n");
    insta::assert_snapshot!(errors(&text).lines().next().unwrap_or_default(), @"1:479 E0605 a text has at most 16777216 bytes | the limit is reached here");
}

#[test]
fn a_chain_of_ten_thousand_works() {
    let mut text = String::from("x = \"{{l0}}\".bind(l9900 = \"end\"");
    for i in 0..9900 {
        write!(text, ", l{i} = \"{{{{l{}}}}}\"", i + 1).unwrap();
    }
    text.push_str(")\n");
    assert_eq!(values(&text, &["x"]), "x = \"end\"\n");
}

#[test]
fn values_that_hold_each_other_twice_over_are_compared_once() {
    let mut text = String::from("a0 = [1]\nb0 = [1]\nc0 = [2]\n");
    for name in ["a", "b", "c"] {
        for i in 1..60 {
            writeln!(text, "{name}{i} = [{name}{}, {name}{}]", i - 1, i - 1).unwrap();
        }
    }
    text.push_str("same = a59 == b59\nother = a59 == c59\n");
    assert_eq!(values(&text, &["same", "other"]), "same = true\nother = false\n");
}

#[test]
fn one_fault_of_many_jobs_is_one_error() {
    let text = r#"
p = Process { name = "a", cmdline = "{{zone}}" }
t = Task { processes = [p], resources = Resources { cpu = 1, ram = 64MB, disk = 8MB } }
jobs = [Job { name = "j{{i}}", cluster = "c", role = "r", environment = "e", task = t }.bind(i = i) for i in 1..50]
"#;
    insta::assert_snapshot!(errors(text), @"
    2:40 E0401 `zone` is not bound | nothing in scope has this name
      + 4:9 | needed by this job
      = give it: `.bind(zone = ..)` on the value or around it, or `input zone: String` in the file
      x 50
    ");
}

#[test]
fn checks_of_structs_and_files() {
    let text = r#"
struct Port { low: Integer, high: Integer, check low <= high, "{{low}} is above {{high}}" }
check 1 > 2, "no way"
t = Task { processes = [Process { name = "a", cmdline = "{{p.low}}" }], resources = small }.bind(p = Port { low = 3, high = 1 })
"#;
    insta::assert_snapshot!(errors(&job(text)), @"
    3:7 E0313 no way | this does not hold
    4:102 E0313 3 is above 1
      + 2:50 | the rule
    ");
}

#[test]
fn refinements() {
    let text = r#"
type Port = Integer where 1..65535
struct S { port: Port, size: String where ["s", "m"] = "s", name: String where matches(r"[a-z]+") = "x", odd: Integer where 3 + 4 = 1 }
struct T { bad: String where matches(r"[") = "" }
a = S { port = 0, size = "xl", name = "x1" }
b = S { port = "80", size = "m", name = "abc" }
c = S { port = "{{p}}" }.bind(p = 70000)
d = c.port
"#;
    insta::assert_snapshot!(errors(text), @r#"
    3:125 E0319 what stands behind `where` is a range, a list or a pattern
      = write `where 1..10`, `where ["a", "b"]` or `where matches(r"[a-z]+")`; everything else is a `check`
    4:30 E0319 this pattern cannot be read: non-empty character class has no closing bracket
      = write `where 1..10`, `where ["a", "b"]` or `where matches(r"[a-z]+")`; everything else is a `check`
    5:16 E0303 the Integer `0` is not allowed here: it must fit `1..65535` | must fit `1..65535`
      + 2:27 | the rule
    5:26 E0303 the text "xl" is not allowed here: it must fit `["s", "m"]` | must fit `["s", "m"]`
      + 3:43 | the rule
    5:39 E0303 the text "x1" is not allowed here: it must fit `matches(r"[a-z]+")` | must fit `matches(r"[a-z]+")`
      + 3:80 | the rule
    7:16 E0303 the Integer `70000` is not allowed here: it must fit `1..65535` | must fit `1..65535`
      + 2:27 | the rule
    "#);
}

#[test]
fn defaults_that_need_each_other() {
    insta::assert_snapshot!(errors("struct Release { name: String = \"{{tag}}\", tag: String = \"v{{name}}\" }\nr = Release { }\n"), @"
    1:34 E0403 texts refer to each other: {{tag}} -> {{name}} -> {{tag}} | this needs itself
      + 1:60 | by way of this name
      = write one of these texts without the others
    ");
}
