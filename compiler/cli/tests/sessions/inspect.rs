use crate::session::session;

const MAIN: &str = r#"input where: String where matches(r"[a-z]+")
input count: Integer
step = Process { name = "step{{i}}", cmdline = "run {{where}} {{free}} {{aur.instance}}", max_failures = count }
task = Task {
  processes = [step, Process { name = "last", cmdline = "true" }]
  constraints = order(step, "last")
  resources = Resources { cpu = 1, ram = 64MB, disk = count * 1MB }
}
job = Job { cluster = "c", role = "r", environment = where, name = "one", task = task, instances = count }
jobs = [job, job { name = "two", environment = "devel" }]
"#;

#[test]
fn what_is_not_known_stays_open() {
    let hidden = "input n: Integer\njobs = [j for i in 0..n]\nj = Job { }\n";
    let half = MAIN.replace("devel\" }]", "devel\" }] + [job for i in 0..count]");
    let task = MAIN.replace("devel\" }]", "devel\", task = task if count > 1 else task }]");
    let files = [
        ("main.aur", MAIN),
        ("hidden.aur", hidden),
        ("half.aur", &half),
        ("task.aur", &task),
        ("broken.aur", "jobs = [x]\n"),
    ];
    insta::assert_snapshot!(session(&files, &[
        "aurc inspect main.aur '{{where}}/one'",
        "aurc inspect main.aur devel/two -E count=2 | head -12",
        "aurc inspect main.aur",
        "aurc inspect main.aur one -E where=prod -q | head -4",
        "aurc inspect task.aur | head -3",
        "aurc inspect half.aur",
        "aurc inspect hidden.aur",
        "aurc inspect broken.aur 2>&1 | head -1",
    ]), @r#"
    $ aurc inspect main.aur '{{where}}/one'
    job c/r/{{where}}/one  (main.aur:9:7)
      service       no
      instances     {{count}}
      failures      over after 1 failed attempt
      priority      0

    task step{{i}}  (main.aur:4:8)
      resources     cpu 1, ram 64MB, disk {{count * 1MB}}
      failures      over after 1 failed process
      concurrency   as many processes at a time as there are
      finalization  at most 30s
      order         step{{i}} -> last

    process step{{i}}  (main.aur:3:8)
      failures      {{count}}
      pause         5s between runs
      command       run {{where}} {{free}} {{aur.instance}}

    process last  (main.aur:5:22)
      failures      over after 1 failed run
      pause         5s between runs
      command       true

    ! inputs without a value: where, count; give them with -E
    = 0
    $ aurc inspect main.aur devel/two -E count=2 | head -12
    job c/r/devel/two  (main.aur:10:14)
      service       no
      instances     2
      failures      over after 1 failed attempt
      priority      0

    task step{{i}}  (main.aur:4:8)
      resources     cpu 1, ram 64MB, disk 2MB
      failures      over after 1 failed process
      concurrency   as many processes at a time as there are
      finalization  at most 30s
      order         step{{i}} -> last
    ! inputs without a value: where; give them with -E
    = 0
    $ aurc inspect main.aur
    ! inputs without a value: where, count; give them with -E
    !   × the program has 2 jobs; name one of them
    !   help: choose one of:
    !           c/r/{{where}}/one
    !           c/r/devel/two
    = 2
    $ aurc inspect main.aur one -E where=prod -q | head -4
    job c/r/prod/one  (main.aur:9:7)
      service       no
      instances     {{count}}
      failures      over after 1 failed attempt
    = 0
    $ aurc inspect task.aur | head -3
    job c/r/{{where}}/one  (task.aur:9:7)
      service       no
      instances     {{count}}
    ! not shown, because it is not known yet: {{task if count > 1 else task}}
    ! inputs without a value: where, count; give them with -E
    = 0
    $ aurc inspect half.aur
    ! not shown, because it is not known yet: {{[job, job { name = "two", environment = "devel" }] + [job for i in 0..count]}}
    ! inputs without a value: where, count; give them with -E
    !   × there is no job that could be shown
    = 1
    $ aurc inspect hidden.aur
    ! not shown, because it is not known yet: {{[j for i in 0..n]}}
    ! inputs without a value: n; give them with -E
    !   × there is no job that could be shown
    = 1
    $ aurc inspect broken.aur 2>&1 | head -1
    error[E0201]: `x` is not defined
    = 0
    "#);
}
