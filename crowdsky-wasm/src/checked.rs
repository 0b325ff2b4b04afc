//! A file, checked by its header.

use crowdsky_core::FrameMeta;
use crowdsky_fits::{
    BLOCK, Finding, FrameClass, HeaderScanner, Layout, ParsedHeader, Refusal, bayer_finding, frame_meta,
    padding, scaling_findings,
};

/// A file, checked by its header.
#[derive(Debug)]
pub struct Checked {
    pub(crate) content: Result<Content, String>,
    /// Why the server does not take it.
    pub(crate) refusal: Option<Refusal>,
    /// Bytes that it has, where the caller knows.
    pub(crate) bytes: Option<u64>,
}

/// What a header says that can be read.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) parsed: ParsedHeader,
    pub(crate) facts: FrameMeta,
    pub(crate) class: FrameClass,
    /// Of the header, the layout and the facts, in the order of the file.
    pub(crate) findings: Vec<Finding>,
    /// Bytes up to the end of the padded data of the first unit, where its size can be known.
    pub(crate) expected: Option<u64>,
    /// Why not all of the first unit can be read.
    pub(crate) fault: Option<String>,
}

impl Checked {
    pub(crate) fn of(scanner: &HeaderScanner, bytes: Option<u64>, header_blocks: usize) -> Checked {
        let parsed = match scanner.read() {
            Ok(parsed) => parsed,
            Err(error) => {
                let told = error.to_string();
                return Checked { content: Err(told), refusal: Some(error.into()), bytes };
            }
        };
        let (facts, noted) = frame_meta(&parsed.header);
        let mut findings = parsed.findings.clone();
        let header_bytes = parsed.len as u64;
        let long = parsed.len > header_blocks.saturating_mul(BLOCK);
        let long = long.then_some(Refusal::LongHeader(header_blocks as u64));
        let (expected, fault, refusal, class) = match Layout::of(&parsed.header) {
            Err(error) => {
                let class = FrameClass::of(&facts, false, &parsed.header);
                (None, Some(error.to_string()), long.or_else(|| Some(error.into())), class)
            }
            Ok((layout, noted)) => {
                findings.extend(noted);
                findings.extend(scaling_findings(&parsed.header, &layout));
                let data = header_bytes + layout.data_bytes;
                let expected = data + padding(layout.data_bytes);
                let fault = bytes.filter(|bytes| *bytes < data).map(|bytes| {
                    format!("the file is cut off: its header declares {data} bytes, {bytes} are there")
                });
                let colour = layout.kind.is_image() && matches!(layout.shape[..], [_, _, 3]);
                let class = FrameClass::of(&facts, colour, &parsed.header);
                let refusal = long
                    .or_else(|| Refusal::of(&layout, &facts, class))
                    .or_else(|| bytes.and_then(|bytes| Refusal::of_size(bytes, expected)));
                (Some(expected), fault, refusal, class)
            }
        };
        match class {
            FrameClass::Raw | FrameClass::Stack => findings.extend(noted),
            // A table or a spectrum owes nobody a pointing, a frame that will be stacked does.
            FrameClass::Other => {
                let missing = crowdsky_fits::Code::FrameKeywordMissing;
                let owes = refusal.is_none();
                findings.extend(noted.into_iter().filter(|finding| owes || finding.code != missing));
            }
        }
        if class == FrameClass::Raw || refusal.is_none() {
            findings.extend(bayer_finding(&facts, &parsed.header));
        }
        findings.sort_by_key(|finding| finding.offset);
        let content = Content { parsed, facts, class, findings, expected, fault };
        Checked { content: Ok(content), refusal, bytes }
    }

    /// What the header says of the exposure, if it can be read.
    #[must_use]
    pub fn facts(&self) -> Option<&FrameMeta> {
        self.content.as_ref().ok().map(|content| &content.facts)
    }

    /// Why the header cannot be read, or not all of the first unit is there.
    pub(crate) fn fault(&self) -> Option<&str> {
        match &self.content {
            Err(told) => Some(told),
            Ok(content) => content.fault.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crowdsky_fits::Limits;
    use crowdsky_sim::{Night, NightOptions};

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    fn frame() -> Result<Vec<u8>, crowdsky_sim::Error> {
        Night::new(NightOptions::default().frames(3).size(64, 48).stars(30))?.fits_bytes(1)
    }

    fn checked(bytes: &[u8], size: u64) -> Checked {
        let mut scanner = HeaderScanner::new(&Limits::default());
        scanner.push(bytes);
        Checked::of(&scanner, Some(size), Refusal::HEADER_BLOCKS)
    }

    fn code(checked: &Checked) -> Option<&'static str> {
        checked.refusal.as_ref().map(Refusal::code)
    }

    #[test]
    fn a_frame_is_as_long_as_its_header_says() -> Outcome {
        let bytes = frame()?;
        let whole = bytes.len() as u64;
        let good = checked(&bytes, whole);
        assert_eq!((good.fault(), code(&good)), (None, None));
        assert_eq!(good.content.as_ref().ok().and_then(|content| content.expected), Some(whole));
        // The pixels are all there, the padding is not: it can be read, and the server does not take it.
        let unpadded = checked(&bytes, whole - 1);
        assert_eq!((unpadded.fault(), code(&unpadded)), (None, Some("truncated")));
        let cut = checked(&bytes, whole / 2);
        assert!(cut.fault().is_some_and(|told| told.contains("cut off")));
        assert_eq!(code(&checked(&bytes, whole + 1)), Some("too_long"));
        Ok(())
    }

    #[test]
    fn what_has_no_header_is_refused_in_words() -> Outcome {
        let gif = checked(b"GIF89a", 6);
        assert_eq!((gif.facts(), code(&gif)), (None, Some("not_fits")));
        let bytes = frame()?;
        let headless = checked(&bytes[..2880], 2880);
        assert_eq!((headless.facts(), code(&headless)), (None, Some("truncated")));
        Ok(())
    }
}
