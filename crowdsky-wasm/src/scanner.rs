//! The header of a file, from its beginning, piece by piece.

use crate::report::Report;
use crowdsky_fits::{BLOCK, CARD, Limits};

/// Bytes to begin with: four blocks. A Seestar's header has two or three.
pub const FIRST: usize = 4 * BLOCK;

/// Takes the beginning of a file until its first header is whole.
#[derive(Debug, Clone, Default)]
pub struct Scanner {
    bytes: Vec<u8>,
    /// Bytes of the whole file, where the caller knows.
    size: Option<u64>,
    /// No END card begins before this one.
    looked: usize,
}

/// What became of a piece.
#[derive(Debug, Clone, PartialEq)]
pub enum Scanned {
    /// More is needed: so many bytes from the file's beginning.
    Need(usize),
    /// The header is known, or it is known that there is none.
    Done(Box<Report>),
}

impl Scanner {
    /// A scanner for a file of `size` bytes.
    #[must_use]
    pub fn new(size: Option<u64>) -> Scanner {
        Scanner { size, ..Scanner::default() }
    }

    /// Takes the next piece.
    pub fn push(&mut self, piece: &[u8]) -> Scanned {
        let most = Limits::default().header_blocks * BLOCK;
        // Nothing behind the longest header that is read is ever held.
        self.bytes.extend_from_slice(&piece[..piece.len().min(most - self.bytes.len().min(most))]);
        let ended = self.size.is_some_and(|size| self.bytes.len() as u64 >= size);
        if !could_be_fits(&self.bytes) || self.has_end() || ended || self.bytes.len() >= most {
            return Scanned::Done(Box::new(self.finish()));
        }
        let wanted =
            (self.bytes.len() + 1).next_multiple_of(FIRST).max(2 * self.bytes.len().next_multiple_of(BLOCK));
        Scanned::Need(if self.bytes.len() < FIRST { FIRST } else { wanted.min(most) })
    }

    /// What can be said of what is there: for a file that ends here.
    #[must_use]
    pub fn finish(&self) -> Report {
        Report::of(&self.bytes, self.size)
    }

    /// Whether the block with the END card is there.
    fn has_end(&mut self) -> bool {
        let whole = self.bytes.len() / BLOCK * BLOCK;
        let is_end = |card: &[u8]| card.starts_with(b"END") && card[3..].iter().all(|&byte| byte == b' ');
        let found = self.bytes[self.looked..whole].chunks_exact(CARD).any(is_end);
        self.looked = whole;
        found
    }
}

/// Whether it could be FITS, from its first bytes; what is too short to say could.
fn could_be_fits(bytes: &[u8]) -> bool {
    let start = b"SIMPLE  =";
    let known = bytes.len().min(start.len());
    bytes[..known] == start[..known]
}
