//! What can be wrong with a value: which field, which text, why, and what is allowed.

/// The result of every checked operation of this crate.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// Longest piece of foreign text an error repeats, in characters. A header value has at most 68.
const SHOWN: usize = 80;

/// Why a value was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text is not of the form it should have.
    #[error("{what} '{text}' {why}")]
    Parse {
        /// What the text was to be, such as `DATE-OBS` or `chunk key`.
        what: &'static str,
        /// The text itself, cut to 80 characters, control characters escaped.
        text: String,
        /// What is wrong, as the end of a sentence.
        why: &'static str,
    },
    /// A number lies outside its range, or is not finite.
    #[error("{what} is {}; it must be {allowed}", crate::number::brief(*value))]
    Range {
        /// Which number.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What would be accepted, with the unit.
        allowed: &'static str,
    },
    /// A value that is needed is absent.
    #[error("{what} is missing; {needed_for}")]
    Missing {
        /// Which value, by its FITS keyword where it has one.
        what: &'static str,
        /// What cannot be done without it.
        needed_for: &'static str,
    },
    /// The original PHP gave an answer here that cannot be repeated.
    #[error("DATE-OBS '{text}' cannot be read as the PHP server read it: {why}")]
    NotReproducible {
        /// The text, cut as in [`Error::Parse`].
        text: String,
        /// Why not.
        why: &'static str,
    },
}

impl Error {
    pub(crate) fn parse(what: &'static str, text: &str, why: &'static str) -> Self {
        Error::Parse { what, text: shown(text), why }
    }

    pub(crate) fn not_reproducible(text: &str, why: &'static str) -> Self {
        Error::NotReproducible { text: shown(text), why }
    }
}

/// Foreign text made safe for a log line: one line, bounded, in reading order. Not `escape_debug`, whose tables of what is printable
/// are 4 kB.
fn shown(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(SHOWN) {
        // Directions and widths that nobody sees turn a line around.
        let unseen = matches!(c, '\\' | '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if c.is_control() || unseen {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    if text.chars().nth(SHOWN).is_some() {
        out.push_str("...");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_cut_and_escaped() {
        let long = format!("a\nb\u{202e}\u{fc}{}", "x".repeat(500));
        let message = Error::parse("DATE-OBS", &long, "is too long").to_string();
        assert!(message.starts_with("DATE-OBS 'a\\nb\\u{202e}\u{fc}xxx"), "{message}");
        assert!(message.ends_with("...' is too long") && message.len() < 130, "{message}");
    }
}
