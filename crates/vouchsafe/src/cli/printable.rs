//! Text of others on a terminal.

use std::fmt::{self, Write as _};

use vouchsafe_audit::escape::drives;

/// Shows a text so that it cannot drive the terminal: control characters (line ends and escape sequences among them), and
/// what turns the direction of writing or is not seen at all, stand as `\u{…}`. Accounts are named by their providers,
/// and providers let people choose.
pub(super) struct Printable<'a>(pub(super) &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| {
            if drives(character) {
                write!(f, "{}", character.escape_unicode())
            } else {
                f.write_char(character)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Printable;

    #[test]
    fn nothing_that_is_shown_drives_the_terminal() {
        for (text, shown) in [
            ("ada@example.com", "ada@example.com"),
            ("Jürgen Groß · 李", "Jürgen Groß · 李"),
            ("\u{1b}[2Jada", "\\u{1b}[2Jada"),
            ("ada\r\nroot: ok", "ada\\u{d}\\u{a}root: ok"),
            ("\u{9b}31m\u{7f}", "\\u{9b}31m\\u{7f}"),
            ("ada\u{202e}moc", "ada\\u{202e}moc"),
            ("a\u{200b}da\u{2066}", "a\\u{200b}da\\u{2066}"),
            ("\u{e0041}", "\\u{e0041}"),
        ] {
            assert_eq!(Printable(text).to_string(), shown);
        }
    }
}
