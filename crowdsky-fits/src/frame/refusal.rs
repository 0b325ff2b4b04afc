//! Why CrowdSky takes no such file as a raw frame: the same words in the browser and on the server.

use super::FrameClass;
use crate::error::HEADER_BLOCKS;
use crate::{Bitpix, Error, Layout};
use alloc::{
    format,
    string::{String, ToString},
};
use core::fmt;
use crowdsky_core::{BayerPattern, FrameMeta};

/// Why CrowdSky takes no such file as a raw frame, in words for the one who has it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Something else than FITS.
    NotFits,
    /// A file that is packed: with what, and how it is unpacked.
    Packed(&'static str, &'static str),
    /// A header that cannot be read, and why.
    Broken(String),
    /// A stack, a cube, a table: no single exposure.
    NotRaw,
    /// Pixels of another type than 16-bit integers.
    Bits,
    /// A header of more blocks than so many.
    LongHeader(u64),
    /// So many columns and rows: no pixels, or more than [`Refusal::MAX_PIXELS`].
    Size(u64, u64),
    /// Without a BAYERPAT that can be read nobody can say which pixel has which colour; nor can the stacker.
    NoBayer,
    /// Without DATE-OBS nobody can say which chunk it belongs to.
    NoDateObs,
    /// The file ends within its header, after so many bytes.
    HeaderCutOff(u64),
    /// The file has fewer bytes than its header promises.
    CutOff {
        /// Bytes that it has.
        found: u64,
        /// Bytes that it should have.
        expected: u64,
    },
    /// The file has more bytes than its header speaks of.
    TooLong {
        /// Bytes that it has.
        found: u64,
        /// Bytes that it should have.
        expected: u64,
    },
}

impl Refusal {
    /// Largest frame, pixels: twice that of any Seestar there is.
    pub const MAX_PIXELS: u64 = 16 << 20;

    /// Blocks of 2880 bytes that a header may have where nothing else is set. That of a Seestar has two or three.
    pub const HEADER_BLOCKS: usize = 64;

    /// What speaks against a file with this layout, these facts and of this class; the first that does.
    pub fn of(layout: &Layout, facts: &FrameMeta, class: FrameClass) -> Option<Refusal> {
        let [columns, rows] = layout.shape[..] else { return Some(Refusal::NotRaw) };
        if !facts.is_raw() || class == FrameClass::Stack {
            Some(Refusal::NotRaw)
        } else if layout.bitpix != Bitpix::I16 {
            Some(Refusal::Bits)
        } else if layout.pixels() == 0 || layout.pixels() > Self::MAX_PIXELS {
            Some(Refusal::Size(columns, rows))
        } else if facts.bayer.as_ref().is_none_or(|text| text.parse::<BayerPattern>().is_err()) {
            Some(Refusal::NoBayer)
        } else if facts.date_obs.is_none() {
            Some(Refusal::NoDateObs)
        } else {
            None
        }
    }

    /// What speaks against a file of `found` bytes whose header, padding and all, speaks of `expected`.
    pub fn of_size(found: u64, expected: u64) -> Option<Refusal> {
        match found.cmp(&expected) {
            core::cmp::Ordering::Less => Some(Refusal::CutOff { found, expected }),
            core::cmp::Ordering::Equal => None,
            core::cmp::Ordering::Greater => Some(Refusal::TooLong { found, expected }),
        }
    }

    /// One word that stays.
    pub const fn code(&self) -> &'static str {
        match self {
            Refusal::NotFits | Refusal::Packed(..) => "not_fits",
            Refusal::NotRaw => "not_raw",
            Refusal::Bits => "unsupported",
            Refusal::Broken(_) | Refusal::LongHeader(_) | Refusal::Size(..) => "bad_fits",
            Refusal::NoBayer => "no_bayer",
            Refusal::NoDateObs => "no_date_obs",
            Refusal::HeaderCutOff(_) | Refusal::CutOff { .. } => "truncated",
            Refusal::TooLong { .. } => "too_long",
        }
    }
}

/// A header that cannot be read is a reason as well.
impl From<&Error> for Refusal {
    fn from(error: &Error) -> Self {
        match error {
            Error::NotFits { .. } => Refusal::NotFits,
            Error::Unsupported { what, instead } => Refusal::Packed(what, instead),
            Error::Empty => Refusal::HeaderCutOff(0),
            Error::Limit { what: HEADER_BLOCKS, limit, .. } => Refusal::LongHeader(*limit),
            Error::HeaderTruncated { found, .. } => Refusal::HeaderCutOff(*found),
            other => Refusal::Broken(other.to_string()),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Refusal::NotFits => {
                "This is not a FITS file: it does not start with \"SIMPLE\". Raw frames end in .fit."
            }
            Refusal::NotRaw => {
                "This is no raw frame: CrowdSky stacks single exposures (Light_*.fit from a folder *_sub), not pictures that are \
                 stacked already."
            }
            Refusal::Bits => "A raw frame has 16 bits for each pixel (BITPIX = 16); this one has not.",
            Refusal::NoBayer => {
                "The header has no BAYERPAT that can be read (RGGB, BGGR, GRBG or GBRG), so nobody can say which pixel has which \
                 colour. Take the file as the telescope wrote it."
            }
            Refusal::NoDateObs => {
                "The header has no DATE-OBS that can be read, so nobody can say which 15 minutes it belongs to."
            }
            Refusal::Packed(what, instead) => &format!("This file is packed ({what}): {instead}."),
            Refusal::Broken(why) => {
                &format!("The FITS header is broken: {why}. Copy the file from the telescope again.")
            }
            Refusal::LongHeader(limit) => &format!(
                "The header has more than {limit} blocks of 2880 bytes, which no telescope's frame has."
            ),
            Refusal::Size(columns, rows) => {
                &format!("A frame has 1 to {} pixels; this header says {columns} x {rows}.", Self::MAX_PIXELS)
            }
            Refusal::HeaderCutOff(found) => &format!(
                "The file is cut off: it ends after {found} bytes, within its header. Copy it from the telescope again."
            ),
            Refusal::CutOff { found, expected } => &format!(
                "The file is cut off: its header asks for {expected} bytes, and there are {found}. Copy it from the telescope again."
            ),
            Refusal::TooLong { found, expected } => &format!(
                "The file has {found} bytes, its header speaks of {expected}: what follows is unknown."
            ),
        };
        f.write_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Header, frame_meta};

    fn told(change: impl FnOnce(&mut Header)) -> Result<Option<&'static str>, Error> {
        let header = super::super::class::tests::header(change);
        let facts = frame_meta(&header).0;
        let refusal = Refusal::of(&Layout::of(&header)?.0, &facts, FrameClass::of(&facts, false, &header));
        assert!(refusal.as_ref().is_none_or(|r| r.to_string().ends_with('.')));
        Ok(refusal.map(|r| r.code()))
    }

    #[test]
    fn a_raw_frame_is_taken_and_others_are_told_why_not() -> Result<(), Error> {
        assert_eq!(told(|_| ())?, None);
        assert_eq!(told(|h| _ = h.set("STACKCNT", 120, ""))?, Some("not_raw"));
        assert_eq!(told(|h| _ = h.set("NAXIS", 3, "").set("NAXIS3", 3, ""))?, Some("not_raw"));
        assert_eq!(told(|h| _ = h.set("BITPIX", -32, ""))?, Some("unsupported"));
        assert_eq!(told(|h| _ = h.set("IMAGETYP", "Stack", ""))?, Some("not_raw"));
        assert_eq!(told(|h| _ = h.set("NAXIS1", 0, ""))?, Some("bad_fits"));
        assert_eq!(told(|h| _ = h.set("NAXIS1", 100_000, ""))?, Some("bad_fits"));
        assert_eq!(told(|h| _ = h.remove("DATE-OBS"))?, Some("no_date_obs"));
        assert_eq!(told(|h| _ = h.remove("BAYERPAT"))?, Some("no_bayer"));
        assert_eq!(told(|h| _ = h.set("BAYERPAT", "XYZ", ""))?, Some("no_bayer"));
        Ok(())
    }

    #[test]
    fn a_file_has_the_size_its_header_speaks_of() {
        assert_eq!(Refusal::of_size(5760, 5760), None);
        assert_eq!(Refusal::of_size(5759, 5760).map(|r| r.code()), Some("truncated"));
        assert_eq!(Refusal::of_size(5761, 5760).map(|r| r.code()), Some("too_long"));
        let told = Refusal::from(&Error::HeaderTruncated { offset: 0, found: 160 });
        assert!(told.to_string().starts_with("The file is cut off: it ends after 160 bytes"), "{told}");
        let long = Error::check(HEADER_BLOCKS, 65, 64).map_err(|error| Refusal::from(&error));
        assert_eq!(long, Err(Refusal::LongHeader(64)));
        let told = Refusal::from(&crate::unpack::unsupported("gzip", "unpack it with `gunzip`"));
        assert_eq!(told.to_string(), "This file is packed (gzip): unpack it with `gunzip`.");
    }
}
