//! The name that was probably meant.

/// Returns the candidate nearest to `name`: at most a third of its length in edits, the first of equals.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = name.chars().count() / 3;
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
        .filter_map(|candidate| Some((distance(name, candidate, limit)?, candidate)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Counts insertions, deletions, replacements and swaps of neighbours, up to `limit`. Case counts half
/// a thought: names that differ in case alone are one edit apart.
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    if a.eq_ignore_ascii_case(b) {
        return Some(1);
    }
    // Bytes bound characters, so most candidates are told apart without a look inside.
    if a.len() > 4 * (b.len() + limit)
        || b.len() > 4 * (a.len() + limit)
        || a.is_ascii() && b.is_ascii() && a.len().abs_diff(b.len()) > limit
    {
        return None;
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > limit || a.len().max(b.len()) > 255 {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let same = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + same);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|distance| *distance <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found() {
        let fields = ["cmdline", "name", "max_failures", "min_duration"];
        assert_eq!(nearest("cmdlin", fields), Some("cmdline"));
        assert_eq!(nearest("naem", fields), Some("name"));
        assert_eq!(nearest("Name", fields), Some("name"));
        assert_eq!(nearest("max_failure", fields), Some("max_failures"));
        assert_eq!(nearest("cpu", fields), None);
        assert_eq!(nearest("name", fields), None, "the same name is no suggestion");
        assert_eq!(
            nearest("b", ["a"]),
            None,
            "short names are all near to each other"
        );
    }
}
