use aur_compiler::editor::{Modifiers, semantic_tokens};

use crate::fixture::{document, slice};

fn words_in(text: &str, range: Option<(u32, u32)>) -> String {
    let document = document(text);
    let flags = [
        (Modifiers::DECLARATION, "declared"),
        (Modifiers::READONLY, "readonly"),
        (Modifiers::DEFAULT_LIBRARY, "library"),
        (Modifiers::DEPRECATED, "old"),
        (Modifiers::DOCUMENTATION, "doc"),
    ];
    let mut out = String::new();
    for token in semantic_tokens(&document, range) {
        out += &format!("{} {:?}", slice(&document, token.start, token.end), token.kind);
        for (flag, name) in flags {
            if token.modifiers.contains(flag) {
                out += " ";
                out += name;
            }
        }
        out += "\n";
    }
    out
}

fn words(text: &str) -> String {
    words_in(text, None)
}

#[test]
fn declarations_and_types() {
    let text = "\
include \"a.aur\" as lib # why
/// Doc.
@deprecated(\"use Port\")
type Old = Integer where 1..9
struct Server {
  port: Old? = 80
  @deprecated(\"x\")
  size: Size | List[lib.Thing] = Size.small
  check port != 22, \"no\"
}
enum Size { small, large }
input user: String = env(\"USER\")
";
    insta::assert_snapshot!(words(text), @"
    include Keyword
    as Keyword
    lib Namespace declared
    # why Comment
    /// Doc. Comment doc
    @deprecated Decorator
    type Keyword
    Old Type declared old
    Integer Type library
    where Keyword
    1 Number
    9 Number
    struct Keyword
    Server Struct declared
    port Property declared
    Old Type old
    80 Number
    @deprecated Decorator
    size Property declared old
    Size Enum
    List Type library
    lib Namespace
    Thing Type
    Size Enum
    small EnumMember readonly
    check Keyword
    port Property readonly
    22 Number
    enum Keyword
    Size Enum declared
    small EnumMember declared readonly
    large EnumMember declared readonly
    input Keyword
    user Variable declared readonly
    String Type library
    env Function library
    ");
}

#[test]
fn values() {
    let text = "\
p = Process { name = \"x\", final = true, env.A = \"b\" }
s = Server { size = Size.large, old = 1 }
t = [p { name = n }.bind(n = len(p)) for n in [2 * 512MB, 1.5, 30s] if not n in q]
u = lib.thing + KB
v = Kind.one
enum Size { large }
struct Server { @deprecated(\"n\") old: Integer }
";
    insta::assert_snapshot!(words(text), @"
    p Variable declared readonly
    Process Struct library
    name Property
    final Property
    true Keyword
    env Property
    A Property
    s Variable declared readonly
    Server Struct
    size Property
    Size Enum
    large EnumMember readonly
    old Property old
    1 Number
    t Variable declared readonly
    p Variable readonly
    name Property
    n Variable readonly
    bind Method library
    n Parameter
    len Function library
    p Variable readonly
    for Keyword
    n Variable declared readonly
    in Keyword
    2 Number
    512 Number
    MB Unit
    1.5 Number
    30 Number
    s Unit
    if Keyword
    not Keyword
    n Variable readonly
    in Keyword
    q Variable readonly
    u Variable declared readonly
    lib Variable readonly
    thing Property
    KB Variable readonly library
    v Variable declared readonly
    Kind Type
    one EnumMember readonly
    enum Keyword
    Size Enum declared
    large EnumMember declared readonly
    struct Keyword
    Server Struct declared
    @deprecated Decorator
    old Property declared old
    Integer Type library
    ");
}

#[test]
fn inside_texts() {
    let text =
        "a = \"x {{&no}} {{ b.c[0] | sh | pad2 }} {{aur.ports[{{ n }}]}} {{#s}}{{.}}{{/s}} {{a{{b}}c}}\"\n";
    insta::assert_snapshot!(words(text), @"
    a Variable declared readonly
    {{ TemplateBrace
    b TemplateName readonly
    c TemplatePart
    0 TemplatePart
    sh TemplateFilter library
    pad2 TemplateFilter library
    }} TemplateBrace
    {{ TemplateBrace
    aur TemplateRuntime library
    ports TemplateRuntime library
    {{ TemplateBrace
    n TemplateName readonly
    }} TemplateBrace
    }} TemplateBrace
    {{ TemplateBrace
    # TemplateSigil
    s TemplateName readonly
    }} TemplateBrace
    {{ TemplateBrace
    . TemplateName
    }} TemplateBrace
    {{ TemplateBrace
    / TemplateSigil
    s TemplateName readonly
    }} TemplateBrace
    {{ TemplateBrace
    a TemplateName readonly
    {{ TemplateBrace
    b TemplateName readonly
    }} TemplateBrace
    c TemplateName readonly
    }} TemplateBrace
    ");
}

#[test]
fn comments_and_blocks() {
    insta::assert_snapshot!(words("# ä\r\na = \"\"\"\r\n  {{x}} # none\r\n  \"\"\" # y\r\n// old\r\n"), @"
    # ä Comment
    a Variable declared readonly
    {{ TemplateBrace
    x TemplateName readonly
    }} TemplateBrace
    # y Comment
    // old Comment
    ");
}

#[test]
fn any_word_may_name_a_field() {
    insta::assert_snapshot!(words("a = P { if = 1, check = 2, type = not true }\n"), @"
    a Variable declared readonly
    P Variable readonly
    if Property
    1 Number
    check Property
    2 Number
    type Property
    not Keyword
    true Keyword
    ");
}

#[test]
fn tests_have_words_of_their_own() {
    insta::assert_snapshot!(words("test \"t\" { expect error E0203 in file(\"a\") \n expect a == 1 }\n"), @"
    test Keyword
    expect Keyword
    error Keyword
    in Keyword
    file Function library
    expect Keyword
    a Variable readonly
    1 Number
    ");
}

#[test]
fn half_typed() {
    insta::assert_snapshot!(words("struct \na = [Process { name =\nif x\nb = 1 +\n"), @"
    struct Keyword
    a Variable declared readonly
    Process Struct library
    name Property
    if Keyword
    x Variable readonly
    b Variable declared readonly
    1 Number
    ");
    assert_eq!(words(""), "");
}

#[test]
fn a_range_gives_its_words_only() {
    let text = "a = 1\nb = 2\nc = 3\n";
    assert_eq!(words_in(text, Some((6, 9))), "b Variable declared readonly\n");
}
