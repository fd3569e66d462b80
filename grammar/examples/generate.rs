//! Prints a file of N jobs: `cargo run --release --example generate -- 10000 > jobs.aur`.
//!
//! A job has 26 lines and about 950 bytes, the shape of real configurations: texts with mustaches,
//! units, two processes, an order, resources.

use std::io::{BufWriter, Write, stdout};

fn main() -> std::io::Result<()> {
    let jobs: u32 = std::env::args()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(10_000);
    let mut out = BufWriter::new(stdout().lock());
    writeln!(
        out,
        "# {jobs} jobs.\ninput release: String where matches(r\"[0-9.]+\") = \"2024.11\"\n"
    )?;
    for n in 0..jobs {
        writeln!(out, "{}", job(n))?;
    }
    writeln!(out, "jobs = [")?;
    for n in 0..jobs {
        writeln!(out, "  job_{n:05},")?;
    }
    writeln!(out, "]")
}

fn job(n: u32) -> String {
    format!(
        r#"job_{n:05} = Job {{
  name = "job{n:05}"
  cluster = "west{cluster}", role = "www-data", environment = "prod"
  contact = "team{n}@example.org"
  instances = {instances}
  max_task_failures = -1
  task = Task {{
    name = "serve_{{{{release}}}}"
    processes = [
      Process {{
        name = "fetch"
        cmdline = "curl -fsS -o app.tar.gz https://packages.example.org/{{{{release}}}}/app-{n:05}.tar.gz"
        max_failures = 3
      }},
      Process {{
        name = "serve"
        # The port comes from the scheduler.
        cmdline = "tar xzf app.tar.gz && exec ./app/bin/serve --port {{{{thermos.ports[http]}}}} "
                  "--shard {{{{mesos.instance}}}} --name '{{{{role}}}}/{{{{environment}}}}/app-{n:05}' --verbose --log logs/app.log"
        min_duration = 30s
      }},
    ]
    constraints = order("fetch", "serve")
    resources = Resources {{ cpu = 1.5, ram = 2 * 512MB + {n}KB, disk = 1GB }}
  }}
}}
"#,
        cluster = n % 7,
        instances = 1 + n % 40,
    )
}
