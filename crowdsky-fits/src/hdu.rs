//! One header and data unit: of which kind it is and how many bytes its data takes.

use crate::bitpix::Bitpix;
use crate::card::Card;
use crate::finding::{Code, Finding, Findings};
use crate::header::excerpt;
use crate::value::Value;
use crate::{BinTable, Error, Header, Image};
use alloc::{format, string::String, vec, vec::Vec};
use core::fmt;

/// What a unit is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HduKind {
    /// The first unit with an image, or without data.
    Primary,
    /// An IMAGE extension.
    Image,
    /// A BINTABLE extension.
    BinTable,
    /// A tile-compressed image inside a BINTABLE (`ZIMAGE = T`); readable as the table it is.
    CompressedImage,
    /// A tile-compressed table inside a BINTABLE (`ZTABLE = T`); readable as the table it is.
    CompressedTable,
    /// A TABLE extension: numbers as text. Only its header is read.
    AsciiTable,
    /// Random groups in the first unit. Only its header is read.
    RandomGroups,
    /// An extension of another name. Only its header is read.
    Other(String),
}

impl HduKind {
    /// Whether [`crate::OpenHdu::image`] reads it.
    pub const fn is_image(&self) -> bool {
        matches!(self, HduKind::Primary | HduKind::Image)
    }

    /// Whether [`crate::OpenHdu::table`] reads it.
    pub const fn is_table(&self) -> bool {
        matches!(self, HduKind::BinTable | HduKind::CompressedImage | HduKind::CompressedTable)
    }
}

impl fmt::Display for HduKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HduKind::Primary => "the primary image",
            HduKind::Image => "an image extension",
            HduKind::BinTable => "a binary table",
            HduKind::CompressedImage => "a tile-compressed image",
            HduKind::CompressedTable => "a tile-compressed table",
            HduKind::AsciiTable => "an ASCII table (only its header is read)",
            HduKind::RandomGroups => "random groups (only its header is read)",
            HduKind::Other(name) => {
                return write!(f, "an extension of type {name} (only its header is read)");
            }
        })
    }
}

/// Shape and size of a unit's data, from its mandatory keywords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// What the unit is.
    pub kind: HduKind,
    /// Type of the samples (8 for tables).
    pub bitpix: Bitpix,
    /// Length of each axis, NAXIS1 first; empty without data.
    pub shape: Vec<u64>,
    /// Bytes behind the main array: the heap of a table.
    pub pcount: u64,
    /// Bytes of data, without padding.
    pub data_bytes: u64,
}

impl Layout {
    /// Product of the axes; 0 without axes.
    pub fn pixels(&self) -> u64 {
        // `of` has seen that the product does not overflow.
        if self.shape.is_empty() { 0 } else { self.shape.iter().product() }
    }

    /// Reads the mandatory keywords of a header: the primary one, or one of an extension.
    ///
    /// # Errors
    /// [`Error::Keyword`] when the size of the data cannot be known: BITPIX, NAXIS or an axis missing or out of range, or a
    /// size beyond 64 bits.
    pub fn of(header: &Header) -> Result<(Self, Vec<Finding>), Error> {
        let mut findings = Findings::new(usize::MAX);
        let layout = Self::read(header, &mut findings)?;
        Ok((layout, findings.into_vec()))
    }

    pub(crate) fn read(header: &Header, findings: &mut Findings) -> Result<Self, Error> {
        let first =
            header.cards().first().ok_or_else(|| Error::keyword("SIMPLE", 0, "the header is empty"))?;
        let mut reader = Mandatory { header, findings, place: 0 };
        let extension = first.keyword() == "XTENSION";
        if extension {
            reader.card("XTENSION");
        } else if let Some(simple) = reader.card("SIMPLE") {
            if simple.value() != Some(&Value::Logical(true)) {
                let message = "SIMPLE is not T: the file says it does not follow the standard";
                reader.findings.add(Code::MandatoryValue, "SIMPLE", simple.offset(), message);
            }
        }
        let bitpix = reader.integer("BITPIX", i64::MIN..=i64::MAX)?;
        let bitpix = Bitpix::new(bitpix).ok_or_else(|| {
            Error::keyword(
                "BITPIX",
                reader.offset("BITPIX"),
                format!("{bitpix} is none of 8, 16, 32, 64, -32, -64"),
            )
        })?;
        let naxis = reader.integer("NAXIS", 0..=999)?;
        let shape = reader.axes(naxis as usize)?;
        let groups = !extension && shape.first() == Some(&0) && header.logical("GROUPS") == Some(true);
        let (mut pcount, mut gcount) = (0, 1);
        if extension {
            pcount = reader.integer_or("PCOUNT", 0, 0..=i64::MAX)?;
            gcount = reader.integer_or("GCOUNT", 1, 0..=i64::MAX)?;
        } else if groups {
            reader.place = usize::MAX; // random groups have them anywhere
            pcount = reader.integer_or("PCOUNT", 0, 0..=i64::MAX)?;
            gcount = reader.integer_or("GCOUNT", 1, 0..=i64::MAX)?;
        }
        let axes = if groups { &shape[1..] } else { &shape[..] };
        let elements = if axes.is_empty() { Some(0) } else { product(axes) };
        let data_bytes = elements
            .and_then(|n| n.checked_add(pcount as u64))
            .and_then(|n| n.checked_mul(gcount as u64))
            .and_then(|n| n.checked_mul(bitpix.bytes() as u64))
            // Random groups do not multiply their zero axis away, so the shape itself is checked too.
            .filter(|n| *n <= i64::MAX as u64 && product(&shape).is_some())
            .ok_or_else(|| {
                Error::keyword("NAXIS", header.offset(), "the size of the data is beyond 64 bits")
            })?;
        let name = header.text("XTENSION").unwrap_or("").trim_end();
        let kind = match name {
            _ if groups => HduKind::RandomGroups,
            _ if !extension => HduKind::Primary,
            "IMAGE" | "IUEIMAGE" => HduKind::Image,
            "BINTABLE" | "A3DTABLE" if header.logical("ZIMAGE") == Some(true) => HduKind::CompressedImage,
            "BINTABLE" | "A3DTABLE" if header.logical("ZTABLE") == Some(true) => HduKind::CompressedTable,
            "BINTABLE" | "A3DTABLE" => HduKind::BinTable,
            "TABLE" => HduKind::AsciiTable,
            _ => HduKind::Other(excerpt(name, 20)),
        };
        if bitpix.is_float() && kind.is_image() {
            if let Some(blank) = header.get("BLANK") {
                let message = "BLANK means nothing with floating-point pixels and is ignored";
                reader.findings.add(Code::BlankOnFloat, "BLANK", blank.offset(), message);
            }
        }
        Ok(Layout { kind, bitpix, shape, pcount: pcount as u64, data_bytes })
    }
}

/// The product, unless it overflows at any step: an axis of 0 does not excuse the others.
fn product(axes: &[u64]) -> Option<u64> {
    let nonzero = axes.iter().filter(|n| **n != 0).try_fold(1u64, |all, n| all.checked_mul(*n))?;
    Some(if axes.contains(&0) { 0 } else { nonzero })
}

/// Reads mandatory keywords one after the other, each at its place in the header if it is there.
struct Mandatory<'a> {
    header: &'a Header,
    findings: &'a mut Findings,
    /// Where the next one belongs.
    place: usize,
}

impl<'a> Mandatory<'a> {
    fn card(&mut self, keyword: &str) -> Option<&'a Card> {
        let here = self.header.cards().get(self.place).filter(|card| card.keyword() == keyword);
        let card = here.or_else(|| self.header.get(keyword))?;
        if here.is_none() && self.place != usize::MAX {
            let message = format!("{keyword} belongs at card {}", self.place + 1);
            self.findings.add(Code::MandatoryOrder, keyword, card.offset(), message);
        }
        if card.image().is_some_and(|image| !is_fixed_format(image)) {
            let message =
                format!("{keyword} is not in fixed format (strings from column 11, others up to column 30)");
            self.findings.add(Code::MandatoryFormat, keyword, card.offset(), message);
        }
        self.place = self.place.saturating_add(1);
        Some(card)
    }

    fn offset(&self, keyword: &str) -> u64 {
        self.header.get(keyword).map_or(self.header.offset(), Card::offset)
    }

    fn integer(&mut self, keyword: &str, range: core::ops::RangeInclusive<i64>) -> Result<i64, Error> {
        match self.card(keyword) {
            Some(card) => self.checked(card, range),
            None => Err(Error::keyword(keyword, self.header.offset(), "it is missing")),
        }
    }

    fn integer_or(
        &mut self,
        keyword: &str,
        usual: i64,
        range: core::ops::RangeInclusive<i64>,
    ) -> Result<i64, Error> {
        match self.card(keyword) {
            Some(card) => self.checked(card, range),
            None => {
                let message = format!("{keyword} is missing; {usual} is assumed");
                self.findings.add(Code::MandatoryMissing, keyword, self.header.offset(), message);
                Ok(usual)
            }
        }
    }

    fn checked(&mut self, card: &Card, range: core::ops::RangeInclusive<i64>) -> Result<i64, Error> {
        let keyword = card.keyword();
        let Some(value) = card.value().and_then(Value::as_integer) else {
            let value = match card.value() {
                None | Some(Value::Undefined) => "no value".into(),
                Some(value) => format!("\"{}\"", excerpt(&value.shown(), 40)),
            };
            return Err(Error::keyword(
                keyword,
                card.offset(),
                format!("it must be an integer, not {value}"),
            ));
        };
        if let Some(Value::Real(_)) = card.value() {
            let message = format!("{keyword} is written as a real number; read as {value}");
            self.findings.add(Code::MandatoryValue, keyword, card.offset(), message);
        }
        if !range.contains(&value) {
            let problem = format!("{value} is not between {} and {}", range.start(), range.end());
            return Err(Error::keyword(keyword, card.offset(), problem));
        }
        Ok(value)
    }

    /// NAXIS1 to NAXISn. One pass finds those that are not at their place, so 999 axes among 70,000 cards stay cheap.
    fn axes(&mut self, naxis: usize) -> Result<Vec<u64>, Error> {
        let mut cards: Vec<Option<&Card>> = vec![None; naxis];
        for card in self.header.cards() {
            if let Some(n) = numbered(card.keyword(), "NAXIS").filter(|n| *n <= naxis) {
                cards[n - 1].get_or_insert(card);
            }
        }
        let mut shape = Vec::with_capacity(naxis);
        for (index, card) in cards.into_iter().enumerate() {
            let keyword = format!("NAXIS{}", index + 1);
            let Some(card) = card else {
                return Err(Error::keyword(&keyword, self.header.offset(), "it is missing"));
            };
            let here = self.header.cards().get(self.place).is_some_and(|there| core::ptr::eq(there, card));
            if !here {
                let message = format!("{keyword} belongs at card {}", self.place + 1);
                self.findings.add(Code::MandatoryOrder, &keyword, card.offset(), message);
            }
            if card.image().is_some_and(|image| !is_fixed_format(image)) {
                let message = format!("{keyword} is not in fixed format (the value ends in column 30)");
                self.findings.add(Code::MandatoryFormat, &keyword, card.offset(), message);
            }
            self.place += 1;
            shape.push(self.checked(card, 0..=i64::MAX)? as u64);
        }
        Ok(shape)
    }
}

/// The number of an indexed keyword such as NAXIS2 or TTYPE17: 1 to 999, without leading zeros.
pub(crate) fn numbered(keyword: &str, stem: &str) -> Option<usize> {
    let digits = keyword.strip_prefix(stem)?;
    if digits.is_empty()
        || digits.len() > 3
        || digits.starts_with('0')
        || !digits.bytes().all(|b| b.is_ascii_digit())
    {
        return None;
    }
    digits.parse().ok()
}

/// Whether a value is where fixed format has it: a string from column 11, all else right-justified to column 30.
fn is_fixed_format(image: &[u8]) -> bool {
    let Some(field) = image.get(10..) else { return false };
    let number = field[..20].trim_ascii_start();
    field[0] == b'\'' || (!number.is_empty() && !number.contains(&b' ') && matches!(field[20], b' ' | b'/'))
}

/// What is known of a unit before its data is read.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HduHead {
    /// 0 for the primary unit.
    pub index: usize,
    /// Byte offset of its header in the (uncompressed) file.
    pub offset: u64,
    /// Bytes of its header, padding included.
    pub header_bytes: u64,
    /// Its cards.
    pub header: Header,
    /// Kind, shape and size.
    pub layout: Layout,
}

impl HduHead {
    /// An image's data are its pixels and nothing else; otherwise the samples would not be those of the shape.
    pub(crate) fn check_image_size(&self) -> Result<(), Error> {
        let Layout { bitpix, pcount, data_bytes, .. } = self.layout;
        if data_bytes == self.layout.pixels().saturating_mul(bitpix.bytes() as u64) {
            return Ok(());
        }
        let keyword = if pcount == 0 { "GCOUNT" } else { "PCOUNT" };
        Err(Error::keyword(keyword, self.offset, "an image has PCOUNT = 0 and GCOUNT = 1"))
    }
}

/// A unit read whole.
#[derive(Debug, Clone)]
pub struct Hdu {
    /// Header and size.
    pub head: HduHead,
    /// What the data is.
    pub data: HduData,
}

/// The data of a unit.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum HduData {
    /// There is none.
    Empty,
    /// An image.
    Image(Image),
    /// A binary table.
    Table(BinTable),
    /// A kind whose data is not read: ASCII tables, random groups, foreign extensions.
    NotRead,
}
