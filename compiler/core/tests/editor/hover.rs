//! What is said about a place, and the hints between the words.

use aur_compiler::Given;
use aur_compiler::editor::{hints, hover};

use crate::project::Project;

fn said(text: &str) -> String {
    let project = Project::new(text);
    let point = project.point();
    let Some(found) = hover(&project, &project.entry, &Given::default(), point) else {
        return "nothing".to_string();
    };
    let mut out = format!("[{}] {}\n", project.shown(&found.at), found.declaration);
    found.doc.iter().for_each(|doc| out += &format!("{doc}\n"));
    for (job, text) in &found.becomes {
        out += &format!("{job} => {text}\n");
    }
    if found.more > 0 {
        out += &format!("and {} more\n", found.more);
    }
    out
}

/// The text with the hints in it.
fn hinted(text: &str) -> String {
    let project = Project::new(text);
    let mut out = text.to_string();
    for hint in hints(&project, &project.entry, &Given::default(), 0, text.len() as u32)
        .iter()
        .rev()
    {
        out.insert_str(hint.at as usize, &format!("«{}»", hint.text));
    }
    out
}

const JOBS: &str = r#"
/// Who is greeted.
input who: String = "you"
greet = Process { name = "greet", cmdline = "echo {{greeting}} {{who}} from {{mesos.instance}}" }
task = Task { processes = [greet], resources = Resources { cpu = 1.0, ram = 2048MB, disk = 1GB } }
base = Job { name = "j", cluster = "c", role = "r", environment = "e", task = task }
jobs = [base.bind(greeting = "hello"), base { name = "k" }.bind(greeting = "hi")]
"#;

fn jobs(with_mark: (&str, &str)) -> String {
    JOBS.replacen(with_mark.0, with_mark.1, 1)
}

#[test]
fn declarations_with_their_documentation() {
    insta::assert_snapshot!(said(&jobs(("input who", "input wh<|>o"))), @r#"
    [main.aur:3:7 who] input who: String = "you"
    Who is greeted.
     => you
    "#);
    insta::assert_snapshot!(said(&jobs(("cmdline", "cmd<|>line"))), @"
    [main.aur:4:35 cmdline] Process.cmdline: String?
    Given to `bash -c`; needed unless `argv` is given.
    ");
    insta::assert_snapshot!(said(&jobs(("[greet]", "[gre<|>et]"))), @"[main.aur:5:28 greet] greet: Process");
    insta::assert_snapshot!(said("/// Sizes.\nenum Size { small, large }\na = Si<|>ze.small\n"), @"
    [main.aur:3:5 Size] enum Size { small, large }
    Sizes.
    ");
    insta::assert_snapshot!(said("enum Size {\n  /// Fits a drawer.\n  small, large }\na = Size.sm<|>all\n"), @"
    [main.aur:4:10 small] Size.small
    Fits a drawer.
    ");
    insta::assert_snapshot!(said("struct P {\n  /// The port.\n  port: Integer = 80\n}\na = P {}\nb = a.po<|>rt\n"), @"
    [main.aur:6:7 port] P.port: Integer = 80
    The port.
    ");
    insta::assert_snapshot!(said("a = 40 + 2\nb = a<|>\n"), @"
    [main.aur:2:5 a] a: Integer
     => 42
    ");
}

#[test]
fn texts_say_what_they_become_in_each_job() {
    insta::assert_snapshot!(said(&jobs(("{{greeting}}", "{{gree<|>ting}}"))), @"
    [main.aur:4:53 greeting] greeting
    c/r/e/j => hello
    c/r/e/k => hi
    ");
    insta::assert_snapshot!(said(&jobs(("echo", "ec<|>ho"))), @r#"
    [main.aur:4:45 "echo {{greeting}} {{who}} from {{mesos.instance}}"] 
    c/r/e/j => echo hello you from {{aur.instance}}
    c/r/e/k => echo hi you from {{aur.instance}}
    "#);
}

#[test]
fn quantities_in_larger_units() {
    insta::assert_snapshot!(said(&jobs(("2048MB", "20<|>48MB"))), @"
    [main.aur:5:77 2048MB] 
     => 2147483648 B = 2 GiB
    ");
    insta::assert_snapshot!(said("a = 90<|>m\n"), @"
    [main.aur:1:5 90m] 
     => 5400 s = 1.5 h
    ");
}

#[test]
fn nothing_is_said_about_nothing() {
    for text in ["<|>", "\n<|>\n", "a = 1<|>\n", "# <|>x\n", "x = [<|>\n"] {
        assert_eq!(said(text), "nothing", "{text}");
    }
}

#[test]
fn hints_tell_what_is_not_written() {
    insta::assert_snapshot!(hinted(JOBS), @r#"

    /// Who is greeted.
    input who: String = "you"
    greet = Process { name = "greet", cmdline = "echo {{greeting}} {{who}} from {{mesos.instance}}" }
    task = Task { processes = [greet], resources = Resources { cpu = 1.0, ram = 2048MB«= 2 GiB», disk = 1GB } }
    base = Job { name = "j", cluster = "c", role = "r", environment = "e", task = task }
    jobs = [base.bind(greeting = "hello"), base { name = "k" }.bind(greeting = "hi")]
    "#);
    insta::assert_snapshot!(hinted("a = 1\nb = a + 1\nc: Integer = a\nd = [a, b]\ne = 90m\nf = Process { name = \"x\", cmdline = \"y\" }\ng = f { name = \"z\" }\n"), @r#"
    a = 1
    b«: Integer» = a + 1
    c: Integer = a
    d«: List[Integer]» = [a, b]
    e = 90m«= 1.5 h»
    f = Process { name = "x", cmdline = "y" }
    g«: Process» = f { name = "z" }
    "#);
}
