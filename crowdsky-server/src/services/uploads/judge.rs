//! Which header is that of a raw frame, and how many bytes belong to it.

use super::{Error, Result};
use crowdsky_core::FrameMeta;
use crowdsky_fits::{BLOCK, Bitpix, CARD, Layout, Limits, frame_meta, padding, read_header};

/// A raw frame by its header.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judged {
    /// What it says of itself. The site is left out: nobody here needs to know where a user lives.
    pub(super) meta: FrameMeta,
    /// Bytes of the whole file.
    pub(super) size: u64,
}

/// Largest frame, pixels: twice that of any Seestar there is.
const MAX_PIXELS: u64 = 16 << 20;

/// Where the header ends: the bytes up to the end of the block with the END card, if that is among these.
pub(super) fn header_end(bytes: &[u8]) -> Option<usize> {
    let is_end = |card: &[u8]| card.starts_with(b"END") && card[3..].iter().all(|byte| *byte == b' ');
    let whole = bytes.len() / BLOCK * BLOCK;
    let card = bytes[..whole].chunks_exact(CARD).position(is_end)?;
    Some((card * CARD / BLOCK + 1) * BLOCK)
}

/// Whether it could be FITS, from its first bytes; everything could, as long as they are fewer than 30.
pub(super) fn could_be_fits(bytes: &[u8]) -> bool {
    let start = b"SIMPLE  =";
    let known = bytes.len().min(start.len());
    bytes[..known] == start[..known]
}

/// Judges a whole header.
pub(super) fn judge(header: &[u8], max_blocks: usize) -> Result<Judged> {
    let limits = Limits { header_blocks: max_blocks, ..Limits::default() };
    let (header_cards, _) = read_header(header, &limits).map_err(|error| Error::BadInput {
        code: "bad_fits",
        message: sentence("The FITS header is broken", &error),
    })?;
    let (layout, _) = Layout::of(&header_cards).map_err(|error| Error::BadInput {
        code: "bad_fits",
        message: sentence("The FITS header is broken", &error),
    })?;
    let (mut meta, _) = frame_meta(&header_cards);
    if layout.shape.len() != 2 || !meta.is_raw() {
        let message = "This is no raw frame: CrowdSky stacks single exposures (Light_*.fit from a folder *_sub), \
                       not pictures that are stacked already.";
        return Err(Error::bad("not_raw", message));
    }
    if layout.bitpix != Bitpix::I16 {
        return Err(Error::bad(
            "unsupported",
            "A raw frame has 16 bits for each pixel (BITPIX = 16); this one has not.",
        ));
    }
    if layout.pixels() == 0 || layout.pixels() > MAX_PIXELS {
        let message = format!("A frame has 1 to {MAX_PIXELS} pixels; this header says {}.", layout.pixels());
        return Err(Error::BadInput { code: "bad_fits", message });
    }
    if meta.date_obs.is_none() {
        let message =
            "The header has no DATE-OBS that can be read, so nobody can say which 15 minutes it belongs to.";
        return Err(Error::bad("no_date_obs", message));
    }
    (meta.site_lat, meta.site_long) = (None, None);
    let size = header.len() as u64 + layout.data_bytes + padding(layout.data_bytes);
    Ok(Judged { meta, size })
}

fn sentence(what: &str, error: &dyn std::error::Error) -> String {
    format!("{what}: {error}. Copy the file from the telescope again.")
}
