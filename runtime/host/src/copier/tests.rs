use std::fs;

use super::*;

fn destination(path: &Path, limit_bytes: u64, backups: u64) -> Destination {
    Destination {
        path: path.to_path_buf(),
        limit_bytes,
        backups,
    }
}

/// The files of a folder with their content, by name.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read_to_string(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// Writes pieces to one file of at most `limit` bytes with two older ones.
fn written(limit: u64, pieces: &[&str]) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let mut stream = Stream::new(&[destination(&folder.path().join("log"), limit, 2)]);
    for piece in pieces {
        stream.write(piece.as_bytes()).unwrap();
    }
    stream.finish().unwrap();
    files(folder.path())
}

fn named(files: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, content): &(&str, &str)| (name.to_string(), content.to_string());
    files.iter().map(owned).collect()
}

#[test]
fn files_are_turned_over_between_lines() {
    assert_eq!(written(10, &[]), named(&[("log", "")]));
    assert_eq!(written(10, &["one\ntwo\n"]), named(&[("log", "one\ntwo\n")]));
    // The third line would fit in part only.
    assert_eq!(
        written(10, &["one\ntwo\nthree\n"]),
        named(&[("log", "three\n"), ("log.1", "one\ntwo\n")])
    );
    // It stays whole when it comes in pieces.
    assert_eq!(
        written(10, &["one\ntw", "o\nth", "re", "e\n"]),
        named(&[("log", "three\n"), ("log.1", "one\ntwo\n")])
    );
    // The oldest file goes.
    assert_eq!(
        written(4, &["one\n", "two\n", "six\n", "ten\n"]),
        named(&[("log", "ten\n"), ("log.1", "six\n"), ("log.2", "two\n")])
    );
    // What has no end is written in the end.
    assert_eq!(written(10, &["one\ntw"]), named(&[("log", "one\ntw")]));
    // A line that is longer than a file is cut.
    assert_eq!(
        written(4, &["a\n", "123456789\n", "b\n"]),
        named(&[("log", "9\nb\n"), ("log.1", "5678"), ("log.2", "1234")])
    );
}

#[test]
fn a_copier_that_is_started_again_goes_on_with_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    fs::write(&path, "123456\n").unwrap();
    let mut stream = Stream::new(&[destination(&path, 10, 0)]);
    stream.write(b"789\n").unwrap();
    assert_eq!(
        files(folder.path()),
        named(&[("log", "789\n")]),
        "without older files"
    );
}

#[test]
fn what_the_disk_refuses_is_kept_or_counted() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("a file where the folder should be");
    fs::write(&place, "").unwrap();
    let mut stream = Stream::new(&[destination(&place.join("log"), 0, 0)]);
    assert!(stream.write(b"one\n").is_err());
    assert!(stream.write(b"two\n").is_err());
    assert!(stream.retry().is_err());
    fs::remove_file(&place).unwrap();
    stream.retry().unwrap();
    assert_eq!(files(&place), named(&[("log", "one\ntwo\n")]));

    fs::remove_dir_all(&place).unwrap();
    fs::write(&place, "").unwrap();
    let mut stream = Stream::new(&[destination(&place.join("log"), 0, 0)]);
    assert!(stream.write(b"one\ntw").is_err());
    let mut dropped = Dropped::default();
    stream.give_up(&mut dropped);
    assert_eq!(dropped, Dropped { bytes: 6, lines: 1 });
}

#[test]
fn orders_survive_the_command_line() {
    let order = CopyOrder {
        stdout: vec![
            destination(Path::new("/a b/out"), 5, 7),
            destination(Path::new("c"), 0, 0),
        ],
        stderr: vec![destination(Path::new("/err"), 1, 1)],
        overflow: Overflow::Drop,
        dropped: PathBuf::from("/dropped"),
    };
    assert_eq!(CopyOrder::from_words(&order.words()), Some(order.clone()));
    let words = order.words();
    assert_eq!(CopyOrder::from_words(&words[..words.len() - 1]), None);
    assert_eq!(CopyOrder::from_words(&[]), None);
}

#[test]
fn counts_are_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dropped");
    assert_eq!(dropped(&path), [Dropped::default(); 2]);
    let counts = [Dropped { bytes: 7, lines: 2 }, Dropped::default()];
    write_dropped(&path, &counts);
    assert_eq!(dropped(&path), counts);
    assert_eq!(fs::read_to_string(&path).unwrap(), "stdout 7 2\nstderr 0 0\n");
}
