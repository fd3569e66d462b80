//! How what is around a mark is written; the part that is being given stands in brackets.

use aur_compiler::Given;
use aur_compiler::editor::signature;
use insta::assert_snapshot;

use crate::project::Project;

fn shown(text: &str) -> String {
    let project = Project::new(text);
    let at = project.point().offset;
    let Some(found) = signature(&project, &project.entry, &Given::default(), at) else {
        return "nothing".to_string();
    };
    let mut out = found.label.clone();
    let active = found.active.and_then(|at| found.parameters.get(at as usize));
    if let Some(part) = active {
        out.insert(part.end as usize, '>');
        out.insert(part.start as usize, '<');
    }
    let docs = active.and_then(|part| part.doc.clone()).or(found.doc);
    format!("{out}\n{}", docs.unwrap_or_default())
}

#[test]
fn functions() {
    assert_snapshot!(shown("x = join(<|>"), @"
    join(<list>, separator) -> String
    The texts.
    ");
    assert_snapshot!(shown("x = join([\"a\"], <|>)"), @"
    join(list, <separator>) -> String
    What stands between two of them.
    ");
    assert_snapshot!(shown("x = order(a, b, <|>"), @"
    order(<process, ..>) -> List[Constraint]
    A process, its name, or `ready(process)`; it waits for the one before it.
    ");
    assert_snapshot!(shown("x = concat(a, name = \"<|>\")"), @"
    concat(task, .., <field = value, ..>) -> Task
    A field of the new task.
    ");
    assert_snapshot!(shown("x = y.bind(<|>"), @"
    bind(<name = value, ..>) -> Any
    What `{{name}}` stands for in the texts of the value.
    ");
    assert_snapshot!(shown("x = len(keys(<|>"), @"
    keys(<map>) -> List[String]
    A map.
    ");
}

#[test]
fn records() {
    assert_snapshot!(shown("r = Resources { cpu = 1, ram = <|> }"), @"
    Resources { cpu: Float where 0.001.., <ram: Bytes where 1MB..>, disk: Bytes where 1MB.., gpu: Integer where 0.. }
    Memory.
    ");
    assert_snapshot!(shown("r = Resources { <|> }"), @"
    Resources { cpu: Float where 0.001.., ram: Bytes where 1MB.., disk: Bytes where 1MB.., gpu: Integer where 0.. }
    What one instance may use.
    ");
    assert_snapshot!(shown("base = Resources { cpu = 1 }\nr = base { disk = <|>"), @"
    Resources { cpu: Float where 0.001.., ram: Bytes where 1MB.., <disk: Bytes where 1MB..>, gpu: Integer where 0.. }
    Sandbox and logs.
    ");
    assert_snapshot!(shown("t = Task { processes = [<|>] }"), @"
    Task { name: String, <processes: List[Process]>, constraints: List[Constraint], sequential: Boolean, resources: Resources?, max_failures: Integer where 0.., max_concurrency: Integer where 0.., finalization_wait: Duration where 0s.., files: Map[String, String], command: String?, user: String? }
    The processes; they run side by side unless `constraints` or `sequential` say otherwise.
    ");
}

#[test]
fn nothing_else() {
    assert_snapshot!(shown("x = [1, <|>]"), @"nothing");
    assert_snapshot!(shown("x = nothing(<|>)"), @"nothing");
    assert_snapshot!(shown("<|>"), @"nothing");
}
