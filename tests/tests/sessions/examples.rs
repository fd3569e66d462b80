//! The programs of `examples/`, run for real.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use aur_tests::Session;
use insta::assert_snapshot;

const TUTORIAL: [&str; 2] = ["hello_world.aur", "hello_world.py"];

/// What a process of the only task wrote.
fn output(session: &Session, process: &str) -> String {
    let tasks = session.tasks();
    assert_eq!(tasks.len(), 1, "one task");
    let told = session.aur(&["logs", &tasks[0], process]).ended(0);
    told.out()
}

#[test]
fn every_example_is_fine_and_laid_out() {
    let folder = aur_tests::repository().join("examples");
    let names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let session = Session::with_examples(&names);
    let programs: Vec<&&str> = names.iter().filter(|name| name.ends_with(".aur")).collect();
    assert!(programs.len() >= 7);
    for program in programs {
        let checked = session.aurc(&["check", program]).ended(0);
        assert!(!checked.out().contains("warning:"), "{checked}");
        session.aurc(&["fmt", "--check", program]).ended(0);
        session.aurc(&["compile", program]).ended(0);
    }
}

#[test]
fn the_tutorial_runs() {
    let session = Session::with_examples(&TUTORIAL);
    let told = session.aur(&["run", "hello_world.aur"]);
    assert_snapshot!(told, @"
    $ aur run hello_world.aur
    task hello_world-0-[ID]  example/www-data/devel/hello_world instance 0
      fetch_package  started (pid [PID])
      fetch_package  SUCCESS exit code 0
      hello_world    started (pid [PID])
      hello_world    SUCCESS exit code 0

    task hello_world-0-[ID]  SUCCESS
      fetch_package  SUCCESS   1 run [TIME]
      hello_world    SUCCESS   1 run [TIME]  Hello world! The time is now: [DATE]. Slee..
    [exit 0]
    ");
    let said = output(&session, "hello_world");
    assert_eq!(
        said.matches("Hello world! The time is now: ").count(),
        5,
        "{said}"
    );
}

#[test]
fn the_tutorial_runs_as_a_plan_from_another_folder() {
    let mut session = Session::with_examples(&TUTORIAL);
    session
        .aurc(&["compile", "hello_world.aur", "-o", "hello.plan.json"])
        .ended(0);
    let elsewhere = session.beside("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::rename(
        session.work().join("hello.plan.json"),
        elsewhere.join("hello.plan.json"),
    )
    .unwrap();
    fs::remove_dir_all(session.work()).unwrap();
    session.go_to(elsewhere);
    session.aur(&["run", "hello.plan.json"]).ended(0);
    let said = output(&session, "hello_world");
    assert_eq!(said.matches("Hello world!").count(), 5, "{said}");
    let script = session
        .task_folder(&session.tasks()[0])
        .join("sandbox/hello_world.py");
    let mode = fs::metadata(script).unwrap().permissions().mode();
    assert_eq!(mode & 0o100, 0o100, "the first process made it executable");
}

#[test]
fn a_plan_is_the_same_wherever_it_is_compiled() {
    let here = Session::with_examples(&TUTORIAL);
    let mut there = Session::with_examples(&TUTORIAL);
    let one = here.aurc(&["compile", "hello_world.aur"]).ended(0);
    there.go_to(there.base().to_path_buf());
    let two = there.aurc(&["compile", "work/hello_world.aur"]).ended(0);
    assert_eq!(one.json()["digest"], two.json()["digest"]);
    assert_eq!(one.out(), two.out(), "also its bytes");
}

#[test]
fn the_broken_tutorial_says_what_to_do() {
    let session = Session::with_examples(&[
        "hello_world.aur",
        "hello_world.py",
        "hello_world_broken.aur",
        "hello_world_broken.py",
    ]);
    let told = session.aur(&["run", "hello_world_broken.aur"]).ended(3);
    assert_snapshot!(told, @r#"
    $ aur run hello_world_broken.aur
    task hello_world-0-[ID]  example/www-data/devel/hello_world instance 0
      fetch_package  started (pid [PID])
      fetch_package  SUCCESS exit code 0
      hello_world    started (pid [PID])
      hello_world    FAILED exit code 1

    hello_world FAILED: exit code 1 in run 0
      defined at hello_world.aur:12:15
      log [DIR]/state/tasks/hello_world-0-[ID]/logs/hello_world/0/stderr
      | Traceback (most recent call last):
      |   File "[DIR]/state/tasks/hello_world-0-[ID]/sandbox/hello_world.py", line 16, in <module>
      |     main(sys.argv)
      |   File "[DIR]/state/tasks/hello_world-0-[ID]/sandbox/hello_world.py", line 9, in main
      |     for i in xrang(5):
      |              ^^^^^
      | NameError: name 'xrang' is not defined. Did you mean: 'range'?

    task hello_world-0-[ID]  FAILED: too many processes failed
      fetch_package  SUCCESS   1 run [TIME]
      hello_world    FAILED    1 run [TIME]
    [stderr]
    `aur logs hello_world-0-[ID]` shows all output
    [exit 3]
    "#);
    let said = told.out() + &told.err();
    for part in [
        "hello_world",
        "exit",
        "1",
        "NameError: name 'xrang' is not defined",
        "stderr",
        "hello_world.aur:12",
    ] {
        assert!(said.contains(part), "`{part}` is missing\n{told}");
    }
    let log = session
        .task_folder(&session.tasks()[0])
        .join("logs/hello_world/0/stderr");
    assert!(
        said.contains(&log.display().to_string()),
        "the path of the log is missing\n{told}"
    );
    assert!(fs::read_to_string(log).unwrap().contains("NameError"));
}

#[test]
fn the_profile_shows_its_commands() {
    let session = Session::with_examples(&["profile.aur"]);
    let told = session.aurc(&["inspect", "profile.aur"]).ended(2);
    assert_snapshot!(told, @"
    $ aurc inspect profile.aur
    [stderr]
      × the program has 3 jobs; name one of them
      help: choose one of:
              cluster1/myteam/prod/application
              cluster2/myteam/prod/application
              cluster1/myteam/staging/application
    [exit 2]
    ");
    let told = session
        .aurc(&["inspect", "profile.aur", "staging/application"])
        .ended(0);
    assert_snapshot!(told, @"
    $ aurc inspect profile.aur staging/application
    job cluster1/myteam/staging/application  (profile.aur:67:3)
      service       no
      instances     2
      failures      over after 1 failed attempt
      priority      0
      contact       myteam-team@foocorp.com

    task application  (profile.aur:43:16)
      resources     cpu 1, ram 2GB, disk 1GB
      failures      over after 1 failed process
      concurrency   as many processes at a time as there are
      finalization  at most 30s
      order         fetch -> application

    process fetch  (profile.aur:21:9)
      failures      over after 1 failed run
      pause         5s between runs
      command       curl -O https://packages.foocorp.com/live/application.jar

    process application  (profile.aur:26:8)
      failures      over after 1 failed run
      pause         5s between runs
      command       /usr/lib/jvm/java-1.7.0-openjdk/bin/java -server -Xmx1792m -Xloggc:gc.log -jar application.jar -upstreamService /foocorp/service/bird/staging/bird

    [exit 0]
    ");
    let plan = session.aurc(&["compile", "profile.aur"]).ended(0).json();
    let jobs = plan["jobs"].as_array().unwrap();
    let commands: Vec<String> = jobs
        .iter()
        .map(|job| format!("{}: {}", job["key"], job["task"]["processes"][1]["cmdline"]))
        .collect();
    assert_snapshot!(commands.join("\n"), @r#"
    "cluster1/myteam/prod/application": "/usr/lib/jvm/java-1.7.0-openjdk/bin/java -server -Xmx1792m  -jar application.jar -upstreamService /foocorp/service/bird/prod/bird"
    "cluster2/myteam/prod/application": "/usr/lib/jvm/java-1.7.0-openjdk/bin/java -server -Xmx1792m  -jar application.jar -upstreamService /foocorp/service/bird/prod/bird"
    "cluster1/myteam/staging/application": "/usr/lib/jvm/java-1.7.0-openjdk/bin/java -server -Xmx1792m -Xloggc:gc.log -jar application.jar -upstreamService /foocorp/service/bird/staging/bird"
    "#);
}

#[test]
fn the_local_profile_runs_each_of_its_jobs() {
    for (job, said) in [
        (
            "cluster1/myteam/prod/application",
            "Good day from version live\nupstream is /foocorp/service/bird/prod/bird\n",
        ),
        (
            "cluster2/myteam/prod/application",
            "Good day from version live\nupstream is /foocorp/service/bird/prod/bird\n",
        ),
        (
            "staging/application",
            "It's a try from version latest\nupstream is /foocorp/service/bird/staging/bird\n",
        ),
    ] {
        let session = Session::with_examples(&["profile_local.aur"]);
        session.aur(&["run", "profile_local.aur", job]).ended(0);
        assert_eq!(output(&session, "application"), said);
    }
}

#[test]
fn the_build_reports_at_its_end() {
    let session = Session::with_examples(&["build_python.aur"]);
    session
        .aur(&["run", "build_python.aur", "-E", "version=3.0.1"])
        .ended(0);
    assert_eq!(
        output(&session, "report"),
        "To: builder@foocorp.com, built Python 3.0.1\n"
    );
    let sandbox = session.task_folder(&session.tasks()[0]).join("sandbox");
    assert!(sandbox.join("Python-3.0.1.tar.gz").exists());
    assert!(sandbox.join("Python-3.0.1/python").exists());
}

#[test]
fn the_finalizer_runs_after_a_failed_build_too() {
    let session = Session::with_examples(&["build_python.aur"]);
    let broken = session
        .read("build_python.aur")
        .replace("&& bash make.sh", "&& bash no-such-file");
    session.write("build_python.aur", broken);
    session.aur(&["run", "build_python.aur"]).ended(3);
    assert_eq!(
        output(&session, "report"),
        "To: builder@foocorp.com, Python-2.7.3 was not built\n"
    );
}

#[test]
fn the_sine_table_is_right_to_the_last_digit() {
    let session = Session::with_examples(&["map_reduce.aur"]);
    let told = session.aur(&["run", "map_reduce.aur", "--json"]).ended(0);
    // f64 is good for sixteen digits; the table has ten.
    let line = |degrees: u32| format!("{degrees:3} {:.10}\n", f64::from(degrees).to_radians().sin());
    let wanted: String = (0..180).map(line).collect();
    assert_eq!(output(&session, "reduce"), wanted);

    let events = told.json_lines();
    let mut alive = 0i32;
    let mut most = 0;
    let mut finished = Vec::new();
    for event in &events {
        match event["event"].as_str().unwrap() {
            "process_forked" => {
                if event["process"] == "reduce" {
                    assert_eq!(finished.len(), 180, "the reducer waits for every mapper");
                }
                alive += 1;
                most = most.max(alive);
            }
            "process_finished" => {
                alive -= 1;
                finished.push(event["process"].as_str().unwrap().to_string());
            }
            _ => {}
        }
    }
    assert_eq!(finished.len(), 181);
    assert_eq!(finished.last().unwrap(), "reduce");
    assert_eq!(most, 8, "max_concurrency is kept, and used");
}

#[test]
fn the_bench_gives_the_answer_of_its_client() {
    let session = Session::with_examples(&["ci_bench.aur", "ci_bench_service.py", "ci_bench_client.py"]);
    session.aur(&["run", "ci_bench.aur"]).ended(0);
    assert_eq!(output(&session, "bench"), "20 of 20 answers were right\n");
    assert_eq!(output(&session, "cleanup"), "the port is given back\n");
    let task = session.status(&session.tasks()[0]);
    assert_eq!(
        task["processes"][0]["state"], "KILLED",
        "the service was ended: {task}"
    );
    session.is_quiet();

    let session = Session::with_examples(&["ci_bench.aur", "ci_bench_service.py", "ci_bench_client.py"]);
    session
        .aur(&[
            "run",
            "ci_bench.aur",
            "-E",
            "expected=it's \"nonsense\"",
            "-E",
            "requests=3",
        ])
        .ended(3);
    assert_eq!(output(&session, "bench"), "0 of 3 answers were right\n");
    assert_eq!(output(&session, "cleanup"), "the port is given back\n");
}
