//! The header of a file of known length, from its beginning, piece by piece.

use crate::checked::Checked;
use crowdsky_fits::{HeaderScanner, Limits};

/// Takes the beginning of a file until what can be said of it is known.
#[derive(Debug)]
pub struct Scanner {
    fits: HeaderScanner,
    /// Bytes of the whole file, where the caller knows.
    size: Option<u64>,
    taken: u64,
}

impl Scanner {
    /// A scanner for a file of `size` bytes whose header may have `header_blocks` blocks, 2048 where nothing is said.
    #[must_use]
    pub fn new(size: Option<u64>, header_blocks: Option<usize>) -> Scanner {
        let mut limits = Limits::default();
        limits.header_blocks = header_blocks.unwrap_or(limits.header_blocks);
        Scanner { fits: HeaderScanner::new(&limits), size, taken: 0 }
    }

    /// Takes the next piece. `Some(n)`: the first `n` bytes of the file are needed; `None`: no more are.
    pub fn push(&mut self, piece: &[u8]) -> Option<usize> {
        self.taken += piece.len() as u64;
        // A file that has ended gives no more, whatever it would need.
        self.fits.push(piece).filter(|_| self.size.is_none_or(|size| self.taken < size))
    }

    /// What can be said of what is there.
    #[must_use]
    pub fn checked(&self) -> Checked {
        Checked::of(&self.fits, self.size)
    }
}
