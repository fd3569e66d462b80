//! Compares with bash itself: `bash -n` on a corpus, and on the corpus with one character damaged.

use std::io::Write as _;
use std::process::Command;

use aur_shell::{Piece, Reader};

const CORPUS: &str = include_str!("corpus.txt");

fn corpus() -> Vec<&'static str> {
    CORPUS.trim_end().split("\n--\n").collect()
}

/// What bash says to a command in a file.
fn bash(command: &str) -> (bool, String) {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(command.as_bytes()).expect("written");
    let output = Command::new("bash")
        .arg("-n")
        .arg(file.path())
        .env_clear()
        .output()
        .expect("bash runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // A fault within `[[ ]]` is said and then forgotten; so is a here-document without an end.
    (output.status.success() && said.is_empty(), said)
}

fn ours(reader: &mut Reader, command: &str) -> Option<String> {
    reader
        .read(&[Piece::Text(command)])
        .fault
        .map(|fault| fault.message)
}

#[test]
fn the_corpus_is_bash() {
    let mut reader = Reader::default();
    for command in corpus() {
        assert_eq!(bash(command), (true, String::new()), "{command}");
        assert_eq!(ours(&mut reader, command), None, "{command}");
    }
}

/// Numbers that look random and are the same on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

fn damage(command: &str, dice: &mut Dice) -> String {
    let bytes = command.as_bytes();
    let at = dice.roll(bytes.len());
    let specials = b"'\"`$(){}[];&|<>\\#\n !=";
    let mut out = bytes.to_vec();
    match dice.roll(3) {
        0 => {
            out.remove(at);
        }
        1 => out.insert(at, specials[dice.roll(specials.len())]),
        _ => out.truncate(at),
    }
    String::from_utf8(out).expect("the corpus is ASCII")
}

#[test]
fn damaged_commands() {
    let mut dice = Dice(7);
    let corpus = corpus();
    let (mut refused, mut missed) = (0, 0);
    for _ in 0..600 {
        let command = damage(corpus[dice.roll(corpus.len())], &mut dice);
        match (bash(&command), ours(&mut Reader::default(), &command)) {
            ((true, _), Some(message)) => {
                assert!(is_read_late(&command), "{message}, says nobody else:\n{command}");
            }
            ((false, _), Some(_)) => refused += 1,
            ((false, _), None) => missed += 1,
            ((true, _), None) => {}
        }
    }
    // What is missed: array subscripts and conditions in `[[ ]]` are not looked into.
    assert!(
        missed * 10 < refused,
        "{missed} faults were missed, {refused} were found"
    );
}

/// What bash reads only when it comes there, so that `bash -n` has no opinion: commands in backquotes and
/// in here-documents, and arithmetic.
fn is_read_late(command: &str) -> bool {
    ["`", "<<", "(("].iter().any(|late| command.contains(late))
}
