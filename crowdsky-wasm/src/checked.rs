//! A file, checked by its header.

use crowdsky_core::FrameMeta;
use crowdsky_fits::{BLOCK, FrameHead, HeaderScanner, Refusal};

/// A file, checked by its header.
#[derive(Debug)]
pub struct Checked {
    /// What its header says, or why it cannot be read.
    pub(crate) head: Result<FrameHead, String>,
    /// Why not all of the first unit can be read.
    fault: Option<String>,
    /// Why the server does not take it.
    pub(crate) refusal: Option<Refusal>,
    /// Bytes that it has, where the caller knows.
    pub(crate) bytes: Option<u64>,
}

impl Checked {
    pub(crate) fn of(scanner: &HeaderScanner, bytes: Option<u64>, header_blocks: usize) -> Checked {
        let head = match scanner.read() {
            Ok(parsed) => FrameHead::of(parsed),
            Err(error) => {
                let refusal = Some(Refusal::from(&error));
                return Checked { head: Err(error.to_string()), fault: None, refusal, bytes };
            }
        };
        let fault = match (&head.layout, head.data_end(), bytes) {
            (Err(error), ..) => Some(error.to_string()),
            (_, Some(end), Some(bytes)) if bytes < end => {
                Some(format!("the file is cut off: its header declares {end} bytes, {bytes} are there"))
            }
            _ => None,
        };
        let long = head.header_bytes > header_blocks.saturating_mul(BLOCK) as u64;
        let refusal = long
            .then_some(Refusal::LongHeader(header_blocks as u64))
            .or_else(|| head.verdict.clone().err())
            .or_else(|| Refusal::of_size(bytes?, head.padded_end()?));
        Checked { head: Ok(head), fault, refusal, bytes }
    }

    /// What the header says of the exposure, if it can be read.
    #[must_use]
    pub fn facts(&self) -> Option<&FrameMeta> {
        self.head.as_ref().ok().map(|head| &head.facts)
    }

    /// Why the header cannot be read, or not all of the first unit is there.
    pub(crate) fn fault(&self) -> Option<&str> {
        self.head.as_ref().err().or(self.fault.as_ref()).map(String::as_str)
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
        assert_eq!(good.head.as_ref().ok().and_then(|head| head.padded_end()), Some(whole));
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
