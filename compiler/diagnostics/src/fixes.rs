//! Making the edits of fixes.
//!
//! A fix is made whole or not at all: where one of its edits overlaps with one of an earlier fix, the fix
//! is left for the next round, in which the text has been looked at anew. Equal edits of several fixes,
//! such as the declaration that all of them need, are made once.

use std::collections::BTreeMap;

use crate::{Applicability, Diagnostic, Edit, FileId, Fix, SourceMap};

/// Which fixes are made without a person looking at each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boldness {
    /// Those that surely keep the meaning.
    Safe,
    /// Guesses too.
    Unsafe,
}

impl Boldness {
    /// Whether a fix is among them.
    pub fn takes(self, fix: &Fix) -> bool {
        match fix.applicability {
            Applicability::Safe => true,
            Applicability::Unsafe => self == Self::Unsafe,
            Applicability::Display => false,
        }
    }
}

/// A text after some fixes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mended {
    /// The new text.
    pub text: String,
    /// How many fixes were made in it, at least 1.
    pub fixes: usize,
}

/// Makes for each diagnostic the first of its fixes that may be made, in order, and returns the files that
/// change. A fix with an edit in a file for which `may_edit` is false is left out.
pub fn apply_fixes(
    sources: &SourceMap,
    diagnostics: &[Diagnostic],
    boldness: Boldness,
    may_edit: impl Fn(FileId) -> bool,
) -> BTreeMap<FileId, Mended> {
    let mut files: BTreeMap<FileId, Edits<'_>> = BTreeMap::new();
    for diagnostic in diagnostics {
        // The safe one of several is the better one, wherever it stands.
        let mut fixes: Vec<&Fix> = diagnostic
            .fixes
            .iter()
            .filter(|fix| boldness.takes(fix))
            .collect();
        fixes.sort_by_key(|fix| fix.applicability == Applicability::Unsafe);
        let Some(fix) = fixes.first() else { continue };
        let is_sound = |edit: &Edit| {
            let text = sources.get(edit.span.file).map(|file| file.text());
            may_edit(edit.span.file)
                && text.is_some_and(|text| {
                    text.get(edit.span.start as usize..edit.span.end as usize)
                        .is_some()
                })
        };
        if fix.edits.iter().all(is_sound) {
            take(&mut files, fix);
        }
    }
    let mended = files.into_iter().filter(|(_, edits)| edits.fixes > 0);
    mended
        .filter_map(|(id, edits)| {
            let before = sources.get(id)?.text();
            let text = edits.apply(before);
            let fixes = edits.fixes;
            (text != **before).then_some((id, Mended { text, fixes }))
        })
        .collect()
}

/// The edits of one file that will be made, by first and last byte; none overlap.
#[derive(Default)]
struct Edits<'a> {
    texts: BTreeMap<(u32, u32), &'a str>,
    fixes: usize,
}

/// Adds the edits of a fix, or none of them.
fn take<'a>(files: &mut BTreeMap<FileId, Edits<'a>>, fix: &'a Fix) {
    let mut added = Vec::new();
    for edit in &fix.edits {
        let place = (edit.span.start, edit.span.end);
        let edits = files.entry(edit.span.file).or_default();
        if edits.texts.get(&place) == Some(&edit.text.as_str()) {
            continue;
        }
        if edits.meet(place) {
            for (file, place) in added {
                files.entry(file).or_default().texts.remove(&place);
            }
            return;
        }
        edits.texts.insert(place, &edit.text);
        added.push((edit.span.file, place));
    }
    // A fix whose edits were all made by others counts for nothing.
    if let Some((file, _)) = added.first() {
        files.entry(*file).or_default().fixes += 1;
    }
}

impl Edits<'_> {
    /// Whether one of the edits touches the same bytes, or inserts at the same place.
    fn meet(&self, (start, end): (u32, u32)) -> bool {
        let before = self.texts.range(..(start, 0)).next_back();
        let reaches_in = before.is_some_and(|((_, other_end), _)| *other_end > start);
        let within = self.texts.range((start, 0)..=(end, u32::MAX)).any(|(other, _)| {
            let (other_start, other_end) = *other;
            (start, end) == *other || other_start < end && start < other_end
        });
        reaches_in || within
    }

    fn apply(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 64);
        let mut at = 0;
        for ((start, end), new) in &self.texts {
            out.push_str(text.get(at..*start as usize).unwrap_or(""));
            out.push_str(new);
            at = *end as usize;
        }
        out.push_str(text.get(at..).unwrap_or(""));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SourceFile, Span, codes};

    type Edited<'a> = (u32, u32, &'a str);

    /// Makes fixes of `0123456789` and returns the text and the number of fixes.
    fn fixed(fixes: &[(Applicability, &[Edited<'_>])], boldness: Boldness) -> (String, usize) {
        let mut sources = SourceMap::default();
        let file = sources.add(SourceFile::new("a.aur", "0123456789"));
        let diagnostics: Vec<Diagnostic> = fixes
            .iter()
            .map(|(applicability, edits)| {
                let mut one = Diagnostic::new(&codes::syntax, Span::new(file, 0, 0), "");
                let edits = edits.iter().map(|(start, end, text)| Edit {
                    span: Span::new(file, *start, *end),
                    text: (*text).to_string(),
                });
                one.fixes.push(Fix {
                    title: String::new(),
                    applicability: *applicability,
                    edits: edits.collect(),
                });
                one
            })
            .collect();
        let mended = apply_fixes(&sources, &diagnostics, boldness, |_| true);
        match mended.get(&file) {
            Some(mended) => (mended.text.clone(), mended.fixes),
            None => ("unchanged".to_string(), 0),
        }
    }

    fn safe(fixes: &[&[Edited<'_>]]) -> (String, usize) {
        let fixes: Vec<_> = fixes.iter().map(|edits| (Applicability::Safe, *edits)).collect();
        fixed(&fixes, Boldness::Safe)
    }

    #[test]
    fn edits_beside_each_other_are_made() {
        let fixes: &[&[Edited<'_>]] = &[
            &[(2, 4, "ab"), (8, 8, "!")],
            &[(4, 6, "")],
            &[(2, 2, "<")],
            &[(10, 10, ".")],
        ];
        assert_eq!(safe(fixes), ("01<ab67!89.".to_string(), 4));
    }

    #[test]
    fn an_overlap_leaves_the_whole_later_fix() {
        assert_eq!(
            safe(&[&[(2, 5, "x")], &[(0, 1, "y"), (4, 6, "z")]]),
            ("01x56789".to_string(), 1)
        );
        assert_eq!(
            safe(&[&[(2, 5, "x")], &[(3, 3, "y")]]),
            ("01x56789".to_string(), 1)
        );
        assert_eq!(
            safe(&[&[(3, 3, "y")], &[(2, 5, "x")]]),
            ("012y3456789".to_string(), 1)
        );
        assert_eq!(
            safe(&[&[(3, 3, "]")], &[(3, 3, "}")]]),
            ("012]3456789".to_string(), 1)
        );
    }

    #[test]
    fn equal_edits_are_made_once() {
        assert_eq!(
            safe(&[
                &[(0, 0, "input\n"), (2, 3, "a")],
                &[(0, 0, "input\n"), (5, 6, "b")]
            ]),
            ("input\n01a34b6789".to_string(), 2)
        );
        assert_eq!(
            safe(&[&[(2, 3, "a")], &[(2, 3, "a")]]),
            ("01a3456789".to_string(), 1)
        );
    }

    #[test]
    fn guesses_are_made_only_when_asked_for() {
        let fixes: &[(Applicability, &[Edited<'_>])] = &[
            (Applicability::Unsafe, &[(0, 1, "a")]),
            (Applicability::Display, &[(1, 2, "b")]),
            (Applicability::Safe, &[(2, 3, "c")]),
        ];
        assert_eq!(fixed(fixes, Boldness::Safe), ("01c3456789".to_string(), 1));
        assert_eq!(fixed(fixes, Boldness::Unsafe), ("a1c3456789".to_string(), 2));
    }

    #[test]
    fn an_edit_that_changes_nothing_is_no_change() {
        assert_eq!(safe(&[&[(0, 2, "01")]]), ("unchanged".to_string(), 0));
    }

    #[test]
    fn places_that_are_none_are_left_alone() {
        assert_eq!(safe(&[&[(9, 12, "x")]]), ("unchanged".to_string(), 0));
        assert_eq!(safe(&[&[(5, 2, "x")]]), ("unchanged".to_string(), 0));
    }
}
