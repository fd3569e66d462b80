use crate::session::{Session, session};

#[test]
fn one_page_or_all() {
    insta::assert_snapshot!(session(&[], &[
        "aurc man completions",
        "aurc man | head -8",
        "aurc man pages 2>&1 | sed 's/are .*/are ../'",
        "aurc man ./pages 2>&1 | sed 's/^[0-9]*/so many/'; ls pages | head -2",
        "mkdir pages2; aurc man pages2 -q && cmp <(aurc man check) pages2/aurc-check.1",
        "aurc man chek 2>&1 | head -1",
        "touch file; aurc man file/x",
    ]), @r#"
    $ aurc man completions
    .ie \n(.g .ds Aq \(aq
    .el .ds Aq '
    .TH aurc-completions 1  "completions " 
    .SH NAME
    aurc\-completions \- Print a script that completes aurc\*(Aqs commands and flags in a shell
    .SH SYNOPSIS
    \fBaurc completions\fR [\fB\-\-color\fR] [\fB\-q\fR|\fB\-\-quiet\fR] [\fB\-\-project\fR] [\fB\-h\fR|\fB\-\-help\fR] <\fISHELL\fR> 
    .SH DESCRIPTION
    Print a script that completes aurc\*(Aqs commands and flags in a shell
    .SH OPTIONS
    .TP
    \fB\-h\fR, \fB\-\-help\fR
    Print help (see a summary with \*(Aq\-h\*(Aq)
    .TP
    <\fISHELL\fR>
    The shell
    .br

    .br
    \fIPossible values:\fR
    .RS 14
    .IP \(bu 2
    bash
    .IP \(bu 2
    elvish
    .IP \(bu 2
    fish
    .IP \(bu 2
    powershell
    .IP \(bu 2
    zsh
    .RE
    .SH "GLOBAL OPTIONS"
    .TP
    \fB\-\-color\fR \fI<WHEN>\fR [default: auto]
    When to use colour
    .br

    .br
    \fIPossible values:\fR
    .RS 14
    .IP \(bu 2
    auto: On a terminal; NO_COLOR, CLICOLOR_FORCE and TERM=dumb are respected
    .IP \(bu 2
    always: Always
    .IP \(bu 2
    never: Never
    .RE
    .TP
    \fB\-q\fR, \fB\-\-quiet\fR
    Print no summaries
    .TP
    \fB\-\-project\fR \fI<DIR>\fR
    The project\*(Aqs folder, instead of the nearest one above the file with `aur.toml` or `.git`
    .SH EXAMPLES
    .nf
    aurc completions bash > ~/.local/share/bash\-completion/completions/aurc
    aurc completions fish > ~/.config/fish/completions/aurc.fish
    .fi
    = 0
    $ aurc man | head -8
    .ie \n(.g .ds Aq \(aq
    .el .ds Aq '
    .TH aurc 1  "aurc 0.1.0" 
    .SH NAME
    aurc \- Checks, compiles, shows and lays out `.aur` programs
    .SH SYNOPSIS
    \fBaurc\fR [\fB\-\-color\fR] [\fB\-q\fR|\fB\-\-quiet\fR] [\fB\-\-project\fR] [\fB\-h\fR|\fB\-\-help\fR] [\fB\-V\fR|\fB\-\-version\fR] <\fIsubcommands\fR>
    .SH DESCRIPTION
    = 0
    $ aurc man pages 2>&1 | sed 's/are .*/are ../'
      × there is no command `pages`
      help: the commands are ..
            to write all pages into a folder, write `./pages`
    = 0
    $ aurc man ./pages 2>&1 | sed 's/^[0-9]*/so many/'; ls pages | head -2
    so many pages written to ./pages
    aurc-check.1
    aurc-compile.1
    = 0
    $ mkdir pages2; aurc man pages2 -q && cmp <(aurc man check) pages2/aurc-check.1
    = 0
    $ aurc man chek 2>&1 | head -1
      × there is no command `chek`
    = 0
    $ touch file; aurc man file/x
    !   × cannot write the folder `file/x`
    !   ╰─▶ Not a directory (os error 20)
    = 2
    "#);
}

/// Every command that `--help` lists has a page, and the page has the examples of `--help`.
#[test]
fn every_command_has_a_page_with_its_examples() {
    let session = Session::new(&[]);
    let text = |line: &str| String::from_utf8(session.output(line).stdout).unwrap();
    let help = text("aurc --help");
    let commands = help.split("Commands:\n").nth(1).unwrap();
    let commands: Vec<&str> = commands
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.len() > 10, "{commands:?}");
    for command in commands {
        let page = text(&format!("aurc man {command}"))
            .replace("\\-", "-")
            .replace("\\e", "\\");
        let help = text(&format!("aurc {command} --help"));
        let examples = help.split("Examples:\n").nth(1).unwrap();
        for example in examples.lines().map(str::trim) {
            assert!(
                page.contains(&format!("\n{example}\n")),
                "{command}: {example}\n{page}"
            );
        }
        assert!(
            page.contains(".SH NAME\n") && page.contains(".SH OPTIONS\n"),
            "{page}"
        );
    }
}
