//! What a process of a task finds in its environment, and the values of runtime names.
//!
//! By default the environment is clean: `HOME` (the sandbox), `LOGNAME`, `USER`, `PATH`, `SHELL`. With
//! inheritance it is the runner's own. The facts of the task are added in both cases: `AUR_TASK_ID`,
//! `AUR_INSTANCE`, `AUR_SANDBOX`, `AUR_PROCESS`, `AUR_RUN`, and `AUR_RUN_ID`, by which the processes of a
//! run are recognised wherever they went.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use aur_host::tree::MARKER_NAME;
use aur_host::{PathError, account, boot, detach, process};
use aur_ir as ir;

use crate::files::Inheritance;
use crate::role::RoleOrder;
use crate::{Ports, RunnerError};

/// The file of a sandbox that the bash of each process reads first.
const PROFILE: &str = ".aur_profile";
/// Where programs are looked for, in a clean environment.
pub(crate) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Finds bash: `/bin/bash`, `/usr/bin/bash`, then our own `PATH`.
pub(crate) fn find_bash() -> Result<PathBuf, RunnerError> {
    let fixed = [Path::new("/bin/bash"), Path::new("/usr/bin/bash")];
    let path = std::env::var_os("PATH");
    process::find_program(&fixed, "bash", path.as_deref()).ok_or_else(|| {
        let mut looked_for: Vec<String> = fixed.iter().map(|place| place.display().to_string()).collect();
        looked_for.extend(path.map(|path| format!("PATH ({})", path.to_string_lossy())));
        RunnerError::NoBash { looked_for }
    })
}

/// The facts of one attempt that its processes are told.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) task_id: String,
    pub(crate) instance: u32,
    pub(crate) attempt: u32,
    pub(crate) sandbox: PathBuf,
    /// Makes the marker of this task differ from that of every other.
    pub(crate) nonce: String,
    pub(crate) ports: Ports,
    user: OsString,
    hostname: String,
}

/// A program and its arguments, ready to be run.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
}

impl Facts {
    pub(crate) fn new(
        task_id: String,
        instance: u32,
        attempt: u32,
        sandbox: PathBuf,
        nonce: String,
        ports: Ports,
    ) -> Result<Self, PathError> {
        Ok(Self {
            task_id,
            instance,
            attempt,
            sandbox,
            nonce,
            ports,
            user: account::own_name()?,
            hostname: boot::hostname()?,
        })
    }

    /// Has processes be told that they are somebody else than us.
    pub(crate) fn run_as(&mut self, role: Option<&RoleOrder>) {
        if let Some(role) = role {
            self.user = OsString::from(&role.name);
        }
    }

    /// The value of a runtime name.
    pub(crate) fn value_of(&self, name: &ir::LateName) -> Option<String> {
        match name {
            ir::LateName::Hostname => Some(self.hostname.clone()),
            ir::LateName::Instance => Some(self.instance.to_string()),
            ir::LateName::Port(name) => self.ports.get(name).map(u16::to_string),
            ir::LateName::Sandbox => self.sandbox.to_str().map(str::to_string),
            ir::LateName::TaskId => Some(self.task_id.clone()),
            ir::LateName::User => Some(self.user.to_string_lossy().into_owned()),
        }
    }

    /// The program of a process and its arguments, with all runtime names filled in.
    pub(crate) fn command(&self, process: &ir::Process, bash: &Path) -> Result<Command, RunnerError> {
        if let Some(cmdline) = &process.cmdline {
            let line = self.resolve(process, cmdline)?;
            return Ok(Command {
                program: bash.to_path_buf(),
                arguments: vec!["-c".into(), line.into()],
            });
        }
        let mut words = process.argv.iter().map(|word| self.resolve(process, word));
        let program = words.next().transpose()?.unwrap_or_default();
        Ok(Command {
            program: program.into(),
            arguments: words
                .map(|word| word.map(OsString::from))
                .collect::<Result<_, _>>()?,
        })
    }

    /// A text with all runtime names filled in; `place` says whose it is.
    pub(crate) fn fill(&self, place: &str, text: &ir::Text) -> Result<String, RunnerError> {
        text.resolve(|name| self.value_of(name))
            .map_err(|name| RunnerError::NoValue {
                place: place.to_string(),
                name,
            })
    }

    /// The number of a port; `place` says who asks for it.
    pub(crate) fn port(&self, place: &str, port: &ir::Port) -> Result<u16, RunnerError> {
        match port {
            ir::Port::Number(number) => Ok(*number),
            ir::Port::Name(name) => {
                let name = ir::LateName::Port(name.clone());
                let number = self.value_of(&name).and_then(|number| number.parse().ok());
                number.ok_or_else(|| RunnerError::NoValue {
                    place: place.to_string(),
                    name,
                })
            }
        }
    }

    fn resolve(&self, process: &ir::Process, text: &ir::Text) -> Result<String, RunnerError> {
        self.fill(&format!("the command of process `{}`", process.name), text)
    }

    /// The variables of its own that a process asks for: those passed on, then those given.
    pub(crate) fn wanted(&self, process: &ir::Process) -> Result<Vec<(OsString, OsString)>, RunnerError> {
        let passed = process
            .pass_env
            .iter()
            .filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)));
        let given = process
            .env
            .iter()
            .map(|(name, text)| Ok((OsString::from(name), self.resolve(process, text)?.into())));
        passed.map(Ok).chain(given).collect()
    }

    /// What marks the processes of one run.
    pub(crate) fn marker(&self, process: &str, run: u32) -> String {
        format!("{}{process}/{run}", self.prefix())
    }

    /// What all marks of the attempt begin with.
    pub(crate) fn prefix(&self) -> String {
        format!("{}/{}/", self.nonce, self.attempt)
    }

    /// The entries that are the same for all runs of the attempt.
    pub(crate) fn shared(&self, inheritance: Inheritance, bash: &Path) -> Vec<(OsString, OsString)> {
        let mut entries: Vec<(OsString, OsString)> = match inheritance {
            Inheritance::Inherit => std::env::vars_os()
                .filter(|(name, _)| name != detach::PIPE_VARIABLE)
                .collect(),
            Inheritance::Clean => vec![
                entry("HOME", &self.sandbox),
                entry("LOGNAME", &self.user),
                entry("USER", &self.user),
                entry("PATH", PATH),
                entry("SHELL", bash),
            ],
        };
        entries.extend([
            entry("AUR_TASK_ID", &self.task_id),
            entry("AUR_INSTANCE", self.instance.to_string()),
            entry("AUR_SANDBOX", &self.sandbox),
        ]);
        entries
    }

    /// The entry by which bash reads the profile of the sandbox, if there is one by now.
    pub(crate) fn profile(&self) -> Option<(OsString, OsString)> {
        let path = Path::new(&self.sandbox).join(PROFILE);
        path.is_file().then(|| entry("BASH_ENV", path))
    }

    /// The entries of one run.
    pub(crate) fn own(&self, process: &str, run: u32) -> [(OsString, OsString); 3] {
        [
            entry("AUR_PROCESS", process),
            entry("AUR_RUN", run.to_string()),
            entry(MARKER_NAME, self.marker(process, run)),
        ]
    }
}

fn entry(name: &str, value: impl AsRef<OsStr>) -> (OsString, OsString) {
    (name.into(), value.as_ref().to_os_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            task_id: "t-1".into(),
            instance: 2,
            attempt: 0,
            sandbox: "/s a".into(),
            nonce: "00ff".into(),
            ports: Ports::from([("admin".into(), 8080)]),
            user: "ann".into(),
            hostname: "host".into(),
        }
    }

    #[test]
    fn a_clean_environment_is_a_closed_list() {
        let facts = facts();
        let mut entries = facts.shared(Inheritance::Clean, Path::new("/bin/bash"));
        entries.extend(facts.own("fetch", 3));
        let lines: Vec<String> = entries
            .iter()
            .map(|(name, value)| format!("{}={}", name.display(), value.display()))
            .collect();
        assert_eq!(
            lines,
            [
                "HOME=/s a",
                "LOGNAME=ann",
                "USER=ann",
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "SHELL=/bin/bash",
                "AUR_TASK_ID=t-1",
                "AUR_INSTANCE=2",
                "AUR_SANDBOX=/s a",
                "AUR_PROCESS=fetch",
                "AUR_RUN=3",
                "AUR_RUN_ID=00ff/0/fetch/3",
            ]
        );
        assert_eq!(facts.marker("fetch", 3), "00ff/0/fetch/3");
    }

    #[test]
    fn a_port_is_the_number_that_was_given() {
        let process = |port: &str| -> ir::Process {
            let text = r#"{"cmdline":{"segments":["nc ",{"late":"aur.ports[PORT]"}]},"daemon":false,
                "ephemeral":false,"final":false,"max_failures":1,"min_duration_ms":0,"name":"web"}"#;
            serde_json::from_str(&text.replace("PORT", port)).unwrap()
        };
        let command = |port| facts().command(&process(port), Path::new("/bin/bash"));
        assert_eq!(command("admin").unwrap().arguments, ["-c", "nc 8080"]);
        assert_eq!(
            command("http").unwrap_err().to_string(),
            "the command of process `web` needs `aur.ports[http]`, which has no value here: the job does not list it among its ports"
        );
    }
}
