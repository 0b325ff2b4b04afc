//! Names below the base address, checked once and escaped by segment.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt;

/// All but RFC 3986's unreserved characters: servers differ about `+`, and `#` or `?` would cut the path.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Longest path, in bytes; servers refuse addresses beyond 8 kB, and escaping triples.
const LONGEST: usize = 2000;

/// A path below the base address: `a/b/c.fit`. Never empty, never absolute, without `.` and `..`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RemotePath(String);

/// Why a text is no [`RemotePath`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a path below the base ({reason}): {text:?}")]
pub struct InvalidPath {
    reason: &'static str,
    text: String,
}

impl RemotePath {
    /// Checks a relative path, as people write it: not escaped.
    pub fn parse(text: &str) -> Result<RemotePath, InvalidPath> {
        let reason = if text.is_empty() {
            "empty"
        } else if text.len() > LONGEST {
            "too long"
        } else if text.starts_with('/') {
            "absolute"
        } else if text.chars().any(char::is_control) {
            "control character"
        } else if text.contains('\\') {
            "backslash" // a separator to servers on Windows
        } else if text.split('/').any(str::is_empty) {
            "empty segment"
        } else if text.split('/').any(|segment| segment == "." || segment == "..") {
            "dots"
        } else {
            return Ok(RemotePath(text.to_owned()));
        };
        Err(InvalidPath { reason, text: text.chars().take(100).collect() })
    }

    /// The path as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The folder that holds it; none when that is the base.
    pub fn parent(&self) -> Option<RemotePath> {
        self.0.rsplit_once('/').map(|(parent, _)| RemotePath(parent.to_owned()))
    }

    /// The path of something below this one.
    pub fn join(&self, below: &str) -> Result<RemotePath, InvalidPath> {
        RemotePath::parse(below)?;
        RemotePath::parse(&format!("{}/{below}", self.0))
    }

    /// As it stands in an address.
    pub fn encoded(&self) -> String {
        let segments: Vec<String> =
            self.0.split('/').map(|segment| utf8_percent_encode(segment, ESCAPED).to_string()).collect();
        segments.join("/")
    }

    pub(crate) fn depth(&self) -> usize {
        self.0.split('/').count()
    }
}

impl fmt::Display for RemotePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for RemotePath {
    type Err = InvalidPath;

    fn from_str(text: &str) -> Result<RemotePath, InvalidPath> {
        RemotePath::parse(text)
    }
}
