//! What is said about names that are not bound, texts that need themselves, and values that are no text.

use aur_diagnostics::{Applicability, Diagnostic, Span, codes, nearest};
use smol_str::SmolStr;

use super::find::{Part, Partial};
use super::frames::{Env, Frame};
use super::{Judge, Key};
use crate::eval::Compiler;
use crate::value::{Kind, Value, describe};

/// Texts on the way to an open name that are shown.
const MAX_HOPS: usize = 4;

impl<'p> Compiler<'p> {
    pub(super) fn report_open(
        &mut self,
        address: &[Part],
        partial: Option<Partial<'p>>,
        env: &Env<'p>,
        judge: Judge,
        span: Span,
        name: &str,
    ) {
        if self.keeps_open && matches!(judge, Judge::Job(_)) {
            return;
        }
        let Some(root) = address.first() else { return };
        // What a default of the standard library lacks was mostly reported where it was left out.
        if self.is_prelude(span) && self.sink.has_errors() {
            return;
        }
        // A required field that a job lacks is reported once, where its struct is made.
        if let Some(Partial::Unset(decl, field)) = &partial
            && matches!(judge, Judge::Job(_))
            && decl.requires(field)
            && self.sink.has_errors()
        {
            return;
        }
        let message = match judge {
            Judge::Known => format!("`{name}` is not known here: the text is used as an operand"),
            Judge::Later | Judge::Job(_) => format!("`{name}` is not bound"),
        };
        let mut error = Diagnostic::new(&codes::open_name, span, message);
        let visible = self.names_in(env);
        let (label, help) = match partial {
            Some(Partial::NoField(decl, field)) => {
                let near = nearest(&field, decl.fields.iter().map(|field| field.name.as_str())).map(|near| format!("did you mean `{near}`?"));
                if !self.is_prelude(decl.span) {
                    error = error.also(decl.span, format!("`{}` is declared here", decl.name));
                }
                (format!("`{}` has no field `{field}`", decl.name), near)
            }
            Some(Partial::Unset(decl, field)) => (
                format!("`{field}` of this {} is not set", decl.name),
                Some(format!("set it, or say what to do without it: `{{{{#{name}}}}}..{{{{/{name}}}}}`")),
            ),
            Some(Partial::Other(text)) => (text, None),
            None if matches!(root.text.as_str(), "aur" | "thermos" | "mesos") => (
                "not a runtime name".to_string(),
                Some("the runtime names are aur.hostname, aur.instance, aur.ports[name], aur.sandbox, aur.task_id, aur.user".to_string()),
            ),
            None => ("nothing in scope has this name".to_string(), self.open_help(&root.text, &visible, span)),
        };
        error = error.label(label);
        // From the text that lacks the name outward to the one the job uses.
        for (place, _) in self.resolver.trail.iter().rev().take(MAX_HOPS) {
            let asked = self.program.sources.text(*place);
            error = error.also(*place, format!("its text is put in by `{asked}`"));
        }
        if let Judge::Job(job) = judge {
            error = error.also(job, "needed by this job");
        }
        self.sink
            .push(match nearest(&root.text, visible.iter().map(SmolStr::as_str)) {
                Some(near)
                    if address.len() == 1
                        && help
                            .as_deref()
                            .is_some_and(|help| help.starts_with("did you mean")) =>
                {
                    error.help(format!("did you mean `{near}`?")).fix(
                        format!("write `{near}`"),
                        Applicability::Unsafe,
                        span,
                        near,
                    )
                }
                _ => error.help_if(help),
            });
    }

    fn open_help(&self, root: &SmolStr, visible: &[SmolStr], span: Span) -> Option<String> {
        let module = self
            .program
            .modules
            .iter()
            .position(|module| module.file == span.file)
            .unwrap_or(0);
        if self.program.lookup(module as u32, root).is_some() || root.len() <= 2 {
            return Some(format!(
                "texts see bindings and fields, not names of the file: add `.bind({root} = {root})`"
            ));
        }
        if let Some(near) = nearest(root, visible.iter().map(SmolStr::as_str)) {
            return Some(format!("did you mean `{near}`?"));
        }
        let own = self
            .program
            .modules
            .get(module)?
            .names
            .keys()
            .map(SmolStr::as_str);
        let Some(near) = nearest(root, own) else {
            return Some(format!(
                "give it: `.bind({root} = ..)` on the value or around it, or `input {root}: String` in the file"
            ));
        };
        Some(format!(
            "did you mean `{near}`? texts see bindings and fields, not names of the file: add `.bind({near} = {near})`"
        ))
    }

    fn names_in(&self, env: &Env<'p>) -> Vec<SmolStr> {
        let mut names = Vec::new();
        for node in std::iter::successors(Some(env), |node| node.next.as_ref()) {
            match &node.frame {
                Frame::Bindings(bindings) => names.extend(bindings.iter().map(|(name, _)| name.clone())),
                Frame::Attributes(inner) => {
                    names.extend(inner.decl.fields.iter().map(|field| field.name.clone()))
                }
                Frame::Element(_) => {}
                Frame::Inputs(_) => names.extend(self.inputs.keys().cloned()),
            }
        }
        names
    }

    pub(super) fn report_cycle(&mut self, id: (Key, usize), span: Span) {
        let start = self
            .resolver
            .trail
            .iter()
            .position(|(_, own)| own.0.0 == id.0.0)
            .unwrap_or(0);
        let mut hops: Vec<Span> = Vec::new();
        for (place, _) in self.resolver.trail.iter().skip(start) {
            if !hops.contains(place) {
                hops.push(*place);
            }
        }
        let Some(first) = hops.first().copied() else {
            self.sink.push(Diagnostic::new(
                &codes::template_cycle,
                span,
                "this text refers to itself",
            ));
            return;
        };
        // One circle is met from each of its members; it is told from the place that stands first.
        let turn = hops
            .iter()
            .enumerate()
            .min_by_key(|(_, hop)| (hop.file, hop.start))
            .map_or(0, |(turn, _)| turn);
        hops.rotate_left(turn);
        let names: Vec<String> = hops
            .iter()
            .map(|hop| self.program.sources.text(*hop).to_string())
            .collect();
        let path = names
            .iter()
            .chain(names.first())
            .cloned()
            .collect::<Vec<_>>()
            .join(" -> ");
        let place = hops.first().copied().unwrap_or(first);
        let mut error = Diagnostic::new(
            &codes::template_cycle,
            place,
            format!("texts refer to each other: {path}"),
        )
        .label("this needs itself")
        .help(match hops.len() {
            1 => "a field is nearer than a binding of the same name; rename one of them",
            _ => "write one of these texts without the others",
        });
        for hop in hops.iter().skip(1) {
            error = error.also(*hop, "by way of this name");
        }
        self.sink.push(error);
    }

    pub(super) fn report_not_a_text(&mut self, kind: &Kind<'p>, value: &Value<'p>, span: Span) {
        let help = match kind {
            Kind::List(_) => "name an element: `{{list[0]}}`, or go through all: `{{#list}}{{.}} {{/list}}`",
            _ => "name a field of it: `{{name.field}}`",
        };
        let mut error = Diagnostic::new(
            &codes::not_a_text,
            span,
            format!("{} cannot stand in a text", describe(kind)),
        )
        .help(help);
        if value.span != span && value.span != crate::eval::NOWHERE {
            error = error.also(value.span, "the value comes from here");
        }
        self.sink.push(error);
    }
}
