//! The values of a table column, decoded.

use crate::bitpix::Samples;
use crate::tform::Element;
use alloc::{string::String, vec::Vec};

/// Values of a column or of one variable-length array, cell after cell.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Cells {
    /// Numbers. Unsigned types come with their TZERO applied, exactly; everything else as it is stored.
    Numbers(Samples),
    /// Truth values; `None` where there is none.
    Logical(Vec<Option<bool>>),
    /// Bits, the highest of a byte first, without those that fill up a cell's last byte.
    Bits(Vec<bool>),
    /// Strings up to a NUL and without trailing blanks.
    Text(Vec<String>),
    /// Real and imaginary part.
    Complex32(Vec<[f32; 2]>),
    /// Real and imaginary part.
    Complex64(Vec<[f64; 2]>),
}

impl Cells {
    /// No values; `numbers` is taken for the numeric types.
    pub(crate) fn empty(element: Element, numbers: &Samples) -> Self {
        match element {
            Element::Logical => Cells::Logical(Vec::new()),
            Element::Bit => Cells::Bits(Vec::new()),
            Element::Number(_) => Cells::Numbers(numbers.clone()),
            Element::Character => Cells::Text(Vec::new()),
            Element::Complex32 => Cells::Complex32(Vec::new()),
            Element::Complex64 => Cells::Complex64(Vec::new()),
        }
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        match self {
            Cells::Numbers(v) => v.len(),
            Cells::Logical(v) => v.len(),
            Cells::Bits(v) => v.len(),
            Cells::Text(v) => v.len(),
            Cells::Complex32(v) => v.len(),
            Cells::Complex64(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends `count` elements stored in `bytes`; characters make strings of `width`.
    pub(crate) fn extend(&mut self, bytes: &[u8], count: usize, width: usize) {
        match self {
            Cells::Numbers(v) => v.extend_be(bytes),
            Cells::Logical(v) => v.extend(bytes.iter().map(|b| match b {
                b'T' => Some(true),
                b'F' => Some(false),
                _ => None,
            })),
            Cells::Bits(v) => {
                v.extend((0..count).map(|i| bytes.get(i / 8).is_some_and(|b| b >> (7 - i % 8) & 1 == 1)));
            }
            Cells::Text(v) => v.extend(bytes.chunks(width.max(1)).map(text)),
            Cells::Complex32(v) => v.extend(bytes.chunks_exact(8).map(|b| {
                let part = |i: usize| f32::from_be_bytes([b[i], b[i + 1], b[i + 2], b[i + 3]]);
                [part(0), part(4)]
            })),
            Cells::Complex64(v) => v.extend(bytes.chunks_exact(16).map(|b| {
                let part =
                    |b: &[u8]| f64::from_bits(b.iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte)));
                [part(&b[..8]), part(&b[8..])]
            })),
        }
    }
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    crate::card::latin1(bytes[..end].trim_ascii_end())
}
