//! What a file is to CrowdSky, by its header.

use crate::finding::{Code, Finding};
use crate::{Card, Header};
use alloc::{format, vec::Vec};
use crowdsky_core::{BayerPattern, FrameMeta};

/// What a file is to CrowdSky.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameClass {
    /// One exposure, as the camera wrote it.
    Raw,
    /// A stack: of the telescope, of CrowdSky, or another's.
    Stack,
    /// FITS all the same.
    Other,
}

impl FrameClass {
    /// Of the file with this header and these facts; `colour`: one of its images has three planes.
    pub fn of(facts: &FrameMeta, colour: bool, header: &Header) -> FrameClass {
        let image_type = facts.image_type.as_deref().unwrap_or("").as_bytes();
        let says =
            |word: &[u8]| image_type.windows(word.len()).position(|part| part.eq_ignore_ascii_case(word));
        let many = facts.stack_count.is_some_and(|n| n > 1);
        let integers =
            header.integer("ZBITPIX").or(header.integer("BITPIX")).is_some_and(|bitpix| bitpix > 0);
        if colour || many || says(b"stack").is_some() {
            FrameClass::Stack
        } else if integers && facts.width > 0 && (facts.bayer.is_some() || says(b"light") == Some(0)) {
            FrameClass::Raw
        } else {
            FrameClass::Other
        }
    }

    /// What is to be told of the facts of a file of this class; `noted` is what [`frame_meta`](crate::frame_meta) found. A table or a
    /// spectrum owes nobody a pointing.
    pub fn findings(self, facts: &FrameMeta, mut noted: Vec<Finding>, header: &Header) -> Vec<Finding> {
        match self {
            FrameClass::Raw => noted.extend(bayer_finding(facts, header)),
            FrameClass::Stack => {}
            FrameClass::Other => noted.retain(|finding| finding.code != Code::FrameKeywordMissing),
        }
        noted
    }

    /// `raw`, `stack` or `other`.
    pub const fn as_str(self) -> &'static str {
        match self {
            FrameClass::Raw => "raw",
            FrameClass::Stack => "stack",
            FrameClass::Other => "other",
        }
    }
}

/// What is wrong with the colours of a raw frame: without BAYERPAT it cannot be stacked as it is.
fn bayer_finding(facts: &FrameMeta, header: &Header) -> Option<Finding> {
    let hint = "stack it with --bayer PATTERN (Seestar: GRBG)";
    match &facts.bayer {
        None => {
            let message = format!("BAYERPAT is missing; {hint}");
            Some(Finding::new(Code::FrameKeywordMissing, "BAYERPAT", header.offset(), message))
        }
        Some(text) if text.parse::<BayerPattern>().is_err() => {
            let offset = header.get("BAYERPAT").map_or(header.offset(), Card::offset);
            let message = format!("\"{text}\" is none of RGGB, BGGR, GRBG, GBRG; {hint}");
            Some(Finding::new(Code::FrameKeywordUnusable, "BAYERPAT", offset, message))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::frame_meta;

    /// That of a raw frame, changed.
    pub(in super::super) fn header(change: impl FnOnce(&mut Header)) -> Header {
        let mut header = Header::new();
        header.set("SIMPLE", true, "").set("BITPIX", 16, "").set("NAXIS", 2, "");
        header.set("NAXIS1", 1080, "").set("NAXIS2", 1920, "").set("BAYERPAT", "GRBG", "");
        header.set("DATE-OBS", "2025-03-27T01:20:32", "").set("EXPTIME", 10.0, "");
        change(&mut header);
        header
    }

    #[test]
    fn exposures_and_stacks_are_told_apart() {
        let class = |change: fn(&mut Header)| {
            let header = header(change);
            FrameClass::of(&frame_meta(&header).0, header.integer("NAXIS3") == Some(3), &header)
        };
        assert_eq!(class(|_| ()), FrameClass::Raw);
        assert_eq!(class(|h| _ = h.set("STACKCNT", 120, "")), FrameClass::Stack);
        assert_eq!(class(|h| _ = h.set("NAXIS3", 3, "")), FrameClass::Stack);
        assert_eq!(class(|h| _ = h.set("IMAGETYP", "stacked light", "")), FrameClass::Stack);
        assert_eq!(class(|h| _ = h.set("BITPIX", -32, "")), FrameClass::Other);
        assert_eq!(class(|h| _ = h.remove("BAYERPAT")), FrameClass::Other);
    }

    #[test]
    fn colours_that_nobody_can_read_are_found() {
        let found = |change: fn(&mut Header)| {
            let header = header(change);
            bayer_finding(&frame_meta(&header).0, &header).map(|found| found.code)
        };
        assert_eq!(found(|_| ()), None);
        assert_eq!(found(|h| _ = h.set("BAYERPAT", "XYZ", "")), Some(Code::FrameKeywordUnusable));
        assert_eq!(found(|h| _ = h.remove("BAYERPAT")), Some(Code::FrameKeywordMissing));
    }
}
