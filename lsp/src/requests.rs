//! Requests, one method in each file: what it is called, and whether an answer outlives a change of the text.

mod ask;
mod code_action;
mod code_lens;
mod completion;
mod convert;
mod definition;
mod diagnostic;
mod execute;
mod folding;
mod formatting;
mod highlight;
mod hints;
mod hover;
mod links;
mod references;
mod rename;
mod selection;
mod semantic_tokens;
mod signature_help;
mod symbols;
mod uses;
mod will_rename;
mod workspace_diagnostic;

use std::path::PathBuf;

use crossbeam_channel::Sender;
use gen_lsp_types as lsp;
use gen_lsp_types::Request;
use lsp_server::{ErrorCode, Message, Notification};
use serde_json::{Value, json};

use crate::snapshot::{Snapshot, resolved};
use crate::uri::path_of;

pub(crate) use diagnostic::by_file as diagnostics_by_file;
pub(crate) use execute::COMMANDS;
pub(crate) use semantic_tokens::{KINDS, MODIFIERS};

/// What becomes of a request whose text changes before it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stale {
    /// It was about a place that may be another one now.
    Refused,
    /// It was about the whole file: it is asked again of the new text.
    Again,
}

/// How a method is answered.
#[derive(Clone, Copy)]
pub(crate) struct Handler {
    pub(crate) stale: Stale,
    pub(crate) run: fn(&Snapshot, Value) -> Result<Value, Failure>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
    /// Whether it is a fault of the server.
    pub(crate) is_ours: bool,
}

impl Failure {
    /// The request cannot be done, and the user should know why.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self {
            code: ErrorCode::RequestFailed,
            message: message.into(),
            is_ours: false,
        }
    }

    pub(crate) fn panicked() -> Self {
        Self {
            code: ErrorCode::InternalError,
            message: "an internal error, which the error output of the server tells more about".to_string(),
            is_ours: true,
        }
    }
}

/// What a method answers.
type Answer<T> = Result<T, Failure>;

fn call<R: Request>(
    answer: fn(&Snapshot, R::Params) -> Answer<R::Result>,
    snapshot: &Snapshot,
    params: Value,
) -> Result<Value, Failure> {
    let params: R::Params = serde_json::from_value(params).map_err(|error| Failure {
        code: ErrorCode::InvalidParams,
        message: error.to_string(),
        is_ours: false,
    })?;
    let result = answer(snapshot, params)?;
    serde_json::to_value(result).map_err(|error| Failure {
        code: ErrorCode::InternalError,
        message: error.to_string(),
        is_ours: true,
    })
}

macro_rules! methods {
    ($($request:ident $stale:ident $answer:path;)*) => {
        /// Returns how a method is answered, if it is.
        pub(crate) fn find(method: &str) -> Option<Handler> {
            $(
                if method == lsp::$request::METHOD.as_str() {
                    let run = |snapshot: &Snapshot, params| call::<lsp::$request>($answer, snapshot, params);
                    return Some(Handler { stale: Stale::$stale, run });
                }
            )*
            None
        }
    };
}

methods! {
    CodeActionRequest           Refused code_action::answer;
    CodeActionResolveRequest    Again   code_action::resolve;
    CodeLensRequest             Again   code_lens::answer;
    CompletionRequest           Refused completion::answer;
    CompletionResolveRequest    Again   completion::resolve;
    DefinitionRequest           Refused definition::answer;
    DocumentDiagnosticRequest   Again   diagnostic::answer;
    DocumentFormattingRequest   Refused formatting::whole;
    DocumentHighlightRequest    Refused highlight::answer;
    DocumentLinkRequest         Again   links::answer;
    DocumentOnTypeFormattingRequest Refused formatting::on_newline;
    DocumentRangeFormattingRequest  Refused formatting::range;
    DocumentSymbolRequest       Again   symbols::of_document;
    ExecuteCommandRequest       Again   execute::answer;
    FoldingRangeRequest         Again   folding::answer;
    HoverRequest                Refused hover::answer;
    InlayHintRequest            Refused hints::answer;
    PrepareRenameRequest        Refused rename::prepare;
    ReferencesRequest           Refused references::answer;
    RenameRequest               Refused rename::answer;
    SelectionRangeRequest       Refused selection::answer;
    SemanticTokensDeltaRequest  Again   semantic_tokens::delta;
    SemanticTokensRangeRequest  Refused semantic_tokens::range;
    SemanticTokensRequest       Again   semantic_tokens::full;
    SignatureHelpRequest        Refused signature_help::answer;
    TypeDefinitionRequest       Refused definition::of_type;
    WillRenameFilesRequest      Again   will_rename::answer;
    WorkspaceDiagnosticRequest  Again   workspace_diagnostic::answer;
    WorkspaceSymbolRequest      Again   symbols::of_workspace;
}

/// The document whose diagnostics a request is about.
pub(crate) fn diagnosed(method: &str, params: &Value) -> Option<PathBuf> {
    let uri = params.pointer("/textDocument/uri")?.as_str()?;
    let is_one = method == lsp::DocumentDiagnosticRequest::METHOD.as_str();
    is_one.then(|| path_of(&lsp::Uri::from(uri.to_string())).map(|path| resolved(&path)))?
}

/// Tells the client when work begins and ends that it gave a token for.
pub(crate) fn with_progress<T>(client: &Sender<Message>, params: &Value, work: impl FnOnce() -> T) -> T {
    let Some(token) = params.get("workDoneToken").filter(|token| !token.is_null()) else {
        return work();
    };
    let tell = |value: Value| {
        let params = json!({ "token": token, "value": value });
        let _ = client.send(Notification::new("$/progress".to_string(), params).into());
    };
    tell(json!({ "kind": "begin", "title": "aur" }));
    let done = work();
    tell(json!({ "kind": "end" }));
    done
}
