//! One card: 80 bytes of header, both ways (FITS 4.0, section 4).

use crate::Error;
use crate::block::CARD;
use crate::finding::{Code, Finding};
use crate::value::{Value, parse_field};
use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

/// A keyword with its value and comment, or a line of commentary.
///
/// A card that was read remembers its bytes and is written back as it was, unless it is changed or was odd. A string continued over
/// CONTINUE cards is one `Card`.
#[derive(Debug, Clone)]
pub struct Card {
    keyword: String,
    value: Option<Value>,
    comment: String,
    image: Option<Vec<u8>>,
    /// Read without any finding, so that its bytes may be written again.
    clean: bool,
    hierarch: bool,
    pub(crate) offset: u64,
}

/// Equal in keyword, value and comment; the spacing they were read from does not count.
impl PartialEq for Card {
    fn eq(&self, other: &Self) -> bool {
        (&self.keyword, &self.value, &self.comment) == (&other.keyword, &other.value, &other.comment)
    }
}

impl Card {
    /// A card with a value. Whether it may be written is checked when it is.
    ///
    /// ```
    /// let card = crowdsky_fits::Card::new("EXPTIME", 10.0, "Exposure time in seconds");
    /// assert_eq!(card.print()?[0].trim_ascii_end(), b"EXPTIME =                 10.0 / Exposure time in seconds");
    /// # Ok::<(), crowdsky_fits::Error>(())
    /// ```
    pub fn new(keyword: &str, value: impl Into<Value>, comment: &str) -> Self {
        Card {
            keyword: keyword.to_ascii_uppercase(),
            value: Some(value.into()),
            comment: comment.to_owned(),
            image: None,
            clean: false,
            hierarch: false,
            offset: 0,
        }
    }

    /// A card of the HIERARCH convention, for a name of more than 8 characters or of several words.
    pub fn hierarch(name: &str, value: impl Into<Value>, comment: &str) -> Self {
        Card { hierarch: true, ..Card::new(name, value, comment) }
    }

    /// A line of commentary: `COMMENT`, `HISTORY` or a blank keyword. Text beyond 72 characters goes to further cards.
    pub fn commentary(keyword: &str, text: &str) -> Self {
        Card {
            keyword: keyword.to_ascii_uppercase(),
            value: None,
            comment: text.to_owned(),
            image: None,
            clean: false,
            hierarch: false,
            offset: 0,
        }
    }

    /// The keyword in upper case; of a HIERARCH card all words of its name, one blank between them.
    pub fn keyword(&self) -> &str {
        &self.keyword
    }

    /// The value; `None` for commentary.
    pub fn value(&self) -> Option<&Value> {
        self.value.as_ref()
    }

    /// The comment behind the value, or the text of a commentary card.
    pub fn comment(&self) -> &str {
        &self.comment
    }

    /// Whether the card has no value, only text.
    pub fn is_commentary(&self) -> bool {
        self.value.is_none()
    }

    /// The bytes the card was read from (a multiple of 80), if it was read and not changed.
    pub fn image(&self) -> Option<&[u8]> {
        self.image.as_deref()
    }

    /// Byte offset of the card in the (uncompressed) file it was read from; 0 for one that was made.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The same keyword, value and comment without the bytes they were read from, if there was a finding about those. What is
    /// printed then follows the standard, or is refused. [`crate::FitsWriter`] writes all cards so.
    pub fn mended(&self) -> Self {
        let mut card = self.clone();
        card.image = card.image.filter(|_| self.clean);
        card
    }

    pub(crate) fn set(&mut self, value: Value, comment: Option<&str>) {
        self.value = Some(value);
        if let Some(comment) = comment {
            self.comment = comment.to_owned();
        }
        self.image = None;
    }

    /// Reads one card. Never fails: what is odd is told in the findings, whose offsets count from the card's start.
    ///
    /// ```
    /// use crowdsky_fits::{Card, Value};
    /// let mut bytes = [b' '; 80];
    /// bytes[..24].copy_from_slice(b"OBJECT  = 'O''Neil / 1' ");
    /// let (card, findings) = Card::parse(&bytes);
    /// assert_eq!(card.value(), Some(&Value::Str("O'Neil / 1".into())));
    /// assert!(findings.is_empty());
    /// ```
    pub fn parse(image: &[u8; CARD]) -> (Self, Vec<Finding>) {
        let mut findings = Vec::new();
        let card = Self::parse_noting(image, &mut |code, keyword, message| {
            findings.push(Finding::new(code, keyword, 0, message));
        });
        (card, findings)
    }

    /// [`Card::parse`] for a caller that collects findings itself: `note(code, keyword, message)`.
    pub(crate) fn parse_noting(image: &[u8; CARD], note: &mut dyn FnMut(Code, &str, String)) -> Self {
        let mut clean = true;
        let card = Self::parse_bytes(image, &mut |code, keyword, message| {
            clean = false;
            note(code, keyword, message);
        });
        Card { clean, ..card }
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.clean
    }

    fn parse_bytes(image: &[u8; CARD], note: &mut dyn FnMut(Code, &str, String)) -> Self {
        if let Some(byte) = image.iter().find(|b| !(0x20..0x7f).contains(*b)) {
            let name = latin1(&image[..8]);
            note(
                Code::NotAscii,
                name.trim(),
                format!("byte 0x{byte:02x} is not printable ASCII; read as Latin-1"),
            );
        }
        let name = latin1(&image[..8]);
        let name = name.trim_end_matches(' ');
        let upper = name.to_ascii_uppercase();
        let card = |keyword: String, value, comment| Card {
            keyword,
            value,
            comment,
            image: Some(image.to_vec()),
            clean: true,
            hierarch: false,
            offset: 0,
        };
        let text = latin1(&image[8..]);
        if matches!(upper.as_str(), "" | "COMMENT" | "HISTORY" | "CONTINUE") {
            check_keyword(name, note);
            return card(upper, None, text.trim_end().into());
        }
        if upper == "HIERARCH" && image[8] == b' ' {
            if let Some((name, field)) = text.split_once('=') {
                let mut keyword = String::new();
                for word in name.split_whitespace() {
                    keyword.push_str(if keyword.is_empty() { "" } else { " " });
                    keyword.push_str(word);
                }
                keyword.make_ascii_uppercase();
                let (value, comment) = parse_field(field, &mut |code, message| note(code, &keyword, message));
                return Card { hierarch: true, ..card(keyword, Some(value), comment) };
            }
        }
        if image[8] != b'=' {
            note(Code::NoValueIndicator, &upper, "no \"= \" in columns 9 and 10; taken as a comment".into());
            return card(upper, None, text.trim_end().into());
        }
        check_keyword(name, note);
        let mut field = &text[1..];
        match field.strip_prefix(' ') {
            Some(rest) => field = rest,
            None => {
                note(Code::NoBlankAfterEquals, &upper, "no blank in column 10, after the equals sign".into())
            }
        }
        let (value, comment) = parse_field(field, &mut |code, message| note(code, &upper, message));
        card(upper, Some(value), comment)
    }

    /// Adds the text of a CONTINUE card to this string card.
    pub(crate) fn append(&mut self, text: &str, comment: &str, image: &[u8], clean: bool) {
        self.clean &= clean;
        if let Some(Value::Str(value)) = &mut self.value {
            value.pop(); // the ampersand
            value.push_str(text);
            // Blanks at its end do not count, wherever the last piece began (4.2.1.1).
            value.truncate(value.trim_end_matches(' ').len().max(usize::from(!value.is_empty())));
        }
        if !self.comment.is_empty() && !comment.is_empty() {
            self.comment.push(' ');
        }
        self.comment.push_str(comment);
        if let Some(bytes) = &mut self.image {
            bytes.extend_from_slice(image);
        }
    }

    /// The card as 80-byte records: one, or several for a long string (CONTINUE) or a long commentary.
    ///
    /// # Errors
    /// [`Error::Write`] for what the standard forbids: a keyword with other characters than `A-Z 0-9 - _` or longer than 8,
    /// text that is not printable ASCII, a number that is not finite, and bytes that were read with a finding.
    pub fn print(&self) -> Result<Vec<[u8; CARD]>, Error> {
        if let Some(image) = &self.image {
            if !self.clean {
                return Err(Error::write(
                    &self.keyword,
                    "as it was read it breaks the standard; see `Card::mended`",
                ));
            }
            return Ok(image.chunks_exact(CARD).filter_map(|c| c.try_into().ok()).collect());
        }
        if self.hierarch {
            return self.print_hierarch();
        }
        // COMMENT and HISTORY never have a value: a reader would take it for text.
        let unnamed = matches!(self.keyword.as_str(), "" | "COMMENT" | "HISTORY") && self.value.is_some();
        if unnamed
            || !is_legal_keyword(&self.keyword)
            || matches!(self.keyword.as_str(), "END" | "CONTINUE" | "HIERARCH")
        {
            return Err(Error::write(&self.keyword, "a keyword has 1 to 8 of the characters A-Z 0-9 - _"));
        }
        if !is_text(&self.comment) {
            return Err(Error::write(&self.keyword, "its comment is not printable ASCII"));
        }
        let Some(value) = &self.value else {
            return self.print_commentary();
        };
        let Some(field) = value.print().filter(|field| is_text(field)) else {
            return Err(Error::write(&self.keyword, format!("its value {value:?} cannot stand in a header")));
        };
        if matches!(value, Value::Str(_)) && field.len() > 70 {
            return Ok(self.print_long_string(&field[1..field.len() - 1]));
        }
        if field.len() > 70 {
            return Err(Error::write(&self.keyword, "its value is longer than a card"));
        }
        Ok([record(&format!("{:<8}= {field:<20}", self.keyword), &self.comment)].into())
    }

    fn print_hierarch(&self) -> Result<Vec<[u8; CARD]>, Error> {
        let words = self.keyword.split(' ').all(|word| !word.is_empty() && is_hierarch_word(word));
        let field = self.value.as_ref().and_then(Value::print);
        let Some(field) = field.filter(|field| words && is_text(field) && is_text(&self.comment)) else {
            return Err(Error::write(&self.keyword, "its name or value cannot stand in a HIERARCH card"));
        };
        let start = format!("HIERARCH {} = {}", self.keyword, field.trim_start());
        if start.len() > CARD {
            return Err(Error::write(&self.keyword, "its name and value are longer than a card"));
        }
        Ok([record(&start, &self.comment)].into())
    }

    fn print_commentary(&self) -> Result<Vec<[u8; CARD]>, Error> {
        if !matches!(self.keyword.as_str(), "" | "COMMENT" | "HISTORY") {
            return Err(Error::write(
                &self.keyword,
                "only COMMENT, HISTORY and blank cards go without a value",
            ));
        }
        let line = |text: &str| record(&format!("{:<8}{text}", self.keyword), "");
        if self.comment.is_empty() {
            return Ok([line("")].into());
        }
        // ASCII was checked, so any byte is a place to cut.
        Ok(self.comment.as_bytes().chunks(72).map(|part| line(&latin1(part))).collect())
    }

    /// Splits an escaped string into pieces of at most 67 characters and an ampersand, never inside a `''`.
    fn print_long_string(&self, escaped: &str) -> Vec<[u8; CARD]> {
        let mut records = Vec::new();
        let mut rest = escaped;
        while !rest.is_empty() {
            let start =
                if records.is_empty() { format!("{:<8}= ", self.keyword) } else { "CONTINUE  ".into() };
            if rest.len() <= 68 {
                records.push(record(&format!("{start}'{rest}'"), &self.comment));
                break;
            }
            let mut cut = 67;
            let quotes = rest[..cut].bytes().rev().take_while(|b| *b == b'\'').count();
            cut -= quotes % 2;
            records.push(record(&format!("{start}'{}&'", &rest[..cut]), ""));
            rest = &rest[cut..];
        }
        records
    }
}

/// One record of 80 bytes; the comment is cut where it ends.
fn record(start: &str, comment: &str) -> [u8; CARD] {
    let mut bytes = [b' '; CARD];
    let separator = if comment.is_empty() { "" } else { " / " };
    let all = start.bytes().chain(separator.bytes()).chain(comment.bytes());
    bytes.iter_mut().zip(all).for_each(|(to, from)| *to = from);
    bytes
}

/// Each byte as the character of that number: printable ASCII as itself, the rest without loss.
pub(crate) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|b| char::from(*b)).collect()
}

/// Printable ASCII.
fn is_text(text: &str) -> bool {
    text.bytes().all(|b| (0x20..0x7f).contains(&b))
}

/// What a HIERARCH name is made of: anything printable but the equals sign that ends it.
fn is_hierarch_word(word: &str) -> bool {
    word.bytes().all(|b| (0x21..0x7f).contains(&b) && b != b'=' && !b.is_ascii_lowercase())
}

/// 1 to 8 of `A-Z 0-9 - _`, or the blank keyword.
fn is_legal_keyword(keyword: &str) -> bool {
    keyword.len() <= 8
        && keyword.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

fn check_keyword(name: &str, note: &mut dyn FnMut(Code, &str, String)) {
    let upper = name.to_ascii_uppercase();
    if !is_legal_keyword(&upper) {
        note(Code::KeywordIllegal, &upper, format!("\"{name}\" has characters other than A-Z 0-9 - _"));
    } else if upper != name {
        note(Code::KeywordLowercase, &upper, format!("\"{name}\" is in lower case; read as {upper}"));
    }
}
