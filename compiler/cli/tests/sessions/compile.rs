use crate::session::{HELLO, session};

#[test]
fn a_plan_is_printed_or_written() {
    insta::assert_snapshot!(session(&[("main.aur", HELLO)], &[
        "aurc compile main.aur",
        "aurc compile main.aur -o plan.json; ls; aurc compile main.aur | cmp - plan.json",
        "aurc compile main.aur -o - | cmp - plan.json",
        "aurc compile main.aur --no-spans | grep -c spans",
        "diff <(aurc compile main.aur --no-spans | grep -o sha256:.*hooks) <(grep -o sha256:.*hooks plan.json)",
        "cd / && aurc compile \"$OLDPWD/main.aur\" | cmp - \"$OLDPWD/plan.json\"",
        "aurc compile - < main.aur | grep -o '\"files\":[^]]*' | grep -o '\"path\":[^,}]*'",
    ]), @r#"
    $ aurc compile main.aur
    {"aur_ir":1,"digest":"sha256:fb6c49b3f3b75fc2351c19675a6b253441e6e01851246017603086f0af96d156","files":[{"path":"main.aur","sha256":"3db53cbe970491b99a0e4bf42c94d4ffcad071dd2f87787d68ecb928afdd7844"}],"hooks":[],"inputs":[],"jobs":[{"cluster":"local","enable_hooks":false,"environment":"devel","health_check_config":{"initial_interval_ms":60000,"interval_ms":30000,"max_consecutive_failures":0,"timeout_ms":1000},"instances":1,"key":"local/me/devel/hello","max_task_failures":1,"name":"hello","priority":0,"production":false,"role":"me","service":false,"task":{"finalization_wait_ms":30000,"max_concurrency":0,"max_failures":1,"name":"hello","processes":[{"cmdline":"echo hello","daemon":false,"ephemeral":false,"final":false,"max_failures":1,"min_duration_ms":5000,"name":"hello"}],"resources":{"cpu":0.5,"disk_bytes":67108864,"ram_bytes":67108864}},"update_config":{"batch_size":1,"max_per_shard_failures":0,"max_total_failures":0,"restart_threshold_ms":60000,"watch_ms":30000}}],"spans":{"/jobs/0":{"column":3,"end":273,"file":0,"line":7,"start":177},"/jobs/0/cluster":{"column":19,"end":200,"file":0,"line":7,"start":193},"/jobs/0/environment":{"column":55,"end":236,"file":0,"line":7,"start":229},"/jobs/0/name":{"column":71,"end":252,"file":0,"line":7,"start":245},"/jobs/0/role":{"column":35,"end":213,"file":0,"line":7,"start":209},"/jobs/0/task":{"column":14,"end":165,"file":0,"line":2,"start":72},"/jobs/0/task/processes/0":{"column":9,"end":58,"file":0,"line":1,"start":8},"/jobs/0/task/processes/0/cmdline":{"column":45,"end":56,"file":0,"line":1,"start":44},"/jobs/0/task/processes/0/name":{"column":26,"end":32,"file":0,"line":1,"start":25},"/jobs/0/task/resources/cpu":{"column":33,"end":136,"file":0,"line":4,"start":133},"/jobs/0/task/resources/disk_bytes":{"column":57,"end":161,"file":0,"line":4,"start":157},"/jobs/0/task/resources/ram_bytes":{"column":44,"end":148,"file":0,"line":4,"start":144}}}
    = 0
    $ aurc compile main.aur -o plan.json; ls; aurc compile main.aur | cmp - plan.json
    main.aur
    plan.json
    = 0
    $ aurc compile main.aur -o - | cmp - plan.json
    = 0
    $ aurc compile main.aur --no-spans | grep -c spans
    0
    = 1
    $ diff <(aurc compile main.aur --no-spans | grep -o sha256:.*hooks) <(grep -o sha256:.*hooks plan.json)
    = 0
    $ cd / && aurc compile "$OLDPWD/main.aur" | cmp - "$OLDPWD/plan.json"
    = 0
    $ aurc compile - < main.aur | grep -o '"files":[^]]*' | grep -o '"path":[^,}]*'
    "path":"<stdin>"
    = 0
    "#);
}

#[test]
fn nothing_is_written_where_there_is_an_error() {
    let files = [
        ("main.aur", "jobs = [nothing]\n"),
        ("plan.json", "old\n"),
        ("none.aur", "x = 1\n"),
    ];
    insta::assert_snapshot!(session(&files, &[
        "aurc compile main.aur -o plan.json; echo $?; cat plan.json; ls -A",
        "aurc compile main.aur -o new.json; echo $?; ls -A",
        "aurc compile none.aur",
        "aurc compile none.aur -q",
    ]), @"
    $ aurc compile main.aur -o plan.json; echo $?; cat plan.json; ls -A
    1
    old
    main.aur
    none.aur
    plan.json
    ! error[E0201]: `nothing` is not defined
    !    ╭─[ main.aur:1:9 ]
    !    │
    !  1 │ jobs = [nothing]
    !    │         ───┬───
    !    │            ╰───── not found in this file, its includes or the standard library
    ! ───╯
    ! 
    ! 1 file checked: 1 error
    ! `aurc explain E0201` tells more.
    = 0
    $ aurc compile main.aur -o new.json; echo $?; ls -A
    1
    main.aur
    none.aur
    plan.json
    ! error[E0201]: `nothing` is not defined
    !    ╭─[ main.aur:1:9 ]
    !    │
    !  1 │ jobs = [nothing]
    !    │         ───┬───
    !    │            ╰───── not found in this file, its includes or the standard library
    ! ───╯
    ! 
    ! 1 file checked: 1 error
    ! `aurc explain E0201` tells more.
    = 0
    $ aurc compile none.aur
    ! error[E0317]: this file defines no `jobs`
    !    ╭─[ none.aur:1:1 ]
    !    │
    !  1 │ x = 1
    !    │ ┬
    !    │
    !    │ Help: end the file with the list of its jobs: `jobs = [hello]`
    ! ───╯
    ! 
    ! 1 file checked: 1 error
    ! `aurc explain E0317` tells more.
    = 1
    $ aurc compile none.aur -q
    ! error[E0317]: this file defines no `jobs`
    !    ╭─[ none.aur:1:1 ]
    !    │
    !  1 │ x = 1
    !    │ ┬
    !    │
    !    │ Help: end the file with the list of its jobs: `jobs = [hello]`
    ! ───╯
    ! 
    = 1
    ");
}

#[test]
fn places_that_cannot_be_written() {
    let files = [("main.aur", HELLO), ("folder/x", "")];
    insta::assert_snapshot!(session(&files, &[
        "aurc compile main.aur -o none/plan.json",
        "aurc compile main.aur -o folder",
        "aurc compile main.aur -o main.aur",
        "ln -s main.aur link; aurc compile main.aur -o link; echo $?; cmp main.aur link",
        "aurc compile main.aur -o /dev/full",
        "aurc compile main.aur > /dev/full",
        "aurc compile main.aur -o /dev/null; ls -A",
    ]), @"
    $ aurc compile main.aur -o none/plan.json
    !   × cannot write `none/plan.json`
    !   ╰─▶ No such file or directory (os error 2)
    !   help: the folder must exist
    = 2
    $ aurc compile main.aur -o folder
    !   × cannot write `folder`
    !   ╰─▶ Is a directory (os error 21)
    = 2
    $ aurc compile main.aur -o main.aur
    !   × `main.aur` is part of the program
    !   help: write the plan to another file, such as `plan.json`
    = 2
    $ ln -s main.aur link; aurc compile main.aur -o link; echo $?; cmp main.aur link
    2
    !   × `link` is part of the program
    !   help: write the plan to another file, such as `plan.json`
    = 0
    $ aurc compile main.aur -o /dev/full
    !   × cannot write `/dev/full`
    !   ╰─▶ No space left on device (os error 28)
    !   help: make space on the disk
    = 2
    $ aurc compile main.aur > /dev/full
    !   × cannot write to the standard output
    !   ╰─▶ No space left on device (os error 28)
    !   help: make space on the disk
    = 2
    $ aurc compile main.aur -o /dev/null; ls -A
    folder
    link
    main.aur
    = 0
    ");
}

#[test]
fn missing_inputs_are_listed_together() {
    let text = format!("input first: String\ninput second: Integer\nx = first\ny = second\n{HELLO}");
    insta::assert_snapshot!(session(&[("main.aur", &text)], &[
        "aurc compile main.aur",
        "aurc compile main.aur -E first=a -E second=2 | grep -o '\"inputs\":[^]]*]'",
    ]), @r#"
    $ aurc compile main.aur
    ! error[E0505]: the input `first` has no value
    !    ╭─[ main.aur:1:7 ]
    !    │
    !  1 │ input first: String
    !    │       ──┬──
    !    │         ╰──── String, without a default
    !    │
    !    │ Help: give it: `-E first=..`, or in a file: `--inputs FILE.json`
    ! ───╯
    ! 
    ! error[E0505]: the input `second` has no value
    !    ╭─[ main.aur:2:7 ]
    !    │
    !  2 │ input second: Integer
    !    │       ───┬──
    !    │          ╰──── Integer, without a default
    !    │
    !    │ Help: give it: `-E second=..`, or in a file: `--inputs FILE.json`
    ! ───╯
    ! 
    ! 1 file checked: 2 errors
    ! `aurc explain E0505` tells more.
    = 1
    $ aurc compile main.aur -E first=a -E second=2 | grep -o '"inputs":[^]]*]'
    "inputs":[{"name":"first","source":"flag","value":"a"},{"name":"second","source":"flag","value":2}]
    = 0
    "#);
}
