//! The header of a file of known length, from its beginning, piece by piece.

use crate::checked::Checked;
use crowdsky_fits::{HeaderScanner, Limits, Refusal};

/// Takes the beginning of a file until what can be said of it is known.
#[derive(Debug)]
pub struct Scanner {
    fits: HeaderScanner,
    /// Bytes of the whole file, where the caller knows.
    size: Option<u64>,
    taken: u64,
    /// Blocks of a header that the server takes.
    header_blocks: usize,
}

impl Scanner {
    /// A scanner for a file of `size` bytes; the server takes headers of `header_blocks` blocks, [`Refusal::HEADER_BLOCKS`] where nothing
    /// is said. Longer ones are read all the same, up to 2048.
    #[must_use]
    pub fn new(size: Option<u64>, header_blocks: Option<usize>) -> Scanner {
        let header_blocks = header_blocks.unwrap_or(Refusal::HEADER_BLOCKS);
        Scanner { fits: HeaderScanner::new(&Limits::default()), size, taken: 0, header_blocks }
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
        Checked::of(&self.fits, self.size, self.header_blocks)
    }
}
