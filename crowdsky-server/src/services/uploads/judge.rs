//! Which header is that of a raw frame, and how many bytes belong to it.

use super::{Error, Result};
use crowdsky_core::FrameMeta;
use crowdsky_fits::{FrameClass, HeaderScanner, Layout, Refusal, frame_meta, padding};

/// A raw frame by its header.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judged {
    /// What it says of itself. The site is left out: nobody here needs to know where a user lives.
    pub(super) meta: FrameMeta,
    /// Bytes of the whole file.
    pub(super) size: u64,
}

/// Judges a header that is whole, or the beginning of a file that can have none.
pub(super) fn judge(scanner: &HeaderScanner) -> Result<Judged> {
    let broken = |error: crowdsky_fits::Error| refused(&Refusal::from(error));
    let parsed = scanner.read().map_err(broken)?;
    let (layout, _) = Layout::of(&parsed.header).map_err(broken)?;
    let (mut meta, _) = frame_meta(&parsed.header);
    if let Some(refusal) = Refusal::of(&layout, &meta, FrameClass::of(&meta, false, &parsed.header)) {
        return Err(refused(&refusal));
    }
    (meta.site_lat, meta.site_long) = (None, None);
    let size = parsed.len as u64 + layout.data_bytes + padding(layout.data_bytes);
    Ok(Judged { meta, size })
}

/// A file of another size than its header speaks of.
pub(super) fn right_length(found: u64, expected: u64) -> Result<()> {
    Refusal::of_size(found, expected).map_or(Ok(()), |refusal| Err(refused(&refusal)))
}

fn refused(refusal: &Refusal) -> Error {
    Error::BadInput { code: refusal.code(), message: refusal.to_string() }
}
