//! Programs that ask for too much end in a diagnostic before much is made.

use aur_compiler::{Given, ReadError, Sources, check};

use super::{errors, job, values};

/// The first line of what is said.
fn first(text: &str) -> String {
    errors(text).lines().next().unwrap_or_default().to_string()
}

#[test]
fn rounds_are_counted_before_the_first() {
    let table = [
        "x = [i + j for i in 0..999999 for j in 0..999999]\n",
        "x = [[i + j for j in 0..999999] for i in 0..999999]\n",
        "x = [[i + j for j in 0..1000000] for i in 0..1000000]\n",
        "n = 200\nx = [i for i in 0..n for j in 0..n * 2 for k in -n..n]\n",
        "x = [i for i in 0..99 for j in 0..i for k in 0..999999]\n",
    ];
    let said: String = table.iter().map(|text| first(text) + "\n").collect();
    insta::assert_snapshot!(said, @"
    1:6 E0601 the lists of a program have at most 1000000 elements | the limit is reached here
    1:7 E0601 the lists of a program have at most 1000000 elements | the limit is reached here
    1:22 E0601 a range has at most 1000000 elements, this one has 1000001 | the limit is reached here
    2:6 E0601 the lists of a program have at most 1000000 elements | the limit is reached here
    1:6 E0601 the lists of a program have at most 1000000 elements | the limit is reached here
    ");
}

#[test]
fn ranges_are_lists_too() {
    let table = [
        "x = 0..999999\n",
        "x = 0..999999\ny = 0..9\n",
        "x = [0..999 for i in 0..3000]\n",
    ];
    let said: String = table.iter().map(|text| first(text) + "\n").collect();
    insta::assert_snapshot!(said, @"

    2:5 E0601 the lists of a program have at most 1000000 elements | the limit is reached here
    1:6 E0601 the lists of a program have at most 1000000 elements | the limit is reached here
    ");
}

#[test]
fn a_range_that_a_number_may_be_in_is_no_list() {
    let table = [
        "x = [i for i in 1..2000 if i in 1024..65535]\n",
        "x = 5 in 0..9000000000\ncheck not x, \"in\"\n",
        "x = 0 in 1..3\ncheck x, \"below\"\n",
        "x = 4 in 1..3\ncheck x, \"above\"\n",
        "x = 3 in 1..3 and 1 in 1..3\ncheck not x, \"an end\"\n",
        "x = 1 in 3..1\ncheck x, \"none\"\n",
        "x = 2.0 in 1..3\ncheck not x, \"a float\"\n",
        "x = \"2\" in 1..3\ncheck x, \"a text\"\n",
        "x = 2 in 1..\"b\"\n",
        "input n: Integer\ncheck n in 1024..65535, \"later\"\n",
        "input n: Integer = 80\ncheck n in 1024..65535, \"now\"\n",
    ];
    let said: String = table.iter().map(|text| first(text) + "\n").collect();
    insta::assert_snapshot!(said, @r#"

    2:7 E0313 in | this does not hold
    2:7 E0313 below | this does not hold
    2:7 E0313 above | this does not hold
    2:7 E0313 an end | this does not hold
    2:7 E0313 none | this does not hold

    2:7 E0313 a text | this does not hold
    1:13 E0302 the text "b" is not a value of type Integer | Integer is needed here

    2:7 E0313 now | this does not hold
    "#);
}

#[test]
fn jobs_are_counted_while_they_are_made() {
    let head = "t = Task { processes = [Process { name = \"p\", cmdline = \"x\" }], resources = Resources { cpu = 1, ram = 64MB, disk = 64MB } }\n\
                j = Job { cluster = \"c\", role = \"r\", environment = \"e\", name = \"j{{i}}\", task = t }\n";
    let table = [
        "jobs = [j.bind(i = i) for i in 0..899999]\n",
        "x = [j { name = \"j\" } for i in 0..899 for k in 0..899]\njobs = x\n",
        "jobs = [j.bind(i = i) for i in 0..899999 if i != 5]\n",
        "l = [i for i in 0..999]\njobs = [j.bind(i = i) for i in l for k in l if true]\n",
        "l = [i for i in 0..1999]\nx = [i for i in l for k in l]\n",
        "x = [j.bind(i = i) for i in 0..99999]\njobs = x + x\n",
    ];
    let said: String = table
        .iter()
        .map(|text| errors(&format!("{head}{text}")) + "--\n")
        .collect();
    insta::assert_snapshot!(said, @"
    3:9 E0609 a program has at most 100000 jobs, this loop makes 900000 | the limit is reached here
      = a job has any number of equal `instances`
    --
    3:6 E0609 a program has at most 100000 jobs, this loop makes 810000 | the limit is reached here
      = a job has any number of equal `instances`
    --
    3:9 E0609 a program has at most 100000 jobs, and this loop goes on | the limit is reached here
      = a job has any number of equal `instances`
    --
    4:9 E0609 a program has at most 100000 jobs, and this loop goes on | the limit is reached here
      = a job has any number of equal `instances`
    --
    4:6 E0601 the lists of a program have at most 1000000 elements | the limit is reached here
    --
    4:8 E0609 a program has at most 100000 jobs, this one has 200000 | the limit is reached here
      = a job has any number of equal `instances`
    --
    ");
}

#[test]
fn loops_go_through_ranges_and_lists() {
    let text = "\
n = 2
a = [i for i in 0..n]
b = [[i, j] for i in 0..1 for j in i..2]
c = [i for i in 3..1]
d = [i * 10 + j for i in a for j in a if i != j]
e = [i for i in 9223372036854775806..9223372036854775807]
";
    insta::assert_snapshot!(values(text, &["a", "b", "c", "d", "e"]), @"
    a = [0,1,2]
    b = [[0,0],[0,1],[0,2],[1,1],[1,2]]
    c = []
    d = [1,2,10,12,20,21]
    e = [9223372036854775806,9223372036854775807]
    ");
}

#[test]
fn filters_on_filters_meet_the_limit_of_texts() {
    for filter in [" | sh", " | json"] {
        let text = format!(
            "a = \"{}\"\nt = \"{{{{a{}}}}}\".bind(a = a)\n",
            "'\\\"".repeat(2000),
            filter.repeat(40)
        );
        assert_eq!(
            first(&text),
            "2:6 E0605 a text has at most 16777216 bytes | the limit is reached here",
            "{filter}"
        );
    }
}

#[test]
fn joining_a_list_again_and_again_meets_the_limit_of_steps() {
    let text = "l = [\"\" for i in 0..99999]\nx = [join(l, \"\") for i in 0..999]\n";
    insta::assert_snapshot!(first(text), @"2:6 E0608 a program takes at most 4000000 steps | the limit is reached here");
}

#[test]
fn an_entry_of_a_large_map_is_found() {
    let pairs: Vec<String> = (0..40).map(|i| format!("\"k{i}\": {i}")).collect();
    let pairs = pairs.join(", ");
    let text = format!(
        "m: Map[String, Integer] = {{{pairs}}}\nn = {{{pairs}}}\nt = \"{{{{m[k31]}}}} {{{{n[k32]}}}}\".bind(m = m, n = n)\n\
         x = [m[\"k3\"], n[\"k39\"], m[\"k39\"]]\nhas = [\"k7\" in m, \"k77\" in m]\n\
         o: Map[String, String] = {{\"{{{{a}}}}\": \"first\", {}}}\nu = \"{{{{o[k1]}}}} {{{{o[q]}}}}\".bind(o = o, a = \"q\")\n",
        pairs.replace(": ", ": \"v").replace(',', "\",") + "\""
    );
    insta::assert_snapshot!(values(&text, &["t", "x", "has", "u"]), @r#"
    t = "31 32"
    x = [3,39,39]
    has = [true,false]
    u = "v1 first"
    "#);
    let text = format!("m: Map[String, Integer] = {{{pairs}}}\nx = m[\"k77\"]\n");
    insta::assert_snapshot!(errors(&text), @"2:7 E0304 there is no key `k77` in this map");
}

/// A project whose other file is no text.
struct Binary(&'static str);

impl Sources for Binary {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        Ok(match path {
            "main.aur" => self.0.as_bytes().to_vec(),
            _ => vec![0xff, 0x00, 0xfe],
        })
    }

    fn env(&self, _name: &str) -> Option<String> {
        None
    }
}

#[test]
fn a_file_that_is_no_text_has_a_hash() {
    let messages = |text| -> Vec<String> {
        let answer = check(&Binary(text), "main.aur", &Given::default());
        answer.diagnostics.iter().map(|one| one.message.clone()).collect()
    };
    assert!(messages("x = file_hash(\"a.bin\")\ncheck len(x) == 64\n").is_empty());
    assert_eq!(
        messages("x = file_hash(\"a.bin\")\ny = file(\"a.bin\")\n"),
        ["`a.bin` is not UTF-8 text"]
    );
}

#[test]
fn habits_of_other_worlds() {
    let text = r#"
a = Process { name = "a", cmdline = "true" }
b = Process { name = "b", cmdline = ["echo", "hi"], env = ["A=1"] }
size = Resources { cpu = 1, ram = 64MB, disk = 64MB }
t = Task { processes = [a, b], constraints = [order(a, b)], resources = size }
u = Task { processes = [a, b], constraints = [order(a, b), b -> a], resources = size }
v = Task { processes = [a, b], constraints = order([a, b]), resources = size, cmdline = "x", cpu = 1 }
w = Job { name = "w", processes = [a], ram = 1MB }
x = range(3)
y = str(1)
"#;
    insta::assert_snapshot!(errors(&job(text)), @r#"
    3:37 E0301 this is a list, but a String is needed | String is needed here
      = a command is one text; a program and its arguments are given as `argv`
    3:59 E0301 this is a list, but a Map[String, String] is needed | Map[String, String] is needed here
      = a map is written in braces: `{"name": "value"}`
    5:47 E0301 this is a list, but a Constraint is needed | a list already, without the brackets around it
      = drop the brackets
    6:47 E0301 this is a list, but a Constraint is needed | a list already, without the brackets around it
      = put the lists together with `+`
    7:52 E0301 an order is made of processes or their names, this is a list | the processes stand in `order(..)` without brackets
      = drop the brackets
    7:79 E0203 `Task` has no field `cmdline` | no such field
      = it is a field of Process: `processes = [Process { cmdline = .. }]`
    7:94 E0203 `Task` has no field `cpu` | no such field
      = it is a field of Resources: `resources = Resources { cpu = .. }`
    8:23 E0203 `Job` has no field `processes` | no such field
      = it is a field of Task: `task = Task { processes = .. }`
    8:40 E0203 `Job` has no field `ram` | no such field
      = it is a field of Resources: `task = Task { resources = Resources { ram = .. } }`
    9:5 E0201 `range` is not defined | not found in this file, its includes or the standard library
      = a range is written `0..9`, both ends included
    10:5 E0201 `str` is not defined | not found in this file, its includes or the standard library
      = write the value into a text: `"{{n}}".bind(n = n)`
    "#);
}

#[test]
fn orders_in_brackets_are_mended() {
    for written in [
        "[order(a, b)]",
        "[order(a, b), b -> c]",
        "[\n  order(a, b),\n  order(b, c),\n]",
        "order([a, b])",
        "order([\n  a, b,\n])",
    ] {
        let text = job(&format!(
            "a = Process {{ name = \"a\", cmdline = \"true\" }}\nb = a {{ name = \"b\" }}\nc = a {{ name = \"c\" }}\n\
             size = Resources {{ cpu = 1, ram = 64MB, disk = 64MB }}\n\
             t = Task {{ processes = [a, b, c], constraints = {written}, resources = size }}\n"
        ));
        let answer = check(&super::Files::one(&text), "main.aur", &Given::default());
        let [fault] = answer.diagnostics.as_slice() else {
            panic!("one fault: {written}: {}", errors(&text));
        };
        let [fix] = fault.fixes.as_slice() else {
            panic!("one fix: {written}");
        };
        assert_eq!(fix.applicability, aur_diagnostics::Applicability::Safe);
        let mut mended = text.clone();
        for edit in fix.edits.iter().rev() {
            mended.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.text);
        }
        assert_eq!(errors(&mended), "", "{mended}");
    }
}
