//! The 2880-byte blocks a FITS file is made of, and the padding up to them (FITS 4.0, section 3.1).

/// Bytes in one block.
pub const BLOCK: usize = 2880;

/// Bytes in one card; 36 cards fill a block.
pub const CARD: usize = 80;

/// Bytes missing from `len` to the next full block; 0 when `len` is a multiple of 2880.
///
/// ```
/// assert_eq!(crowdsky_fits::padding(0), 0);
/// assert_eq!(crowdsky_fits::padding(2879), 1);
/// assert_eq!(crowdsky_fits::padding(4_147_200), 0); // a Seestar S50 frame needs none
/// ```
pub const fn padding(len: u64) -> u64 {
    let block = BLOCK as u64;
    (block - len % block) % block
}
