//! Names for signing in.

/// The text cannot be a user name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a user name is 1 to 128 of the characters a-z 0-9 . _ - + @, in either case")]
pub struct InvalidUsername;

/// The one spelling of a name. ASCII only: no two names look or normalise alike (ATK-42).
pub(crate) fn normalise(name: &str) -> Result<String, InvalidUsername> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+' | b'@');
    if (1..=128).contains(&name.len()) && name.bytes().all(allowed) {
        Ok(name.to_ascii_lowercase())
    } else {
        Err(InvalidUsername)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn atk_42__no_two_names_look_alike() {
        assert_eq!(normalise("Ada@Example.com").unwrap(), "ada@example.com");
        for name in [
            "",
            " ada",
            "ada ",
            "аda",
            "ad\u{e9}",
            "ade\u{301}",
            "ada\u{200b}",
            "a\0",
            "ada\n",
            &"a".repeat(129),
        ] {
            assert_eq!(normalise(name), Err(InvalidUsername), "{name:?}");
        }
    }
}
