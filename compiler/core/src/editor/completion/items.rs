//! What an item begins with.

use smol_str::SmolStr;

use super::{Completion, CompletionKind};
use crate::ENTRY_MODULE;
use crate::editor::view::View;

/// Keywords, what they are for, and the item they begin.
const KEYWORDS: [(&str, &str, &str); 6] = [
    ("include", "take in another file", "include \"$1\""),
    (
        "struct",
        "declare a struct",
        "struct ${1:%Name%} {\n  ${2:field}: ${3:String}\n}",
    ),
    (
        "enum",
        "declare an enum",
        "enum ${1:%Name%} { ${2:one}, ${3:other} }",
    ),
    ("type", "name a type", "type ${1:%Name%} = ${2:String}"),
    (
        "input",
        "declare a value from outside",
        "input ${1:%name%}: ${2:String}",
    ),
    ("check", "state what must hold", "check $1, \"$2\""),
];

const TEST: (&str, &str, &str) = ("test", "test this program", "test \"$1\" {\n  expect $2\n}");

const RESOURCES: &str = "resources = Resources { cpu = ${8:1.0}, ram = ${9:128MB}, disk = ${10:128MB} \\}";

/// Offers everything an item can begin with.
pub(super) fn offer(view: &View<'_>, entry: &str) -> Vec<Completion> {
    let mut out = Vec::new();
    let defines = |name: &str| {
        let module = view.program.modules.get(ENTRY_MODULE as usize);
        module.is_some_and(|module| module.names.contains_key(name))
    };
    if !defines("jobs") {
        let snippet = format!(
            "jobs = [\n  Job {{\n    cluster = \"${{1:local}}\", role = \"${{2:me}}\", environment = \"${{3:devel}}\", name = \"${{4:job}}\"\n    task = Task {{\n      processes = [$5]\n      {RESOURCES}\n    \\}}\n  \\}},\n]"
        );
        out.push(piece("jobs", "what can be run", "jobs = ", snippet, 0));
    }
    if !defines("hooks") {
        let snippet = "hooks = [\n  Hook { name = \"${1:hook}\", on = [\"$2\"], run = [\"$3\"] \\},\n]";
        out.push(piece(
            "hooks",
            "programs that are asked first",
            "hooks = ",
            snippet,
            20,
        ));
    }
    let test = crate::is_test_file(entry).then_some(TEST);
    for (rank, (word, detail, snippet)) in test.into_iter().chain(KEYWORDS).enumerate() {
        let snippet = named(view, snippet);
        let insert = format!("{word} ");
        let rank = rank as u32 + 1;
        let item = Completion::new(word, CompletionKind::Keyword, rank).detail(detail);
        out.push(item.insert(insert).snippet(snippet));
    }
    out.extend(starts(view));
    out
}

/// Pieces of program to start from.
fn starts(view: &View<'_>) -> [Completion; 3] {
    let process = "${1:%process%} = Process {\n  name = \"${2:%process%}\"\n  cmdline = \"$3\"\n\\}";
    let task = format!("${{1:%task%}} = Task {{\n  processes = [$2]\n  {RESOURCES}\n\\}}");
    let job = "${1:%job%} = Job {\n  cluster = \"${2:local}\", role = \"${3:me}\", environment = \"${4:devel}\", name = \"${5:job}\"\n  task = $6\n\\}";
    let make = |label: &str, detail: &str, snippet: &str, rank: u32| {
        let insert = format!("{} = {}", fresh(view, label), capital(label));
        piece(label, detail, &insert, named(view, snippet), rank)
    };
    [
        make("process", "one program to be run", process, 10),
        make("task", "processes that share a sandbox", &task, 11),
        make("job", "a task and who runs it where", job, 12),
    ]
}

fn piece(label: &str, detail: &str, insert: &str, snippet: impl Into<String>, rank: u32) -> Completion {
    Completion::new(label, CompletionKind::Snippet, rank)
        .detail(detail)
        .insert(insert)
        .snippet(snippet)
}

/// `@deprecated`, which is all there is.
pub(super) fn annotation() -> Completion {
    Completion::new("deprecated", CompletionKind::Keyword, 0)
        .detail("asks not to use it any more")
        .snippet("deprecated(\"$1\")")
}

/// Puts names that are free in place of `%name%`.
fn named(view: &View<'_>, snippet: &str) -> String {
    let parts = snippet
        .split('%')
        .enumerate()
        .map(|(index, part)| match index % 2 {
            0 => SmolStr::from(part),
            _ => fresh(view, part),
        });
    parts.collect::<Vec<_>>().concat()
}

/// A name that is not taken: `task`, else `task_2` and so on.
fn fresh(view: &View<'_>, name: &str) -> SmolStr {
    let is_free = |name: &str| view.program.lookup(ENTRY_MODULE, name).is_none();
    if is_free(name) {
        return name.into();
    }
    let mut numbered = (2u32..).map(|number| SmolStr::from(format!("{name}_{number}")));
    numbered.find(|name| is_free(name)).unwrap_or_default()
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(1.min(word.len()));
    format!("{}{rest}", first.to_uppercase())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use aur_grammar::words::KEYWORDS as WORDS;

    use super::*;

    /// Words of the grammar that begin no item.
    const OTHERS: [&str; 12] = [
        "and", "as", "else", "error", "expect", "for", "if", "in", "not", "or", "plan", "where",
    ];

    #[test]
    fn every_word_that_begins_an_item_is_offered() {
        let offered = KEYWORDS.iter().chain([&TEST]).map(|(word, ..)| *word);
        let offered: BTreeSet<&str> = offered.collect();
        let known = WORDS.into_iter().filter(|word| !OTHERS.contains(word));
        assert_eq!(offered, known.collect());
    }
}
