//! Patterns that keep a text harmless in a command.

/// Whether whatever fits a pattern means nothing to bash: no blanks, quotes, `$` and the like. In doubt not.
pub(super) fn is_harmless(pattern: &str) -> bool {
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        let is_fine = match letter {
            '\\' => letters.next().is_some_and(is_harmless_escape),
            '[' => is_harmless_class(&mut letters),
            // What groups, repeats and chooses stands for no character itself.
            '(' | ')' | '?' | '*' | '+' | '|' | '^' | '$' | '{' | '}' => true,
            letter => letter != '.' && is_plain(letter),
        };
        if !is_fine {
            return false;
        }
    }
    true
}

fn is_harmless_class(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> bool {
    let mut last = None;
    while let Some(letter) = letters.next() {
        match letter {
            ']' => return true,
            '\\' => {
                if !letters.next().is_some_and(is_harmless_escape) {
                    return false;
                }
                last = None;
            }
            '-' => {
                let Some(next) = letters.peek().copied() else {
                    return false;
                };
                // From a letter to a letter, from a digit to a digit; at an end it stands for itself.
                let is_range = last.is_some() && next != ']';
                let is_alike = |last: char| {
                    (last.is_ascii_digit() && next.is_ascii_digit())
                        || (last.is_ascii_lowercase() && next.is_ascii_lowercase())
                        || (last.is_ascii_uppercase() && next.is_ascii_uppercase())
                };
                if is_range && !last.is_some_and(is_alike) {
                    return false;
                }
                last = None;
            }
            letter if is_plain(letter) => last = Some(letter),
            _ => return false,
        }
    }
    false
}

fn is_harmless_escape(letter: char) -> bool {
    matches!(letter, 'd' | 'w' | '.' | '-' | '/' | '+' | 'b' | 'A' | 'z')
}

/// Characters that need no quotes in bash.
fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "_-./:,@%+=".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::is_harmless;

    #[test]
    fn only_what_bash_takes_as_it_is_does_no_harm() {
        for pattern in [
            "[0-9.]+",
            r"v\d+\.\d+",
            "[a-z][a-z0-9-]*",
            "(east|west)-[0-9]{1,3}",
            "^[A-Za-z_]+$",
            r"[\w.-]+",
            "",
        ] {
            assert!(is_harmless(pattern), "{pattern}");
        }
        for pattern in [
            ".*",
            ".+",
            r"\S+",
            "[^ ]+",
            "[ -~]+",
            "a b",
            r"[a-z\s]+",
            "[a-z;]",
            r"\$x",
            "[+-z]",
            "[a",
            "a;b",
            r"\W",
        ] {
            assert!(!is_harmless(pattern), "{pattern}");
        }
    }
}
