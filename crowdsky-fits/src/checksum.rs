//! DATASUM and CHECKSUM: the 32-bit ones' complement sum and its 16 letters (FITS 4.0, section 4.4.2.7 and appendix J).

use crate::Header;
use crate::finding::{Code, Findings};
use alloc::{format, string::String};

/// A running ones' complement sum of big-endian 32-bit words.
///
/// Bytes may come in pieces of any length; the sum of a whole unit whose CHECKSUM is right is "minus zero",
/// [`Sum::is_zero`].
///
/// ```
/// use crowdsky_fits::checksum::Sum;
/// let mut sum = Sum::new();
/// sum.update(&[0, 0, 0, 1, 0xff]);
/// sum.update(&[0xff, 0xff, 0xff]);
/// assert_eq!(sum.value(), 1); // 1 + (2^32 - 1), the carry added at the low end
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// Sum of whole words; folded so rarely that 2^32 words pass without overflow.
    total: u64,
    /// Bytes of a word begun, at its high end.
    partial: u32,
    pending: u32,
}

impl Sum {
    /// The sum of no bytes.
    pub const fn new() -> Self {
        Sum { total: 0, partial: 0, pending: 0 }
    }

    /// Adds bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        while self.pending > 0 {
            let Some((byte, rest)) = bytes.split_first() else { return };
            bytes = rest;
            self.push(*byte);
        }
        // 2^20 words of less than 2^32 stay below 2^52.
        for piece in bytes.chunks(4 << 20) {
            let words = piece.chunks_exact(4);
            let rest = words.remainder();
            let sum: u64 = words.map(|w| u64::from(u32::from_be_bytes([w[0], w[1], w[2], w[3]]))).sum();
            self.total = fold(self.total) + sum;
            rest.iter().for_each(|byte| self.push(*byte));
        }
    }

    fn push(&mut self, byte: u8) {
        self.partial |= u32::from(byte) << (24 - 8 * self.pending);
        self.pending += 1;
        if self.pending == 4 {
            self.total = fold(self.total) + u64::from(self.partial);
            (self.partial, self.pending) = (0, 0);
        }
    }

    /// Adds the sum of other bytes; right when the bytes so far are a multiple of 4.
    pub fn add(&mut self, other: Sum) {
        self.total = fold(self.total) + u64::from(other.value());
    }

    /// The sum so far, as if zeros filled the last word.
    pub fn value(&self) -> u32 {
        fold(fold(self.total) + u64::from(self.partial)) as u32
    }

    /// Whether the sum is zero in ones' complement: all bits set, or none (the sum of nothing but zeros).
    pub fn is_zero(&self) -> bool {
        matches!(self.value(), 0 | u32::MAX)
    }
}

/// Adds the carries to the low 32 bits until there are none.
fn fold(mut sum: u64) -> u64 {
    while sum >> 32 != 0 {
        sum = (sum & 0xffff_ffff) + (sum >> 32);
    }
    sum
}

/// The 16 letters of CHECKSUM that make a unit of this sum (taken with 16 zeros in their place) sum to minus zero.
///
/// Appendix J: each byte of the complement is spread over four letters, pairs of letters are moved apart until none is
/// punctuation, and all are turned right by one place because the string starts in column 12.
///
/// ```
/// // The example of the standard: the sum 868229149 is encoded as hcHjjc9ghcEghc9g.
/// assert_eq!(crowdsky_fits::checksum::encode(868_229_149), "hcHjjc9ghcEghc9g");
/// ```
pub fn encode(sum: u32) -> String {
    let mut letters = ['0'; 16];
    for (place, byte) in (!sum).to_be_bytes().into_iter().enumerate() {
        let quotient = byte / 4 + b'0';
        let mut quad = [quotient + byte % 4, quotient, quotient, quotient];
        for pair in quad.chunks_exact_mut(2) {
            while !pair.iter().all(u8::is_ascii_alphanumeric) {
                pair[0] += 1;
                pair[1] -= 1;
            }
        }
        for (index, letter) in quad.into_iter().enumerate() {
            letters[(4 * index + place + 1) % 16] = char::from(letter);
        }
    }
    letters.into_iter().collect()
}

/// The sums a header declares, and its own.
#[derive(Debug)]
pub(crate) struct DeclaredSums {
    header: Sum,
    /// Value and byte offset of DATASUM.
    datasum: Option<(u32, u64)>,
    /// Byte offset of CHECKSUM, whose letters are part of the header's sum.
    checksum: Option<u64>,
}

impl DeclaredSums {
    /// From a header whose blocks sum to `sum`; `None` when it declares nothing.
    pub(crate) fn of(header: &Header, sum: Sum, findings: &mut Findings) -> Option<Self> {
        let (datasum, checksum) = (header.get("DATASUM"), header.get("CHECKSUM"));
        if datasum.is_none() && checksum.is_none() {
            return None;
        }
        let mut unreadable = |keyword: &str, offset| {
            let message = format!("{keyword} is not of its form and is not verified");
            findings.add(Code::ChecksumUnreadable, keyword, offset, message);
        };
        let datasum = datasum.and_then(|card| {
            let value =
                card.value().and_then(|value| value.as_str()).and_then(|text| text.trim().parse().ok());
            if value.is_none() {
                unreadable("DATASUM", card.offset());
            }
            value.map(|value| (value, card.offset()))
        });
        let checksum = checksum.and_then(|card| {
            // An empty string says that the sum is not kept (4.4.2.7).
            match card.value().and_then(|value| value.as_str()).map(|text| text.trim().len()) {
                Some(16) => Some(card.offset()),
                Some(0) => None,
                _ => {
                    unreadable("CHECKSUM", card.offset());
                    None
                }
            }
        });
        Some(DeclaredSums { header: sum, datasum, checksum })
    }

    /// Compares with the sum of the data, padding included.
    pub(crate) fn verify(&self, data: Sum, findings: &mut Findings) {
        if let Some((declared, offset)) = self.datasum {
            // 0 and minus zero are the same.
            if declared != data.value() && !(data.is_zero() && matches!(declared, 0 | u32::MAX)) {
                let sum = data.value();
                let message =
                    format!("the data sums to {sum}, DATASUM says {declared}: the data was changed");
                findings.add(Code::DatasumMismatch, "DATASUM", offset, message);
            }
        }
        let mut all = self.header;
        all.add(data);
        if let Some(offset) = self.checksum.filter(|_| !all.is_zero()) {
            let message = format!("the unit sums to {}, not to zero: it was changed", all.value());
            findings.add(Code::ChecksumMismatch, "CHECKSUM", offset, message);
        }
    }
}
