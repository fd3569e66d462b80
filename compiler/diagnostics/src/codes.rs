//! The one table of codes. Numbers are never used again for another fault.
//!
//! Ranges: 01 syntax, 02 names and fields, 03 types and job rules, 04 templates and bindings,
//! 05 includes and files, 06 plan, 08 what the runtime refuses. `W` rows are warnings.

/// How serious a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The program cannot be used.
    Error,
    /// The program can be used; something looks wrong.
    Warning,
}

/// A row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// Such as `E0203`.
    pub id: &'static str,
    /// Such as `unknown_field`.
    pub name: &'static str,
    /// How serious it is.
    pub severity: Severity,
    /// The fact in general, without a stop.
    pub title: &'static str,
    /// The page: what went wrong, a program that fails, one that passes, and why.
    pub page: &'static str,
}

macro_rules! codes {
    ($($id:ident $name:ident $severity:ident $title:literal;)*) => {
        $(
            #[doc = $title]
            #[allow(non_upper_case_globals, reason = "a code is called by the name people read")]
            pub static $name: Code = Code {
                id: stringify!($id),
                name: stringify!($name),
                severity: Severity::$severity,
                title: $title,
                page: include_str!(concat!("../pages/", stringify!($id), ".md")),
            };
        )*

        /// All rows in order of their id.
        pub static ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    E0101 syntax Error "the text does not follow the grammar";
    E0102 unclosed Error "a bracket, brace or text is never closed";
    E0103 python_habit Error "this is how Python says it";
    E0104 bad_escape Error "unknown escape in a text";
    E0105 too_deep Error "brackets are nested too deeply";
    E0106 not_text Error "the file is not UTF-8 text";
    E0107 bad_number Error "a number cannot be read";
    E0108 missing_comma Error "two texts of a list stand side by side";
    E0109 misplaced_test Error "a test stands outside of a test file";
    E0201 unknown_name Error "a name is not defined";
    E0202 unknown_type Error "a type is not defined";
    E0203 unknown_field Error "no such field";
    E0204 missing_field Error "a required field is not given";
    E0205 duplicate_name Error "a name is defined twice";
    E0206 duplicate_field Error "a field is given twice";
    E0207 reserved_name Error "a name of the prelude is taken";
    E0208 value_cycle Error "values are defined by each other";
    E0209 unknown_annotation Error "an annotation does not exist";
    E0301 type_mismatch Error "a value has the wrong type";
    E0302 bad_coercion Error "a text cannot be read as the type of its field";
    E0303 refinement Error "a value is outside of what its type allows";
    E0304 bad_operation Error "an operation is not defined for these values";
    E0305 process_cycle Error "processes wait for each other";
    E0306 duplicate_process Error "two processes of a task have one name";
    E0307 unknown_process Error "the order names a process that is not in the task";
    E0308 waits_for_daemon Error "a process waits for a daemon";
    E0309 waits_for_ephemeral Error "an ordinary process waits for an ephemeral one";
    E0310 mixed_final Error "final and ordinary processes wait for each other";
    E0311 duplicate_job Error "two jobs have one key";
    E0312 bad_call Error "a call does not fit what it calls";
    E0313 check_failed Error "a check of the program does not hold";
    E0314 bad_process_name Error "a process cannot have this name";
    E0315 bad_job_word Error "this cannot be part of a job key";
    E0316 out_of_range Error "a value is outside of its range";
    E0317 no_jobs Error "the program defines no jobs";
    E0318 double_order Error "a sequential task is given a second order";
    E0319 bad_refinement Error "a refinement has no meaning";
    E0320 bad_command Error "what is run is given twice or not at all";
    E0321 bad_port Error "this cannot be a port";
    E0322 not_a_probe Error "a process that is never ready is waited for";
    E0323 bad_expectation Error "an expectation cannot be judged";
    E0324 never_ready Error "a readiness probe that can never hold";
    E0401 open_name Error "a name inside a text is not bound";
    E0402 bad_reference Error "the text between the braces is not a name";
    E0403 template_cycle Error "texts refer to each other";
    E0404 not_a_text Error "this value cannot be put into a text";
    E0405 bad_section Error "a section is not used as it can be";
    E0406 late_name Error "a runtime name stands where the value must be known";
    E0407 unknown_filter Error "a filter does not exist";
    E0501 include_not_found Error "an included file is not there";
    E0502 include_cycle Error "files include each other";
    E0503 outside_root Error "a path leaves the project";
    E0504 unreadable Error "a file cannot be read";
    E0505 missing_input Error "an input has no value";
    E0506 bad_input Error "an input has a value of the wrong type";
    E0601 too_many_elements Error "lists have too many elements";
    E0602 include_depth Error "includes are nested too deeply";
    E0603 too_many_files Error "a program has too many files";
    E0604 source_too_long Error "the files of a program are too long";
    E0605 text_too_long Error "a text is too long";
    E0606 texts_too_long Error "the texts of a program are too long";
    E0607 chain_too_long Error "too many texts lead to each other";
    E0608 too_many_steps Error "a program takes too many steps";
    E0609 too_many_jobs Error "a program has too many jobs";
    E0610 name_too_long Error "a name is too long";
    W0201 shadowed Warning "a later include gives the name again";
    W0202 old_spelling Warning "an older name is used";
    W0203 deprecated Warning "something deprecated is used";
    W0301 small_memory Warning "less memory than a program needs to start";
    W0302 unused_port Warning "an announced port is not used";
    W0303 replaced_struct Warning "a struct is replaced where a part of it was to be changed";
    W0304 bare_number Warning "a number has no unit and looks like another one";
    W0401 unused_binding Warning "a bound name is used by no text";
    W0402 raw_splice Warning "a text from outside stands in a command without quotes";
    W0403 shell_syntax Warning "bash cannot read a command";
}

/// Finds a row by its id (`E0203`, in any case) or its name (`unknown_field`).
pub fn find(text: &str) -> Option<&'static Code> {
    ALL.iter()
        .copied()
        .find(|code| code.id.eq_ignore_ascii_case(text) || code.name == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_and_letters_agree() {
        assert!(
            ALL.is_sorted_by(|a, b| a.id < b.id),
            "rows stand in order, each once"
        );
        for code in ALL {
            let letter = match code.severity {
                Severity::Error => 'E',
                Severity::Warning => 'W',
            };
            assert!(code.id.starts_with(letter), "{}", code.id);
        }
    }

    #[test]
    fn a_row_is_found_by_id_and_name() {
        assert_eq!(find("e0203").map(|code| code.name), Some("unknown_field"));
        assert_eq!(find("unknown_field").map(|code| code.id), Some("E0203"));
        assert_eq!(find("E9999"), None);
    }
}
