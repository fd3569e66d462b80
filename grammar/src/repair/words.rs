//! Words for what was expected and what was found.

use crate::pest::Rule;
use crate::scan::{Kind, Token};

/// Names at most three things of what was expected, the most telling first.
pub(super) fn expected(rules: &[Rule]) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in rules.iter().filter_map(|rule| word(*rule)) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.sort_by_key(|word| rank(word));
    words.truncate(3);
    match words.as_slice() {
        [] => "something else".to_owned(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// A value says more than the many things it may start with; an operator is nearly always possible.
fn rank(word: &str) -> u8 {
    match word {
        "a value" | "a name" | "a type" | "a text" => 0,
        "an operator" => 2,
        _ => 1,
    }
}

fn word(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::plain_name | Rule::number | Rule::plain_number | Rule::hole | Rule::binary => "a value",
        Rule::list | Rule::map | Rule::paren => "a value",
        Rule::double | Rule::single | Rule::raw | Rule::raw_hashes | Rule::plain_text | Rule::a_text => {
            "a text"
        }
        Rule::name | Rule::dot => "a name",
        Rule::r#type | Rule::type_name => "a type",
        Rule::infix => "an operator",
        Rule::an_item | Rule::item => "an item",
        Rule::end_of_item => "a new line",
        Rule::expectation => "`expect`",
        Rule::end_of_test
        | Rule::end_of_members
        | Rule::end_of_names
        | Rule::end_of_fields
        | Rule::end_of_map => "`}`",
        Rule::end_of_args | Rule::end_of_paren => "`)`",
        Rule::end_of_index | Rule::end_of_list => "`]`",
        Rule::equals_sign => "`=`",
        Rule::open_brace => "`{`",
        Rule::colon => "`:`",
        Rule::word_in => "`in`",
        Rule::member => "a member",
        _ => return None,
    })
}

/// Says what was found.
pub(super) fn found(token: Option<&Token>, text: &str) -> String {
    let Some(token) = token else {
        return "the end".to_owned();
    };
    match token.kind {
        Kind::Text | Kind::OpenText | Kind::Block | Kind::OpenBlock => "a text".to_owned(),
        Kind::Note | Kind::BadNote | Kind::Slashes | Kind::Hashes => "a comment".to_owned(),
        Kind::Doc => "a doc comment".to_owned(),
        Kind::Control => "an invisible character".to_owned(),
        Kind::Word | Kind::Number | Kind::Open | Kind::Close | Kind::Sign | Kind::Junk => {
            let shown: String = token.text(text).chars().take(30).collect();
            if shown == super::HOLE {
                "this".to_owned()
            } else {
                format!("`{shown}`")
            }
        }
    }
}
