//! What may be written at a mark. A line for each item: label, kind, type, `= default`, and what is special.

use aur_compiler::Given;
use aur_compiler::editor::{Completion, Completions, Point, completion, signature};
use insta::assert_snapshot;

use crate::project::Project;
use crate::robust::{Choices, texts};

fn complete(text: &str) -> (Project, Completions) {
    let project = Project::new(text);
    let found = completion(&project, &project.entry, &Given::default(), project.point());
    (project, found)
}

fn line(item: &Completion) -> String {
    let mut out = format!("{} ({:?})", item.label, item.kind);
    for (sign, text) in [(": ", &item.detail), (" = ", &item.default)] {
        if let Some(text) = text {
            out += sign;
            out += text;
        }
    }
    if item.is_required {
        out += " required";
    }
    if let Some(why) = &item.deprecated {
        out += &format!(" deprecated {why:?}");
    }
    out
}

/// The first items.
fn first(text: &str, most: usize) -> String {
    let (_, found) = complete(text);
    let lines = found.items.iter().take(most).map(line);
    lines.collect::<Vec<_>>().join("\n")
}

fn labels(text: &str) -> Vec<String> {
    let (_, found) = complete(text);
    found.items.into_iter().map(|item| item.label).collect()
}

/// What a program becomes where an item is taken; places to fill in get their words.
fn accepted(text: &str, label: &str) -> String {
    let (project, found) = complete(text);
    let item = found.items.iter().find(|item| item.label == label);
    let item = item.unwrap_or_else(|| panic!("`{label}` is not offered"));
    let entry = project.entry.clone();
    take(project.text(&entry), &found, item, Form::Filled)
}

#[derive(Clone, Copy)]
pub(crate) enum Form {
    Plain,
    Filled,
}

/// Puts an item in its place.
pub(crate) fn take(text: &str, found: &Completions, item: &Completion, form: Form) -> String {
    let insert = match (form, &item.snippet) {
        (Form::Filled, Some(snippet)) => filled(snippet),
        _ => item.insert.clone(),
    };
    let mut out = text.to_string();
    out.replace_range(found.start as usize..found.end as usize, &insert);
    for edit in item.edits.iter().rev() {
        assert!(edit.at <= found.start, "{edit:?}");
        out.insert_str(edit.at as usize, &edit.text);
    }
    out
}

/// A snippet with the words that stand in its places: of a choice the first.
fn filled(snippet: &str) -> String {
    let mut out = String::new();
    let mut letters = snippet.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => out.extend(letters.next()),
            '$' if letters.peek() == Some(&'{') => {
                let place: String = letters.by_ref().take_while(|letter| *letter != '}').collect();
                let place = place
                    .trim_start_matches('{')
                    .trim_start_matches(|c: char| c.is_ascii_digit());
                if let Some(words) = place.strip_prefix('|') {
                    out += words.trim_end_matches('|').split(',').next().unwrap_or("");
                } else {
                    out += place.strip_prefix(':').unwrap_or("");
                }
            }
            '$' => while letters.next_if(char::is_ascii_digit).is_some() {},
            letter => out.push(letter),
        }
    }
    out
}

/// Errors of names, fields and types: what must never follow from taking what was offered. That something
/// is still to be given (E0204) is no such error.
fn name_errors(project: &Project) -> Vec<String> {
    let answer = aur_compiler::check(project, &project.entry, &Given::default());
    let found = answer.diagnostics.iter();
    let found = found.filter(|own| own.code.id.starts_with("E02") && own.code.id != "E0204");
    found
        .map(|own| format!("{} {}", own.code.id, own.message))
        .collect()
}

/// Takes every item that is offered, in both forms, and looks for errors that were not there.
fn take_all(text: &str, faults: &mut Vec<String>) {
    let (mut project, found) = complete(text);
    let entry = project.entry.clone();
    let before = name_errors(&project);
    let original = project.text(&entry).to_string();
    assert!(!found.items.is_empty(), "nothing is offered in {text}");
    for item in &found.items {
        for form in [Form::Plain, Form::Filled] {
            let text = take(&original, &found, item, form);
            project.set(&entry, &text);
            let new: Vec<String> = name_errors(&project);
            let new: Vec<&String> = new.iter().filter(|own| !before.contains(own)).collect();
            if !new.is_empty() {
                faults.push(format!("{}: {new:?}", line(item)));
            }
        }
    }
}

const PROGRAM: &str = "
include \"lib/common.aur\" as common
input user: String = env(\"USER\")
input count: Integer = 3
enum Size { small, large }
type Port = Integer where 1..65535
struct Server {
  host: String
  port: Port = 80
  size: Size = Size.small
  tags: List[String] = []
  @deprecated(\"use host\")
  name: String?
}
web = Server { host = \"a\" }
fetch = Process { name = \"fetch\", cmdline = \"curl {{server.host}}\" }
serve = fetch { name = \"serve\" }
ports = { http: 80, https: 443 }
base = Task { processes = [fetch, serve], resources = Resources { cpu = 1, ram = 64MB, disk = 64MB } }
later = base { name = \"later\" }
%
jobs = [
  Job { cluster = \"c\", role = user, environment = \"prod\", task = base }.bind(server = web),
]
//- lib/common.aur
struct Extra { a: String }
quick = Process { name = \"quick\" }
limits = Resources { cpu = 1, ram = 64MB, disk = 64MB }
";

/// The program with a piece more.
fn with(piece: &str) -> String {
    let program = PROGRAM.replace('%', piece);
    format!("//- main.aur{program}")
}

#[test]
fn whatever_is_offered_is_defined() {
    let pieces = [
        "<|>",
        "x = <|>",
        "x: Size = <|>",
        "x: List[Process] = [<|>]",
        "fetch_2 = Process { <|> }",
        "fetch_2 = Process {\n  name = \"a\"\n  <|>\n}",
        "task = Task { processes = [<|>] }",
        "task = Task { processes = [fetch\n <|>] }",
        "task = Task { processes = [fetch, serve], constraints = order(<|>) }",
        "task = Task { processes = [fetch, serve], constraints = order(\"<|>\") }",
        "task = Task { processes = [fetch, serve], constraints = [fetch -> <|>] }",
        "task = base { resources.<|> }",
        "server = Server { <|> }",
        "server = Server { host = \"x\", size = <|> }",
        "server = web { port = <|> }",
        "x = web.<|>",
        "x = common.<|>",
        "x = Size.<|>",
        "x = ports.<|>",
        "x = common.quick { <|> }",
        "x = [p.<|> for p in base.processes]",
        "x = [<|> for p in base.processes]",
        "x = [p for p in <|>]",
        "x = 1 if <|> else 2",
        "x = 1 <|>",
        "struct New { a: <|> }",
        "struct New { a: List[<|>] }",
        "struct New { a: common.<|> }",
        "struct New {\n  a: Integer\n  <|>\n}",
        "struct New {\n  a: Integer\n  check <|>, \"x\"\n}",
        "input other: <|>",
        "input other: String = <|>",
        "type Other = <|>",
        "@<|>\nx = 1",
        "x = join(<|>)",
        "x = concat(<|>)",
        "x = concat(base, <|>)",
        "p = Process { name = \"p\", cmdline = \"{{<|>}}\" }",
        "p = Process { name = \"p\", cmdline = \"{{<|>\" }.bind(server = web)",
        "p = Process { name = \"p\", cmdline = \"{{server.<|>}}\" }.bind(server = web)",
        "p = Process { name = \"p\", cmdline = \"{{user | <|>}}\" }",
        "p = Process { min_duration = 5<|> }",
        "p = Process { timeout = <|> }",
        "p = Process { ready = <|> }",
        "p = Process { ready = HttpProbe { <|> } }",
        "p = Process { env = { \"A\": <|> } }",
        "check <|>, \"x\"",
        "include \"<|>\"",
        "x = file(\"lib/<|>\")",
    ];
    let mut faults = Vec::new();
    for piece in pieces {
        let known = faults.len();
        take_all(&with(piece), &mut faults);
        if faults.len() > known {
            faults.push(format!("in {piece}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn fields_of_a_struct_required_ones_first() {
    assert_snapshot!(first("p = Process {\n  name = \"x\"\n  <|>\n}", 6), @"
    cmdline (Field): String? required
    argv (Field): List[String]?
    max_failures (Field): Integer where 0.. = 1
    daemon (Field): Boolean = false
    ephemeral (Field): Boolean = false
    final (Field): Boolean = false
    ");
    assert_snapshot!(first("r = Resources { <|> }", 9), @"
    cpu (Field): Float where 0.001.. required
    ram (Field): Bytes where 1MB.. required
    disk (Field): Bytes where 1MB.. required
    all required fields (Snippet): cpu, ram, disk
    gpu (Field): Integer where 0.. = 0
    ");
}

#[test]
fn a_field_that_is_given_is_not_offered_again() {
    let found = labels("p = Process {\n  <|>\n  name = \"x\"\n  daemon = true\n}");
    assert!(
        !found.contains(&"name".to_string()) && !found.contains(&"daemon".to_string()),
        "{found:?}"
    );
    // The one that is being written is.
    assert!(labels("p = Process { na<|>me = \"x\" }").contains(&"name".to_string()));
    assert_eq!(
        accepted("p = Process { na<|> = \"x\" }", "name"),
        "p = Process { name = \"x\" }"
    );
}

#[test]
fn fields_are_written_with_what_their_type_looks_like() {
    let take = |label: &str| accepted("p = Process { <|> }", label);
    assert_snapshot!(take("cmdline"), @r#"p = Process { cmdline = "" }"#);
    assert_snapshot!(take("argv"), @"p = Process { argv = [] }");
    assert_snapshot!(take("daemon"), @"p = Process { daemon = true }");
    assert_snapshot!(take("backoff"), @"p = Process { backoff = Backoff {  } }");
    assert_snapshot!(take("on_lost"), @"p = Process { on_lost = OnLost.retry }");
    assert_snapshot!(take("all required fields"), @r#"p = Process { cmdline = "", name = "" }"#);
    assert_snapshot!(accepted("j = Job {\n  <|>\n}", "all required fields"), @r#"
    j = Job {
      role = ""
    cluster = ""
    environment = ""
    task = Task { processes = [] }
    }
    "#);
    assert_snapshot!(accepted("t = Task { resources.<|> }", "ram"), @"t = Task { resources.ram =  }");
}

#[test]
fn the_struct_may_stand_anywhere() {
    assert_snapshot!(first("t = Task {\n  processes = [\n    Process { name = \"a\" },\n    Process { na<|>\n  ]\n}\nnext = 1", 3), @"
    cmdline (Field): String? required
    name (Field): String required
    all required fields (Snippet): cmdline, name
    ");
    assert_snapshot!(first("struct S { a: Integer, b: String }\nl: List[S] = [{ a: 1, <|> }]", 3), @"b (Field): String required");
    assert_snapshot!(first("base = Resources { cpu = 2, ram = 1GB }\nr = base { <|> }", 4), @"
    disk (Field): Bytes where 1MB.. required
    cpu (Field): Float where 0.001.. = 2
    ram (Field): Bytes where 1MB.. = 1GB
    gpu (Field): Integer where 0.. = 0
    ");
    assert_snapshot!(first("t = concat(a, resources = Resources { <|>", 3), @"
    cpu (Field): Float where 0.001.. required
    ram (Field): Bytes where 1MB.. required
    disk (Field): Bytes where 1MB.. required
    ");
    assert_snapshot!(first("struct S { @deprecated(\"use b\")\n  a: Integer?\n  /// The other.\n  b: Integer? }\ns = S { <|> }", 3), @r#"
    b (Field): Integer?
    a (Field): Integer? deprecated "use b"
    "#);
}

#[test]
fn values_that_fit_come_first() {
    assert_snapshot!(first("a = Process { name = \"a\" }\nn = 1\nt = Task { processes = [<|>] }", 4), @"
    Process (Constructor): struct { cmdline, name }
    a (Value): Process
    n (Value): Integer = 1
    KB (Value): Bytes = 1KB
    ");
    assert_snapshot!(first("big = 4GB\nslow = 4s\nword = \"x\"\nr = Resources { ram = <|> }", 4), @"
    big (Value): Bytes = 4GB
    KB (Value): Bytes = 1KB
    MB (Value): Bytes = 1MB
    GB (Value): Bytes = 1GB
    ");
    assert_snapshot!(first("p = Process { on_lost = <|> }", 3), @"
    OnLost.retry (EnumMember): OnLost
    OnLost.fail (EnumMember): OnLost
    OnLost (Type): enum { retry, fail }
    ");
    assert_snapshot!(first("p = Process { daemon = <|> }", 2), @"
    true (Keyword): Boolean
    false (Keyword): Boolean
    ");
    assert_snapshot!(first("struct S { a: String where [\"x\", \"y\"] }\ns = S { a = <|> }", 3), @r#"
    "x" (Value): String
    "y" (Value): String
    file (Function): file(path) -> String
    "#);
    assert_snapshot!(first("p = Process { name = \"p\" }\nt = Task { processes = [p], constraints = <|> }", 3), @"
    [] (Snippet): List[Constraint]
    order (Function): order(process, ..) -> List[Constraint]
    Constraint (Constructor): struct { order }
    ");
    assert_snapshot!(first("t = Task { finalization_wait = 5<|> }", 3), @"
    ms (Unit): milliseconds
    s (Unit): seconds
    m (Unit): minutes
    ");
    assert_snapshot!(first("x = 1 <|>", 6), @"
    if (Keyword): only where a condition holds
    and (Keyword): both hold
    or (Keyword): one of both holds
    in (Keyword): is among these
    ");
}

#[test]
fn a_value_that_needs_the_name_is_no_value_for_it() {
    let found = labels("a = <|>\nb = a\nc = [b]\nd = 1");
    let own: Vec<&str> = found
        .iter()
        .map(String::as_str)
        .filter(|own| own.len() == 1)
        .collect();
    assert_eq!(own, ["d"]);
}

#[test]
fn an_element_on_a_new_line_gets_the_comma_that_is_missing() {
    let text = "a = Process { name = \"a\" }\nb = a\nt = Task { processes = [\n  a\n  <|>\n] }";
    assert_snapshot!(accepted(text, "b"), @r#"
    a = Process { name = "a" }
    b = a
    t = Task { processes = [
      a,
      b
    ] }
    "#);
}

#[test]
fn processes_of_the_task_around() {
    let text = "a = Process { name = \"a{{n}}\", cmdline = \"run a\" }.bind(n = 1)\n\
                b = Process { name = \"b\" }\nc = Process { name = \"c\" }\n\
                t = Task { constraints = order(\"<|>\"), processes = [a, b] }";
    assert_snapshot!(first(text, 9), @r#"
    a1 (Process): "run a"
    b (Process)
    "#);
    assert_snapshot!(first(&text.replace("\"<|>\"", "a, <|>"), 5), @r#"
    a (Value): Process
    b (Value): Process
    c (Value): Process
    "a1" (Process): "run a"
    "b" (Process)
    "#);
    assert_snapshot!(first("a = Process { name = \"a\" }\norders = [a -> \"<|>\"]", 9), @"a (Process)");
}

#[test]
fn members_with_their_values() {
    assert_snapshot!(first("p = Process { name = \"p\", max_failures = 3 }\nx = p.<|>", 4), @r#"
    name (Field): String = "p"
    max_failures (Field): Integer where 0.. = 3
    cmdline (Field): String?
    argv (Field): List[String]?
    "#);
    assert_snapshot!(first("ports = { http: 80, https: 443 }\nx = ports.<|>", 4), @"
    http (Value) = 80
    https (Value) = 443
    bind (Function): bind(name = value, ..)
    ");
    assert_snapshot!(first("x = OnLost.<|>", 4), @"
    retry (EnumMember): OnLost
    fail (EnumMember): OnLost
    ");
    assert_snapshot!(first("x = [p.<|> for p in [Process { name = \"a\" }]]", 2), @r#"
    name (Field): String = "a"
    cmdline (Field): String?
    "#);
    assert_snapshot!(first("//- main.aur\ninclude \"lib.aur\" as lib\nx = lib.<|>\n//- lib.aur\na = 1\nstruct S { b: Integer }\n", 9), @"
    a (Value): Integer = 1
    S (Constructor): struct { b }
    ");
}

#[test]
fn items_types_and_words() {
    assert_snapshot!(first("x = 1\n<|>", 99), @"
    jobs (Snippet): what can be run
    include (Keyword): take in another file
    struct (Keyword): declare a struct
    enum (Keyword): declare an enum
    type (Keyword): name a type
    input (Keyword): declare a value from outside
    check (Keyword): state what must hold
    process (Snippet): one program to be run
    task (Snippet): processes that share a sandbox
    job (Snippet): a task and who runs it where
    hooks (Snippet): programs that are asked first
    ");
    assert_snapshot!(first("struct S { a: <|> }\nenum Size { one, two }", 5), @"
    S (Type): struct
    Size (Type): enum { one, two }
    String (Type)
    Integer (Type)
    Float (Type)
    ");
    assert_snapshot!(first("struct S { a: Integer <|> }", 5), @"where (Keyword): what values must be like");
    assert_snapshot!(first("@<|>\nx = 1", 5), @"deprecated (Keyword): asks not to use it any more");
    assert_snapshot!(first("x = [1 <|>", 5), @"
    if (Keyword): only where a condition holds
    for (Keyword): one element for each of a list
    and (Keyword): both hold
    or (Keyword): one of both holds
    in (Keyword): is among these
    ");
    assert_snapshot!(first("include \"a.aur\" <|>", 5), @"as (Keyword): keep its names behind one");
    assert_snapshot!(first("//- main_test.aur\n<|>", 2), @"
    jobs (Snippet): what can be run
    test (Keyword): test this program
    ");
    assert_snapshot!(first("struct S {\n  a: Integer\n  <|>\n}", 2), @"check (Keyword): a rule of the struct");
    assert_snapshot!(first("x = 1 # a <|>", 5), @"");
    assert_snapshot!(first("x = \"a <|>\"", 5), @"");
}

#[test]
fn names_of_a_mustache_as_the_jobs_see_them() {
    let text = "input user: String = \"me\"\n\
                p = Process { name = \"p\", cmdline = \"run {{<|>\" }\n\
                t = Task { processes = [p], resources = Resources { cpu = 1, ram = 1GB, disk = 1GB } }\n\
                one = Job { cluster = \"a\", role = \"r\", environment = \"prod\", task = t }\n\
                jobs = [one.bind(profile = Server { host = \"x\" }), one { cluster = \"b\" }]\n\
                struct Server { host: String, port: Integer = 80 }\n";
    assert_snapshot!(first(text, 17), @"
    profile (Binding): bound
    name (Field): field of Process = p
    role (Field): field of Job = r
    cluster (Field): field of Job = a in a/r/prod/p; b in b/r/prod/p
    environment (Field): field of Job = prod
    user (Input): input = me
    aur.hostname (RuntimeName): the name of the machine
    aur.instance (RuntimeName): the number of the instance, from 0
    aur.ports[name] (RuntimeName): the number of a port, which is thereby requested
    aur.sandbox (RuntimeName): the path of the sandbox
    aur.task_id (RuntimeName): the id of the task
    aur.user (RuntimeName): the account that the processes run as
    max_failures (Field): field of Process = 1
    daemon (Field): field of Process = false
    ephemeral (Field): field of Process = false
    final (Field): field of Process = false
    min_duration (Field): field of Process = 5
    ");
    assert_snapshot!(first(&text.replace("{{<|>", "{{profile.<|>}}"), 9), @"
    host (Field): String = x
    port (Field): Integer = 80
    ");
    assert_snapshot!(accepted(text, "profile").lines().nth(1).unwrap_or(""), @r#"p = Process { name = "p", cmdline = "run {{profile}}" }"#);
    assert_snapshot!(first("p = Process { cmdline = \"{{aur.<|>}}\" }", 9), @"
    hostname (RuntimeName): the name of the machine
    instance (RuntimeName): the number of the instance, from 0
    ports[name] (RuntimeName): the number of a port, which is thereby requested
    sandbox (RuntimeName): the path of the sandbox
    task_id (RuntimeName): the id of the task
    user (RuntimeName): the account that the processes run as
    ");
    assert_snapshot!(first("p = Process { cmdline = \"{{#a}}{{#b}}{{/b}}{{/<|>}}\" }", 9), @"a (Keyword)");
    assert_snapshot!(first("p = Process { cmdline = \"{{x | <|>\" }", 2), @"
    basename (Filter): what stands behind the last `/`
    json (Filter): as JSON
    ");
    assert_snapshot!(first("p = Process { cmdline = r\"{{<|>\" }", 2), @"");
}

/// The job with a mustache in its command, bound to much.
fn inside(mustache: &str) -> String {
    format!(
        "struct Server {{\n  /// Its name.\n  host: String\n  port: Integer = 80\n}}\n\
         struct Site {{ server: Server, settings: Map[String, String], ports: List[Integer] }}\n\
         p = Process {{ name = \"p\", cmdline = \"run {mustache}\" }}\n\
         t = Task {{ processes = [p], resources = Resources {{ cpu = 1, ram = 1GB, disk = 1GB }} }}\n\
         one = Job {{ cluster = \"a\", role = \"r\", environment = \"prod\", task = t }}\n\
         site = Site {{ server = Server {{ host = \"{{{{cluster}}}}.example\" }}, \
         settings = {{\"level\": \"{{{{cluster}}}}\", \"a-b\": \"c\"}}, ports = [80, 443] }}\n\
         bound = one.bind(site = site, loose = {{x: 1, y: \"two\"}})\n\
         jobs = [bound, bound {{ cluster = \"b\" }}]\n"
    )
}

#[test]
fn what_stands_inside_of_a_mustache_name() {
    assert_snapshot!(first(&inside("{{site.<|>}}"), 9), @"
    server (Field): Server
    settings (Field): Map[String, String]
    ports (Field): List[Integer]
    ");
    assert_snapshot!(first(&inside("{{site.server.<|>"), 9), @"
    host (Field): String = a.example in a/r/prod/p; b.example in b/r/prod/p
    port (Field): Integer = 80
    ");
    assert_snapshot!(first(&inside("{{site.settings.<|>}}"), 9), @"
    [level] (Value): String = a in a/r/prod/p; b in b/r/prod/p
    [a-b] (Value): String = c
    ");
    assert_snapshot!(accepted(&inside("{{site.settings.le<|>}}"), "[level]").lines().nth(6).unwrap_or(""), @r#"p = Process { name = "p", cmdline = "run {{site.settings[level]}}" }"#);
    assert_snapshot!(first(&inside("{{site.settings[<|>]}}"), 1), @"level (Value): String = a in a/r/prod/p; b in b/r/prod/p");
    assert_snapshot!(accepted(&inside("{{site.settings[<|>"), "level").lines().nth(6).unwrap_or(""), @r#"p = Process { name = "p", cmdline = "run {{site.settings[level]}}" }"#);
    assert_snapshot!(first(&inside("{{site.ports[<|>"), 9), @"
    0 (Value): Integer = 80
    1 (Value): Integer = 443
    ");
    assert_snapshot!(first(&inside("{{loose.<|>}}"), 9), @"
    x (Value): Integer = 1
    y (Value): String = two
    ");
    assert_snapshot!(first(&inside("{{self.<|>}}"), 3), @"
    name (Field): String = p
    max_failures (Field): Integer where 0.. = 1
    daemon (Field): Boolean = false
    ");
    assert_snapshot!(first(&inside("{{super.<|>}}"), 3), @"
    processes (Field): List[Process]
    resources (Field): Resources?
    name (Field): String = p
    ");
    assert_snapshot!(first(&inside("{{super.resources.<|>}}"), 9), @"
    cpu (Field): Float where 0.001.. = 1.0
    ram (Field): Bytes where 1MB.. = 1073741824
    disk (Field): Bytes where 1MB.. = 1073741824
    gpu (Field): Integer where 0.. = 0
    ");
    assert_snapshot!(first(&inside("{{nothing.<|>}}"), 9), @"");
}

#[test]
fn a_library_sees_the_jobs_of_the_program_that_includes_it() {
    let library = "//- lib.aur\np = Process { name = \"p\", cmdline = \"run {{<|>}}\" }\nq = p { name = \"q\" }\nz = p\n";
    let job = "task = Task { processes = [%], resources = Resources { cpu = 1, ram = 1GB, disk = 1GB } }\n\
               one = Job { cluster = \"a\", role = \"r\", environment = \"prod\", task = task }\n\
               jobs = [one.bind(level = 1), one { cluster = \"b\" }.bind(level = 2)]\n";
    let seen = |library: &str, main: &str| {
        let project = Project::new(&format!("{library}//- main.aur\n{main}"));
        let found = completion(&project, "main.aur", &Given::default(), project.point());
        let lines = found.items.iter().take(3).map(line).collect::<Vec<_>>();
        format!("{}\nmisses jobs: {}", lines.join("\n"), found.misses_jobs)
    };
    let flat = format!("include \"lib.aur\"\n{}", job.replace('%', "q"));
    assert_snapshot!(seen(library, &flat), @"
    level (Binding): bound = 1 in a/r/prod/q; 2 in b/r/prod/q
    name (Field): field of Process = q
    role (Field): field of Job = r
    misses jobs: false
    ");
    let space = format!("include \"lib.aur\" as lib\n{}", job.replace('%', "lib.q"));
    assert_eq!(seen(library, &space), seen(library, &flat));
    assert_snapshot!(seen(&library.replace("{{<|>}}", "{{self.<|>}}"), &flat), @"
    name (Field): String = q
    max_failures (Field): Integer where 0.. = 1
    daemon (Field): Boolean = false
    misses jobs: false
    ");
    assert_snapshot!(seen(library, "include \"lib.aur\"\n"), @"
    name (Field): field of Process = p
    aur.hostname (RuntimeName): the name of the machine
    aur.instance (RuntimeName): the number of the instance, from 0
    misses jobs: true
    ");
    assert_snapshot!(seen("//- lib.aur\nx = <|>\n", &flat), @"

    misses jobs: false
    ");
}

#[test]
fn members_of_an_enum_bring_their_documentation() {
    let text = "enum Size {\n  /// Fits a drawer.\n  small\n  large\n}\nstruct Box { size: Size }\n";
    let docs = |rest: &str| {
        let (_, found) = complete(&format!("{text}{rest}"));
        let docs = found
            .items
            .iter()
            .take(2)
            .map(|item| format!("{}: {:?}", item.label, item.doc));
        docs.collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(docs("x = Size.<|>"), @r#"
    small: Some("Fits a drawer.")
    large: None
    "#);
    assert_snapshot!(docs("x = Box { size = <|> }"), @r#"
    Size.small: Some("Fits a drawer.")
    Size.large: None
    "#);
}

#[test]
fn paths() {
    let files = "//- lib/common.aur\na = 1\n//- lib/run.sh\necho\n//- other.aur\n//- .hidden.aur\n";
    assert_snapshot!(first(&format!("//- main.aur\ninclude \"<|>\n{files}"), 9), @"
    other.aur (File)
    lib (Folder)
    ");
    assert_snapshot!(first(&format!("//- main.aur\ninclude \"lib/co<|>\"\n{files}"), 9), @"common.aur (File)");
    assert_snapshot!(first(&format!("//- main.aur\nx = file(\"lib/<|>\")\n{files}"), 9), @"
    common.aur (File)
    run.sh (File)
    ");
    assert_snapshot!(first(&format!("//- lib/main.aur\ninclude \"../<|>\"\n{files}"), 9), @"
    other.aur (File)
    lib (Folder)
    ");
    assert_snapshot!(first(&format!("//- main.aur\ninclude \"../<|>\"\n{files}"), 9), @"");
}

#[test]
fn every_place_of_every_prefix() {
    let mut choices = Choices(11);
    for text in texts() {
        let share = 1 + text.len() / 120;
        let places = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        for at in places.collect::<Vec<_>>() {
            if choices.below(share) > 0 {
                continue;
            }
            // Half typed, and in the middle of the whole.
            for (text, at) in [(&text[..at], at), (text.as_str(), at)] {
                judge(text, at as u32);
            }
            let cut = choices.below(at + 1);
            if text.is_char_boundary(cut) {
                judge(&text[..at], cut as u32);
            }
        }
    }
}

/// Asks, and looks whether the answer belongs to the text.
fn judge(text: &str, at: u32) {
    let mut project = Project::new("");
    project.set("main.aur", text);
    let path = "main.aur";
    let found = completion(&project, path, &Given::default(), Point { path, offset: at });
    assert!(found.start <= found.end && found.end == at, "{found:?}\n{text}");
    assert!(text.is_char_boundary(found.start as usize), "{found:?}\n{text}");
    for item in &found.items {
        let places: Vec<u32> = item.edits.iter().map(|edit| edit.at).collect();
        assert!(
            places.iter().all(|place| *place <= found.start),
            "{item:?}\n{text}"
        );
        take(text, &found, item, Form::Filled);
    }
    if let Some(own) = signature(&project, "main.aur", &Given::default(), at) {
        let is_there = |part: &aur_compiler::editor::Parameter| {
            own.label.get(part.start as usize..part.end as usize).is_some()
        };
        assert!(own.parameters.iter().all(is_there), "{own:?}");
        assert!(
            own.active.is_none_or(|at| (at as usize) < own.parameters.len()),
            "{own:?}"
        );
    }
}

#[test]
fn brackets_without_end() {
    for text in [
        "[[{(",
        "x = Process {",
        "a.b.c.",
        "x = [for",
        "x = {{{",
        "x = \"{{{{",
        "\"\"\"{{",
        "@",
        "struct S { a:",
        "\u{feff}",
    ] {
        let text = text.repeat(50);
        for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
            if at % 7 == 0 || at == text.len() {
                judge(&text, at as u32);
            }
        }
    }
}
