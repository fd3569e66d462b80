use insta::assert_snapshot;
use serde_json::json;

use super::*;

fn process(name: &str, cmdline: &Value) -> Value {
    json!({"cmdline": cmdline, "daemon": false, "ephemeral": false, "final": false, "max_failures": 1,
        "min_duration_ms": 5000, "name": name})
}

fn job(key: &str) -> Value {
    let parts: Vec<&str> = key.split('/').collect();
    json!({"cluster": parts[0], "enable_hooks": false, "environment": parts[2],
        "health_check_config": {"initial_interval_ms": 60000, "interval_ms": 30000,
            "max_consecutive_failures": 0, "timeout_ms": 1000},
        "instances": 1, "key": key, "max_task_failures": 1, "name": parts[3], "priority": 0,
        "production": false, "role": parts[1], "service": false,
        "task": {"finalization_wait_ms": 30000, "max_concurrency": 0, "max_failures": 1, "name": "t",
            "processes": [process("a", &json!("echo a")), process("b", &json!("echo b"))],
            "resources": {"cpu": 1.0, "disk_bytes": 1, "ram_bytes": 1}},
        "update_config": {"batch_size": 1, "max_per_shard_failures": 0, "max_total_failures": 0,
            "restart_threshold_ms": 60000, "watch_ms": 30000}})
}

fn plan(jobs: &[Value]) -> Value {
    json!({"aur_ir": 1, "digest": "", "files": [{"path": "a.aur", "sha256": "00"}], "hooks": [], "inputs": [],
        "jobs": jobs, "spans": {}})
}

/// Writes each change on a line.
fn shown(before: &Value, after: &Value) -> String {
    let read = |value: &Value| -> Plan { serde_json::from_value(value.clone()).unwrap() };
    let side = |side: &Option<Side>| match side {
        Some(Side {
            place: Some(at),
            value,
        }) => format!("{value} at {}:{}:{}", at.file, at.line, at.column),
        Some(Side { place: None, value }) => value.to_string(),
        None => "-".to_string(),
    };
    let difference = diff(&read(before), &read(after));
    let lines = difference.changes.iter().map(|change| {
        let subject = serde_json::to_value(&change.subject).unwrap();
        format!(
            "{:?} {subject} {:?}: {} => {}\n",
            change.kind,
            change.path,
            side(&change.before),
            side(&change.after)
        )
    });
    lines.collect()
}

/// Compares a plan of one job with what `change` makes of it.
fn changed(change: impl Fn(&mut Value)) -> String {
    let before = plan(&[job("c/r/e/n")]);
    let mut after = before.clone();
    change(&mut after);
    shown(&before, &after)
}

#[test]
fn equal_plans_do_not_differ() {
    assert_snapshot!(changed(|_| ()), @"");
    // Neither sources nor places are part of what a plan means.
    assert_snapshot!(changed(|plan| {
        plan["files"][0]["sha256"] = json!("11");
        plan["spans"] = json!({"/jobs/0": {"column": 1, "end": 2, "file": 0, "line": 3, "start": 1}});
    }), @"");
}

#[test]
fn fields_are_told_with_both_values() {
    assert_snapshot!(changed(|plan| {
        let job = &mut plan["jobs"][0];
        job["instances"] = json!(3);
        job["contact"] = json!("me");
        job["task"]["resources"]["cpu"] = json!(0.5);
        job["task"]["processes"][1]["daemon"] = json!(true);
        job["task"]["processes"][0]["cmdline"] = json!({"segments": ["echo ", {"late": "aur.instance"}]});
    }), @r#"
    Added {"job":"c/r/e/n"} ["contact"]: - => "me"
    Changed {"job":"c/r/e/n"} ["instances"]: 1 => 3
    Changed {"job":"c/r/e/n","process":"a"} ["cmdline"]: "echo a" => {"segments":["echo ",{"late":"aur.instance"}]}
    Changed {"job":"c/r/e/n","process":"b"} ["daemon"]: false => true
    Changed {"job":"c/r/e/n"} ["task", "resources", "cpu"]: 1.0 => 0.5
    "#);
}

#[test]
fn jobs_and_processes_are_known_by_their_names() {
    let before = plan(&[job("c/r/e/one"), job("c/r/e/two")]);
    let mut after = plan(&[job("c/r/e/two"), job("c/r/e/three")]);
    after["jobs"][0]["task"]["processes"] = json!([
        process("c", &json!("echo c")),
        process("b", &json!("echo b")),
        process("a", &json!("echo a"))
    ]);
    let told = shown(&before, &after);
    let heads: Vec<&str> = told
        .lines()
        .map(|line| line.split(": ").next().unwrap())
        .collect();
    assert_snapshot!(heads.join("\n"), @r#"
    Removed {"job":"c/r/e/one"} []
    Added {"job":"c/r/e/two","process":"c"} []
    Changed {"job":"c/r/e/two"} ["task", "processes"]
    Added {"job":"c/r/e/three"} []
    "#);
    assert!(told.contains(r#"["a","b"] => ["c","b","a"]"#), "{told}");
}

#[test]
fn order_ports_and_files_are_told_one_by_one() {
    let edge = |before: &str, after: &str| json!({"after": after, "before": before, "on": "success"});
    let mut before = plan(&[job("c/r/e/n")]);
    before["jobs"][0]["task"]["order"] = json!([edge("a", "b")]);
    before["jobs"][0]["ports"] = json!(["admin", "http"]);
    let mut after = before.clone();
    after["jobs"][0]["task"]["order"] = json!([edge("b", "a")]);
    after["jobs"][0]["ports"] = json!(["http", "https"]);
    after["jobs"][0]["task"]["files"] = json!({"a.py": "x"});
    after["jobs"][0]["constraints"] = json!({"host": "limit:1"});
    assert_snapshot!(shown(&before, &after), @r#"
    Added {"job":"c/r/e/n"} ["constraints", "host"]: - => "limit:1"
    Removed {"job":"c/r/e/n"} ["ports"]: "admin" => -
    Added {"job":"c/r/e/n"} ["ports"]: - => "https"
    Added {"job":"c/r/e/n"} ["task", "files", "a.py"]: - => "x"
    Removed {"job":"c/r/e/n"} ["task", "order"]: {"after":"b","before":"a","on":"success"} => -
    Added {"job":"c/r/e/n"} ["task", "order"]: - => {"after":"a","before":"b","on":"success"}
    "#);
}

#[test]
fn hooks_and_inputs_are_told() {
    assert_snapshot!(changed(|plan| {
        plan["inputs"] = json!([{"name": "n", "source": "flag", "value": 3}]);
        plan["hooks"] = json!([{"name": "h", "on": ["pre"], "run": ["x", "a"]}]);
    }), @r#"
    Added {"input":"n"} []: - => {"name":"n","source":"flag","value":3}
    Added {"hook":"h"} []: - => {"name":"h","on":["pre"],"run":["x","a"]}
    "#);
    let mut before = plan(&[]);
    before["hooks"] = json!([{"name": "h", "on": ["pre"], "run": ["x", "a"]}]);
    let mut after = before.clone();
    after["hooks"][0]["run"] = json!(["x", "b", "a"]);
    assert_snapshot!(shown(&before, &after), @r#"Changed {"hook":"h"} ["run"]: ["x","a"] => ["x","b","a"]"#);
}

#[test]
fn places_are_those_of_the_value_or_of_what_it_is_part_of() {
    let span = |line: u32| json!({"column": 1, "end": 2, "file": 0, "line": line, "start": 1});
    let mut before = plan(&[job("c/r/e/n")]);
    before["spans"] = json!({"/jobs/0": span(1), "/jobs/0/instances": span(2)});
    let mut after = plan(&[job("c/r/e/other"), job("c/r/e/n")]);
    after["spans"] = json!({"/jobs/0": span(3), "/jobs/1": span(4)});
    after["jobs"][1]["instances"] = json!(2);
    let told = shown(&before, &after);
    assert_snapshot!(told.lines().next().unwrap(), @r#"Changed {"job":"c/r/e/n"} ["instances"]: 1 at a.aur:2:1 => 2 at a.aur:4:1"#);
    assert!(told.ends_with("at a.aur:3:1\n"), "{told}");
}
