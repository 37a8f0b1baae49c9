//! `application/x-www-form-urlencoded`, parsed by hand from raw bytes.
//!
//! By hand because the usual parsers merge, drop or replace what OAuth must refuse: repeated parameters (RFC 6749
//! section 3.2), invalid UTF-8, lone `%`.

use std::fmt;

use zeroize::Zeroize;

/// Parsed parameters. Values may be secrets: no `Debug` content, wiped on drop.
pub struct Form {
    parameters: Vec<(String, String)>,
}

/// Why a form is refused. Never repeats input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// A `%` that no two hexadecimal digits follow.
    #[error("a percent sign is not followed by two hexadecimal digits")]
    InvalidPercentEncoding,
    /// Not UTF-8 after decoding.
    #[error("a parameter is not UTF-8")]
    InvalidUtf8,
    /// A zero byte.
    #[error("a parameter contains a zero byte")]
    ZeroByte,
    /// Too many parameters, or one too long.
    #[error("too many parameters, or a parameter is too long")]
    TooLarge,
    /// A parameter that must appear once is repeated.
    #[error("a parameter is repeated")]
    Repeated,
}

impl Form {
    /// Parses a body or a query string.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormError> {
        let mut form = Self {
            parameters: Vec::with_capacity(8),
        };
        for pair in bytes.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
            if form.parameters.len() == MAX_PARAMETERS {
                return Err(FormError::TooLarge);
            }
            let mut halves = pair.splitn(2, |b| *b == b'=');
            let name = decode(halves.next().unwrap_or_default(), MAX_NAME)?;
            let value = decode(halves.next().unwrap_or_default(), MAX_VALUE)?;
            form.parameters.push((name, value));
        }
        Ok(form)
    }

    /// The value of a parameter that may appear once. Sent empty it counts as absent (RFC 6749 section 3.2).
    pub fn single(&self, name: &str) -> Result<Option<&str>, FormError> {
        let mut found = self.parameters.iter().filter(|(n, _)| n == name);
        let first = found.next();
        if found.next().is_some() {
            return Err(FormError::Repeated);
        }
        Ok(first
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty()))
    }

    /// All non-empty values of a parameter that may repeat.
    pub fn many(&self, name: &str) -> Vec<&str> {
        let named = self
            .parameters
            .iter()
            .filter(|(n, value)| n == name && !value.is_empty());
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// Refuses any repeated parameter, known or not, except those named.
    pub fn require_no_duplicates_except(&self, repeatable: &[&str]) -> Result<(), FormError> {
        let repeated = self.parameters.iter().enumerate().any(|(i, (name, _))| {
            !repeatable.contains(&name.as_str()) && self.parameters[..i].iter().any(|(n, _)| n == name)
        });
        if repeated {
            Err(FormError::Repeated)
        } else {
            Ok(())
        }
    }

    /// Whether a parameter is there, empty or not.
    pub fn has(&self, name: &str) -> bool {
        self.parameters.iter().any(|(n, _)| n == name)
    }

    /// Whether there are no parameters at all.
    pub fn is_empty(&self) -> bool {
        self.parameters.is_empty()
    }
}

impl Drop for Form {
    fn drop(&mut self) {
        for (_, value) in &mut self.parameters {
            value.zeroize();
        }
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Form({} parameters)", self.parameters.len())
    }
}

/// Decodes one name or value; `pub(crate)` because HTTP Basic uses the same encoding (RFC 6749 section 2.3.1).
pub(crate) fn decode(encoded: &[u8], max: usize) -> Result<String, FormError> {
    if encoded.len() > max * 3 {
        return Err(FormError::TooLarge);
    }
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    loop {
        // Most of it stands for itself.
        let plain = memchr::memchr2(b'+', b'%', rest);
        let (run, coded) = rest.split_at(plain.unwrap_or(rest.len()));
        bytes.extend_from_slice(run);
        rest = match coded {
            [] => break,
            [b'+', tail @ ..] => {
                bytes.push(b' ');
                tail
            }
            [_, high, low, tail @ ..] => {
                bytes.push(hex(*high)? << 4 | hex(*low)?);
                tail
            }
            [..] => return Err(FormError::InvalidPercentEncoding),
        };
    }
    if bytes.len() > max {
        bytes.zeroize();
        return Err(FormError::TooLarge);
    }
    if bytes.contains(&0) {
        bytes.zeroize();
        return Err(FormError::ZeroByte);
    }
    String::from_utf8(bytes).map_err(|error| {
        error.into_bytes().zeroize();
        FormError::InvalidUtf8
    })
}

fn hex(digit: u8) -> Result<u8, FormError> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
        .ok_or(FormError::InvalidPercentEncoding)
}

const MAX_PARAMETERS: usize = 64;
const MAX_NAME: usize = 128;
pub(crate) const MAX_VALUE: usize = 32 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tok_3_2_03__a_repeated_parameter_is_refused_also_when_equal() {
        let form = Form::parse(b"scope=a&scope=a").unwrap();
        assert_eq!(form.single("scope"), Err(FormError::Repeated));
        assert_eq!(
            form.require_no_duplicates_except(&["audience"]),
            Err(FormError::Repeated)
        );
        let form = Form::parse(b"audience=a&audience=b&%61udience=c").unwrap();
        assert_eq!(form.require_no_duplicates_except(&["audience"]), Ok(()));
        assert_eq!(form.many("audience"), ["a", "b", "c"]);
    }

    #[test]
    fn tok_3_2_04__an_empty_parameter_counts_as_absent() {
        let form = Form::parse(b"scope=&client_id").unwrap();
        assert_eq!(form.single("scope"), Ok(None));
        assert_eq!(form.single("client_id"), Ok(None));
        assert!(form.many("scope").is_empty());
    }

    #[test]
    fn tok_3_2_10__bad_bytes_are_refused() {
        let refused = |bytes: &[u8]| Form::parse(bytes).err().unwrap();
        assert_eq!(refused(b"a=%"), FormError::InvalidPercentEncoding);
        assert_eq!(refused(b"a=%2"), FormError::InvalidPercentEncoding);
        assert_eq!(refused(b"a=%zz"), FormError::InvalidPercentEncoding);
        assert_eq!(refused(b"a=%00"), FormError::ZeroByte);
        assert_eq!(refused(b"a=%ff"), FormError::InvalidUtf8);
        assert_eq!(refused(b"a=%c0%af"), FormError::InvalidUtf8);
        assert_eq!(refused(&b"a=b&".repeat(65)), FormError::TooLarge);
        assert_eq!(
            refused(&[b"a=".as_slice(), &vec![b'x'; 40_000]].concat()),
            FormError::TooLarge
        );
    }

    #[test]
    fn debug_shows_no_values() {
        assert_eq!(
            format!("{:?}", Form::parse(b"client_secret=hunter2").unwrap()),
            "Form(1 parameters)"
        );
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Form::parse(&bytes);
        }

        #[test]
        fn what_was_encoded_is_read_back(value in "[^\0]{1,50}") {
            let body: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("v", &value).finish();
            let form = Form::parse(body.as_bytes()).unwrap();
            prop_assert_eq!(form.single("v").unwrap(), Some(value.as_str()));
        }
    }
}
