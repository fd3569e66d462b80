//! Programs in, warnings out; each fix is tried.

use aur_compiler::{Given, ReadError, Sources, check};
use aur_diagnostics::Applicability;

struct One(String);

impl Sources for One {
    fn read(&self, _path: &str) -> Result<Vec<u8>, ReadError> {
        Ok(self.0.clone().into_bytes())
    }

    fn env(&self, _name: &str) -> Option<String> {
        Some("me".into())
    }
}

/// `line:col [what is marked] code message`, then further places, help, and what a fix makes of the line.
fn warnings(text: &str) -> String {
    let answer = check(&One(text.into()), "main.aur", &Given::default());
    let mut out = String::new();
    let marked = |span| answer.sources.text(span).replace('\n', "~");
    for diagnostic in &answer.diagnostics {
        for (index, label) in diagnostic.labels.iter().enumerate() {
            let (_, start, _) = answer.sources.locate(label.span).expect("a place");
            let place = format!("{}:{} [{}]", start.line, start.column, marked(label.span));
            out += &match index {
                0 => format!("{place} {} {}", diagnostic.code.id, diagnostic.message),
                _ => format!("\n  + {place} {}", label.text),
            };
        }
        for help in &diagnostic.help {
            out += &format!("\n  = {help}");
        }
        for fix in &diagnostic.fixes {
            let mut fixed = text.to_string();
            for edit in fix.edits.iter().rev() {
                fixed.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.text);
            }
            let again = check(&One(fixed.clone()), "main.aur", &Given::default());
            let is_gone = again.diagnostics.len() < answer.diagnostics.len();
            let line = fixed
                .lines()
                .zip(text.lines())
                .find(|(new, old)| new != old)
                .map(|(new, _)| new.trim());
            out += &format!(
                "\n  {:?}: {}{}",
                fix.applicability,
                line.unwrap_or(""),
                if is_gone { "" } else { " (STAYS)" }
            );
            assert!(is_gone || fix.applicability != Applicability::Safe, "{out}");
        }
        out.push('\n');
    }
    out
}

/// A program with one job whose task runs the process.
fn job(head: &str, process: &str) -> String {
    format!(
        "{head}\njobs = [Job {{ name = \"j\", cluster = \"c\", role = \"r\", environment = \"e\", task = Task {{\n\
         processes = [{process}]\nresources = Resources {{ cpu = 1, ram = 64MB, disk = 64MB }} }} }}]\n"
    )
}

fn command(head: &str, cmdline: &str) -> String {
    warnings(&job(
        head,
        &format!("Process {{ name = \"p\", cmdline =\n{cmdline} }}"),
    ))
}

#[test]
fn places_of_shell_faults() {
    let table = [
        r#""echo \"a\" | | wc""#,
        r#""echo \"{{aur.instance}}\" | | wc""#,
        "\"\"\"\n      if true; then\n        echo é | | wc\n      fi\n      \"\"\"",
        "\"echo a \" # a comment\n  'and | | ' r\"wc\"",
        r##"r#"echo "a" | | "#"##,
        "\"a\\n\\u{e9}\\t| | b\"",
        r#""echo {{&x}} | | b""#,
        "\"if true; echo a; fi\"",
        "\"\"\"\r\n  a\r\n  | | b\r\n  \"\"\"",
    ];
    let said: String = table.iter().map(|cmdline| command("", cmdline)).collect();
    insta::assert_snapshot!(said, @"
    4:15 [|] W0403 bash cannot read this command: `|` cannot stand here
      = a command is missing before it
    4:30 [|] W0403 bash cannot read this command: `|` cannot stand here
      = a command is missing before it
    6:18 [|] W0403 bash cannot read this command: `|` cannot stand here
      = a command is missing before it
    5:10 [|] W0403 bash cannot read this command: `|` cannot stand here
      = a command is missing before it
    4:15 [|] W0403 bash cannot read this command: `|` cannot stand here
      = a command is missing before it
    4:15 [|] W0403 bash cannot read this command: `|` cannot stand here
      = a command is missing before it
    4:16 [|] W0403 bash cannot read this command: `|` cannot stand here
      = a command is missing before it
    4:19 [fi] W0403 bash cannot read this command: `fi` cannot stand here
      + 4:2 [if] `if` is open, it needs `then`
    6:3 [|] W0403 bash cannot read this command: `|` cannot stand here
      = a command is missing before it
    ");
}

#[test]
fn commands_that_are_put_together() {
    let head = "input who: String = env(\"USER\")\ninput any: String where matches(r\"\\S+\") = \"a\"\ninput tag: String where matches(r\"[a-z]+\") = \"a\"\nls = \"ls |\"";
    let table = [
        r#""echo " + who"#,
        r#""echo '" + who + "' " + tag + any"#,
        r#"ls + " wc""#,
        r#""echo " + "a |""#,
        r#""if true; " + "fi""#,
        r#"who + "x""#,
        r#""echo " + "{{who}}".bind(who = who)"#,
        r#""echo {{a}}".bind(a = "x" + who)"#,
        r#""echo {{a}} {{any}} {{tag}}".bind(a = join(["x", who], ","))"#,
        r#""echo {{a}}".bind(a = any + "x" + tag)"#,
    ];
    let said: String = table
        .iter()
        .map(|cmdline| command(head, cmdline) + "--\n")
        .collect();
    insta::assert_snapshot!(said, @r#"
    7:11 [who] W0402 `who` comes from outside, and bash reads it as part of the command
      + 1:7 [who] the input
      = write one text and bind the name; `{{who | sh}}` makes it one word, whatever it holds
    --
    7:12 [who] W0402 `who` comes from outside, and bash reads it as part of the command
      + 1:7 [who] the input
      = write one text and bind the name; end the quotes before it and go on behind it: `'..'{{who | sh}}'..'`
    7:31 [any] W0402 `any` comes from outside, and bash reads it as part of the command
      + 2:7 [any] the input
      = write one text and bind the name; `{{any | sh}}` makes it one word, whatever it holds
    --
    --
    7:11 ["a |"] W0403 bash cannot read this command: the command ends behind `|`
    --
    7:15 ["fi"] W0403 bash cannot read this command: `fi` cannot stand here
      + 7:1 ["if true; "] `if` is open, it needs `then`
    --
    7:1 [who] W0402 `who` comes from outside, and bash reads it as part of the command
      + 1:7 [who] the input
      = write one text and bind the name; `{{who | sh}}` makes it one word, whatever it holds
    --
    7:11 ["{{who}}".bind(who = who)] W0402 this text comes from outside, and bash reads it as part of the command
      + 1:7 [who] the input
      = write one text and bind the name; `{{value | sh}}` makes it one word, whatever it holds
    --
    7:7 [{{a}}] W0402 `a` comes from outside, and bash reads it as part of the command
      + 1:7 [who] the input
      = `{{a | sh}}` makes it one word, whatever it holds
      Safe: "echo {{a | sh}}".bind(a = "x" + who) }]
    --
    7:7 [{{a}}] W0402 `a` comes from outside, and bash reads it as part of the command
      + 1:7 [who] the input
      = `{{a | sh}}` makes it one word, whatever it holds
      Safe: "echo {{a | sh}} {{any}} {{tag}}".bind(a = join(["x", who], ",")) }]
    7:13 [{{any}}] W0402 `any` comes from outside, and bash reads it as part of the command
      + 2:7 [any] the input
      = `{{any | sh}}` makes it one word, whatever it holds
      Safe: "echo {{a}} {{any | sh}} {{tag}}".bind(a = join(["x", who], ",")) }]
    --
    7:7 [{{a}}] W0402 `a` comes from outside, and bash reads it as part of the command
      + 2:7 [any] the input
      = `{{a | sh}}` makes it one word, whatever it holds
      Safe: "echo {{a | sh}}".bind(a = any + "x" + tag) }]
    --
    "#);
}

#[test]
fn commands_are_looked_at_once_and_everywhere() {
    let text = "\
base = Process { name = \"a{{i}}\", cmdline = \"ls |\" }
SimpleTask { name = \"x\" }
simple = SimpleTask { name = \"s\", command = \"fi\" }
other = base { cmdline = \"ok\" }
many = Task { processes = [base.bind(i = i) for i in 1..50] }
struct Mine { cmdline: String = \"ls |\" }
";
    insta::assert_snapshot!(warnings(&text.replace("SimpleTask { name = \"x\" }\n", "")), @"
    1:49 [|] W0403 bash cannot read this command: the command ends behind `|`
    2:46 [fi] W0403 bash cannot read this command: `fi` cannot stand here
      = nothing is open that it could end
    ");
}

#[test]
fn raw_splices() {
    let head = "input who: String = env(\"USER\")\ninput n: Integer = 1\ninput tag: String where matches(r\"[a-z]+\") = \"a\"\ninput all: List[String] = [\"a\"]\ninput none: String";
    let table = [
        r#""echo {{who}} {{n}} {{tag}} {{none}}""#,
        r#""echo --name={{ who }} {{who | sh}} {{who | lower}}""#,
        r#""echo '{{who}}' \"{{who}}\" $'{{who}}' \"{{who | sh}}\"""#,
        r#""cat <<A\n{{who}}\nA\ncat <<'A'\n{{who}}\nA\necho $(( {{who}} )) ${x:-{{who}}} # {{who}}""#,
        r#""echo {{#all}}{{.}} {{/all}}{{^who}}x{{/who}}""#,
        r#""{{who}}".bind(who = who)"#,
        r#""{{who}} x && {{who}} {{me}}".bind(me = who)"#,
        r#""{{a}} {{b}} {{c | sh}}".bind(a = "x-{{who}}", b = "echo {{who}}", c = "{{who}}")"#,
        r#""{{a}} {{b}} {{c}}".bind(a = who + "!", b = "x", c = join(all, " "))"#,
        "who",
    ];
    let said: String = table
        .iter()
        .map(|cmdline| command(head, cmdline) + "--\n")
        .collect();
    insta::assert_snapshot!(said, @r#"
    8:7 [{{who}}] W0402 `who` comes from outside, and bash reads it as part of the command
      + 1:7 [who] the input
      = `{{who | sh}}` makes it one word, whatever it holds
      Safe: "echo {{who | sh}} {{n}} {{tag}} {{none}}" }]
    8:29 [{{none}}] W0402 `none` comes from outside, and bash reads it as part of the command
      + 5:7 [none] the input
      = `{{none | sh}}` makes it one word, whatever it holds
      Safe: "echo {{who}} {{n}} {{tag}} {{none | sh}}" }]
    --
    8:14 [{{ who }}] W0402 `who` comes from outside, and bash reads it as part of the command
      + 1:7 [who] the input
      = `{{who | sh}}` makes it one word, whatever it holds
      Unsafe: "echo --name={{ who | sh }} {{who | sh}} {{who | lower}}" }]
    8:37 [{{who | lower}}] W0402 `who` comes from outside, and bash reads it as part of the command
      + 1:7 [who] the input
      = `{{who | sh}}` makes it one word, whatever it holds
      Safe: "echo --name={{ who }} {{who | sh}} {{who | lower | sh}}" }]
    --
    8:8 [{{who}}] W0402 `who` comes from outside, and bash reads it as part of the command
      + 1:7 [who] the input
      = end the quotes before it and go on behind it: `'..'{{who | sh}}'..'`
    8:19 [{{who}}] W0402 `who` comes from outside, and bash reads it as part of the command
      + 1:7 [who] the input
      = end the quotes before it and go on behind it: `".."{{who | sh}}".."`
    8:31 [{{who}}] W0402 `who` comes from outside, and bash reads it as part of the command
      + 1:7 [who] the input
      = end the quotes before it and go on behind it: `$'..'{{who | sh}}$'..'`
    8:42 [{{who | sh}}] W0402 `who` comes from outside, and bash reads it as part of the command
      + 1:7 [who] the input
      = end the quotes before it and go on behind it: `".."{{who | sh}}".."`
    --
    8:11 [{{who}}] W0402 `who` comes from outside, and bash reads it as part of the command
      + 1:7 [who] the input
      = write `value={{who | sh}}` before the command and `$value` here
    8:55 [{{who}}] W0402 `who` comes from outside, and bash reads it as part of the command
      + 1:7 [who] the input
      = declare the input as an Integer
    8:71 [{{who}}] W0402 `who` comes from outside, and bash reads it as part of the command
      + 1:7 [who] the input
      = write `value={{who | sh}}` before the command and `$value` here
    --
    8:15 [{{.}}] W0402 `.` comes from outside, and bash reads it as part of the command
      + 4:7 [all] the input
      = `{{. | sh}}` makes it one word, whatever it holds
      Safe: "echo {{#all}}{{. | sh}} {{/all}}{{^who}}x{{/who}}" }]
    --
    --
    8:2 [{{who}}] W0402 `who` comes from outside, and bash reads it as part of the command
      + 1:7 [who] the input
      = `{{who | sh}}` makes it one word, whatever it holds
      Unsafe: "{{who | sh}} x && {{who}} {{me}}".bind(me = who) }]
    8:15 [{{who}}] W0402 `who` comes from outside, and bash reads it as part of the command
      + 1:7 [who] the input
      = `{{who | sh}}` makes it one word, whatever it holds
      Unsafe: "{{who}} x && {{who | sh}} {{me}}".bind(me = who) }]
    8:23 [{{me}}] W0402 `me` comes from outside, and bash reads it as part of the command
      + 1:7 [who] the input
      = `{{me | sh}}` makes it one word, whatever it holds
      Safe: "{{who}} x && {{who}} {{me | sh}}".bind(me = who) }]
    --
    8:2 [{{a}}] W0402 `a` comes from outside, and bash reads it as part of the command
      + 1:7 [who] the input
      = `{{a | sh}}` makes it one word, whatever it holds
      Unsafe: "{{a | sh}} {{b}} {{c | sh}}".bind(a = "x-{{who}}", b = "echo {{who}}", c = "{{who}}") }]
    8:8 [{{b}}] W0402 `b` holds text from outside, and bash reads it as part of the command
      + 1:7 [who] the input
      + 8:58 [{{who}}] it stands in this text
      = write `{{who | sh}}` there if that text is a piece of the command, or `{{b | sh}}` here if it is one word
    --
    8:2 [{{a}}] W0402 `a` comes from outside, and bash reads it as part of the command
      + 1:7 [who] the input
      = `{{a | sh}}` makes it one word, whatever it holds
      Unsafe: "{{a | sh}} {{b}} {{c}}".bind(a = who + "!", b = "x", c = join(all, " ")) }]
    8:14 [{{c}}] W0402 `c` comes from outside, and bash reads it as part of the command
      + 4:7 [all] the input
      = `{{c | sh}}` makes it one word, whatever it holds
      Safe: "{{a}} {{b}} {{c | sh}}".bind(a = who + "!", b = "x", c = join(all, " ")) }]
    --
    --
    "#);
}

#[test]
fn unused_bindings() {
    let table = [
        ("", r#"Process { name = "x", cmdline = "true" }.bind(name = "y")"#),
        (
            "",
            r#"Process { name = "x", cmdline = "echo {{name}} {{a}}" }.bind(name = "y", a = 1, b = 2)"#,
        ),
        (
            "",
            r#"Process { name = "x", cmdline = "echo {{i}}" }.bind(i = 0).bind(i = 1)"#,
        ),
        (
            "",
            r#"Process { name = "x", cmdline = "echo {{a.b}} {{m[k]}}" }.bind(a = {b: 1}, m = {k: 1}, z = {c: 1})"#,
        ),
        (
            "",
            r#"Process { name = "x{{i}}", cmdline = "true" }.bind(i = i, j = i) for i in 0..3"#,
        ),
        (
            "p = Process { name = \"x\", cmdline = \"echo {{a}}\" }.bind(b = 1)",
            r#"Process { name = "y", cmdline = "true" }"#,
        ),
        (
            "p = Process { name = \"x\", cmdline = \"true\" }.bind(a = 1)",
            r#"p { cmdline = "echo {{a}}" }, p { name = "y" }"#,
        ),
        (
            "",
            r#"Process { name = "x", cmdline = "{{#flag}}--x{{/flag}}" }.bind(flag = true)"#,
        ),
        (
            "",
            r#"Process { name = "x", cmdline = "echo {{missing}}" }.bind(unused = true)"#,
        ),
    ];
    let said: String = table
        .iter()
        .map(|(head, process)| warnings(&job(head, process)) + "--\n")
        .collect();
    insta::assert_snapshot!(said, @r#"
    3:60 [name] W0401 no text asks for `name`, which is bound here
      = `bind` sets no field; copy the value with another one: `{ name = .. }`
    --
    3:75 [name] W0401 no text asks for `name`, which is bound here
      = `bind` sets no field; copy the value with another one: `{ name = .. }`
    3:94 [b] W0401 no text asks for `b`, which is bound here
      = remove it, or use it in a text: `{{b}}`
    --
    --
    3:101 [z] W0401 no text asks for `z`, which is bound here
      = remove it, or use it in a text: `{{z}}`
    --
    3:72 [j] W0401 no text asks for `j`, which is bound here
      = remove it, or use it in a text: `{{j}}`
    --
    --
    --
    --
    3:54 [missing] E0401 `missing` is not bound
      + 2:9 [Job { name = "j", cluster = "c", role = "r", environment = "e", task = Task {~processes = [Process { name = "x", cmdline = "echo {{missing}}" }.bind(unused = true)]~resources = Resources { cpu = 1, ram = 64MB, disk = 64MB } } }] needed by this job
      = give it: `.bind(missing = ..)` on the value or around it, or `input missing: String` in the file
    --
    "#);
    // A field that nothing reads yet may still ask.
    let text = job("", r#"Process { name = "x", cmdline = "true" }"#)
        .replace("} }]", ", command = \"{{c}}\" }.bind(c = 1, d = 2) }]");
    insta::assert_snapshot!(warnings(&text), @"
    4:94 [d] W0401 no text asks for `d`, which is bound here
      = remove it, or use it in a text: `{{d}}`
    ");
}

#[test]
fn replaced_structs() {
    insta::assert_snapshot!(warnings(
        "\
base = Task { resources = Resources { cpu = 1.0, ram = 64MB, disk = 64MB } }
a = base { resources = Resources { cpu = 2.0 } }
b = base { resources = {cpu: 2.0, ram: 1GB} }
c = base { resources = Resources { cpu = 2.0, ram = 1GB, disk = 1GB } }
d = base { resources.cpu = 2.0 }
e = base { resources = a.resources }
f = Task { resources = Resources { cpu = 1.0 } }
g = SimpleTask { name = \"x\", command = \"y\", resources = Resources { cpu = 2 + 1 } }
"
    ), @r#"
    2:12 [resources] W0303 this replaces the whole `resources` and loses its `ram`, `disk`
      + 1:27 [Resources { cpu = 1.0, ram = 64MB, disk = 64MB }] set here
      = to change a part of it, write `resources.cpu = 2.0`
      Unsafe: a = base { resources.cpu = 2.0 }
    3:12 [resources] W0303 this replaces the whole `resources` and loses its `disk`
      + 1:27 [Resources { cpu = 1.0, ram = 64MB, disk = 64MB }] set here
      = to change a part of it, write `resources.cpu = 2.0, resources.ram = 1GB`
      Unsafe: b = base { resources.cpu = 2.0, resources.ram = 1GB }
    8:45 [resources] W0303 this replaces the whole `resources` and loses its `ram`, `disk`
      = to change a part of it, write `resources.cpu = 2 + 1`
      Unsafe: g = SimpleTask { name = "x", command = "y", resources.cpu = 2 + 1 }
    "#);
}

#[test]
fn bare_numbers() {
    insta::assert_snapshot!(warnings(
        "\
struct S { size: Bytes = 0, time: Duration = 5, count: Integer = 7 }
a = S { size = 512, time = 3600000, count = 512 }
b = S { size = 0, time = 604800 }
c = S { size = 2097152, time = 86400 }
d = S { size = 512B, time = 90000s }
e = S { size = 1024 * 2 }
f = a { size = 1024, time = 120000 }
"
    ), @"
    2:16 [512] W0304 `512` means 512 bytes
      = write the unit: `512MB`, or `512B` if bytes are meant
      Unsafe: a = S { size = 512MB, time = 3600000, count = 512 }
    2:28 [3600000] W0304 `3600000` means 3600000 seconds, more than 41 days
      = write the unit: `3600000ms`, or `3600000s` if seconds are meant
      Unsafe: a = S { size = 512, time = 3600000ms, count = 512 }
    7:16 [1024] W0304 `1024` means 1024 bytes
      = write the unit: `1024MB`, or `1024B` if bytes are meant
      Unsafe: f = a { size = 1024MB, time = 120000 }
    7:29 [120000] W0304 `120000` means 120000 seconds, more than a day
      = write the unit: `120000ms`, or `120000s` if seconds are meant
      Unsafe: f = a { size = 1024, time = 120000ms }
    ");
}

#[test]
fn deprecated_things() {
    insta::assert_snapshot!(warnings(
        "\
@deprecated(\"it was wrong\", use = \"fresh\")
old = \"x\"
fresh = old
@deprecated
struct Gone { a: Integer = 1 }
g = Gone {}
h: Gone = g
struct Some {
  @deprecated(use = \"b\")
  a: Integer = 1
  b: Integer = 2
}
s = Some { a = 3 }
t = s.a + s.b
@deprecated(\"soon\")
input who: String = \"x\"
p = Process { name = \"p\", cmdline = \"echo {{who | sh}} {{s.a}}\" }.bind(s = s)
@deprecated(use = \"Fine\")
enum Size { small, large }
@deprecated
type Name = String
n: Name = \"n\"
z = Size.small
@depricated(\"x\")
a1 = 1
@other
a2 = 1
@deprecated(5)
a3 = 1
@deprecated(\"a\", by = \"b\")
a4 = 1
@deprecated
check 1 < 2, \"always\"
"
    ), @r#"
    3:9 [old] W0203 `old` is deprecated: it was wrong
      + 1:1 [@deprecated("it was wrong", use = "fresh")] marked here
      = use `fresh`
      Unsafe: fresh = fresh (STAYS)
    6:5 [Gone] W0203 `Gone` is deprecated
      + 4:1 [@deprecated] marked here
    7:4 [Gone] W0203 `Gone` is deprecated
      + 4:1 [@deprecated] marked here
    13:12 [a] W0203 `a` is deprecated
      + 9:3 [@deprecated(use = "b")] marked here
      = use `b`
      Unsafe: s = Some { b = 3 }
    14:7 [a] W0203 `a` is deprecated
      + 9:3 [@deprecated(use = "b")] marked here
      = use `b`
      Unsafe: t = s.b + s.b
    17:45 [who] W0203 `who` is deprecated: soon
      + 15:1 [@deprecated("soon")] marked here
    17:58 [s.a] W0203 `a` is deprecated
      + 9:3 [@deprecated(use = "b")] marked here
      = use `b`
    22:4 [Name] W0203 `Name` is deprecated
      + 20:1 [@deprecated] marked here
    23:5 [Size] W0203 `Size` is deprecated
      + 18:1 [@deprecated(use = "Fine")] marked here
      = use `Fine`
      Unsafe: z = Fine.small (STAYS)
    24:2 [depricated] E0209 there is no annotation `@depricated`
      = did you mean `@deprecated`?
      Unsafe: @deprecated("x")
    26:2 [other] E0209 there is no annotation `@other`
      = the only annotation is `@deprecated("what to use instead")`
    28:13 [5] E0312 `@deprecated` takes a text and `use`, both written out
      = write `@deprecated("what to do instead", use = "new_name")`, or less of it
    30:18 [by = "b"] E0312 `@deprecated` takes a text and `use`, both written out
      = write `@deprecated("what to do instead", use = "new_name")`, or less of it
    32:1 [@deprecated] E0312 nobody can use what stands here, so it cannot be deprecated
      = write `@deprecated("what to do instead", use = "new_name")`, or less of it
    "#);
}

#[test]
fn of_an_input_that_breaks_a_command_one_warning_speaks() {
    let head = "input who: String = \"it's me\"\ninput fine: String = \"a b\"\nnested = \"say {{who}}\"";
    let table = [
        r#""echo {{who}} {{fine}}""#,
        r#""echo --name={{who}}""#,
        r#""echo 'x {{who}}'""#,
        r#""{{who}} x""#,
        r#""echo {{nested}}".bind(nested = nested, who = who)"#,
        r#""| {{who}}""#,
    ];
    let said: String = table
        .iter()
        .map(|cmdline| command(head, cmdline) + "--\n")
        .collect();
    insta::assert_snapshot!(said, @r#"
    6:7 [{{who}}] W0403 bash cannot read this command once `who` is filled in: this `'` is never closed
      + 1:21 ["it's me"] comes from here
      = `{{who | sh}}` makes it one word, whatever it holds
      Safe: "echo {{who | sh}} {{fine}}" }]
    6:15 [{{fine}}] W0402 `fine` comes from outside, and bash reads it as part of the command
      + 2:7 [fine] the input
      = `{{fine | sh}}` makes it one word, whatever it holds
      Safe: "echo {{who}} {{fine | sh}}" }]
    --
    6:14 [{{who}}] W0403 bash cannot read this command once `who` is filled in: this `'` is never closed
      + 1:21 ["it's me"] comes from here
      = `{{who | sh}}` makes it one word, whatever it holds
      Unsafe: "echo --name={{who | sh}}" }]
    --
    6:10 [{{who}}] W0403 bash cannot read this command once `who` is filled in: this `'` is never closed
      + 1:21 ["it's me"] comes from here
      = end the quotes before it and go on behind it: `'..'{{who | sh}}'..'`
    --
    6:2 [{{who}}] W0403 bash cannot read this command once `who` is filled in: this `'` is never closed
      + 1:21 ["it's me"] comes from here
      = `{{who | sh}}` makes it one word, whatever it holds
      Unsafe: "{{who | sh}} x" }]
    --
    6:7 [{{nested}}] W0403 bash cannot read this command once `nested` is filled in: this `'` is never closed
      + 3:10 ["say {{who}}"] comes from here
      = write `{{who | sh}}` there if that text is a piece of the command, or `{{nested | sh}}` here if it is one word
    --
    6:2 [|] W0403 bash cannot read this command: `|` cannot stand here
      = a command is missing before it
    6:4 [{{who}}] W0402 `who` comes from outside, and bash reads it as part of the command
      + 1:7 [who] the input
      = `{{who | sh}}` makes it one word, whatever it holds
      Unsafe: "| {{who | sh}}" }]
    --
    "#);
}

/// The same with the notes.
fn resolved(head: &str, cmdline: &str) -> String {
    let text = job(head, &format!("Process {{ name = \"p\", cmdline =\n{cmdline} }}"));
    let answer = check(&One(text.clone()), "main.aur", &Given::default());
    let notes = answer.diagnostics.iter().flat_map(|found| found.notes.clone());
    let said: String = notes.map(|note| format!("  note: {note}\n")).collect();
    warnings(&text) + &said
}

#[test]
fn commands_that_only_break_when_they_are_filled_in() {
    let head = "who = \"it's me\"\nfine = \"a b\"\nplain = \"a-1/x.y\"\nopen = \"if true; then \\\"x\\\"\"\nnested = \"say {{who}}\"";
    let table = [
        r#""echo {{who}}".bind(who = who)"#,
        r#""echo {{who}} {{aur.instance}} {{fine}}".bind(who = who, fine = fine)"#,
        r#""echo \"{{who}}\"".bind(who = who)"#,
        r#""echo '{{fine}} {{who}}'".bind(who = who, fine = fine)"#,
        r#""echo {{who | sh}} {{fine}} {{plain}}".bind(who = who, fine = fine, plain = plain)"#,
        r#""{{open}}; echo done".bind(open = open)"#,
        r#""{{open}}; fi".bind(open = open)"#,
        r#""{{nested}} >x".bind(nested = nested, who = who)"#,
        r#""{{#list}}echo {{.}};{{/list}}".bind(list = ["a", "b c", "d'e"])"#,
        "\"\"\"\n    set -e\n    echo {{fine}}\n    cat <<END\n    {{who}}\n    END\n    echo {{who}}\n    \"\"\".bind(who = who, fine = fine)",
        r#""if {{fine}}".bind(fine = fine)"#,
    ];
    let said: String = table
        .iter()
        .map(|cmdline| resolved(head, cmdline) + "--\n")
        .collect();
    insta::assert_snapshot!(said, @r#"
    8:7 [{{who}}] W0403 bash cannot read this command once `who` is filled in: this `'` is never closed
      + 1:7 ["it's me"] comes from here
      = `{{who | sh}}` makes it one word, whatever it holds
      Unsafe: "echo {{who | sh}}".bind(who = who) }]
      note: the command becomes: echo it's me
    --
    8:7 [{{who}}] W0403 bash cannot read this command once `who` is filled in: this `'` is never closed
      + 1:7 ["it's me"] comes from here
      = `{{who | sh}}` makes it one word, whatever it holds
      Unsafe: "echo {{who | sh}} {{aur.instance}} {{fine}}".bind(who = who, fine = fine) }]
      note: the command becomes: echo it's me {{aur.instance}} a b
    --
    --
    8:17 [{{who}}] W0403 bash cannot read this command once `who` is filled in: this `'` is never closed
      + 1:7 ["it's me"] comes from here
      = end the quotes before it and go on behind it: `'..'{{who | sh}}'..'`
      note: the command becomes: echo 'a b it's me'
    --
    --
    8:2 [{{open}}] W0403 bash cannot read this command once `open` is filled in: this `if` has no `fi`
      + 4:8 ["if true; then \"x\""] comes from here
      note: the command becomes: if true; then "x"; echo done
    --
    8:12 [fi] W0403 bash cannot read this command: `fi` cannot stand here
      = nothing is open that it could end
    --
    8:2 [{{nested}}] W0403 bash cannot read this command once `nested` is filled in: this `'` is never closed
      + 5:10 ["say {{who}}"] comes from here
      note: the command becomes: say it's me >x
    --
    8:16 [{{.}}] W0403 bash cannot read this command once `.` is filled in: this `'` is never closed
      + 8:58 ["d'e"] comes from here
      = `{{. | sh}}` makes it one word, whatever it holds
      Unsafe: "{{#list}}echo {{. | sh}};{{/list}}".bind(list = ["a", "b c", "d'e"]) }]
      note: the command becomes: echo a;echo b c;echo d'e;
    --
    14:10 [{{who}}] W0403 bash cannot read this command once `who` is filled in: this `'` is never closed
      + 1:7 ["it's me"] comes from here
      = `{{who | sh}}` makes it one word, whatever it holds
      Unsafe: echo {{who | sh}}
      note: the command becomes: echo it's me
    --
    8:2 [if] W0403 bash cannot read this command: this `if` has no `then`
    --
    "#);
}
