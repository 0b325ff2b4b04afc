//! The first header of a file, read as that of a raw frame: by the server, by its page in the browser.

use super::{FrameClass, Refusal, frame_meta};
use crate::finding::{Finding, Findings};
use crate::image::scale_and_zero;
use crate::{Error, Header, Layout, ParsedHeader, padding};
use alloc::vec::Vec;
use crowdsky_core::FrameMeta;

/// The first header of a file, read as that of a raw frame.
///
/// ```
/// # use crowdsky_fits::{FitsWriter, FrameClass, FrameHead, Header, HeaderScanner, ImageRef, Limits};
/// # let mut file = Vec::new();
/// # let mut cards = Header::new();
/// # cards.set("BAYERPAT", "GRBG", "");
/// # FitsWriter::new(&mut file).write_primary(&cards, Some(ImageRef::new(&[2, 1], &[7u16, 8][..])))?;
/// let mut scanner = HeaderScanner::new(&Limits::default());
/// scanner.push(&file);
/// let head = FrameHead::of(scanner.read()?);
/// assert_eq!((head.class, head.padded_end()), (FrameClass::Raw, Some(5760)));
/// assert_eq!(head.verdict.map_err(|refusal| refusal.code()), Err("no_date_obs"));
/// # Ok::<(), crowdsky_fits::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct FrameHead {
    /// The header.
    pub header: Header,
    /// Bytes it takes, padding included: where the data starts.
    pub header_bytes: u64,
    /// What it says of the exposure.
    pub facts: FrameMeta,
    /// What the file is.
    pub class: FrameClass,
    /// What is odd about the header, the layout and the facts, in the order of the file.
    pub findings: Vec<Finding>,
    /// How its data lies behind it, or why nobody can tell.
    pub layout: Result<Layout, Error>,
    /// Bytes of the whole file if it is a raw frame; else what speaks against that.
    pub verdict: Result<u64, Refusal>,
}

impl FrameHead {
    /// Reads a header.
    pub fn of(parsed: ParsedHeader) -> FrameHead {
        let ParsedHeader { header, mut findings, len } = parsed;
        let header_bytes = len as u64;
        let (facts, noted) = frame_meta(&header);
        let layout = Layout::of(&header).map(|(layout, odd)| {
            findings.extend(odd);
            findings.extend(of_scaling(&header, &layout));
            layout
        });
        let shape =
            layout.as_ref().ok().filter(|layout| layout.kind.is_image()).map(|layout| &layout.shape[..]);
        let class = FrameClass::of(&facts, matches!(shape, Some([_, _, 3])), &header);
        let verdict = layout.as_ref().map_err(Refusal::from).and_then(|layout| {
            Refusal::of(layout, &facts, class).map_or(Ok(padded(header_bytes + layout.data_bytes)), Err)
        });
        findings.extend(class.findings(&facts, noted, &header));
        findings.sort_by_key(|finding| finding.offset);
        FrameHead { header, header_bytes, facts, class, findings, layout, verdict }
    }

    /// Bytes up to the end of the data, padding left out.
    pub fn data_end(&self) -> Option<u64> {
        self.layout.as_ref().ok().map(|layout| self.header_bytes + layout.data_bytes)
    }

    /// Bytes up to the end of the padding: those of a file that ends with this unit.
    pub fn padded_end(&self) -> Option<u64> {
        self.data_end().map(padded)
    }
}

/// What is odd about BSCALE and BZERO of an image.
fn of_scaling(header: &Header, layout: &Layout) -> Vec<Finding> {
    let mut findings = Findings::new(usize::MAX);
    if layout.kind.is_image() {
        scale_and_zero(header, &mut findings);
    }
    findings.into_vec()
}

/// The header's length is a multiple of a block, so padding counts from the beginning of the file as well.
fn padded(end: u64) -> u64 {
    end + padding(end)
}

#[cfg(test)]
mod tests {
    use super::super::class::tests::header;
    use super::*;
    use crate::Code;

    fn head(change: impl FnOnce(&mut Header)) -> FrameHead {
        FrameHead::of(ParsedHeader { header: header(change), findings: Vec::new(), len: 2880 })
    }

    #[test]
    fn a_frame_is_taken_and_its_size_known() {
        let head = head(|_| ());
        let data = 2 * 1080 * 1920;
        assert_eq!((head.class, &head.verdict), (FrameClass::Raw, &Ok(2880 + data)));
        assert_eq!((head.data_end(), head.padded_end()), (Some(2880 + data), Some(2880 + data)));
    }

    #[test]
    fn what_has_no_layout_is_refused_as_broken_and_still_tells_its_facts() {
        let head = head(|h| _ = h.set("BITPIX", 17, ""));
        assert_eq!((head.data_end(), head.padded_end(), head.facts.exptime), (None, None, Some(10.0)));
        assert_eq!(head.verdict.map_err(|refusal| refusal.code()), Err("bad_fits"));
    }

    #[test]
    fn an_exposure_owes_a_pointing_and_colours() {
        let missing = |change: fn(&mut Header)| {
            let findings = head(change).findings;
            findings.iter().filter(|finding| finding.code == Code::FrameKeywordMissing).count()
        };
        assert_eq!(missing(|_| ()), 2, "RA and DEC");
        assert_eq!(missing(|h| _ = h.set("BAYERPAT", "", "").set("IMAGETYP", "Light", "")), 3);
        assert_eq!(missing(|h| _ = h.set("NAXIS", 3, "").set("NAXIS3", 3, "")), 2, "a stack has its colours");
        assert_eq!(missing(|h| _ = h.set("BITPIX", -32, "")), 0);
    }
}
