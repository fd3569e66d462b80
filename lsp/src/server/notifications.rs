//! What the client tells: documents, folders, files.

use std::path::Path;
use std::sync::Arc;

use aur_disk::Project;
use gen_lsp_types::{
    DidChangeTextDocumentParams, DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, TextDocumentItem,
};
use lsp_server::{Notification, RequestId};
use serde_json::Value;

use super::{Server, path_for, read};
use crate::documents::Open;
use crate::snapshot::{LARGE, Stage};

impl Server<'_> {
    pub(super) fn notification(&mut self, notification: Notification) {
        let params = notification.params;
        // What cannot be read is as if it had not come: a notification has no answer.
        let _: Option<()> = match notification.method.as_str() {
            "textDocument/didOpen" => self.did_open(params),
            "textDocument/didChange" => self.did_change(params),
            "textDocument/didClose" => self.did_close(params),
            "workspace/didChangeWorkspaceFolders" => self.did_change_folders(params),
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => {
                self.change_all();
                Some(())
            }
            "$/cancelRequest" => self.did_cancel(&params),
            _ => None,
        };
    }

    fn did_open(&mut self, params: Value) -> Option<()> {
        let TextDocumentItem {
            uri, version, text, ..
        } = read::<DidOpenTextDocumentParams>(params)?.text_document;
        let path = path_for(&uri)?;
        // A folder that is not there yet has no project above it: the folder itself is the root then.
        let project = Project::with_text(Vec::new(), Some(&path), None).ok();
        let root = match &project {
            Some(project) => project.root().to_path_buf(),
            None => path.parent()?.to_path_buf(),
        };
        let name = path.strip_prefix(&root).ok()?.to_string_lossy().into_owned();
        let encoding = self.now.client.encoding;
        if text.len() > LARGE {
            let size = text.len() >> 20;
            let message = format!("{name} has {size} MiB: only its syntax is checked while it is edited");
            self.warn(&message);
        }
        let open = Open::new(uri, path.clone(), root, &name, version, text, encoding);
        self.change(path, Some(open));
        Some(())
    }

    fn did_change(&mut self, params: Value) -> Option<()> {
        let params: DidChangeTextDocumentParams = read(params)?;
        let path = path_for(&params.text_document.text_document_identifier.uri)?;
        let open = self.now.open.get(&path)?;
        let encoding = self.now.client.encoding;
        let changed = open.changed(params.text_document.version, params.content_changes, encoding);
        self.change(path, Some(changed));
        Some(())
    }

    fn did_close(&mut self, params: Value) -> Option<()> {
        let params: DidCloseTextDocumentParams = read(params)?;
        let path = path_for(&params.text_document.uri)?;
        self.change(path.clone(), None);
        self.publish(path.clone(), Default::default(), Stage::Whole);
        self.checks.remove(&path);
        self.estimated.retain(|own| *own != path);
        self.now.forget(&path);
        Some(())
    }

    fn did_change_folders(&mut self, params: Value) -> Option<()> {
        let event = read::<DidChangeWorkspaceFoldersParams>(params)?.event;
        let removed: Vec<_> = event
            .removed
            .iter()
            .filter_map(|folder| path_for(&folder.uri))
            .collect();
        let folders = Arc::make_mut(&mut self.now.folders);
        folders.retain(|folder| !removed.contains(folder));
        folders.extend(event.added.iter().filter_map(|folder| path_for(&folder.uri)));
        folders.sort();
        folders.dedup_by(|inner, outer| inner.starts_with::<&Path>(outer.as_ref()));
        self.change_all();
        Some(())
    }

    fn did_cancel(&mut self, params: &Value) -> Option<()> {
        let id = match params.get("id")? {
            Value::Number(number) => RequestId::from(i32::try_from(number.as_i64()?).ok()?),
            Value::String(text) => RequestId::from(text.clone()),
            _ => return None,
        };
        self.cancel(&id);
        Some(())
    }
}
