//! Estimates just after a key, beside what the whole program says.

use aur_compiler::editor::{Checked, Document, diagnostics, soon};
use aur_compiler::{Given, Kept, ReadError, Sources};

use crate::robust::{Choices, texts};

/// One file, with its tree as an editor keeps it.
struct One(Document);

impl Sources for One {
    fn read(&self, _: &str) -> Result<Vec<u8>, ReadError> {
        Err(ReadError::NotFound { nearest: None })
    }

    fn env(&self, _: &str) -> Option<String> {
        None
    }

    fn kept(&self, path: &str) -> Option<Kept> {
        (path == "main.aur").then(|| self.0.kept().clone())
    }
}

fn whole(document: &Document) -> Checked {
    diagnostics(&One(document.clone()), "main.aur", &Given::default())
}

fn estimate(document: &Document, earlier: &Checked) -> Option<Checked> {
    soon(&One(document.clone()), "main.aur", &Given::default(), earlier)
}

/// Each diagnostic as its code and the text it stands at.
fn told(checked: &Checked) -> Vec<String> {
    let tell = |found: &aur_diagnostics::Diagnostic| {
        let span = found.span().expect("a place");
        format!(
            "{} at {} `{}`",
            found.code.name,
            span.start,
            checked.sources.text(span)
        )
    };
    checked.diagnostics.iter().map(tell).collect()
}

const PROGRAM: &str = r#"input release: String = "1"
base = Task {
  processes = [Process { name = "main", cmdline = "run {{what}} {{release}}" }]
  resources = Resources { cpu = 1, ram = 1GB, disk = 1GB }
}
port = 80
job_a = Job { cluster = "c", role = "r", environment = "e", name = "a", task = base }.bind(what = "x{{release}}")
job_b = Job {
  cluster = "c", role = "r", environment = "e", name = "b"
  task = base { processes = [Process { name = "own", cmdline = "true" }] }
}.bind(unused = 1)
job_c = Job { cluster = "c", role = "r", environment = "e", name = "c", instances = 1 + port, task = base }.bind(what = 2)
check port > 0, "a port"
jobs = [job_a, job_b, job_c]
"#;

/// Diagnostics but for those that jobs cause in a shared text, and what is said only without errors: it is told
/// later that they are gone, and that they are there.
fn apart(checked: &Checked) -> Vec<String> {
    let mut told = told(checked);
    let is_late = |line: &String| {
        line.contains("`{{")
            || ["open_name", "unused_binding"]
                .iter()
                .any(|code| line.starts_with(code))
    };
    told.retain(|line| !is_late(line));
    told
}

#[test]
fn what_jobs_no_longer_cause_in_a_shared_text_goes_later() {
    let before = Document::new("main.aur", PROGRAM);
    let earlier = whole(&before);
    let caused = "raw_splice at 97 `{{what}}`".to_string();
    assert!(told(&earlier).contains(&caused));
    let changed = before.with_text(PROGRAM.replace("x{{release}}", "x"));
    let there = estimate(&changed, &earlier).expect("values");
    assert!(told(&there).contains(&caused));
    assert!(!told(&whole(&changed)).contains(&caused));
    // What they cause now is told at once.
    let back = changed.with_text(PROGRAM);
    let again = estimate(&back, &whole(&changed)).expect("values");
    assert!(told(&again).contains(&caused));
}

#[test]
fn an_estimate_says_what_the_whole_says() {
    for (from, to) in [
        // What is in the changed item alone: types, names, texts, commands, syntax.
        ("instances = 1", "instance = 1"),
        ("1 + port", "1 + prot"),
        ("1 + port", "1 + \"x\""),
        ("x{{release}}", "x{{prot}}"),
        ("\"true\"", "\"true )\""),
        ("name = \"a\"", "name = "),
        ("name = \"a\"", "name = \"a"),
        ("job_a = Job {", "job_a = Job "),
        ("job_a = ", "job_a  "),
        ("name = \"own\"", "name = \"own\", max_failure = 2"),
        // What needs it.
        ("port = 80", "port = \"x\""),
        ("port = 80", "port = 0"),
        ("port = 80", "prot = 80"),
        ("job_b = ", "job_x = "),
        ("{{what}}", "{{what_else}}"),
        (".bind(what = 2)", ""),
        (".bind(unused = 1)", ""),
        ("cmdline = \"run {{what}} {{release}}\"", "cmdline = \"\""),
        // The list of jobs.
        ("job_c]", "job_c, job_d]"),
        ("job_c]", "job_c, Job { name = 1 }]"),
        ("job_a, ", ""),
        ("job_a, ", "job_a "),
        // Blanks, comments, new items.
        ("port = 80", "port = 80 # the port"),
        ("port = 80\n", "port = 80\n\n\nother = [1, \"a\" + 1]\n"),
        ("port = 80\n", "\nport = 80\nport = 81\n"),
        ("check port", "\n# here\ncheck port"),
    ] {
        assert!(PROGRAM.contains(from), "{from}");
        let before = Document::new("main.aur", PROGRAM);
        let earlier = whole(&before);
        let changed = before.with_text(PROGRAM.replacen(from, to, 1));
        let there = estimate(&changed, &earlier).expect(from);
        assert_eq!(apart(&there), apart(&whole(&changed)), "{from} -> {to}");
        // And back again, from the estimate.
        let back = changed.with_text(PROGRAM);
        let again = estimate(&back, &there).expect(to);
        assert_eq!(apart(&again), apart(&whole(&back)), "{to} -> {from}");
    }
}

#[test]
fn a_list_of_many_jobs_is_judged_where_it_changed() {
    let job = |at: usize| {
        format!(
            "job_{at} = Job {{ cluster = \"c\", role = \"r\", environment = \"e\", name = \"j{at}\", task = base }}\n"
        )
    };
    let jobs: String = (0..40).map(job).collect();
    let names: Vec<String> = (0..40).map(|at| format!("job_{at}")).collect();
    let text = format!(
        "base = Task {{ processes = [Process {{ name = \"main\", cmdline = \"true\" }}], resources = Resources {{ cpu = 1, ram = 1GB, disk = 1GB }} }}\n{jobs}jobs = [{}]\n",
        names.join(", ")
    );
    let before = Document::new("main.aur", text.as_str());
    let earlier = whole(&before);
    for (from, to) in [
        ("name = \"j7\"", "name = 7 + \"a\""),
        ("job_7, ", "job_7, job_x, "),
        ("job_7 = ", "job_z = "),
        ("job_7 = Job {", "job_7 = Job "),
        // Forty jobs need it: its own faults are seen.
        ("\"true\"", "\"true\" + 1"),
    ] {
        let changed = before.with_text(text.replacen(from, to, 1));
        let there = estimate(&changed, &earlier).expect(from);
        assert_eq!(told(&there), told(&whole(&changed)), "{from} -> {to}");
    }
}

#[test]
fn other_things_than_values_are_judged_whole() {
    for (from, to) in [
        ("release: String", "release: Integer"),
        ("check port > 0", "check port > 1"),
        ("port = 80", "struct Own {}\nport = 80"),
        ("port = 80", "include \"other.aur\"\nport = 80"),
    ] {
        let before = Document::new("main.aur", PROGRAM);
        let earlier = whole(&before);
        let changed = before.with_text(PROGRAM.replacen(from, to, 1));
        assert!(estimate(&changed, &earlier).is_none(), "{from} -> {to}");
    }
}

#[test]
fn half_typed_texts_have_estimates_within_them() {
    let mut choices = Choices(3);
    for text in texts() {
        let mut document = Document::new("main.aur", text.as_str());
        let mut earlier = whole(&document);
        for _ in 0..12 {
            let text = document.text().clone();
            let mut at = choices.below(text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            let (front, back) = text.split_at(at);
            let word = ["", "x", "\"", "}", "[", "= ", "\n", "{{"][choices.below(8)];
            let skipped = back.chars().next().map_or(0, char::len_utf8) * choices.below(2);
            document = document.with_text(format!("{front}{word}{}", &back[skipped..]));
            let Some(found) = estimate(&document, &earlier) else {
                earlier = whole(&document);
                continue;
            };
            for diagnostic in &found.diagnostics {
                for label in &diagnostic.labels {
                    let file = found.sources.get(label.span.file).expect("a file");
                    let range = label.span.start as usize..label.span.end as usize;
                    assert!(
                        file.text().get(range).is_some(),
                        "{diagnostic:?} in {:?}",
                        document.text()
                    );
                }
            }
            earlier = found;
        }
    }
}
