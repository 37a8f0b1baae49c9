//! Which request paths are looked at, at all.
//!
//! The router decodes `%61dmin` to `admin` before it compares. A proxy in front that guards `/admin` by its text would
//! be walked around that way, and so by dot segments and by two slashes where one is meant. None of our URLs needs any of
//! it: what has a second reading is not found.

/// Whether `path`, as it stands in the request line, has one reading only.
pub(crate) fn has_one_reading(path: &str) -> bool {
    let segments = path.strip_prefix('/').unwrap_or(path);
    let plain = |segment: &str| !matches!(segment, "." | "..");
    (segments.is_empty() || segments.split('/').all(plain))
        && !path.contains("//")
        && !path.contains('\\')
        && decoded(path).is_some()
}

/// The text behind the percent signs, if each of them was needed: it encodes no character that stands for itself, none
/// that separates segments, no control character, and text in UTF-8.
fn decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        let byte = match (first, rest) {
            (b'%', [high, low, tail @ ..]) => {
                rest = tail;
                needed(hex(*high)? << 4 | hex(*low)?)?
            }
            (b'%', _) => return None,
            (plain, _) => plain,
        };
        bytes.push(byte);
    }
    String::from_utf8(bytes).ok()
}

fn needed(byte: u8) -> Option<u8> {
    let unreserved = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let dangerous = byte.is_ascii_control() || matches!(byte, b'/' | b'\\' | b'%' | b';');
    (!unreserved && !dangerous).then_some(byte)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_our_urls_look_like_is_looked_at() {
        for path in [
            "/",
            "/oauth/token",
            "/.well-known/oauth-authorization-server/tenant.1",
            "/connections/con_01k/disconnect",
            "/admin/v1/users/ada%40example.com",
            "/admin/v1/users/ada%20b",
            "/admin/v1/users/j%C3%BCrgen",
            "/connections/",
            "*",
            "",
        ] {
            assert!(has_one_reading(path), "{path}");
        }
    }

    #[test]
    fn what_a_proxy_may_read_differently_is_not() {
        for path in [
            "/%61dmin/v1/records",
            "/admin%2fv1/records",
            "/admin%2Fv1/records",
            "/admin/v1%5Crecords",
            "/admin\\v1",
            "//admin/v1/records",
            "/oauth//token",
            "/oauth/token//",
            "/x/../admin/v1/records",
            "/./oauth/token",
            "/oauth/token/..",
            "/%2e%2e/admin",
            "/oauth/%2E",
            "/connections/%00/disconnect",
            "/connections/%0d%0aSet-Cookie:x/disconnect",
            "/connections/%7f",
            "/admin%3Bx/v1",
            "/connections/%",
            "/connections/%4",
            "/connections/%zz",
            "/connections/%ff",
            "/connections/%c0%af",
            "/connections/%252e",
        ] {
            assert!(!has_one_reading(path), "{path}");
        }
    }
}
