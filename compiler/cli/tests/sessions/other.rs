use crate::session::session;

#[test]
fn explain() {
    insta::assert_snapshot!(session(&[], &[
        "aurc explain E0203",
        "aurc explain unknown_field | head -1",
        "aurc explain e0203 --color always | head -8",
        "aurc explain E0203 --format json | head -4",
        "aurc explain --list | head -3",
        "diff <(aurc explain --list | wc -l) <(aurc explain --list --format json | grep -c '\"code\":')",
        "aurc explain unknown_fild",
        "aurc explain E9999",
        "aurc explain",
        "aurc explain E0203 --list",
    ]), @r##"
    $ aurc explain E0203
    E0203: no such field

    A value is given a field that its struct does not have.

    This fails:
        hello = Process {
          name = "hello"
          cmdlin = "echo hello"
        }

    This passes:
        hello = Process {
          name = "hello"
          cmdline = "echo hello"
        }

    Check the spelling; the nearest field is suggested. Unknown fields are never
    passed over, because a slip in a name would then quietly change what runs.
    = 0
    $ aurc explain unknown_field | head -1
    E0203: no such field
    = 0
    $ aurc explain e0203 --color always | head -8
    ^[1mE0203: no such field^[0m

    A value is given a field that its struct does not have.

    ^[1;31mThis fails:^[0m
    ^[36m    hello = Process {^[0m
    ^[36m      name = "hello"^[0m
    ^[36m      cmdlin = "echo hello"^[0m
    = 0
    $ aurc explain E0203 --format json | head -4
    {
      "code": "E0203",
      "name": "unknown_field",
      "page": "# E0203: no such field\n\nA value is given a field that its struct does not have.\n\n```aur fails\nhello = Process {\n  name = \"hello\"\n  cmdlin = \"echo hello\"\n}\n```\n\n```aur passes\nhello = Process {\n  name = \"hello\"\n  cmdline = \"echo hello\"\n}\n```\n\nCheck the spelling; the nearest field is suggested. Unknown fields are never passed over, because a slip in a name would then quietly change what runs.\n",
    = 0
    $ aurc explain --list | head -3
    E0101  error    syntax               the text does not follow the grammar
    E0102  error    unclosed             a bracket, brace or text is never closed
    E0103  error    python_habit         this is how Python says it
    = 0
    $ diff <(aurc explain --list | wc -l) <(aurc explain --list --format json | grep -c '"code":')
    = 0
    $ aurc explain unknown_fild
    !   × there is no diagnostic `unknown_fild`
    !   help: did you mean `unknown_field`? `aurc explain --list` lists all
    = 2
    $ aurc explain E9999
    !   × there is no diagnostic `E9999`
    !   help: `aurc explain --list` lists all
    = 2
    $ aurc explain
    ! error: the following required arguments were not provided:
    !   <CODE>
    ! 
    ! Usage: aurc explain <CODE>
    ! 
    ! For more information, try '--help'.
    = 2
    $ aurc explain E0203 --list
    ! error: the argument '[CODE]' cannot be used with '--list'
    ! 
    ! Usage: aurc explain <CODE>
    ! 
    ! For more information, try '--help'.
    = 2
    "##);
}

#[test]
fn init() {
    insta::assert_snapshot!(session(&[("taken", ""), ("old/main.aur", "mine\n")], &[
        "aurc init 'new project' && ls -A 'new project'",
        "cd 'new project' && aurc init",
        "aurc init old && cat old/main.aur",
        "aurc init taken",
        "cd 'new project' && aurc check main.aur && aurc fmt --check",
        "cd 'new project' && aurc eval main.aur 'jobs[0].task.processes[0].cmdline'",
    ]), @r#"
    $ aurc init 'new project' && ls -A 'new project'
    made new project/main.aur
    made new project/aur.toml
    made new project/.gitignore

    Now run:
      aurc check 'new project/main.aur'
      aur run 'new project/main.aur'
    .gitignore
    aur.toml
    main.aur
    = 0
    $ cd 'new project' && aurc init
    kept main.aur
    kept aur.toml
    kept .gitignore

    Now run:
      aurc check main.aur
      aur run main.aur
    = 0
    $ aurc init old && cat old/main.aur
    kept old/main.aur
    made old/aur.toml
    made old/.gitignore

    Now run:
      aurc check old/main.aur
      aur run old/main.aur
    mine
    = 0
    $ aurc init taken
    !   × cannot write `taken`
    !   ╰─▶ File exists (os error 17)
    = 2
    $ cd 'new project' && aurc check main.aur && aurc fmt --check
    1 file checked: no errors
    ! 0 files would change, 1 unchanged
    = 0
    $ cd 'new project' && aurc eval main.aur 'jobs[0].task.processes[0].cmdline'
    "echo 'Hello, world!'"
    = 0
    "#);
}

#[test]
fn completions_and_schemas() {
    insta::assert_snapshot!(session(&[], &[
        "aurc completions bash > script && bash -n script && grep -c . script > lines && test $(cat lines) -gt 50",
        "aurc completions elvish | head -3",
        "aurc completions nosuch",
        "aurc schema | head -2",
        "aurc schema diagnostics | tail -3",
    ]), @r#"
    $ aurc completions bash > script && bash -n script && grep -c . script > lines && test $(cat lines) -gt 50
    = 0
    $ aurc completions elvish | head -3

    use builtin;
    use str;
    = 0
    $ aurc completions nosuch
    ! error: invalid value 'nosuch' for '<SHELL>'
    !   [possible values: bash, elvish, fish, powershell, zsh]
    ! 
    ! For more information, try '--help'.
    = 2
    $ aurc schema | head -2
    {
      "$defs": {
    = 0
    $ aurc schema diagnostics | tail -3
      "title": "Diagnostics",
      "type": "object"
    }
    = 0
    "#);
}

#[test]
fn help_and_version() {
    insta::assert_snapshot!(session(&[], &[
        "aurc --help",
        "aurc -V",
        "aurc --version --verbose",
        "aurc check --help",
        "aurc fmt -h",
    ]), @"
    $ aurc --help
    Checks, compiles, shows and lays out `.aur` programs

    Usage: aurc [OPTIONS] <COMMAND>

    Commands:
      check        Find all errors of programs without running them
      compile      Compile a program to a plan that runs anywhere
      diff         Tell what differs between two programs or plans, job by job
      inspect      Show a job as it will run: task, order, and processes with their commands
      eval         Print the value of an expression as JSON
      fmt          Lay out programs in the one canonical way
      explain      Tell what a diagnostic means, with a program that has it and one that has not
      init         Start a project: a commented program, `aur.toml` and `.gitignore`
      completions  Print a script that completes aurc's commands and flags in a shell
      man          Print a manual page, or write all of them into a folder
      schema       Print the JSON Schema of what aurc writes
      test         Run the tests of files whose names end in `_test.aur`
      deps         Show what a program depends on: files, inputs and environment variables
      doc          Write the reference of programs from their doc comments
      lsp          Serve an editor over its standard input and output, with the Language Server Protocol
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Global options:
          --color <WHEN>
              When to use colour

              Possible values:
              - auto:   On a terminal; NO_COLOR, CLICOLOR_FORCE and TERM=dumb are respected
              - always: Always
              - never:  Never
              
              [default: auto]

      -q, --quiet
              Print no summaries

          --project <DIR>
              The project's folder, instead of the nearest one above the file with `aur.toml` or `.git`

    Examples:
      aurc init hello
      aurc check hello/main.aur
      aurc compile hello/main.aur -o plan.json
    = 0
    $ aurc -V
    aurc 0.1.0
    = 0
    $ aurc --version --verbose
    aurc 0.1.0
    plan format: 1
    = 0
    $ aurc check --help
    Find all errors of programs without running them

    Usage: aurc check [OPTIONS] <FILE>...

    Arguments:
      <FILE>...
              Programs to check; `-` is the standard input

    Options:
      -E <NAME=VALUE>
              Give an input a value; may be repeated

          --inputs <FILE.json>
              Read values of inputs from a JSON object; `-E` goes before it

          --limit <NAME=NUMBER>
              Change a limit of the language, such as `text-bytes=1000000`; may be repeated

          --format <FORMAT>
              How diagnostics are printed

              Possible values:
              - full:   With the lines of the program
              - short:  One line each
              - json:   One JSON document
              - sarif:  SARIF 2.1.0
              - github: Annotations for GitHub Actions
              
              [default: full]

          --fix
              Make the fixes that surely keep the meaning, and print what remains

          --diff
              Change nothing; print what `--fix` would change

          --unsafe-fixes
              With `--fix` or `--diff`: make fixes too that are guesses

          --deny <CODES>
              Warnings that count as errors, by code, name or beginning of a code, or `warnings` for all

          --select <CODES>
              Print only these codes; errors of other codes are counted

          --ignore <CODES>
              Leave out these warnings; errors cannot be ignored

          --max-errors <N>
              Print no more than N diagnostics, with `full` and `short`; 0 prints all [default: 50]

          --watch
              Check again whenever a file changes, until ctrl-C

          --stdin-filename <FILE>
              The file that the standard input counts as

      -h, --help
              Print help (see a summary with '-h')

    Global options:
          --color <WHEN>
              When to use colour

              Possible values:
              - auto:   On a terminal; NO_COLOR, CLICOLOR_FORCE and TERM=dumb are respected
              - always: Always
              - never:  Never
              
              [default: auto]

      -q, --quiet
              Print no summaries

          --project <DIR>
              The project's folder, instead of the nearest one above the file with `aur.toml` or `.git`

    Examples:
      aurc check main.aur
      aurc check jobs/*.aur --format short
      aurc check main.aur -E count=3 --format json
      aurc check main.aur --fix
      aurc check main.aur --deny warnings --ignore W0301
      aurc check main.aur --watch
      generate | aurc check - --stdin-filename jobs/new.aur
    = 0
    $ aurc fmt -h
    Lay out programs in the one canonical way

    Usage: aurc fmt [OPTIONS] [PATH]...

    Arguments:
      [PATH]...  Files, or folders to search for `.aur` files; `-` reads the standard input and prints
                 [default: .]

    Options:
          --check  Change nothing; list the files that would change and end with 1 if there are any
          --diff   Change nothing; print what would change
      -h, --help   Print help (see more with '--help')

    Global options:
          --color <WHEN>   When to use colour [default: auto] [possible values: auto, always, never]
      -q, --quiet          Print no summaries
          --project <DIR>  The project's folder, instead of the nearest one above the file with
                           `aur.toml` or `.git`

    Examples:
      aurc fmt
      aurc fmt main.aur jobs/
      aurc fmt --check
      aurc fmt --diff main.aur
      aurc fmt - < main.aur
    = 0
    ");
}
