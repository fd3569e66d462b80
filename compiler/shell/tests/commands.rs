//! Commands in, marks and messages out.

use aur_shell::{Mark, Piece, Place, Quoting, Reader, When};

/// Pieces of a command in which `{{name}}` is a hole and `{{#x}}..{{/x}}` a section.
fn pieces<'a>(command: &'a str, names: &mut Vec<&'a str>) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let mut rest = command;
    while let Some(start) = rest.find("{{") {
        let end = rest[start..].find("}}").expect("closed") + start;
        if start > 0 {
            pieces.push(Piece::Text(&rest[..start]));
        }
        let name = &rest[start + 2..end];
        pieces.push(match name.as_bytes()[0] {
            b'#' => Piece::Open(When::Holds),
            b'^' => Piece::Open(When::Fails),
            b'/' => Piece::Close,
            _ => {
                let number = names.iter().position(|own| *own == name).unwrap_or_else(|| {
                    names.push(name);
                    names.len() - 1
                });
                Piece::Hole(number as u32)
            }
        });
        rest = &rest[end + 2..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

fn offset(command: &str, pieces: &[Piece<'_>], place: Place) -> usize {
    match pieces[place.piece] {
        Piece::Text(text) => text.as_ptr() as usize - command.as_ptr() as usize + place.offset,
        // A hole stands behind what is before it.
        _ => place
            .piece
            .checked_sub(1)
            .map_or(0, |before| match pieces[before] {
                Piece::Text(text) => text.as_ptr() as usize - command.as_ptr() as usize + text.len(),
                _ => 0,
            }),
    }
}

fn marked(command: &str, pieces: &[Piece<'_>], mark: Mark) -> String {
    let start = offset(command, pieces, mark.start);
    let end = offset(command, pieces, mark.last) + 1;
    format!(
        "{}[{}]{}",
        &command[..start],
        &command[start..end],
        &command[end..]
    )
    .replace('\n', "~")
}

/// What is said about a command.
fn say(command: &str) -> String {
    let pieces = pieces(command, &mut Vec::new());
    let Some(fault) = Reader::default().read(&pieces).fault else {
        return "fine".into();
    };
    let mut out = format!("{} | {}", marked(command, &pieces, fault.mark), fault.message);
    if let Some((mark, text)) = fault.opener {
        out += &format!(" | {} {text}", marked(command, &pieces, mark));
    }
    if let Some(help) = fault.help {
        out += &format!(" | {help}");
    }
    out
}

#[test]
fn broken_commands() {
    let table = [
        "echo 'a",
        "echo \"a $(date",
        "echo \"a $(date)",
        "x=${y",
        "if true; then echo a",
        "if true; echo a; fi",
        "for i in 1 2; do echo $i",
        "for i in 1 2; echo $i; done",
        "while true; do if x; then y; done; fi",
        "case $x in a) echo b ;;",
        "{ echo a }",
        "(cd /tmp; ls",
        "ls | | wc",
        "ls |",
        "ls &&",
        "; ls",
        "ls ;; x",
        "echo a) b",
        "echo (a)",
        "fi",
        "done",
        "cat <<EOF\nhello\n EOF",
        "echo $(if)",
        "echo \"$(ls | | wc)\"",
        "echo `ls | | wc`",
        "[[ -f x ",
        "a=(1 2",
        "cat <",
        "f() ",
        "if true; then\n  echo a\nelse\n",
        "for ((i=0; i<3; i++) do echo; done",
        "echo äöü | | x",
        "ls {{x}} | | wc",
        "if {{x}}; then {{y}}",
        "echo 'it's {{x}}'",
    ];
    let said: Vec<String> = table.iter().map(|command| say(command)).collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    echo [']a | this `'` is never closed
    echo "a [$(]date | this `$(` is never closed
    echo ["]a $(date) | this `"` is never closed
    x=[${]y | this `${` is never closed
    [if] true; then echo a | this `if` has no `fi`
    if true; echo a; [fi] | `fi` cannot stand here | [if] true; echo a; fi `if` is open, it needs `then`
    for i in 1 2; [do] echo $i | this `do` has no `done`
    for i in 1 2; [echo] $i; done | `echo` cannot stand here | [for] i in 1 2; echo $i; done `for` is open, it needs `do`
    while true; do if x; then y; [done]; fi | `done` cannot stand here | while true; do [if] x; then y; done; fi `if` is open, it needs `fi`
    [case] $x in a) echo b ;; | this `case` has no `esac`
    [{] echo a } | this `{` is never closed | write `}` where a command could start: behind a `;` or on a line of its own
    [(]cd /tmp; ls | this `(` is never closed
    ls | [|] wc | `|` cannot stand here | a command is missing before it
    ls [|] | the command ends behind `|`
    ls [&&] | the command ends behind `&&`
    [;] ls | `;` cannot stand here | a command is missing before it
    ls [;;] x | `;;` cannot stand here | `;;` ends a branch of `case`, a command ends with `;`
    echo a[)] b | `)` cannot stand here | nothing is open here; write `\)` for the character
    echo [(]a) | `(` cannot stand here | write `\(` or put quotes around it for the character
    [fi] | `fi` cannot stand here | nothing is open that it could end
    [done] | `done` cannot stand here | nothing is open that it could end
    cat [<<EOF]~hello~ EOF | the here-document `<<EOF` has no end | it ends at a line that holds its word alone, without blanks around it
    echo $([if]) | this `if` has no `then`
    echo "$(ls | [|] wc)" | `|` cannot stand here | a command is missing before it
    echo `ls | [|] wc` | `|` cannot stand here | a command is missing before it
    [[[] -f x  | this `[[` is never closed
    a=[(]1 2 | this `(` is never closed
    cat [<] | the command ends behind `<`
    f([)]  | the command ends behind `)`
    [if] true; then~  echo a~else~ | this `if` has no `fi`
    for ((i=0; i<3; i++) [do] echo; done | `do` cannot stand here | for [(](i=0; i<3; i++) do echo; done `(` is open, it needs `)`
    echo äöü | [|] x | `|` cannot stand here | a command is missing before it
    ls {{x}} | [|] wc | `|` cannot stand here | a command is missing before it
    [if] {{x}}; then {{y}} | this `if` has no `fi`
    echo 'it's {{x}}['] | this `'` is never closed
    "#);
}

#[test]
fn holes_and_sections_that_are_fine() {
    let table = [
        "{{cmd}}",
        "{{setup}} if true; then {{x}}; fi",
        "for i in {{list}}; do {{body}} done",
        "cat <<{{tag}}\nbody\n{{tag}}",
        "echo {1..{{n}}} $(( {{a}} + 1 )) ${{{n}}} {{fd}}>&2",
        "f_{{name}}() { echo; }",
        "case {{x}} in {{y}}) z ;; esac",
        "[[ {{x}} == {{y}} ]] && arr[{{i}}]=1",
        "cat <<EOF\n{{#items}}x {{y}}\n{{/items}}EOF",
        "a {{#x}}&& b{{/x}}{{^x}}&& c{{/x}}",
        "{{#x}}( a{{/x}}{{^x}}( b{{/x}} )",
        "{{#x}}if a; then{{/x}} b {{#x}}; fi{{/x}}",
        "select x in a b; do echo; done; y=$(case z in a) b ;; esac)",
        "shopt -s extglob\nls !(a|b) @(c)",
    ];
    for command in table {
        assert_eq!(say(command), "fine", "{command}");
    }
}

#[test]
fn how_holes_stand() {
    use Quoting::{
        AnsiC, Arithmetic, Comment, Double, Heredoc, Parameter, Part, RawHeredoc, Single, Unknown, Word,
    };
    let table: [(&str, &[Quoting]); 27] = [
        ("echo {{x}}", &[Word]),
        ("{{x}} {{x}}", &[Word, Word]),
        ("echo --a={{x}} {{x}}.log {{x}}{{y}}", &[Part, Part, Part, Part]),
        ("echo '{{x}}'", &[Single]),
        ("echo \"{{x}}\"", &[Double]),
        ("echo $'a {{x}}'", &[AnsiC]),
        ("echo \"a $(b {{x}}) {{x}}\"", &[Word, Double]),
        ("echo `b {{x}}`", &[Word]),
        ("echo \"`b {{x}}`\"", &[Word]),
        ("echo `b \\`c {{x}}\\``", &[Unknown]),
        ("cat <<A\na {{x}}\nA\n", &[Heredoc]),
        ("cat <<'A'\na {{x}}\nA\n", &[RawHeredoc]),
        ("cat <<\\A\n'{{x}}\nA\necho {{x}}", &[RawHeredoc, Word]),
        ("cat <<A\n$(b {{x}})\nA\n", &[Word]),
        ("echo # {{x}}", &[Comment]),
        ("echo a#{{x}} $# {{x}}", &[Part, Word]),
        ("echo ${y:-{{x}}}", &[Parameter]),
        ("echo \"${y:-'a'} {{x}}\"", &[Double]),
        ("echo \"${y:-{{x}}}\"", &[Parameter]),
        ("echo $(( {{x}} ))", &[Arithmetic]),
        ("(( i = {{x}} )); echo {{x}}", &[Arithmetic, Word]),
        ("echo \\' {{x}} \\'", &[Word]),
        ("x=$(case a in b) echo {{x}} ;; esac)", &[Word]),
        ("a=({{x}} '{{y}}')", &[Word, Single]),
        ("echo a>{{x}} 2>&1; ({{x}})", &[Word, Word]),
        ("echo \"a\"{{x}}", &[Part]),
        ("cat <(echo '{{x}}' {{x}})", &[Single, Word]),
    ];
    for (command, wanted) in table {
        let pieces = pieces(command, &mut Vec::new());
        assert_eq!(Reader::default().read(&pieces).holes, wanted, "{command}");
    }
}

#[test]
fn hostile_commands_are_left_alone() {
    let many = 20_000;
    let table = [
        "(".repeat(many),
        "$(".repeat(many),
        "((".repeat(many),
        "$((".repeat(many),
        "\"$(".repeat(many),
        "${a:-".repeat(many),
        "`".repeat(many),
        "if ".repeat(many),
        "{ ".repeat(many),
        "case a in b) ".repeat(many / 4),
        "! ".repeat(many),
        "<<a ".repeat(many),
        "a;".repeat(many),
        "a|".repeat(many),
        "a=(".repeat(many),
        "[[ ( ".repeat(many / 4),
        "x() ".repeat(many / 2),
        "<(".repeat(many),
        "time ".repeat(many / 5),
        format!("{}x{}", "( ".repeat(20), " )".repeat(20)),
        format!("{}x{}", "(( ".repeat(10), " ) )".repeat(10)),
        format!("{}x{}", "case a in b) ".repeat(20), " esac".repeat(20)),
        format!("{}x{}", "if a; then ".repeat(20), "; fi".repeat(20)),
        format!("{}x{}", "f() { ".repeat(20), "; }".repeat(20)),
        format!("{}x{}", "while a; do ".repeat(20), "; done ".repeat(20)),
        format!("{}x{} |", "case a in b) ".repeat(20), " esac".repeat(20)),
        format!("[[ {}x{} ]]", "( ".repeat(20), " )".repeat(20)),
    ];
    for command in table {
        // That it comes back at all is the point: most of these are too deep to be judged.
        let said = say(&command);
        assert!(said == "fine" || said.contains(" | "), "{said}");
    }
}

fn piece(part: &str) -> Piece<'_> {
    match part.strip_prefix("{{").map(|name| name.as_bytes().first()) {
        Some(Some(b'#')) => Piece::Open(When::Holds),
        Some(Some(b'^')) => Piece::Open(When::Fails),
        Some(Some(b'/')) => Piece::Close,
        Some(Some(letter)) => Piece::Hole(u32::from(*letter)),
        _ => Piece::Text(part),
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

    /// Any characters, holes and sections: it comes back, with an answer for each hole and marks in the text.
    #[test]
    fn anything_goes(
        parts in proptest::collection::vec("(\\{\\{[ab#^/]x\\}\\}|if |then |fi|case |in |esac|for |do |done|<<A\n|A\n|[ -~]|[\n\t\"'`$(){}\\[\\];&|<>\\\\!#=é])", 0..40),
    ) {
        let pieces: Vec<Piece<'_>> = parts.iter().map(|part| piece(part)).collect();
        let holes = pieces.iter().filter(|piece| matches!(piece, Piece::Hole(_))).count();
        let reading = Reader::default().read(&pieces);
        proptest::prop_assert_eq!(reading.holes.len(), holes);
        if let Some(fault) = reading.fault {
            for mark in std::iter::once(fault.mark).chain(fault.opener.map(|(mark, _)| mark)) {
                for place in [mark.start, mark.last] {
                    let is_inside = match pieces[place.piece] {
                        Piece::Text(text) => place.offset < text.len(),
                        _ => place.offset == 0,
                    };
                    proptest::prop_assert!(is_inside, "{place:?} of {parts:?}");
                }
            }
        }
    }
}
