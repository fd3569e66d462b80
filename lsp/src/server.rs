//! The loop: messages in, in the order they come; answers and diagnostics out, never of an older text.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aur_compiler::Cancel;
use crossbeam_channel::{Receiver, Sender, at, never, select, unbounded};
use gen_lsp_types::{InitializeParams, Uri};
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::client::{Client, folders};
use crate::documents::Open;
use crate::pool::Pool;
use crate::published::{ByFile, Published};
use crate::requests::{self, Failure, Handler, Stale};
use crate::snapshot::{Snapshot, Stage, resolved};
use crate::uri::path_of;

mod capabilities;
mod notifications;

/// Requests are answered by so many threads; one more checks programs.
const ANSWERING: usize = 2;

/// So long nobody may type before what was estimated is checked.
const PAUSE: Duration = Duration::from_millis(100);

/// Changes that follow each other more quickly are one change.
const BURST: Duration = Duration::from_millis(2);

/// How the client left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It asked for the end, and then ended.
    Asked,
    /// It went without a word.
    Left,
}

/// Serves one client until it leaves.
///
/// # Errors
/// The client broke the protocol, or the system gave no threads.
pub fn serve(connection: &Connection) -> Result<Ended, String> {
    let Ok((id, raw)) = connection.initialize_start() else {
        return Ok(Ended::Left);
    };
    let params: InitializeParams = serde_json::from_value(raw.clone())
        .map_err(|error| format!("`initialize` cannot be read: {error}"))?;
    let client = Client::new(&params, &raw);
    let result = json!({
        "capabilities": capabilities::of(&client),
        "serverInfo": { "name": "aurc", "version": env!("CARGO_PKG_VERSION") },
    });
    if connection.initialize_finish(id, result).is_err() {
        return Ok(Ended::Left);
    }
    let mut server = Server::new(connection, client, folders(&params)).map_err(|error| error.to_string())?;
    server.register_watchers();
    Ok(server.run())
}

/// What workers send to the loop.
enum Done {
    Answered {
        id: RequestId,
        revision: u64,
        result: Result<Value, Failure>,
    },
    Checked {
        entry: PathBuf,
        revision: u64,
        /// None where it was given up.
        found: Option<ByFile>,
        stage: Stage,
    },
}

/// A request that is being answered.
struct Running {
    method: String,
    params: Value,
    handler: Handler,
    cancel: Cancel,
}

/// A message, or what a worker did.
enum Event {
    Message(Message),
    Done(Done),
    /// Nobody typed for a while.
    Paused,
    /// No more changes came.
    Quiet,
    Gone,
}

struct Server<'c> {
    connection: &'c Connection,
    /// The state of now; what workers have are earlier ones.
    now: Snapshot,
    answering: Pool,
    checking: Pool,
    report: Sender<Done>,
    reports: Receiver<Done>,
    running: BTreeMap<RequestId, Running>,
    /// Checks under way, by entry file.
    checks: BTreeMap<PathBuf, Cancel>,
    published: Published,
    /// Entry files to check once all messages at hand are read, the latest change last.
    changed: Vec<PathBuf>,
    /// Entry files of which only an estimate was told.
    estimated: Vec<PathBuf>,
    /// When they are checked.
    pause_ends: Option<Instant>,
    /// When a burst of changes is taken to be over.
    burst_ends: Option<Instant>,
    /// Numbers our own requests.
    asked: i32,
    is_shut_down: bool,
}

impl<'c> Server<'c> {
    fn new(connection: &'c Connection, client: Client, folders: Vec<PathBuf>) -> std::io::Result<Self> {
        let (report, reports) = unbounded();
        let folders = folders.iter().map(|folder| resolved(folder)).collect();
        Ok(Self {
            connection,
            now: Snapshot::new(client, folders),
            answering: Pool::new("answers", ANSWERING)?,
            checking: Pool::new("checks", 1)?,
            report,
            reports,
            running: BTreeMap::new(),
            checks: BTreeMap::new(),
            published: Published::default(),
            changed: Vec::new(),
            estimated: Vec::new(),
            pause_ends: None,
            burst_ends: None,
            asked: 0,
            is_shut_down: false,
        })
    }

    fn run(&mut self) -> Ended {
        loop {
            match self.next() {
                Event::Gone => return Ended::Left,
                Event::Done(done) => self.done(done),
                Event::Paused => self.confirm(),
                Event::Quiet => self.burst_ends = None,
                Event::Message(Message::Notification(notification)) if notification.method == "exit" => {
                    return if self.is_shut_down {
                        Ended::Asked
                    } else {
                        Ended::Left
                    };
                }
                Event::Message(message) => self.message(message),
            }
            if self.connection.receiver.is_empty() && self.burst_ends.is_none() {
                self.check_changed();
            }
        }
    }

    fn next(&self) -> Event {
        let pause = self.pause_ends.map_or_else(never, at);
        let quiet = self.burst_ends.map_or_else(never, at);
        select! {
            recv(pause) -> _ => Event::Paused,
            recv(quiet) -> _ => Event::Quiet,
            recv(self.connection.receiver) -> message => message.map_or(Event::Gone, Event::Message),
            recv(self.reports) -> done => done.map_or(Event::Gone, Event::Done),
        }
    }

    fn message(&mut self, message: Message) {
        match message {
            Message::Request(request) => self.request(request),
            Message::Notification(notification) => self.notification(notification),
            // What we ask, we ask to be kind; a client may refuse.
            Message::Response(_) => {}
        }
    }

    fn send(&self, message: impl Into<Message>) {
        // Where nobody listens any more, the next message will not come either.
        let _ = self.connection.sender.send(message.into());
    }

    /// Asks something of the client whose answer does not matter.
    fn ask(&mut self, method: &str, params: Value) {
        self.asked += 1;
        let id = RequestId::from(format!("aurc:{}", self.asked));
        self.send(Request::new(id, method.to_string(), params));
    }

    fn request(&mut self, request: Request) {
        if self.is_shut_down {
            let message = "the server is shutting down".to_string();
            return self.refuse(request.id, ErrorCode::InvalidRequest, message);
        }
        if request.method == "shutdown" {
            self.is_shut_down = true;
            return self.send(Response::new_ok(request.id, ()));
        }
        match requests::find(&request.method) {
            Some(handler) => self.answer(request.id, request.method, request.params, handler),
            None => {
                let message = format!("there is no method `{}`", request.method);
                self.refuse(request.id, ErrorCode::MethodNotFound, message);
            }
        }
    }

    fn refuse(&self, id: RequestId, code: ErrorCode, message: String) {
        self.send(Response::new_err(id, code as i32, message));
    }

    /// Lets a worker answer a request about the state of now.
    fn answer(&mut self, id: RequestId, method: String, params: Value, handler: Handler) {
        let cancel = Cancel::default();
        let running = Running {
            method,
            params: params.clone(),
            handler,
            cancel: cancel.clone(),
        };
        self.running.insert(id.clone(), running);
        let (snapshot, report) = (self.now.with_cancel(cancel), self.report.clone());
        let progress = self.connection.sender.clone();
        self.answering.run(move || {
            let answered = catch_unwind(AssertUnwindSafe(|| {
                requests::with_progress(&progress, &params, || (handler.run)(&snapshot, params.clone()))
            }));
            let result = answered.unwrap_or_else(|_| Err(Failure::panicked()));
            let revision = snapshot.revision;
            let _ = report.send(Done::Answered { id, revision, result });
        });
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Answered { id, revision, result } => self.answered(id, revision, result),
            Done::Checked {
                entry,
                revision,
                found,
                stage,
            } => {
                if revision == self.now.revision {
                    self.checks.remove(&entry);
                    if stage == Stage::Estimated {
                        self.confirm_later(entry.clone());
                    }
                    if self.now.client.pulls {
                        // A check that was given up says nothing of what was answered.
                        if found.is_some() {
                            self.refresh(&entry);
                        }
                        return;
                    }
                    // Others may wait for it, also where it could not be checked.
                    self.publish(entry, found.unwrap_or_default(), stage);
                }
            }
        }
    }

    fn answered(&mut self, id: RequestId, revision: u64, result: Result<Value, Failure>) {
        // What was cancelled has its answer already.
        let Some(running) = self.running.remove(&id) else {
            return;
        };
        if revision != self.now.revision {
            return match running.handler.stale {
                Stale::Refused => {
                    let message = "the text has changed".to_string();
                    self.refuse(id, ErrorCode::ContentModified, message);
                }
                Stale::Again => self.answer(id, running.method, running.params, running.handler),
            };
        }
        match result {
            Ok(value) => {
                self.send(Response::new_ok(id, value));
                let entry = requests::diagnosed(&running.method, &running.params);
                entry.into_iter().for_each(|entry| self.confirm_answer(entry));
            }
            Err(failure) => {
                if failure.is_ours {
                    let message = format!("`{}` failed: {}", running.method, failure.message);
                    self.log(&message);
                }
                self.refuse(id, failure.code, failure.message);
            }
        }
    }

    /// Shows a warning to the user.
    fn warn(&self, message: &str) {
        let params = json!({ "type": 2, "message": message });
        self.send(Notification::new("window/showMessage".to_string(), params));
    }

    fn log(&self, message: &str) {
        let params = json!({ "type": 1, "message": message });
        self.send(Notification::new("window/logMessage".to_string(), params));
    }

    /// Checks the programs that a change may have touched.
    fn check_changed(&mut self) {
        let changed = std::mem::take(&mut self.changed);
        if self.now.client.pulls {
            // They are asked for; only what was told before may have to be put right.
            return changed.into_iter().for_each(|entry| self.confirm_answer(entry));
        }
        // The file that was changed last is the one that is looked at.
        for entry in changed.into_iter().rev() {
            self.estimated.retain(|own| *own != entry);
            self.check(entry, Stage::Estimated);
        }
    }

    /// Checks a program after a pause.
    fn confirm_later(&mut self, entry: PathBuf) {
        self.estimated.retain(|own| *own != entry);
        self.estimated.push(entry);
        self.pause_ends = Some(Instant::now() + PAUSE);
    }

    /// The same, if a client that asks was answered with an estimate.
    fn confirm_answer(&mut self, entry: PathBuf) {
        if self.now.was_told_estimate(&entry) {
            self.confirm_later(entry);
        }
    }

    /// Lets a client that pulls ask again, where it was told an estimate that did not hold.
    fn refresh(&mut self, entry: &Path) {
        if self.now.was_told_otherwise(entry) {
            self.ask("workspace/diagnostic/refresh", Value::Null);
        }
    }

    /// Checks what was only estimated.
    fn confirm(&mut self) {
        self.pause_ends = None;
        for entry in std::mem::take(&mut self.estimated) {
            self.check(entry, Stage::Confirmed);
        }
    }

    /// Checks a program, or estimates what that would find if `stage` says so and it can be.
    fn check(&mut self, entry: PathBuf, stage: Stage) {
        let cancel = Cancel::default();
        if let Some(earlier) = self.checks.insert(entry.clone(), cancel.clone()) {
            earlier.cancel();
        }
        let (snapshot, report) = (self.now.with_cancel(cancel), self.report.clone());
        self.checking.run(move || {
            let found = catch_unwind(AssertUnwindSafe(|| {
                let file = snapshot.view(snapshot.open.get(&entry)?)?;
                if snapshot.cancel.is_cancelled() {
                    return None;
                }
                let (checked, stage) = match stage {
                    Stage::Estimated => snapshot.soon(&file)?,
                    Stage::Whole | Stage::Confirmed => (snapshot.checked(&file)?, stage),
                };
                let found = requests::diagnostics_by_file(&snapshot, &file.host, &checked);
                Some((found, stage))
            }));
            let (found, stage) = found.ok().flatten().unzip();
            let revision = snapshot.revision;
            let _ = report.send(Done::Checked {
                entry,
                revision,
                found,
                stage: stage.unwrap_or(Stage::Whole),
            });
        });
    }

    fn publish(&mut self, entry: PathBuf, found: ByFile, stage: Stage) {
        let own = self.now.open.get(&entry).map(|open| open.uri.clone());
        // Of its estimate a version has been told; only what differs is news.
        let own = own.filter(|_| stage != Stage::Confirmed);
        let checks = &self.checks;
        let pending = |other: &Path| checks.contains_key(other);
        for (uri, diagnostics) in self.published.update(entry, own.as_ref(), pending, found) {
            let version = path_of(&uri)
                .and_then(|path| self.now.open.get(&resolved(&path)))
                .map(|open| open.version);
            let mut params = json!({ "uri": uri, "diagnostics": diagnostics });
            if let (Some(version), Some(params)) = (version, params.as_object_mut()) {
                params.insert("version".to_string(), version.into());
            }
            let method = "textDocument/publishDiagnostics".to_string();
            self.send(Notification::new(method, params));
        }
    }

    /// Makes a change of the open documents; every answer of before is one of the past.
    fn change(&mut self, path: PathBuf, document: Option<Open>) {
        let open = Arc::make_mut(&mut self.now.open);
        let before = match document {
            Some(document) => open.insert(path.clone(), document),
            None => open.remove(&path),
        };
        let root = self
            .now
            .open
            .get(&path)
            .or(before.as_ref())
            .map(|open| open.root.clone());
        // What is open in the same project may include the file, if it reads any other at all.
        let same =
            |open: &&Open| open.reads_others() && Some(&open.root) == root.as_ref() && *open.path != *path;
        let others: Vec<PathBuf> = self
            .now
            .open
            .values()
            .filter(same)
            .map(|open| open.path.to_path_buf())
            .collect();
        others.into_iter().for_each(|other| self.mark_changed(other));
        if self.now.open.contains_key(&path) {
            self.mark_changed(path);
        }
        self.now_is_new();
    }

    fn mark_changed(&mut self, path: PathBuf) {
        self.changed.retain(|own| *own != path);
        self.changed.push(path);
    }

    fn now_is_new(&mut self) {
        self.now.revision += 1;
        self.burst_ends = Some(Instant::now() + BURST);
        for running in self.running.values() {
            running.cancel.cancel();
        }
        // A check that is under way would be one of the past, so it begins again.
        for (entry, check) in std::mem::take(&mut self.checks) {
            check.cancel();
            if self.now.open.contains_key(&entry) && !self.changed.contains(&entry) {
                self.changed.insert(0, entry);
            }
        }
    }

    /// Everything may have changed: files of the disk did.
    fn change_all(&mut self) {
        let all: Vec<PathBuf> = self.now.open.keys().cloned().collect();
        all.into_iter().for_each(|path| self.mark_changed(path));
        self.now_is_new();
        let client = self.now.client.clone();
        for (is_known, method) in [
            (
                client.pulls && client.refreshes_diagnostics,
                "workspace/diagnostic/refresh",
            ),
            (client.refreshes_tokens, "workspace/semanticTokens/refresh"),
            (client.refreshes_hints, "workspace/inlayHint/refresh"),
            (client.refreshes_lenses, "workspace/codeLens/refresh"),
        ] {
            if is_known {
                self.ask(method, Value::Null);
            }
        }
    }

    fn register_watchers(&mut self) {
        if !self.now.client.registers_watchers {
            return;
        }
        let watchers = ["**/*.aur", "**/aur.toml"].map(|glob| json!({ "globPattern": glob }));
        let registration = json!({
            "id": "files",
            "method": "workspace/didChangeWatchedFiles",
            "registerOptions": { "watchers": watchers },
        });
        self.ask(
            "client/registerCapability",
            json!({ "registrations": [registration] }),
        );
    }

    fn cancel(&mut self, id: &RequestId) {
        if let Some(running) = self.running.remove(id) {
            running.cancel.cancel();
            let message = "cancelled by the client".to_string();
            self.refuse(id.clone(), ErrorCode::RequestCanceled, message);
        }
    }
}

/// Reads the parameters of a notification; what cannot be read is as if it had not come.
fn read<T: DeserializeOwned>(params: Value) -> Option<T> {
    serde_json::from_value(params).ok()
}

/// The path a client means, resolved.
fn path_for(uri: &Uri) -> Option<PathBuf> {
    path_of(uri).map(|path| resolved(&path))
}
