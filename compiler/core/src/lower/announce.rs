//! Ports: which ones a job asks for, and what their names stand for.
//!
//! `portmap` gives names to ports: a number, or the name of another port. Names are followed to their
//! end here, so the plan holds only numbers and the names of ports that are allocated.

use std::collections::{BTreeMap, BTreeSet};

use aur_diagnostics::{Diagnostic, Span, codes};
use aur_ir as ir;

use super::Lowering;
use super::place::{Placed, port_text};

impl<'p> Lowering<'_, 'p> {
    pub(super) fn announce(&mut self, job: &Placed<'p>) -> Option<(ir::Announcer, BTreeMap<String, Span>)> {
        self.within(job, "announce", |this, announce| {
            let primary_port = this.text(announce, "primary_port", None);
            let mut places = BTreeMap::new();
            let mut written = BTreeMap::new();
            for (name, (text, span)) in this.late_text_map(announce, "portmap") {
                let target = port_text(&text).and_then(|target| this.port_named(&target, span));
                if let Some(target) = target {
                    places.insert(name.clone(), span);
                    written.insert(name, target);
                }
            }
            let portmap = written
                .keys()
                .filter_map(|name| {
                    let end = follow(&written, name);
                    if end.is_none() {
                        this.report_port_circle(&written, name, &places);
                    }
                    Some((name.clone(), end?))
                })
                .collect();
            let announcer = ir::Announcer {
                portmap,
                primary_port,
                zk_path: this.optional_text(announce, "zk_path", None),
            };
            (announcer, places)
        })
    }

    fn report_port_circle(
        &mut self,
        map: &BTreeMap<String, ir::Port>,
        name: &str,
        places: &BTreeMap<String, Span>,
    ) {
        let mut path = vec![name.to_string()];
        let mut at = name;
        while let Some(ir::Port::Name(next)) = map.get(at) {
            path.push(next.clone());
            if path.iter().filter(|own| *own == next).count() > 1 {
                break;
            }
            at = next;
        }
        // Each circle is told once, by its first name.
        let Some(span) = places.get(name).copied() else {
            return;
        };
        if path.iter().min().is_some_and(|first| first == name) {
            let message = format!("ports stand for each other: {}", path.join(" -> "));
            self.error(
                Diagnostic::new(&codes::bad_port, span, message)
                    .label("this closes the circle")
                    .help("let one of the names stand for a number, or for a port that the task uses"),
            );
        }
    }

    /// Puts what port names stand for into the texts of the job, and returns the ports to allocate, sorted.
    pub(super) fn settle_ports(
        &mut self,
        job: &mut ir::Job,
        places: &BTreeMap<String, Span>,
        span: Span,
    ) -> Vec<String> {
        let used = used_ports(job);
        let Some(announce) = job.announce.clone() else {
            return used.into_iter().collect();
        };
        if !used.contains(&announce.primary_port) && !announce.portmap.contains_key(&announce.primary_port) {
            let message = format!(
                "the primary port `{0}` is announced, but no process uses `{{{{aur.ports[{0}]}}}}`",
                announce.primary_port
            );
            self.error(
                Diagnostic::new(&codes::unused_port, span, message)
                    .help("let a process listen on it, or name another `primary_port`"),
            );
        }
        self.check_static_ports(job, &announce, places);
        for text in texts_of(job) {
            text.rewrite(|name| match name {
                ir::LateName::Port(port) => announce.portmap.get(port).map(|end| match end {
                    ir::Port::Number(number) => ir::Segment::Literal(number.to_string()),
                    ir::Port::Name(name) => ir::Segment::Name {
                        filter: None,
                        late: ir::LateName::Port(name.clone()),
                    },
                }),
                ir::LateName::Hostname
                | ir::LateName::Instance
                | ir::LateName::Sandbox
                | ir::LateName::TaskId
                | ir::LateName::User => None,
            });
        }
        for port in probe_ports(job) {
            if let ir::Port::Name(name) = port
                && let Some(end) = announce.portmap.get(name)
            {
                *port = end.clone();
            }
        }
        let mut wanted = used_ports(job);
        wanted.extend(announce.portmap.values().filter_map(|end| match end {
            ir::Port::Name(name) => Some(name.clone()),
            ir::Port::Number(_) => None,
        }));
        wanted.into_iter().collect()
    }

    /// A fixed port can be had once on a machine: such a job asks for machines of its own.
    fn check_static_ports(
        &mut self,
        job: &ir::Job,
        announce: &ir::Announcer,
        places: &BTreeMap<String, Span>,
    ) {
        if job.constraints.contains_key("dedicated") {
            return;
        }
        let fixed = announce.portmap.iter().find_map(|(name, end)| match end {
            ir::Port::Number(number) => Some((name, number)),
            ir::Port::Name(_) => None,
        });
        if let Some((name, number)) = fixed
            && let Some(span) = places.get(name)
        {
            let message = format!("port {number} is fixed, but nothing keeps other tasks from taking it");
            self.error(
                Diagnostic::new(&codes::bad_port, *span, message)
                    .label("a fixed port")
                    .help("keep machines for this job: `constraints = { dedicated: \"..\" }`; or let the port be allocated: `{{aur.ports[name]}}`"),
            );
        }
    }
}

/// Where a name leads in the end: a number, or a port to allocate; none in a circle.
fn follow(map: &BTreeMap<String, ir::Port>, name: &str) -> Option<ir::Port> {
    let mut at = map.get(name)?;
    for _ in 0..=map.len() {
        match at {
            ir::Port::Number(_) => return Some(at.clone()),
            ir::Port::Name(next) => match map.get(next) {
                // A name that stands for itself is the port of that name.
                Some(ir::Port::Name(same)) if same == next => return Some(at.clone()),
                Some(further) => at = further,
                None => return Some(at.clone()),
            },
        }
    }
    None
}

/// Every text of a job in which runtime names may stand.
fn texts_of(job: &mut ir::Job) -> impl Iterator<Item = &mut ir::Text> {
    let health: Vec<&mut ir::Text> = match &mut job.health_check_config.health_checker {
        ir::HealthChecker::Http(http) => vec![&mut http.endpoint, &mut http.expected_response],
        ir::HealthChecker::Shell(shell) => vec![&mut shell.shell_command],
    };
    let processes = job.task.processes.iter_mut().flat_map(|process| {
        let probe = match process.ready.as_mut().map(|probe| &mut probe.check) {
            Some(
                ir::ProbeCheck::Exec { cmdline: text }
                | ir::ProbeCheck::File { path: text }
                | ir::ProbeCheck::Http { path: text, .. },
            ) => Some(text),
            Some(ir::ProbeCheck::Log { .. } | ir::ProbeCheck::Tcp { .. }) | None => None,
        };
        process
            .cmdline
            .iter_mut()
            .chain(&mut process.argv)
            .chain(process.env.values_mut())
            .chain(probe)
    });
    processes.chain(health).chain(job.task_links.values_mut())
}

fn probe_ports(job: &mut ir::Job) -> impl Iterator<Item = &mut ir::Port> {
    job.task
        .processes
        .iter_mut()
        .filter_map(|process| match &mut process.ready.as_mut()?.check {
            ir::ProbeCheck::Http { port, .. } | ir::ProbeCheck::Tcp { port } => Some(port),
            ir::ProbeCheck::Exec { .. } | ir::ProbeCheck::File { .. } | ir::ProbeCheck::Log { .. } => None,
        })
}

/// Names of the ports that texts and probes ask for.
fn used_ports(job: &mut ir::Job) -> BTreeSet<String> {
    let mut used: BTreeSet<String> = BTreeSet::new();
    for text in texts_of(job) {
        used.extend(text.late_names().filter_map(|name| match name {
            ir::LateName::Port(port) => Some(port.clone()),
            ir::LateName::Hostname
            | ir::LateName::Instance
            | ir::LateName::Sandbox
            | ir::LateName::TaskId
            | ir::LateName::User => None,
        }));
    }
    for port in probe_ports(job) {
        if let ir::Port::Name(name) = port {
            used.insert(name.clone());
        }
    }
    used
}
