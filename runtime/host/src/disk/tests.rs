use std::fs::File;
use std::os::unix::fs::{MetadataExt, symlink};

use super::*;

fn measure(roots: &[&Path]) -> Measured {
    let mut scan = Scan::of(roots);
    loop {
        // Small steps, so that every place of the work is a place to stop.
        if let Some(found) = scan.step(3, &mut None) {
            return found;
        }
    }
}

fn write(path: &Path, bytes: usize) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, vec![b'x'; bytes]).unwrap();
}

/// What a tree of the same shape takes without the thing in question.
fn blocks(path: &Path) -> u64 {
    std::fs::symlink_metadata(path).unwrap().blocks() * BLOCK
}

#[test]
fn files_and_folders_are_added_up() {
    let temporary = tempfile::tempdir().unwrap();
    let (one, two) = (temporary.path().join("one"), temporary.path().join("two"));
    write(&one.join("a"), 100_000);
    write(&one.join("b/c/d"), 50_000);
    write(&two.join("e"), 10);
    std::fs::create_dir(one.join("empty")).unwrap();
    let files = ["one/a", "one/b/c/d", "two/e", "one/b", "one/b/c", "one/empty"];
    let bytes: u64 = files
        .iter()
        .map(|file| blocks(&temporary.path().join(file)))
        .sum();
    assert!(bytes >= 150_000);
    let found = measure(&[&one, &two]);
    assert_eq!((found.bytes, found.entries), (bytes, 8));
    assert_eq!(measure(&[&temporary.path().join("missing")]), Measured::default());
}

#[test]
fn links_lead_nowhere_and_names_count_once() {
    let temporary = tempfile::tempdir().unwrap();
    let (inside, outside) = (temporary.path().join("in"), temporary.path().join("out"));
    write(&outside.join("big"), 1_000_000);
    write(&inside.join("file"), 40_000);
    symlink(&outside, inside.join("folder")).unwrap();
    symlink("/", inside.join("root")).unwrap();
    symlink(".", inside.join("self")).unwrap();
    let before = measure(&[&inside]).bytes;
    assert!(before < 100_000, "{before}");
    for number in 0..20 {
        std::fs::hard_link(inside.join("file"), inside.join(format!("name{number}"))).unwrap();
    }
    assert_eq!(measure(&[&inside]).bytes, before);
    // A root that is a link is not followed either.
    assert_eq!(measure(&[&inside.join("folder")]), Measured::default());
}

#[test]
fn a_hole_takes_no_room() {
    let temporary = tempfile::tempdir().unwrap();
    let file = File::create(temporary.path().join("hole")).unwrap();
    file.set_len(1 << 40).unwrap();
    assert!(measure(&[temporary.path()]).bytes < 1 << 20);
}

/// Deeper than any path can say, and than a process has descriptors.
#[test]
fn depth_costs_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let top = File::open(temporary.path()).unwrap();
    let mut folder = OwnedFd::from(top);
    let depth = 5_000;
    for _ in 0..depth {
        nix::sys::stat::mkdirat(&folder, "d", Mode::S_IRWXU).unwrap();
        folder = openat(&folder, "d", FOLDER, Mode::empty()).unwrap();
    }
    let file = openat(&folder, "f", OFlag::O_CREAT | OFlag::O_WRONLY, Mode::S_IRWXU).unwrap();
    io::Write::write_all(&mut File::from(file), &[b'x'; 70_000]).unwrap();
    // A sibling at the top is found on the way back up.
    write(&temporary.path().join("side/f"), 70_000);
    let found = measure(&[temporary.path()]);
    assert_eq!(found.entries, depth + 4);
    assert!(found.bytes >= 140_000, "{found:?}");
    // The way down again removes it; no path is long enough for that.
    let status = std::process::Command::new("rm")
        .arg("-rf")
        .arg(temporary.path().join("d"))
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn folders_that_move_away_end_nothing_but_their_count() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path().join("root");
    for number in 0..20 {
        write(&root.join(format!("{number}/deep/er/file")), 5_000);
    }
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (from, to) = (root.join("3/deep"), temporary.path().join("away"));
            while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                std::fs::rename(&from, &to).unwrap();
                std::fs::rename(&to, &from).unwrap();
            }
        });
        for _ in 0..300 {
            let found = measure(&[&root]);
            assert!(found.entries <= 81, "{found:?}");
        }
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(measure(&[&root]).entries, 81);
}

#[test]
fn a_write_anywhere_is_told_once_it_was_looked_at() {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    let temporary = tempfile::tempdir().unwrap();
    write(&temporary.path().join("a/b/c"), 10);
    let mut watch = Watch::new();
    let look = |watch: &mut Option<Watch>| {
        watch.as_mut().unwrap().begin();
        Scan::of(&[temporary.path()]).step(100, watch).unwrap();
    };
    let is_told = |watch: &Option<Watch>| {
        let mut polled = [PollFd::new(watch.as_ref().unwrap().handle(), PollFlags::POLLIN)];
        poll(&mut polled, PollTimeout::ZERO).unwrap() > 0
    };
    look(&mut watch);
    assert!(watch.as_ref().unwrap().is_complete());
    assert!(!is_told(&watch));
    // Reading is no writing.
    std::fs::read(temporary.path().join("a/b/c")).unwrap();
    assert!(!is_told(&watch));
    std::fs::write(temporary.path().join("a/b/c"), "more").unwrap();
    assert!(is_told(&watch));
    look(&mut watch);
    assert!(!is_told(&watch));
    std::fs::create_dir(temporary.path().join("a/new")).unwrap();
    assert!(is_told(&watch));
    look(&mut watch);
    std::fs::write(temporary.path().join("a/new/x"), "").unwrap();
    assert!(is_told(&watch));
}
