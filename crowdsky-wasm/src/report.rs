//! What is told of a checked file: the form that JavaScript gets, and that a native program writes as JSON.

use crate::checked::Checked;
use crowdsky_core::HealpixTile;
use crowdsky_fits::{Card, FactsForm, FindingForm, FrameHead, Refusal, Value};
use serde::Serialize;

/// The report on one file. `None` stands for what the header does not say. `class`, `facts`, the keys and `findings` are
/// what `crowdsky inspect --json` says of the first unit's header.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    usable: bool,
    error: Option<&'a str>,
    refused: Option<Refused>,
    class: Option<&'static str>,
    facts: Option<FactsForm<'a>>,
    chunk_key: Option<String>,
    healpix_key: Option<String>,
    healpix_pixel: Option<u32>,
    header_bytes: Option<u64>,
    expected_bytes: Option<u64>,
    bytes: Option<u64>,
    cards: Vec<CardForm<'a>>,
    findings: Vec<FindingForm<'a>>,
}

/// Why the server takes no such file.
#[derive(Debug, Serialize)]
struct Refused {
    code: &'static str,
    message: String,
}

/// A card; its value as text.
#[derive(Debug, Serialize)]
struct CardForm<'a> {
    keyword: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    value: Option<String>,
    comment: &'a str,
    offset: u64,
}

impl<'a> From<&'a Checked> for Report<'a> {
    fn from(checked: &'a Checked) -> Self {
        let head = checked.head.as_ref().ok();
        let facts = head.map(|head| &head.facts);
        Report {
            usable: checked.fault().is_none(),
            error: checked.fault(),
            refused: checked.refusal.as_ref().map(Refused::from),
            class: head.map(|head| head.class.as_str()),
            facts: facts.map(FactsForm::from),
            chunk_key: facts.and_then(|facts| facts.position_key()).map(|key| key.to_string()),
            healpix_key: facts.and_then(|facts| facts.healpix_key()).map(|key| key.to_string()),
            healpix_pixel: facts
                .and_then(|facts| facts.pointing)
                .map(|pos| HealpixTile::from_pos(&pos).index()),
            header_bytes: head.map(|head| head.header_bytes),
            expected_bytes: head.and_then(FrameHead::padded_end),
            bytes: checked.bytes,
            cards: head.map_or(Vec::new(), |head| head.header.cards().iter().map(CardForm::from).collect()),
            findings: head.map_or(Vec::new(), |head| head.findings.iter().map(FindingForm::from).collect()),
        }
    }
}

impl From<&Refusal> for Refused {
    fn from(refusal: &Refusal) -> Self {
        Refused { code: refusal.code(), message: refusal.to_string() }
    }
}

impl<'a> From<&'a Card> for CardForm<'a> {
    fn from(card: &'a Card) -> Self {
        let kind = match card.value() {
            None => "commentary",
            Some(Value::Undefined) => "undefined",
            Some(Value::Logical(_)) => "logical",
            Some(Value::Integer(_) | Value::BigInteger(_)) => "integer",
            Some(Value::Real(_)) => "real",
            Some(Value::Complex(..)) => "complex",
            Some(Value::Str(_)) => "string",
            Some(_) => "invalid",
        };
        let value = card.value().filter(|value| **value != Value::Undefined).map(Value::shown);
        CardForm { keyword: card.keyword(), kind, value, comment: card.comment(), offset: card.offset() }
    }
}
