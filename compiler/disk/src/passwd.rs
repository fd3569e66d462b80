//! The name of the user without the name service.
//!
//! The lookups of libc can open sockets and load modules, which must not happen on behalf of a program;
//! so `/etc/passwd` is read and taken apart here.

use std::fs;

/// Returns the name of the user who runs this, from `/etc/passwd`.
pub(crate) fn user_name() -> Option<String> {
    let table = fs::read("/etc/passwd").ok()?;
    name_of(&table, nix::unistd::getuid().as_raw())
}

/// Finds the first line with this user number; damaged lines and names that are not UTF-8 are passed over.
fn name_of(table: &[u8], uid: u32) -> Option<String> {
    table.split(|byte| *byte == b'\n').find_map(|line| {
        let mut parts = line.split(|byte| *byte == b':');
        let name = std::str::from_utf8(parts.next()?).ok()?;
        let number = std::str::from_utf8(parts.nth(1)?).ok()?;
        (!name.is_empty() && number.parse() == Ok(uid)).then(|| name.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_good_line_with_the_number_counts() {
        let table = b"root:x:0:0:root:/root:/bin/sh\n\n# note\nshort:x\n:x:7::\n\xff:x:7::\nann:x:7:7::/:\nbob:x:7:7::/:";
        assert_eq!(name_of(table, 0).as_deref(), Some("root"));
        assert_eq!(name_of(table, 7).as_deref(), Some("ann"));
        assert_eq!(name_of(table, 8), None);
        assert_eq!(name_of(b"", 0), None);
    }
}
