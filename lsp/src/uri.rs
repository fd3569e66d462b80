//! Paths as clients write them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use gen_lsp_types::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// What stays as it is in a path: RFC 3986's unreserved characters and the slash.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Returns the absolute path of a `file:` URI; nothing for other schemes and hosts.
pub(crate) fn path_of(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.as_ref().strip_prefix("file://")?;
    let rest = rest.strip_prefix("localhost").unwrap_or(rest);
    let path: Vec<u8> = percent_decode_str(rest).collect();
    let path = PathBuf::from(OsStr::from_bytes(&path));
    (path.is_absolute() && !path.as_os_str().as_bytes().contains(&0)).then_some(path)
}

/// Returns the URI of an absolute path.
pub(crate) fn uri_of(path: &Path) -> Uri {
    let path = percent_encode(path.as_os_str().as_bytes(), ENCODED);
    Uri::from(format!("file://{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_back() {
        for path in ["/a/b.aur", "/with space/ä#%.aur", "/"] {
            assert_eq!(
                path_of(&uri_of(Path::new(path))),
                Some(PathBuf::from(path)),
                "{path}"
            );
        }
        assert_eq!(
            uri_of(Path::new("/a b/ä.aur")).as_ref(),
            "file:///a%20b/%C3%A4.aur"
        );
    }

    #[test]
    fn other_uris_have_no_path() {
        for uri in [
            "untitled:Untitled-1",
            "http://x/a.aur",
            "file://host/a.aur",
            "file:///a%00b",
            "",
        ] {
            assert_eq!(path_of(&Uri::from(uri)), None, "{uri}");
        }
    }
}
