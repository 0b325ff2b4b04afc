//! What a file's header says, and whether it can be stacked.

use crowdsky_core::{ChunkKey, FrameMeta, HealpixTile};
use crowdsky_fits::{
    Card, Finding, Header, Layout, Limits, Severity, Value, frame_meta, padding, read_header,
};
use serde::Serialize;

/// The report on one file, as JavaScript gets it. `null` stands for what the header does not say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Whether its header can be read and all of its first unit is there.
    pub usable: bool,
    /// Why not, in words.
    pub error: Option<String>,
    /// What it is to CrowdSky.
    pub class: Option<Class>,
    /// What the header says of the exposure.
    pub facts: Option<Facts>,
    /// `YYYYMMDD.CC_RRR.R_sDD.D`.
    pub chunk_key: Option<String>,
    /// `YYYYMMDD.CC_HPnnnnnn`.
    pub healpix_key: Option<String>,
    /// HEALPix tile, NSIDE 128, RING.
    pub healpix_pixel: Option<u32>,
    /// Bytes of the header, padding included.
    pub header_bytes: Option<u64>,
    /// Bytes that the file must have at least, by its header.
    pub expected_bytes: Option<u64>,
    /// Bytes that it has.
    pub bytes: Option<u64>,
    /// Every card.
    pub cards: Vec<CardRow>,
    /// What is odd.
    pub findings: Vec<Found>,
}

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A single exposure.
    Raw,
    /// A stack, or another product.
    Stack,
    /// No image of two axes with integers.
    Other,
}

/// What a header says of its exposure. The site is left out: nobody needs to know where a user lives.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)] // Named as the cards are.
pub struct Facts {
    pub width: u32,
    pub height: u32,
    pub naxis: u32,
    pub bayer: Option<String>,
    pub object: Option<String>,
    pub telescope: Option<String>,
    pub instrument: Option<String>,
    pub filter: Option<String>,
    pub exptime_s: Option<f64>,
    pub gain: Option<f64>,
    pub date_obs: Option<String>,
    pub ra_deg: Option<f64>,
    pub dec_deg: Option<f64>,
    pub image_type: Option<String>,
    pub stack_count: Option<u32>,
    pub ccd_temp_c: Option<f64>,
    pub program: Option<String>,
}

/// A card.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CardRow {
    /// Its keyword.
    pub keyword: String,
    /// `logical`, `integer`, `real`, `complex`, `string`, `undefined`, `invalid` or `commentary`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// As text, as the card has it.
    pub value: Option<String>,
    /// Its comment, or the text of a commentary card.
    pub comment: String,
    /// Where it begins in the file.
    pub offset: u64,
}

/// Something odd.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    /// Stays the same for the same kind of oddity.
    pub code: u16,
    /// `warning` or `error`.
    pub severity: &'static str,
    /// The card, if it is one's.
    pub card: Option<String>,
    /// Where in the file.
    pub offset: u64,
    /// In words.
    pub message: String,
}

impl Report {
    /// Of the beginning of a file of `size` bytes.
    #[must_use]
    pub fn of(bytes: &[u8], size: Option<u64>) -> Report {
        match read_header(bytes, &Limits::default()) {
            Ok((header, findings)) => Report::read(&header, findings, header_bytes(bytes), size),
            Err(error) => Report { error: Some(error.to_string()), bytes: size, ..Report::empty() },
        }
    }

    fn read(header: &Header, mut findings: Vec<Finding>, header_bytes: u64, size: Option<u64>) -> Report {
        let (meta, noted) = frame_meta(header);
        findings.extend(noted);
        let layout = Layout::of(header);
        let expected = layout
            .as_ref()
            .ok()
            .map(|(layout, _)| header_bytes + layout.data_bytes + padding(layout.data_bytes));
        let short = size
            .zip(expected)
            .filter(|(size, _)| layout.as_ref().is_ok_and(|(l, _)| *size < header_bytes + l.data_bytes));
        let error = match (&layout, short) {
            (Err(error), _) => Some(error.to_string()),
            (_, Some((size, expected))) => {
                Some(format!("ends after {size} bytes, its header promises {expected}: it is cut off"))
            }
            _ => None,
        };
        if let Ok((_, noted)) = layout {
            findings.extend(noted);
        }
        findings.sort_by_key(|finding| finding.offset);
        Report {
            usable: error.is_none(),
            error,
            class: Some(Class::of(&meta, header)),
            chunk_key: meta.date_obs.map(|time| ChunkKey::position(time, meta.pointing.as_ref()).to_string()),
            healpix_key: meta
                .date_obs
                .zip(meta.pointing)
                .map(|(time, pos)| ChunkKey::healpix(time, &pos).to_string()),
            healpix_pixel: meta.pointing.map(|pos| HealpixTile::from_pos(&pos).index()),
            facts: Some(Facts::of(meta)),
            header_bytes: Some(header_bytes),
            expected_bytes: expected,
            bytes: size,
            cards: header.cards().iter().map(CardRow::of).collect(),
            findings: findings.iter().map(Found::of).collect(),
        }
    }

    fn empty() -> Report {
        Report {
            usable: false,
            error: None,
            class: None,
            facts: None,
            chunk_key: None,
            healpix_key: None,
            healpix_pixel: None,
            header_bytes: None,
            expected_bytes: None,
            bytes: None,
            cards: Vec::new(),
            findings: Vec::new(),
        }
    }
}

/// Bytes of the header at the beginning, of one that can be read.
fn header_bytes(bytes: &[u8]) -> u64 {
    Header::parse(bytes, &Limits::default()).map_or(0, |parsed| parsed.len as u64)
}

impl Class {
    fn of(meta: &FrameMeta, header: &Header) -> Class {
        let stacked =
            meta.image_type.as_deref().is_some_and(|text| text.to_ascii_lowercase().contains("stack"));
        match header.integer("BITPIX") {
            _ if meta.naxis == 3 || stacked || !meta.is_raw() && meta.naxis == 2 => Class::Stack,
            Some(bits) if bits > 0 && meta.naxis == 2 => Class::Raw,
            _ => Class::Other,
        }
    }
}

impl Facts {
    fn of(meta: FrameMeta) -> Facts {
        Facts {
            width: meta.width,
            height: meta.height,
            naxis: meta.naxis,
            bayer: meta.bayer,
            object: meta.object,
            telescope: meta.telescope,
            instrument: meta.instrument,
            filter: meta.filter.map(|filter| filter.to_string()),
            exptime_s: meta.exptime,
            gain: meta.gain,
            date_obs: meta.date_obs.map(|time| time.to_iso_micros()),
            ra_deg: meta.pointing.map(|pos| pos.ra()),
            dec_deg: meta.pointing.map(|pos| pos.dec()),
            image_type: meta.image_type,
            stack_count: meta.stack_count,
            ccd_temp_c: meta.ccd_temp,
            program: meta.program,
        }
    }
}

impl CardRow {
    fn of(card: &Card) -> CardRow {
        let (kind, value) = match card.value() {
            None => ("commentary", None),
            Some(Value::Undefined) => ("undefined", None),
            Some(Value::Logical(yes)) => ("logical", Some(if *yes { "T" } else { "F" }.to_owned())),
            Some(Value::Integer(i)) => ("integer", Some(i.to_string())),
            Some(Value::BigInteger(digits)) => ("integer", Some(digits.clone())),
            Some(Value::Real(r)) => ("real", Some(r.to_string())),
            Some(Value::Complex(re, im)) => ("complex", Some(format!("({re}, {im})"))),
            Some(Value::Str(text)) => ("string", Some(text.clone())),
            Some(Value::Invalid(text)) => ("invalid", Some(text.clone())),
            Some(other) => ("invalid", Some(format!("{other:?}"))),
        };
        let (keyword, comment) = (card.keyword().to_owned(), card.comment().to_owned());
        CardRow { keyword, kind, value, comment, offset: card.offset() }
    }
}

impl Found {
    fn of(finding: &Finding) -> Found {
        Found {
            code: finding.code.number(),
            severity: match finding.severity() {
                Severity::Warning => "warning",
                Severity::Error => "error",
            },
            card: Some(finding.keyword.clone()).filter(|keyword| !keyword.is_empty()),
            offset: finding.offset,
            message: finding.message.clone(),
        }
    }
}
