//! What a fault of a program of ours looks like.

use std::io::Write;
use std::panic::{self, PanicHookInfo};

/// Makes a panic tell the user that it is not their fault, and how to report it. The program then ends
/// with 101.
pub fn install_panic_hook(program: &'static str) {
    panic::set_hook(Box::new(move |info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let text = panic_text(program, &message_of(info), &place);
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }));
}

fn message_of(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
        .to_string()
}

fn panic_text(program: &str, message: &str, place: &str) -> String {
    format!(
        "{program}: internal error: {}\n  at {place}, version {}\n\
         This is a fault of {program}, not of your program. Please report it with these lines, the command,\n\
         and the smallest program that shows it.\n",
        aur_render::clean(message),
        env!("CARGO_PKG_VERSION"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_asks_for_a_report() {
        insta::assert_snapshot!(panic_text("aurc", "index\nout of bounds", "core/src/a.rs:1:2"), @r"
        aurc: internal error: index\nout of bounds
          at core/src/a.rs:1:2, version 0.1.0
        This is a fault of aurc, not of your program. Please report it with these lines, the command,
        and the smallest program that shows it.
        ");
    }
}
