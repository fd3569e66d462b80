//! `--watch` with a process that lives: files are changed as editors do, and the next line is waited for.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tempfile::TempDir;

/// A line must come within this time; only a hang takes so long.
const HANG: Duration = Duration::from_secs(60);

struct Watch {
    folder: TempDir,
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    fn new(files: &[(&str, &str)], args: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let mut child = Command::new(env!("CARGO_BIN_EXE_aurc"))
            .args(["check", "--watch", "--format", "short"])
            .args(args)
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            output
                .lines()
                .map_while(Result::ok)
                .all(|line| sender.send(line).is_ok())
        });
        Self { folder, child, lines }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Waits for the line that ends a look, and returns all lines of the look without its time.
    fn look(&self) -> Vec<String> {
        let mut look = Vec::new();
        loop {
            let line = self.lines.recv_timeout(HANG).unwrap();
            match line.split_once(" checked in ") {
                Some((state, time)) => {
                    assert!(time.ends_with(" ms"), "{line}");
                    look.push(state.to_string());
                    return look;
                }
                None => look.push(line),
            }
        }
    }

    /// Waits for the look whose last line begins so: a change may be seen in the middle.
    fn until(&self, state: &str) -> Vec<String> {
        loop {
            let look = self.look();
            if look.last().is_some_and(|last| last.starts_with(state)) {
                return look;
            }
        }
    }

    fn signal(mut self, signal: &str) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap().code()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Puts a new file in the place of the old one.
fn rename_over(path: &Path, content: &str) {
    let new = path.with_extension("new");
    fs::write(&new, content).unwrap();
    fs::rename(new, path).unwrap();
}

#[test]
fn every_file_that_was_read_is_watched() {
    let watch = Watch::new(
        &[
            ("aur.toml", ""),
            (
                "main.aur",
                "include \"lib/base.aur\"\ny = x\nz = file(\"data/z.txt\")\n",
            ),
            ("lib/base.aur", "x = 1\n"),
            ("data/z.txt", "z"),
        ],
        &["main.aur"],
    );
    assert_eq!(watch.look(), ["ok: 1 file"]);
    watch.write("lib/base.aur", "w = 1\n");
    assert_eq!(
        watch.until("1 error"),
        [
            "main.aur:2:5: error[E0201]: `x` is not defined",
            "1 error: 1 file"
        ]
    );
    rename_over(&watch.path("lib/base.aur"), "x = 2\n");
    watch.until("ok");
    fs::remove_file(watch.path("data/z.txt")).unwrap();
    assert_eq!(watch.until("1 error").len(), 2);
    watch.write("data/z.txt", "back");
    watch.until("ok");
    watch.write("aur.toml", "[check]\nselct = []\n");
    watch.until("1 failure");
    watch.write("aur.toml", "");
    watch.until("ok");
    assert_eq!(watch.signal("-INT"), Some(130));
}

#[test]
fn files_and_folders_vanish_and_come_back() {
    let watch = Watch::new(
        &[
            ("aur.toml", ""),
            ("sub/main.aur", "include \"parts/base.aur\"\n"),
            ("sub/parts/base.aur", "x = 1\n"),
        ],
        &["sub/main.aur"],
    );
    assert_eq!(watch.look(), ["ok: 1 file"]);
    fs::rename(watch.path("sub/main.aur"), watch.path("sub/main.aur~")).unwrap();
    assert_eq!(watch.until("1 failure"), ["1 failure: 0 files"]);
    fs::rename(watch.path("sub/main.aur~"), watch.path("sub/main.aur")).unwrap();
    watch.until("ok");
    fs::rename(watch.path("sub/parts"), watch.path("sub/away")).unwrap();
    watch.until("1 error");
    fs::create_dir(watch.path("sub/parts")).unwrap();
    watch.write("sub/parts/base.aur", "x = 3\n");
    watch.until("ok");
    // The folder that is watched now is the new one.
    watch.write("sub/parts/base.aur", "x = y\n");
    watch.until("1 error");
    assert_eq!(watch.signal("-TERM"), Some(143));
}

#[test]
fn the_watch_ends_when_nobody_reads() {
    let mut watch = Watch::new(&[("main.aur", "x = 1\n")], &["main.aur"]);
    assert_eq!(watch.look(), ["ok: 1 file"]);
    let mut other = Command::new("bash")
        .args([
            "-c",
            "\"$0\" check --watch main.aur | head -1",
            env!("CARGO_BIN_EXE_aurc"),
        ])
        .current_dir(watch.folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    assert!(other.wait().unwrap().success());
    assert!(watch.child.try_wait().unwrap().is_none());
}

#[test]
fn what_cannot_be_watched() {
    let files = [("main.aur", "x = 1\n")];
    insta::assert_snapshot!(crate::session::session(&files, &[
        "aurc check --watch - < main.aur",
        "aurc check --watch main.aur --format json",
        "aurc check --watch main.aur --fix 2>&1 | head -1",
    ]), @"
    $ aurc check --watch - < main.aur
    !   × the standard input cannot be watched
    !   help: name a file
    = 2
    $ aurc check --watch main.aur --format json
    !   × `--watch` is for people
    !   help: leave `--format` out, or take `short`
    = 2
    $ aurc check --watch main.aur --fix 2>&1 | head -1
    error: the argument '--watch' cannot be used with:
    = 0
    ");
}
