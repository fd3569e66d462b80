//! What other programs see: the task object and the event stream.

use super::kit::{EPOCH_MS, World};
use crate::event::{TaskEvent, TaskEventKind, event_schema};
use crate::task::Stop;
use crate::view::{ProcessView, TaskView, task_schema};

/// Times as milliseconds since the beginning of the test.
fn since_start(mut value: serde_json::Value) -> serde_json::Value {
    match &mut value {
        serde_json::Value::Object(fields) => {
            for (_, field) in fields.iter_mut() {
                *field = since_start(field.take());
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| *item = since_start(item.take())),
        serde_json::Value::Number(number) => {
            if let Some(ms) = number.as_u64().and_then(|ms| ms.checked_sub(EPOCH_MS)) {
                value = ms.into();
            }
        }
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::String(_) => {}
    }
    value
}

fn json(value: &impl serde::Serialize) -> String {
    since_start(serde_json::to_value(value).unwrap()).to_string()
}

/// One process a line.
fn status(world: &World) -> String {
    let mut view = TaskView::of(&world.task).unwrap();
    let processes: Vec<String> = view
        .processes
        .drain(..)
        .map(|process: ProcessView| json(&process))
        .collect();
    format!("{}\n{}", json(&view), processes.join("\n"))
}

#[test]
fn the_task_object() {
    let text = "ok | retry max=3 runs=500:1 | svc daemon max=0 runs=500:0,- term=300 | late max=2 runs=0:refused,- \
                | next | ok<next | clean final runs=- | wait=2000";
    let at = |limit| {
        let mut world = World::new(text).stop_at(6_000, Stop::Graceful { grace_ms: None });
        world.run(limit, |_, _, _, _| {});
        status(&world)
    };
    insta::assert_snapshot!(at(1_200), @r#"
    {"attempt":0,"instance":0,"isolation":null,"job_key":"local/me/test/hello","processes":[],"reason":null,"runner_pid":1,"state":"ACTIVE","task_id":"hello-0","usage":null}
    {"name":"ok","ready":false,"runs":[{"exit":{"code":0},"finished_ms":1000,"guard_pid":null,"pid":1000,"reason":"exit","run":0,"started_ms":0,"state":"SUCCESS"}],"source":null,"state":"SUCCESS"}
    {"name":"retry","not_before_ms":5500,"ready":false,"runs":[{"exit":{"code":1},"finished_ms":500,"guard_pid":null,"pid":1100,"reason":"exit","run":0,"started_ms":0,"state":"FAILED"}],"source":null,"state":"WAITING"}
    {"name":"svc","not_before_ms":5500,"ready":false,"runs":[{"exit":{"code":0},"finished_ms":500,"guard_pid":null,"pid":1200,"reason":"exit","run":0,"started_ms":0,"state":"SUCCESS"}],"source":null,"state":"WAITING"}
    {"name":"late","not_before_ms":5000,"ready":false,"runs":[{"exit":null,"finished_ms":0,"guard_pid":null,"message":"bash is missing","pid":null,"reason":"start_error","run":0,"started_ms":null,"state":"FAILED"}],"source":null,"state":"WAITING"}
    {"name":"next","ready":false,"runs":[{"exit":null,"finished_ms":null,"guard_pid":null,"pid":1400,"reason":null,"run":0,"started_ms":1000,"state":"RUNNING"}],"source":null,"state":"RUNNING"}
    {"name":"clean","ready":false,"runs":[],"source":null,"state":"WAITING"}
    "#);
    insta::assert_snapshot!(at(6_000), @r#"
    {"attempt":0,"instance":0,"isolation":null,"job_key":"local/me/test/hello","processes":[],"reason":"stopped","runner_pid":1,"state":"CLEANING","task_id":"hello-0","usage":null}
    {"name":"ok","ready":false,"runs":[{"exit":{"code":0},"finished_ms":1000,"guard_pid":null,"pid":1000,"reason":"exit","run":0,"started_ms":0,"state":"SUCCESS"}],"source":null,"state":"SUCCESS"}
    {"name":"retry","ready":false,"runs":[{"exit":{"code":1},"finished_ms":500,"guard_pid":null,"pid":1100,"reason":"exit","run":0,"started_ms":0,"state":"FAILED"},{"exit":{"code":1},"finished_ms":6000,"guard_pid":null,"pid":1101,"reason":"exit","run":1,"started_ms":5500,"state":"FAILED"}],"source":null,"state":"FAILED"}
    {"name":"svc","ready":false,"runs":[{"exit":{"code":0},"finished_ms":500,"guard_pid":null,"pid":1200,"reason":"exit","run":0,"started_ms":0,"state":"SUCCESS"},{"exit":null,"finished_ms":null,"guard_pid":null,"pid":1201,"reason":null,"run":1,"started_ms":5500,"state":"RUNNING"}],"source":null,"state":"RUNNING","stopping":true}
    {"name":"late","ready":false,"runs":[{"exit":null,"finished_ms":0,"guard_pid":null,"message":"bash is missing","pid":null,"reason":"start_error","run":0,"started_ms":null,"state":"FAILED"},{"exit":{"signal":15},"finished_ms":6000,"guard_pid":null,"pid":1301,"reason":"killed","run":1,"started_ms":5000,"state":"KILLED"}],"source":null,"state":"KILLED"}
    {"name":"next","ready":false,"runs":[{"exit":{"code":0},"finished_ms":2000,"guard_pid":null,"pid":1400,"reason":"exit","run":0,"started_ms":1000,"state":"SUCCESS"}],"source":null,"state":"SUCCESS"}
    {"name":"clean","ready":false,"runs":[],"source":null,"state":"WAITING"}
    "#);
    insta::assert_snapshot!(at(60_000), @r#"
    {"attempt":0,"instance":0,"isolation":null,"job_key":"local/me/test/hello","processes":[],"reason":"stopped","runner_pid":null,"state":"KILLED","task_id":"hello-0","usage":null}
    {"name":"ok","ready":false,"runs":[{"exit":{"code":0},"finished_ms":1000,"guard_pid":null,"pid":1000,"reason":"exit","run":0,"started_ms":0,"state":"SUCCESS"}],"source":null,"state":"SUCCESS"}
    {"name":"retry","ready":false,"runs":[{"exit":{"code":1},"finished_ms":500,"guard_pid":null,"pid":1100,"reason":"exit","run":0,"started_ms":0,"state":"FAILED"},{"exit":{"code":1},"finished_ms":6000,"guard_pid":null,"pid":1101,"reason":"exit","run":1,"started_ms":5500,"state":"FAILED"}],"source":null,"state":"FAILED"}
    {"name":"svc","ready":false,"runs":[{"exit":{"code":0},"finished_ms":500,"guard_pid":null,"pid":1200,"reason":"exit","run":0,"started_ms":0,"state":"SUCCESS"},{"exit":{"signal":15},"finished_ms":6300,"guard_pid":null,"pid":1201,"reason":"killed","run":1,"started_ms":5500,"state":"KILLED"}],"source":null,"state":"KILLED"}
    {"name":"late","ready":false,"runs":[{"exit":null,"finished_ms":0,"guard_pid":null,"message":"bash is missing","pid":null,"reason":"start_error","run":0,"started_ms":null,"state":"FAILED"},{"exit":{"signal":15},"finished_ms":6000,"guard_pid":null,"pid":1301,"reason":"killed","run":1,"started_ms":5000,"state":"KILLED"}],"source":null,"state":"KILLED"}
    {"name":"next","ready":false,"runs":[{"exit":{"code":0},"finished_ms":2000,"guard_pid":null,"pid":1400,"reason":"exit","run":0,"started_ms":1000,"state":"SUCCESS"}],"source":null,"state":"SUCCESS"}
    {"name":"clean","ready":false,"runs":[{"exit":{"signal":9},"finished_ms":8000,"guard_pid":null,"pid":1500,"reason":"killed","run":0,"started_ms":6300,"state":"KILLED"}],"source":null,"state":"KILLED"}
    "#);
}

#[test]
fn a_new_task_shows_nothing() {
    assert_eq!(TaskView::of(&World::new("a").task), None);
}

#[test]
fn the_event_stream() {
    let mut world = World::new(
        "a max=2 min=100 runs=0:refused,10:1 | e ephemeral runs=- term=never | f final | wait=3000",
    );
    world = world.stop_at(150, Stop::Now);
    let mut lines = vec![];
    world.run(60_000, |task, _, _, turn| {
        for change in &turn.changes {
            let mut event = TaskEvent::of(task, change).unwrap();
            if let TaskEventKind::TaskFinished { task: view } = &mut event.kind {
                view.processes.clear();
            }
            lines.push(json(&event));
        }
    });
    insta::assert_snapshot!(lines.join("\n"), @r#"
    {"attempt":0,"event":"task_created","instance":0,"job_key":"local/me/test/hello","task_id":"hello-0","time_ms":0}
    {"event":"runner_started","runner_pid":1,"task_id":"hello-0","time_ms":0}
    {"event":"process_forked","process":"a","run":0,"task_id":"hello-0","time_ms":0}
    {"event":"process_forked","process":"e","run":0,"task_id":"hello-0","time_ms":0}
    {"event":"process_finished","exit":null,"finished_ms":0,"message":"bash is missing","not_before_ms":100,"process":"a","reason":"start_error","run":0,"state":"FAILED","task_id":"hello-0","time_ms":0}
    {"event":"process_running","pid":1100,"process":"e","run":0,"started_ms":0,"task_id":"hello-0","time_ms":0}
    {"event":"process_forked","process":"a","run":1,"task_id":"hello-0","time_ms":100}
    {"event":"process_running","pid":1001,"process":"a","run":1,"started_ms":100,"task_id":"hello-0","time_ms":100}
    {"event":"process_finished","exit":{"code":1},"finished_ms":110,"process":"a","reason":"exit","run":1,"state":"FAILED","task_id":"hello-0","time_ms":110}
    {"event":"task_cleaning","reason":"failures","result":"FAILED","task_id":"hello-0","time_ms":110}
    {"event":"process_stopping","process":"e","run":0,"task_id":"hello-0","time_ms":110}
    {"event":"task_hurried","task_id":"hello-0","time_ms":150}
    {"event":"process_killing","process":"e","run":0,"task_id":"hello-0","time_ms":150}
    {"event":"process_finished","exit":{"signal":9},"finished_ms":150,"process":"e","reason":"killed","run":0,"state":"KILLED","task_id":"hello-0","time_ms":150}
    {"event":"task_finished","task":{"attempt":0,"instance":0,"isolation":null,"job_key":"local/me/test/hello","processes":[],"reason":"failures","runner_pid":null,"state":"FAILED","task_id":"hello-0","usage":null},"task_id":"hello-0","time_ms":150}
    "#);
}

#[test]
fn what_is_written_reads_back() {
    let mut world =
        World::new("a max=2 min=100 runs=0:refused,10:1 | e ephemeral runs=- term=never | f final");
    world.run(60_000, |task, _, _, turn| {
        for change in &turn.changes {
            let event = TaskEvent::of(task, change).unwrap();
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<TaskEvent>(&text).unwrap(), event);
        }
    });
}

#[test]
fn schemas_name_what_is_shown() {
    let required = |schema: &serde_json::Value| schema["required"].to_string();
    insta::assert_snapshot!(required(&task_schema()), @r#"["task_id","job_key","instance","attempt","runner_pid","state","reason","processes","usage","isolation"]"#);
    insta::assert_snapshot!(required(&event_schema()), @r#"["task_id","time_ms"]"#);
    let kinds = event_schema()["oneOf"].as_array().map_or(0, Vec::len);
    assert_eq!(kinds, 14);
}
