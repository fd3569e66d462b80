//! Emacs 28 with eglot 1.9 and the mode of the pack.

use aur_tests::repository;

use crate::{ended, project, steps};

const STEPS: &str = "diagnostics completion hover definition references code_action edit formatting rename";

#[test]
fn emacs_is_served() {
    let mut session = project();
    session.set("STEPS", STEPS);
    session.set("PACK", repository().join("editors/emacs"));
    let mut command = session.command("emacs");
    // Without -Q: the start files of Debian say where eglot is.
    command.args(["--batch", "-l"]);
    command.arg(repository().join("tests/tests/editors/emacs.el"));
    let ended = ended(command, "emacs-nox elpa-eglot");
    insta::assert_snapshot!(steps(&ended.stdout), @r#"
    diagnostics
      found:
        7:3 aur [E0203]: `Process` has no field `max_failure`
          no such field
          help: did you mean `max_failures`?
    completion
      labels:
        max_failures
    hover
      text: reliable: Process

          A process that is tried again.
    definition
      places:
        lib/common.aur 2:1
    jump
      file: lib/common.aur
      line: 2
    references
      places:
        lib/common.aur 2:1
        main.aur 4:9
    code action
      left: none
      line:   max_failures = 2
    edit
      found:
        5:18 aur [E0301]: `+` is not defined for the text "hello" and the Integer `1`
          help: write the number into the text: `"..{{n}}".bind(n = n)`
    edit back
      left: none
    formatting
      line:   name = "hello"
      lines: 21
    rename
      common: patient = Process {
      left: none
      main: hello = patient {
    exit
      code: 0
    "#);
}
