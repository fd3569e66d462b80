use super::protocol::{KIND_EXIT, RECORD_BYTES, record};
use super::*;

#[test]
fn a_record_has_the_common_checksum() {
    let bytes = record(KIND_EXIT, 7, [1, u64::MAX, 3], 4);
    assert_eq!(bytes.len(), RECORD_BYTES);
    assert_eq!(bytes[..6], *b"aurr\x03\x02");
    assert_eq!(bytes[60..], crc32fast::hash(&bytes[..60]).to_le_bytes());
}

#[test]
fn the_small_program_runs_from_memory_and_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let from_memory = GuardProgram::try_form(Packaging::Memory, folder.path()).unwrap();
    assert_eq!(from_memory.packaging(), Packaging::Memory);
    let memory = from_memory._memory.as_ref().unwrap();
    assert!((&mut &*memory).write_all(b"x").is_err(), "nobody can change it");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let from_file = GuardProgram::try_form(Packaging::File, folder.path()).unwrap();
    let again = GuardProgram::try_form(Packaging::File, folder.path()).unwrap();
    assert_eq!(from_file.path(), again.path());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(PROGRAM.len() < 16 * 1024, "it takes {} bytes", PROGRAM.len());
}

#[test]
fn where_neither_works_our_own_program_is_the_guard() {
    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(GuardProgram::try_form(Packaging::File, file.path()).is_none());
    assert!(!answers(Path::new("/bin/true")));
    let own = GuardProgram::of(PathBuf::from("/proc/self/exe"), Packaging::Own, None);
    assert_eq!(own.words(), [GUARD_WORD]);
}
