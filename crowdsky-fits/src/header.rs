//! A header: cards in their order, found by keyword.

use crate::Error;
use crate::block::{BLOCK, CARD};
use crate::card::Card;
use crate::error::HEADER_BLOCKS;
use crate::finding::{Code, Finding, Findings};
use crate::limits::Limits;
use crate::value::{Value, parse_string};
use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

/// The cards of one header, without END.
///
/// Keywords are found in any case; when one is there twice, the first counts.
///
/// ```
/// use crowdsky_fits::Header;
/// let mut header = Header::new();
/// header.set("OBJECT", "M 94", "target").set("EXPTIME", 10.0, "[s]");
/// assert_eq!(header.text("object"), Some("M 94"));
/// assert_eq!(header.real("EXPTIME"), Some(10.0));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Header {
    cards: Vec<Card>,
}

/// A header read from bytes, and what was odd about it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ParsedHeader {
    /// The cards.
    pub header: Header,
    /// What is odd about them.
    pub findings: Vec<Finding>,
    /// Bytes the header takes, padding included: where the data starts.
    pub len: usize,
}

impl Header {
    /// A header without cards.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the header at the start of `bytes`, up to its END card; what follows is left alone.
    ///
    /// # Errors
    /// [`Error::HeaderTruncated`] when there is no END in `bytes` (with more bytes it may come), [`Error::Limit`] when there is
    /// none within `limits.header_blocks`.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<ParsedHeader, Error> {
        let mut findings = Findings::new(limits.findings);
        for (index, block) in bytes.chunks(BLOCK).enumerate() {
            Error::check(HEADER_BLOCKS, index as u64 + 1, limits.header_blocks as u64)?;
            if let Some(end) = find_end(block) {
                let start = index * BLOCK;
                let header = Self::parse_cards(&bytes[..start + end], 0, limits, &mut findings);
                check_end(block, end, start as u64, &mut findings);
                let len = start + block.len();
                return Ok(ParsedHeader { header, findings: findings.into_vec(), len });
            }
        }
        Err(Error::HeaderTruncated { offset: 0, found: bytes.len() as u64 })
    }

    /// Reads whole cards, those before END, the first of them at byte `offset` of the file.
    pub(crate) fn parse_cards(bytes: &[u8], offset: u64, limits: &Limits, findings: &mut Findings) -> Self {
        let mut cards: Vec<Card> = Vec::with_capacity(bytes.len() / CARD);
        for (index, image) in bytes.chunks_exact(CARD).enumerate() {
            let Ok(image) = <&[u8; CARD]>::try_from(image) else { continue };
            let at = offset + (index * CARD) as u64;
            let mut card = Card::parse_noting(image, &mut |code, keyword, message| {
                findings.add(code, keyword, at, message);
            });
            if card.keyword() == "CONTINUE" && card.is_commentary() {
                match continue_string(cards.last_mut(), image, &card, limits.string_length) {
                    Some(true) => continue,
                    Some(false) => {
                        let message = "the string has no closing quote; the rest of the card is part of it";
                        findings.add(Code::StringUnterminated, "CONTINUE", at, message);
                        continue;
                    }
                    None => {}
                }
                let message = "there is no string to continue, or it is too long; taken as a comment";
                findings.add(Code::ContinueOrphan, "CONTINUE", at, message);
            }
            card.offset = at;
            cards.push(card);
        }
        note_duplicates(&cards, findings);
        Header { cards }
    }

    /// All cards in their order.
    pub fn cards(&self) -> &[Card] {
        &self.cards
    }

    /// The first card with this keyword, in any case.
    pub fn get(&self, keyword: &str) -> Option<&Card> {
        self.cards.iter().find(|card| card.keyword().eq_ignore_ascii_case(keyword))
    }

    /// The value of the first card with this keyword.
    pub fn value(&self, keyword: &str) -> Option<&Value> {
        self.get(keyword).and_then(Card::value)
    }

    /// The number of this keyword, when it is there and a number.
    pub fn real(&self, keyword: &str) -> Option<f64> {
        self.value(keyword).and_then(Value::as_real)
    }

    /// The integer of this keyword, when it is there and an integer (91.0 is one).
    pub fn integer(&self, keyword: &str) -> Option<i64> {
        self.value(keyword).and_then(Value::as_integer)
    }

    /// The string of this keyword, when it is there and a string.
    pub fn text(&self, keyword: &str) -> Option<&str> {
        self.value(keyword).and_then(Value::as_str)
    }

    /// The truth value of this keyword, when it is there and one.
    pub fn logical(&self, keyword: &str) -> Option<bool> {
        self.value(keyword).and_then(Value::as_logical)
    }

    /// The texts of all commentary cards of this keyword (`HISTORY`, `COMMENT`, or `""`).
    pub fn commentary<'a>(&'a self, keyword: &'a str) -> impl Iterator<Item = &'a str> {
        let wanted = move |card: &&Card| card.is_commentary() && card.keyword().eq_ignore_ascii_case(keyword);
        self.cards.iter().filter(wanted).map(Card::comment)
    }

    /// Sets a keyword: changes its first card, or appends one. An empty `comment` keeps the comment that is there.
    pub fn set(&mut self, keyword: &str, value: impl Into<Value>, comment: &str) -> &mut Self {
        match self.cards.iter_mut().find(|card| card.keyword().eq_ignore_ascii_case(keyword)) {
            Some(card) => card.set(value.into(), (!comment.is_empty()).then_some(comment)),
            None => self.cards.push(Card::new(keyword, value, comment)),
        }
        self
    }

    /// Appends a card.
    pub fn push(&mut self, card: Card) -> &mut Self {
        self.cards.push(card);
        self
    }

    /// Appends a HISTORY line.
    pub fn history(&mut self, text: &str) -> &mut Self {
        self.push(Card::commentary("HISTORY", text))
    }

    /// Appends all cards of another header.
    pub fn extend(&mut self, other: &Header) -> &mut Self {
        self.cards.extend_from_slice(&other.cards);
        self
    }

    /// Removes every card with this keyword; tells how many there were.
    pub fn remove(&mut self, keyword: &str) -> usize {
        let before = self.cards.len();
        self.cards.retain(|card| !card.keyword().eq_ignore_ascii_case(keyword));
        before - self.cards.len()
    }

    pub(crate) fn retain(&mut self, keep: impl FnMut(&Card) -> bool) {
        self.cards.retain(keep);
    }

    /// Every card as [`Card::mended`].
    pub(crate) fn mend(&mut self) {
        self.cards.iter_mut().filter(|card| !card.is_clean()).for_each(|card| *card = card.mended());
    }

    /// Byte offset of the header in its file.
    pub(crate) fn offset(&self) -> u64 {
        self.cards.first().map_or(0, Card::offset)
    }
}

/// Where in a block the END card starts.
pub(crate) fn find_end(block: &[u8]) -> Option<usize> {
    // A file cut right behind END has no padding, and may lack END's own blanks.
    let is_end = |card: &[u8]| card.starts_with(b"END") && card[3..].iter().take(5).all(|b| *b == b' ');
    block.chunks(CARD).position(is_end).map(|index| index * CARD)
}

/// Notes what is odd about END and the blanks behind it.
pub(crate) fn check_end(block: &[u8], end: usize, offset: u64, findings: &mut Findings) {
    let (card, rest) = block[end..].split_at(CARD.min(block.len() - end));
    if card[3..].iter().any(|b| *b != b' ') {
        findings.add(Code::EndNotBlank, "END", offset + end as u64, "the END card holds more than END");
    }
    let behind = offset + (end + card.len()) as u64;
    if block.len() < BLOCK {
        let message = format!("the header ends {} bytes short of a full block", BLOCK - block.len());
        findings.add(Code::HeaderPaddingMissing, "", offset + block.len() as u64, message);
    }
    if rest.iter().any(|b| *b != b' ') {
        findings.add(Code::HeaderPaddingNotBlank, "", behind, "the bytes behind END are not all blanks");
    }
}

/// Joins a CONTINUE card to the string before it, if there is one that ends in an ampersand and stays within the limit; tells
/// whether its quotes were closed.
fn continue_string(before: Option<&mut Card>, image: &[u8; CARD], card: &Card, limit: usize) -> Option<bool> {
    let before = before?;
    let Some(Value::Str(text)) = before.value() else { return None };
    let quoted = card.comment().trim_start_matches(' ').strip_prefix('\'')?;
    if !text.ends_with('&') || image[8] == b'=' || text.len() + quoted.len() > limit {
        return None;
    }
    let (part, rest, closed) = parse_string(quoted);
    let comment = rest.split_once('/').map_or("", |(_, comment)| comment.trim());
    before.append(&part, comment, image, closed && card.is_clean());
    Some(closed)
}

fn note_duplicates(cards: &[Card], findings: &mut Findings) {
    let mut names: Vec<(&str, u64)> =
        cards.iter().filter(|card| !card.is_commentary()).map(|card| (card.keyword(), card.offset)).collect();
    names.sort_unstable();
    for pair in names.windows(2) {
        if pair[0].0 == pair[1].0 {
            let message = format!("{} is there again; the first one counts", pair[1].0);
            findings.add(Code::DuplicateKeyword, pair[1].0, pair[1].1, message);
        }
    }
}

/// A start of a text for messages: at most `limit` characters.
pub(crate) fn excerpt(text: &str, limit: usize) -> String {
    text.char_indices().nth(limit).map_or_else(|| text.to_owned(), |(cut, _)| format!("{}...", &text[..cut]))
}
