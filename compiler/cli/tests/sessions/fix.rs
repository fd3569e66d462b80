use crate::session::{HELLO, Session, session};

/// A complete file as the old world wrote it.
const OLD: &str = "import os

class Profile(Struct):
  version = Default(String, 'live')
  options = Default(String, '')

fetch = Process(
  name = 'fetch',
  cmdline = 'curl -O https://example.org/{{profile.version}}/app.jar')

main = Process(
  name = 'main',
  cmdline = 'java -jar app.jar {{profile.options}}',
  daemon = False)

base_task = SequentialTask(name = 'app', processes = [fetch, main])
small_task = base_task(resources = Resources(cpu = 0.5, ram = 512*MB, disk = 1*GB))

template = Job(
  name = 'app', cluster = 'east', role = os.getenv('USER'),
  contact = None, service = True, task = small_task)

jobs = [
  template(environment = 'prod').bind(profile = Profile()),
  template(environment = 'devel', role = getpass.getuser()).bind({'profile': Profile(options = '-v')}),
]
";

#[test]
fn a_file_of_the_old_world_comes_out_compiling() {
    insta::assert_snapshot!(session(&[("main.aur", OLD)], &[
        "aurc check main.aur --fix",
        "cat main.aur",
        "aurc check main.aur --fix",
        "aurc compile main.aur -E user=me | head -c 20",
        "aurc fmt main.aur -q && aurc check main.aur",
    ]), @r#"
    $ aurc check main.aur --fix
    1 file checked: no errors
    ! main.aur: 18 fixes made
    = 0
    $ cat main.aur
    input user: String = env("USER")


    struct Profile {
      version: String = 'live'
      options: String = ''
    }

    fetch = Process {
      name = 'fetch',
      cmdline = 'curl -O https://example.org/{{profile.version}}/app.jar'}

    main = Process {
      name = 'main',
      cmdline = 'java -jar app.jar {{profile.options}}',
      daemon = false}

    base_task = SequentialTask {name = 'app', processes = [fetch, main]}
    small_task = base_task {resources = Resources {cpu = 0.5, ram = 512*MB, disk = 1*GB}}

    template = Job {
      name = 'app', cluster = 'east', role = user,
      contact = unset, service = true, task = small_task}

    jobs = [
      template {environment = 'prod'}.bind(profile = Profile {}),
      template {environment = 'devel', role = user}.bind('profile' = Profile {options = '-v'}),
    ]
    = 0
    $ aurc check main.aur --fix
    1 file checked: no errors
    = 0
    $ aurc compile main.aur -E user=me | head -c 20
    {"aur_ir":1,"digest"<no line break>
    = 0
    $ aurc fmt main.aur -q && aurc check main.aur
    1 file checked: no errors
    = 0
    "#);
}

#[test]
fn a_difference_instead_of_a_change() {
    let files = [("sub/main.aur", "a = [True,, 1]\nb = c\n"), ("good.aur", HELLO)];
    insta::assert_snapshot!(session(&files, &[
        "aurc check sub/main.aur --diff",
        "aurc check sub/main.aur --diff -q > patch; (cd sub && patch -s main.aur ../patch); cat sub/main.aur",
        "aurc check sub/main.aur --diff",
        "aurc check good.aur --diff",
        "echo 'a = True' | aurc check - --diff",
    ]), @"
    $ aurc check sub/main.aur --diff
    --- sub/main.aur
    +++ sub/main.aur
    @@ -1,2 +1,2 @@
    -a = [True,, 1]
    +a = [true, 1]
     b = c
    ! 2 fixes would be made in 1 file; 1 error would remain
    = 1
    $ aurc check sub/main.aur --diff -q > patch; (cd sub && patch -s main.aur ../patch); cat sub/main.aur
    a = [true, 1]
    b = c
    = 0
    $ aurc check sub/main.aur --diff
    ! 0 fixes would be made in 0 files; 1 error would remain
    = 1
    $ aurc check good.aur --diff
    ! 0 fixes would be made in 0 files; 0 errors would remain
    = 0
    $ echo 'a = True' | aurc check - --diff
    --- <stdin>
    +++ <stdin>
    @@ -1 +1 @@
    -a = True
    +a = true
    ! 1 fix would be made in 1 file; 0 errors would remain
    = 1
    ");
}

#[test]
fn guesses_only_when_asked_for() {
    let text = "a = Process { nmae = \"x\", cmdline = \"true\" }\n";
    insta::assert_snapshot!(session(&[("main.aur", text)], &[
        "aurc check main.aur --fix --format short",
        "aurc check main.aur --fix --unsafe-fixes --format short",
        "cat main.aur",
        "aurc check main.aur --unsafe-fixes",
        "aurc check main.aur --fix --diff 2>&1 | head -1",
        "echo | aurc check - --fix",
        "echo 'a = True' > wrong.aur; aurc check wrong.aur --fix -E x=1 2>&1 | tail -2; cat wrong.aur",
    ]), @r#"
    $ aurc check main.aur --fix --format short
    main.aur:1:15: error[E0203]: `Process` has no field `nmae`
    = 1
    $ aurc check main.aur --fix --unsafe-fixes --format short
    ! main.aur: 1 fix made
    = 0
    $ cat main.aur
    a = Process { name = "x", cmdline = "true" }
    = 0
    $ aurc check main.aur --unsafe-fixes
    ! error: the following required arguments were not provided:
    !   <--fix|--diff>
    ! 
    ! Usage: aurc check --unsafe-fixes <--fix|--diff> <FILE>...
    ! 
    ! For more information, try '--help'.
    = 2
    $ aurc check main.aur --fix --diff 2>&1 | head -1
    error: the argument '--fix' cannot be used with '--diff'
    = 0
    $ echo | aurc check - --fix
    !   × the standard input cannot be fixed
    !   help: name a file, or print what would change with `--diff`
    = 2
    $ echo 'a = True' > wrong.aur; aurc check wrong.aur --fix -E x=1 2>&1 | tail -2; cat wrong.aur
      × -E: the program has no input `x`
      help: the program declares no inputs; declare one: `input name: String`
    a = True
    = 0
    "#);
}

#[test]
fn files_that_programs_share_are_fixed_once() {
    let files = [
        ("aur.toml", ""),
        ("a.aur", "include \"lib/base.aur\"\nx = y\n"),
        ("b.aur", "include(\"lib/base.aur\")\n"),
        ("lib/base.aur", "y = [1,, 2]\n"),
        ("elsewhere.aur", "include \"link.aur\"\n"),
    ];
    insta::assert_snapshot!(session(&files, &[
        "aurc check a.aur b.aur --diff",
        "aurc check a.aur b.aur --fix --format json 2>&1 >out.json; cat out.json",
        "cat lib/base.aur b.aur",
        // Nothing outside of the project is read, so nothing there is fixed.
        "mkdir ../away && echo 'z = True' > ../away/link.aur && ln -s ../away/link.aur link.aur",
        "aurc check elsewhere.aur --fix --format short; cat link.aur",
    ]), @r#"
    $ aurc check a.aur b.aur --diff
    --- b.aur
    +++ b.aur
    @@ -1 +1 @@
    -include("lib/base.aur")
    +include "lib/base.aur"
    --- lib/base.aur
    +++ lib/base.aur
    @@ -1 +1 @@
    -y = [1,, 2]
    +y = [1, 2]
    ! 2 fixes would be made in 2 files; 0 errors would remain
    = 1
    $ aurc check a.aur b.aur --fix --format json 2>&1 >out.json; cat out.json
    b.aur: 1 fix made
    lib/base.aur: 1 fix made
    {"version":1,"diagnostics":[],"summary":{"errors":0,"warnings":0,"files":2}}
    = 0
    $ cat lib/base.aur b.aur
    y = [1, 2]
    include "lib/base.aur"
    = 0
    $ mkdir ../away && echo 'z = True' > ../away/link.aur && ln -s ../away/link.aur link.aur
    = 0
    $ aurc check elsewhere.aur --fix --format short; cat link.aur
    elsewhere.aur:1:9: error[E0503]: `link.aur` leaves the project
    z = True
    = 0
    "#);
}

#[test]
fn what_cannot_be_written_stays_whole() {
    let session = Session::new(&[("main.aur", "a = True\n")]);
    let text = session
        .run("chmod 600 main.aur; (trap '' XFSZ; ulimit -f 0; aurc check main.aur --fix -q); cat main.aur; ls -A")
        .run("aurc check main.aur --fix -q; cat main.aur; stat -c %a main.aur; ls -A")
        .run("printf '\\xef\\xbb\\xbfa = True\\r\\nb = None\\r\\n' > odd.aur; aurc check odd.aur --fix; od -c odd.aur | head -3")
        .text();
    insta::assert_snapshot!(text, @r"
    $ chmod 600 main.aur; (trap '' XFSZ; ulimit -f 0; aurc check main.aur --fix -q); cat main.aur; ls -A
    a = True
    main.aur
    !   × cannot write `main.aur`
    !   ╰─▶ File too large (os error 27)
    = 0
    $ aurc check main.aur --fix -q; cat main.aur; stat -c %a main.aur; ls -A
    a = true
    600
    main.aur
    = 0
    $ printf '\xef\xbb\xbfa = True\r\nb = None\r\n' > odd.aur; aurc check odd.aur --fix; od -c odd.aur | head -3
    1 file checked: no errors
    0000000 357 273 277   a       =       t   r   u   e  \r  \n   b       =
    0000020       u   n   s   e   t  \r  \n
    0000030
    ! odd.aur: 2 fixes made
    = 0
    ");
}

#[test]
fn a_file_written_like_yaml_comes_out_right() {
    let yaml = "hello = Process {\n  name: \"hello\"\n  cmdline : \"echo hello\"\n}\n\
                jobs = [Job {\n  cluster: \"c\", role:\"r\", environment: \"e\", cron_schedule: \"daily\"\n  task: Task {\n\
                \x20   processes: [hello]\n    resources: Resources { cpu: 1, ram: 64MB, disk: 64MB }\n  }\n}]\n";
    insta::assert_snapshot!(session(&[("main.aur", yaml)], &[
        "aurc check main.aur --fix | tail -n 11",
        "cat main.aur",
    ]), @r#"
    $ aurc check main.aur --fix | tail -n 11
       ╭─[ main.aur:6:65 ]
       │
     6 │   cluster = "c", role = "r", environment = "e", cron_schedule = "daily"
       │                                                                 ───┬───
       │                                                                    ╰───── must fit `matches(r"\s*(\S+\s+){4}\S+\s*")`
       │
       │ Help: `cron_schedule`: When the job runs: minute, hour, day of month, month, day of week; `0 3 * * *` is each day at three.
    ───╯

    1 file checked: 1 error
    `aurc explain E0303` tells more.
    ! main.aur: 4 fixes made
    = 0
    $ cat main.aur
    hello = Process {
      name = "hello"
      cmdline = "echo hello"
    }
    jobs = [Job {
      cluster = "c", role = "r", environment = "e", cron_schedule = "daily"
      task = Task {
        processes = [hello]
        resources = Resources { cpu = 1, ram = 64MB, disk = 64MB }
      }
    }]
    = 0
    "#);
}
