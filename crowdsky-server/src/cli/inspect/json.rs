//! A file as JSON, in the form the README gives.

use super::examine::Examined;
use crowdsky_core::HealpixTile;
use crowdsky_fits::{Card, FactsForm, FindingForm, HduHead, HduKind, Value};
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

#[derive(Serialize)]
pub(super) struct File<'a> {
    path: String,
    bytes: Option<u64>,
    usable: bool,
    error: Option<&'a str>,
    gzip: Option<bool>,
    #[serde(rename = "class")]
    class: Option<&'static str>,
    facts: Option<FactsForm<'a>>,
    chunk_key: Option<String>,
    healpix_key: Option<String>,
    healpix_pixel: Option<u32>,
    hdus: Vec<Hdu<'a>>,
    findings: Vec<FindingForm<'a>>,
}

#[derive(Serialize)]
struct Hdu<'a> {
    index: usize,
    kind: &'a str,
    name: Option<&'a str>,
    offset: u64,
    header_bytes: u64,
    bitpix: i64,
    shape: &'a [u64],
    data_bytes: u64,
    cards: Cards<'a>,
}

/// Cards are turned one by one as they are written: a header may have 70,000.
struct Cards<'a>(&'a [Card]);

impl Serialize for Cards<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut cards = serializer.serialize_seq(Some(self.0.len()))?;
        for card in self.0 {
            let (kind, value) = value(card);
            let row = CardRow {
                keyword: card.keyword(),
                kind,
                value,
                comment: card.comment(),
                offset: card.offset(),
            };
            cards.serialize_element(&row)?;
        }
        cards.end()
    }
}

#[derive(Serialize)]
struct CardRow<'a> {
    keyword: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    value: CardValue<'a>,
    comment: &'a str,
    offset: u64,
}

#[derive(Serialize)]
#[serde(untagged)]
enum CardValue<'a> {
    None,
    Logical(bool),
    Integer(i64),
    Real(f64),
    Complex([f64; 2]),
    Text(&'a str),
    Spelled(String),
}

fn value(card: &Card) -> (&'static str, CardValue<'_>) {
    match card.value() {
        None => ("commentary", CardValue::None),
        Some(Value::Undefined) => ("undefined", CardValue::None),
        Some(Value::Logical(l)) => ("logical", CardValue::Logical(*l)),
        Some(Value::Integer(i)) => ("integer", CardValue::Integer(*i)),
        Some(Value::BigInteger(digits)) => ("integer", CardValue::Text(digits)),
        // JSON knows no NaN.
        Some(Value::Real(r)) if !r.is_finite() => ("real", CardValue::Spelled(r.to_string())),
        Some(Value::Real(r)) => ("real", CardValue::Real(*r)),
        Some(Value::Complex(re, im)) => ("complex", CardValue::Complex([*re, *im])),
        Some(Value::Str(text)) => ("string", CardValue::Text(text)),
        Some(Value::Invalid(text)) => ("invalid", CardValue::Text(text)),
        Some(other) => ("invalid", CardValue::Spelled(format!("{other:?}"))),
    }
}

impl<'a> File<'a> {
    pub(super) fn of(file: &'a Examined) -> File<'a> {
        let content = file.content.as_ref().ok();
        let facts = content.map(|content| &content.facts);
        File {
            path: file.path.display().to_string(),
            bytes: file.bytes,
            usable: file.usable(),
            error: file.fault(),
            gzip: content.map(|content| content.report.gzip),
            class: content.map(|content| content.class.as_str()),
            facts: content.map(|content| FactsForm::from(&content.facts)),
            chunk_key: facts.and_then(|facts| facts.position_key()).map(|key| key.to_string()),
            healpix_key: facts.and_then(|facts| facts.healpix_key()).map(|key| key.to_string()),
            healpix_pixel: facts
                .and_then(|facts| facts.pointing)
                .map(|pos| HealpixTile::from_pos(&pos).index()),
            hdus: content.map_or(Vec::new(), |content| content.report.hdus.iter().map(Hdu::of).collect()),
            findings: content
                .map_or(Vec::new(), |content| content.findings.iter().map(FindingForm::from).collect()),
        }
    }
}

impl<'a> Hdu<'a> {
    fn of(hdu: &'a HduHead) -> Hdu<'a> {
        Hdu {
            index: hdu.index,
            kind: kind(&hdu.layout.kind),
            name: hdu.header.text("EXTNAME"),
            offset: hdu.offset,
            header_bytes: hdu.header_bytes,
            bitpix: hdu.layout.bitpix.value(),
            shape: &hdu.layout.shape,
            data_bytes: hdu.layout.data_bytes,
            cards: Cards(hdu.header.cards()),
        }
    }
}

/// The kind of a unit, as one word that stays.
pub(super) fn kind(kind: &HduKind) -> &str {
    match kind {
        HduKind::Primary => "primary",
        HduKind::Image => "image",
        HduKind::BinTable => "bintable",
        HduKind::CompressedImage => "compressed_image",
        HduKind::CompressedTable => "compressed_table",
        HduKind::AsciiTable => "ascii_table",
        HduKind::RandomGroups => "random_groups",
        _ => "other",
    }
}
