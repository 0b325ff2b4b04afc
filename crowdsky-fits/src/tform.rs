//! TFORMn: type and repeat count of a binary table column (FITS 4.0, section 7.3).

use crate::bitpix::Bitpix;
use alloc::{format, string::String};

/// Type of one element of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Element {
    /// `L`: true, false or no value.
    Logical,
    /// `X`: bits, eight to a byte.
    Bit,
    /// `B I J K E D`: samples as of images.
    Number(Bitpix),
    /// `A`: a character.
    Character,
    /// `C`: two 32-bit numbers.
    Complex32,
    /// `M`: two 64-bit numbers.
    Complex64,
}

impl Element {
    fn new(letter: u8) -> Option<Self> {
        Some(match letter {
            b'L' => Element::Logical,
            b'X' => Element::Bit,
            b'B' => Element::Number(Bitpix::U8),
            b'I' => Element::Number(Bitpix::I16),
            b'J' => Element::Number(Bitpix::I32),
            b'K' => Element::Number(Bitpix::I64),
            b'E' => Element::Number(Bitpix::F32),
            b'D' => Element::Number(Bitpix::F64),
            b'A' => Element::Character,
            b'C' => Element::Complex32,
            b'M' => Element::Complex64,
            _ => return None,
        })
    }

    /// Bytes of `count` elements; `None` beyond the address space.
    pub fn bytes(self, count: usize) -> Option<usize> {
        let size = match self {
            Element::Logical | Element::Character => 1,
            Element::Bit => return Some(count.div_ceil(8)),
            Element::Number(bitpix) => bitpix.bytes(),
            Element::Complex32 => 8,
            Element::Complex64 => 16,
        };
        count.checked_mul(size)
    }
}

/// What a cell of a column holds.
///
/// ```
/// use crowdsky_fits::{Element, TForm};
/// let form = TForm::parse("20A")?;
/// assert_eq!((form.repeat, form.element, form.bytes), (20, Element::Character, 20));
/// assert_eq!(TForm::parse("1PE(7)")?.bytes, 8); // a descriptor: count and offset in the heap
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TForm {
    /// Elements in a cell; of a variable-length column, descriptors (0 or 1).
    pub repeat: usize,
    /// Type of the elements.
    pub element: Element,
    /// Bytes of a descriptor's two numbers when arrays of varying length lie in the heap: 8 (`P`) or 16 (`Q`).
    pub descriptor: Option<usize>,
    /// Characters of each of the strings in a cell (`60A12` is five of 12).
    pub substring: Option<usize>,
    /// Bytes of a cell in the row.
    pub bytes: usize,
}

impl TForm {
    /// Reads the value of TFORMn.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("TFORM '{}' {what}", crate::header::excerpt(text.trim(), 20));
        let code = text.trim();
        let digits = code.bytes().take_while(u8::is_ascii_digit).count();
        let repeat = match &code[..digits] {
            "" => 1,
            number => number.parse::<usize>().map_err(|_| wrong("has a repeat count beyond this machine"))?,
        };
        let rest = code.as_bytes().get(digits..).unwrap_or_default();
        let letter = *rest.first().ok_or_else(|| wrong("names no type"))?;
        let descriptor = match letter {
            b'P' => Some(8),
            b'Q' => Some(16),
            _ => None,
        };
        let letter = if descriptor.is_some() { rest.get(1).copied().unwrap_or(b' ') } else { letter };
        let element = Element::new(letter).ok_or_else(|| wrong("names no type"))?;
        let bytes = match descriptor {
            Some(_) if repeat > 1 => return Err(wrong("has more than one descriptor in a cell")),
            Some(size) => repeat * size,
            None => element.bytes(repeat).ok_or_else(|| wrong("is wider than this machine can address"))?,
        };
        let substring = (element == Element::Character && descriptor.is_none())
            .then(|| core::str::from_utf8(&rest[1..]).ok()?.parse().ok())
            .flatten()
            .filter(|width| (1..=repeat).contains(width));
        Ok(TForm { repeat, element, descriptor, substring, bytes })
    }
}
