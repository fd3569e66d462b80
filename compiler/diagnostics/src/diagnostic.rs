//! A diagnostic as a value.

use crate::codes::Code;
use crate::{Severity, Span};

/// What is wrong, where, why and what to do.
///
/// The first label is the primary one and says what; further labels say why. `notes` explain,
/// `help` says what to type.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// The row of the table.
    pub code: &'static Code,
    /// The fact in the user's words, at most a line.
    pub message: String,
    /// Places; the first is the primary one.
    pub labels: Vec<Label>,
    /// Explanations.
    pub notes: Vec<String>,
    /// What to do next.
    pub help: Vec<String>,
    /// Edits that a program can make.
    pub fixes: Vec<Fix>,
    /// How many times the same fault was met; 1 for most.
    pub count: u32,
    /// What is to be said of the place instead where nobody wants to hear of this code.
    pub weaker: Option<Box<Diagnostic>>,
}

/// A place and what is to be said there.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is said there, may be empty.
    pub text: String,
}

/// A change that removes the fault.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// What it does, as an order: "insert a comma".
    pub title: String,
    /// Who may apply it.
    pub applicability: Applicability,
    /// The edits, which do not overlap.
    pub edits: Vec<Edit>,
}

/// Replaces a place by a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// The place.
    pub span: Span,
    /// The new text.
    pub text: String,
}

/// Who may apply a fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applicability {
    /// Keeps the meaning that was surely intended.
    Safe,
    /// A guess; a person should look.
    Unsafe,
    /// To be shown only.
    Display,
}

impl Diagnostic {
    /// Makes a diagnostic at its primary place.
    pub fn new(code: &'static Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            labels: vec![Label {
                span,
                text: String::new(),
            }],
            notes: Vec::new(),
            help: Vec::new(),
            fixes: Vec::new(),
            count: 1,
            weaker: None,
        }
    }

    /// Says something at the primary place.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        if let Some(primary) = self.labels.first_mut() {
            primary.text = text.into();
        }
        self
    }

    /// Adds a further place.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Adds an explanation.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Adds what to do, where something is known.
    #[must_use]
    pub fn help_if(self, text: Option<String>) -> Self {
        match text {
            Some(text) => self.help(text),
            None => self,
        }
    }

    /// Adds a fix of one edit.
    #[must_use]
    pub fn fix(
        mut self,
        title: impl Into<String>,
        applicability: Applicability,
        span: Span,
        text: impl Into<String>,
    ) -> Self {
        let edits = vec![Edit {
            span,
            text: text.into(),
        }];
        self.fixes.push(Fix {
            title: title.into(),
            applicability,
            edits,
        });
        self
    }

    /// Speaks for a warning of the same place that is the smaller one, with the advice and the
    /// fixes of that one.
    pub fn speak_for(&mut self, weaker: Self) {
        self.help.clone_from(&weaker.help);
        self.fixes.clone_from(&weaker.fixes);
        self.weaker = Some(Box::new(weaker));
    }

    /// The same in a text that has changed: `place` says where a span is now, if it still is. Without its
    /// primary place nothing is left; other labels and fixes that lost theirs are left out.
    pub fn moved(&self, place: impl Fn(Span) -> Option<Span>) -> Option<Self> {
        self.moved_by(&place)
    }

    fn moved_by(&self, place: &dyn Fn(Span) -> Option<Span>) -> Option<Self> {
        let primary = self.labels.first()?;
        place(primary.span)?;
        let labels = self.labels.iter().filter_map(|label| {
            let span = place(label.span)?;
            Some(Label {
                span,
                ..label.clone()
            })
        });
        let fixes = self.fixes.iter().filter_map(|fix| {
            let edits = fix.edits.iter().map(|edit| {
                let span = place(edit.span)?;
                Some(Edit { span, ..edit.clone() })
            });
            let edits = edits.collect::<Option<Vec<Edit>>>()?;
            Some(Fix { edits, ..fix.clone() })
        });
        let weaker = self.weaker.as_ref().and_then(|weaker| weaker.moved_by(place));
        Some(Self {
            labels: labels.collect(),
            fixes: fixes.collect(),
            weaker: weaker.map(Box::new),
            ..self.clone()
        })
    }

    /// Returns the severity of the code.
    pub fn severity(&self) -> Severity {
        self.code.severity
    }

    /// Returns the primary place.
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }
}
