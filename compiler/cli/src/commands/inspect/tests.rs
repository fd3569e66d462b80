use super::*;

fn drawn(names: &[&str], edges: &[(&str, &str)]) -> String {
    let edge = |(before, after): &(&str, &str)| {
        let ready = before.strip_prefix("ready ");
        Edge {
            before: ready.unwrap_or(before).to_string(),
            after: after.to_string(),
            on: if ready.is_some() {
                EdgeKind::Ready
            } else {
                EdgeKind::Success
            },
        }
    };
    let edges: Vec<Edge> = edges.iter().map(edge).collect();
    chains(names, &edges).join("\n")
}

#[test]
fn order_is_drawn_as_arrows() {
    assert_eq!(drawn(&["a", "b", "c"], &[("a", "b"), ("b", "c")]), "a -> b -> c");
    assert_eq!(drawn(&["c", "b", "a"], &[("a", "b"), ("b", "c")]), "a -> b -> c");
    assert_eq!(
        drawn(&["a", "b", "c", "d"], &[("b", "d"), ("a", "c"), ("c", "b")]),
        "a -> c -> b -> d"
    );
    assert_eq!(
        drawn(&["a", "b", "c"], &[("a", "b"), ("a", "c")]),
        "a -> b\na -> c"
    );
    assert_eq!(
        drawn(&["a", "b", "c", "d"], &[("a", "c"), ("b", "c"), ("c", "d")]),
        "a, b -> c -> d"
    );
    assert_eq!(
        drawn(&["db", "setup", "web"], &[("ready db", "web"), ("setup", "web")]),
        "setup -> web\nready(db) -> web"
    );
    assert_eq!(drawn(&["a"], &[]), "");
}

#[test]
fn many_names_are_counted() {
    let names: Vec<String> = (0..180)
        .map(|i| format!("m{i}"))
        .chain(["r".to_string()])
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let edges: Vec<(&str, &str)> = names[..180].iter().map(|name| (*name, "r")).collect();
    assert_eq!(drawn(&names, &edges), "m0, m1, ..., m179 (180 processes) -> r");
}

#[test]
fn units_are_those_of_programs() {
    assert_eq!(
        [0, 5, 1024, 1536, 64 << 20, 3 << 40].map(bytes),
        ["0", "5", "1KB", "1536", "64MB", "3TB"]
    );
    assert_eq!(
        [0, 500, 5000, 90_000, 120_000].map(milliseconds),
        ["0ms", "500ms", "5s", "90s", "2m"]
    );
}
