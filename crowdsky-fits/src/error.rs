//! What can go wrong for good. What can be read in spite of it is a [`crate::Finding`].

use crate::HduKind;
use alloc::{
    string::{String, ToString},
    vec::Vec,
};

/// Why a file, a header or its data cannot be read or written.
///
/// Texts taken from the file are cut to a few dozen characters, so a message is always short.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,

    /// The first bytes are not those of a FITS file.
    #[error("not a FITS file: it starts with \"{start}\", and every FITS file starts with \"SIMPLE\"")]
    NotFits {
        /// The first bytes, made printable.
        start: String,
    },

    /// Recognised, but not something this crate reads.
    #[error("{what} is not supported; {instead}")]
    Unsupported {
        /// What was found.
        what: &'static str,
        /// What the user can do instead.
        instead: &'static str,
    },

    /// The file ends before the END card.
    #[error("the header at byte {offset} is cut off: no END card within its {found} bytes")]
    HeaderTruncated {
        /// Where the header starts.
        offset: u64,
        /// Bytes of it that are there.
        found: u64,
    },

    /// Fewer data bytes than the header declares.
    #[error("the file is cut off: HDU {hdu} declares {expected} bytes of data, {found} are there")]
    Truncated {
        /// Which unit, 0 = primary.
        hdu: usize,
        /// Bytes declared.
        expected: u64,
        /// Bytes found.
        found: u64,
    },

    /// A keyword the structure hangs on is missing or makes no sense.
    #[error("{keyword} (header at byte {offset}): {problem}")]
    Keyword {
        /// The keyword.
        keyword: String,
        /// Byte offset of its card, or of the header when it is missing.
        offset: u64,
        /// What is wrong, in words.
        problem: String,
    },

    /// The file asks for more than the [`crate::Limits`] allow.
    #[error("{what}: {found} is more than the limit of {limit}")]
    Limit {
        /// Which quantity.
        what: &'static str,
        /// What the file asks for (or the first number past the limit).
        found: u64,
        /// The limit.
        limit: u64,
    },

    /// The data is of another kind than was asked for.
    #[error("HDU {hdu} is {found}, not {wanted}")]
    WrongKind {
        /// Which unit, 0 = primary.
        hdu: usize,
        /// What it is.
        found: HduKind,
        /// What was asked for.
        wanted: &'static str,
    },

    /// No unit of the file holds an image.
    #[error("the file holds no image")]
    NoImage,

    /// Pixels that are not raw camera counts between 0 and 65,535.
    #[error("not a raw frame: BITPIX = {bitpix}, {problem}")]
    WrongBitpix {
        /// Value of BITPIX.
        bitpix: i64,
        /// What does not fit.
        problem: String,
    },

    /// An image with other than two axes, such as a colour stack.
    #[error("not a raw frame: the image has {} axes [{}], a raw frame has 2", shape.len(), lengths(shape))]
    NotTwoDimensional {
        /// Length of each axis, NAXIS1 first.
        shape: Vec<u64>,
    },

    /// A table column that cannot be read.
    #[error("table column {column}: {problem}")]
    Column {
        /// Number (from 1) and name.
        column: String,
        /// What is wrong, in words.
        problem: String,
    },

    /// Refused by the writer, which writes nothing that breaks the standard.
    #[error("cannot write {what}: {problem}")]
    Write {
        /// The keyword, column or image.
        what: String,
        /// Why not.
        problem: String,
    },

    /// The gzip stream is damaged.
    #[error("the gzip compression is damaged: {problem}")]
    Gzip {
        /// What the decoder says.
        problem: String,
    },

    /// cfitsio refused the file.
    #[cfg(feature = "cfitsio")]
    #[error("cfitsio cannot {action} {path}: {message} (status {status})")]
    Cfitsio {
        /// The file.
        path: String,
        /// What was tried.
        action: &'static str,
        /// cfitsio's own words.
        message: String,
        /// cfitsio's status number.
        status: i32,
    },

    /// Reading or writing failed in the operating system.
    #[cfg(feature = "std")]
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// The quantity of [`Error::Limit`] for a header that is too long.
pub(crate) const HEADER_BLOCKS: &str = "header blocks";

/// The lengths of axes for a message. Not `{:?}`: what is never printed otherwise stays out of the browser's module.
fn lengths(shape: &[u64]) -> String {
    let mut text = String::new();
    for (i, length) in shape.iter().enumerate() {
        text.push_str(if i == 0 { "" } else { ", " });
        text.push_str(&length.to_string());
    }
    text
}

impl Error {
    /// Takes one of our own errors out of the `std::io::Error` it travelled in.
    #[cfg(feature = "std")]
    pub(crate) fn from_io(error: std::io::Error) -> Self {
        error.downcast::<Error>().unwrap_or_else(Error::Io)
    }

    pub(crate) fn keyword(keyword: &str, offset: u64, problem: impl Into<String>) -> Self {
        Error::Keyword { keyword: keyword.into(), offset, problem: problem.into() }
    }

    pub(crate) fn write(what: &str, problem: impl Into<String>) -> Self {
        Error::Write { what: what.into(), problem: problem.into() }
    }

    /// `found` against `limit`, as a result.
    pub(crate) fn check(what: &'static str, found: u64, limit: u64) -> Result<(), Self> {
        if found > limit { Err(Error::Limit { what, found, limit }) } else { Ok(()) }
    }
}
