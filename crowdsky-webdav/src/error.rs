//! What can go wrong. No message holds an address with user or token: only paths below the base, and names of hosts.

use crate::path::InvalidPath;

/// The result of most calls.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a request failed, after its retries.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The settings cannot be used.
    #[error("WebDAV settings: {0}")]
    Config(String),
    /// The path is not one this client would write.
    #[error(transparent)]
    Path(#[from] InvalidPath),
    /// The range of bytes is empty or the server does not have it.
    #[error("{path}: no such range of bytes")]
    Range {
        /// The object.
        path: String,
    },
    /// No connection, or it broke before the answer.
    #[error("{operation} {path}: the connection failed: {cause}")]
    Connection {
        /// The method.
        operation: &'static str,
        /// The object.
        path: String,
        /// What the HTTP library said, without the address.
        cause: String,
    },
    /// The server went silent.
    #[error("{operation} {path}: the server was silent for {seconds} s")]
    Timeout {
        /// The method.
        operation: &'static str,
        /// The object.
        path: String,
        /// The limit that passed.
        seconds: u64,
    },
    /// 401 or 403.
    #[error("{operation} {path}: the server refuses ({status}); check user, password and share")]
    Denied {
        /// The method.
        operation: &'static str,
        /// The object.
        path: String,
        /// The HTTP status.
        status: u16,
    },
    /// 404.
    #[error("{operation} {path}: not found")]
    NotFound {
        /// The method.
        operation: &'static str,
        /// The object.
        path: String,
    },
    /// 409: mostly a parent that is missing.
    #[error("{operation} {path}: conflict; does its folder exist?")]
    Conflict {
        /// The method.
        operation: &'static str,
        /// The object.
        path: String,
    },
    /// 412: the destination exists and was not to be replaced.
    #[error("{operation} {path}: it exists already")]
    Exists {
        /// The method.
        operation: &'static str,
        /// The object.
        path: String,
    },
    /// 507: the quota is used up. A retry would not help.
    #[error("{operation} {path}: the server has no space left")]
    OutOfSpace {
        /// The method.
        operation: &'static str,
        /// The object.
        path: String,
    },
    /// 423, 429, 500, 502, 503 or 504, still so after the last try.
    #[error("{operation} {path}: the server answers {status} again and again")]
    Unavailable {
        /// The method.
        operation: &'static str,
        /// The object.
        path: String,
        /// The HTTP status.
        status: u16,
    },
    /// A redirect, which is never followed: it could carry the password elsewhere.
    #[error("{operation} {path}: the server redirects to the host {host}; correct the base address")]
    Redirect {
        /// The method.
        operation: &'static str,
        /// The object.
        path: String,
        /// Where to, the host alone.
        host: String,
    },
    /// Any other status.
    #[error("{operation} {path}: unexpected answer {status}")]
    Status {
        /// The method.
        operation: &'static str,
        /// The object.
        path: String,
        /// The HTTP status.
        status: u16,
    },
    /// The body ended before its declared length.
    #[error("{path}: the body ended after {got} of {expected} bytes")]
    Truncated {
        /// The object.
        path: String,
        /// The declared length.
        expected: u64,
        /// What came.
        got: u64,
    },
    /// More bytes than declared or allowed.
    #[error("{path}: more than {limit} bytes")]
    TooLong {
        /// The object.
        path: String,
        /// The length declared or allowed.
        limit: u64,
    },
    /// What was to be sent is not as long as declared, or could not be read.
    #[error("{path}: {cause}")]
    Source {
        /// The object.
        path: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The server said yes and stored something else.
    #[error("{path}: {sent} bytes were sent, the server holds {stored:?}")]
    SizeMismatch {
        /// The object.
        path: String,
        /// The bytes sent.
        sent: u64,
        /// What the server says it holds.
        stored: Option<u64>,
    },
    /// An answer that makes no sense.
    #[error("{path}: bad answer: {cause}")]
    BadAnswer {
        /// The object.
        path: String,
        /// What is wrong with it.
        cause: String,
    },
    /// A step of [`crate::Client::probe`] failed.
    #[error("the WebDAV server cannot be used: while {step}: {source}")]
    Probe {
        /// What was tried.
        step: &'static str,
        /// What happened.
        source: Box<Error>,
    },
}
