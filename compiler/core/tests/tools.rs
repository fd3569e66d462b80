//! What the compiler answers beside plans: how tests go, dependencies, origins, jobs that are not known in full.

use std::collections::BTreeMap;
use std::fmt::Write;

use aur_compiler::{Answer, Given, ReadError, Sources};
use aur_diagnostics::Span;
use insta::assert_snapshot;

/// Files in memory.
struct Files(BTreeMap<String, String>);

impl Files {
    fn new(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| (path.to_string(), text.to_string()));
        Self(files.collect())
    }
}

impl Sources for Files {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        match self.0.get(path) {
            Some(text) => Ok(text.clone().into_bytes()),
            None => Err(ReadError::NotFound { nearest: None }),
        }
    }

    fn env(&self, _name: &str) -> Option<String> {
        None
    }
}

fn place<T>(answer: &Answer<T>, span: Span) -> String {
    let (path, start, _) = answer
        .sources
        .locate(span)
        .expect("the place is in one of the files");
    format!("{path}:{}:{}", start.line, start.column)
}

/// Diagnostics, one a line.
fn said<T>(answer: &Answer<T>) -> String {
    let lines = answer.diagnostics.iter().map(|one| {
        let span = one.span().expect("there is a place");
        let help = one
            .help
            .first()
            .map_or(String::new(), |help| format!(" | {help}"));
        format!("{} {} {}{help}\n", place(answer, span), one.code.id, one.message)
    });
    lines.collect()
}

const JOB: &str = r#"hello = Process { name = "hello", cmdline = "echo {{who}}" }
jobs = [Job {
  cluster = "c", role = "r", environment = "devel", name = "hello"
  task = Task { processes = [hello], resources = Resources { cpu = 1, ram = 64MB, disk = 64MB } }
}.bind(who = "you")]
"#;

/// How the tests of `main_test.aur` go, one a line, with what does not hold below.
fn tested(files: &[(&str, &str)], given: &Given) -> String {
    let answer = aur_compiler::test(&Files::new(files), "main_test.aur", given);
    let mut out = said(&answer);
    for test in answer.value.iter().flatten() {
        let word = if test.unmet.is_empty() { "ok" } else { "failed" };
        writeln!(out, "{word} {} {}", test.name, place(&answer, test.span)).unwrap();
        for one in &test.unmet {
            writeln!(out, "  {} {}", place(&answer, one.span), one.message).unwrap();
            for note in &one.notes {
                writeln!(out, "    {note}").unwrap();
            }
            if let Some(sides) = &one.sides {
                writeln!(out, "    {} | {}", sides.left, sides.right).unwrap();
            }
            if let Some(snapshot) = &one.snapshot {
                writeln!(
                    out,
                    "    -> {} {}",
                    snapshot.path, snapshot.plan["jobs"][0]["name"]
                )
                .unwrap();
            }
        }
    }
    out
}

#[test]
fn expectations_of_values() {
    let test = r#"include "main.aur" as main
include "main.aur"
input count: Integer
struct Size { cpu: Float = 1.0, names: List[String] = [], tags: Map[String, String] = {} }
size = Size { names = ["a", "b"], tags = { k: "v" } }
test "sound" {
  expect size.cpu == 1.0 and len(size.names) == 2
  expect size == Size { names = ["a", "b"], tags = { k: "v" } }
  expect size == {names: ["a", "b"], tags: {k: "v"}}, expect size.tags == {k: "v"}
  expect main.hello.cmdline == "echo {{who}}"
  expect jobs[0].task.processes[0].cmdline == "echo you"
  expect jobs[0].task.processes[0].cmdline != "echo {{who}}"
  expect count == 3 or 1 == 1
}
test "unsound {{x}}" {
  expect size.cpu > 2.0
  expect size.names == ["a", "c"]
  expect size.cpu != 1.0
  expect size == {names: []}
  expect count == 3
  expect "{{aur.instance}}" == "{{aur.hostname}}"
}
"#;
    let given = Given::default();
    assert_snapshot!(tested(&[("main.aur", JOB), ("main_test.aur", test)], &given), @r#"
    failed sound main_test.aur:6:6
      main_test.aur:13:3 this depends on inputs that have no value: count
    failed unsound {{x}} main_test.aur:15:6
      main_test.aur:16:3 this does not hold
      main_test.aur:17:3 this does not hold
        ["a","b"] | ["a","c"]
      main_test.aur:18:3 this does not hold
        1.0 | 1.0
      main_test.aur:19:3 this does not hold
        {"cpu":1.0,"names":["a","b"],"tags":{"k":"v"}} | {"cpu":1.0,"names":[],"tags":{}}
      main_test.aur:20:3 this depends on inputs that have no value: count
      main_test.aur:21:3 this does not hold
        "{{aur.instance}}" | "{{aur.hostname}}"
    "#);
}

#[test]
fn expectations_of_programs() {
    let test = r#"test "errors" {
  expect error E0203 in file("bad.aur")
  expect error unknown_field in file("lib/../bad.aur"), expect error no_jobs in file("empty.aur")
}
test "other errors" {
  expect error E0301 in file("bad.aur")
  expect error E0203 in file("main.aur")
}
test "plans" {
  expect plan file("main.aur") == file("same.json")
}
test "other plans" {
  expect plan file("main.aur") == file("other.json")
  expect plan file("main.aur") == file("missing.json")
  expect plan file("main.aur") == file("main.aur")
  expect plan file("bad.aur") == file("same.json")
}
"#;
    let files = Files::new(&[("main.aur", JOB)]);
    let mut plan = aur_compiler::compile(&files, "main.aur", &Given::default())
        .value
        .unwrap();
    let same = String::from_utf8(plan.to_canonical_json()).unwrap();
    plan.jobs.clear();
    let other = String::from_utf8(plan.to_canonical_json()).unwrap();
    // A comment changes the hashes of the files and nothing else.
    let job = format!("# Why.\n{JOB}");
    let bad = "p = Process { nmae = \"x\" }\n";
    let given = Given::default();
    assert_snapshot!(tested(&[
        ("main.aur", &job), ("bad.aur", bad), ("empty.aur", ""),
        ("same.json", &same), ("other.json", &other), ("main_test.aur", test),
    ], &given), @r#"
    ok errors main_test.aur:1:6
    failed other errors main_test.aur:5:6
      main_test.aur:6:3 `bad.aur` does not give E0301 (a value has the wrong type)
        bad.aur:1:15: E0203 `Process` has no field `nmae`
      main_test.aur:7:3 `main.aur` has no errors, E0203 was expected
    ok plans main_test.aur:9:6
    failed other plans main_test.aur:12:6
      main_test.aur:13:3 the plan of `main.aur` is not that of `other.json`
        {"aur_ir":1,"hooks":[],"inputs":[],"jobs":[{"cluster":"c","enable_hooks":false,"environment":"devel","health_check_config":{"initial_interval_ms":60000,"interval_ms":30000,"max_consecutive_failures":0,"timeout_ms":1000},"instances":1,"key":"c/r/devel/hello","max_task_failures":1,"name":"hello","priority":0,"production":false,"role":"r","service":false,"task":{"finalization_wait_ms":30000,"max_concurrency":0,"max_failures":1,"name":"hello","processes":[{"cmdline":"echo you","daemon":false,"ephemeral":false,"final":false,"max_failures":1,"min_duration_ms":5000,"name":"hello"}],"resources":{"cpu":1.0,"disk_bytes":67108864,"ram_bytes":67108864}},"update_config":{"batch_size":1,"max_per_shard_failures":0,"max_total_failures":0,"restart_threshold_ms":60000,"watch_ms":30000}}]} | {"aur_ir":1,"hooks":[],"inputs":[],"jobs":[]}
        -> other.json "hello"
      main_test.aur:14:3 there is no file `missing.json` yet
        -> missing.json "hello"
      main_test.aur:15:3 `main.aur` does not hold JSON
        -> main.aur "hello"
      main_test.aur:16:3 `bad.aur` has no plan, because it has errors
        bad.aur:1:1: E0317 this file defines no `jobs`
        bad.aur:1:15: E0203 `Process` has no field `nmae`
    "#);
}

#[test]
fn tests_with_errors() {
    let test = r#"x = Nothing { }
test "depends on an error" { expect x == 1, expect 1 == 1 }
test "is an error" {
  expect error E9999 in file("main.aur")
  expect error unknown_feld in file("main.aur")
  expect error E0203 in "main.aur"
  expect error E0203 in file("missing.aur")
  expect error E0203 in file("../main.aur")
  expect plan "main.aur" == file("x.json")
  expect 1
  expect 1 / 0 == 2
}
test "cannot be read" { expect }
test "is sound" { expect true }
"#;
    let given = Given::default();
    assert_snapshot!(tested(&[("main.aur", JOB), ("main_test.aur", test)], &given), @r#"
    main_test.aur:1:5 E0201 `Nothing` is not defined
    main_test.aur:4:16 E0323 no diagnostic is called `E9999` | `aurc explain --list` lists them
    main_test.aur:5:16 E0323 no diagnostic is called `unknown_feld` | did you mean `unknown_field`?
    main_test.aur:6:25 E0323 a file is named here, by `file("..")` | write `file("bad.aur")`
    main_test.aur:7:30 E0501 there is no file `missing.aur`
    main_test.aur:8:30 E0503 `../main.aur` leaves the project | move the file into the project, or put an `aur.toml` into the folder that both share
    main_test.aur:9:15 E0323 a file is named here, by `file("..")` | write `file("main.aur")`
    main_test.aur:10:10 E0301 this is the Integer `1`, but a Boolean is needed | write `true` or `false`
    main_test.aur:11:10 E0304 division by zero
    main_test.aur:13:32 E0101 expected a value, found `}`
    failed depends on an error main_test.aur:2:6
      main_test.aur:2:30 this depends on something that has an error
    failed is an error main_test.aur:3:6
      main_test.aur:4:3 this expectation has an error
      main_test.aur:5:3 this expectation has an error
      main_test.aur:6:3 this expectation has an error
      main_test.aur:7:3 this expectation has an error
      main_test.aur:8:3 this expectation has an error
      main_test.aur:9:3 this expectation has an error
      main_test.aur:10:3 this depends on something that has an error
      main_test.aur:11:3 this depends on something that has an error
    failed cannot be read main_test.aur:13:6
      main_test.aur:13:6 the test cannot be read as it is written
    ok is sound main_test.aur:14:6
    "#);
    let misplaced = aur_compiler::check(&Files::new(&[("lib/a.aur", test)]), "lib/a.aur", &given);
    assert_snapshot!(said(&misplaced).lines().nth(1).unwrap(), @"lib/a.aur:2:6 E0109 tests stand in files whose names end in `_test.aur` | move it to `a_test.aur`; what must always hold is a `check`");
}

#[test]
fn what_a_program_depends_on() {
    let main = r#"include "lib/base.aur"
include "lib/base.aur" as base
include "missing.aur"
input who: String = env("USER")
input count: Integer where 1..
input tag: String? 
x = [file("a.txt") for i in 0..3]
y = file_hash("b.txt")
"#;
    let base = "z = file(\"../a.txt\")\ninput who: String\n";
    let files = [
        ("main.aur", main),
        ("lib/base.aur", base),
        ("a.txt", "a"),
        ("b.txt", "b"),
    ];
    let given = Given {
        flags: vec![("count".into(), "3".into())],
        ..Given::default()
    };
    let answer = aur_compiler::deps(&Files::new(&files), "main.aur", &given);
    let mut out = said(&answer);
    let found = answer.value.as_ref().unwrap();
    for edge in &found.edges {
        writeln!(
            out,
            "{} {} -> {} {:?}",
            place(&answer, edge.span),
            edge.from,
            edge.to,
            edge.kind
        )
        .unwrap();
    }
    for input in &found.inputs {
        let (at, variable) = (place(&answer, input.span), input.variable.as_deref());
        writeln!(
            out,
            "{at} {}: {} {variable:?} {:?}",
            input.name, input.type_name, input.source
        )
        .unwrap();
    }
    assert_snapshot!(out, @r#"
    main.aur:3:9 E0501 there is no file `missing.aur`
    main.aur:4:7 W0201 `who` replaces a definition that was included | the last definition counts; rename one of them, or include the file `as` a name
    main.aur:1:9 main.aur -> lib/base.aur Include(None)
    main.aur:2:9 main.aur -> lib/base.aur Include(Some("base"))
    main.aur:3:9 main.aur -> missing.aur Include(None)
    main.aur:7:11 main.aur -> a.txt Content
    main.aur:8:15 main.aur -> b.txt Hash
    lib/base.aur:1:10 lib/base.aur -> a.txt Content
    main.aur:4:7 who: String Some("USER") None
    main.aur:5:7 count: Integer where 1.. None Some(Flag)
    main.aur:6:7 tag: String? None Some(Default)
    "#);
}

/// Leaves of a value and where they came from, one a line.
fn origins(text: &str, expr: &str) -> String {
    let files = Files::new(&[("main.aur", text)]);
    let given = Given {
        flags: vec![("who".into(), "me".into())],
        ..Given::default()
    };
    let answer = aur_compiler::eval_with_origins(&files, "main.aur", &given, expr);
    let mut out = said(&answer);
    let traced = answer.value.as_ref().unwrap();
    assert_eq!(
        Some(&traced.value),
        aur_compiler::eval(&files, "main.aur", &given, expr)
            .value
            .as_ref()
    );
    let shown = |via: &aur_compiler::Via| {
        let input = via
            .input
            .as_ref()
            .map_or(String::new(), |(name, source)| format!(" ({name} {source:?})"));
        place(&answer, via.span) + &input
    };
    for one in &traced.origins {
        write!(out, "{} = {}", one.pointer, one.value).unwrap();
        if let Some(place) = &one.place {
            write!(out, " {}", shown(place)).unwrap();
        }
        for via in &one.via {
            write!(out, " <- {}", shown(via)).unwrap();
        }
        if let Some(name) = &one.default_of {
            write!(out, " default of {name}").unwrap();
        }
        out.push('\n');
    }
    out
}

#[test]
fn where_leaves_come_from() {
    let text = r#"input who: String
input count: Integer = 3
struct Inner { a: Integer = 1, b: String = "{{x}}!" }
struct Outer { name: String, inner: Inner = Inner {}, list: List[Integer] = [], more: List[Inner] = [Inner { a = 2 }], m: Map[String, String] = {}, n: Integer? }
o = Outer { name = "{{x}} and {{inner.b}} for {{who}}", n = count, m = { "a/b": "{{who}}" } }.bind(x = "X")
p = o { inner.a = 5, name = "p" }
"#;
    assert_snapshot!(origins(text, "o"), @r#"
    /name = "X and X! for me" main.aur:5:20 <- main.aur:5:104 <- main.aur:3:44 <- main.aur:1:7 (who Some(Flag))
    /inner/a = 1 main.aur:3:29 default of Inner
    /inner/b = "X!" main.aur:3:44 <- main.aur:5:104 default of Inner
    /list = [] main.aur:4:77 default of Outer
    /more/0/a = 2 main.aur:4:114 default of Outer
    /more/0/b = "X!" main.aur:3:44 <- main.aur:5:104 default of Inner
    /m/a~1b = "me" main.aur:5:81 <- main.aur:1:7 (who Some(Flag))
    /n = 3 main.aur:5:61 (count Some(Default))
    "#);
    assert_snapshot!(origins(text, "p"), @r#"
    /name = "p" main.aur:6:29
    /inner/a = 5 main.aur:6:19
    /inner/b = "X!" main.aur:3:44 <- main.aur:5:104 default of Inner
    /list = [] main.aur:4:77 default of Outer
    /more/0/a = 2 main.aur:4:114 default of Outer
    /more/0/b = "X!" main.aur:3:44 <- main.aur:5:104 default of Inner
    /m/a~1b = "me" main.aur:5:81 <- main.aur:1:7 (who Some(Flag))
    /n = 3 main.aur:5:61 (count Some(Default))
    "#);
    assert_snapshot!(origins(text, "p.inner.a"), @" = 5 main.aur:6:19");
    assert_snapshot!(origins(text, "o.inner.b"), @r#" = "X!" main.aur:3:44 <- main.aur:5:104 default of Inner"#);
    assert_snapshot!(origins(text, "o.more[0].a"), @" = 2 main.aur:4:114 default of Outer");
    assert_snapshot!(origins(text, "{k: [o.name, 1 + count]}"), @r#"
    /k/0 = "X and X! for me" main.aur:5:20 <- main.aur:5:104 <- main.aur:3:44 <- main.aur:1:7 (who Some(Flag))
    /k/1 = 4 <expression>:1:14
    "#);
}

#[test]
fn jobs_that_are_not_known_in_full() {
    let text = r#"input env_name: String where matches(r"[a-z]+")
input count: Integer
input is_big: Boolean
step = Process { name = "step{{i}}", cmdline = "run {{env_name}} {{free}} {{aur.instance}}" }
small = Task { processes = [step, step { name = "last", max_failures = count }], constraints = order(step, "last"), resources = Resources { cpu = 1, ram = 64MB, disk = count * 1MB } }
template = Job { cluster = "c", role = "r", name = "n", task = small }
jobs = [
  template { environment = env_name, instances = count },
  template { environment = "e-{{env_name}}" },
  template { environment = "e", task = small if is_big else small { name = "other" } },
] + [template { environment = "x", name = "n{{i}}" }.bind(i = i) for i in 0..count]
"#;
    let shown = |text: &str, flags: &[(&str, &str)]| {
        let given = Given {
            flags: flags
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect(),
            ..Given::default()
        };
        let answer = aur_compiler::inspect(&Files::new(&[("main.aur", text)]), "main.aur", &given);
        let mut out = said(&answer);
        if let Some(outline) = &answer.value {
            for job in &outline.plan.jobs {
                writeln!(out, "{} x{}", job.key, job.instances).unwrap();
                for process in &job.task.processes {
                    writeln!(
                        out,
                        "  {}: {} (disk {})",
                        process.name,
                        process.command(),
                        job.task.resources.disk_bytes
                    )
                    .unwrap();
                }
                for edge in &job.task.order {
                    writeln!(out, "  {} -> {}", edge.before, edge.after).unwrap();
                }
            }
            for (pointer, open) in &outline.open {
                writeln!(out, "{pointer} = {open}").unwrap();
            }
            writeln!(
                out,
                "hidden {:?}, missing {:?}",
                outline.hidden, outline.missing_inputs
            )
            .unwrap();
        }
        out
    };
    assert_snapshot!(shown(text, &[]), @r#"hidden ["{{List[Job]}}"], missing ["env_name", "count", "is_big"]"#);
    assert_snapshot!(shown(&text.replace("] + [", "]\nrest = ["), &[]), @r#"
    c/r/{{env_name}}/n x0
      step{{i}}: run {{env_name}} {{free}} {{aur.instance}} (disk 0)
      last: run {{env_name}} {{free}} {{aur.instance}} (disk 0)
      step{{i}} -> last
    c/r/e-{{env_name}}/n x1
      step{{i}}: run {{env_name}} {{free}} {{aur.instance}} (disk 0)
      last: run {{env_name}} {{free}} {{aur.instance}} (disk 0)
      step{{i}} -> last
    /jobs/0/environment = {{env_name}}
    /jobs/0/instances = {{count}}
    /jobs/0/task/name = step{{i}}
    /jobs/0/task/processes/0/cmdline = run {{env_name}} {{free}} {{aur.instance}}
    /jobs/0/task/processes/0/name = step{{i}}
    /jobs/0/task/processes/1/cmdline = run {{env_name}} {{free}} {{aur.instance}}
    /jobs/0/task/processes/1/max_failures = {{count}}
    /jobs/0/task/resources/disk_bytes = {{count * 1MB}}
    /jobs/1/environment = e-{{env_name}}
    /jobs/1/task/name = step{{i}}
    /jobs/1/task/processes/0/cmdline = run {{env_name}} {{free}} {{aur.instance}}
    /jobs/1/task/processes/0/name = step{{i}}
    /jobs/1/task/processes/1/cmdline = run {{env_name}} {{free}} {{aur.instance}}
    /jobs/1/task/processes/1/max_failures = {{count}}
    /jobs/1/task/resources/disk_bytes = {{count * 1MB}}
    hidden ["{{small if is_big else small { name = \"other\" }}}"], missing ["env_name", "count", "is_big"]
    "#);
    assert_snapshot!(shown(&text.replace("cpu = 1", "cpu = x"), &[]), @"main.aur:5:147 E0201 `x` is not defined");
    assert_snapshot!(shown(text, &[("count", "1"), ("is_big", "true"), ("env_name", "prod")]), @"
    c/r/prod/n x1
      step{{i}}: run prod {{free}} {{aur.instance}} (disk 1048576)
      last: run prod {{free}} {{aur.instance}} (disk 1048576)
      step{{i}} -> last
    c/r/e-prod/n x1
      step{{i}}: run prod {{free}} {{aur.instance}} (disk 1048576)
      last: run prod {{free}} {{aur.instance}} (disk 1048576)
      step{{i}} -> last
    c/r/e/n x1
      step{{i}}: run prod {{free}} {{aur.instance}} (disk 1048576)
      last: run prod {{free}} {{aur.instance}} (disk 1048576)
      step{{i}} -> last
    c/r/x/n0 x1
      step0: run prod {{free}} {{aur.instance}} (disk 1048576)
      last: run prod {{free}} {{aur.instance}} (disk 1048576)
      step0 -> last
    c/r/x/n1 x1
      step1: run prod {{free}} {{aur.instance}} (disk 1048576)
      last: run prod {{free}} {{aur.instance}} (disk 1048576)
      step1 -> last
    /jobs/0/task/name = step{{i}}
    /jobs/0/task/processes/0/cmdline = run prod {{free}} {{aur.instance}}
    /jobs/0/task/processes/0/name = step{{i}}
    /jobs/0/task/processes/1/cmdline = run prod {{free}} {{aur.instance}}
    /jobs/1/task/name = step{{i}}
    /jobs/1/task/processes/0/cmdline = run prod {{free}} {{aur.instance}}
    /jobs/1/task/processes/0/name = step{{i}}
    /jobs/1/task/processes/1/cmdline = run prod {{free}} {{aur.instance}}
    /jobs/2/task/name = step{{i}}
    /jobs/2/task/processes/0/cmdline = run prod {{free}} {{aur.instance}}
    /jobs/2/task/processes/0/name = step{{i}}
    /jobs/2/task/processes/1/cmdline = run prod {{free}} {{aur.instance}}
    /jobs/3/task/processes/0/cmdline = run prod {{free}} {{aur.instance}}
    /jobs/3/task/processes/1/cmdline = run prod {{free}} {{aur.instance}}
    /jobs/4/task/processes/0/cmdline = run prod {{free}} {{aur.instance}}
    /jobs/4/task/processes/1/cmdline = run prod {{free}} {{aur.instance}}
    hidden [], missing []
    ");
}
