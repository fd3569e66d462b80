use crate::session::{HELLO, session};

const SEVERAL: &str = r#"input who: String = "world"
fetch = Process { name = "fetch", cmdline = "cp /tmp/{{package}} .\ntar xf {{package}}", max_failures = 0 }
build = Process { name = "build", cmdline = "make # {{aur.instance}}" }
clean = Process { name = "clean", cmdline = "echo {{who}}", final = true, min_duration = 500ms }
log = Process { name = "log", cmdline = "./log", daemon = true, ephemeral = true }
all = Task {
  name = "all"
  processes = [fetch, build, clean, log]
  constraints = order(fetch, build)
  resources = Resources { cpu = 1, ram = 64MB, disk = 1GB }
  max_concurrency = 2
  files = { "a/b.py": "print(1)" }
}.bind(package = "x.tar")
template = Job { cluster = "local", role = "me", task = all, contact = "me@example.org" }
jobs = [
  template { environment = "devel", name = "one" },
  template { environment = "prod", name = "one", service = true, instances = 3, max_task_failures = -1 },
  template { environment = "prod", name = "two", production = true, constraints = { host: "limit:2" } },
]
"#;

#[test]
fn inspect() {
    insta::assert_snapshot!(session(&[("main.aur", SEVERAL), ("hello.aur", HELLO)], &[
        "aurc inspect hello.aur",
        "aurc inspect main.aur prod/one",
        "aurc inspect main.aur two | head -12",
        "aurc inspect main.aur one",
        "aurc inspect main.aur three",
        "aurc inspect main.aur",
        "aurc inspect hello.aur --color always | head -2",
    ]), @"
    $ aurc inspect hello.aur
    !   × the compiler gave neither an answer nor an error
    !   help: please report this
    = 2
    $ aurc inspect main.aur prod/one
    !   × the compiler gave neither an answer nor an error
    !   help: please report this
    = 2
    $ aurc inspect main.aur two | head -12
    !   × the compiler gave neither an answer nor an error
    !   help: please report this
    = 0
    $ aurc inspect main.aur one
    !   × the compiler gave neither an answer nor an error
    !   help: please report this
    = 2
    $ aurc inspect main.aur three
    !   × the compiler gave neither an answer nor an error
    !   help: please report this
    = 2
    $ aurc inspect main.aur
    !   × the compiler gave neither an answer nor an error
    !   help: please report this
    = 2
    $ aurc inspect hello.aur --color always | head -2
    !   ^[31m×^[0m the compiler gave neither an answer nor an error
    ! ^[36m  help: ^[0mplease report this
    = 0
    ");
}

#[test]
fn eval() {
    insta::assert_snapshot!(session(&[("main.aur", SEVERAL)], &[
        "aurc eval main.aur '1 + 2'",
        "aurc eval main.aur -- '-1'",
        "aurc eval main.aur '[2GB, 90s, 0.5, true, who]' -E who=you",
        "aurc eval main.aur 'fetch'",
        "aurc eval main.aur '[job.name for job in jobs]'",
        "aurc eval main.aur 'jbs'",
        "aurc eval main.aur '1 +'",
        "aurc eval main.aur",
    ]), @"");
}
