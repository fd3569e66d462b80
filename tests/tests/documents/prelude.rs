//! `docs/prelude.md` is the reference of the standard library.

use aur_tests::rewritten_when_asked;

#[test]
fn the_reference_of_the_standard_library() {
    let text = aur_report::markdown(&[aur_compiler::doc_of_prelude()]);
    rewritten_when_asked("docs/prelude.md", &text);
}
