use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use nix::sys::stat::Mode;
use tempfile::TempDir;

use super::*;

/// Makes a folder from paths and contents; a path that ends in `/` is a folder.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        if path.as_os_str().as_bytes().ends_with(b"/") {
            fs::create_dir_all(path).unwrap();
        } else {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    }
    folder
}

fn find(folder: &TempDir, entry: &str) -> Project {
    Project::find(&folder.path().join(entry), None).unwrap()
}

/// Root and entry as the user would name them.
fn found(folder: &TempDir, entry: &str) -> String {
    let project = find(folder, entry);
    let base = fs::canonicalize(folder.path()).unwrap();
    let root = project.root().strip_prefix(&base).unwrap().display().to_string();
    format!("{root}|{}", project.entry())
}

fn read(project: &Project, path: &str) -> String {
    match project.read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => format!("{error:?}"),
    }
}

#[test]
fn the_root_is_found() {
    let files = folder(&[
        ("a/.git/", ""),
        ("a/b/aur.toml", ""),
        ("a/b/c/main.aur", ""),
        ("a/d/main.aur", ""),
        ("e/f/main.aur", ""),
    ]);
    assert_eq!(found(&files, "a/b/c/main.aur"), "a/b|c/main.aur");
    assert_eq!(found(&files, "a/d/../b/c/main.aur"), "a/b|c/main.aur");
    assert_eq!(found(&files, "a/d/main.aur"), "a|d/main.aur");
    assert_eq!(found(&files, "e/f/main.aur"), "e/f|main.aur");
}

#[test]
fn a_nearer_git_folder_does_not_beat_a_project_file() {
    let files = folder(&[("aur.toml", ""), ("a/.git/", ""), ("a/main.aur", "")]);
    assert_eq!(found(&files, "a/main.aur"), "|a/main.aur");
}

#[test]
fn the_root_can_be_named() {
    let files = folder(&[("a/main.aur", ""), ("ab/main.aur", "")]);
    let entry = files.path().join("a/main.aur");
    let named = |root: &str| match Project::find(&entry, Some(&files.path().join(root))) {
        Ok(project) => project.entry().to_string(),
        Err(error) => error
            .to_string()
            .replace(&*fs::canonicalize(files.path()).unwrap().to_string_lossy(), "DIR")
            .replace(&*files.path().to_string_lossy(), "DIR"),
    };
    assert_eq!(named(""), "a/main.aur");
    assert_eq!(named("a"), "main.aur");
    assert_eq!(named("ab"), "`DIR/a/main.aur` is not in the project `DIR/ab`");
    assert_eq!(named("a/main.aur"), "`DIR/a/main.aur` is not a folder");
    assert_eq!(named("none"), "`DIR/none` is not a folder");
}

#[test]
fn an_entry_that_cannot_be_read_says_why() {
    let files = folder(&[("hello.aur", ""), ("sub/main.aur", ""), ("empty/", "")]);
    nix::unistd::mkfifo(&files.path().join("pipe"), Mode::S_IRWXU).unwrap();
    File::create(files.path().join("large"))
        .unwrap()
        .set_len(SOURCE_LIMIT + 1)
        .unwrap();
    let fault = |entry: &str| {
        let error = Project::find(&files.path().join(entry), None).unwrap_err();
        let help = error.help().unwrap_or_default();
        format!("{error}; {help}").replace(&*files.path().to_string_lossy(), "DIR")
    };
    insta::assert_snapshot!(
        ["helo.aur", "none", "hello.aur/x", "sub", "empty", "pipe", "large"].map(fault).join("\n"),
        @"
    there is no file `DIR/helo.aur`; did you mean `DIR/hello.aur`?
    there is no file `DIR/none`; 
    there is no file `DIR/hello.aur/x`; 
    `DIR/sub` is a folder; name a file, such as `DIR/sub/main.aur`
    `DIR/empty` is a folder; name a `.aur` file
    `DIR/pipe` is not a regular file; give `-` as the file to read a program from a pipe
    `DIR/large` has more than 67108864 bytes; divide the program with `include`
    "
    );
}

#[test]
fn reading_stays_inside() {
    let files = folder(&[
        ("secret", "secret"),
        ("project-twin/x", "twin"),
        ("project/main.aur", "main"),
        ("project/lib/base.aur", "base"),
        ("project/lib/data.txt", "data"),
    ]);
    let project_folder = files.path().join("project");
    symlink("../secret", project_folder.join("out")).unwrap();
    symlink("/etc/passwd", project_folder.join("passwd")).unwrap();
    symlink("..", project_folder.join("up")).unwrap();
    symlink("../project-twin", project_folder.join("twin")).unwrap();
    symlink("lib/base.aur", project_folder.join("in")).unwrap();
    symlink("loop", project_folder.join("loop")).unwrap();
    symlink("/dev/null", project_folder.join("null")).unwrap();
    symlink("nowhere", project_folder.join("broken")).unwrap();
    nix::unistd::mkfifo(&project_folder.join("pipe"), Mode::S_IRWXU).unwrap();
    let project = Project::find(&project_folder.join("main.aur"), None).unwrap();
    let answers = [
        "main.aur",
        "in",
        "lib/base.aur",
        "out",
        "passwd",
        "up/secret",
        "up/none",
        "twin/x",
        "../secret",
        "/etc/passwd",
        "lib/../../secret",
        "null",
        "loop",
        "broken",
        "pipe",
        "lib",
        "",
        "lib/bsae.aur",
        "lob/base.aur",
        "lob/bsae.aur",
        "none/base.aur",
    ]
    .map(|path| format!("{path}: {}", read(&project, path)));
    insta::assert_snapshot!(answers.join("\n"), @r#"
    main.aur: main
    in: base
    lib/base.aur: base
    out: OutsideRoot
    passwd: OutsideRoot
    up/secret: OutsideRoot
    up/none: OutsideRoot
    twin/x: OutsideRoot
    ../secret: OutsideRoot
    /etc/passwd: OutsideRoot
    lib/../../secret: OutsideRoot
    null: OutsideRoot
    loop: System("Too many levels of symbolic links (os error 40)")
    broken: NotFound { nearest: None }
    pipe: NotAFile
    lib: NotAFile
    : OutsideRoot
    lib/bsae.aur: NotFound { nearest: Some("lib/base.aur") }
    lob/base.aur: NotFound { nearest: Some("lib/base.aur") }
    lob/bsae.aur: NotFound { nearest: Some("lib/base.aur") }
    none/base.aur: NotFound { nearest: None }
    "#);
}

#[test]
fn names_that_are_not_utf8_work_for_the_entry() {
    let files = folder(&[]);
    let inner = files.path().join(OsStr::from_bytes(b"d\xff"));
    fs::create_dir(&inner).unwrap();
    fs::write(files.path().join("aur.toml"), "").unwrap();
    fs::write(inner.join(OsStr::from_bytes(b"m\xfe.aur")), "main").unwrap();
    fs::write(inner.join("base.aur"), "base").unwrap();
    let project = Project::find(&inner.join(OsStr::from_bytes(b"m\xfe.aur")), None).unwrap();
    assert_eq!(project.entry(), "d\u{fffd}/m\u{fffd}.aur");
    assert_eq!(read(&project, "d\u{fffd}/m\u{fffd}.aur"), "main");
    assert_eq!(read(&project, "d\u{fffd}/base.aur"), "base");
    assert_eq!(read(&project, "d\u{fffd}/none.aur"), "NotFound { nearest: None }");
}

#[test]
fn text_counts_as_the_file_it_names() {
    let files = folder(&[("aur.toml", ""), ("sub/base.aur", "base")]);
    let filename = files.path().join("sub/new.aur");
    let project = Project::with_text(b"text".to_vec(), Some(&filename), None).unwrap();
    assert_eq!(project.entry(), "sub/new.aur");
    assert_eq!(read(&project, "sub/new.aur"), "text");
    assert_eq!(read(&project, "sub/base.aur"), "base");
    assert!(Project::with_text(Vec::new(), Some(&files.path().join("none/x.aur")), None).is_err());
    assert!(Project::with_text(Vec::new(), Some(Path::new("..")), None).is_err());

    let nameless = Project::with_text(b"text".to_vec(), None, Some(Path::new("."))).unwrap();
    assert_eq!(nameless.entry(), "<stdin>");
    assert_eq!(nameless.seen_from_here("sub/<stdin>"), "<stdin>");
}

#[test]
fn paths_are_shown_from_the_working_folder() {
    let seen = |here: &str, path: &str| as_text(&relative_to(Path::new(here), Path::new(path)));
    assert_eq!(seen("/a/b", "/a/b/c/x.aur"), "c/x.aur");
    assert_eq!(seen("/a/b", "/a/x.aur"), "../x.aur");
    assert_eq!(seen("/a/b", "/c/x.aur"), "/c/x.aur");
    assert_eq!(seen("/", "/a/x.aur"), "/a/x.aur");
}

#[test]
fn a_source_is_recognised_under_any_name() {
    let files = folder(&[("main.aur", ""), ("base.aur", ""), ("other", "")]);
    symlink("base.aur", files.path().join("link")).unwrap();
    let project = find(&files, "main.aur");
    let is_source = |path: &str| project.is_source(&files.path().join(path), ["main.aur", "base.aur"]);
    assert!(is_source("./main.aur") && is_source("link"));
    assert!(!is_source("other") && !is_source("none"));
}

#[test]
fn folders_are_listed_within_the_root_only() {
    let files = folder(&[
        ("p/aur.toml", ""),
        ("p/main.aur", ""),
        ("p/lib/a.aur", ""),
        ("p/lib/deep/b.aur", ""),
        ("outside/secret.aur", ""),
    ]);
    let at = |path: &str| files.path().join(path);
    symlink(at("outside"), at("p/lib/way_out")).unwrap();
    symlink(at("p/main.aur"), at("p/lib/same.aur")).unwrap();
    let project = find(&files, "p/main.aur");
    let listed = |folder: &str| {
        let mut found = project.list(folder);
        found.sort_by(|one, other| one.name.cmp(&other.name));
        let shown = found.iter().map(|own| match own.is_folder {
            true => format!("{}/", own.name),
            false => own.name.clone(),
        });
        shown.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(listed(""), "aur.toml lib/ main.aur");
    assert_eq!(listed("lib"), "a.aur deep/ same.aur");
    assert_eq!(listed("lib/way_out"), "");
    assert_eq!(listed("../outside"), "");
    assert_eq!(listed("nothing"), "");
}
