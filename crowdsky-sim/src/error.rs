//! What can go wrong: an option out of its range, a frame that does not exist.

/// Why a night could not be made.
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
}
