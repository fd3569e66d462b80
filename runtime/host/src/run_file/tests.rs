use super::*;

const BOOT: BootId = BootId(7);

fn look_at(path: &Path) -> Stage {
    look(path, 3, BOOT, BOOT).unwrap().stage
}

fn add_exec(path: &Path, identity: Identity) {
    let file = RunFile::reopen(path, 3).unwrap();
    let values = [u64::from(identity.pid), identity.start_ticks, identity.boot.0];
    file.write(KIND_EXEC, values).unwrap();
}

#[test]
fn a_run_is_claimed_again_only_if_nobody_became_bash() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("3");
    assert_eq!(look_at(&path), Stage::NeverStarted);
    let first = RunFile::claim(&path, 3, BOOT).unwrap();
    assert_eq!(look_at(&path), Stage::BeforeExec);
    assert!(matches!(
        RunFile::claim(&path, 3, BOOT),
        Err(ClaimError::Taken { .. })
    ));
    drop(first);
    assert_eq!(look_at(&path), Stage::NeverStarted);
    drop(RunFile::claim(&path, 3, BOOT).unwrap());
    let gone = Identity {
        pid: std::process::id(),
        start_ticks: 1,
        boot: BOOT,
    };
    add_exec(&path, gone);
    assert_eq!(look_at(&path), Stage::Gone);
    assert!(matches!(
        RunFile::claim(&path, 3, BOOT),
        Err(ClaimError::Taken { .. })
    ));
}

#[test]
fn the_first_end_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("3");
    let file = RunFile::claim(&path, 3, BOOT).unwrap();
    let own = process::own_identity(BOOT).unwrap();
    add_exec(&path, own);
    assert_eq!(look_at(&path), Stage::Alive);
    assert_eq!(
        look(&path, 3, BOOT, BootId(8)).unwrap().stage,
        Stage::Gone,
        "after a reboot nothing is alive"
    );
    file.record_end(End::Seen(Exit::Signal(9))).unwrap();
    file.record_end(End::Unknown).unwrap();
    let facts = look(&path, 3, BOOT, BOOT).unwrap();
    assert_eq!(facts.stage, Stage::Ended(End::Seen(Exit::Signal(9))));
    assert_eq!(facts.leader, Some(own));
    assert!(!facts.is_empty);
    file.record_empty().unwrap();
    assert!(look(&path, 3, BOOT, BOOT).unwrap().is_empty);
    assert_eq!(std::fs::metadata(&path).unwrap().len() as usize, 5 * RECORD_BYTES);
}

#[test]
fn after_a_reboot_an_intent_is_never_unstarted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("3");
    assert_eq!(look(&path, 3, BootId(6), BOOT).unwrap().stage, Stage::Gone);
}

#[test]
fn a_refused_start_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("3");
    let file = RunFile::claim(&path, 3, BOOT).unwrap();
    file.record_failed_start(libc::E2BIG).unwrap();
    assert_eq!(look_at(&path), Stage::StartFailed(libc::E2BIG));
}

#[test]
fn no_flipped_bit_makes_a_started_run_startable_or_changes_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("3");
    let file = RunFile::claim(&path, 3, BOOT).unwrap();
    add_exec(
        &path,
        Identity {
            pid: std::process::id(),
            start_ticks: 1,
            boot: BOOT,
        },
    );
    let end = End::Seen(Exit::Code(5));
    for with_end in [false, true] {
        if with_end {
            file.record_end(end).unwrap();
        }
        let bytes = std::fs::read(&path).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            // A fresh file each time: children that other tests fork hold on to the old one's lock.
            let damaged = folder.path().join(format!("damaged-{with_end}-{bit}"));
            std::fs::write(&damaged, &flipped).unwrap();
            let stage = look_at(&damaged);
            assert!(
                matches!(stage, Stage::Gone) || (with_end && stage == Stage::Ended(end)),
                "{bit}: {stage:?}"
            );
            assert!(RunFile::claim(&damaged, 3, BOOT).is_err());
        }
    }
}

#[test]
fn records_of_the_version_without_guards_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("3");
    drop(RunFile::claim(&path, 3, BOOT).unwrap());
    add_exec(&path, process::own_identity(BOOT).unwrap());
    let mut bytes = std::fs::read(&path).unwrap();
    for chunk in bytes.chunks_mut(RECORD_BYTES) {
        chunk[5] = 1;
        let crc = crc32fast::hash(&chunk[..60]);
        chunk[60..].copy_from_slice(&crc.to_le_bytes());
    }
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(look_at(&path), Stage::Alive);
    // A version that is not known yet says nothing: such a run is never started again.
    for chunk in bytes.chunks_mut(RECORD_BYTES) {
        chunk[5] = VERSION + 1;
        let crc = crc32fast::hash(&chunk[..60]);
        chunk[60..].copy_from_slice(&crc.to_le_bytes());
    }
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(look_at(&path), Stage::Gone);
}

#[test]
fn a_living_guard_will_tell() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("3");
    let file = RunFile::claim(&path, 3, BOOT).unwrap();
    let own = process::own_identity(BOOT).unwrap();
    let write = |kind, identity: Identity| {
        let values = [u64::from(identity.pid), identity.start_ticks, identity.boot.0];
        file.write(kind, values).unwrap();
    };
    write(KIND_GUARD, own);
    assert_eq!(living_guard(&path, 3, BOOT), Some(own));
    assert_eq!(living_guard(&path, 3, BootId(8)), None, "nothing outlives a boot");
    let gone = Identity {
        start_ticks: 1,
        ..own
    };
    write(KIND_EXEC, gone);
    let facts = look(&path, 3, BOOT, BOOT).unwrap();
    assert_eq!((facts.stage, facts.guard), (Stage::Alive, Some(own)));
    write(KIND_GUARD, gone);
    let facts = look(&path, 3, BOOT, BOOT).unwrap();
    assert_eq!((facts.stage, facts.guard), (Stage::Gone, None));
}
