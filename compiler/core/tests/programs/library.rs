//! The standard library: what its structs become in a plan, and its functions.

use aur_compiler::Given;

use super::{Files, errors, plan, values};

fn value(text: &str, expr: &str) -> String {
    values(text, &[expr])
}

const TASK: &str = "small = Resources { cpu = 1.0, ram = 64MB, disk = 64MB }\n";

/// The first job of a program as the plan's JSON at `pointer`.
fn planned(text: &str, pointer: &str) -> String {
    let plan = plan(&Files::one(&format!("{TASK}{text}")), &Given::default())
        .unwrap_or_else(|errors| panic!("{errors}"));
    let whole = serde_json::to_value(&plan).unwrap();
    for pointer in plan.spans.keys() {
        assert!(whole.pointer(pointer).is_some(), "{pointer} is not in the plan");
    }
    let json = serde_json::to_value(&plan.jobs[0]).unwrap();
    serde_json::to_string_pretty(json.pointer(pointer).unwrap()).unwrap()
}

fn with_job(process: &str, more: &str) -> String {
    format!(
        "p = Process {{ {process} }}\nt = Task {{ processes = [p], resources = small }}\njobs = [Job {{ cluster = \"c\", role = \"r\", environment = \"devel\", task = t\n{more} }}]\n"
    )
}

#[test]
fn everything_a_process_can_say() {
    let process = r#"
name = "web"
argv = ["./web", "--port", "{{aur.ports[http]}}", "--name={{name}}"]
env = {"PORT": "{{aur.ports[admin]}}", "MODE": "fast"}
pass_env = ["LANG", "HOME"]
backoff = Backoff { min = 100ms, max = 10s }
timeout = 1h
on_lost = "fail"
logger = Logger { destination = "both", mode = LoggerMode.rotate }
ready = HttpProbe { port = "http", path = "/ready", within = 2m }
"#;
    insta::assert_snapshot!(planned(&with_job(process, ""), "/task/processes/0"), @r#"
    {
      "argv": [
        "./web",
        "--port",
        {
          "segments": [
            {
              "late": "aur.ports[http]"
            }
          ]
        },
        "--name=web"
      ],
      "backoff": {
        "factor": 2.0,
        "max_ms": 10000,
        "min_ms": 100,
        "reset_after_ms": 60000
      },
      "daemon": false,
      "env": {
        "MODE": "fast",
        "PORT": {
          "segments": [
            {
              "late": "aur.ports[admin]"
            }
          ]
        }
      },
      "ephemeral": false,
      "final": false,
      "logger": {
        "destination": "both",
        "mode": "rotate",
        "rotate": {
          "backups": 5,
          "log_size_bytes": 104857600
        }
      },
      "max_failures": 1,
      "min_duration_ms": 5000,
      "name": "web",
      "on_lost": "fail",
      "pass_env": [
        "HOME",
        "LANG"
      ],
      "ready": {
        "check": {
          "http": {
            "path": "/ready",
            "port": "http"
          }
        },
        "every_ms": 1000,
        "timeout_ms": 1000,
        "within_ms": 120000
      },
      "timeout_ms": 3600000
    }
    "#);
    insta::assert_snapshot!(planned(&with_job(process, ""), "/ports"), @r#"
    [
      "admin",
      "http"
    ]
    "#);
}

#[test]
fn everything_a_job_can_say() {
    let more = r#"
update_config = UpdateConfig {
  pulse_interval_secs = 30, rollback_on_failure = false
  update_strategy = VariableBatchUpdateStrategy { batch_sizes = [1, "{{two}}"] }
}
health_check_config = HealthCheckConfig {
  min_consecutive_successes = 3
  health_checker = HealthCheckerConfig { shell = ShellHealthChecker { shell_command = "nc -z localhost {{aur.ports[http]}}" } }
}
cron_schedule = "*/5 * * * *"
cron_collision_policy = "CANCEL_NEW"
tier = "preemptible"
lifecycle = LifecycleConfig { http = unset }
container = Docker { image = "python:3", parameters = [{name: "net", value: "host"}] }
partition_policy = PartitionPolicy { delay_secs = 30 }
metadata = [{key: "team", value: "{{role}}"}]
executor_config = {data: "x"}
sla_policy = PercentageSlaPolicy { percentage = 95, duration_secs = 30m }
task_links = {"log": "http://{{aur.hostname}}/log"}
constraints = {host: limit(2), rack: none_of("a", "b")}
"#;
    let text = with_job("name = \"a\", cmdline = \"b\"", more).replace("}]\n", "}.bind(two = 2)]\n");
    let text = text.replace(
        "t = Task { processes = [p], resources = small }.bind(two = 2)",
        "t = Task { processes = [p], resources = small }",
    );
    let shown: serde_json::Value = serde_json::from_str(&planned(&text, "")).unwrap();
    let mut shown = shown.as_object().unwrap().clone();
    shown.remove("task");
    insta::assert_snapshot!(serde_json::to_string_pretty(&shown).unwrap(), @r#"
    {
      "cluster": "c",
      "constraints": {
        "host": "limit:2",
        "rack": "!a,b"
      },
      "container": {
        "docker": {
          "image": "python:3",
          "parameters": [
            {
              "name": "net",
              "value": "host"
            }
          ]
        }
      },
      "cron_collision_policy": "CANCEL_NEW",
      "cron_schedule": "*/5 * * * *",
      "enable_hooks": false,
      "environment": "devel",
      "executor_config": {
        "data": "x",
        "name": "AuroraExecutor"
      },
      "health_check_config": {
        "health_checker": {
          "shell": {
            "shell_command": {
              "segments": [
                "nc -z localhost ",
                {
                  "late": "aur.ports[http]"
                }
              ]
            }
          }
        },
        "initial_interval_ms": 60000,
        "interval_ms": 30000,
        "max_consecutive_failures": 0,
        "min_consecutive_successes": 3,
        "timeout_ms": 1000
      },
      "instances": 1,
      "key": "c/r/devel/a",
      "lifecycle": {},
      "max_task_failures": 1,
      "metadata": [
        {
          "key": "team",
          "value": "r"
        }
      ],
      "name": "a",
      "partition_policy": {
        "delay_ms": 30000,
        "reschedule": true
      },
      "ports": [
        "http"
      ],
      "priority": 0,
      "production": false,
      "role": "r",
      "service": false,
      "sla_policy": {
        "percentage": {
          "duration_ms": 1800000,
          "percentage": 95.0
        }
      },
      "task_links": {
        "log": {
          "segments": [
            "http://",
            {
              "late": "aur.hostname"
            },
            "/log"
          ]
        }
      },
      "tier": "preemptible",
      "update_config": {
        "batch_size": 1,
        "max_per_shard_failures": 0,
        "max_total_failures": 0,
        "pulse_interval_ms": 30000,
        "restart_threshold_ms": 60000,
        "rollback_on_failure": false,
        "update_strategy": {
          "variable_batch": {
            "autopause_after_batch": false,
            "batch_sizes": [
              1,
              2
            ]
          }
        },
        "watch_ms": 30000
      }
    }
    "#);
}

#[test]
fn ports_are_followed_to_their_end() {
    let web =
        "name = \"a\", cmdline = \"{{aur.ports[admin]}} {{aur.ports[grpc]}} {{aur.ports[extra] | sh}}\"";
    let more = r#"announce = Announcer { portmap = {http: "80", admin: "http", extra: "{{aur.ports[more]}}"} }, constraints = {dedicated: "x"}"#;
    insta::assert_snapshot!(planned(&with_job(web, more), "/ports"), @r#"
    [
      "grpc",
      "more"
    ]
    "#);
    insta::assert_snapshot!(planned(&with_job(web, more), "/task/processes/0/cmdline"), @r#"
    {
      "segments": [
        "80",
        " ",
        {
          "late": "aur.ports[grpc]"
        },
        " ",
        {
          "filter": "sh",
          "late": "aur.ports[more]"
        }
      ]
    }
    "#);
    insta::assert_snapshot!(planned(&with_job(web, more), "/announce"), @r#"
    {
      "portmap": {
        "admin": 80,
        "extra": "more",
        "http": 80
      },
      "primary_port": "http"
    }
    "#);
    insta::assert_snapshot!(errors(&format!("{TASK}{}", with_job(web, r#"announce = Announcer { portmap = {a: "b", b: "a", http: "x y"} }"#))), @"
    5:12 W0302 the primary port `http` is announced, but no process uses `{{aur.ports[http]}}`
      = let a process listen on it, or name another `primary_port`
    5:38 E0321 ports stand for each other: a -> b -> a | this closes the circle
      = let one of the names stand for a number, or for a port that the task uses
    5:57 E0321 `x y` is not a port
      = give a number from 1 to 65535, or a name of letters, digits, `_` and `-`
    ");
    insta::assert_snapshot!(errors(&format!("{TASK}{}", with_job(web, r#"announce = Announcer { portmap = {http: "80"} }"#))), @r#"
    5:41 E0321 port 80 is fixed, but nothing keeps other tasks from taking it | a fixed port
      = keep machines for this job: `constraints = { dedicated: ".." }`; or let the port be allocated: `{{aur.ports[name]}}`
    "#);
}

#[test]
fn dedicated_machines_fail_too() {
    let more = |failures: &str| {
        format!(
            r#"instances = 120, constraints = {{dedicated: "x"}}, update_config.max_total_failures = {failures}"#
        )
    };
    let process = "name = \"a\", cmdline = \"b\"";
    insta::assert_snapshot!(errors(&format!("{TASK}{}", with_job(process, &more("1")))), @"
    <prelude>:506:33 E0316 120 instances on dedicated machines need an update that tolerates 2 failures, not 1
      = write `update_config.max_total_failures = 2`, 2 % of the instances
    ");
    assert_eq!(errors(&format!("{TASK}{}", with_job(process, &more("2")))), "");
}

#[test]
fn what_is_ready_is_waited_for() {
    let text = r#"
db = Process { name = "db", cmdline = "db", daemon = true, ready = TcpProbe { port = 5432 } }
m = Process { name = "m", cmdline = "m" }
w = Process { name = "w", cmdline = "w", ready = LogProbe { regex = "up" } }
x = Process { name = "x", cmdline = "x" }
t = Task { processes = [db, m, w, x], constraints = order(ready(db), m, ready("w"), x) + [ready(db) -> x, m -> x], resources = small }
jobs = [Job { cluster = "c", role = "r", environment = "devel", task = t }]
"#;
    insta::assert_snapshot!(planned(text, "/task/order"), @r#"
    [
      {
        "after": "m",
        "before": "db",
        "on": "ready"
      },
      {
        "after": "w",
        "before": "m",
        "on": "success"
      },
      {
        "after": "x",
        "before": "w",
        "on": "ready"
      }
    ]
    "#);
    insta::assert_snapshot!(errors(&format!("{TASK}{}", text.replace("ready = TcpProbe { port = 5432 }", "max_failures = 3"))), @r#"
    7:70 E0322 `m` waits until `db` is ready, but `db` never says so | `m` would wait here
      + 3:6 | `db`
      = give it a probe: `ready = TcpProbe { port = "http" }`
    7:104 E0322 `x` waits until `db` is ready, but `db` never says so | `x` would wait here
      + 3:6 | `db`
      = give it a probe: `ready = TcpProbe { port = "http" }`
    "#);
}

#[test]
fn tasks_are_joined() {
    let text = r#"
r = Resources { cpu = 1.0, ram = 64MB, disk = 64MB }
one = Task { name = "one", processes = [Process { name = "a", cmdline = "{{x}}" }, Process { name = "b", cmdline = "b" }], constraints = order("a", "b"), resources = r, finalization_wait = 10, files = {"f": "1"} }.bind(x = "ex")
two = SequentialTask { name = "two", processes = [Process { name = "c", cmdline = "{{super.name}}" }, Process { name = "d", cmdline = "d" }], resources = Resources { cpu = 2.0, ram = 32MB, disk = 96MB, gpu = 1 }, finalization_wait = 20 }
"#;
    let shown = |expr: &str, fields: &[&str]| {
        fields
            .iter()
            .map(|field| format!("{field}: {}\n", value(text, &format!("({expr}).{field}"))))
            .collect::<String>()
    };
    let fields = [
        "name",
        "processes",
        "constraints",
        "resources",
        "finalization_wait",
        "sequential",
        "files",
    ];
    insta::assert_snapshot!(shown("concat(one, two)", &fields), @r#"
    name: (concat(one, two)).name = "one"

    processes: (concat(one, two)).processes = [{"cmdline":"ex","daemon":false,"env":{},"ephemeral":false,"final":false,"logger":{"destination":"file","mode":"standard"},"max_failures":1,"min_duration":5,"name":"a","on_lost":"retry","pass_env":[]},{"cmdline":"b","daemon":false,"env":{},"ephemeral":false,"final":false,"logger":{"destination":"file","mode":"standard"},"max_failures":1,"min_duration":5,"name":"b","on_lost":"retry","pass_env":[]},{"cmdline":"two","daemon":false,"env":{},"ephemeral":false,"final":false,"logger":{"destination":"file","mode":"standard"},"max_failures":1,"min_duration":5,"name":"c","on_lost":"retry","pass_env":[]},{"cmdline":"d","daemon":false,"env":{},"ephemeral":false,"final":false,"logger":{"destination":"file","mode":"standard"},"max_failures":1,"min_duration":5,"name":"d","on_lost":"retry","pass_env":[]}]

    constraints: (concat(one, two)).constraints = [{"order":["a","b"]},{"order":["c","d"]},{"order":["a","c"]},{"order":["a","d"]},{"order":["b","c"]},{"order":["b","d"]}]

    resources: (concat(one, two)).resources = {"cpu":2.0,"disk":100663296,"gpu":1,"ram":67108864}

    finalization_wait: (concat(one, two)).finalization_wait = 30

    sequential: (concat(one, two)).sequential = false

    files: (concat(one, two)).files = {"f":"1"}
    "#);
    insta::assert_snapshot!(shown("combine(one, two, one, name = \"both\")", &fields), @r#"
    name: (combine(one, two, one, name = "both")).name = "both"

    processes: (combine(one, two, one, name = "both")).processes = [{"cmdline":"ex","daemon":false,"env":{},"ephemeral":false,"final":false,"logger":{"destination":"file","mode":"standard"},"max_failures":1,"min_duration":5,"name":"a","on_lost":"retry","pass_env":[]},{"cmdline":"b","daemon":false,"env":{},"ephemeral":false,"final":false,"logger":{"destination":"file","mode":"standard"},"max_failures":1,"min_duration":5,"name":"b","on_lost":"retry","pass_env":[]},{"cmdline":"two","daemon":false,"env":{},"ephemeral":false,"final":false,"logger":{"destination":"file","mode":"standard"},"max_failures":1,"min_duration":5,"name":"c","on_lost":"retry","pass_env":[]},{"cmdline":"d","daemon":false,"env":{},"ephemeral":false,"final":false,"logger":{"destination":"file","mode":"standard"},"max_failures":1,"min_duration":5,"name":"d","on_lost":"retry","pass_env":[]}]

    constraints: (combine(one, two, one, name = "both")).constraints = [{"order":["a","b"]},{"order":["c","d"]},{"order":["a","b"]}]

    resources: (combine(one, two, one, name = "both")).resources = {"cpu":4.0,"disk":234881024,"gpu":1,"ram":167772160}

    finalization_wait: (combine(one, two, one, name = "both")).finalization_wait = 20

    sequential: (combine(one, two, one, name = "both")).sequential = false

    files: (combine(one, two, one, name = "both")).files = {"f":"1"}
    "#);
    insta::assert_snapshot!(errors(&format!("{text}a = concat(one, \"x\")\nb = combine(one, nam = \"x\")\nc = concat_tasks(one, two)\nd = Tasks.combine(one)\n")), @r#"
    5:17 E0301 `concat` joins tasks, this is the text "x" | a task is needed here
    6:18 E0203 `Task` has no field `nam` | no such field
      = did you mean `name`?
    7:5 W0202 `concat` is the name of this function | an older name of it
    8:5 W0202 `combine` is the name of this function | an older name of it
    "#);
}

#[test]
fn options_of_command_lines() {
    let options = [
        r#"java_options("server", {"Xmx": "1g"}, v = 1)"#,
        r#"python_options("v", "verbose", {"n": 3, "port": 80})"#,
        r#"python_options(level = 0, dry = true, wet = false, name = "a b", empty = "", rate = 0.5)"#,
    ];
    let shown: String = options.map(|option| value("", option) + "\n").concat();
    insta::assert_snapshot!(shown, @r#"
    java_options("server", {"Xmx": "1g"}, v = 1) = "-server -Xmx 1g -v 1"

    python_options("v", "verbose", {"n": 3, "port": 80}) = "-v --verbose -n 3 --port 80"

    python_options(level = 0, dry = true, wet = false, name = "a b", empty = "", rate = 0.5) = "--level 0 --dry --name 'a b' --empty '' --rate 0.5"
    "#);
}

#[test]
fn tags_alone_on_a_line_leave_no_line() {
    let text = "on = true\nt = \"\"\"\n  a\n  {{#on}}\n  b\n    {{^off}}\n  c {{#on}}d{{/on}}\n  {{/off}}\n  {{/on}}\n  e\n  \"\"\".bind(on = on, off = false)\nu = \"x {{#on}} y {{/on}} z\".bind(on = true)\nv = \"{{#l}}\\n{{.}}\\n{{/l}}\\n\".bind(l = [\"1\", \"2\"])\n";
    insta::assert_snapshot!(value(text, "[t, u, v]"), @r#"[t, u, v] = ["a\nb\nc d\ne\n","x  y  z","1\n2\n"]"#);
}

#[test]
fn alternatives_are_chosen() {
    let text = r#"
struct A { x: Integer }
struct B { y: Integer, z: String? }
struct H { v: Integer | Float, r: A | B?, l: List[Integer | Boolean] = [], m: Map[String, Integer] = {} }
a = H { v = "{{n}}", l = ["{{n}}", "7", true], m = {"a{{n}}": "{{n}}"} }.bind(n = "15")
b = H { v = "{{n}}", r = {y: 1} }.bind(n = "1.5")
c = H { v = 2, r = A { x = 1 } }
"#;
    insta::assert_snapshot!(value(text, "[a, b, c]"), @r#"[a, b, c] = [{"l":[15,7,true],"m":{"a15":15},"v":15},{"l":[],"m":{},"r":{"y":1},"v":1.5},{"l":[],"m":{},"r":{"x":1},"v":2}]"#);
    insta::assert_snapshot!(errors(&format!("{text}d = H {{ v = \"abc\" }}\ne = H {{ v = 1, r = {{q: 1}} }}\nf = H {{ v = 1, r = {{z: \"a\", yy: 1}} }}\n")), @r#"
    8:13 E0301 this is the text "abc", but one of Integer | Float is needed | Integer | Float is needed here
    9:20 E0301 this is a map of names, but one of A | B is needed | A | B is needed here
    10:33 E0203 `B` has no field `yy` | given as `yy`
      + 3:8 | `B` is declared here
    "#);
}

#[test]
fn runtime_names_can_be_bound_before() {
    let text = "t = Task { name = \"{{mesos.hostname}}\", processes = [Process { name = \"p\", cmdline = \"{{mesos.role}}\" }], resources = small }.bind(mesos = {hostname: \"h9\"})\njobs = [Job { cluster = \"c\", role = \"r\", environment = \"devel\", task = t }]";
    insta::assert_snapshot!(planned(text, "/task/name"), @r#""h9""#);
    insta::assert_snapshot!(planned(text, "/task/processes/0/cmdline"), @r#""r""#);
}

#[test]
fn commands_are_given_once() {
    insta::assert_snapshot!(errors(&format!("{TASK}{}", with_job("name = \"a\"", ""))), @"
    2:5 E0204 this Process has no `cmdline` | needs `cmdline`
      + 4:9 | needed by this job
      = add cmdline = ..
    ");
    insta::assert_snapshot!(errors(&format!("{TASK}{}", with_job("max_failures = 2", ""))), @"
    2:5 E0204 this Process has no `cmdline` and `name` | needs `cmdline` and `name`
      + 4:9 | needed by this job
      = add cmdline = .., name = ..
    ");
    insta::assert_snapshot!(errors(&format!("{TASK}{}", with_job("name = \"a\", argv = [], env = {\"a=b\": \"x\"}, logger = Logger { rotate = RotatePolicy {} }, ready = FileProbe { path = \"/x\" }, backoff = Backoff { min = 2m }", ""))), @r#"
    2:34 E0320 `argv` names no program
      = write the program and its arguments: `argv = ["sleep", "10"]`
    2:52 E0316 `a=b` cannot be an environment variable
      = letters, digits and `_` make up the name; it does not start with a digit
    2:67 E0320 `rotate` is given, but the mode is `standard`
      = add `mode = "rotate"`, or leave `rotate` out
    2:131 E0503 `/x` does not stay in the sandbox
      = write a path below the sandbox, such as `run/ready`
    2:149 E0313 the first wait, 120 s, is longer than the longest, 60 s
      + <prelude>:59:9 | the rule
    "#);
}

#[test]
fn only_names_that_would_fit_are_suggested() {
    let text = r#"
server_task = Task { processes = [] }
server_tusk = "a text that is nearer to the name"
procs = [1]
a = Job { task = server_tuske }
b = Proces { name = "b" }
c = ordr("a", "b")
d = Process { cmdline = server_tuske }
e = [x for x in proc]
f = Process { daemon = truee }
"#;
    insta::assert_snapshot!(errors(text), @r#"
    2:34 E0204 this task has no processes
      = add one: `processes = [Process { name = "main", cmdline = ".." }]`
    5:18 E0201 `server_tuske` is not defined | not found in this file, its includes or the standard library
      = did you mean `server_task`?
    6:5 E0201 `Proces` is not defined | not found in this file, its includes or the standard library
      = did you mean `Process`?
    7:5 E0201 `ordr` is not defined | not found in this file, its includes or the standard library
      = did you mean `order`?
    8:25 E0201 `server_tuske` is not defined | not found in this file, its includes or the standard library
      = did you mean `server_tusk`?
    9:17 E0201 `proc` is not defined | not found in this file, its includes or the standard library
      = did you mean `procs`?
    10:24 E0201 `truee` is not defined | not found in this file, its includes or the standard library
    "#);
}
