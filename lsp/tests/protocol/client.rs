//! A client that asks, waits for what it wants to see, and shows it as text.

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use aur_lsp::{Ended, serve};
use lsp_server::{Connection, Message, Notification, Request, RequestId, ResponseError};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Nothing takes this long; a test that waits for what does not come ends with a message.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Client {
    connection: Connection,
    server: Option<JoinHandle<Result<Ended, String>>>,
    folder: TempDir,
    asked: i32,
    version: i32,
    /// Messages that came while another was waited for.
    kept: Vec<Message>,
}

impl Client {
    /// A folder with files, and a client that has opened nothing yet.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        Self::with(files, json!({}))
    }

    pub(crate) fn with(files: &[(&str, &str)], capabilities: Value) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("aur.toml"), "").expect("a project");
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        let (ours, theirs) = Connection::memory();
        let server = std::thread::spawn(move || serve(&theirs));
        let mut client = Self {
            connection: ours,
            server: Some(server),
            folder,
            asked: 0,
            version: 0,
            kept: Vec::new(),
        };
        let root = client.uri("");
        let params = json!({ "capabilities": capabilities, "rootUri": root, "processId": null });
        client.ask("initialize", params);
        client.tell("initialized", json!({}));
        client
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        let root = self.folder.path().canonicalize().expect("the folder");
        if name.is_empty() { root } else { root.join(name) }
    }

    pub(crate) fn uri(&self, name: &str) -> String {
        format!("file://{}", self.path(name).display())
    }

    pub(crate) fn tell(&self, method: &str, params: Value) {
        let message = Notification::new(method.to_string(), params);
        self.connection.sender.send(message.into()).expect("a server");
    }

    /// Sends a request and does not wait.
    pub(crate) fn begin(&mut self, method: &str, params: Value) -> RequestId {
        self.asked += 1;
        let id = RequestId::from(self.asked);
        let request = Request::new(id.clone(), method.to_string(), params);
        self.connection.sender.send(request.into()).expect("a server");
        id
    }

    /// Waits for the answer of a request.
    pub(crate) fn answer(&mut self, id: &RequestId) -> Result<Value, ResponseError> {
        let message = self.wait(|message| matches!(message, Message::Response(own) if own.id == *id));
        match message {
            Message::Response(response) => response.response_result,
            Message::Request(_) | Message::Notification(_) => unreachable!("waited for a response"),
        }
    }

    /// Asks, and returns the answer, which must be one.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.begin(method, params);
        self.answer(&id)
            .unwrap_or_else(|error| panic!("{method}: {error:?}"))
    }

    /// Opens a file with the text of the disk.
    pub(crate) fn open(&mut self, name: &str) {
        let text = std::fs::read_to_string(self.path(name)).expect("a file");
        self.version += 1;
        let item = json!({
            "uri": self.uri(name), "languageId": "aur", "version": self.version, "text": text,
        });
        self.tell("textDocument/didOpen", json!({ "textDocument": item }));
    }

    /// Opens a file, and returns the parameters of a question about the first `word` in it.
    pub(crate) fn at(&mut self, name: &str, word: &str) -> Value {
        let text = std::fs::read_to_string(self.path(name)).expect("a file");
        let offset = text.find(word).unwrap_or_else(|| panic!("no {word}"));
        let before = &text[..offset];
        let line = before.matches('\n').count();
        let character = before.rsplit('\n').next().unwrap_or("").encode_utf16().count();
        json!({
            "textDocument": { "uri": self.uri(name) },
            "position": { "line": line, "character": character },
        })
    }

    /// Places as `file:line:column-column`, a line each.
    pub(crate) fn places(&self, locations: &Value) -> String {
        let mut out = String::new();
        for own in locations.as_array().into_iter().flatten() {
            let name = own["uri"]
                .as_str()
                .unwrap_or("")
                .rsplit('/')
                .next()
                .unwrap_or("")
                .to_string();
            let range = &own["range"];
            let at = |end: &str, part: &str| range[end][part].as_u64().unwrap_or(0) + 1;
            let (line, from, to) = (
                at("start", "line"),
                at("start", "character"),
                at("end", "character"),
            );
            // Lines of the library move with each change of it.
            out += &match name.as_str() {
                "prelude.aur" => "prelude.aur\n".to_string(),
                name => format!("{name}:{line}:{from}-{to}\n"),
            };
        }
        out
    }

    /// The files after the edits of an answer, those that change.
    pub(crate) fn edited(&self, edit: &Value) -> String {
        let mut out = String::new();
        let mut files: Vec<_> = edit["changes"].as_object().expect("changes").iter().collect();
        files.sort_by_key(|(uri, _)| uri.to_string());
        for (uri, edits) in files {
            let path = uri.strip_prefix("file://").expect("a file");
            let text = std::fs::read_to_string(path).expect("a file");
            out += &format!(
                "//- {}\n{}",
                path.rsplit('/').next().unwrap_or(""),
                applied(&text, edits)
            );
        }
        out
    }

    /// Gives an open file another text.
    pub(crate) fn change(&mut self, name: &str, changes: Value) -> i32 {
        self.version += 1;
        let document = json!({ "uri": self.uri(name), "version": self.version });
        let params = json!({ "textDocument": document, "contentChanges": changes });
        self.tell("textDocument/didChange", params);
        self.version
    }

    /// Waits for the diagnostics of any version of a file.
    pub(crate) fn first_diagnostics(&mut self, name: &str) -> String {
        let newest = std::mem::take(&mut self.version);
        let found = self.diagnostics(name);
        self.version = newest;
        found
    }

    /// Waits for the diagnostics of the newest version of a file: `line:col code message`, a line each.
    pub(crate) fn diagnostics(&mut self, name: &str) -> String {
        let (uri, version) = (self.uri(name), self.version);
        let message = self.wait(|message| match message {
            Message::Notification(own) => {
                own.method == "textDocument/publishDiagnostics"
                    && own.params["uri"] == uri
                    && own.params["version"]
                        .as_i64()
                        .is_none_or(|own| own >= version.into())
            }
            Message::Request(_) | Message::Response(_) => false,
        });
        let Message::Notification(own) = message else {
            unreachable!("waited for a notification");
        };
        shown(&own.params["diagnostics"])
    }

    /// Waits until the server asks for something.
    pub(crate) fn told(&mut self, method: &str) {
        self.wait(|message| matches!(message, Message::Request(own) if own.method == method));
    }

    fn wait(&mut self, is_wanted: impl Fn(&Message) -> bool) -> Message {
        if let Some(at) = self.kept.iter().position(&is_wanted) {
            return self.kept.remove(at);
        }
        loop {
            let message = match self.connection.receiver.recv_timeout(PATIENCE) {
                Ok(message) => message,
                Err(error) => panic!("{error}; what came: {:#?}", self.kept),
            };
            if is_wanted(&message) {
                return message;
            }
            self.kept.push(message);
        }
    }

    /// Messages of a method that came so far.
    pub(crate) fn came(&self, method: &str) -> usize {
        let is_one = |message: &&Message| match message {
            Message::Request(own) => own.method == method,
            Message::Notification(own) => own.method == method,
            Message::Response(_) => false,
        };
        self.kept.iter().filter(is_one).count()
    }

    /// Leaves as the protocol asks.
    pub(crate) fn leave(mut self) -> Ended {
        self.ask("shutdown", Value::Null);
        self.tell("exit", Value::Null);
        let server = self.server.take().expect("a server");
        server.join().expect("no panic").expect("no fault")
    }

    /// Goes without a word.
    pub(crate) fn vanish(mut self) -> Ended {
        let server = self.server.take().expect("a server");
        drop(self.connection);
        server.join().expect("no panic").expect("no fault")
    }
}

/// Diagnostics as text.
pub(crate) fn shown(diagnostics: &Value) -> String {
    let mut out = String::new();
    for own in diagnostics.as_array().into_iter().flatten() {
        let at = |end: &str, part: &str| own["range"][end][part].as_u64().unwrap_or(0) + 1;
        out += &format!(
            "{}:{}-{}:{} {} {}\n",
            at("start", "line"),
            at("start", "character"),
            at("end", "line"),
            at("end", "character"),
            own["code"].as_str().unwrap_or("?"),
            own["message"]
                .as_str()
                .unwrap_or("?")
                .lines()
                .next()
                .unwrap_or("")
        );
    }
    out
}

/// A change of everything.
pub(crate) fn whole(text: &str) -> Value {
    json!([{ "text": text }])
}

/// A change of a part: lines and characters from 0.
pub(crate) fn part(from: (u32, u32), to: (u32, u32), text: &str) -> Value {
    let at = |(line, character): (u32, u32)| json!({ "line": line, "character": character });
    json!([{ "range": { "start": at(from), "end": at(to) }, "text": text }])
}

/// Writes a file of the folder.
pub(crate) fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("a file");
}

/// The text after edits, which count columns in UTF-16.
pub(crate) fn applied(text: &str, edits: &Value) -> String {
    let mut out = text.to_string();
    let offset = |end: &Value| {
        let line = end["line"].as_u64().unwrap_or(0) as usize;
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let mut units = end["character"].as_u64().unwrap_or(0) as usize;
        let rest = text[start..].split('\n').next().unwrap_or("");
        let mut bytes = 0;
        for character in rest.chars() {
            if units == 0 {
                break;
            }
            units -= character.len_utf16();
            bytes += character.len_utf8();
        }
        start + bytes
    };
    let mut edits: Vec<(usize, usize, &str)> = edits
        .as_array()
        .into_iter()
        .flatten()
        .map(|edit| {
            let range = &edit["range"];
            (
                offset(&range["start"]),
                offset(&range["end"]),
                edit["newText"].as_str().unwrap_or(""),
            )
        })
        .collect();
    edits.sort();
    for (start, end, new) in edits.into_iter().rev() {
        out.replace_range(start..end, new);
    }
    out
}
