//! What CrowdSky does: no words of HTTP, no SQL.

mod accounts;
pub(crate) mod audit;
mod body;
mod doorbell;
mod events;
mod jobs;
mod readiness;
mod stacks;
mod upkeep;
mod uploads;
mod work;

pub use accounts::{Accounts, Client, Registration, token_hash};
pub use doorbell::Doorbell;
pub use events::{Event, Events};
pub use jobs::{JobStory, Jobs, SessionJobs};
pub use readiness::{Part, Parts, Readiness};
pub use stacks::{StackPage, Stacks};
pub use upkeep::{Fsck, Problem, Report, Round, Swept, Upkeep};
pub use uploads::{Accepted, Group, Incoming, Known, Overview, Uploads};
pub use work::{Delivered, Delivery, Facts, LegacyDelivery, MAX_CLAIM, Work, WorkerName};

use crate::{storage, store};
use std::time::Duration;

/// Why something was not done. [`crate::http`] makes a status of it, in one place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such thing, or it belongs to someone else: nobody is told which.
    #[error("There is no such {0}.")]
    NotFound(&'static str),
    /// What was sent cannot be used.
    #[error("{message}")]
    BadInput {
        /// Stable, for programs: `bad_fits`, `truncated`, `no_bayer`, `no_date_obs`, `digest_mismatch`, ...
        code: &'static str,
        /// One sentence for people: what is wrong, and what to do.
        message: String,
    },
    /// What was sent is too large.
    #[error("The file has more than {limit} bytes, which is the most this server takes.")]
    TooLarge {
        /// Bytes allowed.
        limit: u64,
    },
    /// Name or password are wrong, or the token is.
    #[error("{0}")]
    Unauthorised(&'static str),
    /// Known, but not allowed.
    #[error("{0}")]
    Forbidden(&'static str),
    /// Too often.
    #[error("That was too often. Please try again in {} s.", retry_after.as_secs().max(1))]
    TooMany {
        /// When to try again.
        retry_after: Duration,
    },
    /// No room at the moment.
    #[error("The server is busy. Please try again in {} s.", retry_after.as_secs().max(1))]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// The client went away or was too slow.
    #[error("The upload was broken off: {0}")]
    BrokenOff(String),
    /// A row says so.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A storage says so.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// A fault of ours.
    #[error("An internal error: {0}")]
    Internal(String),
}

impl Error {
    /// What was sent cannot be used: a stable code, and a sentence for people.
    pub fn bad(code: &'static str, message: &str) -> Error {
        Error::BadInput { code, message: message.to_owned() }
    }
}

/// The answer of a service.
pub type Result<T> = std::result::Result<T, Error>;
