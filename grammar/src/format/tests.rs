use super::{format, format_tree};

#[test]
fn one_layout() {
    let text = include_str!("tests/untidy.aur");
    let laid_out = format(text);
    insta::assert_snapshot!(laid_out);
    assert_eq!(format(&laid_out), laid_out);
}

#[test]
fn items_with_errors_stay_as_they_are() {
    let text = "a   =  1\nb = [1,,\n   2\nc   =  3 # x\n";
    let laid_out = format(text);
    assert!(laid_out.starts_with("a = 1\nb = [1,,\n   2\n"), "{laid_out}");
    assert!(laid_out.ends_with("c = 3  # x\n"), "{laid_out}");
}

#[test]
fn the_prelude_is_laid_out() {
    assert_eq!(format(crate::PRELUDE), crate::PRELUDE);
}

#[test]
fn nothing_stays_nothing() {
    assert_eq!(format(""), "");
    assert_eq!(format(" \n\n"), "");
    assert_eq!(format("# only\n\n\n\n# notes"), "# only\n\n# notes\n");
    assert_eq!(format("\u{feff}a = 1\r\nb = 2\r\n"), "a = 1\nb = 2\n");
}

#[test]
fn marks_of_order_are_none_of_a_program() {
    let many = "\u{feff}".repeat(9);
    assert_eq!(format(&many), "");
    let text = format!("{many}a=1\n");
    assert_eq!(format(&text), "a = 1\n");
    assert_eq!(format_tree(&text, &crate::parse(&text)), "a = 1\n");
    // Elsewhere they are faults, and stay.
    let text = format!("\n{many}a=1\n");
    assert_eq!(format(&text), text);
}

#[test]
fn a_known_tree_gives_the_same_layout() {
    let text = "\u{feff}a   =  1\r\nb = [1,,\n   2\n@deprecated struct S { a : Integer }\nc   =  3 # x\n";
    assert_eq!(format_tree(text, &crate::parse(text)), format(text));
    let text = include_str!("tests/untidy.aur");
    assert_eq!(format_tree(text, &crate::parse(text)), format(text));
}
