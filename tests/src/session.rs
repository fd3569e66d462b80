//! A person at a shell: a folder of their own, a clean environment, the real programs.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use regex::Regex;
use serde_json::Value;

use crate::repository;

/// Longest life of one command. It only guards against hangs; no test measures time with it.
const HANG: Duration = Duration::from_secs(180);

/// A folder with files and a state directory, and programs started in it.
#[derive(Debug)]
pub struct Session {
    folder: tempfile::TempDir,
    /// The same folder, without symlinks in its path.
    base: PathBuf,
    environment: Vec<(OsString, OsString)>,
    work: PathBuf,
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl Session {
    /// Makes an empty folder. The environment holds `PATH`, `HOME`, `LANG` and `AUR_ROOT`, nothing else.
    ///
    /// # Panics
    /// There is no place for temporary files.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("aur-session-")
            .tempdir()
            .expect("a folder");
        // The name of the folder is compared with what programs print after they resolved it.
        let base = fs::canonicalize(folder.path()).expect("the folder");
        let work = base.join("work");
        fs::create_dir(&work).expect("a folder");
        fs::create_dir(base.join("home")).expect("a folder");
        let mut session = Self {
            folder,
            base,
            environment: Vec::new(),
            work,
        };
        session.set(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        );
        session.set("HOME", session.beside("home"));
        session.set("LANG", "C.UTF-8");
        session.set("AUR_ROOT", session.beside("state"));
        session
    }

    /// Makes a session whose folder holds a copy of files of `examples/`.
    ///
    /// # Panics
    /// There is no such file.
    pub fn with_examples(names: &[&str]) -> Self {
        let session = Self::new();
        for name in names {
            let source = repository().join("examples").join(name);
            let text =
                fs::read_to_string(&source).unwrap_or_else(|error| panic!("{}: {error}", source.display()));
            session.write(name, &text);
        }
        session
    }

    /// The folder that commands are started in.
    pub fn work(&self) -> &Path {
        &self.work
    }

    /// The folder of the session.
    pub fn base(&self) -> &Path {
        &self.base
    }

    /// A path in the folder of the session, where the first working folder is too.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.base.join(name)
    }

    /// The state directory.
    pub fn state(&self) -> PathBuf {
        self.beside("state")
    }

    /// Sets a variable of the environment.
    pub fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.unset(name);
        self.environment.push((name.into(), value.as_ref().into()));
    }

    /// Takes a variable out of the environment.
    pub fn unset(&mut self, name: &str) {
        self.environment.retain(|(own, _)| own != name);
    }

    /// Starts commands in another folder from now on.
    pub fn go_to(&mut self, folder: PathBuf) {
        self.work = folder;
    }

    /// Writes a file of the working folder, with the folders above it.
    ///
    /// # Panics
    /// It cannot be written.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let place = self.work.join(path);
        fs::create_dir_all(place.parent().expect("a folder")).expect("a folder");
        fs::write(place, text).expect("a file");
    }

    /// Reads a file of the working folder.
    ///
    /// # Panics
    /// It cannot be read.
    pub fn read(&self, path: &str) -> String {
        let place = self.work.join(path);
        fs::read_to_string(&place).unwrap_or_else(|error| panic!("{}: {error}", place.display()))
    }

    /// The path of a program of this workspace.
    ///
    /// # Panics
    /// It was not built.
    pub fn program(name: &str) -> PathBuf {
        let own = std::env::current_exe().expect("a test has a path");
        let folder = own.parent().and_then(Path::parent).expect("target/PROFILE/deps");
        let program = folder.join(name);
        let help = "build the programs first: cargo build -p aurc -p aur";
        assert!(program.exists(), "there is no {}; {help}", program.display());
        program
    }

    /// A command of this session that is not started yet: no standard input, clean environment.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.work).env_clear().stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs `aurc`.
    pub fn aurc(&self, args: &[&str]) -> Told {
        self.run("aurc", args)
    }

    /// Runs `aur`.
    pub fn aur(&self, args: &[&str]) -> Told {
        self.run("aur", args)
    }

    fn run(&self, name: &str, args: &[&str]) -> Told {
        let mut command = self.command(Self::program(name));
        command.args(args);
        let shown: Vec<&str> = std::iter::once(name).chain(args.iter().copied()).collect();
        self.finish(command, &shown.join(" "))
    }

    /// Runs a bash script in which `aur` and `aurc` are found.
    pub fn shell(&self, script: &str) -> Told {
        let mut command = self.command("/bin/bash");
        let programs = Self::program("aur");
        let folder = programs.parent().expect("a folder").display().to_string();
        let path = self.environment.iter().find(|(name, _)| name == "PATH");
        let path = path
            .map(|(_, value)| value.to_string_lossy().into_owned())
            .unwrap_or_default();
        command.env("PATH", format!("{folder}:{path}"));
        command.args(["-c", script]);
        self.finish(command, script)
    }

    /// Runs a command to its end; `shown` is how it stands in the transcript.
    ///
    /// # Panics
    /// It cannot be started, or it hangs.
    pub fn finish(&self, mut command: Command, shown: &str) -> Told {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap_or_else(|error| panic!("{shown}: {error}"));
        self.end_of(child, shown)
    }

    /// Starts `aur` and leaves it running.
    ///
    /// # Panics
    /// It cannot be started.
    pub fn start_aur(&self, args: &[&str]) -> Child {
        let mut command = self.command(Self::program("aur"));
        command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("aur starts")
    }

    /// Waits for a started command.
    ///
    /// # Panics
    /// It hangs.
    pub fn end_of(&self, mut child: Child, shown: &str) -> Told {
        let stdout = gather(child.stdout.take());
        let stderr = gather(child.stderr.take());
        let deadline = Instant::now() + HANG;
        let status = loop {
            if let Some(status) = child.try_wait().expect("a child") {
                break Some(status);
            }
            if Instant::now() > deadline {
                // It may have ended by itself just now.
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
            thread::sleep(Duration::from_millis(5));
        };
        // A background process that kept our pipe open is a fault that must not hang the test.
        let limit = Duration::from_secs(20);
        let stdout = stdout.recv_timeout(limit);
        let stderr = stderr.recv_timeout(limit);
        assert!(
            stdout.is_ok() && stderr.is_ok(),
            "`{shown}` ended but its output is still held open"
        );
        let told = Told {
            shown: shown.to_string(),
            stdout: stdout.unwrap_or_default(),
            stderr: stderr.unwrap_or_default(),
            status,
            folder: self.base.display().to_string(),
        };
        assert!(status.is_some(), "this command hangs:\n{told}");
        told
    }

    /// Ids of the tasks in the state directory, oldest first by name.
    pub fn tasks(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.state().join("tasks")) else {
            return Vec::new();
        };
        let names = entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()));
        let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
        names.sort();
        names
    }

    /// The task object of a task.
    ///
    /// # Panics
    /// `aur status --json` does not give one.
    pub fn status(&self, task: &str) -> Value {
        let told = self.aur(&["status", task, "--json"]);
        assert_eq!(told.code(), Some(0), "{told}");
        serde_json::from_slice(&told.stdout).unwrap_or_else(|error| panic!("{error}\n{told}"))
    }

    /// The folder that holds `sandbox` and `logs` of a task.
    pub fn task_folder(&self, task: &str) -> PathBuf {
        self.state().join("tasks").join(task)
    }

    /// Ids of live processes that this session started, directly or not: those whose environment or
    /// command line names the folder of the session.
    pub fn live_processes(&self) -> Vec<i32> {
        let folder = self.base.as_os_str().as_encoded_bytes();
        let Ok(entries) = fs::read_dir("/proc") else {
            return Vec::new();
        };
        let holds = |pid: i32, file: &str| {
            let content = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
            content.windows(folder.len()).any(|part| part == folder)
        };
        entries
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter(|pid| u32::try_from(*pid) != Ok(std::process::id()))
            .filter(|pid| holds(*pid, "environ") || holds(*pid, "cmdline"))
            .collect()
    }

    /// Waits until nothing that this session started is alive. A runner ends a moment after its task.
    ///
    /// # Panics
    /// Something stays alive.
    #[track_caller]
    pub fn is_quiet(&self) {
        within("all processes end", || {
            self.live_processes().is_empty().then_some(())
        });
    }
}

impl Drop for Session {
    /// Leaves nothing running behind, also after a failed test.
    fn drop(&mut self) {
        for _ in 0..50 {
            let live = self.live_processes();
            if live.is_empty() {
                break;
            }
            for pid in live {
                let _ = nix::sys::signal::kill(
                    nix::unistd::Pid::from_raw(pid),
                    nix::sys::signal::Signal::SIGKILL,
                );
            }
            thread::sleep(Duration::from_millis(10));
        }
        if thread::panicking() {
            let kept = self.folder.path().display();
            let runner_logs = self
                .tasks()
                .into_iter()
                .map(|task| self.task_folder(&task).join("runner.log"));
            for log in runner_logs {
                let text = fs::read_to_string(&log).unwrap_or_default();
                if !text.is_empty() {
                    eprintln_for_test(&format!("{}:\n{text}", log.display()));
                }
            }
            eprintln_for_test(&format!("the session was {kept}"));
        }
    }
}

#[allow(clippy::print_stderr, reason = "the output of a failed test is its product")]
fn eprintln_for_test(text: &str) {
    eprintln!("{text}");
}

fn gather(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut content = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut content);
        }
        // The receiver is gone after a time-out.
        let _ = sender.send(content);
    });
    receiver
}

/// Waits until a condition holds; for things that happen in another process.
///
/// # Panics
/// It never does, within a minute.
pub fn within<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < deadline, "this did not happen: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// What a command printed and how it ended. As text: the transcript, with whatever changes from run to
/// run replaced by a word in brackets.
#[derive(Clone, Debug)]
pub struct Told {
    shown: String,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Error output.
    pub stderr: Vec<u8>,
    status: Option<ExitStatus>,
    folder: String,
}

impl Told {
    /// The exit code; `None` where a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.status.and_then(|status| status.code())
    }

    /// Standard output as text.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Error output as text.
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Standard output as JSON.
    ///
    /// # Panics
    /// It is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }

    /// Standard output as JSON lines.
    ///
    /// # Panics
    /// A line is not JSON.
    pub fn json_lines(&self) -> Vec<Value> {
        let parse =
            |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}\n{self}"));
        self.out().lines().map(parse).collect()
    }

    /// Fails the test unless the command ended with this code.
    ///
    /// # Panics
    /// It ended otherwise.
    #[track_caller]
    pub fn ended(self, code: i32) -> Self {
        assert_eq!(self.code(), Some(code), "{self}");
        self
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let replaced = |text: String| redacted(&text.replace(&self.folder, "[DIR]"));
        writeln!(f, "$ {}", replaced(self.shown.clone()))?;
        for (name, text) in [("", self.out()), ("[stderr]", self.err())] {
            if text.is_empty() {
                continue;
            }
            if !name.is_empty() {
                writeln!(f, "{name}")?;
            }
            write!(f, "{}", replaced(text.clone()))?;
            if !text.ends_with('\n') {
                writeln!(f, "[no newline]")?;
            }
        }
        match self.status {
            Some(status) => match status.code() {
                Some(code) => write!(f, "[exit {code}]"),
                None => write!(f, "[{status}]"),
            },
            None => write!(f, "[hangs]"),
        }
    }
}

/// Replaces what changes from run to run: ids, times, process numbers, digests, the folder of programs.
pub fn redacted(text: &str) -> String {
    let rules = [
        // What a task used, and what this machine does not let us limit.
        (r"(?m)^  used: .*\n", ""),
        (r"(?m)^  note: .* not limited: .*\n", ""),
        (r"\b[0-9]{8}-[0-9]{6}-[0-9a-f]{4}\b", "[ID]"),
        (
            r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z?",
            "[DATE]",
        ),
        (
            r"\b[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} [0-9]{4}\b",
            "[DATE]",
        ),
        (r"\b[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?\b", "[CLOCK]"),
        (r"\b(pid|runner|process) [0-9]+\b", "$1 [PID]"),
        (r" *\b[0-9]+\.[0-9]+ ?(ms|s|min|h)\b", " [TIME]"),
        (r"sha256:[0-9a-f]{8,64}", "sha256:[DIGEST]"),
    ];
    let programs = Session::program("aur");
    let programs = programs.parent().map(|folder| folder.display().to_string());
    let mut text = text.replace(&programs.unwrap_or_default(), "[PROGRAMS]");
    for (pattern, word) in rules {
        let pattern = Regex::new(pattern).expect("a pattern");
        text = pattern.replace_all(&text, word).into_owned();
    }
    text
}
