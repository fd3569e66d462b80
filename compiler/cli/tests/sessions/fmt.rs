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
    ]), @"
    $ aurc fmt --check
    would change a.aur
    would change sub/b.aur
    ! 2 files would change, 1 unchanged
    = 1
    $ aurc fmt --diff
    --- a.aur
    +++ a.aur
    @@ -1,2 +1,2 @@
    -x   =   1
    -y=[1,2]
    +x = 1
    +y = [1, 2]
    --- sub/b.aur
    +++ sub/b.aur
    @@ -1,2 +1,2 @@
    -x   =   1
    -y=[1,2]
    +x = 1
    +y = [1, 2]
    ! 2 files would change, 1 unchanged
    = 0
    $ aurc fmt --diff --color always sub/b.aur | head -5
    ^[31m--- sub/b.aur^[0m
    ^[32m+++ sub/b.aur^[0m
    ^[36m@@ -1,2 +1,2 @@^[0m
    ^[31m-x   =   1^[0m
    ^[31m-y=[1,2]^[0m
    ! 1 file would change, 0 unchanged
    = 0
    $ chmod 750 a.aur; touch -d 2001-01-01 a.aur sub/c.aur; aurc fmt; stat -c %a a.aur; find . -newermt 2002-01-01 -name '*.aur' | sort
    750
    ./.hidden/d.aur
    ./a.aur
    ./sub/b.aur
    ! 2 files laid out anew, 1 unchanged
    = 0
    $ cat a.aur sub/b.aur e.txt .hidden/d.aur
    x = 1
    y = [1, 2]
    x = 1
    y = [1, 2]
    x   =   1
    y=[1,2]
    x   =   1
    y=[1,2]
    = 0
    $ aurc fmt --check; aurc fmt --check e.txt
    would change e.txt
    ! 0 files would change, 3 unchanged
    ! 1 file would change, 0 unchanged
    = 1
    $ aurc fmt -q
    = 0
    ");
}

#[test]
fn the_standard_input_is_printed() {
    insta::assert_snapshot!(session(&[("a.aur", UNTIDY)], &[
        "aurc fmt - < a.aur",
        "aurc fmt - --check < a.aur",
        "aurc fmt - --diff < a.aur",
        "cat a.aur",
    ]), @"
    $ aurc fmt - < a.aur
    x = 1
    y = [1, 2]
    = 0
    $ aurc fmt - --check < a.aur
    would change <stdin>
    = 1
    $ aurc fmt - --diff < a.aur
    --- <stdin>
    +++ <stdin>
    @@ -1,2 +1,2 @@
    -x   =   1
    -y=[1,2]
    +x = 1
    +y = [1, 2]
    = 0
    $ cat a.aur
    x   =   1
    y=[1,2]
    = 0
    ");
}

#[test]
fn what_cannot_be_read_stays() {
    insta::assert_snapshot!(session(&[("broken.aur", "x   =   1\ny = = [\nz   =   2\n"), ("good.aur", UNTIDY)], &[
        "aurc fmt broken.aur; cat broken.aur",
        r"printf 'x = \377\n' > latin.aur; aurc fmt; cat good.aur",
        "aurc fmt none.aur",
        "ln -s good.aur link.aur; printf 'x   =  1' > good.aur; aurc fmt link.aur; ls -F; cat good.aur",
    ]), @r"
    $ aurc fmt broken.aur; cat broken.aur
    x = 1
    y = = [
    z = 2
    ! broken.aur: what cannot be read stays as it is; `aurc check` tells more
    ! 1 file laid out anew, 0 unchanged
    = 0
    $ printf 'x = \377\n' > latin.aur; aurc fmt; cat good.aur
    x = 1
    y = [1, 2]
    ! broken.aur: what cannot be read stays as it is; `aurc check` tells more
    ! 1 file laid out anew, 1 unchanged
    !   × `latin.aur` is not UTF-8 text
    !   help: save it as UTF-8
    = 0
    $ aurc fmt none.aur
    ! 0 files laid out anew, 0 unchanged
    !   × there is no file `none.aur`
    = 2
    $ ln -s good.aur link.aur; printf 'x   =  1' > good.aur; aurc fmt link.aur; ls -F; cat good.aur
    broken.aur
    good.aur
    latin.aur
    link.aur@
    x = 1
    ! 1 file laid out anew, 0 unchanged
    = 0
    ");
}
