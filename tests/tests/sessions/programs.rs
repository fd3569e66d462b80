//! Small programs that the sessions are about.

use aur_tests::Session;

/// A program of one job around the given fields of its task.
pub(crate) fn job(fields: &str) -> String {
    format!(
        "jobs = [\n  Job {{\n    cluster = \"c\", role = \"r\", environment = \"devel\", name = \"j\"\n    \
         task = Task {{\n      resources = Resources {{ cpu = 1, ram = 64MB, disk = 4GB }}\n      {fields}\n    }}\n  \
         }},\n]\n"
    )
}

/// A process that does nothing.
pub(crate) fn process(name: &str) -> String {
    format!("Process {{ name = \"{name}\", cmdline = \"true\" }}")
}

/// A process that runs a command; the command has neither double quotes nor backslashes.
pub(crate) fn command(name: &str, cmdline: &str) -> String {
    format!("Process {{ name = \"{name}\", cmdline = \"{cmdline}\" }}")
}

/// A session whose `main.aur` holds this text.
pub(crate) fn with(text: impl AsRef<[u8]>) -> Session {
    let session = Session::new();
    session.write("main.aur", text);
    session
}

/// A session whose only task consists of these processes, and further fields.
pub(crate) fn task_of(processes: &[String], fields: &str) -> Session {
    with(job(&format!(
        "processes = [{}]\n      {fields}",
        processes.join(", ")
    )))
}

/// Fails the test unless a value is what a published schema describes.
#[track_caller]
pub(crate) fn fits(schema: &serde_json::Value, value: &serde_json::Value) {
    let validator = jsonschema::validator_for(schema).unwrap();
    if let Err(error) = validator.validate(value) {
        panic!("{error}: {value}");
    }
}
