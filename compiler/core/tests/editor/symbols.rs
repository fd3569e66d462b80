use aur_compiler::editor::{Symbol, symbols};

use crate::fixture::{document, line_column, slice};

fn outline(text: &str) -> String {
    let document = document(text);
    let mut out = String::new();
    let mut todo: Vec<(usize, Symbol)> = symbols(&document).into_iter().map(|one| (0, one)).rev().collect();
    while let Some((depth, symbol)) = todo.pop() {
        let (start, end) = symbol.range;
        let named = slice(&document, symbol.name_range.0, symbol.name_range.1);
        let detail = symbol
            .detail
            .map(|detail| format!(" ({detail})"))
            .unwrap_or_default();
        let old = if symbol.is_deprecated { " old" } else { "" };
        out += &format!(
            "{}{:?} {}{detail}{old} {}-{} at {named}\n",
            "  ".repeat(depth),
            symbol.kind,
            symbol.name,
            line_column(text, start),
            line_column(text, end),
        );
        todo.extend(symbol.children.into_iter().map(|one| (depth + 1, one)).rev());
    }
    out
}

#[test]
fn declarations() {
    let text = "\
include \"a.aur\" as lib
/// A size.
enum Size { small, large }
type Port = Integer where 1..65535
struct Server {
  /// Where.
  host: String
  @deprecated(\"use host\")
  name: String? = unset
}
@deprecated(\"gone\")
input user: String = \"me\"
n: Integer = 3
test \"sums\" { expect n == 3 }
";
    insta::assert_snapshot!(outline(text), @r#"
    Namespace lib (a.aur) 1:1-1:23 at lib
    Enum Size 2:1-3:27 at Size
      EnumMember small 3:13-3:18 at small
      EnumMember large 3:20-3:25 at large
    Alias Port (Integer where 1..65535) 4:1-4:35 at Port
    Struct Server 5:1-10:2 at Server
      Field host (String) 7:3-7:15 at host
      Field name (String?) old 8:3-9:24 at name
    Input user (String) old 11:1-12:26 at user
    Value n (Integer) 13:1-13:15 at n
    Test sums 14:1-14:30 at "sums"
    "#);
}

#[test]
fn jobs_tasks_and_processes() {
    let text = "\
base = Task {
  name = \"t{{n}}\"
  processes = [Process { name = \"a\" }, Process { cmdline = \"x\" }.bind(i = 1)]
}
copy = base { max_failures = 2 }
jobs = [
  Service { name = \"web\", task = copy { name = \"other\" } },
  Job { task = Task { processes = [p { name = \"m{{i}}\" } for i in 0..3] } },
]
p = Process { name = 'p' }.bind(x = 1)
size = Resources { cpu = 1 }
";
    insta::assert_snapshot!(outline(text), @r#"
    Task base (t{{n}}) 1:1-4:2 at base
      Process a 3:16-3:38 at "a"
      Process Process 3:40-3:65 at Process
    Task copy 5:1-5:33 at copy
    Value jobs 6:1-9:2 at jobs
      Job web 7:3-7:59 at "web"
        Task other 7:34-7:57 at "other"
      Job Job 8:3-8:76 at Job
        Task Task 8:16-8:74 at Task
          Process m{{i}} 8:36-8:57 at "m{{i}}"
    Process p (p) 10:1-10:39 at p
    Value size 11:1-11:29 at size
    "#);
}

#[test]
fn half_typed() {
    insta::assert_snapshot!(outline("struct \nenum E { a,\n= 3\nx = Process { name = \"y\", task = \nb = 1"), @"
    Enum E 2:1-3:4 at E
      EnumMember a 2:10-2:11 at a
    Value x 4:1-4:33 at x
    Value b 5:1-5:6 at b
    ");
    assert_eq!(outline(""), "");
    assert_eq!(outline("\u{feff}"), "");
}

#[test]
fn values_that_are_each_other() {
    insta::assert_snapshot!(outline("a = b {}\nb = a {}\n"), @"
    Value a 1:1-1:9 at a
    Value b 2:1-2:9 at b
    ");
}
