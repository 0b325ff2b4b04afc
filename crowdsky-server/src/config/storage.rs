//! Where the bytes are.

use super::Seconds;
use super::redact::{as_written, redacted};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;

/// Settings of the two storages.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Storage {
    /// Raw frames.
    pub raws: StoragePlace,
    /// Stacks.
    pub stacks: StoragePlace,
}

/// What kind of storage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StorageKind {
    /// A folder.
    #[default]
    Local,
    /// A WebDAV server, Nextcloud included.
    Webdav,
}

/// One storage.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoragePlace {
    /// What kind.
    pub kind: StorageKind,
    /// `local`: the folder; `raws` or `stacks` in the data folder if not set.
    pub path: Option<PathBuf>,
    /// `webdav`: the address of the folder, or a Nextcloud share link `https://HOST/s/TOKEN`.
    pub url: Option<String>,
    /// `webdav`: who.
    pub user: Option<String>,
    /// `webdav`: password.
    #[serde(skip_serializing)]
    pub password: Option<SecretString>,
    /// A file with the password.
    pub password_file: Option<PathBuf>,
    /// `webdav`: token of a Nextcloud share, used as the user with an empty password.
    #[serde(skip_serializing)]
    pub share_token: Option<SecretString>,
    /// A file with the token.
    pub share_token_file: Option<PathBuf>,
    /// `webdav`: nothing heard for so long is a failure.
    pub timeout_s: Seconds,
    /// `webdav`: tries before a failure is told.
    pub tries: u32,
    /// `local`: no raws are taken when fewer bytes are free; stacks are, for they make room.
    pub reserve_bytes: u64,
}

impl fmt::Debug for StoragePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        as_written(f, "StoragePlace", &self.redacted())
    }
}

impl StoragePlace {
    /// The same, with the secrets in its address replaced.
    pub(super) fn redacted(&self) -> StoragePlace {
        StoragePlace { url: self.url.as_deref().map(redacted), ..self.clone() }
    }
}

impl Default for StoragePlace {
    fn default() -> StoragePlace {
        StoragePlace {
            kind: StorageKind::Local,
            path: None,
            url: None,
            user: None,
            password: None,
            password_file: None,
            share_token: None,
            share_token_file: None,
            timeout_s: Seconds::new(60),
            tries: 4,
            reserve_bytes: 1 << 30,
        }
    }
}
