use super::*;

fn note(mode: Mode, limits: &[Controller], obstacle: Option<i32>) -> String {
    let confinement = Confinement {
        mode,
        limits: limits.to_vec(),
        obstacle,
    };
    let isolation = described(&confinement, true);
    assert_eq!(isolation.limits.last().map(String::as_str), Some("disk"));
    isolation.note.unwrap_or_default()
}

#[test]
fn what_is_not_limited_is_said_in_a_sentence() {
    use Controller::{Cpu, Memory, Pids};
    let denied = Some(13);
    let lines = [
        note(Mode::V2, &[Cpu, Memory, Pids], None),
        note(Mode::None, &[], None),
        note(Mode::None, &[], denied),
        note(Mode::None, &[], Some(30)),
        note(Mode::V2, &[], None),
        note(Mode::V1, &[Cpu, Memory], None),
    ];
    assert_eq!(
        lines,
        [
            "",
            "processor time, memory and the number of processes are not limited: this system has no control groups",
            "processor time, memory and the number of processes are not limited: control groups cannot be used: Permission denied (os error 13)",
            "processor time, memory and the number of processes are not limited: control groups cannot be used: Read-only file system (os error 30)",
            "processor time, memory and the number of processes are not limited: the control groups here do not offer it",
            "the number of processes is not limited: the control groups here do not offer it",
        ]
    );
}

#[test]
fn resources_become_limits() {
    let limits = |cpu, ram_bytes| {
        let resources = ir::Resources {
            cpu,
            ram_bytes,
            ..ir::Resources::default()
        };
        let cgroup::Limits {
            cpu_us,
            memory_bytes,
            pids,
        } = wanted(&resources);
        (cpu_us, memory_bytes, pids)
    };
    assert_eq!(limits(4.0, 1 << 20), (Some(400_000), Some(1 << 20), Some(4096)));
    assert_eq!(limits(0.25, 0), (Some(25_000), None, Some(4096)));
    assert_eq!(limits(0.0, 0), (None, None, Some(4096)));
    assert_eq!(limits(f64::NAN, 0).0, None);
    assert_eq!(limits(f64::INFINITY, 0).0, Some(u64::MAX));
}

#[test]
fn a_group_has_a_name_that_fits() {
    let long = "\u{fc}".repeat(127);
    let name = group_name(&long, "00112233445566778", 4_000_000_000);
    assert!(name.len() < 220, "{name}");
    assert_eq!(group_name("t-1", "00ff", 2), "t-1.00ff.2");
}

fn disk(limit: u64) -> Disk {
    Disk {
        limit,
        sandbox: PathBuf::from("/nonexistent"),
        logs: PathBuf::from("/nonexistent"),
        watch: None,
        scan: None,
        began: Duration::from_secs(100),
        cost: Duration::ZERO,
        due: None,
    }
}

#[test]
fn the_disk_is_measured_after_writes_and_not_too_often() {
    let mut idle = disk(0);
    idle.wants_scan();
    assert_eq!(idle.due, None, "without a limit");
    let mut cheap = disk(1);
    cheap.cost = Duration::from_millis(10);
    cheap.wants_scan();
    assert_eq!(cheap.due, Some(Duration::from_secs(105)));
    // Later writes change nothing.
    cheap.cost = Duration::from_millis(20);
    cheap.wants_scan();
    assert_eq!(cheap.due, Some(Duration::from_secs(105)));
    let mut costly = disk(1);
    costly.cost = Duration::from_millis(200);
    costly.wants_scan();
    assert_eq!(
        costly.due,
        Some(Duration::from_secs(120)),
        "a hundredth of a processor"
    );
}
