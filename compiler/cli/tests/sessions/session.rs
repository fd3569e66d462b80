//! A folder with files, and lines run in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A program that runs: one job with one process.
pub(crate) const HELLO: &str = r#"hello = Process { name = "hello", cmdline = "echo hello" }
hello_task = Task {
  processes = [hello]
  resources = Resources { cpu = 0.5, ram = 64MB, disk = 64MB }
}
jobs = [
  Job { cluster = "local", role = "me", environment = "devel", name = "hello", task = hello_task },
]
"#;

/// Lines and their outputs, as one text: `$ line`, the standard output, the error output behind `! `, and
/// the exit status behind `= `.
pub(crate) struct Session {
    folder: TempDir,
    here: PathBuf,
    text: String,
}

impl Session {
    /// Makes a folder with these files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // A name with a blank, so that no test passes for want of one.
        let here = fs::canonicalize(folder.path()).unwrap().join("a folder");
        fs::create_dir(&here).unwrap();
        for (path, content) in files {
            let path = here.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        Self {
            folder,
            here,
            text: String::new(),
        }
    }

    /// Runs a line in a shell that knows `aurc` and has an environment of its own.
    pub(crate) fn output(&self, line: &str) -> Output {
        let binary = Path::new(env!("CARGO_BIN_EXE_aurc")).parent().unwrap();
        Command::new("bash")
            .args(["-c", line])
            .current_dir(&self.here)
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", binary.display()))
            .env("LC_ALL", "C.UTF-8")
            .output()
            .unwrap()
    }

    /// Runs a line and adds it and what came back to the text.
    pub(crate) fn run(mut self, line: &str) -> Self {
        let output = self.output(line);
        self.text.push_str(&format!("$ {line}\n"));
        self.text.push_str(&self.readable(&output.stdout));
        for line in self.readable(&output.stderr).lines() {
            self.text.push_str(&format!("! {line}\n"));
        }
        let status = output
            .status
            .code()
            .map_or("killed".to_string(), |code| code.to_string());
        self.text.push_str(&format!("= {status}\n"));
        self
    }

    fn readable(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes).replace('\x1b', "^");
        let text = text.replace(&*self.here.to_string_lossy(), "HERE");
        let text = text.replace(&*self.folder.path().to_string_lossy(), "ABOVE");
        if text.is_empty() || text.ends_with('\n') {
            text
        } else {
            text + "<no line break>\n"
        }
    }

    /// Everything so far.
    pub(crate) fn text(self) -> String {
        self.text
    }
}

/// Runs lines in a folder with these files.
pub(crate) fn session(files: &[(&str, &str)], lines: &[&str]) -> String {
    lines
        .iter()
        .fold(Session::new(files), |session, line| session.run(line))
        .text()
}
