use crate::session::session;

const UNTIDY: &str = "x   =   1\ny=[1,2]\n";
const TIDY: &str = "x = 1\n";

#[test]
fn files_are_rewritten_where_they_change() {
    let files = [
        ("a.aur", UNTIDY),
        ("sub/b.aur", UNTIDY),
        ("sub/c.aur", TIDY),
        (".hidden/d.aur", UNTIDY),
        ("e.txt", UNTIDY),
    ];
    insta::assert_snapshot!(session(&files, &[
        "aurc fmt --check",
        "aurc fmt --diff",
        "aurc fmt --diff --color always sub/b.aur | head -5",
        "chmod 750 a.aur; touch -d 2001-01-01 a.aur sub/c.aur; aurc fmt; stat -c %a a.aur; find . -newermt 2002-01-01 -name '*.aur' | sort",
        "cat a.aur sub/b.aur e.txt .hidden/d.aur",
        "aurc fmt --check; aurc fmt --check e.txt",
        "aurc fmt -q",
    ]), @"");
}

#[test]
fn the_standard_input_is_printed() {
    insta::assert_snapshot!(session(&[("a.aur", UNTIDY)], &[
        "aurc fmt - < a.aur",
        "aurc fmt - --check < a.aur",
        "aurc fmt - --diff < a.aur",
        "cat a.aur",
    ]), @"");
}

#[test]
fn what_cannot_be_read_stays() {
    insta::assert_snapshot!(session(&[("broken.aur", "x   =   1\ny = = [\nz   =   2\n"), ("good.aur", UNTIDY)], &[
        "aurc fmt broken.aur; cat broken.aur",
        r"printf 'x = \377\n' > latin.aur; aurc fmt; cat good.aur",
        "aurc fmt none.aur",
        "ln -s good.aur link.aur; printf 'x   =  1' > good.aur; aurc fmt link.aur; ls -F; cat good.aur",
    ]), @"");
}
