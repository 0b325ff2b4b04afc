//! A piece of a raw frame, from a file in which one can seek: for whoever cannot hold the frame as a whole.

use crate::raw::{Counts, first_image};
use crate::source::Source;
use crate::{Error, HduReader, Limits};
use core::ops::Range;
use std::io::{ErrorKind, Read, Seek, SeekFrom};

/// Bytes read at once, if a row is not longer.
const PIECE: usize = 256 << 10;

/// Where in a file the pixels of a raw frame lie.
///
/// ```
/// # use crowdsky_fits::{FitsWriter, Header, ImageRef, Limits, RawRows};
/// # let mut file = Vec::new();
/// # let pixels: Vec<u16> = (0..20).collect();
/// # FitsWriter::new(&mut file).write_primary(&Header::new(), Some(ImageRef::new(&[5, 4], &pixels[..])))?;
/// let rows = RawRows::find(&file[..], &Limits::default())?.expect("it is not packed");
/// assert_eq!(rows.size(), (5, 4));
/// let mut counts = [0; 4];
/// rows.read(&mut std::io::Cursor::new(&file), 1..3, 2..4, &mut counts)?;
/// assert_eq!(counts, [7, 8, 12, 13]);
/// # Ok::<(), crowdsky_fits::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRows {
    hdu: usize,
    width: usize,
    height: usize,
    /// Byte offset of the first sample.
    start: u64,
    counts: Counts,
}

impl RawRows {
    /// Finds the first image of a file; `None` for one packed with gzip, in which nothing can be sought.
    ///
    /// # Errors
    /// As [`crate::read_raw_u16`], but for the pixels themselves, which are not looked at.
    pub fn find(source: impl Source, limits: &Limits) -> Result<Option<RawRows>, Error> {
        let mut hdus = HduReader::new(source, limits)?;
        if hdus.is_gzip() {
            return Ok(None);
        }
        first_image(&mut hdus, limits, |hdu, (width, height)| {
            let head = hdu.head();
            let start = head.offset + head.header_bytes;
            Ok(Some(RawRows { hdu: head.index, width, height, start, counts: Counts::of(head)? }))
        })
    }

    /// Columns and rows of the frame.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// Fills `pixels` with the counts of `columns` of `rows`, row by row. Whole rows are read, in pieces of 256 KiB.
    ///
    /// # Errors
    /// [`Error::Limit`] for rows or columns that the frame does not have or more than `pixels` holds, [`Error::Truncated`] if the file ends before
    /// them, [`Error::WrongBitpix`] for values that are no counts, and those of the file.
    pub fn read(
        &self,
        file: &mut (impl Read + Seek),
        rows: Range<usize>,
        columns: Range<usize>,
        pixels: &mut [u16],
    ) -> Result<(), Error> {
        Error::check("rows", rows.end as u64, self.height as u64)?;
        Error::check("columns", columns.end as u64, self.width as u64)?;
        if rows.is_empty() || columns.is_empty() {
            return Ok(());
        }
        Error::check("pixels", (rows.len() * columns.len()) as u64, pixels.len() as u64)?;
        let size = self.counts.bytes();
        // No overflow: `find` has checked the product of both sides against the limits.
        let row = self.width * size;
        let before = (rows.start * row) as u64;
        file.seek(SeekFrom::Start(self.start + before))?;
        let at_once = (PIECE / row).max(1).min(rows.len());
        let mut buffer = std::vec![0; at_once * row];
        let mut lines = pixels.chunks_exact_mut(columns.len());
        let mut next = rows.start;
        while next < rows.end {
            let count = at_once.min(rows.end - next);
            let piece = &mut buffer[..count * row];
            file.read_exact(piece).map_err(|error| match error.kind() {
                ErrorKind::UnexpectedEof => self.truncated(next),
                _ => Error::Io(error),
            })?;
            for (y, (stored, line)) in (next..).zip(piece.chunks_exact(row).zip(&mut lines)) {
                let first = y * self.width + columns.start;
                self.counts.decode(&stored[columns.start * size..columns.end * size], first, line)?;
            }
            next += count;
        }
        Ok(())
    }

    /// The file ends in or after row `row`.
    fn truncated(&self, row: usize) -> Error {
        let bytes = |rows: usize| (rows * self.width * self.counts.bytes()) as u64;
        Error::Truncated { hdu: self.hdu, expected: bytes(self.height), found: bytes(row) }
    }
}
