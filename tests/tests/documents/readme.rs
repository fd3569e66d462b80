//! The README shows what really happens.

use aur_tests::{Session, blocks, redacted, repository};

/// Where people keep their state: the README was written as root.
const STATE: &str = "/var/lib/aur";

#[test]
fn the_tutorial_prints_what_the_readme_shows() {
    let readme = std::fs::read_to_string(repository().join("README.md")).expect("the README");
    let consoles: Vec<_> = blocks(&readme)
        .into_iter()
        .filter(|block| block.language == "console")
        .collect();
    let mut count = 0;
    for block in consoles {
        let Some((command, shown)) = block.text.split_once('\n') else {
            continue;
        };
        let Some(args) = command.strip_prefix("$ cargo run --release -p aur -- ") else {
            continue;
        };
        count += 1;
        let session = Session::new();
        let examples = session.work().join("examples");
        std::os::unix::fs::symlink(repository().join("examples"), &examples).expect("a link");
        // A project is found above the file where it really is, so the paths are those of the repository.
        let told = session.aur(&args.split(' ').collect::<Vec<_>>());
        let state = session.state().display().to_string();
        let printed = (told.out() + &told.err()).replace(&state, STATE);
        assert_eq!(redacted(&printed), redacted(shown), "README.md:{}", block.line);
    }
    assert_eq!(count, 2, "the runs of the README were found");
}
