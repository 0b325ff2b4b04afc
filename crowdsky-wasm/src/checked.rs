//! A file, checked by its header.

use crowdsky_core::FrameMeta;
use crowdsky_fits::{
    Finding, FrameClass, HeaderScanner, Layout, ParsedHeader, Refusal, bayer_finding, frame_meta, padding,
    scaling_findings,
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
    pub(crate) fn of(scanner: &HeaderScanner, bytes: Option<u64>) -> Checked {
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
        let (expected, fault, refusal, colour) = match Layout::of(&parsed.header) {
            Err(error) => (None, Some(error.to_string()), Some(error.into()), false),
            Ok((layout, noted)) => {
                findings.extend(noted);
                findings.extend(scaling_findings(&parsed.header, &layout));
                let data = header_bytes + layout.data_bytes;
                let expected = data + padding(layout.data_bytes);
                let fault = bytes.filter(|bytes| *bytes < data).map(|bytes| {
                    format!("the file is cut off: its header declares {data} bytes, {bytes} are there")
                });
                let refusal = Refusal::of(&layout, &facts)
                    .or_else(|| bytes.and_then(|bytes| Refusal::of_size(bytes, expected)));
                (Some(expected), fault, refusal, matches!(layout.shape[..], [_, _, 3]))
            }
        };
        let class = FrameClass::of(&facts, colour, &parsed.header);
        match class {
            FrameClass::Raw => {
                findings.extend(noted.into_iter().chain(bayer_finding(&facts, &parsed.header)))
            }
            FrameClass::Stack => findings.extend(noted),
            // A table or a spectrum owes nobody a pointing.
            FrameClass::Other => {
                let missing = crowdsky_fits::Code::FrameKeywordMissing;
                findings.extend(noted.into_iter().filter(|finding| finding.code != missing));
            }
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
