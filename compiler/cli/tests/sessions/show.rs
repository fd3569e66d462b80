use crate::session::{HELLO, session};

const SEVERAL: &str = r#"input who: String where matches(r"[a-z]+") = "world"
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
    job local/me/devel/hello  (hello.aur:7:3)
      service       no
      instances     1
      failures      over after 1 failed attempt
      priority      0

    task hello  (hello.aur:2:14)
      resources     cpu 0.5, ram 64MB, disk 64MB
      failures      over after 1 failed process
      concurrency   as many processes at a time as there are
      finalization  at most 30s

    process hello  (hello.aur:1:9)
      failures      over after 1 failed run
      pause         5s between runs
      command       echo hello

    = 0
    $ aurc inspect main.aur prod/one
    job local/me/prod/one  (main.aur:17:3)
      service       yes, started again when it ends
      instances     3
      failures      no limit
      priority      0
      contact       me@example.org

    task all  (main.aur:6:7)
      resources     cpu 1, ram 64MB, disk 1GB
      failures      over after 1 failed process
      concurrency   at most 2 processes at a time
      finalization  at most 30s
      file          a/b.py (8 bytes)
      order         fetch -> build

    process fetch  (main.aur:2:9)
      failures      no limit
      pause         5s between runs
      command       cp /tmp/x.tar .
                    tar xf x.tar

    process build  (main.aur:3:9)
      failures      over after 1 failed run
      pause         5s between runs
      command       make # {{aur.instance}}

    process clean  (main.aur:4:9)
      kind          final
      failures      over after 1 failed run
      pause         500ms between runs
      command       echo world

    process log  (main.aur:5:7)
      kind          daemon, ephemeral
      failures      over after 1 failed run
      pause         5s between runs
      command       ./log

    = 0
    $ aurc inspect main.aur two | head -12
    job local/me/prod/two  (main.aur:18:3)
      service       no
      instances     1
      failures      over after 1 failed attempt
      priority      0
      production    yes
      contact       me@example.org
      constraint    host limit:2

    task all  (main.aur:6:7)
      resources     cpu 1, ram 64MB, disk 1GB
      failures      over after 1 failed process
    = 0
    $ aurc inspect main.aur one
    !   × 2 jobs are called `one`
    !   help: choose one of:
    !           local/me/devel/one
    !           local/me/prod/one
    = 2
    $ aurc inspect main.aur three
    !   × the program has no job `three`
    !   help: choose one of:
    !           local/me/devel/one
    !           local/me/prod/one
    !           local/me/prod/two
    = 2
    $ aurc inspect main.aur
    !   × the program has 3 jobs; name one of them
    !   help: choose one of:
    !           local/me/devel/one
    !           local/me/prod/one
    !           local/me/prod/two
    = 2
    $ aurc inspect hello.aur --color always | head -2
    job ^[1mlocal/me/devel/hello^[0m^[2m  (hello.aur:7:3)^[0m
      ^[2mservice     ^[0m  no
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
    ]), @r#"
    $ aurc eval main.aur '1 + 2'
    3
    = 0
    $ aurc eval main.aur -- '-1'
    -1
    = 0
    $ aurc eval main.aur '[2GB, 90s, 0.5, true, who]' -E who=you
    [2147483648,90,0.5,true,"you"]
    = 0
    $ aurc eval main.aur 'fetch'
    {"cmdline":"cp /tmp/{{package}} .\ntar xf {{package}}","daemon":false,"env":{},"ephemeral":false,"final":false,"logger":{"destination":"file","mode":"standard"},"max_failures":0,"min_duration":5,"name":"fetch","on_lost":"retry","pass_env":[]}
    = 0
    $ aurc eval main.aur '[job.name for job in jobs]'
    ["one","one","two"]
    = 0
    $ aurc eval main.aur 'jbs'
    ! error[E0201]: `jbs` is not defined
    !    ╭─[ <expression>:1:1 ]
    !    │
    !  1 │ jbs
    !    │ ─┬─
    !    │  ╰─── not found in this file, its includes or the standard library
    !    │
    !    │ Help: did you mean `jobs`?
    !    │           jobs
    ! ───╯
    ! 
    ! 1 file checked: 1 error
    ! `aurc explain E0201` tells more.
    = 1
    $ aurc eval main.aur '1 +'
    ! error[E0101]: expected a value after `+`
    !    ╭─[ <expression>:1:3 ]
    !    │
    !  1 │ 1 +
    !    │   ┬
    !    │   ╰── nothing follows
    ! ───╯
    ! 
    ! 1 file checked: 1 error
    ! `aurc explain E0101` tells more.
    = 1
    $ aurc eval main.aur
    ! error: the following required arguments were not provided:
    !   <EXPR>
    ! 
    ! Usage: aurc eval <FILE> <EXPR>
    ! 
    ! For more information, try '--help'.
    = 2
    "#);
}
