use crate::session::session;

const MAIN: &str = r#"include "lib.aur" as lib

/// Who is *greeted*, see [aur](https://example.org) or [bad](javascript:alert(1)).
input who: String = "you"
input count: Integer where 1..
input tag: String?

/// A <script>alert(1)</script> size. | bar
///
/// - `a < b`
/// - ![image](http://example.org/x.png)
@deprecated("use `lib.Size` instead")
struct Size {
  /// Cores | more.
  cpu: Float where 0.5.. = 1.0
  other: lib.Level?
  @deprecated("no <b>more</b>")
  all: List[Size] = []
  "#;

#[test]
fn references() {
    let main = format!(
        "{MAIN}name: String where [\"Size\", \"a|b\"]\n  check cpu > 0.0, \"more <than> nothing\"\n}}\n\n/// The job.\njob = Job {{ name = \"x\" }}.bind(x = 1)\nport: Port = 80\ntype Port = Integer where 1..65535\n"
    );
    let files = [
        ("main.aur", main.as_str()),
        (
            "lib.aur",
            "/// How much.\nenum Level {\n  /// A little,\n  /// on `one` line.\n  low,\n  high,\n  /// Too much.\n  full\n}\n",
        ),
        ("x_test.aur", "test \"x\" { expect true }\n"),
        ("broken.aur.txt", ""),
        ("broken/broken.aur", "x = [\n"),
        ("empty/README.md", ""),
    ];
    insta::assert_snapshot!(session(&files, &[
        "aurc doc main.aur",
        "aurc doc main.aur --format html -o site && ls site && sed -n '/<body>/,$p' site/index.html",
        "aurc doc main.aur -o site && aurc doc main.aur | cmp - site/index.md",
        "aurc doc main.aur --format html | grep -c -e '<script' -e 'src=' -e 'href=\"javascript'",
        "aurc doc broken/broken.aur 2>&1 | head -1",
        "aurc doc empty",
        "aurc doc --prelude | head -3",
        "aurc doc --prelude main.aur 2>&1 | head -1",
    ]), @r##"
    $ aurc doc main.aur
    # <a id="main"></a>main.aur

    - includes [lib.aur](#lib) as `lib`

    ## Inputs

    ### <a id="main-who"></a>who

    Who is *greeted*, see [aur](https://example.org) or \[bad](javascript:alert(1)).

    `String`, default `"you"`

    ### <a id="main-count"></a>count

    `Integer where 1..`, required

    ### <a id="main-tag"></a>tag

    `String?`

    ## Types

    ### <a id="main-Size"></a>Size

    **Deprecated: use \`lib.Size\` instead**

    A &lt;script>alert(1)&lt;/script> size. | bar

    - `a < b`
    - ![image](http://example.org/x.png)

    | field | type | default | |
    |---|---|---|---|
    | `cpu` | `Float where 0.5..` | `1.0` | Cores \| more. |
    | `other` | `lib.`[`Level`](#lib-Level)`?` |  |  |
    | `all` | `List[`[`Size`](#main-Size)`]` | `[]` | **Deprecated: no &lt;b>more&lt;/b>** |
    | `name` | `String where ["Size", "a\|b"]` | required |  |

    - check `cpu > 0.0`: more &lt;than> nothing

    ### <a id="main-Port"></a>Port

    `Integer where 1..65535`

    ## Values

    ### <a id="main-job"></a>job

    The job.

    `Job`

    ### <a id="main-port"></a>port

    [`Port`](#main-Port)

    # <a id="lib"></a>lib.aur

    ## Types

    ### <a id="lib-Level"></a>Level

    How much.

    One of

    - `low`: A little, on `one` line.
    - `high`
    - `full`: Too much.
    = 0
    $ aurc doc main.aur --format html -o site && ls site && sed -n '/<body>/,$p' site/index.html
    index.html
    <body>
    <nav>
    <p><a href="#main">main.aur</a></p>
    <ul>
    <li><a href="#main-who">who</a></li>
    <li><a href="#main-count">count</a></li>
    <li><a href="#main-tag">tag</a></li>
    <li><a href="#main-Size">Size</a></li>
    <li><a href="#main-Port">Port</a></li>
    <li><a href="#main-job">job</a></li>
    <li><a href="#main-port">port</a></li>
    </ul>
    <p><a href="#lib">lib.aur</a></p>
    <ul>
    <li><a href="#lib-Level">Level</a></li>
    </ul>
    </nav>
    <main>
    <h1 id="main">main.aur</h1>
    <ul>
    <li>includes <a href="#lib">lib.aur</a> as <code>lib</code></li>
    </ul>
    <h2>Inputs</h2>
    <section>
    <h3 id="main-who"><a href="#main-who">who</a></h3>
    <p>Who is <em>greeted</em>, see <a href="https://example.org">aur</a> or <em>bad</em>.</p>
    <p><code>String</code>, default <code>&quot;you&quot;</code></p>
    </section>
    <section>
    <h3 id="main-count"><a href="#main-count">count</a></h3>
    <p><code>Integer where 1..</code>, required</p>
    </section>
    <section>
    <h3 id="main-tag"><a href="#main-tag">tag</a></h3>
    <p><code>String?</code></p>
    </section>
    <h2>Types</h2>
    <section>
    <h3 id="main-Size"><a href="#main-Size">Size</a></h3>
    <p class="deprecated">Deprecated: use `lib.Size` instead</p>
    <p>A &lt;script&gt;alert(1)&lt;/script&gt; size. | bar</p>
    <ul>
    <li><code>a &lt; b</code></li>
    <li><em>image</em></li>
    </ul>
    <table>
    <tr><th>field</th><th>type</th><th>default</th><th></th></tr>
    <tr><td><code>cpu</code></td><td><code>Float where 0.5..</code></td><td><code>1.0</code></td><td><p>Cores | more.</p></td></tr>
    <tr><td><code>other</code></td><td><code>lib.<a href="#lib-Level">Level</a>?</code></td><td></td><td></td></tr>
    <tr><td><code>all</code></td><td><code>List[<a href="#main-Size">Size</a>]</code></td><td><code>[]</code></td><td><p class="deprecated">Deprecated: no &lt;b&gt;more&lt;/b&gt;</p></td></tr>
    <tr><td><code>name</code></td><td><code>String where [&quot;Size&quot;, &quot;a|b&quot;]</code></td><td>required</td><td></td></tr>
    </table>
    <p>check <code>cpu &gt; 0.0</code>: more &lt;than&gt; nothing</p>
    </section>
    <section>
    <h3 id="main-Port"><a href="#main-Port">Port</a></h3>
    <p><code>Integer where 1..65535</code></p>
    </section>
    <h2>Values</h2>
    <section>
    <h3 id="main-job"><a href="#main-job">job</a></h3>
    <p>The job.</p>
    <p><code>Job</code></p>
    </section>
    <section>
    <h3 id="main-port"><a href="#main-port">port</a></h3>
    <p><code><a href="#main-Port">Port</a></code></p>
    </section>
    <h1 id="lib">lib.aur</h1>
    <h2>Types</h2>
    <section>
    <h3 id="lib-Level"><a href="#lib-Level">Level</a></h3>
    <p>How much.</p>
    <table>
    <tr><th>member</th><th></th></tr>
    <tr><td><code>low</code></td><td><p>A little,
    on <code>one</code> line.</p></td></tr>
    <tr><td><code>high</code></td><td></td></tr>
    <tr><td><code>full</code></td><td><p>Too much.</p></td></tr>
    </table>
    </section>
    </main>
    </body>
    </html>
    = 0
    $ aurc doc main.aur -o site && aurc doc main.aur | cmp - site/index.md
    = 0
    $ aurc doc main.aur --format html | grep -c -e '<script' -e 'src=' -e 'href="javascript'
    0
    = 1
    $ aurc doc broken/broken.aur 2>&1 | head -1
    error[E0102]: `[` is never closed
    = 0
    $ aurc doc empty
    !   × there are no programs in `empty`
    !   help: name a file or folder with `.aur` files
    = 2
    $ aurc doc --prelude | head -3
    # <a id="prelude"></a>The standard library

    ## Types
    = 0
    $ aurc doc --prelude main.aur 2>&1 | head -1
    error: the argument '--prelude' cannot be used with '[FILE|DIR]'
    = 0
    "##);
}
