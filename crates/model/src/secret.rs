//! A value that must never be shown.

use std::fmt;

use zeroize::Zeroize;

/// A secret: wiped on drop, without `Debug` content, `Display` or `Serialize`.
///
/// The call sites of [`Secret::expose`] are allow-listed by a test, so that each new one is looked at.
#[derive(Clone)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes the value in; from here on it is only reachable through [`Secret::expose`].
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Every call site is a place where the secret could leak.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl Secret<Vec<u8>> {
    /// An empty buffer of so many bytes, to be filled piece by piece.
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// Appends what fits into the buffer as it was made, and says whether it did. It never grows: that would leave a copy
    /// behind that nobody wipes.
    #[must_use]
    pub fn append_within_capacity(&mut self, bytes: &[u8]) -> bool {
        let fits = bytes.len() <= self.0.capacity() - self.0.len();
        if fits {
            self.0.extend_from_slice(bytes);
        }
        fits
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl From<&str> for Secret<String> {
    fn from(value: &str) -> Self {
        Self::new(value.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_stays_where_it_is() {
        let mut secret = Secret::with_capacity(4_000);
        let (place, capacity) = (secret.expose().as_ptr(), secret.expose().capacity());
        let mut appended = 0;
        while secret.append_within_capacity(b"x") {
            appended += 1;
        }
        assert_eq!(appended, capacity);
        assert!(!secret.append_within_capacity(b"y"));
        assert!(secret.append_within_capacity(b""));
        assert_eq!(
            (secret.expose().as_ptr(), secret.expose().capacity()),
            (place, capacity)
        );
        assert_eq!(*secret.expose(), b"x".repeat(capacity));
    }

    #[test]
    fn debug_shows_nothing() {
        let secret = Secret::from("hunter2");
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert_eq!(format!("{:?}", Some(secret)), "Some(Secret(..))");
    }
}
