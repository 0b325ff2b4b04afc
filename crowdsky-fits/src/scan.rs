//! The first header of a file that comes in pieces: from a network, or from a browser's `File`.

use crate::block::BLOCK;
use crate::error::HEADER_BLOCKS;
use crate::header::find_end;
use crate::unpack::{printable, refuse_packed, unsupported};
use crate::{Error, Header, Limits, ParsedHeader};
use alloc::vec::Vec;

/// Takes the beginning of a file until its first header is whole, and says how much more it needs.
///
/// ```
/// # use crowdsky_fits::{BLOCK, FitsWriter, Header, HeaderScanner, ImageRef, Limits};
/// # let mut file = Vec::new();
/// # FitsWriter::new(&mut file).write_primary(&Header::new(), Some(ImageRef::new(&[2, 1], &[7u16, 8][..])))?;
/// let mut scanner = HeaderScanner::new(&Limits::default());
/// assert_eq!(scanner.push(&file[..100]), Some(HeaderScanner::FIRST));
/// assert_eq!(scanner.push(&file[100..]), None);
/// assert_eq!(scanner.read()?.header.integer("NAXIS1"), Some(2));
/// # Ok::<(), crowdsky_fits::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct HeaderScanner {
    bytes: Vec<u8>,
    limits: Limits,
    /// No END card lies in the blocks before this byte.
    looked: usize,
}

impl HeaderScanner {
    /// Bytes to begin with: four blocks. The header of a raw Seestar frame has two or three.
    pub const FIRST: usize = 4 * BLOCK;

    /// A scanner that takes at most `limits.header_blocks` blocks.
    pub fn new(limits: &Limits) -> Self {
        HeaderScanner { bytes: Vec::new(), limits: limits.clone(), looked: 0 }
    }

    /// Takes the next piece. `Some(n)`: the first `n` bytes of the file are needed. `None`: nothing more is; the header is whole, or
    /// it is known that there is none. The need doubles each time, so a header of 73,728 cards takes ten questions.
    pub fn push(&mut self, piece: &[u8]) -> Option<usize> {
        // Nothing behind the longest header that is read is ever held.
        let most = self.limits.header_blocks.saturating_mul(BLOCK);
        self.bytes.extend_from_slice(&piece[..piece.len().min(most.saturating_sub(self.bytes.len()))]);
        if !could_be_fits(&self.bytes) || self.has_end() || self.bytes.len() >= most {
            return None;
        }
        let doubled = 2 * self.bytes.len().next_multiple_of(BLOCK);
        Some(if self.bytes.len() < Self::FIRST { Self::FIRST } else { doubled }.min(most))
    }

    /// What came so far; the header may be followed by data.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads the header, as [`read_header`](crate::read_header) does; of a file in gzip it says so.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::NotFits`], [`Error::Unsupported`] for compression, [`Error::HeaderTruncated`] while more is
    /// needed, and limits.
    pub fn read(&self) -> Result<ParsedHeader, Error> {
        match &self.bytes[..] {
            [] => return Err(Error::Empty),
            [0x1f, 0x8b, ..] => return Err(unsupported("gzip", "unpack it with `gunzip`")),
            start => refuse_packed(start)?,
        }
        if !self.bytes.starts_with(b"SIMPLE") {
            return Err(Error::NotFits { start: printable(&self.bytes) });
        }
        let held = self.bytes.len() / BLOCK;
        if held >= self.limits.header_blocks && self.looked == held * BLOCK {
            Error::check(HEADER_BLOCKS, held as u64 + 1, self.limits.header_blocks as u64)?;
        }
        Header::parse(&self.bytes, &self.limits)
    }

    /// Whether the block with the END card is there.
    fn has_end(&mut self) -> bool {
        let whole = self.bytes.len() / BLOCK * BLOCK;
        // What a block behind END holds is data.
        let end = self.bytes[self.looked..whole].chunks_exact(BLOCK).any(|block| find_end(block).is_some());
        if !end {
            self.looked = whole;
        }
        end
    }
}

/// Whether it could be FITS, from its first bytes; everything could while they are fewer than 6.
fn could_be_fits(bytes: &[u8]) -> bool {
    let start = b"SIMPLE";
    let known = bytes.len().min(start.len());
    bytes[..known] == start[..known]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FitsWriter, read_header};
    use alloc::string::ToString;
    use proptest::prelude::*;

    fn file(cards: usize) -> Result<Vec<u8>, Error> {
        let mut header = Header::new();
        for i in 0..cards {
            header.set(&alloc::format!("KEY{i}"), i as i64, "");
        }
        let mut bytes = Vec::new();
        FitsWriter::new(&mut bytes).write_primary(&header, None)?;
        bytes.extend_from_slice(&[0; 2 * BLOCK]);
        Ok(bytes)
    }

    proptest! {
        #[test]
        fn pieces_of_any_size_give_the_header_of_the_whole(cards in 0..900usize, piece in 1..9000usize) {
            let bytes = file(cards).map_err(|e| TestCaseError::fail(e.to_string()))?;
            let mut scanner = HeaderScanner::new(&Limits::default());
            let mut need = Some(1);
            let mut at = 0;
            while need.is_some() {
                prop_assert!(at < bytes.len(), "asked for more than there is");
                let end = (at + piece).min(bytes.len());
                need = scanner.push(&bytes[at..end]);
                prop_assert!(need.is_none_or(|n| n > end));
                at = end;
            }
            let told = |result: Result<_, Error>| result.map_err(|e| e.to_string());
            let parsed = told(scanner.read().map(|parsed| (parsed.header, parsed.findings)));
            prop_assert_eq!(parsed, told(read_header(&bytes[..], &Limits::default())));
        }
    }

    #[test]
    fn an_ordinary_header_takes_one_question() -> Result<(), Error> {
        let bytes = file(100)?;
        let mut scanner = HeaderScanner::new(&Limits::default());
        assert_eq!(scanner.push(&[]), Some(HeaderScanner::FIRST));
        assert_eq!(scanner.push(&bytes[..HeaderScanner::FIRST]), None);
        Ok(())
    }

    #[test]
    fn what_is_no_fits_is_known_at_once_and_named() {
        let told = |bytes: &[u8], more: Option<usize>| {
            let mut scanner = HeaderScanner::new(&Limits::default());
            assert_eq!(scanner.push(bytes), more);
            scanner.read().err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert!(told(b"GIF89a and more", None).starts_with("not a FITS file: it starts with"));
        assert_eq!(told(&[0x1f, 0x8b, 8, 0], None), "gzip is not supported; unpack it with `gunzip`");
        assert_eq!(told(b"", Some(HeaderScanner::FIRST)), "the file is empty");
    }

    #[test]
    fn a_header_without_end_stops_at_the_limit_and_holds_no_more() -> Result<(), Error> {
        let limits = Limits { header_blocks: 10, ..Limits::default() };
        let mut scanner = HeaderScanner::new(&limits);
        let mut bytes = file(0)?[..80].to_vec();
        bytes.resize(100 * BLOCK, b' ');
        assert_eq!(scanner.push(&bytes), None);
        assert_eq!(scanner.bytes().len(), 10 * BLOCK);
        assert!(matches!(scanner.read(), Err(Error::Limit { found: 11, limit: 10, .. })));
        Ok(())
    }

    #[test]
    fn a_file_that_ends_within_its_header_is_cut_off() -> Result<(), Error> {
        let mut scanner = HeaderScanner::new(&Limits::default());
        assert_eq!(scanner.push(&file(50)?[..3000]), Some(HeaderScanner::FIRST));
        assert!(matches!(scanner.read(), Err(Error::HeaderTruncated { found: 3000, .. })));
        Ok(())
    }
}
