//! Which header is that of a raw frame, and how many bytes belong to it.

use super::{Error, Result};
use crowdsky_core::FrameMeta;
use crowdsky_fits::{FrameHead, HeaderScanner, Refusal};

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
    let parsed = scanner.read().map_err(|error| refused(&Refusal::from(&error)))?;
    let FrameHead { facts: mut meta, verdict, .. } = FrameHead::of(parsed);
    let size = verdict.map_err(|refusal| refused(&refusal))?;
    (meta.site_lat, meta.site_long) = (None, None);
    Ok(Judged { meta, size })
}

/// A file of another size than its header speaks of.
pub(super) fn right_length(found: u64, expected: u64) -> Result<()> {
    Refusal::of_size(found, expected).map_or(Ok(()), |refusal| Err(refused(&refusal)))
}

fn refused(refusal: &Refusal) -> Error {
    Error::BadInput { code: refusal.code(), message: refusal.to_string() }
}
