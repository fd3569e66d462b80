//! What the functions are called with, for those who write calls.

/// A function of the language.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) parameters: &'static [Parameter],
    /// The type of what it gives, as written.
    pub(crate) gives: &'static str,
    pub(crate) doc: &'static str,
}

/// A parameter of a function.
#[derive(Debug)]
pub(crate) struct Parameter {
    /// As it is shown: `list`, or `first, ..` where more may follow.
    pub(crate) name: &'static str,
    /// The type, as written; `Any` where everything fits.
    pub(crate) ty: &'static str,
    pub(crate) repeats: Repeats,
    pub(crate) doc: &'static str,
}

/// How often a parameter is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeats {
    Once,
    /// Any number of times, by place.
    Often,
    /// Any number of times, as `name = value`.
    Named,
}

const fn once(name: &'static str, ty: &'static str, doc: &'static str) -> Parameter {
    Parameter {
        name,
        ty,
        repeats: Repeats::Once,
        doc,
    }
}

const fn often(name: &'static str, ty: &'static str, doc: &'static str) -> Parameter {
    Parameter {
        name,
        ty,
        repeats: Repeats::Often,
        doc,
    }
}

const fn named(name: &'static str, ty: &'static str, doc: &'static str) -> Parameter {
    Parameter {
        name,
        ty,
        repeats: Repeats::Named,
        doc,
    }
}

const TASKS: [Parameter; 2] = [
    often(
        "task",
        "Task",
        "A task; what is not said otherwise comes from the first.",
    ),
    named("field", "Any", "A field of the new task."),
];

const OPTIONS: [Parameter; 2] = [
    often(
        "flag",
        "Any",
        "A flag without a value, or a map of flags and values.",
    ),
    named(
        "name",
        "Any",
        "A flag and its value; `true` leaves the flag alone, `false` leaves it out.",
    ),
];

/// All functions, in order of their names.
pub(crate) const FUNCTIONS: [Function; 14] = [
    Function {
        name: "combine",
        parameters: &TASKS,
        gives: "Task",
        doc: "Joins tasks that run side by side: resources are added up.",
    },
    Function {
        name: "concat",
        parameters: &TASKS,
        gives: "Task",
        doc: "Joins tasks that run one behind the other.",
    },
    Function {
        name: "env",
        parameters: &[once("name", "String", "The variable.")],
        gives: "String",
        doc: "An environment variable, as the default of an input and nowhere else.",
    },
    Function {
        name: "file",
        parameters: &[once(
            "path",
            "String",
            "Path from the folder of this file, within the project.",
        )],
        gives: "String",
        doc: "The text of a file.",
    },
    Function {
        name: "file_hash",
        parameters: &[once(
            "path",
            "String",
            "Path from the folder of this file, within the project.",
        )],
        gives: "String",
        doc: "The SHA-256 of a file.",
    },
    Function {
        name: "java_options",
        parameters: &OPTIONS,
        gives: "String",
        doc: "Command line flags with one dash before every name.",
    },
    Function {
        name: "join",
        parameters: &[
            once("list", "List[String]", "The texts."),
            once("separator", "String", "What stands between two of them."),
        ],
        gives: "String",
        doc: "One text of the texts of a list.",
    },
    Function {
        name: "keys",
        parameters: &[once("map", "Any", "A map.")],
        gives: "List[String]",
        doc: "The keys of a map, in the order they are written.",
    },
    Function {
        name: "len",
        parameters: &[once("value", "Any", "A list, a map or a text.")],
        gives: "Integer",
        doc: "How many elements, entries or characters there are.",
    },
    Function {
        name: "limit",
        parameters: &[once("count", "Integer", "At least 1.")],
        gives: "String",
        doc: "A scheduling constraint: at most so many instances with one value of an attribute.",
    },
    Function {
        name: "none_of",
        parameters: &[often("value", "String", "A value the attribute must not have.")],
        gives: "String",
        doc: "A scheduling constraint: the attribute has none of these values.",
    },
    Function {
        name: "order",
        parameters: &[often(
            "process",
            "Process",
            "A process, its name, or `ready(process)`; it waits for the one before it.",
        )],
        gives: "List[Constraint]",
        doc: "Processes that wait for each other: each starts after the one before it has succeeded.",
    },
    Function {
        name: "python_options",
        parameters: &OPTIONS,
        gives: "String",
        doc: "Command line flags with one dash before a letter, two before a word.",
    },
    Function {
        name: "ready",
        parameters: &[once("process", "Process", "A process with a probe, or its name.")],
        gives: "Ready",
        doc: "The moment at which a process says that it is ready, as a part of an order.",
    },
];

/// `bind`, which is called on a value.
pub(crate) const BIND: Function = Function {
    name: "bind",
    parameters: &[named(
        "name",
        "Any",
        "What `{{name}}` stands for in the texts of the value.",
    )],
    gives: "Any",
    doc: "The same value, with names that its texts can use.",
};

impl Function {
    /// Finds a function by its name.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        FUNCTIONS.iter().find(|own| own.name == name)
    }

    /// How it is called: `join(list, separator)`.
    pub(crate) fn form(&self) -> String {
        let parameters = self.parameters.iter().map(Parameter::shown);
        format!("{}({})", self.name, parameters.collect::<Vec<_>>().join(", "))
    }
}

impl Parameter {
    /// How it is shown within a call.
    pub(crate) fn shown(&self) -> String {
        match self.repeats {
            Repeats::Once => self.name.to_string(),
            Repeats::Often => format!("{}, ..", self.name),
            Repeats::Named => format!("{} = value, ..", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::FUNCTIONS;
    use crate::eval::BUILTINS;

    #[test]
    fn every_function_is_told_of() {
        assert_eq!(FUNCTIONS.map(|own| own.name), BUILTINS);
    }

    #[test]
    fn the_reference_of_the_language_names_every_function() {
        let reference = include_str!("../../../../docs/language.md");
        for own in FUNCTIONS {
            assert!(
                reference.contains(&format!("{}(", own.name)),
                "`{}` is missing",
                own.name
            );
        }
    }
}
