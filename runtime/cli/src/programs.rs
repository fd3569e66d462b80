//! Programs and plans as commands take them.

use std::io::Read;
use std::path::Path;

use aur_ir::Plan;
use aur_terminal::{Failure, InputArgs, Terminal};

/// Reads a plan, or compiles a program; `None` where the program has errors, which were told.
pub(crate) fn load(
    file: &Path,
    root: Option<&Path>,
    inputs: &InputArgs,
    terminal: &Terminal,
) -> Result<Option<Plan>, Failure> {
    let is_stdin = file == Path::new("-");
    let content = if is_stdin {
        let mut content = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut content)
            .map_err(|error| Failure::new("cannot read the standard input").because(error))?;
        content
    } else {
        aur_disk::read_file(file)?
    };
    if looks_like_a_plan(&content) {
        return Plan::from_json(&content).map(Some).map_err(|error| {
            Failure::new(format!("cannot run {}", file.display()))
                .because(&error)
                .help("compile it again: `aurc compile FILE -o plan.json`")
                .exit_with(1)
        });
    }
    let project = if is_stdin {
        aur_disk::Project::with_text(content, None, root)?
    } else {
        aur_terminal::open(file, None, root)?
    };
    let given = inputs.given()?;
    let answer = aur_compiler::compile(&project, project.entry(), &given);
    aur_terminal::value_or_errors(&project, answer, terminal, false)
}

/// No program begins with a brace.
fn looks_like_a_plan(content: &[u8]) -> bool {
    content.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

/// The jobs that are meant: the one that is named, or all.
pub(crate) fn select(plan: &Plan, job: Option<&str>) -> Result<Vec<usize>, Failure> {
    match job {
        Some(_) => Ok(vec![aur_terminal::select_job(plan, job)?]),
        None => Ok((0..plan.jobs.len()).collect()),
    }
}
