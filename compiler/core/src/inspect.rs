//! Jobs as far as they are known: what depends on an input without a value, or on a name that is not
//! bound, stays open and is shown.

use std::collections::BTreeMap;

use aur_ir::Plan;

use crate::eval::Compiler;
use crate::lower::{Jobs, Lowering, Spans};
use crate::program;
use crate::spans::plan_spans;
use crate::{Answer, ENTRY_MODULE, Given, Sources};

/// A plan in which values may be open; it is to be read, never to be run.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline {
    /// The jobs. An open text holds `{{name}}`; an open number is 0, an open list is empty.
    pub plan: Plan,
    /// What stands in place of open values, by JSON pointer: `{{name}}`.
    pub open: BTreeMap<String, String>,
    /// Jobs, tasks of jobs, or the list of jobs, of which nothing can be known: `{{name}}`.
    pub hidden: Vec<String>,
    /// Inputs without a value.
    pub missing_inputs: Vec<String>,
}

/// Compiles the program at `entry` as far as its inputs and names are known.
pub fn inspect(host: &dyn Sources, entry: &str, given: &Given) -> Answer<Outline> {
    let (program, faults, found) = program::load(host, entry, &given.limits);
    let Ok(()) = found else {
        return crate::unread(program, faults, entry, found);
    };
    let mut compiler = Compiler::new(&program, host, given, false);
    compiler.keeps_open = true;
    compiler.gather_inputs();
    let usage = compiler.unknown_given();
    let missing = compiler.inputs.iter().filter(|(_, input)| input.source.is_none());
    let missing_inputs = missing.map(|(name, _)| name.to_string()).collect();
    let mut lowering = Lowering::new(&mut compiler, Spans::Wanted);
    let (jobs, hooks) = lowering.program(ENTRY_MODULE, Jobs::Needed);
    let is_sound = usage.is_none() && !lowering.compiler.sink.has_errors() && !crate::has_errors(&faults);
    let outline = is_sound.then(|| {
        let files = crate::source_files(&program, lowering.compiler);
        let open = std::mem::take(&mut lowering.open);
        let hidden = std::mem::take(&mut lowering.hidden);
        let spans = plan_spans(std::mem::take(&mut lowering.leaves), &program.sources, &files);
        let plan = Plan {
            aur_ir: aur_ir::VERSION,
            digest: String::new(),
            files,
            hooks,
            inputs: Vec::new(),
            jobs,
            spans,
        };
        Outline {
            plan,
            open,
            hidden,
            missing_inputs,
        }
    });
    let diagnostics = crate::finish(compiler, faults);
    Answer {
        sources: program.sources,
        diagnostics,
        value: outline,
        usage,
    }
}
