//! Text of others in lines that people, terminals and parsers of lines read.
//!
//! A user agent or an account may hold escape sequences, line ends, or characters that turn the direction of writing. JSON
//! can write every character as `\uXXXX`, and whoever parses it gets the same text back; so nothing is lost by it.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character does something else than stand where it is: controls (line ends and escape sequences among them),
/// line and paragraph separators, and the format characters of Unicode (category Cf: direction, joining, tags, what is not
/// seen at all).
pub const fn drives(character: char) -> bool {
    matches!(character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}'
        | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}')
}

/// JSON with everything that [`drives`] as `\uXXXX`. White space stays: JSON has it between texts only.
pub fn json(json: &str) -> Cow<'_, str> {
    escaped(json, |character| {
        drives(character) && !matches!(character, '\t' | '\n' | '\r')
    })
}

/// The same with everything that is not ASCII as `\uXXXX`, for formats in which only that is sure to arrive.
pub fn ascii_json(json: &str) -> Cow<'_, str> {
    escaped(json, |character| {
        !matches!(character, '\t' | '\n' | '\r' | ' '..='~')
    })
}

fn escaped(json: &str, which: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !json.contains(&which) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 32);
    for character in json.chars() {
        if which(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(escaped, "\\u{unit:04x}").expect("a String takes everything");
            }
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_drives_stands_as_an_escape() {
        for (text, line) in [
            ("Jürgen · 李", r#""Jürgen · 李""#),
            ("\u{1b}[2J\r\n", r#""\u001b[2J\r\n""#),
            ("\u{9b}31m\u{7f}", r#""\u009b31m\u007f""#),
            (
                "a\u{202e}b\u{2066}\u{61c}\u{200f}",
                r#""a\u202eb\u2066\u061c\u200f""#,
            ),
            ("\u{2028}\u{2029}\u{feff}", r#""\u2028\u2029\ufeff""#),
            ("\u{e0041}", r#""\udb40\udc41""#),
        ] {
            assert_eq!(json(&serde_json::to_string(text).unwrap()), line);
        }
        assert_eq!(ascii_json(r#""é 😀""#), r#""\u00e9 \ud83d\ude00""#);
    }

    proptest! {
        #[test]
        fn a_parser_gets_the_same_text_back(text in any::<String>()) {
            let line = serde_json::to_string(&text).unwrap();
            for escaped in [json(&line), ascii_json(&line)] {
                prop_assert!(!escaped.contains(drives), "{escaped}");
                prop_assert_eq!(&serde_json::from_str::<String>(&escaped).unwrap(), &text);
            }
            prop_assert!(ascii_json(&line).is_ascii());
        }
    }
}
