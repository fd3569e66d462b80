//! Neovim 0.7, which pulls nothing and colours nothing by meaning.

use aur_tests::repository;

use crate::{ended, project, steps};

const STEPS: &str = "diagnostics completion hover definition references code_action edit formatting rename";

#[test]
fn neovim_is_served() {
    let mut session = project();
    session.set("STEPS", STEPS);
    let script = repository().join("tests/tests/editors/neovim.lua");
    let mut command = session.command("nvim");
    command.args(["--clean", "--headless", "-u", "NONE", "-c"]);
    command.arg(format!("luafile {}", script.display()));
    let ended = ended(command, "neovim");
    insta::assert_snapshot!(steps(&ended.stderr), @r#"
    diagnostics
      found:
        7:3 E0203 `Process` has no field `max_failure`
          no such field
          help: did you mean `max_failures`?
    completion
      labels:
        max_failures
    hover
      text: ```aur
          reliable: Process
          ```

          ---

          A process that is tried again.
    definition
      places:
        lib/common.aur 2:1-2:9
    references
      places:
        lib/common.aur 2:1-2:9
        main.aur 4:9-4:17
    code action
      left: none
      line:   max_failures = 2
      titles:
        write `max_failures`
    edit
      found:
        5:18 E0301 `+` is not defined for the text "hello" and the Integer `1`
          help: write the number into the text: `"..{{n}}".bind(n = n)`
    edit back
      found: none
    formatting
      line:   name = "hello"
      lines: 21
    rename
      common: patient = Process {
      left: none
      main: hello = patient {
    exit
      code: 0
      signal: 0
    "#);
}

#[test]
fn neovim_starts_the_server_of_its_pack() {
    let session = project();
    let pack = repository().join("editors/neovim");
    let mut command = session.command("nvim");
    command.args(["--clean", "--headless", "--cmd"]);
    command.arg(format!("set noswapfile runtimepath^={}", pack.display()));
    command.args([
        "-c",
        "lua require('aur').setup({ cmd = { vim.env.AURC, 'lsp' } })",
        "-c",
        "edit main.aur",
        "-c",
        "lua vim.wait(60000, function() return #vim.diagnostic.get(0) > 0 end, 20)",
        "-c",
        "lua io.stdout:write(vim.bo.filetype, ' ', vim.lsp.get_active_clients()[1].config.root_dir == vim.fn.getcwd() \
         and 'root' or 'elsewhere', ' ', vim.diagnostic.get(0)[1].code, ' ', table.concat(vim.tbl_keys(vim.lsp.commands), ' '))",
        "-c",
        "qall!",
    ]);
    let ended = ended(command, "neovim");
    let mut words: Vec<String> = String::from_utf8_lossy(&ended.stdout)
        .split_whitespace()
        .map(ToString::to_string)
        .collect();
    words.sort();
    assert_eq!(
        words.join(" "),
        "E0203 aur aur.inspect aur.run aur.showResolved root",
    );
}
