//! Workers, embedded and remote.

use super::redact::{as_written, redacted};
use super::{Seconds, StoragePlace};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;

/// Who stores what a worker has made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArtifactMode {
    /// The server: the worker needs no access to the storage.
    #[default]
    ViaServer,
    /// The worker puts it on the storage of stacks itself; the server verifies it.
    Direct,
}

/// Settings of the embedded worker (`count`) and of `crowdsky worker`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Worker {
    /// `serve`: how many jobs the embedded worker does at once; 0 for none.
    pub count: usize,
    /// `worker`: address of the server.
    pub server: Option<String>,
    /// `worker`: whether the token may be sent over plain `http:` to another machine, where everybody between can read it.
    pub allow_http: bool,
    /// `worker`: token, `csw_` and 64 hexadecimal digits.
    #[serde(skip_serializing)]
    pub token: Option<SecretString>,
    /// A file with the token.
    pub token_file: Option<PathBuf>,
    /// What it calls itself; host name and process number if not set.
    pub name: Option<String>,
    /// `worker`: jobs at once.
    pub jobs: usize,
    /// Threads of one job; 0 for as many as there are cores, shared by the jobs.
    pub threads: usize,
    /// Where frames wait while a job runs; the system's folder for temporary files if not set.
    pub scratch: Option<PathBuf>,
    /// Longest pause after failures of the server.
    pub backoff_cap_s: Seconds,
    /// Who stores what it has made.
    pub artifacts: Artifacts,
}

/// How a remote worker delivers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Artifacts {
    /// Who stores it.
    pub mode: ArtifactMode,
    /// `direct`: the storage of stacks.
    pub storage: StoragePlace,
}

impl Worker {
    /// The same, with the secrets in its addresses replaced.
    pub(super) fn redacted(&self) -> Worker {
        let Artifacts { mode, storage } = &self.artifacts;
        let artifacts = Artifacts { mode: *mode, storage: storage.redacted() };
        Worker { server: self.server.as_deref().map(redacted), artifacts, ..self.clone() }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        as_written(f, "Worker", &self.redacted())
    }
}

impl Default for Worker {
    fn default() -> Worker {
        Worker {
            count: 1,
            server: None,
            allow_http: false,
            token: None,
            token_file: None,
            name: None,
            jobs: 1,
            threads: 0,
            scratch: None,
            backoff_cap_s: Seconds::new(60),
            artifacts: Artifacts::default(),
        }
    }
}
