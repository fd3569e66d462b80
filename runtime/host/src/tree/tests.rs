use super::*;

const BOOT: BootId = BootId(1);

/// Lines of `pid parent session start_ticks`.
fn snapshot(table: &str) -> Snapshot {
    let row = |line: &str| {
        let fields: Vec<u64> = line
            .split_whitespace()
            .map(|field| field.parse().unwrap())
            .collect();
        let stat = Stat {
            state: b'S',
            parent: fields[1] as u32,
            session: fields[2] as u32,
            start_ticks: fields[3],
        };
        (fields[0] as u32, stat)
    };
    Snapshot::of(
        table
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(row)
            .collect(),
        BOOT,
    )
}

fn identity(pid: u32, start_ticks: u64) -> Identity {
    Identity {
        pid,
        start_ticks,
        boot: BOOT,
    }
}

fn pids(members: &[Identity]) -> Vec<u32> {
    members.iter().map(|member| member.pid).collect()
}

// Numbers above the kernel's bound, so that no look into /proc finds anything.
const A: u32 = 5_000_010;
const B: u32 = 5_000_020;

#[test]
fn a_started_run_is_its_leader_what_is_below_and_its_orphans() {
    let own = std::process::id();
    let mut run = RunTree::new(identity(A, 100), Origin::Started, "a");
    let leaders = BTreeSet::from([A, B]);
    let before = snapshot(&format!(
        "{A} {own} {A} 100
         5000011 {A} {A} 110
         5000012 5000011 5000012 120
         {B} {own} {B} 100
         5000021 {B} {B} 110
         5000099 1 5000099 50"
    ));
    assert_eq!(
        pids(&run.members(&before, |pid| leaders.contains(&pid), Strays::Unknown)),
        [A, 5_000_011, 5_000_012]
    );
    // The leader and the middle one ended: the orphan in its own session was seen before. So was not
    // the one of the other run, nor the newcomer without any sign.
    let after = snapshot(&format!(
        "5000012 {own} 5000012 120
         5000013 {own} {A} 130
         5000022 {own} {B} 130
         5000014 {own} 5000014 140
         {B} {own} {B} 100"
    ));
    assert_eq!(
        pids(&run.members(&after, |pid| leaders.contains(&pid), Strays::Unknown)),
        [5_000_012, 5_000_013]
    );
    let alone = snapshot(&format!("5000014 {own} 5000014 140"));
    assert_eq!(
        run.members(&alone, |pid| leaders.contains(&pid), Strays::Unknown),
        []
    );
    assert_eq!(
        pids(&run.members(&alone, |pid| leaders.contains(&pid), Strays::Ours)),
        [5_000_014]
    );
}

#[test]
fn a_reused_number_is_not_a_member() {
    let mut run = RunTree::new(identity(A, 100), Origin::TakenOver, "a");
    let leaders = BTreeSet::from([A]);
    let first = snapshot(&format!("{A} 1 {A} 100\n 5000011 1 {A} 110\n 5000012 1 7 110"));
    assert_eq!(
        pids(&run.members(&first, |pid| leaders.contains(&pid), Strays::Unknown)),
        [A, 5_000_011]
    );
    // Another process has the leader's number now, and a session of that number.
    let reused = snapshot(&format!("{A} 1 {A} 500\n 5000011 1 {A} 110\n 5000015 1 {A} 510"));
    assert_eq!(
        pids(&run.members(&reused, |pid| leaders.contains(&pid), Strays::Unknown)),
        [5_000_011]
    );
}

#[test]
fn a_marker_is_found_wherever_its_process_went() {
    let boot = BootId::current().unwrap();
    let marker = format!("test-{}", std::process::id());
    let mut child = std::process::Command::new("setsid")
        .args(["sleep", "1000"])
        .env(MARKER_NAME, &marker)
        .spawn()
        .unwrap();
    let leader = Identity {
        pid: 5_000_000,
        start_ticks: 1,
        boot,
    };
    let mut run = RunTree::new(leader, Origin::TakenOver, &marker);
    // A process in the middle of an exec shows no environment for a moment.
    let found = (0..1000).any(|_| {
        let snapshot = Snapshot::take(boot).unwrap();
        pids(&run.members(&snapshot, |_| false, Strays::Unknown)).contains(&child.id())
    });
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(found);
}
