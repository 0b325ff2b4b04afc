//! What can go wrong: an option out of its range, a frame that does not exist, a file that cannot be written.

use std::path::PathBuf;

/// Why a night could not be made, written or read back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An option is out of its range (or not a number).
    #[error("option `{option}` is {value}: it must be {expected}")]
    Option {
        /// Name of the option, as in [`NightOptions`](crate::NightOptions).
        option: &'static str,
        /// The value given.
        value: String,
        /// What is allowed.
        expected: String,
    },
    /// A frame was asked for that this night does not have.
    #[error("frame {index} does not exist: the night has {frames} frames, counted from 0")]
    NoSuchFrame {
        /// The number asked for.
        index: usize,
        /// How many frames there are.
        frames: usize,
    },
    /// The folder to write into holds something already.
    #[error("{} is not empty: choose a new folder, or allow overwriting", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// A file or folder could not be read or written.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried: "create", "write", "rename", "read".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A header card cannot stand in a FITS file.
    #[error("cannot make the FITS file {file_name}")]
    Fits {
        /// The file.
        file_name: String,
        /// Which card, and why.
        source: crowdsky_fits::Error,
    },
    /// The truth could not be turned into JSON, or read from it.
    #[error("{} does not hold the truth of a night", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: serde_json::Error,
    },
}
