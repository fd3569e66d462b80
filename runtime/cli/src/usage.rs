//! What confines a task and what it used, as text.

use aur_machine::{Isolation, TaskView, Usage};
use aur_render::clean;

/// What is not enforced, in a line of its own.
pub(crate) fn note(isolation: Option<&Isolation>) -> Option<String> {
    let note = isolation?.note.as_ref()?;
    Some(format!("  note: {}", clean(note)))
}

/// The lines of `aur status` about limits and use.
pub(crate) fn status_lines(view: &TaskView) -> String {
    let used = view.usage.as_ref().map(used);
    let lines = used.into_iter().chain(note(view.isolation.as_ref()));
    lines.map(|line| format!("{line}\n")).collect()
}

fn used(usage: &Usage) -> String {
    let mut parts = vec![format!("{:.1} s of processor", usage.cpu_seconds)];
    if usage.ram_peak_bytes > 0 {
        parts.push(format!("{} of memory at most", size(usage.ram_peak_bytes)));
    }
    parts.push(format!("{} of disk", size(usage.disk_bytes)));
    if let Some(throttled) = usage.throttled.as_ref().filter(|throttled| throttled.periods > 0) {
        parts.push(format!("held back for {:.1} s", throttled.seconds));
    }
    if let Some(seconds) = usage.disk_every_seconds {
        parts.push(format!("disk measured every {seconds} s"));
    }
    format!("  used: {}", parts.join(", "))
}

/// A number of bytes for people.
pub(crate) fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut unit = "bytes";
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    let digits = usize::from(value.fract() > 0.0 && value < 100.0);
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use aur_machine::Throttled;

    use super::*;

    #[test]
    fn use_and_limits_in_words() {
        let usage = Usage {
            cpu_seconds: 1.26,
            ram_peak_bytes: 12 << 20,
            disk_bytes: 4096 + 512,
            throttled: Some(Throttled {
                periods: 3,
                seconds: 0.25,
            }),
            disk_every_seconds: Some(12),
            ..Usage::default()
        };
        assert_eq!(
            used(&usage),
            "  used: 1.3 s of processor, 12 MiB of memory at most, 4.5 KiB of disk, held back for 0.2 s, \
             disk measured every 12 s"
        );
        assert_eq!(
            used(&Usage::default()),
            "  used: 0.0 s of processor, 0 bytes of disk"
        );
        let isolation = Isolation {
            note: Some("memory is not limited: \u{1b}[1m".to_string()),
            ..Isolation::default()
        };
        assert_eq!(
            note(Some(&isolation)).unwrap(),
            format!("  note: {}", clean("memory is not limited: \u{1b}[1m"))
        );
        assert_eq!(note(Some(&Isolation::default())), None);
    }
}
