//! Definitions and uses.

use std::collections::BTreeMap;

use aur_compiler::Given;
use aur_compiler::editor::{definition, names, type_definition};

use crate::project::Project;

/// Where what stands at the mark is defined, then where its values are written.
fn defined(text: &str) -> String {
    let project = Project::new(text);
    let point = project.point();
    let Some(found) = definition(&project, &project.entry, &Given::default(), point) else {
        return "nothing".to_string();
    };
    let mut out = format!("{}\n", project.shown(&found.at));
    found
        .names
        .iter()
        .for_each(|place| out += &format!("-> {}\n", project.shown(place)));
    found
        .values
        .iter()
        .for_each(|place| out += &format!("=  {}\n", project.shown(place)));
    out
}

fn type_of(text: &str) -> String {
    let project = Project::new(text);
    let point = project.point();
    let found = type_definition(&project, &project.entry, &Given::default(), point);
    found.iter().map(|place| project.shown(place) + "\n").collect()
}

/// Each definition of the project with its uses.
fn all(text: &str) -> String {
    let project = Project::new(text);
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in names(&project, &project.entry, &Given::default()) {
        if &*name.of.path != "<prelude>" {
            found
                .entry(project.shown(&name.of))
                .or_default()
                .push(project.shown(&name.at));
        }
    }
    found
        .into_iter()
        .map(|(of, mut at)| {
            at.sort();
            format!("{of}: {}\n", at.join(", "))
        })
        .collect()
}

const JOBS: &str = r#"
struct Profile {
  name: String
  port: Integer = 80
}
input who: String = "me"
serve = Process { name = "serve", cmdline = "run {{profile.name}} {{tag}} {{who}}" }
task = Task { processes = [serve], resources = Resources { cpu = 1.0, ram = 1MB, disk = 1MB } }
one = Profile { name = "one" }
base = Job { name = "j", cluster = "c", role = "r", environment = "e", task = task }
jobs = [
  base.bind(profile = one, tag = "a"),
  base { name = "k" }.bind(profile = one { name = "two" }, tag = "b"),
]
"#;

fn jobs(with_mark: (&str, &str)) -> String {
    JOBS.replacen(with_mark.0, with_mark.1, 1)
}

#[test]
fn names_lead_to_what_defines_them() {
    insta::assert_snapshot!(defined(&jobs(("[serve]", "[se<|>rve]"))), @"
    main.aur:8:28 serve
    -> main.aur:7:1 serve
    ");
    insta::assert_snapshot!(defined(&jobs(("Profile { name = \"one\"", "Prof<|>ile { name = \"one\""))), @"
    main.aur:9:7 Profile
    -> main.aur:2:8 Profile
    ");
    insta::assert_snapshot!(defined(&jobs(("{ name = \"one\"", "{ na<|>me = \"one\""))), @"
    main.aur:9:17 name
    -> main.aur:3:3 name
    ");
    insta::assert_snapshot!(defined(&jobs(("cmdline", "cmd<|>line"))), @"
    main.aur:7:35 cmdline
    -> <prelude> cmdline
    ");
    insta::assert_snapshot!(defined(&jobs(("Integer = 80", "Int<|>eger = 80"))), @"nothing");
}

#[test]
fn mustaches_lead_to_what_each_job_binds() {
    insta::assert_snapshot!(defined(&jobs(("{{tag}}", "{{t<|>ag}}"))), @r#"
    main.aur:7:69 tag
    -> main.aur:12:28 tag
    -> main.aur:13:60 tag
    =  main.aur:12:34 "a"
    =  main.aur:13:66 "b"
    "#);
    insta::assert_snapshot!(defined(&jobs(("{{profile.name}}", "{{prof<|>ile.name}}"))), @r#"
    main.aur:7:52 profile
    -> main.aur:12:13 profile
    -> main.aur:13:28 profile
    =  main.aur:9:24 "one"
    =  main.aur:13:51 "two"
    "#);
    insta::assert_snapshot!(defined(&jobs(("{{profile.name}}", "{{profile.na<|>me}}"))), @r#"
    main.aur:7:60 name
    -> main.aur:3:3 name
    =  main.aur:9:24 "one"
    =  main.aur:13:51 "two"
    "#);
    insta::assert_snapshot!(defined(&jobs(("{{who}}", "{{w<|>ho}}"))), @r#"
    main.aur:7:77 who
    -> main.aur:6:7 who
    =  main.aur:6:21 "me"
    "#);
}

#[test]
fn loops_enums_and_namespaces_have_names_too() {
    insta::assert_snapshot!(defined("ports = [p + 1 for p<|> in [1, 2]]\n"), @"
    main.aur:1:20 p
    -> main.aur:1:20 p
    ");
    insta::assert_snapshot!(defined("ports = [p<|> + 1 for p in [1, 2]]\n"), @"
    main.aur:1:10 p
    -> main.aur:1:20 p
    ");
    insta::assert_snapshot!(defined("enum Size { small, large }\na: Size = Size.la<|>rge\n"), @"
    main.aur:2:16 large
    -> main.aur:1:20 large
    ");
    insta::assert_snapshot!(defined("//- main.aur\ninclude \"lib.aur\" as lib\na = lib.ba<|>se\n//- lib.aur\nbase = 1\n"), @"
    main.aur:2:9 base
    -> lib.aur:1:1 base
    ");
    insta::assert_snapshot!(defined("//- main.aur\ninclude \"lib.aur\"\na: Po<|>rt = 1\n//- lib.aur\ntype Port = Integer\n"), @"
    main.aur:2:4 Port
    -> lib.aur:1:6 Port
    ");
}

#[test]
fn what_has_no_name_leads_nowhere() {
    for text in [
        "<|>",
        "a = 1<|>2\n",
        "a = \"x<|>\"\n",
        "# com<|>ment\n",
        "a = nobo<|>dy\n",
    ] {
        let found = defined(text);
        assert!(
            found == "nothing" || text.starts_with("a = nobo"),
            "{text}: {found}"
        );
    }
}

#[test]
fn half_typed_programs_still_lead_somewhere() {
    insta::assert_snapshot!(defined("one = 1\ntwo = [on<|>e,\nthree = {\n"), @"
    main.aur:2:8 one
    -> main.aur:1:1 one
    ");
    insta::assert_snapshot!(defined("p = Process { name = \"a\", cmdline = \"b\" }\nt = Task { processes = [p<|>], resources =\n"), @"
    main.aur:2:25 p
    -> main.aur:1:1 p
    ");
}

#[test]
fn types_of_values_fields_and_inputs() {
    insta::assert_snapshot!(type_of(&jobs(("one = Profile", "on<|>e = Profile"))), @"main.aur:2:8 Profile");
    insta::assert_snapshot!(type_of(&jobs(("resources =", "resou<|>rces ="))), @"<prelude> Resources");
    insta::assert_snapshot!(type_of("enum Size { small }\ninput si<|>ze: Size = \"small\"\n"), @"main.aur:1:6 Size");
}

#[test]
fn every_use_is_known() {
    insta::assert_snapshot!(all(JOBS), @"
    main.aur:10:1 base: main.aur:10:1 base, main.aur:12:3 base, main.aur:13:3 base
    main.aur:11:1 jobs: main.aur:11:1 jobs
    main.aur:12:13 profile: main.aur:12:13 profile, main.aur:7:52 profile
    main.aur:12:28 tag: main.aur:12:28 tag, main.aur:7:69 tag
    main.aur:13:28 profile: main.aur:13:28 profile, main.aur:7:52 profile
    main.aur:13:60 tag: main.aur:13:60 tag, main.aur:7:69 tag
    main.aur:2:8 Profile: main.aur:2:8 Profile, main.aur:9:7 Profile
    main.aur:3:3 name: main.aur:13:44 name, main.aur:3:3 name, main.aur:7:60 name, main.aur:9:17 name
    main.aur:4:3 port: main.aur:4:3 port
    main.aur:6:7 who: main.aur:6:7 who, main.aur:7:77 who
    main.aur:7:1 serve: main.aur:7:1 serve, main.aur:8:28 serve
    main.aur:8:1 task: main.aur:10:79 task, main.aur:8:1 task
    main.aur:9:1 one: main.aur:12:23 one, main.aur:13:38 one, main.aur:9:1 one
    ");
}
