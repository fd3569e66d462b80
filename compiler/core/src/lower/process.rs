//! One process of a task.

use std::collections::BTreeMap;

use aur_diagnostics::{Diagnostic, Span, codes};
use aur_ir as ir;

use super::Lowering;
use super::order::Member;
use super::place::Placed;
use crate::value::Slot;

/// The longest single argument that Linux passes to a program, its final zero included.
const MAX_ARGUMENT: usize = 128 << 10;

impl<'p> Lowering<'_, 'p> {
    pub(super) fn process(&mut self, placed: &Placed<'p>, task: Span) -> (Member, Option<ir::Process>) {
        let own = placed.inner.span;
        self.trace(
            None,
            Some(if self.compiler.is_prelude(own) { task } else { own }),
            None,
        );
        self.require(placed);
        let name = self.process_name(placed);
        let (cmdline, argv) = self.command(placed);
        let (daemon, ephemeral, is_final) = (
            self.flag(placed, "daemon"),
            self.flag(placed, "ephemeral"),
            self.flag(placed, "final"),
        );
        let ready = self.probe(placed);
        let logger = self.logger(placed);
        self.check_readiness(placed, ready.as_ref(), &logger);
        let member = Member {
            name: name.clone(),
            span: own,
            daemon,
            ephemeral,
            is_final,
            has_probe: self.is_given(placed, "ready"),
        };
        let process = ir::Process {
            argv,
            backoff: self.backoff(placed),
            cmdline,
            daemon,
            env: self.variables(placed),
            ephemeral,
            is_final,
            logger,
            max_failures: self.count(placed, "max_failures"),
            min_duration_ms: self.milliseconds(placed, "min_duration", "min_duration_ms"),
            name: name.unwrap_or_default(),
            on_lost: match self.member(placed, "on_lost").as_deref() {
                Some("fail") => ir::OnLost::Fail,
                _ => ir::OnLost::Retry,
            },
            pass_env: self.passed_variables(placed),
            ready,
            timeout_ms: self.optional_milliseconds(placed, "timeout", "timeout_ms"),
        };
        let is_complete = !process.name.is_empty() && (process.cmdline.is_some() || !process.argv.is_empty());
        (member, is_complete.then_some(process))
    }

    fn process_name(&mut self, placed: &Placed<'p>) -> Option<String> {
        let (name, span) = self.placed_text(placed, "name")?;
        let longest = self.compiler.given.limits.of(crate::limits::Limit::NameBytes);
        let is_name = ir::is_process_name(&name) && name.len() <= longest;
        if is_name || self.compiler.is_open(&name) {
            return Some(name);
        }
        let own = placed.inner.span;
        let span = span
            .filter(|span| !self.compiler.is_prelude(*span))
            .unwrap_or(own);
        if self.is_too_long(&name, span) {
            return None;
        }
        let message = format!("a process cannot be called `{}`", name.escape_debug());
        self.error(Diagnostic::new(&codes::bad_process_name, span, message).help(
            "the name is a folder of the logs: no `/`, no leading dot, no line break, at most 255 bytes",
        ));
        None
    }

    /// What is run: `cmdline` or `argv`.
    fn command(&mut self, placed: &Placed<'p>) -> (Option<ir::Text>, Vec<ir::Text>) {
        let is_argv = self.is_given(placed, "argv");
        // That neither is given is told with the other fields that are missing.
        if is_argv && self.is_given(placed, "cmdline") {
            let error = Diagnostic::new(
                &codes::bad_command,
                self.place_of(placed, "argv"),
                "this process is given both `cmdline` and `argv`",
            );
            let first = self.place_of(placed, "cmdline");
            self.error(
                error
                    .label("the second command")
                    .also(first, "the first command")
                    .help(
                        "keep `cmdline` to run it through bash, or `argv` to run a program without a shell",
                    ),
            );
        }
        let cmdline = self.late_text(placed, "cmdline");
        if let Some(text) = &cmdline {
            self.check_argument(placed, "cmdline", text);
        }
        let argv = self.late_texts(placed, "argv").unwrap_or_default();
        for text in &argv {
            self.check_argument(placed, "argv", text);
        }
        if is_argv && argv.is_empty() && self.is_empty_list(placed, "argv") {
            let span = self.place_of(placed, "argv");
            self.error(
                Diagnostic::new(&codes::bad_command, span, "`argv` names no program")
                    .help("write the program and its arguments: `argv = [\"sleep\", \"10\"]`"),
            );
        }
        (cmdline, argv)
    }

    /// What Linux cannot pass to a program.
    pub(super) fn check_argument(&mut self, placed: &Placed<'p>, field: &str, text: &ir::Text) {
        let (length, has_nul) = measure(text);
        let (message, help) = if has_nul {
            (
                format!("`{field}` cannot hold the character NUL"),
                "let the shell write it: `printf '\\\\0'` in an `r\"..\"` text",
            )
        } else if length >= MAX_ARGUMENT {
            (
                format!(
                    "this text has {length} bytes; Linux starts no program with one of {MAX_ARGUMENT} bytes or more"
                ),
                "put the content into the sandbox with `Task.files` and read it from there",
            )
        } else {
            return;
        };
        let span = self.place_of(placed, field);
        self.error(Diagnostic::new(&codes::out_of_range, span, message).help(help));
    }

    fn variables(&mut self, placed: &Placed<'p>) -> BTreeMap<String, ir::Text> {
        if !self.is_given(placed, "env") {
            return BTreeMap::new();
        }
        let mut out = BTreeMap::new();
        for (name, (text, span)) in self.late_text_map(placed, "env") {
            self.check_variable(&name, span);
            self.check_argument(placed, "env", &text);
            out.insert(name, text);
        }
        out
    }

    fn passed_variables(&mut self, placed: &Placed<'p>) -> Vec<String> {
        if !self.is_given(placed, "pass_env") {
            return Vec::new();
        }
        let span = self.place_of(placed, "pass_env");
        let mut names = self.texts(placed, "pass_env");
        for name in &names {
            self.check_variable(name, span);
        }
        names.sort();
        names.dedup();
        names
    }

    fn check_variable(&mut self, name: &str, span: Span) {
        if !ir::is_variable_name(name) {
            let message = format!("`{}` cannot be an environment variable", name.escape_debug());
            self.error(
                Diagnostic::new(&codes::out_of_range, span, message)
                    .help("letters, digits and `_` make up the name; it does not start with a digit"),
            );
        }
    }

    fn backoff(&mut self, placed: &Placed<'p>) -> Option<ir::Backoff> {
        self.within(placed, "backoff", |this, backoff| ir::Backoff {
            factor: this.float(backoff, "factor"),
            max_ms: this.milliseconds(backoff, "max", "max_ms"),
            min_ms: this.milliseconds(backoff, "min", "min_ms"),
            reset_after_ms: this.milliseconds(backoff, "reset_after", "reset_after_ms"),
        })
    }

    fn logger(&mut self, placed: &Placed<'p>) -> ir::Logger {
        if !self.is_given(placed, "logger") {
            return ir::Logger::default();
        }
        let logger = self.within(placed, "logger", |this, logger| ir::Logger {
            destination: match this.member(logger, "destination").as_deref() {
                Some("console") => ir::LoggerDestination::Console,
                Some("both") => ir::LoggerDestination::Both,
                Some("none") => ir::LoggerDestination::None,
                _ => ir::LoggerDestination::File,
            },
            mode: match this.member(logger, "mode").as_deref() {
                Some("rotate") => ir::LoggerMode::Rotate,
                _ => ir::LoggerMode::Standard,
            },
            rotate: this.within(logger, "rotate", |this, rotate| ir::RotatePolicy {
                backups: this.count(rotate, "backups"),
                log_size_bytes: this.size(rotate, "log_size", "log_size_bytes"),
            }),
        });
        let mut logger = logger.unwrap_or_default();
        match logger.mode {
            ir::LoggerMode::Rotate => {
                logger.rotate.get_or_insert(ir::RotatePolicy::default());
            }
            ir::LoggerMode::Standard if logger.rotate.is_some() => {
                let span = self.place_of(placed, "logger");
                self.error(
                    Diagnostic::new(
                        &codes::bad_command,
                        span,
                        "`rotate` is given, but the mode is `standard`",
                    )
                    .help("add `mode = \"rotate\"`, or leave `rotate` out"),
                );
            }
            ir::LoggerMode::Standard => {}
        }
        logger
    }

    /// A line that is kept nowhere is never seen.
    fn check_readiness(&mut self, placed: &Placed<'p>, ready: Option<&ir::Probe>, logger: &ir::Logger) {
        let reads_log = ready.is_some_and(|probe| matches!(probe.check, ir::ProbeCheck::Log { .. }));
        if !reads_log || logger.destination != ir::LoggerDestination::None {
            return;
        }
        let message =
            "this process can never be ready: its probe waits for a line of output that is not kept";
        let (probe, logger) = (self.place_of(placed, "ready"), self.place_of(placed, "logger"));
        self.error(
            Diagnostic::new(&codes::never_ready, probe, message)
                .label("waits for a line")
                .also(logger, "keeps none")
                .help("keep the output in a file, `destination = \"file\"`, or use another probe"),
        );
    }

    fn probe(&mut self, placed: &Placed<'p>) -> Option<ir::Probe> {
        self.within(placed, "ready", |this, probe| {
            let check = this.probe_check(probe)?;
            Some(ir::Probe {
                check,
                every_ms: this.milliseconds(probe, "every", "every_ms"),
                timeout_ms: this.milliseconds(probe, "timeout", "timeout_ms"),
                within_ms: this.milliseconds(probe, "within", "within_ms"),
            })
        })
        .flatten()
    }

    fn probe_check(&mut self, probe: &Placed<'p>) -> Option<ir::ProbeCheck> {
        match probe.inner.decl.name.as_str() {
            "HttpProbe" => self.below("check/http", |this| {
                let (path, port) = (this.late_text(probe, "path"), this.port(probe, "port"));
                Some(ir::ProbeCheck::Http {
                    path: path?,
                    port: port?,
                })
            }),
            "TcpProbe" => self.below("check/tcp", |this| {
                let port = this.port(probe, "port")?;
                Some(ir::ProbeCheck::Tcp { port })
            }),
            "ExecProbe" => self.below("check/exec", |this| {
                let cmdline = this.late_text(probe, "cmdline")?;
                this.check_argument(probe, "cmdline", &cmdline);
                Some(ir::ProbeCheck::Exec { cmdline })
            }),
            "FileProbe" => self.below("check/file", |this| {
                let path = this.probe_path(probe)?;
                Some(ir::ProbeCheck::File { path })
            }),
            _ => self.below("check/log", |this| {
                let regex = this.probe_pattern(probe)?;
                Some(ir::ProbeCheck::Log { regex })
            }),
        }
    }

    fn probe_path(&mut self, probe: &Placed<'p>) -> Option<ir::Text> {
        let path = self.late_text(probe, "path")?;
        if let ir::Text::Plain(text) = &path
            && !ir::is_sandbox_path(text)
        {
            let span = self.place_of(probe, "path");
            let message = format!("`{}` does not stay in the sandbox", text.escape_debug());
            self.error(
                Diagnostic::new(&codes::outside_root, span, message)
                    .help("write a path below the sandbox, such as `run/ready`"),
            );
        }
        Some(path)
    }

    fn probe_pattern(&mut self, probe: &Placed<'p>) -> Option<String> {
        let (regex, span) = self.placed_text(probe, "regex")?;
        if let Err(error) = crate::eval::whole_match(&regex, "") {
            let span = span.unwrap_or(probe.inner.span);
            let message = format!("this pattern cannot be read: {error}");
            self.error(Diagnostic::new(&codes::bad_refinement, span, message));
        }
        Some(regex)
    }

    /// Whether a field was written, or its default is not that of the standard library.
    pub(super) fn is_given(&self, placed: &Placed<'p>, name: &str) -> bool {
        placed
            .inner
            .decl
            .field(name)
            .is_some_and(|index| matches!(placed.inner.slot(index), Slot::Set(_)))
    }

    /// Where a field was written, or else its struct.
    pub(super) fn place_of(&self, placed: &Placed<'p>, name: &str) -> Span {
        placed
            .inner
            .decl
            .field(name)
            .and_then(|index| placed.inner.written(index))
            .map_or(placed.inner.span, |value| value.span)
    }
}

/// Bytes of the text as far as it is known, and whether there is a NUL in it.
fn measure(text: &ir::Text) -> (usize, bool) {
    match text {
        ir::Text::Plain(text) => (text.len(), text.contains('\0')),
        ir::Text::Late { segments } => {
            segments
                .iter()
                .fold((0, false), |(length, nul), segment| match segment {
                    ir::Segment::Literal(text) => (length + text.len(), nul || text.contains('\0')),
                    ir::Segment::Name { .. } => (length, nul),
                })
        }
    }
}
