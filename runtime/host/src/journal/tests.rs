use super::*;

const PAYLOADS: [&[u8]; 4] = [b"header", b"", b"{\"run\":0}", b"the last one"];

fn sample(folder: &Path) -> (PathBuf, Vec<u8>) {
    let path = folder.join("journal");
    let mut journal = Journal::create(&path).unwrap();
    for payload in PAYLOADS {
        journal.append(payload).unwrap();
    }
    journal.commit(Safety::Durable).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    (path, bytes)
}

fn is_prefix(payloads: &[Vec<u8>]) -> bool {
    payloads.len() <= PAYLOADS.len() && payloads.iter().zip(PAYLOADS).all(|(found, put)| found == put)
}

#[test]
fn what_was_committed_is_read_back_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = sample(folder.path());
    let (mut journal, payloads) = Journal::open(&path).unwrap();
    assert_eq!(payloads, PAYLOADS);
    journal.append(b"five").unwrap();
    assert_eq!(read(&path).unwrap().len(), 4);
    journal.commit(Safety::Durable).unwrap();
    assert_eq!(read(&path).unwrap()[4], b"five");
}

#[test]
fn a_journal_cut_anywhere_keeps_its_whole_records() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bytes) = sample(folder.path());
    for length in 0..bytes.len() {
        std::fs::write(&path, &bytes[..length]).unwrap();
        match Journal::open(&path) {
            Ok((mut journal, payloads)) => {
                assert!(length >= FILE_HEADER_BYTES && payloads.len() < 4 && is_prefix(&payloads));
                journal.append(b"new").unwrap();
                journal.commit(Safety::Durable).unwrap();
                let again = read(&path).unwrap();
                assert_eq!(again.len(), payloads.len() + 1);
                assert_eq!(again.last().unwrap(), b"new");
            }
            Err(error) => assert!(length < FILE_HEADER_BYTES, "{length}: {error}"),
        }
    }
}

/// RT-060.
#[test]
fn no_flipped_bit_is_taken_for_a_record() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bytes) = sample(folder.path());
    let last_record = bytes.len() - PAYLOADS[3].len() - RECORD_HEADER_BYTES;
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &flipped).unwrap();
        match read(&path) {
            // Damage to the last record cannot be told from a torn write.
            Ok(payloads) => assert!(bit / 8 >= last_record && payloads.len() == 3 && is_prefix(&payloads)),
            Err(JournalError::Damaged { offset, .. }) => {
                assert!(bit as u64 / 8 >= offset && bit / 8 < last_record)
            }
            Err(error) => assert!(bit / 8 < FILE_HEADER_BYTES, "{bit}: {error}"),
        }
    }
}

#[test]
fn damage_is_reported_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut bytes) = sample(folder.path());
    bytes[FILE_HEADER_BYTES + RECORD_HEADER_BYTES] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let text = Journal::open(&path).unwrap_err().to_string();
    assert!(
        text.ends_with(
            "journal is damaged at byte 16: the record there does not match its checksum, but later ones do"
        ),
        "{text}"
    );
    assert_eq!(
        std::fs::read(&path).unwrap(),
        bytes,
        "a damaged journal stays as it is"
    );
    let mut newer = file_header();
    newer[8] = 9;
    let crc = crc32fast::hash(&newer[..12]);
    newer[12..].copy_from_slice(&crc.to_le_bytes());
    std::fs::write(&path, newer).unwrap();
    assert!(matches!(
        Journal::open(&path),
        Err(JournalError::Newer { found: 9, .. })
    ));
}

#[test]
fn a_repeated_record_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bytes) = sample(folder.path());
    let twice = [&bytes[..], &bytes[FILE_HEADER_BYTES..]].concat();
    std::fs::write(&path, twice).unwrap();
    assert!(
        matches!(Journal::open(&path), Err(JournalError::Damaged { offset, .. }) if offset == bytes.len() as u64)
    );
}

#[test]
fn a_follower_sees_each_record_once() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bytes) = sample(folder.path());
    let half = bytes.len() - 5;
    std::fs::write(&path, &bytes[..half]).unwrap();
    let mut follower = Follower::open(&path).unwrap();
    assert_eq!(follower.read_new().unwrap().payloads, PAYLOADS[..3]);
    assert!(follower.read_new().unwrap().payloads.is_empty());
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(follower.read_new().unwrap().payloads, PAYLOADS[3..]);
    assert!(follower.read_new().unwrap().payloads.is_empty());
}

#[test]
fn the_first_record_is_read_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bytes) = sample(folder.path());
    assert_eq!(read_first(&path).unwrap().unwrap(), PAYLOADS[0]);
    std::fs::write(&path, &bytes[..FILE_HEADER_BYTES + RECORD_HEADER_BYTES + 1]).unwrap();
    assert_eq!(read_first(&path).unwrap(), None);
    std::fs::write(&path, b"").unwrap();
    assert!(read_first(&path).is_err());
}

#[test]
fn written_records_are_seen_and_become_durable_with_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut journal = Journal::create(&path).unwrap();
    for payload in PAYLOADS {
        journal.append(payload).unwrap();
        journal.commit(Safety::Written).unwrap();
    }
    assert_eq!(read(&path).unwrap(), PAYLOADS);
    assert_eq!(journal.durable_bytes, FILE_HEADER_BYTES as u64);
    journal.commit(Safety::Durable).unwrap();
    assert_eq!(journal.durable_bytes, std::fs::metadata(&path).unwrap().len());
    assert_eq!(read(&path).unwrap(), PAYLOADS);
}

/// A full disk, where one can be had: a tmpfs of 64 KiB, for root only.
#[test]
fn a_failed_commit_is_tried_again_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mount = |arguments: &[&str]| {
        let mut command = std::process::Command::new("mount");
        let status = command
            .args(arguments)
            .arg(folder.path())
            .stderr(std::process::Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    };
    if !mount(&["-t", "tmpfs", "-o", "size=64k", "tmpfs"]) {
        return;
    }
    let path = folder.path().join("journal");
    let mut journal = Journal::create(&path).unwrap();
    journal.append(b"first").unwrap();
    journal.commit(Safety::Durable).unwrap();
    let filler = folder.path().join("filler");
    std::fs::write(&filler, vec![0; 44 * 1024]).unwrap();
    // The small record fits and half of the large one: whoever reads on finds the former, and for good.
    let mut follower = Follower::open(&path).unwrap();
    let big = vec![b'x'; 24 * 1024];
    journal.append(b"small").unwrap();
    journal.append(&big).unwrap();
    for safety in [Safety::Written, Safety::Durable, Safety::Durable] {
        let error = journal.commit(safety).unwrap_err();
        assert!(error.is_disk_full(), "{error}");
        assert_eq!(read(&path).unwrap(), [&b"first"[..], b"small"]);
    }
    assert_eq!(follower.read_new().unwrap().payloads, [&b"first"[..], b"small"]);
    journal.append(b"last").unwrap();
    std::fs::remove_file(&filler).unwrap();
    journal.commit(Safety::Durable).unwrap();
    assert_eq!(read(&path).unwrap(), [&b"first"[..], b"small", &big, b"last"]);
    assert_eq!(follower.read_new().unwrap().payloads, [&big[..], b"last"]);
    drop(journal);
    let status = std::process::Command::new("umount")
        .arg("-l")
        .arg(folder.path())
        .status();
    assert!(status.is_ok_and(|status| status.success()));
}

/// A journal with three records, of which the first stands for four others.
fn shortened(folder: &Path) -> (PathBuf, Journal) {
    let (path, _) = sample(folder);
    let (mut journal, _) = Journal::open(&path).unwrap();
    journal.shorten(b"all four").unwrap();
    journal.append(b"five").unwrap();
    journal.append(b"six").unwrap();
    journal.commit(Safety::Durable).unwrap();
    (path, journal)
}

#[test]
fn a_shortened_journal_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (path, journal) = shortened(folder.path());
    assert_eq!(std::fs::metadata(&path).unwrap().len(), journal.bytes());
    drop(journal);
    assert_eq!(read(&path).unwrap(), [&b"all four"[..], b"five", b"six"]);
    assert_eq!(read_first(&path).unwrap().unwrap(), b"all four");
    let (mut journal, payloads) = Journal::open(&path).unwrap();
    assert_eq!(payloads.len(), 3);
    journal.append(b"seven").unwrap();
    journal.commit(Safety::Written).unwrap();
    journal.shorten(b"all").unwrap();
    journal.append(b"eight").unwrap();
    journal.commit(Safety::Durable).unwrap();
    assert_eq!(read(&path).unwrap(), [&b"all"[..], b"eight"]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_shortened_journal_is_checked_like_any() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = shortened(folder.path());
    let bytes = std::fs::read(&path).unwrap();
    let last_record = bytes.len() - b"six".len() - RECORD_HEADER_BYTES;
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &flipped).unwrap();
        match read(&path) {
            Ok(payloads) => assert!(bit / 8 >= last_record && payloads.len() == 2),
            Err(JournalError::Damaged { .. }) => assert!(bit / 8 < last_record),
            Err(error) => assert!(bit / 8 < SHORTENED_HEADER_BYTES, "{bit}: {error}"),
        }
    }
    for length in 0..bytes.len() {
        std::fs::write(&path, &bytes[..length]).unwrap();
        match Journal::open(&path) {
            Ok((_, payloads)) => assert!(length >= SHORTENED_HEADER_BYTES && payloads.len() < 3),
            Err(error) => assert!(length < SHORTENED_HEADER_BYTES, "{length}: {error}"),
        }
    }
}

#[test]
fn a_follower_goes_on_in_the_shorter_file() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = sample(folder.path());
    let mut follower = Follower::open(&path).unwrap();
    assert_eq!(follower.read_new().unwrap().payloads.len(), 4);
    let (mut journal, _) = Journal::open(&path).unwrap();
    journal.append(b"five").unwrap();
    journal.commit(Safety::Durable).unwrap();
    journal.shorten(b"all five").unwrap();
    journal.append(b"six").unwrap();
    journal.commit(Safety::Durable).unwrap();
    // What it has read itself it does not hear again.
    let news = follower.read_new().unwrap();
    assert_eq!(news.payloads, [&b"five"[..], b"six"]);
    assert!(news.is_replaced && !news.is_anew);
    assert_eq!(follower.read_new().unwrap(), News::default());
    // What it missed comes as a whole.
    journal.append(b"seven").unwrap();
    journal.commit(Safety::Durable).unwrap();
    journal.shorten(b"all seven").unwrap();
    journal.shorten(b"all of it").unwrap();
    let news = follower.read_new().unwrap();
    assert_eq!(news.payloads, [&b"all of it"[..]]);
    assert!(news.is_replaced && news.is_anew);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(follower.read_new().unwrap(), News::default());
}

#[test]
fn a_journal_that_cannot_be_shortened_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = sample(folder.path());
    let (mut journal, _) = Journal::open(&path).unwrap();
    let draft = path.with_extension("new");
    std::fs::create_dir(&draft).unwrap();
    journal.shorten(b"all").unwrap_err();
    journal.append(b"five").unwrap();
    journal.commit(Safety::Durable).unwrap();
    assert_eq!(read(&path).unwrap().len(), 5);
    // A draft of a runner that died is in nobody's way.
    std::fs::remove_dir(&draft).unwrap();
    std::fs::write(&draft, vec![b'x'; 10_000]).unwrap();
    journal.shorten(b"all").unwrap();
    assert_eq!(read(&path).unwrap(), [&b"all"[..]]);
}
