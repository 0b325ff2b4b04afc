//! Upload sessions: open, accept a frame, finalise into jobs.
//!
//! | File | What it knows |
//! |---|---|
//! | `mod.rs` | the steps a user takes |
//! | `accept.rs` | one frame: in which order it is checked, stored and given its row |
//! | `judge.rs` | which header is that of a raw frame, and how many bytes belong to it |
//! | `permits.rs` | how many uploads run at once |
//! | `plan.rs` | frames into jobs |

mod accept;
mod judge;
mod permits;
mod plan;

pub use accept::{Accepted, Incoming};
pub use plan::Group;

use super::{Doorbell, Error, Result};
use crate::config::Settings;
use crate::objects::Role;
use crate::secret::{hex, random_hex};
use crate::storage::{self, Blobs};
use crate::store::{self, Earlier, Finalise, Finalised, NewUpload, RawFile, Store, Upload, User};
use permits::Permits;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A file that a client has, as the session knows it.
#[derive(Debug, Clone)]
pub struct Known {
    /// Hexadecimal SHA-256.
    pub sha256: String,
    /// The file, if the session has it.
    pub file: Option<RawFile>,
    /// Where the user has sent it before, if this session has it not.
    pub earlier: Option<Earlier>,
}

/// A session, its files, and what would be made of them.
#[derive(Debug, Clone)]
pub struct Overview {
    /// The session.
    pub upload: Upload,
    /// Its files.
    pub files: Vec<RawFile>,
    /// Its chunks to be.
    pub groups: Vec<Group>,
}

/// Files that one question may be about.
const MAX_QUESTION: usize = 1000;
/// How often finalising starts anew when files arrive meanwhile.
const FINALISE_TRIES: usize = 20;

/// Upload sessions: open, accept a frame, finalise into jobs.
#[derive(Debug, Clone)]
pub struct Uploads {
    store: Arc<dyn Store>,
    blobs: Blobs,
    settings: Arc<Settings>,
    permits: Permits,
    bell: Doorbell,
}

impl Uploads {
    /// The service over these rows and bytes; `bell` is rung when jobs are queued.
    pub fn new(store: Arc<dyn Store>, blobs: Blobs, settings: Arc<Settings>, bell: Doorbell) -> Uploads {
        let permits = Permits::new(settings.uploads.parallel, settings.uploads.parallel_per_user);
        Uploads { store, blobs, settings, permits, bell }
    }

    /// Opens a session. The same `idempotency_key` gives the same session again.
    ///
    /// # Errors
    /// `Limit` when the user has too many open ones; `Full` when the storage has no room for more.
    pub async fn open(
        &self,
        user: &User,
        label: Option<String>,
        scrub_location: bool,
        idempotency_key: Option<String>,
    ) -> Result<Upload> {
        if idempotency_key.as_ref().is_some_and(|key| key.len() > 128) {
            return Err(Error::bad("bad_idempotency_key", "An Idempotency-Key has 128 characters at most."));
        }
        if user.storage_used >= user.storage_limit {
            let (used, limit) = (user.storage_used, user.storage_limit);
            return Err(store::Error::OutOfQuota { used, limit, wanted: 1 }.into());
        }
        // Rather now than after the first hundred frames. A storage that does not tell says so when they come.
        let reserve = self.settings.storage.raws.reserve_bytes;
        if self.blobs.raws.free().await?.is_some_and(|free| free <= reserve) {
            return Err(storage::Error::Full { role: Role::Raws }.into());
        }
        let upload = NewUpload {
            user_id: user.id,
            token: random_hex::<16>(),
            idempotency_key,
            label,
            scrub_location,
            lifetime: self.settings.uploads.session_lifetime_s.duration(),
            max_open: self.settings.uploads.max_open_sessions,
        };
        Ok(self.store.open_upload(&upload).await?)
    }

    /// The user's session.
    pub async fn find(&self, user: &User, token: &str) -> Result<Upload> {
        self.store.upload(user.id, token).await?.ok_or(Error::NotFound("upload session"))
    }

    /// Which of the files with these hashes the session has already, and which the user has sent in an earlier one.
    pub async fn check(&self, user: &User, token: &str, hashes: &[[u8; 32]]) -> Result<Vec<Known>> {
        if hashes.len() > MAX_QUESTION {
            return Err(Error::bad(
                "bad_question",
                &format!("Ask for at most {MAX_QUESTION} files at a time."),
            ));
        }
        let upload = self.find(user, token).await?;
        let hashes: Vec<String> = hashes.iter().map(|hash| hex(hash)).collect();
        let files = self.store.files_with(user.id, upload.id, &hashes).await?;
        let files: BTreeMap<String, RawFile> =
            files.into_iter().map(|file| (file.sha256.clone(), file)).collect();
        let elsewhere: Vec<String> =
            hashes.iter().filter(|hash| !files.contains_key(*hash)).cloned().collect();
        let earlier = self.store.earlier(user.id, upload.id, &elsewhere).await?;
        let earlier: BTreeMap<String, Earlier> =
            earlier.into_iter().map(|earlier| (earlier.sha256.clone(), earlier)).collect();
        let known = |sha256: String| Known {
            file: files.get(&sha256).cloned(),
            earlier: earlier.get(&sha256).cloned(),
            sha256,
        };
        Ok(hashes.into_iter().map(known).collect())
    }

    /// A session, its files, and what would be made of them.
    pub async fn overview(&self, user: &User, token: &str) -> Result<Overview> {
        let upload = self.find(user, token).await?;
        let files = self.store.files(user.id, upload.id).await?;
        let groups = plan::groups(&files);
        Ok(Overview { upload, files, groups })
    }

    /// Takes a file out of an open session. One that is not there, or not any more, is out of it (I6).
    pub async fn drop_file(&self, user: &User, token: &str, sha256: &str) -> Result<()> {
        let upload = self.find(user, token).await?;
        self.store.drop_file(user.id, upload.id, sha256).await?;
        Ok(())
    }

    /// Closes a session and queues one job for each chunk. Repeated, it gives the same answer.
    ///
    /// # Errors
    /// `no_files` when there is nothing to be stacked.
    pub async fn finalise(&self, user: &User, token: &str) -> Result<Finalised> {
        let upload = self.find(user, token).await?;
        for _ in 0..FINALISE_TRIES {
            let files = self.store.files(user.id, upload.id).await?;
            if files.is_empty() && upload.state == store::UploadState::Uploading {
                return Err(Error::bad(
                    "no_files",
                    "There are no files in this session; upload some frames first.",
                ));
            }
            let (jobs, rejected) = plan::jobs(&files, self.settings.jobs.max_attempts);
            let files = files.iter().map(|file| file.id).collect();
            let plan = Finalise { upload_id: upload.id, user_id: user.id, files, jobs, rejected };
            match self.store.finalise(&plan).await {
                // A file has arrived since they were read; the plan is made anew.
                Err(store::Error::Changed) => {}
                other => {
                    self.bell.ring();
                    return Ok(other?);
                }
            }
        }
        Err(Error::Busy { retry_after: std::time::Duration::from_secs(2) })
    }

    /// Takes an open session back, with all its files.
    pub async fn abandon(&self, user: &User, token: &str) -> Result<()> {
        let upload = self.find(user, token).await?;
        Ok(self.store.abandon_upload(user.id, upload.id).await?)
    }

    /// What a client needs to know before it sends anything.
    pub fn limits(&self) -> &crate::config::Uploads {
        &self.settings.uploads
    }
}
