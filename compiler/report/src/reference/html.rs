//! The reference as one HTML page that needs nothing else: no script, no network.

use aur_compiler::{FieldDoc, FileDoc, ItemDoc, ItemDocKind};
use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};

use super::{Anchors, anchor, deprecation, is_safe, sections, title};

/// Nothing is loaded and nothing runs, whatever the texts hold.
const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
"#;

const STYLE: &str = include_str!("style.css");

/// Writes the reference of a program: its files in order, each with inputs, types and values.
pub fn html(files: &[FileDoc]) -> String {
    let anchors = Anchors::new(files);
    let heading = files.first().map_or("", |file| title(&file.path));
    let mut out = format!(
        "{HEAD}<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        escape(heading)
    );
    contents(files, &mut out);
    out.push_str("<main>\n");
    for file in files {
        let id = anchor(&file.path, "");
        out.push_str(&format!("<h1 id=\"{id}\">{}</h1>\n", escape(title(&file.path))));
        includes(file, files, &mut out);
        for (name, items) in sections(file) {
            out.push_str(&format!("<h2>{name}</h2>\n"));
            for item in items {
                write_item(item, file, &anchors, &mut out);
            }
        }
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn contents(files: &[FileDoc], out: &mut String) {
    out.push_str("<nav>\n");
    for file in files {
        let (id, name) = (anchor(&file.path, ""), escape(title(&file.path)));
        out.push_str(&format!("<p><a href=\"#{id}\">{name}</a></p>\n<ul>\n"));
        for item in sections(file).into_iter().flat_map(|(_, items)| items) {
            let (id, name) = (anchor(&file.path, &item.name), escape(&item.name));
            out.push_str(&format!("<li><a href=\"#{id}\">{name}</a></li>\n"));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</nav>\n");
}

fn includes(file: &FileDoc, files: &[FileDoc], out: &mut String) {
    if file.includes.is_empty() {
        return;
    }
    out.push_str("<ul>\n");
    for (path, alias) in &file.includes {
        let name = match files.iter().any(|other| other.path == *path) {
            true => format!("<a href=\"#{}\">{}</a>", anchor(path, ""), escape(path)),
            false => escape(path),
        };
        let alias = alias.as_ref().map_or(String::new(), |alias| {
            format!(" as <code>{}</code>", escape(alias))
        });
        out.push_str(&format!("<li>includes {name}{alias}</li>\n"));
    }
    out.push_str("</ul>\n");
}

fn write_item(item: &ItemDoc, file: &FileDoc, anchors: &Anchors<'_>, out: &mut String) {
    let id = anchor(&file.path, &item.name);
    let name = escape(&item.name);
    out.push_str(&format!(
        "<section>\n<h3 id=\"{id}\"><a href=\"#{id}\">{name}</a></h3>\n"
    ));
    if let Some(text) = &item.deprecated {
        out.push_str(&format!(
            "<p class=\"deprecated\">{}</p>\n",
            escape(&deprecation(text))
        ));
    }
    if let Some(doc) = &item.doc {
        out.push_str(&rendered(doc));
    }
    match &item.kind {
        ItemDocKind::Struct { fields, checks } => write_struct(fields, checks, anchors, out),
        ItemDocKind::Enum(members) if members.iter().any(|(_, doc)| doc.is_some()) => {
            out.push_str("<table>\n<tr><th>member</th><th></th></tr>\n");
            for (member, doc) in members {
                let doc = doc.as_ref().map_or(String::new(), |doc| rendered(doc));
                out.push_str(&format!(
                    "<tr><td>{}</td><td>{}</td></tr>\n",
                    code(member),
                    doc.trim_end()
                ));
            }
            out.push_str("</table>\n");
        }
        ItemDocKind::Enum(members) => {
            let members: Vec<String> = members.iter().map(|(member, _)| code(member)).collect();
            out.push_str(&format!("<p>One of {}.</p>\n", members.join(", ")));
        }
        ItemDocKind::Alias(type_text) => {
            out.push_str(&format!("<p>{}</p>\n", typed(type_text, anchors)));
        }
        ItemDocKind::Input { type_text, default } => {
            let default = match default {
                Some(default) => format!(", default {}", code(default)),
                None if type_text.ends_with('?') => String::new(),
                None => ", required".to_string(),
            };
            out.push_str(&format!("<p>{}{default}</p>\n", typed(type_text, anchors)));
        }
        ItemDocKind::Value { type_text } => {
            if let Some(text) = type_text {
                out.push_str(&format!("<p>{}</p>\n", typed(text, anchors)));
            }
        }
    }
    out.push_str("</section>\n");
}

fn write_struct(
    fields: &[FieldDoc],
    checks: &[(String, Option<String>)],
    anchors: &Anchors<'_>,
    out: &mut String,
) {
    if !fields.is_empty() {
        out.push_str("<table>\n<tr><th>field</th><th>type</th><th>default</th><th></th></tr>\n");
    }
    for field in fields {
        let default = match &field.default {
            Some(default) => code(default),
            None if field.is_required => "required".to_string(),
            None => String::new(),
        };
        let deprecated = field.deprecated.as_ref().map_or(String::new(), |text| {
            format!("<p class=\"deprecated\">{}</p>", escape(&deprecation(text)))
        });
        let doc = field.doc.as_ref().map_or(String::new(), |doc| rendered(doc));
        out.push_str(&format!(
            "<tr><td>{}</td><td>{}</td><td>{default}</td><td>{deprecated}{}</td></tr>\n",
            code(&field.name),
            typed(&field.type_text, anchors),
            doc.trim_end()
        ));
    }
    if !fields.is_empty() {
        out.push_str("</table>\n");
    }
    for (rule, message) in checks {
        let message = message
            .as_ref()
            .map_or(String::new(), |text| format!(": {}", escape(text)));
        out.push_str(&format!("<p>check {}{message}</p>\n", code(rule)));
    }
}

fn typed(type_text: &str, anchors: &Anchors<'_>) -> String {
    let pieces = anchors.pieces(type_text);
    let pieces = pieces.iter().map(|(text, anchor)| match anchor {
        Some(anchor) => format!("<a href=\"#{anchor}\">{}</a>", escape(text)),
        None => escape(text),
    });
    format!("<code>{}</code>", pieces.collect::<String>())
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}

fn escape(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
    out
}

/// The Markdown of a doc comment as HTML: HTML in it is text, images are their descriptions, and links
/// lead to pages, mail and anchors only.
fn rendered(doc: &str) -> String {
    let events = Parser::new(doc).map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
        Event::Start(Tag::Link { dest_url, .. }) if !is_safe(&dest_url) => Event::Start(Tag::Emphasis),
        Event::Start(Tag::Image { .. }) => Event::Start(Tag::Emphasis),
        Event::End(TagEnd::Image) => Event::End(TagEnd::Emphasis),
        Event::Start(Tag::Heading { .. }) => Event::Start(Tag::Heading {
            level: HeadingLevel::H4,
            id: None,
            classes: Vec::new(),
            attrs: Vec::new(),
        }),
        Event::End(TagEnd::Heading(_)) => Event::End(TagEnd::Heading(HeadingLevel::H4)),
        event => event,
    });
    let mut out = String::new();
    pulldown_cmark::html::push_html(&mut out, matched(events.collect()).into_iter());
    out
}

/// Gives the end of a link that was taken out the form of its start.
fn matched(events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    let mut open = Vec::new();
    let mut out = Vec::with_capacity(events.len());
    for event in events {
        match &event {
            Event::Start(tag) => open.push(tag.to_end()),
            Event::End(_) => {
                if let Some(end) = open.pop() {
                    out.push(Event::End(end));
                    continue;
                }
            }
            _ => {}
        }
        out.push(event);
    }
    out
}
